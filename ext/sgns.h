/* Skip-gram with negative sampling: what one call needs, and the variants of the kernel. */
#ifndef GRAPHEMB_SGNS_H
#define GRAPHEMB_SGNS_H

#include <stdint.h>

#include "portable.h"

#define GE_LANES 16 /* floats in a vector; rows are whole vectors */
#define GE_SAMPLED 32 /* the loss of one window in so many is taken */
#define GE_GROUP 64 /* rows whose halves lie together: a whole number of pages */
#define GE_TILE 6   /* outputs held in registers together: a centre and five negatives */

/* Columns of both matrices. Row i begins i / GE_GROUP * group + i % GE_GROUP * row floats after the first. */
typedef struct {
    float *vectors, *contexts;
    int64_t columns, row, group;
} ge_columns;

typedef struct {
    ge_columns half[2], whole; /* whole: where rows lie one after the other */
    int32_t grouped;           /* else */
    const int32_t *noise;      /* shuffled pool of negatives, its size a power of two */
    uint64_t noise_mask;
    const float *damp_inputs;  /* what the updates of a row of `vectors` are scaled by; NULL: 1 */
    const float *damp_outputs; /* the same for `contexts` */
    int32_t window, n_negative;
    int32_t star;              /* whether the first node of a walk alone is a centre, and all others are its window */
    int32_t reach;             /* min(window, walk length) */
    int32_t width;             /* 1 + n_negative rounded up to tiles */
    int32_t first_input;       /* node of the first row of `vectors` */
    int32_t n_inputs;          /* rows of `vectors`; nodes without one are no inputs */
    int32_t n_outputs;         /* rows of `contexts`; nodes without one are no outputs */
    int32_t frozen;            /* whether `contexts` stays as it is */
    uint64_t key;
    int32_t *slots;            /* TMP (slots, slot_size) a ge_window and its arrays, see slot_at */
    int64_t slot_size;
    float *g, *other;          /* TMP reach * width / GE_TILE * GE_LANES each: errors of a window, see error_at; and as
                                  `contexts` sees them where damped, before that the sigmas */
    float *products[2];        /* TMP (slots, 2 * reach * width) and GE_LANES more: products over the first half of the
                                  columns, and the second; in place of one window, over all */
    double losses[2];          /* pairs whose loss was taken, and the loss */
    int32_t *line;             /* TMP walk length + reach + GE_LANES; see scan_walk */
    int32_t *before, *latest;  /* TMP walk length; see scan_walk */
    int32_t *visits;           /* TMP walk length; see count_visits */
    int32_t *table;            /* TMP table_mask + 1, a power of two of twice the walk length at least */
    uint32_t table_mask;
    int32_t *place;            /* TMP 2 * reach + 1; which input stands at a place of the window */
    int64_t pairs;
} ge_sgns;

/* The head of a slot, which holds one window or a piece of one. */
typedef struct {
    int32_t n_inputs;
    int32_t n_places;   /* what the inputs stand for: one that stands twice in the window is one input */
    int32_t coming;     /* the node that later windows need, or -1 */
    int32_t sampled;    /* whether the loss of the window is taken */
    int32_t doubled;    /* whether a negative is the centre or stands twice */
    int32_t weighted;   /* whether some pair weighs more or less than 1 */
    float rate;
    float share;        /* weight of the centre's visits, see weigh_returns */
} ge_window;

/* One source, sgns_kernel.h, for each instruction set. */
typedef struct {
    /* Walk number `id`, in place, with slot 0. */
    void (*train)(ge_sgns *s, const int32_t *walk, int64_t length, uint64_t id, float rate);
    /* Write the windows of the centres at [begin, end) of a walk, from slot `slot` on. */
    void (*windows)(ge_sgns *s, const int32_t *walk, int64_t length, uint64_t id, float rate,
                    int64_t begin, int64_t end, int64_t slot);
    /* Scalar products of slots [from, to) over half the columns, the first (0) or the second (1), or their
     * sum over both (2, of rows that are not grouped). */
    void (*dots)(const ge_sgns *s, int32_t half, int64_t from, int64_t to);
    /* From the products of one half (1: of all columns) or both (2) the errors of the first `n_slots` slots, in
     * order, and their updates to columns [begin, end). */
    void (*update)(ge_sgns *s, int64_t n_slots, int32_t halves, int64_t begin, int64_t end);
} ge_kernel;

extern const ge_kernel ge_kernel_baseline;
#ifdef GE_X86_VARIANTS
extern const ge_kernel ge_kernel_avx2, ge_kernel_avx512;
#endif

/* Variant 0, 1, 2, slowest first; NULL where this machine cannot run it. */
static inline const ge_kernel *ge_kernel_variant(int variant)
{
    if (!ge_has_variant(variant)) return NULL;
#ifdef GE_X86_VARIANTS
    if (variant) return variant == 1 ? &ge_kernel_avx2 : &ge_kernel_avx512;
#endif
    return &ge_kernel_baseline;
}

#endif
