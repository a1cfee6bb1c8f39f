"""Samplers that are neither walks nor pairs of their own: edges, stars, every k-th node, walks that go on elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ._parallel import ranges
from ._random import draws, stream_key
from .graph import Graph
from .skipgram import STAR
from .walks import Sampler, WalkSampler

ARCS_AT_ONCE = 2**17


class EdgeSampler:
    """Arcs in proportion to their weights: a `Sampler` of walks of two nodes, whatever nodes it is given.

    Parameters
    ----------
    graph : Graph
    seed : int
        In [0, 2**64).
    """

    def __init__(self, graph: Graph, seed: int) -> None:
        self.graph, self.key = graph, stream_key(seed, "edges")
        weights = np.ones(len(graph.indices)) if graph.weights is None else graph.weights.astype(np.float64)
        self.ends = np.cumsum(weights)

    @property
    def parameters(self) -> dict[str, Any]:
        """What the arcs depend on beside the graph and the seed."""
        return {"pairs": "edges"}

    def fill(self, ids: NDArray[np.int64], starts: NDArray[np.int32], walks: NDArray[np.int32],
             key: int | None = None) -> int:
        """Write the two ends of arc number ``ids[i]`` to ``walks[i]``; without arcs the start alone."""
        if not len(self.ends):
            walks[:, 0], walks[:, 1:] = starts, -1
            return len(walks)
        for start, stop in ranges(len(ids), ARCS_AT_ONCE):  # between them Ctrl-C is heard
            share = (draws(self.key if key is None else key, ids[start:stop], 0) >> np.uint64(11)) * 2.0**-53
            arc = np.minimum(np.searchsorted(self.ends, share * self.ends[-1], side="right"), len(self.ends) - 1)
            walks[start:stop, 0] = np.searchsorted(self.graph.indptr, arc, side="right") - 1
            walks[start:stop, 1] = self.graph.indices[arc]
        return 0


class StarSampler:
    """Nodes in proportion to the weights of their arcs, each with ends of arcs in proportion to theirs: a `Sampler`.

    A walk is a star: its first node, whatever nodes are given, and then other ends of arcs drawn from those at it, in
    or out. So each pair of the first and another node is an arc in proportion to its weight, as `EdgeSampler` draws
    them, from one of its ends, either equally likely.

    Parameters
    ----------
    graph : Graph
    seed : int
        In [0, 2**64).
    n_jobs : int, default=1
        Threads that build the tables.
    """

    def __init__(self, graph: Graph, seed: int, n_jobs: int = 1) -> None:
        self.graph, self.key = graph, stream_key(seed, "stars")
        around = graph
        if graph.directed:
            arcs = graph.to_scipy().astype(np.float64)
            mean = (arcs + arcs.T) / 2  # not the sum, which float32 need not hold, as it need not half of the least
            mean.data = np.maximum(mean.data, np.finfo(np.float32).smallest_subnormal)
            around = Graph.from_scipy(mean, directed=True)
        self.sampler = WalkSampler(around, 1.0, 1.0, seed, n_jobs)
        weights = np.ones(len(around.indices)) if around.weights is None else around.weights.astype(np.float64)
        self.ends = np.concatenate([[0.0], np.cumsum(weights)])[around.indptr[1:]]

    @property
    def parameters(self) -> dict[str, Any]:
        """What the stars depend on beside the graph and the seed."""
        return {"stars": "edges"}

    def fill(self, ids: NDArray[np.int64], starts: NDArray[np.int32], walks: NDArray[np.int32],
             key: int | None = None) -> int:
        """Write the stars with these numbers; without arcs the start alone."""
        if not len(self.graph.indices):
            walks[:, 0], walks[:, 1:] = starts, -1
            return len(walks)
        key, size = self.key if key is None else key, walks.shape[1] - 1
        last = np.searchsorted(self.ends, self.ends[-1])
        for start, stop in ranges(len(ids), ARCS_AT_ONCE // STAR):  # between them Ctrl-C is heard
            share = (draws(key, ids[start:stop], 0) >> np.uint64(11)) * 2.0**-53
            centre = np.minimum(np.searchsorted(self.ends, share * self.ends[-1], side="right"), last).astype(np.int32)
            steps = np.empty(((stop - start) * size, 2), np.int32)
            numbers = ids[start:stop, None] * size + np.arange(size)
            self.sampler.fill(numbers.ravel(), np.repeat(centre, size), steps, key)
            walks[start:stop, 0] = centre
            walks[start:stop, 1:] = steps[:, 1].reshape(-1, size)
        return 0


class SkippingSampler:
    """Every k-th node of another sampler's walks: a `Sampler`.

    Parameters
    ----------
    sampler : Sampler
    k : int
    """

    def __init__(self, sampler: Sampler, k: int) -> None:
        self.sampler, self.graph, self.k = sampler, sampler.graph, k

    @property
    def parameters(self) -> dict[str, Any]:
        """What the walks depend on beside the graph and the seed."""
        return {**self.sampler.parameters, "k": self.k}

    def fill(self, ids: NDArray[np.int64], starts: NDArray[np.int32], walks: NDArray[np.int32],
             key: int | None = None) -> int:
        """Write the walks with these numbers; return the dead ends."""
        whole = np.empty((len(ids), self.k * (walks.shape[1] - 1) + 1), np.int32)
        dead_ends = self.sampler.fill(ids, starts, whole, key)
        walks[:] = whole[:, ::self.k]
        return dead_ends


class FromNeighbour:
    """Walks from new nodes to a neighbour, and on as the sampler of the fitted graph goes: a `Sampler`.

    Parameters
    ----------
    onward : Graph
        The fitted nodes, and after them the new ones.
    sampler : Sampler
        Of the fitted graph.
    seed : int
    """

    def __init__(self, onward: Graph, sampler: Sampler, seed: int) -> None:
        self.graph, self.sampler = onward, sampler
        self.first = WalkSampler(onward, 1.0, 1.0, seed)

    @property
    def parameters(self) -> dict[str, Any]:
        """What the walks depend on beside the graph and the seed."""
        return self.sampler.parameters

    def fill(self, ids: NDArray[np.int64], starts: NDArray[np.int32], walks: NDArray[np.int32],
             key: int | None = None) -> int:
        """Write the walks with these numbers; return those that the sampler could not end."""
        key = self.first.key if key is None else key
        step = np.empty((len(ids), min(2, walks.shape[1])), np.int32)
        dead_ends = self.first.fill(ids, starts, step, key)
        walks[:] = -1
        walks[:, :step.shape[1]] = step
        fitted = (step[:, -1] >= 0) & (step[:, -1] < self.sampler.graph.n_nodes)
        if walks.shape[1] > 2 and fitted.any():
            rest = np.empty((int(fitted.sum()), walks.shape[1] - 1), np.int32)
            dead_ends += self.sampler.fill(ids[fitted], step[fitted, 1], rest, key ^ 1)
            walks[fitted, 1:] = rest
        return dead_ends


class PlaceSampler:
    """First-order walks on places, of which every n-th is a node's: a `Sampler` of its nodes.

    Parameters
    ----------
    places : csr_array of shape (n_places, n_places)
        Weights of steps; place ``k * n_fitted + v`` is node v, and the last ones are new nodes, one each.
    graph : Graph
        Whose nodes walks begin at, in the first layer.
    seed : int
    n_jobs : int, default=1
    n_fitted : int or None, default=None
        Nodes in a layer; None is all nodes of the graph.
    """

    def __init__(self, places: sparse.csr_array, graph: Graph, seed: int, n_jobs: int = 1, *,
                 n_fitted: int | None = None) -> None:
        self.graph, self.n = graph, graph.n_nodes if n_fitted is None else n_fitted
        self.new = places.shape[0] - (graph.n_nodes - self.n)  # first place of a new node
        arcs = sparse.csr_array(places, dtype=np.float32)
        arcs.eliminate_zeros()
        self.sampler = WalkSampler(Graph.from_scipy(arcs, directed=True), 1.0, 1.0, seed, n_jobs)
        self.seed = seed

    @property
    def parameters(self) -> dict[str, Any]:
        """What the walks depend on beside the graph and the seed."""
        return {"places": self.sampler.graph.fingerprint}

    def fill(self, ids: NDArray[np.int64], starts: NDArray[np.int32], walks: NDArray[np.int32],
             key: int | None = None) -> int:
        """Write the walks with these numbers; return the dead ends."""
        first = np.where(starts < self.n, starts, starts - self.n + self.new).astype(np.int32)
        dead_ends = self.sampler.fill(ids, first, walks, key)
        walks[walks >= 0] %= self.n
        walks[:, 0] = starts
        return dead_ends
