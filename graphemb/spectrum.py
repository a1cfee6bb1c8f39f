"""Eigenvectors and singular vectors of graph matrices."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse.csgraph import reverse_cuthill_mckee
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh, splu

from graphemb._aligned import aligned_empty, aligned_zeros
from graphemb._krylov import BLOCK, RitzPairs, basis_size, block_krylov
from graphemb._parallel import interruptible
from graphemb._product import Product, transposed

DENSE_LIMIT = 1000
"""Components up to this size are solved densely: a second at the limit, and no tolerance to choose."""
MOST_BLOCKS = 200
"""Products after which block Krylov gives up on a Laplacian: by then the inverse is quicker."""
FACTOR_NODES, FACTOR_EDGES = 10_000, 2.5
"""Nodes of a component, and edges a node, up to which sparse factors of its Laplacian are quicker than any iteration:
two seconds at both limits on a random graph, which fills them most, and a tenth of that on most others."""
SHIFT = 1e-12
"""Added to a Laplacian before it is factorised, so that it is not singular."""
CHOLESKY_LIMIT = 20_000
"""Points up to which a dense Cholesky factor (3.2 GB at the limit) stands in for sparse factors that fill up."""
FACTOR_BYTES = 2**32
"""Memory that sparse factors may take; past it conjugate gradients solve."""
MOST_GRADIENTS = 20_000
"""Steps of conjugate gradients on a matrix that nothing is known of; a tenth of them shows whether to go on."""
SINGLE_TOL = 1e-3
"""Residuals down to this are found in float32."""
CHEBYSHEV_LIMIT = 1e4
"""Condition number up to which float32 is good for solving."""
INVERSE_BLOCK = 16
"""Vectors solved for at a time: few, because each solve is many products."""

LANCZOS = "the slower Lanczos method"

Operator = Callable[[np.ndarray], np.ndarray]
Step = Callable[[int], bool]
"""Called between the steps of a solver with the number of vectors found so far; True stops it."""


class NotConverged(RuntimeError):
    """An iterative solver ran out of iterations; the message says which and what to change."""


@dataclass(frozen=True)
class Eigenpairs:
    """What a solver found.

    Attributes
    ----------
    values : ndarray of shape (k,), dtype=float64
        In the order that the solver documents.
    vectors : ndarray of shape (n, k), dtype=float64 or float32
        Orthonormal columns, signs as found.
    residuals : ndarray of shape (k,), dtype=float64
        ``norm(M v - value v)`` of the vectors as they are, in float64.
    gap : float
        From the last value to the next one, relative to the larger in magnitude; NaN where there is none.
        Near 0, the last columns are one choice among many.
    n_iter : int
        Blocks (for ARPACK: vectors) the iterated operator was applied to; 1 for a dense solver.
    n_solver_iter : int
        Chebyshev or conjugate gradient steps in all; 0 where there are none.
    note : str
        What went otherwise than planned, such as a change of solver; mostly empty.
    """

    values: np.ndarray
    vectors: np.ndarray
    residuals: np.ndarray
    gap: float
    n_iter: int
    n_solver_iter: int
    note: str = ""


@dataclass(frozen=True)
class SingularTriplets:
    """What `largest_singular_triplets` found.

    Attributes
    ----------
    values : ndarray of shape (k,), dtype=float64
        Descending, positive.
    left : ndarray of shape (m, k)
    right : ndarray of shape (n, k)
        Orthonormal columns, ``A right = left values``.
    residuals : ndarray of shape (k,), dtype=float64
        ``norm(A^T left - value right)``, in float64.
    gap, n_iter, note
        As in `Eigenpairs`.
    """

    values: np.ndarray
    left: np.ndarray
    right: np.ndarray
    residuals: np.ndarray
    gap: float
    n_iter: int
    note: str = ""


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


def largest_eigenpairs(A: sparse.csr_array, k: int, *, which: str = "positive", tol: float = 1e-6,
                       max_iter: int = 300, seed: int = 0, step: Step | None = None,
                       n_jobs: int = 1) -> tuple[Eigenpairs, str]:
    """Eigenpairs of a sparse symmetric matrix, largest first.

    Parameters
    ----------
    A : sparse array of shape (n, n)
        Symmetric.
    k : int
        Pairs wanted. Fewer are returned where `which` has fewer: eigenvalues that cannot be told from zero
        are left out.
    which : {'positive', 'magnitude', 'auto'}, default='positive'
        The largest positive eigenvalues, or those largest in magnitude. ``'auto'``: the latter if the lowest
        eigenvalue is larger in magnitude than the second highest.
    tol : float, default=1e-6
        Largest residual, relative to its eigenvalue, or to 1 % of the largest where that is more.
    max_iter : int, default=300
        Most products with a block of vectors; and most restarts of the Lanczos method after it.
    seed : int, default=0
        Seed of the start vectors.
    step : callable, optional
        See `Step`.
    n_jobs : int, default=1
        Threads of the sparse products.

    Returns
    -------
    pairs : Eigenpairs
        Highest first by what `which` compares; float32 vectors where `tol` is at least `SINGLE_TOL`.
    which : {'positive', 'magnitude'}
        What ``'auto'`` chose.

    Raises
    ------
    NotConverged
        If neither solver reached `tol`.

    Notes
    -----
    Dense up to `DENSE_LIMIT` nodes, and where a large part of all pairs is wanted. Else `block_krylov`, and
    ARPACK's Lanczos method where that does not converge.
    """
    n, k = A.shape[0], min(k, A.shape[0])
    choice = _Choice(which)
    if _is_dense(n, k):
        every, V = _eigh(A.toarray().astype(np.float64))
        order = choice(every)
        values, V, gap, n_iter, note = every[order[:k]], V[:, order[:k]], _gap_after(choice.key(every[order]), k), 1, ""
    else:
        scale = float(np.abs(A.data).max(initial=0)) or 1.0
        ritz = _krylov(A / scale, k, choice, lambda x: tol * np.maximum(np.abs(x), 0.01 * np.abs(x).max()),
                       tol, max_iter, seed, step, n_jobs)
        values, V, n_iter, note = ritz.values[:k] * scale, ritz.vectors[:, :k], ritz.n_steps, _note(ritz, LANCZOS)
        gap = _gap_after(choice.key(ritz.values), k)
        if not (ritz.converged or ritz.stopped):
            operator = _Counted(lambda x: A @ x, n, step)
            values, V = _lanczos(operator, k, "LA" if choice.which == "positive" else "LM", tol, max_iter, seed)
            order = choice(values)
            values, V, n_iter = values[order], V[:, order], operator.count
    kept = choice.key(values) > 100 * np.finfo(V.dtype).eps * np.abs(values).max(initial=0)
    values, V = values[kept], V[:, kept]
    residuals = np.linalg.norm(Product(A, np.float64, n_jobs)(V) - V * values, axis=0)
    return Eigenpairs(values, V, residuals, gap, n_iter, 0, note), choice.which


def largest_singular_triplets(A: sparse.csr_array, k: int, *, tol: float = 1e-6, max_iter: int = 300,
                              seed: int = 0, step: Step | None = None, n_jobs: int = 1) -> SingularTriplets:
    """Largest singular values of a sparse matrix, with their vectors.

    Parameters
    ----------
    A : sparse array of shape (m, n)
    k : int
        Triplets wanted. Fewer are returned where fewer values can be told from zero.
    tol, max_iter, seed, step, n_jobs
        As in `largest_eigenpairs`, of A^T A: so `tol` is relative to the square of a value.

    Returns
    -------
    SingularTriplets

    Raises
    ------
    NotConverged
        If the solvers did not reach `tol`.

    Notes
    -----
    From the eigenvectors v of A^T A, which is not formed, as A v / norm(A v). Values below the square
    root of the working precision, relative to the largest, count as zero; the dense solver has no such limit.
    """
    k = min(k, *A.shape)
    if _is_dense(min(A.shape), k):
        U, s, Vt = _svd(A.toarray().astype(np.float64))
        values, left, right, gap, n_iter, note = s[:k], U[:, :k], Vt[:k].T, _gap_after(s, k), 1, ""
        kept = values > 100 * np.finfo(float).eps * values.max(initial=0)
    else:
        n = A.shape[1]
        scale = float(np.abs(A.data).max(initial=0)) or 1.0
        At = transposed(A)
        ritz = _krylov(A / scale, k, _Choice("positive"),
                       lambda x: tol * np.maximum(np.abs(x), 0.01 * np.abs(x).max()), tol, max_iter, seed, step,
                       n_jobs, gram=True)
        right, n_iter, note = ritz.vectors[:, :k], ritz.n_steps, _note(ritz, LANCZOS)
        gap = _gap_after(np.sqrt(np.maximum(ritz.values, 0)), k)
        if not (ritz.converged or ritz.stopped):
            operator = _Counted(lambda x: At @ (A @ x), n, step)
            squares, right = _lanczos(operator, k, "LA", tol, max_iter, seed)
            right, n_iter = right[:, np.argsort(-squares)], operator.count
        AV = A @ right.astype(np.float64)
        values = np.linalg.norm(AV, axis=0)
        kept = values > np.sqrt(100 * np.finfo(right.dtype).eps) * values.max(initial=0)
        left = AV / np.where(kept, values, 1)
    values, left, right = values[kept], left[:, kept], right[:, kept]
    residuals = np.linalg.norm(A.T @ left - right * values, axis=0)
    return SingularTriplets(values, left, right, residuals, gap, n_iter, note)


def operator_triplets(M: LinearOperator, k: int, *, symmetric: bool = False, tol: float = 0.1, max_iter: int = 300,
                      seed: int = 0, step: Step | None = None) -> SingularTriplets:
    """Largest singular values, with their vectors, of a matrix known by its products.

    Parameters
    ----------
    M : LinearOperator of shape (m, n)
        With products with blocks of vectors from both sides (``matmat``, ``rmatmat``).
    k : int
        Triplets wanted. Fewer are returned where fewer values can be told from zero.
    symmetric : bool, default=False
        Whether M is, which spares half of the products; a right vector of a negative eigenvalue is then
        minus the left one.
    tol, max_iter, seed, step
        As in `largest_eigenpairs`; of M^T M where M is not symmetric.

    Returns
    -------
    SingularTriplets
        In float32 above `DENSE_LIMIT` rows and columns; `note` tells where `max_iter` was not enough.
    """
    k = min(k, *M.shape)
    if _is_dense(min(M.shape), k):
        n = M.shape[1]
        every = np.asarray(M.matmat(np.eye(n)), np.float64)
        if symmetric:
            eigenvalues, V = np.linalg.eigh((every + every.T) / 2)
            order = np.argsort(-np.abs(eigenvalues), kind="stable")
            s, U, R = np.abs(eigenvalues[order]), V[:, order], V[:, order] * np.sign(eigenvalues[order])
        else:
            U, s, Vt = np.linalg.svd(every, full_matrices=False)
            R = Vt.T
        values, left, right, gap, n_iter, note = s[:k], U[:, :k], R[:, :k], _gap_after(s, k), 1, ""
        products = every.T @ left
        kept = values > 1e3 * np.finfo(np.float32).eps * values.max(initial=0)
    else:
        def apply(X: np.ndarray) -> np.ndarray:
            Y = M.matmat(X)
            return np.asarray(Y if symmetric else M.rmatmat(Y), np.float32)

        ritz = block_krylov(apply, M.shape[1], k + 1, _Choice("magnitude" if symmetric else "positive"),
                            lambda x: tol * np.maximum(np.abs(x), 0.01 * np.abs(x).max()), max_steps=max_iter,
                            seed=seed, step=step or (lambda n_found: False))
        n_iter, note = ritz.n_steps, _note(ritz, "the vectors that it had by then")
        squares, right = ritz.values[:k], ritz.vectors[:, :k]
        gap = _gap_after(np.abs(ritz.values) if symmetric else np.sqrt(np.maximum(ritz.values, 0)), k)
        if symmetric:
            values, left = np.abs(squares), right
            right = right * np.sign(squares).astype(np.float32)
            kept = values > 1e3 * np.finfo(np.float32).eps * values.max(initial=0)
        else:
            left = np.asarray(M.matmat(right))
            values = np.linalg.norm(left, axis=0).astype(np.float64)
            kept = values > np.sqrt(100 * np.finfo(np.float32).eps) * values.max(initial=0)
            left = left / np.where(kept, values, 1).astype(np.float32)
        products = np.asarray(M.rmatmat(left))
    residuals = np.linalg.norm(products - right * values, axis=0)
    return SingularTriplets(values[kept], left[:, kept], right[:, kept], residuals[kept], gap, n_iter, note)


def laplacian_vectors(A: sparse.csr_array, n_components: int, *, tol: float = 1e-3, max_iter: int = 300,
                      seed: int = 0, step: Step | None = None, n_jobs: int = 1) -> Eigenpairs:
    r"""Smallest eigenvectors of I - D^{-1/2} A D^{-1/2} but for the trivial one, the roots of the degrees.

    Parameters
    ----------
    A : sparse array of shape (n, n)
        Adjacency matrix of one connected component of an undirected graph, non-negative.
    n_components : int
        Vectors wanted; n - 1 are returned where n is not larger.
    tol : float, default=1e-3
        Largest residual, relative to its eigenvalue, or to 1 % of the last one where that is more.
    max_iter : int, default=300
        Most products with a block of vectors (`MOST_BLOCKS` at most), and most solves after that.
    seed : int, default=0
        Seed of the start vectors.
    step : callable, optional
        See `Step`.
    n_jobs : int, default=1
        Threads of the sparse products.

    Returns
    -------
    Eigenpairs
        Ascending.

    Raises
    ------
    NotConverged
        If no solver reached `tol`.

    Notes
    -----
    Dense up to `DENSE_LIMIT` nodes. Else `block_krylov` on :math:`D^{-1/2} A D^{-1/2}`, which is quick where
    a random walk mixes quickly. On long and narrow graphs (paths, grids, roads) the eigenvalues crowd near zero
    and it gives up; then it finds the largest eigenvalues of the inverse, which are well apart, with a conjugate
    gradient solve a step. Graphs of few nodes and edges (`FACTOR_NODES`) begin there, with sparse factors.
    """
    n = A.shape[0]
    k = min(n_components, n - 1)
    S, null = symmetric_form(A)
    if _is_dense(n, k):
        # the trivial vector goes to the far end
        every, V = _eigh(np.eye(n) - S.toarray() + 3 * np.outer(null, null))
        every = every[:n - 1]
        values, V, gap, n_iter, n_solver_iter, note = every[:k], V[:, :k], _gap_after(every, k), 1, 0, ""
    else:
        def limit(x: np.ndarray) -> np.ndarray:
            return tol * np.maximum(1 - x, 0.01 * (1 - x).max())

        work, note = _Work(step), ""
        by_factors = n <= FACTOR_NODES and S.nnz <= 2 * FACTOR_EDGES * n
        if not by_factors:
            ritz = _krylov(S, k, lambda x: np.argsort(-x, kind="stable"), limit, tol, min(max_iter, MOST_BLOCKS),
                           seed, step, n_jobs, null=null)
            values, V, n_iter = 1 - ritz.values[:k], ritz.vectors[:, :k], ritz.n_steps
            gap, note = _gap_after(1 - ritz.values, k), _note(ritz, "its form for the inverse")
        if by_factors or not (ritz.converged or ritz.stopped):
            inverse = _laplacian_factors(S, null) if by_factors else _laplacian_solver(S, null, work, n_jobs)
            ritz = block_krylov(inverse, n, k + 1, lambda x: np.argsort(-x, kind="stable"),
                                lambda x: 0.5 * tol * np.abs(x), dtype=np.float64, largest_block=INVERSE_BLOCK,
                                max_steps=max_iter, seed=seed, step=work.tell)
            if not (ritz.converged or ritz.stopped):
                raise NotConverged(f"The block Krylov method did not find {k} eigenvectors on {n} nodes in "
                                   f"max_iter={max_iter} blocks; raise max_iter or tol, or lower n_components.")
            note = _note(ritz) or note
            values = 1 / ritz.values
            V = _orthonormal(ritz.images[:, :k] * values[:k])
            values = np.maximum(values - SHIFT, 0) if by_factors else values
            gap, values = _gap_after(values, k), values[:k]
            n_iter = ritz.n_steps
        n_solver_iter = work.steps
    residuals = np.linalg.norm(V - Product(S, np.float64, n_jobs)(V) - V * values, axis=0)
    return Eigenpairs(values, V, residuals, gap, n_iter, n_solver_iter, note)


def symmetric_form(A: sparse.csr_array) -> tuple[sparse.csr_array, np.ndarray]:
    """D^{-1/2} A D^{-1/2} in float64, and its unit eigenvector to the eigenvalue 1."""
    A = sparse.csr_array(A, dtype=np.float64)
    root = np.sqrt(A.sum(axis=1))
    scale = sparse.dia_array((1 / root[None], [0]), shape=A.shape)
    return interruptible(lambda: (scale @ A @ scale).tocsr()), root / np.linalg.norm(root)


def lle_vectors(A: sparse.csr_array, n_components: int, *, directed: bool = False,
                weights: sparse.csr_array | None = None, tol: float = 1e-6, max_iter: int = 300, seed: int = 0,
                step: Step | None = None, n_jobs: int = 1) -> Eigenpairs:
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
        Whether `A` may be asymmetric. Solved as points are (`alignment_vectors`).
    weights : sparse array of shape (n, n), optional
        W, where it is not D^-1 A; its rows sum to 1, or are empty. Solved as points are.
    tol : float, default=1e-6
        Largest residual, relative to its eigenvalue.
    max_iter : int, default=300
        Most solves with a block of `INVERSE_BLOCK` vectors.
    seed : int, default=0
        Seed of the start vectors.
    step : callable, optional
        See `Step`; called between the steps of a solve too.
    n_jobs : int, default=1
        Threads of the sparse products.

    Returns
    -------
    Eigenpairs

    Raises
    ------
    NotConverged
        If the solver did not reach `tol`.

    Notes
    -----
    Up to `DENSE_LIMIT` nodes: the singular value decomposition of I - W on the centred vectors. (Forming
    M would lose half of the digits: on a path its smallest eigenvalues fall as n^-4.)

    Above, `block_krylov` on the inverse of M, whose largest eigenvalues are well apart. Its Ritz vectors v are
    replaced by M^-1 v, which it knows: what is left of large eigenvalues of M in them is damped, and their
    residuals in M are those in the inverse.

    For a symmetric A with degrees d and :math:`S = D^{-1/2} A D^{-1/2}` the inverse of I - W is
    :math:`T^+ = P_1 D^{-1/2} (I - S)^+ D^{1/2} P_d`, where P_x projects out x, and that of M is
    :math:`T^+ T^{+T}`. I - S is much better conditioned than M, and a Chebyshev iteration [2]_ of fixed length
    solves it between bounds on its eigenvalues, in float32 with residuals in float64. A graph with bottlenecks or
    of large diameter takes more steps, as many as its number of nodes on a path; beyond a condition number of
    `CHEBYSHEV_LIMIT`, conjugate gradients in float64 do. An error in the solution counts in M by up to the
    condition number of I - S times the ratio of the largest degree to the smallest; on the graphs tried, by less than
    a tenth of that condition number times the root of the ratio. So the solution is more exact than `tol` by the
    condition number and the root, and where the residuals tell that this was too little, all is done again with
    the ratio itself.

    A directed graph has no such S. M is factorised where its factors fit into `FACTOR_BYTES`. Else the conjugate
    gradient method works on it, shifted by 1e-10 of its largest diagonal entry (where there are several sets of nodes
    that no edge leaves, M has more zero eigenvalues than one), preconditioned with its diagonal.

    References
    ----------
    .. [1] Roweis and Saul, "Nonlinear dimensionality reduction by locally linear embedding",
       Science 290, 2000.
    .. [2] Golub and Varga, "Chebyshev semi-iterative methods, successive overrelaxation iterative methods, and
       second order Richardson iterative methods", Numerische Mathematik 3, 1961.
    """
    n = A.shape[0]
    k = min(n_components, n - 1)
    W = row_normalised(A) if weights is None else sparse.csr_array(weights, dtype=np.float64)
    if n <= DENSE_LIMIT or basis_size(n, k + 1, INVERSE_BLOCK) is None:
        return _dense(W, k)

    work = _Work(step)
    T = (sparse.eye_array(n, format="csr") - W).tocsr()
    if (directed or weights is not None) and 12 * np.square(np.diff(T.indptr), dtype=float).sum() < FACTOR_BYTES:
        return alignment_vectors((T.T @ T).tocsr(), k, root=T, tol=tol, max_iter=max_iter, seed=seed, step=step,
                                 n_jobs=n_jobs)
    symmetric = not directed and weights is None
    solves = _inverses_by_symmetric_form(A, tol, work, seed, n_jobs) if symmetric else iter(
        [_inverse_by_gradients(T, work, n_jobs)])
    product, back = Product(T, np.float64, n_jobs), Product(transposed(T), np.float64, n_jobs)

    def limit(x: np.ndarray) -> np.ndarray:  # the pair after the last is for the gap alone
        return np.where(np.arange(len(x)) < k, 0.5 * tol, np.sqrt(tol)) * np.abs(x)

    norm = abs(T).sum(axis=0).max() * abs(T).sum(axis=1).max()
    floor = 8 * np.finfo(float).eps * norm  # rounding in M V itself
    for inverse in solves:
        ritz = block_krylov(inverse, n, k + 1, lambda x: np.argsort(-x, kind="stable"), limit, dtype=np.float64,
                            largest_block=INVERSE_BLOCK, max_steps=max_iter, seed=seed, step=work.tell)
        if not (ritz.converged or ritz.stopped):
            raise NotConverged(f"The block Krylov method did not find {k} eigenvectors on {n} nodes in "
                               f"max_iter={max_iter} blocks; raise max_iter or tol, or lower n_components.")
        V = ritz.images / ritz.values
        for is_last in (False, True):
            every, V, residuals = _rayleigh_ritz(product, back, V, k)
            bad = np.flatnonzero(residuals > tol * every[:k] + floor)
            if not len(bad) or ritz.stopped:
                return Eigenpairs(every[:k], V[:, :k], residuals, _gap_after(every, k), ritz.n_steps, work.steps,
                                  _note(ritz))
            if not is_last:
                V = inverse(V)
    raise NotConverged(
        f"{len(bad)} of {k} eigenvectors of a component of {n} nodes have a residual above "
        f"tol={tol} (column {bad[0]}: {residuals[bad[0]] / every[bad[0]]:.1e}); raise tol.")


