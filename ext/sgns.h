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
    const float *damp_inputs;  /* what the updates of a row of `vectors` are scaled by; NULL: 1 */
    const float *damp_outputs; /* the same for `contexts` */
    int32_t window, n_negative;
    int32_t reach;             /* min(window, walk length) */
    int32_t width;             /* 1 + n_negative rounded up to tiles */
    int32_t first_input;       /* node of the first row of `vectors` */
    int32_t n_inputs;          /* rows of `vectors`; nodes without one are no inputs */
    int32_t n_outputs;         /* rows of `contexts`; nodes without one are no outputs */
    int32_t frozen;            /* whether `contexts` stays as it is */
    uint64_t key;
    float *g;                  /* TMP (slots, g_size) the errors of a slot, then its damping */
    int32_t *nodes;            /* TMP (slots, nodes_size) n_inputs, damped; outputs; inputs */
    double *losses;            /* TMP (slots, 2) pairs whose loss was taken, and the loss */
    int64_t g_size, nodes_size;
    int32_t *before, *latest;  /* TMP walk length; see scan_walk */
    int32_t *place;            /* TMP 2 * reach + 1; which input stands at a place of the window */
    int32_t *times, *stands;   /* TMP 2 * reach; how often an input stands in the window, and where first */
    int32_t *visits;           /* TMP walk length; see count_visits */
    int64_t pairs;
} ge_sgns;

/* One source, sgns_kernel.h, for each instruction set. A slot holds the errors of one window. */
typedef struct {
    /* Walk number `id`, in place, with slot 0. */
    void (*train)(ge_sgns *s, const int32_t *walk, int64_t length, uint64_t id, float rate);
    /* Errors of the centres at [from, to) of a walk that has [begin, end) in the batch, one a slot from
     * `slot` on. Rows are only read. */
    void (*errors)(ge_sgns *s, const int32_t *walk, int64_t length, uint64_t id, float rate,
                   int64_t begin, int64_t end, int64_t from, int64_t to, int64_t slot);
    /* The updates of the first `n_slots` slots, in order, to columns [begin, end). */
    void (*apply)(const ge_sgns *s, int64_t n_slots, int64_t begin, int64_t end);
} ge_kernel;

extern const ge_kernel ge_kernel_baseline;
#ifdef GE_X86_VARIANTS
extern const ge_kernel ge_kernel_avx2, ge_kernel_avx512;
#endif

/* Variant 0, 1, 2, slowest first; NULL where this machine cannot run it. */
static inline const ge_kernel *ge_kernel_variant(int variant)
{
    if (variant == 0) return &ge_kernel_baseline;
#ifdef GE_X86_VARIANTS
    if (variant == 1 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &ge_kernel_avx2;
    if (variant == 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return &ge_kernel_avx512;
#endif
    return NULL;
}

#endif
