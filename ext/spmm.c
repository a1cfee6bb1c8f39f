/* A row of the result stays in registers, some columns at a time, while its neighbours' rows pass by. */
#include <stdlib.h> /* defines __GLIBC__, where it is */

#include "portable.h"
#include "spmm.h"

#if defined(GE_X86_VARIANTS) && defined(__GLIBC__) && __GNUC__ >= 12
#define GE_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define GE_CLONES
#endif

#define GE_DEFINE_SUM(name, real, n) \
    GE_INLINE void name(const int32_t *indices, const real *values, int64_t degree, const real *X, int64_t width, \
                        real *out) \
    { \
        real sum[n] = {0}; \
        for (int64_t k = 0; k < degree; k++) { \
            const real *x = X + indices[k] * width, w = values[k]; \
            for (int c = 0; c < n; c++) sum[c] += w * x[c]; \
        } \
        for (int c = 0; c < n; c++) out[c] = sum[c]; \
    }

GE_DEFINE_SUM(sum_16_float, float, 16)
GE_DEFINE_SUM(sum_8_float, float, 8)
GE_DEFINE_SUM(sum_1_float, float, 1)
GE_DEFINE_SUM(sum_16_double, double, 16)
GE_DEFINE_SUM(sum_8_double, double, 8)
GE_DEFINE_SUM(sum_1_double, double, 1)

/* Row i of A X, to `row`. */
#define GE_ROW(real, row) \
    const int64_t first = indptr[i], degree = indptr[i + 1] - first; \
    int64_t j = 0; \
    for (; j + 16 <= width; j += 16) \
        sum_16_##real(indices + first, values + first, degree, X + j, width, (row) + j); \
    for (; j + 8 <= width; j += 8) \
        sum_8_##real(indices + first, values + first, degree, X + j, width, (row) + j); \
    for (; j < width; j++) sum_1_##real(indices + first, values + first, degree, X + j, width, (row) + j);

GE_CLONES
void ge_spmm_float(const int64_t *GE_RESTRICT indptr, const int32_t *GE_RESTRICT indices,
                   const float *GE_RESTRICT values, const float *GE_RESTRICT X,
                   int64_t start, int64_t stop, int64_t width, float *GE_RESTRICT out)
{
    for (int64_t i = start; i < stop; i++) {
        GE_ROW(float, out + i * width)
    }
}

GE_CLONES
void ge_spmm_double(const int64_t *GE_RESTRICT indptr, const int32_t *GE_RESTRICT indices,
                    const double *GE_RESTRICT values, const double *GE_RESTRICT X,
                    int64_t start, int64_t stop, int64_t width, double *GE_RESTRICT out)
{
    for (int64_t i = start; i < stop; i++) {
        GE_ROW(double, out + i * width)
    }
}

GE_CLONES
void ge_spmm_recur(const int64_t *GE_RESTRICT indptr, const int32_t *GE_RESTRICT indices,
                   const float *GE_RESTRICT values, const float *GE_RESTRICT X, const float *GE_RESTRICT R,
                   float a, float b, float c, int64_t start, int64_t stop, int64_t width,
                   float *GE_RESTRICT row, float *GE_RESTRICT out)
{
    for (int64_t i = start; i < stop; i++) {
        GE_ROW(float, row)
        for (int64_t k = i * width; k < (i + 1) * width; k++)
            out[k] = a * (row[k - i * width] + R[k]) + (b * X[k] + c * out[k]);
    }
}
