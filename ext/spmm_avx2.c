/* Sparse times dense for x86-64 with AVX2. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#pragma GCC target("avx2,fma") /* before any header: their inline functions must match */
#define GE_VARIANT(name) name##_avx2
#define GE_BYTES 32
#include "spmm_kernel.h"
#endif
