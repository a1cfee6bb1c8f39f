"""What every estimator promises, run over every estimator that `graphemb` exports."""

import inspect
import os
import pickle
import subprocess
import sys
import warnings

import networkx as nx
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from nasty import ESTIMATORS
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from graphemb.embedding import Embedding
from graphemb.estimators._base import BaseEmbedding
from graphemb.graph import Graph, as_graph

# Small enough to run every check in seconds; each only where the estimator has the parameter.
SMALL = {"n_components": 4, "walk_length": 10, "n_walks": 4, "window": 3, "random_state": 0}

# Methods for which nodes with the same neighbours are the same.
EQUAL_ROWS_EQUAL_VECTORS = {"AdjacencySpectral", "FastRP", "GraRep", "GraphWave", "HOPE", "NetMF", "ProNE"}

pytestmark = pytest.mark.filterwarnings(
    "ignore:The graph has .* connected components:UserWarning",
    "ignore:.* new nodes have no edge to a fitted node:UserWarning")


def small(cls, **parameters):
    known = inspect.signature(cls).parameters
    return cls(**{name: value for name, value in SMALL.items() if name in known} | parameters)


@pytest.fixture(params=ESTIMATORS, ids=lambda cls: cls.__name__)
def cls(request):
    return request.param


def test_exported():
    assert {cls.__name__ for cls in ESTIMATORS} >= {
        "AdjacencySpectral", "CTDNE", "DeepWalk", "FastRP", "GraRep", "GraphWave", "HOPE", "LINE", "LaplacianEigenmaps",
        "LocallyLinearEmbedding", "MetaPath2Vec", "NetMF", "Node2Vec", "ProNE", "RandNE", "Struc2Vec", "VERSE",
        "Walklets"}


@pytest.mark.filterwarnings("ignore")  # scikit-learn's own checks warn as they please
@parametrize_with_checks([small(cls) for cls in ESTIMATORS])
def test_scikit_learn(estimator, check):
    name = getattr(check, "func", check).__name__
    if name == "check_array_api_input" and not os.environ.get("SCIPY_ARRAY_API"):
        pytest.skip("run by test_scikit_learn_with_array_api")
    check(estimator)


def test_scikit_learn_with_array_api(cls):
    """Without failed or skipped checks. SciPy reads the variable when imported, hence the other process."""
    code = (
        "import sys, warnings; warnings.simplefilter('ignore'); import graphemb\n"
        "from sklearn.utils.estimator_checks import check_estimator\n"
        f"results = check_estimator(graphemb.{small(cls)!r}, on_fail=None)\n"
        "bad = [(r['check_name'], r['status'], r['exception']) for r in results if r['status'] != 'passed']\n"
        "sys.exit(repr(bad) if bad or len(results) < 40 else 0)")
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "SCIPY_ARRAY_API": "1"},
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_tag_hides_a_check(cls):
    tags = cls().__sklearn_tags__()
    assert tags.input_tags.pairwise and tags.input_tags.sparse and tags.input_tags.positive_only
    assert tags.input_tags.two_d_array and tags.requires_fit
    assert not (tags.non_deterministic or tags.no_validation or tags._skip_test)
    assert not (tags.input_tags.allow_nan or tags.input_tags.string or tags.input_tags.one_d_array)
    assert tags.transformer_tags.preserves_dtype == ["float32"]


# --- input and output ------------------------------------------------------------------------------------

LABELS = ["b", ("t", 1), "", 7, True, "a", frozenset({2}), 2.5]


def labelled_graph(directed=False):
    """Eight nodes with labels of all kinds; the last is isolated, the fourth has a self-loop."""
    G = nx.DiGraph() if directed else nx.Graph()
    G.add_nodes_from(LABELS)
    edges = [(0, 1, 1.0), (1, 2, 2.5), (2, 3, 1.0), (3, 0, 0.25), (3, 4, 1.0), (4, 5, 3.0), (5, 6, 1.0),
             (6, 4, 1.0), (3, 3, 2.0), (0, 2, 1.0)]
    G.add_weighted_edges_from((LABELS[u], LABELS[v], w) for u, v, w in edges)
    return G


