"""Products of a sparse matrix with many vectors: their twin, every width, any number of threads, empty matrices."""

import numpy as np
import pytest
import reference
from scipy import sparse

from graphemb import _product, _spmm
from graphemb._product import Product


@pytest.fixture(params=_spmm.VARIANTS)
def variant(request, monkeypatch):
    """Runs the test with each instruction set of this machine."""
    monkeypatch.setattr(_product, "VARIANT", _spmm.VARIANTS[request.param])


def matrix(n_rows, n_columns, dtype, seed=0):
    rng = np.random.default_rng(seed)
    A = np.where(rng.random((n_rows, n_columns)) < 0.2, rng.standard_normal((n_rows, n_columns)), 0)
    A[n_rows // 2] = 0  # an empty row
    return A.astype(dtype)


@pytest.mark.parametrize("width", [1, 3, 8, 15, 16, 17, 24, 31, 32, 43, 64, 127])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_product_equals_its_twin(dtype, width, variant):
    A = matrix(23, 31, dtype)
    X = np.random.default_rng(1).standard_normal((31, width)).astype(dtype)
    out = Product(sparse.csr_array(A), dtype)(X)
    assert out.dtype == dtype and out.shape == (23, width)
    np.testing.assert_allclose(out, reference.multiply(A, X), atol=50 * np.finfo(dtype).eps)


@pytest.mark.parametrize("width", [1, 7, 8, 16, 29, 64, 100])
def test_step_of_a_recurrence_equals_its_twin(width, variant):
    A = matrix(23, 23, np.float32)
    X, R, out = np.random.default_rng(1).standard_normal((3, 23, width)).astype(np.float32)
    expected = 0.7 * (reference.multiply(A, X) + R) - 1.3 * X + 0.4 * out
    given = X.copy(), R.copy()
    Product(sparse.csr_array(A), np.float32).recur(X, R, 0.7, -1.3, 0.4, out)
    np.testing.assert_allclose(out, expected, atol=2e-5)
    assert (given[0] == X).all() and (given[1] == R).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_and_pieces_do_not_show(dtype, monkeypatch):
    A = sparse.csr_array(matrix(200, 200, dtype))
    X, R = np.random.default_rng(1).standard_normal((2, 200, 20)).astype(dtype)
    one = Product(A, dtype)(X)
    monkeypatch.setattr(_product, "CHUNK", 5000)
    many = Product(A, dtype, n_jobs=3)
    pieces = many._pieces(20)
    assert len(pieces) > 10
    assert [start for start, _ in pieces] == [0, *(stop for _, stop in pieces[:-1])] and pieces[-1][1] == 200
    assert many(X).tobytes() == one.tobytes()
    if dtype == np.float32:
        out, same = R.copy(), R.copy()
        many.recur(X, R, 0.5, 0.2, 0.1, out)
        monkeypatch.undo()
        Product(A, dtype).recur(X, R, 0.5, 0.2, 0.1, same)
        assert out.tobytes() == same.tobytes()


@pytest.mark.parametrize("shape", [(0, 0), (4, 0), (0, 4), (3, 4)])
def test_matrices_without_entries(shape):
    X = np.ones((shape[1], 5), np.float32)
    assert (Product(sparse.csr_array(shape), np.float32)(X) == np.zeros((shape[0], 5))).all()


def test_one_row_of_all_entries_is_not_cut():
    A = sparse.csr_array(np.r_[np.ones((1, 300)), np.zeros((5, 300))])
    out = Product(A, np.float64, n_jobs=4)(np.ones((300, 2)))
    assert out.tolist() == [[300, 300]] + 5 * [[0, 0]]


def test_an_instruction_set_that_is_not_there_is_refused():
    A = Product(sparse.csr_array(matrix(3, 3, np.float32)), np.float32)
    X = np.ones((3, 2), np.float32)
    with pytest.raises(ValueError, match=r"variant must be one of .*baseline.*; got 7"):
        A.multiply(*A.arrays, X, 0, 3, 7, X.copy())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_vectors_at_all(dtype):
    A = sparse.csr_array(np.eye(3))
    assert Product(A, dtype)(np.empty((3, 0))).shape == (3, 0)
