/* Skip-gram with negative sampling: what one call needs, and the variants of the kernel. */
#ifndef GRAPHEMB_SGNS_H
#define GRAPHEMB_SGNS_H

#include <stdint.h>

#include "portable.h"

#define GE_LANES 16   /* rows are whole cache lines of so many floats */
#define GE_SAMPLED 32 /* the loss of one window in so many is taken */
#define GE_HOLDER_BITS 13
#define GE_HOLDERS (1 << GE_HOLDER_BITS) /* places of a table: which parts of a batch have a node, a bit for each */
#define GE_MOST_PARTS 8
#define GE_TILE 6     /* outputs held in registers together: a centre and five negatives */
#define GE_PLANNED 41 /* windows planned together; the last of them is planned again with those after it */

/* The centres at [begin, end) of a walk. */
typedef struct {
    const int32_t *nodes;
    int64_t n, begin, end;
    uint64_t id;
    float rate;
} ge_walk;

/* One part of a batch: what it changes in rows that other parts have too, until all parts are done. */
typedef struct {
    float *changes;    /* (first_output + n_outputs, columns) rows of inputs, then of outputs */
    int32_t n_inputs, n_outputs; /* in use */
    int32_t first_output;        /* of the rows of `changes` */
    int32_t *lists;    /* (n_owners, list_size) for each thread that adds changes: their number, then of each the row of
                          `vectors`, or ~ that of `contexts`, and the row of `changes` */
    int64_t list_size;
    int32_t n_owners;
} ge_part;

typedef struct {
    float *vectors, *contexts;
    int64_t columns;           /* of a row, a multiple of GE_LANES */
    const int32_t *noise;      /* shuffled pool of negatives */
    uint64_t noise_mask;       /* its size, a power of two, less one */
    const float *damp_inputs;  /* what the changes of a part to a row of `vectors` are scaled by; NULL: 1 */
    const float *damp_outputs; /* the same for `contexts` */
    int32_t window, n_negative;
    int32_t star;              /* whether the first node of a walk alone is a centre, and all others are its window */
    int32_t reach;             /* min(window, walk length) */
    int32_t n_tiles;           /* 1 + n_negative over GE_TILE, rounded up */
    int32_t width;             /* n_tiles * GE_TILE */
    int32_t first_input;       /* node of the first row of `vectors` */
    int32_t n_inputs;          /* rows of `vectors`; nodes without one are no inputs */
    int32_t n_outputs;         /* rows of `contexts`; nodes without one are no outputs */
    int32_t frozen;            /* whether `contexts` stays as it is */
    uint64_t key;
    float **rows;              /* TMP GE_PLANNED * (width + 2) + 2; of each planned window the rows of its outputs, of
                                  the input at its far end, and one to prefetch for the next walk */
    float **ahead;             /* TMP width + 2 * reach + 4; see look_ahead */
    float **line;              /* TMP walk length; of each place but the centre its row as an input */
    float **collected;         /* TMP 2 * reach; rows of the inputs of a window, each once; of an odd number the first
                                  again */
    float **targets;           /* TMP width; in a part: where the rows of the outputs of a window go */
    int32_t *outputs;          /* TMP width * GE_PLANNED; of each planned window: centre, negatives, centre again */
    int32_t *reaches;          /* TMP GE_PLANNED; places on either side */
    int32_t *doubled;          /* TMP GE_PLANNED; whether one stands twice in a tile, or a negative is the centre */
    int32_t *times;            /* TMP 2 * reach; how often an input stands in the window, where one stands twice */
    int64_t tile_size;         /* reach * GE_LANES: errors of a tile, and what may be written past them */
    int64_t g_size;            /* n_tiles * tile_size + GE_LANES */
    float *g;                  /* TMP 2 * g_size; errors of a window, see errors_at, then its sigmas */
    float *rates;              /* TMP 2 * g_size; what errors are multiplied by, then the same times their labels */
    double losses[2];          /* pairs whose loss was taken, and the loss */
    int64_t pairs;
    int32_t *before, *latest;  /* TMP walk length; see scan_walk */
    int32_t *upto;             /* TMP walk length; see scan_walk */
    int32_t *visits;           /* TMP walk length; see count_visits */
    int32_t *table;            /* TMP table_mask + 1, a power of two of twice the walk length at least */
    uint32_t table_mask;
    int32_t *place;            /* TMP 2 * reach + 1; which input stands at a place of the window */
    int32_t *nodes;            /* TMP rows of changes; of which row each is, see row_at */
    uint8_t *input_holders;    /* TMP GE_HOLDERS; the same table for both where `vectors` is `contexts` */
    uint8_t *output_holders;
} ge_sgns;

/* One source, sgns_kernel.h, for each instruction set. `next`, or NULL, is what the thread will train on then. */
typedef struct {
    /* All centres of a walk, in place. */
    void (*train)(ge_sgns *s, const ge_walk *walk, const ge_walk *next);
    /* Begin to fetch the negatives of these centres. */
    void (*fetch)(const ge_sgns *s, const ge_walk *walk);
    /* Note which nodes these centres need, by the bit of their part. */
    void (*hold)(ge_sgns *s, const ge_walk *walk, uint8_t bit);
    /* Some centres of a walk, for a part of a batch. */
    void (*train_apart)(ge_sgns *s, const ge_walk *walk, const ge_walk *next, ge_part *part);
    /* Add those changes of a part whose rows `owner` has. */
    void (*add)(const ge_sgns *s, const ge_part *part, int32_t owner);
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
