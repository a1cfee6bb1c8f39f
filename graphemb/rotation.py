"""Orthogonal rotations of vectors: to their principal axes, or onto other vectors. Inner products stay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphemb._parallel import blas_threads, ranges

ROWS = 2**14  # multiplied at a time, as float64


def principal_axes(Z: NDArray[np.float32]) -> NDArray[np.float64]:
    """The rotation after which the first k columns are the best k-dimensional vectors, for every k.

    Parameters
    ----------
    Z : ndarray of shape (n, d), dtype=float32

    Returns
    -------
    R : ndarray of shape (d, d), dtype=float64
        Orthogonal; the columns of ``Z @ R`` are orthogonal, the longest first, the entry of largest magnitude in each
        column of R positive.

    Notes
    -----
    The right singular vectors of Z, from its d x d Gram matrix. Not centred: it is inner products that skip-gram
    fits, and no other k columns come as near to theirs, Z Zᵀ (Eckart and Young, 1936). One thread, and sums
    of fixed blocks: same Z, same bytes, with the same BLAS.
    """
    with blas_threads(1):
        gram = np.zeros((Z.shape[1],) * 2)
        for start, stop in ranges(len(Z), ROWS):
            part = Z[start:stop].astype(np.float64)
            gram += part.T @ part
        R = np.linalg.eigh(gram)[1][:, ::-1]
    largest = np.take_along_axis(R, np.argmax(np.abs(R), axis=0)[None], axis=0)
    return R * np.where(largest < 0, -1.0, 1.0)


def rotation_onto(A: NDArray[np.float32], B: NDArray[np.float32]) -> NDArray[np.float64]:
    """The rotation that brings the rows of A as near to those of B as one can.

    Parameters
    ----------
    A, B : ndarray of shape (n, d), dtype=float32

    Returns
    -------
    R : ndarray of shape (d, d), dtype=float64
        Orthogonal (a reflection is allowed); ``A @ R`` is nearest to B in the sum of squares.

    References
    ----------
    .. [1] Schönemann, "A generalized solution of the orthogonal Procrustes problem", Psychometrika 31, 1966.
    """
    with blas_threads(1):
        cross = np.zeros((A.shape[1], B.shape[1]))
        for start, stop in ranges(len(A), ROWS):
            cross += A[start:stop].astype(np.float64).T @ B[start:stop].astype(np.float64)
        U, _, Vt = np.linalg.svd(cross)
        return U @ Vt


def rotated(Z: NDArray[np.float32], R: NDArray[np.float64]) -> NDArray[np.float32]:
    """``Z @ R`` as float32, a block of rows at a time."""
    out = np.empty((len(Z), R.shape[1]), np.float32)
    with blas_threads(1):
        for start, stop in ranges(len(Z), ROWS):
            out[start:stop] = Z[start:stop].astype(np.float64) @ R
    return out