def alignment_vectors(M: sparse.csr_array, n_components: int, *, root: sparse.csr_array | None = None,
                      tol: float = 1e-6, max_iter: int = 100, seed: int = 0, step: Step | None = None,
                      n_jobs: int = 1) -> Eigenpairs:
    """Smallest eigenvectors, among the centred ones, of a positive semi-definite matrix.

    Parameters
    ----------
    M : sparse array of shape (n, n)
    n_components : int
        Vectors wanted; n - 1 are returned where n is not larger.
    root : sparse array of shape (n, n), optional
        T with ``M = T^T T``, where it is known: small eigenvalues are then exact to more digits.
    tol : float, default=1e-6
        Largest residual, relative to its eigenvalue, above what rounding in M leaves.
    max_iter : int, default=100
        Most solves with a block of vectors.
    seed : int, default=0
        Seed of the start vectors.
    step : callable, optional
        See `Step`.
    n_jobs : int, default=1
        Threads of the products of conjugate gradients.

    Returns
    -------
    Eigenpairs
        Ascending.

    Raises
    ------
    NotConverged
        If the solver did not reach `tol`.

    Notes
    -----
    Up to `DENSE_LIMIT` nodes by a dense decomposition. Else `block_krylov` on the inverse. Points on a manifold of
    few dimensions have a matrix of small bandwidth, and its sparse factors are cheap; points in space have not, and
    up to `CHOLESKY_LIMIT` of them a dense Cholesky factor is. Where neither fits, conjugate gradients try: they do
    where the eigenvalues are well above zero, and give up with a message where they crowd there.
    """
    n = M.shape[0]
    k = min(n_components, n - 1)
    work = _Work(step)
    if n <= DENSE_LIMIT or basis_size(n, k + 1) is None:
        if root is not None:
            return _dense(sparse.csr_array(sparse.eye_array(n) - root), k)
        full = M.toarray()
        norm = np.abs(full).sum(axis=0).max() or 1.0
        every, V = _eigh((full + full.T) / 2 + 2 * norm / n)  # the constant goes to the far end
        every = np.maximum(every, 0)  # rounding
        values, V = every[:k], V[:, :k]
        residuals = np.linalg.norm(_centre_columns(full @ V) - V * values, axis=0)
        return Eigenpairs(values, V, residuals, _gap_after(every[:n - 1], k), 1, 0)

    # Where eigenvalues other than the constant's are zero too, rounding in theirs drowns the others' in the
    # inverse, unless it is bounded by a larger shift; which makes all of a smooth manifold's alike.
    norm = float(abs(M).sum(axis=0).max())
    dense, needed = _fill(M)
    large = needed > FACTOR_BYTES
    for shift in (1e-10,) if large else (1e-15, 1e-10):
        inverse = (_inverse_by_gradients(M if root is None else root, work, n_jobs, is_root=root is not None) if large
                   else _inverse_by_factors(M, shift * norm, dense))
        try:
            ritz = block_krylov(inverse, n, k + 1, lambda x: np.argsort(-x, kind="stable"),
                                lambda x: 1e-6 * np.abs(x), dtype=np.float64,
                                largest_block=INVERSE_BLOCK if large else BLOCK, max_steps=max_iter, seed=seed,
                                step=work.tell)
        except NotConverged as error:
            raise NotConverged(
                f"The factors of the matrix of {n} nodes would take about {needed / 2**30:.0f} GiB, more than "
                f"{FACTOR_BYTES / 2**30:.0f}, and conjugate gradients in their place did not converge: {error} Fit on "
                "a sample and `transform` the rest, or, of points, lower n_neighbors.") from error
        # one more step takes out what the inverse cannot see: large eigenvalues of M
        Q = _orthonormal(inverse(ritz.vectors))
        if root is not None:
            _, sigma, Rt = _svd(root @ Q)
            every, R = sigma[::-1] ** 2, Rt[::-1].T
        else:
            every, R = np.linalg.eigh(Q.T @ (M @ Q))
            every = np.maximum(every, 0)  # rounding
        values, V = every[:k], Q @ R[:, :k]
        residuals = np.linalg.norm(_centre_columns(M @ V) - V * values, axis=0)
        bad = np.flatnonzero(residuals > tol * np.abs(values) + 100 * np.finfo(float).eps * norm)
        if ritz.stopped or (ritz.converged and not len(bad)):
            return Eigenpairs(values, V, residuals, _gap_after(every, k), ritz.n_steps, work.steps, _note(ritz))
    if not ritz.converged:
        raise NotConverged(f"The block Krylov method did not find {k} eigenvectors on {n} nodes in "
                           f"max_iter={max_iter} blocks; raise max_iter or lower n_components.")
    raise NotConverged(f"{len(bad)} of {k} eigenvectors on {n} nodes have a residual above tol={tol} (column "
                       f"{bad[0]}: {residuals[bad[0]]:.1e}, eigenvalue {values[bad[0]]:.1e}); raise tol.")


