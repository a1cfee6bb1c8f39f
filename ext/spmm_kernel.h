/* A sparse matrix times many vectors. Included once for each instruction set.
 *
 * A row of the result stays in registers, some columns at a time, while its neighbours' rows pass by. An addition takes
 * several cycles and the next one to the same register waits for it, so narrow rows are added a few neighbours at a
 * time, each to registers of its own: four of 64 bytes, or eight of 32, are then at work. */
#include "portable.h"
#include "spmm.h"

#if defined(__GNUC__)
#define GE_LANES(real, bytes) ((bytes) / (int)sizeof(real))
#define GE_VECTOR(real, bytes) \
    typedef real vector __attribute__((vector_size(bytes), may_alias)); \
    typedef real unaligned __attribute__((vector_size(bytes), aligned(sizeof(real)), may_alias));
#else /* one number at a time, and what the compiler makes of the loops */
#define GE_LANES(real, bytes) 1
#define GE_VECTOR(real, bytes) typedef real vector, unaligned;
#endif
#define GE_AT_MOST(bytes) (GE_BYTES < bytes ? GE_BYTES : bytes)

/* sum += w x, n vectors each. */
#define GE_ADD(sum, w, x) \
    GE_UNROLL for (int c = 0; c < n; c++) (sum)[c] += (w) * ((const unaligned *)(x))[c];

/* Some columns of a row: the sum of `degree` rows of X, `at_once` of them at a time. */
#define GE_DEFINE_SUM(real, columns, at_once, bytes) \
    GE_INLINE void sum_##columns##_##real(const int32_t *indices, const real *values, int64_t degree, const real *X, \
                                          int64_t width, real *out) \
    { \
        GE_VECTOR(real, bytes) \
        enum { n = columns / GE_LANES(real, bytes) }; \
        vector sum[at_once][n]; \
        int64_t k = 0; \
        GE_UNROLL for (int q = 0; q < at_once; q++) \
            GE_UNROLL for (int c = 0; c < n; c++) sum[q][c] = (vector){0}; \
        for (; k + at_once <= degree; k += at_once) { \
            GE_UNROLL for (int q = 0; q < at_once; q++) GE_ADD(sum[q], values[k + q], X + indices[k + q] * width) \
        } \
        for (; k < degree; k++) GE_ADD(sum[0], values[k], X + indices[k] * width) \
        GE_UNROLL for (int q = 1; q < at_once; q++) \
            GE_UNROLL for (int c = 0; c < n; c++) sum[0][c] += sum[q][c]; \
        GE_UNROLL for (int c = 0; c < n; c++) ((unaligned *)out)[c] = sum[0][c]; \
    }

GE_DEFINE_SUM(float, 64, 1, GE_BYTES)
GE_DEFINE_SUM(float, 32, 2, GE_BYTES)
GE_DEFINE_SUM(float, 16, 4, GE_BYTES)
GE_DEFINE_SUM(float, 8, 4, GE_AT_MOST(32))
GE_DEFINE_SUM(float, 1, 1, 4)
GE_DEFINE_SUM(double, 32, 1, GE_BYTES)
GE_DEFINE_SUM(double, 16, 2, GE_BYTES)
GE_DEFINE_SUM(double, 8, 4, GE_BYTES)
GE_DEFINE_SUM(double, 1, 1, 8)

#define GE_COLUMNS(real, columns) \
    for (; j + columns <= width; j += columns) \
        sum_##columns##_##real(indices, values, degree, X + j, width, out + j);

/* The whole row: wide pieces first, single columns last. */
GE_INLINE void row_float(const int32_t *indices, const float *values, int64_t degree, const float *X, int64_t width,
                         float *GE_RESTRICT out)
{
    int64_t j = 0;
    GE_COLUMNS(float, 64)
    GE_COLUMNS(float, 32)
    GE_COLUMNS(float, 16)
    GE_COLUMNS(float, 8)
    GE_COLUMNS(float, 1)
}

GE_INLINE void row_double(const int32_t *indices, const double *values, int64_t degree, const double *X, int64_t width,
                          double *GE_RESTRICT out)
{
    int64_t j = 0;
    GE_COLUMNS(double, 32)
    GE_COLUMNS(double, 16)
    GE_COLUMNS(double, 8)
    GE_COLUMNS(double, 1)
}

static void GE_VARIANT(ge_spmm_float)(const int64_t *indptr, const int32_t *indices, const float *values, const float *X,
                                      int64_t start, int64_t stop, int64_t width, float *out)
{
    for (int64_t i = start; i < stop; i++)
        row_float(indices + indptr[i], values + indptr[i], indptr[i + 1] - indptr[i], X, width, out + i * width);
}

static void GE_VARIANT(ge_spmm_double)(const int64_t *indptr, const int32_t *indices, const double *values, const double *X,
                                int64_t start, int64_t stop, int64_t width, double *out)
{
    for (int64_t i = start; i < stop; i++)
        row_double(indices + indptr[i], values + indptr[i], indptr[i + 1] - indptr[i], X, width, out + i * width);
}

static void GE_VARIANT(ge_spmm_recur)(const int64_t *indptr, const int32_t *indices, const float *values, const float *X,
                                      const float *R, float a, float b, float c, int64_t start, int64_t stop,
                                      int64_t width, float *GE_RESTRICT row, float *GE_RESTRICT out)
{
    for (int64_t i = start; i < stop; i++) {
        row_float(indices + indptr[i], values + indptr[i], indptr[i + 1] - indptr[i], X, width, row);
        for (int64_t k = i * width; k < (i + 1) * width; k++)
            out[k] = a * (row[k - i * width] + R[k]) + (b * X[k] + c * out[k]);
    }
}

const ge_spmm GE_VARIANT(ge_spmm) = {GE_VARIANT(ge_spmm_float), GE_VARIANT(ge_spmm_double), GE_VARIANT(ge_spmm_recur)};
