"""Laplacian eigenmaps: closed forms, both normalisations, components, folding in, messages."""

import networkx as nx
import numpy as np
import pytest

from graphemb import spectrum
from graphemb.estimators.laplacian_eigenmaps import LaplacianEigenmaps
from graphemb.evaluate import node_classification

COMPONENTS = "connected components; each is embedded by itself"
BOTH = pytest.mark.parametrize("normalization", ["random_walk", "symmetric"])


def raw(d, **parameters):
    return LaplacianEigenmaps(d, row_norm=0, tol=1e-7, **parameters)


@BOTH
def test_vectors_solve_the_eigenproblem(normalization):
    G = nx.les_miserables_graph()
    model = raw(6, normalization=normalization).fit(G)
    A = nx.to_numpy_array(G)
    d = A.sum(axis=1)
    P = A / d[:, None] if normalization == "random_walk" else A / np.sqrt(np.outer(d, d))
    Y, values = model.embedding_.astype(float), model.eigenvalues_[0]
    np.testing.assert_allclose(Y - P @ Y, Y * values, atol=1e-5)
    assert np.linalg.norm(Y, axis=0) == pytest.approx(1, rel=1e-5)
    assert (np.diff(values) > 0).all() and values[0] > 1e-3
    assert values == pytest.approx(np.sort(np.linalg.eigvals(np.eye(77) - P).real)[1:7])
    metric = np.diag(d) if normalization == "random_walk" else np.eye(77)
    Gram = Y.T @ metric @ Y
    np.testing.assert_allclose(Gram - np.diag(np.diag(Gram)), 0, atol=1e-3)
    assert (Y.max(axis=0) >= -Y.min(axis=0) * (1 - 1e-3)).all()


def test_cycle_is_a_circle_and_path_in_order():
    Z = raw(2).fit_transform(nx.cycle_graph(30))
    assert np.linalg.norm(Z, axis=1) == pytest.approx(np.sqrt(2 / 30), rel=1e-5)
    n = 40
    model = raw(1).fit(nx.path_graph(n))
    expected = np.cos(np.pi * np.arange(n) / (n - 1))
    expected /= np.linalg.norm(expected)
    z = model.embedding_[:, 0]
    np.testing.assert_allclose(z * np.sign(z[0]), expected, atol=1e-5)
    assert model.eigenvalues_[0, 0] == pytest.approx(1 - np.cos(np.pi / (n - 1)))


def test_grid_is_a_product_of_paths_up_to_its_border():
    """On a torus the eigenvalues are means of those of the cycles."""
    model = raw(4).fit(nx.grid_2d_graph(7, 12, periodic=True))
    long = (1 - np.cos(2 * np.pi / 12)) / 2
    short = (1 - np.cos(2 * np.pi / 7)) / 2
    assert model.eigenvalues_[0] == pytest.approx([long, long, short, short])


def test_complete_and_star():
    assert raw(3).fit(nx.complete_graph(9)).eigenvalues_ == pytest.approx(9 / 8)
    model = raw(3).fit(nx.star_graph(9))
    assert model.eigenvalues_ == pytest.approx(1)
    assert model.embedding_[0] == pytest.approx(0, abs=1e-6)


@BOTH
def test_two_cliques_joined_by_an_edge(normalization):
    G = nx.disjoint_union(nx.complete_graph(8), nx.complete_graph(8))
    G.add_edge(0, 8)
    z = raw(1, normalization=normalization).fit_transform(G)[:, 0]
    assert (np.sign(z[:8]) == np.sign(z[0])).all() and (np.sign(z[8:]) == -np.sign(z[0])).all()
    assert np.ptp(z[1:8]) < 1e-6 and abs(z[0]) < abs(z[1])


def test_components_share_columns_and_scale():
    parts = [nx.cycle_graph(9), nx.path_graph(2), nx.complete_graph(4), nx.empty_graph(2)]
    G = nx.disjoint_union_all(parts)
    with pytest.warns(UserWarning, match=rf"5 {COMPONENTS}.* 2 of them are isolated nodes, with zero"):
        model = raw(5).fit(G)
    Z, n = model.embedding_, len(G)
    rows = np.split(np.arange(n), np.cumsum([9, 2, 4]))
    for part, used in zip(rows[:3], (5, 1, 3), strict=True):
        assert np.mean(Z[part, :used] ** 2, axis=0) == pytest.approx(1 / n, rel=1e-5)
        assert (Z[part, used:] == 0).all()
    assert (Z[rows[3]] == 0).all()
    assert model.fit_report_["component_sizes"] == [9, 4, 2, 1, 1]
    assert np.isnan(model.eigenvalues_).sum(axis=1).tolist() == [0, 2, 4]
    assert model.eigenvalues_[2, 0] == pytest.approx(2)
    assert len(model.fit_report_["warnings"]) == 1


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_row_norm(power):
    G = nx.les_miserables_graph()
    Y = raw(5).fit_transform(G).astype(float)
    Z = LaplacianEigenmaps(5, row_norm=power, tol=1e-7).fit_transform(G)
    expected = Y / np.linalg.norm(Y, axis=1, keepdims=True) ** power
    expected *= 1.5 / np.sqrt((expected**2).sum(axis=1).mean())
    np.testing.assert_allclose(Z, expected, rtol=1e-4, atol=1e-5)


