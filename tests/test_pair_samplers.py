"""LINE, VERSE, Walklets, MetaPath2Vec, CTDNE: what they sample, what they find, folding in, messages."""

import warnings

import networkx as nx
import numpy as np
import pytest
from known import bipartite, blocks, weighted_graph
from scipy import stats
from sklearn.linear_model import LogisticRegression

from graphemb import (
    CTDNE,
    LINE,
    VERSE,
    DeepWalk,
    Graph,
    MetaPath2Vec,
    TemporalGraph,
    Walklets,
    as_graph,
    random_walks,
)
from graphemb.evaluate import node_classification
from graphemb.samplers import EdgeSampler, FromNeighbour, SkippingSampler, StarSampler
from graphemb.skipgram import STAR
from graphemb.walks import WalkSampler

SHORT = {"n_components": 16, "random_state": 0, "learning_rate": 0.05}
MODELS = [
    LINE(n_walks=300, **SHORT), LINE(n_walks=300, order="first", **SHORT), LINE(n_walks=300, order="both", **SHORT),
    VERSE(n_walks=300, **SHORT), Walklets(n_walks=4, window=2, walk_length=40, **SHORT),
    MetaPath2Vec(n_walks=4, walk_length=40, window=5, **SHORT),
    CTDNE(n_walks=20, walk_length=20, window=5, strict=False, **SHORT)]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_finds_communities_and_folds_in(model):
    """Hidden nodes are found too, and know their neighbours from others better
    than the mean of the neighbours' vectors does."""
    G, y = blocks(size=40, p_in=0.3)
    Z = model.fit_transform(G)
    assert node_classification(Z, y, train_sizes=(0.3,), n_splits=3).micro[0.3] > 0.85
    hidden = np.arange(0, 160, 10)
    kept = np.setdiff1d(np.arange(160), hidden)
    Z = model.fit(G.subgraph(kept.tolist()).copy()).transform(G)
    classifier = LogisticRegression(max_iter=1000).fit(Z[kept], y[kept])
    assert classifier.score(Z[hidden], y[hidden]) > 0.8
    near = nx.to_numpy_array(G)[np.ix_(hidden, kept)] > 0
    mean = near @ Z[kept] / near.sum(axis=1, keepdims=True)
    objective = []
    for rows in (Z[hidden], mean):
        scores = rows @ model.context_.T
        objective.append(-np.logaddexp(0, -scores)[near].mean() - np.logaddexp(0, scores)[~near].mean())
    assert objective[0] > objective[1]


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_edges_are_drawn_by_weight(weighted, directed):
    G = weighted_graph(directed=directed, n=15)
    graph = as_graph(G, weight="weight" if weighted else None)
    pairs = np.empty((200_000, 2), np.int32)
    EdgeSampler(graph, 7).fill(np.arange(200_000), np.zeros(200_000, np.int32), pairs)
    A = graph.to_scipy().toarray()
    seen = np.zeros_like(A, dtype=float)
    np.add.at(seen, tuple(pairs.T), 1)
    assert not seen[A == 0].any()
    expected = A[A > 0].astype(float)
    assert stats.chisquare(seen[A > 0], expected / expected.sum() * 200_000).pvalue > 1e-3


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_stars_have_edges_by_weight(weighted, directed):
    """Pairs of the centre and another are arcs in either direction, by weight; the others of a star are independent."""
    G = weighted_graph(directed=directed, n=15)
    graph = as_graph(G, weight="weight" if weighted else None)
    stars = np.empty((20_000, 1 + STAR), np.int32)
    StarSampler(graph, 7).fill(np.arange(20_000), np.zeros(20_000, np.int32), stars)
    A = graph.to_scipy().toarray().astype(float)
    S = A + A.T if directed else A
    first = np.bincount(stars[:, 0], minlength=15)
    linked = S.sum(axis=1) > 0
    assert stats.chisquare(first[linked], S.sum(axis=1)[linked] / S.sum() * 20_000).pvalue > 1e-3
    for u in np.flatnonzero(linked):
        ends = np.bincount(stars[stars[:, 0] == u, 1:].ravel(), minlength=15)
        assert not ends[S[u] == 0].any()
        if (S[u] > 0).sum() > 1:
            assert stats.chisquare(ends[S[u] > 0], S[u][S[u] > 0] / S[u].sum() * ends.sum()).pvalue > 1e-4
    expected = sum((S[u]**2).sum() / S[u].sum() for u in np.flatnonzero(linked)) / S.sum()
    assert (stars[:, 1] == stars[:, 2]).mean() == pytest.approx(expected, abs=0.02)
    again = np.empty((7, 1 + STAR), np.int32)
    StarSampler(graph, 7, n_jobs=2).fill(np.arange(90, 97), np.zeros(7, np.int32), again)
    assert (again == stars[90:97]).all()


