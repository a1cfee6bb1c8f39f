"""Walks: the kernels against their twins and against the definition; the public functions."""

import inspect
import itertools
import re
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from graphemb import Graph, _walks, as_graph, iter_walks, random_walks, to_labels
from graphemb._parallel import map_ordered
from graphemb.walks import WalkSampler, cheapest_arc_test

VECTORS = [False, pytest.param(True, marks=pytest.mark.skipif(not _walks.HAS_VECTORS, reason="no AVX-512 here"))]
SETTINGS = [(0.25, 4.0), (4.0, 0.25), (1.0, 0.5), (2.0, 2.0), (0.5, 0.5), (1.0, 1.0)]


def awkward_graph(weighted, directed, seed=0):
    """Triangles, a hub, leaves and self-loops; directed ones have arcs without a way back."""
    rng = np.random.default_rng(seed)
    pairs = [(0, i) for i in range(1, 14)]                       # a hub
    pairs += [(1, 2), (2, 3), (1, 3), (3, 4), (4, 5), (5, 3)]    # triangles
    pairs += [(6, 7), (7, 8), (8, 9), (9, 6), (6, 8)]            # a square with a diagonal
    pairs += [(14, 5), (15, 14)]                                 # a tail that ends in a leaf
    pairs += [(2, 2), (14, 14)]                                  # self-loops
    src, dst = np.array(pairs).T
    if directed:
        src, dst = np.concatenate([src, dst[:20]]), np.concatenate([dst, src[:20]])
        src, dst = np.concatenate([src, [13, 15, 10, 11, 12]]), np.concatenate([dst, [1, 0, 2, 3, 4]])
        src, dst = np.unique(np.stack([src, dst]), axis=1)
    weight = rng.choice([0.3, 1.0, 2.5, 7.0], len(src)) if weighted else None
    return Graph.from_edges(src, dst, weight, nodes=range(17), directed=directed)  # 16 is isolated


def tables(graph):
    if graph.weights is None:
        return None, None
    return reference.alias_tables(graph.indptr, graph.indices, graph.weights)


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_alias_tables_equal_their_twin(weighted, directed):
    graph = awkward_graph(True, directed)
    sampler = WalkSampler(graph, 1.0, 1.0, 0)
    table, strength = tables(graph)
    np.testing.assert_array_equal(sampler.table, table)
    np.testing.assert_array_equal(sampler.strength, strength)


def test_alias_tables_hold_the_weights():
    graph = awkward_graph(True, False)
    table = WalkSampler(graph, 1.0, 1.0, 0).table.astype(np.int64)
    for u in range(graph.n_nodes):
        row = slice(graph.indptr[u], graph.indptr[u + 1])
        mass = np.zeros(graph.n_nodes)
        np.add.at(mass, table[row, 1], table[row, 0] / 2**32)
        np.add.at(mass, table[row, 2], 1 - table[row, 0] / 2**32)
        expected = np.zeros(graph.n_nodes)
        expected[graph.indices[row]] = graph.weights[row]
        if expected.any():
            np.testing.assert_allclose(mass / mass.sum(), expected / expected.sum(), atol=1e-8)


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("p, q", [*SETTINGS, (1e-4, 1e3), (1e4, 1e-3), (1e6, 1e6), (3.0, 1.0), (1.0, 3.0)])
@pytest.mark.parametrize("extend", [False, True])
@pytest.mark.parametrize("vectors", VECTORS)
def test_walks_equal_their_twin(weighted, directed, p, q, extend, vectors):
    graph = awkward_graph(weighted, directed)
    table, strength = tables(graph)
    sampler = WalkSampler(graph, p, q, 5, extend=extend, vectors=vectors)
    key, ids = sampler.key, np.arange(24 * graph.n_nodes)
    walks = np.empty((len(ids), 12), np.int32)  # more of them than any kernel has in flight
    sampler.fill(ids, (ids % graph.n_nodes).astype(np.int32), walks)
    for walk in [*range(150), *range(len(walks) - 20, len(walks))]:
        start = walk % graph.n_nodes
        if p == q == 1:
            expected = reference.first_order(graph.indptr, graph.indices, table, key, walk, start, 12)
        else:
            expected = reference.second_order(graph.indptr, graph.indices, graph.weights, table, strength, directed,
                                              p, q, key, walk, start, 12, extend)
        assert walks[walk].tolist() == expected


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("p, q", [*SETTINGS, (1e-3, 50.0), (50.0, 1e-2)])
@pytest.mark.parametrize("extend", [False, True])
def test_transitions_follow_the_definition(weighted, directed, p, q, extend):
    """Chi-square of every (previous, current) -> next against node2vec's (or node2vec+'s) weights."""
    graph = awkward_graph(weighted, directed)
    walks = random_walks(graph, n_walks=1500, walk_length=20, p=p, q=q, extend=extend, random_state=11)
    n = graph.n_nodes
    triples = np.stack([walks[:, :-2], walks[:, 1:-1], walks[:, 2:]], axis=-1).reshape(-1, 3).astype(np.int64)
    triples = triples[triples.min(axis=1) >= 0]
    counts = np.bincount(triples @ [n * n, n, 1], minlength=n**3).reshape(n, n, n)
    statistic = freedom = 0
    for prev, current in np.argwhere(counts.sum(axis=2) > 0):
        seen = counts[prev, current]
        weights = reference.node2vec_weights(graph.indptr, graph.indices, graph.weights, p, q, prev, current, extend)
        expected = np.zeros(n)
        expected[graph.indices[graph.indptr[current]:graph.indptr[current + 1]]] = weights
        expected *= seen.sum() / expected.sum()
        assert not seen[expected == 0].any()
        common = expected >= 5
        if common.sum() > 1:
            rest = expected[~common].sum()
            statistic += ((seen - expected)[common] ** 2 / expected[common]).sum()
            if rest >= 5:
                statistic += (seen[~common].sum() - rest) ** 2 / rest
            freedom += common.sum() - (rest < 1e-9 or rest >= 5) + (rest >= 5)
    assert freedom > 20
    assert chi2.sf(statistic, freedom) > 1e-3


