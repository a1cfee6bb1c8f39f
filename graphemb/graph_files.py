"""Graphs from files: edge lists, Matrix Market, METIS, SciPy's npz, GraphML, GML, Parquet."""

from __future__ import annotations

import csv
import itertools
import os
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from graphemb.io import BROKEN, PathLike, floats, ints_or_strings, is_number, open_lines, pyarrow_parquet

FORMATS = {
    ".csv": "edges", ".tsv": "edges", ".txt": "edges", ".edges": "edges", ".edgelist": "edges",
    ".dat": "edges", ".ncol": "edges", ".mtx": "matrix_market", ".npz": "npz", ".graphml": "graphml",
    ".gml": "gml", ".metis": "metis", ".graph": "metis", ".parquet": "parquet", ".safetensors": "safetensors",
}
_HEADERS = {"source", "src", "from", "u", "node1", "head", "fromnodeid", "target", "dst", "to", "v", "node2",
            "tail", "tonodeid"}
_CHUNK = 100_000  # lines held as Python strings at once


def format_of(path: PathLike, given: str | None = None) -> str:
    """The format of a graph file: `given`, or what the suffix says (a final .gz aside).

    Raises
    ------
    ValueError
        If the suffix is unknown or `given` is no format.
    """
    if given is not None:
        if given not in FORMATS.values():
            known = ", ".join(sorted(set(FORMATS.values())))
            raise ValueError(f"format must be one of {known}; got {given!r}.")
        return given
    name = os.fspath(path).lower().removesuffix(".gz")
    suffix = os.path.splitext(name)[1]
    if suffix not in FORMATS:
        raise ValueError(f"{os.fspath(path)}: cannot tell the format from the suffix {suffix!r}; known are "
                         f"{', '.join(FORMATS)}, each also with .gz where it is text. Pass format=.")
    return FORMATS[suffix]


def read_edges(path: PathLike, *, delimiter: str | None = None, header: bool | None = None,
               columns: Sequence[int | str] | None = None
               ) -> tuple[np.ndarray | list[Any], np.ndarray | list[Any], np.ndarray | None]:
    """Read a text file with an edge a line; `Graph.read` states the rules.

    Returns
    -------
    src, dst : int64 ndarray of shape (n_edges,), or list
        Ints if every label in both columns is written as one, else str.
    weight : float64 ndarray of shape (n_edges,), or None

    Raises
    ------
    ValueError
        If a line is malformed; file and line are named.
    """
    name = os.fspath(path)
    labels: list[Any] = []
    ends: list[Any]
    weights: list[np.ndarray] = []
    pick: list[int] = []
    width = seen = 0
    with open_lines(path) as stream:
        while chunk := list(itertools.islice(stream, _CHUNK)):
            kept = [k for k, line in enumerate(chunk, seen + 1)
                    if line[0] not in "#%" and not line.isspace()]
            lines = [chunk[k - seen - 1] for k in kept]
            seen += len(chunk)
            if not lines:
                continue
            delimiter = delimiter or _delimiter(name, lines[0])
            rows = _split(name, lines, kept, delimiter)
            if not width:
                width = len(rows[0])
                pick = _columns(name, kept[0], rows[0], columns)
                if header is None and not _are_names(columns):
                    header = _has_header(name, kept[0], [[row[c] for c in pick if c < len(row)]
                                                         for row in rows[:2]])
                if header or _are_names(columns):
                    del rows[0], kept[0]
                if not rows:
                    continue
            flat = _flatten(name, rows, kept, width)
            fields = [flat[pick[0]::width], flat[pick[1]::width]]
            for column in fields:
                if "" in column:
                    raise ValueError(f"{name}:{kept[column.index('')]}: a label is empty.")
            labels.append(ints_or_strings(fields))
            if len(pick) == 3:
                weights.append(floats(name, flat[pick[2]::width], kept))
    if not labels:
        raise ValueError(f"{name} holds no edges.")
    if any(type(part[0]) is list and part[0] and type(part[0][0]) is str for part in labels):
        labels = [[list(map(str, column)) for column in part] for part in labels]
    if all(isinstance(part[0], np.ndarray) for part in labels):
        ends = [np.concatenate([part[side] for part in labels]) for side in (0, 1)]
    else:
        ends = [[label for part in labels for label in list(part[side])] for side in (0, 1)]
    return ends[0], ends[1], np.concatenate(weights) if weights else None


