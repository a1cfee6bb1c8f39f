"""An embedding as a step of a pipeline: embedded once, handed on whole, and never with the answer in it."""

import pickle
import warnings

import joblib
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from graphemb import AdjacencySpectral, DeepWalk, EdgeFeatures, Graph, Node2Vec, NodeFeatures, split_edges
from graphemb.graph import as_graph
from graphemb.links import OPERATORS, edge_features

TINY = {"n_components": 8, "walk_length": 10, "n_walks": 2, "window": 2, "random_state": 0}


class Counted(Node2Vec):
    """Leaves a line in a file for each fit, whichever process it happens in."""

    def __init__(self, n_components=8, *, p=1.0, q=1.0, walk_length=20, n_walks=20, window=3, random_state=0,
                 log=None):
        super().__init__(n_components, p=p, q=q, walk_length=walk_length, n_walks=n_walks, window=window,
                         learning_rate=0.2, random_state=random_state)
        self.log = log

    @classmethod
    def _get_param_names(cls):
        return ["n_components", "p", "q", "walk_length", "n_walks", "window", "random_state", "log"]

    def fit(self, X, y=None):
        with open(self.log, "a") as file:
            file.write("fit\n")
        return super().fit(X)


class Other(Counted):
    """Another class with the same parameters."""


