"""Random walks: uniform, weighted and node2vec, to an array or as a stream of batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from . import _walks
from ._parallel import Progress, map_ordered, ranges
from ._random import stream_key
from ._validation import check_bool, check_int, check_n_jobs, check_real, check_seed
from .graph import Graph, as_graph

MAX_WALK_LENGTH = 2**20     # a walk owns 2**28 random numbers; a step takes 200 at most
ARC_TEST_BYTES = 2**32      # memory that second-order walks may take to test arcs fast
SMALL_BITMAP_BYTES = 2**25  # in the last-level cache a bitmap is faster than a smaller hash table
CHUNK_TOKENS = 2**19        # walks are made in pieces of this many steps: 0.1 s on the slowest graphs


class WalkSampler:
    """A graph made ready for walking: ``fill`` writes the walks with the given numbers.

    A walk is determined by `seed`, its number and its first node; nothing else, so any cut into
    batches and threads gives the same walks.

    Parameters
    ----------
    graph : Graph
    p, q : float
        node2vec's return and in-out parameters; 1, 1 gives first-order walks.
    seed : int
        In [0, 2**64).
    n_jobs : int, default=1
        Threads that build the tables.
    extend : bool, default=False
        node2vec+; the same as node2vec on an unweighted graph.
    arc_test : {None, "bitmap", "hash", "search"}, default=None
        How second-order walks find out whether an arc exists; the answer is the same. None
        chooses by memory, see `cheapest_arc_test`.
    vectors : bool, default=None
        Whether the vector kernels are used; the walks are the same. None is where there are any.

    Notes
    -----
    Memory beyond the graph: for a weighted graph 12 bytes an arc (alias tables, Walker 1977, built
    as in Vose 1991) and 16 bytes a node; for second-order walks at most 8 bytes an arc (the hash
    table; a bitmap is taken where it is smaller or at most 32 MB), never more than `ARC_TEST_BYTES`.
    Tables are plain NumPy arrays, for which NumPy asks the system for huge pages.
    """

    def __init__(self, graph: Graph, p: float, q: float, seed: int, n_jobs: int = 1, *, extend: bool = False,
                 arc_test: str | None = None, vectors: bool | None = None) -> None:
        self.vectors = _walks.HAS_VECTORS if vectors is None else vectors
        self.graph, self.p, self.q, self.extend = graph, p, q, extend
        self.key = stream_key(seed, "walks")
        self.weights = graph.weights if graph.weights is not None else np.empty(0, np.float32)
        self.table = np.empty((len(self.weights), 3), np.uint32)
        self.strength = np.empty((graph.n_nodes if len(self.weights) else 0, 2), np.float64)
        self.means = np.empty(0)
        self.slots = np.empty(0, np.int32)
        self.bits = np.empty((0, 0), np.uint32)
        if len(self.weights):
            largest = int(np.diff(graph.indptr).max())
            self._build(n_jobs, lambda start, stop: _walks.alias_tables(
                graph.indptr, graph.indices, self.weights, start, stop, np.empty(largest),
                np.empty(largest, np.int32), self.table, self.strength))
            if extend:
                self.means = self.strength[:, 0] / np.maximum(np.diff(graph.indptr), 1)
        if q != 1 or (p != 1 and graph.directed):
            self._build_arc_test(arc_test or cheapest_arc_test(graph), n_jobs)

    @property
    def parameters(self) -> dict[str, Any]:
        """What the walks depend on beside the graph and the seed."""
        return {"p": self.p, "q": self.q, "extend": self.extend}

    def _build_arc_test(self, kind: str, n_jobs: int) -> None:
        g = self.graph
        if kind == "bitmap":
            self.bits = np.zeros((g.n_nodes, -(-g.n_nodes // 32)), np.uint32)
            self._build(n_jobs, lambda start, stop: _walks.arc_bitmap(
                g.indptr, g.indices, start, stop, self.bits))
        elif kind == "hash":
            self.slots = np.empty(2 * len(g.indices), np.int32)
            self._build(n_jobs, lambda start, stop: _walks.arc_hash(
                g.indptr, g.indices, start, stop, self.slots))

    def _build(self, n_jobs: int, build: Callable[[int, int], None]) -> None:
        for _ in map_ordered(lambda rows: build(*rows), self._row_ranges(), n_jobs):
            pass

    def _row_ranges(self) -> Iterator[tuple[int, int]]:
        """Rows in pieces of about 2**15 arcs."""
        indptr = self.graph.indptr
        cuts = np.searchsorted(indptr, np.arange(2**15, int(indptr[-1]), 2**15))
        bounds = np.unique(np.concatenate(([0], cuts, [self.graph.n_nodes])))
        return zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)

    def fill(self, ids: NDArray[np.int64], starts: NDArray[np.int32], walks: NDArray[np.int32],
             key: int | None = None) -> int:
        """Write walk number ``ids[i]``, begun at ``starts[i]``, to ``walks[i]``; return the dead ends.

        Parameters
        ----------
        ids : ndarray of shape (m,), dtype=int64
            In [0, 2**36).
        starts : ndarray of shape (m,), dtype=int32
        walks : ndarray of shape (m, walk_length), dtype=int32, C-contiguous
            Overwritten; -1 past a dead end.
        key : int, default=None
            Walks of another seed: its `stream_key`.
        """
        g = self.graph
        key = self.key if key is None else key
        if self.p == 1.0 and self.q == 1.0:
            first_order = _walks.first_order_vector if self.vectors else _walks.first_order
            return first_order(g.indptr, g.indices, self.table, key, ids, starts, walks)
        if self.vectors and not len(self.weights):
            return _walks.second_order_vector(g.indptr, g.indices, self.slots, self.bits, g.directed, self.p, self.q,
                                              key, ids, starts, walks)[1]
        return _walks.second_order(g.indptr, g.indices, self.weights, self.table, self.strength, self.slots,
                                   self.bits, self.means, g.directed, self.p, self.q, key, ids, starts, walks)[1]


def cheapest_arc_test(graph: Graph) -> str:
    """"bitmap" if it is small or the smaller table, else "hash"; "search" if that is above `ARC_TEST_BYTES`."""
    bitmap, table = 4 * graph.n_nodes * -(-graph.n_nodes // 32), 8 * len(graph.indices)
    if bitmap <= max(table, SMALL_BITMAP_BYTES):
        return "bitmap" if bitmap <= ARC_TEST_BYTES else "search"
    return "hash" if table <= ARC_TEST_BYTES else "search"


def random_walks(graph: Any, *, n_walks: int = 10, walk_length: int = 80, p: float = 1.0, q: float = 1.0,
                 extend: bool = False, start: Sequence[Any] | None = None, n_jobs: int | None = None,
                 random_state: Any = None, verbose: int = 0) -> NDArray[np.int32]:
    """Sample random walks: uniform, in proportion to edge weights, or node2vec's.

    Parameters
    ----------
    graph : Graph or anything `as_graph` takes
    n_walks : int, default=10
        Walks from each start.
    walk_length : int, default=80
        Nodes in a walk, the start included; in [1, 2**20].
    p : float, default=1.0
        Return parameter: going straight back has weight 1/p. In [1e-100, 1e100].
    q : float, default=1.0
        In-out parameter: leaving the neighbourhood of the node before has weight
        1/q. In [1e-100, 1e100].
    extend : bool, default=False
        node2vec+ [3]_: on a weighted graph, a weak edge to the node before counts in proportion to
        its weight only, and weak edges on the way out as noise.
    start : sequence of node labels, default=None
        Where walks begin; None is every node, in row order.
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
        reached a node without out-going edges.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or the graph is not acceptable.
    KeyError
        If a label of `start` is not in the graph.

    Notes
    -----
    Whether x is "near" the node t before the current one is read off the arc t -> x, the distance
    d(t, x) of the paper; the authors' code looks at x -> t, which differs on directed graphs only.

    References
    ----------
    .. [1] Perozzi, Al-Rfou, Skiena, "DeepWalk", KDD 2014, section 4.2.
    .. [2] Grover, Leskovec, "node2vec: Scalable Feature Learning for Networks", KDD 2016, section 3.2.
    .. [3] Liu, Hirn, Krishnan, "Accurately modeling biased random walks on weighted networks using
       node2vec+", Bioinformatics 2023, section 2.3.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import random_walks
    >>> walks = random_walks(nx.path_graph(3), n_walks=1, walk_length=3, random_state=0)
    >>> walks.shape, walks[0].tolist()[:2]
    ((3, 3), [0, 1])
    """
    return _stream(graph, n_walks, walk_length, p, q, extend, start, random_state, n_jobs).array(verbose)


def iter_walks(graph: Any, *, n_walks: int = 10, walk_length: int = 80, p: float = 1.0, q: float = 1.0,
               extend: bool = False, start: Sequence[Any] | None = None, batch_size: int = 4096,
               n_jobs: int | None = None, random_state: Any = None) -> Iterator[NDArray[np.int32]]:
    """Stream the walks of `random_walks` in batches, without holding them all.

    Parameters
    ----------
    batch_size : int, default=4096
        Walks in a batch; the last may be smaller. Any size gives the same walks.
    graph, n_walks, walk_length, p, q, extend, start, n_jobs, random_state
        As in `random_walks`.

    Returns
    -------
    batches : iterator of ndarray of shape (<= batch_size, walk_length), dtype=int32
        Put together they are the array that `random_walks` returns.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import iter_walks
    >>> [batch.shape for batch in iter_walks(nx.path_graph(3), n_walks=2, walk_length=5, batch_size=4)]
    [(4, 5), (2, 5)]
    """
    stream = _stream(graph, n_walks, walk_length, p, q, extend, start, random_state, n_jobs)
    return stream.batches(batch_size)


def to_labels(walks: NDArray[np.int32], graph: Graph) -> list[list[Any]]:
    """Walks as lists of node labels, without the padding.

    Parameters
    ----------
    walks : ndarray of shape (m, walk_length), dtype=int32
    graph : Graph or anything `as_graph` takes
        The graph that was walked.

    Returns
    -------
    sentences : list of m lists of labels

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import random_walks, to_labels
    >>> G = nx.DiGraph([("a", "b"), ("b", "c")])
    >>> to_labels(random_walks(G, n_walks=1, walk_length=5, random_state=0), G)
    [['a', 'b', 'c'], ['b', 'c'], ['c']]
    """
    nodes = as_graph(graph).nodes
    return [[nodes[i] for i in walk if i >= 0] for walk in np.asarray(walks).tolist()]


def changed_arcs(old: Graph, new: Graph, rows: NDArray[np.int64]
                 ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Where the transition probabilities of first-order walks differ between two graphs.

    Parameters
    ----------
    old, new : Graph
    rows : ndarray of shape (new.n_nodes,), dtype=int64
        Row in `old` of each node of `new`; -1 where it was not there.

    Returns
    -------
    arcs : ndarray of shape (k,), dtype=int64
        Rising numbers ``source * new.n_nodes + target`` of the arcs of `new` that became likelier.
    chances : ndarray of shape (k,), dtype=float64
        ``1 - P / P'`` of each, P its probability before and P' now; 1 for an arc that was not there.
    shares : ndarray of shape (new.n_nodes,), dtype=float64
        Total variation distance, in [0, 1], between the probabilities from a node, or to a node, before and now,
        whichever is larger; 1 for a node that was not there.
    """
    n = new.n_nodes
    place = np.full(old.n_nodes, -1, np.int64)
    place[rows[rows >= 0]] = np.flatnonzero(rows >= 0)
    place[place < 0] = np.arange(n, n + (place < 0).sum())  # gone: columns of their own
    before, now = old.to_scipy().astype(np.float64).tocoo(), new.to_scipy().astype(np.float64).tocoo()
    size = n + int((place >= n).sum())
    before = sparse.coo_array((before.data, (place[before.row], place[before.col])), shape=(size, size))
    now = sparse.coo_array((now.data, (now.row, now.col)), shape=(size, size))
    shares = np.zeros(size)
    for one, other in ((before.T, now.T), (before, now)):
        P, Q = _by_row_sum(one), _by_row_sum(other)
        shares = np.maximum(shares, np.asarray(abs(Q - P).sum(axis=1)).ravel() / 2)
    change = (Q - P).tocoo()
    rises = change.data > 0
    row, col = change.row[rises], change.col[rises]
    chance = change.data[rises] / np.asarray(Q[row, col]).ravel()
    real = chance > 1e-9  # what rounding left is no change
    shares = shares[:n]
    shares[shares < 1e-9] = 0
    shares[rows < 0] = 1
    keys = row[real].astype(np.int64) * n + col[real]
    order = np.argsort(keys)
    return keys[order], chance[real][order], shares


