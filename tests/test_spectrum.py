"""The solver under LLE against closed forms, dense eigenvectors and itself."""

import dataclasses

import networkx as nx
import numpy as np
import pytest
from scipy import sparse
from sklearn.neighbors import NearestNeighbors

from graphemb import _krylov, spectrum
from graphemb.alignment import barycentre_weights, weight_matrix
from graphemb.spectrum import NotConverged, alignment_vectors, fix_signs, lle_vectors, row_normalised


def adjacency(G, weight="weight"):
    return sparse.csr_array(nx.to_scipy_sparse_array(G, weight=weight, dtype=float))


def weighted(G, seed):
    rng = np.random.default_rng(seed)
    for _, _, data in G.edges(data=True):
        data["weight"] = float(np.exp(rng.normal(scale=1.5)))
    return G


def weakly_connected(G):
    return G.subgraph(max(nx.weakly_connected_components(G), key=len)).copy()


def reference(A, k):
    """Eigenvalues of M on the centred vectors, from a dense M and a dense basis."""
    n = A.shape[0]
    W = A.toarray()
    for i in range(n):
        W[i] = W[i] / W[i].sum() if np.delete(W[i], i).any() else 0
    T = np.eye(n) - W
    Q = np.linalg.qr(np.c_[np.ones(n), np.eye(n)[:, 1:]])[0][:, 1:]
    values, V = np.linalg.eigh(Q.T @ T.T @ T @ Q)
    return values[:k], (Q @ V)[:, :k]


def check_solution(A, pairs, k, rtol=1e-7):
    values, V = reference(A, k)
    assert pairs.vectors.shape == (A.shape[0], k)
    assert pairs.values == pytest.approx(values, rel=rtol, abs=1e-12)
    assert pairs.vectors.T @ pairs.vectors == pytest.approx(np.eye(k), abs=1e-9)
    assert abs(pairs.vectors.sum(axis=0)).max() < 1e-8
    # the spaces agree, which needs a gap at their end
    assert np.linalg.svd(V.T @ pairs.vectors)[1].min() > 1 - 1e-7


@pytest.fixture(params=["dense", "iterative", "without factors"])
def solver(request, monkeypatch):
    """Runs the test with all solvers whatever the size of the graph."""
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 10**6 if request.param == "dense" else 0)
    if request.param == "without factors":
        monkeypatch.setattr(spectrum, "FACTOR_BYTES", 0)
        monkeypatch.setattr(spectrum, "FACTOR_NODES", 0)
    return request.param


GRAPHS = {
    "les miserables": nx.les_miserables_graph(),
    "unweighted": nx.les_miserables_graph(),
    "small world": nx.connected_watts_strogatz_graph(120, 6, 0.2, seed=1),
    "hubs": nx.barabasi_albert_graph(150, 2, seed=1),
    "weights over 3 decades": weighted(nx.barabasi_albert_graph(100, 3, seed=2), 0),
    "self-loops": weighted(nx.barabasi_albert_graph(90, 2, seed=3), 1),
    "bipartite": nx.grid_2d_graph(8, 11),
}
nx.set_edge_attributes(GRAPHS["unweighted"], 1.0, "weight")
GRAPHS["self-loops"].add_edges_from([(0, 0, {"weight": 3.0}), (40, 40, {"weight": 0.1})])


@pytest.mark.parametrize("name", GRAPHS)
def test_undirected_matches_dense_reference(name, solver):
    A = adjacency(GRAPHS[name])
    pairs = lle_vectors(A, 5)
    check_solution(A, pairs, 5)
    assert (pairs.n_solver_iter > 0) == (solver != "dense")


@pytest.mark.parametrize("seed", [0, 1])
def test_directed_with_sinks_matches_dense_reference(seed, solver):
    G = weakly_connected(nx.gnp_random_graph(120, 0.03, seed=seed, directed=True))
    assert min(d for _, d in G.out_degree()) == 0
    A = adjacency(G)
    check_solution(A, lle_vectors(A, 6, directed=True), 6)


