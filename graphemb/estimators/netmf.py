"""NetMF: the matrix that DeepWalk factorises, factorised."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator

from graphemb._parallel import Progress, map_ordered, ranges
from graphemb._product import transposed
from graphemb._random import stream_key
from graphemb._validation import check_choice, check_int, check_n_jobs, check_real, check_seed
from graphemb.estimators._base import Report, rms_factor, scale_rows
from graphemb.estimators._spectral import SpectralEmbedding
from graphemb.graph import Graph
from graphemb.proximity import (
    BLOCK_ENTRIES,
    Product,
    Triangle,
    adjacency,
    entry_ranges,
    inverse_power,
    normalised,
    one_way,
    power_sum,
    transition,
    truncated_log,
)
from graphemb.spectrum import largest_eigenpairs
from graphemb.walks import WalkSampler

BYTES_PER_PAIR = 40
"""Memory that a sampled pair may take: counted, transposed, added."""
EXACT_WORK = 2e10
"""Multiplications of the exact matrix up to which ``method='auto'`` takes it: some seconds."""
MOST_WALKS_PER_ARC = 64
"""Sampled walks from an arc, past which more of them change little."""
WALKS_AT_ONCE = 2**17
TESTED_ROWS = 32


class NetMF(SpectralEmbedding):
    r"""The logarithm of the average of a random walk's transition powers, by its largest singular vectors.

    With :math:`P = D^{-1} A`, the volume vol = sum of the degrees, window T and b negatives

    .. math:: M = \frac{vol}{b T} \Big(\sum_{r=1}^{T} P^r\Big) D^{-1}, \qquad
              \log \max(M, 1) \approx U_d \Sigma_d V_d^T

    and the vectors are the rows of :math:`U_d \Sigma_d^{1/2}` ([1]_, eq. 9, algorithms 3 and 4): what DeepWalk
    converges to, without walks.

    Parameters
    ----------
    n_components : int, default=128
        Dimension of the vectors.
    window : int, default=10
        T: nodes that a walk joins in at most this many steps are near.
    n_negative : int, default=1
        b, the negative samples of the skip-gram that is imitated; more of them make the matrix sparser.
    method : {'auto', 'exact', 'spectral', 'sampled'}, default='auto'
        How M is come by. ``'exact'``: all powers, by blocks of rows. ``'spectral'``: the first power exactly, the
        others from `rank` eigenpairs ([1]_, algorithm 4, with the first power kept). ``'sampled'``: a sparse
        matrix with the first power exactly and the others from random walks [2]_. ``'auto'`` takes the first of
        these that a few seconds, and then `max_memory`, allow.
    rank : int, default=256
        Eigenpairs of ``'spectral'``.
    max_memory : int, default=2**32
        Bytes that M may take: decides ``'auto'``, and how many walks ``'sampled'`` can keep.
    shrinkage : float, default=10.0
        Sampled pairs that chance is given ahead, where sampled: a pair seen k times of :math:`\lambda` expected of
        independent nodes has :math:`(k + s) / (\lambda + s)` for its entry. 0 takes counts as they are, as [2]_ does,
        and asks for a hundred times the samples.
    row_norm : float, default=0.5
        Each row is divided by this power of its length, and all by one number so that the root mean square
        length is 1.5. 0 leaves the paper's vectors, whose inner products are entries of the matrix, as they are.
    tol : float, default=0.1
        Largest residual of a singular vector, relative to its value (or 1 % of the largest).
    max_iter : int, default=300
        Most products of the matrix with a block of 16 vectors.
    n_jobs : int or None, default=None
        Threads.
    random_state : int, Generator, RandomState or None, default=None
        Seed of the start vectors, and of the walks.
    verbose : int, default=0
        1 shows progress on standard error.
    callbacks : sequence of callable, default=()
        Called with a `Tick`; one that returns True stops the solver, and the vectors are its best so far.
    weight : str or None, default='weight'
        Edge attribute of NetworkX input that holds the weights.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_nodes, n_components), dtype=float32
        Columns by falling singular value; isolated nodes are zero.
    singular_values_ : ndarray of shape (n_found,), dtype=float64
    n_iter_ : int
        Products with a block of vectors; 1 where the problem was solved densely.
    nodes_, graph_, vectors_, n_features_in_, feature_names_in_
        See `DeepWalk`.
    fit_report_ : dict
        Also `method` (what was taken), `error` (of the logarithm of M, relative, in Frobenius norm, on some random
        rows compared with the exact ones), `residuals`, `eigengap`, `n_iter`, and `n_pairs` where sampled.

    Notes
    -----
    Directed graphs are symmetrised, A + A^T: the matrix is derived for undirected ones.

    Where sampled, a walk begins at a node in proportion to its degree and pairs it with those it meets after
    2 .. T steps; so many walks are made as `max_memory` holds, at most 64 for each arc. A rare pair is mostly not
    sampled, and would have a much too large entry where it is; `shrinkage`, the mean of a gamma posterior, draws
    entries to those of independent nodes, whose logarithm is zero and takes no memory. On BlogCatalog with 13
    million pairs that makes a micro-F1 of 29 one of 41.5.

    A new node is folded in by the row that its edges give it, :math:`p (I + P + \dots + P^{T-1}) D^{-1}` for
    transition probabilities p, through the logarithm, times :math:`V_d \Sigma_d^{-1/2}`. Edges between new nodes do
    not count.

    References
    ----------
    .. [1] Qiu, Dong, Ma, Li, Wang, Tang, "Network embedding as matrix factorization: unifying DeepWalk, LINE,
       PTE, and node2vec", WSDM 2018.
    .. [2] Qiu, Dong, Ma, Li, Wang, Wang, Tang, "NetSMF: large-scale network embedding as sparse matrix
       factorization", WWW 2019, section 3.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import NetMF
    >>> model = NetMF(n_components=8, window=3, random_state=0).fit(nx.karate_club_graph())
    >>> model.embedding_.shape, model.fit_report_["method"], model.fit_report_["error"] < 1e-5
    ((34, 8), 'exact', True)
    """

    def __init__(self, n_components: int = 128, *, window: int = 10, n_negative: int = 1, method: str = "auto",
                 rank: int = 256, max_memory: int = 2**32, shrinkage: float = 10.0, row_norm: float = 0.5,
                 tol: float = 0.1, max_iter: int = 300, n_jobs: int | None = None, random_state: Any = None,
                 verbose: int = 0, callbacks: Any = (), weight: str | None = "weight") -> None:
        self.n_components = n_components
        self.window = window
        self.n_negative = n_negative
        self.method = method
        self.rank = rank
        self.max_memory = max_memory
        self.shrinkage = shrinkage
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
        check_int("window", self.window, 1, 1000)
        check_int("n_negative", self.n_negative, 1)
        check_choice("method", self.method, ("auto", "exact", "spectral", "sampled"))
        check_int("rank", self.rank, 1)
        check_int("max_memory", self.max_memory, 2**20)
        check_real("shrinkage", self.shrinkage, 0)
        check_real("row_norm", self.row_norm, 0, 1)

    def _embed(self, graph: Graph, report: Report) -> np.ndarray:
        seed, n_jobs = check_seed(self.random_state), check_n_jobs(self.n_jobs)
        A = adjacency(graph, symmetric=True)
        if A.nnz:  # M does not change with the unit of the weights; by a power of 4, nor does one bit of it
            A.data *= 4.0 ** -round(math.log(A.data.mean(), 4))
        degree = A.sum(axis=1)
        self._S = normalised(A).astype(np.float32)
        self._root = inverse_power(degree, 0.5).astype(np.float32)
        self._scale = np.float32(degree.sum() / (self.n_negative * self.window))
        method = self._choose(graph.n_nodes, A.nnz)
        M: LinearOperator
        if method == "sampled":
            M = self._sampled(A, seed, n_jobs, report)
        else:
            rows = self._exact_rows if method == "exact" else self._spectral_rows(seed)
            progress = Progress("matrix", graph.n_nodes, int(self.verbose))
            M = Triangle(graph.n_nodes, lambda start, stop: truncated_log(rows(start, stop, n_jobs)), progress.update)
        report.update(method=method, error=self._error(M, seed, n_jobs))
        found = self._factorise(M, report, seed, symmetric=True)
        self.singular_values_ = found.values
        # a row of the matrix times this is its row of U_d Sigma_d^(1/2)
        self._projection = (found.right / np.sqrt(found.values)).astype(np.float32)
        Y = scale_rows(found.left * np.sqrt(found.values), self.row_norm)
        Y[degree == 0] = 0
        self._factor = rms_factor(Y) if self.row_norm else 1.0
        return Y * self._factor

    def _fold_in(self, enlarged: Graph, n_fitted: int) -> np.ndarray:
        n_jobs = check_n_jobs(self.n_jobs)
        P = transition(one_way(adjacency(enlarged, symmetric=True), n_fitted))
        Y = np.empty((P.shape[0], self._projection.shape[1]), np.float32)
        for start, stop in ranges(P.shape[0], max(1, BLOCK_ENTRIES // n_fitted)):
            first = (P[start:stop].toarray() * self._root).T.astype(np.float32)
            powers = power_sum(self._S, first, self.window, n_jobs).T
            Y[start:stop] = truncated_log(powers * (self._scale * self._root)) @ self._projection
        return scale_rows(Y, self.row_norm) * self._factor

    def _scheme(self, graph: Graph) -> tuple[str, dict[str, Any]]:
        method = self._choose(graph.n_nodes, len(graph.indices))
        return f"method={method!r}", {"method": method}

    def _choose(self, n: int, nnz: int) -> str:
        if self.method != "auto":
            return self.method
        if 2 * n**2 > self.max_memory:  # half of a float32 matrix
            return "sampled"
        return "exact" if n * nnz * self.window <= EXACT_WORK else "spectral"

    def _exact_rows(self, start: int, stop: int, n_jobs: int) -> np.ndarray:
        """Rows of M from column `start` on."""
        first = self._S[start:stop].toarray().T
        powers = power_sum(self._S, first, self.window, n_jobs).T[:, start:]
        powers *= self._root[start:]
        powers *= self._scale * self._root[start:stop, None]
        return powers

    def _spectral_rows(self, seed: int) -> Callable[[int, int, int], np.ndarray]:
        """The same with S^2 + ... + S^T from the eigenpairs of S."""
        with self._solving("eigenvectors") as step:
            pairs, _ = largest_eigenpairs(self._S, self.rank, which="magnitude", tol=self.tol, max_iter=self.max_iter,
                                          seed=seed, step=step)
        U = pairs.vectors.astype(np.float32)
        filtered = sum((pairs.values**r for r in range(2, self.window + 1)), np.zeros(len(pairs.values)))
        weighted = U * filtered.astype(np.float32)

        def rows(start: int, stop: int, n_jobs: int) -> np.ndarray:
            powers = weighted[start:stop] @ U[start:].T
            powers += self._S[start:stop, start:].toarray()
            powers *= self._root[start:]
            powers *= self._scale * self._root[start:stop, None]
            return powers

        return rows

    def _sampled(self, A: sparse.csr_array, seed: int, n_jobs: int, report: Report) -> Product:
        """log max(M, 1) with counts of sampled pairs for all powers but the first."""
        degree = A.sum(axis=1)
        n_walks = 0
        if self.window > 1:
            n_walks = min(MOST_WALKS_PER_ARC * A.nnz, self.max_memory // (BYTES_PER_PAIR * (self.window - 1)))
        C = self._pairs(A, n_walks, seed, n_jobs)
        Ct = transposed(C)
        inverse, volume, prior = inverse_power(degree), degree.sum(), max(float(self.shrinkage), 1e-9)
        null = 2 * n_walks * (self.window - 1) / max(volume, 1e-300) ** 2
        logs = []
        for start, stop in entry_ranges(C.indptr + Ct.indptr + A.indptr, 2**21):
            # counts of the pairs, and weights of the edges beside them
            part = (C[start:stop] + Ct[start:stop] + 1j * A[start:stop]).tocsr()
            row = np.repeat(np.arange(start, stop), np.diff(part.indptr))
            expected = null * degree[row] * degree[part.indices]
            later = (part.data.real + prior) / (expected + prior)
            first = part.data.imag * volume * inverse[row] * inverse[part.indices]
            M = (first + (self.window - 1) * later) / (self.n_negative * self.window)
            part = sparse.csr_array((truncated_log(M).astype(np.float32), part.indices, part.indptr), shape=part.shape)
            part.eliminate_zeros()
            logs.append(part)
        report["n_pairs"] = n_walks * (self.window - 1)
        return Product(sparse.vstack(logs, format="csr"), n_jobs, symmetric=True)

    def _pairs(self, A: sparse.csr_array, n_walks: int, seed: int, n_jobs: int) -> sparse.csr_array:
        """How often walks meet v after 2 .. window steps, in the row of the node that they begin at."""
        n = A.shape[0]
        ends = np.cumsum(A.sum(axis=1))
        sampler = WalkSampler(Graph.from_scipy(A, directed=False), 1.0, 1.0, seed, n_jobs)
        offset = np.random.default_rng(stream_key(seed, "starts")).random()

        def count(walks_of: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
            ids = np.arange(*walks_of, dtype=np.int64)
            starts = np.searchsorted(ends, (ids + offset) / n_walks * ends[-1], side="right")
            walks = np.empty((len(ids), self.window + 1), np.int32)
            sampler.fill(ids, starts.astype(np.int32), walks)
            return np.unique((starts[:, None] * n + walks[:, 2:]).ravel(), return_counts=True)

        progress = Progress("walks", n_walks, int(self.verbose))
        counted = np.zeros(n, np.int64)
        columns, data = [np.empty(0, np.int32)], [np.empty(0, np.float32)]
        for keys, counts in map_ordered(count, ranges(n_walks, WALKS_AT_ONCE), n_jobs):
            counted += np.bincount(keys // n, minlength=n)
            columns.append((keys % n).astype(np.int32))
            data.append(counts.astype(np.float32))
            progress.update(min(WALKS_AT_ONCE, n_walks - progress.done))
        indptr = np.r_[0, np.cumsum(counted)]
        # starts ascend, so the pieces are the rows in order
        C = sparse.csr_array((np.concatenate(data), np.concatenate(columns), indptr), shape=(n, n))
        C.sum_duplicates()
        return C

    def _error(self, M: LinearOperator, seed: int, n_jobs: int) -> float:
        """Relative error of some rows of M, in Frobenius norm."""
        rng = np.random.default_rng(stream_key(seed, "tested rows"))
        linked = np.flatnonzero(self._root)
        if not len(linked):
            return 0.0
        rows = rng.choice(linked, min(TESTED_ROWS, len(linked)), replace=False)
        first = self._S[rows].toarray().T
        powers = power_sum(self._S, first, self.window, n_jobs)
        exact = truncated_log(powers * self._root[:, None] * (self._scale * self._root[rows]))
        unit = np.zeros((len(self._root), len(rows)), np.float32)
        unit[rows, np.arange(len(rows))] = 1
        norm = float(np.linalg.norm(exact))
        return float(np.linalg.norm(M.matmat(unit) - exact)) / norm if norm else 0.0
