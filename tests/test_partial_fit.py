"""A graph that changed: what did not change stays, what came is learnt, and the report says how far each moved."""

import warnings

import networkx as nx
import numpy as np
import pytest
from nasty import ESTIMATORS, make

from graphemb import AdjacencySpectral, DeepWalk, Graph, LaplacianEigenmaps, LocallyLinearEmbedding, Node2Vec
from graphemb.estimators._base import warn
from graphemb.estimators._walk_based import EdgeWalkEmbedding, WalkEmbedding
from graphemb.graph import as_graph
from graphemb.skipgram import ChangedCorpus, Corpus, retrain
from graphemb.walks import WalkSampler, changed_arcs

pytestmark = pytest.mark.filterwarnings("ignore:The graph has .* connected components:UserWarning")
WALKS = [cls for cls in ESTIMATORS if issubclass(cls, EdgeWalkEmbedding)]
OTHERS = [cls for cls in ESTIMATORS if not issubclass(cls, WalkEmbedding)]


def small(cls, **settings):
    return make(cls, **{"n_components": 4, "walk_length": 10, "n_walks": 4, "window": 3} | settings)


@pytest.fixture(params=ESTIMATORS, ids=lambda cls: cls.__name__)
def cls(request):
    return request.param


def grown():
    """Les Miserables, and the same with a node and its edges more, in another order of nodes."""
    G = nx.les_miserables_graph()
    H = nx.Graph()
    H.add_nodes_from(["new", *list(G)[::-1]])
    H.add_edges_from(G.edges(data=True))
    H.add_edges_from([("new", "Valjean"), ("new", "Javert")])
    return G, H


def test_the_first_call_is_fit(cls):
    G, _ = grown()
    assert small(cls).partial_fit(G).embedding_.tobytes() == small(cls).fit(G).embedding_.tobytes()


def test_nothing_changed_nothing_moves(cls):
    G, _ = grown()
    model = small(cls).fit(G)
    before = model.vectors_
    report = model.partial_fit(G).fit_report_
    assert (report["n_new"], report["n_gone"]) == (0, 0)
    if cls in OTHERS:
        assert report["moved"].max() < 1e-3
    H = nx.Graph()
    H.add_nodes_from(list(G)[::-1])
    H.add_edges_from(G.edges(data=True))
    report = model.partial_fit(H).fit_report_
    assert model.nodes_ == tuple(list(G)[::-1])
    if cls in WALKS:
        assert (model.embedding_ == before[list(H)]).all()
        assert (report["moved"] == 0).all() and report["walks"] == report["n_changed"] == 0


def test_a_node_came(cls):
    G, H = grown()
    model = small(cls).fit(G)
    before = model.vectors_
    model.partial_fit(H)
    report = model.fit_report_
    assert model.nodes_ == tuple(H) and model.graph_.fingerprint == as_graph(H).fingerprint
    assert model.n_features_in_ == 78 and model.embedding_.shape == (78, 4)
    assert (report["n_new"], report["n_gone"], report["n_nodes"]) == (1, 0, 78)
    assert np.isnan(report["moved"][0]) and np.isfinite(report["moved"][1:]).all()
    assert model.vectors_["new"].any()
    length = np.sqrt(np.square(before.array).sum(axis=1).mean())
    far = [np.linalg.norm(model.vectors_[v] - before[v]) / length for v in list(H)[1:]]
    assert report["moved"][1:] == pytest.approx(far, abs=1e-5)
    assert (model.transform(H) == model.embedding_).all()
    H.add_edge("newer", "Javert")
    assert model.transform(H)[-1].any()
    assert [v for v, far in zip(model.nodes_, report["moved"], strict=True) if np.isnan(far)] == ["new"]
    if cls in WALKS:
        moved = {v for v, far in zip(model.nodes_, report["moved"], strict=True) if far > 0}
        assert moved == {"Valjean", "Javert"}
        assert 0 < report["walks"] < report["walks_in_all"] == 78 * 4
        assert model.context_.shape == (78, 4)


