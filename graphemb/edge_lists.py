"""Edge lists as text: a line an edge, read block by block by compiled kernels."""

from __future__ import annotations

import csv
import itertools
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from graphemb import _text
from graphemb.io import PathLike, is_number, open_bytes

_HEADERS = {"source", "src", "from", "u", "node1", "head", "fromnodeid", "target", "dst", "to", "v", "node2",
            "tail", "tonodeid"}
_BLOCK = 2**22  # bytes read at once
_ROWS = 2**18  # edges found at once
_INT = re.compile(rb"-?[1-9][0-9]*|0")
_FOREIGN_BLANKS = re.compile("[\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")


@dataclass(frozen=True)
class EdgeList:
    """What a file of edges holds.

    Attributes
    ----------
    src, dst : int ndarray of shape (n_edges,)
        The labels themselves if `words` is None, else numbers of words.
    words : list of str, list of int, or None
        Distinct labels by first appearance: src[0], dst[0], src[1], and so on.
    weight : float64 ndarray of shape (n_edges,), or None
    """

    src: np.ndarray
    dst: np.ndarray
    words: list[Any] | None
    weight: np.ndarray | None


@dataclass
class _Shape:
    """What the first line tells of all."""

    delimiter: str
    width: int
    pick: list[int]


@dataclass
class _Rows:
    """Edges found in a text: bounds of their fields, int32 of shape (n, 2 * fields), and the number of each line."""

    text: np.ndarray
    bounds: np.ndarray
    lines: np.ndarray

    def word(self, row: int, j: int) -> bytes:
        low, high = self.bounds[row, 2 * j:2 * j + 2]
        return self.text[low:high].tobytes()


def read_edges(path: PathLike | BinaryIO, *, delimiter: str | None = None, header: bool | None = None,
               columns: Sequence[int | str] | None = None) -> EdgeList:
    """Read a text file with an edge a line; `Graph.read` states the rules.

    Returns
    -------
    edges : EdgeList

    Raises
    ------
    ValueError
        If a line is malformed; file and line are named.

    Notes
    -----
    Memory is that of the result, of the distinct labels, and of one block of the file.
    """
    with open_bytes(path) as (name, file):
        blocks = _blocks(name, file)
        shape, line, blocks = _begin(name, blocks, delimiter, header, columns)
        labels = _Labels()
        weights: list[np.ndarray] = []
        for block in blocks:
            for rows in _find(name, block, line, shape):
                labels.add(rows)
                if len(shape.pick) == 3:
                    weights.append(_weights(name, rows))
            line += block.count(b"\n")
    src, dst, words = labels.finish()
    if not len(src):
        raise ValueError(f"{name} holds no edges.")
    return EdgeList(src, dst, words, np.concatenate(weights) if weights else None)


def _blocks(name: str, file: BinaryIO) -> Iterator[bytes]:
    """The file in blocks of whole lines, each ended by a newline; checked to be UTF-8."""
    rest, first = b"", True
    while True:
        read = file.read(_BLOCK)
        block = rest + read
        if first:
            block, first = block.removeprefix(b"\xef\xbb\xbf"), False
        if b"\r" in block:  # the last byte may be half of a line's end
            tail = b"\r" if read and block.endswith(b"\r") else b""
            block = block[:len(block) - len(tail)].replace(b"\r\n", b"\n").replace(b"\r", b"\n") + tail
        stop = block.rfind(b"\n") + 1 if read else len(block)
        block, rest = block[:stop], block[stop:]
        if not read and block and not block.endswith(b"\n"):
            block += b"\n"
        if block and not block.isascii():
            try:
                block.decode()
            except UnicodeDecodeError as err:
                raise ValueError(f"{name} is not UTF-8 text: {err}") from err
        if block:
            yield block
        if not read:
            return


