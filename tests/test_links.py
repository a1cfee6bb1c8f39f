"""Edges held out and non-edges drawn: nothing leaks, nothing repeats."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components
from strategies import networkx_graphs

from graphemb import EdgeSplit, Graph, split_edges
from graphemb.graph import as_graph
from graphemb.links import KINDS, OPERATORS, as_pairs, edge_features, is_edge, sample_non_edges

pytestmark = pytest.mark.filterwarnings("ignore:keep_connected=True leaves:UserWarning")


def parts(split):
    return [(split.X_train, split.y_train), (split.X_val, split.y_val), (split.X_test, split.y_test)]


def plain(graph, X):
    """Pairs as tuples of labels, the lower row first where the graph has no direction."""
    rows = [sorted(pair) if not graph.directed else pair for pair in
            np.column_stack([graph.index_of([u for u, _ in X]), graph.index_of([v for _, v in X])]).tolist()]
    return [tuple(pair) for pair in rows]


def check(graph, split):
    """All that `split_edges` promises of any split."""
    A, R = graph.to_scipy().toarray(), split.graph.to_scipy().toarray()
    assert tuple(split.graph.nodes) == tuple(graph.nodes) and split.graph.directed == graph.directed
    edges = {tuple(pair) for pair in np.argwhere(A).tolist()}
    positives, negatives, of = [], [], {}
    for k, (X, y) in enumerate(parts(split)):
        assert X.shape == (len(y), 2) and 2 * y.sum() == len(y)
        pairs = plain(graph, X)
        positives += [p for p, label in zip(pairs, y, strict=True) if label]
        negatives += [p for p, label in zip(pairs, y, strict=True) if not label]
        of.update({frozenset(p): k for p, label in zip(pairs, y, strict=True) if label})
        for p, label in zip(pairs, y, strict=True):
            if label:
                assert of[frozenset(p)] == k  # the reverse arc is in the same part
    both = [*positives, *negatives]
    assert len(set(both)) == len(both) and all(u != v for u, v in both)
    assert set(positives) <= edges and not set(negatives) & edges
    for u, v in positives:  # neither they nor their reverses stay in the residual graph
        assert R[u, v] == R[v, u] == 0
        A[u, v] = A[v, u] = 0
    assert (R == A).all()  # all else stays, weights and loops


@pytest.mark.parametrize("negatives", KINDS)
@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("keep_connected", [False, True])
def test_nothing_leaks(directed, negatives, keep_connected):
    G = nx.gnm_random_graph(60, 300, seed=1, directed=directed)
    G.add_edge(3, 3)
    G = nx.relabel_nodes(G, {v: (v, "x") if v % 2 else f"n{v}" for v in G})
    graph = as_graph(G)
    split = split_edges(graph, train_size=0.2, val_size=0.1, test_size=0.3, negatives=negatives,
                        keep_connected=keep_connected, random_state=0)
    check(graph, split)
    counts = [int(y.sum()) for _, y in parts(split)]
    if directed:
        assert all(n - 1 <= count <= n for count, n in zip(counts, (60, 30, 90), strict=True))
    else:
        assert counts == [60, 30, 90]


@given(networkx_graphs(max_nodes=8, max_edges=20), st.sampled_from(KINDS), st.booleans(), st.integers(0, 3))
def test_nothing_leaks_from_any_graph(G, negatives, keep_connected, seed):
    graph = as_graph(G)
    try:
        split = split_edges(graph, train_size=0.2, test_size=0.3, negatives=negatives, keep_connected=keep_connected,
                            random_state=seed)
    except ValueError as error:
        assert "No edge can be held out" in str(error) or "of the kind" in str(error)
        return
    check(graph, split)


def test_same_seed_same_split():
    graph = as_graph(nx.karate_club_graph())
    one, same, other = (split_edges(graph, random_state=seed) for seed in (0, 0, 1))
    assert isinstance(one, EdgeSplit) and one.graph.fingerprint == same.graph.fingerprint
    assert (one.X_test == same.X_test).all() and (one.y_test == same.y_test).all()
    assert one.graph.fingerprint != other.graph.fingerprint


def test_labels_keep_their_type():
    split = split_edges(nx.karate_club_graph(), random_state=0)
    assert split.X_test.dtype == np.int64
    G = nx.relabel_nodes(nx.karate_club_graph(), {v: (v, str(v)) for v in range(34)})
    X = split_edges(G, random_state=0).X_test
    assert X.shape == (16, 2) and all(isinstance(u, tuple) and u in G for u in X.ravel())


def components(graph):
    return connected_components(graph.to_scipy(), directed=True, connection="weak")[1]


@pytest.mark.parametrize("directed", [False, True])
def test_connected_parts_stay_connected(directed):
    graph = as_graph(nx.gnm_random_graph(80, 130, seed=0, directed=directed))
    split = split_edges(graph, train_size=0.1, test_size=0.2, random_state=0)
    assert (components(split.graph) == components(graph)).all()
    loose = split_edges(graph, train_size=0.1, test_size=0.2, keep_connected=False, random_state=0)
    assert components(loose.graph).max() > components(graph).max()


@pytest.mark.filterwarnings("default:keep_connected=True leaves:UserWarning")
def test_too_few_removable_edges_are_said():
    G = nx.path_graph(20)
    G.add_edges_from([(0, 2), (4, 6), (9, 12), (15, 18)])  # 23 edges, 4 of them outside any spanning tree
    with pytest.warns(UserWarning, match="leaves 4 of 23 edges that can be removed, fewer than the 11 asked for: "
                                         "train, val and test get 2, 0, 2 instead of 6, 0, 5"):
        split = split_edges(G, train_size=0.25, test_size=0.2, random_state=0)
    assert [int(y.sum()) for _, y in parts(split)] == [2, 0, 2]
    assert (components(split.graph) == 0).all()
    with pytest.raises(ValueError, match="of 19 edges 0 can be removed"):
        split_edges(nx.path_graph(20), test_size=0.2)


def test_the_latest_edges_are_the_test():
    G = nx.gnm_random_graph(40, 200, seed=0)
    times = {edge: 1000 * k for k, edge in enumerate(list(G.edges))}
    nx.set_edge_attributes(G, times, "time")
    graph = Graph.from_networkx(G, weight=None)
    split = split_edges(graph, train_size=0.1, val_size=0.1, test_size=0.2, keep_connected=False,
                        by_time=nx.get_edge_attributes(G, "time"), random_state=0)
    check(graph, split)
    when = [sorted(times[tuple(sorted(map(int, pair)))] // 1000 for pair in X[y == 1]) for X, y in parts(split)]
    assert when == [list(range(120, 140)), list(range(140, 160)), list(range(160, 200))]

    source = np.repeat(np.arange(40), np.diff(graph.indptr))
    arcs = np.array([times[min(u, v), max(u, v)] for u, v in zip(source, graph.indices.tolist(), strict=True)])
    arcs[(source < graph.indices) == (source % 2 == graph.indices % 2)] -= 1  # the later of the two counts
    again = split_edges(graph, train_size=0.1, val_size=0.1, test_size=0.2, keep_connected=False, by_time=arcs,
                        random_state=0)
    assert (again.X_test == split.X_test).all()

    kept = split_edges(graph, test_size=0.2, by_time=arcs, random_state=0)
    assert (components(kept.graph) == 0).all()


def test_times_of_two_arcs_of_a_pair():
    graph = Graph.from_edges([0, 1, 1, 2, 3], [1, 0, 2, 3, 0], directed=True)
    times = {(0, 1): 1, (1, 0): 9, (1, 2): 5, (2, 3): 4, (3, 0): 3}
    split = split_edges(graph, train_size=0.0, test_size=0.4, by_time=times, keep_connected=False, random_state=0)
    assert sorted(split.X_test[split.y_test == 1].tolist()) == [[0, 1], [1, 0]]


@pytest.mark.parametrize(("by_time", "message"), [
    (np.zeros(3), r"by_time must have a time for each of the 156 arcs .* got shape \(3,\)"),
    (np.full(156, np.nan), "none of them NaN"),
    (np.full(156, "x"), "must hold numbers or datetimes"),
    ({(0, 1): 3}, r"by_time has no time for edge \(0, 2\)"),
])
def test_bad_times(by_time, message):
    with pytest.raises(ValueError, match=message):
        split_edges(nx.karate_club_graph(), by_time=by_time)


@pytest.mark.parametrize(("options", "error", "message"), [
    ({"train_size": 0, "test_size": 0}, ValueError, "together be above 0 and below 1; got 0, 0.0, 0"),
    ({"train_size": 0.6, "test_size": 0.4}, ValueError, "together be above 0 and below 1"),
    ({"test_size": -0.1}, ValueError, "test_size must be a finite number >= 0; got -0.1"),
    ({"test_size": None}, TypeError, "test_size must be a finite number"),
    ({"negatives": "easy"}, ValueError, "negatives must be one of 'uniform', 'degree', 'hard'; got 'easy'"),
    ({"keep_connected": 1}, TypeError, "keep_connected must be True or False; got 1"),
    ({"test_size": 0.001, "train_size": 0.0}, ValueError, "No edge can be held out"),
])
def test_bad_parameters(options, error, message):
    with pytest.raises(error, match=message):
        split_edges(nx.karate_club_graph(), **options)


# --- non-edges -------------------------------------------------------------------------------------------


def test_all_non_edges_can_be_had_and_no_more():
    graph = as_graph(nx.karate_club_graph())
    pairs = sample_non_edges(graph, 561 - 78, "uniform", 0)
    assert len({frozenset(pair) for pair in pairs.tolist()}) == 561 - 78
    with pytest.raises(ValueError, match=r"Of the pairs without an edge 483 exist, .* 484 were asked for"):
        sample_non_edges(graph, 484, "uniform", 0)
    with pytest.raises(ValueError, match="0 exist"):
        sample_non_edges(as_graph(nx.complete_graph(4)), 1, "hard", 0)
    with pytest.raises(ValueError, match="1 exist, and 0 of the kind 'degree'"):
        sample_non_edges(as_graph(nx.empty_graph(2)), 1, "degree", 0)


def test_uniform_non_edges_are_uniform():
    graph = as_graph(nx.karate_club_graph())
    counts = np.zeros((34, 34))
    for seed in range(400):
        u, v = np.sort(sample_non_edges(graph, 20, "uniform", seed), axis=1).T
        counts[u, v] += 1
    seen = counts[np.triu(graph.to_scipy().toarray() == 0, 1)]
    expected = 400 * 20 / 483
    assert ((seen - expected)**2 / expected).sum() < 483 + 5 * np.sqrt(2 * 483)


def test_degree_matched_non_edges_have_the_degrees_of_edges():
    rng = np.random.default_rng(0)
    weight = rng.pareto(2.5, 3000) + 0.2
    ends = rng.choice(3000, (2, 9000), p=weight / weight.sum())
    graph = Graph.from_edges(*ends, nodes=range(3000), directed=True)
    out, into = np.diff(graph.indptr), np.bincount(graph.indices, minlength=3000)
    source = np.repeat(np.arange(3000), out)
    of_edges = out[source].mean(), into[graph.indices].mean()
    matched, uniform = (sample_non_edges(graph, 4000, kind, 0) for kind in ("degree", "uniform"))
    for side, (degree, expected) in enumerate(zip((out, into), of_edges, strict=True)):
        assert degree[matched[:, side]].mean() == pytest.approx(expected, rel=0.15)
        assert degree[uniform[:, side]].mean() < 0.7 * expected


@pytest.mark.parametrize("directed", [False, True])
def test_hard_non_edges_are_two_steps_apart(directed):
    graph = as_graph(nx.gnm_random_graph(50, 100, seed=0, directed=directed))
    A = graph.to_scipy()
    u, v = sample_non_edges(graph, 60, "hard", 0).T
    assert ((A @ A)[u, v] > 0).all() and not is_edge(graph, u, v).any()


# --- features --------------------------------------------------------------------------------------------


def test_operators_are_those_of_the_paper():
    u, v = np.array([[1.0, -2.0]], np.float32), np.array([[3.0, 4.0]], np.float32)
    assert {name: edge_features(u, v, name)[0].tolist() for name in OPERATORS} == {
        "hadamard": [3, -8], "average": [2, 1], "l1": [2, 6], "l2": [4, 36], "concat": [1, -2, 3, 4]}
    assert all(edge_features(u, v, name).dtype == np.float32 for name in OPERATORS)


@pytest.mark.parametrize("X", [[("a", "b"), ("c", ("d", 1))], [["a", "b"], ["c", ("d", 1)]]])
def test_pairs_in(X):
    assert as_pairs(X) == [("a", "b"), ("c", ("d", 1))]
    assert as_pairs(np.array([[1, 2], [3, 4]])) == [(1, 2), (3, 4)]


@pytest.mark.parametrize(("X", "error", "message"), [
    ("ab", TypeError, "X must be a sequence of pairs"), (3, TypeError, "X must be a sequence of pairs"),
    (["ab"], ValueError, r"X\[0\] is 'ab'"), ([("a", "b"), ("a",)], ValueError, r"X\[1\] is \('a',\)"),
    ([1, 2], ValueError, r"X\[0\] is 1")])
def test_no_pairs(X, error, message):
    with pytest.raises(error, match=message):
        as_pairs(X)