def _delimiter(name: str, line: str) -> str:
    suffix = os.path.splitext(name.lower().removesuffix(".gz"))[1]
    if suffix in (".csv", ".tsv"):
        return "," if suffix == ".csv" else "\t"
    return next((mark for mark in "\t,;" if mark in line), " ")


def _split(name: str, lines: list[str], kept: list[int], delimiter: str) -> list[list[str]]:
    if delimiter == " ":
        return list(map(str.split, lines))
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        rows = list(reader)
    except csv.Error as err:
        raise ValueError(f"{name}:{kept[min(reader.line_num, len(kept)) - 1]}: {err}.") from None
    if len(rows) != len(lines):
        k = next((k for k, row in enumerate(rows) if any("\n" in field for field in row)), len(rows) - 1)
        raise ValueError(f"{name}:{kept[k]}: a quoted field goes on over the end of the line.")
    return rows


def _flatten(name: str, rows: list[list[str]], kept: list[int], width: int) -> list[str]:
    if set(map(len, rows)) - {width}:
        k = next(k for k, row in enumerate(rows) if len(row) != width)
        raise ValueError(f"{name}:{kept[k]}: {len(rows[k])} fields, where the first line has {width}.")
    return list(map(str.strip, itertools.chain.from_iterable(rows)))


def _is_int(text: str) -> bool:
    return bool(re.fullmatch(r"\s*-?\d+\s*", text, re.ASCII))


def _are_names(columns: Sequence[int | str] | None) -> bool:
    return columns is not None and any(isinstance(column, str) for column in columns)


def _has_header(name: str, line: int, rows: list[list[str]]) -> bool:
    first, then = rows[0], rows[-1]
    if len(first) > 1 and all(field.strip().lower() in _HEADERS for field in first[:2]):
        return True
    if len(rows) < 2 or len(first) < 2 or len(then) < 2:
        return False
    if (len(first) > 2 and len(then) > 2 and not is_number(first[2]) and is_number(then[2])
            and not any(map(_is_int, first[:2]))):
        return True
    if not any(map(_is_int, first[:2])) and all(map(_is_int, then[:2])):
        raise ValueError(f"{name}:{line}: {' '.join(first)!r} may be a header or an edge; pass "
                         "header=True or header=False.")
    return False


def _columns(name: str, line: int, first: list[str], columns: Sequence[int | str] | None) -> list[int]:
    """Positions of source, target and, if there is one, weight."""
    if columns is None:
        if len(first) not in (2, 3):
            raise ValueError(f"{name}:{line}: {len(first)} fields; an edge has a source, a target and at "
                             "most a weight. Choose with columns=(0, 1) or columns=(0, 1, 2), or set "
                             "delimiter=.")
        return list(range(len(first)))
    titles = [field.strip() for field in first]
    picked = [titles.index(c) if isinstance(c, str) and c in titles else c for c in columns]
    if len(picked) not in (2, 3) or not all(type(c) is int and 0 <= c < len(first) for c in picked):
        raise ValueError(f"{name}:{line}: columns must be two or three positions below {len(first)}, or "
                         f"names from the header {titles}; got {columns!r}.")
    return [int(c) for c in picked]


def read_matrix_market(path: PathLike) -> Any:
    """Read a Matrix Market file, gzipped or not, as a SciPy sparse array.

    Raises
    ------
    ValueError
        If the file is not valid Matrix Market.
    """
    from scipy import io as scipy_io  # here: it loads readers of many formats

    try:
        return sparse.coo_array(scipy_io.mmread(os.fspath(path)))
    except BROKEN as err:
        raise ValueError(f"{os.fspath(path)} is not a valid Matrix Market file: {err}") from err


