"""Files in, vectors out: the formats that graphs and embeddings are read from and written to.

Nothing here unpickles, and nothing trusts a file: what does not add up raises ValueError with the
file's name, and where the format has lines, the line.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import gzip
import itertools
import json
import math
import mmap as _mmap
import os
import re
import sys
import uuid
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
from scipy import sparse

PathLike = str | os.PathLike[str]

_DTYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "F16": "<f2", "U32": "<u4",
    "I32": "<i4", "F32": "<f4", "U64": "<u8", "I64": "<i8", "F64": "<f8",
}
_NAMES = {np.dtype(dtype): name for name, dtype in _DTYPES.items()}
_CHECKSUM = "graphemb.crc32"  # entry of the metadata; a file without it is not checked
_CHECKED_AT_ONCE = 2**24  # bytes; some hundredths of a second, between which Ctrl-C is heard
_MAX_HEADER = 100_000_000  # bytes; the reference implementation's own limit


@contextlib.contextmanager
def atomic_write(path: PathLike) -> Iterator[BinaryIO]:
    """Open `path` for writing so that it is either wholly written or left as it was.

    Bytes go to a temporary file in the same directory, which is flushed to disk and renamed over
    `path` when the block ends; if the block raises, the temporary file is removed.

    Parameters
    ----------
    path : str or path-like

    Yields
    ------
    file : binary file object

    Examples
    --------
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_write(os.path.join(folder, "a.bin")) as file:
    ...         n = file.write(b"abc")
    ...     os.listdir(folder)
    ['a.bin']
    """
    target = os.path.realpath(os.fspath(path))  # a symbolic link stays a link
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name}.{uuid.uuid4().hex}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(target):
            os.chmod(temporary, os.stat(target).st_mode & 0o777)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    if os.name == "posix":  # the rename itself must reach the disk; Windows cannot open a directory
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


# --- the safetensors layout ---------------------------------------------------------------------------


@contextlib.contextmanager
def locked(path: PathLike) -> Iterator[None]:
    """Hold a lock that one thread of one process has at a time; the others wait.

    Parameters
    ----------
    path : str or path-like
        A file that is made for it, and stays. The system lets the lock go where a process ends.

    Examples
    --------
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder, locked(os.path.join(folder, "lock")):
    ...     pass  # nobody else is here
    """
    with open(path, "ab") as file:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            while True:
                try:
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # gives up after ten seconds
                    break
                except OSError:
                    continue
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write_tensors(path: PathLike, tensors: Mapping[str, np.ndarray],
                  metadata: Mapping[str, str] | None = None) -> None:
    """Write named arrays in the safetensors layout [1]_, atomically.

    Parameters
    ----------
    path : str or path-like
    tensors : mapping of str to ndarray
        Boolean, integer or floating arrays of any shape.
    metadata : mapping of str to str, optional

    Raises
    ------
    TypeError
        If an array's dtype has no name in the format.

    References
    ----------
    .. [1] https://github.com/huggingface/safetensors#format
    """
    little = {}
    for name, array in tensors.items():
        array = np.asarray(array)
        dtype = array.dtype.newbyteorder("<")
        if dtype not in _NAMES:
            raise TypeError(f"tensor {name!r} has dtype {array.dtype}; the safetensors layout holds "
                            f"{', '.join(_DTYPES)}.")
        little[name] = np.ascontiguousarray(array, dtype=dtype).reshape(array.shape)
    # Widest first: with a header padded to 8 bytes every array then starts at a multiple of its item size.
    order = sorted(little, key=lambda name: (-little[name].itemsize, name))
    header: dict[str, Any] = {}
    stop = 0
    for name in order:
        start, stop = stop, stop + little[name].nbytes
        header[name] = {"dtype": _NAMES[little[name].dtype], "shape": list(little[name].shape),
                        "data_offsets": [start, stop]}
    pieces = (little[name].reshape(-1).view(np.uint8).data for name in order)
    header = {"__metadata__": {**(metadata or {}), _CHECKSUM: _checksum(header, metadata or {}, pieces)}, **header}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with atomic_write(path) as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in order:
            file.write(little[name].reshape(-1).view(np.uint8).data)


def _checksum(entries: Mapping[str, Any], metadata: Mapping[str, str], pieces: Iterable[Any]) -> str:
    """CRC-32 of a file in the safetensors layout, hexadecimal: of what its header says, then of its data."""
    crc = zlib.crc32(json.dumps([entries, metadata], separators=(",", ":"), sort_keys=True).encode())
    for piece in pieces:
        for start in range(0, len(piece), _CHECKED_AT_ONCE):
            crc = zlib.crc32(piece[start:start + _CHECKED_AT_ONCE], crc)
    return f"{crc:08x}"


def read_tensors(path: PathLike, *, mmap: bool = True) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read a file in the safetensors layout, checking every number in its header first.

    Parameters
    ----------
    path : str or path-like
    mmap : bool, default=True
        Map the arrays from the file, read-only, instead of copying them into memory.

    Returns
    -------
    tensors : dict of str to ndarray
        In native byte order; read-only.
    metadata : dict of str to str

    Raises
    ------
    ValueError
        If the file is truncated, corrupt or not in this layout. What `write_tensors` wrote has a checksum, so there
        not one changed byte goes unseen.
    """
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, _MAX_HEADER):
            raise ValueError(f"{os.fspath(path)} is not a safetensors file, or is truncated: {size} bytes, "
                             f"with a header said to take {length} (limit {_MAX_HEADER}).")
        try:
            entries = json.loads(file.read(length).decode())
            # RecursionError: brackets nested without end.
        except (ValueError, RecursionError) as err:
            raise ValueError(f"{os.fspath(path)}: the header is not valid JSON ({err}).") from None
        tensors, metadata = _layout(os.fspath(path), entries, size - 8 - length)
        buffer: Any
        if mmap and size > 8 + length:
            buffer = _mmap.mmap(file.fileno(), 0, access=_mmap.ACCESS_READ)
            offset = 8 + length
        else:
            buffer, offset = file.read(), 0
            if len(buffer) != size - 8 - length:
                raise ValueError(f"{os.fspath(path)} changed while it was being read; read it again.")
    given = metadata.pop(_CHECKSUM, None)
    entries.pop("__metadata__", None)
    if given is not None and given != _checksum(entries, metadata, [memoryview(buffer)[offset:]]):
        raise ValueError(f"{os.fspath(path)} is corrupt: its checksum is not that of its content.")
    return {
        name: _native(np.ndarray(shape, dtype, buffer, offset + start))
        for name, (dtype, shape, start) in tensors.items()
    }, metadata


