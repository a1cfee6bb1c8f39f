"""ProNE: both steps against the twin, propagation of other vectors, folding in, messages."""

import networkx as nx
import numpy as np
import pytest
import reference
from known import blocks, hidden_nodes_error, up_to_signs, weighted_graph, with_twins

from graphemb import DeepWalk, ProNE, propagate
from graphemb.evaluate import node_classification


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("parameters", [{}, {"order": 4, "mu": 0.0, "theta": 1.0, "ns_exponent": 0.75}], ids=str)
def test_equals_the_twin(directed, parameters):
    G = weighted_graph(directed=directed)
    A = nx.to_numpy_array(G)
    model = ProNE(6, **parameters).fit(G)
    p = {name: getattr(model, name) for name in ("order", "mu", "theta")}
    X = reference.factorised(reference.prone_matrix(A, model.ns_exponent), 6)
    F = reference.band_filter(A, X / np.linalg.norm(X, axis=1, keepdims=True), **p)
    expected = reference.factorised(F, 6)
    expected *= 1.5 / np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(np.abs(model.embedding_ @ model.embedding_.T), np.abs(expected @ expected.T), atol=1e-3)


def test_the_expansion_converges_to_the_filter():
    """The twin's Chebyshev sum is the filter's own formula on the eigenvalues of the Laplacian."""
    A = nx.to_numpy_array(nx.karate_club_graph())
    X = np.random.default_rng(0).standard_normal((34, 3))
    looped = A + np.eye(34)
    values, V = np.linalg.eig(np.eye(34) - looped / looped.sum(axis=1, keepdims=True))
    g = np.exp(-((values - 0.3) ** 2 - 2) * 0.7 / 2)
    exact = looped @ (X - ((V * g) @ np.linalg.inv(V) @ X).real)
    np.testing.assert_allclose(reference.band_filter(A, X, 30, 0.3, 0.7), exact, atol=1e-9)


@pytest.mark.parametrize("directed", [False, True])
def test_a_new_node_with_the_edges_of_a_fitted_one_lands_on_it(directed):
    G = weighted_graph(directed=directed)
    model = ProNE(6).fit(G)
    np.testing.assert_allclose(model.transform(with_twins(G))[60:], model.embedding_[[3, 17, 40]], atol=1e-3)


def test_finds_communities_and_folds_in():
    """Folded in nearer to a fit of the whole graph than the mean of the neighbours is."""
    G, y = blocks()
    assert node_classification(ProNE(8).fit_transform(G), y, train_sizes=(0.2,), n_splits=3).micro[0.2] > 0.9
    folded, mean = hidden_nodes_error(ProNE(4), G)
    assert folded < 0.9 * mean


def test_propagation_enhances_other_vectors():
    """Those of a short DeepWalk know its communities better afterwards."""
    G, y = blocks()
    model = DeepWalk(8, n_walks=1, walk_length=10, window=2, random_state=0).fit(G)
    scores = [node_classification(Z / np.linalg.norm(Z, axis=1, keepdims=True), y, train_sizes=(0.2,), n_splits=3)
              .micro[0.2] for Z in (model.embedding_, propagate(model.embedding_, G))]
    assert scores[1] > scores[0] + 0.1
    np.testing.assert_array_equal(propagate(model.vectors_, G), propagate(model.embedding_, G))


def test_propagate_equals_the_twin():
    G = weighted_graph()
    X = np.random.default_rng(0).standard_normal((60, 5))
    F = reference.band_filter(nx.to_numpy_array(G), X, 10, 0.2, 0.5)
    Z = propagate(X, G)
    assert Z.dtype == np.float32
    np.testing.assert_allclose(Z, up_to_signs(Z, reference.factorised(F, 5)), rtol=1e-3, atol=1e-3)


def test_propagate_with_rows_of_one_length():
    G = weighted_graph()
    X = np.random.default_rng(0).standard_normal((60, 5))
    Z, N = propagate(X, G), propagate(X, G, row_norm=1.0)
    lengths = np.linalg.norm(Z, axis=1, keepdims=True)
    np.testing.assert_allclose(N, 1.5 * Z / lengths, rtol=1e-5)
    half = Z / lengths**0.5
    np.testing.assert_allclose(propagate(X, G, row_norm=0.5), 1.5 * half / np.sqrt((half**2).sum(axis=1).mean()),
                               rtol=1e-5)


@pytest.mark.parametrize(("X", "parameters", "message"), [
    (np.zeros((3, 2)), {}, r"vectors must be finite, of shape \(4, k\), .*; got shape \(3, 2\)"),
    (np.full((4, 2), np.nan), {}, "with values that are not"),
    (np.zeros((4, 2)), {"order": 0}, "order must be an int >= 1; got 0"),
    (np.zeros((4, 2)), {"row_norm": 2.0}, r"row_norm must be a finite number .* got 2"),
    (np.zeros((4, 2)), {"theta": 0.0}, "theta must be a finite number > 0; got 0"),
])
def test_propagate_refuses(X, parameters, message):
    with pytest.raises(ValueError, match=message):
        propagate(X, nx.path_graph(4), **parameters)


def test_progress(capsys):
    ProNE(4, verbose=1).fit(blocks()[0])
    assert "propagation: 100%" in capsys.readouterr().err


def test_sinks_and_isolated_nodes_are_zero():
    G = nx.DiGraph([(0, 1), (1, 2), (2, 0), (0, 3)])
    G.add_node("alone")
    assert ProNE(3).fit_transform(G).any(axis=1).tolist() == [True, True, True, False, False]


@pytest.mark.parametrize(("parameters", "message"), [
    ({"order": 0}, "order must be an int >= 1; got 0"),
    ({"mu": float("inf")}, "mu must be a finite number; got inf"),
    ({"theta": -1}, "theta must be a finite number > 0; got -1"),
    ({"ns_exponent": 11}, "ns_exponent must be a finite number >= -10 and <= 10; got 11"),
    ({"row_norm": 2}, "row_norm must be a finite number >= 0 and <= 1; got 2"),
])
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        ProNE(**parameters).fit(nx.path_graph(4))
