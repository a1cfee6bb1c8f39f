"""Locally Linear Embedding of graphs and of points: geometry, components, directed sinks, folding in, messages."""

import warnings

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import reference
from scipy import sparse
from sklearn import manifold
from sklearn.datasets import load_digits, make_s_curve, make_swiss_roll
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.estimator_checks import parametrize_with_checks

from graphemb import alignment, spectrum
from graphemb.estimators.lle import LLE, LocallyLinearEmbedding
from graphemb.spectrum import NotConverged

COMPONENTS = "connected components; each is embedded by itself"


def dense_weights(G):
    A = nx.to_numpy_array(G)
    for i in range(len(A)):
        A[i] = A[i] / A[i].sum() if np.delete(A[i], i).any() else 0
    return A


def test_alias():
    assert LLE is LocallyLinearEmbedding


def test_cycle_is_a_circle():
    Z = LLE().fit_transform(nx.cycle_graph(12))
    assert np.linalg.norm(Z, axis=1) == pytest.approx(np.sqrt(2 / 12), rel=1e-5)
    steps = np.linalg.norm(Z - np.roll(Z, 1, axis=0), axis=1)
    assert steps == pytest.approx(steps[0], rel=1e-5)


def test_path_is_in_order():
    z = LLE(n_components=1).fit_transform(nx.path_graph(50))[:, 0]
    order = np.diff(z)
    assert (order > 0).all() or (order < 0).all()


def test_vectors_solve_the_eigenproblem_and_are_unit_centred_orthogonal():
    G = nx.les_miserables_graph()
    model = LLE(n_components=5).fit(G)
    Z = model.embedding_.astype(float)
    np.testing.assert_allclose(Z.T @ Z, np.eye(5), atol=1e-5)
    assert Z.sum(axis=0) == pytest.approx(np.zeros(5), abs=1e-5)
    T = np.eye(77) - dense_weights(G)
    np.testing.assert_allclose(T.T @ T @ Z, Z * model.eigenvalues_[0], atol=1e-5)
    assert (np.diff(model.eigenvalues_[0]) > 0).all()
    # nothing centred is cheaper: the next smaller one of M is the constant's zero
    spectrum_of_M = np.linalg.eigvalsh(T.T @ T)
    assert spectrum_of_M[0] == pytest.approx(0, abs=1e-12)
    assert model.eigenvalues_[0] == pytest.approx(spectrum_of_M[1:6], rel=1e-6)
    assert model.reconstruction_error_ == pytest.approx(spectrum_of_M[1:6].sum(), rel=1e-5)


def test_signs_make_the_largest_entry_positive():
    Z = LLE(n_components=4).fit_transform(nx.les_miserables_graph())
    assert (Z.max(axis=0) >= -Z.min(axis=0) * (1 - 1e-3)).all()


def test_weights_count():
    G = nx.path_graph(4)
    plain = LLE(n_components=2).fit_transform(G)
    G[1][2]["weight"] = 0.01
    assert abs(LLE(n_components=2).fit_transform(G) - plain).max() > 0.05
    assert (LLE(n_components=2, weight=None).fit_transform(G) == plain).all()


def test_components_share_columns_and_scale():
    parts = [nx.cycle_graph(9), nx.path_graph(2), nx.complete_graph(4), nx.empty_graph(2)]
    G = nx.disjoint_union_all(parts)
    with pytest.warns(UserWarning, match=rf"5 {COMPONENTS}.* 2 of them are isolated nodes, with zero"):
        model = LLE(n_components=5).fit(G)
    Z, n = model.embedding_, len(G)
    rows = np.split(np.arange(n), np.cumsum([9, 2, 4]))
    for part, used in zip(rows[:3], (5, 1, 3), strict=True):
        assert np.mean(Z[part, :used] ** 2, axis=0) == pytest.approx(1 / n, rel=1e-5)
        assert (Z[part, used:] == 0).all()
        assert Z[part].sum(axis=0) == pytest.approx(np.zeros(5), abs=1e-6)
    assert (Z[rows[3]] == 0).all()
    assert model.fit_report_["component_sizes"] == [9, 4, 2, 1, 1]
    assert model.fit_report_["n_graph_components"] == 5
    assert model.fit_report_["n_isolated"] == 2
    assert len(model.fit_report_["warnings"]) == 1
    assert np.isnan(model.eigenvalues_).sum(axis=1).tolist() == [0, 2, 4]
    assert model.eigenvalues_[2, 0] == pytest.approx(4)  # y_0 - y_1 at both ends of one edge


