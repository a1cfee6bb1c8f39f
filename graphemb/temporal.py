"""Temporal walks: the times of a walk's contacts never decrease."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _temporal
from ._random import stream_key
from ._validation import check_bool, check_choice, check_int, check_n_jobs, check_real, check_seed
from .temporal_graph import TemporalGraph, as_temporal_graph
from .walks import MAX_WALK_LENGTH, Stream, start_rows

BIASES = ("uniform", "linear", "exponential")


class TemporalSampler:
    """A temporal graph made ready for walking: a `Sampler`.

    Parameters
    ----------
    graph : TemporalGraph
    start_bias, bias : {"uniform", "linear", "exponential"}
    time_scale : float
    strict : bool
        As in `temporal_walks`.
    seed : int
        In [0, 2**64).
    from_nodes : bool, default=False
        Whether a walk begins with a contact of the node it is given, rather than with one drawn from
        all contacts, whatever node it is given.

    Notes
    -----
    Memory beyond the graph: 8 bytes an arc for ``bias="exponential"``, 8 bytes a contact for such a
    `start_bias`.
    """

    def __init__(self, graph: TemporalGraph, start_bias: str, bias: str, time_scale: float, strict: bool, seed: int,
                 *, from_nodes: bool = False) -> None:
        if not (from_nodes or graph.n_contacts):
            raise ValueError("graph has no contacts; there is none to begin a walk with.")
        self.graph, self.start_bias, self.bias = graph, start_bias, bias
        self.time_scale, self.strict, self.from_nodes = time_scale, strict, from_nodes
        self.key = stream_key(seed, "temporal walks")
        nobody = np.empty(0, np.int32)
        sources, targets, moments = (nobody, nobody, graph.times) if from_nodes else graph.contacts
        self.sources, self.targets, self.moments = sources, targets, moments
        self.later, self.earlier = np.empty(0), np.empty(0)
        if bias == "exponential":
            self.later = np.empty(len(graph.times))
            _temporal.sums_of_later(graph.indptr, graph.times, 1 / time_scale, 0, graph.n_nodes, self.later)
        if start_bias == "exponential":
            rows = graph.indptr if from_nodes else np.array([0, graph.n_contacts])
            self.earlier = np.empty(len(self.moments))
            _temporal.sums_of_earlier(rows, self.moments, 1 / time_scale, 0, len(rows) - 1, self.earlier)

    @property
    def parameters(self) -> dict[str, Any]:
        """What the walks depend on beside the graph and the seed."""
        return {name: getattr(self, name) for name in ("start_bias", "bias", "time_scale", "strict", "from_nodes")}

    def fill(self, ids: NDArray[np.int64], starts: NDArray[np.int32], walks: NDArray[np.int32],
             key: int | None = None) -> int:
        """Write walk number ``ids[i]`` to ``walks[i]``; return the dead ends.

        Parameters
        ----------
        ids : ndarray of shape (m,), dtype=int64
            In [0, 2**36).
        starts : ndarray of shape (m,), dtype=int32
            Where walks begin if `from_nodes`; not looked at if not.
        walks : ndarray of shape (m, walk_length), dtype=int32, C-contiguous
            Overwritten; -1 past a dead end.
        key : int, default=None
            Walks of another seed: its ``stream_key(seed, "temporal walks")``.
        """
        g = self.graph
        return _temporal.temporal_walks(
            g.indptr, g.indices, g.times, self.later, self.sources, self.targets, self.moments, self.earlier,
            g.directed, self.strict, BIASES.index(self.start_bias), BIASES.index(self.bias), 1 / self.time_scale,
            self.key if key is None else key, ids, starts, walks)


def temporal_walks(graph: Any, *, n_walks: int = 10, walk_length: int = 80, start_bias: str = "uniform",
                   bias: str = "uniform", time_scale: float = 1.0, strict: bool = True,
                   start: Sequence[Any] | None = None, time: str = "time", n_jobs: int | None = None,
                   random_state: Any = None, verbose: int = 0) -> NDArray[np.int32]:
    """Sample temporal walks: each contact is later than the one before, or not earlier.

    A walk begins with a contact. From the node it reached it goes on with one of the contacts that this
    node has after that time, until there is none.

    Parameters
    ----------
    graph : TemporalGraph or NetworkX graph with times on its edges
    n_walks : int, default=10
        Walks for each node of the graph, or from each of `start`.
    walk_length : int, default=80
        Nodes in a walk at most; in [1, 2**20]. Time ends most walks earlier.
    start_bias : {"uniform", "linear", "exponential"}, default="uniform"
        How the first contact is drawn. Linear: in proportion to its rank by time, the latest
        being the likeliest; exponential: to ``exp(t / time_scale)``.
    bias : {"uniform", "linear", "exponential"}, default="uniform"
        How the next contact is drawn from those that may follow. Linear: in proportion to its
        rank by time from the last, the earliest being the likeliest; exponential: to
        ``exp(-t / time_scale)``.
    time_scale : float, default=1.0
        In the unit of the times, > 0: over this time an exponential bias changes by a factor e. 1
        gives the formulas of the paper.
    strict : bool, default=True
        Whether times must increase, not only not decrease. With False contacts at one time may
        follow each other in any order; in an undirected graph a walk may then go to and fro over
        its last contact until it is full.
    start : sequence of node labels, default=None
        Where walks begin: the first contact is drawn from those of the start. None draws it
        from all contacts, in either direction if the graph is undirected.
    time : str, default="time"
        Edge attribute with the times, for NetworkX.
    n_jobs : int, default=None
        Threads; None is 1 (or what a joblib context says), -1 all cores.
    random_state : int, Generator, RandomState or None, default=None
        Same seed, same walks, for any `n_jobs`.
    verbose : int, default=0
        1 shows progress on stderr.

    Returns
    -------
    walks : ndarray of shape (n_walks * n_nodes or n_walks * n_starts, walk_length), dtype=int32
        Row indices of nodes, -1 past the end of a walk. With `start`, row ``r * n_starts + i``
        begins at start i.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range, the graph is not acceptable, or has no contact to begin with.
    KeyError
        If a label of `start` is not in the graph.

    Notes
    -----
    Ranks are those of contacts, so contacts at one time have different ones: which is first then
    follows from the row numbers of their nodes.

    The paper's walks never decrease in time (definition 2), but its neighbourhoods are strictly later
    (definition 3): `strict` chooses.

    References
    ----------
    .. [1] Nguyen, Lee, Rossi, Ahmed, Koh, Kim, "Continuous-Time Dynamic Network Embeddings", WWW 2018
       companion, sections 3.2 and 3.3.

    Examples
    --------
    >>> from graphemb import TemporalGraph, temporal_walks, to_labels
    >>> graph = TemporalGraph.from_edges("abc", "bcd", [1, 2, 3], directed=True)
    >>> walks = temporal_walks(graph, start=["a", "b"], n_walks=1, walk_length=5, random_state=0)
    >>> to_labels(walks, graph.graph)
    [['a', 'b', 'c', 'd'], ['b', 'c', 'd']]
    """
    return _stream(graph, n_walks, walk_length, start_bias, bias, time_scale, strict, start, time, n_jobs,
                   random_state).array(verbose)


def iter_temporal_walks(graph: Any, *, n_walks: int = 10, walk_length: int = 80, start_bias: str = "uniform",
                        bias: str = "uniform", time_scale: float = 1.0, strict: bool = True,
                        start: Sequence[Any] | None = None, time: str = "time", batch_size: int = 4096,
                        n_jobs: int | None = None, random_state: Any = None) -> Iterator[NDArray[np.int32]]:
    """Stream the walks of `temporal_walks` in batches, without holding them all.

    Parameters
    ----------
    batch_size : int, default=4096
        Walks in a batch; the last may be smaller. Any size gives the same walks.
    graph, n_walks, walk_length, start_bias, bias, time_scale, strict, start, time, n_jobs, random_state
        As in `temporal_walks`.

    Returns
    -------
    batches : iterator of ndarray of shape (<= batch_size, walk_length), dtype=int32
    """
    return _stream(graph, n_walks, walk_length, start_bias, bias, time_scale, strict, start, time, n_jobs,
                   random_state).batches(batch_size)


def _stream(graph: Any, n_walks: Any, walk_length: Any, start_bias: Any, bias: Any, time_scale: Any, strict: Any,
            start: Any, time: str, n_jobs: Any, random_state: Any) -> Stream:
    walk_length = check_int("walk_length", walk_length, 1, MAX_WALK_LENGTH)
    n_walks, jobs, seed = check_int("n_walks", n_walks, 1), check_n_jobs(n_jobs), check_seed(random_state)
    start_bias, bias = check_choice("start_bias", start_bias, BIASES), check_choice("bias", bias, BIASES)
    time_scale, strict = check_real("time_scale", time_scale, 1e-100, 1e100), check_bool("strict", strict)
    graph = as_temporal_graph(graph, time=time)
    sampler = TemporalSampler(graph, start_bias, bias, time_scale, strict, seed, from_nodes=start is not None)
    return Stream(sampler, start_rows(graph, start), n_walks, walk_length, jobs)
