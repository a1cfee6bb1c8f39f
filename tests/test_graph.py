"""Graph and as_graph: every kind of input, every policy, every refusal."""

import copy
import os
import pickle
import subprocess
import sys
import types

import networkx as nx
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from strategies import dense_of, edge_lists, networkx_graphs

from graphemb.graph import Graph, as_graph
from graphemb.labels import Labels

FORMATS = ["csr", "csc", "coo", "bsr", "lil", "dok", "dia"]


def dense(graph):
    return graph.to_scipy().toarray()


def check_invariants(graph):
    """Every promise of the attributes' documentation."""
    assert graph.indptr.dtype == np.int64 and graph.indices.dtype == np.int32
    assert graph.indptr.shape == (graph.n_nodes + 1,) and graph.indptr[-1] == len(graph.indices)
    for row in range(graph.n_nodes):
        assert (np.diff(graph.indices[graph.indptr[row]:graph.indptr[row + 1]]) > 0).all()
    arrays = [graph.indptr, graph.indices]
    if graph.weights is not None:
        assert graph.weights.dtype == np.float32 and graph.weights.shape == graph.indices.shape
        assert (graph.weights > 0).all() and not (graph.weights == 1).all()
        arrays.append(graph.weights)
    assert not any(array.flags.writeable for array in arrays)
    assert len(graph.nodes) == graph.n_nodes
    assert isinstance(graph.nodes, (range, tuple))
    if not graph.directed:
        assert (dense(graph) == dense(graph).T).all()


# --- properties -------------------------------------------------------------------------------------------


@given(edge_lists())
def test_edges_networkx_csr_and_dense_are_one_graph(made):
    nodes, edges, directed = made
    A = dense_of(nodes, edges, directed).astype(np.float32)
    ends = [[nodes[i] for i, _, _ in edges], [nodes[j] for _, j, _ in edges]]
    from_edges = Graph.from_edges(*ends, [w for _, _, w in edges], nodes=nodes, directed=directed)
    check_invariants(from_edges)
    np.testing.assert_allclose(dense(from_edges), A, rtol=1e-6)
    assert list(from_edges.nodes) == nodes and list(map(type, from_edges.nodes)) == list(map(type, nodes))
    others = [Graph.from_scipy(from_edges.to_scipy(), nodes=nodes, directed=directed)]
    if None not in nodes:
        G = (nx.MultiDiGraph if directed else nx.MultiGraph)()
        G.add_nodes_from(nodes)
        G.add_weighted_edges_from((nodes[i], nodes[j], w) for i, j, w in edges)
        others.append(Graph.from_networkx(G))
    for other in others:
        check_invariants(other)
        assert other.nodes == from_edges.nodes and other.directed == directed
        assert other.n_edges == from_edges.n_edges
        np.testing.assert_allclose(dense(other), dense(from_edges), rtol=1e-6)
    assert (dense(as_graph(dense(from_edges))) == dense(from_edges)).all()


@given(networkx_graphs())
def test_networkx_agrees_with_its_own_matrix_and_is_not_changed(G):
    before = repr((list(G.nodes(data=True)), G.adj))
    graph = as_graph(G)
    check_invariants(graph)
    np.testing.assert_allclose(dense(graph), nx.to_numpy_array(G), rtol=1e-6)
    assert list(graph.nodes) == list(G) and graph.directed == G.is_directed()
    after = repr((list(G.nodes(data=True)), G.adj))
    assert before == after


@given(networkx_graphs(), st.data())
def test_a_view_is_read_like_a_copy(G, data):
    kept = data.draw(st.lists(st.sampled_from(list(G)), min_size=1, unique=True))
    views = [G.subgraph(kept), G.copy(as_view=True), nx.subgraph_view(G, filter_node=lambda n: n in kept)]
    if G.is_directed():
        views += [G.reverse(copy=False)]
    for view in views:
        graph = as_graph(view)
        check_invariants(graph)
        assert list(graph.nodes) == list(view)
        np.testing.assert_allclose(dense(graph), nx.to_numpy_array(view), rtol=1e-6)


@given(networkx_graphs(multi=False))
def test_networkx_and_back(G):
    graph = as_graph(G)
    back = graph.to_networkx()
    assert list(back) == list(G) and back.is_directed() == G.is_directed()
    assert as_graph(back).fingerprint == graph.fingerprint
    assert graph.n_edges == G.number_of_edges()


@given(networkx_graphs(), st.randoms(use_true_random=False))
def test_relabelling_permutes_rows(G, random):
    order = list(G)
    random.shuffle(order)
    H = G.__class__()
    H.add_nodes_from(order)
    H.add_edges_from(G.edges(data=True))
    one, other = as_graph(G), as_graph(H)
    rows = one.index_of(order)
    np.testing.assert_allclose(dense(other), dense(one)[np.ix_(rows, rows)], rtol=1e-6)


@given(networkx_graphs())
def test_index_of_inverts_nodes(G):
    graph = as_graph(G)
    rows = graph.index_of(list(graph.nodes))
    assert rows.dtype == np.int32 and rows.tolist() == list(range(graph.n_nodes))
    assert graph.index_of([]).shape == (0,)


@given(networkx_graphs())
def test_pickle_keeps_everything(G):
    graph = as_graph(G)
    back = pickle.loads(pickle.dumps(graph))
    check_invariants(back)
    assert back.fingerprint == graph.fingerprint and back.nodes == graph.nodes
    assert back.directed == graph.directed


# --- the class --------------------------------------------------------------------------------------------


