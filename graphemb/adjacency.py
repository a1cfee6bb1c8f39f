"""Adjacency matrices: weights and indices checked, put into the form that a Graph keeps."""

from __future__ import annotations

import numbers
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

import numpy as np
from scipy import sparse

from graphemb._parallel import interruptible
from graphemb.labels import MAX_NODES, Labels, labels_for

_ROUNDING = 2.0**-22  # relative; two units in the last place of float32
Edge = Callable[[int], tuple[Any, Any]]  # position of a weight -> the labels of its edge


def edge_at(indptr: np.ndarray, indices: np.ndarray, nodes: Sequence[Any]) -> Edge:
    """A function from the position of an entry in compressed rows to the labels of its edge."""
    def edge(k: int) -> tuple[Any, Any]:
        return nodes[int(np.searchsorted(indptr, k, side="right")) - 1], nodes[int(indices[k])]

    return edge


def checked_weights(name: str, values: Any, n: int, edge: Edge) -> np.ndarray:
    """Weights as checked floats, shape (n,): float32 stays, all else becomes float64."""
    if isinstance(values, (str, bytes)) or np.ma.isMaskedArray(values) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must hold one number an edge; got {values!r}.")
    if hasattr(values, "__array__"):
        array = np.asarray(values)
        if array.ndim != 1:
            raise ValueError(f"{name} must be 1-D; got an array of shape {array.shape}.")
        values = array
    else:
        values = list(values)
        array = np.empty(0, dtype=object)
    if len(values) != n:
        raise ValueError(f"{name} must have one value for each of the {n} edges; got {len(values)}.")
    if array.dtype.kind not in "biuf":
        array = _from_objects(values, edge)
    array = array if array.dtype == np.float32 else array.astype(np.float64)
    check_weights(array, edge)
    return array


def _from_objects(values: Sequence[Any], edge: Edge) -> np.ndarray:
    """Python numbers as float64; numpy would take the string "3" for one."""
    wrong = {kind for kind in set(map(type, values)) if not issubclass(kind, (numbers.Real, np.bool_))}
    if wrong:
        k = next(k for k, value in enumerate(values) if type(value) in wrong)
        raise TypeError(f"Edge {pair(edge(k))} has weight {values[k]!r} of type {type(values[k]).__name__}; "
                        "a weight must be a real number. Convert it, or pass weight=None.")
    try:
        return np.fromiter(values, np.float64, len(values))
    except OverflowError:
        k = next(k for k, value in enumerate(values) if abs(value) > sys.float_info.max)
        raise ValueError(f"Edge {pair(edge(k))} has a weight beyond {sys.float_info.max}; rescale the "
                         "weights.") from None


def check_weights(values: np.ndarray, edge: Edge) -> None:
    """Raise for the first weight that is NaN, infinite or negative."""
    if values.size == 0 or (values.min() >= 0 and values.max() < np.inf):
        return
    k = int(np.argmin(np.isfinite(values) & (values >= 0)))
    where, value = pair(edge(k)), float(values[k])
    if np.isnan(value):
        raise ValueError(f"Input contains NaN: edge {where} has weight nan; drop it or pass weight=None.")
    if np.isinf(value):
        raise ValueError(f"Input contains infinity: edge {where} has weight {value}; drop it or pass "
                         "weight=None.")
    raise ValueError(f"Negative values in data: edge {where} has weight {value}; weights must be >= 0. Drop "
                     "it, take absolute values, or pass weight=None.")


def pair(edge: tuple[Any, Any]) -> str:
    """An edge as messages show it."""
    return f"({edge[0]!r}, {edge[1]!r})"


