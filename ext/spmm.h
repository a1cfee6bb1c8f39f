/* A sparse matrix in CSR form times many vectors, for float and double. */
#ifndef GRAPHEMB_SPMM_H
#define GRAPHEMB_SPMM_H

#include <stddef.h>

#include "portable.h"

/* The loops as compiled for one instruction set; sums of a row are added in an order of its own. */
typedef struct {
    /* Rows [start, stop) of out = A X; X and out have `width` columns. */
    void (*multiply_float)(const int64_t *indptr, const int32_t *indices, const float *values, const float *X,
                           int64_t start, int64_t stop, int64_t width, float *out);
    void (*multiply_double)(const int64_t *indptr, const int32_t *indices, const double *values, const double *X,
                            int64_t start, int64_t stop, int64_t width, double *out);
    /* Rows [start, stop) of out = a (A X + R) + b X + c out; A is square. `row` holds `width` floats. */
    void (*recur)(const int64_t *indptr, const int32_t *indices, const float *values, const float *X, const float *R,
                  float a, float b, float c, int64_t start, int64_t stop, int64_t width, float *row, float *out);
} ge_spmm;

extern const ge_spmm ge_spmm_baseline;
#ifdef GE_X86_VARIANTS
extern const ge_spmm ge_spmm_avx2, ge_spmm_avx512;
#endif

/* Variant 0, 1, 2, slowest first; NULL where this machine cannot run it. */
static inline const ge_spmm *ge_spmm_variant(int variant)
{
    if (!ge_has_variant(variant)) return NULL;
#ifdef GE_X86_VARIANTS
    if (variant) return variant == 1 ? &ge_spmm_avx2 : &ge_spmm_avx512;
#endif
    return &ge_spmm_baseline;
}

#endif
