"""LINE: skip-gram on edges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphemb._parallel import Tick
from graphemb._validation import check_choice, check_seed
from graphemb.estimators._base import Report, scale_rows, warn
from graphemb.estimators._walk_based import WalkEmbedding
from graphemb.graph import Graph
from graphemb.samplers import EdgeSampler, StarSampler
from graphemb.skipgram import STAR, Corpus, SkipGram
from graphemb.walks import Sampler, WalkSampler

ORDERS = ("first", "second")


class LINE(WalkEmbedding):
    r"""LINE: nodes are near that are linked (first order), or that share neighbours (second order).

    Edges are drawn in proportion to their weights, and their ends train skip-gram with negative sampling. In the
    second order the vector of a node predicts the context vectors of its neighbours ([1]_, section 4.1.2 and
    eq. 7). In the first a node has one vector, which is its own context: the probability of an edge between i and j
    is :math:`\sigma(u_i^T u_j)` ([1]_, eq. 1).

    Parameters
    ----------
    n_components : int, default=128
        Dimensions of the vectors; with ``order='both'`` half of them for each, the first having one more of an odd
        number.
    order : {'first', 'second', 'both'}, default='second'
        ``'both'``: the two, trained apart, each row divided by its length, side by side. On BlogCatalog and PPI it
        classified nodes better than either, on Wikipedia as well as the second. Edges have no direction in the first
        order, so ``'first'`` and ``'both'`` refuse a directed graph.
    n_walks : int, default=2000
        Edges drawn in each epoch, for each node of the graph and each order; a multiple of 5, or rounded up to one.
    n_negative, n_epochs, learning_rate, min_learning_rate, ns_exponent, subsample, trainer, deterministic, init
        As in `DeepWalk`; so are the next.
    tol, checkpoint, n_jobs, random_state, verbose, callbacks, weight
        As in `DeepWalk`. The first order has the native trainer alone, and takes no context vectors in `init`.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_nodes, n_components), dtype=float32
        Row i is the vector of ``nodes_[i]``; an isolated node has a vector of zeros.
    context_ : ndarray of shape (n_nodes, n_components), dtype=float32
        ``embedding_[u] @ context_[v]`` scores v near u: the output vectors of skip-gram, and in the first order
        `embedding_` itself; of both, side by side.
    nodes_, vectors_, graph_, n_features_in_, fit_report_
        As in `DeepWalk`. With ``order='both'``, `fit_report_` has the reports of the two in a list `orders`.

    Raises
    ------
    TypeError, ValueError
        In `fit`, if a parameter or the graph is not acceptable.

    Notes
    -----
    In the second order an arc teaches in both directions, also in a directed graph. As in the authors' program, a
    negative of the first order may be the other end of the edge. Edges are drawn ten at one node: the node in
    proportion to its weighted degree, the edges at it to their weights, so that each is drawn as by itself. The ten
    have their negatives in common, as the nodes of a window have in `DeepWalk`. With ``trainer='gensim'``, or with
    `subsample`, edges are drawn one by one.

    New nodes given to `transform` are trained alone, on their edges, against the frozen `context_`. Of both, each
    order has half of the dimensions and a `checkpoint` with its name added to the given one.

    References
    ----------
    .. [1] Tang, Qu, Wang, Zhang, Yan, Mei, "LINE: large-scale information network embedding", WWW 2015.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import LINE
    >>> LINE(n_components=16, order="both", random_state=0).fit_transform(nx.karate_club_graph()).shape
    (34, 16)
    """

    walk_length = 2
    window = 1
    _walks_at_once = STAR // 2  # an edge teaches in both directions

    def __init__(self, n_components: int = 128, *, order: str = "second", n_walks: int = 2000, n_negative: int = 5,
                 n_epochs: int = 1, learning_rate: float = 0.025, min_learning_rate: float = 1e-4, ns_exponent: float
                 = 0.75, subsample: float = 0.0, trainer: str = "native", deterministic: bool = True, init: Any =
                 None, tol: float | None = None, checkpoint: Any = None, n_jobs: int | None = None, random_state:
                 Any = None, verbose: int = 0, callbacks: Sequence[Callable[[Tick], object]] = (), weight: str |
                 None = "weight") -> None:
        self.n_components = n_components
        self.order = order
        self.n_walks = n_walks
        self.n_negative = n_negative
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.min_learning_rate = min_learning_rate
        self.ns_exponent = ns_exponent
        self.subsample = subsample
        self.trainer = trainer
        self.deterministic = deterministic
        self.init = init
        self.tol = tol
        self.checkpoint = checkpoint
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.callbacks = callbacks
        self.weight = weight

    def _validate(self) -> None:
        super()._validate()
        check_choice("order", self.order, (*ORDERS, "both"))
        if self.order != "second" and self.trainer == "gensim":
            raise ValueError(f"trainer must be 'native' with order={self.order!r}; got 'gensim', in which no vector "
                             "can be its own context.")
        if self.order != "second" and isinstance(self.init, tuple):
            raise ValueError(f"init must be vectors alone with order={self.order!r}, since the first order has no "
                             "context vectors; got a tuple.")

    def _embed(self, graph: Graph, report: Report) -> NDArray[np.float32]:
        if self.order != "second" and graph.directed:
            raise ValueError(f"order={self.order!r} needs an undirected graph, since edges have no direction in the "
                             "first order; got a directed one. Pass order='second', or the graph without directions.")
        if self.order != "both":
            return super()._embed(graph, report)
        seed = check_seed(self.random_state)
        init = None if self.init is None else self._start(graph, seed, np.diff(graph.indptr) > 0)[0]
        shared = self.get_params()
        self._parts: list[LINE] = []
        for order, columns in zip(ORDERS, np.array_split(np.arange(self.n_components), 2), strict=True):
            if len(columns):
                self._parts.append(LINE(**{
                    **shared, "order": order, "n_components": len(columns),
                    "random_state": (seed + len(self._parts)) % 2**64,
                    "init": None if init is None else init[:, columns],
                    "checkpoint": None if self.checkpoint is None else f"{self.checkpoint}.{order}"}))
        for part in self._parts:
            part.fit(graph)
            if part.fit_report_["stopped"] and part is not self._parts[-1]:
                warn(report, "A callback stopped the fit in the first order; the second has columns of zeros.")
                self._parts = [part]
                break
        return self._joined(graph.n_nodes, report)

    def _update(self, graph: Graph, rows: NDArray[np.int64], report: Report) -> NDArray[np.float32]:
        if self.order != "both":
            return super()._update(graph, rows, report)
        for part in self._parts:
            part.partial_fit(graph)
        return self._joined(graph.n_nodes, report)

    def _fold_in(self, enlarged: Graph, n_fitted: int) -> NDArray[np.float32]:
        if self.order != "both":
            return super()._fold_in(enlarged, n_fitted)
        return np.concatenate([scale_rows(part._fold_in(enlarged, n_fitted), 1.0) for part in self._parts], axis=1)

    def _joined(self, n_nodes: int, report: Report) -> NDArray[np.float32]:
        """The vectors of the two orders side by side; sets `context_` to match."""
        report["orders"] = [part.fit_report_ for part in self._parts]
        vectors = [scale_rows(part.embedding_, 1.0) for part in self._parts]
        contexts = [Z if part.order == "first" else part.context_ for Z, part in zip(vectors, self._parts, strict=True)]
        self.context_ = self._padded(np.concatenate(contexts, axis=1), n_nodes, int(self.n_components))
        return np.concatenate(vectors, axis=1)

    def _sampler(self, graph: Graph, seed: int, n_jobs: int) -> Sampler:
        return EdgeSampler(graph, seed)

    def _table_bytes(self, graph: Graph) -> float:
        stars = super()._table_bytes(graph) + 8.0 * graph.n_nodes
        if graph.directed:  # arcs in both directions, with weights
            stars += 2 * 28.0 * len(graph.indices) + 24.0 * graph.n_nodes
        return stars

    def _course(self, graph: Graph, seed: int, n_jobs: int) -> tuple[Corpus, SkipGram]:
        corpus, settings = super()._course(graph, seed, n_jobs)
        if self.trainer == "gensim" or self.subsample:
            return corpus, settings
        return replace(corpus, sampler=StarSampler(graph, seed, n_jobs), n_walks=-(-corpus.n_walks // (STAR // 2)),
                       walk_length=1 + STAR), replace(settings, window=0)

    def _fold_in_sampler(self, onward: Graph) -> Sampler:
        return WalkSampler(onward, 1.0, 1.0, self._seed)

    def _settings(self, seed: int, n_jobs: int) -> SkipGram:
        return replace(super()._settings(seed, n_jobs), tied=self.order == "first")