def _layout(path: str, entries: Any, n_bytes: int) -> tuple[dict[str, tuple[np.dtype, tuple[int, ...], int]],
                                                           dict[str, str]]:
    """Check a decoded header: entries that tile the `n_bytes` of data without hole or overlap."""
    if not isinstance(entries, dict):
        raise ValueError(f"{path}: the header must be a JSON object; got {type(entries).__name__}.")
    metadata = entries.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise ValueError(f"{path}: __metadata__ must map strings to strings.")
    tensors, spans = {}, []
    for name, entry in entries.items():
        try:
            dtype, shape = np.dtype(_DTYPES[entry["dtype"]]), entry["shape"]
            start, stop = entry["data_offsets"]
        except (TypeError, KeyError, ValueError):
            raise ValueError(f"{path}: the entry of tensor {name!r} is malformed or of an unknown dtype: "
                             f"{str(entry)[:200]}.") from None
        if not (isinstance(shape, list) and len(shape) <= 32
                and all(type(x) is int and 0 <= x <= sys.maxsize for x in (*shape, start, stop))
                and stop - start == math.prod(shape) * dtype.itemsize
                and stop <= n_bytes):
            raise ValueError(f"{path}: tensor {name!r} ({str(entry)[:200]}) does not fit the {n_bytes} bytes "
                             "of data; the file is truncated or corrupt.")
        tensors[name] = (dtype, tuple(shape), start)
        spans.append((start, stop))
    end = 0
    for start, stop in sorted(spans):
        if start != end:
            raise ValueError(f"{path}: tensors overlap or leave a hole at byte {min(start, end)}.")
        end = stop
    if end != n_bytes:
        raise ValueError(f"{path}: the data has {n_bytes} bytes, the tensors {end}; the file is corrupt.")
    return tensors, metadata


