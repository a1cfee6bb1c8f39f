"""GraRep: a factorisation for each number of steps, side by side."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from graphemb._parallel import Progress, ranges
from graphemb._product import transposed
from graphemb._validation import check_int, check_n_jobs, check_real, check_seed
from graphemb.estimators._base import Report, rms_factor, scale_rows
from graphemb.estimators._spectral import SpectralEmbedding
from graphemb.graph import Graph
from graphemb.proximity import BLOCK_ENTRIES, Rows, adjacency, inverse_power, multiply, one_way, transition


class GraRep(SpectralEmbedding):
    r"""Logarithms of k-step transition probabilities, for k = 1, 2, ..., each by its largest singular vectors.

    With transition probabilities :math:`P = D^{-1} A` and n nodes ([1]_, eq. 10 and algorithm 1)

    .. math:: X^k_{ij} = \max\Big(\log \frac{P^k_{ij}}{\sum_m P^k_{mj}} + \log \frac{n}{b},\; 0\Big)
              \approx U \Sigma V^T

    and the vectors of k are the rows of :math:`U \Sigma^{1/2}`. Those of all k stand side by side: near and far
    neighbourhoods keep columns of their own.

    Parameters
    ----------
    n_components : int, default=128
        Dimension of the vectors, shared by the numbers of steps; the first get one more where it cannot be equal.
    n_steps : int, default=4
        Largest k. Those past n_components have no column, and are left out.
    n_negative : int, default=1
        b, the negative samples of the skip-gram that is imitated; more of them make the matrices sparser.
    max_memory : int, default=2**32
        Bytes that a matrix may take; a graph that needs more is refused.
    row_norm : float, default=1.0
        Each row of each k is divided by this power of its length, and all by one number so that the
        root mean square length is 1.5. 1 is what the authors do.
    tol : float, default=0.1
        Largest residual of a singular vector, relative to its value (or 1 % of the largest).
    max_iter : int, default=300
        Most products of a matrix with a block of 16 vectors.
    n_jobs : int or None, default=None
        Threads.
    random_state : int, Generator, RandomState or None, default=None
        Seed of the start vectors.
    verbose : int, default=0
        1 shows progress on standard error.
    callbacks : sequence of callable, default=()
        Called with a `Tick`; one that returns True stops the solver at hand, and its vectors are the best so far.
    weight : str or None, default='weight'
        Edge attribute of NetworkX input that holds the weights.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_nodes, n_components), dtype=float32
        Isolated nodes, and sinks of a directed graph, are zero.
    n_iter_ : int
        Products with a block of vectors, the most for a k; 1 where the problems were solved densely.
    nodes_, graph_, vectors_, n_features_in_, feature_names_in_
        See `DeepWalk`.
    fit_report_ : dict
        Also `residuals`, `eigengap`, `n_iter`, of each k.

    See Also
    --------
    NetMF : One matrix for all numbers of steps, and a form for large graphs.

    Notes
    -----
    One matrix of n x n numbers in float32 is kept at a time. Of a directed graph, a node is described by where walks
    from it lead.

    A new node is folded in by its k-step probabilities :math:`p P^{k-1}`, through the logarithm, times
    :math:`V \Sigma^{-1/2}`. Edges between new nodes do not count.

    References
    ----------
    .. [1] Cao, Lu, Xu, "GraRep: learning graph representations with global structural information", CIKM 2015.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import GraRep
    >>> GraRep(n_components=8, n_steps=2, random_state=0).fit_transform(nx.karate_club_graph()).shape
    (34, 8)
    """

    def __init__(self, n_components: int = 128, *, n_steps: int = 4, n_negative: int = 1, max_memory: int = 2**32,
                 row_norm: float = 1.0, tol: float = 0.1, max_iter: int = 300, n_jobs: int | None = None,
                 random_state: Any = None, verbose: int = 0, callbacks: Any = (),
                 weight: str | None = "weight") -> None:
        self.n_components = n_components
        self.n_steps = n_steps
        self.n_negative = n_negative
        self.max_memory = max_memory
        self.row_norm = row_norm
        self.tol = tol
        self.max_iter = max_iter
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.callbacks = callbacks
        self.weight = weight

    def _validate(self) -> None:
        super()._validate()
        check_int("n_steps", self.n_steps, 1)
        check_int("n_negative", self.n_negative, 1)
        check_int("max_memory", self.max_memory, 2**20)
        check_real("row_norm", self.row_norm, 0, 1)

    def _embed(self, graph: Graph, report: Report) -> np.ndarray:
        seed, n_jobs, n = check_seed(self.random_state), check_n_jobs(self.n_jobs), graph.n_nodes
        if 4 * n**2 > self.max_memory:
            raise ValueError(f"GraRep needs {4 * n**2 / 2**30:.1f} GiB for its matrix of {n} x {n} numbers, more than "
                             f"max_memory={self.max_memory}. Raise it, or use NetMF(method='sampled').")
        A = adjacency(graph)
        P = transition(A)
        self._Pt = transposed(P).astype(np.float32)
        self._scales: list[np.ndarray] = []
        self._projections: list[np.ndarray] = []
        parts, solved = [], []
        reached = np.ones(n)
        for k, width in enumerate(self._widths(), 1):
            reached = P.T @ reached  # column sums of P^k
            # beyond float32 where no probability of the column is within it either: such a column is zero
            scales = np.minimum(inverse_power(reached) * n / self.n_negative, np.finfo(np.float32).max)
            self._scales.append(scales.astype(np.float32))
            progress = Progress(f"matrix {k}/{len(self._widths())}", n, int(self.verbose))
            X = Rows(n, partial(self._log_block, P, k, n_jobs), progress.update)
            found = self._factorise(X, report, seed, k=width, stage=f"singular vectors {k}/{len(self._widths())}")
            solved.append({name: report.pop(name) for name in ("residuals", "eigengap", "n_iter")})
            root = np.sqrt(found.values)
            Y = np.where(A.sum(axis=1)[:, None] > 0, found.left * root, 0)
            parts.append(np.pad(scale_rows(Y, self.row_norm), ((0, 0), (0, width - Y.shape[1]))))
            self._projections.append(np.pad((found.right / root).astype(np.float32),
                                            ((0, 0), (0, width - Y.shape[1]))))
        report.update({name: [each[name] for each in solved] for name in solved[0]})
        self.n_iter_ = max(report["n_iter"])
        Z = np.concatenate(parts, axis=1)
        self._factor = rms_factor(Z)
        return Z * self._factor

    def _fold_in(self, enlarged: Graph, n_fitted: int) -> np.ndarray:
        P = transition(one_way(adjacency(enlarged), n_fitted))
        parts = []
        for k, projection in enumerate(self._projections, 1):
            Y = np.empty((P.shape[0], projection.shape[1]), np.float32)
            for start, stop in ranges(P.shape[0], max(1, BLOCK_ENTRIES // n_fitted)):
                Y[start:stop] = self._log_rows(P[start:stop], k, check_n_jobs(self.n_jobs)) @ projection
            parts.append(scale_rows(Y, self.row_norm))
        return np.concatenate(parts, axis=1) * self._factor

    def _widths(self) -> list[int]:
        """Columns of each k."""
        return [len(part) for part in np.array_split(np.arange(self.n_components),
                                                        min(self.n_steps, self.n_components))]

    def _log_block(self, P: sparse.csr_array, k: int, n_jobs: int, start: int, stop: int) -> np.ndarray:
        return self._log_rows(P[start:stop], k, n_jobs)

    def _log_rows(self, first: sparse.csr_array, k: int, n_jobs: int) -> np.ndarray:
        """Rows of X^k of nodes with the transition probabilities `first`."""
        steps = first.toarray().T.astype(np.float32)
        for _ in range(k - 1):
            steps = multiply(self._Pt, steps, n_jobs)
        rows = steps.T * self._scales[k - 1]
        np.maximum(rows, 1, out=rows)
        return np.log(rows, out=rows)
