"""node2vec: skip-gram on second-order random walks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphemb._parallel import Tick
from graphemb.estimators._walk_based import EdgeWalkEmbedding


class Node2Vec(EdgeWalkEmbedding):
    """node2vec: skip-gram with negative sampling on biased second-order random walks.

    Parameters
    ----------
    n_components : int, default=128
        Dimensions of the vectors.
    p : float, default=1.0
        Return parameter: going straight back has weight 1/p. In [1e-100, 1e100].
    q : float, default=1.0
        In-out parameter: a node that is not a neighbour of the one before has weight 1/q. In
        [1e-100, 1e100]. With p = q = 1 this is DeepWalk.
    extend : bool, default=False
        node2vec+ [2]_, for weighted graphs: a weak edge to the node before makes a neighbour only in
        part.
    walk_length, n_walks, window, n_negative, n_epochs, learning_rate, min_learning_rate, ns_exponent, \
subsample, trainer, deterministic, init, tol, checkpoint, ordered, n_jobs, random_state, verbose, callbacks, weight
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
    Walks are exact and need no table per edge (see `random_walks`): memory is linear in the edges.
    On directed graphs "near the node before" is read off the arc from it, the distance of the
    paper; the authors' code looks at the arc to it.

    References
    ----------
    .. [1] Grover, Leskovec, "node2vec: Scalable Feature Learning for Networks", KDD 2016,
       sections 3.1 and 3.2.
    .. [2] Liu, Hirn, Krishnan, "Accurately modeling biased random walks on weighted networks using
       node2vec+", Bioinformatics 2023, section 2.3.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import Node2Vec
    >>> G = nx.les_miserables_graph()
    >>> model = Node2Vec(n_components=64, p=1.0, q=0.5, random_state=0)
    >>> Z = model.fit_transform(G)  # row i is list(G)[i]
    >>> Z.shape, Z.dtype
    ((77, 64), dtype('float32'))
    >>> model.vectors_["Valjean"].shape
    (64,)
    >>> len(model.vectors_.most_similar("Valjean", k=5))
    5
    """

    def __init__(self, n_components: int = 128, *, p: float = 1.0, q: float = 1.0, extend: bool = False,
                 walk_length: int = 80, n_walks: int = 10, window: int = 10, n_negative: int = 5, n_epochs: int = 1,
                 learning_rate: float = 0.025, min_learning_rate: float = 1e-4, ns_exponent: float = 0.75,
                 subsample: float = 0.0, trainer: str = "native", deterministic: bool = True, init: Any = None,
                 tol: float | None = None, checkpoint: Any = None, ordered: bool = False, n_jobs: int | None = None,
                 random_state: Any = None, verbose: int = 0, callbacks: Sequence[Callable[[Tick], object]] = (),
                 weight: str | None = "weight") -> None:
        super().__init__(
            n_components, walk_length=walk_length, n_walks=n_walks, window=window, n_negative=n_negative,
            n_epochs=n_epochs, learning_rate=learning_rate, min_learning_rate=min_learning_rate,
            ns_exponent=ns_exponent, subsample=subsample, trainer=trainer, deterministic=deterministic, init=init,
            tol=tol, checkpoint=checkpoint, ordered=ordered, n_jobs=n_jobs, random_state=random_state,
            verbose=verbose, callbacks=callbacks, weight=weight)
        self.p = p
        self.q = q
        self.extend = extend
