"""Graphs and tables of other libraries, known by their attributes: none is imported."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import chain, repeat
from operator import methodcaller
from typing import Any

import numpy as np
from scipy import sparse

from graphemb.adjacency import checked_weights, edge_at, own_csr
from graphemb.labels import Labels, has_nan


def is_networkx(X: Any) -> bool:
    # An object of a class of NetworkX exists only where NetworkX has been imported.
    """Whether X is a graph of NetworkX, or of a class derived from one."""
    nx = sys.modules.get("networkx")
    return nx is not None and isinstance(X, nx.Graph)


def is_igraph(X: Any) -> bool:
    """Whether X has what python-igraph's graphs have."""
    return all(hasattr(X, name) for name in ("vs", "es", "get_edgelist", "vcount"))


def is_pyg(X: Any) -> bool:
    """Whether X has what PyTorch Geometric's `Data` has."""
    return hasattr(X, "edge_index") and hasattr(X, "num_nodes")


def is_dgl(X: Any) -> bool:
    """Whether X has what DGL's graphs have."""
    return all(hasattr(X, name) for name in ("ntypes", "etypes", "num_nodes", "edges", "edata"))


def read_networkx(G: Any, weight: str | None) -> tuple[sparse.csr_array, Labels]:
    """Adjacency of a NetworkX graph, read in C loops over its dicts."""
    labels = Labels(G)
    rows = list(map(G._adj.__getitem__, labels.nodes))
    if set(map(type, rows)) - {dict}:  # a view, or a class of another make
        rows = [dict(row.items()) for row in rows]
    indptr = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, rows), np.int64, len(rows)), out=indptr[1:])
    ends: Iterable[Any] = chain.from_iterable(rows)
    if not isinstance(labels.nodes, range):
        ends = map(labels.by_label.__getitem__, ends)
    indices = np.fromiter(ends, np.int32, int(indptr[-1]))
    values = methodcaller("values")
    attributes: Iterable[Any] = chain.from_iterable(map(values, rows))
    if G.is_multigraph():
        keys = list(attributes)  # {key: attributes} of each pair
        n_parallel = np.fromiter(map(len, keys), np.int64, len(keys))
        indices = np.repeat(indices, n_parallel)
        indptr = np.concatenate([[0], np.cumsum(n_parallel)])[indptr]
        attributes = chain.from_iterable(map(values, keys))
    if weight is None or not any(held := list(attributes)):
        data = np.ones(len(indices), dtype=np.float32)
    else:
        found = (map(dict.get, held, repeat(weight), repeat(1)) if set(map(type, held)) == {dict}
                 else map(methodcaller("get", weight, 1), held))
        data = checked_weights("weight", found, len(indices), edge_at(indptr, indices, labels.nodes))
    n = len(rows)
    return own_csr(indptr, indices, data, (n, n)), labels


def as_array(x: Any) -> np.ndarray:
    """A torch tensor, on any device, or whatever else NumPy reads, as an ndarray."""
    return np.asarray(x.detach().cpu() if hasattr(x, "detach") else x)


def frame_labels(df: Any) -> list[Any]:
    """The labels of a square DataFrame: its index, which the columns must repeat."""
    index, columns = list(df.index), list(df.columns)
    if index != columns and len(index) == len(columns) and set(index) == set(columns):
        raise ValueError("The DataFrame's columns are the labels of its index in another order; a square "
                         "table must have both in one order: pass df[df.index].")
    return index


def column(df: Any, name: Any) -> np.ndarray:
    """A column of a table as an ndarray, or KeyError; ValueError if a cell is null."""
    if hasattr(df, "fetchnumpy") and hasattr(df, "columns"):  # a relation of DuckDB
        names = list(df.columns)
        if name not in names:
            raise KeyError(f"the table has no column {name!r}; it has {', '.join(map(repr, names))}.")
        df = {key: np.array(values.tolist(), dtype=object) if np.ma.is_masked(values) else np.asarray(values)
              for key, values in df.fetchnumpy().items()}
    try:
        column = df[name]
    except Exception as err:  # each library has its own class for this
        known = list(getattr(df, "columns", df) if not hasattr(df, "column_names") else df.column_names)
        raise KeyError(f"the table has no column {name!r}; it has {', '.join(map(repr, known))}.") from err
    array = column if isinstance(column, np.ndarray) else np.empty(0)
    if hasattr(column, "__array__"):
        array = np.asarray(column)
    elif hasattr(column, "to_numpy"):
        array = column.to_numpy()
    else:
        array = np.fromiter(column, dtype=object)
    if array.dtype.kind == "f":
        null = np.isnan(array)
    elif array.dtype.kind in "mM":
        null = np.isnat(array)
    elif array.dtype.kind == "O":
        null = np.fromiter((x is None or has_nan(x) for x in array), bool,
                           len(array))
    else:
        null = np.zeros(0, dtype=bool)
    if null.any():
        raise ValueError(f"column {name!r} is null in row {int(np.argmax(null))} ({int(null.sum())} nulls in "
                         "all); drop or fill such rows first.")
    return array
