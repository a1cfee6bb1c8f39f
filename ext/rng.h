/* Random numbers addressed by what they are for, not by who draws them.
 *
 * Draw t of walk w is output number w * 2^28 + t of the SplitMix64 generator (Steele, Lea, Flood,
 * "Fast splittable pseudorandom number generators", OOPSLA 2014) that starts at `key`. Any thread
 * may ask for any draw in any order, so results cannot depend on threads, batches or chunks. */
#ifndef GRAPHEMB_RNG_H
#define GRAPHEMB_RNG_H

#include "portable.h"

GE_INLINE uint64_t ge_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

GE_INLINE uint64_t ge_draw(uint64_t key, uint64_t walk, uint64_t t)
{
    return ge_mix(key + ((walk << 28) + t + 1) * UINT64_C(0x9E3779B97F4A7C15));
}

/* Uniform integer in [0, n), n < 2^31, from the upper half of a draw. */
GE_INLINE int64_t ge_below(uint64_t draw, int64_t n)
{
    return (int64_t)(((draw >> 32) * (uint64_t)n) >> 32);
}

/* Uniform double in [0, 1) with 53 bits. */
GE_INLINE double ge_unit(uint64_t draw) { return (double)(draw >> 11) * 0x1p-53; }

#endif