@pytest.mark.parametrize("directed", [False, True])
def test_input_kinds_give_the_same_bytes(cls, directed):
    G = labelled_graph(directed)
    A = nx.to_numpy_array(G)
    expected = small(cls).fit(G)
    assert expected.embedding_.dtype == np.float32
    assert expected.embedding_.shape == (8, 4)
    assert expected.embedding_.flags.c_contiguous
    assert expected.nodes_ == tuple(LABELS)
    assert expected.n_features_in_ == 8
    assert not hasattr(expected, "feature_names_in_")
    assert expected.graph_.fingerprint == as_graph(G).fingerprint
    for X in (A, A.tolist(), A.astype(np.float32, order="F"), sparse.csr_array(A), sparse.coo_matrix(A),
              as_graph(G), pd.DataFrame(A), nx.freeze(G)):
        model = small(cls).fit(X)
        assert model.embedding_.tobytes() == expected.embedding_.tobytes()
        assert model.n_features_in_ == 8


def test_dataframe_index_gives_labels_and_string_columns_feature_names(cls):
    names = list("pqrstuvw")
    frame = pd.DataFrame(nx.to_numpy_array(labelled_graph()), index=names, columns=names)
    model = small(cls).fit(frame)
    assert model.nodes_ == tuple(names)
    assert model.feature_names_in_.tolist() == names
    assert (model.vectors_["r"] == model.embedding_[2]).all()
    model.fit(labelled_graph())
    assert not hasattr(model, "feature_names_in_")


@pytest.mark.parametrize("directed", [False, True])
def test_transform_of_the_fitted_graph_is_fit_transform(cls, directed):
    G = labelled_graph(directed)
    model = small(cls)
    Z = model.fit_transform(G)
    assert (model.embedding_ == Z).all()
    A = nx.to_numpy_array(G)
    for X in (G, as_graph(G), A, A.tolist(), sparse.csr_array(A), sparse.csc_matrix(A), sparse.lil_array(A)):
        assert model.transform(X).tobytes() == Z.tobytes()
    rng = np.random.default_rng(0)
    rows = rng.permutation(8)[:5]
    assert (model.transform(A[rows]) == Z[rows]).all()
    assert (model.transform(sparse.csr_array(A)[rows]) == Z[rows]).all()
    labels = [LABELS[i] for i in rows]
    H = nx.DiGraph() if directed else nx.Graph()
    H.add_nodes_from(labels)  # edges between fitted nodes do not matter
    assert (model.transform(H) == Z[rows]).all()


def test_transform_canonicalises_like_fit(cls):
    A = nx.to_numpy_array(labelled_graph())
    model = small(cls).fit(A)
    row, col = np.divmod(np.tile(np.arange(64), 2), 8)
    halves = sparse.coo_array((np.tile(A.ravel() / 2, 2), (row, col)), shape=(8, 8))  # duplicates and zeros
    assert halves.nnz == 128
    for X in (halves, A * (1 + 1e-12)):
        assert (model.transform(X) == model.embedding_).all()


def test_rows_that_differ_from_their_mirror_by_rounding_are_still_fitted_rows(cls):
    rng = np.random.default_rng(0)
    A = rng.uniform(1, 2, (12, 12)).astype(np.float32)
    A = np.maximum(A, A.T)
    A[np.triu_indices(12, 1)] = np.nextafter(A[np.triu_indices(12, 1)], np.float32(9))
    model = small(cls).fit(A)
    assert not model.graph_.directed
    for X in (A, model.graph_.to_scipy()):
        assert (model.transform(X) == model.embedding_).all()


@pytest.mark.filterwarnings("ignore:X has feature names")
def test_equal_rows_are_their_nodes_in_order(cls):
    """The leaves of a star share a row, and so do isolated nodes."""
    G = nx.star_graph(5)
    G.add_nodes_from([6, 7])
    A = nx.to_numpy_array(G)
    model = small(cls)
    Z = model.fit_transform(A)
    seen = len(np.unique(Z[1:6].round(5), axis=0)) > 1
    assert seen != (cls.__name__ in EQUAL_ROWS_EQUAL_VECTORS), "the order cannot be seen"
    assert (model.transform(A) == Z).all()
    assert (model.transform(A[[3, 0, 5, 7]]) == Z[[1, 0, 2, 6]]).all()
    assert (model.transform(np.r_[A, A]) == np.r_[Z, Z]).all()


