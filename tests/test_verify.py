"""verify_walks passes exact walks and catches wrong ones."""

import networkx as nx
import numpy as np
import pytest

import graphemb.verify
from graphemb import Graph, random_walks, verify_walks


@pytest.mark.parametrize("p, q", [(0.25, 4.0), (4.0, 0.25), (1.0, 1.0), (2.0, 2.0)])
@pytest.mark.parametrize("kind", ["plain", "weighted", "directed", "loops"])
def test_exact_walks_pass(p, q, kind):
    graph = nx.powerlaw_cluster_graph(80, 4, 0.5, seed=0)
    if kind == "weighted":
        nx.set_edge_attributes(graph, {e: 1.0 + sum(e) % 7 for e in graph.edges}, "weight")
    if kind == "directed":
        graph = nx.DiGraph([(u, v) for u, v in graph.edges] + [(v, u) for u, v in list(graph.edges)[::2]])
    if kind == "loops":
        graph.add_edges_from((u, u) for u in range(0, 80, 3))
    check = verify_walks(graph, p, q, n_steps=4000, random_state=1)
    assert check.p_value > 1e-3
    assert check.n_steps == 4000 and check.degrees_of_freedom > 5
    for place in ("return", "common", "away"):
        assert abs(check.seen[place] - check.expected[place]) < 0.03


@pytest.mark.parametrize("p, q", [(0.5, 2.0), (1.0, 1.0), (0.5, 1.0)])
def test_wrong_walks_are_caught(p, q, monkeypatch):
    """Walks with p and q the wrong way round, and walks that ignore weights."""
    graph = nx.powerlaw_cluster_graph(80, 4, 0.5, seed=0)
    if p == q:
        nx.set_edge_attributes(graph, {e: 1.0 + sum(e) % 7 for e in graph.edges}, "weight")

    def wrong(g, *, p, q, start, **options):
        blind = Graph(g.indptr, g.indices, nodes=g.nodes)
        return random_walks(blind, p=q, q=p, start=start, **options)

    monkeypatch.setattr(graphemb.verify, "random_walks", wrong)
    assert verify_walks(graph, p, q, n_steps=4000, random_state=1).p_value < 1e-6


def test_the_p_value_is_uniform_where_walks_are_exact():
    graph = nx.karate_club_graph()
    values = [verify_walks(graph, 0.5, 2.0, n_steps=300, random_state=s).p_value for s in range(60)]
    assert 0.3 < np.mean(values) < 0.7
    assert np.mean(np.array(values) < 0.2) < 0.4


@pytest.mark.parametrize("graph", [nx.empty_graph(3), nx.DiGraph([(0, 1), (2, 1)])])
def test_nothing_to_verify_is_said(graph):
    with pytest.raises(ValueError, match="no walk of three nodes"):
        verify_walks(graph)


def test_no_choice_is_no_failure():
    assert verify_walks(nx.DiGraph([(0, 1), (1, 2), (2, 0)]), n_steps=50).p_value == 1.0


@pytest.mark.parametrize("name, value", [("p", 0), ("q", -1), ("n_steps", 0)])
def test_bad_parameters_are_named(name, value):
    with pytest.raises(ValueError, match=f"{name} must be"):
        verify_walks(nx.path_graph(4), **{name: value})
