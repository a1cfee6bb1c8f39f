"""The ground of every file format: atomic writing, lines of text, named arrays, node labels.

Nothing here unpickles, and nothing trusts a file: what does not add up raises ValueError with the
file's name, and where the format has lines, the line.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import json
import math
import mmap as _mmap
import os
import re
import sys
import tokenize
import uuid
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BufferedReader, RawIOBase, TextIOWrapper
from typing import Any, BinaryIO

import numpy as np

PathLike = str | os.PathLike[str]

_DTYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "F16": "<f2", "U32": "<u4",
    "I32": "<i4", "F32": "<f4", "U64": "<u8", "I64": "<i8", "F64": "<f8",
}
_NAMES = {np.dtype(dtype): name for name, dtype in _DTYPES.items()}
_CHECKSUM = "graphemb.crc32"  # entry of the metadata; a file without it is not checked
_CHECKED_AT_ONCE = 2**24  # bytes; some hundredths of a second, between which Ctrl-C is heard
_MAX_HEADER = 100_000_000  # bytes; the reference implementation's own limit
BROKEN = (EOFError, tokenize.TokenError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, KeyError, IndexError,
          ValueError, OverflowError, MemoryError, NotImplementedError,
          RuntimeError)  # of an encrypted zip file


@contextlib.contextmanager
def atomic_write(path: PathLike) -> Iterator[BinaryIO]:
    """Open `path` for writing so that it is either wholly written or left as it was.

    Bytes go to a temporary file in the same directory, which is flushed to disk and renamed over
    `path` when the block ends; if the block raises, the temporary file is removed. What a process that was killed
    left of an earlier attempt at the same path is removed too (not on Windows).

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
    _remove_abandoned(folder, name)
    temporary, file = _temporary(folder, name)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if os.path.exists(target):
                os.chmod(temporary, os.stat(target).st_mode & 0o777)
            if os.name == "posix":  # under the lock; elsewhere an open file cannot be renamed
                os.replace(temporary, target)
        if os.name != "posix":
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


def _temporary(folder: str, name: str) -> tuple[str, BinaryIO]:
    """A new file beside `name`, locked as long as it is open: a sign that its writer lives."""
    while True:
        path = os.path.join(folder, f".{name}.{uuid.uuid4().hex}.tmp")
        file = open(path, "xb")  # noqa: SIM115  # the caller's to close
        if sys.platform == "win32" or not _lock(file) or os.path.exists(path):
            return path, file
        file.close()  # taken for an abandoned one before it was locked


def _remove_abandoned(folder: str, name: str) -> None:
    """Remove temporary files of `name` whose writers are gone: nobody holds their locks."""
    if sys.platform == "win32":
        return
    ours = re.compile(rf"\.{re.escape(name)}\.[0-9a-f]{{32}}\.tmp")
    for left in filter(ours.fullmatch, os.listdir(folder or ".")):
        path = os.path.join(folder, left)
        with contextlib.suppress(OSError), open(path, "r+b") as file:  # another's, or gone: let it be
            if _lock(file):
                os.unlink(path)


def _lock(file: BinaryIO) -> bool:
    """Take the lock of an open file if nobody has it."""
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # somebody has, or this file system knows no locks
        return False
    return True


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


@contextlib.contextmanager
def open_bytes(path: PathLike | BinaryIO) -> Iterator[tuple[str, BinaryIO]]:
    """Open a file to read, unpacked if its name ends in .gz or .zst; what breaks in it is a ValueError.

    Parameters
    ----------
    path : str, path-like or binary file object
        "-" is standard input, unpacked if it begins as gzip does.

    Yields
    ------
    name : str
        For messages.
    file : binary file object

    Raises
    ------
    ValueError
        If packed data is truncated or corrupt.
    ImportError
        If the file is .zst and neither Python 3.14's module nor zstandard is there.
    """
    name = name_of(path)
    with contextlib.ExitStack() as stack:
        if isinstance(path, str) and path == "-":
            file: Any = sys.stdin.buffer
            if hasattr(file, "peek") and file.peek(2)[:2] == b"\x1f\x8b":
                file = stack.enter_context(gzip.open(file, "rb"))
        elif hasattr(path, "read"):
            file = path
        elif name.lower().endswith(".gz"):
            file = stack.enter_context(gzip.open(path, "rb"))
        elif name.lower().endswith(".zst"):
            file = stack.enter_context(_open_zst(name))
        else:
            file = stack.enter_context(open(path, "rb"))
        try:
            yield name, file
        except (EOFError, gzip.BadGzipFile, zlib.error) as err:
            raise ValueError(f"{name} is truncated or corrupt: {err}") from err
        except Exception as err:
            if type(err).__name__ not in ("ZstdError",):  # of either library
                raise
            raise ValueError(f"{name} is truncated or corrupt: {err}") from err


