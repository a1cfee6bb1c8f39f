"""GraphWave and Struc2Vec: their formulas, nodes with the same role, folding in, messages."""

import os

import networkx as nx
import numpy as np
import pytest
import reference
from known import weighted_graph
from scipy import sparse, stats
from sklearn.linear_model import LogisticRegression

from graphemb import DeepWalk, GraphWave, Struc2Vec, as_graph
from graphemb.estimators.struc2vec import _simple, alignment, rings
from graphemb.evaluate import node_classification
from graphemb.samplers import PlaceSampler


def roles(n=30):
    """A ring on which hang stars and cliques by turns, and the role of each node."""
    G, role = nx.cycle_graph(2 * n), [0, 1] * n
    for i in range(2 * n):
        first = len(role)
        if i % 2:
            G.add_edges_from((i, first + j) for j in range(4))
            role += [2] * 4
        else:
            G.add_edges_from(nx.complete_graph(range(first, first + 5)).edges)
            G.add_edge(i, first)
            role += [3] + [4] * 4
    return G, np.array(role)


MODELS = [GraphWave(16), Struc2Vec(16, n_layers=3, n_walks=5, walk_length=40, window=5, random_state=0)]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_finds_roles_far_apart_and_folds_in(model):
    """Trained on one end of the graph, tested on the other. Hidden nodes: leaves, of which each has a role."""
    G, role = roles()
    Z = model.fit_transform(G)
    near = np.array([nx.shortest_path_length(G, 0)[v] < 14 for v in range(len(G))])
    assert LogisticRegression(max_iter=1000).fit(Z[near], role[near]).score(Z[~near], role[~near]) > 0.9
    leaves = np.array([v for v in range(60, len(G)) if role[v] in (2, 4)])
    hidden = np.random.default_rng(0).choice(leaves, 24, replace=False)
    kept = np.setdiff1d(np.arange(len(G)), hidden)
    Z = model.fit(G.subgraph(kept.tolist()).copy()).transform(G)
    A = nx.to_numpy_array(G)[np.ix_(hidden, kept)]
    mean = A @ Z[kept] / A.sum(axis=1, keepdims=True)
    classifier = LogisticRegression(max_iter=1000).fit(Z[kept], role[kept])
    score = classifier.score(Z[hidden], role[hidden])
    assert score > 0.8 and score > classifier.score(mean, role[hidden]) + 0.2


@pytest.mark.parametrize("model", [
    GraphWave(128), Struc2Vec(128, random_state=0)], ids=lambda model: type(model).__name__)
def test_airports_beat_deepwalk(model):
    """Measured at half of the nodes, three seeds: 0.64 and 0.61; DeepWalk 0.56."""
    graphs = pytest.importorskip("benchmarks.graphs", reason="run from the source tree")
    if "airports_usa" not in graphs.available():
        pytest.skip(f"no airports_usa in GRAPHEMB_DATA={os.environ.get('GRAPHEMB_DATA')}")
    graph, labels = graphs.load("airports_usa")
    scores = [node_classification(each.fit_transform(graph), labels, train_sizes=(0.5,), n_splits=10).micro[0.5]
              for each in (model, DeepWalk(128, random_state=0))]
    assert scores[0] > scores[1] + 0.03


# --- GraphWave ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("directed", [False, True])
def test_graphwave_equals_the_twin(directed):
    G = weighted_graph(directed=directed)
    A = nx.to_numpy_array(G)
    expected = reference.heat_functions(A + A.T if directed else A, [0.5, 3.0], [20, 40, 60])
    model = GraphWave(12, scales=(0.5, 3.0), largest_point=60, standardize=False).fit(G)
    np.testing.assert_allclose(model.embedding_, expected, atol=2e-4)
    assert GraphWave(5, scales=(0.5, 3.0), largest_point=40, standardize=False).fit_transform(G).shape == (60, 5)
    Z = GraphWave(12, scales=(0.5, 3.0), largest_point=60).fit_transform(G)
    np.testing.assert_allclose(Z.std(axis=0), 1, atol=1e-3)
    assert abs(np.corrcoef(Z[:, 3], expected[:, 3])[0, 1]) > 0.999


def test_graphwave_folds_in_what_a_fit_would_give(monkeypatch):
    G = weighted_graph()
    H = G.subgraph(range(55)).copy()
    model = GraphWave(8, standardize=False).fit(H)
    whole = GraphWave(8, standardize=False).fit_transform(G)
    np.testing.assert_allclose(model.transform(G)[55:], whole[55:], atol=1e-4)
    monkeypatch.setattr("graphemb.proximity.BLOCK_ENTRIES", 200)
    np.testing.assert_allclose(GraphWave(8, standardize=False, n_jobs=2).fit_transform(H), model.embedding_, atol=1e-5)


def test_graphwave_shows_progress_and_isolated_nodes_are_zero(capsys):
    G = nx.path_graph(5)
    G.add_node("alone")
    Z = GraphWave(8, verbose=1).fit_transform(G)
    assert "heat: 100%" in capsys.readouterr().err
    assert not Z[5].any() and Z[:5].any(axis=1).all()