def test_nodes_went(cls):
    G, _ = grown()
    model = small(cls).fit(G)
    before = model.vectors_
    H = G.copy()
    H.remove_nodes_from(["Fantine", "Tholomyes"])
    model.partial_fit(H)
    assert model.fit_report_["n_gone"] == 2 and "Fantine" not in model.vectors_
    assert model.embedding_.shape == (75, 4)
    if cls in WALKS:
        near = {v for u in ("Fantine", "Tholomyes") for v in G[u]}
        same = [v for v in H if v not in near]
        assert (model.vectors_[same] == before[same]).all()
        assert model.fit_report_["n_changed"] == len(near - {"Fantine", "Tholomyes"})


def test_same_bytes_at_any_number_of_threads(cls):
    G, H = grown()
    one, two = (small(cls, n_jobs=n).fit(G).partial_fit(H).embedding_.tobytes() for n in (1, 2))
    assert one == two == small(cls).fit(G).partial_fit(H).embedding_.tobytes()


def test_matrices_go_by_number(cls):
    G, H = grown()
    A = nx.to_numpy_array(H, nodelist=[*G, "new"])
    model = small(cls).fit(A[:77, :77])
    model.partial_fit(A)
    assert model.nodes_ == range(78) and model.n_features_in_ == 78
    assert (model.transform(A) == model.embedding_).all()
    with pytest.raises(ValueError, match=r"X has 77 features, but .* is expecting 78"):
        model.partial_fit(A[:, :77])


def test_what_partial_fit_refuses(cls):
    G, H = grown()
    model = small(cls).fit(G)
    with pytest.raises(ValueError, match="X is directed but the fitted graph is undirected; make X undirected, or"):
        model.partial_fit(H.to_directed())
    with pytest.raises(ValueError, match="none of the 77 fitted nodes, so there is nothing to go on from"):
        model.partial_fit(nx.path_graph(4))
    with pytest.raises(ValueError, match="n_components must stay 4 in partial_fit; got 5"):
        model.set_params(n_components=5).partial_fit(H)


def test_points_have_no_partial_fit():
    assert not hasattr(LocallyLinearEmbedding(n_neighbors=5), "partial_fit")
    assert hasattr(LocallyLinearEmbedding(), "partial_fit")


# --- methods that fit anew -------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", OTHERS, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("directed", [False, True])
def test_a_new_fit_is_rotated_onto_the_old(cls, directed):
    G = nx.les_miserables_graph()
    G = G.to_directed() if directed else G
    model = small(cls).fit(G)
    before = model.vectors_
    G.add_edges_from([("new", "Valjean"), ("Valjean", "new"), ("new", "Javert")])
    again = small(cls).fit(G)
    model.partial_fit(G)
    assert np.allclose(model.embedding_ @ model.embedding_.T, again.embedding_ @ again.embedding_.T, atol=1e-4)
    assert np.allclose(model.embedding_ @ model.target_vectors_.array.T,
                       again.embedding_ @ again.target_vectors_.array.T, atol=1e-4)
    assert np.linalg.norm(model.embedding_[:77] - before.array) <= np.linalg.norm(
        again.embedding_[:77] - before.array) + 1e-5
    G.add_edges_from([("newer", "Valjean"), ("Valjean", "newer"), ("newer", "Cosette")])
    one, other = model.transform(G), again.transform(G)  # what is folded in is rotated too
    assert np.allclose(one @ one.T, other @ other.T, atol=1e-4)
    model.fit(G)
    assert np.allclose(model.embedding_, small(cls).fit(G).embedding_)


def test_the_signed_context_is_rotated_too():
    G = nx.bipartite.random_graph(30, 30, 0.2, seed=0)
    model = AdjacencySpectral(8, which="magnitude", random_state=0).fit(G)
    G.add_edge(0, 31)
    again = AdjacencySpectral(8, which="magnitude", random_state=0).fit(G)
    model.partial_fit(G)
    assert (again.eigenvalues_ < 0).any()
    assert np.allclose(model.embedding_ @ model.context_embedding_.T, again.embedding_ @ again.context_embedding_.T,
                       atol=1e-4)


# --- walks -----------------------------------------------------------------------------------------------


