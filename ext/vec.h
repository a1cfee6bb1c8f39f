/* GE_WIDTH floats as one value: as many as a register of the target holds. GCC splits wider values through memory:
 * training with AVX2 took five times as long. Compilers without such values have structs and plain loops. */
#ifndef GRAPHEMB_VEC_H
#define GRAPHEMB_VEC_H

#include <string.h>

#include "sgns.h"

#if defined(__AVX512F__)
#define GE_WIDTH 16
#elif defined(__AVX2__) && defined(__FMA__)
#define GE_WIDTH 8
#else
#define GE_WIDTH 4
#endif

#if defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 12)

#if GE_WIDTH > 4
#include <immintrin.h>
#endif

typedef float ge_vec __attribute__((vector_size(4 * GE_WIDTH)));
typedef float ge_vec_unaligned __attribute__((vector_size(4 * GE_WIDTH), aligned(4)));
typedef uint32_t ge_bits __attribute__((vector_size(4 * GE_WIDTH)));

/* Keeps a loaded value in its register, where it would be loaded anew for each use. */
#if GE_WIDTH > 4
#define GE_KEEP(a) __asm__("" : "+v"(a))
#else
#define GE_KEEP(a) ((void)0)
#endif
/* The reverse, where registers are few: what lies at an address is loaded anew; the value has its register until here. */
#if GE_WIDTH == 8
#define GE_ANEW(address, a) __asm__("" : "+r"(address) : "v"(a))
#else
#define GE_ANEW(address, a) ((void)0)
#endif

GE_INLINE ge_vec vec_load(const float *x) { return *(const ge_vec_unaligned *)x; }
GE_INLINE void vec_store(float *x, ge_vec a) { *(ge_vec_unaligned *)x = a; }
GE_INLINE ge_vec vec_all(float x) { return x - (ge_vec){0}; }
GE_INLINE ge_vec vec_add(ge_vec a, ge_vec b) { return a + b; }
GE_INLINE ge_vec vec_sub(ge_vec a, ge_vec b) { return a - b; }
GE_INLINE ge_vec vec_mul(ge_vec a, ge_vec b) { return a * b; }
GE_INLINE ge_vec vec_div(ge_vec a, ge_vec b) { return a / b; }
/* Fused multiply-add is named: of a sum of two products a compiler may round either before it adds the other. */
#if GE_WIDTH == 16
GE_INLINE ge_vec vec_fma(ge_vec a, ge_vec b, ge_vec c) { return _mm512_fmadd_ps(a, b, c); }
GE_INLINE ge_vec vec_min(ge_vec a, ge_vec b) { return _mm512_min_ps(a, b); }
GE_INLINE ge_vec vec_max(ge_vec a, ge_vec b) { return _mm512_max_ps(a, b); }
#elif GE_WIDTH == 8
GE_INLINE ge_vec vec_fma(ge_vec a, ge_vec b, ge_vec c) { return _mm256_fmadd_ps(a, b, c); }
GE_INLINE ge_vec vec_min(ge_vec a, ge_vec b) { return _mm256_min_ps(a, b); }
GE_INLINE ge_vec vec_max(ge_vec a, ge_vec b) { return _mm256_max_ps(a, b); }
#else
GE_INLINE ge_vec vec_fma(ge_vec a, ge_vec b, ge_vec c) { return a * b + c; }
GE_INLINE ge_vec vec_min(ge_vec a, ge_vec b)
{
    ge_bits less = (ge_bits)(a < b);
    return (ge_vec)((less & (ge_bits)a) | (~less & (ge_bits)b));
}
GE_INLINE ge_vec vec_max(ge_vec a, ge_vec b)
{
    ge_bits more = (ge_bits)(a > b);
    return (ge_vec)((more & (ge_bits)a) | (~more & (ge_bits)b));
}
#endif

/* 2^n for the integer n in the low bits of 1.5 * 2^23 + n. */
GE_INLINE ge_vec vec_power(ge_vec a)
{
    ge_bits bits = ((ge_bits)a << 23) + 0x3F800000u;
    return (ge_vec)bits;
}

/* In each group of four lanes: sums of neighbours, the two of a, then the two of b. */
GE_INLINE ge_vec vec_fold_pairs(ge_vec a, ge_vec b)
{
#if GE_WIDTH == 16
    return __builtin_shufflevector(a, b, 0, 2, 16, 18, 4, 6, 20, 22, 8, 10, 24, 26, 12, 14, 28, 30)
         + __builtin_shufflevector(a, b, 1, 3, 17, 19, 5, 7, 21, 23, 9, 11, 25, 27, 13, 15, 29, 31);
#elif GE_WIDTH == 8
    return __builtin_shufflevector(a, b, 0, 2, 8, 10, 4, 6, 12, 14)
         + __builtin_shufflevector(a, b, 1, 3, 9, 11, 5, 7, 13, 15);
#else
    return __builtin_shufflevector(a, b, 0, 2, 4, 6) + __builtin_shufflevector(a, b, 1, 3, 5, 7);
#endif
}
#if GE_WIDTH > 4
/* Sums of neighbouring groups of four lanes: those of a, then those of b. */
GE_INLINE ge_vec vec_fold_groups(ge_vec a, ge_vec b)
{
#if GE_WIDTH == 16
    return __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
         + __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
#else
    return __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
         + __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
#endif
}
#endif