@pytest.fixture
def karate():
    return as_graph(nx.karate_club_graph())


def test_frozen(karate):
    for name in ("indptr", "weights", "directed", "nodes", "n_edges", "anything"):
        with pytest.raises(AttributeError, match=f"frozen: '{name}'"):
            setattr(karate, name, 1)
    with pytest.raises(AttributeError, match="frozen"):
        del karate.indptr
    with pytest.raises(ValueError, match="read-only"):
        karate.indices[0] = 3


def test_opaque(karate):
    assert copy.copy(karate) is karate
    assert copy.deepcopy([karate])[0] is karate
    assert clone(karate, safe=False) is karate
    for name in ("__len__", "shape", "__array__", "__iter__", "__getitem__"):
        assert not hasattr(karate, name)
    assert as_graph(karate) is karate


def test_repr_and_sizes(karate):
    assert repr(karate) == "Graph(34 nodes, 78 edges, undirected, weighted)"
    assert repr(as_graph([[0, 1], [0, 0]])) == "Graph(2 nodes, 1 edge, directed, unweighted)"
    assert karate.memory_bytes == 35 * 8 + 156 * 4 + 156 * 4
    assert as_graph(karate.to_scipy() != 0).memory_bytes == 35 * 8 + 156 * 4


def test_fingerprint_tells_graphs_apart():
    base = Graph.from_edges([0, 1], [1, 2], nodes=range(3))
    others = [
        Graph.from_edges([0, 1], [1, 2], nodes=range(4)),
        Graph.from_edges([0, 0], [1, 2], nodes=range(3)),
        Graph.from_edges([0, 1], [1, 2], [1, 2], nodes=range(3)),
        Graph.from_scipy(base.to_scipy(), directed=True),
        Graph.from_scipy(base.to_scipy(), nodes=["0", "1", "2"]),
        Graph.from_scipy(base.to_scipy(), nodes=[0.0, 1.0, 2.0]),
        Graph.from_scipy(base.to_scipy(), nodes=[2, 1, 0]),
    ]
    prints = [graph.fingerprint for graph in [base, *others]]
    assert len(set(prints)) == len(prints)
    assert Graph(base.indptr, base.indices).fingerprint == base.fingerprint


def test_fingerprint_is_the_same_in_another_process():
    program = ("from graphemb.graph import Graph\n"
               "print(Graph.from_edges(['a', ('b', 1), None], ['c', 'a', b'd'], [1, 2, 3]).fingerprint)")
    prints = {subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True,
                             env={**os.environ, "PYTHONHASHSEED": seed}).stdout for seed in ("1", "2")}
    assert len(prints) == 1 and len(prints.pop().strip()) == 32


def test_importing_pulls_in_nothing_heavy():
    program = ("import sys, graphemb.graph, graphemb.embedding\n"
               "print([m for m in "
               "('gensim', 'matplotlib', 'torch', 'pandas', 'polars', 'sklearn', 'networkx')"
               " if m in sys.modules])")
    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True,
                          text=True).stdout.strip() == "[]"


# --- labels -----------------------------------------------------------------------------------------------


def test_nodes_are_a_range_only_if_they_are_0_to_n_in_order():
    assert Graph.from_edges([0, 1], [1, 2]).nodes == range(3)
    assert Graph.from_edges([1, 0], [0, 2]).nodes == (1, 0, 2)
    assert isinstance(Graph.from_edges(np.array([0, 1]), np.array([1, 2])).nodes, range)
    assert Graph.from_edges([0.0], [1.0]).nodes == (0.0, 1.0)
    assert type(Graph.from_edges([0.0], [1.0]).nodes) is tuple
    assert Graph.from_edges([False], [True]).nodes == (False, True)
    assert type(Graph.from_edges([False], [True]).nodes) is tuple


def test_labels_keep_identity_and_are_never_turned_into_strings():
    label = ("a", 1)
    graph = Graph.from_edges(["a", 1, None], [1, label, label])
    assert graph.nodes == ("a", 1, label, None)
    assert graph.nodes[2] is label
    assert graph.index_of([label, None]).tolist() == [2, 3]


def test_first_appearance_order():
    src, dst = [30, 10, 30, -7], [20, 30, 10, 5]
    assert Graph.from_edges(src, dst).nodes == (30, 20, 10, -7, 5)
    far = [value * 10**12 for value in src], [value * 10**12 for value in dst]
    assert Graph.from_edges(*far).nodes == tuple(10**12 * v for v in (30, 20, 10, -7, 5))
    huge = [value * 10**30 for value in src], [value * 10**30 for value in dst]
    assert Graph.from_edges(*huge).nodes == tuple(10**30 * v for v in (30, 20, 10, -7, 5))
    assert Graph.from_edges(list(map(str, src)), list(map(str, dst))).nodes == ("30", "20", "10", "-7", "5")
    reference = dense(Graph.from_edges(src, dst))
    for ends in (far, huge, (np.array(src, np.int16), np.array(dst, np.int64))):
        assert (dense(Graph.from_edges(*ends)) == reference).all()


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)), min_size=1, max_size=6),
       st.sampled_from([np.uint64, np.int64]), st.integers(0, 60))
def test_ints_of_any_size_are_numbered_exactly(pairs, dtype, shift):
    pairs = [(a >> max(shift, 1), b >> max(shift, 1)) for a, b in pairs]
    ends = np.array(pairs, dtype=dtype)
    graph = Graph.from_edges(ends[:, 0], ends[:, 1])
    assert list(graph.nodes) == list(dict.fromkeys(label for pair in pairs for label in pair))
    assert all(graph.to_scipy()[tuple(graph.index_of(pair))] > 0 for pair in pairs)