def _native(array: np.ndarray) -> np.ndarray:
    if not array.flags.aligned or sys.byteorder == "big":
        array = array.astype(array.dtype.newbyteorder("="))
    array.flags.writeable = False
    return array


# --- node labels --------------------------------------------------------------------------------------


def encode_labels(nodes: Sequence[Any]) -> dict[str, np.ndarray]:
    """Arrays that hold node labels exactly, types included.

    Parameters
    ----------
    nodes : range or tuple
        Labels in row order: None, bool, int of any size, float, str, and tuples of these.

    Returns
    -------
    tensors : dict of str to ndarray
        Empty for a range (rows are their own labels); `node_ints`, int64 of shape (n,), when every
        label is an int that fits; else `node_json`, uint8, the bytes of a JSON list.

    Raises
    ------
    TypeError
        If a label is of another type.
    """
    if isinstance(nodes, range):
        return {}
    if set(map(type, nodes)) == {int} and min(nodes) >= -2**63 and max(nodes) < 2**63:
        return {"node_ints": np.array(nodes, dtype=np.int64)}
    text = json.dumps([_to_json(label) for label in nodes], separators=(",", ":"))
    return {"node_json": np.frombuffer(text.encode(), dtype=np.uint8)}


def decode_labels(tensors: Mapping[str, np.ndarray], n_nodes: int, path: PathLike) -> Sequence[Any]:
    """The labels that `encode_labels` stored, `n_nodes` of them.

    Raises
    ------
    ValueError
        If the stored labels are malformed or not `n_nodes`.
    """
    if "node_ints" in tensors:
        array = tensors["node_ints"]
        if array.dtype != np.int64 or array.ndim != 1:
            raise ValueError(f"{os.fspath(path)}: node_ints must be int64 and 1-D; "
                             f"got {array.dtype} of shape {array.shape}.")
        nodes: Sequence[Any] = tuple(array.tolist())
    elif "node_json" in tensors:
        array = tensors["node_json"]
        try:
            if array.dtype != np.uint8 or array.ndim != 1:
                raise ValueError(f"node_json must be uint8 and 1-D; got {array.dtype} of shape {array.shape}")
            values = json.loads(array.tobytes().decode())
            if not isinstance(values, list):
                raise ValueError("not a JSON list")
            nodes = tuple(map(_from_json, values))
        except (ValueError, RecursionError) as err:
            raise ValueError(f"{os.fspath(path)}: the node labels are corrupt ({err}).") from None
    else:
        nodes = range(n_nodes)
    if len(nodes) != n_nodes:
        raise ValueError(f"{os.fspath(path)}: {len(nodes)} labels for {n_nodes} nodes; the file is corrupt.")
    return nodes


def _to_json(label: Any) -> Any:
    kind = type(label)
    if label is None or kind is bool or kind is str or (kind is float and label == label):
        return label
    if kind is int:
        # Hexadecimal, because Python caps the decimal digits it will parse.
        return label if -2**63 <= label < 2**63 else {"int": hex(label)}
    if kind is tuple:
        return [_to_json(part) for part in label]
    raise TypeError(f"label {label!r} of type {kind.__module__}.{kind.__qualname__} cannot be stored in "
                    "a file; labels there are None, bool, int, float (not NaN), str, or tuples of these. "
                    "Relabel the nodes first, for example with networkx.relabel_nodes(G, str).")


def _from_json(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_from_json, value))
    if isinstance(value, dict):
        if set(value) != {"int"} or not isinstance(value["int"], str):
            raise ValueError(f"unknown label {str(value)[:100]}")
        return int(value["int"], 16)
    return value


# --- edge lists and matrices in -----------------------------------------------------------------------


