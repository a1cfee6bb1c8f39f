"""RandNE and FastRP: their sums, what the projection keeps, features, folding in, messages."""

import networkx as nx
import numpy as np
import pytest
import reference
from known import blocks, weighted_graph, with_twins

from graphemb import FastRP, RandNE
from graphemb.evaluate import node_classification

WEIGHTS = [(0.0, 1.0), (2.0, 1.0, 0.5), (0.0, 0.0, 1.0, 4.0)]


def cosines(Z):
    Z = Z / np.linalg.norm(Z, axis=1, keepdims=True)
    return Z @ Z.T


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
@pytest.mark.parametrize("cls", [RandNE, FastRP])
def test_equals_the_twin(cls, weights, directed):
    G = weighted_graph(directed=directed)
    model = cls(6, weights=weights, row_norm=0, random_state=3).fit(G)
    A = nx.to_numpy_array(G)
    R = model._projection(model.graph_, _seed(3))
    expected = reference.power_sum(A if cls is RandNE else reference.rows_to_one(A), R, weights)
    expected *= 1.5 / np.sqrt((expected**2).sum(axis=1).mean())
    np.testing.assert_allclose(model.embedding_, expected, atol=1e-4)


def _seed(random_state):
    from graphemb._random import stream_key

    return stream_key(random_state, "projection")


@pytest.mark.parametrize("n", [20, 300])
def test_randne_projects_on_orthonormal_columns(n):
    model = RandNE(12, random_state=0).fit(nx.path_graph(n))
    R = model._projection(model.graph_, 5)
    np.testing.assert_allclose(R.T @ R, np.eye(12), atol=1e-4)


def test_randne_with_all_dimensions_keeps_inner_products():
    """A square orthogonal projection loses nothing."""
    G = weighted_graph()
    A = nx.to_numpy_array(G)
    M = np.eye(60) + A + A @ A
    Z = RandNE(60, weights=(1, 1, 1), row_norm=0).fit_transform(G)
    np.testing.assert_allclose(cosines(Z), cosines(M), atol=1e-4)


def test_fastrp_keeps_inner_products_but_for_chance():
    G = weighted_graph()
    P = reference.rows_to_one(nx.to_numpy_array(G))
    model = FastRP(4000, weights=(0, 1, 1), degree_exponent=0, row_norm=0, random_state=0).fit(G)
    R = model._projection(model.graph_, 5)
    shares = [(v == R).mean() for v in (0, np.sqrt(np.float32(3)), -np.sqrt(np.float32(3)))]
    np.testing.assert_allclose(shares, [2 / 3, 1 / 6, 1 / 6], atol=0.01)
    assert np.abs(cosines(model.embedding_) - cosines(P + P @ P)).max() < 0.1


def test_fastrp_weighs_by_degree():
    G = nx.star_graph(5)
    flat, weighed = (FastRP(8, degree_exponent=b).fit(G)._projection(FastRP(8).fit(G).graph_, 1) for b in (0.0, -1.0))
    np.testing.assert_allclose(weighed[0], flat[0] * 2, atol=1e-5)   # a half of all degrees
    np.testing.assert_allclose(weighed[1], flat[1] * 10, atol=1e-4)  # a tenth


def test_fastrp_spreads_features():
    """Labels of some of the nodes as features tell of the others."""
    G, y = blocks(p_in=0.08, p_out=0.03)
    X = np.eye(4)[y] * (np.random.default_rng(0).random(240) < 0.4)[:, None]
    scores = [node_classification(FastRP(16, features=features, row_norm=1.0, random_state=0).fit_transform(G), y,
                                  train_sizes=(0.3,), n_splits=3).micro[0.3] for features in (None, X)]
    assert scores[1] > scores[0] + 0.1
    whole = FastRP(5, features=X, n_feature_components=5, weights=(1, 1), random_state=0).fit_transform(G)
    assert np.linalg.matrix_rank(whole, tol=1e-3) <= 4


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("cls", [RandNE, FastRP])
def test_a_new_node_with_the_edges_of_a_fitted_one_lands_on_it(cls, directed):
    G = weighted_graph(directed=directed)
    model = cls(6, weights=(0.0, 1.0, 2.0), random_state=0).fit(G)
    np.testing.assert_allclose(model.transform(with_twins(G))[60:], model.embedding_[[3, 17, 40]], atol=1e-4)


@pytest.mark.parametrize("cls", [RandNE, FastRP])
def test_finds_communities_and_folds_in(cls):
    """The cosines of hidden nodes to others are nearer to those of a fit that saw them."""
    G, y = blocks(p_in=0.3)
    Z = cls(64, random_state=0).fit_transform(G)
    assert node_classification(Z, y, train_sizes=(0.5,), n_splits=3).micro[0.5] > 0.8
    model, hidden = cls(200, random_state=0), np.arange(0, 240, 10)
    kept = np.setdiff1d(np.arange(240), hidden)
    full = cosines(model.fit_transform(G))[np.ix_(hidden, kept)]
    folded = model.fit(G.subgraph(kept.tolist()).copy()).transform(G)
    mean = folded.copy()
    mean[hidden] = nx.to_numpy_array(G)[np.ix_(hidden, kept)] @ folded[kept]
    errors = [np.abs(cosines(Y)[np.ix_(hidden, kept)] - full).mean() for Y in (folded, mean)]
    assert errors[0] < 0.7 * errors[1]


def test_pieces_do_not_depend_on_each_other(monkeypatch):
    G, _ = blocks()
    ticks = []
    monkeypatch.setattr("graphemb._parallel.SECONDS_BETWEEN_TICKS", 0)
    model = FastRP(4, random_state=0, callbacks=[ticks.append]).fit(G)
    assert ticks[-1].fraction == 1 and ticks[0].stage == "powers"
    monkeypatch.setattr("graphemb._product.CHUNK", 100)
    assert FastRP(4, random_state=0, n_jobs=2).fit_transform(G).tobytes() == model.embedding_.tobytes()


@pytest.mark.parametrize("cls", [RandNE, FastRP])
@pytest.mark.parametrize(("parameters", "error", "message"), [
    ({"weights": (1.0,)}, ValueError, r"weights must be a sequence of at least two numbers, .*; got \(1.0,\)"),
    ({"weights": "abc"}, ValueError, "weights must be a sequence"),
    ({"weights": (1.0, "a")}, TypeError, r"weights\[1\] must be a finite number; got"),
    ({"weights": (1.0, 0.0)}, ValueError, "weights must have a number that is not 0 past the first"),
    ({"row_norm": 2}, ValueError, "row_norm must be a finite number >= 0 and <= 1; got 2"),
])
def test_bad_parameters(cls, parameters, error, message):
    with pytest.raises(error, match=message):
        cls(**parameters).fit(nx.path_graph(4))


@pytest.mark.parametrize(("parameters", "message"), [
    ({"degree_exponent": 11}, "degree_exponent must be a finite number >= -10 and <= 10; got 11"),
    ({"n_feature_components": 129}, "n_feature_components must be an int >= 1 and <= 128; got 129"),
    ({"features": np.zeros((3, 2))}, r"features must be finite, of shape \(4, n_features\), .*; got shape \(3, 2\)"),
])
def test_bad_parameters_of_fastrp(parameters, message):
    with pytest.raises(ValueError, match=message):
        FastRP(**parameters).fit(nx.path_graph(4))