def _begin(name: str, blocks: Iterator[bytes], delimiter: str | None, header: bool | None,
           columns: Sequence[int | str] | None) -> tuple[_Shape, int, Iterator[bytes]]:
    """What the first two lines tell; the number of the line that the blocks to come begin with; these blocks."""
    held, kept = b"", []
    for block in blocks:
        held += block
        numbered = enumerate(held.decode().split("\n"), 1)
        kept = list(itertools.islice(((k, line) for k, line in numbered if line.strip() and line[0] not in "#%"), 2))
        if len(kept) == 2:
            break
    if not kept:
        raise ValueError(f"{name} holds no edges.")
    mark = delimiter or _delimiter(name, kept[0][1])
    rows = _split(name, [line for _, line in kept], [k for k, _ in kept], mark)
    pick = _columns(name, kept[0][0], rows[0], columns)
    if header is None and not _are_names(columns):
        header = _has_header(name, kept[0][0], [[row[c] for c in pick if c < len(row)] for row in rows])
    line = 0
    if header or _are_names(columns):
        line = kept[0][0]
        held = held.split(b"\n", line)[line]
    return _Shape(mark, len(rows[0]), pick), line, itertools.chain([held], blocks)


def _find(name: str, block: bytes, line: int, shape: _Shape) -> Iterator[_Rows]:
    """The edges of a block, by the kernel as long as its lines are plain."""
    mark = shape.delimiter.encode()
    text = np.frombuffer(block, np.uint8)
    plain = len(mark) == 1 and (block.isascii() or not _FOREIGN_BLANKS.search(block.decode()))
    pick = np.array(shape.pick, np.int32)
    state = np.zeros(3, np.int64)
    while plain and state[0] < len(text):
        bounds = np.empty((_ROWS, 2 * len(pick)), np.int32)
        lines = np.empty(_ROWS, np.int32)
        state[2] = 0
        status = _text.fields(text, -1 if mark == b" " else mark[0], shape.width, pick, bounds, lines, state)
        yield _Rows(text, bounds[:state[2]], lines[:state[2]] + (line + 1))
        if status == 2:
            break
    if state[0] < len(text):
        yield _find_odd(name, block[state[0]:].decode(), line + int(state[1]), shape)


def _find_odd(name: str, text: str, line: int, shape: _Shape) -> _Rows:
    """The same by Python's csv reader: quotes are understood, and what is malformed raises."""
    numbered = [(k, row) for k, row in enumerate(text.split("\n"), line + 1)
                if row.strip() and row[0] not in "#%"]
    kept = [k for k, _ in numbered]
    rows = _split(name, [row for _, row in numbered], kept, shape.delimiter)
    flat = _flatten(name, rows, kept, shape.width)
    fields = [flat[c::shape.width] for c in shape.pick]
    for column in fields[:2]:
        if "" in column:
            raise ValueError(f"{name}:{kept[column.index('')]}: a label is empty.")
    words = [word.encode() for word in itertools.chain.from_iterable(zip(*fields, strict=True))]
    return _Rows(*_packed(words, len(fields)), np.array(kept, np.int64))


def _packed(words: list[bytes], n_fields: int) -> tuple[np.ndarray, np.ndarray]:
    """Words as one text, and their bounds in it, `n_fields` a row."""
    stops = np.cumsum(np.fromiter(map(len, words), np.int32, len(words)), dtype=np.int32)
    bounds = np.stack([np.concatenate([[0], stops[:-1]]).astype(np.int32)[:len(stops)], stops], axis=1)
    return np.frombuffer(b"".join(words) or b"\0", np.uint8), bounds.reshape(-1, 2 * n_fields)


