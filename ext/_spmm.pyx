"""A sparse matrix times many vectors (the loops are in spmm.c)."""
from common cimport int32_t, int64_t


cdef extern from "spmm.h" nogil:
    void ge_spmm_float(const int64_t *indptr, const int32_t *indices, const float *values, const float *X,
                       int64_t start, int64_t stop, int64_t width, float *out)
    void ge_spmm_double(const int64_t *indptr, const int32_t *indices, const double *values, const double *X,
                        int64_t start, int64_t stop, int64_t width, double *out)
    void ge_spmm_recur(const int64_t *indptr, const int32_t *indices, const float *values, const float *X,
                       const float *R, float a, float b, float c, int64_t start, int64_t stop, int64_t width,
                       float *row, float *out)


def multiply_float(
    const int64_t[::1] indptr not None,    # IN  (n_rows + 1)
    const int32_t[::1] indices not None,   # IN  (nnz)
    const float[::1] values not None,      # IN  (nnz)
    const float[:, ::1] X not None,        # IN  (n_columns, width)
    int64_t start, int64_t stop,           # IN  rows to fill
    float[:, ::1] out not None,            # OUT (n_rows, width)
):
    """Rows of A X."""
    if start >= stop or values.shape[0] == 0:
        out[start:stop] = 0
        return
    with nogil:
        ge_spmm_float(&indptr[0], &indices[0], &values[0], &X[0, 0], start, stop, X.shape[1], &out[0, 0])


def multiply_double(
    const int64_t[::1] indptr not None,    # IN  (n_rows + 1)
    const int32_t[::1] indices not None,   # IN  (nnz)
    const double[::1] values not None,     # IN  (nnz)
    const double[:, ::1] X not None,       # IN  (n_columns, width)
    int64_t start, int64_t stop,           # IN  rows to fill
    double[:, ::1] out not None,           # OUT (n_rows, width)
):
    """Rows of A X."""
    if start >= stop or values.shape[0] == 0:
        out[start:stop] = 0
        return
    with nogil:
        ge_spmm_double(&indptr[0], &indices[0], &values[0], &X[0, 0], start, stop, X.shape[1], &out[0, 0])


def recur(
    const int64_t[::1] indptr not None,    # IN  (n + 1)
    const int32_t[::1] indices not None,   # IN  (nnz) at least 1
    const float[::1] values not None,      # IN  (nnz)
    const float[:, ::1] X not None,        # IN  (n, width)
    const float[:, ::1] R not None,        # IN  (n, width)
    float a, float b, float c,             # IN
    int64_t start, int64_t stop,           # IN  rows to fill
    float[::1] row not None,               # TMP (width)
    float[:, ::1] out not None,            # OUT (n, width)
):
    """Rows of a (A X + R) + b X + c out: a step of a three-term recurrence."""
    with nogil:
        ge_spmm_recur(&indptr[0], &indices[0], &values[0], &X[0, 0], &R[0, 0], a, b, c, start, stop, X.shape[1],
                      &row[0], &out[0, 0])
