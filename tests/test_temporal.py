"""Temporal graphs and walks: what is kept, the kernel against its twin and the definition."""

import copy
import itertools
import pickle

import networkx as nx
import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from graphemb import TemporalGraph, _temporal, as_temporal_graph, iter_temporal_walks, temporal_walks
from graphemb.skipgram import Corpus, SkipGram, train
from graphemb.temporal import BIASES, TemporalSampler


def meetings(n_contacts=60, seed=0):
    """Contacts with ties in time, repeated pairs, a self-loop; node 9 meets nobody."""
    rng = np.random.default_rng(seed)
    contacts = [(int(u), int(v), float(t)) for u, v, t in zip(
        rng.integers(0, 9, n_contacts), rng.integers(0, 9, n_contacts), rng.integers(0, 20, n_contacts) / 2,
        strict=True)]
    return [*contacts, (0, 1, 3.0), (0, 1, 3.0), (1, 0, 4.0), (2, 2, 5.0)]


def graph_of(contacts, directed, n=10):
    return TemporalGraph.from_edges(*zip(*contacts, strict=True), nodes=range(n), directed=directed)


@pytest.mark.parametrize("directed", [False, True])
def test_every_contact_stays_in_its_rows_by_time(directed):
    contacts = meetings()
    graph = graph_of(contacts, directed)
    rows = sorted((u, t, v) for u, v, t in contacts)
    if not directed:
        rows = sorted(rows + [(v, t, u) for u, v, t in contacts if u != v])
    sources = np.repeat(np.arange(10), np.diff(graph.indptr))
    assert list(zip(sources.tolist(), graph.times.tolist(), graph.indices.tolist(), strict=True)) == rows
    assert graph.n_contacts == len(contacts) and graph.n_nodes == 10
    assert (np.diff(graph.contacts[2]) >= 0).all()
    pair = graph.graph.to_scipy().toarray()[0, 1]
    assert pair == sum((u, v) == (0, 1) or (not directed and (u, v) == (1, 0)) for u, v, _ in contacts)


def test_frozen_and_the_same_for_any_order_of_contacts():
    contacts = meetings()
    graph, again = graph_of(contacts, False), graph_of(contacts[::-1], False)
    assert graph.fingerprint == again.fingerprint
    assert graph.fingerprint != graph_of([*contacts[1:], (3, 4, 0.25)], False).fingerprint
    assert graph.fingerprint != graph_of([(u, v, t + 1) for u, v, t in contacts], False).fingerprint
    assert pickle.loads(pickle.dumps(graph)).fingerprint == graph.fingerprint
    assert copy.deepcopy(graph) is graph and copy.copy(graph) is graph
    with pytest.raises(ValueError, match="read-only"):
        graph.times[0] = 1
    with pytest.raises(AttributeError, match="frozen"):
        graph.times = None
    with pytest.raises(AttributeError, match="frozen"):
        del graph.times
    with pytest.raises(TypeError, match="from_edges"):
        TemporalGraph()


def test_networkx_and_arrays_are_one_graph():
    G = nx.MultiDiGraph()
    G.add_nodes_from(["z", "a"])
    G.add_edge("a", "b", time=2)
    G.add_edge("a", "b", time=1.5)
    G.add_edge("b", "a", time=2)
    graph = as_temporal_graph(G)
    assert graph.nodes == ("z", "a", "b") and graph.directed and as_temporal_graph(graph) is graph
    other = TemporalGraph.from_edges(np.array(["a", "a", "b"]), ["b", "b", "a"], (2, 1.5, 2), nodes=["z", "a", "b"],
                                     directed=True)
    assert graph.fingerprint == other.fingerprint
    G.add_edge("b", "z")
    with pytest.raises(ValueError, match=r"Edge \('b', 'z'\) has no attribute 'time'"):
        as_temporal_graph(G)
    with pytest.raises(TypeError, match="got list"):
        as_temporal_graph([[0, 1]])


def test_dates_are_seconds():
    days = np.array(["1970-01-02", "1970-01-01", "1970-01-03"], "datetime64[D]")
    assert TemporalGraph.from_edges([0, 1, 2], [1, 2, 0], days).contacts[2].tolist() == [0.0, 86400.0, 172800.0]


