"""Proximity of nodes as matrices: transitions of a random walk, their powers, logarithms, filters."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator
from scipy.special import iv

from graphemb._parallel import ranges
from graphemb._product import Product as SparseProduct
from graphemb._product import transposed
from graphemb.graph import Graph

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
    A = (A + transposed(A)).tocsr() if symmetric and graph.directed else A
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
    """A @ X for a dense X, by the compiled kernel.

    Parameters
    ----------
    A : csr_array of shape (m, n)
    X : ndarray of shape (n, b)
    n_jobs : int, default=1
        Threads. The result does not depend on them.

    Returns
    -------
    AX : ndarray of shape (m, b), C-contiguous
        Of the wider of the two dtypes: float32 or float64.
    """
    dtype = np.float32 if np.result_type(A.data, X) == np.float32 else np.float64
    return SparseProduct(A, dtype, n_jobs)(X)


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
        self.At = self.A if symmetric else transposed(self.A)

    def _matmat(self, X: np.ndarray) -> np.ndarray:
        return multiply(self.A, X, self.n_jobs)

    def _rmatmat(self, X: np.ndarray) -> np.ndarray:
        return multiply(self.At, X, self.n_jobs)


class PowerSeries(LinearOperator):
    """A^first + A^(first + 1) + ... + A^last of a sparse A, by Horner's rule, in float32.

    Parameters
    ----------
    A : sparse array of shape (n, n)
    first, last : int
    n_jobs : int, default=1
    symmetric : bool, default=False
        As of `Product`.
    """

    def __init__(self, A: sparse.csr_array, first: int, last: int, n_jobs: int = 1, *,
                 symmetric: bool = False) -> None:
        super().__init__(np.float32, A.shape)
        self.of, self.first, self.last = Product(A, n_jobs, symmetric=symmetric), first, last

    def _matmat(self, X: np.ndarray) -> np.ndarray:
        return self._sum(self.of.A, X)

    def _rmatmat(self, X: np.ndarray) -> np.ndarray:
        return self._sum(self.of.At, X)

    def _sum(self, A: sparse.csr_array, X: np.ndarray) -> np.ndarray:
        Y = power_sum(A, np.asarray(X, np.float32), self.last - self.first + 1, self.of.n_jobs)
        for _ in range(self.first):
            Y = multiply(A, Y, self.of.n_jobs)
        return Y


class Rows(LinearOperator):
    """A dense matrix, made and kept in float32 by blocks of rows.

    Parameters
    ----------
    n : int
    rows : callable
        From (start, stop) to rows start to stop, an array of shape (stop - start, n).
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
        return np.concatenate([block @ X for _, _, block in self.blocks])

    def _rmatmat(self, X: np.ndarray) -> np.ndarray:
        X = np.ascontiguousarray(X, np.float32)
        Y = np.zeros((self.shape[1], X.shape[1]), np.float32)
        for start, stop, block in self.blocks:
            Y += block.T @ X[start:stop]
        return Y


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
    Y = X = np.ascontiguousarray(X)  # as the products are: to add arrays of two orders is slow
    for _ in range(n_terms - 1):
        Y = multiply(S, Y, n_jobs)
        Y += X
    return Y


def weighted_powers(A: sparse.csr_array, R: np.ndarray, weights: Sequence[float], n_jobs: int = 1,
                    done: Callable[[int], object] = lambda n_products: None) -> tuple[np.ndarray, np.ndarray]:
    """Y = w_0 R + w_1 A R + w_2 A^2 R + ..., and what A is multiplied with last.

    Parameters
    ----------
    A : csr_array of shape (n, n)
    R : ndarray of shape (n, k)
    weights : sequence of at least two floats
    n_jobs : int, default=1
    done : callable, optional
        Called with 1 after each product.

    Returns
    -------
    Y : ndarray of shape (n, k)
    onward : ndarray of shape (n, k)
        ``Y = w_0 R + A onward``: a new node with the row a of weights has ``a @ onward``.
    """
    last = np.float32(weights[-1]) * R
    for w in reversed(weights[1:-1]):
        last = multiply(A, last, n_jobs)
        if w:
            last += np.float32(w) * R
        done(1)
    Y = multiply(A, last, n_jobs)
    if weights[0]:
        Y += np.float32(weights[0]) * R
    done(1)
    return Y, last


def truncated_log(M: np.ndarray) -> np.ndarray:
    """log(max(M, 1)), in place."""
    np.maximum(M, 1, out=M)
    return np.log(M, out=M)


def band_filter(A: sparse.csr_array, X: np.ndarray, order: int, mu: float, theta: float, n_jobs: int = 1,
                done: Callable[[int], object] = lambda n_terms: None, scale: float = 1.0) -> np.ndarray:
    r"""ProNE's filter: scale (A + I) (X - g(L) X) with g(x) = exp(-((x - mu)^2 - 2) theta / 2), L = I - D^-1 (A + I).

    Parameters
    ----------
    A : csr_array of shape (n, n)
    X : ndarray of shape (n, k)
    order, mu, theta
        See `propagate`.
    done : callable, optional
        Called with 1 after each term.
    scale : float, default=1.0
        Keeps the result of weights of any size within float32.

    Returns
    -------
    filtered : ndarray of shape (n, k), dtype=float32

    Notes
    -----
    In :math:`y = (x - \mu)^2 / 2 - 1`, :math:`g = e^{-\theta y} = I_0(\theta) + 2 \sum_i (-1)^i
    I_i(\theta) T_i(y)`, with the modified Bessel functions I and Chebyshev's polynomials T.
    """
    looped = (A + sparse.eye_array(A.shape[0])).tocsr()
    W = transition(looped).astype(np.float32)
    X = np.ascontiguousarray(X, np.float32)

    def shifted(Y: np.ndarray) -> np.ndarray:  # (L - mu I) Y
        return np.float32(1 - mu) * Y - multiply(W, Y, n_jobs)

    before, last = X, shifted(shifted(X)) / 2 - X
    total = np.float32(iv(0, theta)) * X - np.float32(2 * iv(1, theta)) * last
    done(1)
    for i in range(2, order):
        before, last = last, shifted(shifted(last)) - 2 * last - before
        total += np.float32(2 * (-1) ** i * iv(i, theta)) * last
        done(1)
    filtered = multiply((looped * scale).astype(np.float32), X - total, n_jobs)
    done(1)
    return filtered


def balance(F: np.ndarray) -> np.ndarray:
    """B such that F B = U S^(1/2) for the singular value decomposition F = U S V^T; shape (k, rank)."""
    squares, V = np.linalg.eigh(F.T.astype(np.float64) @ F)
    kept = np.flatnonzero(squares > 1e-10 * squares.max(initial=0))[::-1]
    return (V[:, kept] * squares[kept] ** -0.25).astype(np.float32)
