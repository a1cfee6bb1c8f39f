/* What differs between compilers: prefetch, inlining, instruction sets. */
#ifndef GRAPHEMB_PORTABLE_H
#define GRAPHEMB_PORTABLE_H

#include <stdint.h>

#if defined(__GNUC__)
#define GE_PREFETCH(address) __builtin_prefetch(address)
#define GE_INLINE static inline __attribute__((always_inline))
#define GE_RESTRICT __restrict__
/* Arrays of vectors stay in registers only where the loops over them are unrolled whole. */
#define GE_UNROLL _Pragma("GCC unroll 16")
#else
#define GE_UNROLL
#define GE_PREFETCH(address) ((void)(address))
#define GE_INLINE static __forceinline
#define GE_RESTRICT __restrict
#endif

/* Where the compiler can build for instruction sets that the machine may not have. Not by
 * target_clones: GCC splits wide vectors for the default target before it clones. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#define GE_X86_VARIANTS
#endif

/* Whether this machine can run variant 0, 1, 2 of a kernel: baseline, AVX2, AVX-512. */
GE_INLINE int ge_has_variant(int variant)
{
    if (variant == 0) return 1;
#ifdef GE_X86_VARIANTS
    if (variant == 1) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (variant == 2)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
            && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#endif
    return 0;
}

GE_INLINE void ge_prefetch(const void *address) { GE_PREFETCH(address); }

#endif
