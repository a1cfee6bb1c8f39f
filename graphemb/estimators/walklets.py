"""Walklets: skip-gram on each distance within walks by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphemb._parallel import Tick
from graphemb._validation import check_int, check_seed
from graphemb.estimators._base import BaseEmbedding, Report, warn
from graphemb.estimators._walk_based import WalkEmbedding
from graphemb.forecast import Estimate
from graphemb.graph import Graph
from graphemb.samplers import SkippingSampler
from graphemb.walks import MAX_WALK_LENGTH, Sampler


class OneDistance(WalkEmbedding):
    """Vectors of one distance: nodes are near that stand `k` steps apart in a walk."""

    k: int = 1

    def _sampler(self, graph: Graph, seed: int, n_jobs: int) -> Sampler:
        return SkippingSampler(super()._sampler(graph, seed, n_jobs), self.k)


class Walklets(WalkEmbedding):
    """Walklets: vectors of near and far neighbourhoods side by side.

    For each distance k = 1 .. window, skip-gram with negative sampling is trained on the pairs of nodes that stand
    exactly k steps apart in random walks ([1]_, section 4.1), with columns of its own.

    Parameters
    ----------
    n_components : int, default=128
        Dimensions of the vectors, shared by the distances; the first get one more where it cannot be equal.
    window : int, default=4
        Largest distance. Those past n_components have no column, and are left out.
    walk_length : int, default=80
        Nodes that are k steps apart, in a walk for distance k.
    n_walks : int, default=10
        Walks from each node for each distance, in each epoch.
    n_negative, n_epochs, learning_rate, min_learning_rate, ns_exponent, subsample, trainer, deterministic, init, \
tol, checkpoint, n_jobs, random_state, verbose, callbacks, weight
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

    Notes
    -----
    Every distance has walks of its own, that are k times as long, so that all have as many pairs; in the paper
    they share walks. `fit_report_` has a list of the reports of the distances. With a `checkpoint`, ``.k`` is added to
    its name for each.

    New nodes given to `transform` are trained alone, for each distance, on walks that begin at them, against the
    frozen `context_`.

    References
    ----------
    .. [1] Perozzi, Kulkarni, Chen, Skiena, "Don't walk, skip! Online learning of multi-scale network embeddings",
       ASONAM 2017.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import Walklets
    >>> Walklets(n_components=16, window=2, random_state=0).fit_transform(nx.karate_club_graph()).shape
    (34, 16)
    """

    def __init__(self, n_components: int = 128, *, walk_length: int = 80, n_walks: int = 10, window: int = 4,
                 n_negative: int = 5, n_epochs: int = 1, learning_rate: float = 0.025, min_learning_rate: float =
                 1e-4, ns_exponent: float = 0.75, subsample: float = 0.0, trainer: str = "native", deterministic:
                 bool = True, init: Any = None, tol: float | None = None, checkpoint: Any = None, n_jobs: int |
                 None = None, random_state: Any = None, verbose: int = 0, callbacks: Sequence[Callable[[Tick],
                 object]] = (), weight: str | None = "weight") -> None:
        super().__init__(
            n_components, walk_length=walk_length, n_walks=n_walks, window=window, n_negative=n_negative,
            n_epochs=n_epochs, learning_rate=learning_rate, min_learning_rate=min_learning_rate,
            ns_exponent=ns_exponent, subsample=subsample, trainer=trainer, deterministic=deterministic, init=init,
            tol=tol, checkpoint=checkpoint, n_jobs=n_jobs, random_state=random_state, verbose=verbose,
            callbacks=callbacks, weight=weight)

    def _validate(self) -> None:
        super()._validate()
        longest = self.window * (check_int("walk_length", self.walk_length, 1) - 1) + 1
        if longest > MAX_WALK_LENGTH:
            raise ValueError(f"window * walk_length must be <= {MAX_WALK_LENGTH}; got {self.window} and "
                             f"{self.walk_length}.")

    def _forecast(self, X: Any, graph: Graph, max_memory: float | None) -> Estimate:
        return BaseEmbedding._forecast(self, X, graph, max_memory)

    def _embed(self, graph: Graph, report: Report) -> NDArray[np.float32]:
        seed = check_seed(self.random_state)
        init = None if self.init is None else self._start(graph, seed, np.diff(graph.indptr) > 0)
        self._distances: list[OneDistance] = []
        report["distances"] = []
        shared = self.get_params()
        for k, columns in enumerate(np.array_split(np.arange(self.n_components), self.window), 1):
            if not len(columns):
                break
            model = OneDistance(**{
                **shared, "n_components": len(columns), "window": 1, "random_state": (seed + k) % 2**64,
                "checkpoint": None if self.checkpoint is None else f"{self.checkpoint}.{k}",
                "init": None if init is None else _columns(init, columns)})
            model.k = k
            model.fit(graph)
            self._distances.append(model)
            report["distances"].append(model.fit_report_)
            if model.fit_report_["stopped"]:
                warn(report, f"A callback stopped the fit at distance {k}; later ones have columns of zeros.")
                break
        self.context_ = self._padded(np.concatenate([m.context_ for m in self._distances], axis=1), graph.n_nodes,
                                     int(self.n_components))
        return np.concatenate([model.embedding_ for model in self._distances], axis=1)

    def _fold_in(self, enlarged: Graph, n_fitted: int) -> NDArray[np.float32]:
        return np.concatenate([model._fold_in(enlarged, n_fitted) for model in self._distances], axis=1)


def _columns(init: tuple[Any, Any], columns: NDArray[np.int64]) -> Any:
    vectors, contexts = (None if part is None else part[:, columns] for part in init)
    return vectors if contexts is None else (vectors, contexts)
