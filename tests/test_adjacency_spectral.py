"""Adjacency spectral embedding: its formula, directed graphs, folding in, known answers, messages."""

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

from graphemb import spectrum
from graphemb.estimators.adjacency_spectral import AdjacencySpectral
from graphemb.evaluate import node_classification


def weighted_graph(seed=0, directed=False):
    rng = np.random.default_rng(seed)
    G = nx.gnp_random_graph(60, 0.12, seed=seed, directed=directed)
    for _, _, data in G.edges(data=True):
        data["weight"] = float(rng.uniform(0.5, 3))
    return G


def scaling(degree, tau, alpha):
    return (degree + tau * degree.mean()) ** -alpha


def lengthened(Y, power):
    Z = Y / np.linalg.norm(Y, axis=1, keepdims=True) ** power
    return Z * 1.5 / np.sqrt((Z**2).sum(axis=1).mean())


def with_signs_of(Y, Z):
    return Y * np.sign((Y * Z).sum(axis=0))


@pytest.mark.parametrize("which", ["positive", "magnitude"])
@pytest.mark.parametrize(("tau", "alpha", "power"), [(0.1, 0.5, 0.75), (0.0, 0.25, 0.0), (1.0, 0.0, 1.0)])
def test_formula(tau, alpha, power, which):
    G = weighted_graph()
    A = nx.to_numpy_array(G)
    s = scaling(A.sum(axis=1), tau, alpha)
    values, V = np.linalg.eigh(s[:, None] * A * s)
    best = np.argsort(-values if which == "positive" else -np.abs(values))[:7]
    expected = lengthened(V[:, best] * np.abs(values[best]), power)
    model = AdjacencySpectral(7, regularization=tau, degree_exponent=alpha, which=which, row_norm=power).fit(G)
    assert model.which_ == which
    assert model.eigenvalues_ == pytest.approx(values[best])
    Z = model.embedding_
    np.testing.assert_allclose(Z, with_signs_of(expected, Z), atol=1e-5)
    assert (model.context_embedding_ == Z * np.sign(values[best]).astype(np.float32)).all()


def test_directed_formula_and_both_sides():
    G = weighted_graph(directed=True)
    A = nx.to_numpy_array(G)
    S = scaling(A.sum(axis=1), 0.1, 0.5)[:, None] * A * scaling(A.sum(axis=0), 0.1, 0.5)
    U, s, Vt = np.linalg.svd(S)
    model = AdjacencySpectral(5).fit(G)
    left, right = lengthened(U[:, :5] * s[:5], 0.75), lengthened(Vt[:5].T * s[:5], 0.75)
    signs = np.sign((left * model.embedding_).sum(axis=0))
    np.testing.assert_allclose(model.embedding_, left * signs, atol=1e-5)
    np.testing.assert_allclose(model.context_embedding_, right * signs, atol=1e-5)
    assert model.eigenvalues_ == pytest.approx(s[:5])
    backward = AdjacencySpectral(5).fit(G.reverse())
    np.testing.assert_allclose(np.abs(backward.embedding_), np.abs(model.context_embedding_), atol=1e-5)


def test_sinks_are_zero_as_sources_only():
    G = nx.DiGraph([(0, 2), (1, 2), (0, 1), (1, 0), (0, 3)])
    model = AdjacencySpectral(2).fit(G)
    zero = ~model.embedding_.any(axis=1)
    assert zero.tolist() == [list(G)[i] in (2, 3) for i in range(4)]
    assert model.context_embedding_[zero].any(axis=1).all()


def test_columns_without_an_eigenvalue_and_isolated_nodes_are_zero():
    G = nx.complete_graph(6)
    G.add_nodes_from(["a", "b"])
    model = AdjacencySpectral(4, which="positive").fit(G)
    assert len(model.eigenvalues_) == 1
    assert (model.embedding_[:, 1:] == 0).all() and (model.embedding_[6:] == 0).all()
    assert np.linalg.norm(model.embedding_[:6], axis=1) == pytest.approx(1.5)


def test_empty_graph():
    model = AdjacencySpectral(3).fit(nx.empty_graph(4))
    assert (model.embedding_ == 0).all() and model.eigenvalues_.shape == (0,)


@pytest.mark.parametrize("directed", [False, True])
def test_a_new_node_with_the_edges_of_a_fitted_one_lands_on_it(directed):
    """The Nyström formula is exact on the nodes it came from."""
    G = weighted_graph(directed=directed)
    model = AdjacencySpectral(6, tol=1e-9).fit(G)
    H = G.copy()
    for v in (3, 17, 40):
        H.add_weighted_edges_from((("twin", v), k, w["weight"]) for k, w in G[v].items())
    folded = model.transform(H)[60:]
    np.testing.assert_allclose(folded, model.embedding_[[3, 17, 40]], atol=1e-5)


def blocks(n_blocks=4, size=60, p_in=0.2, p_out=0.02, seed=1):
    G = nx.planted_partition_graph(n_blocks, size, p_in, p_out, seed=seed)
    return G, np.repeat(np.arange(n_blocks), size)