def test_component_is_as_by_itself_up_to_scale():
    one, other = nx.les_miserables_graph(), nx.karate_club_graph()
    G = nx.union(one, other)
    with pytest.warns(UserWarning, match=f"2 {COMPONENTS}"):
        Z = LLE(n_components=3).fit_transform(G)
    assert Z[:77] == pytest.approx(LLE(n_components=3).fit_transform(one) * np.sqrt(77 / 111), abs=1e-5)
    assert Z[77:] == pytest.approx(LLE(n_components=3).fit_transform(other) * np.sqrt(34 / 111), abs=1e-5)


def test_directed_follows_out_edges_and_keeps_sinks():
    G = nx.gnp_random_graph(60, 0.06, seed=5, directed=True)
    G = G.subgraph(max(nx.weakly_connected_components(G), key=len)).copy()
    assert min(d for _, d in G.out_degree()) == 0
    model = LLE(n_components=3).fit(G)
    T = np.eye(len(G)) - dense_weights(G)
    Z = model.embedding_.astype(float)
    MZ = T.T @ T @ Z
    assert MZ - MZ.mean(axis=0) == pytest.approx(Z * model.eigenvalues_[0], abs=1e-5)
    assert abs(Z - LLE(n_components=3).fit(G.to_undirected()).embedding_).max() > 0.05


def test_large_component_uses_the_iterative_solver(monkeypatch):
    G = nx.connected_watts_strogatz_graph(150, 6, 0.2, seed=4)
    dense = LLE(n_components=4).fit(G)
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 20)
    iterative = LLE(n_components=4, random_state=0).fit(G)
    assert iterative.embedding_ == pytest.approx(dense.embedding_, abs=1e-5)
    assert dense.n_iter_ == 1 and dense.fit_report_["n_solver_iter"] == [0]
    assert iterative.n_iter_ > 1 and iterative.fit_report_["n_solver_iter"][0] > 0
    assert iterative.fit_report_["residuals"][0] < 1e-6
    assert iterative.fit_report_["eigengaps"][0] == pytest.approx(dense.fit_report_["eigengaps"][0], rel=1e-5)


def test_large_directed_component(monkeypatch):
    G = nx.gnp_random_graph(90, 0.06, seed=5, directed=True)
    G = G.subgraph(max(nx.weakly_connected_components(G), key=len)).copy()
    dense = LLE(n_components=3).fit(G)
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 20)
    iterative = LLE(n_components=3).fit(G)
    assert iterative.n_iter_ > 1
    assert iterative.embedding_ == pytest.approx(dense.embedding_, abs=1e-5)


def test_eigengap_tells_when_the_last_column_is_arbitrary():
    gaps = [LLE(n_components=d).fit(nx.cycle_graph(20)).fit_report_["eigengaps"][0] for d in (1, 2)]
    assert gaps[0] == pytest.approx(0, abs=1e-9)
    assert gaps[1] > 0.5


def test_no_silent_non_convergence(monkeypatch):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 20)
    G = nx.connected_watts_strogatz_graph(400, 6, 0.3, seed=1)
    with pytest.raises(NotConverged, match="raise max_iter or tol, or lower n_components"):
        LLE(n_components=20, max_iter=1, random_state=0).fit(G)


def test_verbose_writes_to_stderr(monkeypatch, capsys):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 20)
    G = nx.connected_watts_strogatz_graph(60, 6, 0.3, seed=1)
    LLE(verbose=1).fit(G)
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("\rLLE, component 1/1: ") and "100%" in err and err.endswith("\n")
    LLE().fit(G)
    assert capsys.readouterr() == ("", "")


# --- folding in ------------------------------------------------------------------------------------------


