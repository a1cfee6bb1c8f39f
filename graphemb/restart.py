"""Walks with restart: pairs of a node and a draw from its personalised PageRank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _walks
from ._random import stream_key
from ._validation import check_int, check_n_jobs, check_real, check_seed
from .graph import Graph, as_graph
from .walks import Stream, WalkSampler, start_rows

MOST_ALPHA = 0.9999  # ten thousand steps a walk on average; it owns 2**28 random numbers


class RestartSampler:
    """A graph made ready for walks with restart: a `Sampler` whose rows are a node and ends of its walks.

    Parameters
    ----------
    graph : Graph
    alpha : float
        Probability of a further step, in [0, `MOST_ALPHA`].
    seed : int
        In [0, 2**64).
    n_jobs : int, default=1
        Threads that build the alias tables of a weighted graph.
    """

    def __init__(self, graph: Graph, alpha: float, seed: int, n_jobs: int = 1) -> None:
        self.graph, self.alpha = graph, alpha
        self.key = stream_key(seed, "restart")
        self.table = WalkSampler(graph, 1.0, 1.0, seed, n_jobs).table

    @property
    def parameters(self) -> dict[str, Any]:
        """What the pairs depend on beside the graph and the seed."""
        return {"alpha": self.alpha}

    def fill(self, ids: NDArray[np.int64], starts: NDArray[np.int32], walks: NDArray[np.int32],
             key: int | None = None) -> int:
        """Write ``starts[i]`` and ends of walks from it to row i; return the restarts at dead ends.

        Parameters
        ----------
        ids : ndarray of shape (m,), dtype=int64
            Number of each row, in [0, 2**36).
        starts : ndarray of shape (m,), dtype=int32
        walks : ndarray of shape (m, 1 + n_ends), dtype=int32, C-contiguous
            Overwritten. The ends of a row are independent of each other.
        key : int, default=None
            Rows of another seed: its ``stream_key(seed, "restart")``.
        """
        g = self.graph
        return _walks.restart_ends(g.indptr, g.indices, self.table, self.alpha, self.key if key is None else key,
                                   ids, starts, walks)


def restart_pairs(graph: Any, *, n_pairs: int = 10, alpha: float = 0.85, start: Sequence[Any] | None = None,
                  n_jobs: int | None = None, random_state: Any = None, verbose: int = 0) -> NDArray[np.int32]:
    """Sample pairs (u, v), v drawn from the personalised PageRank of u by a walk with restart.

    The walk from u stops before every step with probability 1 - alpha; v is where it stops.

    Parameters
    ----------
    graph : Graph or anything `as_graph` takes
        Steps are in proportion to edge weights and along the direction of edges.
    n_pairs : int, default=10
        Pairs of each start.
    alpha : float, default=0.85
        Probability of a further step, PageRank's damping factor; in [0, 0.9999].
    start : sequence of node labels, default=None
        First nodes of the pairs; None is every node, in row order.
    n_jobs : int, default=None
        Threads; None is 1 (or what a joblib context says), -1 all cores.
    random_state : int, Generator, RandomState or None, default=None
        Same seed, same pairs, for any `n_jobs`.
    verbose : int, default=0
        1 shows progress on stderr.

    Returns
    -------
    pairs : ndarray of shape (n_pairs * n_starts, 2), dtype=int32
        Row indices of nodes; row ``r * n_starts + i`` has start i first.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or the graph is not acceptable.
    KeyError
        If a label of `start` is not in the graph.

    Notes
    -----
    A step from a node without out-going edges goes back to u, as in NetworkX's `pagerank`. VERSE's
    code ends such a walk without a pair.

    References
    ----------
    .. [1] Tsitsulin, Mottin, Karras, Mueller, "VERSE: Versatile Graph Embeddings from Similarity
       Measures", WWW 2018, section 3.3 and algorithm 2.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import restart_pairs
    >>> restart_pairs(nx.DiGraph([(0, 1)]), n_pairs=1, alpha=0.0, random_state=0).tolist()
    [[0, 0], [1, 1]]
    """
    return _stream(graph, n_pairs, alpha, start, n_jobs, random_state).array(verbose)


def iter_restart_pairs(graph: Any, *, n_pairs: int = 10, alpha: float = 0.85, start: Sequence[Any] | None = None,
                       batch_size: int = 65_536, n_jobs: int | None = None,
                       random_state: Any = None) -> Iterator[NDArray[np.int32]]:
    """Stream the pairs of `restart_pairs` in batches, without holding them all.

    Parameters
    ----------
    batch_size : int, default=65_536
        Pairs in a batch; the last may be smaller. Any size gives the same pairs.
    graph, n_pairs, alpha, start, n_jobs, random_state
        As in `restart_pairs`.

    Returns
    -------
    batches : iterator of ndarray of shape (<= batch_size, 2), dtype=int32

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import iter_restart_pairs
    >>> [batch.shape for batch in iter_restart_pairs(nx.path_graph(3), n_pairs=2, batch_size=4)]
    [(4, 2), (2, 2)]
    """
    return _stream(graph, n_pairs, alpha, start, n_jobs, random_state).batches(batch_size)


def _stream(graph: Any, n_pairs: Any, alpha: Any, start: Any, n_jobs: Any, random_state: Any) -> Stream:
    n_pairs, alpha = check_int("n_pairs", n_pairs, 1), check_real("alpha", alpha, 0, MOST_ALPHA)
    jobs, seed = check_n_jobs(n_jobs), check_seed(random_state)
    graph = as_graph(graph)
    return Stream(RestartSampler(graph, alpha, seed, jobs), start_rows(graph, start), n_pairs, 2, jobs)
