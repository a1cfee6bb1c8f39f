"""TemporalGraph: contacts between nodes, each at a time; frozen."""

from __future__ import annotations

import hashlib
import numbers
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, NoReturn

import numpy as np

from ._parallel import interruptible
from ._validation import check_bool
from .graph import Graph

_MAX_CONTACTS = 2**31 - 1


class TemporalGraph:
    """A frozen temporal graph; make one with `from_edges` or `from_networkx`.

    Every contact stays: two nodes that meet at several times, or at one time twice, have as many contacts.

    Attributes
    ----------
    graph : Graph
        The graph without times; an edge weighs as much as it has contacts.
    indptr : ndarray of shape (n_nodes + 1,), dtype=int64
        Row u, the contacts of node u, is ``indptr[u]:indptr[u + 1]``.
    indices : ndarray of shape (n_arcs,), dtype=int32
        Whom it meets. An undirected contact is in the rows of both of its nodes.
    times : ndarray of shape (n_arcs,), dtype=float64
        When; ascending in each row.
    contacts : tuple of three ndarrays of shape (n_contacts,): int32, int32, float64
        Source, target and time of every contact, by time.

    Notes
    -----
    Times are finite numbers in any unit, or datetime64 values, which become seconds since 1970. An integer
    that float64 cannot hold (nanoseconds since 1970) is refused: rounding could reverse nothing, but
    would merge times.
    """

    __slots__ = ("__weakref__", "_fingerprint", "contacts", "graph", "indices", "indptr", "times")

    graph: Graph
    indptr: np.ndarray
    indices: np.ndarray
    times: np.ndarray
    contacts: tuple[np.ndarray, np.ndarray, np.ndarray]
    _fingerprint: str

    def __init__(self) -> None:
        raise TypeError("make a TemporalGraph with TemporalGraph.from_edges or TemporalGraph.from_networkx.")

    @classmethod
    def from_edges(cls, src: Iterable[Any], dst: Iterable[Any], time: Iterable[Any], *,
                   nodes: Iterable[Any] | None = None, directed: bool = False) -> TemporalGraph:
        """Build from the two ends and the time of every contact.

        Parameters
        ----------
        src, dst : array-likes of labels, of one length
        time : array-like of numbers or datetime64, of that length
        nodes : iterable of hashable, optional
            The nodes in row order; None: the labels of the contacts, by first appearance.
        directed : bool, default=False
            Whether a walk follows a contact from `src` to `dst` only.

        Returns
        -------
        graph : TemporalGraph

        Raises
        ------
        ValueError
            If lengths differ, an end is not in `nodes`, or a time is not finite or not exact in float64.
        TypeError
            If a label is not hashable, or a time is not a number.

        Examples
        --------
        >>> from graphemb import TemporalGraph
        >>> TemporalGraph.from_edges(["ann", "ann", "bob"], ["bob", "bob", "cid"], [3, 1, 2])
        TemporalGraph(3 nodes, 3 contacts, undirected, times 1 to 3)
        """
        directed = check_bool("directed", directed)
        ends: Any = [x if hasattr(x, "__array__") else list(x) for x in (src, dst)]
        graph = Graph.from_edges(*ends, nodes=nodes, directed=directed)
        source, target = (graph.index_of(x) for x in ends)
        if len(source) > _MAX_CONTACTS:
            raise ValueError(f"There are {len(source)} contacts; at most 2**31-1 = {_MAX_CONTACTS} are possible.")
        times = _times(time, len(source), lambda k: (graph.nodes[int(source[k])], graph.nodes[int(target[k])]))
        if not directed:
            source, target = np.minimum(source, target), np.maximum(source, target)
        order = interruptible(partial(np.lexsort, (target, source, times)))
        source, target, times = source[order], target[order], times[order]
        contacts = source, target, times
        if not directed:
            off = source != target
            source, target, times = (np.concatenate(both) for both in (
                (source, target[off]), (target, source[off]), (times, times[off])))
        order = interruptible(partial(np.lexsort, (target, times, source)))
        indptr = np.zeros(graph.n_nodes + 1, np.int64)
        np.cumsum(np.bincount(source, minlength=graph.n_nodes), out=indptr[1:])
        self = object.__new__(cls)
        for name, value in (("graph", graph), ("indptr", indptr), ("indices", target[order]),
                            ("times", times[order]), ("contacts", contacts)):
            for array in value if isinstance(value, tuple) else [value]:
                if isinstance(array, np.ndarray):
                    array.flags.writeable = False
            object.__setattr__(self, name, value)
        return self

    @classmethod
    def from_networkx(cls, G: Any, time: str = "time") -> TemporalGraph:
        """Build from a NetworkX graph of any class whose edges have a time each; `G` is not changed.

        Parameters
        ----------
        G : nx.Graph, nx.DiGraph, nx.MultiGraph or nx.MultiDiGraph
            Nodes that meet more than once need a multigraph.
        time : str, default="time"
            Edge attribute that holds the times.

        Returns
        -------
        graph : TemporalGraph
            Row i is ``list(G)[i]``.

        Raises
        ------
        ValueError
            If an edge has no time, or as for `from_edges`.

        Examples
        --------
        >>> import networkx as nx
        >>> from graphemb import TemporalGraph
        >>> G = nx.MultiGraph()
        >>> _ = G.add_edge("ann", "bob", time=1), G.add_edge("ann", "bob", time=2)
        >>> TemporalGraph.from_networkx(G).times
        array([1., 2., 1., 2.])
        """
        edges = list(G.edges(data=time))
        for u, v, when in edges:
            if when is None:
                raise ValueError(f"Edge ({u!r}, {v!r}) has no attribute {time!r}; every edge must have a time.")
        src, dst, times = ([edge[i] for edge in edges] for i in range(3))
        return cls.from_edges(src, dst, times, nodes=G, directed=G.is_directed())

    @property
    def nodes(self) -> Sequence[Any]:
        """Labels in row order: a range or a tuple."""
        return self.graph.nodes

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return self.graph.n_nodes

    @property
    def n_contacts(self) -> int:
        """Number of contacts; an undirected one counts once."""
        return len(self.contacts[2])

    @property
    def directed(self) -> bool:
        """Whether a walk follows contacts from source to target only."""
        return self.graph.directed

    @property
    def fingerprint(self) -> str:
        """Hash of nodes, contacts and times (hexadecimal, 32 digits); see `Graph.fingerprint`."""
        if not hasattr(self, "_fingerprint"):
            digest = hashlib.blake2b(f"graphemb temporal 1 {self.graph.fingerprint};".encode(), digest_size=16)
            for array, dtype in zip(self.contacts, ("<i4", "<i4", "<f8"), strict=True):
                digest.update(np.ascontiguousarray(array, dtype).data)
            object.__setattr__(self, "_fingerprint", digest.hexdigest())
        return self._fingerprint

    def index_of(self, labels: Iterable[Any]) -> np.ndarray:
        """Row numbers of a sequence of node labels; see `Graph.index_of`."""
        return self.graph.index_of(labels)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"a TemporalGraph is frozen; cannot set {name!r}.")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a TemporalGraph is frozen; cannot delete {name!r}.")

    def __copy__(self) -> TemporalGraph:
        return self

    def __deepcopy__(self, memo: Any) -> TemporalGraph:
        return self

    def __sklearn_clone__(self) -> TemporalGraph:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (*self.contacts, self.nodes, self.directed)

    def __repr__(self) -> str:
        when = self.contacts[2]
        return (f"TemporalGraph({self.n_nodes} node{'s' * (self.n_nodes != 1)}, {self.n_contacts} "
                f"contact{'s' * (self.n_contacts != 1)}, {'directed' if self.directed else 'undirected'}"
                + (f", times {when[0]:.10g} to {when[-1]:.10g})" if len(when) else ")"))