def errors_of_folding_in(G, hidden, d):
    """Mean distance of the hidden nodes to where a fit of all of G puts them: folded in, and at the mean of
    their neighbours. The fit without them is first mapped linearly to the full one on the nodes both have;
    columns count alike."""
    nodes = list(G)
    row = {v: i for i, v in enumerate(nodes)}
    kept, gone = [row[v] for v in nodes if v not in hidden], [row[v] for v in hidden]
    full = LLE(n_components=d).fit(G).embedding_ * np.sqrt(len(G))
    folded = LLE(n_components=d).fit(G.subgraph([nodes[i] for i in kept]).copy()).transform(G)
    W = nx.to_numpy_array(G)[np.ix_(gone, kept)]
    mean = W @ folded[kept] / W.sum(axis=1, keepdims=True)
    same = np.linalg.lstsq(folded[kept], full[kept], rcond=None)[0]
    return tuple(np.abs(Y @ same - full[gone]).mean() for Y in (folded[gone], mean))


def test_folded_in_blocks_beat_the_mean_of_the_neighbours():
    """A tenth of a stochastic block model hidden at once: measured 0.08 against 0.22."""
    G = nx.planted_partition_graph(4, 60, 0.3, 0.02, seed=1)
    hidden = np.random.default_rng(0).choice(240, 24, replace=False).tolist()
    folded, mean = errors_of_folding_in(G, hidden, 3)
    assert folded < 0.6 * mean


@pytest.mark.parametrize("G", [nx.random_geometric_graph(300, 0.15, seed=1), nx.karate_club_graph(),
                               nx.les_miserables_graph()], ids=["geometric", "karate", "les miserables"])
def test_one_node_folded_in_beats_the_mean_of_the_neighbours(G):
    rest = [v for v in G if v not in set(nx.articulation_points(G))]
    picked = np.random.default_rng(0).choice(len(rest), 12, replace=False)
    errors = np.array([errors_of_folding_in(G, [rest[i]], 2) for i in picked])
    assert errors[:, 0].mean() < 0.95 * errors[:, 1].mean()
    assert np.mean(errors[:, 0] < errors[:, 1]) >= 0.6


@pytest.mark.parametrize("directed", [False, True])
def test_folded_in_solves_its_row_of_the_enlarged_problem(directed):
    """Each new node by itself, against W' and M' written out."""
    rng = np.random.default_rng(0)
    G = nx.gnp_random_graph(40, 0.15, seed=1, directed=directed)
    for _, _, data in G.edges(data=True):
        data["weight"] = float(rng.uniform(0.5, 2))
    model = LLE(n_components=3).fit(G)
    Y = model.embedding_.astype(float)
    big = G.copy()
    for x, neighbours in {"x": (3, 7, 11), "z": (7, 20)}.items():
        big.add_weighted_edges_from((x, k, 1.5) for k in neighbours)
        if directed:
            big.add_weighted_edges_from((k, x, 0.5) for k in neighbours[:2])
    big.add_edge("x", "z", weight=9.0)  # between new nodes: does not count
    folded = model.transform(big)
    assert (folded[:40] == model.embedding_).all()
    for i, x in ((40, "x"), (41, "z")):
        alone = big.subgraph([*range(40), x])
        order = [*range(40), x]
        W = nx.to_numpy_array(alone, nodelist=order)
        W /= np.maximum(W.sum(axis=1, keepdims=True), 1e-300)
        T = np.eye(41) - W
        M = T.T @ T
        expected = -(M[40, :40] @ Y) / (M[40, 40] - model.eigenvalues_[0])
        assert folded[i] == pytest.approx(expected, abs=1e-6)


def test_matrix_rows_are_folded_in_one_by_one():
    G = nx.les_miserables_graph()
    model = LLE(n_components=3).fit(G)
    rng = np.random.default_rng(0)
    X = (rng.random((6, 77)) < 0.08) * rng.uniform(1, 3, (6, 77))
    X[0] = nx.to_numpy_array(G)[5]
    together = model.transform(X)
    assert (together[0] == model.embedding_[5]).all()
    for i in range(6):
        assert together[i] == pytest.approx(model.transform(X[i:i + 1])[0], abs=1e-7)


def test_folding_in_is_bounded_on_a_complete_graph():
    """There the eigenvalue exceeds the curvature of the cost, and an unbounded formula explodes."""
    model = LLE(n_components=3).fit(nx.complete_graph(30))
    row = np.zeros((1, 30))
    row[0, :5] = 1
    assert np.abs(model.transform(row)).max() < 2 * np.abs(model.embedding_).max()