def test_input_is_unchanged(cls):
    G = labelled_graph()
    A = nx.to_numpy_array(G)
    S = sparse.csr_array(A)
    before = pickle.dumps((list(G.nodes), list(G.edges(data=True)))), A.copy(), S.copy()
    A.flags.writeable = S.data.flags.writeable = S.indices.flags.writeable = False
    for X in (G, A, S):
        model = small(cls).fit(X)
        model.transform(X)
        bigger = model.transform(nx.Graph([(LABELS[0], "new")]) if X is G else np.eye(8)[:2] * 7)
        assert bigger.shape == (2, 4)
    assert pickle.dumps((list(G.nodes), list(G.edges(data=True)))) == before[0]
    np.testing.assert_array_equal(A, before[1])
    np.testing.assert_array_equal(S.toarray(), before[2].toarray())


def test_same_seed_same_bytes_and_refit(cls):
    G = nx.les_miserables_graph()
    model = small(cls)
    first = model.fit_transform(G).tobytes()
    assert model.fit_transform(G).tobytes() == first
    assert small(cls).fit_transform(G).tobytes() == first
    assert small(cls, n_jobs=2).fit_transform(G).tobytes() == first


def test_fit_does_not_touch_global_random_state(cls):
    def state():
        _, keys, place, *_ = np.random.get_state()  # noqa: NPY002
        return keys.tobytes(), place

    before = state()
    small(cls, random_state=None).fit(nx.path_graph(5))
    assert state() == before


def test_renamed_nodes_keep_their_rows(cls):
    G = nx.les_miserables_graph()
    H = nx.relabel_nodes(G, {v: (i, v) for i, v in enumerate(G)})
    assert small(cls).fit_transform(G).tobytes() == small(cls).fit_transform(H).tobytes()


# --- columns and nodes without anything to give ------------------------------------------------------------


def test_more_components_than_the_graph_has(cls):
    Z = small(cls, n_components=40).fit_transform(nx.path_graph(6))
    assert Z.shape == (6, 40)
    assert np.isfinite(Z).all() and Z.any()


def test_isolated_nodes_get_a_row(cls):
    G = nx.path_graph(5)
    G.add_nodes_from(["alone", "too"])
    model = small(cls).fit(G)
    assert model.embedding_.shape == (7, 4)
    assert model.fit_report_["n_isolated"] == 2
    assert (model.vectors_["alone"] == model.embedding_[5]).all()


@pytest.mark.parametrize("X", [nx.Graph(), np.zeros((0, 0)), sparse.csr_array((0, 0))])
def test_empty_graph(cls, X):
    with pytest.raises(ValueError, match=r"no nodes|0 sample"):
        small(cls).fit(X)


# --- new nodes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("directed", [False, True])
def test_new_nodes_are_folded_in_and_fitted_ones_kept(cls, directed):
    G = nx.les_miserables_graph()
    G = G.to_directed() if directed else G
    model = small(cls).fit(G)
    G.add_edges_from([("Valjean", "new"), ("new", "Javert")])
    Z = model.transform(G)
    assert (Z[:77] == model.embedding_).all()
    assert np.isfinite(Z[77]).all() and Z[77].any()
    assert (model.transform(G) == Z).all()
    few = G.subgraph(["new", "Valjean", "Javert"])
    assert (model.transform(few)[list(few).index("new")] == Z[77]).all()


def test_new_matrix_rows_are_folded_in(cls):
    A = nx.to_numpy_array(nx.les_miserables_graph())
    model = small(cls).fit(A)
    X = np.zeros((3, 77))
    X[0, [3, 10]] = 1
    X[1] = A[10]
    X[2, 11] = 2
    Z = model.transform(X)
    assert (Z[1] == model.embedding_[10]).all()
    assert Z[0].any() and Z[2].any()
    assert (model.transform(sparse.csr_array(X)) == Z).all()


