"""More than 2**31 arcs, and matrices of more than 2**31 numbers: the kernels' index arithmetic.

A small graph stands behind 2**31 arcs, or its nodes behind so many rows, that nobody reads. The arrays are address
space of which only the pages in use take memory; what comes out is what comes out of the small graph by itself.
"""
import mmap
import sys

import numpy as np
import pytest
from scipy import sparse

from graphemb import Graph, _sgns, _spmm, _walks, skipgram
from graphemb._parallel import Team

FAR = 2**31 + 12_345
N = 200
KEY = 77
VECTORS = [False, pytest.param(True, marks=pytest.mark.skipif(not _walks.HAS_VECTORS, reason="no AVX-512 here"))]


def room(shape, dtype):
    """Zeros, of which no page is there before it is written to; not counted as memory promised."""
    if not sys.platform.startswith("linux"):
        pytest.skip("address space without memory is asked for as Linux does it")
    count, no_reserve = int(np.prod(shape)), 0x4000
    try:
        space = mmap.mmap(-1, count * np.dtype(dtype).itemsize,
                          flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | no_reserve)
    except OSError as error:
        pytest.skip(f"no address space: {error}")
    return np.frombuffer(space, dtype, count).reshape(shape)


def moved(array, by, scale=1):
    """The array behind `by * scale` rows of nothing."""
    far = room((by * scale + len(array), *array.shape[1:]), array.dtype)
    far[by * scale:] = array
    return far


@pytest.fixture(scope="module")
def graph():
    rng = np.random.default_rng(0)
    src, dst = rng.integers(0, N - 5, (2, 900))  # the last five are isolated
    return Graph.from_edges(src, dst, rng.choice([0.5, 1.0, 4.0], 900), nodes=range(N))


def walked(kernel, *arguments):
    """The walks a kernel makes, five from each node."""
    starts = np.tile(np.arange(N, dtype=np.int32), 5)
    walks = np.empty((len(starts), 12), np.int32)
    return kernel(*arguments, KEY, np.arange(len(starts)), starts, walks), walks


def equal(far, near):
    assert far[0] == near[0]
    np.testing.assert_array_equal(far[1], near[1])


@pytest.mark.parametrize("vectors", VECTORS)
@pytest.mark.parametrize("weighted", [False, True])
def test_arcs_behind_2_31_others(graph, weighted, vectors):
    """Alias tables are made there, and read; walks of first order, with restart, of second order."""
    near = [np.asarray(graph.indptr), graph.indices, np.empty((0, 3), np.uint32)]
    far = [near[0] + FAR, moved(graph.indices, FAR), near[2]]
    if weighted:
        strength = np.empty((2, N, 2))
        near[2], far[2] = np.empty((len(graph.indices), 3), np.uint32), room((FAR + len(graph.indices), 3), np.uint32)
        for k, (indptr, indices, table), weights in ((0, near, graph.weights), (1, far, moved(graph.weights, FAR))):
            scaled, stack = np.empty(N), np.empty(N, np.int32)
            _walks.alias_tables(indptr, indices, weights, 0, N, scaled, stack, table, strength[k])
        np.testing.assert_array_equal(far[2][FAR:], near[2])
        np.testing.assert_array_equal(strength[1], strength[0])
    first = _walks.first_order_vector if vectors else _walks.first_order
    equal(walked(first, *far), walked(first, *near))
    if not vectors:
        equal(walked(_walks.restart_ends, *far, 0.85), walked(_walks.restart_ends, *near, 0.85))
    slots = [np.empty(2 * len(graph.indices), np.int32), room(2 * (FAR + len(graph.indices)), np.int32)]
    for (indptr, indices, _), table in zip((near, far), slots, strict=True):
        _walks.arc_hash(indptr, indices, 0, N, table)
    np.testing.assert_array_equal(slots[1][2 * FAR:], slots[0])
    none, no_bits = np.empty(0, np.int32), np.empty((0, 0), np.uint32)
    for hashed in (True, False):
        if vectors and weighted:
            continue
        results = []
        for (indptr, indices, table), by_hash, k in ((far, slots[1], 1), (near, slots[0], 0)):
            tests = (by_hash if hashed else none, no_bits)
            if vectors:
                results.append(walked(_walks.second_order_vector, indptr, indices, *tests, True, 0.25, 4.0))
                continue
            weights = np.empty(0, np.float32) if not weighted else moved(graph.weights, FAR) if k else graph.weights
            results.append(walked(_walks.second_order, indptr, indices, weights, table,
                                  strength[k] if weighted else np.empty((0, 2)), *tests, np.empty(0), True, 0.25, 4.0))
        equal(*results)


