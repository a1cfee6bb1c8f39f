/* Skip-gram with negative sampling: what one call needs, and the variants of the kernel. */
#ifndef GRAPHEMB_SGNS_H
#define GRAPHEMB_SGNS_H

#include <stdint.h>

#include "portable.h"

#define GE_LANES 16 /* floats in a vector; rows are whole vectors */
#define GE_TILE 6   /* outputs held in registers together: a centre and five negatives */

typedef struct {
    float *vectors, *contexts; /* (n_nodes, stride) each */
    int64_t stride;            /* floats a row, a multiple of GE_LANES */
    const int32_t *noise;      /* shuffled pool of negatives, its size a power of two */
    uint64_t noise_mask;
    const uint32_t *keep;      /* node stays if its coin <= keep[node]; NULL: all stay */
    int32_t window, n_negative;
    int32_t first_input;       /* node of the first row of `vectors` */
    int32_t n_inputs;          /* rows of `vectors`; nodes without one are no inputs */
    int32_t n_outputs;         /* rows of `contexts`; nodes without one are no outputs */
    int32_t frozen;            /* whether `contexts` stays as it is */
    uint64_t key;
    float *g;                  /* TMP (2 * reach + 2) * K + GE_LANES, reach = min(window, walk length), K = 1 + n_negative rounded up to tiles */
    int32_t *inputs;           /* TMP 2 * reach; rows of `vectors` */
    int32_t *outputs;          /* TMP K */
    int32_t *times;            /* TMP 2 * reach; how often an input stands in the window */
    int32_t *slot;             /* TMP 2 * reach + 1; which input stands at a place of the window */
    int32_t *kept;             /* TMP walk length; the walk after subsampling */
    int32_t *before;           /* TMP walk length */
    int64_t tokens, pairs, sampled;
    double loss;               /* sum over `sampled` pairs of -log sigma(u.v) - sum log sigma(-u.n) */
} ge_sgns;

/* The same source (sgns_kernel.h) for each instruction set. */
void ge_train_walk_baseline(ge_sgns *s, const int32_t *walk, int64_t length, uint64_t id, float rate);
#ifdef GE_X86_VARIANTS
void ge_train_walk_avx2(ge_sgns *s, const int32_t *walk, int64_t length, uint64_t id, float rate);
void ge_train_walk_avx512(ge_sgns *s, const int32_t *walk, int64_t length, uint64_t id, float rate);
#endif

typedef void (*ge_train_walk)(ge_sgns *s, const int32_t *walk, int64_t length, uint64_t id, float rate);

/* Variant 0, 1, 2, slowest first; NULL where this machine cannot run it. */
static inline ge_train_walk ge_train_walk_variant(int variant)
{
    if (variant == 0) return ge_train_walk_baseline;
#ifdef GE_X86_VARIANTS
    if (variant == 1 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return ge_train_walk_avx2;
    if (variant == 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return ge_train_walk_avx512;
#endif
    return NULL;
}

#endif