def read_sparse(A: Any, nodes: Iterable[Any] | None,
                 weighted: bool = True) -> tuple[sparse.csr_array, Labels]:
    """A checked CSR copy of a sparse matrix, and its labels. Not `weighted`: every entry counts 1."""
    if A.ndim != 2:
        raise ValueError(f"A must be a 2-D matrix; got shape {A.shape}.")
    if A.dtype.kind not in "biuf":
        raise ValueError(f"A must hold real numbers; got dtype {A.dtype}. Complex data not supported.")
    n_rows, n_columns = A.shape
    if max(A.shape) > MAX_NODES:  # before any array of that length is made
        raise ValueError(f"The matrix has {max(A.shape)} rows or columns; at most 2**31-1 = {MAX_NODES} nodes fit the "
                         "32-bit node indices. Split the graph, or drop nodes.")
    check_sparse(A)
    if A.format != "csr":
        # Before the conversion, which may sum duplicates: int8 would wrap, and True + True is True.
        A = interruptible(lambda: A.astype(np.float64).tocsr())
        check_sparse(A)  # of the other formats, whose columns nobody has looked at
    nnz = int(A.indptr[-1])
    indptr, indices, data = np.asarray(A.indptr), np.asarray(A.indices)[:nnz], np.asarray(A.data)[:nnz]
    if not weighted:
        data = np.ones(nnz, dtype=np.float32)
    labels = None if nodes is None else Labels(nodes)
    named = labels is not None and len(labels) == n_rows == n_columns
    check_weights(data, edge_at(indptr, indices, labels.nodes if labels and named else range(max(A.shape))))
    if n_rows != n_columns:
        raise ValueError(f"An adjacency matrix must be square; got shape {A.shape}. For a bipartite graph "
                         "pass scipy.sparse.block_array([[None, A], [A.T, None]]); for a list of edges see "
                         "Graph.from_edges.")
    return own_csr(indptr, indices, data, A.shape), labels_for(n_rows, labels)


def check_kind(X: Any) -> None:
    """Raise TypeError unless a matrix holds real numbers; scikit-learn's own check lets dates pass."""
    if X.dtype.kind not in "biuf":
        raise TypeError(f"X must hold real numbers; got dtype {X.dtype}. Convert it with X.astype(float).")


