"""Links, neighbours, seeds and embeddings compared: known answers of each protocol."""

import networkx as nx
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from graphemb import AdjacencySpectral, DeepWalk, Embedding, Graph, Node2Vec, split_edges
from graphemb.evaluate import compare, link_prediction, neighbours_kept, stability
from graphemb.graph import as_graph
from graphemb.rotation import principal_axes, rotated, rotation_onto


def blocks(directed=False, seed=0):
    A = nx.to_scipy_sparse_array(nx.planted_partition_graph(4, 40, 0.4, 0.02, seed=seed, directed=directed))
    return as_graph(A)


def orthogonal(d, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0]


# --- links -----------------------------------------------------------------------------------------------


def test_auc_average_precision_and_hits_by_hand():
    """A path of ten nodes, of which one edge is held out; vectors put known scores on the pairs."""
    split = split_edges(nx.path_graph(10), train_size=0.0, test_size=0.35, keep_connected=False, random_state=0)
    assert split.y_test.sum() == 3
    order = {frozenset(pair): score for pair, score in zip(
        [*split.X_test[split.y_test == 1].tolist(), *split.X_test[split.y_test == 0].tolist()],
        [9.0, 4.0, 1.0, 5.0, 2.0, 0.0], strict=True)}

    class Scores(Embedding):
        def score_edges(self, pairs, targets=None):
            return np.array([order[frozenset(map(int, pair))] for pair in pairs])

    result = link_prediction(Scores(range(10), np.ones((10, 2))), split, negatives="split", k=[1, 2, 5])["split"]
    assert result.auc == pytest.approx((3 + 2 + 1) / 9)
    assert result.average_precision == pytest.approx((1 / 1 + 2 / 3 + 3 / 5) / 3)
    assert result.hits == {1: pytest.approx(1 / 3), 2: pytest.approx(2 / 3), 5: 1.0}
    assert (result.n_edges, result.n_non_edges) == (3, 3)


@pytest.mark.parametrize("operator", ["dot", "cosine", "hadamard", "average", "l1", "l2", "concat"])
def test_communities_are_predicted_and_hard_pairs_are_harder(operator):
    split = split_edges(blocks(), train_size=0.2, test_size=0.2, random_state=0)
    model = AdjacencySpectral(8, random_state=0).fit(split.graph)
    result = link_prediction(model, split, operator=operator)
    assert list(result.scores) == ["uniform", "degree", "hard"]
    if operator not in ("average", "concat"):  # these tell which nodes have many edges, not which pairs
        assert result["uniform"].auc > 0.8 > result["hard"].auc + 0.05
        assert result["degree"].auc > 0.8
    assert str(result).splitlines()[0].split() == ["non-edges", "AUC", "AP", "hits@10", "hits@100"]
    assert "scored by " + operator in str(result)
    same = link_prediction(model, split, operator=operator)
    assert same == result


def test_arcs_have_a_direction():
    """Arcs from each block to the next one only: backwards there are none."""
    block = np.arange(120) % 3
    rng = np.random.default_rng(0)
    u, v = rng.integers(120, size=(2, 20000))
    along = np.unique(np.column_stack([u, v])[(block[v] - block[u]) % 3 == 1][:4000], axis=0)
    graph = Graph.from_edges(*along.T, nodes=range(120), directed=True)
    split = split_edges(graph, test_size=0.2, random_state=0)
    model = AdjacencySpectral(4, random_state=0).fit(split.graph)
    X = split.X_test[split.y_test == 1]
    forth, back = (model.vectors_.score_edges(pairs, model.target_vectors_) for pairs in (X, X[:, ::-1]))
    assert forth.min() > back.max()
    assert link_prediction(model, split)["uniform"].auc > 0.75
    pair = model.vectors_, model.target_vectors_
    assert link_prediction(pair, split) == link_prediction(model, split)
    assert link_prediction(model.vectors_, split)["uniform"].auc < 0.6  # sources alone do not tell
    walks = DeepWalk(8, walk_length=10, n_walks=5, random_state=0).fit(split.graph)
    one, other = (walks.vectors_.score_edges(pairs, walks.target_vectors_) for pairs in (X, X[:, ::-1]))
    assert (one != other).all()