def blocks(n=80, seed=0):
    """Two communities; labels are tuples."""
    G = nx.planted_partition_graph(2, n // 2, 0.3, 0.03, seed=seed)
    y = [v // (n // 2) for v in G]
    return Graph.from_networkx(nx.relabel_nodes(G, {v: ("node", v) for v in G})), np.array(y)


# --- nodes -----------------------------------------------------------------------------------------------


def test_rows_of_the_embedding_by_label():
    graph, _ = blocks()
    features = NodeFeatures(AdjacencySpectral(4, random_state=0), graph).fit(graph.nodes)
    Z = AdjacencySpectral(4, random_state=0).fit_transform(graph)
    some = [graph.nodes[i] for i in (5, 3, 3)]
    assert (features.transform(some) == Z[[5, 3, 3]]).all()
    assert features.transform(some).dtype == np.float32
    assert features.get_feature_names_out().tolist() == [f"nodefeatures{i}" for i in range(4)]
    assert not hasattr(features.embedder, "embedding_")
    G = nx.karate_club_graph()
    features = NodeFeatures(AdjacencySpectral(4, random_state=0), G)
    for X in ([3, 1], np.array([3, 1]), pd.Series([3, 1]), range(3, 0, -2)):
        assert (features.fit(X).transform(X) == AdjacencySpectral(4, random_state=0).fit_transform(G)[[3, 1]]).all()


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_grid_search_embeds_once_a_setting(tmp_path, n_jobs):
    graph, y = blocks()
    log = tmp_path / "fits"
    pipe = make_pipeline(NodeFeatures(Counted(log=str(log)), graph, memory=str(tmp_path)), StandardScaler(),
                         LogisticRegression())
    grid = {"nodefeatures__embedder__p": [0.5, 1.0, 2.0], "nodefeatures__embedder__q": [0.5, 1.0, 2.0]}
    search = GridSearchCV(pipe, grid, cv=KFold(5, shuffle=True, random_state=0), n_jobs=n_jobs,
                          error_score="raise").fit(list(graph.nodes), y)
    assert len(log.read_text().splitlines()) == 9  # of 46
    assert search.best_score_ > 0.9
    assert len(search.cv_results_["params"]) == 9
    search.fit(list(graph.nodes), y)
    assert len(log.read_text().splitlines()) == 9


def test_memory_tells_graphs_classes_and_parameters_apart(tmp_path):
    graph, _ = blocks()
    log = tmp_path / "fits"

    def fits(embedder, graph, memory):
        NodeFeatures(embedder, graph, memory=memory).fit(graph.nodes)
        return len(log.read_text().splitlines())

    memory = joblib.Memory(str(tmp_path), verbose=0)
    one = Counted(log=str(log))
    assert [fits(one, graph, memory), fits(clone(one), graph, memory), fits(one, blocks()[0], tmp_path)] == [1] * 3
    assert fits(clone(one).set_params(q=3.0), graph, memory) == 2
    assert fits(one, blocks(seed=1)[0], memory) == 3
    assert fits(one, graph, None) == 4

    assert fits(Other(log=str(log)), graph, memory) == 5


def test_the_graph_is_handed_on_as_it_is():
    """`clone`, `KFold` and metadata routing neither copy nor slice it."""
    graph, y = blocks()
    seen = []

    class Learner(ClassifierMixin, BaseEstimator):
        def fit(self, X, y, graph=None):
            seen.append(graph)
            self.classes_ = np.unique(y)
            return self

        def predict(self, X):
            return np.zeros(len(X), int)

    features = NodeFeatures(AdjacencySpectral(4, random_state=0), graph)
    assert clone(features).graph is graph
    assert clone(make_pipeline(features, LogisticRegression()))[0].graph is graph
    with sklearn.config_context(enable_metadata_routing=True):
        cross_val_score(Learner().set_fit_request(graph=True), np.zeros((80, 1)), y, cv=3, params={"graph": graph})
    assert len(seen) == 3 and all(given is graph for given in seen)
    fitted = features.fit(graph.nodes)
    assert fitted.embedder_.graph_ is graph


def test_unknown_labels():
    graph, _ = blocks()
    embedder = AdjacencySpectral(4, random_state=0)
    new = [("node", 0), "new", ("node", 1)]
    with pytest.raises(KeyError, match="'new' is not among the 80 node labels"):
        NodeFeatures(embedder, graph).fit(new)
    features = NodeFeatures(embedder, graph).fit(graph.nodes)
    with pytest.raises(KeyError, match="'new' is not among the 80 node labels"):
        features.transform(new)
    Z = NodeFeatures(embedder, graph, unknown="zero").fit(graph.nodes).transform(new)
    assert (Z[[0, 2]] == features.embedder_.embedding_[:2]).all() and not Z[1].any()

    G = graph.to_networkx()
    G.add_edges_from(("new", ("node", v)) for v in range(0, 30, 3))
    later = NodeFeatures(embedder, graph, unknown="infer").fit(graph.nodes)
    with pytest.raises(KeyError, match="'new' is not among"):
        later.transform(new)
    Z = later.set_params(graph=as_graph(G)).transform(new)
    assert (Z[[0, 2]] == features.embedder_.embedding_[:2]).all()
    assert (Z[1] == features.embedder_.transform(G)[-1]).all() and Z[1].any()


@pytest.mark.parametrize(("options", "X", "error", "message"), [
    ({}, "abc", TypeError, "X must be a sequence of node labels; got 'abc'. For one node pass"),
    ({}, 3, TypeError, "X must be a sequence of node labels; got 3"),
    ({}, np.zeros((3, 1)), ValueError, r"one dimension; got shape \(3, 1\)"),
    ({"unknown": "guess"}, [0], ValueError, "unknown must be one of 'error', 'zero', 'infer'; got 'guess'"),
    ({"memory": 3}, [0], ValueError, "memory"),
])
def test_bad_node_features(options, X, error, message):
    with pytest.raises(error, match=message):
        NodeFeatures(AdjacencySpectral(4), nx.karate_club_graph(), **options).fit(X)


def test_both_are_scikit_learn_transformers():
    graph, y = blocks()
    split = split_edges(graph, random_state=0)
    for features, X, labels in ((NodeFeatures(AdjacencySpectral(4, random_state=0), graph), list(graph.nodes), y),
                                (EdgeFeatures(AdjacencySpectral(4, random_state=0), split.graph), split.X_train,
                                 split.y_train)):
        with pytest.raises(NotFittedError):
            features.transform(X)
        Z = clone(features).fit(X, labels).transform(X)
        assert Z.shape == (len(X), 4)
        frame = clone(features).set_output(transform="pandas").fit_transform(X, labels)
        assert frame.columns.tolist() == [f"{type(features).__name__.lower()}{i}" for i in range(4)]
        assert (frame.to_numpy() == Z).all()
        again = pickle.loads(pickle.dumps(features.fit(X, labels)))
        assert (again.transform(X) == Z).all()
        assert type(features).__name__ in features._repr_html_()
        assert features.get_params()["embedder__n_components"] == 4
        assert clone(features).set_params(embedder__n_components=3).fit(X, labels).transform(X).shape[1] == 3


# --- edges -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operator", OPERATORS)
def test_features_of_pairs(operator):
    graph, _ = blocks()
    split = split_edges(graph, random_state=0)
    features = EdgeFeatures(AdjacencySpectral(4, random_state=0), split.graph, operator=operator)
    Z = AdjacencySpectral(4, random_state=0).fit_transform(split.graph)
    u, v = (graph.index_of(split.X_train[:, side]) for side in (0, 1))
    expected = edge_features(Z[u], Z[v], operator)
    assert (features.fit_transform(split.X_train, split.y_train) == expected).all()
    assert (features.transform([tuple(pair) for pair in split.X_train]) == expected).all()
    assert len(features.get_feature_names_out()) == expected.shape[1]


def test_directed_pairs_have_source_and_target_vectors():
    graph = as_graph(nx.gnp_random_graph(60, 0.1, seed=0, directed=True))
    split = split_edges(graph, random_state=0)
    for embedder, context in ((AdjacencySpectral(4, random_state=0), "context_embedding_"),
                              (DeepWalk(**TINY), "context_")):
        features = EdgeFeatures(embedder, split.graph, include_train_edges=True).fit(split.X_train)
        model = features.embedder_
        u, v = split.X_train.T
        assert (features.transform(split.X_train) == model.embedding_[u] * getattr(model, context)[v]).all()
        back = features.fit(split.X_train[:, ::-1]).transform(split.X_train[:, ::-1])
        assert not np.allclose(back, model.embedding_[u] * getattr(model, context)[v])


def test_a_search_over_pairs_embeds_once_a_setting(tmp_path):
    graph, _ = blocks()
    split = split_edges(graph, train_size=0.2, random_state=0)
    log = tmp_path / "fits"
    pipe = make_pipeline(EdgeFeatures(Counted(log=str(log)), split.graph, memory=str(tmp_path)), LogisticRegression())
    grid = {"edgefeatures__embedder__q": [0.5, 2.0], "edgefeatures__operator": ["hadamard", "l2"]}
    GridSearchCV(pipe, grid, cv=3, error_score="raise").fit(split.X_train, split.y_train)
    assert len(log.read_text().splitlines()) == 2


def test_edges_that_are_still_in_the_graph_are_refused():
    graph, _ = blocks()
    split = split_edges(graph, train_size=0.2, random_state=0)
    embedder = AdjacencySpectral(4, random_state=0)
    n = int(split.y_train.sum())
    with pytest.raises(ValueError, match=rf"{n} of the {2 * n} labelled pairs are edges of graph, the first "
                                         r"\(\('node', .* Embed the residual graph, split_edges\(graph\).graph"):
        EdgeFeatures(embedder, graph).fit(split.X_train, split.y_train)
    lenient = EdgeFeatures(embedder, graph, include_train_edges=True).fit(split.X_train, split.y_train)
    assert lenient.transform(split.X_train[:, ::-1]).shape == (2 * n, 4)  # their reverses are they
    apart = next((("node", 0), ("node", v)) for v in range(79, 0, -1) if not graph.to_scipy()[0, v])
    for features in (lenient, EdgeFeatures(embedder, graph).fit([apart])):
        with pytest.raises(ValueError, match=r"pairs are edges of the graph that was embedded, the first .* and were "
                                             "not given to fit"):
            features.transform(split.X_test)


def test_direction_counts_in_a_directed_graph():
    graph = Graph.from_edges([0, 1, 2], [1, 2, 0], directed=True)
    features = EdgeFeatures(AdjacencySpectral(2), graph)
    features.fit([(1, 0)]).transform([(0, 2)])
    with pytest.raises(ValueError, match=r"1 of the 2 .* the first \(1, 2\)"):
        features.fit([(1, 0), (1, 2)])


def random_graph(seed):
    """No edge tells of another: the best AUC on held-out edges is 0.5."""
    return as_graph(nx.gnm_random_graph(400, 4000, seed=seed))


def test_nothing_can_be_learnt_from_a_random_graph(tmp_path):
    """The whole way from graph to score, grid search included."""
    scores = []
    for seed in range(4):
        split = split_edges(random_graph(seed), train_size=0.2, test_size=0.2, keep_connected=False,
                            random_state=seed)
        pipe = make_pipeline(EdgeFeatures(AdjacencySpectral(random_state=0), split.graph, memory=str(tmp_path)),
                             StandardScaler(), LogisticRegression(C=0.1))
        grid = {"edgefeatures__embedder": [AdjacencySpectral(128, random_state=0), Node2Vec(q=0.5, **TINY),
                                           Node2Vec(q=2.0, **TINY)], "edgefeatures__operator": ["hadamard", "l2"]}
        search = GridSearchCV(pipe, grid, cv=3, scoring="roc_auc", error_score="raise")
        search.fit(split.X_train, split.y_train)
        scores.append(roc_auc_score(split.y_test, search.predict_proba(split.X_test)[:, 1]))
    assert abs(np.mean(scores) - 0.5) < 0.05


def test_the_leaky_way_looks_splendid_and_is_refused():
    graph = random_graph(0)
    split = split_edges(graph, train_size=0.2, test_size=0.2, keep_connected=False, random_state=0)
    embedder = AdjacencySpectral(128, random_state=0)
    Z = embedder.fit_transform(graph)  # the full graph: test edges and all

    def features(X):
        return edge_features(Z[X[:, 0]], Z[X[:, 1]], "hadamard")

    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(features(split.X_train), split.y_train)
    assert roc_auc_score(split.y_test, model.predict_proba(features(split.X_test))[:, 1]) > 0.98
    with pytest.raises(ValueError, match="the vectors would know the answer"):
        make_pipeline(EdgeFeatures(embedder, graph), LogisticRegression()).fit(split.X_train, split.y_train)


def test_no_warning_of_scikit_learn_on_the_way():
    graph, y = blocks()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pipe = make_pipeline(NodeFeatures(AdjacencySpectral(4, random_state=0), graph), LogisticRegression())
        assert (cross_val_predict(pipe, list(graph.nodes), y, cv=4) == y).mean() > 0.9