@pytest.mark.parametrize("time, error, message", [
    ([1, np.nan], ValueError, r"Contact \('b', 'c'\) has time nan"),
    ([np.inf, 1], ValueError, r"Contact \('a', 'b'\) has time inf"),
    ([1, 2**60 + 1], ValueError, "beyond 2\\*\\*53"), ([1], ValueError, "one value for each of the 2 contacts"),
    (["1", "2"], TypeError, r"Contact \('a', 'b'\) has time '1'"), ([1, None], TypeError, "has time None"),
    (np.array(["2020-01-01", "NaT"], "datetime64[s]"), ValueError, "has time NaT"), ("12", TypeError, "one number"),
])
def test_bad_times_are_named(time, error, message):
    with pytest.raises(error, match=message):
        TemporalGraph.from_edges(["a", "b"], ["b", "c"], time)


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("start_bias, bias", list(itertools.product(BIASES, BIASES)))
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("from_nodes", [False, True])
def test_walks_equal_their_twin(directed, start_bias, bias, strict, from_nodes):
    contacts = meetings()
    graph = graph_of(contacts, directed)
    options = dict(start_bias=start_bias, bias=bias, strict=strict, time_scale=2.0)
    start = list(range(10)) if from_nodes else None
    walks = temporal_walks(graph, n_walks=12, walk_length=9, start=start, random_state=3, **options)
    key = TemporalSampler(graph, **options, seed=3).key
    for i, walk in enumerate(walks.tolist()):
        expected = reference.temporal_walk(contacts, directed, start_bias, bias, 2.0, strict, key, i,
                                           i % 10 if from_nodes else None, 9)
        assert walk == expected


def masses(times, bias, scale, late):
    """The definition: what contacts at these ascending times are drawn in proportion to."""
    times = np.asarray(times, float)
    if bias == "uniform":
        return np.ones(len(times))
    if bias == "linear":
        return np.arange(1.0, len(times) + 1)[::1 if late else -1]
    return np.exp((times - times.max()) / scale if late else (times.min() - times) / scale)


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("strict", [False, True])
def test_contacts_are_drawn_as_defined(bias, strict):
    """Chi-square of the first contact, and of the second after each first; targets tell contacts apart."""
    first = [(0, 1 + i, t) for i, t in enumerate([0.0, 1.0, 1.0, 2.5, 4.0])]
    second = [(hub, 6 + i, t) for hub in range(1, 6) for i, t in enumerate([0.0, 0.5, 1.0, 1.0, 2.5, 3.0, 4.0, 7.0])]
    graph = graph_of(first + second, True, 14)
    walks = temporal_walks(graph, n_walks=40_000, walk_length=3, start=[0], start_bias=bias, bias=bias, time_scale=1.5,
                           strict=strict, random_state=0)
    expected = masses([t for _, _, t in first], bias, 1.5, True)
    expected *= len(walks) / expected.sum()
    seen = np.bincount(walks[:, 1], minlength=14)[1:6]
    assert chi2.sf(((seen - expected) ** 2 / expected).sum(), 4) > 1e-3
    for hub, now in ((v, t) for _, v, t in first):
        after = [(t, v) for u, v, t in second if u == hub and (t > now if strict else t >= now)]
        expected = np.zeros(14)
        expected[[v for _, v in after]] = masses([t for t, _ in after], bias, 1.5, False)
        seen = np.bincount(walks[walks[:, 1] == hub, 2], minlength=14)
        expected *= seen.sum() / expected.sum()
        used = expected > 0
        assert not seen[~used].any()
        if used.sum() > 1:
            assert chi2.sf(((seen - expected)[used] ** 2 / expected[used]).sum(), used.sum() - 1) > 1e-3


@pytest.mark.parametrize("start_bias", BIASES)
def test_the_first_of_all_contacts_is_drawn_as_defined(start_bias):
    """Each pair meets once, so a step tells which contact it was; either direction alike."""
    contacts = [(0, 1, 3.0), (2, 1, 0.0), (3, 0, 1.0), (2, 3, 1.0), (0, 2, 5.0)]
    graph = graph_of(contacts, False, 4)
    walks = temporal_walks(graph, n_walks=10_000, walk_length=2, start_bias=start_bias, time_scale=2.0, random_state=0)
    contacts = sorted(((min(u, v), max(u, v), t) for u, v, t in contacts), key=lambda c: (c[2], c[0], c[1]))
    expected = masses([t for *_, t in contacts], start_bias, 2.0, True)
    expected = np.repeat(expected / expected.sum() / 2 * len(walks), 2)
    seen = np.array([((walks[:, 0] == a) & (walks[:, 1] == b)).sum()
                     for u, v, _ in contacts for a, b in ((u, v), (v, u))])
    assert seen.sum() == len(walks) == 40_000
    assert chi2.sf(((seen - expected) ** 2 / expected).sum(), 9) > 1e-3


@given(contacts=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.floats(-1e300, 1e300) | st.integers(0, 3)),
                         min_size=1, max_size=25),
       directed=st.booleans(), strict=st.booleans(), start_bias=st.sampled_from(BIASES), bias=st.sampled_from(BIASES),
       scale=st.sampled_from([1e-100, 1.0, 1e100]), seed=st.integers(0, 2**64 - 1), from_nodes=st.booleans())