def test_score_of_an_undirected_pair_does_not_depend_on_its_order():
    split = split_edges(blocks(), test_size=0.2, random_state=0)
    model = Node2Vec(8, walk_length=10, n_walks=5, random_state=0).fit(split.graph)
    X, y = split.X_test, split.y_test
    turned = type(split)(**{**vars(split), "X_test": X[:, ::-1]})
    assert link_prediction(model, split, negatives="split") == link_prediction(model, turned, negatives="split")
    for operator in ("cosine", "l2"):  # of source vectors alone
        options = {"operator": operator, "negatives": "split"}
        assert link_prediction(model, split, **options) == link_prediction(model.vectors_, split, **options)
    both = (np.einsum("ij,ij->i", model.embedding_[X[:, 0]].astype(float), model.context_[X[:, 1]])
            + np.einsum("ij,ij->i", model.embedding_[X[:, 1]].astype(float), model.context_[X[:, 0]]))
    expected = np.mean(both[y == 1][:, None] > both[y == 0])
    assert link_prediction(model, split, negatives="split")["split"].auc == pytest.approx(expected, abs=1e-6)


def test_signs_of_eigenvalues_count():
    """Nodes of a bipartite graph link to those that are unlike them."""
    G = nx.bipartite.random_graph(60, 60, 0.15, seed=0)
    split = split_edges(G, test_size=0.1, random_state=0)
    model = AdjacencySpectral(16, which="magnitude", random_state=0).fit(split.graph)
    assert not np.array_equal(model.context_embedding_, model.embedding_)
    assert np.array_equal(np.abs(model.context_embedding_), np.abs(model.embedding_))
    signed, plain = (link_prediction(table, split)["uniform"].auc for table in (model, model.vectors_))
    assert signed > plain + 0.1


def test_a_model_that_saw_the_test_edges_is_refused():
    graph = blocks()
    split = split_edges(graph, train_size=0.0, test_size=0.2, random_state=0)
    model = AdjacencySpectral(8, random_state=0).fit(graph)
    n = int(split.y_test.sum())
    with pytest.raises(ValueError, match=rf"holds {n} of the {n} test edges, the first .* Fit it on split.graph"):
        link_prediction(model, split)


def test_bad_link_prediction():
    split = split_edges(blocks(), train_size=0.0, test_size=0.2, random_state=0)
    model = AdjacencySpectral(8, random_state=0).fit(split.graph)
    for options, error, message in (
            ({"operator": "sum"}, ValueError, "operator must be one of 'dot', 'cosine', 'hadamard'"),
            ({"negatives": "soft"}, ValueError, "each of negatives must be one of 'uniform', .* 'split'; got 'soft'"),
            ({"negatives": []}, ValueError, "negatives must name at least one kind"),
            ({"k": [0]}, ValueError, "each of k must be an int >= 1; got 0"),
            ({"operator": "l1"}, ValueError, "learns from the training part, and the split has none")):
        with pytest.raises(error, match=message):
            link_prediction(model, split, **options)
    with pytest.raises(TypeError, match="model must be a fitted estimator, an Embedding, or a pair"):
        link_prediction(LogisticRegression(), split)
    with pytest.raises(ValueError, match="no vector for 157 of the 160 nodes of the split, the first 3"):
        link_prediction(Embedding(range(3), np.ones((3, 2))), split)
    empty = split_edges(blocks(), train_size=0.2, test_size=0.0, random_state=0)
    with pytest.raises(ValueError, match="no test edges"):
        link_prediction(model, empty)


# --- neighbours ------------------------------------------------------------------------------------------


def test_neighbours_kept_equals_its_definition():
    graph = as_graph(nx.gnp_random_graph(40, 0.15, seed=3))
    Z = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    unit = Z / np.linalg.norm(Z, axis=1, keepdims=True)
    cosines = unit @ unit.T - 9 * np.eye(40)
    A = graph.to_scipy().toarray()
    for k in (None, 3, 39):
        found = neighbours_kept(Z, graph, k=k)
        for i in range(40):
            row = set(np.flatnonzero(A[i]))
            reach = k or len(row)
            near = set(np.argsort(-cosines[i])[:reach])
            assert found[i] == pytest.approx(len(near & row) / min(len(row), reach))
    assert (neighbours_kept(Z, graph, k=39) == 1).all()


def test_nodes_without_neighbours_have_no_share():
    G = nx.Graph([(0, 1), (2, 2)])
    kept = neighbours_kept(np.eye(3), G)
    assert np.isnan(kept[2]) and not np.isnan(kept[:2]).any()
    table = Embedding([2, 1, 0], [[0, 1], [1, 0], [1, 0.1]])  # in another order than the graph
    assert neighbours_kept(table, G)[:2].tolist() == [1, 1]
    with pytest.raises(ValueError, match="Z has 2 rows but the graph 3 nodes"):
        neighbours_kept(np.eye(2), G)
    with pytest.raises(ValueError, match="k must be an int >= 1 and <= 2; got 3"):
        neighbours_kept(np.eye(3), G, k=3)


# --- seeds -----------------------------------------------------------------------------------------------