def communities(n=240, seed=0):
    A = nx.to_scipy_sparse_array(nx.planted_partition_graph(4, n // 4, 0.3, 0.01, seed=seed))
    return A.tocsr()


@pytest.mark.parametrize("cls", WALKS, ids=lambda cls: cls.__name__)
def test_nodes_that_came_find_their_community(cls):
    A = communities()
    old = np.flatnonzero(np.arange(240) % 10 != 0)
    options = {"n_components": 16, "walk_length": 20, "n_walks": 20, "window": 3, "n_epochs": 2, "random_state": 0}
    model = cls(**options).fit(Graph.from_scipy(A[old][:, old], nodes=old.tolist()))
    model.partial_fit(Graph.from_scipy(A))
    new = np.flatnonzero(np.arange(240) % 10 == 0)
    Z = model.embedding_ / np.linalg.norm(model.embedding_, axis=1, keepdims=True)
    block = np.arange(240) // 60
    centres = np.array([Z[old][block[old] == b].mean(axis=0) for b in range(4)])
    assert ((Z[new] @ centres.T).argmax(axis=1) == block[new]).mean() > 0.9


def changes(old, new):
    return changed_arcs(old, new, np.arange(new.n_nodes))


@pytest.mark.parametrize("directed", [False, True])
def test_changed_arcs_equal_their_definition(directed):
    rng = np.random.default_rng(0)
    A = np.where(rng.random((9, 9)) < 0.4, rng.integers(1, 4, (9, 9)), 0).astype(float)
    A = A if directed else np.triu(A, 1) + np.triu(A, 1).T
    B = np.zeros((10, 10))
    rows = np.array([3, 0, 1, 2, -1, 5, 6, 7, 8, -1])  # 4 went, two came, in another order
    stay = rows >= 0
    B[np.ix_(stay, stay)] = A[np.ix_(rows[stay], rows[stay])]
    B[0, 1] += 2
    B[2, 4] = B[6, 8] = 1
    B = B if directed else np.maximum(B, B.T)
    old, new = (Graph.from_scipy(np_to_csr(M), directed=directed) for M in (A, B))
    arcs, chances, shares = changed_arcs(old, new, rows)

    def transitions(M):
        total = M.sum(axis=1, keepdims=True)
        return np.divide(M, total, out=np.zeros_like(M), where=total > 0)

    P = np.zeros((10, 10))
    P[np.ix_(stay, stay)] = transitions(A)[np.ix_(rows[stay], rows[stay])]
    Q = transitions(B)
    chance = np.divide(np.maximum(Q - P, 0), Q, out=np.zeros_like(Q), where=Q > 0)
    assert arcs.tolist() == np.flatnonzero(chance.ravel() > 1e-9).tolist()
    assert chances == pytest.approx(chance.ravel()[arcs])

    def distance(A, B):
        P = np.zeros((10, 10))
        P[np.ix_(stay, stay)] = transitions(A)[np.ix_(rows[stay], rows[stay])]
        went = transitions(A)[:, 4][rows[stay]]
        apart = np.abs(transitions(B) - P).sum(axis=1) / 2
        apart[stay] += went / 2
        return np.where(stay, apart, 1)

    assert shares == pytest.approx(np.maximum(distance(A, B), distance(A.T, B.T)), abs=1e-9)
    assert changes(new, new)[0].size == 0 and not changes(new, new)[2].any()


def np_to_csr(M):
    from scipy import sparse
    return sparse.csr_array(M)


def test_new_walks_are_those_of_the_maximal_coupling():
    """Of walks of one step from node v, a share is new that is the distance of the old from the new step."""
    rng = np.random.default_rng(1)
    A = np.triu(rng.random((12, 12)) < 0.6, 1) * rng.integers(1, 5, (12, 12)).astype(float)
    B = A * (rng.random((12, 12)) < 0.8) + np.triu(rng.random((12, 12)) < 0.1, 1)
    old, new = (Graph.from_scipy(np_to_csr(M + M.T)) for M in (A, B))
    arcs, chances, _ = changes(old, new)
    corpus = ChangedCorpus(WalkSampler(new, 1.0, 1.0, 0), 4000, 2, 1, 0, arcs, chances)
    found = np.zeros(12)
    for _, _, starts in corpus.batches(range(1), 2**14):
        np.add.at(found, starts, 1)
    P, Q = ((M + M.T) / (M + M.T).sum(axis=1, keepdims=True) for M in (A, B))
    expected = np.maximum(Q - P, 0).sum(axis=1)
    sigma = np.sqrt(4000 * expected * (1 - expected)) + 1e-9
    assert expected.max() > 0.2 and (np.abs(found - 4000 * expected) < 4.5 * sigma).all()


def test_new_walks_take_a_new_arc():
    graph = as_graph(nx.gnp_random_graph(50, 0.2, seed=0))
    more = graph.to_networkx()
    more.add_edges_from([(0, 50), (50, 1)])
    new = as_graph(more)
    arcs, chances, shares = changed_arcs(graph, new, np.append(np.arange(50), -1))
    assert (chances == 1).all()
    assert {divmod(int(arc), 51) for arc in arcs} == {(0, 50), (50, 0), (1, 50), (50, 1)}
    assert np.flatnonzero(shares).tolist() == [0, 1, 50]
    corpus = ChangedCorpus(WalkSampler(new, 0.5, 2.0, 0), 20, 10, 2, 0, arcs, chances)
    plain = Corpus(corpus.sampler, 20, 10, 2, 0)
    seen = {(r, int(u)) for r, _, starts in corpus.batches(range(2), 1000) for u in starts}
    for r, _, starts in plain.batches(range(2), 1000):
        _, walks, _ = plain.walks(r, starts)
        for u, walk in zip(starts, walks, strict=True):
            assert ((r, int(u)) in seen) == (50 in walk)


def test_rows_learn_by_their_share():
    graph = as_graph(nx.gnp_random_graph(50, 0.2, seed=0))
    more = graph.to_networkx()
    more.add_edge(0, next(v for v in range(1, 50) if not more.has_edge(0, v)))
    new = as_graph(more)
    arcs, chances, _ = changes(graph, new)
    model = DeepWalk(8, walk_length=10, n_walks=20, random_state=0).fit(graph)
    corpus = ChangedCorpus(WalkSampler(new, 1.0, 1.0, 0), 20, 10, 1, 0, arcs, chances)
    moved = []
    for share in (1.0, 0.1, 0.0):
        shares = np.ones(50, np.float32)
        shares[7] = share
        trained = retrain(corpus, model._settings(0, 1), shares, model.embedding_, model.context_)
        moved.append([np.linalg.norm(one[7] - other[7]) for one, other in
                      ((trained.vectors, model.embedding_), (trained.contexts, model.context_))])
    assert (np.array(moved[1]) < 0.2 * np.array(moved[0])).all() and moved[2] == [0, 0]


def test_a_node_that_lost_its_edges_is_zero():
    G = nx.les_miserables_graph()
    model = DeepWalk(4, walk_length=10, n_walks=4, random_state=0).fit(G)
    G.remove_edges_from(list(G.edges("Fantine")))
    assert not model.partial_fit(G).vectors_["Fantine"].any()


def test_warnings_point_to_who_asked():
    G = nx.les_miserables_graph()
    G.add_node("alone")
    model = AdjacencySpectral(4)
    report = {"warnings": []}
    with pytest.warns(UserWarning, match="hear") as caught:
        warn(report, "hear")
    assert caught[0].filename == __file__ and report["warnings"] == ["hear"]
    for method in (LaplacianEigenmaps(4).fit, LaplacianEigenmaps(4).partial_fit):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            method(G)
        assert caught[0].filename == __file__ and "connected components" in str(caught[0].message)
    assert not model.fit(G).fit_report_["warnings"]


def test_large_learning_rates():
    G, H = grown()
    model = DeepWalk(4, walk_length=10, n_walks=4, learning_rate=0.5, window=5, random_state=0).fit(G)
    assert np.isfinite(model.partial_fit(H).embedding_).all()
    star = DeepWalk(4, walk_length=10, n_walks=20, random_state=0).fit(nx.star_graph(40))
    assert np.abs(star.partial_fit(nx.star_graph(45)).embedding_).max() < 10


def test_a_callback_ends_it():
    G, H = grown()
    stop = []
    model = Node2Vec(4, walk_length=10, n_walks=4, random_state=0, callbacks=[lambda tick: bool(stop)]).fit(G)
    stop.append(True)
    model.partial_fit(H)
    assert model.fit_report_["n_new"] == 1


def test_walks_of_other_kinds_train_from_the_old_vectors_on():
    A = communities()
    options = {"walk_length": 20, "n_walks": 20, "window": 3, "n_epochs": 2, "random_state": 0}
    old = np.flatnonzero(np.arange(240) % 10 != 0)
    model = WalkEmbedding(16, **options).fit(Graph.from_scipy(A[old][:, old], nodes=old.tolist()))
    before = model.vectors_
    model.partial_fit(Graph.from_scipy(A))
    Z = model.embedding_ / np.linalg.norm(model.embedding_, axis=1, keepdims=True)
    centres = np.array([before.array[old // 60 == b].mean(axis=0) for b in range(4)])
    assert ((Z @ centres.T).argmax(axis=1) == np.arange(240) // 60).mean() > 0.9  # in the old coordinates
    again = WalkEmbedding(16, **options).fit(Graph.from_scipy(A))
    assert not np.array_equal(again.embedding_, model.embedding_)
    assert np.array_equal(model.fit(Graph.from_scipy(A)).embedding_, again.embedding_)


class WithContext(AdjacencySpectral):
    """Stores its context vectors, where `AdjacencySpectral` makes them when asked."""

    context_embedding_ = None

    def _embed(self, graph, report):
        Y = super()._embed(graph, report)
        self.context_embedding_ = (Y[::-1] + 1).astype(np.float32)
        return Y


def test_stored_context_vectors_are_rotated_too():
    G, H = grown()
    model, again = WithContext(4, random_state=0).fit(G).partial_fit(H), WithContext(4, random_state=0).fit(H)
    assert not np.allclose(model.embedding_, again.embedding_, atol=1e-3)
    assert np.allclose(model.embedding_ @ model.context_embedding_.T, again.embedding_ @ again.context_embedding_.T,
                       atol=1e-4)


# --- ordered columns -------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", WALKS, ids=lambda cls: cls.__name__)
def test_ordered_columns_are_a_rotation(cls):
    G = nx.les_miserables_graph()
    plain, ordered = small(cls, n_components=8).fit(G), small(cls, n_components=8, ordered=True).fit(G)
    assert np.allclose(plain.embedding_ @ plain.embedding_.T, ordered.embedding_ @ ordered.embedding_.T, atol=1e-5)
    assert np.allclose(plain.embedding_ @ plain.context_.T, ordered.embedding_ @ ordered.context_.T, atol=1e-5)
    lengths = np.linalg.norm(ordered.embedding_, axis=0)
    assert lengths == pytest.approx(np.linalg.svd(plain.embedding_)[1], rel=1e-4)
    for n_jobs in (1, 2):
        again = small(cls, n_components=8, ordered=True, n_jobs=n_jobs).fit(G)
        assert again.embedding_.tobytes() == ordered.embedding_.tobytes()
    on = small(cls, n_components=8, init=(ordered.embedding_, ordered.context_)).fit(G)
    assert np.isfinite(on.embedding_).all()


def test_ordered_after_a_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr("graphemb._parallel.SECONDS_BETWEEN_TICKS", 0.0)
    G = nx.les_miserables_graph()
    options = {"n_components": 8, "walk_length": 20, "n_walks": 40, "random_state": 0, "ordered": True}
    whole = DeepWalk(**options).fit(G).embedding_
    path = tmp_path / "half"
    with pytest.warns(UserWarning, match="A callback stopped the fit"):
        DeepWalk(**options, checkpoint=path, callbacks=[lambda tick: True]).fit(G)
    assert DeepWalk(**options, checkpoint=path).fit(G).embedding_.tobytes() == whole.tobytes()
    with pytest.raises(TypeError, match="ordered must be True or False; got 1"):
        DeepWalk(ordered=1).fit(G)