@pytest.mark.filterwarnings("default:.* new nodes have no edge to a fitted node:UserWarning")
def test_new_nodes_without_an_edge_to_a_fitted_one_are_zero_and_counted(cls):
    G = nx.les_miserables_graph()
    model = small(cls).fit(G)
    G.add_edges_from([("x", "y"), ("new", "Javert"), ("new", "y")])
    G.add_node("z")
    message = "{} new nodes have no edge to a fitted node and get zero vectors"
    with pytest.warns(UserWarning, match=message.format("3 of 4")):
        Z = model.transform(G)
    rows = dict(zip(G, Z, strict=True))
    assert not rows["x"].any() and not rows["y"].any() and not rows["z"].any()
    assert rows["new"].any()
    with pytest.warns(UserWarning, match=message.format("2 of 2")):
        assert not model.transform(np.zeros((2, 77))).any()


def test_new_nodes_of_the_other_directedness_are_refused(cls):
    G = nx.les_miserables_graph()
    bigger = nx.DiGraph([("Valjean", "new")])
    model = small(cls).fit(G)
    with pytest.raises(ValueError, match="X is directed but the fitted graph is undirected, so its 1 new"):
        model.transform(bigger)
    with pytest.raises(ValueError, match="X is undirected but the fitted graph is directed"):
        small(cls).fit(G.to_directed()).transform(bigger.to_undirected())
    known = ["Valjean", "Javert"]
    assert (model.transform(nx.DiGraph([known])) == model.vectors_[known]).all()


@pytest.mark.parametrize(("X", "message"), [
    (np.zeros((2, 5)), "X has 5 features, but .* is expecting 6 features"),
    (np.full((2, 6), np.nan), "NaN"),
    (np.full((2, 6), -1.0), "Negative values in data"),
    (np.full((2, 6), 1e300), r"X\[0, 0\] is 1e\+300, which float32 cannot hold"),
    (np.full((2, 6), 1e-300), r"X\[0, 0\] is 1e-300, which float32 cannot hold"),
    (np.zeros(6), "Reshape your data"),
    (np.zeros((0, 6)), "0 sample"),
])
def test_bad_matrices_in_transform(cls, X, message):
    with pytest.raises(ValueError, match=message):
        small(cls).fit(nx.path_graph(6)).transform(X)


@pytest.mark.parametrize("X", [None, "path", {0: [1]}])
def test_what_is_no_graph_is_refused_by_name(cls, X):
    with pytest.raises(TypeError, match=r"\bX\b"):
        small(cls).fit(X)
    with pytest.raises(TypeError, match=r"\bX\b"):
        small(cls).fit(nx.path_graph(3)).transform(X)


# --- scikit-learn and its containers -----------------------------------------------------------------------


def names_of(cls):
    return [f"{cls.__name__.lower()}{i}" for i in range(4)]


@pytest.mark.parametrize("how", ["set_output", "global"])
def test_pandas_output_has_node_labels_for_index(cls, how):
    G = labelled_graph()
    some = nx.Graph()
    some.add_nodes_from(LABELS[2:5])
    model, plain = small(cls), small(cls).fit(G)
    with sklearn.config_context(transform_output="pandas" if how == "global" else "default"):
        if how == "set_output":
            model.set_output(transform="pandas")
        first, again = model.fit_transform(G), model.transform(some)
        G.add_edge("new", "a")
        folded = model.transform(G)
        matrix = model.transform(nx.to_numpy_array(labelled_graph())[1:3])
    for frame, labels in ((first, LABELS), (again, LABELS[2:5]), (folded, [*LABELS, "new"]),
                          (matrix, [0, 1])):
        assert isinstance(frame, pd.DataFrame)
        assert list(frame.index) == labels and [type(v) for v in frame.index] == [type(v) for v in labels]
        assert list(frame.columns) == names_of(cls)
        assert (frame.dtypes == np.float32).all()
    assert (first.to_numpy() == plain.embedding_).all()
    assert isinstance(model.embedding_, np.ndarray)