@pytest.mark.parametrize("weighted", [False, True])
def test_first_steps_follow_the_weights(weighted):
    graph = awkward_graph(weighted, False)
    for q in (1.0, 2.0):
        walks = random_walks(graph, n_walks=20_000, walk_length=2, q=q, start=[0], random_state=3)
        seen = np.bincount(walks[:, 1], minlength=graph.n_nodes)
        row = slice(graph.indptr[0], graph.indptr[1])
        expected = np.zeros(graph.n_nodes)
        expected[graph.indices[row]] = 1.0 if graph.weights is None else graph.weights[row]
        expected *= len(walks) / expected.sum()
        assert not seen[expected == 0].any()
        used = expected > 0
        assert chi2.sf(((seen - expected)[used] ** 2 / expected[used]).sum(), used.sum() - 1) > 1e-3


@pytest.mark.parametrize("p, q", [(1.0, 1.0), (0.25, 4.0)])
@pytest.mark.parametrize("weighted", [False, True])
def test_same_walks_for_any_cut(weighted, p, q, monkeypatch):
    graph = awkward_graph(weighted, False)
    options = dict(n_walks=7, walk_length=30, p=p, q=q, random_state=1)
    walks = random_walks(graph, **options)
    assert walks.dtype == np.int32 and walks.flags.c_contiguous
    np.testing.assert_array_equal(random_walks(graph, n_jobs=2, **options), walks)
    for batch_size in (1, 10, 64, 1000):
        for n_jobs in (1, 3):
            batches = list(iter_walks(graph, batch_size=batch_size, n_jobs=n_jobs, **options))
            assert all(len(batch) == batch_size for batch in batches[:-1])
            np.testing.assert_array_equal(np.concatenate(batches), walks)
    monkeypatch.setattr("graphemb.walks.CHUNK_TOKENS", 100)
    np.testing.assert_array_equal(random_walks(graph, n_jobs=2, **options), walks)


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("extend", [False, True])
@pytest.mark.parametrize("p, q", [*SETTINGS, (0.25, 1.0), (1e-3, 50.0)])
@pytest.mark.parametrize("vectors", VECTORS)
def test_every_test_for_arcs_gives_the_same_walks(weighted, directed, extend, p, q, vectors):
    """So what chi-square says of the walks by bitmap it says of those by hash table and by search."""
    graph = awkward_graph(weighted, directed)
    ids = np.arange(340)
    starts = (ids % 17).astype(np.int32)
    walks = {}
    for kind in ("search", "hash", "bitmap", None):
        walks[kind] = np.empty((340, 15), np.int32)
        sampler = WalkSampler(graph, p, q, 2, n_jobs=2, extend=extend, arc_test=kind, vectors=vectors)
        sampler.fill(ids, starts, walks[kind])
        if q != 1:
            assert (sampler.slots.size > 0, sampler.bits.size > 0) == (kind == "hash", kind in ("bitmap", None))
    for kind in walks:
        np.testing.assert_array_equal(walks[kind], walks["search"])


