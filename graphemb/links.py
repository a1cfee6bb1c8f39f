"""Pairs of nodes: edges held out for a test, pairs without an edge to set beside them, features of a pair."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import minimum_spanning_tree

from graphemb._random import stream_key
from graphemb._validation import check_bool, check_choice, check_real, check_seed
from graphemb.graph import Graph, as_graph

KINDS = ("uniform", "degree", "hard")
OPERATORS = ("hadamard", "average", "l1", "l2", "concat")
MOST_DRAWS = 2**21  # candidates drawn at once
MOST_ROUNDS = 24    # of draws, each up to twice the one before


@dataclass(frozen=True)
class EdgeSplit:
    """Edges held out of a graph, and as many pairs without an edge; from `split_edges`.

    Attributes
    ----------
    graph : Graph
        The residual: all nodes, and the edges that are in none of the parts below. Embed this one.
    X_train, X_val, X_test : ndarray of shape (n_pairs, 2)
        Labels of the two ends, integers where the nodes are ``range(n_nodes)``, else objects. Of a directed
        graph, source and target.
    y_train, y_val, y_test : ndarray of shape (n_pairs,), dtype=int64
        1: an edge of the full graph. 0: a pair that is none. As many of each, in random order.
    negatives : {"uniform", "degree", "hard"}
        How the latter were drawn.
    """

    graph: Graph
    X_train: NDArray[Any]
    y_train: NDArray[np.int64]
    X_val: NDArray[Any]
    y_val: NDArray[np.int64]
    X_test: NDArray[Any]
    y_test: NDArray[np.int64]
    negatives: str

    def __repr__(self) -> str:
        parts = ", ".join(f"{name} {int(y.sum())} + {int((1 - y).sum())}" for name, y in
                          (("train", self.y_train), ("val", self.y_val), ("test", self.y_test)))
        return f"EdgeSplit({self.graph!r}; edges + {self.negatives} non-edges: {parts})"


def split_edges(graph: Any, *, train_size: float = 0.1, test_size: float = 0.1, val_size: float = 0.0,
                negatives: str = "uniform", keep_connected: bool = True, by_time: Any = None,
                random_state: Any = None) -> EdgeSplit:
    """Hold edges out of a graph, with as many pairs that are no edges, so that nothing of them leaks.

    Parameters
    ----------
    graph : Graph or anything `as_graph` takes
    train_size, test_size, val_size : float, default=0.1, 0.1, 0.0
        Share of the edges in each part, in [0, 1), together below 1. Self-loops do not count and always stay
        in the residual graph.
    negatives : {"uniform", "degree", "hard"}, default="uniform"
        Pairs without an edge in the full graph: any two nodes; two nodes drawn in proportion to their degrees,
        as the ends of an edge are (out-degree of the source, in-degree of the target); or the ends of a
        walk of two steps, which have a neighbour in common. No pair twice; in an undirected graph not in
        the other direction either.
    keep_connected : bool, default=True
        Hold out only edges outside a (random) spanning forest, so that the residual graph has the (weakly)
        connected components of the full one.
    by_time : array-like of shape (len(graph.indices),), or mapping from (u, v) to a time, default=None
        When each edge appeared: for each stored arc, in the order of ``graph.indices`` (of the two arcs of an
        undirected edge the later counts), or by pair of labels, as `nx.get_edge_attributes` gives it. The
        latest edges become the test part, those before them the validation part, those before these the
        training part; the spanning forest takes old edges first.
    random_state : int, Generator, RandomState or None, default=None

    Returns
    -------
    EdgeSplit

    Raises
    ------
    TypeError, ValueError
        If a parameter is out of range, no edge can be held out, an edge has no time, or the graph has too few
        non-edges of the kind asked for.

    Warns
    -----
    UserWarning
        If fewer edges can be removed than were asked for; the parts then shrink in proportion.

    Notes
    -----
    Two arcs u -> v and v -> u of a directed graph are held out together, in the same part, since one tells
    the other; so a part may be one arc short of its share.

    A part made with ``keep_connected`` has no edges to nodes of degree 1, and few to small ones: scores on it
    are for denser parts of the graph.

    Examples
    --------
    >>> import networkx as nx
    >>> split = split_edges(nx.karate_club_graph(), test_size=0.2, random_state=0)
    >>> split
    EdgeSplit(Graph(34 nodes, 54 edges, undirected, weighted); edges + uniform non-edges: train 8 + 8, \
val 0 + 0, test 16 + 16)
    >>> split.X_test.shape, int(split.y_test.sum())
    ((32, 2), 16)
    """
    graph = as_graph(graph)
    check_choice("negatives", negatives, KINDS)
    keep_connected = check_bool("keep_connected", keep_connected)
    sizes = [check_real(name, size, 0) for name, size in
             (("train_size", train_size), ("val_size", val_size), ("test_size", test_size))]
    if not 0 < sum(sizes) < 1:
        raise ValueError("train_size, val_size and test_size must together be above 0 and below 1; got "
                         f"{train_size!r}, {val_size!r}, {test_size!r}.")
    seed = check_seed(random_state)
    rng = np.random.default_rng(stream_key(seed, "split"))

    source, target = _arcs(graph)
    links = _Links(graph.n_nodes, source, target, graph.directed)
    rank = rng.permutation(links.n)
    if by_time is not None:  # the old ones first, of equally old ones as the permutation has it
        rank = np.argsort(np.lexsort((rank, links.latest(_times(graph, by_time, source, target)))))
    removable = ~links.forest(rank) if keep_connected else np.ones(links.n, bool)
    wanted = [round(size * links.n_arcs) for size in sizes]
    _check_removable(links, removable, wanted, sizes)

    order = np.argsort(np.where(removable, rank, -1), kind="stable")[::-1]  # the latest first
    ends = np.cumsum(links.size[order])
    cuts = np.searchsorted(ends, np.cumsum(wanted[::-1]), side="right").tolist()
    parts = [order[a:b] for a, b in zip([0, *cuts[:-1]], cuts, strict=True)][::-1]  # train, val, test

    held = np.zeros(links.n, bool)
    held[np.concatenate(parts)] = True
    positives = [np.flatnonzero(np.isin(links.of_arc, part)) for part in parts]
    non_edges = sample_non_edges(graph, sum(map(len, positives)), negatives, stream_key(seed, "non-edges"))
    labelled: dict[str, Any] = {}
    for name, arcs in zip(("train", "val", "test"), positives, strict=True):
        here, non_edges = non_edges[:len(arcs)], non_edges[len(arcs):]
        pairs = np.concatenate([np.column_stack([source[arcs], target[arcs]]), here])
        y = np.repeat(np.array([1, 0], np.int64), len(arcs))
        mixed = rng.permutation(len(y))
        labelled |= {f"X_{name}": as_labels(graph, pairs[mixed]), f"y_{name}": y[mixed]}
    return EdgeSplit(_without(graph, links.keys[held]), negatives=negatives, **labelled)


class _Links:
    """The edges without direction: two arcs of a directed graph between the same nodes are one."""

    def __init__(self, n_nodes: int, source: NDArray[np.int64], target: NDArray[np.int64], directed: bool) -> None:
        self.n_nodes, self.n_arcs = n_nodes, len(source)
        keys = np.minimum(source, target) * n_nodes + np.maximum(source, target)
        if directed:
            self.keys, self.of_arc, self.size = np.unique(keys, return_inverse=True, return_counts=True)
        else:  # as stored they are sorted and distinct
            self.keys, self.of_arc, self.size = keys, np.arange(len(keys)), np.ones(len(keys), np.int64)
        self.n = len(self.keys)

    def latest(self, times: NDArray[Any]) -> NDArray[Any]:
        """The later time of the arcs of each."""
        order = np.lexsort((times, self.of_arc))
        return times[order][np.cumsum(self.size) - 1]

    def forest(self, rank: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which are in the spanning forest of least rank."""
        ends = (end.astype(np.int32) for end in np.divmod(self.keys, self.n_nodes))  # SciPy 1.12 takes no other
        matrix = sparse.csr_array((rank + 1.0, tuple(ends)), shape=(self.n_nodes,) * 2)
        kept = np.zeros(self.n, bool)
        kept[np.argsort(rank)[minimum_spanning_tree(matrix).data.astype(np.int64) - 1]] = True
        return kept


