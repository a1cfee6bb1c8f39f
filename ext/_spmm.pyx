"""A sparse matrix times many vectors (the loops are in spmm_kernel.h)."""
from common cimport int32_t, int64_t


cdef extern from "spmm.h" nogil:
    ctypedef struct ge_spmm:
        void (*multiply_float)(const int64_t *indptr, const int32_t *indices, const float *values, const float *X,
                               int64_t start, int64_t stop, int64_t width, float *out) noexcept nogil
        void (*multiply_double)(const int64_t *indptr, const int32_t *indices, const double *values, const double *X,
                                int64_t start, int64_t stop, int64_t width, double *out) noexcept nogil
        void (*recur)(const int64_t *indptr, const int32_t *indices, const float *values, const float *X,
                      const float *R, float a, float b, float c, int64_t start, int64_t stop, int64_t width,
                      float *row, float *out) noexcept nogil
    const ge_spmm *ge_spmm_variant(int variant)


VARIANTS = {name: i for i, name in enumerate(("baseline", "avx2", "avx512"))
            if ge_spmm_variant(i) is not NULL}


cdef const ge_spmm *loops(int variant) except NULL:
    cdef const ge_spmm *found = ge_spmm_variant(variant)
    if found is NULL:
        raise ValueError(f"variant must be one of {VARIANTS}; got {variant}.")
    return found


def multiply_float(
    const int64_t[::1] indptr not None,    # IN  (n_rows + 1)
    const int32_t[::1] indices not None,   # IN  (nnz)
    const float[::1] values not None,      # IN  (nnz)
    const float[:, ::1] X not None,        # IN  (n_columns, width)
    int64_t start, int64_t stop,           # IN  rows to fill
    int variant,                           # IN  one of VARIANTS: the instruction set
    float[:, ::1] out not None,            # OUT (n_rows, width)
):
    """Rows of A X."""
    cdef const ge_spmm *kernel = loops(variant)
    if start >= stop or values.shape[0] == 0 or X.shape[1] == 0:
        out[start:stop] = 0
        return
    with nogil:
        kernel.multiply_float(&indptr[0], &indices[0], &values[0], &X[0, 0], start, stop, X.shape[1], &out[0, 0])


def multiply_double(
    const int64_t[::1] indptr not None,    # IN  (n_rows + 1)
    const int32_t[::1] indices not None,   # IN  (nnz)
    const double[::1] values not None,     # IN  (nnz)
    const double[:, ::1] X not None,       # IN  (n_columns, width)
    int64_t start, int64_t stop,           # IN  rows to fill
    int variant,                           # IN  one of VARIANTS: the instruction set
    double[:, ::1] out not None,           # OUT (n_rows, width)
):
    """Rows of A X."""
    cdef const ge_spmm *kernel = loops(variant)
    if start >= stop or values.shape[0] == 0 or X.shape[1] == 0:
        out[start:stop] = 0
        return
    with nogil:
        kernel.multiply_double(&indptr[0], &indices[0], &values[0], &X[0, 0], start, stop, X.shape[1], &out[0, 0])


def recur(
    const int64_t[::1] indptr not None,    # IN  (n + 1)
    const int32_t[::1] indices not None,   # IN  (nnz) at least 1
    const float[::1] values not None,      # IN  (nnz)
    const float[:, ::1] X not None,        # IN  (n, width)
    const float[:, ::1] R not None,        # IN  (n, width)
    float a, float b, float c,             # IN
    int64_t start, int64_t stop,           # IN  rows to fill
    int variant,                           # IN  one of VARIANTS: the instruction set
    float[::1] row not None,               # TMP (width)
    float[:, ::1] out not None,            # OUT (n, width)
):
    """Rows of a (A X + R) + b X + c out: a step of a three-term recurrence."""
    cdef const ge_spmm *kernel = loops(variant)
    with nogil:
        kernel.recur(&indptr[0], &indices[0], &values[0], &X[0, 0], &R[0, 0], a, b, c, start, stop, X.shape[1],
                     &row[0], &out[0, 0])