def test_directed_loop_only_node_is_a_sink(solver):
    G = weakly_connected(nx.gnp_random_graph(80, 0.04, seed=3, directed=True))
    sink = next(v for v, d in G.out_degree() if d == 0)
    without = lle_vectors(adjacency(G), 3, directed=True)
    G.add_edge(sink, sink)
    check_solution(adjacency(G), lle_vectors(adjacency(G), 3, directed=True), 3)
    assert lle_vectors(adjacency(G), 3, directed=True).values == pytest.approx(without.values, rel=1e-9)


def test_directed_with_two_closed_sets_has_a_second_zero(solver):
    """Two cycles that nothing leaves, and a third one that feeds both."""
    G = nx.DiGraph()
    for start in (0, 20, 40):
        nx.add_cycle(G, range(start, start + 20))
    G.add_edges_from([(0, 20), (10, 40)])
    A = adjacency(G)
    pairs = lle_vectors(A, 1, directed=True)
    assert pairs.values[0] < 1e-12
    W = row_normalised(A)
    y = pairs.vectors[:, 0]
    assert W @ y == pytest.approx(y, abs=1e-6)
    assert np.ptp(y[20:40]) < 1e-6 and np.ptp(y[40:]) < 1e-6
    assert abs(y[20] - y[40]) > 0.1


def test_solvers_agree_on_a_directed_equivalent(monkeypatch):
    """An undirected graph handed over as a directed one goes through the other inverse."""
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    A = adjacency(GRAPHS["small world"])
    one, other = lle_vectors(A, 5), lle_vectors(A, 5, directed=True)
    assert other.values == pytest.approx(one.values, rel=1e-8)
    assert np.linalg.svd(one.vectors.T @ other.vectors)[1].min() > 1 - 1e-7


def test_cycle_closed_form(solver):
    n = 75
    pairs = lle_vectors(adjacency(nx.cycle_graph(n)), 6)
    angle = 2 * np.pi * np.repeat([1, 2, 3], 2) / n
    assert pairs.values == pytest.approx((1 - np.cos(angle)) ** 2, rel=1e-6)
    # a circle: both coordinates of the first frequency together have constant radius
    assert (pairs.vectors[:, :2] ** 2).sum(axis=1) == pytest.approx(2 / n, rel=1e-6)


def test_complete_closed_form(solver):
    n = 30
    pairs = lle_vectors(adjacency(nx.complete_graph(n)), 3)
    assert pairs.values == pytest.approx((1 + 1 / (n - 1)) ** 2)
    assert pairs.gap == pytest.approx(0, abs=1e-12)


def test_star_closed_form(solver):
    """Leaves that sum to zero, with the hub at zero, cost 1 each."""
    pairs = lle_vectors(adjacency(nx.star_graph(40)), 4)
    assert pairs.values == pytest.approx(1)
    assert pairs.vectors[0] == pytest.approx(0, abs=1e-9)


def test_torus_closed_form(solver):
    """On a regular graph M is a polynomial of A, whose eigenvalues on a torus are means of cosines."""
    pairs = lle_vectors(adjacency(nx.grid_2d_graph(9, 16, periodic=True)), 6)
    a, b = np.cos(2 * np.pi * np.arange(9) / 9), np.cos(2 * np.pi * np.arange(16) / 16)
    closed = np.sort((1 - np.add.outer(a, b).ravel() / 2) ** 2)[1:]
    assert pairs.values == pytest.approx(closed[:6], rel=1e-6)


def test_two_cliques_joined_by_an_edge_fall_to_the_two_sides(solver):
    G = nx.disjoint_union(nx.complete_graph(30), nx.complete_graph(30))
    G.add_edge(0, 30)
    A = adjacency(G)
    pairs = lle_vectors(A, 1)
    check_solution(A, pairs, 1)
    z = pairs.vectors[:, 0] * np.sign(pairs.vectors[5, 0])
    assert (z[:30] > 0).all() and z[30:] == pytest.approx(-z[:30], abs=1e-8)
    assert np.ptp(z[1:30]) < 1e-8 and z[0] < z[1]


def test_single_edge_and_single_node():
    pairs = lle_vectors(adjacency(nx.path_graph(2)), 5)
    assert pairs.values == pytest.approx([4])
    assert abs(pairs.vectors[:, 0]) == pytest.approx([2**-0.5, 2**-0.5])
    assert pairs.vectors[:, 0].sum() == pytest.approx(0)
    assert np.isnan(pairs.gap)
    assert lle_vectors(sparse.csr_array((1, 1)), 5).vectors.shape == (1, 0)