def test_directed_is_symmetrised():
    G = nx.DiGraph([(0, 1), (1, 2), (2, 0), (2, 3), (3, 2), (3, 4)])
    H = nx.Graph([(0, 1), (1, 2), (2, 0), (2, 3, {"weight": 2.0}), (3, 4)])
    assert (raw(3).fit(G).embedding_ == raw(3).fit(H).embedding_).all()
    new = [(5, 0), (1, 5)]
    G.add_edges_from(new)
    H.add_edges_from(new)
    folded = raw(3).fit(G.subgraph(range(5))).transform(G)[5]
    assert folded == pytest.approx(raw(3).fit(H.subgraph(range(5))).transform(H)[5]) and folded.any()


@BOTH
@pytest.mark.parametrize("row_norm", [0, 0.75])
def test_a_new_node_with_the_edges_of_a_fitted_one_lands_near_it(normalization, row_norm):
    """But for the damping, 1 + 0.01 / (1 - lambda)^2, the formula is exact on the nodes it came from."""
    G = nx.les_miserables_graph()
    model = LaplacianEigenmaps(3, normalization=normalization, row_norm=row_norm, tol=1e-7).fit(G)
    H = G.copy()
    H.add_weighted_edges_from(("twin", k, w["weight"]) for k, w in G["Javert"].items())
    damping = 1 + 0.01 / (1 - model.eigenvalues_[0]) ** 2
    place = list(G).index("Javert")
    folded, fitted = model.transform(H)[-1], model.embedding_[place]
    if row_norm:
        raw_fitted = raw(3, normalization=normalization).fit(G).embedding_[place] / damping
        cosine = folded @ raw_fitted / np.linalg.norm(folded) / np.linalg.norm(raw_fitted)
        assert cosine == pytest.approx(1, abs=1e-5)
        assert np.linalg.norm(folded) == pytest.approx(np.linalg.norm(fitted), rel=0.02)
    else:
        np.testing.assert_allclose(folded * damping, fitted, atol=1e-5)


@BOTH
def test_folding_in_beats_the_mean_of_the_neighbours(normalization):
    G = nx.planted_partition_graph(4, 60, 0.3, 0.02, seed=1)
    hidden = np.random.default_rng(0).choice(240, 24, replace=False)
    kept = np.setdiff1d(np.arange(240), hidden)
    full = raw(3, normalization=normalization).fit_transform(G) * np.sqrt(240)
    model = raw(3, normalization=normalization).fit(G.subgraph(kept.tolist()).copy())
    folded = model.transform(G)
    W = nx.to_numpy_array(G)[np.ix_(hidden, kept)]
    mean = W @ folded[kept] / W.sum(axis=1, keepdims=True)
    same = np.linalg.lstsq(folded[kept], full[kept], rcond=None)[0]
    errors = [np.linalg.norm(Y @ same - full[hidden], axis=1).mean() for Y in (folded[hidden], mean)]
    assert errors[0] < 0.7 * errors[1]


def test_folded_in_between_components_and_to_isolated_nodes():
    G = nx.disjoint_union(nx.complete_graph(5), nx.cycle_graph(9))
    G.add_node("alone")
    with pytest.warns(UserWarning, match=COMPONENTS):
        model = raw(3).fit(G)
    G.add_edges_from([("x", 0), ("x", 5), ("y", 5), ("y", 6), ("z", "alone")])
    folded = model.transform(G)[-3:]
    assert np.isfinite(folded).all() and folded[:2].any(axis=1).all() and not folded[2].any()


def test_iterative_solver_agrees_with_the_dense_one(monkeypatch):
    G = nx.connected_watts_strogatz_graph(150, 6, 0.2, seed=4)
    dense = raw(4).fit(G)
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 20)
    iterative = raw(4, random_state=0).fit(G)
    np.testing.assert_allclose(iterative.embedding_, dense.embedding_, atol=1e-5)
    assert dense.n_iter_ == 1 < iterative.n_iter_
    assert iterative.fit_report_["eigengaps"] == pytest.approx(dense.fit_report_["eigengaps"], abs=1e-4)
    assert iterative.fit_report_["residuals"][0] < 1e-5


def test_finds_communities():
    G = nx.planted_partition_graph(4, 60, 0.2, 0.02, seed=1)
    Z = LaplacianEigenmaps(8).fit_transform(G)
    assert node_classification(Z, np.repeat(np.arange(4), 60), train_sizes=(0.2,), n_splits=3).micro[0.2] > 0.9


@pytest.mark.parametrize(("parameters", "error", "message"), [
    ({"normalization": "none"}, ValueError,
     "normalization must be one of 'random_walk', 'symmetric'; got 'none'"),
    ({"row_norm": -1}, ValueError, "row_norm must be a finite number >= 0 and <= 1; got -1"),
    ({"tol": -1}, ValueError, "tol must be a finite number > 0; got -1"),
    ({"max_iter": 1.5}, TypeError, "max_iter must be an int >= 1; got 1.5"),
])
def test_bad_parameters(parameters, error, message):
    with pytest.raises(error, match=message):
        LaplacianEigenmaps(**parameters).fit(nx.path_graph(4))