def test_pandas_output_of_a_dataframe_keeps_its_index(cls):
    names = list("pqrstuvw")
    frame = pd.DataFrame(nx.to_numpy_array(labelled_graph()), index=names, columns=names)
    model = small(cls).set_output(transform="pandas")
    assert list(model.fit_transform(frame).index) == names
    rows = frame.iloc[2:4].rename(index={"r": "one", "s": "two"})
    assert list(model.transform(rows).index) == ["one", "two"]
    assert (model.transform(rows).to_numpy() == model.embedding_[2:4]).all()


def test_polars_output(cls):
    frame = small(cls).set_output(transform="polars").fit_transform(labelled_graph())
    assert isinstance(frame, pl.DataFrame)
    assert frame.columns == names_of(cls) and frame.shape == (8, 4)


def test_clone_and_pickle(cls):
    G = labelled_graph()
    model = small(cls).fit(G)
    copy = clone(model)
    assert repr(copy.get_params()) == repr(model.get_params())
    assert not hasattr(copy, "embedding_")
    again = pickle.loads(pickle.dumps(model))
    assert again.nodes_ == model.nodes_ and again.graph_.fingerprint == model.graph_.fingerprint
    G.add_edge("new", "a")
    assert again.transform(G).tobytes() == model.transform(G).tobytes()


def test_unfitted(cls):
    with pytest.raises(NotFittedError):
        cls().transform(nx.path_graph(3))
    with pytest.raises(NotFittedError):
        _ = cls().vectors_
    with pytest.raises(NotFittedError):
        cls().get_feature_names_out()


def test_html_and_text_repr(cls):
    model = small(cls).fit(nx.path_graph(4))
    assert cls.__name__ in model._repr_html_()
    assert repr(model).startswith(f"{cls.__name__}(n_components=4")


def test_lookup_table(cls):
    model = small(cls).fit(labelled_graph())
    table = model.vectors_
    assert isinstance(table, Embedding)
    assert list(table.nodes) == LABELS
    assert (table[("t", 1)] == model.embedding_[1]).all()


def test_fit_report(cls):
    report = small(cls).fit(labelled_graph()).fit_report_
    assert (report["n_nodes"], report["n_edges"], report["n_isolated"]) == (8, 10, 1)
    assert report["seconds"]["total"] >= report["seconds"]["graph"] >= 0
    assert isinstance(report["warnings"], list)


# --- parameters --------------------------------------------------------------------------------------------


def test_init_only_stores(cls):
    for name, parameter in inspect.signature(cls).parameters.items():
        marker = object()
        assert getattr(cls(**{name: marker}), name) is marker
        assert parameter.default is not inspect.Parameter.empty
        assert name == "n_components" or parameter.kind is inspect.Parameter.KEYWORD_ONLY


@pytest.mark.parametrize(("parameters", "error", "message"), [
    ({"n_components": 0}, ValueError, "n_components must be an int >= 1; got 0"),
    ({"n_components": 2.0}, TypeError, "n_components must be an int >= 1; got 2.0"),
    ({"n_components": True}, TypeError, "n_components must be an int >= 1; got True"),
    ({"n_jobs": 0}, ValueError, "n_jobs must be None, a positive int"),
    ({"n_jobs": "all"}, TypeError, "n_jobs must be an int; got 'all'"),
    ({"random_state": -1}, ValueError, "random_state must be an int >= 0"),
    ({"random_state": "x"}, TypeError, "random_state must be None, an int"),
    ({"verbose": -1}, ValueError, "verbose must be an int >= 0; got -1"),
    ({"verbose": "yes"}, TypeError, "verbose must be an int >= 0; got 'yes'"),
    ({"callbacks": 3}, TypeError, "callbacks must be a tuple or list of callables; got 3"),
    ({"callbacks": (3,)}, TypeError, r"callbacks must be a tuple or list of callables; got \(3,\)"),
])
def test_bad_common_parameters(cls, parameters, error, message):
    with pytest.raises(error, match=message):
        small(cls, **parameters).fit(nx.path_graph(4))