#else

typedef struct { float x[GE_WIDTH]; } ge_vec;

#define GE_KEEP(a) ((void)0)
#define GE_ANEW(address, a) ((void)0)

#define GE_LANEWISE(name, expression) \
    GE_INLINE ge_vec name(ge_vec a, ge_vec b) \
    { \
        for (int i = 0; i < GE_WIDTH; i++) a.x[i] = (expression); \
        return a; \
    }
GE_LANEWISE(vec_add, a.x[i] + b.x[i])
GE_LANEWISE(vec_sub, a.x[i] - b.x[i])
GE_LANEWISE(vec_mul, a.x[i] * b.x[i])
GE_LANEWISE(vec_div, a.x[i] / b.x[i])
GE_LANEWISE(vec_min, a.x[i] < b.x[i] ? a.x[i] : b.x[i])
GE_LANEWISE(vec_max, a.x[i] > b.x[i] ? a.x[i] : b.x[i])
#undef GE_LANEWISE

GE_INLINE ge_vec vec_load(const float *x)
{
    ge_vec a;
    memcpy(a.x, x, sizeof a.x);
    return a;
}
GE_INLINE void vec_store(float *x, ge_vec a) { memcpy(x, a.x, sizeof a.x); }
GE_INLINE ge_vec vec_all(float x)
{
    ge_vec a;
    for (int i = 0; i < GE_WIDTH; i++) a.x[i] = x;
    return a;
}
GE_INLINE ge_vec vec_fma(ge_vec a, ge_vec b, ge_vec c) { return vec_add(vec_mul(a, b), c); }
GE_INLINE ge_vec vec_power(ge_vec a)
{
    uint32_t bits[GE_WIDTH];
    memcpy(bits, a.x, sizeof bits);
    for (int i = 0; i < GE_WIDTH; i++) bits[i] = (bits[i] << 23) + 0x3F800000u;
    memcpy(a.x, bits, sizeof bits);
    return a;
}
GE_INLINE ge_vec vec_fold_pairs(ge_vec a, ge_vec b)
{
    ge_vec c;
    for (int i = 0; i < GE_WIDTH; i++) {
        const float *x = (i & 2 ? b.x : a.x) + (i & ~3) + 2 * (i & 1);
        c.x[i] = x[0] + x[1];
    }
    return c;
}
#if GE_WIDTH > 4
GE_INLINE ge_vec vec_fold_groups(ge_vec a, ge_vec b)
{
    ge_vec c;
    for (int i = 0; i < GE_WIDTH; i++) {
        const int from = i & (GE_WIDTH / 2 - 1);
        const float *x = (i & GE_WIDTH / 2 ? b.x : a.x) + 2 * (from & 4) + (from & 3);
        c.x[i] = x[0] + x[4];
    }
    return c;
}
#endif

#endif

/* What belongs to a pair of inputs and a tile of outputs: 2 * GE_TILE floats of GE_LANES. */
#define GE_OF_PAIR ((2 * GE_TILE + GE_WIDTH - 1) / GE_WIDTH)
typedef struct { ge_vec x[GE_OF_PAIR]; } ge_pair;

/* The sum of each of 2 * GE_TILE vectors. */
GE_INLINE ge_pair vec_fold(const ge_vec *a)
{
    const ge_vec first = vec_fold_pairs(vec_fold_pairs(a[0], a[1]), vec_fold_pairs(a[2], a[3]));
    const ge_vec second = vec_fold_pairs(vec_fold_pairs(a[4], a[5]), vec_fold_pairs(a[6], a[7]));
    const ge_vec third = vec_fold_pairs(vec_fold_pairs(a[8], a[9]), vec_fold_pairs(a[10], a[11]));
#if GE_WIDTH == 16
    return (ge_pair){{vec_fold_groups(vec_fold_groups(first, second), vec_fold_groups(third, third))}};
#elif GE_WIDTH == 8
    return (ge_pair){{vec_fold_groups(first, second), vec_fold_groups(third, third)}};
#else
    return (ge_pair){{first, second, third}};
#endif
}

/* 1 / (1 + exp(-x)), relative error below 1e-6 for |x| < 80. */
GE_INLINE ge_vec vec_sigmoid(ge_vec x)
{
    const float round = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer */
    ge_vec y = vec_mul(x, vec_all(-1.44269504f)), whole, f, power;
    y = vec_max(vec_min(y, vec_all(120.0f)), vec_all(-120.0f));
    whole = vec_add(y, vec_all(round));
    f = vec_sub(y, vec_sub(whole, vec_all(round)));
    /* Taylor series of 2^f, |f| <= 1/2. */
    power = vec_all(1.54035304e-4f);
    power = vec_fma(power, f, vec_all(1.33335581e-3f));
    power = vec_fma(power, f, vec_all(9.61812911e-3f));
    power = vec_fma(power, f, vec_all(5.55041087e-2f));
    power = vec_fma(power, f, vec_all(2.40226507e-1f));
    power = vec_fma(power, f, vec_all(6.93147181e-1f));
    power = vec_fma(power, f, vec_all(1.0f));
    return vec_div(vec_all(1.0f), vec_fma(power, vec_power(whole), vec_all(1.0f)));
}

#endif