def read_metis(path: PathLike) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Read a METIS graph file as compressed rows [1]_.

    Returns
    -------
    indptr : int64 ndarray of shape (n_nodes + 1,)
    indices : int64 ndarray of shape (2 * n_edges,)
        From 0, where the file counts from 1.
    weights : float64 ndarray of shape (2 * n_edges,), or None

    Raises
    ------
    ValueError
        If the file does not hold what its first line promises.

    References
    ----------
    .. [1] Karypis, "METIS manual", version 5.1.0, section 4.1.1.
    """
    name = os.fspath(path)
    with open_lines(path) as stream:
        numbered = [(k, line) for k, line in enumerate(stream, 1) if not line.startswith("%")]
    try:
        head = numbered[0][1].split()
        n, m = int(head[0]), int(head[1])
        flags = (head[2] if len(head) > 2 else "0").zfill(3)
        if len(flags) != 3 or set(flags) - set("01") or n < 1 or m < 0:
            raise ValueError
        skip = int(flags[0]) + int(flags[1]) * (int(head[3]) if len(head) > 3 else 1)
    except (IndexError, ValueError):
        raise ValueError(f"{name}: the first line must be 'n_nodes n_edges [fmt [ncon]]'.") from None
    body = numbered[1:]
    while len(body) > n and body[-1][1].isspace():
        body.pop()
    if len(body) != n:
        raise ValueError(f"{name}: {n} nodes promised, {len(body)} lines found (an isolated node has an "
                         "empty line).")
    step = 1 + int(flags[2])
    rows, weights = [], []
    for k, line in body:
        fields = line.split()[skip:]
        try:
            rows.append(np.array(list(map(int, fields[::step])), dtype=np.int64) - 1)
            if step == 2:
                weights.append(np.array(list(map(float, fields[1::2])), dtype=np.float64))
        except (ValueError, OverflowError):
            raise ValueError(f"{name}:{k}: not a list of numbers.") from None
        if len(fields) % step or (len(rows[-1]) and not 0 <= rows[-1].min() <= rows[-1].max() < n):
            raise ValueError(f"{name}:{k}: neighbours must be in 1..{n}"
                             f"{', each followed by its weight' if step == 2 else ''}.")
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    if indptr[-1] != 2 * m:
        raise ValueError(f"{name}: {m} edges promised, {indptr[-1]} entries found; each edge stands in two "
                         "lines.")
    return indptr, np.concatenate(rows), np.concatenate(weights) if weights else None


def read_sparse_npz(path: PathLike) -> Any:
    """Read what `scipy.sparse.save_npz` wrote; its index arrays are not checked.

    Raises
    ------
    ValueError
        If the file is truncated or corrupt.
    """
    try:
        return sparse.load_npz(os.fspath(path))
    except (*BROKEN, TypeError, AttributeError) as err:
        raise ValueError(f"{os.fspath(path)} is no valid sparse matrix: {err}") from err


def read_xml_or_gml(path: PathLike, kind: str) -> Any:
    """Read a GraphML or GML file with NetworkX.

    Raises
    ------
    ValueError
        If NetworkX cannot read the file.
    """
    import networkx as nx

    try:
        return nx.read_graphml(path) if kind == "graphml" else nx.read_gml(path)
    except (*BROKEN, nx.NetworkXException, SyntaxError, TypeError, AttributeError) as err:
        raise ValueError(f"{os.fspath(path)} is no {kind} file that NetworkX can read: {err}") from err


def read_parquet(path: PathLike, columns: Sequence[int | str] | None) -> Any:
    """Read two or three columns of a Parquet file as an Arrow table.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    ValueError
        If the file is not Parquet or its columns are not two or three.
    """
    name = os.fspath(path)
    parquet = pyarrow_parquet(name)
    try:
        table = parquet.read_table(name)
    except (OSError, ValueError) as err:  # pyarrow's own errors derive from these
        raise ValueError(f"{name} is not a valid Parquet file: {err}") from err
    picked = list(range(table.num_columns)) if columns is None else list(columns)
    if len(picked) not in (2, 3) or not all(
            c in table.column_names if isinstance(c, str) else 0 <= c < table.num_columns for c in picked):
        raise ValueError(f"{name}: columns must be two or three positions or names out of "
                         f"{table.column_names}; got {columns!r}.")
    return table.select(picked)