def test_folding_in_beats_the_mean_of_the_neighbours():
    """Distance of a tenth of the nodes to where a fit of the whole graph puts them, mapped linearly."""
    G, _ = blocks(p_in=0.15)
    hidden = np.random.default_rng(0).choice(240, 24, replace=False)
    kept = np.setdiff1d(np.arange(240), hidden)
    full = AdjacencySpectral(4).fit_transform(G)
    model = AdjacencySpectral(4).fit(G.subgraph(kept.tolist()).copy())
    folded = model.transform(G)
    W = nx.to_numpy_array(G)[np.ix_(hidden, kept)]
    mean = W @ folded[kept] / W.sum(axis=1, keepdims=True)
    same = np.linalg.lstsq(folded[kept], full[kept], rcond=None)[0]
    errors = [np.linalg.norm(Y @ same - full[hidden], axis=1).mean() for Y in (folded[hidden], mean)]
    assert errors[0] < 0.7 * errors[1]


def test_finds_communities(monkeypatch):
    """Measured 1.0; by the iterative solver, 0.99 at tol = 0.1."""
    G, y = blocks()
    for limit in (1000, 0):
        monkeypatch.setattr(spectrum, "DENSE_LIMIT", limit)
        Z = AdjacencySpectral(8, random_state=0).fit_transform(G)
        assert node_classification(Z, y, train_sizes=(0.2,), n_splits=3).micro[0.2] > 0.9


def test_auto_tells_communities_from_avoidance():
    """Three groups without edges inside: only the negative eigenvalues know them."""
    G, y = blocks(3, 80, 0.02, 0.15)
    scores = {}
    for which in ("auto", "positive", "magnitude"):
        model = AdjacencySpectral(3, which=which).fit(G)
        scores[which] = node_classification(model.embedding_, y, train_sizes=(0.2,), n_splits=3).micro[0.2]
        if which == "auto":
            assert model.which_ == model.fit_report_["which"] == "magnitude"
    assert scores["auto"] == scores["magnitude"] > scores["positive"] + 0.2
    assert AdjacencySpectral(3).fit(blocks()[0]).which_ == "positive"


def test_iterative_solver_agrees_with_the_dense_one(monkeypatch):
    for directed in (False, True):
        G = weighted_graph(directed=directed)
        G = nx.disjoint_union_all([G, weighted_graph(1, directed), weighted_graph(2, directed)])
        dense = AdjacencySpectral(4).fit(G)
        monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
        model = AdjacencySpectral(4, tol=1e-6, random_state=0).fit(G)
        monkeypatch.undo()
        assert model.n_iter_ == model.fit_report_["n_iter"] > 1 == dense.n_iter_
        np.testing.assert_allclose(model.embedding_, dense.embedding_, atol=1e-3)
        assert model.fit_report_["residuals"] < 1e-5
        assert model.fit_report_["eigengap"] == pytest.approx(dense.fit_report_["eigengap"], abs=1e-3)


def test_callback_and_progress_and_stop(monkeypatch, capsys):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    monkeypatch.setattr("graphemb._parallel.SECONDS_BETWEEN_TICKS", 0)
    G, _ = blocks()
    ticks = []
    AdjacencySpectral(5, tol=1e-6, callbacks=[ticks.append], verbose=1).fit(G)
    assert ticks[-1].fraction == 1 and ticks[0].stage == "eigenvectors"
    assert all(a.fraction <= b.fraction < 1 for a, b in pairwise(ticks[:-1]))
    assert capsys.readouterr().err.count("\n") == 1
    with pytest.warns(UserWarning, match="A callback stopped the eigensolver after 1 blocks"):
        model = AdjacencySpectral(5, callbacks=[lambda tick: True]).fit(G)
    assert len(model.fit_report_["warnings"]) == 1 and model.fit_report_["residuals"] > 0.1


def test_ctrl_c_ends_the_fit(monkeypatch):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)

    def interrupt(tick):
        raise KeyboardInterrupt

    monkeypatch.setattr("graphemb._parallel.SECONDS_BETWEEN_TICKS", 0)
    model = AdjacencySpectral(5, callbacks=[interrupt])
    with pytest.raises(KeyboardInterrupt):
        model.fit(blocks()[0])
    assert not hasattr(model, "embedding_")


def test_a_change_of_solver_is_told(monkeypatch):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    with pytest.warns(UserWarning, match="slower Lanczos method took over"):
        model = AdjacencySpectral(5, tol=1e-8, max_iter=8, random_state=0).fit(blocks()[0])
    assert model.fit_report_["residuals"] < 1e-6


@pytest.mark.parametrize(("parameters", "error", "message"), [
    ({"regularization": -0.1}, ValueError, "regularization must be a finite number >= 0; got -0.1"),
    ({"degree_exponent": 1.5}, ValueError, "degree_exponent must be a finite number >= 0 and <= 1; got 1.5"),
    ({"degree_exponent": "auto"}, TypeError, "degree_exponent must be a finite number"),
    ({"which": "negative"}, ValueError, "which must be one of 'auto', 'positive', 'magnitude'; got 'negative'"),
    ({"row_norm": 2}, ValueError, "row_norm must be a finite number >= 0 and <= 1; got 2"),
    ({"tol": 0}, ValueError, "tol must be a finite number > 0; got 0"),
    ({"max_iter": 0}, ValueError, "max_iter must be an int >= 1; got 0"),
])
def test_bad_parameters(parameters, error, message):
    with pytest.raises(error, match=message):
        AdjacencySpectral(**parameters).fit(nx.path_graph(4))
