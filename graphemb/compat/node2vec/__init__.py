"""`node2vec.Node2Vec` of the package node2vec: its constructor, its walks as strings, gensim's model out of `fit`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from graphemb.graph import as_graph
from graphemb.walks import random_walks

__all__ = ["Node2Vec"]
_STRATEGIES = {"num_walks", "walk_length"}


class Node2Vec:
    """Walks at once, gensim's Word2Vec on them in `fit`, as in the package node2vec 0.5.0.

    Parameters
    ----------
    graph : NetworkX graph, or anything `graphemb.as_graph` takes
    dimensions : int, default=128
    walk_length : int, default=80
        Nodes in each walk.
    num_walks : int, default=10
        Walks from each node.
    p, q : float, default=1
        Return and in-out parameters.
    weight_key : str, default="weight"
        Edge attribute of the weights.
    workers : int, default=1
        Threads, for walks and training.
    sampling_strategy : dict, default=None
        ``{node: {"num_walks": ..., "walk_length": ...}}`` for walks that start at a node. "p" and "q" of single
        nodes are not supported.
    quiet : bool, default=False
        Whether to say nothing of the progress.
    temp_folder : str, default=None
        Must exist if it is given; it is not needed, for no table is made.
    seed : int, default=None
        Of the walks. Of training: pass ``seed`` and ``workers=1`` to `fit`.

    Attributes
    ----------
    walks : list of list of str
        The labels as strings.

    Raises
    ------
    NotADirectoryError
        If `temp_folder` is not a folder.
    ValueError, TypeError
        If a parameter or the graph is not acceptable.

    Notes
    -----
    Walks are those of `graphemb.random_walks`, and train as they did. Global random state is left alone. A node
    without neighbours gets walks of itself, and so a vector, as there. On a directed graph "near the node before" is
    read off the arc from it (see `graphemb.Node2Vec`); there, off the arc to it.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb.compat.node2vec import Node2Vec
    >>> node2vec = Node2Vec(nx.path_graph(4), dimensions=8, walk_length=5, num_walks=2, quiet=True, seed=0)
    >>> model = node2vec.fit(window=2, min_count=1)
    >>> model.wv["2"].shape
    (8,)
    """

    def __init__(self, graph: Any, dimensions: int = 128, walk_length: int = 80, num_walks: int = 10, p: float = 1,
                 q: float = 1, weight_key: str = "weight", workers: int = 1,
                 sampling_strategy: Mapping[Any, Mapping[str, Any]] | None = None, quiet: bool = False,
                 temp_folder: str | None = None, seed: int | None = None) -> None:
        if temp_folder and not os.path.isdir(temp_folder):
            raise NotADirectoryError(f"temp_folder must be a folder; got {temp_folder!r}.")
        self.graph, self.dimensions, self.walk_length, self.num_walks = graph, dimensions, walk_length, num_walks
        self.p, self.q, self.weight_key, self.workers, self.quiet = p, q, weight_key, workers, quiet
        self.sampling_strategy = dict(sampling_strategy or {})
        self.temp_folder = temp_folder
        whole = as_graph(graph, weight=weight_key)
        names = list(map(str, whole.nodes))
        if len(set(names)) < len(names):
            raise ValueError("node names must differ as strings, which is what gensim keeps; 1 and '1' do not.")
        self.walks: list[list[str]] = []
        for (count, length), start in self._groups(whole.nodes).items():
            found = random_walks(whole, n_walks=count, walk_length=length, p=p, q=q, start=start, n_jobs=workers,
                                 random_state=seed, verbose=0 if quiet else 1)
            self.walks += [[names[node] for node in walk if node >= 0] for walk in found.tolist()]

    def _groups(self, nodes: Any) -> dict[tuple[int, int], list[Any]]:
        """Nodes by how many walks start at each, and of what length."""
        for node, strategy in self.sampling_strategy.items():
            if set(strategy) - _STRATEGIES:
                raise ValueError(f"sampling_strategy of {node!r} may have num_walks and walk_length; got "
                                 f"{sorted(strategy)}. One p and one q hold for all nodes.")
        groups: dict[tuple[int, int], list[Any]] = {}
        for node in nodes:
            own = self.sampling_strategy.get(node, {})
            key = int(own.get("num_walks", self.num_walks)), int(own.get("walk_length", self.walk_length))
            groups.setdefault(key, []).append(node)
        return groups

    def fit(self, **skip_gram_params: Any) -> Any:
        """Train gensim's Word2Vec on the walks.

        Parameters
        ----------
        **skip_gram_params
            For `gensim.models.Word2Vec`. Unless given, ``vector_size`` and ``workers`` are the constructor's and
            ``sg=1``. gensim's own defaults hold for the rest; `graphemb.preset("gensim")` spells them out.

        Returns
        -------
        model : gensim.models.Word2Vec
        """
        from gensim.models import Word2Vec

        return Word2Vec(self.walks, **{"workers": self.workers, "vector_size": self.dimensions, "sg": 1,
                                       **skip_gram_params})