@pytest.mark.skipif(not _walks.HAS_VECTORS, reason="no AVX-512 here")
@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("p, q", SETTINGS)
@pytest.mark.parametrize("m", [1, 7, 255, 256, 257, 1000])
def test_vectors_change_no_walk(weighted, directed, p, q, m):
    """Whatever is left over when there are no more walks to take the place of those that are over."""
    rng = np.random.default_rng(m)
    src, dst = rng.integers(0, 500, (2, 3000))
    graph = Graph.from_edges(src, dst, rng.random(3000) + 0.1 if weighted else None, nodes=range(510),
                             directed=directed)
    starts = rng.integers(0, 510, m).astype(np.int32)
    samplers = [WalkSampler(graph, p, q, 1, vectors=vectors) for vectors in (False, True)]
    walks = [np.full((m, 33), -7, np.int32) for _ in samplers]
    ends = [sampler.fill(np.arange(m) + 2**35, starts, into) for sampler, into in zip(samplers, walks, strict=True)]
    np.testing.assert_array_equal(*walks)
    assert ends[0] == ends[1]
    assert not directed or m < 255 or ends[0] > 0


@pytest.mark.skipif(not Path("/sys/kernel/mm/transparent_hugepage/enabled").exists(), reason="no huge pages here")
@pytest.mark.parametrize("p, q, arc_test", [(1.0, 1.0, None), (0.5, 2.0, "bitmap"), (0.5, 2.0, "hash")])
def test_large_tables_ask_for_huge_pages(p, q, arc_test):
    """NumPy advises the kernel so for what it allocates, and random access needs it: nothing may get in between."""
    rng = np.random.default_rng(0)
    src, dst = rng.integers(0, 10_000, (2, 600_000))
    graph = Graph.from_edges(src, dst, rng.random(len(src)) + 0.5, nodes=range(10_000))
    sampler = WalkSampler(graph, p, q, 0, arc_test=arc_test)
    maps = re.split(r"\n(?=[0-9a-f]+-[0-9a-f]+ )", Path("/proc/self/smaps").read_text())
    large = [array for array in (sampler.table, sampler.slots, sampler.bits) if array.nbytes > 2**23]
    assert len(large) == 1 + (q != 1)
    for array in large:
        middle = array.ctypes.data + array.nbytes // 2
        flags = next(found[3] for one in maps if (found := re.match(
            r"(?s)([0-9a-f]+)-([0-9a-f]+) .*(VmFlags: [^\n]*)", one))
            and int(found[1], 16) <= middle < int(found[2], 16))
        assert " hg" in flags


@pytest.mark.parametrize("seed", range(3))
def test_tables_know_exactly_the_arcs(seed):
    graph = as_graph(nx.gnp_random_graph(60, 0.2, seed=seed, directed=True))
    A = graph.to_scipy().toarray() > 0
    bits = WalkSampler(graph, 1.0, 2.0, 0, arc_test="bitmap").bits.astype("<u4").view(np.uint8)
    np.testing.assert_array_equal(np.unpackbits(bits, axis=1, bitorder="little")[:, :60], A)
    slots = WalkSampler(graph, 1.0, 2.0, 0, arc_test="hash").slots
    for u in range(60):
        row = slots[2 * graph.indptr[u]:2 * graph.indptr[u + 1]]
        assert sorted(row[row >= 0].tolist()) == np.flatnonzero(A[u]).tolist()


def test_a_search_goes_on_at_the_front_of_a_hash_table():
    """Of 300 rows some have neighbours that did not fit behind their slot."""
    graph = as_graph(nx.gnp_random_graph(300, 0.1, seed=0))
    slots = WalkSampler(graph, 1.0, 2.0, 0, arc_test="hash").slots
    full = slots[2 * graph.indptr[:-1]] >= 0
    assert (full & (slots[2 * graph.indptr[1:] - 1] >= 0)).any()
    ids, starts = np.arange(3000), (np.arange(3000) % 300).astype(np.int32)
    walks = [np.empty((3000, 20), np.int32) for _ in range(2)]
    for kind, into in zip(("hash", "search"), walks, strict=True):
        WalkSampler(graph, 0.25, 4.0, 0, arc_test=kind).fill(ids, starts, into)
    np.testing.assert_array_equal(*walks)


