"""Locally Linear Embedding of a graph."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from scipy import sparse

from graphemb._validation import check_choice, check_int, check_real, check_seed
from graphemb.estimators._base import Report
from graphemb.estimators._spectral import SpectralEmbedding, components_of, warn_of_components
from graphemb.graph import Graph
from graphemb.spectrum import fix_signs, lle_vectors, row_normalised


class LocallyLinearEmbedding(SpectralEmbedding):
    r"""Vectors in which every node is close to the average of its neighbours.

    With the weights of the graph normalised to :math:`\sum_j W_{ij} = 1`, the vectors are the minimum of

    .. math:: \sum_i \| y_i - \sum_j W_{ij} y_j \|^2

    among centred, uncorrelated coordinates: eigenvectors of :math:`M = (I - W)^T (I - W)` above the
    constant one. They are exact, up to `tol`.

    Parameters
    ----------
    n_components : int, default=2
        Dimension of the vectors.
    n_neighbors : None
        A node's neighbours are its neighbours in the graph. An int, for the nearest among points in space,
        raises NotImplementedError.
    method : {'standard'}, default='standard'
        The reconstruction cost above.
    reg : float, default=1e-3
        Regularisation of weights fitted to points; without effect on a graph, which brings its weights.
    tol : float, default=1e-6
        Largest residual of an eigenvector, relative to its eigenvalue.
    max_iter : int, default=300
        Most restarts of the Lanczos method, which solves components above 1000 nodes.
    n_jobs : int or None, default=None
        Unused: the solver runs in one thread, besides those of BLAS.
    random_state : int, Generator, RandomState or None, default=None
        Seed of the Lanczos start vector. It shows in the result only where eigenvalues coincide.
    verbose : int, default=0
        1 writes the progress of the solver to standard error.
    callbacks : sequence of callable, default=()
        Unused: there is no partial result to hand out.
    weight : str or None, default='weight'
        Edge attribute of NetworkX input that holds the weights.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_nodes, n_components), dtype=float32
        Each (weakly) connected component is embedded by itself, in the same columns: one of s nodes fills
        min(n_components, s - 1) of them, and the mean square of each over its nodes is 1 / n_nodes.
        So the columns of a connected graph have unit norm. The entry of largest magnitude of a column of a
        component is positive. Isolated nodes are zero.
    eigenvalues_ : ndarray of shape (n_embedded_components, n_components), dtype=float64
        Reconstruction cost of each column on each component of two nodes or more, largest component first,
        for columns of unit norm; NaN past the columns it fills.
    reconstruction_error_ : float
        :math:`\|Y - W Y\|^2` of `embedding_`.
    n_iter_ : int
        Applications of the inverse operator, the most over components; 1 where all were solved densely.
    nodes_, graph_, vectors_, n_features_in_, feature_names_in_
        See `DeepWalk`.
    fit_report_ : dict
        Also `n_graph_components`, `component_sizes`, and for each component in `eigenvalues_`:
        `residuals` (the largest, relative to its eigenvalue), `eigengaps` (from the last column to the next
        that was left out, relative; near 0 the last columns are one choice among many; NaN where none was
        left out), `n_iter`, `n_solver_iter`.

    See Also
    --------
    sklearn.manifold.LocallyLinearEmbedding : Of points in space.

    Notes
    -----
    The weights of [1]_ are fitted to points; here they are the row-normalised adjacency matrix, so the cost
    is that of [2]_'s harmonic functions rather than of a patch of a surface.

    A node without an edge to another one has nothing to be the average of: its row of W is zero and its
    cost :math:`\|y\|^2`, a pull to the centre of its component. In a directed graph this befalls every sink.

    In a directed graph with several sets of nodes that no edge leaves, some costs are zero, and their
    vectors are one choice among many.

    A node is folded in where it minimises the cost of the graph with it in, the fitted vectors held fixed,
    under the same constraint: with W' the weights after its edges are added and :math:`\lambda` the
    eigenvalue of the column,

    .. math:: y_x \big(1 + \sum_k W'^2_{kx} - \lambda\big)
        = \sum_j W'_{xj} y_j + \sum_k W'_{kx} \big(y_k - \sum_{j \neq x} W'_{kj} y_j\big)

    where :math:`\lambda` counts for at most half of :math:`1 + \sum_k W'^2_{kx}`, which keeps the factor away
    from zero on dense graphs. Each new node is folded in as if it were the only one.

    References
    ----------
    .. [1] Roweis and Saul, "Nonlinear dimensionality reduction by locally linear embedding",
       Science 290, 2000, equations 1 and 2.
    .. [2] Belkin and Niyogi, "Laplacian eigenmaps for dimensionality reduction and data
       representation", Neural Computation 15, 2003, section 5.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb.estimators.lle import LocallyLinearEmbedding
    >>> Z = LocallyLinearEmbedding(n_components=2).fit_transform(nx.cycle_graph(8))
    >>> Z.shape
    (8, 2)
    >>> (Z ** 2).sum(axis=1).round(3).tolist()  # a circle
    [0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25]
    """

    def __init__(self, n_components: int = 2, *, n_neighbors: int | None = None, method: str = "standard",
                 reg: float = 1e-3, tol: float = 1e-6, max_iter: int = 300, n_jobs: int | None = None,
                 random_state: Any = None, verbose: int = 0, callbacks: Any = (),
                 weight: str | None = "weight") -> None:
        self.n_components = n_components
        self.n_neighbors = n_neighbors
        self.method = method
        self.reg = reg
        self.tol = tol
        self.max_iter = max_iter
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.callbacks = callbacks
        self.weight = weight

    def _validate(self) -> None:
        super()._validate()
        if self.n_neighbors is not None:
            check_int("n_neighbors", self.n_neighbors, 1)
            raise NotImplementedError(
                f"n_neighbors={self.n_neighbors} asks for the nearest among points in space, which is not "
                "there yet; pass n_neighbors=None and a graph, or use scikit-learn's class of that name.")
        check_choice("method", self.method, ["standard"])
        check_real("reg", self.reg, 0)

    def _embed(self, graph: Graph, report: Report) -> np.ndarray:
        d, n = self.n_components, graph.n_nodes
        seed = check_seed(self.random_state)
        A = sparse.csr_array(graph.to_scipy(), dtype=np.float64)
        members = components_of(A)
        embedded = [rows for rows in members if len(rows) > 1]
        warn_of_components(report, len(members), len(members) - len(embedded))

        Y = np.zeros((n, d))
        values = np.full((len(embedded), d), np.nan)
        order = np.concatenate(members)
        A = A[order][:, order]  # block diagonal
        start, found = 0, []
        for i, rows in enumerate(embedded):
            block = slice(start, start := start + len(rows))
            pairs = lle_vectors(A[block, block], d, directed=graph.directed, tol=self.tol,
                                max_iter=self.max_iter, seed=seed, progress=self._progress(i, len(embedded)))
            k = len(pairs.values)
            # columns as the caller's node order has them, whatever the solver's
            Y[rows, :k] = fix_signs(pairs.vectors) * np.sqrt(len(rows) / n)
            values[i, :k] = pairs.values
            found.append(pairs)

        relative = [float(np.max(p.residuals / np.maximum(p.values, np.finfo(float).tiny))) for p in found]
        report.update(
            n_graph_components=len(members), component_sizes=[len(rows) for rows in members],
            residuals=relative, eigengaps=[p.gap for p in found], n_iter=[p.n_iter for p in found],
            n_solver_iter=[p.n_solver_iter for p in found])
        self.eigenvalues_ = values
        self.n_iter_ = max((p.n_iter for p in found), default=1)
        W = row_normalised(graph.to_scipy())
        self.reconstruction_error_ = float(np.square(Y - W @ Y).sum())
        self._component = np.full(n, -1, np.int32)
        for i, rows in enumerate(embedded):
            self._component[rows] = i
        return Y

    def _fold_in(self, enlarged: Graph, n_fitted: int) -> np.ndarray:
        A = sparse.csr_array(enlarged.to_scipy(), dtype=np.float64)
        n_new = A.shape[0] - n_fitted
        to_fitted = row_normalised_block(A[n_fitted:, :n_fitted])
        from_fitted = sparse.csr_array(A[:n_fitted, n_fitted:].T)
        Y = self.embedding_.astype(np.float64)
        fitted = sparse.csr_array(self.graph_.to_scipy(), dtype=np.float64)
        WY = row_normalised(fitted) @ Y
        degree = fitted.sum(axis=1)

        # row k of W' after edge (k, x) of weight w alone is added to the fitted graph
        k, w = from_fitted.indices, from_fitted.data
        share = sparse.csr_array((w / (degree[k] + w), k, from_fitted.indptr), shape=from_fitted.shape)
        rest = sparse.csr_array((share.data * (1 - share.data), k, share.indptr), shape=share.shape)
        pull = to_fitted @ Y + share @ Y - rest @ WY
        curvature = 1 + np.asarray(share.multiply(share).sum(axis=1)).reshape(n_new, 1)

        # a new node between components meets the eigenvalues of each in proportion to its edges there
        links = abs(to_fitted) + share
        known = np.r_[np.nan_to_num(self.eigenvalues_), np.zeros((1, Y.shape[1]))][self._component]
        total = np.asarray(links.sum(axis=1)).reshape(n_new, 1)
        value = (links @ known) / total
        return pull / (curvature - np.minimum(value, curvature / 2))

    def _progress(self, i: int, n: int) -> Any:
        if not self.verbose:
            return None
        return lambda line: print(f"LLE component {i + 1}/{n}: {line}", file=sys.stderr, flush=True)


LLE = LocallyLinearEmbedding


def row_normalised_block(B: sparse.csr_array) -> sparse.csr_array:
    """Rows divided by their sums; an empty row stays empty."""
    B = sparse.csr_array(B, copy=True)
    row = np.repeat(np.arange(B.shape[0]), np.diff(B.indptr))
    B.data /= np.bincount(row, B.data, minlength=B.shape[0])[row]
    return B