def _arcs(graph: Graph) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Source and target of each edge that is no self-loop; of an undirected one the lower row first."""
    source = np.repeat(np.arange(graph.n_nodes), np.diff(graph.indptr))
    target = graph.indices.astype(np.int64)
    kept = source != target if graph.directed else source < target
    return source[kept], target[kept]


def _times(graph: Graph, given: Any, source: NDArray[np.int64], target: NDArray[np.int64]) -> NDArray[Any]:
    """A time for each pair of `_arcs`."""
    n = graph.n_nodes
    if isinstance(given, Mapping):
        pairs = list(given)
        rows = [graph.index_of([pair[side] for pair in pairs]).astype(np.int64) for side in (0, 1)]
        keys, times = rows[0] * n + rows[1], np.asarray(list(given.values()))
    else:
        times = np.asarray(given)
        if times.shape != graph.indices.shape:
            raise ValueError(f"by_time must have a time for each of the {len(graph.indices)} arcs in graph.indices, or "
                             f"be a mapping from pairs of labels; got shape {times.shape}.")
        keys = _keys(graph)
    if times.dtype.kind not in "iufmM" or (times.dtype.kind not in "iu" and np.isnan(times).any()):
        raise ValueError(f"by_time must hold numbers or datetimes, none of them NaN; got dtype {times.dtype}.")
    order = np.lexsort((times, keys))
    keys, times = keys[order], times[order]
    found = np.full(len(source), -1)
    for one, other in ((source, target),) if graph.directed else ((source, target), (target, source)):
        place = np.searchsorted(keys, one * n + other, side="right") - 1
        there = (place >= 0) & (keys[place] == one * n + other)
        later = there & ((found < 0) | (times[place] > times[found]))
        found[later] = place[later]
    if (found < 0).any():
        k = int(np.argmax(found < 0))
        raise ValueError(f"by_time has no time for edge ({graph.nodes[int(source[k])]!r}, "
                         f"{graph.nodes[int(target[k])]!r}).")
    return times[found]


def _check_removable(links: _Links, removable: NDArray[np.bool_], wanted: list[int], sizes: list[float]) -> None:
    """Shrink `wanted` to what there is, and say so."""
    there, asked = int(links.size[removable].sum()), sum(wanted)
    if there < asked and there:
        shares = np.array(sizes) / sum(sizes) * there
        before = list(wanted)
        wanted[:] = np.diff(np.floor(np.cumsum(np.r_[0, shares]) + 1e-9).astype(int)).tolist()
        warnings.warn(
            f"keep_connected=True leaves {there} of {links.n_arcs} edges that can be removed, fewer than the {asked} "
            f"asked for: train, val and test get {wanted[0]}, {wanted[1]}, {wanted[2]} instead of {before[0]}, "
            f"{before[1]}, {before[2]}. Pass keep_connected=False to remove any edge.", UserWarning, stacklevel=3)
    if min(there, asked) == 0:
        raise ValueError(f"No edge can be held out: of {links.n_arcs} edges {there} can be removed, and {asked} were "
                         "asked for. Raise the sizes, or pass keep_connected=False.")


def _without(graph: Graph, links: NDArray[np.int64]) -> Graph:
    """The graph less the edges, in both directions, whose sorted keys are given."""
    source = np.repeat(np.arange(graph.n_nodes), np.diff(graph.indptr))
    target = graph.indices.astype(np.int64)
    kept = ~is_in(np.minimum(source, target) * graph.n_nodes + np.maximum(source, target), links)
    counts = np.bincount(source[kept], minlength=graph.n_nodes)
    weights = None if graph.weights is None else graph.weights[kept]
    return Graph(np.concatenate([[0], np.cumsum(counts)]), target[kept], weights, nodes=graph.nodes,
                 directed=graph.directed)


def sample_non_edges(graph: Graph, n_pairs: int, kind: str, seed: int) -> NDArray[np.int64]:
    """Draw distinct pairs of distinct nodes that are no edges.

    Parameters
    ----------
    graph : Graph
    n_pairs : int
    kind : {"uniform", "degree", "hard"}
        See `split_edges`.
    seed : int

    Returns
    -------
    pairs : ndarray of shape (n_pairs, 2), dtype=int64
        Rows of source and target; of an undirected graph either order, and never both.

    Raises
    ------
    ValueError
        If there are not that many, or they are too rare to be found.
    """
    n = graph.n_nodes
    rng = np.random.default_rng(seed)
    edges = _keys(graph)
    possible = n * (n - 1) // (1 if graph.directed else 2) - len(_arcs(graph)[0])
    source = np.repeat(np.arange(n), np.diff(graph.indptr))
    found, pairs = np.empty(0, np.int64), np.empty((0, 2), np.int64)
    size, drawn = max(1024, 2 * n_pairs), 0
    for _ in range(MOST_ROUNDS if possible >= n_pairs else 0):
        if len(pairs) >= n_pairs or drawn > 1000 * n**2:  # by then even rare ones were drawn
            break
        size = min(size, MOST_DRAWS)
        if kind == "uniform":
            u, v = rng.integers(n, size=(2, size))
        elif not len(edges):
            break
        else:
            arcs = rng.integers(len(edges), size=(2, size))
            u, v = source[arcs[0]], graph.indices[arcs[1]].astype(np.int64)
            if kind == "hard":
                middle = graph.indices[arcs[0]]
                degree = np.diff(graph.indptr)[middle]
                u, middle, degree = u[degree > 0], middle[degree > 0], degree[degree > 0]
                v = graph.indices[graph.indptr[middle] + rng.integers(degree)].astype(np.int64)
        new = (u != v) & ~is_in(u * n + v, edges)
        u, v = u[new], v[new]
        keys = u * n + v if graph.directed else np.minimum(u, v) * n + np.maximum(u, v)
        _, first = np.unique(keys, return_index=True)
        first = np.sort(first)  # in the order drawn, so that to cut them is to draw fewer
        first = first[~is_in(keys[first], found)]
        pairs = np.concatenate([pairs, np.column_stack([u[first], v[first]])])
        found = np.sort(np.concatenate([found, keys[first]]))
        size, drawn = 2 * size, drawn + size
    if len(pairs) < n_pairs:
        raise ValueError(f"Of the pairs without an edge {possible} exist, and {len(pairs)} of the kind {kind!r} were "
                         f"found; {n_pairs} were asked for. Ask for fewer, or for another kind.")
    return pairs[:n_pairs]


def is_edge(graph: Graph, source: NDArray[Any], target: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether there is an edge from each source row to its target row."""
    return is_in(source.astype(np.int64) * graph.n_nodes + target, _keys(graph))


