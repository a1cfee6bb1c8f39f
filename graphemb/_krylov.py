"""A few eigenpairs of a symmetric operator, by a block Krylov method with thick restarts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.linalg import qr

from graphemb._aligned import aligned_empty
from graphemb._parallel import interruptible

BLOCK = 16
"""Vectors multiplied at a time, where as many are wanted."""
BASIS_ENTRIES = 2**28
"""Numbers in the basis, past which it is cut to what the method needs: 1 GiB in float32."""
GROWTH = 1.1
"""The basis grows by this factor from the first look at the residuals to the second; each costs its size cubed."""

Operator = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class RitzPairs:
    """What `block_krylov` found.

    Attributes
    ----------
    values : ndarray of shape (k,), dtype=float64
        In the order of `select`.
    vectors : ndarray of shape (n, k), dtype as the basis
        Orthonormal columns.
    images : ndarray of shape (n, k)
        The operator times the vectors, at no product more.
    n_steps : int
        Blocks the operator was applied to.
    converged : bool
        Whether all residuals are within `limit`.
    stopped : bool
        Whether `step` asked to stop.
    """

    values: np.ndarray
    vectors: np.ndarray
    images: np.ndarray
    n_steps: int
    converged: bool
    stopped: bool


def basis_size(n: int, k: int, largest: int = BLOCK) -> tuple[int, int] | None:
    """Vectors in a block and in the basis for k pairs of n; None where a dense solver is the better one."""
    block = min(largest, max(8, -(-k // 32) * 8))
    least = 2 * k + 2 * block
    if least + block > n // 2:
        return None
    most = max(8 * k, 12 * block)
    basis = max(least, min(most, n // 2 - block, BASIS_ENTRIES // n))
    return block, basis // block * block


def block_krylov(apply: Operator, n: int, k: int, select: Callable[[np.ndarray], np.ndarray],
                 limit: Callable[[np.ndarray], np.ndarray], *, dtype: type = np.float32, largest_block: int = BLOCK,
                 max_steps: int, seed: int, step: Callable[[int], bool] = lambda n_converged: False) -> RitzPairs:
    """Eigenpairs at the ends of the spectrum of a symmetric operator.

    Parameters
    ----------
    apply : callable
        From an array of shape (n, b) and `dtype`, C-contiguous, to the operator times it.
    n : int
    k : int
        Eigenpairs wanted; `basis_size(n, k)` must not be None.
    select : callable
        From all Ritz values, ascending, to their indices in the order in which they are wanted.
    limit : callable
        From the values of the k pairs to the largest residual that each may have.
    dtype : type, default=float32
        Of the basis; the small eigenproblems are float64.
    largest_block : int, default=BLOCK
        Most vectors multiplied at a time. Smaller blocks need fewer vectors in all; it pays where the operator
        is dear.
    max_steps : int
        Most blocks the operator is applied to.
    seed : int
        Of the first block.
    step : callable, optional
        Called after every block with the number of pairs found so far; True ends the work.

    Returns
    -------
    RitzPairs
        The best there is, converged or not.

    Notes
    -----
    Each block is orthogonalised against the whole basis, so the projected matrix is known whatever the basis
    holds, and after a restart with Ritz vectors ([1]_) the same loop goes on. The method is Krylov-Schur, in
    blocks: a product with 16 vectors costs a few times one with a single vector, and all else is level-3 BLAS.

    References
    ----------
    .. [1] Wu and Simon, "Thick-restart Lanczos method for large symmetric eigenvalue problems", SIAM Journal on
       Matrix Analysis and Applications 22, 2000.
    """
    size = basis_size(n, k, largest_block)
    if size is None:
        raise ValueError(f"{k} eigenpairs of an operator on {n} nodes need a dense solver.")
    block, basis = size
    rng = np.random.default_rng(seed)
    Q: np.ndarray = np.empty((basis + block, n), dtype)  # a basis vector a row
    X = aligned_empty(n, block, dtype)
    H = np.zeros((basis, basis))  # Q A Q^T
    Q[:block] = qr(rng.standard_normal((n, block)), mode="economic")[0].T
    used = n_steps = n_found = last_look = 0
    scale, look, last_excess = 0.0, 3.0 * k, 0.0
    while True:
        stopped = False
        while used + block <= basis and used < look and not stopped and n_steps < max_steps:
            old, new = slice(0, used + block), slice(used, used + block)
            X[:] = Q[new].T
            Z = np.ascontiguousarray(apply(X).T)
            scale = max(scale, float(_lengths(Z).max()))
            # Mostly only the last blocks are in Z; once they are out, a pass over all blocks takes out the rest.
            # Where it shortens Z, as after a restart, what is left holds rounding of what was taken out.
            C: np.ndarray = np.zeros((used + block, block), dtype)
            recent = slice(max(used - block, 0), used + block)
            C[recent] = _project_out(Z, Q[recent])
            length = _lengths(Z)
            C += _project_out(Z, Q[old])
            if (_lengths(Z) < 0.5 * length).any():
                C += _project_out(Z, Q[old])
            more, L, again = _orthonormal(Z, Q[old], scale, rng)
            C += again
            H[old, new] = C
            H[new, old] = C.T
            Q[used + block:used + 2 * block] = more
            used += block
            n_steps += 1
            stopped = step(n_found)
        G = (H[:used, :used] + H[:used, :used].T) / 2
        values, S = interruptible(partial(np.linalg.eigh, G))
        order = select(values)
        # A q = Q^T (H s) + (next block) L^T s
        edge = L.T @ S[used - block:used]
        residuals = np.linalg.norm(edge, axis=0)
        best = order[:k]
        allowed = limit(values[best])
        done = residuals[best] <= allowed
        n_found = int(done.sum())
        if done.all() or stopped or n_steps >= max_steps:
            S, edge = S[:, best].astype(dtype), edge[:, best].astype(dtype)
            vectors = interruptible(partial(np.matmul, Q[:used].T, S))
            images = vectors * values[best].astype(dtype) + Q[used:used + block].T @ edge
            return RitzPairs(values[best], vectors, images, n_steps, bool(done.all()), stopped)
        # the next look is a little before all should be found at the rate since the last one
        ahead = (GROWTH - 1) * used
        excess = float(np.max(residuals[best] / np.maximum(allowed, np.finfo(float).tiny)))
        if 1 < excess < last_excess:
            n_left = math.log(excess) / math.log(last_excess / excess) * (n_steps - last_look)
            ahead = min(max(0.8 * n_left * block, 0.04 * used), 0.5 * used)
        last_look, last_excess = n_steps, excess
        look = used + ahead
        if used + block <= basis:
            continue

        keep = order[:k + (basis - k) // (4 * block) * block]
        m = len(keep)
        Q[:m] = interruptible(partial(np.matmul, S[:, keep].astype(dtype).T, Q[:used]))
        Q[m:m + block] = Q[used:used + block]
        H[:] = 0
        H[np.arange(m), np.arange(m)] = values[keep]
        used, look = m, m + ahead


def _lengths(rows: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("ij,ij->i", rows, rows))


def _project_out(Z: np.ndarray, Q: np.ndarray) -> np.ndarray:
    """Take the rows of Q out of those of Z, in place; return Q Z^T."""
    C = Q @ Z.T
    Z -= C.T @ Q
    return C


def _orthonormal(Z: np.ndarray, Q: np.ndarray, scale: float,
                 rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows orthonormal to each other and to Q, and L, C with Z = L (rows) + C^T Q.

    Where Z has (nearly) fewer dimensions than rows, random rows fill up; L does not reach them.
    """
    none = np.zeros((len(Q), len(Z)), Z.dtype)
    L = _cholesky((Z @ Z.T).astype(np.float64))
    # Cholesky loses the square of this ratio in orthogonality, so it is for well-conditioned blocks
    if L is not None and np.diag(L).min() > 0.1 * np.diag(L).max() and np.diag(L).min() > 1e-3 * scale:
        return np.linalg.inv(L).astype(Z.dtype) @ Z, L, none
    C = _project_out(Z, Q)
    W, R, column = qr(Z.T, mode="economic", pivoting=True)
    n_good = int(np.sum(np.abs(np.diag(R)) > 100 * np.finfo(Z.dtype).eps * scale))
    L = np.zeros((len(Z), len(Z)))
    L[column, :n_good] = R.T[:, :n_good]
    # the smaller a row was, the more of Q rounding has left in it; in C that is lost in rounding again
    rows = np.ascontiguousarray(W.T[:n_good])
    _project_out(rows, Q)
    W, R = qr(rows.T, mode="economic")
    L[:, :n_good] = L[:, :n_good] @ R.T
    rows = np.ascontiguousarray(W.T)
    fill = rng.standard_normal((len(Z) - n_good, Z.shape[1])).astype(Z.dtype)
    for _ in range(2):
        _project_out(fill, Q)
        _project_out(fill, rows)
        fill = np.ascontiguousarray(qr(fill.T, mode="economic")[0].T)
    return np.concatenate([rows, fill]), L, C


def _cholesky(G: np.ndarray) -> np.ndarray | None:
    try:
        return np.linalg.cholesky(G)
    except np.linalg.LinAlgError:
        return None