@pytest.mark.parametrize("pair", [(1, True), (1, 1.0), (0, False), (1.0, True), (("a", 1), ("a", True)),
                                  (2, 2 + 0j)])
def test_labels_equal_but_of_different_type_are_refused(pair):
    with pytest.raises(ValueError, match="of different type but equal in Python"):
        Graph.from_edges([pair[0], "x"], ["y", pair[1]])
    with pytest.raises(ValueError, match="of different type but equal in Python"):
        Graph.from_edges([pair[0]], ["y"], nodes=[pair[1], "y"])
    with pytest.raises(ValueError, match="rows 0 and 2"):
        Graph.from_scipy(sparse.eye_array(3), nodes=[pair[0], "x", pair[1]])


@pytest.mark.parametrize("nan", [float("nan"), ("a", float("nan")), np.float32("nan"), pd.NA, pd.NaT])
def test_nan_is_no_label(nan):
    with pytest.raises(ValueError, match="cannot be a label"):
        Graph.from_edges([nan], ["b"])
    G = nx.Graph([("a", nan)])
    with pytest.raises(ValueError, match="cannot be a label"):
        as_graph(G)


@pytest.mark.parametrize("label", [["a"], {"a": 1}, ("a", ["b"])])
def test_unhashable_labels_are_named(label):
    with pytest.raises(TypeError, match=r"labels must be hashable; got .*a"):
        Graph.from_edges([label], ["b"])
    with pytest.raises(TypeError, match="labels must be hashable"):
        Graph.from_edges(["a"], ["b"]).index_of([label])


def test_duplicate_nodes():
    with pytest.raises(ValueError, match=r"rows 0 and 2 have 'a' and 'a'"):
        Graph.from_edges(["a"], ["b"], nodes=["a", "b", "a"])


def test_an_end_outside_nodes():
    with pytest.raises(ValueError, match=r"dst must name nodes only: 'z' is not among the 2 node labels"):
        Graph.from_edges(["a"], ["z"], nodes=["a", "b"])
    with pytest.raises(ValueError, match=r"src must name nodes only: 9 "):
        Graph.from_edges([9], [1], nodes=range(4))
    with pytest.raises(ValueError, match=r"-1 is not"):
        Graph.from_edges([0], [-1], nodes=range(4))
    with pytest.raises(ValueError, match="'0' is not"):
        Graph.from_edges(["0"], ["1"], nodes=range(4))


def test_index_of_errors():
    graph = Graph.from_edges(["a", ("b", 1)], ["b", "a"])
    with pytest.raises(KeyError, match=r"'Z' is not among the 3 node labels \('a', 'b', \('b', 1\)\)"):
        graph.index_of(["a", "Z"])
    with pytest.raises(KeyError, match=r"for the one label \('b', 1\) pass \[\('b', 1\)\]"):
        graph.index_of(("b", 1))
    with pytest.raises(TypeError, match=r"labels must be a sequence of labels; got 'ab'"):
        graph.index_of("ab")
    with pytest.raises(TypeError, match="got 3"):
        graph.index_of(3)
    numbers = Graph.from_edges([0, 1], [1, 2])
    with pytest.raises(TypeError, match="boolean array"):
        numbers.index_of(np.array([True, False, True]))
    for bad in ([3], [-1], np.array([0, 3]), ["0"]):
        with pytest.raises(KeyError, match="is not among the 3 node labels"):
            numbers.index_of(bad)
    assert numbers.index_of(np.array([2, 0], np.uint8)).tolist() == [2, 0]
    assert numbers.index_of((1, 2)).tolist() == [1, 2]


def test_labels_membership():
    labels = Labels(["a", ("b", 1)])
    assert "a" in labels and ("b", 1) in labels and "z" not in labels and ["a"] not in labels
    assert 2 in Labels(range(3)) and 3 not in Labels(range(3)) and "2" not in Labels(range(3))


def test_dates_stay_dates():
    days = np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[ns]")
    graph = Graph.from_edges(days[:1], days[1:])
    assert all(isinstance(node, np.datetime64) for node in graph.nodes)


def test_too_many_nodes():
    with pytest.raises(ValueError, match=r"2147483648 nodes; at most 2\*\*31-1"):
        Labels(range(2**31))


# --- policies ---------------------------------------------------------------------------------------------


def test_parallel_edges_are_summed_in_double_precision():
    graph = Graph.from_edges([0] * 11, [1] * 5 + [1] * 6, [2.0**24] + [1.0] * 10)
    assert dense(graph)[0, 1] == 2.0**24 + 10  # float32 alone would stay at 2**24
    G = nx.MultiGraph()
    G.add_weighted_edges_from([(0, 1, 2.0**24)] + [(1, 0, 1.0)] * 10)
    assert dense(as_graph(G))[0, 1] == 2.0**24 + 10
    row = sparse.coo_array((np.array([100, 100], np.int8), ([0, 0], [1, 1])), shape=(2, 2))
    assert dense(as_graph(row))[0, 1] == 200  # int8 would wrap
    twice = sparse.coo_array(([True, True], ([0, 0], [1, 1])), shape=(2, 2))
    assert dense(as_graph(twice))[0, 1] == 2
    single = np.array([2**24] + [1] * 10, dtype=np.float32)
    once = sparse.csr_array((single, [1] * 11, [0, 11, 11]), shape=(2, 2))
    assert dense(as_graph(once))[0, 1] == 2.0**24 + 10
    assert dense(Graph([0, 11, 11], [1] * 11, single, directed=True))[0, 1] == 2.0**24 + 10
    loose = sparse.csr_array(([1.5, 2.0, 4.0], [1, 0, 1], [0, 3, 3]), shape=(2, 2))
    assert dense(as_graph(loose)).tolist() == [[2.0, 5.5], [0.0, 0.0]]