def fix_signs(vectors: np.ndarray) -> np.ndarray:
    """Make the entry of largest magnitude of each column positive, in place.

    Of entries within one part in 10,000 of the largest the first counts, so that rounding decides nothing.
    """
    size = np.abs(vectors)
    first = np.argmax(size >= (1 - 1e-4) * size.max(axis=0, initial=0), axis=0)
    vectors *= np.where(vectors[first, np.arange(vectors.shape[1])] < 0, -1, 1)
    return vectors


class _Choice:
    """The order in which eigenvalues are wanted; ``'auto'`` is decided by the first that it sees."""

    def __init__(self, which: str) -> None:
        self.which = which

    def __call__(self, values: np.ndarray) -> np.ndarray:
        if self.which == "auto":  # values ascend
            self.which = "magnitude" if len(values) > 1 and -values[0] > values[-2] else "positive"
        return np.argsort(-self.key(values), kind="stable")

    def key(self, values: np.ndarray) -> np.ndarray:
        return values if self.which == "positive" else np.abs(values)


class _Counted(LinearOperator):
    """A symmetric operator that counts its products and asks `step` before each."""

    def __init__(self, apply: Operator, n: int, step: Step | None) -> None:
        super().__init__(np.float64, (n, n))
        self.apply, self.step, self.count = apply, step, 0

    def _matvec(self, x: np.ndarray) -> np.ndarray:
        if self.step is not None and self.step(0):
            raise NotConverged(f"A callback stopped the Lanczos method after {self.count} products; "
                               "it has no vectors to give before the end.")
        self.count += 1
        return self.apply(x)