def _by_row_sum(A: sparse.csr_array) -> sparse.csr_array:
    """Rows divided by their sums; empty ones stay."""
    A = sparse.csr_array(A, copy=True)
    A.sum_duplicates()
    totals = np.asarray(A.sum(axis=1)).ravel()
    A.data /= np.repeat(totals, np.diff(A.indptr))
    return A


def check_walk_parameters(walk_length: Any, n_walks: Any, p: Any, q: Any) -> tuple[int, int, float, float]:
    """Validated (walk_length, n_walks, p, q)."""
    return (check_int("walk_length", walk_length, 1, MAX_WALK_LENGTH), check_int("n_walks", n_walks, 1),
            check_real("p", p, 1e-100, 1e100), check_real("q", q, 1e-100, 1e100))


class Sampler(Protocol):
    """What makes walks by their numbers, so that any cut into batches and threads gives the same ones.

    `fill` is `WalkSampler.fill`: walk ``ids[i]`` from ``starts[i]`` goes to ``walks[i]``. `parameters`
    tells samplers of one kind apart.
    """

    graph: Any

    @property
    def parameters(self) -> dict[str, Any]:
        """What the walks depend on beside the graph and the seed."""

    def fill(self, ids: NDArray[np.int64], starts: NDArray[np.int32], walks: NDArray[np.int32],
             key: int | None = None) -> int:
        """Write the walks with these numbers; return the dead ends."""