def test_both_directions_of_a_summed_edge_have_the_same_bits():
    graph = Graph.from_edges(["a", "b", "a"], ["b", "a", "b"], [0.1, 0.7, 1e-9])
    check_invariants(graph)
    assert graph.n_edges == 1


def test_undirected_self_loop_is_stored_once():
    for graph in (Graph.from_edges([0, 0], [0, 1], [3, 1]), as_graph([[3, 1], [1, 0]]),
                  as_graph(nx.Graph([(0, 0, {"weight": 3}), (0, 1)]))):
        assert dense(graph).tolist() == [[3, 1], [1, 0]]
        assert graph.n_edges == 2 and not graph.directed


def test_missing_weight_is_1_and_weights_of_1_are_none():
    graph = as_graph(nx.Graph([(0, 1), (1, 2, {"weight": 2})]))
    assert graph.weights.tolist() == [1, 1, 2, 2]
    assert as_graph(nx.Graph([(0, 1, {"weight": 1.0})])).weights is None
    assert as_graph(nx.path_graph(3)).weights is None
    assert as_graph(np.ones((3, 3))).weights is None


def test_weight_names_the_attribute():
    G = nx.Graph([("a", "b", {"weight": 5, "km": 2.5}), ("b", "c", {"km": float("nan")})])
    assert as_graph(G, weight=None).weights is None
    assert dense(as_graph(G.subgraph("ab"), weight="km"))[0, 1] == 2.5
    with pytest.raises(ValueError, match=r"NaN: edge \('b', 'c'\) has weight nan"):
        as_graph(G, weight="km")


def test_zero_weights_are_dropped_with_a_count_and_every_node_stays():
    with pytest.warns(UserWarning, match=r"^2 edges of weight 0 dropped, the first between 'a' and 'b'"):
        graph = Graph.from_edges(["a", "c", "d"], ["b", "c", "a"], [0, 0, 2])
    assert graph.nodes == ("a", "b", "c", "d") and graph.n_edges == 1
    with pytest.warns(UserWarning, match="^1 edge of weight 0"):
        assert as_graph(nx.Graph([(0, 1, {"weight": 0})])).n_edges == 0
    with pytest.warns(UserWarning, match="^2 edges of weight 0"):
        as_graph(nx.DiGraph([(0, 1, {"weight": 0}), (1, 0, {"weight": 0}), (0, 0)]))
    stored = sparse.csr_array(([0.0, 3.0, 3.0], ([0, 0, 1], [0, 1, 0])), shape=(2, 2))
    with pytest.warns(UserWarning, match="^1 edge of weight 0"):
        as_graph(stored)
    assert stored.nnz == 3  # the input still has its zero
    assert as_graph(np.zeros((3, 3))).n_edges == 0  # and a dense zero is no edge: no warning
    assert Graph.from_edges([0, 0], [1, 1], [0, 2]).n_edges == 1  # parallel, and their sum is not 0


def weighted_inputs(value):
    """The edge ('b', 'c') with a bad weight, in every kind of input."""
    G = nx.Graph([("a", "b", {"weight": 1.5}), ("b", "c", {"weight": value})])
    A = np.array([[0, 1.5, 0], [1.5, 0, value], [0, value, 0]])
    return {
        "networkx": lambda: as_graph(G),
        "view": lambda: as_graph(G.subgraph("abc")),
        "multi": lambda: as_graph(nx.MultiGraph(G)),
        "edges": lambda: Graph.from_edges(["a", "b"], ["b", "c"], [1.5, value]),
        "table": lambda: Graph.from_dataframe({"s": ["a", "b"], "t": ["b", "c"], "w": np.array([1.5, value])},
                                              "s", "t", "w"),
        "frame": lambda: as_graph(pd.DataFrame(A, index=list("abc"), columns=list("abc"))),
        "scipy": lambda: Graph.from_scipy(sparse.csr_array(A), nodes=["a", "b", "c"]),
        "csr": lambda: Graph([0, 1, 3, 4], [1, 0, 2, 1], [1.5, 1.5, value, value], nodes=["a", "b", "c"]),
    }


@pytest.mark.parametrize("kind", weighted_inputs(1))
@pytest.mark.parametrize(("value", "message"), [
    (float("inf"), r"infinity: edge \('b', 'c'\) has weight inf"),
    (-2.0, r"Negative values in data: edge \('b', 'c'\) has weight -2.0"),
    (1e300, r"Edge \('b', 'c'\) has weight 1e\+300, which is inf in float32"),
    (1e-300, r"Edge \('b', 'c'\) has weight 1e-300, which is 0.0 in float32"),
])
def test_bad_weights_name_their_edge(kind, value, message):
    with pytest.raises(ValueError, match=message):
        weighted_inputs(value)[kind]()


@pytest.mark.parametrize("kind", [kind for kind in weighted_inputs(1) if kind != "table"])
def test_nan_names_its_edge(kind):
    with pytest.raises(ValueError, match=r"NaN: edge \('b', 'c'\) has weight nan"):
        weighted_inputs(float("nan"))[kind]()