def test_time_never_runs_backwards(contacts, directed, strict, start_bias, bias, scale, seed, from_nodes):
    """For times and scales of every size, some choice of contacts explains each walk, and its end."""
    graph = graph_of(contacts, directed, 7)
    arcs = contacts + ([] if directed else [(v, u, t) for u, v, t in contacts])
    walks = temporal_walks(graph, n_walks=2, walk_length=6, start_bias=start_bias, bias=bias, time_scale=scale,
                           strict=strict, random_state=seed, start=range(7) if from_nodes else None)
    for walk in walks.tolist():
        nodes = [u for u in walk if u >= 0]
        assert walk == nodes + [-1] * (6 - len(nodes))
        now = {None}  # times at which the walk may be here
        for u, v in itertools.pairwise(nodes):
            now = {t for a, b, t in arcs if (a, b) == (u, v)
                   and any(s is None or t > s or (t == s and not strict) for s in now)}
            assert now
        if len(nodes) < 6:
            assert any(not any(a == nodes[-1] and (s is None or t > s or (t == s and not strict))
                               for a, _, t in arcs) for s in now)


def test_a_long_row_of_far_times_neither_overflows_nor_skips():
    """A contact a day for three years, in seconds: scale 1 always takes the next, a large one any."""
    t = 86400.0 * np.arange(1000)
    graph = TemporalGraph.from_edges(np.zeros(1000, int), np.arange(1, 1001), t, directed=True)
    for scale, most in ((1.0, 1), (1e12, 1000)):
        options = dict(n_walks=3000, walk_length=2, time_scale=scale, start=[0], random_state=0)
        late = temporal_walks(graph, start_bias="exponential", **options)[:, 1]
        assert len(set(late.tolist())) <= most and late.max() == 1000
        assert most == 1 or abs(late.mean() - 500.5) < 20


def test_same_walks_for_any_cut(monkeypatch):
    graph = graph_of(meetings(200), False)
    for start in (None, range(10)):
        options = dict(n_walks=20, walk_length=7, start_bias="linear", bias="exponential", start=start, random_state=1)
        walks = temporal_walks(graph, **options)
        assert walks.dtype == np.int32 and walks.shape == (200, 7)
        np.testing.assert_array_equal(temporal_walks(graph, n_jobs=2, **options), walks)
        for batch_size in (1, 13, 1000):
            batches = list(iter_temporal_walks(graph, batch_size=batch_size, n_jobs=2, **options))
            np.testing.assert_array_equal(np.concatenate(batches), walks)
        with monkeypatch.context() as patch:
            patch.setattr("graphemb.walks.CHUNK_TOKENS", 20)
            np.testing.assert_array_equal(temporal_walks(graph, n_jobs=2, **options), walks)


def test_dead_ends_are_counted():
    graph = graph_of([(0, 1, 1.0), (1, 2, 2.0), (2, 3, 1.5)], True, 5)
    sampler = TemporalSampler(graph, "uniform", "uniform", 1.0, False, 0, from_nodes=True)
    walks = np.empty((5, 4), np.int32)
    assert sampler.fill(np.arange(5), np.arange(5, dtype=np.int32), walks) == 5
    assert walks.tolist() == [[0, 1, 2, -1], [1, 2, -1, -1], [2, 3, -1, -1], [3, -1, -1, -1], [4, -1, -1, -1]]
    assert sampler.fill(np.arange(3), np.arange(3, dtype=np.int32), np.empty((3, 2), np.int32)) == 0
    assert sampler.fill(np.arange(5), np.arange(5, dtype=np.int32), np.empty((5, 1), np.int32)) == 0
    anywhere = TemporalSampler(graph, "uniform", "uniform", 1.0, False, 0)
    single = np.empty((50, 1), np.int32)
    assert anywhere.fill(np.arange(50), np.zeros(50, np.int32), single) == 0
    assert set(single.ravel().tolist()) == {0, 1, 2}


def test_no_contacts_are_no_start():
    graph = TemporalGraph.from_edges([], [], [], nodes=[1, 2])
    with pytest.raises(ValueError, match="graph has no contacts"):
        temporal_walks(graph)
    assert temporal_walks(graph, n_walks=1, walk_length=3, start=[2]).tolist() == [[1, -1, -1]]


def test_skip_gram_trains_on_them():
    graph = graph_of(meetings(200), False)
    corpus = Corpus(TemporalSampler(graph, "uniform", "uniform", 1.0, True, 0), 5, 10, 1, 0)
    trained = train(corpus, SkipGram(8, 3, 5, 0.025, 1e-4, 0.75, 0.0, 0))
    assert np.isfinite(trained.vectors).all() and trained.report["walks"] == 50
    assert trained.visits[9] == 0 and trained.report["dead_ends"] > 0


@pytest.mark.parametrize("name, value, error", [
    ("walk_length", 0, ValueError), ("n_walks", 0, ValueError), ("start_bias", "late", ValueError),
    ("bias", None, ValueError), ("time_scale", 0, ValueError), ("strict", 1, TypeError), ("n_jobs", 0, ValueError),
])
def test_bad_parameters_are_named(name, value, error):
    with pytest.raises(error, match=f"{name} must be"):
        temporal_walks(graph_of(meetings(), False), **{name: value})


@pytest.mark.parametrize("function", [_temporal.temporal_walks, _temporal.sums_of_later, _temporal.sums_of_earlier])
def test_kernels_refuse_none(function):
    with pytest.raises(TypeError):
        function(*[None] * (17 if function is _temporal.temporal_walks else 6))
