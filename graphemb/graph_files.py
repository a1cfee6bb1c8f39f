"""Graphs from files other than edge lists: Matrix Market, METIS, SciPy's npz, GraphML, GML, Parquet, Arrow."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np
from scipy import sparse

from graphemb.io import BROKEN, PathLike, atomic_write, floats, name_of, open_bytes, open_lines, pyarrow_parquet

FORMATS = {
    ".csv": "edges", ".tsv": "edges", ".txt": "edges", ".edges": "edges", ".edgelist": "edges",
    ".dat": "edges", ".ncol": "edges", ".mtx": "matrix_market", ".npz": "npz", ".graphml": "graphml",
    ".gml": "gml", ".metis": "metis", ".graph": "metis", ".parquet": "parquet", ".arrow": "arrow", ".feather": "arrow",
    ".safetensors": "safetensors",
}

_BELIEVED = 2**22  # nodes that a file may claim whatever else it holds
_ISOLATED_AN_ENTRY = 64
_CHUNK = 100_000  # lines held as Python strings at once


def format_of(path: PathLike | BinaryIO, given: str | None = None) -> str:
    """The format of a graph file: `given`, or what the suffix says (a final .gz or .zst aside).

    Standard input ("-") and file objects without a known suffix are edge lists.

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
    name = name_of(path)
    suffix = os.path.splitext(name.lower().removesuffix(".gz").removesuffix(".zst"))[1]
    if suffix not in FORMATS:
        if name == "<stdin>" or hasattr(path, "read"):
            return "edges"
        raise ValueError(f"{name}: cannot tell the format from the suffix {suffix!r}; known are "
                         f"{', '.join(FORMATS)}, each also with .gz or .zst where it is text. Pass format=.")
    return FORMATS[suffix]


@contextlib.contextmanager
def _whole(path: PathLike | BinaryIO) -> Iterator[Any]:
    """A path as it is; the content of a stream or a packed file in memory, to be read anywhere in."""
    if hasattr(path, "read") or os.fspath(path) == "-" or name_of(path).lower().endswith((".gz", ".zst")):
        with open_bytes(path) as (_, file):
            yield BytesIO(file.read())
    else:
        yield os.fspath(path)


