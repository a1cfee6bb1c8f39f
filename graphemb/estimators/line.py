"""LINE: skip-gram on edges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphemb._parallel import Tick
from graphemb.estimators._walk_based import WalkEmbedding
from graphemb.graph import Graph
from graphemb.samplers import EdgeSampler
from graphemb.walks import Sampler, WalkSampler


class LINE(WalkEmbedding):
    """LINE, second order: nodes are near that share neighbours.

    Edges are drawn in proportion to their weights, and their ends train skip-gram with negative sampling: the
    vector of a node predicts the context vectors of its neighbours ([1]_, section 4.1.2 and eq. 7).

    Parameters
    ----------
    n_components : int, default=128
        Dimensions of the vectors.
    n_walks : int, default=2000
        Edges drawn in each epoch, for each node of the graph.
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
    The first order of the paper, one vector a node that is near those of its neighbours, is not offered; the
    second is what its results rest on. An arc teaches in both directions, also in a directed graph.

    New nodes given to `transform` are trained alone, on their edges, against the frozen `context_`.

    References
    ----------
    .. [1] Tang, Qu, Wang, Zhang, Yan, Mei, "LINE: large-scale information network embedding", WWW 2015.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import LINE
    >>> LINE(n_components=16, random_state=0).fit_transform(nx.karate_club_graph()).shape
    (34, 16)
    """

    walk_length = 2
    window = 1

    def __init__(self, n_components: int = 128, *, n_walks: int = 2000, n_negative: int = 5, n_epochs: int = 1,
                 learning_rate: float = 0.025, min_learning_rate: float = 1e-4, ns_exponent: float = 0.75,
                 subsample: float = 0.0, trainer: str = "native", deterministic: bool = True, init: Any = None,
                 tol: float | None = None, checkpoint: Any = None, n_jobs: int | None = None, random_state: Any =
                 None, verbose: int = 0, callbacks: Sequence[Callable[[Tick], object]] = (), weight: str | None =
                 "weight") -> None:
        self.n_components = n_components
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

    def _sampler(self, graph: Graph, seed: int, n_jobs: int) -> Sampler:
        return EdgeSampler(graph, seed)

    def _fold_in_sampler(self, onward: Graph) -> Sampler:
        return WalkSampler(onward, 1.0, 1.0, self._seed)