def _is_dense(n: int, k: int) -> bool:
    return n <= DENSE_LIMIT or basis_size(n, k + 1) is None


def _krylov(A: sparse.csr_array, k: int, select: Operator, limit: Operator, tol: float, max_steps: int, seed: int,
            step: Step | None, n_jobs: int, *, gram: bool = False, null: np.ndarray | None = None) -> RitzPairs:
    """`block_krylov` of A, of A^T A where `gram`, or of A with the eigenvalue 1 of `null` moved to -2.

    A pair more than asked for has to converge, for the gap.
    """
    dtype = np.float32 if tol >= SINGLE_TOL else np.float64
    B = Product(A, dtype, n_jobs)
    Bt = Product(transposed(A), dtype, n_jobs) if gram else None
    v = None if null is None else null.astype(dtype)

    def apply(X: np.ndarray) -> np.ndarray:
        BX = B(X)
        if Bt is not None:
            return Bt(BX)
        return BX if v is None else BX - np.outer(v, 3 * (v @ X))

    return block_krylov(apply, A.shape[1], k + 1, select, limit, dtype=dtype, max_steps=max_steps, seed=seed,
                        step=step or (lambda n_found: False))


def _note(ritz: RitzPairs, successor: str = "") -> str:
    if ritz.stopped:
        return (f"A callback stopped the eigensolver after {ritz.n_steps} blocks; the vectors are its best so far, "
                "residuals tell how good.")
    if not ritz.converged:
        return f"The block Krylov method did not converge in {ritz.n_steps} blocks; {successor} took over."
    return ""


