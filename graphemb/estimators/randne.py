"""RandNE: iterated Gaussian random projection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from graphemb.estimators._projection import ProjectedPowers, random_rows
from graphemb.graph import Graph
from graphemb.proximity import adjacency


class RandNE(ProjectedPowers):
    r"""Weighted sums of powers of the adjacency matrix, by an orthogonal random projection.

    .. math:: U = (\alpha_0 I + \alpha_1 A + \alpha_2 A^2 + \dots) R

    where R is Gaussian with orthonormal columns ([1]_, eq. 5 and algorithm 1): inner products of rows of U are those of
    rows of the sum, but for chance. A product for each power is all the work there is.

    Parameters
    ----------
    n_components : int, default=128
        Dimension of the vectors.
    weights : sequence of float, default=(1.0, 1e2, 1e3)
        :math:`\alpha_0, \alpha_1, \dots`, of the powers 0, 1, ...; those of A grow by its largest eigenvalue each.
    row_norm : float, default=0.5
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
        Isolated nodes are zero.
    nodes_, graph_, vectors_, n_features_in_, feature_names_in_, fit_report_
        See `DeepWalk`.

    Notes
    -----
    Columns of R beyond the number of nodes are zero. Of a directed graph, a node is described by where its arcs lead.

    A new node is folded in by its row of A: exactly what a fit would give it without :math:`\alpha_0`, and
    without paths that pass it. Edges between new nodes do not count.

    References
    ----------
    .. [1] Zhang, Cui, Li, Wang, Zhu, "Billion-scale network embedding with iterative random projection", ICDM 2018.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import RandNE
    >>> RandNE(n_components=8, random_state=0).fit_transform(nx.karate_club_graph()).shape
    (34, 8)
    """

    def __init__(self, n_components: int = 128, *, weights: Sequence[float] = (1.0, 1e2, 1e3),
                 row_norm: float = 0.5, n_jobs: int | None = None, random_state: Any = None, verbose: int = 0,
                 callbacks: Any = (), weight: str | None = "weight") -> None:
        self.n_components = n_components
        self.weights = weights
        self.row_norm = row_norm
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.callbacks = callbacks
        self.weight = weight

    def _matrix(self, graph: Graph) -> sparse.csr_array:
        return adjacency(graph)

    def _projection(self, graph: Graph, seed: int) -> np.ndarray:
        n, d = graph.n_nodes, int(self.n_components)
        R = random_rows(n, min(n, d), seed, lambda rng, shape: rng.standard_normal(shape, np.float32))
        # orthonormal by the Cholesky factor of the Gram matrix
        L = np.linalg.cholesky(R.T.astype(np.float64) @ R) if n > 2 * d else None
        Q = np.linalg.qr(R)[0] if L is None else R @ np.linalg.inv(L).T.astype(np.float32)
        return np.pad(Q, ((0, 0), (0, d - Q.shape[1])))