@pytest.mark.parametrize("weight", [3e38, 1e-45])
def test_stars_of_weights_at_the_ends_of_float32(weight):
    """Arcs in both directions and loops: their sum, or half of one, is beyond it."""
    graph = Graph.from_edges([0, 1, 1, 2], [1, 0, 2, 2], [weight] * 4, directed=True)
    assert np.isfinite(LINE(4, n_walks=5, random_state=0).fit_transform(graph)).all()


def test_stars_without_edges_are_their_starts():
    graph = Graph.from_edges([], [], nodes=range(4))
    stars = np.empty((2, 1 + STAR), np.int32)
    assert StarSampler(graph, 0).fill(np.arange(2), np.array([3, 1], np.int32), stars) == 2
    assert stars[:, 0].tolist() == [3, 1] and (stars[:, 1:] == -1).all()


def test_first_order_finds_edges_and_second_order_equal_neighbours():
    """A cycle of cliques is all first order; in a complete bipartite graph nodes of one side share all neighbours."""
    G = nx.ring_of_cliques(6, 8)
    A = nx.to_numpy_array(G) > 0
    model = LINE(8, order="first", n_walks=2000, random_state=0, learning_rate=0.05).fit(G)
    scores = model.embedding_ @ model.embedding_.T
    off = ~np.eye(len(A), dtype=bool)
    assert scores[A].mean() > scores[off & ~A].mean() + 1
    assert model.context_ is model.embedding_ or (model.context_ == model.embedding_).all()
    side = np.arange(20) < 10
    two = LINE(8, order="second", n_walks=2000, random_state=0).fit(nx.complete_bipartite_graph(10, 10))
    unit = two.embedding_ / np.linalg.norm(two.embedding_, axis=1, keepdims=True)
    near = unit @ unit.T
    assert near[np.equal.outer(side, side)].mean() > near[~np.equal.outer(side, side)].mean() + 0.5


def test_both_orders_are_two_models_side_by_side():
    G = nx.karate_club_graph()
    how = {"n_walks": 50, "random_state": 4}
    both = LINE(7, order="both", **how).fit(G)
    first, second = LINE(4, order="first", **how).fit(G), LINE(3, **how | {"random_state": 5}).fit(G)
    parts = [model.embedding_ / np.linalg.norm(model.embedding_, axis=1, keepdims=True) for model in (first, second)]
    np.testing.assert_allclose(both.embedding_, np.concatenate(parts, axis=1), rtol=1e-6)
    np.testing.assert_allclose(both.context_, np.concatenate([parts[0], second.context_], axis=1), rtol=1e-6)
    assert [report["pairs"] for report in both.fit_report_["orders"]] == [2 * 50 * 34] * 2
    assert second.fit_report_["tokens"] == (1 + STAR) * second.fit_report_["walks"] == 11 * 10 * 34
    one_by_one = LINE(4, subsample=0.5, **how).fit(G).fit_report_
    assert one_by_one["walks"] == 50 * 34 and one_by_one["tokens"] <= 2 * 50 * 34
    assert (LINE(7, order="both", n_jobs=3, **how).fit_transform(G) == both.embedding_).all()
    assert LINE(1, order="both", **how).fit_transform(G).shape == (34, 1)
    again = LINE(7, order="both", init=both.vectors_, learning_rate=1e-8, min_learning_rate=0, **how).fit_transform(G)
    np.testing.assert_allclose(again, both.embedding_, atol=1e-5)
    with pytest.warns(UserWarning, match="stopped the fit in the first order"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="A callback stopped the fit after")
        stopped = LINE(8, order="both", n_walks=20_000, callbacks=[lambda tick: True]).fit(G)
    assert stopped.embedding_[:, :4].any() and not stopped.embedding_[:, 4:].any()