def _lanczos(operator: LinearOperator, k: int, which: str, tol: float, max_iter: int,
             seed: int) -> tuple[np.ndarray, np.ndarray]:
    """ARPACK's eigenpairs, seeded."""
    n = operator.shape[0]
    rng = np.random.default_rng(seed)
    # scipy >= 1.17 draws its restart vectors from rng
    seeded = {"rng": rng} if "rng" in inspect.signature(eigsh).parameters else {}
    try:
        return eigsh(operator, k, which=which, v0=operator.matvec(rng.standard_normal(n)), tol=tol,
                     maxiter=max_iter, **seeded)
    except ArpackNoConvergence as error:
        raise NotConverged(
            f"The Lanczos method found {len(error.eigenvalues)} of {k} eigenvectors of a matrix on "
            f"{n} nodes in max_iter={max_iter} restarts; raise max_iter or lower n_components.") from error


def _gap_after(values: np.ndarray, k: int) -> float:
    """From value k - 1 to value k, relative to the larger in magnitude."""
    if len(values) <= k or not np.isfinite(values[k]):
        return float("nan")
    largest = np.abs(values[k - 1:k + 1]).max()
    return float(abs(values[k] - values[k - 1]) / largest) if largest else 0.0


class _Work:
    """Counts the steps of inner solvers, and lets `step` stop the work between them."""

    def __init__(self, step: Step | None) -> None:
        self.step, self.steps, self.found, self.stopped = step, 0, 0, False

    def tell(self, n_found: int) -> bool:
        """Between the blocks of the outer method."""
        self.found = n_found
        self.stopped = self.stopped or (self.step is not None and self.step(n_found))
        return self.stopped

    def count(self) -> bool:
        """After each step of the inner one; True: leave off."""
        self.steps += 1
        return self.tell(self.found)


