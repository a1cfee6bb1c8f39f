"""Local linear models of points in space, and the alignment matrix of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse

METHODS = ("standard", "modified", "hessian", "ltsa")
CHUNK = 2**22
"""Numbers gathered at a time."""


def barycentre_weights(X: Any, Y: Any, neighbours: np.ndarray, reg: float) -> np.ndarray:
    """Weights that rebuild each row of X from rows of Y, as well as can be with a sum of 1.

    Parameters
    ----------
    X : ndarray or CSR array of shape (n, f)
    Y : ndarray or CSR array of shape (m, f)
    neighbours : ndarray of shape (n, k)
        Rows of Y.
    reg : float
        Added to the diagonal of each local covariance, in units of its trace.

    Returns
    -------
    weights : ndarray of shape (n, k), dtype=float64

    References
    ----------
    .. [1] Roweis and Saul, "Nonlinear dimensionality reduction by locally linear embedding",
       Science 290, 2000, note 7.
    """
    weights = np.empty(neighbours.shape)
    for part, patches in _patches(Y, neighbours):
        patches -= _dense(X[part])[:, None]
        r = reg * np.square(patches).sum(axis=(1, 2))[:, None, None]
        r[r == 0] = reg
        try:
            w = _solve_ones(patches, r)
        except np.linalg.LinAlgError as error:
            raise ValueError(f"The neighbours of a point are linearly dependent, which reg={reg} leaves without "
                             "unique weights; raise reg.") from error
        weights[part] = w / w.sum(axis=1, keepdims=True)
    return weights


def _solve_ones(Z: np.ndarray, r: np.ndarray) -> np.ndarray:
    """w of (Z Z^T + r I) w = 1, up to a factor, for each (k, f) patch Z, by the smaller of its Gram matrices."""
    _, k, f = Z.shape
    if k <= f or not r.all():
        C = Z @ Z.transpose(0, 2, 1)
        C[:, np.arange(k), np.arange(k)] += r[..., 0]
        return np.linalg.solve(C, np.ones((len(C), k, 1)))[..., 0]
    C = Z.transpose(0, 2, 1) @ Z
    C[:, np.arange(f), np.arange(f)] += r[..., 0]
    return 1 - (Z @ np.linalg.solve(C, Z.sum(axis=1)[..., None]))[..., 0]


def graph_barycentre_weights(A: sparse.csr_array, features: Any, reg: float) -> sparse.csr_array:
    """Weights that rebuild each node's features from those of its neighbours.

    Parameters
    ----------
    A : sparse array of shape (n, n)
        Its entries off the diagonal say who is a neighbour; their values do not count.
    features : ndarray or CSR array of shape (n, f)
    reg : float
        As in `barycentre_weights`.

    Returns
    -------
    W : csr_array of shape (n, n), dtype=float64
        Rows sum to 1; a node without a neighbour has an empty one.
    """
    A = sparse.csr_array(A)
    row = np.repeat(np.arange(A.shape[0]), np.diff(A.indptr))
    other = A.indices != row
    row, column = row[other], A.indices[other]
    degree = np.bincount(row, minlength=A.shape[0])
    indptr = np.r_[0, np.cumsum(degree)]
    data = np.empty(len(column))
    for k in np.unique(degree[degree > 0]):  # nodes with as many neighbours go together
        nodes = np.flatnonzero(degree == k)
        place = indptr[nodes, None] + np.arange(k)
        data[place] = barycentre_weights(features[nodes], features, column[place], reg)
    return sparse.csr_array((data, column, indptr), shape=A.shape)


def weight_matrix(neighbours: np.ndarray, weights: np.ndarray, n: int) -> sparse.csr_array:
    """Rows of weights as a sparse array of shape (n_rows, n)."""
    rows, k = neighbours.shape
    return sparse.csr_array((weights.ravel(), neighbours.ravel(), k * np.arange(rows + 1)), shape=(rows, n))


def alignment_matrix(X: Any, neighbours: np.ndarray, n_components: int, method: str, *, hessian_tol: float = 1e-4,
                     modified_tol: float = 1e-12) -> sparse.csr_array:
    """The matrix whose lowest centred eigenvectors are the embedding.

    Parameters
    ----------
    X : ndarray or CSR array of shape (n, f)
        Points.
    neighbours : ndarray of shape (n, k)
        Of each point, without itself.
    n_components : int
        Dimension of the local models.
    method : {'modified', 'hessian', 'ltsa'}
    hessian_tol : float, default=1e-4
        Column sums below this are not divided by.
    modified_tol : float, default=1e-12
        Reflections of vectors shorter than this are left out.

    Returns
    -------
    M : csr_array of shape (n, n), dtype=float64
        Symmetric, positive semi-definite, with rows that sum to 0.

    Notes
    -----
    The formulas, and what they leave open, are those of `sklearn.manifold.locally_linear_embedding`.

    References
    ----------
    .. [1] modified: Zhang and Wang, "MLLE: modified locally linear embedding using multiple weights", NIPS 2006.
    .. [2] hessian: Donoho and Grimes, "Hessian eigenmaps: locally linear embedding techniques for
       high-dimensional data", PNAS 100, 2003.
    .. [3] ltsa: Zhang and Zha, "Principal manifolds and nonlinear dimensionality reduction via tangent space
       alignment", Journal of Shanghai University 8, 2004.
    """
    if method == "modified":
        return _modified(X, neighbours, n_components, modified_tol)
    n = len(neighbours)
    M = sparse.csr_array((n, n))
    for part, patches in _patches(X, neighbours):
        patches -= patches.mean(axis=1, keepdims=True)
        U = _left_vectors(patches)[0][..., :n_components]
        local = _hessian(U, hessian_tol) if method == "hessian" else _ltsa(U)
        M += _scatter(neighbours[part], local, n)
    return M


def _hessian(U: np.ndarray, tol: float) -> np.ndarray:
    b, k, d = U.shape
    products = [U[:, :, i:i + 1] * U[:, :, i:] for i in range(d)]
    basis = np.concatenate([np.ones((b, k, 1)), U, *products], axis=2)
    w = np.linalg.qr(basis, mode="complete")[0][..., d + 1:]
    total = w.sum(axis=1, keepdims=True)
    w = w / np.where(np.abs(total) < tol, 1, total)
    return w @ w.transpose(0, 2, 1)


def _ltsa(U: np.ndarray) -> np.ndarray:
    b, k, _ = U.shape
    G = np.concatenate([np.full((b, k, 1), k**-0.5), U], axis=2)
    return np.eye(k) - G @ G.transpose(0, 2, 1)


def _modified(X: Any, neighbours: np.ndarray, d: int, tol: float) -> sparse.csr_array:
    n, k = neighbours.shape
    V = np.empty((n, k, k))
    values = np.empty((n, min(X.shape[1], k)))
    for part, patches in _patches(X, neighbours):
        patches -= _dense(X[part])[:, None]
        V[part], values[part] = _left_vectors(patches)
    m = values.shape[1]

    reg = 1e-3 * values.sum(axis=1, keepdims=True)
    sums = V.sum(axis=1)  # of each local eigenvector
    coefficients = sums.copy()
    coefficients[:, :m] /= values + reg
    coefficients[:, m:] /= reg
    w = (V @ coefficients[..., None])[..., 0]
    w /= w.sum(axis=1, keepdims=True)

    # a point takes as many weight vectors as it has small eigenvalues, small by the median's standard
    eta = np.median(values[:, d:].sum(axis=1) / values[:, :d].sum(axis=1))
    running = np.cumsum(values, axis=1)
    ratio = running[:, -1:] / running[:, :-1] - 1
    n_small = (ratio < eta).sum(axis=1) + k - m
    M = sparse.csr_array((n, n))
    for s in np.unique(n_small):
        points = np.flatnonzero(n_small == s)
        Q = V[points, :, k - s:]
        total = Q.sum(axis=1)
        alpha = np.linalg.norm(total, axis=1) / np.sqrt(s)
        h = alpha[:, None] - total
        length = np.linalg.norm(h, axis=1, keepdims=True)
        h = np.where(length < tol, 0, h / np.where(length > 0, length, 1))
        W = Q - 2 * (Q @ h[..., None]) * h[:, None] + ((1 - alpha)[:, None] * w[points])[..., None]
        # the point itself has weight -1 in each of the s vectors
        W = np.concatenate([W, np.full((len(points), 1, s), -1.0)], axis=1)
        M += _scatter(np.c_[neighbours[points], points], W @ W.transpose(0, 2, 1), n)
    return M


def _left_vectors(patches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All left singular vectors of each patch, and its squared singular values, descending."""
    _, k, f = patches.shape
    if k > f:
        U, s, _ = np.linalg.svd(patches, full_matrices=True)
        return U, s**2
    values, U = np.linalg.eigh(patches @ patches.transpose(0, 2, 1))
    return U[..., ::-1], values[:, ::-1]


def _patches(Y: Any, neighbours: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Ranges of points, with the rows of Y at their neighbours: (b, k, f), a copy."""
    n, k = neighbours.shape
    size = max(1, CHUNK // (k * max(Y.shape[1], k)))
    for start in range(0, n, size):
        part = slice(start, min(start + size, n))
        rows = neighbours[part]
        yield part, _dense(Y[rows.ravel()]).reshape(*rows.shape, Y.shape[1])


def _dense(rows: Any) -> np.ndarray:
    return np.array(rows.toarray() if sparse.issparse(rows) else rows, dtype=np.float64)


def _scatter(places: np.ndarray, local: np.ndarray, n: int) -> sparse.csr_array:
    """Sum of the local matrices, each at its rows and columns."""
    k = places.shape[1]
    row, col = np.repeat(places, k, axis=1).ravel(), np.tile(places, k).ravel()
    return sparse.csr_array((local.ravel(), (row, col)), shape=(n, n))
