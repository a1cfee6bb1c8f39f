"""Proximity of nodes as matrices: transitions of a random walk, their powers, logarithms, filters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator

from graphemb._parallel import map_ordered, ranges
from graphemb.graph import Graph

PIECE = 2**25
"""Multiplications in a piece of a product: some hundredths of a second."""
BLOCK_ENTRIES = 2**22
"""Numbers in a block of dense rows: 16 MB."""


def adjacency(graph: Graph, *, symmetric: bool = False) -> sparse.csr_array:
    """Weights of the arcs u -> v in row u, float64.

    Parameters
    ----------
    graph : Graph
    symmetric : bool, default=False
        Add the transpose where the graph is directed: an arc counts at both of its ends.

    Returns
    -------
    A : csr_array of shape (n_nodes, n_nodes), dtype=float64
    """
    A = sparse.csr_array(graph.to_scipy(), dtype=np.float64)
    A = (A + A.T).tocsr() if symmetric and graph.directed else A
    if A.nnz < 2**31:  # half the memory, and faster products
        A.indptr, A.indices = A.indptr.astype(np.int32), A.indices.astype(np.int32)
    return A


def transition(A: sparse.csr_array, power: float = 1.0) -> sparse.csr_array:
    """D^-power A, float64; with power 1 a random walk's probabilities. Rows without an entry stay zero."""
    return scaled_rows(A, inverse_power(A.sum(axis=1), power))


def normalised(A: sparse.csr_array) -> sparse.csr_array:
    """D^-1/2 A D^-1/2, float64, with D the row sums of a symmetric A."""
    root = inverse_power(A.sum(axis=1), 0.5)
    return scaled_columns(scaled_rows(A, root), root)


def inverse_power(values: np.ndarray, power: float = 1.0) -> np.ndarray:
    """values ** -power, and 0 where they are 0."""
    positive = values > 0
    return np.where(positive, np.where(positive, values, 1.0) ** -power, 0.0)


def scaled_rows(A: sparse.csr_array, factor: np.ndarray) -> sparse.csr_array:
    """diag(factor) A."""
    data = A.data * np.repeat(factor, np.diff(A.indptr))
    return sparse.csr_array((data, A.indices, A.indptr), shape=A.shape)


def scaled_columns(A: sparse.csr_array, factor: np.ndarray) -> sparse.csr_array:
    """A diag(factor)."""
    return sparse.csr_array((A.data * factor[A.indices], A.indices, A.indptr), shape=A.shape)


def one_way(enlarged: sparse.csr_array, n_fitted: int) -> sparse.csr_array:
    """Rows of new nodes, of the weights to fitted nodes alone; shape (n_new, n_fitted)."""
    return enlarged[n_fitted:, :n_fitted].tocsr()


def multiply(A: sparse.csr_array, X: np.ndarray, n_jobs: int = 1) -> np.ndarray:
    """A @ X for a dense X, in pieces: threads share them, and Ctrl-C is heard between them.

    Parameters
    ----------
    A : csr_array of shape (m, n)
    X : ndarray of shape (n, b)
    n_jobs : int, default=1
        Threads. The result does not depend on them.

    Returns
    -------
    AX : ndarray of shape (m, b), C-contiguous
        Of the wider of the two dtypes.
    """
    out = np.empty((A.shape[0], X.shape[1]), np.result_type(A.data, X))
    X = np.ascontiguousarray(X)

    def piece(rows: tuple[int, int]) -> None:
        start, stop = rows
        entries = slice(A.indptr[start], A.indptr[stop])
        part = sparse.csr_array((A.data[entries], A.indices[entries], A.indptr[start:stop + 1] - entries.start),
                                shape=(stop - start, A.shape[1]))
        out[start:stop] = part @ X

    for _ in map_ordered(piece, entry_ranges(A.indptr, PIECE // max(1, X.shape[1])), n_jobs):
        pass
    return out


def entry_ranges(indptr: np.ndarray, size: int) -> list[tuple[int, int]]:
    """(start, stop) of consecutive rows that have about `size` entries together."""
    cuts = np.searchsorted(indptr, np.arange(size, indptr[-1], size))
    bounds = np.unique(np.r_[0, cuts, len(indptr) - 1])
    return list(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))


class Product(LinearOperator):
    """A sparse matrix as an operator whose products are `multiply`'s, in float32.

    Parameters
    ----------
    A : sparse array of shape (m, n)
    n_jobs : int, default=1
    symmetric : bool, default=False
        The transpose is then A itself, and takes no memory.
    """

    def __init__(self, A: sparse.csr_array, n_jobs: int = 1, *, symmetric: bool = False) -> None:
        super().__init__(np.float32, A.shape)
        self.A, self.n_jobs = sparse.csr_array(A, dtype=np.float32), n_jobs
        self.At = self.A if symmetric else self.A.T.tocsr()

    def _matmat(self, X: np.ndarray) -> np.ndarray:
        return multiply(self.A, X, self.n_jobs)

    def _rmatmat(self, X: np.ndarray) -> np.ndarray:
        return multiply(self.At, X, self.n_jobs)


class Triangle(LinearOperator):
    """A dense symmetric matrix of which half is kept: blocks of rows from the diagonal on.

    Parameters
    ----------
    n : int
    rows : callable
        From (start, stop) to rows start to stop, an array of shape (stop - start, n - start): columns from
        `start` on.
    done : callable, optional
        Called with the number of rows made.
    """

    def __init__(self, n: int, rows: Callable[[int, int], np.ndarray],
                 done: Callable[[int], object] = lambda n_rows: None) -> None:
        super().__init__(np.float32, (n, n))
        self.blocks = []
        for start, stop in row_blocks(n):
            self.blocks.append((start, stop, np.ascontiguousarray(rows(start, stop), np.float32)))
            done(stop - start)

    def _matmat(self, X: np.ndarray) -> np.ndarray:
        X = np.ascontiguousarray(X, np.float32)
        Y = np.zeros((self.shape[0], X.shape[1]), np.float32)
        for start, stop, block in self.blocks:
            Y[start:stop] += block @ X[start:]
            Y[stop:] += block[:, stop - start:].T @ X[start:stop]
        return Y

    def _rmatmat(self, X: np.ndarray) -> np.ndarray:
        return self._matmat(X)


def row_blocks(n: int) -> list[tuple[int, int]]:
    """(start, stop) of blocks of rows that have `BLOCK_ENTRIES` numbers each."""
    return list(ranges(n, max(1, BLOCK_ENTRIES // max(1, n))))


def power_sum(S: sparse.csr_array, X: np.ndarray, n_terms: int, n_jobs: int = 1) -> np.ndarray:
    """(I + S + ... + S^(n_terms - 1)) X, by Horner's rule."""
    Y = X
    for _ in range(n_terms - 1):
        Y = multiply(S, Y, n_jobs) + X
    return Y


def truncated_log(M: np.ndarray) -> np.ndarray:
    """log(max(M, 1)), in place."""
    np.maximum(M, 1, out=M)
    return np.log(M, out=M)