def check_sparse(A: Any) -> None:
    """Raise ValueError if an index array of a sparse matrix points out of it, where SciPy's own code would read."""
    n_rows, n_columns = A.shape
    if A.format in ("csr", "csc", "bsr"):
        sizes = (n_columns, n_rows) if A.format == "csc" else (n_rows, n_columns)
        if A.format == "bsr":
            sizes = (n_rows // A.blocksize[0], n_columns // A.blocksize[1])
        check_compressed(check_integers("indptr", A.indptr), check_integers("indices", A.indices), *sizes,
                          n_values=len(A.data))
    elif A.format == "coo":
        for name, ends, size in (("row", A.row, n_rows), ("column", A.col, n_columns)):
            if len(ends) and not (ends.min() >= 0 and ends.max() < size):
                raise ValueError(f"{name} numbers must be in [0, {size}); got {ends.min()} to {ends.max()}.")


def check_integers(name: str, values: Any) -> np.ndarray:
    """`values` as a 1-D integer array, or ValueError."""
    array = np.asarray(values)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        raise ValueError(f"{name} must be integers and 1-D; got {array.dtype} of shape {array.shape}.")
    return array


def check_compressed(indptr: np.ndarray, indices: np.ndarray, n: int, n_minor: int,
                      n_values: int | None = None) -> None:
    """Raise unless `indptr` and `indices` are compressed rows: `n` of them, with indices below `n_minor`."""
    if n > MAX_NODES:
        raise ValueError(f"The graph has {n} nodes; at most 2**31-1 = {MAX_NODES} fit the 32-bit node indices. Split "
                         "it, or drop nodes.")
    if n < 0 or len(indptr) != n + 1 or indptr[0] != 0:
        raise ValueError("indptr must have one number more than there are rows "
                         f"({max(n, 0)}) and begin with 0; got {len(indptr)} numbers"
                         f"{f', the first {indptr[0]}' if len(indptr) else ''}.")
    if (indptr[1:] < indptr[:-1]).any():
        row = int(np.argmax(indptr[1:] < indptr[:-1]))
        raise ValueError(f"indptr must not decrease; it falls from {indptr[row]} to {indptr[row + 1]} "
                         f"at row {row}.")
    n_values = len(indices) if n_values is None else n_values
    if indptr[-1] > len(indices) or n_values != len(indices):
        raise ValueError(f"indptr ends with {indptr[-1]}, but there are {len(indices)} indices and "
                         f"{n_values} values; rebuild the matrix from its row and column numbers.")
    used = indices[:indptr[-1]]  # SciPy lets room be behind them, with anything in it
    if len(used) and not (used.min() >= 0 and used.max() < n_minor):
        k = int(np.argmax((used < 0) | (used >= n_minor)))
        raise ValueError(f"indices must be in [0, {n_minor}); indices[{k}] is {indices[k]}.")


def own_csr(indptr: np.ndarray, indices: np.ndarray, data: np.ndarray,
             shape: tuple[int, int]) -> sparse.csr_array:
    """A fresh CSR array: rows sorted, duplicates summed in float64; nothing shared with the arguments."""
    data = np.array(data, dtype=np.float32 if data.dtype == np.float32 else np.float64)
    wide = np.int64 if len(indices) > MAX_NODES else np.int32
    matrix = sparse.csr_array((data, np.array(indices, wide), np.array(indptr, wide)), shape=shape)
    return interruptible(lambda: _canonical(matrix))


def _canonical(matrix: sparse.csr_array) -> sparse.csr_array:
    if not matrix.has_canonical_format:
        matrix.sort_indices()
        if not matrix.has_canonical_format:
            matrix = matrix.astype(np.float64)
            matrix.sum_duplicates()
    return matrix


def from_pairs(i: np.ndarray, j: np.ndarray, data: np.ndarray, n: int, directed: bool) -> sparse.csr_array:
    """A canonical CSR array from the row numbers of the ends of every edge, parallel edges summed in float64.

    Not `directed`: with each edge in both directions, of the same bits, a self-loop once.
    """
    if not directed:
        i, j = np.minimum(i, j), np.maximum(i, j)
        off = slice(None) if (ends_differ := i != j).all() else ends_differ
        i, j = np.concatenate([i, j[off]]), np.concatenate([j, i[off]])
        data = np.concatenate([data, data[off]])
    flipped = sparse.coo_array((data, (j, i)), shape=(n, n))
    flipped.has_canonical_format = True  # so that duplicates stay, to be summed once rows are sorted
    # Turned over twice, by counting: that sorts each row, and keeps the order of parallel edges in both directions.
    columns = flipped.tocsr().tocsc()
    del flipped, data, i, j
    matrix = sparse.csr_array((columns.data, columns.indices, columns.indptr), shape=(n, n))
    matrix.has_sorted_indices = True
    if not matrix.has_canonical_format:
        matrix = matrix.astype(np.float64)
        matrix.has_sorted_indices, matrix.has_canonical_format = True, False
        matrix.sum_duplicates()
    return matrix


def graph_fields(matrix: sparse.csr_array, labels: Labels, directed: bool | None, *,
              symmetric: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, Labels, bool]:
    """The fields of a Graph from a canonical matrix that it may take over."""
    matrix, zeros = _without_zeros(matrix)
    if not directed and not symmetric:
        difference = interruptible(lambda: asymmetry(matrix.indptr, matrix.indices, matrix.data))
        if difference > _ROUNDING:
            if directed is False:
                _raise_asymmetric(matrix, labels)
            directed = True
        elif difference > 0:
            matrix = interruptible(lambda: (0.5 * (matrix + matrix.T)).tocsr())
    if len(zeros):
        count = len(zeros) if directed else len(np.unique(np.sort(zeros, axis=1), axis=0))
        warnings.warn(f"{count} edge{'s' if count > 1 else ''} of weight 0 dropped, the first between "
                      f"{labels.nodes[zeros[0, 0]]!r} and {labels.nodes[zeros[0, 1]]!r}; the nodes stay.",
                      stacklevel=4)
    with np.errstate(over="ignore", under="ignore"):
        weights = matrix.data.astype(np.float32, copy=False)
    bad = np.isinf(weights) | (weights == 0)
    if bad.any():
        k = int(np.argmax(bad))
        where = pair(edge_at(matrix.indptr, matrix.indices, labels.nodes)(k))
        raise ValueError(f"Edge {where} has weight {matrix.data[k]}, which is {weights[k]} in float32; "
                         "weights must be within [1.4e-45, 3.4e38]. Rescale them.")
    return (matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32, copy=False),
            None if (weights == 1).all() else weights, labels, bool(directed))


