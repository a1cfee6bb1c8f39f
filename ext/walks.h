/* What one call of a walk kernel in C needs, and the arc tests that all kernels share. */
#ifndef GRAPHEMB_WALKS_H
#define GRAPHEMB_WALKS_H

#include <stdint.h>

#include "portable.h"

#define GE_PATIENCE 64 /* rejections after which a step is drawn from the whole row instead */

typedef struct {
    const int64_t *indptr;  /* (n_nodes + 1) */
    const int32_t *indices; /* (n_arcs) sorted in each row */
    const int32_t *slots;   /* (2 * n_arcs) hash table of each row, or NULL */
    const uint32_t *bits;   /* (n_nodes, words_a_row) a bit for each pair of nodes, or NULL */
    int64_t words_a_row;
    const uint32_t *table;  /* (n_arcs, 3) alias tables, or NULL: unweighted */
    int32_t directed;
    double p, q;
    uint64_t key;
    const int64_t *ids;     /* (m) number of each walk */
    const int32_t *starts;  /* (m) */
    int32_t *walks;         /* (m, length), -1 past a dead end */
    int64_t m, length;
    int64_t proposals, dead_ends; /* OUT */
} ge_walks;

/* Where the search for v begins in the hash table of a row: 2 * degree slots from 2 * begin on. */
GE_INLINE int64_t ge_slot_of(int64_t v, int64_t begin, int64_t degree)
{
    uint64_t hash = ((uint64_t)v * UINT64_C(2654435769)) & UINT64_C(0xFFFFFFFF);
    return 2 * begin + (int64_t)((hash * (uint64_t)(2 * degree)) >> 32);
}

/* Whether v is in the hash table of a row, where the search stands at slot `at`. */
GE_INLINE int ge_in_slots(const int32_t *slots, int64_t at, int64_t begin, int64_t degree, int64_t v)
{
    while (slots[at] != v) {
        if (slots[at] < 0) return 0;
        if (++at == 2 * (begin + degree)) at = 2 * begin;
    }
    return 1;
}

/* Position of v in the sorted row [begin, end), or -1. */
GE_INLINE int64_t ge_find(const int32_t *indices, int64_t begin, int64_t end, int64_t v)
{
    int64_t stop = end;
    while (begin < end) {
        int64_t middle = (begin + end) >> 1;
        if (indices[middle] < v) begin = middle + 1;
        else end = middle;
    }
    return begin < stop && indices[begin] == v ? begin : -1;
}

/* Walks by vector instructions, see walks_avx512.c; to be called only where this machine has them. */
#ifdef GE_X86_VARIANTS
void ge_first_order(ge_walks *g);
void ge_second_order(ge_walks *g); /* unweighted */
static inline int ge_has_vectors(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}
#else
static inline void ge_first_order(ge_walks *g) { (void)g; }
static inline void ge_second_order(ge_walks *g) { (void)g; }
static inline int ge_has_vectors(void) { return 0; }
#endif

#endif