def as_temporal_graph(X: Any, *, time: str = "time") -> TemporalGraph:
    """Turn anything that is a temporal graph into a `TemporalGraph`.

    Parameters
    ----------
    X : TemporalGraph or NetworkX graph
    time : str, default="time"
        Edge attribute with the times, for NetworkX.

    Returns
    -------
    graph : TemporalGraph

    Raises
    ------
    TypeError
        If `X` is neither.
    """
    if isinstance(X, TemporalGraph):
        return X
    if hasattr(X, "edges") and hasattr(X, "is_multigraph"):
        return TemporalGraph.from_networkx(X, time)
    raise TypeError(f"a temporal graph must be a TemporalGraph or a NetworkX graph; got {type(X).__name__}. See "
                    "TemporalGraph.from_edges.")


def _remade(source: np.ndarray, target: np.ndarray, times: np.ndarray, nodes: Sequence[Any],
            directed: bool) -> TemporalGraph:
    """For pickle."""
    src, dst = ([nodes[i] for i in ends] for ends in (source, target))
    return TemporalGraph.from_edges(src, dst, times, nodes=nodes, directed=directed)


def _times(values: Any, n: int, edge: Any) -> np.ndarray:
    """Times as finite float64, shape (n,), all exact."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"time must hold one number a contact; got {values!r}.")
    listed: Any = values if hasattr(values, "__array__") else list(values)
    array = np.asarray(listed)
    if array.ndim != 1 or len(array) != n:
        raise ValueError(f"time must have one value for each of the {n} contacts; got shape {array.shape}.")
    if array.dtype.kind == "M":
        missing = np.isnat(array)
        whole = array.astype("datetime64[us]").astype(np.int64)
        times = np.where(missing, np.nan, whole / 1e6)
    elif array.dtype.kind in "biuf" or not n:
        times = array.astype(np.float64)
        if array.dtype.kind in "iu" and (np.abs(times) > 2.0**53).any():
            k = int(np.argmax(np.abs(times) > 2.0**53))
            raise ValueError(f"Contact {edge(k)!r} has time {array[k]}, beyond 2**53, where float64 is not exact; "
                             "subtract the first time, or use a coarser unit.")
    else:
        k = next((k for k, t in enumerate(listed) if not isinstance(t, numbers.Real)), 0)
        raise TypeError(f"Contact {edge(k)!r} has time {listed[k]!r}; a time must be a number or a datetime64.")
    if not np.isfinite(times).all():
        k = int(np.argmin(np.isfinite(times)))
        raise ValueError(f"Contact {edge(k)!r} has time {'NaT' if array.dtype.kind == 'M' else times[k]}; a time must "
                         "be finite. Drop the contact.")
    return times + 0.0  # -0.0 is 0.0