def test_folded_in_between_two_components():
    G = nx.disjoint_union(nx.complete_graph(5), nx.cycle_graph(9))
    with pytest.warns(UserWarning, match=COMPONENTS):
        model = LLE(n_components=2).fit(G)
    G.add_edges_from([("x", 0), ("x", 5), ("y", 5), ("y", 6)])
    folded = model.transform(G)[-2:]
    assert np.isfinite(folded).all() and (np.abs(folded) > 0).any(axis=1).all()


def test_folded_in_to_isolated_nodes_is_zero_but_finite():
    with pytest.warns(UserWarning, match=COMPONENTS):
        model = LLE().fit(nx.empty_graph(3))
    assert (model.transform(np.array([[0.0, 1, 1]])) == 0).all()


# --- features -------------------------------------------------------------------------------------------------


def feature_weights(G, X, reg):
    """W written out node by node."""
    nodes = list(G)
    W = np.zeros((len(nodes), len(nodes)))
    for i, u in enumerate(nodes):
        near = sorted(nodes.index(v) for v in G[u] if v != u)
        if near:
            W[i, near] = reference.barycentre(X[i], X[near], reg)
    return W


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("directed", [False, True])
def test_features_of_the_neighbours_make_the_weights(directed, large, monkeypatch):
    G = nx.connected_watts_strogatz_graph(90, 6, 0.3, seed=2)
    G.add_edge(5, 5)
    G = nx.DiGraph((u, v) for u, v in G.edges) if directed else G
    X = np.random.default_rng(0).standard_normal((90, 4))
    nodes = list(G)
    model = LLE(3, features=X, reg=0.01)
    if large:
        monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    Z = model.fit_transform(G).astype(float)
    T = np.eye(90) - feature_weights(G, X, 0.01)
    Q = np.linalg.qr(np.c_[np.ones(90), np.eye(90)[:, 1:]])[0][:, 1:]
    expected = np.linalg.eigvalsh(Q.T @ T.T @ T @ Q)[:3]
    assert model.eigenvalues_[0] == pytest.approx(expected, rel=1e-5)
    MZ = T.T @ T @ Z
    assert MZ - MZ.mean(axis=0) == pytest.approx(Z * expected, abs=1e-5)
    assert len(nodes) == 90 and (model.n_iter_ > 1) == large


def test_features_of_few_dimensions_are_found_again():
    """Four neighbours and more rebuild a point of the plane exactly, so the plane is the embedding of no cost."""
    G = nx.random_regular_graph(5, 80, seed=3)
    X = np.random.default_rng(0).standard_normal((80, 2))
    model = LLE(2, features=X[list(G)], reg=1e-10).fit(G)
    assert model.reconstruction_error_ < 1e-10
    fitted = np.c_[np.ones(80), model.embedding_]
    assert fitted @ np.linalg.lstsq(fitted, X[list(G)], rcond=None)[0] == pytest.approx(X[list(G)], abs=1e-3)


def test_sparse_features_and_isolated_nodes():
    G = nx.les_miserables_graph()
    X = np.random.default_rng(0).standard_normal((77, 40)) * (np.random.default_rng(1).random((77, 40)) < 0.3)
    dense = LLE(3, features=X).fit(G)
    assert LLE(3, features=sparse.csr_matrix(X)).fit_transform(G) == pytest.approx(dense.embedding_, abs=1e-6)
    assert abs(LLE(3).fit_transform(G) - dense.embedding_).max() > 0.05
    G.add_node("alone")
    with pytest.warns(UserWarning, match=COMPONENTS):
        both = LLE(3, features=np.r_[X, np.ones((1, 40))]).fit(G)
    assert (both.embedding_[77] == 0).all()
    assert both.embedding_[:77] * np.sqrt(78 / 77) == pytest.approx(dense.embedding_, abs=1e-5)
    assert both.fit_report_["seconds"]["weights"] >= 0


