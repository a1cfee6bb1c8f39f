"""Walks with restart: the kernel against its twin, the ends against personalised PageRank."""

import networkx as nx
import numpy as np
import pytest
import reference
from scipy.stats import chi2

from graphemb import Graph, _walks, iter_restart_pairs, restart_pairs
from graphemb.restart import RestartSampler
from graphemb.skipgram import Corpus, SkipGram, train


def graph_of(weighted, directed):
    """A hub, a triangle, a self-loop, a leaf, an isolated node; directed: sinks."""
    edges = [(0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (4, 5), (5, 5), (6, 0)]
    weight = [0.5, 1.0, 2.0, 7.0, 1.0, 0.25, 3.0, 1.0] if weighted else None
    return Graph.from_edges(*zip(*edges, strict=True), weight, nodes=range(8), directed=directed)


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.85, 0.99])
@pytest.mark.parametrize("n_ends", [1, 3])
def test_ends_equal_their_twin(weighted, directed, alpha, n_ends):
    graph = graph_of(weighted, directed)
    sampler = RestartSampler(graph, alpha, 3)
    table = reference.alias_tables(graph.indptr, graph.indices, graph.weights)[0] if weighted else None
    ids = np.arange(100)  # more than one group
    rows = np.empty((100, 1 + n_ends), np.int32)
    sampler.fill(ids, (ids % 8).astype(np.int32), rows)
    for i in ids.tolist():
        expected = reference.restart_ends(graph.indptr, graph.indices, table, alpha, sampler.key, i, i % 8, n_ends)
        assert rows[i].tolist() == expected


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_ends_are_draws_from_personalised_pagerank(weighted, directed):
    graph = graph_of(weighted, directed)
    n = 20_000
    pairs = restart_pairs(graph, n_pairs=n, alpha=0.8, random_state=1)
    G = graph.to_networkx()
    for u in range(8):
        rank = nx.pagerank(G, alpha=0.8, personalization={u: 1}, tol=1e-12, max_iter=500)
        expected = n * np.array([rank[v] for v in range(8)])
        seen = np.bincount(pairs[pairs[:, 0] == u, 1], minlength=8)
        used = expected > 1e-6
        assert not seen[~used].any() and expected[used].min() > 5
        if used.sum() > 1:
            assert chi2.sf(((seen - expected)[used] ** 2 / expected[used]).sum(), used.sum() - 1) > 1e-3


def test_ends_of_a_row_are_independent():
    sampler = RestartSampler(graph_of(False, False), 0.8, 0)
    rows = np.empty((30_000, 3), np.int32)
    sampler.fill(np.arange(30_000), np.zeros(30_000, np.int32), rows)
    table = np.bincount(rows[:, 1] * 8 + rows[:, 2], minlength=64).reshape(8, 8)
    table = table[np.ix_(table.sum(axis=1) > 0, table.sum(axis=0) > 0)]
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
    assert chi2.sf(((table - expected) ** 2 / expected).sum(), freedom) > 1e-3


def test_restarts_at_dead_ends_are_counted():
    """On a -> b a walk from a that goes on from b is back at a: half of its further steps."""
    graph = Graph.from_edges(["a"], ["b"], directed=True)
    sampler = RestartSampler(graph, 0.75, 0)
    rows = np.empty((20_000, 2), np.int32)
    restarts = sampler.fill(np.arange(20_000), np.zeros(20_000, np.int32), rows)
    # steps a walk makes: alpha / (1 - alpha) = 3; those from b: the even ones, alpha^2 / (1 - alpha^2) = 9 / 7
    assert abs(restarts / 20_000 - 9 / 7) < 0.05
    assert sampler.fill(np.arange(5), np.ones(5, np.int32), np.empty((5, 1), np.int32)) == 0


def test_same_pairs_for_any_cut(monkeypatch):
    graph = graph_of(True, True)
    options = dict(n_pairs=30, alpha=0.9, random_state=4)
    pairs = restart_pairs(graph, **options)
    assert pairs.dtype == np.int32 and pairs.shape == (240, 2)
    np.testing.assert_array_equal(pairs[:, 0], np.tile(np.arange(8), 30))
    np.testing.assert_array_equal(restart_pairs(graph, n_jobs=2, **options), pairs)
    for batch_size in (1, 7, 64, 1000):
        batches = list(iter_restart_pairs(graph, batch_size=batch_size, n_jobs=2, **options))
        np.testing.assert_array_equal(np.concatenate(batches), pairs)
    monkeypatch.setattr("graphemb.walks.CHUNK_TOKENS", 10)
    np.testing.assert_array_equal(restart_pairs(graph, n_jobs=2, **options), pairs)
    assert (restart_pairs(graph, n_pairs=30, alpha=0.9, random_state=5) != pairs).any()


def test_start_takes_labels():
    graph = nx.Graph([("a", "b"), ("b", "c")])
    pairs = restart_pairs(graph, start=["c", "a"], n_pairs=2, alpha=0.0, random_state=0)
    assert pairs.tolist() == [[2, 2], [0, 0]] * 2


def test_skip_gram_trains_on_pairs():
    graph = nx.barbell_graph(6, 0)
    corpus = Corpus(RestartSampler(Graph.from_networkx(graph), 0.85, 0), 300, 2, 1, 0)
    trained = train(corpus, SkipGram(8, 1, 5, 0.1, 1e-4, 0.75, 0.0, 0))
    Z = trained.vectors / np.linalg.norm(trained.vectors, axis=1, keepdims=True)
    assert (Z[:5] @ Z[:5].T).mean() > (Z[:5] @ Z[7:].T).mean() + 0.5


@pytest.mark.parametrize("name, value, error", [
    ("alpha", 1.0, ValueError), ("alpha", -0.1, ValueError), ("alpha", "1", TypeError), ("n_pairs", 0, ValueError),
    ("n_jobs", 0, ValueError), ("random_state", -1, ValueError),
])
def test_bad_parameters_are_named(name, value, error):
    with pytest.raises(error, match=f"{name} must be"):
        restart_pairs(nx.path_graph(3), **{name: value})


def test_the_kernel_refuses_none():
    with pytest.raises(TypeError):
        _walks.restart_ends(*[None] * 8)
