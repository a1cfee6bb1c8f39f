"""Node labels: what may be one, which row it has, and numbering the ends of edges."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NoReturn

import numpy as np

from graphemb import _text
from graphemb._parallel import ranges

MAX_NODES = 2**31 - 1


class Labels:
    """Node labels in row order, and the way back from label to row.

    Parameters
    ----------
    nodes : iterable of hashable
        Distinct labels. NaN is no label (it does not equal itself). Kept as they are, except that the
        elements of a NumPy array become Python scalars.

    Attributes
    ----------
    nodes : range or tuple
        `range(n)` if the labels are the ints 0..n-1 in order, else a tuple.

    Raises
    ------
    ValueError
        If there are none, more than 2**31-1, a NaN or a duplicate.
    TypeError
        If a label is not hashable.
    """

    __slots__ = ("_rows", "nodes")

    nodes: Sequence[Any]

    def __init__(self, nodes: Iterable[Any]) -> None:
        self._rows: dict[Any, int] | None = None
        if isinstance(nodes, range) and nodes.start == 0 and nodes.step == 1:
            self.nodes = nodes
        else:
            listed = list_labels("nodes", nodes)
            if isinstance(listed, np.ndarray) and np.array_equal(listed, np.arange(len(listed))):
                self.nodes = range(len(listed))
            else:
                self.nodes = tuple(listed.tolist() if isinstance(listed, np.ndarray) else listed)
                check_labels(self.nodes)
                self._rows = dict(zip(self.nodes, range(len(self.nodes)), strict=True))
                if len(self._rows) < len(self.nodes):
                    self._raise_duplicate()
        if len(self.nodes) == 0:
            raise ValueError("The graph has no nodes; it must have at least 1.")
        if len(self.nodes) > MAX_NODES:
            raise ValueError(f"The graph has {len(self.nodes)} nodes; at most 2**31-1 = {MAX_NODES} fit the "
                             "32-bit node indices. Split it, or drop nodes.")

    def __len__(self) -> int:
        return len(self.nodes)

    def __contains__(self, label: Any) -> bool:
        try:
            return label in self.by_label
        except TypeError:
            return False

    def __reduce__(self) -> tuple[Any, ...]:
        return Labels, (self.nodes,)

    @property
    def by_label(self) -> Mapping[Any, int]:
        """The row of each label, as a dict."""
        if self._rows is None:
            self._rows = dict(zip(self.nodes, self.nodes, strict=True))
        return self._rows

    def rows(self, labels: Iterable[Any]) -> np.ndarray:
        """Row numbers of a sequence of labels: int32, shape (len(labels),). See `Graph.index_of`."""
        if getattr(labels, "dtype", None) == np.bool_:
            raise TypeError("labels is a boolean array; a mask is no list of labels: pass the labels it "
                            "selects.")
        listed = list_labels("labels", labels)
        if isinstance(listed, np.ndarray):
            if isinstance(self.nodes, range):
                outside = (listed < 0) | (listed >= len(self.nodes))
                if outside.any():
                    self._raise_unknown(listed[outside][0].item(), labels)
                return listed.astype(np.int32)
            listed = listed.tolist()
        try:
            return np.fromiter(map(self.by_label.__getitem__, listed), np.int32, len(listed))
        except KeyError:
            self._raise_unknown(next(label for label in listed if label not in self.by_label), labels)
        except TypeError:
            check_labels(listed)
            raise

    def _raise_unknown(self, label: Any, given: Any) -> NoReturn:
        hint = "types count: '1' is not 1"
        if isinstance(given, tuple) and given in self:
            hint = f"for the one label {given!r} pass [{given!r}]"
        raise KeyError(f"{label!r} is not among the {len(self)} node labels ({_some(self.nodes)}); {hint}.")

    def _raise_duplicate(self) -> NoReturn:
        first: dict[Any, int] = {}
        for row, label in enumerate(self.nodes):
            if label in first:
                other = self.nodes[first[label]]
                raise ValueError(f"labels must be distinct; rows {first[label]} and {row} have {other!r} and "
                                 f"{label!r}, which are equal in Python. Rename one.")
            first[label] = row
        raise ValueError("labels must be distinct.")


def labels_for(n: int, nodes: Labels | Iterable[Any] | None) -> Labels:
    """`nodes` as the labels of `n` rows, `range(n)` if None; ValueError if they are not `n`."""
    labels = nodes if isinstance(nodes, Labels) else Labels(range(n) if nodes is None else nodes)
    if len(labels) != n:
        raise ValueError(f"nodes must have a label for each of the {n} rows; got {len(labels)}.")
    return labels


def list_labels(name: str, labels: Iterable[Any]) -> np.ndarray | list[Any]:
    """Labels as an integer array where they all are ints, else as a list of the objects themselves."""
    if isinstance(labels, (str, bytes)) or np.ma.isMaskedArray(labels) or not isinstance(labels, Iterable):
        raise TypeError(f"{name} must be a sequence of labels; got {labels!r}. For one label pass [label].")
    if isinstance(labels, range):
        return np.array(labels, dtype=np.int64)
    # Not np.asarray of a list: it would turn ['a', 1] into strings.
    if hasattr(labels, "__array__"):
        array = np.asarray(labels)
        if array.ndim != 1:
            raise ValueError(f"{name} must be 1-D; got an array of shape {array.shape}.")
        if array.dtype.kind in "iu":
            return array.astype(array.dtype.newbyteorder("="), copy=False)
        # tolist would turn dates into bare numbers of nanoseconds.
        listed = list(array) if array.dtype.kind in "mM" else array.tolist()
    else:
        listed = list(labels)
    if set(map(type, listed)) == {int} and min(listed) >= -2**63 and max(listed) < 2**63:
        return np.array(listed, dtype=np.int64)
    return listed


def check_labels(labels: Sequence[Any]) -> None:
    """Raise for labels that cannot be looked up: unhashable, or NaN."""
    if set(map(type, labels)) <= {int, str}:
        return
    for label in labels:
        try:
            hash(label)
        except TypeError:
            raise TypeError(f"labels must be hashable; got {label!r} of type {type(label).__name__}. Use a "
                            "tuple or a string in its place.") from None
        if has_nan(label):
            raise ValueError(f"{label!r} cannot be a label, because NaN does not equal itself; rename the "
                             "node or drop it.")


def has_nan(label: Any) -> bool:
    """Whether a label is NaN or another mark of a missing value, or a tuple with one."""
    if isinstance(label, tuple):
        return any(map(has_nan, label))
    # Missing-value markers such as pandas.NA answer a comparison with themselves.
    return type(label).__name__ in ("NAType", "NaTType") or (isinstance(label, (numbers.Number, np.generic))
                                                and bool(label != label))


def _some(nodes: Sequence[Any]) -> str:
    return ", ".join(map(repr, nodes[:3])) + (", ..." if len(nodes) > 3 else "")


def number_ends(src: np.ndarray | list[Any], dst: np.ndarray | list[Any],
                nodes: Iterable[Any] | None) -> tuple[Labels, np.ndarray, np.ndarray]:
    """Labels of the nodes, and the row numbers of both ends of every edge."""
    given = None if nodes is None else Labels(nodes)
    if isinstance(src, np.ndarray) and isinstance(dst, np.ndarray) and np.result_type(src, dst).kind in "iu":
        if given is None:
            firsts, i, j = _first_appearance(src, dst)
            return Labels(firsts), i, j
        if isinstance(given.nodes, range):
            return given, _ends("src", src, given), _ends("dst", dst, given)
    src = src.tolist() if isinstance(src, np.ndarray) else src
    dst = dst.tolist() if isinstance(dst, np.ndarray) else dst
    both = list(chain.from_iterable(zip(src, dst, strict=True)))
    check_labels(both)
    labels = Labels(dict.fromkeys(both)) if given is None else given
    _check_kinds([*labels.nodes, *both])
    return labels, _ends("src", src, labels), _ends("dst", dst, labels)


def _ends(name: str, listed: np.ndarray | list[Any], labels: Labels) -> np.ndarray:
    try:
        return labels.rows(listed)
    except KeyError as err:
        raise ValueError(f"{name} must name nodes only: {err.args[0]} Add it to nodes=, or drop the "
                         "edge.") from None


def _first_appearance(src: np.ndarray, dst: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct ints in order of first appearance, edge by edge, and the number of each end in that order."""
    if len(src) == 0:
        return src, src.astype(np.int32), src.astype(np.int32)
    low, high = min(int(src.min()), int(dst.min())), max(int(src.max()), int(dst.max()))
    if high - low <= 8 * len(src) and high < 2**63:
        # A table over the span instead of a sort.
        table = np.zeros(high - low + 1, np.int32)
        distinct = np.empty(min(2 * len(src), high - low + 1), np.int64)
        i, j = np.empty(len(src), np.int32), np.empty(len(src), np.int32)
        known = 0
        for start, stop in ranges(len(src), 2**20):
            part = np.stack([src[start:stop], dst[start:stop]], axis=1, dtype=np.int64, casting="unsafe").reshape(-1)
            codes = np.empty(len(part), np.int32)
            known = _text.first_appearance(part, low, 0, len(part), table, distinct, known, codes)
            i[start:stop], j[start:stop] = codes[0::2], codes[1::2]
        return distinct[:known], i, j
    unique, begin, inverse = np.unique(np.stack([src, dst], axis=1).reshape(-1), return_index=True, return_inverse=True)
    order = np.argsort(begin)
    rank = np.empty(len(order), np.int32 if len(order) <= MAX_NODES else np.int64)
    rank[order] = np.arange(len(order))
    both = rank[inverse]
    return unique[order], both[0::2].copy(), both[1::2].copy()


def _check_kinds(labels: list[Any]) -> None:
    """Raise if labels are equal but of different type, so that a dict would merge them."""
    if len(set(map(type, labels)) - {str, bytes, type(None)}) < 2 and tuple not in set(map(type, labels)):
        return
    first: dict[Any, Any] = {}
    for label in labels:
        other = first.setdefault(label, label)
        if other is not label and _kind(other) != _kind(label):
            raise ValueError(f"labels {other!r} and {label!r} are of different type but equal in Python, so "
                             "they would become one node; convert them to one type.")


def _kind(label: Any) -> Any:
    if isinstance(label, tuple):
        return tuple(map(_kind, label))
    return type(label.item() if isinstance(label, np.generic) else label)