def test_the_arc_test_is_chosen_by_memory(monkeypatch):
    dense, sparse = as_graph(nx.complete_graph(50)), as_graph(nx.path_graph(5000))
    assert cheapest_arc_test(dense) == cheapest_arc_test(sparse) == "bitmap"
    monkeypatch.setattr("graphemb.walks.SMALL_BITMAP_BYTES", 1000)
    assert cheapest_arc_test(dense) == "bitmap"
    assert cheapest_arc_test(sparse) == "hash"
    monkeypatch.setattr("graphemb.walks.ARC_TEST_BYTES", 1000)
    assert cheapest_arc_test(sparse) == "search"
    sampler = WalkSampler(sparse, 1.0, 2.0, 0)
    assert not sampler.slots.size and not sampler.bits.size
    assert not WalkSampler(dense, 2.0, 1.0, 0).bits.size  # nothing to test


def test_extend_needs_weights_to_differ():
    graph, weighted = awkward_graph(False, False), awkward_graph(True, False)
    options = dict(n_walks=5, walk_length=20, p=0.5, q=4.0, random_state=0)
    np.testing.assert_array_equal(random_walks(graph, extend=True, **options), random_walks(graph, **options))
    assert (random_walks(weighted, extend=True, **options) != random_walks(weighted, **options)).any()


def test_seeds_differ_and_row_order_is_as_documented():
    graph = nx.karate_club_graph()
    a, b = (random_walks(graph, n_walks=3, walk_length=10, random_state=s) for s in (0, 1))
    assert (a != b).any()
    np.testing.assert_array_equal(a[:, 0], np.tile(np.arange(34), 3))
    assert len(np.unique(a[:, 1:], axis=0)) == len(a)  # no two walks share their random numbers
    generator = np.random.default_rng(0)
    c = random_walks(graph, n_walks=3, walk_length=10, random_state=generator)
    d = random_walks(graph, n_walks=3, walk_length=10, random_state=generator)
    assert (c != d).any()


def test_start_takes_labels_in_order():
    graph = nx.Graph([("a", "b"), ("b", ("c", 1)), (("c", 1), "d")])
    walks = random_walks(graph, n_walks=2, walk_length=3, start=[("c", 1), "a", "a"], random_state=0)
    sentences = to_labels(walks, graph)
    assert [s[0] for s in sentences] == [("c", 1), "a", "a"] * 2
    assert all(graph.has_edge(u, v) for s in sentences for u, v in itertools.pairwise(s))
    with pytest.raises(KeyError, match="'z'"):
        random_walks(graph, start=["z"])


@pytest.mark.parametrize("q", [1.0, 2.0])
@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 3.0]])
def test_dead_ends_are_padded(q, weight):
    graph = Graph.from_edges(["a", "b", "d"], ["b", "c", "d"], weight, nodes=list("abcde"), directed=True)
    walks = random_walks(graph, n_walks=1, walk_length=4, q=q, random_state=0)
    assert walks.tolist() == [[0, 1, 2, -1], [1, 2, -1, -1], [2, -1, -1, -1], [3, 3, 3, 3], [4, -1, -1, -1]]
    sampler = WalkSampler(graph, 1.0, q, 0)
    starts = np.arange(5, dtype=np.int32)
    assert sampler.fill(np.arange(5), starts, np.empty((5, 4), np.int32)) == 4  # all but the loop at d


def test_no_edges_at_all():
    graph = Graph.from_edges([], [], nodes=[1, 2])
    for p in (1.0, 2.0):
        assert random_walks(graph, n_walks=1, walk_length=3, p=p).tolist() == [[0, -1, -1], [1, -1, -1]]


def test_a_walk_of_one_is_its_start():
    walks = random_walks(nx.path_graph(4), n_walks=2, walk_length=1, p=0.5, random_state=0)
    assert walks.tolist() == [[0], [1], [2], [3]] * 2


