"""HOPE: four proximities against their inverses, direction, folding in, messages."""

import networkx as nx
import numpy as np
import pytest
import reference
from known import blocks, hidden_nodes_error, up_to_signs, weighted_graph, with_twins

from graphemb import HOPE, spectrum
from graphemb.evaluate import node_classification

SIMILARITIES = ["katz", "pagerank", "common", "adamic_adar"]


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("decay", [0.0, 0.5])
@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_equals_the_twin(similarity, directed, decay):
    G = weighted_graph(directed=directed)
    S = reference.hope_matrix(nx.to_numpy_array(G), similarity, max(decay, 1e-5))
    U, s, _ = np.linalg.svd(S)
    model = HOPE(60, similarity=similarity, decay=decay).fit(G)
    k = len(model.singular_values_)
    np.testing.assert_allclose(model.singular_values_, s[:k], rtol=1e-3, atol=1e-4 * s[0])
    products = model.embedding_.astype(float) @ model.context_embedding_.T / model.factor_**2
    np.testing.assert_allclose(products, S, atol=2e-4 * s[0])
    some = HOPE(3, similarity=similarity, decay=decay).fit(G)
    if s[2] > 1.01 * s[3] and s[1] > 1.01 * s[2]:
        expected = up_to_signs(some.embedding_, U[:, :3] * np.sqrt(s[:3])) * some.factor_
        np.testing.assert_allclose(some.embedding_, expected, atol=1e-3)


def test_scores_have_a_direction():
    """Arcs that were hidden score higher than their reverse: measured 0.86 for Katz, 0.92 to 0.94 for the others."""
    rng = np.random.default_rng(0)
    place = rng.random(200)
    u, v = np.nonzero((rng.random((200, 200)) < 0.15) & (place[:, None] < place))
    hidden = rng.random(len(u)) < 0.2
    G = nx.empty_graph(200, create_using=nx.DiGraph)
    G.add_edges_from(zip(u[~hidden].tolist(), v[~hidden].tolist(), strict=True))
    for similarity in SIMILARITIES:
        model = HOPE(4, similarity=similarity).fit(G)
        scores = model.embedding_ @ model.context_embedding_.T
        assert (scores[u[hidden], v[hidden]] > scores[v[hidden], u[hidden]]).mean() > 0.75


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_a_new_node_with_the_arcs_of_a_fitted_one_lands_on_it(similarity, directed):
    G = weighted_graph(directed=directed)
    model = HOPE(6, similarity=similarity, tol=1e-5, row_norm=0.5).fit(G)
    np.testing.assert_allclose(model.transform(with_twins(G))[60:], model.embedding_[[3, 17, 40]], atol=1e-3)


@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_finds_communities_and_folds_in(similarity):
    """Folded in nearer to a fit of the whole graph than the mean of the neighbours is."""
    G, y = blocks()
    model = HOPE(8, similarity=similarity, row_norm=0.75)
    assert node_classification(model.fit_transform(G), y, train_sizes=(0.2,), n_splits=3).micro[0.2] > 0.9
    folded, mean = hidden_nodes_error(HOPE(4, similarity=similarity), G)
    assert folded < 0.9 * mean


@pytest.mark.parametrize("directed", [False, True])
def test_iterative_solver_agrees_with_the_dense_one(monkeypatch, directed):
    G = nx.disjoint_union_all([weighted_graph(seed, directed) for seed in range(4)])
    dense = HOPE(4).fit(G)
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    model = HOPE(4, tol=1e-5, random_state=0).fit(G)
    assert model.n_iter_ > 1 == dense.n_iter_
    for name in ("embedding_", "context_embedding_"):
        np.testing.assert_allclose(getattr(model, name), getattr(dense, name), atol=2e-3)
    assert model.fit_report_["residuals"] < 1e-3
    with pytest.warns(UserWarning, match=r"did not converge in 1 blocks; the vectors"):
        HOPE(4, tol=1e-5, max_iter=1).fit(G)


def test_sinks_are_no_sources():
    model = HOPE(2).fit(nx.DiGraph([(0, 2), (1, 2), (0, 1), (1, 0), (0, 3)]))
    zero = ~(np.abs(model.embedding_) > 1e-6).any(axis=1)
    assert zero.tolist() == [node in (2, 3) for node in model.nodes_]
    assert model.context_embedding_[zero].any(axis=1).all()


@pytest.mark.parametrize(("parameters", "message"), [
    ({"similarity": "cosine"}, "similarity must be one of 'katz', 'pagerank', 'common', 'adamic_adar'; got 'cosine'"),
    ({"decay": 1.0}, "decay must be a finite number >= 0 and <= 0.999; got 1.0"),
    ({"row_norm": 2}, "row_norm must be a finite number >= 0 and <= 1; got 2"),
])
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        HOPE(**parameters).fit(nx.path_graph(4))


@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_a_new_target_is_scored_by_its_column_of_the_proximity(similarity):
    """A node that three others point at, left out of the fit and folded in; its own arcs do not matter here."""
    G = weighted_graph(directed=True)
    n = len(G)
    A = nx.to_numpy_array(G)
    arcs = [(3, 2.0), (17, 0.5), (30, 1.0)]
    enlarged = np.zeros((n + 1, n + 1))
    enlarged[:n, :n] = A
    for u, w in arcs:
        enlarged[u, n] = w
    if similarity == "katz":  # the same beta as the fit
        decay = 0.5 * np.linalg.norm(enlarged, 2) / np.linalg.norm(A, 2)
        S = reference.hope_matrix(enlarged, similarity, decay)
    elif similarity == "pagerank":  # the fitted steps unchanged; arcs to the new node by their share
        P = enlarged / np.maximum(enlarged.sum(axis=1, keepdims=True), 1e-300)
        P[:n, :n] = A / np.maximum(A.sum(axis=1, keepdims=True), 1e-300)
        S = 0.5 * (np.linalg.inv(np.eye(n + 1) - 0.5 * P) - np.eye(n + 1))
    else:
        D = np.eye(n) if similarity == "common" else np.diag(1 / (A.sum(axis=0) + A.sum(axis=1)))
        S = np.zeros((n + 1, n + 1))
        S[:n, n] = A @ D @ enlarged[:n, n]
    model = HOPE(n, similarity=similarity).fit(G)
    new = nx.DiGraph()
    new.add_weighted_edges_from((list(G)[u], "new", w) for u, w in arcs)
    new.add_node(list(G)[5])
    vectors = model.transform_targets(new)
    row = list(new).index("new")
    scores = model.embedding_.astype(float) @ vectors[row] / model.factor_**2
    # of squares of A, float32 tells values from zero above 1e-4 of the largest: those of A above 1e-2
    atol = 1e-3 if similarity in ("katz", "pagerank") else 2e-2
    np.testing.assert_allclose(scores, S[:n, n], atol=atol * np.abs(S[:n, n]).max())
    assert (vectors[list(new).index(list(G)[5])] == model.context_embedding_[5]).all()


def test_targets_need_a_graph():
    model = HOPE(2).fit(nx.DiGraph([(0, 1), (1, 2)]))
    with pytest.raises(TypeError, match="transform_targets takes a graph"):
        model.transform_targets(np.ones((1, 3)))
    with pytest.warns(UserWarning, match="1 of 1 new nodes have no edge"):
        assert not model.transform_targets(nx.DiGraph([("x", "x")])).any()
