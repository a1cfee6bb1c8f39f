"""Products of a sparse matrix with many vectors at a time, on threads."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy import sparse

from graphemb import _spmm
from graphemb._aligned import aligned_empty, on_cache_lines
from graphemb._parallel import interruptible, map_ordered

CHUNK = 2**26
"""Multiplications in a piece of work: a few hundredths of a second."""
VARIANT = max(_spmm.VARIANTS.values())
"""The fastest instruction set that this machine has; results differ between them in the last bits."""


def transposed(A: sparse.csr_array) -> sparse.csr_array:
    """A^T by rows. Of a large matrix it is a call of seconds, during which Ctrl-C is heard."""
    return interruptible(lambda: sparse.csr_array(A.T.tocsr()))


class Product:
    """Multiplies by a sparse matrix.

    Parameters
    ----------
    A : sparse array of shape (n_rows, n_columns)
    dtype : {float32, float64}
        Of the values, the vectors and the sums.
    n_jobs : int, default=1
        Threads; the result does not depend on them.
    """

    def __init__(self, A: sparse.csr_array, dtype: type, n_jobs: int = 1) -> None:
        self.shape, self.dtype, self.n_jobs = A.shape, np.dtype(dtype), n_jobs
        self.arrays: tuple[np.ndarray, np.ndarray, np.ndarray] = (
            np.ascontiguousarray(A.indptr, np.int64), np.ascontiguousarray(A.indices, np.int32),
            np.ascontiguousarray(A.data, dtype))
        self.multiply = _spmm.multiply_float if self.dtype == np.float32 else _spmm.multiply_double

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """A X.

        Parameters
        ----------
        X : ndarray of shape (n_columns, width)

        Returns
        -------
        ndarray of shape (n_rows, width)
        """
        X = on_cache_lines(np.asarray(X, self.dtype))
        out = aligned_empty(self.shape[0], X.shape[1], self.dtype.type)
        for _ in map_ordered(lambda rows: self.multiply(*self.arrays, X, *rows, VARIANT, out), self._pieces(X.shape[1]),
                             self.n_jobs):
            pass
        return out

    def recur(self, X: np.ndarray, R: np.ndarray, a: float, b: float, c: float, out: np.ndarray) -> None:
        """Make out = a (A X + R) + b X + c out, in float32; A is square and not empty.

        Parameters
        ----------
        X, R, out : ndarray of shape (n, width), C-contiguous
        """
        def work(rows: tuple[int, int]) -> None:
            _spmm.recur(*self.arrays, X, R, a, b, c, *rows, VARIANT, np.empty(X.shape[1], np.float32), out)

        for _ in map_ordered(work, self._pieces(X.shape[1]), self.n_jobs):
            pass

    def _pieces(self, width: int) -> list[tuple[int, int]]:
        """Ranges of rows with about the same number of entries."""
        indptr = self.arrays[0]
        n_pieces = max(self.n_jobs, -(-int(indptr[-1]) * width // CHUNK))
        if n_pieces == 1:
            return [(0, self.shape[0])]
        inner = np.searchsorted(indptr, np.linspace(0, indptr[-1], n_pieces + 1)[1:-1])
        cuts = [0, *inner.tolist(), self.shape[0]]
        return [(a, b) for a, b in pairwise(cuts) if a < b]