@pytest.mark.parametrize("value", ["3", None, [1], 2j, b"3", "abc"])
def test_a_weight_that_is_no_number_names_its_edge(value):
    G = nx.Graph([("a", "b"), ("b", "c", {"weight": value})])
    for X in (G, G.subgraph("abc"), nx.MultiGraph(G)):
        with pytest.raises(TypeError, match=r"Edge \('b', 'c'\) has weight .* must be a real number"):
            as_graph(X)
    with pytest.raises(TypeError, match=r"Edge \('b', 'c'\) has weight"):
        Graph.from_edges(["a", "b"], ["b", "c"], [1.0, value])


def test_string_weights_as_an_array():
    with pytest.raises(TypeError, match=r"Edge \(0, 1\) has weight .*'3'.* of type str_"):
        Graph.from_edges([0], [1], np.array(["3"]))


def test_weights_too_large_for_a_float():
    with pytest.raises(ValueError, match=r"Edge \('a', 'b'\) has a weight beyond"):
        as_graph(nx.Graph([("a", "b", {"weight": 10**400})]))
    with pytest.raises(ValueError, match=r"Edge \(0, 1\) .* inf in float32"):
        Graph.from_edges([0, 0], [1, 1], [3e38, 3e38])  # each fits, their sum does not


def test_asymmetric_matrices_are_directed_unless_told_otherwise():
    A = sparse.csr_array([[0, 2.0, 1], [2, 0, 0], [0, 5, 0]])
    assert as_graph(A).directed and as_graph(A.toarray()).directed
    with pytest.raises(ValueError, match=r"\('a', 'c'\) has weight 1.0, its reverse 0.0"):
        Graph.from_scipy(A, nodes=["a", "b", "c"], directed=False)
    with pytest.raises(ValueError, match="symmetric"):
        Graph([0, 1, 1], [1])
    unequal = sparse.csr_array([[0, 2.0], [3, 0]])
    assert as_graph(unequal).directed
    with pytest.raises(ValueError, match=r"\(0, 1\) has weight 2.0, its reverse 3.0"):
        Graph.from_scipy(unequal, directed=False)
    S = A + A.T
    assert not as_graph(S).directed
    both = Graph.from_scipy(S, directed=True)
    assert both.directed and both.n_edges == S.nnz and (dense(both) == dense(as_graph(S))).all()


def test_entries_that_differ_by_rounding_become_their_mean():
    x = np.float32(0.1)
    A = np.array([[0, x], [np.nextafter(x, np.float32(1)), 0]], dtype=np.float32)
    graph = as_graph(A)
    assert not graph.directed
    check_invariants(graph)
    A[1, 0] = x * np.float32(1.00001)
    assert as_graph(A).directed


@given(st.integers(1, 40), st.integers(0, 2**32 - 1), st.booleans())
def test_symmetry_is_judged_alike_whatever_the_block(n, seed, spoil):
    import graphemb.adjacency as module

    rng = np.random.default_rng(seed)
    A = sparse.csr_array(rng.random((n, n)) * (rng.random((n, n)) < 0.2))
    A = (A + A.T).tocsr()
    if spoil:
        i, j = rng.integers(n, size=2)
        A = A.tolil()
        A[i, j] = 0.0 if A[i, j] else 0.5
        A = A.tocsr()
        A.eliminate_zeros()
    A.sort_indices()
    truth = abs(A - A.T).max() == 0
    assert (module.asymmetry(A.indptr, A.indices, A.data, block=n) == 0) == truth
    assert (module.asymmetry(A.indptr, A.indices, A.data) == 0) == truth


def test_every_node_gets_a_row():
    G = nx.Graph()
    G.add_nodes_from(["x", "y", "z"])
    G.add_edge("y", "y")
    assert as_graph(G).nodes == ("x", "y", "z") and as_graph(G).n_edges == 1
    assert as_graph(sparse.csr_array((4, 4))).n_nodes == 4
    assert Graph.from_edges([], [], nodes=["a"]).n_nodes == 1
    assert as_graph([[0]]).n_nodes == 1


def test_directed_sink_and_star():
    graph = as_graph(nx.DiGraph([("a", "b"), ("a", "c")]))
    assert np.diff(graph.indptr).tolist() == [2, 0, 0]
    star = Graph.from_edges(np.zeros(100_000, int), np.arange(1, 100_001))
    assert star.n_edges == 100_000 and star.indptr[1] == 100_000


# --- input is never changed, and of any make -------------------------------------------------------------


@pytest.mark.parametrize("container", ["array", "matrix"])
@pytest.mark.parametrize("fmt", FORMATS)
def test_every_sparse_format(fmt, container):
    A = np.array([[1, 2.5, 0, 0], [2.5, 0, 0, 0], [0, 0, 0, 3], [0, 0, 3, 0]])
    S = getattr(sparse, f"{fmt}_{container}")(A)
    graph = as_graph(S)
    check_invariants(graph)
    assert (dense(graph) == A).all() and not graph.directed
    assert (S.toarray() == A).all()


def test_64_bit_indices_and_lying_flags():
    A = sparse.csr_array(([1.0, 2.0, 4.0], [1, 0, 1], [0, 3, 3]), shape=(2, 2))
    A.indices, A.indptr = A.indices.astype(np.int64), A.indptr.astype(np.int64)
    A.has_sorted_indices = A.has_canonical_format = True
    assert dense(as_graph(A)).tolist() == [[2, 5], [0, 0]]
    assert A.indices.tolist() == [1, 0, 1] and A.data.tolist() == [1, 2, 4]