# --- Struc2Vec -----------------------------------------------------------------------------------------------


def test_alignment_equals_the_twin():
    rng = np.random.default_rng(0)

    def sequence():
        values = np.unique(rng.integers(1, 30, rng.integers(1, 12))).astype(float)
        return values, rng.integers(1, 5, len(values)).astype(float)

    left, right = [sequence() for _ in range(200)], [sequence() for _ in range(200)]
    expected = [reference.warping(list(zip(*a, strict=True)), list(zip(*b, strict=True)))
                for a, b in zip(left, right, strict=True)]
    np.testing.assert_allclose(alignment(left, right), expected, rtol=1e-9)


@pytest.mark.parametrize("directed", [False, True])
def test_rings_are_degrees_at_each_distance(directed, monkeypatch):
    monkeypatch.setattr("graphemb.proximity.BLOCK_ENTRIES", 300)
    G = nx.gnp_random_graph(50, 0.04, seed=2, directed=directed)
    simple = G.to_undirected()
    found = rings(_simple(as_graph(G)), np.arange(50), 4)
    for u in G:
        distance = nx.single_source_shortest_path_length(simple, u, cutoff=3) if simple.degree(u) else {}
        for k in range(4):
            degrees = sorted(simple.degree(v) for v, d in distance.items() if d == k)
            if degrees:
                values, counts = found[u][k]
                assert np.repeat(values, counts.astype(int)).tolist() == degrees
            else:
                assert len(found[u]) <= k


def test_steps_have_the_distribution_of_the_paper():
    """Against a simulation of the moves between layers: chi-square."""
    G = nx.karate_club_graph()
    model = Struc2Vec(4, n_layers=3, stay=0.4, n_candidates=6)
    model._validate()
    A = _simple(as_graph(G))
    model._degree, around = np.diff(A.indptr), rings(A, np.arange(34), 3)
    pairs = np.unique(np.sort(model._candidates(model._degree, np.arange(34), same=True), axis=1), axis=0)
    layers = [sparse.coo_array((np.r_[w, w], (np.r_[u, v], np.r_[v, u])), shape=(34, 34)).tocsr()
              for u, v, w in model._layers(around, around, pairs, 1, "layers")]
    model._mean = [layer.data.mean() for layer in layers]
    places = model._steps(layers, 34).toarray()
    np.testing.assert_allclose(places.sum(axis=1), 1, atol=1e-9)
    rng = np.random.default_rng(0)
    dense = [layer.toarray() for layer in layers]
    for k, u in ((0, 0), (1, 5), (2, 33)):
        seen = np.zeros(3 * 34)
        for _ in range(4000):
            layer, v = reference.struc2vec_step(dense, 0.4, k, u, rng)
            seen[layer * 34 + v] += 1
        expected = places[k * 34 + u] * 4000
        assert not seen[expected == 0].any()
        often = expected > 5
        assert stats.chisquare(np.r_[seen[often], seen[~often].sum() + 1e-9],
                               np.r_[expected[often], expected[~often].sum() + 1e-9]).pvalue > 1e-3


def test_places_are_walked_as_nodes():
    places = sparse.csr_array(np.array([[0, 0, 0, 1], [0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0]], float))
    walks = np.empty((2, 4), np.int32)
    PlaceSampler(places, as_graph(nx.path_graph(2)), 0).fill(np.arange(2), np.array([0, 1], np.int32), walks)
    assert walks.tolist() == [[0, 1, 1, 0], [1, 0, 0, 1]]


def test_weights_do_not_count_and_progress_is_shown(capsys):
    G = weighted_graph()
    plain = nx.Graph(G.edges)
    parameters = {"n_components": 4, "n_walks": 2, "walk_length": 10, "random_state": 0}
    H = nx.Graph()
    H.add_nodes_from(plain)
    H.add_weighted_edges_from(G.edges(data="weight"))
    assert (Struc2Vec(**parameters).fit_transform(H) == Struc2Vec(**parameters, verbose=1).fit_transform(plain)).all()
    shown = capsys.readouterr().err
    assert "surroundings: 100%" in shown and "layers: 100%" in shown


@pytest.mark.parametrize(("model", "error", "message"), [
    (GraphWave(scales=()), ValueError, r"scales must be a sequence of at least one number; got \(\)"),
    (GraphWave(scales=(1.0, 0.0)), ValueError, r"scales\[1\] must be a finite number > 0; got 0.0"),
    (GraphWave(largest_point=0), ValueError, "largest_point must be a finite number > 0; got 0"),
    (GraphWave(standardize=1), TypeError, "standardize must be True or False; got 1"),
    (Struc2Vec(n_layers=0), ValueError, "n_layers must be an int >= 1 and <= 100; got 0"),
    (Struc2Vec(n_candidates=0), ValueError, "n_candidates must be an int >= 1; got 0"),
    (Struc2Vec(stay=0), ValueError, "stay must be a finite number > 0 and <= 1; got 0"),
], ids=str)
def test_bad_parameters(model, error, message):
    with pytest.raises(error, match=message):
        model.fit(nx.path_graph(4))
