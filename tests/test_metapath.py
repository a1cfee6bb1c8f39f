"""Metapath walks: against their twin and the definition."""

import itertools

import networkx as nx
import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from graphemb import Graph, iter_metapath_walks, metapath_walks
from graphemb._random import draws
from graphemb.metapath import MetapathSampler
from graphemb.skipgram import Corpus, SkipGram, train

APVPA = ["author", "paper", "venue", "paper", "author"]


def bibliography(weighted=False, directed=False, seed=0):
    """Authors, papers, venues, and a tag that no metapath names; one author without papers."""
    rng = np.random.default_rng(seed)
    types = ["author"] * 6 + ["paper"] * 8 + ["venue"] * 3 + ["tag"]
    edges = [(int(rng.integers(0, 5)), p) for p in range(6, 14) for _ in range(2)]
    edges += [(p, 14 + p % 3) for p in range(6, 14)] + [(6, 8), (0, 1), (2, 2), (17, 6)]
    edges = sorted(set(edges))
    if directed:
        edges += [(v, u) for u, v in edges[::2] if u != v]
    weight = rng.choice([0.5, 1.0, 4.0], len(edges)) if weighted else None
    return Graph.from_edges(*zip(*edges, strict=True), weight, nodes=range(18), directed=directed), types


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("metapath", [APVPA, ["paper", "author", "paper"], ["author", "author"],
                                      ["paper", "paper", "author", "paper"], ["venue", "nothing", "venue"]])
def test_walks_equal_their_twin(weighted, directed, metapath):
    graph, types = bibliography(weighted, directed)
    walks = metapath_walks(graph, types, metapath, n_walks=6, walk_length=9, random_state=2)
    key = MetapathSampler(graph, types, metapath, 2).sampler.key
    for i, walk in enumerate(walks.tolist()):
        assert walk == reference.metapath_walk(graph.indptr, graph.indices, graph.weights, types, metapath, key, i,
                                               i % 18, 9)


@pytest.mark.parametrize("weighted", [False, True])
def test_steps_follow_the_definition(weighted):
    """Chi-square of every (node, type asked for) -> next node."""
    graph, types = bibliography(weighted)
    walks = metapath_walks(graph, types, APVPA, n_walks=3000, walk_length=9, random_state=0,
                           start=[u for u in range(5)])
    A = graph.to_scipy().toarray()
    statistic = freedom = 0
    for u in range(18):
        for kind in ("author", "venue", "paper"):
            places = [t for t in range(8) if APVPA[(t + 1) % 4] == kind]
            step = np.concatenate([walks[:, [t, t + 1]] for t in places])
            seen = np.bincount(step[(step[:, 0] == u) & (step[:, 1] >= 0), 1], minlength=18)
            expected = A[u] * (np.array(types) == kind)
            if not seen.any():
                continue
            expected *= seen.sum() / expected.sum()
            used = expected > 0
            assert not seen[~used].any()
            statistic += ((seen - expected)[used] ** 2 / expected[used]).sum()
            freedom += used.sum() - 1
    assert freedom > 20
    assert chi2.sf(statistic, freedom) > 1e-3


def test_a_walk_enters_at_any_place_of_its_start_s_type():
    """A paper is followed by a venue or an author, alike."""
    graph, types = bibliography()
    walks = metapath_walks(graph, types, APVPA, n_walks=4000, walk_length=2, start=[7], random_state=0)
    venues = (np.array(types)[walks[:, 1]] == "venue").sum()
    assert abs(venues - 2000) < 4 * np.sqrt(1000)


@given(edges=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=40), directed=st.booleans(),
       types=st.lists(st.sampled_from("abc"), min_size=10, max_size=10),
       middle=st.lists(st.sampled_from("abc"), max_size=4), seed=st.integers(0, 2**64 - 1))
def test_types_and_edges_are_kept_and_walks_end_only_where_they_must(edges, directed, types, middle, seed):
    src, dst = zip(*edges, strict=True) if edges else ((), ())
    graph = Graph.from_edges(src, dst, nodes=range(10), directed=directed)
    cycle = [types[0], *middle]
    arcs = set(zip(*(a.tolist() for a in graph.to_scipy().nonzero()), strict=True))
    for walk in metapath_walks(graph, types, [*cycle, cycle[0]], n_walks=2, walk_length=7, random_state=seed).tolist():
        nodes = [u for u in walk if u >= 0]
        assert walk == nodes + [-1] * (7 - len(nodes))
        assert all(step in arcs for step in itertools.pairwise(nodes))
        ways = [k for k in range(len(cycle))
                if all(types[u] == cycle[(k + i) % len(cycle)] for i, u in enumerate(nodes))]
        assert ways or (len(nodes) == 1 and types[nodes[0]] not in cycle)
        if ways and len(nodes) < 7:
            assert any(not any((nodes[-1], v) in arcs and types[v] == cycle[(k + len(nodes)) % len(cycle)]
                               for v in range(10)) for k in ways)


