"""Locally Linear Embedding of a graph, or of points."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from graphemb._parallel import interruptible
from graphemb._validation import check_choice, check_int, check_n_jobs, check_real, check_seed
from graphemb.alignment import (
    METHODS,
    alignment_matrix,
    barycentre_weights,
    graph_barycentre_weights,
    weight_matrix,
)
from graphemb.estimators._base import BaseEmbedding, Report, warn
from graphemb.estimators._spectral import SpectralEmbedding, components_of, keep_note, warn_of_components
from graphemb.forecast import Estimate, by_samples, check_memory
from graphemb.graph import Graph
from graphemb.spectrum import alignment_vectors, fix_signs, lle_vectors, row_normalised

ZERO = 1e-10
"""Residuals are relative to this where a cost is less, and several may be zero."""


class LocallyLinearEmbedding(SpectralEmbedding):
    r"""Vectors in which every node, or point, is close to the average of its neighbours.

    With the weights of the graph, or weights fitted to features of its nodes, normalised to
    :math:`\sum_j W_{ij} = 1`, the vectors are the minimum of

    .. math:: \sum_i \| y_i - \sum_j W_{ij} y_j \|^2

    among centred, uncorrelated coordinates: eigenvectors of :math:`M = (I - W)^T (I - W)` above the
    constant one. They are exact, up to `tol`.

    Parameters
    ----------
    n_components : int, default=2
        Dimension of the vectors.
    n_neighbors : int or None, default=None
        None: X is a graph, and a node's neighbours are those in the graph. An int: X is a table of
        points, and the neighbours of a point are that many nearest ones, as in scikit-learn's class.
    method : {'standard', 'modified', 'hessian', 'ltsa'}, default='standard'
        The reconstruction cost above, or of points also the costs of [3]_, [4]_ and [5]_.
    features : array or sparse matrix of shape (n_nodes, n_features), default=None
        Of a graph: a vector for each node, in the order of its nodes. W are then the weights that rebuild the
        vector of a node from those of its neighbours as well as can be [1]_, of either sign; the weights of
        edges do not count.
    reg : float, default=1e-3
        Regularisation of weights fitted to points or features, as in scikit-learn; without effect on a graph that
        brings its weights.
    hessian_tol, modified_tol : float, default=1e-4 and 1e-12
        Of the methods of that name; see `graphemb.alignment.alignment_matrix`.
    neighbors_algorithm : {'auto', 'brute', 'kd_tree', 'ball_tree'}, default='auto'
        Of points: how their neighbours are found; see `sklearn.neighbors.NearestNeighbors`.
    metric : str or callable, default='minkowski'
        Of points: any metric of `sklearn.neighbors.NearestNeighbors` but ``'precomputed'`` (the weights need
        coordinates). Sparse X takes those that scikit-learn has for it.
    metric_params : dict or None, default=None
        Arguments of the metric, for example ``{"p": 1}``.
    tol : float, default=1e-6
        Largest residual of an eigenvector, relative to its eigenvalue.
    max_iter : int, default=300
        Most solves with a block of up to 16 vectors. Components up to 1000 nodes are solved densely.
    n_jobs : int or None, default=None
        Threads of the search for neighbours, of sparse products and of the dense linear algebra.
    random_state : int, Generator, RandomState or None, default=None
        Seed of the start vectors. It shows in the result only where eigenvalues coincide.
    verbose : int, default=0
        1 shows progress (vectors found) on standard error.
    callbacks : sequence of callable, default=()
        Called with a `Tick`; one that returns True stops the solver, and the vectors are its best so far.
    weight : str or None, default='weight'
        Edge attribute of NetworkX input that holds the weights.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_nodes, n_components), dtype=float32
        Each (weakly) connected component is embedded by itself, in the same columns: one of s nodes fills
        min(n_components, s - 1) of them, and the mean square of each over its nodes is 1 / n_nodes.
        So the columns of a connected graph have unit norm. The entry of largest magnitude of a column of a
        component is positive. Isolated nodes are zero. Of points, all are embedded together, in columns of unit
        norm.
    eigenvalues_ : ndarray of shape (n_embedded_components, n_components), dtype=float64
        Reconstruction cost of each column on each component of two nodes or more, largest component first,
        for columns of unit norm; NaN past the columns it fills. Of points, one row.
    reconstruction_error_ : float
        :math:`\|Y - W Y\|^2` of `embedding_`.
    n_iter_ : int
        Solves with a block of vectors, the most over components; 1 where all were solved densely.
    nodes_, graph_, vectors_, n_features_in_, feature_names_in_
        See `DeepWalk`. Of points, `nodes_` are row numbers, `graph_` has an arc from each point to each of its
        neighbours, and features are columns of X.
    nbrs_ : NearestNeighbors
        Of points: what finds the neighbours of new ones.
    fit_report_ : dict
        Also `n_graph_components`, `component_sizes`, and for each component in `eigenvalues_`:
        `residuals` (the largest, relative to its eigenvalue; to 1e-10 where that is more, of points, of directed
        graphs and with `features`),
        `eigengaps` (from the last column to the next that was left out, relative; near 0 the last columns are one
        choice among many; NaN where none was left out), `n_iter`, `n_solver_iter`. Of points, `n_samples`, no
        `component_sizes`.

    See Also
    --------
    sklearn.manifold.LocallyLinearEmbedding : Of points in space.

    Notes
    -----
    The weights of [1]_ are fitted to points; those of a graph are its row-normalised adjacency matrix, so the
    cost is that of [2]_'s harmonic functions rather than of a patch of a surface.

    Of points, the vectors are those of `sklearn.manifold.LocallyLinearEmbedding` up to sign, and up to
    rotation where eigenvalues coincide. Where the neighbourhoods fall apart into several parts, the first columns
    tell these apart and no more: a warning says so. A row of `transform` that equals a fitted point is that
    point (of equal ones, the first occurrence is the first, and so on); any other gets the barycentre of its
    neighbours' vectors, with the weights that rebuild it from the neighbours.

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
    from zero on dense graphs. Each new node is folded in as if it were the only one. Where W was fitted to
    `features`, those of a new node are not known: its edges stand in for its own weights, and for its share in
    its neighbours' ones.

    References
    ----------
    .. [1] Roweis and Saul, "Nonlinear dimensionality reduction by locally linear embedding",
       Science 290, 2000, equations 1 and 2.
    .. [2] Belkin and Niyogi, "Laplacian eigenmaps for dimensionality reduction and data
       representation", Neural Computation 15, 2003, section 5.
    .. [3] Zhang and Wang, "MLLE: modified locally linear embedding using multiple weights", NIPS 2006.
    .. [4] Donoho and Grimes, "Hessian eigenmaps: locally linear embedding techniques for high-dimensional
       data", PNAS 100, 2003.
    .. [5] Zhang and Zha, "Principal manifolds and nonlinear dimensionality reduction via tangent space
       alignment", Journal of Shanghai University 8, 2004.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb.estimators.lle import LocallyLinearEmbedding
    >>> Z = LocallyLinearEmbedding(n_components=2).fit_transform(nx.cycle_graph(8))
    >>> Z.shape
    (8, 2)
    >>> (Z ** 2).sum(axis=1).round(3).tolist()  # a circle
    [0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25]

    Of points:

    >>> from sklearn.datasets import make_s_curve
    >>> points, along = make_s_curve(400, random_state=0)
    >>> Z = LocallyLinearEmbedding(n_components=2, n_neighbors=12, method="ltsa").fit_transform(points)
    >>> Z.shape
    (400, 2)
    """

    def __init__(self, n_components: int = 2, *, n_neighbors: int | None = None, method: str = "standard",
                 features: Any = None, reg: float = 1e-3, hessian_tol: float = 1e-4, modified_tol: float = 1e-12,
                 neighbors_algorithm: str = "auto", metric: Any = "minkowski", metric_params: Any = None,
                 tol: float = 1e-6, max_iter: int = 300, n_jobs: int | None = None,
                 random_state: Any = None, verbose: int = 0, callbacks: Any = (),
                 weight: str | None = "weight") -> None:
        self.n_components = n_components
        self.n_neighbors = n_neighbors
        self.method = method
        self.features = features
        self.reg = reg
        self.hessian_tol = hessian_tol
        self.modified_tol = modified_tol
        self.neighbors_algorithm = neighbors_algorithm
        self.metric = metric
        self.metric_params = metric_params
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
        check_choice("method", self.method, METHODS)
        if self.n_neighbors is None and self.method != "standard":
            raise ValueError(f"method={self.method!r} needs points: pass a table and n_neighbors, or "
                             "method='standard' for a graph.")
        if self.n_neighbors is not None and self.features is not None:
            raise ValueError("features are for the nodes of a graph; points have their own. Pass n_neighbors=None, or "
                             "features=None.")
        check_real("reg", self.reg, 0)
        check_real("hessian_tol", self.hessian_tol, 0)
        check_real("modified_tol", self.modified_tol, 0)
        check_choice("neighbors_algorithm", self.neighbors_algorithm, ["auto", "brute", "kd_tree", "ball_tree"])
        if isinstance(self.metric, str) and self.metric == "precomputed":
            raise ValueError("metric='precomputed' is not possible: the weights are fitted to coordinates. Pass the "
                             "points, or a graph with n_neighbors=None.")

    def estimate(self, X: Any, *, max_memory: float | None = None) -> Estimate:
        """Tell what `fit(X)` will take, of a graph or of points; see `DeepWalk.estimate`."""
        if self.n_neighbors is None:
            return super().estimate(X, max_memory=max_memory)
        self._validate()
        points = X if sparse.issparse(X) else np.asarray(X)
        model, rng = clone(self).set_params(verbose=0, callbacks=()), np.random.default_rng(0)
        memory, seconds = by_samples(
            model.fit, points.shape[0], lambda size: points[np.sort(rng.permutation(points.shape[0])[:size])])
        check_memory(memory, max_memory, "LocallyLinearEmbedding", "Take fewer points.")
        return Estimate(memory, seconds, None, f"points, method={self.method!r}", "fits on samples of the points")

    def fit(self, X: Any, y: Any = None) -> LocallyLinearEmbedding:
        """Learn a vector for every node, or every point.

        Parameters
        ----------
        X : graph as in `DeepWalk.fit`; or array, DataFrame or sparse matrix of shape (n_samples, n_features)
            Points if `n_neighbors` is an int.
        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        TypeError, ValueError
            If a parameter or the input is invalid; the message names it and the remedy.
        NotConverged
            If a solver did not reach `tol`.

        Warns
        -----
        UserWarning
            With the number of components, where the graph, or the neighbourhoods, fall apart.
        """
        if self.n_neighbors is None:
            super().fit(X, y)
            self.__dict__.pop("nbrs_", None)  # of an earlier fit on points
            return self
        return self._fit_points(X)

    @available_if(lambda self: self.n_neighbors is None)
    def partial_fit(self, X: Any, y: Any = None) -> BaseEmbedding:
        """Follow a graph that changed: fit anew, and rotate onto the old vectors. Of points there is no such thing.

        Parameters
        ----------
        X : graph as in `fit`
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        return super().partial_fit(X)

    def transform(self, X: Any) -> Any:
        """Return the learned vectors of fitted nodes or points, and fold new ones in.

        Parameters
        ----------
        X : graph or matrix as in `DeepWalk.transform`; or points of shape (n_rows, n_features_in_)

        Returns
        -------
        vectors : ndarray of shape (n_rows, n_components), dtype=float32
            Or a DataFrame after `set_output`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If X does not match what was fitted, or is not finite.
        """
        check_is_fitted(self, "embedding_")
        if hasattr(self, "nbrs_"):
            return self._transform_points(X)
        return super().transform(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if self.n_neighbors is not None:
            tags.input_tags.pairwise = tags.input_tags.positive_only = False
        return tags

    def _fit_points(self, X: Any) -> LocallyLinearEmbedding:
        start = time.perf_counter()
        self._validate()
        d, k = self.n_components, check_int("n_neighbors", self.n_neighbors, 1)
        seed = check_seed(self.random_state)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, ensure_min_samples=2)
        n, n_features = X.shape
        if d > n_features:
            raise ValueError(f"n_components must be <= the number of features, {n_features}; got {d}.")
        if k >= n:
            raise ValueError(f"Expected n_neighbors < n_samples, but n_samples = {n}, n_neighbors = {k}")
        least = {"hessian": d * (d + 3) // 2 + 1, "modified": d}.get(self.method, 1)
        if k < least:
            raise ValueError(f"n_neighbors must be >= {least} for method={self.method!r} and n_components={d}; "
                             f"got {k}.")
        report: Report = {"n_samples": n, "seconds": {}, "warnings": []}

        nbrs = NearestNeighbors(n_neighbors=k, algorithm=self.neighbors_algorithm, metric=self.metric,
                                p=None if "p" in (self.metric_params or ()) else 2,
                                metric_params=self.metric_params, n_jobs=self.n_jobs).fit(X)
        neighbours = nbrs.kneighbors(return_distance=False)
        report["seconds"]["neighbours"] = time.perf_counter() - start
        self._warn_of_parts(report, weight_matrix(neighbours, np.ones(neighbours.shape), n))
        with self._solving("eigenvectors") as step:
            T = None
            if self.method == "standard":
                W = weight_matrix(neighbours, barycentre_weights(X, X, neighbours, self.reg), n)
                T = (sparse.eye_array(n) - W).tocsr()
                M = (T.T @ T).tocsr()
            else:
                M = alignment_matrix(X, neighbours, d, self.method, hessian_tol=self.hessian_tol,
                                     modified_tol=self.modified_tol)
            pairs = alignment_vectors(M, d, root=T, tol=self.tol, max_iter=self.max_iter, seed=seed, step=step,
                                      n_jobs=check_n_jobs(self.n_jobs))
        keep_note(report, pairs)

        self.embedding_ = self._padded(fix_signs(pairs.vectors), n, d)
        self.eigenvalues_ = np.full((1, d), np.nan)
        self.eigenvalues_[0, :len(pairs.values)] = pairs.values
        self.reconstruction_error_ = float(pairs.values.sum())
        self.n_iter_ = pairs.n_iter
        self.nbrs_ = nbrs
        self.nodes_ = range(n)
        arcs = weight_matrix(neighbours, np.ones(neighbours.shape), n)
        self.graph_ = Graph.from_scipy(arcs, directed=True)
        report.update(residuals=[float(np.max(pairs.residuals / np.maximum(pairs.values, ZERO)))],
                      eigengaps=[pairs.gap], n_iter=[pairs.n_iter], n_solver_iter=[pairs.n_solver_iter])
        report["seconds"]["total"] = time.perf_counter() - start
        self.fit_report_ = report
        self._n_features_out = d
        self._rows_of: dict[bytes, list[int]] = {}
        for row, key in enumerate(_row_keys(X)):
            self._rows_of.setdefault(key, []).append(row)
        return self

    def _transform_points(self, X: Any) -> np.ndarray:
        X = validate_data(self, X, reset=False, accept_sparse="csr", dtype=np.float64)
        rows = np.full(X.shape[0], -1, np.int64)
        taken: dict[bytes, int] = {}
        for i, key in enumerate(_row_keys(X)):
            if same := self._rows_of.get(key):  # equal points take turns
                rows[i] = same[taken.get(key, 0) % len(same)]
                taken[key] = taken.get(key, 0) + 1
        vectors = self.embedding_[rows]
        new = np.flatnonzero(rows < 0)
        if len(new):
            neighbours = self.nbrs_.kneighbors(X[new], return_distance=False)
            weights = barycentre_weights(X[new], self.nbrs_._fit_X, neighbours, self.reg)
            vectors[new] = weight_matrix(neighbours, weights, len(self.embedding_)) @ self.embedding_
        return vectors

    @staticmethod
    def _warn_of_parts(report: Report, arcs: sparse.csr_array) -> None:
        n, _ = connected_components(arcs, directed=False)
        report["n_graph_components"] = int(n)
        if n > 1:
            warn(report, f"The neighbourhoods fall apart into {n} connected components, and the first {n - 1} columns "
                         "tell no more than which a point is in; raise n_neighbors, or embed the parts.")

    def _embed(self, graph: Graph, report: Report) -> np.ndarray:
        d, n = self.n_components, graph.n_nodes
        seed = check_seed(self.random_state)
        A = sparse.csr_array(graph.to_scipy(), dtype=np.float64)
        members = components_of(A)
        embedded = [rows for rows in members if len(rows) > 1]
        warn_of_components(report, len(members), len(members) - len(embedded))

        W = row_normalised(A)
        if self.features is not None:
            start = time.perf_counter()
            W = graph_barycentre_weights(A, self._features_of(n), self.reg)
            report["seconds"]["weights"] = time.perf_counter() - start
        self._weights = W

        Y = np.zeros((n, d))
        values = np.full((len(embedded), d), np.nan)
        ordered = W
        if len(members) > 1:
            order = np.concatenate(members)
            A, ordered = interruptible(lambda: (A[order][:, order], W[order][:, order]))  # block diagonal
        first, found = 0, []
        for i, rows in enumerate(embedded):
            block = slice(first, first := first + len(rows))
            with self._solving(f"LLE, component {i + 1}/{len(embedded)}") as step:
                pairs = lle_vectors(
                    A[block, block], d, directed=graph.directed,
                    weights=None if self.features is None else ordered[block, block], tol=self.tol,
                    max_iter=self.max_iter, seed=seed, step=step, n_jobs=check_n_jobs(self.n_jobs))
            keep_note(report, pairs)
            k = len(pairs.values)
            # columns as the caller's node order has them, whatever the solver's
            Y[rows, :k] = fix_signs(pairs.vectors) * np.sqrt(len(rows) / n)
            values[i, :k] = pairs.values
            found.append(pairs)

        # an undirected component has no other cost of zero than the constant's
        least = ZERO if graph.directed or self.features is not None else np.finfo(float).tiny
        relative = [float(np.max(p.residuals / np.maximum(p.values, least))) for p in found]
        report.update(
            n_graph_components=len(members), component_sizes=[len(rows) for rows in members],
            residuals=relative, eigengaps=[p.gap for p in found], n_iter=[p.n_iter for p in found],
            n_solver_iter=[p.n_solver_iter for p in found])
        self.eigenvalues_ = values
        self.n_iter_ = max((p.n_iter for p in found), default=1)
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
        WY = self._weights @ Y
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

    def _features_of(self, n: int) -> Any:
        """The features as a finite float64 table with a row for each node."""
        X = check_array(self.features, accept_sparse="csr", dtype=np.float64, input_name="features")
        if X.shape[0] != n:
            raise ValueError(f"features must have a row for each of the {n} nodes; got {X.shape[0]} rows.")
        return X


LLE = LocallyLinearEmbedding


def _row_keys(X: Any) -> list[bytes]:
    """The content of each row; equal rows have equal keys."""
    if sparse.issparse(X):
        A = sparse.csr_array(X, copy=True)
        A.sum_duplicates()
        A.eliminate_zeros()
        cuts = pairwise(A.indptr)
        return [A.indices[a:b].astype(np.int64).tobytes() + A.data[a:b].tobytes() for a, b in cuts]
    return [row.tobytes() for row in np.ascontiguousarray(X + 0.0)]  # -0.0 equals 0.0


def row_normalised_block(B: sparse.csr_array) -> sparse.csr_array:
    """Rows divided by their sums; an empty row stays empty."""
    B = sparse.csr_array(B, copy=True)
    row = np.repeat(np.arange(B.shape[0]), np.diff(B.indptr))
    B.data /= np.bincount(row, B.data, minlength=B.shape[0])[row]
    return B