@pytest.mark.parametrize("order", ["first", "both"])
def test_orders_follow_a_change_and_checkpoint(order, tmp_path):
    G = nx.karate_club_graph()
    model = LINE(8, order=order, n_walks=200, random_state=0).fit(G)
    G.add_edge(0, "new")
    G.add_edge(1, "new")
    old = model.embedding_
    model.partial_fit(G)
    assert model.embedding_.shape == (35, 8) and model.embedding_[34].any()
    assert 0 < np.nanmean(model.fit_report_["moved"]) < 0.7 and (old != model.embedding_[:34]).any()
    saved = LINE(8, order=order, n_walks=50, random_state=0, checkpoint=tmp_path / "fit").fit_transform(G)
    assert (saved == LINE(8, order=order, n_walks=50, random_state=0).fit_transform(G)).all()


def test_first_order_has_no_direction():
    for order in ("first", "both"):
        with pytest.raises(ValueError, match=f"order='{order}' needs an undirected graph"):
            LINE(order=order).fit(nx.DiGraph([(0, 1)]))


def test_skipping_takes_every_kth_node():
    graph = as_graph(nx.karate_club_graph())
    ids, starts = np.arange(34), np.arange(34, dtype=np.int32)
    walks = np.empty((34, 5), np.int32)
    SkippingSampler(WalkSampler(graph, 1.0, 1.0, 3), 3).fill(ids, starts, walks)
    assert (walks == random_walks(graph, n_walks=1, walk_length=13, random_state=3)[:, ::3]).all()


def test_walklets_are_models_of_each_distance_side_by_side():
    G = nx.karate_club_graph()
    model = Walklets(7, window=3, n_walks=2, walk_length=10, random_state=0).fit(G)
    widths = [part.embedding_.shape[1] for part in model._distances]
    assert widths == [3, 2, 2] and [part.k for part in model._distances] == [1, 2, 3]
    assert (model.embedding_ == np.concatenate([part.embedding_ for part in model._distances], axis=1)).all()
    assert len(model.fit_report_["distances"]) == 3
    first = DeepWalk(3, window=1, n_walks=2, walk_length=10, random_state=1).fit_transform(G)
    np.testing.assert_array_equal(model.embedding_[:, :3], first)
    assert Walklets(2, window=3, n_walks=2, walk_length=10).fit_transform(G).shape == (34, 2)


def test_walklets_go_on_from_vectors_and_stop():
    G = nx.karate_club_graph()
    model = Walklets(6, window=2, n_walks=2, walk_length=10, random_state=0)
    start = model.fit(G).vectors_
    again = Walklets(6, window=2, n_walks=2, walk_length=10, random_state=0, init=start, learning_rate=1e-8,
                     min_learning_rate=0).fit_transform(G)
    np.testing.assert_allclose(again, start.array, atol=1e-5)
    with pytest.warns(UserWarning, match="stopped the fit"):
        stopped = Walklets(6, window=2, n_walks=400, walk_length=80, callbacks=[lambda tick: True]).fit(G)
    assert not stopped.embedding_[:, 3:].any()


def test_walklets_of_distance_two_see_through_the_middle():
    """On a bipartite graph nodes two steps apart are of one side."""
    G, block, n_users = bipartite()
    model = Walklets(16, window=2, n_walks=10, walk_length=20, random_state=0, learning_rate=0.05).fit(G)
    far = model._distances[1]
    scores = far.embedding_ @ far.context_.T
    same = np.equal.outer(np.arange(len(block)) < n_users, np.arange(len(block)) < n_users)
    assert scores[same].mean() > scores[~same].mean() + 0.5


@pytest.mark.parametrize("model", [*MODELS[:-2], MODELS[-1]], ids=lambda model: type(model).__name__)
def test_both_sides_of_a_bipartite_graph(model):
    G, block, n_users = bipartite()
    Z = model.fit_transform(G)
    for side in (slice(0, n_users), slice(n_users, None)):
        assert node_classification(Z[side], block[side], train_sizes=(0.5,), n_splits=3).micro[0.5] > 0.8