@pytest.mark.parametrize("p, q", [(1e100, 1.0), (1.0, 1e100), (1e100, 1e100), (1e-100, 1e100), (1e100, 1e-100)])
def test_extreme_parameters_end(p, q):
    """On a path a step back or a step on is all there is: rejection alone would never end."""
    for graph in (nx.path_graph(3), nx.cycle_graph(5), nx.complete_graph(5), nx.star_graph(40)):
        walks = random_walks(graph, n_walks=2, walk_length=50, p=p, q=q, random_state=0)
        assert walks.min() >= 0
        assert all(graph.has_edge(u, v) for walk in walks.tolist() for u, v in itertools.pairwise(walk))


@settings(max_examples=60, deadline=None)
@given(
    edges=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), st.floats(2.0**-10, 2.0**10, width=32)),
                   max_size=30),
    directed=st.booleans(), weighted=st.booleans(), seed=st.integers(0, 2**64 - 1),
    p=st.sampled_from([0.1, 1.0, 10.0]), q=st.sampled_from([0.1, 1.0, 10.0]),
)
def test_walks_use_only_edges_and_stop_only_where_they_must(edges, directed, weighted, seed, p, q):
    src, dst, weight = zip(*edges, strict=True) if edges else ((), (), ())
    graph = Graph.from_edges(src, dst, weight if weighted else None, nodes=range(9), directed=directed)
    before = graph.fingerprint
    arcs = set(zip(*(a.tolist() for a in graph.to_scipy().nonzero()), strict=True))
    for walk in random_walks(graph, n_walks=2, walk_length=8, p=p, q=q, random_state=seed).tolist():
        end = walk.index(-1) if -1 in walk else 8
        assert set(walk[end:]) <= {-1}
        assert all(step in arcs for step in itertools.pairwise(walk[:end]))
        assert end == 8 or not any(u == walk[end - 1] for u, _ in arcs)
    assert graph.fingerprint == before


def test_relabelled_graph_walks_alike():
    graph = nx.karate_club_graph()
    named = nx.relabel_nodes(graph, {u: f"node {u}" for u in graph})
    a = random_walks(graph, n_walks=2, walk_length=9, p=0.5, random_state=0)
    b = random_walks(named, n_walks=2, walk_length=9, p=0.5, random_state=0)
    np.testing.assert_array_equal(a, b)
    assert to_labels(b, named)[0] == [f"node {u}" for u in a[0]]


def test_random_numbers_are_splitmix64():
    """First outputs of SplitMix64 from state 0, as in its reference implementation (Vigna)."""
    assert [reference.draw(0, 0, t) for t in range(3)] == [
        0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


@pytest.mark.parametrize("name, value, error", [
    ("walk_length", 0, ValueError), ("walk_length", 2**20 + 1, ValueError), ("walk_length", 2.5, TypeError),
    ("n_walks", 0, ValueError), ("n_walks", True, TypeError), ("n_walks", "3", TypeError),
    ("p", 0, ValueError), ("p", -1.0, ValueError), ("p", float("nan"), ValueError), ("p", None, TypeError),
    ("extend", 1, TypeError), ("q", float("inf"), ValueError), ("q", 1e-200, ValueError), ("q", "1", TypeError),
    ("n_jobs", 0, ValueError), ("n_jobs", 1.5, TypeError),
    ("random_state", -1, ValueError), ("random_state", 2**64, ValueError), ("random_state", "seed", TypeError),
])
def test_bad_parameters_are_named(name, value, error):
    with pytest.raises(error, match=f"{name} must be .*; got|{name} must be"):
        random_walks(nx.path_graph(3), **{name: value})


def test_bad_batch_size_is_named():
    with pytest.raises(ValueError, match="batch_size must be an int >= 1; got 0"):
        iter_walks(nx.path_graph(3), batch_size=0)


@pytest.mark.parametrize("function", [
    _walks.first_order, _walks.first_order_vector, _walks.second_order, _walks.second_order_vector,
    _walks.alias_tables, _walks.arc_hash, _walks.arc_bitmap,
])
def test_kernels_refuse_none(function):
    arguments = [0 if name in ("directed", "p", "q", "key", "start", "stop") else None
                 for name in inspect.signature(function).parameters]
    with pytest.raises(TypeError, match="must not be None"):
        function(*arguments)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_interrupt_ends_the_work(n_jobs):
    """Ctrl-C reaches the consumer between items; what has not begun is not begun."""
    begun = []

    def work(i):
        begun.append(i)
        return i

    with pytest.raises(KeyboardInterrupt):
        for i in map_ordered(work, range(10_000), n_jobs):
            if i == 3:
                raise KeyboardInterrupt
    assert len(begun) <= 4 + 4 * n_jobs