def test_same_walks_for_any_cut(monkeypatch):
    graph, types = bibliography(True)
    options = dict(n_walks=9, walk_length=12, random_state=7)
    walks = metapath_walks(graph, types, APVPA, **options)
    assert walks.dtype == np.int32
    np.testing.assert_array_equal(walks[:, 0], np.tile(np.arange(18), 9))
    np.testing.assert_array_equal(metapath_walks(graph, types, APVPA, n_jobs=2, **options), walks)
    for batch_size in (1, 10, 1000):
        batches = list(iter_metapath_walks(graph, types, APVPA, batch_size=batch_size, n_jobs=2, **options))
        np.testing.assert_array_equal(np.concatenate(batches), walks)
    monkeypatch.setattr("graphemb.walks.CHUNK_TOKENS", 30)
    np.testing.assert_array_equal(metapath_walks(graph, types, APVPA, n_jobs=2, **options), walks)


def test_dead_ends_are_counted():
    graph, types = bibliography()
    sampler = MetapathSampler(graph, types, APVPA, 0)
    walks = np.empty((18, 5), np.int32)
    count = sampler.fill(np.arange(18), np.arange(18, dtype=np.int32), walks)
    assert count == (walks[:, -1] < 0).sum() >= 2  # the author without papers, the tag
    assert sampler.fill(np.arange(18), np.arange(18, dtype=np.int32), np.empty((18, 1), np.int32)) == 0


def test_types_by_label_or_by_row():
    G = nx.Graph([("ann", "p"), ("p", "bob")])
    nx.set_node_attributes(G, {"ann": 1, "bob": 1, "p": 2}, "type")
    a = metapath_walks(G, nx.get_node_attributes(G, "type"), [1, 2, 1], n_walks=4, random_state=0)
    b = metapath_walks(G, np.array([1, 2, 1]), (1, 2, 1), n_walks=4, random_state=0)
    np.testing.assert_array_equal(a, b)


def test_skip_gram_trains_on_them():
    graph, types = bibliography()
    corpus = Corpus(MetapathSampler(graph, types, APVPA, 0), 5, 20, 1, 0)
    trained = train(corpus, SkipGram(8, 3, 5, 0.025, 1e-4, 0.75, 0.0, 0))
    assert np.isfinite(trained.vectors).all() and trained.report["walks"] == 90
    assert trained.visits[17] == 5  # the tag: its walks are itself alone


def test_draws_are_those_of_the_kernels():
    ids = np.array([0, 1, 77, 2**36 - 1])
    for t in (0, 5, 2**28 - 1):
        assert draws(2**64 - 3, ids, t).tolist() == [reference.draw(2**64 - 3, int(i), t) for i in ids]


@pytest.mark.parametrize("types, metapath, error, message", [
    (list("aab"), ["a", "b"], ValueError, "end with the one it begins with"),
    (list("aab"), ["a"], ValueError, "two types at least"),
    (list("aab"), "aba", TypeError, "metapath must be a sequence of types; got 'aba'"),
    (list("aab"), ["x", "y", "x"], ValueError, "none of 'x', 'y', 'x' is among the types 'a', 'b'"),
    (list("aa"), ["a", "a"], ValueError, "types must have one for each of the 3 nodes; got 2"),
    ({0: "a", 1: "a"}, ["a", "a"], ValueError, "node 2 has none"),
    ("aab", ["a", "a"], TypeError, "types must be a mapping"),
])
def test_bad_types_and_metapaths_are_named(types, metapath, error, message):
    with pytest.raises(error, match=message):
        metapath_walks(nx.path_graph(3), types, metapath)


@pytest.mark.parametrize("name, value", [("walk_length", 0), ("n_walks", 0), ("n_jobs", 0), ("random_state", -1)])
def test_bad_parameters_are_named(name, value):
    with pytest.raises(ValueError, match=f"{name} must be"):
        metapath_walks(nx.path_graph(3), list("aba"), list("aba"), **{name: value})
