"""Vectors in files of other programs: word2vec's text and binary, TensorBoard's projector, Parquet."""

from __future__ import annotations

import contextlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphemb.graph_files import read_table
from graphemb.io import PathLike, atomic_write, floats, open_lines, pyarrow_parquet


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
    with open_lines(path) as stream:
        rows = [line.rstrip("\r\n").split("\t") for line in stream]
    if len(labels) != len(rows) or not rows:
        raise ValueError(f"{name} has {len(rows)} vectors, {labels_name} has {len(labels)} labels.")
    vectors = np.empty((len(rows), len(rows[0])), dtype=np.float32)
    for k, row in enumerate(rows):
        if len(row) != vectors.shape[1]:
            raise ValueError(f"{name}:{k + 1}: {len(row)} numbers, where the first line has "
                             f"{vectors.shape[1]}.")
        vectors[k] = floats(name, row, [k + 1] * len(row))
    return labels, vectors


def write_npy(path: PathLike, nodes: Sequence[Any], vectors: np.ndarray) -> None:
    """Write the array as .npy, and labels other than 0..n-1 a line each to the same name with _labels.txt.

    Raises
    ------
    TypeError, ValueError
        As `write_word2vec`.
    """
    words = None if isinstance(nodes, range) else _words(nodes)
    if words is None:
        with contextlib.suppress(FileNotFoundError):  # of another embedding that was there before
            os.unlink(labels_path(path))
    else:
        with atomic_write(labels_path(path)) as file:
            file.write(b"".join(word + b"\n" for word in words))
    with atomic_write(path) as file:
        np.save(file, vectors, allow_pickle=False)


def read_npy(path: PathLike) -> np.ndarray:
    """Read a 2-D float array as float32. Never unpickles.

    Raises
    ------
    ValueError
        If the file is no such array.
    """
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OverflowError, MemoryError) as err:
        raise ValueError(f"{os.fspath(path)} is no valid npy file: {err}") from err
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind != "f":
        raise ValueError(f"{os.fspath(path)} must hold a 2-D float array.")
    with np.errstate(over="ignore"):  # refused by Embedding, which names the row
        return array.astype(np.float32, copy=False)


def read_labelled_npy(path: PathLike) -> tuple[list[str], np.ndarray]:
    """Read the pair of files that `write_npy` wrote."""
    name = labels_path(path)
    with open(name, "rb") as file:
        return [_unescape(name, word) for word in file.read().splitlines()], read_npy(path)


def labels_path(path: PathLike) -> str:
    """Where the labels of the .npy file at `path` stand."""
    return f"{os.path.splitext(os.fspath(path))[0]}_labels.txt"


def metadata_path(path: PathLike) -> str:
    """Where the labels of the TensorBoard pair at `path` stand."""
    stem, suffix = os.path.splitext(os.fspath(path))
    return f"{stem}_metadata{suffix}"


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
    parquet = pyarrow_parquet(name)
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
    table = read_table(path, ("label", "vector"))
    try:
        return table["label"].to_pylist(), np.array(table["vector"].to_pylist(), dtype=np.float32)
    except (TypeError, ValueError) as err:
        raise ValueError(f"{os.fspath(path)}: the vectors are not rows of one length: {err}") from None
