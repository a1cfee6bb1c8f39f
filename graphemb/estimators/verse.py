"""VERSE: skip-gram on pairs of a node and a draw from its personalised PageRank."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphemb._parallel import Tick
from graphemb._validation import check_real
from graphemb.estimators._walk_based import WalkEmbedding
from graphemb.graph import Graph
from graphemb.restart import MOST_ALPHA, RestartSampler
from graphemb.walks import Sampler


class VERSE(WalkEmbedding):
    """VERSE: vectors whose similarities imitate personalised PageRank.

    Pairs (u, v) are drawn with v where a walk from u ends that stops before each step with probability
    1 - alpha ([1]_, section 3.3 and algorithm 2), and train skip-gram with negative sampling.

    Parameters
    ----------
    n_components : int, default=128
        Dimensions of the vectors.
    alpha : float, default=0.85
        Probability of a further step; in [0, 0.9999].
    n_walks : int, default=2000
        Pairs from each node, in each epoch.
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
    The paper has one vector a node and noise that is uniform; this trains with skip-gram's, `context_` for the
    second node of a pair. A pair teaches in both directions.

    New nodes given to `transform` are trained alone, on pairs that begin at them, against the frozen `context_`.

    References
    ----------
    .. [1] Tsitsulin, Mottin, Karras, Mueller, "VERSE: versatile graph embeddings from similarity measures",
       WWW 2018.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import VERSE
    >>> VERSE(n_components=16, random_state=0).fit_transform(nx.karate_club_graph()).shape
    (34, 16)
    """

    walk_length = 2
    window = 1

    def __init__(self, n_components: int = 128, *, alpha: float = 0.85, n_walks: int = 2000, n_negative: int = 5,
                 n_epochs: int = 1, learning_rate: float = 0.025, min_learning_rate: float = 1e-4, ns_exponent:
                 float = 0.75, subsample: float = 0.0, trainer: str = "native", deterministic: bool = True, init:
                 Any = None, tol: float | None = None, checkpoint: Any = None, n_jobs: int | None = None,
                 random_state: Any = None, verbose: int = 0, callbacks: Sequence[Callable[[Tick], object]] = (),
                 weight: str | None = "weight") -> None:
        self.n_components = n_components
        self.alpha = alpha
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
        check_real("alpha", self.alpha, 0, MOST_ALPHA)

    def _sampler(self, graph: Graph, seed: int, n_jobs: int) -> Sampler:
        return RestartSampler(graph, float(self.alpha), seed, n_jobs)