def test_a_graph_with_features_folds_in_by_edges():
    G = nx.les_miserables_graph()
    X = np.random.default_rng(0).standard_normal((77, 3))
    model = LLE(2, features=X).fit(G)
    row = np.zeros((1, 77))
    row[0, [3, 5]] = 1
    Y, degree = model.embedding_.astype(float), nx.to_numpy_array(G).sum(axis=1)[[3, 5]]
    share = 1 / (degree + 1)
    WY = feature_weights(G, X, 1e-3)[[3, 5]] @ Y
    pull = Y[[3, 5]].mean(axis=0) + share @ Y[[3, 5]] - (share * (1 - share)) @ WY
    curvature = 1 + (share**2).sum()
    expected = pull / (curvature - np.minimum(model.eigenvalues_[0], curvature / 2))
    assert model.transform(row)[0] == pytest.approx(expected, abs=1e-6)


def test_features_that_do_not_fit():
    G = nx.path_graph(5)
    with pytest.raises(ValueError, match="features must have a row for each of the 5 nodes; got 4 rows"):
        LLE(features=np.ones((4, 2))).fit(G)
    with pytest.raises(ValueError, match="features contains NaN"):
        LLE(features=np.full((5, 2), np.nan)).fit(G)
    with pytest.raises(ValueError, match="features are for the nodes of a graph"):
        LLE(n_neighbors=2, features=np.ones((5, 2))).fit(np.ones((5, 2)))


def test_callback_stops_a_graph_with_what_there_is(monkeypatch):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 20)
    monkeypatch.setattr("graphemb._parallel.SECONDS_BETWEEN_TICKS", 0)
    G = nx.connected_watts_strogatz_graph(400, 6, 0.3, seed=1)
    ticks = []
    with pytest.warns(UserWarning, match="A callback stopped the eigensolver"):
        model = LLE(5, callbacks=[lambda tick: ticks.append(tick) or len(ticks) == 40]).fit(G)
    assert len(ticks) >= 40 and ticks[0].stage == "LLE, component 1/1"
    assert model.embedding_.shape == (400, 5) and np.isfinite(model.embedding_).all()
    full = LLE(5, callbacks=[lambda tick: False]).fit(G)
    assert full.fit_report_["warnings"] == []


def test_ctrl_c_ends_a_fit_on_a_graph(monkeypatch):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 20)
    monkeypatch.setattr("graphemb._parallel.SECONDS_BETWEEN_TICKS", 0)

    def interrupt(tick):
        raise KeyboardInterrupt

    for G in (nx.connected_watts_strogatz_graph(200, 6, 0.3, seed=1), nx.gnp_random_graph(200, 0.05, 1, directed=True)):
        model = LLE(3, callbacks=[interrupt])
        with pytest.raises(KeyboardInterrupt):
            model.fit(G)
        assert not hasattr(model, "embedding_")


# --- points ------------------------------------------------------------------------------------------------

CURVE, ALONG = make_s_curve(300, random_state=0)
SPREAD = np.random.default_rng(0).standard_normal((3, 30))
WIDE = np.tanh(CURVE @ SPREAD) + 0.05 * np.random.default_rng(1).standard_normal((300, 30))  # more features than k
POINTS = {"curve": CURVE, "wide": WIDE, "roll": make_swiss_roll(260, random_state=1)[0]}
CASES = [("standard", 10, 2), ("modified", 12, 2), ("hessian", 12, 2), ("ltsa", 12, 2), ("standard", 20, 3),
         ("ltsa", 70, 1)]


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(("method", "k", "d"), CASES)
@pytest.mark.parametrize("name", POINTS)
def test_points_as_scikit_learn(name, method, k, d, large, monkeypatch):
    X = POINTS[name]
    theirs = manifold.LocallyLinearEmbedding(n_neighbors=k, n_components=d, method=method, eigen_solver="dense")
    expected = theirs.fit_transform(X)
    if large:
        monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    model = LLE(d, n_neighbors=k, method=method, random_state=0)
    Z = model.fit_transform(X)
    assert model.reconstruction_error_ == pytest.approx(theirs.reconstruction_error_, rel=1e-4, abs=1e-11)
    np.testing.assert_allclose(Z * np.sign((Z * expected).sum(axis=0)), expected, atol=2e-4)
    assert (model.n_iter_ > 1) == large
    assert Z.dtype == np.float32 and model.n_features_in_ == X.shape[1]
    new = X[:20] + 0.01 * np.random.default_rng(0).standard_normal((20, X.shape[1]))
    folded = model.transform(new)
    np.testing.assert_allclose(folded * np.sign((Z * expected).sum(axis=0)), theirs.transform(new), atol=5e-4)


