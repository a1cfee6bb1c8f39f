"""No graph crashes a fit: finite vectors of the right shape, or an error that says why. The table is in `nasty`."""
import warnings
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from nasty import ESTIMATORS, FORMS, REFUSED, SOUND, check_vectors, dense, fit, make
from scipy import sparse

from graphemb.graph import Graph, as_graph


@pytest.fixture(params=ESTIMATORS, ids=lambda cls: cls.__name__)
def cls(request):
    return request.param


def fingerprints(given, forms):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {as_graph(FORMS[form](given)).fingerprint for form in forms}


@pytest.mark.parametrize("given", SOUND.values(), ids=SOUND)
def test_every_form_is_the_same_graph(given):
    assert len(fingerprints(given, ["dense", "CSR"])) == 1
    assert len(fingerprints(given, ["NetworkX", "edge list"])) == 1
    if not given.directed or (dense(given) != dense(given).T).any():  # else a matrix cannot say that it is directed
        assert len(fingerprints(given, FORMS)) == 1


def test_vectors_are_finite_and_of_the_right_shape(cls):
    """Each graph in one form, each form for a quarter of the graphs; tests/torture/graphs.py has them all."""
    forms = [*FORMS]
    for k, given in enumerate(SOUND.values(), ESTIMATORS.index(cls)):
        model = make(cls)
        if isinstance(fit(model, forms[k % 4], given), str):
            continue
        row = np.zeros((1, given.n))  # a node that is new, but for where it equals one
        row[0, 0] = max((weight for *_, weight in given.edges), default=0) / 2 or 0.5
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            Z = model.transform(row)
        check_vectors(Z, 1, model, [])


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_a_reason(cls, name):
    given, reason = REFUSED[name]
    for form in FORMS:
        with warnings.catch_warnings(), pytest.raises(ValueError, match=reason):
            warnings.simplefilter("ignore")
            make(cls).fit(FORMS[form](given))


A = nx.to_numpy_array(nx.lollipop_graph(4, 3)) * np.arange(1, 8)
A = np.rint(np.maximum(A, A.T))


def put(matrix, **arrays):
    """A sparse matrix with these arrays, past the checks of its constructor."""
    for name, value in arrays.items():
        setattr(matrix, name, value)
    return matrix


def frozen(array):
    array.flags.writeable = False
    return array


def twice(matrix):
    """Each entry as two halves, rows unsorted."""
    rows = pairwise(matrix.indptr)
    order = np.concatenate([np.tile(np.arange(begin, end)[::-1], 2) for begin, end in rows])
    return put(matrix.copy(), indptr=2 * matrix.indptr, indices=matrix.indices[order], data=matrix.data[order] / 2)


S = sparse.csr_array(A)
ARRAYS = {
    "int8": A.astype(np.int8), "uint64": A.astype(np.uint64), "float16": A.astype(np.float16),
    "long double": A.astype(np.longdouble), "big-endian": A.astype(">f8"), "big-endian ints": A.astype(">i2"),
    "objects": A.astype(object), "lists": A.tolist(), "Fortran order": np.asfortranarray(A),
    "every other entry": np.repeat(np.repeat(A, 2, 0), 2, 1)[::2, ::2], "backwards": A[::-1, ::-1].copy()[::-1, ::-1],
    "not aligned": np.frombuffer(b"\0" + A.tobytes(), offset=1).reshape(7, 7), "read-only": frozen(A.copy()),
    "broadcast": np.broadcast_to(A, (2, 7, 7))[1], "memoryview": memoryview(A),
    "CSR unsorted, each entry twice": twice(S), "CSR int8": S.astype(np.int8), "CSR matrix": sparse.csr_matrix(S),
    "CSR int64 indices": put(S.copy(), indices=S.indices.astype(np.int64), indptr=S.indptr.astype(np.int64)),
    "CSR read-only": put(S.copy(), indices=frozen(S.indices.copy()), data=frozen(S.data.copy())),
    "CSR big-endian": put(S.copy(), data=S.data.astype(">f4"), indices=S.indices.astype(">i4")),
    "CSR with room behind": put(S.copy(), indices=np.r_[S.indices, 99], data=np.r_[S.data, 5.0]),
    "CSC": S.tocsc(), "COO": S.tocoo(), "BSR": sparse.bsr_array(A), "DIA": S.todia(), "LIL": S.tolil(),
    "DOK": S.todok(),
}


@pytest.mark.parametrize("X", ARRAYS.values(), ids=ARRAYS)
def test_arrays_of_every_kind_are_the_same_graph(X):
    assert as_graph(X).fingerprint == Graph.from_scipy(S).fingerprint


def test_arrays_of_every_kind_give_the_same_vectors(cls):
    expected = make(cls).fit_transform(A)
    for name, X in ARRAYS.items():
        model = make(cls)
        assert (model.fit_transform(X) == expected).all(), name
        assert (model.transform(X) == expected).all(), name


@pytest.mark.parametrize("X", [A > 0, S > 0], ids=["dense", "CSR"])
def test_booleans_are_edges_of_weight_one(X):
    assert as_graph(X).fingerprint == as_graph((A > 0).astype(float)).fingerprint


@pytest.mark.parametrize(("X", "reason"), [
    (np.zeros((3, 4)), "square|features"), (np.zeros((2, 2, 2)), "2D|2-D|dim"), (np.zeros(4), "1D|2-D|Reshape"),
    (A + 1j, "omplex"), (A.astype(str), "number|numeric|float|string"), (np.float64(1), "2-D|scalar|0D|number"),
    (np.zeros((5, 2)), "from_edges|features"), (np.zeros(3, [("a", "f8")]), "number|dtype|void|structured|1-D|1D"),
    (np.array([["1970-01-01"]], "M8[D]"), "number|dtype|features"),
    (np.zeros((3, 3)).view(np.matrix), "asarray"), (A.astype("M8[D]"), "dtype"),
    (sparse.csr_array((3, 4)), "square|features"), (sparse.csr_array(A + 1j), "omplex"),
    (put(S.copy(), indices=S.indices + 1), r"in \[0, 7\)"), (put(S.copy(), indices=S.indices - 1), r"in \[0, 7\)"),
    (put(S.copy(), indptr=S.indptr[::-1].copy()), "indptr"), (put(S.copy(), indptr=S.indptr * 2), "indptr"),
    (put(S.copy(), indptr=S.indptr[:-1]), "indptr"), (put(S.copy(), indices=S.indices[:-1]), "indices"),
    (put(S.copy(), indices=S.indices.astype(float)), "integers"), (put(S.copy(), data=S.data[:-1]), "values"),
])
def test_what_is_no_matrix_of_a_graph_is_refused(X, reason):
    fitted = make(ESTIMATORS[0]).fit(A)
    for call in (as_graph, make(ESTIMATORS[0]).fit, fitted.transform, fitted.partial_fit):
        with pytest.raises((ValueError, TypeError), match=reason):
            call(X)


def test_labels_of_mixed_kinds_and_odd_ones(cls):
    labels = [None, "", 0, -1, 2**70, 1.5, ("a", None), frozenset(), b"x", "\ud800", type, 1j]
    graph = Graph.from_edges(labels[:-1], labels[1:])
    model = make(cls).fit(graph)
    check_vectors(model.embedding_, len(labels), model, [])
    assert (model.vectors_[2**70] == model.embedding_[4]).all() and list(model.nodes_) == labels