@pytest.mark.parametrize("vectors", VECTORS)
def test_nodes_behind_2_31_words_of_the_bit_map(graph, vectors):
    many = 2**18
    n = many + N
    results = []
    for by in (many, 0):
        indptr = np.concatenate([np.zeros(by, np.int64), graph.indptr])
        indices = (graph.indices + np.int32(by)).astype(np.int32)
        bits = room((by + N, -(-n // 32)), np.uint32)
        assert not by or bits.size > 2**31
        _walks.arc_bitmap(indptr, indices, by, by + N, bits)
        starts = np.tile(np.arange(by, by + N, dtype=np.int32), 5)
        walks = np.empty((len(starts), 12), np.int32)
        slots, ids = np.empty(0, np.int32), np.arange(len(starts))
        if vectors:
            said = _walks.second_order_vector(indptr, indices, slots, bits, False, 2.0, 0.5, KEY, ids, starts, walks)
        else:
            said = _walks.second_order(indptr, indices, np.empty(0, np.float32), np.empty((0, 3), np.uint32),
                                       np.empty((0, 2)), slots, bits, np.empty(0), False, 2.0, 0.5, KEY, ids, starts,
                                       walks)
        results.append((said, np.where(walks < 0, walks, walks - by)))
    equal(*results)


@pytest.mark.parametrize("variant", sorted(_spmm.VARIANTS))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_over_rows_behind_2_31_numbers(graph, dtype, variant):
    variant = _spmm.VARIANTS[variant]
    many, width = 2**27 + 5, 17
    A = graph.to_scipy().astype(dtype)
    X, R, out = np.random.default_rng(1).standard_normal((3, N, width)).astype(dtype)
    indptr = moved(A.indptr.astype(np.int64) + FAR, many)
    indices, values = moved((A.indices + many).astype(np.int32), FAR), moved(A.data, FAR)
    far_X, far_out = moved(X, many), room((many + N, width), dtype)
    assert far_X.size > 2**31
    multiply = _spmm.multiply_float if dtype == np.float32 else _spmm.multiply_double
    multiply(indptr, indices, values, far_X, many, many + N, variant, far_out)
    np.testing.assert_allclose(far_out[many:], A @ X, rtol=1e-4, atol=1e-4)
    if dtype == np.float32:
        far_out[many:] = out
        _spmm.recur(indptr, indices, values, far_X, moved(R, many), 0.5, 0.25, -1.0, many, many + N,
                    variant, np.empty(width, np.float32), far_out)
        np.testing.assert_allclose(far_out[many:], 0.5 * (A @ X + R) + 0.25 * X - out, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("variant", sorted(_sgns.VARIANTS))
@pytest.mark.parametrize("part, n_threads, damped", [(0, 1, False), (50, 1, False), (50, 2, True)])
def test_vectors_behind_2_31_numbers(variant, part, n_threads, damped):
    many, d, window, n_negative = 2**22, 513, 4, 5  # a power of two: hashes of two nodes are equal there as here
    stride = -(-d // _sgns.LANES) * _sgns.LANES
    rng = np.random.default_rng(2)
    walks, noise = rng.integers(0, N, (30, 20)).astype(np.int32), rng.integers(0, N, 1024).astype(np.int32)
    start = rng.standard_normal((2, N, stride)).astype(np.float32) / stride
    scale = rng.uniform(0.2, 1.0, (2, N)).astype(np.float32)
    rows, listed, floats, nodes = _sgns.scratch_sizes(window, n_negative, walks.shape[1], part, n_threads)
    n_parts = 3 if part else 1

    def trained_behind(by):
        matrices = [moved(matrix, by) for matrix in start]
        assert not by or matrices[0].size > 2**31
        damping = np.concatenate([np.ones((2, by), np.float32), scale], axis=1) if damped else skipgram.NO_DAMPING
        meeting, lists = np.empty(_sgns.MEETING, np.int64), np.empty((n_parts, listed), np.int32)
        changes = np.empty((n_parts, rows, stride), np.float32)
        _sgns.open_meeting(meeting, 100)
        totals = np.zeros((n_parts, 4))
        with Team(n_threads) as team:
            team.run(lambda t: _sgns.train(
                walks + np.int32(by), np.arange(30), np.full(30, 0.025, np.float32), noise + np.int32(by), damping,
                window, n_negative, 0, False, KEY, _sgns.VARIANTS[variant], part, t, n_threads, meeting,
                changes, lists, np.empty(floats, np.float32), np.empty(nodes, np.int32), *matrices, totals))
        return [*(matrix[by:].tobytes() for matrix in matrices), totals.sum(axis=0).tolist()]

    far, near = trained_behind(many), trained_behind(0)
    assert [a == b for a, b in zip(far, near, strict=True)] == [True, True, True]
    assert (near[0] == start[0].tobytes()) is False


def test_more_nodes_than_numbers_for_them_are_refused():
    A = sparse.coo_array(([1.0], ([0], [1])), shape=(2**31, 2**31))
    with pytest.raises(ValueError, match=r"has 2147483648 rows or columns; at most 2\*\*31-1 = 2147483647 nodes"):
        Graph.from_scipy(A)
    with pytest.raises(ValueError, match=r"has 2147483648 nodes; at most 2\*\*31-1 = 2147483647"):
        Graph.from_edges([0], [1], nodes=range(2**31))
