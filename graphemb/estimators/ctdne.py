"""CTDNE: skip-gram on walks that respect time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphemb._parallel import Tick
from graphemb._validation import check_bool, check_choice, check_real
from graphemb.estimators._walk_based import WalkEmbedding
from graphemb.graph import Graph
from graphemb.samplers import FromNeighbour
from graphemb.temporal import BIASES, TemporalSampler
from graphemb.temporal_graph import TemporalGraph, as_temporal_graph
from graphemb.walks import Sampler, WalkSampler


class CTDNE(WalkEmbedding):
    """Continuous-time dynamic network embedding: skip-gram with negative sampling on temporal walks.

    A walk begins with a contact and goes on with later ones ([1]_, sections 3.2 to 3.4), so nodes are near
    that something could have passed between.

    Parameters
    ----------
    n_components : int, default=128
        Dimensions of the vectors.
    start_bias : {"uniform", "linear", "exponential"}, default="uniform"
        How the first contact is drawn; the later the likelier but for ``"uniform"``.
    bias : {"uniform", "linear", "exponential"}, default="uniform"
        How the next contact is drawn from those that may follow; the sooner the likelier but for ``"uniform"``.
    time_scale : float, default=1.0
        In the unit of the times: over this time an exponential bias changes by a factor e.
    strict : bool, default=True
        Whether times must increase, not only not decrease.
    time : str, default="time"
        Edge attribute of NetworkX input that holds the times.
    walk_length, n_walks, window, n_negative, n_epochs, learning_rate, min_learning_rate, ns_exponent, subsample, \
trainer, deterministic, init, tol, checkpoint, n_jobs, random_state, verbose, callbacks, weight
        As in `DeepWalk`.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_nodes, n_components), dtype=float32
        Row i is the vector of ``nodes_[i]``; an isolated node has a vector of zeros.
    context_ : ndarray of shape (n_nodes, n_components), dtype=float32
        The output vectors of skip-gram: ``embedding_[u] @ context_[v]`` scores v near u.
    nodes_, vectors_, graph_, n_features_in_, fit_report_
        As in `DeepWalk`.

    Raises
    ------
    TypeError, ValueError
        In `fit`, if a parameter or the graph is not acceptable.

    See Also
    --------
    temporal_walks : The walks alone, and their parameters at length.

    Notes
    -----
    `fit` takes a `TemporalGraph`, a NetworkX graph with times on its edges, or any graph without times, whose
    edges all are contacts at one time; then walks have two nodes, unless ``strict=False``. Time ends most
    walks early: on sparse contacts, raise `n_walks`.

    New nodes given to `transform` need no times: they are trained alone, on walks that go from them to a
    neighbour and from there through time, against the frozen `context_`.

    References
    ----------
    .. [1] Nguyen, Lee, Rossi, Ahmed, Koh, Kim, "Continuous-time dynamic network embeddings", WWW 2018 companion.

    Examples
    --------
    >>> from graphemb import CTDNE, TemporalGraph
    >>> graph = TemporalGraph.from_edges("abca", "bcdc", [1, 2, 3, 4])
    >>> CTDNE(n_components=8, random_state=0).fit_transform(graph).shape
    (4, 8)
    """

    def __init__(self, n_components: int = 128, *, start_bias: str = "uniform", bias: str = "uniform", time_scale:
                 float = 1.0, strict: bool = True, time: str = "time", walk_length: int = 80, n_walks: int = 10,
                 window: int = 10, n_negative: int = 5, n_epochs: int = 1, learning_rate: float = 0.025,
                 min_learning_rate: float = 1e-4, ns_exponent: float = 0.75, subsample: float = 0.0, trainer: str
                 = "native", deterministic: bool = True, init: Any = None, tol: float | None = None, checkpoint:
                 Any = None, n_jobs: int | None = None, random_state: Any = None, verbose: int = 0, callbacks:
                 Sequence[Callable[[Tick], object]] = (), weight: str | None = "weight") -> None:
        super().__init__(
            n_components, walk_length=walk_length, n_walks=n_walks, window=window, n_negative=n_negative,
            n_epochs=n_epochs, learning_rate=learning_rate, min_learning_rate=min_learning_rate,
            ns_exponent=ns_exponent, subsample=subsample, trainer=trainer, deterministic=deterministic, init=init,
            tol=tol, checkpoint=checkpoint, n_jobs=n_jobs, random_state=random_state, verbose=verbose,
            callbacks=callbacks, weight=weight)
        self.start_bias = start_bias
        self.bias = bias
        self.time_scale = time_scale
        self.strict = strict
        self.time = time

    def fit(self, X: Any, y: Any = None) -> CTDNE:
        """Learn a vector for every node.

        Parameters
        ----------
        X : TemporalGraph, NetworkX graph with times on its edges, or any graph that `DeepWalk` takes
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        self._contacts = None
        if isinstance(X, TemporalGraph) or (
                hasattr(X, "is_multigraph") and any(t is not None for *_, t in X.edges(data=self.time))):
            self._contacts = as_temporal_graph(X, time=self.time)
        super().fit(X if self._contacts is None else self._contacts.graph)
        return self

    def transform(self, X: Any) -> Any:
        """Return the learned vectors of fitted nodes, and fold new nodes in; see `DeepWalk`.

        Parameters
        ----------
        X : as in `fit`

        Returns
        -------
        vectors : ndarray of shape (n_rows, n_components), dtype=float32
        """
        return super().transform(X.graph if isinstance(X, TemporalGraph) else X)

    def _validate(self) -> None:
        super()._validate()
        check_choice("start_bias", self.start_bias, BIASES)
        check_choice("bias", self.bias, BIASES)
        check_real("time_scale", self.time_scale, 1e-100, 1e100)
        check_bool("strict", self.strict)

    def _sampler(self, graph: Graph, seed: int, n_jobs: int) -> Sampler:
        return self._temporal(graph, seed, from_nodes=False)

    def _fold_in_sampler(self, onward: Graph) -> Sampler:
        return FromNeighbour(onward, self._temporal(self.graph_, self._seed, from_nodes=True), self._seed)

    def _temporal(self, graph: Graph, seed: int, *, from_nodes: bool) -> Sampler:
        contacts = self._contacts
        if contacts is None:
            arcs = graph.to_scipy().tocoo()
            once = np.ones(len(arcs.row), bool) if graph.directed else arcs.row <= arcs.col
            if not once.any():
                return WalkSampler(graph, 1.0, 1.0, seed)
            contacts = TemporalGraph.from_edges(arcs.row[once], arcs.col[once], np.zeros(int(once.sum())),
                                                nodes=range(graph.n_nodes), directed=graph.directed)
        return TemporalSampler(contacts, self.start_bias, self.bias, float(self.time_scale), bool(self.strict), seed,
                               from_nodes=from_nodes)