@pytest.mark.parametrize("method", ["hessian", "ltsa"])
@pytest.mark.parametrize("name", POINTS)
def test_alignment_matrix_equals_its_twin(name, method):
    X = POINTS[name]
    k = 6 if method == "hessian" else 10  # with more neighbours the basis of the rest is open
    near = NearestNeighbors(n_neighbors=k).fit(X).kneighbors(return_distance=False)
    M = alignment.alignment_matrix(X, near, 2, method)
    np.testing.assert_allclose(M.toarray(), reference.alignment(X, near, 2, method), atol=1e-7)


@pytest.mark.parametrize("k", [5, 12, 35])
@pytest.mark.parametrize("name", POINTS)
def test_modified_alignment_matrix_equals_its_twin(name, k):
    X = POINTS[name]
    near = NearestNeighbors(n_neighbors=k).fit(X).kneighbors(return_distance=False)
    M = alignment.alignment_matrix(X, near, 2, "modified").toarray()
    np.testing.assert_allclose(M, reference.modified_alignment(X, near, 2), atol=1e-8 * np.abs(M).max())


@pytest.mark.parametrize("n_features", [2, 5, 40])
@pytest.mark.parametrize("reg", [1e-3, 0.1])
def test_barycentre_weights_equal_their_twin(n_features, reg):
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((20, n_features)), rng.standard_normal((50, n_features))
    Y[:6] = X[0]  # all neighbours where the point is
    near = np.array([np.arange(6), *(rng.choice(50, 6, replace=False) for _ in range(19))])
    found = alignment.barycentre_weights(X, Y, near, reg)
    expected = [reference.barycentre(x, Y[rows], reg) for x, rows in zip(X, near, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert found[0] == pytest.approx(1 / 6)


def test_points_with_a_dense_factor(monkeypatch):
    """Points that fill space: their sparse factors fill up, and Cholesky takes over."""
    X = np.random.default_rng(0).standard_normal((400, 12))
    expected = LLE(4, n_neighbors=20).fit(X)
    used = []
    factor = spectrum.cho_factor
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    monkeypatch.setattr(spectrum, "cho_factor", lambda *args, **named: used.append(1) or factor(*args, **named))
    model = LLE(4, n_neighbors=20, random_state=0).fit(X)
    assert used == [1]
    np.testing.assert_allclose(model.embedding_, expected.embedding_, atol=1e-5)
    LLE(2, n_neighbors=10).fit(CURVE)
    assert used == [1]


@pytest.mark.parametrize("method", ["standard", "modified", "hessian", "ltsa"])
def test_sparse_points_are_as_dense_ones(method):
    X = WIDE * (WIDE > 0)
    dense = LLE(2, n_neighbors=14, method=method).fit(X)
    thin = LLE(2, n_neighbors=14, method=method).fit(sparse.csr_matrix(X))
    np.testing.assert_allclose(thin.embedding_, dense.embedding_, atol=1e-6)
    new = X[:5] + 0.1
    np.testing.assert_allclose(thin.transform(sparse.coo_array(new)), dense.transform(new), atol=1e-6)
    assert (thin.transform(sparse.csc_array(X)) == thin.embedding_).all()


@pytest.mark.parametrize(("metric", "parameters"), [("cosine", None), ("manhattan", None), ("minkowski", {"p": 1})])
def test_points_by_other_metrics(metric, parameters):
    model = LLE(2, n_neighbors=9, metric=metric, metric_params=parameters).fit(WIDE)
    expected = NearestNeighbors(n_neighbors=9, metric=metric, metric_params=parameters,
                                p=None if parameters else 2).fit(WIDE)
    arcs = expected.kneighbors_graph().toarray()
    assert (model.graph_.to_scipy().toarray() == arcs).all()
    assert (arcs != NearestNeighbors(n_neighbors=9).fit(WIDE).kneighbors_graph().toarray()).any()


def test_points_of_the_fit_are_found_again_in_any_order():
    X = np.r_[CURVE, CURVE[:4]]  # equal points are told apart by their turn
    model = LLE(2, n_neighbors=10)
    Z = model.fit_transform(X)
    assert (model.transform(X) == Z).all()
    rows = np.random.default_rng(0).permutation(np.arange(4, 300))[:50]
    assert (model.transform(X[rows]) == Z[rows]).all()
    assert (model.transform(-0.0 + X[[7]]) == Z[[7]]).all()


def test_weights_rebuild_points_and_sum_to_one():
    neighbours = NearestNeighbors(n_neighbors=6).fit(CURVE).kneighbors(return_distance=False)
    w = alignment.barycentre_weights(CURVE, CURVE, neighbours, 1e-3)
    assert w.sum(axis=1) == pytest.approx(1)
    for i in (0, 100, 299):
        patch = CURVE[neighbours[i]] - CURVE[i]
        C = patch @ patch.T
        expected = np.linalg.solve(C + 1e-3 * np.trace(C) * np.eye(6), np.ones(6))
        assert w[i] == pytest.approx(expected / expected.sum())
    with pytest.raises(ValueError, match=r"linearly dependent, which reg=0 .* raise reg"):
        alignment.barycentre_weights(np.zeros((3, 2)), np.zeros((3, 2)), np.array([[1, 2], [0, 2], [0, 1]]), 0)


def test_chunks_do_not_show(monkeypatch):
    neighbours = NearestNeighbors(n_neighbors=12).fit(CURVE).kneighbors(return_distance=False)
    whole = [alignment.alignment_matrix(CURVE, neighbours, 2, m) for m in ("modified", "hessian", "ltsa")]
    monkeypatch.setattr(alignment, "CHUNK", 1000)
    for M, method in zip(whole, ("modified", "hessian", "ltsa"), strict=True):
        parts = alignment.alignment_matrix(CURVE, neighbours, 2, method)
        np.testing.assert_allclose(parts.toarray(), M.toarray(), atol=1e-12)
        np.testing.assert_allclose(M.sum(axis=0), 0, atol=1e-9)


def test_points_that_fall_apart_are_told():
    X = np.r_[CURVE, CURVE + 100]
    with pytest.warns(UserWarning, match="fall apart into 2 connected components, and the first 1 columns"):
        model = LLE(2, n_neighbors=8).fit(X)
    assert model.fit_report_["n_graph_components"] == 2
    assert np.ptp(model.embedding_[:300, 0]) < 1e-4 < abs(model.embedding_[0, 0] - model.embedding_[-1, 0])


def test_points_with_several_zero_eigenvalues(monkeypatch):
    """A point that is in no neighbourhood costs nothing wherever it lies; the next column is still found."""
    X = np.r_[CURVE, [[50.0, 50, 50]]]
    dense = LLE(2, n_neighbors=12, method="ltsa").fit(X)
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    model = LLE(2, n_neighbors=12, method="ltsa", random_state=0).fit(X)
    assert abs(model.embedding_[-1, 0]) > 0.99
    assert model.eigenvalues_ == pytest.approx(dense.eigenvalues_, rel=1e-4, abs=1e-12)
    np.testing.assert_allclose(np.abs(model.embedding_), np.abs(dense.embedding_), atol=1e-4)


def test_points_whose_next_eigenvalue_is_far_from_zero(monkeypatch):
    """In the inverse it is 1e14 times smaller than the zero of a point in no neighbourhood, and must not drown."""
    digits = load_digits()
    X = digits.data[digits.target == 3] + 0.01 * np.random.default_rng(0).standard_normal((183, 64))
    dense = LLE(2, n_neighbors=12, method="ltsa").fit(X)
    assert dense.eigenvalues_[0, 0] < 1e-12 and dense.eigenvalues_[0, 1] > 0.01
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    model = LLE(2, n_neighbors=12, method="ltsa", random_state=0).fit(X)
    assert model.eigenvalues_ == pytest.approx(dense.eigenvalues_, rel=1e-6, abs=1e-12)
    np.testing.assert_allclose(model.embedding_, dense.embedding_, atol=1e-4)


def test_points_then_graph_and_back():
    model = LLE(2, n_neighbors=10).fit(CURVE)
    model.set_params(n_neighbors=None)
    G = nx.cycle_graph(12)
    Z = model.fit_transform(G)
    assert (model.transform(G) == Z).all() and model.n_features_in_ == 12
    assert model.set_params(n_neighbors=10).fit(CURVE).transform(CURVE).shape == (300, 2)


def test_points_from_pandas_to_pandas():
    frame = pd.DataFrame(CURVE, columns=list("xyz"), index=[f"p{i}" for i in range(300)])
    model = LLE(2, n_neighbors=10).set_output(transform="pandas")
    out = model.fit_transform(frame)
    assert list(out.index) == list(frame.index)
    assert model.feature_names_in_.tolist() == list("xyz")
    assert list(model.transform(frame.iloc[:3]).columns) == list(model.get_feature_names_out())


def test_points_stop_and_report(monkeypatch):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    monkeypatch.setattr("graphemb._parallel.SECONDS_BETWEEN_TICKS", 0)
    with pytest.warns(UserWarning, match="A callback stopped the eigensolver after 1 blocks"):
        LLE(2, n_neighbors=10, callbacks=[lambda tick: True]).fit(CURVE)
    with pytest.raises(NotConverged, match="max_iter=1 blocks; raise max_iter"):
        LLE(2, n_neighbors=10, max_iter=1).fit(CURVE)
    report = LLE(2, n_neighbors=10).fit(CURVE).fit_report_
    assert report["residuals"][0] < 1e-3 and report["n_samples"] == 300
    assert report["seconds"]["total"] >= report["seconds"]["neighbours"] > 0


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([LLE(n_neighbors=5), LLE(n_neighbors=5, method="ltsa")])
def test_scikit_learn_on_points(estimator, check):
    if getattr(check, "func", check).__name__ == "check_array_api_input":
        pytest.skip("test_contract runs it of the graph mode")
    check(estimator)


@pytest.mark.parametrize(("parameters", "message"), [
    ({"n_components": 4, "n_neighbors": 5}, "n_components must be <= the number of features, 3; got 4"),
    ({"n_neighbors": 300}, "Expected n_neighbors < n_samples, but n_samples = 300, n_neighbors = 300"),
    ({"n_neighbors": 5, "method": "hessian"}, "n_neighbors must be >= 6 for method='hessian' and n_components=2"),
    ({"n_neighbors": 1, "method": "modified"}, "n_neighbors must be >= 2 for method='modified'"),
])
def test_bad_parameters_of_points(parameters, message):
    with pytest.raises(ValueError, match=message):
        LLE(**parameters).fit(CURVE)


# --- messages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("parameters", "error", "message"), [
    ({"n_neighbors": 0}, ValueError, "n_neighbors must be an int >= 1; got 0"),
    ({"n_neighbors": "a"}, TypeError, "n_neighbors must be an int >= 1; got 'a'"),
    ({"method": "hessian"}, ValueError, "method='hessian' needs points: pass a table and n_neighbors"),
    ({"method": "dense"}, ValueError, "method must be one of 'standard', 'modified', 'hessian', 'ltsa'; got 'dense'"),
    ({"hessian_tol": -1}, ValueError, "hessian_tol must be a finite number >= 0; got -1"),
    ({"modified_tol": "x"}, TypeError, "modified_tol must be a finite number >= 0; got 'x'"),
    ({"neighbors_algorithm": "tree"}, ValueError, "neighbors_algorithm must be one of 'auto', 'brute'"),
    ({"n_neighbors": 2, "metric": "precomputed"}, ValueError, "metric='precomputed' is not possible"),
    ({"reg": -1.0}, ValueError, "reg must be a finite number >= 0; got -1.0"),
    ({"tol": 0}, ValueError, "tol must be a finite number > 0; got 0"),
    ({"tol": float("nan")}, ValueError, "tol must be a finite number > 0; got nan"),
    ({"max_iter": 0}, ValueError, "max_iter must be an int >= 1; got 0"),
    ({"random_state": "seed"}, TypeError, "random_state must be None, an int"),
])
def test_bad_parameters(parameters, error, message):
    with pytest.raises(error, match=message.replace("(", r"\(")):
        LLE(**parameters).fit(nx.path_graph(4))


def test_connected_graph_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert LLE().fit(nx.path_graph(4)).fit_report_["warnings"] == []
