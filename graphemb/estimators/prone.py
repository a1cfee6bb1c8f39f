"""ProNE: sparse factorisation, then propagation in the spectral domain."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import sparse

from graphemb._parallel import Progress
from graphemb._validation import check_int, check_n_jobs, check_real, check_seed
from graphemb.embedding import Embedding
from graphemb.estimators._base import Report, rms_factor, scale_rows
from graphemb.estimators._spectral import SpectralEmbedding
from graphemb.graph import Graph, as_graph
from graphemb.proximity import Product, adjacency, balance, band_filter, one_way, transition


class ProNE(SpectralEmbedding):
    r"""Vectors of a sparse matrix of edges, propagated with a band-pass filter of the Laplacian.

    First, with transition probabilities :math:`P = D^{-1} A`, the singular vectors of ([1]_, eq. 5)

    .. math:: M_{uv} = \ln P_{uv} - \ln \frac{(\sum_i P_{iv})^\alpha}{\sum_w (\sum_i P_{iw})^\alpha},
              \qquad (u, v) \in E

    Then ([1]_, eq. 9) :math:`Z = (A + I)(X - g(L) X)`, :math:`g(x) = e^{-[(x - \mu)^2 - 2]\, \theta / 2}` by a
    Chebyshev expansion, and the left singular vectors of Z. The second step is `propagate`, for vectors of any
    method.

    Parameters
    ----------
    n_components : int, default=128
        Dimension of the vectors.
    order : int, default=10
        Terms of the expansion; each takes two products with the adjacency matrix.
    mu : float, default=0.2
        :math:`\mu`: the eigenvalue of the Laplacian around which the filter lets through.
    theta : float, default=0.5
        :math:`\theta`: the larger, the narrower the band.
    ns_exponent : float, default=1.0
        :math:`\alpha`; 0.75 is skip-gram's.
    row_norm : float, default=1.0
        Each row is divided by this power of its length, and all by one number so that the root mean square
        length is 1.5. 1, as in [1]_, makes all the same length.
    tol : float, default=0.1
        Largest residual of a singular vector, relative to its value (or 1 % of the largest).
    max_iter : int, default=300
        Most products of the matrix with a block of 16 vectors.
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
        Isolated nodes, and sinks of a directed graph, are zero.
    singular_values_ : ndarray of shape (n_found,), dtype=float64
        Of M.
    n_iter_ : int
        Products with a block of vectors; 1 where the problem was solved densely.
    nodes_, graph_, vectors_, n_features_in_, feature_names_in_
        See `DeepWalk`.
    fit_report_ : dict
        Also `residuals`, `eigengap`, `n_iter` of the factorisation.

    See Also
    --------
    propagate : The second step by itself.

    Notes
    -----
    Of a directed graph, a node is described by the targets of its arcs, in both steps.

    A new node is folded in by its row of M times :math:`V \Sigma^{-1/2}`, and by the propagation on the graph to
    which it is added with the arcs from it alone. Edges between new nodes do not count.

    References
    ----------
    .. [1] Zhang, Dong, Wang, Tang, Ding, "ProNE: fast and scalable network representation learning", IJCAI 2019.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import ProNE
    >>> ProNE(n_components=8, random_state=0).fit_transform(nx.karate_club_graph()).shape
    (34, 8)
    """

    def __init__(self, n_components: int = 128, *, order: int = 10, mu: float = 0.2, theta: float = 0.5,
                 ns_exponent: float = 1.0, row_norm: float = 1.0, tol: float = 0.1, max_iter: int = 300,
                 n_jobs: int | None = None, random_state: Any = None, verbose: int = 0, callbacks: Any = (),
                 weight: str | None = "weight") -> None:
        self.n_components = n_components
        self.order = order
        self.mu = mu
        self.theta = theta
        self.ns_exponent = ns_exponent
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
        check_int("order", self.order, 1)
        check_real("mu", self.mu)
        check_real("theta", self.theta, above=0)
        check_real("ns_exponent", self.ns_exponent, -10, 10)
        check_real("row_norm", self.row_norm, 0, 1)

    def _embed(self, graph: Graph, report: Report) -> np.ndarray:
        n_jobs = check_n_jobs(self.n_jobs)
        A = adjacency(graph)
        P = transition(A)
        noise = P.sum(axis=0)
        noise = np.where(noise > 0, np.where(noise > 0, noise, 1.0) ** self.ns_exponent, 0.0)
        self._log_noise = np.log(np.where(noise > 0, noise, 1.0) / max(noise.sum(), 1e-300))
        found = self._factorise(Product(self._log_ratio(P), n_jobs), report, check_seed(self.random_state))
        self.singular_values_ = found.values
        self._projection = (found.right / np.sqrt(found.values)).astype(np.float32)
        X = scale_rows((found.left * np.sqrt(found.values)).astype(np.float32), 1.0)
        progress = Progress("propagation", self.order, int(self.verbose))
        # of powers of 4 the roots are exact: rows are scaled in the end, so this changes no bit
        self._scale = 4.0 ** -(math.frexp(max(1.0, A.data.max(initial=0)))[1] // 2)
        F = band_filter(A, X, self.order, self.mu, self.theta, n_jobs, progress.update, self._scale)
        self._start, self._balance = X, balance(F)
        Z = scale_rows(F @ self._balance, self.row_norm)
        Z[A.sum(axis=1) == 0] = 0
        self._factor = rms_factor(Z)
        return Z * self._factor

    def _fold_in(self, enlarged: Graph, n_fitted: int) -> np.ndarray:
        n_jobs = check_n_jobs(self.n_jobs)
        new = one_way(adjacency(enlarged), n_fitted)
        X = scale_rows(self._log_ratio(transition(new)).astype(np.float32) @ self._projection, 1.0)
        A = sparse.vstack([adjacency(self.graph_), new], format="csr")
        A.resize(A.shape[0], A.shape[0])
        F = band_filter(A, np.r_[self._start, X], self.order, self.mu, self.theta, n_jobs, scale=self._scale)[n_fitted:]
        Z = scale_rows(F @ self._balance, self.row_norm) * self._factor
        return np.where(new.sum(axis=1)[:, None] > 0, Z, 0)

    def _log_ratio(self, P: sparse.csr_array) -> sparse.csr_array:
        """M on the entries of P."""
        return sparse.csr_array((np.log(P.data) - self._log_noise[P.indices], P.indices, P.indptr), shape=P.shape)


def propagate(vectors: Any, graph: Any, *, order: int = 10, mu: float = 0.2, theta: float = 0.5,
              row_norm: float | None = None, n_jobs: int | None = None, verbose: int = 0) -> np.ndarray:
    """Enhance vectors of any method by ProNE's spectral propagation.

    Parameters
    ----------
    vectors : Embedding, or array of shape (n_nodes, k)
        A row for each node of the graph, in its order; of an Embedding, matched by label.
    graph : Graph or anything `as_graph` takes
    order : int, default=10
        Terms of the Chebyshev expansion.
    mu, theta : float, default=0.2, 0.5
        The filter is a band around eigenvalue `mu` of the Laplacian; the larger `theta`, the narrower.
    row_norm : float or None, default=None
        As of `ProNE`: rows are divided by this power of their length, and all by one number so that the root mean
        square length is 1.5; 1 suits a linear classifier. None leaves the lengths.
    n_jobs : int or None, default=None
        Threads.
    verbose : int, default=0
        1 shows progress.

    Returns
    -------
    enhanced : ndarray of shape (n_nodes, k), dtype=float32
        Left singular vectors of the filtered ones, times the roots of the singular values; rows of `row_norm`.

    Raises
    ------
    KeyError, ValueError
        If a node has no vector, or a parameter is out of range.

    References
    ----------
    .. [1] Zhang, Dong, Wang, Tang, Ding, "ProNE: fast and scalable network representation learning", IJCAI 2019,
       section 3.2.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import DeepWalk, propagate
    >>> G = nx.karate_club_graph()
    >>> Z = DeepWalk(n_components=8, random_state=0).fit_transform(G)
    >>> propagate(Z, G).shape
    (34, 8)
    """
    check_int("order", order, 1)
    check_real("mu", mu)
    check_real("theta", theta, above=0)
    if row_norm is not None:
        check_real("row_norm", row_norm, 0, 1)
    jobs, graph = check_n_jobs(n_jobs), as_graph(graph)
    X = vectors[list(graph.nodes)] if isinstance(vectors, Embedding) else np.asarray(vectors)
    if X.ndim != 2 or len(X) != graph.n_nodes or not np.isfinite(X).all():
        raise ValueError(f"vectors must be finite, of shape ({graph.n_nodes}, k), a row for each node of graph; "
                         f"got shape {X.shape}{'' if np.isfinite(X).all() else ' with values that are not'}.")
    progress = Progress("propagation", order, verbose)
    F = band_filter(adjacency(graph), X, order, mu, theta, jobs, progress.update)
    if not np.isfinite(F).all():
        raise ValueError("The vectors times the weights of the graph are beyond float32; rescale either.")
    Z = F @ balance(F)
    if row_norm is None:
        return Z
    Z = scale_rows(Z, row_norm)
    return Z * rms_factor(Z)