def test_long_path_keeps_its_digits():
    """Eigenvalues near 1e-10: M formed and solved in float64 has 1e-5 of error here."""
    A = adjacency(nx.path_graph(600))
    dense = lle_vectors(A, 3)
    assert dense.n_solver_iter == 0
    W = row_normalised(A)
    for k in range(3):
        y = dense.vectors[:, k]
        assert np.sum((y - W @ y) ** 2) == pytest.approx(dense.values[k], rel=1e-9)


def test_above_the_limit_iterates_and_agrees(monkeypatch):
    A = adjacency(nx.connected_watts_strogatz_graph(spectrum.DENSE_LIMIT + 1, 8, 0.3, seed=2))
    iterative = lle_vectors(A, 3)
    assert iterative.n_solver_iter > 0
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", A.shape[0])
    dense = lle_vectors(A, 3)
    assert iterative.values == pytest.approx(dense.values, rel=1e-8)
    assert iterative.gap == pytest.approx(dense.gap, rel=1e-6)


def test_residuals_are_those_of_the_eigenproblem(solver):
    A = adjacency(GRAPHS["hubs"])
    pairs = lle_vectors(A, 4)
    T = np.eye(150) - row_normalised(A).toarray()
    left = T.T @ T @ pairs.vectors - pairs.vectors * pairs.values
    assert pairs.residuals == pytest.approx(np.linalg.norm(left, axis=0), abs=1e-12)
    assert (pairs.residuals < 1e-6 * pairs.values).all()


def test_same_seed_same_bytes(monkeypatch):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    A = adjacency(nx.cycle_graph(90))  # every eigenvalue twice: the start vector decides
    one, same, other = (lle_vectors(A, 4, seed=seed).vectors for seed in (7, 7, 8))
    assert one.tobytes() == same.tobytes()
    assert abs(one - other).max() > 1e-3


def test_too_few_restarts_raise(monkeypatch):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    A = adjacency(nx.connected_watts_strogatz_graph(400, 6, 0.3, seed=1))
    for directed in (False, True):
        with pytest.raises(NotConverged, match=r"did not find 20 eigenvectors on 400 nodes in max_iter=1 .* raise max"):
            lle_vectors(A, 20, directed=directed, max_iter=1)


def test_residual_above_tol_raises(monkeypatch):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    monkeypatch.setattr(spectrum, "FACTOR_BYTES", 0)
    inexact = spectrum._conjugate_gradients
    monkeypatch.setattr(spectrum, "_conjugate_gradients",
                        lambda *args, **named: inexact(*args, **named, tol=1e-2))
    with pytest.raises(NotConverged, match=r"residual above tol=1e-06 \(column \d+: .*raise tol"):
        lle_vectors(adjacency(GRAPHS["small world"]), 3, directed=True)


def test_residual_above_tol_is_mended_by_one_more_solve(monkeypatch):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    spoilt = []
    found = spectrum.block_krylov

    def spoil(*args, **named):
        ritz = found(*args, **named)
        spoilt.append(args[1])
        noise = 2e-8 * np.random.default_rng(0).standard_normal(ritz.images.shape)
        return dataclasses.replace(ritz, images=ritz.images + noise * ritz.values)

    A = adjacency(GRAPHS["hubs"])
    expected = lle_vectors(A, 3)
    monkeypatch.setattr(spectrum, "block_krylov", spoil)
    pairs = lle_vectors(A, 3)
    assert spoilt[-1] == 150
    assert (pairs.residuals <= 1e-6 * pairs.values).all()
    assert pairs.values == pytest.approx(expected.values, rel=1e-9)


def test_an_inverse_that_is_too_rough_is_replaced_by_a_strict_one(monkeypatch):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    A = adjacency(GRAPHS["hubs"])
    expected = lle_vectors(A, 3)
    asked = []
    inexact = spectrum._chebyshev

    def rough_at_first(S, null, first, last, accuracy, work, n_jobs):
        asked.append(accuracy)
        return inexact(S, null, first, last, accuracy if len(asked) > 1 else 1e-2, work, n_jobs)

    monkeypatch.setattr(spectrum, "_chebyshev", rough_at_first)
    pairs = lle_vectors(A, 3)
    degree = A.sum(axis=1)
    assert len(asked) == 2 and asked[1] / asked[0] == pytest.approx(np.sqrt(degree.min() / degree.max()))
    assert (pairs.residuals <= 1e-6 * pairs.values).all()
    assert pairs.values == pytest.approx(expected.values, rel=1e-9)