def test_stability_of_a_settled_and_of_an_unsettled_method():
    graph = blocks()
    settled = stability(AdjacencySpectral(4), graph, n_runs=3, k=5)
    assert settled.overlap.shape == (3, 3) and (np.diag(settled.overlap) == 1).all()
    assert settled.trust.mean() > 0.95 and settled.trust.max() <= 1
    chance = stability(DeepWalk(8, walk_length=1, n_walks=1), graph, n_runs=3, k=5)  # nothing learnt: noise
    assert chance.trust.mean() == pytest.approx(5 / 159, abs=0.02)
    between = stability(DeepWalk(8, walk_length=10, n_walks=5, learning_rate=0.1), graph, n_runs=3, k=5)
    assert chance.trust.mean() + 0.05 < between.trust.mean() < settled.trust.mean()
    assert between.trust.mean() == pytest.approx(between.overlap[np.triu_indices(3, 1)].mean())
    worst = between.least_trusted(2)
    assert worst[0][1] == between.trust.min() <= worst[1][1]
    assert "Of a node's 5 nearest" in str(between)
    again = stability(DeepWalk(8, walk_length=10, n_walks=5, learning_rate=0.1), graph, n_runs=3, k=5)
    assert (again.trust == between.trust).all()


def test_bad_stability():
    with pytest.raises(ValueError, match="n_runs must be an int >= 2; got 1"):
        stability(AdjacencySpectral(4), blocks(), n_runs=1)
    with pytest.raises(ValueError, match="k must be an int >= 1 and <= 159"):
        stability(AdjacencySpectral(4), blocks(), k=160)
    with pytest.raises(ValueError, match="parameter random_state to vary"):
        from sklearn.preprocessing import Normalizer
        stability(Normalizer(), blocks())


# --- rotations -------------------------------------------------------------------------------------------


def test_compare_finds_the_nodes_that_moved():
    rng = np.random.default_rng(0)
    before = rng.normal(size=(200, 6))
    after = before @ orthogonal(6) + 0.01 * rng.normal(size=(200, 6))
    after[[17, 90]] *= -1
    names = [f"n{i}" for i in range(200)]
    result = compare(Embedding(names, before), Embedding([*names[1:][::-1], "new"], [*after[1:][::-1], np.ones(6)]))
    assert {label for label, _ in result.top_movers(2)} == {"n17", "n90"}
    assert np.median(result.moved) < 0.05 < 1 < result.top_movers(2)[1][1]
    assert (result.n_gone, result.n_new) == (1, 1) and len(result.nodes) == 199
    assert np.allclose(result.rotation @ result.rotation.T, np.eye(6))
    assert np.abs(result.aligned["n5"] - before[5]).max() < 0.1
    assert "199 nodes in both, 1 gone, 1 new" in str(result)


def test_compare_of_other_widths_and_bad_input():
    wide = np.random.default_rng(0).normal(size=(30, 4))
    wide[:, 2:] = 0
    result = compare(Embedding(range(30), wide), Embedding(range(30), wide[:, :2] @ orthogonal(2)))
    assert result.moved.max() < 1e-5 and result.aligned.array.shape == (30, 4)
    with pytest.raises(TypeError, match=r"e1 must be an Embedding, such as model.vectors_; got ndarray"):
        compare(Embedding(range(30), wide), wide)
    with pytest.raises(ValueError, match="no node in common; e0 begins with 0, e1 with 'a'"):
        compare(Embedding(range(30), wide), Embedding(["a"], [[1]]))
    with pytest.raises(ValueError, match="zero vectors"):
        compare(Embedding(range(3), np.zeros((3, 2))), Embedding(range(3), np.ones((3, 2))))


def test_principal_axes_are_the_right_singular_vectors():
    Z = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32) @ np.diag(np.arange(1, 9)).astype(np.float32)
    R = principal_axes(Z)
    assert np.allclose(R.T @ R, np.eye(8))
    turned = rotated(Z, R)
    assert turned.dtype == np.float32
    assert np.allclose(np.linalg.norm(turned, axis=0), np.linalg.svd(Z)[1], rtol=1e-5)
    assert np.allclose(turned @ turned.T, Z @ Z.T, atol=1e-3)
    best = np.linalg.svd(Z)[1][3:]
    assert np.linalg.norm(Z @ Z.T - turned[:, :3] @ turned[:, :3].T) == pytest.approx(np.linalg.norm(best**2), rel=1e-4)
    assert (np.take_along_axis(R, np.argmax(np.abs(R), axis=0)[None], axis=0) > 0).all()
    assert principal_axes(Z.copy()).tobytes() == R.tobytes()


def test_rotation_onto_undoes_a_rotation():
    Z = np.random.default_rng(1).normal(size=(50, 5)).astype(np.float32)
    R = orthogonal(5)
    assert np.allclose(rotation_onto(rotated(Z, R), Z), R.T, atol=1e-5)