# --- the base class by itself ----------------------------------------------------------------------------


class Given(BaseEmbedding):
    """Returns the arrays it was given, to show what the base class makes of them."""

    def __init__(self, n_components=3, *, vectors=None, n_jobs=None, random_state=None, verbose=0,
                 callbacks=(), weight="weight"):
        self.n_components = n_components
        self.vectors = vectors
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.callbacks = callbacks
        self.weight = weight

    def _embed(self, graph, report):
        return self.vectors

    def _fold_in(self, enlarged, n_fitted):
        self.seen.append((enlarged, n_fitted))
        return np.ones((enlarged.n_nodes - n_fitted, 2))


def test_base_pads_with_zero_columns():
    Z = Given(vectors=np.ones((4, 2))).fit_transform(nx.path_graph(4))
    assert Z.dtype == np.float32
    assert Z.tolist() == [[1, 1, 0]] * 4


@pytest.mark.parametrize("shape", [(4, 4), (3, 3), (4,)])
def test_base_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match=r"Given made vectors of shape .* expected \(4, at most 3\)"):
        Given(vectors=np.ones(shape)).fit(nx.path_graph(4))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_base_refuses_vectors_that_are_not_finite(value):
    vectors = np.ones((4, 3))
    vectors[2, 1] = value
    with pytest.raises(FloatingPointError, match=r"Given diverged: .* 1 of 4 nodes .* \(first: row 2\)"):
        Given(vectors=vectors).fit(nx.path_graph(4))


def test_base_hands_the_enlarged_graph_to_the_method():
    G = nx.path_graph(4)
    model = Given(vectors=np.ones((4, 2))).fit(G)
    model.seen = []
    bigger = nx.Graph([("far", "x"), ("x", 2, {"weight": 2.0}), (0, 3), ("y", 0), ("y", "x"), ("y", "y")])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Z = model.transform(bigger)
    assert len(caught) == 1 and caught[0].filename == __file__
    assert dict(zip(bigger, Z.tolist(), strict=True)) == {
        "far": [0, 0, 0], "x": [1, 1, 0], 2: [1, 1, 0], 0: [1, 1, 0], 3: [1, 1, 0], "y": [1, 1, 0]}
    (enlarged, n_fitted), = model.seen
    assert isinstance(enlarged, Graph) and n_fitted == 4
    A = np.zeros((6, 6))
    A[:4, :4] = nx.to_numpy_array(G)  # the fitted edges, not (0, 3)
    for u, v, w in [(4, 2, 2.0), (5, 0, 1.0), (5, 4, 1.0), (5, 5, 1.0)]:
        A[u, v] = A[v, u] = w
    assert (enlarged.to_scipy().toarray() == A).all()
    assert not enlarged.directed


def test_base_enlarges_by_out_edges_of_matrix_rows_where_directed():
    model = Given(vectors=np.ones((3, 2))).fit(nx.DiGraph([(0, 1), (1, 2)]))
    model.seen = []
    model.transform([[0, 1, 0], [1, 0, 1], [0, 3.5, 0]])
    (enlarged, n_fitted), = model.seen
    assert n_fitted == 3 and enlarged.directed
    A = [[0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0], [1, 0, 1, 0, 0], [0, 3.5, 0, 0, 0]]
    assert enlarged.to_scipy().toarray().tolist() == A


def test_base_folds_in_a_node_with_edges_from_fitted_nodes_only():
    model = Given(vectors=np.ones((3, 2))).fit(nx.DiGraph([(0, 1), (1, 2)]))
    model.seen = []
    assert model.transform(nx.DiGraph([(2, "sink")])).tolist() == [[1, 1, 0]] * 2
    assert model.seen[0][0].to_scipy().toarray()[2].tolist() == [0, 0, 0, 1]


def test_transform_keeps_the_fitted_width_after_set_params():
    model = Given(vectors=np.ones((4, 2))).fit(nx.path_graph(4))
    model.seen = []
    model.set_params(n_components=7)
    assert model.transform(nx.path_graph(5)).shape == (5, 3)
