"""metapath2vec: skip-gram on walks that follow types of nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphemb._parallel import Tick
from graphemb.estimators._walk_based import WalkEmbedding
from graphemb.graph import Graph
from graphemb.metapath import MetapathSampler
from graphemb.samplers import FromNeighbour
from graphemb.walks import Sampler, WalkSampler


class MetaPath2Vec(WalkEmbedding):
    """metapath2vec: skip-gram with negative sampling on walks in which the types of nodes follow a pattern.

    Parameters
    ----------
    n_components : int, default=128
        Dimensions of the vectors.
    types : mapping of node labels to types, sequence of types in row order, or None, default=None
        Any hashables. None: all nodes are of one type, and walks are those of `DeepWalk`.
    metapath : sequence of types or None, default=None
        It ends with the type it begins with and is repeated: ``["author", "paper", "author"]``. Needed with `types`,
        and not without.
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
        In `fit`, if a parameter or the graph is not acceptable, or a node has no type.

    Notes
    -----
    Noise nodes are of all types, as in metapath2vec; metapath2vec++ draws them from one. Nodes of types that the
    metapath does not name are in no pair, and their vectors are what they started with.

    New nodes given to `transform` need no type: they are trained alone, on walks that go from them to a
    neighbour and on along the metapath, against the frozen `context_`.

    References
    ----------
    .. [1] Dong, Chawla, Swami, "metapath2vec: scalable representation learning for heterogeneous networks",
       KDD 2017, sections 3.1 and 3.2.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import MetaPath2Vec
    >>> G = nx.Graph([("ann", "paper 1"), ("bob", "paper 1"), ("bob", "paper 2")])
    >>> types = {v: "paper" if v.startswith("paper") else "author" for v in G}
    >>> model = MetaPath2Vec(8, types=types, metapath=["author", "paper", "author"], random_state=0)
    >>> model.fit_transform(G).shape
    (4, 8)
    """

    def __init__(self, n_components: int = 128, *, types: Any = None, metapath: Sequence[Any] | None = None,
                 walk_length: int = 80, n_walks: int = 10, window: int = 10, n_negative: int = 5, n_epochs: int =
                 1, learning_rate: float = 0.025, min_learning_rate: float = 1e-4, ns_exponent: float = 0.75,
                 subsample: float = 0.0, trainer: str = "native", deterministic: bool = True, init: Any = None,
                 tol: float | None = None, checkpoint: Any = None, n_jobs: int | None = None, random_state: Any =
                 None, verbose: int = 0, callbacks: Sequence[Callable[[Tick], object]] = (), weight: str | None =
                 "weight") -> None:
        super().__init__(
            n_components, walk_length=walk_length, n_walks=n_walks, window=window, n_negative=n_negative,
            n_epochs=n_epochs, learning_rate=learning_rate, min_learning_rate=min_learning_rate,
            ns_exponent=ns_exponent, subsample=subsample, trainer=trainer, deterministic=deterministic, init=init,
            tol=tol, checkpoint=checkpoint, n_jobs=n_jobs, random_state=random_state, verbose=verbose,
            callbacks=callbacks, weight=weight)
        self.types = types
        self.metapath = metapath

    def _validate(self) -> None:
        super()._validate()
        if (self.types is None) != (self.metapath is None):
            given, absent = ("metapath", "types") if self.types is None else ("types", "metapath")
            raise ValueError(f"{absent} must be given with {given}; got None.")

    def _sampler(self, graph: Graph, seed: int, n_jobs: int) -> Sampler:
        if self.types is None or self.metapath is None:
            return WalkSampler(graph, 1.0, 1.0, seed, n_jobs)
        return MetapathSampler(graph, self.types, self.metapath, seed, n_jobs)

    def _fold_in_sampler(self, onward: Graph) -> Sampler:
        return FromNeighbour(onward, self._sampler(self.graph_, self._seed, 1), self._seed)