def read_matrix_market(path: PathLike | BinaryIO) -> sparse.coo_array:
    """Read a Matrix Market file [1]_, packed or not.

    Returns
    -------
    matrix : coo_array, dtype=float64
        The entries of the file in its order, those of a symmetric one mirrored.

    Raises
    ------
    ValueError
        If the file is not valid Matrix Market, or its numbers are complex.

    Notes
    -----
    Not by SciPy: its reader (of 1.12 to 1.17 at least) ends the interpreter on some malformed lines.

    References
    ----------
    .. [1] Boisvert, Pozo, Remington, "The Matrix Market exchange formats: initial design", NIST IR 5935, 1996.
    """
    name = name_of(path)
    with open_lines(path, "latin-1") as stream:  # comments are in any encoding, the rest is ASCII
        numbered = enumerate(stream, 1)
        head = next(numbered, (1, ""))[1].lower().split()
        if (len(head) != 5 or head[:2] != ["%%matrixmarket", "matrix"] or head[2] not in ("coordinate", "array")
                or head[3] not in ("real", "double", "integer", "unsigned-integer", "pattern")
                or head[4] not in ("general", "symmetric", "skew-symmetric") or head[2:4] == ["array", "pattern"]):
            raise ValueError(f"{name} is not a valid Matrix Market file of real numbers: its first line is "
                             f"{' '.join(head)[:100]!r}.")
        entries = ((k, line) for k, line in numbered if line[0] != "%" and not line.isspace())
        k, line = next(entries, (1, ""))
        listed, mirror = head[2] == "coordinate", head[4] != "general"
        sign = -1.0 if head[4] == "skew-symmetric" else 1.0
        try:
            n_rows, n_columns, n = map(int, line.split()) if listed else (*map(int, line.split()), -1)
            if (not 0 <= min(n_rows, n_columns) <= max(n_rows, n_columns) < 2**62 or (listed and n < 0)
                    or (mirror and n_rows != n_columns)):
                raise ValueError
        except ValueError:
            raise ValueError(f"{name}:{k}: {'rows, columns, entries' if listed else 'rows, columns'} expected; got "
                             f"{line[:80].strip()!r}.") from None
        width = (2 if head[3] == "pattern" else 3) if listed else 1
        columns: list[list[np.ndarray]] = [[] for _ in range(width)]
        while chunk := list(itertools.islice(entries, _CHUNK)):
            kept = [k for k, _ in chunk]
            rows = [line.split() for _, line in chunk]
            for k, row in zip(kept, rows, strict=True):
                if len(row) != width:
                    raise ValueError(f"{name}:{k}: {len(row)} fields, where an entry has {width}.")
            flat = list(itertools.chain.from_iterable(rows))
            for at, column in enumerate(columns):
                fields = flat[at::width]
                column.append(_positions(name, fields, kept) if listed and at < 2 else floats(name, fields, kept))
    i, j, *values = [np.concatenate(column) if column else np.empty(0) for column in columns] if listed else (
        *_positions_of_array(n_rows, n_columns, head[4], sum(map(len, columns[0])), name),
        np.concatenate(columns[0]) if columns[0] else np.empty(0))
    if listed and len(i) != n:
        raise ValueError(f"{name}: {n} entries promised, {len(i)} found; it is truncated or corrupt.")
    for what, ends, size in (("row", i, n_rows), ("column", j, n_columns)):
        if len(ends) and not 1 <= ends.min() <= ends.max() <= size:
            raise ValueError(f"{name}: {what} numbers must be in 1..{size}; got {ends.min()} to {ends.max()}.")
    data = values[0] if values else np.ones(len(i))
    _check_promise(name, max(n_rows, n_columns), len(i))
    i, j = i.astype(np.int64) - 1, j.astype(np.int64) - 1
    if mirror:
        off = i != j
        i, j, data = np.r_[i, j[off]], np.r_[j, i[off]], np.r_[data, sign * data[off]]
    return sparse.coo_array((data, (i, j)), shape=(n_rows, n_columns))


def _check_promise(name: str, n_nodes: int, n_entries: int) -> None:
    """Raise where a few bytes promise many nodes, before memory is taken for each of these."""
    if n_nodes > _BELIEVED and n_nodes > _ISOLATED_AN_ENTRY * n_entries:
        raise ValueError(f"{name} has {n_nodes} nodes, but only {n_entries} entries; above {_BELIEVED} nodes there "
                         f"must be one entry to {_ISOLATED_AN_ENTRY} nodes. If the file is right, build the matrix "
                         "and call Graph.from_scipy.")


def _positions(name: str, fields: list[str], kept: list[int]) -> np.ndarray:
    try:
        if "_" not in "".join(fields):  # int("1_0") is 10
            return np.array(list(map(int, fields)), dtype=np.int64)
    except (ValueError, OverflowError):
        pass
    k = next((k for k, field in enumerate(fields) if not re.fullmatch(r"-?\d+", field, re.ASCII) or len(field) > 18), 0)
    raise ValueError(f"{name}:{kept[k]}: {fields[k][:80]!r} is no row or column number.")


