"""Graphs that break careless code, each as edges; the forms a graph is handed over in; what any fit must do with it."""
from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import networkx as nx
import numpy as np
from scipy import sparse

import graphemb
from graphemb.estimators._base import BaseEmbedding
from graphemb.graph import Graph

ESTIMATORS: list[type] = sorted(
    {value for value in (getattr(graphemb, name) for name in graphemb.__all__)
     if isinstance(value, type) and issubclass(value, BaseEmbedding)}, key=lambda cls: cls.__name__)
SMALL = {"n_components": 3, "walk_length": 6, "n_walks": 2, "window": 2, "random_state": 0}
TOLD = ("The graph has", "edge of weight 0 dropped", "edges of weight 0 dropped")  # what a fit may warn of


class Edges(NamedTuple):
    """A graph of the nodes 0 ... n - 1."""

    n: int
    edges: list[tuple[int, int, float]]
    directed: bool = False


def _pairs(G: nx.Graph, weight: float = 1.0) -> list[tuple[int, int, float]]:
    return [(u, v, weight) for u, v in G.edges]


_CYCLE = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (1, 3)]
SOUND = {
    "one node": Edges(1, []),
    "one node, directed": Edges(1, [], True),
    "two nodes, no edge": Edges(2, []),
    "isolated nodes only": Edges(5, []),
    "one self-loop": Edges(1, [(0, 0, 1.0)]),
    "self-loops only": Edges(4, [(i, i, 1.0 + i) for i in range(4)]),
    "self-loops only, directed": Edges(4, [(i, i, 1.0 + i) for i in range(4)], True),
    "one edge": Edges(2, [(0, 1, 1.0)]),
    "one arc": Edges(2, [(0, 1, 1.0)], True),
    "one edge, many isolated nodes": Edges(9, [(3, 7, 1.0)]),
    "parallel edges": Edges(3, [(0, 1, 1.0), (0, 1, 2.0), (1, 0, 0.5), (1, 2, 1.0), (1, 2, 1.0)]),
    "parallel arcs": Edges(3, [(0, 1, 1.0), (0, 1, 2.0), (1, 0, 0.5), (1, 2, 1.0), (1, 2, 1.0)], True),
    "parallel loops": Edges(3, [(0, 0, 1.0), (0, 0, 2.0), (0, 1, 1.0)]),
    "star": Edges(7, _pairs(nx.star_graph(6))),
    "star, arcs outwards": Edges(7, _pairs(nx.star_graph(6)), True),
    "star, arcs inwards": Edges(7, [(v, u, w) for u, v, w in _pairs(nx.star_graph(6))], True),
    "path": Edges(6, _pairs(nx.path_graph(6))),
    "cycle, directed": Edges(5, [(i, (i + 1) % 5, 1.0) for i in range(5)], True),
    "complete": Edges(6, _pairs(nx.complete_graph(6))),
    "complete, loops too": Edges(4, [(i, j, 1.0) for i in range(4) for j in range(i, 4)]),
    "complete bipartite": Edges(6, _pairs(nx.complete_bipartite_graph(3, 3))),
    "two components": Edges(8, _pairs(nx.disjoint_union(nx.cycle_graph(4), nx.path_graph(3)))),
    "two triangles, directed": Edges(6, [(i, i // 3 * 3 + (i + 1) % 3, 1.0) for i in range(6)], True),
    "sinks and sources": Edges(5, [(0, 1, 1.0), (2, 1, 1.0), (3, 1, 1.0), (3, 2, 1.0)], True),
    "zero weights": Edges(4, [(0, 1, 0.0), (1, 2, 1.0), (2, 3, 0.0)]),
    "nothing but zero weights": Edges(3, [(0, 1, 0.0), (1, 2, 0.0)]),
    "weights near float32's least": Edges(5, [(u, v, 1e-44) for u, v in _CYCLE]),
    "weights near float32's least, directed": Edges(5, [(u, v, 1e-44) for u, v in _CYCLE], True),
    "weights near float32's largest": Edges(5, [(u, v, 3e38) for u, v in _CYCLE]),
    "weights near float32's largest, directed": Edges(5, [(u, v, 3e38) for u, v in _CYCLE], True),
    "weights 80 orders apart": Edges(5, [(u, v, 10.0**(16 * k - 42)) for k, (u, v) in enumerate(_CYCLE)]),
    "weights 80 orders apart, directed": Edges(
        5, [(u, v, 10.0**(16 * k - 42)) for k, (u, v) in enumerate(_CYCLE)], True),
    "weights that differ by rounding": Edges(5, [(u, v, 1 + 2.0**-23 * k) for k, (u, v) in enumerate(_CYCLE)]),
    "a hub's loop outweighs all": Edges(4, [(0, 0, 1e30), (0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0)]),
}
REFUSED = {  # each with what the message must say
    "no nodes": (Edges(0, []), "no nodes|0 sample"),
    "weight NaN": (Edges(3, [(0, 1, 1.0), (1, 2, np.nan)]), "NaN"),
    "weight infinite": (Edges(3, [(0, 1, 1.0), (1, 2, np.inf)]), "infinity"),
    "weight negative": (Edges(3, [(0, 1, 1.0), (1, 2, -1.0)]), "Negative"),
    "weight -0.0 beside NaN": (Edges(3, [(0, 1, -0.0), (1, 2, np.nan)]), "NaN"),
    "weight 1e300": (Edges(3, [(0, 1, 1.0), (1, 2, 1e300)]), "float32"),
    "weight 1e-300": (Edges(3, [(0, 1, 1.0), (1, 2, 1e-300)]), "float32"),
    "sum beyond float32": (Edges(2, [(0, 1, 3e38), (0, 1, 3e38)]), "float32"),
}


def dense(given: Edges) -> np.ndarray:
    A = np.zeros((given.n, given.n))
    for i, j, weight in given.edges:
        A[i, j] += weight
        if not given.directed and i != j:
            A[j, i] += weight
    return A


def csr(given: Edges) -> sparse.csr_array:
    """Parallel edges are entries stored twice, rows are not sorted, zeros are stored."""
    both = [(i, j, w) for i, j, w in given.edges]
    both += [] if given.directed else [(j, i, w) for i, j, w in given.edges if i != j]
    rows: list[list[tuple[int, float]]] = [[] for _ in range(given.n)]
    for i, j, weight in reversed(both):
        rows[i].append((j, weight))
    indptr = np.cumsum([0, *map(len, rows)])
    matrix = sparse.csr_array((given.n, given.n))
    matrix.indptr, matrix.indices = indptr.astype(np.int32), np.array([j for row in rows for j, _ in row], np.int32)
    matrix.data = np.array([w for row in rows for _, w in row], float)
    return matrix


def networkx(given: Edges) -> nx.Graph:
    G = nx.MultiDiGraph() if given.directed else nx.MultiGraph()
    G.add_nodes_from(range(given.n))
    G.add_weighted_edges_from(given.edges)
    return G


def edge_list(given: Edges) -> Graph:
    i, j, w = ([edge[k] for edge in given.edges] for k in range(3))
    return Graph.from_edges(i, j, w, nodes=range(given.n), directed=given.directed)


FORMS: dict[str, Callable[[Edges], Any]] = {"dense": dense, "CSR": csr, "NetworkX": networkx, "edge list": edge_list}


def make(cls: type, **settings: Any) -> Any:
    """A small estimator, with those of `settings` that it knows."""
    known = inspect.signature(cls).parameters
    return cls(**{name: value for name, value in (SMALL | settings).items() if name in known})


def fit(model: Any, form: str, given: Edges) -> np.ndarray | str:
    """The vectors, checked; or the message of the refusal. Any other end of a fit is an error of ours."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            Z = model.fit_transform(FORMS[form](given))
        except (TypeError, ValueError) as error:
            if len(str(error)) < 20:
                raise AssertionError(f"no message to go by: {error!r}") from error
            return str(error)
        except FloatingPointError as error:  # for weights out of a method's range, and nothing else
            sizes = [weight for _, _, weight in given.edges if weight > 0]
            if "escale" not in str(error) or (min(sizes) > 1e-9 and max(sizes) < 1e9):
                raise
            return str(error)
    check_vectors(Z, given.n, model, [str(one.message) for one in caught
                                      if not any(text in str(one.message) for text in TOLD)])
    return Z


def check_vectors(Z: np.ndarray, n: int, model: Any, told: list[str]) -> None:
    if told or Z.shape != (n, model.n_components) or Z.dtype != np.float32 or not np.isfinite(Z).all():
        raise AssertionError(f"{model}: {Z.dtype} {Z.shape} for {n} nodes, finite: {np.isfinite(Z).all()}, "
                             f"warnings {told}")
