"""Laplacian eigenmaps of a graph."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from graphemb._parallel import interruptible
from graphemb._product import transposed
from graphemb._validation import check_choice, check_n_jobs, check_real, check_seed
from graphemb.estimators._base import Report, rms_factor, scale_rows
from graphemb.estimators._spectral import (
    SpectralEmbedding,
    components_of,
    keep_note,
    warn_of_components,
)
from graphemb.graph import Graph
from graphemb.spectrum import fix_signs, laplacian_vectors


class LaplacianEigenmaps(SpectralEmbedding):
    r"""Vectors in which neighbours are as near as can be: the lowest eigenvectors of the graph Laplacian.

    With degrees D, the columns minimise :math:`\sum_{ij} A_{ij} \|y_i - y_j\|^2` subject to
    :math:`Y^T D Y = I` and :math:`Y^T D 1 = 0`: generalised eigenvectors :math:`(D - A) y = \lambda D y`
    above the constant one.

    Parameters
    ----------
    n_components : int, default=128
        Dimension of the vectors.
    normalization : {'random_walk', 'symmetric'}, default='random_walk'
        The vectors y above, which are those of the random walk :math:`I - D^{-1} A`; or
        :math:`D^{1/2} y`, those of :math:`I - D^{-1/2} A D^{-1/2}`.
    row_norm : float, default=0.75
        Each row is divided by this power of its length, which makes features of the eigenvectors (1 is the
        row normalisation of [2]_). With 0 they are returned as they are, say for a picture.
    tol : float, default=0.02
        Largest residual of an eigenvector, relative to its eigenvalue (or 1 % of the last eigenvalue). As features
        the last columns are no better for being more exact than that (BlogCatalog, micro-F1 at 50 %: 42.7 at 0.005 and
        0.01, 42.8 at 0.02, 42.5 at 0.03); for the eigenvectors themselves take 1e-3 or less.
    max_iter : int, default=300
        Most products with a block of vectors (200 at most), and most solves with one by the method for the
        inverse that takes over from there.
    n_jobs : int or None, default=None
        Threads of sparse products and of the dense linear algebra.
    random_state : int, Generator, RandomState or None, default=None
        Seed of the start vectors. It shows in the result within `tol`, and where eigenvalues coincide.
    verbose : int, default=0
        1 shows progress (vectors found) on standard error.
    callbacks : sequence of callable, default=()
        Called with a `Tick`; one that returns True stops the solver, and the vectors are its best so far.
    weight : str or None, default='weight'
        Edge attribute of NetworkX input that holds the weights.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_nodes, n_components), dtype=float32
        Each connected component is embedded by itself, in the same columns: one of s nodes fills
        min(n_components, s - 1) of them, and the mean square of each over its nodes is 1 / n_nodes. The entry of
        largest magnitude of a column of a component is positive. Isolated nodes are zero.
        With ``row_norm`` > 0 the rows are scaled after that, and have a root mean square length of 1.5.
    eigenvalues_ : ndarray of shape (n_embedded_components, n_components), dtype=float64
        :math:`\lambda`, in [0, 2], of each column on each component of two nodes or more, largest component
        first; NaN past the columns it fills.
    n_iter_ : int
        Products with a block of vectors, the most over components; 1 where all were solved densely.
    nodes_, graph_, vectors_, n_features_in_, feature_names_in_
        See `DeepWalk`.
    fit_report_ : dict
        Also `n_graph_components`, `component_sizes`, and for each component in `eigenvalues_`:
        `residuals` (the largest, relative to its eigenvalue), `eigengaps` (from the last column to the next
        that was left out, relative; near 0 the last columns are one choice among many; NaN where none was
        left out), `n_iter`, `n_solver_iter`.

    See Also
    --------
    AdjacencySpectral : Weighted by eigenvalues; mostly the better features.
    sklearn.manifold.SpectralEmbedding : The same vectors, with a solver for small graphs, and without
        components.

    Notes
    -----
    The weights of the graph take the place of [1]_'s heat kernel. Directed graphs are symmetrised:
    an arc counts as an edge, arcs both ways as one of twice the weight.

    A new node is folded in by the Nyström formula: where :math:`\lambda` would be its own eigenvalue too, it lies
    at the mean of its neighbours over :math:`1 - \lambda`. To keep columns bounded in which
    :math:`1 - \lambda` is near 0, :math:`1 / x` is taken as :math:`x / (x^2 + 0.01)`. Edges between new nodes do not
    count. A new node between components meets the eigenvalues of each in proportion to its edges there.

    References
    ----------
    .. [1] Belkin and Niyogi, "Laplacian eigenmaps for dimensionality reduction and data
       representation", Neural Computation 15, 2003, section 2.
    .. [2] Ng, Jordan, Weiss, "On spectral clustering: analysis and an algorithm", NIPS 2001, section 2.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import LaplacianEigenmaps
    >>> Z = LaplacianEigenmaps(n_components=2, row_norm=0).fit_transform(nx.cycle_graph(8))
    >>> (Z ** 2).sum(axis=1).round(3).tolist()  # a circle
    [0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25]
    """

    def __init__(self, n_components: int = 128, *, normalization: str = "random_walk", row_norm: float = 0.75,
                 tol: float = 0.02, max_iter: int = 300, n_jobs: int | None = None, random_state: Any = None,
                 verbose: int = 0, callbacks: Any = (), weight: str | None = "weight") -> None:
        self.n_components = n_components
        self.normalization = normalization
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
        check_choice("normalization", self.normalization, ["random_walk", "symmetric"])
        check_real("row_norm", self.row_norm, 0, 1)

    def _embed(self, graph: Graph, report: Report) -> np.ndarray:
        d, n = self.n_components, graph.n_nodes
        seed = check_seed(self.random_state)
        A = _undirected(graph)
        self._degree = A.sum(axis=1)
        members = components_of(A)
        embedded = [rows for rows in members if len(rows) > 1]
        warn_of_components(report, len(members), len(members) - len(embedded))

        Y = np.zeros((n, d))
        values = np.full((len(embedded), d), np.nan)
        if len(members) > 1:
            order = np.concatenate(members)
            A = interruptible(lambda: A[order][:, order])  # block diagonal
        start, found = 0, []
        for i, rows in enumerate(embedded):
            block = slice(start, start := start + len(rows))
            with self._solving(f"Laplacian, component {i + 1}/{len(embedded)}") as step:
                pairs = laplacian_vectors(A[block, block], d, tol=self.tol, max_iter=self.max_iter, seed=seed,
                                          step=step, n_jobs=check_n_jobs(self.n_jobs))
            keep_note(report, pairs)
            k = len(pairs.values)
            y = pairs.vectors.astype(np.float64)
            if self.normalization == "random_walk":
                y /= np.sqrt(self._degree[rows])[:, None]
            y *= np.sqrt(len(rows) / n) / np.linalg.norm(y, axis=0)
            Y[rows, :k] = fix_signs(y)
            values[i, :k] = pairs.values
            found.append(pairs)

        report.update(
            n_graph_components=len(members), component_sizes=[len(rows) for rows in members],
            residuals=[float(np.max(p.residuals / np.maximum(p.values, np.finfo(float).tiny))) for p in found],
            eigengaps=[p.gap for p in found], n_iter=[p.n_iter for p in found],
            n_solver_iter=[p.n_solver_iter for p in found])
        self.eigenvalues_ = values
        self.n_iter_ = max((p.n_iter for p in found), default=1)
        self._component = np.full(n, -1, np.int32)
        for i, rows in enumerate(embedded):
            self._component[rows] = i
        self._eigenvectors = Y.astype(np.float32)
        if not self.row_norm:
            self._factor = 1.0
            return Y
        Z = scale_rows(Y, self.row_norm)
        self._factor = rms_factor(Z)
        return Z * self._factor

    def _fold_in(self, enlarged: Graph, n_fitted: int) -> np.ndarray:
        A = _undirected(enlarged)[n_fitted:, :n_fitted]
        P = sparse.dia_array((1 / A.sum(axis=1)[None], [0]), shape=(A.shape[0],) * 2) @ A
        known = np.r_[np.nan_to_num(self.eigenvalues_, nan=1.0), np.ones((1, self.eigenvalues_.shape[1]))]
        theta = 1 - P @ known[self._component]
        Y = self._eigenvectors
        if self.normalization == "symmetric":
            root = np.sqrt(np.maximum(self._degree, np.finfo(float).tiny))[:, None]
            mean = np.sqrt(A.sum(axis=1))[:, None] * (P @ (Y / root))
        else:
            mean = P @ Y
        return scale_rows(mean * theta / (theta**2 + 0.01), self.row_norm) * self._factor


def _undirected(graph: Graph) -> sparse.csr_array:
    A = sparse.csr_array(graph.to_scipy(), dtype=np.float64)
    return (A + transposed(A)).tocsr() if graph.directed else A