def _positions_of_array(n_rows: int, n_columns: int, symmetry: str, n: int, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Row and column, from 1, of each of the n numbers of a dense file: column by column, or their lower parts."""
    skip = {"general": None, "symmetric": 0, "skew-symmetric": 1}[symmetry]
    expected = n_rows * n_columns if skip is None else (n_rows - skip) * (n_rows - skip + 1) // 2
    if n != expected:
        raise ValueError(f"{name}: {expected} numbers promised, {n} found; it is truncated or corrupt.")
    if skip is None:
        j, i = np.divmod(np.arange(n), max(n_rows, 1))
    else:
        j, i = np.triu_indices(n_rows, skip)
    return i + 1, j + 1


def read_metis(path: PathLike | BinaryIO) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
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
    name = name_of(path)
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
        matrix = sparse.load_npz(os.fspath(path))
    except (*BROKEN, TypeError, AttributeError) as err:
        raise ValueError(f"{os.fspath(path)} is no valid sparse matrix: {err}") from err
    _check_promise(os.fspath(path), max(matrix.shape), matrix.data.size)
    return matrix


def read_xml_or_gml(path: PathLike | BinaryIO, kind: str) -> Any:
    """Read a GraphML or GML file with NetworkX.

    Raises
    ------
    ValueError
        If NetworkX cannot read the file.
    """
    import networkx as nx

    try:
        with _whole(path) as source:
            return nx.read_graphml(source) if kind == "graphml" else nx.read_gml(source)
    except (*BROKEN, nx.NetworkXException, SyntaxError, TypeError, AttributeError) as err:
        raise ValueError(f"{name_of(path)} is no {kind} file that NetworkX can read: {err}") from err


def read_table(path: PathLike | BinaryIO, columns: Sequence[int | str] | None, kind: str = "parquet") -> Any:
    """Read two or three columns of a Parquet or Arrow (Feather) file as an Arrow table.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    ValueError
        If the file is not of that format or its columns are not two or three.
    """
    name = name_of(path)
    parquet = pyarrow_parquet(name)
    try:
        with _whole(path) as source:
            if kind == "parquet":
                table = parquet.read_table(source)
            else:
                from pyarrow import feather

                table = feather.read_table(source)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as err:  # pyarrow's own errors derive from these
        raise ValueError(f"{name} is not a valid {kind.capitalize()} file: {err}") from err
    picked = list(range(table.num_columns)) if columns is None else list(columns)
    if len(picked) not in (2, 3) or not all(
            c in table.column_names if isinstance(c, str) else 0 <= c < table.num_columns for c in picked):
        raise ValueError(f"{name}: columns must be two or three positions or names out of "
                         f"{table.column_names}; got {columns!r}.")
    return table.select(picked)


def write_edges(path: PathLike, nodes: Sequence[Any], src: np.ndarray, dst: np.ndarray, weights: np.ndarray | None,
                delimiter: str) -> None:
    """Write an edge list that `Graph.read` reads back, atomically.

    Parameters
    ----------
    path : str or path-like
    nodes : sequence of int or str
        Labels by row.
    src, dst : int ndarray of shape (n_edges,)
        Rows.
    weights : float32 ndarray of shape (n_edges,), or None
        Written with nine digits: exact.
    delimiter : str

    Raises
    ------
    ValueError
        If a label is not all int or all str, or would not be read back as it is.
    """
    kinds = set(map(type, nodes))
    if kinds not in ({int}, {str}):
        raise ValueError(f"{os.fspath(path)}: an edge list holds labels that are all int or all str; save the graph as "
                         ".safetensors.")
    words = list(map(str, nodes))
    for word in words:
        if word != word.strip() or not word or word[0] in "#%" or any(mark in word for mark in "\r\n"):
            raise ValueError(f"{os.fspath(path)}: the label {word!r} would not be read back as it is; save the "
                             "graph as .safetensors.")
    quoted = ['"' + word.replace('"', '""') + '"' if delimiter in word or '"' in word else word for word in words]
    columns = [(quoted[k] for k in src.tolist()), (quoted[k] for k in dst.tolist())]
    with atomic_write(path) as file:
        file.write(delimiter.join(["source", "target", "weight"][:2 + (weights is not None)]).encode() + b"\n")
        if weights is not None:
            columns.append(f"{x:.9g}" for x in weights.tolist())
        file.writelines((delimiter.join(row) + "\n").encode() for row in zip(*columns, strict=True))