def name_of(path: PathLike | BinaryIO) -> str:
    """What messages call a path or a file object."""
    if isinstance(path, str) and path == "-":
        return "<stdin>"
    return str(getattr(path, "name", "<stream>")) if hasattr(path, "read") else os.fspath(path)


def _open_zst(name: str) -> Any:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # Python 3.14
    except ImportError:
        try:
            import zstandard
        except ImportError as err:
            raise ImportError(f"{name}: .zst needs zstandard (pip install zstandard); or unpack it first.") from err
        return BufferedReader(_Zst(open(name, "rb"), zstandard.ZstdDecompressor))
    return zstd.open(name, "rb")


class _Zst(RawIOBase):
    """Zstandard frames, unpacked; zstandard's own reader takes a file that was cut short for a short one."""

    def __init__(self, file: BinaryIO, decompressor: Any) -> None:
        self.file, self.decompressor = file, decompressor
        self.frame: Any = None
        self.packed = self.plain = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self.plain:
            self.packed = self.packed or self.file.read(2**17)
            if not self.packed:
                if self.frame is not None:
                    raise EOFError("the last frame is not whole")
                return 0
            self.frame = self.frame or self.decompressor().decompressobj()
            self.plain = self.frame.decompress(self.packed)
            self.packed = b""
            if self.frame.eof:
                self.packed, self.frame = self.frame.unused_data, None
        n = min(len(buffer), len(self.plain))
        buffer[:n], self.plain = self.plain[:n], self.plain[n:]
        return n

    def close(self) -> None:
        self.file.close()
        super().close()


@contextlib.contextmanager
def open_lines(path: PathLike | BinaryIO, encoding: str = "utf-8-sig") -> Iterator[Iterator[str]]:
    """The lines of a UTF-8 file that `open_bytes` opens; text that is not UTF-8 is a ValueError too."""
    with open_bytes(path) as (name, file):
        text = TextIOWrapper(file, encoding=encoding)
        try:
            yield text
        except UnicodeDecodeError as err:
            raise ValueError(f"{name} is not UTF-8 text: {err}") from err
        finally:
            text.detach()


# --- the safetensors layout ---------------------------------------------------------------------------


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


# --- npz ----------------------------------------------------------------------------------------------


def write_npz(path: PathLike, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays as an .npz file, atomically."""
    with atomic_write(path) as file:
        np.savez(file, **dict(arrays))  # type: ignore[arg-type]


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
    except BROKEN as err:
        raise ValueError(f"{name} is no valid npz file: {err}") from err
    except OSError as err:
        if err.errno != errno.EINVAL:
            raise
        raise ValueError(f"{name} is no valid npz file: an offset in it is negative.") from err


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


def as_ints(words: list[str]) -> list[Any]:
    """Words as ints if every one is written as Python writes an int, else as they are."""
    ints = ints_or_strings([words])[0]
    return ints.tolist() if isinstance(ints, np.ndarray) else ints


def ints_or_strings(ends: list[list[str]]) -> list[Any]:
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


def is_number(text: str) -> bool:
    """Whether Python reads the text as a float."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def floats(name: str, column: list[str], kept: list[int]) -> np.ndarray:
    """Fields as float64, shape (len(column),), or ValueError with the line, out of `kept`, of the first bad one."""
    try:
        if "_" not in "".join(column):  # float("1_0") is 10
            return np.array(list(map(float, column)), dtype=np.float64)
    except ValueError:
        pass
    k = next(k for k, field in enumerate(column) if "_" in field or not is_number(field))
    raise ValueError(f"{name}:{kept[k]}: the weight {column[k]!r} is not a number.")


# --- Parquet ------------------------------------------------------------------------------------------


def pyarrow_parquet(name: str) -> Any:
    """`pyarrow.parquet`, or ImportError with the file's name and the remedy."""
    try:
        from pyarrow import parquet
    except ImportError as err:
        raise ImportError(f"{name}: Parquet needs pyarrow (pip install pyarrow); or use .csv, .npz or "
                          ".safetensors.") from err
    return parquet
