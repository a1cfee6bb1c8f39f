"""GraphWave: roles of nodes by how heat spreads from them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse
from scipy.special import ive

from graphemb._parallel import Progress, interruptible
from graphemb._validation import check_bool, check_n_jobs, check_real, check_seed
from graphemb.estimators._base import BaseEmbedding, Report
from graphemb.graph import Graph
from graphemb.proximity import adjacency, multiply, normalised, row_blocks

CUT = 1e-6
"""Coefficient of the heat kernel's expansion at which it ends."""


class GraphWave(BaseEmbedding):
    r"""Empirical characteristic functions of the heat that a node gives to all others: structural roles.

    With the heat kernel :math:`\Psi = e^{-s L}` of the Laplacian, a node a has for scales s and points t
    ([1]_, algorithm 1)

    .. math:: \phi_a(t) = \frac{1}{n} \sum_m e^{i t \Psi_{ma}}

    and the real and imaginary parts are its vector. Which nodes are warmed does not matter, only how much: so nodes
    with the same surroundings are the same, in whatever parts of the graph they are.

    Parameters
    ----------
    n_components : int, default=128
        Dimension of the vectors: two for a point and a scale.
    scales : sequence of float, default=(1.0, 4.0)
        s: how far heat spreads.
    largest_point : float, default=1000.0
        Points t are spread evenly between 0 and this.
    standardize : bool, default=True
        Shift and scale each column to mean 0 and variance 1 over the fitted nodes. The functions themselves differ
        in the second digit, which classifiers do not see.
    n_jobs : int or None, default=None
        Threads.
    random_state : int, Generator, RandomState or None, default=None
        Not used: nothing is random.
    verbose : int, default=0
        1 shows progress on standard error.
    callbacks : sequence of callable, default=()
        Called with a `Tick`.
    weight : str or None, default='weight'
        Edge attribute of NetworkX input that holds the weights.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_nodes, n_components), dtype=float32
        Columns by point, then by scale, then real and imaginary part; isolated nodes are zero.
    nodes_, graph_, vectors_, n_features_in_, feature_names_in_, fit_report_
        See `DeepWalk`.

    Notes
    -----
    L is the normalised Laplacian :math:`I - D^{-1/2} A D^{-1/2}` of the undirected graph (A + A^T of a directed one),
    whose eigenvalues lie in [0, 2]; the paper chooses scales by eigenvalues, here they are given. The kernel comes
    from a Chebyshev expansion, by blocks of nodes; work grows with n times the edges.

    A new node is folded in by the heat it gives in the graph that it is added to, and then has the vector of a fit of
    that graph. Edges between new nodes count.

    References
    ----------
    .. [1] Donnat, Zitnik, Hallac, Leskovec, "Learning structural node embeddings via diffusion wavelets", KDD 2018.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import GraphWave
    >>> Z = GraphWave(n_components=8).fit_transform(nx.path_graph(6))
    >>> bool(abs(Z[0] - Z[5]).max() < 1e-5), bool(abs(Z[0] - Z[1]).max() > 0.01)
    (True, True)
    """

    def __init__(self, n_components: int = 128, *, scales: Sequence[float] = (1.0, 4.0), largest_point: float = 1000.0,
                 standardize: bool = True, n_jobs: int | None = None, random_state: Any = None, verbose: int = 0,
                 callbacks: Any = (), weight: str | None = "weight") -> None:
        self.n_components = n_components
        self.scales = scales
        self.largest_point = largest_point
        self.standardize = standardize
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.callbacks = callbacks
        self.weight = weight

    def _validate(self) -> None:
        super()._validate()
        if isinstance(self.scales, (str, bytes)) or np.ndim(self.scales) != 1 or not len(self.scales):
            raise ValueError(f"scales must be a sequence of at least one number; got {self.scales!r}.")
        for i, s in enumerate(self.scales):
            check_real(f"scales[{i}]", s, above=0)
        check_real("largest_point", self.largest_point, above=0)
        check_bool("standardize", self.standardize)
        check_seed(self.random_state)

    def _embed(self, graph: Graph, report: Report) -> np.ndarray:
        Z, linked = self._functions(graph, np.arange(graph.n_nodes),
                                    Progress("heat", graph.n_nodes, int(self.verbose), self.callbacks))
        self._shift, self._factor = np.zeros(Z.shape[1]), np.ones(Z.shape[1])
        if self.standardize and linked.any():
            self._shift, spread = Z[linked].mean(axis=0), Z[linked].std(axis=0)
            # columns that differ by rounding alone are the same
            self._factor = np.where(spread > 1e-6, 1 / np.maximum(spread, 1e-6), 0)
        return np.where(linked[:, None], (Z - self._shift) * self._factor, 0)

    def _fold_in(self, enlarged: Graph, n_fitted: int) -> np.ndarray:
        new = np.arange(n_fitted, enlarged.n_nodes)
        return (self._functions(enlarged, new, Progress("heat", len(new)))[0] - self._shift) * self._factor

    def _functions(self, graph: Graph, nodes: np.ndarray,
                   progress: Progress) -> tuple[np.ndarray, np.ndarray]:
        """Characteristic functions of the heat of some nodes, and which of these have an edge."""
        n, n_jobs, n_scales = graph.n_nodes, check_n_jobs(self.n_jobs), len(self.scales)
        A = adjacency(graph, symmetric=True)
        S = normalised(A)
        n_points = -(-self.n_components // (2 * n_scales))
        Z = np.zeros((len(nodes), n_points, n_scales, 2))
        for start, stop in row_blocks(n):
            block = nodes[start:stop]
            if not len(block):
                break
            unit = np.zeros((n, len(block)))
            unit[block, np.arange(len(block))] = 1
            for j, heat in enumerate(heat_kernels(S, unit, [float(s) for s in self.scales], n_jobs)):
                step = 1j * self.largest_point / n_points
                first = interruptible(partial(np.exp, step * heat))
                turned = first.copy()
                for i in range(n_points):
                    phi = turned.mean(axis=0)
                    Z[start:stop, i, j] = np.column_stack([phi.real, phi.imag])
                    turned *= first
            progress.update(len(block))
        return Z.reshape(len(nodes), -1)[:, :self.n_components], A.sum(axis=1)[nodes] > 0


def heat_kernels(S: sparse.csr_array, X: np.ndarray, scales: Sequence[float], n_jobs: int = 1) -> list[np.ndarray]:
    r"""exp(-s (I - S)) X for each scale s, by Chebyshev polynomials of S.

    Notes
    -----
    :math:`e^{-s (1 - x)} = e^{-s} (I_0(s) + 2 \sum_i I_i(s) T_i(x))` on [-1, 1], where all eigenvalues of S are.
    """
    longest = max(scales)
    order = 1
    while ive(order, longest) > CUT:
        order += 1
    before, last = X, multiply(S, X, n_jobs)
    sums = [ive(0, s) * before + 2 * ive(1, s) * last for s in scales]
    for i in range(2, order + 1):
        before, last = last, 2 * multiply(S, last, n_jobs) - before
        for total, s in zip(sums, scales, strict=True):
            total += 2 * ive(i, s) * last
    return sums
