"""Metapath walks: every step goes to a neighbour of the type that comes next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._random import draws
from ._validation import check_int, check_n_jobs, check_seed
from .graph import Graph, as_graph
from .walks import MAX_WALK_LENGTH, Stream, WalkSampler, start_rows

PLACE_DRAW = 2**28 - 1  # of a walk's random numbers the last, which no step takes


class MetapathSampler:
    """A graph made ready for metapath walks: a `Sampler`.

    A walk along the metapath T0, T1, ..., T0 is a first-order walk on places: place (i, u) for each node u
    of type Ti, with an arc to (i + 1, v) for each arc u -> v of the graph to a node of type Ti+1.

    Parameters
    ----------
    graph : Graph
    types : mapping of labels to types, or sequence of types in row order
    metapath : sequence of types
    seed : int
        In [0, 2**64).
    n_jobs : int, default=1
        Threads that build the alias tables of a weighted graph.

    Notes
    -----
    Memory beyond the graph: 8 bytes for an arc and each time the metapath has the types of its ends in
    turn; 20 if the graph is weighted.
    """

    def __init__(self, graph: Graph, types: Any, metapath: Sequence[Any], seed: int, n_jobs: int = 1) -> None:
        self.graph, self.metapath = graph, _check_metapath(metapath)
        of_type = _nodes_by_type(graph, types)
        layers = [of_type.get(kind, np.empty(0, np.int32)) for kind in self.metapath[:-1]]
        node_of = np.concatenate(layers)
        if not len(node_of):
            raise ValueError(f"metapath must name types of nodes; none of {', '.join(map(repr, self.metapath))} is "
                             f"among the types {', '.join(map(repr, list(of_type)[:10]))}.")
        self.node_of = np.append(node_of, np.int32(-1))  # [-1] is -1
        self.places = np.argsort(node_of, kind="stable").astype(np.int32)
        self.n_places = np.bincount(node_of, minlength=graph.n_nodes)
        self.first_place = np.cumsum(self.n_places) - self.n_places
        self.sampler = WalkSampler(_layered(graph, layers), 1.0, 1.0, seed, n_jobs)

    @property
    def parameters(self) -> dict[str, Any]:
        """What the walks depend on beside the graph and the seed."""
        return {"metapath": self.metapath}

    def fill(self, ids: NDArray[np.int64], starts: NDArray[np.int32], walks: NDArray[np.int32],
             key: int | None = None) -> int:
        """Write walk number ``ids[i]``, begun at ``starts[i]``, to ``walks[i]``; return the dead ends.

        Parameters
        ----------
        ids : ndarray of shape (m,), dtype=int64
            In [0, 2**36).
        starts : ndarray of shape (m,), dtype=int32
            A node whose type is at several places of the metapath begins at one of them, drawn
            uniformly; a node whose type is at none gets a walk of one.
        walks : ndarray of shape (m, walk_length), dtype=int32, C-contiguous
            Overwritten; -1 past a dead end.
        key : int, default=None
            Walks of another seed: its ``stream_key(seed, "walks")``.
        """
        walks[:, 0], walks[:, 1:] = starts, -1
        on_path = self.n_places[starts] > 0
        ids, starts = ids[on_path], starts[on_path]
        upper = draws(self.sampler.key if key is None else key, ids, PLACE_DRAW) >> np.uint64(32)
        choice = (upper.astype(np.int64) * self.n_places[starts]) >> 32
        made = np.empty((len(ids), walks.shape[1]), np.int32)
        dead_ends = self.sampler.fill(ids, self.places[self.first_place[starts] + choice], made, key)
        walks[on_path] = self.node_of[made]
        return dead_ends + (len(on_path) - len(ids) if walks.shape[1] > 1 else 0)


def metapath_walks(graph: Any, types: Any, metapath: Sequence[Any], *, n_walks: int = 10, walk_length: int = 80,
                   start: Sequence[Any] | None = None, n_jobs: int | None = None, random_state: Any = None,
                   verbose: int = 0) -> NDArray[np.int32]:
    """Sample walks along a metapath: the next node is a neighbour of the type that the metapath asks for.

    Among those neighbours the draw is uniform, or in proportion to edge weights.

    Parameters
    ----------
    graph : Graph or anything `as_graph` takes
    types : mapping of node labels to types, or sequence of types in row order
        Any hashables. For NetworkX: ``nx.get_node_attributes(G, "type")``.
    metapath : sequence of types
        It ends with the type it begins with and is repeated:
        ``["author", "paper", "author"]`` goes author, paper, author, paper, ...
    n_walks : int, default=10
        Walks from each start.
    walk_length : int, default=80
        Nodes in a walk, the start included; in [1, 2**20].
    start : sequence of node labels, default=None
        Where walks begin; None is every node, in row order. A walk enters the metapath at the
        place of its start's type, at one drawn uniformly if there are several; a start whose type
        the metapath does not name gives a walk of one.
    n_jobs : int, default=None
        Threads; None is 1 (or what a joblib context says), -1 all cores.
    random_state : int, Generator, RandomState or None, default=None
        Same seed, same walks, for any `n_jobs`.
    verbose : int, default=0
        1 shows progress on stderr.

    Returns
    -------
    walks : ndarray of shape (n_walks * n_starts, walk_length), dtype=int32
        Row indices of nodes; row ``r * n_starts + i`` begins at start i. -1 pads a walk that
        reached a node without a neighbour of the type asked for.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range, a node has no type, or the metapath has no node.
    KeyError
        If a label of `start` is not in the graph.

    References
    ----------
    .. [1] Dong, Chawla, Swami, "metapath2vec: Scalable Representation Learning for Heterogeneous
       Networks", KDD 2017, section 3.2, eq. 3.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import metapath_walks, to_labels
    >>> G = nx.Graph([("ann", "paper 1"), ("bob", "paper 1"), ("ann", "bob")])
    >>> types = {"ann": "author", "bob": "author", "paper 1": "paper"}
    >>> walks = metapath_walks(G, types, ["author", "paper", "author"], n_walks=1, walk_length=3,
    ...                        start=["paper 1"], random_state=0)
    >>> to_labels(walks, G)[0][::2]
    ['paper 1', 'paper 1']
    """
    return _stream(graph, types, metapath, n_walks, walk_length, start, n_jobs, random_state).array(verbose)


def iter_metapath_walks(graph: Any, types: Any, metapath: Sequence[Any], *, n_walks: int = 10,
                        walk_length: int = 80, start: Sequence[Any] | None = None, batch_size: int = 4096,
                        n_jobs: int | None = None, random_state: Any = None) -> Iterator[NDArray[np.int32]]:
    """Stream the walks of `metapath_walks` in batches, without holding them all.

    Parameters
    ----------
    batch_size : int, default=4096
        Walks in a batch; the last may be smaller. Any size gives the same walks.
    graph, types, metapath, n_walks, walk_length, start, n_jobs, random_state
        As in `metapath_walks`.

    Returns
    -------
    batches : iterator of ndarray of shape (<= batch_size, walk_length), dtype=int32
    """
    return _stream(graph, types, metapath, n_walks, walk_length, start, n_jobs, random_state).batches(batch_size)


def _stream(graph: Any, types: Any, metapath: Any, n_walks: Any, walk_length: Any, start: Any, n_jobs: Any,
            random_state: Any) -> Stream:
    walk_length = check_int("walk_length", walk_length, 1, MAX_WALK_LENGTH)
    n_walks, jobs, seed = check_int("n_walks", n_walks, 1), check_n_jobs(n_jobs), check_seed(random_state)
    graph = as_graph(graph)
    sampler = MetapathSampler(graph, types, metapath, seed, jobs)
    return Stream(sampler, start_rows(graph, start), n_walks, walk_length, jobs)


def _check_metapath(metapath: Any) -> tuple[Any, ...]:
    if isinstance(metapath, (str, bytes)) or not isinstance(metapath, Iterable):
        raise TypeError(f"metapath must be a sequence of types; got {metapath!r}.")
    found = tuple(metapath)
    if len(found) < 2 or found[0] != found[-1]:
        raise ValueError("metapath must have two types at least and end with the one it begins with, so that it can "
                         f"be repeated; got {list(found)!r}.")
    return found


def _nodes_by_type(graph: Graph, types: Any) -> dict[Any, NDArray[np.int32]]:
    """Rows of the nodes of each type, in ascending order."""
    if isinstance(types, Mapping):
        missing = [label for label in graph.nodes if label not in types]
        if missing:
            raise ValueError(f"types must have a type for every node; node {missing[0]!r} has none"
                             f"{f', nor have {len(missing) - 1} others' if missing[1:] else ''}.")
        listed = [types[label] for label in graph.nodes]
    elif isinstance(types, (str, bytes)) or not isinstance(types, Iterable):
        raise TypeError(f"types must be a mapping of labels to types, or a sequence of types; got {types!r}.")
    else:
        listed = types.tolist() if isinstance(types, np.ndarray) else list(types)
        if len(listed) != graph.n_nodes:
            raise ValueError(f"types must have one for each of the {graph.n_nodes} nodes; got {len(listed)}.")
    number: dict[Any, int] = {}
    codes = np.fromiter((number.setdefault(kind, len(number)) for kind in listed), np.int64, len(listed))
    return {kind: np.flatnonzero(codes == code).astype(np.int32) for kind, code in number.items()}


def _layered(graph: Graph, layers: list[NDArray[np.int32]]) -> Graph:
    """The graph of places: node k of layer i is row offset_i + k; arcs go from a layer to the next."""
    adjacency = graph.to_scipy()
    offsets = np.cumsum([0, *map(len, layers)])
    degrees, indices, weights = [], [], []
    for i, rows in enumerate(layers):
        following = (i + 1) % len(layers)
        block = adjacency[rows][:, layers[following]]
        degrees.append(np.diff(block.indptr))
        indices.append(block.indices.astype(np.int64) + offsets[following])
        weights.append(block.data)
    indptr = np.cumsum(np.concatenate([[0], *degrees]), dtype=np.int64)
    return Graph(indptr, np.concatenate(indices),
                 None if graph.weights is None else np.concatenate(weights), directed=True)