FORMATS = {
    ".csv": "edges", ".tsv": "edges", ".txt": "edges", ".edges": "edges", ".edgelist": "edges",
    ".dat": "edges", ".ncol": "edges", ".mtx": "matrix_market", ".npz": "npz", ".graphml": "graphml",
    ".gml": "gml", ".metis": "metis", ".graph": "metis", ".parquet": "parquet", ".safetensors": "safetensors",
}
_HEADERS = {"source", "src", "from", "u", "node1", "head", "fromnodeid", "target", "dst", "to", "v", "node2",
            "tail", "tonodeid"}
_BROKEN = (EOFError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, KeyError, IndexError, ValueError,
           OverflowError, MemoryError, NotImplementedError,
           RuntimeError)  # of an encrypted zip file
_BELIEVED = 2**22  # nodes that a file may claim whatever else it holds
_ISOLATED_AN_ENTRY = 64
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
    with _lines(path) as stream:
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
            labels.append(_ints_or_strings(fields))
            if len(pick) == 3:
                weights.append(_floats(name, flat[pick[2]::width], kept))
    if not labels:
        raise ValueError(f"{name} holds no edges.")
    if any(type(part[0]) is list and part[0] and type(part[0][0]) is str for part in labels):
        labels = [[list(map(str, column)) for column in part] for part in labels]
    if all(isinstance(part[0], np.ndarray) for part in labels):
        ends = [np.concatenate([part[side] for part in labels]) for side in (0, 1)]
    else:
        ends = [[label for part in labels for label in list(part[side])] for side in (0, 1)]
    return ends[0], ends[1], np.concatenate(weights) if weights else None


@contextlib.contextmanager
def _lines(path: PathLike, encoding: str = "utf-8-sig") -> Iterator[Iterator[str]]:
    """The lines of a text file, gzipped or not; what breaks while reading is a ValueError with the name."""
    name = os.fspath(path)
    opener: Any = gzip.open if name.lower().endswith(".gz") else open
    with opener(path, "rt", encoding=encoding) as file:
        try:
            yield file
        except (EOFError, gzip.BadGzipFile, zlib.error) as err:
            raise ValueError(f"{name} is truncated or corrupt: {err}") from err
        except UnicodeDecodeError as err:
            raise ValueError(f"{name} is not UTF-8 text: {err}") from err


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


def _flatten(name: str, rows: list[list[str]], kept: list[int], width: int, expected: str = "") -> list[str]:
    if set(map(len, rows)) - {width}:
        k = next(k for k, row in enumerate(rows) if len(row) != width)
        raise ValueError(f"{name}:{kept[k]}: {len(rows[k])} fields, "
                         f"{expected or f'where the first line has {width}'}.")
    return list(map(str.strip, itertools.chain.from_iterable(rows)))


def _is_int(text: str) -> bool:
    return bool(re.fullmatch(r"\s*-?\d+\s*", text, re.ASCII))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _are_names(columns: Sequence[int | str] | None) -> bool:
    return columns is not None and any(isinstance(column, str) for column in columns)