@pytest.mark.parametrize("make", [
    lambda a: a.astype(">f8"), lambda a: a.astype("<f4"), lambda a: a.astype(np.int64),
    lambda a: np.repeat(np.repeat(a, 2, 0), 2, 1)[::2, ::2], lambda a: np.asfortranarray(a),
    lambda a: a.astype(np.float16), lambda a: a.astype(np.longdouble), lambda a: a.astype(object),
    lambda a: a.tolist(), lambda a: pl.DataFrame(a),
])
def test_arrays_of_any_make(make):
    A = np.array([[0, 2, 0], [2, 0, 3], [0, 3, 0]], dtype=float)
    graph = as_graph(make(A))
    check_invariants(graph)
    assert (dense(graph) == A).all()


def test_read_only_and_strided_input_is_neither_changed_nor_shared():
    A = np.array([[0, 2.0], [2, 0]])
    A.flags.writeable = False
    assert dense(as_graph(A))[0, 1] == 2
    parts = {"indptr": np.array([0, 2, 4]), "indices": np.array([1, 0, 1, 0], np.int32),
             "weights": np.array([1, 2, 3, 1], np.float32)}
    before = {name: array.copy() for name, array in parts.items()}
    graph = Graph(**parts)
    assert all((parts[name] == before[name]).all() for name in parts)
    parts["weights"][:] = 9
    parts["indices"][:] = 0
    assert dense(graph).tolist() == [[2, 1], [1, 3]]
    wide = np.array([0, 9, 1, 9, 1, 9])[::2]
    swapped = np.array([1, 2, 2]).astype(">i8")
    assert Graph.from_edges(wide, swapped, np.array([1.0, 9, 2, 9, 3, 9])[::2]).n_edges == 2
    M = sparse.csr_array(([5.0, 5.0], ([0, 1], [1, 0])), shape=(2, 2))
    kept = as_graph(M)
    M.data[:] = 7
    assert dense(kept)[0, 1] == 5
    Graph.from_scipy(kept.to_scipy()).to_scipy().data[:] = 1
    exported = kept.to_scipy()
    exported.data[:] = 1
    assert dense(kept)[0, 1] == 5


def test_subclasses_and_custom_dicts_of_networkx():
    class Ordered(nx.Graph):
        class own_dict(dict):
            pass

        adjlist_outer_dict_factory = adjlist_inner_dict_factory = edge_attr_dict_factory = own_dict

    G = Ordered([("a", "b", {"weight": 2.0}), ("b", "c")])
    assert dense(as_graph(G)).tolist() == [[0, 2, 0], [2, 0, 1], [0, 1, 0]]
    H = nx.DiGraph([("a", "b"), ("c", "a")])
    assert not as_graph(H.to_undirected(as_view=True)).directed
    assert dense(as_graph(H.reverse(copy=False))).tolist() == dense(as_graph(H)).T.tolist()


# --- refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("X", "error", "message"), [
    (np.ones((5, 2)), ValueError, r"shape \(5, 2\) is ambiguous.*Graph\.from_edges"),
    ([(0, 1), (1, 2), (2, 3)], ValueError, "ambiguous"),
    (np.array([["a", "b"], ["b", "c"], ["c", "d"]]), ValueError, "ambiguous"),
    (pd.DataFrame({"u": [1, 2, 3], "v": [2, 3, 1]}), ValueError, "ambiguous"),
    (np.ones((3, 4)), ValueError, r"must be square; got shape \(3, 4\)"),
    (sparse.csr_array((3, 4)), ValueError, r"must be square; got shape \(3, 4\)"),
    (np.full((3, 4), np.nan), ValueError, "NaN"),
    (np.full((3, 4), np.inf), ValueError, "inf"),
    (np.ones(3), ValueError, "Expected 2D array, got 1D array instead"),
    (np.ones((2, 2, 2)), ValueError, "dim 3"),
    (np.empty((0, 3)), ValueError, r"0 sample\(s\)"),
    (np.empty((3, 0)), ValueError, r"0 feature\(s\) \(shape=\(3, 0\)\) while a minimum of 1 is required"),
    (sparse.csr_array((0, 0)), ValueError, r"0 sample\(s\)"),
    (np.ones((2, 2)) * 1j, ValueError, "Complex data not supported"),
    (sparse.csr_array(np.ones((2, 2)) * 1j), ValueError, "Complex data not supported"),
    (np.array([[{}, 1], [1, 0]], dtype=object), TypeError, "argument must be .* string.* number"),
    ([["0", "x"], ["x", "0"]], ValueError, "strings"),
    (nx.Graph(), ValueError, "no nodes; it must have at least 1"),
    ("graph.tsv", TypeError, r"Graph\.read"),
    (None, TypeError, "NoneType"),
    ({0: [1]}, TypeError, "dict"),
    (np.ma.masked_array(np.eye(3), np.eye(3)), TypeError, "MaskedArray"),
])
def test_as_graph_refuses(X, error, message):
    with pytest.raises(error, match=message):
        as_graph(X)