def test_ill_conditioned_component_is_solved_by_conjugate_gradients(monkeypatch):
    """A long cycle: I - S is beyond what float32 can solve, and the closed form of W's eigenvalues is known."""
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    monkeypatch.setattr(spectrum, "_chebyshev", None)
    n = 400
    pairs = lle_vectors(adjacency(nx.cycle_graph(n)), 4)
    angle = 2 * np.pi * np.repeat([1, 2], 2) / n
    assert pairs.values == pytest.approx((1 - np.cos(angle)) ** 2, rel=1e-5)


def cloud(n=300, d=10, barycentres=False):
    """T and T^T T of the neighbourhoods of points that fill space, in their middle or not."""
    X = np.random.default_rng(0).standard_normal((n, d))
    neighbours = NearestNeighbors(n_neighbors=12).fit(X).kneighbors(return_distance=False)
    weights = barycentre_weights(X, X, neighbours, 1e-3) if barycentres else np.full(neighbours.shape, 1 / 12)
    T = (sparse.eye_array(n) - weight_matrix(neighbours, weights, n)).tocsr()
    return T, (T.T @ T).tocsr()


@pytest.mark.parametrize("with_root", [True, False])
def test_points_whose_factors_do_not_fit_are_solved_by_conjugate_gradients(monkeypatch, with_root):
    T, M = cloud()
    expected = alignment_vectors(M, 4, root=T)
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    monkeypatch.setattr(spectrum, "FACTOR_BYTES", 0)
    pairs = alignment_vectors(M, 4, root=T if with_root else None)
    assert pairs.n_solver_iter > 100
    assert pairs.values == pytest.approx(expected.values, rel=1e-6)
    assert (pairs.residuals <= 1e-6 * pairs.values).all()


def test_points_that_neither_solver_can_do_are_told_so(monkeypatch):
    """Where points lie in the middle of their neighbours, coordinates have eigenvalues of nearly zero."""
    T, M = cloud(barycentres=True)
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    monkeypatch.setattr(spectrum, "FACTOR_BYTES", 0)
    with pytest.raises(NotConverged, match=r"factors of the matrix of 300 .* not converge: .* sample and `transform`"):
        alignment_vectors(M, 3, root=T)


def test_the_memory_of_factors_is_foreseen(monkeypatch):
    """Not less than what they take, nor more than three times as much."""
    monkeypatch.setattr(spectrum, "CHOLESKY_LIMIT", 0)
    from scipy.sparse.linalg import splu

    for M in (cloud(1500, 3)[1], cloud(2000, 2)[1]):
        S = sparse.csc_matrix(M + 1e-6 * sparse.eye_array(M.shape[0]))
        factors = splu(S, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0, options={"SymmetricMode": True})
        taken = 12 * (factors.L.nnz + factors.U.nnz)
        dense, foreseen = spectrum._fill(M)
        assert not dense and 0.8 * taken < foreseen < 3 * taken