class _Labels:
    """The ends of the edges: ints while every label is one, else words, numbered."""

    def __init__(self) -> None:
        self.ints: list[tuple[np.ndarray, np.ndarray]] = []
        self.codes: list[np.ndarray] = []
        self.words: _Words | None = None

    def add(self, rows: _Rows) -> None:
        n = len(rows.bounds)
        if self.words is None:
            values = np.empty((2, n), np.int64)
            if all(_text.ints(rows.text, rows.bounds, j, 0, n, values[j]) == n for j in (0, 1)):
                small = n and values.min() >= -2**31 and values.max() < 2**31
                self.ints.append(tuple(values.astype(np.int32) if small else values))  # type: ignore[arg-type]
                return
            self._become_words()
        if self.words is not None:
            self.codes.append(self.words.number(rows.text, rows.bounds))

    def _become_words(self) -> None:
        self.words = _Words()
        for src, dst in self.ints:
            flat = [b"%d" % value for value in np.stack([src, dst], axis=1).reshape(-1).tolist()]
            if flat:
                self.codes.append(self.words.number(*_packed(flat, 2)))
        self.ints = []

    def finish(self) -> tuple[np.ndarray, np.ndarray, list[Any] | None]:
        if self.words is None:
            if not self.ints:
                return np.empty(0, np.int64), np.empty(0, np.int64), None
            src, dst = (np.concatenate([part[side] for part in self.ints]) for side in (0, 1))
            return src, dst, None
        words: list[Any] = self.words.all()
        if all(map(_INT.fullmatch, words)) and max(map(len, words)) < 4000:
            words = list(map(int, words))  # longer than the kernel reads
        else:
            words = [word.decode() for word in words]
        src, dst = (np.concatenate([part[side::2] for part in self.codes]) for side in (0, 1))
        return src, dst, words


class _Words:
    """Distinct words, numbered by first appearance; it grows as they come."""

    def __init__(self) -> None:
        self.table = np.zeros(2**16, np.int32)
        self.ends = np.zeros(2**15 + 2, np.int64)
        self.store = np.empty(2**18, np.uint8)
        self.count = np.zeros(1, np.int64)

    def number(self, text: np.ndarray, bounds: np.ndarray) -> np.ndarray:
        """Numbers of the words of the first two fields of each row: int32, shape (2 * n,), row by row."""
        codes = np.empty(2 * len(bounds), np.int32)
        done = 0
        while (done := _text.number(text, bounds, done, len(codes), self.table, self.ends, self.store, self.count,
                                    codes)) < len(codes):
            self._grow(int(np.ptp(bounds[done >> 1, 2 * (done & 1):2 * (done & 1) + 2])))
        return codes

    def _grow(self, needed: int) -> None:
        known = int(self.count[0])
        used = int(self.ends[known])
        if 2 * known > len(self.table) - 1 or known + 2 > len(self.ends):
            self.table = np.zeros(2 * len(self.table), np.int32)
            self.ends = np.concatenate([self.ends, np.zeros(len(self.ends), np.int64)])
            _text.rehash(self.ends, self.store, known, self.table)
        if used + needed > len(self.store):
            store = np.empty(2 * max(len(self.store), needed), np.uint8)
            store[:used] = self.store[:used]
            self.store = store

    def all(self) -> list[bytes]:
        ends = self.ends[:int(self.count[0]) + 1].tolist()
        text = self.store[:ends[-1]].tobytes()
        return [text[low:high] for low, high in itertools.pairwise(ends)]


def _weights(name: str, rows: _Rows) -> np.ndarray:
    """The third field as float64; by Python where the kernel stops."""
    n = len(rows.bounds)
    values = np.empty(n)
    done = 0
    while (done := _text.floats(rows.text, rows.bounds, 2, done, n, values)) < n:
        stop = min(n, done + 4096)
        words = [rows.word(row, 2) for row in range(done, stop)]
        for row, word in enumerate(words, done):
            text = word.decode()
            if "_" in text or not is_number(text):  # float("1_0") is 10
                raise ValueError(f"{name}:{rows.lines[row]}: the weight {text!r} is not a number.")
            values[row] = float(text)
        done = stop
    return values


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
        k, why = min(reader.line_num, len(kept)) - 1, str(err)
        if "unexpected end" in why:
            k, why = (next((k for k, line in enumerate(lines) if line.count('"') % 2), k),
                      "a quoted field goes on over the end of the line")
        raise ValueError(f"{name}:{kept[k]}: {why}.") from None
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
