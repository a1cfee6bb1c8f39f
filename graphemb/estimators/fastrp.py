"""FastRP: very sparse random projection of weighted transition powers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from graphemb._random import stream_key
from graphemb._validation import check_int, check_real
from graphemb.estimators._projection import ProjectedPowers, random_rows
from graphemb.graph import Graph
from graphemb.proximity import adjacency, inverse_power, transition


class FastRP(ProjectedPowers):
    r"""Weighted sums of powers of the transition matrix, by a very sparse random projection.

    With transition probabilities :math:`P = D^{-1} A`

    .. math:: Y = (\alpha_0 I + \alpha_1 P + \alpha_2 P^2 + \dots)\, L R, \qquad L = (D / 2m)^\beta

    where two thirds of the entries of R are zero and the others :math:`\pm\sqrt 3` ([1]_, algorithm 1). L keeps hubs,
    to which all walks lead, from making all nodes alike. A product for each power is all the work there is.

    Parameters
    ----------
    n_components : int, default=128
        Dimension of the vectors.
    weights : sequence of float, default=(0.0, 1.0, 8.0, 45.0)
        :math:`\alpha_0, \alpha_1, \dots`, of the powers 0, 1, ...
    degree_exponent : float, default=-0.5
        :math:`\beta`; the more negative, the less hubs count.
    features : array-like of shape (n_nodes, n_features) or None, default=None
        What is known of the nodes, a row for each in the order of the graph. Standardised and projected
        to `n_feature_components` columns, that take the place of as many columns of R.
    n_feature_components : int or None, default=None
        Columns for the features; None is half of all.
    row_norm : float, default=0.75
        Each row is divided by this power of its length, and all by one number so that the root mean square
        length is 1.5.
    n_jobs : int or None, default=None
        Threads.
    random_state : int, Generator, RandomState or None, default=None
        Seed of the random projection.
    verbose : int, default=0
        1 shows progress on standard error.
    callbacks : sequence of callable, default=()
        Called with a `Tick`.
    weight : str or None, default='weight'
        Edge attribute of NetworkX input that holds the weights.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_nodes, n_components), dtype=float32
        Isolated nodes are zero; with ``weights[0] = 0`` also sinks of a directed graph.
    nodes_, graph_, vectors_, n_features_in_, feature_names_in_, fit_report_
        See `DeepWalk`.

    Notes
    -----
    Of a directed graph, D are the degrees of both directions in L, and a node is described by where its arcs lead.

    A new node is folded in by its own transition probabilities: exactly what a fit would give it without
    :math:`\alpha_0`, and without walks that come back to it. Edges between new nodes do not count, and features of
    new nodes are not asked for.

    References
    ----------
    .. [1] Chen, Sultan, Tian, Chen, Skiena, "Fast and accurate network embeddings via very sparse random
       projection", CIKM 2019.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import FastRP
    >>> FastRP(n_components=8, random_state=0).fit_transform(nx.karate_club_graph()).shape
    (34, 8)
    """

    def __init__(self, n_components: int = 128, *, weights: Sequence[float] = (0.0, 1.0, 8.0, 45.0),
                 degree_exponent: float = -0.5, features: Any = None, n_feature_components: int | None = None,
                 row_norm: float = 0.75, n_jobs: int | None = None, random_state: Any = None, verbose: int = 0,
                 callbacks: Any = (), weight: str | None = "weight") -> None:
        self.n_components = n_components
        self.weights = weights
        self.degree_exponent = degree_exponent
        self.features = features
        self.n_feature_components = n_feature_components
        self.row_norm = row_norm
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.callbacks = callbacks
        self.weight = weight

    def _validate(self) -> None:
        super()._validate()
        check_real("degree_exponent", self.degree_exponent, -10, 10)
        if self.n_feature_components is not None:
            check_int("n_feature_components", self.n_feature_components, 1, self.n_components)

    def _matrix(self, graph: Graph) -> sparse.csr_array:
        return transition(adjacency(graph))

    def _projection(self, graph: Graph, seed: int) -> np.ndarray:
        n, d = graph.n_nodes, int(self.n_components)
        A = adjacency(graph)
        degree = (A.sum(axis=0) + A.sum(axis=1)) / 2
        importance = inverse_power(degree / max(degree.sum(), 1e-300), -self.degree_exponent)
        # Vectors are scaled in the end; this keeps them within float32 until then.
        importance = (importance / max(importance.max() / 2**64, 1.0)).astype(np.float32)
        R = random_rows(n, d, seed, _sparse_signs)
        if self.features is not None:
            X = np.asarray(self.features, np.float32)
            if X.ndim != 2 or len(X) != n or not np.isfinite(X).all():
                raise ValueError(f"features must be finite, of shape ({n}, n_features), a row for each node; got "
                                 f"shape {X.shape}.")
            spread = X.std(axis=0)
            X = (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1)
            k = d // 2 or d if self.n_feature_components is None else int(self.n_feature_components)
            own = random_rows(X.shape[1], k, stream_key(seed, "features"), _sparse_signs)
            R[:, :k] = X @ own / np.float32(np.sqrt(X.shape[1]))
        return R * importance[:, None]


def _sparse_signs(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """sqrt(3) and -sqrt(3) with probability 1/6 each, else 0."""
    draw = rng.random(shape, np.float32)
    return np.sqrt(np.float32(3)) * ((draw < 1 / 6).astype(np.float32) - (draw > 5 / 6))