def _has_header(name: str, line: int, rows: list[list[str]]) -> bool:
    first, then = rows[0], rows[-1]
    if len(first) > 1 and all(field.strip().lower() in _HEADERS for field in first[:2]):
        return True
    if len(rows) < 2 or len(first) < 2 or len(then) < 2:
        return False
    if (len(first) > 2 and len(then) > 2 and not _is_number(first[2]) and _is_number(then[2])
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


def _ints_or_strings(ends: list[list[str]]) -> list[Any]:
    """Both columns as ints if every field is as Python writes an int ("007" is not), else unchanged."""
    try:
        ints = [list(map(int, column)) for column in ends]
        if [list(map(str, column)) for column in ints] != ends:
            return ends
    except ValueError:
        return ends
    try:
        return [np.array(column, dtype=np.int64) for column in ints]
    except OverflowError:
        return ints


def _floats(name: str, column: list[str], kept: list[int]) -> np.ndarray:
    try:
        if "_" not in "".join(column):  # float("1_0") is 10
            return np.array(list(map(float, column)), dtype=np.float64)
    except ValueError:
        pass
    k = next(k for k, field in enumerate(column) if "_" in field or not _is_number(field))
    raise ValueError(f"{name}:{kept[k]}: the weight {column[k]!r} is not a number.")


def read_matrix_market(path: PathLike) -> sparse.coo_array:
    """Read a Matrix Market file [1]_, gzipped or not.

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
    name = os.fspath(path)
    with _lines(path, "latin-1") as stream:  # comments are in any encoding, the rest is ASCII
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
            flat = _flatten(name, [line.split() for _, line in chunk], kept, width, f"where an entry has {width}")
            for at, column in enumerate(columns):
                fields = flat[at::width]
                column.append(_positions(name, fields, kept) if listed and at < 2 else _floats(name, fields, kept))
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
    k = next((k for k, field in enumerate(fields) if not _is_int(field) or len(field) > 18), 0)
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
    with _lines(path) as stream:
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


def read_npz(path: PathLike) -> dict[str, np.ndarray]:
    """Read every array of an .npz file. Never unpickles.

    Raises
    ------
    ValueError
        If the file is truncated or corrupt, an array's header promises more than the file holds, or an
        array holds Python objects.
    """
    name = os.fspath(path)
    try:
        arrays = {}
        with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            # Where a directory entry is damaged zipfile may take the next one for a part of it.
            file.seek(-22 - len(archive.comment), os.SEEK_END)
            n_members = int.from_bytes(file.read(22)[10:12], "little")
            if n_members not in (len(archive.infolist()), 0xFFFF):
                raise ValueError(f"{n_members} arrays promised, {len(archive.infolist())} found")
            for info in archive.infolist():
                with archive.open(info) as member:
                    arrays[info.filename.removesuffix(".npy")] = _read_npy(member, info.file_size)
        return arrays
    except _BROKEN as err:
        raise ValueError(f"{name} is no valid npz file: {err}") from err
    except OSError as err:
        if err.errno != errno.EINVAL:
            raise
        raise ValueError(f"{name} is no valid npz file: an offset in it is negative.") from err


def read_sparse_npz(path: PathLike) -> Any:
    """Read what `scipy.sparse.save_npz` wrote; its index arrays are not checked.

    Raises
    ------
    ValueError
        If the file is truncated or corrupt.
    """
    try:
        matrix = sparse.load_npz(os.fspath(path))
    except (*_BROKEN, TypeError, AttributeError) as err:
        raise ValueError(f"{os.fspath(path)} is no valid sparse matrix: {err}") from err
    _check_promise(os.fspath(path), max(matrix.shape), matrix.data.size)
    return matrix


def _read_npy(member: Any, size: int) -> np.ndarray:
    version = np.lib.format.read_magic(member)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"unknown version {version} of the npy format")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(member)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are not loaded")
    n_bytes = math.prod(shape) * dtype.itemsize
    # Before anything is allocated for it.
    if n_bytes != size - member.tell():
        raise ValueError(f"{n_bytes} bytes promised, {size - member.tell()} there")
    data = member.read()
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


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
    except (*_BROKEN, nx.NetworkXException, SyntaxError, TypeError, AttributeError) as err:
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
    parquet = _pyarrow_parquet(name)
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


def _pyarrow_parquet(name: str) -> Any:
    try:
        from pyarrow import parquet
    except ImportError as err:
        raise ImportError(f"{name}: Parquet needs pyarrow (pip install pyarrow); or use .csv, .npz or "
                          ".safetensors.") from err
    return parquet


# --- vectors ------------------------------------------------------------------------------------------


def write_npz(path: PathLike, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays as an .npz file, atomically."""
    with atomic_write(path) as file:
        np.savez(file, **dict(arrays))  # type: ignore[arg-type]


def write_word2vec(path: PathLike, nodes: Sequence[Any], vectors: np.ndarray, *, binary: bool) -> None:
    """Write vectors in the format of the word2vec program, atomically.

    Parameters
    ----------
    path : str or path-like
    nodes : sequence of int or str
        One type throughout. White space in a string, and a "%" before two hexadecimal digits, are written
        as percent escapes ("New York" as "New%20York").
    vectors : float32 ndarray of shape (n, d)
    binary : bool
        Little-endian float32 instead of decimal text. The text has nine digits: exact for float32.

    Raises
    ------
    TypeError
        If the labels are not all int or all str.
    ValueError
        If a label is the empty string.
    """
    words = _words(nodes)
    with atomic_write(path) as file:
        file.write(f"{len(words)} {vectors.shape[1]}\n".encode())
        if binary:
            for word, row in zip(words, vectors.astype("<f4", copy=False), strict=True):
                file.write(word + b" " + row.tobytes())
        else:
            line = b" ".join([b"%s"] + [b"%.9g"] * vectors.shape[1]) + b"\n"
            for word, row in zip(words, vectors, strict=True):
                file.write(line % (word, *row.tolist()))


def read_word2vec(path: PathLike, *, binary: bool) -> tuple[list[str], np.ndarray]:
    """Read what `write_word2vec`, gensim or the word2vec program wrote.

    Returns
    -------
    words : list of str
        Percent escapes undone.
    vectors : float32 ndarray of shape (n, d)

    Raises
    ------
    ValueError
        If the file is truncated or malformed, or a word comes twice.
    """
    name = os.fspath(path)
    with open(path, "rb") as file:
        data = file.read()
    head, _, body = data.partition(b"\n")
    try:
        n, d = map(int, head.split())
        if n < 1 or d < 1:
            raise ValueError
    except ValueError:
        raise ValueError(f"{name}: the first line must be two positive ints, how many vectors and of how "
                         f"many numbers; got {head[:80]!r}.") from None
    if n * d * (4 if binary else 2) > len(body):
        raise ValueError(f"{name}: {n} vectors of {d} numbers do not fit the file's {len(data)} bytes; it is "
                         "truncated or corrupt.")
    vectors = np.empty((n, d), dtype=np.float32)
    words = (_binary_rows if binary else _text_rows)(name, body, vectors)
    labels = [_unescape(name, word) for word in words]
    (word, times), = Counter(labels).most_common(1)
    if times > 1:
        raise ValueError(f"{name}: the word {word!r} comes {times} times; it can have one vector.")
    return labels, vectors


def _text_rows(name: str, body: bytes, vectors: np.ndarray) -> list[bytes]:
    n, d = vectors.shape
    lines = body.rstrip(b"\r\n").split(b"\n")
    if len(lines) != n:
        raise ValueError(f"{name}: {n} vectors promised, {len(lines)} lines found.")
    words = []
    for k, line in enumerate(lines):
        word, *fields = line.rstrip(b" \r").split(b" ")
        try:
            if len(fields) != d:
                raise ValueError
            vectors[k] = np.array(fields).astype(np.float32)
        except ValueError:
            raise ValueError(f"{name}:{k + 2}: a word and {d} numbers expected; got {line[:80]!r}.") from None
        words.append(word)
    return words


def _binary_rows(name: str, body: bytes, vectors: np.ndarray) -> list[bytes]:
    n, d = vectors.shape
    words, at = [], 0
    for k in range(n):
        stop = body.find(b" ", at)
        row = body[stop + 1:stop + 1 + 4 * d]
        if stop < 0 or len(row) < 4 * d:
            raise ValueError(f"{name}: vector {k} of {n} is cut short; the file is truncated or corrupt.")
        words.append(body[at:stop].lstrip(b"\n"))  # the original program ends each vector with a newline
        vectors[k] = np.frombuffer(row, dtype="<f4")
        at = stop + 1 + 4 * d
    if body[at:].strip():
        raise ValueError(f"{name}: {len(body) - at} bytes too many after the last vector.")
    return words


def write_projector(path: PathLike, nodes: Sequence[Any], vectors: np.ndarray) -> None:
    """Write TensorBoard's pair: vectors to `path`, labels to the same name with _metadata before its suffix.

    Raises
    ------
    TypeError, ValueError
        As `write_word2vec`.
    """
    with atomic_write(metadata_path(path)) as file:
        file.write(b"".join(word + b"\n" for word in _words(nodes)))
    line = b"\t".join([b"%.9g"] * vectors.shape[1]) + b"\n"
    with atomic_write(path) as file:
        file.writelines(line % tuple(row.tolist()) for row in vectors)


def read_projector(path: PathLike) -> tuple[list[str], np.ndarray]:
    """Read the pair of files that `write_projector` wrote.

    Raises
    ------
    ValueError
        If a line is malformed or the two do not have the same number of lines.
    """
    name, labels_name = os.fspath(path), metadata_path(path)
    with open(labels_name, "rb") as file:
        labels = [_unescape(labels_name, word) for word in file.read().splitlines()]
    with _lines(path) as stream:
        rows = [line.rstrip("\r\n").split("\t") for line in stream]
    if len(labels) != len(rows) or not rows:
        raise ValueError(f"{name} has {len(rows)} vectors, {labels_name} has {len(labels)} labels.")
    vectors = np.empty((len(rows), len(rows[0])), dtype=np.float32)
    for k, row in enumerate(rows):
        if len(row) != vectors.shape[1]:
            raise ValueError(f"{name}:{k + 1}: {len(row)} numbers, where the first line has "
                             f"{vectors.shape[1]}.")
        vectors[k] = _floats(name, row, [k + 1] * len(row))
    return labels, vectors


def metadata_path(path: PathLike) -> str:
    """Where the labels of the TensorBoard pair at `path` stand."""
    stem, suffix = os.path.splitext(os.fspath(path))
    return f"{stem}_metadata{suffix}"


def as_ints(words: list[str]) -> list[Any]:
    """Words as ints if every one is written as Python writes an int, else as they are."""
    ints = _ints_or_strings([words])[0]
    return ints.tolist() if isinstance(ints, np.ndarray) else ints


def _words(nodes: Sequence[Any]) -> list[bytes]:
    kinds = set(map(type, nodes))
    if kinds not in ({int}, {str}):
        raise TypeError("this format holds labels that are all int or all str; got "
                        f"{', '.join(sorted(kind.__name__ for kind in kinds))}. Save as .safetensors or "
                        ".npz.")
    if "" in nodes:
        raise ValueError("this format cannot hold the empty string as a label; save as .safetensors or .npz.")
    try:
        return [_ESCAPED.sub(_escape, str(label)).encode() for label in nodes]
    except UnicodeEncodeError as err:
        raise ValueError(f"a label cannot be written as UTF-8 ({err}); save as .safetensors or "
                         ".npz.") from None


_ESCAPED = re.compile(r"[\s\x1c-\x1f\x85\x00]|%(?=[0-9A-Fa-f]{2})")


def _escape(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match.group().encode())


def _unescape(name: str, word: bytes) -> str:
    def byte_run(match: re.Match[bytes]) -> bytes:
        raw = bytes.fromhex(match.group().replace(b"%", b"").decode())
        try:
            raw.decode()
        except UnicodeDecodeError:
            return match.group()  # not ours: another program's percent signs
        return raw

    try:
        return re.sub(rb"(?:%[0-9A-Fa-f]{2})+", byte_run, word).decode()
    except UnicodeDecodeError as err:
        raise ValueError(f"{name}: the word {word[:80]!r} is not UTF-8: {err}") from None


def write_parquet(path: PathLike, nodes: Sequence[Any], vectors: np.ndarray) -> None:
    """Write a table with the columns `label` and `vector` as Parquet, atomically.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    TypeError
        If the labels are not all int or all str.
    """
    name = os.fspath(path)
    parquet = _pyarrow_parquet(name)
    import pyarrow

    _words(nodes)
    flat = pyarrow.array(vectors.reshape(-1))
    table = pyarrow.table({"label": pyarrow.array(list(nodes)),
                           "vector": pyarrow.FixedSizeListArray.from_arrays(flat, vectors.shape[1])})
    with atomic_write(path) as file:
        parquet.write_table(table, file)


def read_vectors_parquet(path: PathLike) -> tuple[list[Any], np.ndarray]:
    """Read the table that `write_parquet` wrote.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    ValueError
        If the file is not such a table.
    """
    table = read_parquet(path, ("label", "vector"))
    try:
        return table["label"].to_pylist(), np.array(table["vector"].to_pylist(), dtype=np.float32)
    except (TypeError, ValueError) as err:
        raise ValueError(f"{os.fspath(path)}: the vectors are not rows of one length: {err}") from None