def is_in(keys: NDArray[np.int64], found: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each key is among the sorted ones."""
    if not len(found):
        return np.zeros(len(keys), bool)
    place = np.searchsorted(found, keys)
    return found[np.minimum(place, len(found) - 1)] == keys


def _keys(graph: Graph) -> NDArray[np.int64]:
    """A number for each stored arc; they rise."""
    return np.repeat(np.arange(graph.n_nodes) * graph.n_nodes, np.diff(graph.indptr)) + graph.indices


def as_labels(graph: Graph, rows: NDArray[np.int64]) -> NDArray[Any]:
    """Labels of an array of rows: integers where the nodes are ``range(n_nodes)``, else objects."""
    if isinstance(graph.nodes, range):
        return rows
    labels = np.empty(graph.n_nodes, object)
    labels[:] = graph.nodes
    return labels[rows]


def as_pairs(X: Any) -> list[tuple[Any, Any]]:
    """Pairs of labels from a sequence of them or an array of shape (n_pairs, 2).

    Raises
    ------
    ValueError
        If an element is not a pair.
    TypeError
        If X is no sequence.
    """
    if isinstance(X, (str, bytes)) or not isinstance(X, Iterable):
        raise TypeError(f"X must be a sequence of pairs (u, v); got {X!r}.")
    listed = X.to_numpy().tolist() if hasattr(X, "to_numpy") else X.tolist() if isinstance(X, np.ndarray) else list(X)
    pairs = []
    for k, pair in enumerate(listed):
        pair = pair if isinstance(pair, (str, bytes)) or not isinstance(pair, Iterable) else tuple(pair)
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise ValueError(f"X must hold pairs (u, v) of node labels; X[{k}] is {pair!r}.")
        pairs.append(pair)
    return pairs


def edge_features(source: NDArray[np.float32], target: NDArray[np.float32], operator: str) -> NDArray[np.float32]:
    """Features of pairs from the vectors of their ends.

    Parameters
    ----------
    source, target : ndarray of shape (n_pairs, n_components), dtype=float32
    operator : {"hadamard", "average", "l1", "l2", "concat"}
        The product, the mean, the absolute difference or its square, column by column; or both side by side.

    Returns
    -------
    features : ndarray of shape (n_pairs, n_components), dtype=float32
        Twice as many columns of "concat".

    References
    ----------
    .. [1] Grover, Leskovec, "node2vec: Scalable Feature Learning for Networks", KDD 2016, table 1.
    """
    if operator == "hadamard":
        return source * target
    if operator == "average":
        return (source + target) * np.float32(0.5)
    if operator == "concat":
        return np.concatenate([source, target], axis=1)
    difference = np.abs(source - target)
    return difference if operator == "l1" else difference**2