def test_metapath_keeps_types_apart_that_it_does_not_name():
    """Users of one block share a tag that everyone has too: only the metapath leaves the tag out."""
    G, block, n_users = bipartite()
    types = ["user" if i < n_users else "item" for i in range(len(block))]
    G.add_edges_from(("tag", user) for user in range(n_users))
    model = MetaPath2Vec(types=[*types, "tag"], metapath=["user", "item", "user"], n_walks=10, walk_length=20, window=4,
                         **SHORT).fit(G)
    assert node_classification(model.embedding_[:n_users], block[:n_users], train_sizes=(0.5,),
                               n_splits=3).micro[0.5] > 0.85
    tokens = model.fit_report_["tokens"]
    assert tokens <= (len(block) * 20 + 1) * 10 and model._visits[-1] == 10  # the tag's own walks, of one
    by_label = MetaPath2Vec(types=dict(zip(G, [*types, "tag"], strict=True)), metapath=["user", "item", "user"],
                            n_walks=10, walk_length=20, window=4, **SHORT).fit(G)
    assert by_label.embedding_.tobytes() == model.embedding_.tobytes()
    plain = MetaPath2Vec(n_walks=2, walk_length=20, **SHORT).fit_transform(G)
    assert plain.tobytes() == DeepWalk(n_walks=2, walk_length=20, **SHORT).fit_transform(G).tobytes()


def test_ctdne_knows_what_came_later():
    """a -> b before b -> c, but d -> b after it: c is reached from a only."""
    src = ["a", "b", "d"] * 20
    dst = ["b", "c", "b"] * 20
    time = [1, 2, 3] * 20
    graph = TemporalGraph.from_edges(src, dst, time, directed=True)
    model = CTDNE(8, n_walks=500, window=3, walk_length=5, random_state=0, learning_rate=0.05).fit(graph)
    scores = dict(zip(model.nodes_, model.embedding_ @ model.context_[model.graph_.index_of(["c"])[0]], strict=True))
    assert scores["a"] > scores["d"] + 1
    G = nx.MultiDiGraph()
    G.add_nodes_from(graph.nodes)
    for u, v, t in zip(src, dst, time, strict=True):
        G.add_edge(u, v, when=t)
    same = CTDNE(8, n_walks=500, window=3, walk_length=5, random_state=0, learning_rate=0.05, time="when").fit(G)
    assert same.embedding_.tobytes() == model.embedding_.tobytes()
    assert (model.transform(graph) == model.embedding_).all()


def test_walks_from_new_nodes_go_on_in_the_fitted_graph():
    fitted = as_graph(nx.path_graph(3))
    onward = as_graph(nx.DiGraph([(0, 1), (1, 0), (1, 2), (2, 1), (3, 2), (4, 3)]))
    sampler = FromNeighbour(onward, WalkSampler(fitted, 1.0, 1.0, 0), 0)
    for length, expected in ((4, [[3, 2, 1], [4, 3, -1]]), (2, [[3, 2], [4, 3]]), (1, [[3], [4]])):
        walks = np.empty((2, length), np.int32)
        sampler.fill(np.arange(2), np.array([3, 4], np.int32), walks)
        assert walks[:, :3].tolist() == expected


@pytest.mark.parametrize(("model", "error", "message"), [
    (VERSE(alpha=1.0), ValueError, "alpha must be a finite number >= 0 and <= 0.9999; got 1.0"),
    (MetaPath2Vec(types=["a"] * 4), ValueError, "metapath must be given with types; got None"),
    (MetaPath2Vec(metapath=["a", "a"]), ValueError, "types must be given with metapath; got None"),
    (MetaPath2Vec(types=["a"] * 3, metapath=["a", "a"]), ValueError, "types must have one for each of the 4 nodes"),
    (CTDNE(bias="late"), ValueError, "bias must be one of 'uniform', 'linear', 'exponential'; got 'late'"),
    (CTDNE(time_scale=0), ValueError, "time_scale must be a finite number"),
    (CTDNE(strict=1), TypeError, "strict must be True or False; got 1"),
    (Walklets(window=0), ValueError, "window must be an int >= 1"),
    (Walklets(walk_length=2**20), ValueError, r"window \* walk_length must be <= 1048576; got 4 and 1048576"),
    (LINE(n_walks=0), ValueError, "n_walks must be an int >= 1; got 0"),
    (LINE(order=3), ValueError, "order must be one of 'first', 'second', 'both'; got 3"),
    (LINE(order="both", trainer="gensim"), ValueError, "trainer must be 'native' with order='both'"),
    (LINE(order="first", init=(np.ones((4, 128)),) * 2), ValueError, "init must be vectors alone with order='first'"),
], ids=str)
def test_bad_parameters(model, error, message):
    with pytest.raises(error, match=message):
        model.fit(nx.path_graph(4))
