/* A sparse matrix in CSR form times many vectors, for float and double. */
#ifndef GRAPHEMB_SPMM_H
#define GRAPHEMB_SPMM_H

#include <stdint.h>

/* Rows [start, stop) of out = A X; X and out have `width` columns. */
void ge_spmm_float(const int64_t *indptr, const int32_t *indices, const float *values, const float *X,
                   int64_t start, int64_t stop, int64_t width, float *out);
void ge_spmm_double(const int64_t *indptr, const int32_t *indices, const double *values, const double *X,
                    int64_t start, int64_t stop, int64_t width, double *out);

/* Rows [start, stop) of out = a (A X + R) + b X + c out; A is square. `row` holds `width` floats. */
void ge_spmm_recur(const int64_t *indptr, const int32_t *indices, const float *values, const float *X,
                   const float *R, float a, float b, float c, int64_t start, int64_t stop, int64_t width,
                   float *row, float *out);

#endif