def test_wrong_constructor_for_the_type():
    with pytest.raises(TypeError, match="from_networkx needs a NetworkX graph; got list"):
        Graph.from_networkx([1])
    with pytest.raises(TypeError, match="from_scipy needs a SciPy sparse array; got ndarray"):
        Graph.from_scipy(np.eye(2))
    with pytest.raises(TypeError, match="from_igraph needs"):
        Graph.from_igraph(nx.Graph())
    with pytest.raises(TypeError, match="from_pyg needs"):
        Graph.from_pyg(nx.Graph())


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ({"src": [1, 2], "dst": [1]}, ValueError, "2 sources and 1 targets"),
    ({"src": [1], "dst": [2], "weight": [1, 2]}, ValueError, "each of the 1 edges; got 2"),
    ({"src": [1], "dst": [2], "weight": 3.0}, TypeError, "one number an edge; got 3.0"),
    ({"src": [1], "dst": [2], "weight": [[3.0]]}, TypeError, r"has weight \[3.0\]"),
    ({"src": "a", "dst": ["b"]}, TypeError, "src must be a sequence of labels; got 'a'"),
    ({"src": [1], "dst": 2}, TypeError, "dst must be a sequence"),
    ({"src": np.ones((2, 2)), "dst": [1, 2]}, ValueError, r"src must be 1-D; got .* \(2, 2\)"),
    ({"src": [], "dst": []}, ValueError, "no nodes"),
    ({"src": [1], "dst": [2], "directed": "yes"}, TypeError, "directed must be True or False"),
    ({"src": np.ma.array([1, 2], mask=[0, 1]), "dst": [1, 2]}, TypeError, "src must be"),
])
def test_from_edges_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        Graph.from_edges(**arguments)


@pytest.mark.parametrize(("indptr", "indices", "weights", "message"), [
    ([0, 1, 2], [1, 2], None, r"indices must be in \[0, 2\); indices\[1\] is 2"),
    ([0, 1, 2], [1, -1], None, r"indices\[1\] is -1"),
    ([0, 2, 1], [1, 0], None, "falls from 2 to 1 at row 1"),
    ([0, 5, 0], [], None, "falls from 5 to 0"),
    ([1, 1, 2], [1, 0], None, "begin with 0"),
    ([0, 1, 3], [1, 0], None, "ends with 3, but there are 2 indices"),
    ([0, 1, 1], [1, 0], None, "ends with 1, but there are 2 indices"),
    ([], [], None, "indptr must have one number more"),
    ([0], [], None, "no nodes"),
    ([0, 1, 2], [1.0, 0.5], None, "indices must be integers"),
    ([[0, 1]], [0], None, "1-D"),
    ([0, 1, 2], [1, 0], [1.0], "each of the 2 edges; got 1"),
])
def test_bad_csr_arrays(indptr, indices, weights, message):
    with pytest.raises(ValueError, match=message):
        Graph(indptr, indices, weights)


@pytest.mark.parametrize("fmt", ["csr", "csc", "bsr", "coo"])
def test_sparse_matrices_with_bad_indices(fmt):
    for name, value in (("indices", 1000), ("indices", -1), ("indptr", 10**6), ("indptr", -3)):
        A = sparse.csr_array(np.ones((4, 4))).asformat(fmt)
        if fmt == "coo":
            A.row[0] = value
        elif fmt == "bsr" and name == "indices":
            A.indices[0] = value
        else:
            getattr(A, name)[1] = value
        with pytest.raises(ValueError, match=r"indices|indptr|row numbers"):
            as_graph(A)
        with pytest.raises(ValueError, match=r"indices|indptr|row numbers"):
            Graph.from_scipy(A)


def test_labels_must_match_rows():
    with pytest.raises(ValueError, match="each of the 3 rows; got 2"):
        Graph.from_scipy(sparse.eye_array(3), nodes=["a", "b"])
    with pytest.raises(ValueError, match=r"2-D|square"):  # SciPy 1.12 makes it a row
        Graph.from_scipy(sparse.coo_array([1.0, 2.0]))


# --- tables and other libraries ---------------------------------------------------------------------------


def tables():
    rows = {"s": ["ann", "bob"], "t": ["bob", "cid"], "w": [1.5, 2.0], "i": [3, 4], "j": [4, 5]}
    return {"dict": rows, "pandas": pd.DataFrame(rows), "polars": pl.DataFrame(rows),
            "numpy": {name: np.array(values) for name, values in rows.items()},
            "categories": pd.DataFrame(rows).astype({"s": "category", "i": "Int64"})}


@pytest.mark.parametrize("kind", tables())
def test_from_dataframe(kind):
    df = tables()[kind]
    graph = Graph.from_dataframe(df, "s", "t", "w")
    assert graph.nodes == ("ann", "bob", "cid") and all(type(node) is str for node in graph.nodes)
    assert dense(graph).tolist() == [[0, 1.5, 0], [1.5, 0, 2], [0, 2, 0]]
    numbers = Graph.from_dataframe(df, "i", "j", directed=True, nodes=[5, 4, 3])
    assert numbers.nodes == (5, 4, 3) and all(type(node) is int for node in numbers.nodes)
    assert numbers.directed and dense(numbers).tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    with pytest.raises(KeyError, match=r"no column 'zz'; it has 's', 't', 'w'"):
        Graph.from_dataframe(df, "s", "zz")


@pytest.mark.parametrize("column", [
    pd.Series(["a", None, "b"]), pd.Series(["a", np.nan, "b"], dtype=object), pl.Series(["a", None, "b"]),
    pd.Series([1, None, 2]), pd.Series([1, None, 2], dtype="Int64"), pl.Series([1, None, 2]),
    pd.Series(pd.to_datetime(["2020-01-01", None, "2020-01-02"])), ["a", None, "b"],
    pl.Series([1.0, None, 2.0]),
])
def test_a_null_in_a_table_names_its_row(column):
    for table in ({"s": column, "t": ["x", "y", "z"]}, {"s": ["x", "y", "z"], "t": column}):
        with pytest.raises(ValueError, match=r"column '.' is null in row 1 \(1 nulls in all\)"):
            Graph.from_dataframe(table, "s", "t")
    if not isinstance(column, list):
        with pytest.raises(ValueError, match="column 'w' is null in row 1"):
            Graph.from_dataframe({"s": [1, 2, 3], "t": [2, 3, 4], "w": column}, "s", "t", "w")


