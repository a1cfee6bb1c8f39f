"""Eigenvectors of graph matrices, on one connected component at a time."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

DENSE_LIMIT = 1000
"""Components up to this size are solved densely: a second at the limit, and no tolerance to choose."""

Operator = Callable[[np.ndarray], np.ndarray]


class NotConverged(RuntimeError):
    """An iterative solver ran out of iterations; the message says which and what to change."""


@dataclass(frozen=True)
class Eigenpairs:
    """What `lle_vectors` found.

    Attributes
    ----------
    values : ndarray of shape (k,), dtype=float64
        Ascending.
    vectors : ndarray of shape (n, k), dtype=float64
        Orthonormal columns, signs as found.
    residuals : ndarray of shape (k,), dtype=float64
        ``norm(M v - value v)``.
    gap : float
        From the last value to the next one, relative to the next one; NaN where there is none. Near 0, the
        last columns are one choice among many.
    n_iter : int
        Applications of the inverse operator; 1 for the dense solver.
    n_solver_iter : int
        Conjugate gradient steps in all; 0 for the dense solver.
    """

    values: np.ndarray
    vectors: np.ndarray
    residuals: np.ndarray
    gap: float
    n_iter: int
    n_solver_iter: int


def row_normalised(A: sparse.csr_array) -> sparse.csr_array:
    """W = D^-1 A in float64; a row without an edge to another node is zero.

    Parameters
    ----------
    A : sparse array of shape (n, n)
        Non-negative weights.

    Returns
    -------
    W : csr_array of shape (n, n), dtype=float64
        Rows sum to 1 or 0.
    """
    W = sparse.csr_array(A, dtype=np.float64, copy=True)
    row = np.repeat(np.arange(W.shape[0]), np.diff(W.indptr))
    n = W.shape[0]
    total, others = (np.bincount(row, w, minlength=n) for w in (W.data, W.indices != row))
    W.data *= np.divide(1, total, out=np.zeros(n), where=others > 0)[row]
    return W


def lle_vectors(A: sparse.csr_array, n_components: int, *, directed: bool = False, tol: float = 1e-6,
                max_iter: int = 300, seed: int = 0,
                progress: Callable[[str], None] | None = None) -> Eigenpairs:
    r"""Smallest eigenvectors of M = (I - W)^T (I - W) among the centred ones, W = D^-1 A.

    They minimise ||Y - W Y||^2 subject to orthonormal columns that sum to zero, which drops the
    constant vector that solves the problem without telling anything.

    Parameters
    ----------
    A : sparse array of shape (n, n)
        Adjacency matrix of one (weakly) connected component, non-negative.
    n_components : int
        Vectors wanted; n - 1 are returned where n is not larger.
    directed : bool, default=False
        Whether `A` may be asymmetric, which asks for a slower solver above `DENSE_LIMIT` nodes.
    tol : float, default=1e-6
        Largest residual, relative to its eigenvalue.
    max_iter : int, default=300
        Restarts of the Lanczos method.
    seed : int, default=0
        Seed of the start vector.
    progress : callable, optional
        Called about once a second with a line that says how far the solver is.

    Returns
    -------
    Eigenpairs

    Raises
    ------
    NotConverged
        If an iterative solver did not reach `tol`.

    Notes
    -----
    Up to `DENSE_LIMIT` nodes: the singular value decomposition of I - W on the centred vectors. (Forming
    M would lose half of the digits: on a path its smallest eigenvalues fall as n^-4.)

    Above, the Lanczos method on the inverse of M, whose largest eigenvalues are well apart. For a
    symmetric A with degrees d and :math:`S = D^{-1/2} A D^{-1/2}` the inverse of I - W is
    :math:`T^+ = P_1 D^{-1/2} (I - S)^+ D^{1/2} P_d`, where P_x projects out x, and that of M is
    :math:`T^+ T^{+T}`. I - S is much better conditioned than M, and conjugate gradients solve it. A graph
    with bottlenecks or of large diameter takes more steps, as many as its number of nodes on a path.

    A directed graph has no such S: the conjugate gradient method works on M itself, shifted by
    1e-10 of its largest diagonal entry (where there are several sets of nodes that no edge leaves, M has more
    zero eigenvalues than one), preconditioned with its diagonal. That takes several times as many steps.

    References
    ----------
    .. [1] Roweis and Saul, "Nonlinear dimensionality reduction by locally linear embedding",
       Science 290, 2000.
    """
    n = A.shape[0]
    k = min(n_components, n - 1)
    W = row_normalised(A)
    if n <= DENSE_LIMIT or k + 2 >= n // 2:
        return _dense(W, k)

    counter = _Counter(progress)
    T = (sparse.eye_array(n, format="csr") - W).tocsr()
    if directed:
        inverse = _inverse_by_normal_equations(T, counter)
    else:
        inverse = _inverse_by_symmetric_form(sparse.csr_array(A, dtype=np.float64), counter)
    rng = np.random.default_rng(seed)
    # scipy >= 1.17 draws its restart vectors from rng
    seeded = {"rng": rng} if "rng" in inspect.signature(eigsh).parameters else {}
    try:
        _, V = eigsh(LinearOperator((n, n), matvec=inverse, dtype=np.float64), k + 1, which="LA",
                     v0=_centre(rng.standard_normal(n)), tol=1e-3 * tol, maxiter=max_iter, **seeded)
    except ArpackNoConvergence as error:
        raise NotConverged(
            f"The Lanczos method found {len(error.eigenvalues)} of {k + 1} eigenvectors of a component of "
            f"{n} nodes in max_iter={max_iter} restarts; raise max_iter or lower n_components.") from error
    return _rayleigh_ritz(T, V, k, tol, counter)


def fix_signs(vectors: np.ndarray) -> np.ndarray:
    """Make the entry of largest magnitude of each column positive, in place.

    Of entries within one part in 10,000 of the largest the first counts, so that rounding decides nothing.
    """
    size = np.abs(vectors)
    first = np.argmax(size >= (1 - 1e-4) * size.max(axis=0, initial=0), axis=0)
    vectors *= np.where(vectors[first, np.arange(vectors.shape[1])] < 0, -1, 1)
    return vectors


class _Counter:
    """Counts solver work and reports it about once a second."""

    def __init__(self, progress: Callable[[str], None] | None) -> None:
        self.progress, self.solves, self.steps, self.said = progress, 0, 0, time.monotonic()

    def add(self, steps: int) -> None:
        self.solves += 1
        self.steps += steps
        if self.progress is not None and time.monotonic() - self.said > 1:
            self.said = time.monotonic()
            self.progress(f"{self.solves} solves, {self.steps / self.solves:.0f} steps each")


def _centre(x: np.ndarray) -> np.ndarray:
    return x - x.mean()


def _dense(W: sparse.csr_array, k: int) -> Eigenpairs:
    """By singular values of (I - W) H[:, 1:]; the reflection H = I - 2 h h^T swaps e_0 and 1 / sqrt(n)."""
    n = W.shape[0]
    if n == 1:
        return Eigenpairs(np.zeros(0), np.zeros((1, 0)), np.zeros(0), np.nan, 1, 0)
    T = np.eye(n) - W.toarray()
    h = np.full(n, n ** -0.5)
    h[0] -= 1
    h /= np.linalg.norm(h)
    B = (T - np.outer(T @ h, 2 * h))[:, 1:]
    _, s, Vt = np.linalg.svd(B, full_matrices=False)
    V = np.zeros((n, k))
    V[1:] = Vt[::-1][:k].T
    V -= np.outer(h, 2 * (h @ V))
    values = s[::-1] ** 2
    residuals = np.linalg.norm(_project_apply(T, V) - V * values[:k], axis=0)
    return Eigenpairs(values[:k], V, residuals, _gap(values, k), 1, 0)


def _project_apply(T: np.ndarray | sparse.csr_array, V: np.ndarray) -> np.ndarray:
    """P_1 M V for V of centred columns."""
    MV = T.T @ (T @ V)
    return MV - MV.mean(axis=0)


def _gap(values: np.ndarray, k: int) -> float:
    if len(values) <= k:
        return float("nan")
    return float((values[k] - values[k - 1]) / values[k]) if values[k] > 0 else 0.0


def _inverse_by_symmetric_form(A: sparse.csr_array, counter: _Counter) -> Operator:
    root = np.sqrt(A.sum(axis=1))
    scale = sparse.dia_array((1 / root[None], [0]), shape=A.shape)
    S = (scale @ A @ scale).tocsr()
    degree, null = root**2, root / np.linalg.norm(root)
    degree /= np.linalg.norm(degree)

    def solve(b: np.ndarray) -> np.ndarray:
        return _conjugate_gradients(lambda x: x - S @ x, lambda r: r - null * (null @ r), b, counter)

    def inverse(x: np.ndarray) -> np.ndarray:
        y = root * solve(_centre(x.ravel()) / root)
        y -= degree * (degree @ y)
        return _centre(solve(root * y) / root)

    return inverse


def _inverse_by_normal_equations(T: sparse.csr_array, counter: _Counter) -> Operator:
    Tt = T.T.tocsr()
    diagonal = np.asarray(T.multiply(T).sum(axis=0)).ravel()
    shift = 1e-10 * diagonal.max()
    c = 1 / (diagonal + shift)

    def shifted(x: np.ndarray) -> np.ndarray:
        return _centre(Tt @ (T @ x)) + shift * x

    def precondition(r: np.ndarray) -> np.ndarray:
        z = c * r
        return z - c * (z.sum() / c.sum())  # stays among the centred vectors

    def inverse(x: np.ndarray) -> np.ndarray:
        return _conjugate_gradients(shifted, precondition, _centre(x.ravel()), counter)

    return inverse


def _conjugate_gradients(apply: Operator, precondition: Operator, b: np.ndarray, counter: _Counter, *,
                         tol: float = 1e-12) -> np.ndarray:
    """Solve apply(x) = b on the subspace that `precondition` maps to."""
    r = b.copy()
    z = precondition(r)
    x, p, rho = np.zeros_like(b), z, r @ z
    goal = tol**2 * rho
    max_steps = 20 * len(b)
    for step in range(max_steps):
        if rho <= goal:
            counter.add(step)
            return x
        q = apply(p)
        alpha = rho / (p @ q)
        x += alpha * p
        r -= alpha * q
        z = precondition(r)
        rho, last = r @ z, rho
        p = z + (rho / last) * p
    raise NotConverged(f"Conjugate gradients on {len(b)} nodes left a relative residual of "
                       f"{np.sqrt(rho / goal) * tol:.1e} after {max_steps} steps. The component has extreme "
                       "bottlenecks or weights of extreme range: embed its parts, or rescale the weights.")


def _rayleigh_ritz(T: sparse.csr_array, V: np.ndarray, k: int, tol: float, counter: _Counter) -> Eigenpairs:
    """The best vectors in the span of V, by singular values of T V, checked to solve the problem."""
    Q = np.linalg.qr(V - V.mean(axis=0))[0]
    _, s, Rt = np.linalg.svd(T @ Q, full_matrices=False)
    values, V = s[::-1] ** 2, (Q @ Rt[::-1].T)[:, :k]
    residuals = np.linalg.norm(_project_apply(T, V) - V * values[:k], axis=0)
    norm = abs(T).sum(axis=0).max() * abs(T).sum(axis=1).max()
    floor = 8 * np.finfo(float).eps * norm  # rounding in M V itself
    bad = np.flatnonzero(residuals > tol * values[:k] + floor)
    if len(bad):
        raise NotConverged(
            f"{len(bad)} of {k} eigenvectors of a component of {T.shape[0]} nodes have a residual above "
            f"tol={tol} (column {bad[0]}: {residuals[bad[0]] / values[bad[0]]:.1e}); raise tol.")
    return Eigenpairs(values[:k], V, residuals, _gap(values, k), counter.solves, counter.steps)