class Stream:
    """Walks 0 .. n_walks of a call: number r * n_starts + i begins at start i.

    Parameters
    ----------
    sampler : Sampler
    starts : ndarray of shape (n_starts,), dtype=int32
    rounds : int
        Walks from each start.
    walk_length : int
    n_jobs : int
    """

    def __init__(self, sampler: Sampler, starts: NDArray[np.int32], rounds: int, walk_length: int,
                 n_jobs: int) -> None:
        self.sampler, self.starts, self.walk_length, self.n_jobs = sampler, starts, walk_length, n_jobs
        self.n_walks = rounds * len(starts)

    def fill(self, first: int, last: int, walks: NDArray[np.int32]) -> None:
        """Write walks [first, last) to `walks`, chunk by chunk so that Ctrl-C is heard."""
        step = max(1, CHUNK_TOKENS // self.walk_length)
        for a, b in ranges(last - first, step):
            ids = np.arange(first + a, first + b, dtype=np.int64)
            self.sampler.fill(ids, self.starts[ids % len(self.starts)], walks[a:b])

    def array(self, verbose: int = 0) -> NDArray[np.int32]:
        """All walks: (n_walks, walk_length)."""
        walks = np.empty((self.n_walks, self.walk_length), np.int32)
        step = max(1, CHUNK_TOKENS // self.walk_length)
        progress = Progress("walks", self.n_walks, verbose)

        def fill(rows: tuple[int, int]) -> int:
            self.fill(*rows, walks[rows[0]:rows[1]])
            return rows[1] - rows[0]

        for done in map_ordered(fill, ranges(self.n_walks, step), self.n_jobs):
            progress.update(done)
        return walks

    def batches(self, batch_size: Any) -> Iterator[NDArray[np.int32]]:
        """The walks in batches, made as they are asked for."""
        def make(rows: tuple[int, int]) -> NDArray[np.int32]:
            walks = np.empty((rows[1] - rows[0], self.walk_length), np.int32)
            self.fill(*rows, walks)
            return walks

        return map_ordered(make, ranges(self.n_walks, check_int("batch_size", batch_size, 1)), self.n_jobs)


def start_rows(graph: Any, start: Sequence[Any] | None) -> NDArray[np.int32]:
    """Rows of the labels in `start`; of all nodes if it is None."""
    return np.arange(graph.n_nodes, dtype=np.int32) if start is None else graph.index_of(start)


def _stream(graph: Any, n_walks: Any, walk_length: Any, p: Any, q: Any, extend: Any, start: Any,
            random_state: Any, n_jobs: Any) -> Stream:
    walk_length, n_walks, p, q = check_walk_parameters(walk_length, n_walks, p, q)
    jobs, seed, extend = check_n_jobs(n_jobs), check_seed(random_state), check_bool("extend", extend)
    graph = as_graph(graph)
    sampler = WalkSampler(graph, p, q, seed, jobs, extend=extend)
    return Stream(sampler, start_rows(graph, start), n_walks, walk_length, jobs)