def test_square_dataframe():
    A = np.array([[0, 2.0], [2, 0]])
    assert as_graph(pd.DataFrame(A, index=["a", "b"], columns=["a", "b"])).nodes == ("a", "b")
    assert as_graph(pd.DataFrame(A)).nodes == range(2)
    assert as_graph(pd.DataFrame(A, index=["a", "b"], columns=["x", "y"])).nodes == ("a", "b")
    tuples = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])
    assert as_graph(pd.DataFrame(A, index=tuples, columns=tuples)).nodes == (("a", 1), ("b", 2))
    with pytest.raises(ValueError, match=r"in another order.*df\[df.index\]"):
        as_graph(pd.DataFrame(A, index=["a", "b"], columns=["b", "a"]))


class Attributes(dict):
    def attributes(self):
        return list(self)


def fake_igraph(edges, n, directed=False, names=None, **attributes):
    """What from_igraph touches of an igraph.Graph."""
    return types.SimpleNamespace(
        vs=Attributes({} if names is None else {"name": names}), es=Attributes(attributes),
        get_edgelist=lambda: edges, vcount=lambda: n, is_directed=lambda: directed)


def test_igraph():
    g = fake_igraph([(0, 1), (1, 1), (0, 1)], 3, names=["a", "b", "c"], weight=[2.0, None, 3.0])
    graph = as_graph(g)
    assert graph.nodes == ("a", "b", "c") and dense(graph).tolist() == [[0, 5, 0], [5, 1, 0], [0, 0, 0]]
    assert as_graph(g, weight=None).n_edges == 2
    directed = as_graph(fake_igraph([(1, 0)], 2, directed=True))
    assert directed.directed and directed.nodes == range(2) and dense(directed)[1, 0] == 1
    assert as_graph(fake_igraph([], 2)).n_nodes == 2
    with pytest.raises(ValueError, match="distinct"):
        as_graph(fake_igraph([], 2, names=["a", "a"]))


def test_pyg():
    index = np.array([[0, 1, 1, 2], [1, 0, 2, 1]])
    data = types.SimpleNamespace(edge_index=index, num_nodes=4, edge_weight=np.array([2.0, 2, 1, 1]))
    graph = as_graph(data)
    assert not graph.directed and graph.n_edges == 2 and graph.n_nodes == 4
    assert dense(graph)[0, 1] == 2
    one_way = as_graph(types.SimpleNamespace(edge_index=index[:, :1], num_nodes=2, edge_weight=None))
    assert one_way.directed and one_way.weights is None
    with pytest.raises(ValueError, match="names node 2; num_nodes is 2"):
        as_graph(types.SimpleNamespace(edge_index=index, num_nodes=2))
    with pytest.raises(ValueError, match=r"shape \(2, n_edges\)"):
        as_graph(types.SimpleNamespace(edge_index=index.T, num_nodes=4))


def test_duckdb_relations():
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    table = duckdb.sql("select * from (values ('a', 'b', 1.5), ('b', 'c', 2.0)) t(u, v, w)")
    graph = Graph.from_dataframe(table, "u", "v", "w")
    assert graph.fingerprint == Graph.from_edges(["a", "b"], ["b", "c"], [1.5, 2.0]).fingerprint
    with pytest.raises(KeyError, match="no column 'x'; it has 'u', 'v', 'w'"):
        Graph.from_dataframe(table, "u", "x")
    with pytest.raises(ValueError, match="column 'v' is null in row 1"):
        Graph.from_dataframe(duckdb.sql("select * from (values ('a', 'b'), ('b', null)) t(u, v)"), "u", "v")


class DGLStandIn:
    """What a DGL graph offers that is read; the real library is not installed for the tests."""

    ntypes, etypes = ["_N"], ["_E"]

    def __init__(self, src, dst, edata, n=4):
        self._ends, self.edata, self._n = (np.array(src), np.array(dst)), edata, n

    def edges(self):
        return self._ends

    def num_nodes(self):
        return self._n


def test_dgl_by_its_attributes():
    graph = as_graph(DGLStandIn([0, 1, 1, 2], [1, 0, 2, 1], {"weight": np.array([2.0, 2.0, 3.0, 3.0])}))
    assert not graph.directed and graph.n_nodes == 4 and graph.n_edges == 2
    assert graph.to_scipy().toarray()[1].tolist() == [2, 0, 3, 0]
    assert as_graph(DGLStandIn([0], [1], {})).directed
    two = DGLStandIn([0], [1], {})
    two.ntypes = ["user", "item"]
    with pytest.raises(ValueError, match="to_homogeneous"):
        Graph.from_dgl(two)


def test_igraph_itself():
    igraph = pytest.importorskip("igraph", reason="igraph is not installed")
    g = igraph.Graph(edges=[(0, 1), (1, 2)], vertex_attrs={"name": ["a", "b", "c"]}, edge_attrs={"weight": [1.0, 2.5]})
    expected = Graph.from_edges(["a", "b"], ["b", "c"], [1, 2.5])
    assert as_graph(g).fingerprint == expected.fingerprint