def test_lle_step_hears_and_stops_in_the_middle_of_a_solve(monkeypatch):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    monkeypatch.setattr(spectrum, "FACTOR_BYTES", 0)
    A = adjacency(GRAPHS["small world"])
    for directed in (False, True):
        heard = []
        full = lle_vectors(A, 3, directed=directed, step=lambda n, heard=heard: bool(heard.append(n)))
        assert full.note == "" and len(heard) > full.n_solver_iter + full.n_iter - 2
        left = iter(range(len(heard) // 2, -1, -1))
        half = lle_vectors(A, 3, directed=directed, step=lambda n, left=left: not next(left, 0))
        assert half.note.startswith("A callback stopped the eigensolver")
        assert half.n_solver_iter < full.n_solver_iter
        assert half.vectors.shape[0] == 120


def test_row_normalised_leaves_loop_only_and_empty_rows_at_zero():
    A = sparse.csr_array(np.array([[1.0, 3, 0], [0, 5, 0], [0, 0, 0]]))
    before = A.toarray()
    assert row_normalised(A).toarray().tolist() == [[0.25, 0.75, 0], [0, 0, 0], [0, 0, 0]]
    assert (A.toarray() == before).all()


def test_fix_signs():
    V = np.array([[-1.0, 0.5, 1.0], [0.5, -1.0, -1.0 - 1e-9], [0.0, 0.2, 0.3]])
    fixed = fix_signs(V.copy())
    assert (fixed == V * [-1, -1, 1]).all()
    assert fix_signs(np.zeros((3, 0))).shape == (3, 0)
    assert (fix_signs(np.zeros((3, 1))) == 0).all()


# --- largest eigenpairs, singular triplets, Laplacian --------------------------------------------------------


def scaled(G, weight="weight"):
    return spectrum.symmetric_form(adjacency(G, weight))[0]


def sizes(values, which):
    return np.sort(values if which == "positive" else np.abs(values))[::-1]


SYMMETRIC = {
    "communities": nx.planted_partition_graph(5, 60, 0.3, 0.02, seed=1),
    "avoidance": nx.planted_partition_graph(3, 90, 0.01, 0.12, seed=1),
    "weights over 3 decades": weighted(nx.barabasi_albert_graph(300, 3, seed=2), 0),
    "star": nx.star_graph(250),  # rank 2: the blocks collapse
    "complete bipartite": nx.complete_bipartite_graph(100, 180),
    "complete": nx.complete_graph(260),
    "cycle": nx.cycle_graph(270),
}


@pytest.mark.parametrize("tol", [1e-3, 1e-9])
@pytest.mark.parametrize("which", ["positive", "magnitude"])
@pytest.mark.parametrize("name", SYMMETRIC)
def test_largest_eigenpairs_match_numpy(name, which, tol, solver):
    A = scaled(SYMMETRIC[name])
    pairs, chosen = spectrum.largest_eigenpairs(A, 6, which=which, tol=tol)
    every = np.linalg.eigvalsh(A.toarray())
    expected = sizes(every, which)[:6]
    expected = expected[expected > 1e-5]
    assert chosen == which
    assert pairs.values.shape == expected.shape
    key = pairs.values if which == "positive" else np.abs(pairs.values)
    assert key == pytest.approx(expected, abs=tol)
    assert (np.diff(key) <= 1e-6).all()
    V = pairs.vectors.astype(float)
    np.testing.assert_allclose(V.T @ V, np.eye(len(key)), atol=1e-5 if tol > 1e-6 else 1e-9)
    assert np.linalg.norm(A @ V - V * pairs.values, axis=0) == pytest.approx(pairs.residuals, abs=1e-12)
    assert (pairs.residuals <= tol * np.maximum(key, 0.01 * key.max()) + 1e-12).all()
    assert (pairs.n_iter == 1) == (solver == "dense")


def cosines(n, step):
    return 2 * np.cos(np.pi * step * np.arange(1, n + 1) / (n + 1))


@pytest.mark.parametrize(("name", "G", "closed"), [
    ("path", nx.path_graph(120), cosines(120, 1)),
    ("grid", nx.grid_2d_graph(8, 15), np.add.outer(cosines(8, 1), cosines(15, 1)).ravel()),
    ("cycle", nx.cycle_graph(120), 2 * np.cos(2 * np.pi * np.arange(120) / 120)),
    ("complete", nx.complete_graph(120), np.array([119.0])),
    ("star", nx.star_graph(119), np.array([119**0.5])),
], ids=lambda x: x if isinstance(x, str) else "")
def test_adjacency_closed_forms(name, G, closed, solver):
    pairs, _ = spectrum.largest_eigenpairs(adjacency(G), 5, tol=1e-9)
    assert pairs.values == pytest.approx(np.sort(closed)[::-1][:5], abs=1e-8)


@pytest.mark.parametrize("which", ["positive", "magnitude"])
def test_eigenpairs_of_a_disconnected_graph_are_those_of_its_parts(which, solver):
    parts = [nx.complete_graph(40), nx.star_graph(60), nx.cycle_graph(50), nx.empty_graph(5)]
    pairs, _ = spectrum.largest_eigenpairs(adjacency(nx.disjoint_union_all(parts)), 4, which=which, tol=1e-9)
    every = np.concatenate([np.linalg.eigvalsh(nx.to_numpy_array(part)) for part in parts])
    assert sizes(pairs.values, which) == pytest.approx(sizes(every, which)[:4], abs=1e-8)
    clique = np.abs(pairs.vectors[:, 0])
    assert clique[:40] == pytest.approx(40**-0.5, abs=1e-6) and clique[40:] == pytest.approx(0, abs=1e-6)


def test_auto_takes_both_signs_where_the_lowest_outweighs_the_second(solver):
    for name, expected in [("communities", "positive"), ("avoidance", "magnitude"), ("star", "magnitude")]:
        every = np.linalg.eigvalsh(A := scaled(SYMMETRIC[name]).toarray())
        assert (-every[0] > every[-2]) == (expected == "magnitude")
        auto, chosen = spectrum.largest_eigenpairs(sparse.csr_array(A), 4, which="auto", tol=1e-8)
        assert chosen == expected
        named, _ = spectrum.largest_eigenpairs(sparse.csr_array(A), 4, which=expected, tol=1e-8)
        assert (auto.values == named.values).all()


def test_float32_is_scaled_to_what_it_can_hold(monkeypatch):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    A = scaled(SYMMETRIC["communities"])
    plain = spectrum.largest_eigenpairs(A, 5, tol=1e-3)[0]
    for scale in (1e-30, 1e30):
        pairs = spectrum.largest_eigenpairs(A * scale, 5, tol=1e-3)[0]
        assert pairs.values == pytest.approx(plain.values * scale, rel=1e-5)
        assert pairs.vectors.dtype == np.float32


@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_a_matrix_without_entries_has_no_eigenpairs(scale, solver):
    A = sparse.csr_array((300, 300))
    assert spectrum.largest_eigenpairs(A, 3)[0].vectors.shape == (300, 0)
    assert spectrum.largest_singular_triplets(A, 3).left.shape == (300, 0)


@pytest.mark.parametrize("tol", [1e-3, 1e-9])
@pytest.mark.parametrize("shape", [(300, 300), (250, 400), (400, 250)])
def test_singular_triplets_match_numpy(shape, tol, solver):
    rng = np.random.default_rng(0)
    A = sparse.csr_array(np.where(rng.random(shape) < 0.05, rng.random(shape), 0))
    found = spectrum.largest_singular_triplets(A, 5, tol=tol)
    expected = np.linalg.svd(A.toarray())[1]
    assert found.values == pytest.approx(expected[:5], rel=tol)
    assert found.gap == pytest.approx(1 - expected[5] / expected[4], abs=10 * tol)
    U, V = found.left.astype(float), found.right.astype(float)
    for X in (U, V):
        np.testing.assert_allclose(X.T @ X, np.eye(5), atol=0.02 if tol > 1e-6 else 1e-8)
    np.testing.assert_allclose(A @ V, U * found.values, atol=1e-6)
    assert found.residuals == pytest.approx(np.linalg.norm(A.T @ U - V * found.values, axis=0), abs=1e-12)
    assert (found.residuals <= 1.01 * tol * found.values + 1e-12).all()


def test_singular_values_stop_at_the_rank(solver):
    rng = np.random.default_rng(0)
    A = sparse.csr_array(rng.random((300, 3)) @ rng.random((3, 280)))
    assert len(spectrum.largest_singular_triplets(A, 6, tol=1e-9).values) == 3


@pytest.mark.parametrize(("name", "G", "closed"), [
    ("path", nx.path_graph(120), lambda n: 1 - np.cos(np.pi * np.arange(1, n) / (n - 1))),
    ("cycle", nx.cycle_graph(120), lambda n: 1 - np.cos(2 * np.pi * np.repeat(np.arange(1, n), 2) / n)),
    ("complete", nx.complete_graph(120), lambda n: np.full(n, n / (n - 1))),
    ("star", nx.star_graph(119), lambda n: np.full(n - 2, 1.0)),
    ("torus", nx.grid_2d_graph(9, 16, periodic=True), lambda n: np.sort([
        1 - (np.cos(2 * np.pi * a / 9) + np.cos(2 * np.pi * b / 16)) / 2 for a in range(9) for b in range(16)])[1:]),
], ids=lambda x: x if isinstance(x, str) else "")
def test_laplacian_closed_forms(name, G, closed, solver):
    A = adjacency(G)
    pairs = spectrum.laplacian_vectors(A, 5, tol=1e-8)
    assert pairs.values == pytest.approx(closed(A.shape[0])[:5], abs=1e-7)
    _, null = spectrum.symmetric_form(A)
    assert null @ pairs.vectors == pytest.approx(0, abs=1e-6)
    assert (pairs.residuals <= 1e-8 * np.maximum(pairs.values, 0.01 * pairs.values.max()) + 1e-13).all()


@pytest.mark.parametrize("name", GRAPHS)
def test_laplacian_matches_numpy(name, solver):
    A = adjacency(GRAPHS[name])
    S = spectrum.symmetric_form(A)[0].toarray()
    values, V = np.linalg.eigh(np.eye(len(S)) - S)
    pairs = spectrum.laplacian_vectors(A, 5, tol=1e-7)
    assert pairs.values == pytest.approx(values[1:6], abs=1e-7)
    assert np.linalg.svd(V[:, 1:6].T @ pairs.vectors)[1].min() > 1 - 1e-6
    assert pairs.gap == pytest.approx(1 - values[5] / values[6], abs=1e-5)


@pytest.mark.parametrize(("degree", "limits", "by_factors"), [
    (4, {}, True), (6, {}, False), (4, {"FACTOR_NODES": 399}, False), (4, {"FACTOR_EDGES": 1.9}, False)])
def test_small_and_sparse_graphs_take_factors(degree, limits, by_factors, monkeypatch):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    for name, value in limits.items():
        monkeypatch.setattr(spectrum, name, value)
    made = []
    factors = spectrum._laplacian_factors
    monkeypatch.setattr(spectrum, "_laplacian_factors", lambda S, null: made.append(S.shape) or factors(S, null))
    pairs = spectrum.laplacian_vectors(adjacency(nx.random_regular_graph(degree, 400, seed=1)), 6, tol=1e-6)
    assert made == [(400, 400)] * by_factors
    assert (pairs.residuals <= 1e-6 * pairs.values).all() and pairs.note == ""


def test_factors_hold_for_weights_of_any_size(monkeypatch):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    G = nx.path_graph(300)
    nx.set_edge_attributes(G, {edge: 10.0 ** (-12 * (i % 2)) for i, edge in enumerate(G.edges)}, "weight")
    A = adjacency(G)
    values = np.linalg.eigvalsh(np.eye(300) - spectrum.symmetric_form(A)[0].toarray())
    pairs = spectrum.laplacian_vectors(A, 4, tol=0.02)
    assert pairs.values == pytest.approx(values[1:5], abs=1e-12)
    assert (pairs.residuals < 1e-12).all()
    assert pairs.vectors.T @ pairs.vectors == pytest.approx(np.eye(4), abs=1e-9)


def test_a_long_path_is_finished_by_its_inverse(monkeypatch):
    monkeypatch.setattr(spectrum, "MOST_BLOCKS", 15)
    monkeypatch.setattr(spectrum, "FACTOR_NODES", 0)
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    n = 700
    pairs = spectrum.laplacian_vectors(adjacency(nx.path_graph(n)), 4, tol=1e-4)
    assert "did not converge in 15 blocks; its form for the inverse took over" in pairs.note
    assert pairs.n_solver_iter > pairs.n_iter > 1
    assert pairs.values == pytest.approx(1 - np.cos(np.pi * np.arange(1, 5) / (n - 1)), rel=1e-4)
    assert (np.diff(pairs.vectors[1:-1, 0]) > 0).all() or (np.diff(pairs.vectors[1:-1, 0]) < 0).all()


def test_lanczos_takes_over_and_says_so(monkeypatch):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    A = scaled(SYMMETRIC["communities"])
    for which in ("positive", "magnitude"):
        pairs, _ = spectrum.largest_eigenpairs(A, 5, which=which, tol=1e-8, max_iter=6)
        assert "in 6 blocks; the slower Lanczos method took over" in pairs.note
        full, _ = spectrum.largest_eigenpairs(A, 5, which=which, tol=1e-8)
        assert full.note == ""
        assert pairs.values == pytest.approx(full.values, abs=1e-9)
        assert (pairs.residuals < 1e-7).all()
    triplets = spectrum.largest_singular_triplets(A[:, :200].tocsr(), 3, tol=1e-8, max_iter=6)
    assert "took over" in triplets.note
    assert triplets.values == pytest.approx(np.linalg.svd(A[:, :200].toarray())[1][:3], abs=1e-9)


def test_no_solver_gives_up_in_silence(monkeypatch):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    with pytest.raises(NotConverged, match=r"of 20 eigenvectors .* max_iter=1 restarts; raise max_iter"):
        spectrum.largest_eigenpairs(scaled(nx.random_regular_graph(4, 400, seed=1)), 20, tol=1e-9, max_iter=1)


def test_step_hears_and_stops(monkeypatch):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    A = scaled(SYMMETRIC["communities"])
    heard = []
    pairs, _ = spectrum.largest_eigenpairs(A, 5, tol=1e-12, step=lambda n: heard.append(n) or len(heard) == 3)
    assert heard == [0, 0, 0] and pairs.n_iter == 3
    assert pairs.note.startswith("A callback stopped the eigensolver after 3 blocks")
    assert pairs.residuals.max() > 1e-6
    calls = []
    with pytest.raises(NotConverged, match="A callback stopped the Lanczos method after"):
        spectrum.largest_eigenpairs(A, 5, tol=1e-12, max_iter=3, step=lambda n: calls.append(n) or len(calls) > 6)
    calls.clear()
    monkeypatch.setattr(spectrum, "MOST_BLOCKS", 3)
    pairs = spectrum.laplacian_vectors(A, 5, tol=1e-12, step=lambda n: calls.append(n) or len(calls) > 6)
    assert pairs.note.startswith("A callback stopped the eigensolver after")


def test_krylov_is_deterministic_by_seed(monkeypatch):
    monkeypatch.setattr(spectrum, "DENSE_LIMIT", 0)
    A = scaled(SYMMETRIC["communities"])
    one, same, other = (spectrum.largest_eigenpairs(A, 5, tol=0.1, seed=seed)[0].vectors for seed in (1, 1, 2))
    assert one.tobytes() == same.tobytes() != other.tobytes()


def test_krylov_basis_stays_orthogonal_in_a_shifted_operator():
    """Where A is I plus little, what is left of a product after projection is mostly rounding."""
    S = scaled(nx.random_regular_graph(8, 600, seed=1)).astype(np.float32)
    every = np.linalg.eigvalsh(S.toarray().astype(float))
    ritz = _krylov.block_krylov(lambda X: 10 * X - S @ X, 600, 6, lambda t: np.argsort(t), lambda t: 1e-4 * t,
                                max_steps=200, seed=0)
    assert ritz.converged
    assert ritz.values == pytest.approx(10 - every[::-1][:6], abs=1e-3)
    assert ritz.vectors.T @ ritz.vectors == pytest.approx(np.eye(6), abs=1e-4)


def test_krylov_refuses_what_has_no_room():
    with pytest.raises(ValueError, match="30 eigenpairs of an operator on 100 nodes need a dense solver"):
        _krylov.block_krylov(lambda X: X, 100, 30, np.argsort, np.abs, max_steps=5, seed=0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_block_that_collapses_is_taken_apart_exactly(dtype):
    """Rows nearly in the span of the basis and of each other, in no order: Z = L rows + C^T Q all the same."""
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.standard_normal((200, 10)))[0].T.astype(dtype)
    small = 1e-3 if dtype == np.float32 else 1e-9
    Z = rng.standard_normal((6, 200)) * np.array([[1e-2], [1], [0], [3], [small], [0.5]])
    Z[2] = Z[1] - 2 * Z[3]
    Z += small * rng.standard_normal((6, 10)) @ Q  # what an inexact projection has left
    Z = Z.astype(dtype)
    before = Z.copy()
    rows, L, C = _krylov._orthonormal(Z, Q, 3.0, rng)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(L @ rows + C.T @ Q, before, atol=200 * eps)
    both = np.concatenate([Q, rows])
    np.testing.assert_allclose(both @ both.T, np.eye(16), atol=50 * eps)
    assert (~L.any(axis=0)).sum() >= 1  # a dimension that Z does not have