def _eigh(A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return interruptible(lambda: np.linalg.eigh(A))


def _svd(A: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return interruptible(lambda: np.linalg.svd(A, full_matrices=False))


def _orthonormal(X: np.ndarray) -> np.ndarray:
    return interruptible(lambda: np.linalg.qr(X))[0]


def _centre_columns(X: np.ndarray) -> np.ndarray:
    return X - X.mean(axis=0)


def _fill(M: sparse.csr_array) -> tuple[bool, float]:
    """Whether a dense factor is the better one, and about how many bytes the factors take.

    Measured on neighbourhoods of points in 2, 3 and 10 dimensions, the sparse factors have 1.0 to 1.4 entries for each
    in the envelope of the matrix in reverse Cuthill-McKee order, and on large surfaces only about twice
    the square of its bandwidth times log2(n).
    """
    n = M.shape[0]
    order = reverse_cuthill_mckee(sparse.csr_matrix(M), symmetric_mode=True)
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    C = M.tocoo()
    width = np.zeros(n)
    np.maximum.at(width, place[C.row], place[C.row] - place[C.col])
    if n <= CHOLESKY_LIMIT and np.square(width).sum() > 0.02 * n**3:
        return True, 8.0 * n**2
    return False, 12 * min(1.4 * width.sum(), 2 * width.max() ** 2 * math.log2(n))


def _inverse_by_factors(M: sparse.csr_array, shift: float, dense: bool) -> Operator:
    """Solves (M + shift I) X = B among the centred vectors."""
    n = M.shape[0]
    solve: Operator
    if dense:
        full = M.toarray(order="F")
        full.flat[::n + 1] += shift
        factor = interruptible(lambda: cho_factor(full, lower=True, overwrite_a=True, check_finite=False))
        solve = partial(cho_solve, factor, check_finite=False)
    else:
        solve = _factors(sparse.csc_array(M + shift * sparse.eye_array(n)))
    if np.abs(M.sum(axis=1)).max() <= 1e-9 * np.abs(M.data).max(initial=0):  # constant vectors stay apart by themselves
        return lambda X: _centre_columns(solve(_centre_columns(X)))
    force = solve(np.ones((n, 1)))  # what holds a solution among the centred vectors

    def inverse(X: np.ndarray) -> np.ndarray:
        Y = solve(_centre_columns(X))
        return _centre_columns(Y - force * (Y.sum(axis=0) / force.sum()))

    return inverse


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
    _, s, Vt = _svd(B)
    V = np.zeros((n, k))
    V[1:] = Vt[::-1][:k].T
    V -= np.outer(h, 2 * (h @ V))
    values = s[::-1] ** 2
    residuals = np.linalg.norm(_project_apply(T, V) - V * values[:k], axis=0)
    return Eigenpairs(values[:k], V, residuals, _gap_after(values, k), 1, 0)


def _project_apply(T: np.ndarray | sparse.csr_array, V: np.ndarray) -> np.ndarray:
    """P_1 M V for V of centred columns."""
    MV = T.T @ (T @ V)
    return MV - MV.mean(axis=0)


def _inverses_by_symmetric_form(A: sparse.csr_array, tol: float, work: _Work, seed: int,
                                n_jobs: int) -> Iterator[Operator]:
    """The inverse of M: as exact as is mostly enough, then as exact as the bound asks."""
    S, null = symmetric_form(A)
    low = laplacian_vectors(A, 1, tol=0.05, seed=seed, step=work.tell, n_jobs=n_jobs)
    high, _ = largest_eigenpairs(-S, 1, tol=0.05, seed=seed, step=work.tell, n_jobs=n_jobs)
    first = max(low.values[0] - low.residuals[0], 0.5 * low.values[0])
    last = max(1 + (high.values + high.residuals).max(initial=0), first)
    if last > CHEBYSHEV_LIMIT * first:
        yield _by_symmetric_form(_laplacian_solver(S, null, work, n_jobs), null)
        return
    ratio = null.min() / null.max()  # of roots of degrees
    for loss in (ratio, ratio**2):
        accuracy = max(tol * loss * first / last, 1e-15)
        yield _by_symmetric_form(_chebyshev(S, null, first, last, accuracy, work, n_jobs), null)


def _by_symmetric_form(solve: Operator, null: np.ndarray) -> Operator:
    """T^-1 T^-T of `lle_vectors`, from what solves (I - S) X = B."""
    degree = null**2 / np.linalg.norm(null**2)
    root = null[:, None]

    def inverse(X: np.ndarray) -> np.ndarray:
        Y = root * solve(_centre_columns(X) / root)
        Y -= np.outer(degree, degree @ Y)
        return _centre_columns(solve(root * Y) / root)

    return inverse


def _laplacian_solver(S: sparse.csr_array, null: np.ndarray, work: _Work, n_jobs: int) -> Operator:
    """Solves (I - S) X = B across `null`, by conjugate gradients in float64."""
    product, across = Product(S, np.float64, n_jobs), _across(null)
    return lambda B: _conjugate_gradients(lambda X: X - product(X), across, across(B), work)


def _laplacian_factors(S: sparse.csr_array, null: np.ndarray) -> Operator:
    """Solves ((1 + SHIFT) I - S) X = B across `null`, by sparse factors."""
    solve, across = _factors(sparse.csc_array((1 + SHIFT) * sparse.eye_array(S.shape[0]) - S)), _across(null)
    return lambda B: across(solve(across(B)))


def _across(null: np.ndarray) -> Operator:
    """Takes out what vectors have of `null`, which has length 1."""
    return lambda X: X - np.outer(null, null @ X)


def _factors(M: sparse.csc_array) -> Operator:
    """Solves M X = B for M symmetric and positive definite."""
    M.indices, M.indptr = M.indices.astype(np.int32), M.indptr.astype(np.int32)
    return interruptible(lambda: splu(M, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0,
                                      options={"SymmetricMode": True})).solve


def _chebyshev(S: sparse.csr_array, null: np.ndarray, first: float, last: float, accuracy: float, work: _Work,
               n_jobs: int) -> Operator:
    """Solves (I - S) X = B, B across `null`, by the three-term recurrence for its eigenvalues in [first, last]."""
    middle, half = (last + first) / 2, max((last - first) / 2, 1e-6 * last)
    a_round = max(1e-6, 4 * float(np.finfo(np.float32).eps) * last / first)  # what float32 can do
    n_rounds = math.ceil(math.log(accuracy) / math.log(a_round))
    n_steps = math.ceil(math.acosh(accuracy ** (-1 / n_rounds)) / math.acosh(middle / half))
    single, double = Product(S, np.float32, n_jobs), Product(S, np.float64, n_jobs)

    def roughly(B: np.ndarray) -> np.ndarray:
        before, X, omega = aligned_zeros(*B.shape), aligned_empty(*B.shape), 2.0
        np.divide(B, middle, out=X)
        for _ in range(n_steps):
            omega = 1 / (1 - (half / middle) ** 2 * omega / 4)
            a = omega / middle
            single.recur(X, B, a, omega - a, 1 - omega, before)
            before, X = X, before
            if work.count():
                break
        return X

    def solve(B: np.ndarray) -> np.ndarray:
        X = roughly(B.astype(np.float32)).astype(np.float64)
        for _ in range(n_rounds - 1):
            R = double(X)  # S maps `null` to itself, so what X has of it cancels
            R -= X
            R += B
            X += roughly(R.astype(np.float32))
        X -= np.outer(null, null @ X)
        return X

    return solve


def _inverse_by_gradients(T: sparse.csr_array, work: _Work, n_jobs: int, *, is_root: bool = True) -> Operator:
    """Solves T^T T X = B, or T X = B, among the centred vectors, by conjugate gradients."""
    product, back = Product(T, np.float64, n_jobs), Product(transposed(T), np.float64, n_jobs) if is_root else None
    diagonal = np.asarray(T.multiply(T).sum(axis=0) if is_root else T.diagonal()).reshape(-1, 1)
    shift = 1e-10 * diagonal.max()
    c = 1 / (diagonal + shift)

    def shifted(X: np.ndarray) -> np.ndarray:
        Y = product(X)
        return _centre_columns(Y if back is None else back(Y)) + shift * X

    def precondition(R: np.ndarray) -> np.ndarray:
        Z = c * R
        return Z - c * (Z.sum(axis=0) / c.sum())  # stays among the centred vectors

    def inverse(X: np.ndarray) -> np.ndarray:
        return _conjugate_gradients(shifted, precondition, _centre_columns(X), work, most=MOST_GRADIENTS)

    return inverse


def _conjugate_gradients(apply: Operator, precondition: Operator, B: np.ndarray, work: _Work, *,
                         tol: float = 1e-11, most: int | None = None) -> np.ndarray:
    """Solve apply(X) = B, column by column, on the subspace that `precondition` maps to.

    Where `most` steps are far too few at the rate of the first tenth of them, the others are spared.
    """
    def dot(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
        return np.einsum("ij,ij->j", X, Y)

    R = B.copy()
    P = precondition(R)
    X, rho = np.zeros_like(B), dot(R, P)
    goal = tol**2 * rho
    max_steps = 20 * len(B) if most is None else min(most, 20 * len(B))
    for i in range(max_steps):
        left = rho > goal
        if not left.any() or work.count():
            return X
        if i == max_steps // 10 and most is not None:
            lost = np.log(tol**2 * rho[left] / goal[left])  # from 0 on to log(tol^2)
            if lost.max() > 0.02 * math.log(tol**2):
                max_steps = i
                break
        Q = apply(P)
        alpha = np.divide(rho, dot(P, Q), out=np.zeros_like(rho), where=left)
        X += alpha * P
        R -= alpha * Q
        Z = precondition(R)
        rho, last = np.where(left, dot(R, Z), rho), rho
        P = Z + np.divide(rho, last, out=np.zeros_like(rho), where=left) * P
    worst = np.sqrt(np.max(rho / np.maximum(goal, np.finfo(float).tiny))) * tol
    raise NotConverged(f"Conjugate gradients on {len(B)} nodes left a relative residual of {worst:.1e} after "
                       f"{max_steps} steps. The component has extreme bottlenecks or weights of extreme range: embed "
                       "its parts, or rescale the weights.")


def _rayleigh_ritz(product: Operator, back: Operator, V: np.ndarray,
                   k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The best vectors in the span of V, their values, ascending, and the residuals of the first k.

    By singular values of T V; `product` and `back` multiply by T and its transpose.
    """
    Q = _orthonormal(_centre_columns(V))
    TQ = product(Q)
    _, s, Rt = _svd(TQ)
    values, R = s[::-1] ** 2, Rt[::-1].T
    V = Q @ R
    MV = back(TQ @ R[:, :k])
    return values, V, np.linalg.norm(_centre_columns(MV) - V[:, :k] * values[:k], axis=0)
