"""HOPE: proximity that keeps direction, by its largest singular vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator
from sklearn.utils.validation import check_is_fitted

from graphemb._validation import check_choice, check_n_jobs, check_real, check_seed
from graphemb.estimators._base import Report, rms_factor, scale_rows
from graphemb.estimators._spectral import SpectralEmbedding
from graphemb.graph import Graph, as_graph
from graphemb.proximity import (
    PowerSeries,
    Product,
    adjacency,
    inverse_power,
    one_way,
    scaled_columns,
    transition,
)
from graphemb.spectrum import operator_triplets

CUT = 1e-5
"""Size at which a power series is cut, relative to its first term."""


class HOPE(SpectralEmbedding):
    r"""A vector of each node as source and one as target, whose inner product is a proximity of the two.

    The proximity S of [1]_, section 3, from the adjacency matrix A or the transition probabilities P, is one of

    ================= ====================================================================================
    ``'katz'``        :math:`\sum_{k \ge 1} \beta^k A^k`: paths, the longer the less
    ``'pagerank'``    :math:`(1 - \alpha) \sum_{k \ge 1} \alpha^k P^k`: where a walk that ends at random ends
    ``'common'``      :math:`A^2`: common neighbours
    ``'adamic_adar'`` :math:`A D A`: the same, each by the inverse of its degree, in and out
    ================= ====================================================================================

    and with its singular value decomposition :math:`S \approx U \Sigma V^T`, sources are the rows of
    :math:`U \Sigma^{1/2}`, targets those of :math:`V \Sigma^{1/2}`. S is never formed: the solver takes products
    with A.

    Parameters
    ----------
    n_components : int, default=128
        Dimension of the vectors, of sources and of targets.
    similarity : {'katz', 'pagerank', 'common', 'adamic_adar'}, default='katz'
        S.
    decay : float, default=0.5
        In [0, 1): :math:`\beta` in units of the largest it may be, the inverse of the largest singular value of A;
        or :math:`\alpha`.
    row_norm : float, default=0.0
        Each row is divided by this power of its length. With 0, inner products are S times one number.
    tol : float, default=0.1
        Largest residual of a singular vector, relative to its value (or 1 % of the largest).
    max_iter : int, default=300
        Most products of S with a block of 16 vectors.
    n_jobs : int or None, default=None
        Threads.
    random_state : int, Generator, RandomState or None, default=None
        Seed of the start vectors.
    verbose : int, default=0
        1 shows progress on standard error.
    callbacks : sequence of callable, default=()
        Called with a `Tick`; one that returns True stops the solver, and the vectors are its best so far.
    weight : str or None, default='weight'
        Edge attribute of NetworkX input that holds the weights.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_nodes, n_components), dtype=float32
        Nodes as sources; sinks are zero. The root mean square length of the rows that are not zero is 1.5.
    context_embedding_ : ndarray of shape (n_nodes, n_components), dtype=float32
        Nodes as targets: ``embedding_[u] @ context_embedding_[v]`` is the proximity of u to v, times the square of
        `factor_`.
    factor_ : float
        What all vectors were multiplied by.
    singular_values_ : ndarray of shape (n_found,), dtype=float64
        Of S.
    n_iter_ : int
        Products with a block of vectors; 1 where the problem was solved densely.
    nodes_, graph_, vectors_, n_features_in_, feature_names_in_
        See `DeepWalk`.
    fit_report_ : dict
        Also `residuals`, `eigengap`, `n_iter`, and `n_terms` of the series, which is cut where its
        terms are below 1e-5 of the first.

    Notes
    -----
    The paper solves a generalised problem with the two matrices whose quotient S is; the series needs neither
    of them factorised. Its rooted PageRank has :math:`k = 0` too, the proximity of a node to itself, which
    few dimensions cannot hold. Adamic and Adar themselves take the logarithm of the degree.

    A new node is folded in by its row of S: that of its arcs, taken further by the S of the fitted nodes, times
    :math:`V \Sigma^{-1/2}`. Arcs between new nodes, and to new ones, do not count. `transform_targets` does the same
    with the column of S of a node that arcs point at, times :math:`U \Sigma^{-1/2}`.

    References
    ----------
    .. [1] Ou, Cui, Pei, Zhang, Zhu, "Asymmetric transitivity preserving graph embedding", KDD 2016.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import HOPE
    >>> model = HOPE(n_components=2).fit(nx.DiGraph([("a", "b"), ("b", "c"), ("a", "c")]))
    >>> scores = model.embedding_ @ model.context_embedding_.T
    >>> bool(scores[0, 2] > 0.1), bool(abs(scores[2, 0]) < 1e-6)
    (True, True)
    """

    def __init__(self, n_components: int = 128, *, similarity: str = "katz", decay: float = 0.5,
                 row_norm: float = 0.0, tol: float = 0.1, max_iter: int = 300, n_jobs: int | None = None,
                 random_state: Any = None, verbose: int = 0, callbacks: Any = (),
                 weight: str | None = "weight") -> None:
        self.n_components = n_components
        self.similarity = similarity
        self.decay = decay
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
        check_choice("similarity", self.similarity, ("katz", "pagerank", "common", "adamic_adar"))
        check_real("decay", self.decay, 0, 0.999)
        check_real("row_norm", self.row_norm, 0, 1)

    def _embed(self, graph: Graph, report: Report) -> np.ndarray:
        seed, n_jobs = check_seed(self.random_state), check_n_jobs(self.n_jobs)
        A, symmetric = adjacency(graph), not graph.directed
        n_terms = max(1, math.ceil(math.log(CUT) / math.log(self.decay))) if self.decay else 1
        S: LinearOperator
        if self.similarity == "katz":
            largest = operator_triplets(Product(A, n_jobs, symmetric=symmetric), 1, symmetric=symmetric, tol=1e-4,
                                        seed=seed).values
            self._step = max(self.decay, CUT) / float(largest[0]) if len(largest) else 0.0
            S = PowerSeries(A * self._step, 1, n_terms, n_jobs, symmetric=symmetric)
        elif self.similarity == "pagerank":
            self._step = max(self.decay, CUT)
            S = PowerSeries(transition(A) * self._step, 1, n_terms, n_jobs) * (1 - self.decay)
            symmetric = False
        else:
            self._step, self._between = 1.0, np.ones(graph.n_nodes)
            if self.similarity == "adamic_adar":
                self._between = inverse_power(A.sum(axis=0) + A.sum(axis=1))
            S = (Product(scaled_columns(A, self._between), n_jobs) @ Product(A, n_jobs, symmetric=symmetric))
        report["n_terms"] = n_terms if self.similarity in ("katz", "pagerank") else 1
        found = self._factorise(S, report, seed, symmetric=symmetric)
        self.singular_values_ = found.values
        root = np.sqrt(found.values)
        sources, targets = (
            scale_rows(np.where(linked[:, None], vectors * root, 0), self.row_norm)
            for vectors, linked in ((found.left, A.sum(axis=1) > 0), (found.right, A.sum(axis=0) > 0)))
        self.factor_ = rms_factor(sources)
        self.context_embedding_ = self._padded(targets * self.factor_, graph.n_nodes, self.n_components)
        # `_step` times rows of arcs: times the first, rows of U Sigma^(1/2); columns of arcs, the second: V Sigma^(1/2)
        left, right = ((vectors / root).astype(np.float32) for vectors in (found.left, found.right))
        if self.similarity == "katz":
            self._onward, self._backward = right + S.matmat(right), left + S.rmatmat(left)
        elif self.similarity == "pagerank":
            self._onward = (1 - self.decay) * right + S.matmat(right)
            self._backward = (1 - self.decay) * left + S.rmatmat(left)
        else:
            self._onward, self._backward = self._between[:, None] * (A @ right), self._between[:, None] * (A.T @ left)
        return sources * self.factor_

    def transform_targets(self, X: Any) -> np.ndarray:
        """Return the vectors of nodes as targets of arcs, and fold new nodes in from the arcs that point at them.

        Parameters
        ----------
        X : Graph, NetworkX graph, igraph or PyG Data
            A row for each of its nodes, matched by label. A matrix is refused: its rows hold arcs from their nodes.

        Returns
        -------
        vectors : ndarray of shape (n_nodes, n_components), dtype=float32
            ``embedding_[u] @ vectors[v]`` is the proximity of u to v times the square of `factor_`. A new node that no
            fitted node points at gets zeros.

        Raises
        ------
        NotFittedError
            Before `fit`.
        TypeError
            If X is a matrix.
        ValueError
            If X is directed where the fitted graph is not, or the other way round, and has new nodes.

        Warns
        -----
        UserWarning
            With the number of new nodes without an edge to or from a fitted node.

        Examples
        --------
        >>> import networkx as nx
        >>> from graphemb import HOPE
        >>> model = HOPE(n_components=2).fit(nx.DiGraph([("a", "b"), ("b", "c"), ("a", "c")]))
        >>> target = model.transform_targets(nx.DiGraph([("b", "new")]))[1]
        >>> bool(model.vectors_["a"] @ target > 0.1), bool(abs(model.vectors_["c"] @ target) < 1e-6)
        (True, True)
        """
        check_is_fitted(self, "embedding_")
        if sparse.issparse(X) or isinstance(X, (list, tuple)) or hasattr(X, "__array__"):
            raise TypeError(f"transform_targets takes a graph, in which new nodes have labels and arcs that point at "
                            f"them; got {type(X).__name__}. Use Graph.from_edges.")
        graph = as_graph(X, weight=self.weight)
        return self._rows(*self._match_graph(graph), self.context_embedding_, self._fold_in_targets)

    def _fold_in(self, enlarged: Graph, n_fitted: int) -> np.ndarray:
        new = one_way(adjacency(enlarged), n_fitted)
        rows = (self._step * (transition(new) if self.similarity == "pagerank" else new)) @ self._onward
        return scale_rows(rows, self.row_norm) * self.factor_

    def _fold_in_targets(self, enlarged: Graph, n_fitted: int) -> np.ndarray:
        A = adjacency(enlarged)
        into = A[:n_fitted, n_fitted:].T.tocsr()
        if self.similarity == "pagerank":  # each new target as the only one: an arc's share of its source's weight
            out = np.asarray(adjacency(self.graph_).sum(axis=1)).ravel()
            into.data /= out[into.indices] + into.data
        return scale_rows((self._step * into) @ self._backward, self.row_norm) * self.factor_
