"""One self-contained HTML file in which a person finds nodes, sees who is near whom, and moves about the map."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Hashable, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from ._parallel import Progress, ranges
from ._plane import (
    GREY,
    METHODS,
    PLAIN,
    SMALL,
    Kinds,
    checked_points,
    checked_rows,
    edges_between,
    in_row_order,
    most_important,
    project,
    read_values,
    vectors_of,
)
from ._validation import check_choice, check_int
from .graph import Graph, as_graph
from .io import PathLike, atomic_write

if TYPE_CHECKING:
    from .embedding import Embedding

_NAMED = 2_000  # nodes whose names may stand on the map, the most important first
_BLOCK = 2**23  # cosines at once
_GROUP = 32
# Ten points of matplotlib's viridis, between which the page interpolates.
_SCALE = ("#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725")


def explorer(embedding: Embedding | np.ndarray, path: PathLike,
             labels: Mapping[Hashable, Any] | Sequence[Any] | None = None, method: str = "pca", *, graph: Any = None,
             points: Any = None, k: int = 10, title: str | None = None, random_state: int | None = 0,
             verbose: int = 0) -> None:
    """Write a map of the vectors to explore in a browser: one HTML file that needs no network and no server.

    It searches nodes by name, tells what is under the pointer, colours by label, shows the nearest neighbours of a
    node, and pans and zooms. The file is written whole or not at all.

    Parameters
    ----------
    embedding : Embedding or ndarray of shape (n_nodes, n_components)
        Vectors, finite; row `i` belongs to node `i`.
    path : str or path-like
        The file, `.html` by custom. About 70 bytes a node with ``k=10``, and the names.
    labels : mapping or sequence of length n_nodes, default=None
        What to colour by, as in `graphemb.plot.plot`. Names and labels are shown as text, whatever is in them.
    method : {"pca", "tsne", "umap"}, default="pca"
        How to come down to two dimensions, as in `graphemb.plot.plot`. Not used where `points` is given.
    graph : Graph or anything `as_graph` takes, default=None
        The graph that was embedded. With it the page tells each node's number of neighbours, says which of the
        nearest ones are linked with it, names the nodes of most neighbours on the map (without it, those of largest
        norm), and draws the edges of a graph of up to 1,000 nodes.
    points : array-like of shape (n_nodes, 2), default=None
        Where to draw the nodes, instead of `method`.
    k : int, default=10
        Nearest neighbours to keep for each node, by cosine, computed exactly.
    title : str, default=None
        Heading of the page; None: the number of nodes.
    random_state : int or None, default=0
        Seed of "tsne" and "umap".
    verbose : int, default=0
        Above 0, shows progress: at 100,000 nodes the neighbours take a minute or so.

    Raises
    ------
    ValueError
        If the vectors or points are not a finite table, if `labels` or `graph` has no value for some node, if `method`
        is unknown, or if "tsne" or "umap" has fewer than 4 nodes to work on.
    ImportError
        If umap-learn is not installed for ``method="umap"``.
    OSError
        If the file cannot be written.

    Notes
    -----
    In the page: drag or arrow keys move, wheel or + and - zoom, 0 shows all, / searches, Esc lets go. A click on an
    entry of the legend shows that label alone. ``page.html#node=Valjean`` opens at that node.

    Examples
    --------
    >>> import os, tempfile
    >>> import networkx as nx
    >>> from graphemb import AdjacencySpectral
    >>> from graphemb.plot import explorer
    >>> club = nx.karate_club_graph()
    >>> model = AdjacencySpectral(n_components=8).fit(club)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "club.html")
    ...     explorer(model.vectors_, path, dict(club.nodes(data="club")), graph=club)
    ...     os.path.getsize(path) < 50_000
    True
    """
    check_choice("method", method, METHODS)
    check_int("k", k, 1)
    check_int("verbose", verbose, 0)
    nodes, vectors = vectors_of(embedding)
    n = len(nodes)
    values = None if labels is None else in_row_order(labels, nodes)
    given = None if graph is None else as_graph(graph)
    rows = None if given is None else checked_rows(given, nodes)
    plane = project(vectors, method, random_state, verbose)[0] if points is None else checked_points(points, n)

    k = min(k, n - 1)
    near, cosines = nearest(vectors, k, verbose)
    data: dict[str, Any] = {
        "title": title if title is not None else f"{n:,} nodes",
        "subtitle": f"{n:,} nodes, {vectors.shape[1]} dimensions"
                    + (f", {METHODS[method]}" if points is None else ""),
        "n": n, "k": k, "names": [str(node) for node in nodes],
        "points": _packed(_quantised(plane), "<u2"),
        "near": _packed(near, "<u4"), "cosines": _packed(np.round(cosines * 32767), "<i2"),
        "plain": PLAIN, "grey": GREY, "scale": _SCALE,
    }
    degrees = None
    if given is not None and rows is not None:
        degrees = np.diff(given.indptr)[rows]
        data["degrees"] = _packed(degrees, "<u4")
        if n <= SMALL:
            data["edges"] = _packed(edges_between(given, rows), "<u4")
        data["linked"] = _packed(_linked(given, rows, near), "u1")
    data["named"] = _packed(most_important(nodes, vectors, degrees, _NAMED), "<u4")
    if values is not None:
        read = read_values(values)
        if isinstance(read, Kinds):
            data["kinds"] = {"texts": read.texts, "colours": read.colours, "counts": read.counts,
                             "of": _packed(read.of, "<i4")}
        else:
            data["values"] = _packed(read, "<f4")
    with atomic_write(path) as file:
        file.write(_page(data).encode())


def nearest(vectors: np.ndarray, k: int, verbose: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest rows of each row by cosine, nearest first, and the cosines: both of shape (n, k)."""
    n = len(vectors)
    near, cosines = np.zeros((n, k), np.int64), np.zeros((n, k), np.float32)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.zeros((-(-n // _GROUP) * _GROUP, vectors.shape[1]), np.float32)
    unit[:n] = vectors / np.where(length > 0, length, 1)
    progress = Progress("nearest neighbours", n, verbose)
    for start, stop in ranges(n if k else 0, max(1, _BLOCK // n)):
        block = unit[start:stop] @ unit.T
        block[:, n:] = -np.inf
        block[np.arange(stop - start), np.arange(start, stop)] = -np.inf
        found = _largest(block, k)
        scores = np.take_along_axis(block, found, axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")
        near[start:stop] = np.take_along_axis(found, order, axis=1)
        cosines[start:stop] = np.take_along_axis(scores, order, axis=1)
        progress.update(stop - start)
    return near, np.clip(cosines, -1, 1)


def _largest(block: np.ndarray, k: int) -> np.ndarray:
    """Columns of the k largest of each row, rising: they are in the k groups of columns with the largest maxima."""
    groups = block.reshape(len(block), -1, _GROUP)
    wide = min(k, groups.shape[1])
    best = np.argpartition(groups.max(axis=2), -wide, axis=1)[:, -wide:]
    best.sort(axis=1)
    columns = (best[:, :, None] * _GROUP + np.arange(_GROUP)).reshape(len(block), -1)
    scores = np.take_along_axis(block, columns, axis=1)
    found = np.take_along_axis(columns, np.argpartition(scores, -k, axis=1)[:, -k:], axis=1)
    found.sort(axis=1)
    return found


def _linked(graph: Graph, rows: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Which of the nearest nodes are linked with the node, in either direction: bool, shape of `near`."""
    n = np.int64(graph.n_nodes)
    source = np.repeat(np.arange(graph.n_nodes, dtype=np.int64), np.diff(graph.indptr))
    arcs = source * n + graph.indices
    own, other = rows.astype(np.int64)[:, None], rows.astype(np.int64)[near]
    return np.isin(own * n + other, arcs) | (np.isin(other * n + own, arcs) if graph.directed else False)


def _quantised(points: np.ndarray) -> np.ndarray:
    """Points in a square of 65536 steps, y upwards: finer than any screen until it is zoomed a hundredfold."""
    low, high = points.min(axis=0), points.max(axis=0)
    centred = (points - (low + high) / 2) / (max((high - low).max(), np.finfo(float).tiny))
    return np.clip(np.round((centred + 0.5) * 65535), 0, 65535)


def _packed(array: Any, dtype: str) -> str:
    return base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode()


def _page(data: dict[str, Any]) -> str:
    """The template with style, script and data in it. Only this very script may run in the page."""
    folder = files("graphemb") / "_page"
    page, style, script = ((folder / name).read_text(encoding="utf-8")
                           for name in ("page.html", "style.css", "script.js"))
    # In a script element of another type nothing runs, and without "<" nothing can end it.
    packed = json.dumps(data, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    parts = {"TITLE": escape(data["title"]), "STYLE": style, "SCRIPT": script, "DATA": packed,
             "POLICY": f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"}
    pieces = page.split("@@")  # text, name, text, name, ...: data that holds "@@" is not looked at again
    return "".join(parts[piece] if i % 2 else piece for i, piece in enumerate(pieces))