def _without_zeros(matrix: sparse.csr_array) -> tuple[sparse.csr_array, np.ndarray]:
    """The matrix without stored zeros, and the (row, column) of each, shape (n_zeros, 2)."""
    if matrix.data.all():
        return matrix, np.empty((0, 2), dtype=np.int64)
    where = matrix.tocoo()
    zero = where.data == 0
    zeros = np.stack([where.row[zero], where.col[zero]], axis=1)
    matrix.eliminate_zeros()
    return matrix, zeros


def check_canonical(indptr: np.ndarray, indices: np.ndarray) -> None:
    """Raise ValueError unless each row is sorted, without duplicates."""
    rising = np.ones(len(indices) + 1, dtype=bool)
    rising[1:-1] = indices[1:] > indices[:-1]
    rising[indptr] = True  # where a row begins anything goes
    if not rising.all() or indptr[-1] != len(indices):
        raise ValueError("indices must be sorted in each row, without duplicates")


def asymmetry(indptr: np.ndarray, indices: np.ndarray, data: np.ndarray | None,
               block: int = 2**22) -> float:
    """Largest relative difference of a canonical matrix from its transpose; inf if a mirror entry is missing.

    Taken a block of rows at a time: transposing all at once would double the memory. The transposed block
    lists, for each node j, the rows i of the block that point to j, in rising order; in a symmetric matrix
    these are the next entries of row j itself.
    """
    n, worst = len(indptr) - 1, 0.0
    cursor = np.asarray(indptr[:-1]).astype(np.int64)
    block = max(n, block)  # entries; fewer than n would make the transposition itself the cost
    start = 0
    while start < n:
        stop = max(start + 1, int(np.searchsorted(indptr, indptr[start] + block, side="right")) - 1)
        low, high = int(indptr[start]), int(indptr[stop])
        values = np.arange(low, high)  # carries each entry's position through the transposition
        part = sparse.csr_array((values, indices[low:high], indptr[start:stop + 1] - indptr[start]),
                                shape=(stop - start, n)).tocsc()
        counts = np.diff(part.indptr)
        if (cursor + counts > indptr[1:]).any():
            return np.inf
        mirror = np.repeat(cursor - part.indptr[:-1], counts) + np.arange(high - low)
        if (indices[mirror] != part.indices + start).any():
            return np.inf
        if data is not None and high > low:
            one, other = data[mirror].astype(np.float64), data[part.data].astype(np.float64)
            worst = max(worst, float(np.max(np.abs(one - other) / np.maximum(one, other))))
        cursor += counts
        start = stop
    return worst


def _raise_asymmetric(matrix: sparse.csr_array, labels: Labels) -> NoReturn:
    transposed = matrix.T.tocsr()
    difference = (abs(matrix - transposed) > _ROUNDING * matrix.maximum(transposed)).tocoo()
    k = np.lexsort((difference.col, difference.row))[0]
    i, j = int(difference.row[k]), int(difference.col[k])
    raise ValueError(f"directed=False needs a symmetric matrix; {pair((labels.nodes[i], labels.nodes[j]))} "
                     f"has weight {float(matrix[i, j])}, its reverse {float(matrix[j, i])}. "
                     "Pass directed=True, or A + A.T.")
