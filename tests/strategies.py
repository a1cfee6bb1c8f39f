"""Hypothesis strategies that make graphs of every awkward kind."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

# The same examples on every run and no clock: a test that fails, fails for everyone.
settings.register_profile("graphemb", derandomize=True, deadline=None)
settings.load_profile("graphemb")

# No True/1/1.0 side by side: those are one key to Python, and have a test of their own.
_strings = st.text(max_size=6)
_tuples = st.tuples(st.integers(-3, 3), st.text(max_size=2))
label_kinds = st.sampled_from(["range", "shuffled", "int", "str", "tuple", "mixed"])

float32_weights = st.one_of(
    st.just(1.0),
    st.integers(1, 9).map(float),
    st.floats(2.0**-100, 2.0**100, width=32),  # sums of a few still fit float32
)


@st.composite
def labels(draw: st.DrawFn, n: int, none: bool = True) -> list:
    """n distinct labels, of one kind or mixed; None among them only if `none` (NetworkX has no such node)."""
    kind = draw(label_kinds)
    if kind == "range":
        return list(range(n))
    if kind == "shuffled":
        return draw(st.permutations(range(n)))
    one = {"int": st.integers(), "str": _strings, "tuple": _tuples,
           "mixed": st.one_of(*[st.none()] * none, st.integers(5), _strings, _tuples)}[kind]
    return draw(st.lists(one, min_size=n, max_size=n, unique=True))


@st.composite
def edge_lists(draw: st.DrawFn, max_nodes: int = 8, max_edges: int = 20, none: bool = True) -> tuple:
    """(nodes, [(i, j, weight)], directed): i, j are positions in nodes; loops and parallel edges occur."""
    n = draw(st.integers(1, max_nodes))
    end = st.integers(0, n - 1)
    edges = draw(st.lists(st.tuples(end, end, float32_weights), max_size=max_edges))
    return draw(labels(n, none)), edges, draw(st.booleans())


@st.composite
def networkx_graphs(draw: st.DrawFn, max_nodes: int = 8, max_edges: int = 20, multi: bool | None = None
                    ) -> nx.Graph:
    """Any of the four NetworkX classes; some edges without the weight attribute."""
    nodes, edges, directed = draw(edge_lists(max_nodes, max_edges, none=False))
    multi = draw(st.booleans()) if multi is None else multi
    G = {(False, False): nx.Graph, (True, False): nx.DiGraph, (False, True): nx.MultiGraph,
         (True, True): nx.MultiDiGraph}[directed, multi]()
    G.add_nodes_from(nodes)
    for i, j, weight in edges:
        if weight == 1.0:
            G.add_edge(nodes[i], nodes[j])
        else:
            G.add_edge(nodes[i], nodes[j], weight=weight)
    return G


def dense_of(nodes: list, edges: list, directed: bool) -> np.ndarray:
    """The adjacency matrix an edge list stands for, entry by entry: float64, shape (n, n)."""
    A = np.zeros((len(nodes), len(nodes)))
    for i, j, weight in edges:
        A[i, j] += weight
        if not directed and i != j:
            A[j, i] += weight
    return A
