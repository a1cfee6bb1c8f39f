"""What every map of an embedding needs: points of the plane, and colours for what is known of the nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._parallel import interruptible
from ._validation import check_choice, check_int

METHODS = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}

# The ten colours of Petroff (arXiv:2107.02270), which colour-blind readers tell apart; ten more, each as far from
# those before it as OKLab has room for in normal and in colour-blind sight (Machado et al., IEEE TVCG 15, 2009).
# Labels beyond the twentieth share the grey.
PALETTE = ("#3f90da", "#ffa90e", "#bd1f01", "#832db6", "#92dadd", "#a96b59", "#e76300", "#b9ac70",
           "#94a4a2", "#717581", "#880055", "#6622ff", "#66bbee", "#553388", "#00ff99", "#8866ff",
           "#3377bb", "#555588", "#bb8866", "#994455")
GREY = "#c8c8c8"
PLAIN = "#3f6fa8"
SMALL = 1_000
"""Nodes up to which more of them are named, and the edges of a graph drawn."""


def vectors_of(embedding: Any) -> tuple[list[Hashable], np.ndarray]:
    """Node labels, and their vectors as float64, finite, at least one row and column."""
    vectors = np.asarray(getattr(embedding, "array", embedding), dtype=np.float64)
    if vectors.ndim != 2 or 0 in vectors.shape:
        raise ValueError("embedding must hold vectors of shape (n_nodes, n_components), at least one of "
                         f"each; got shape {vectors.shape}.")
    if not np.isfinite(vectors).all():
        row = int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])
        raise ValueError(f"embedding must be finite; row {row} is not.")
    return list(getattr(embedding, "nodes", range(len(vectors)))), vectors


def in_row_order(labels: Mapping[Hashable, Any] | Sequence[Any], nodes: list[Hashable]) -> list[Any]:
    """One value a node, from a mapping by node or from a sequence."""
    if isinstance(labels, Mapping):
        for node in nodes:
            if node not in labels:
                raise ValueError(f"labels has no value for node {node!r}; give it one (None draws it grey).")
        values = [labels[node] for node in nodes]
    else:
        values = list(labels)
    if len(values) != len(nodes):
        raise ValueError(f"labels must have one value a node, {len(nodes)}; got {len(values)}.")
    for node, value in zip(nodes, values, strict=True):
        if not isinstance(value, Hashable):
            raise ValueError(f"labels must be single values; node {node!r} has {value!r}.")
    return values


def checked_points(points: Any, n: int) -> np.ndarray:
    """Points of the plane that a caller gives: finite, float64, of shape (n, 2)."""
    plane = np.asarray(points, np.float64)
    if plane.shape != (n, 2) or not np.isfinite(plane).all():
        raise ValueError(f"points must be finite, of shape ({n}, 2); got shape {plane.shape}.")
    return plane


def checked_rows(graph: Any, nodes: list[Hashable]) -> np.ndarray:
    """Row in `graph`, a `Graph`, of each node."""
    try:
        return graph.index_of(nodes)
    except KeyError as error:
        raise ValueError(f"graph must hold every node of the embedding: {error.args[0]}") from None


def edges_between(graph: Any, rows: np.ndarray) -> np.ndarray:
    """Pairs of positions in `rows` that are linked, each once."""
    place = np.full(graph.n_nodes, -1)
    place[rows] = np.arange(len(rows))
    source = place[np.repeat(np.arange(graph.n_nodes), np.diff(graph.indptr))]
    target = place[graph.indices]
    kept = (source >= 0) & (target >= 0) & ((source < target) | graph.directed)
    return np.column_stack((source[kept], target[kept]))


def most_important(nodes: list[Hashable], vectors: np.ndarray, degrees: np.ndarray | None, count: int) -> list[int]:
    """Rows of the nodes of largest degree; without a graph, of largest norm."""
    importance = np.linalg.norm(vectors, axis=1) if degrees is None else degrees
    return np.argsort(-importance, kind="stable")[:count].tolist()


def rows_of_names(names: Iterable[Hashable], nodes: list[Hashable]) -> list[int]:
    """Rows of the nodes that a caller asks the names of."""
    row = {node: i for i, node in enumerate(nodes)}
    wanted = list(names)
    for node in wanted:
        if node not in row:
            raise KeyError(f"names holds {node!r}, which is not a node of this embedding.")
    return [row[node] for node in wanted]


def project(vectors: np.ndarray, method: str, random_state: int | None,
            verbose: int = 0) -> tuple[np.ndarray, tuple[str, str]]:
    """Points of shape (n_nodes, 2), and what to write along the two axes."""
    check_choice("method", method, METHODS)
    check_int("verbose", verbose, 0)
    n, dim = vectors.shape
    if method == "pca":
        points, share = _principal(vectors, 2)
        first, second = (f"component {i + 1} ({100 * s:.0f} % of the variance)" for i, s in enumerate(share))
        return points, (first, second)
    if n < 4:
        raise ValueError(f'method="{method}" needs at least 4 nodes; got {n}. method="pca" draws any number.')
    if method == "tsne":
        from sklearn.manifold import TSNE

        model = TSNE(metric="cosine", init="pca" if dim > 1 else "random", perplexity=min(30.0, (n - 1) / 3),
                     random_state=random_state, verbose=verbose)
    else:
        try:
            from umap import UMAP
        except ImportError as error:
            raise ImportError("method=\"umap\" needs umap-learn: pip install 'graphemb[umap]'; "
                              "method=\"tsne\" works without it.") from error
        model = UMAP(metric="cosine", n_neighbors=min(15, n - 1), random_state=random_state, verbose=bool(verbose),
                     n_jobs=1 if random_state is not None else -1)  # UMAP is reproducible on one thread only
    return np.asarray(interruptible(lambda: model.fit_transform(vectors)), dtype=np.float64), ("", "")


def _principal(vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates along the first k principal directions, zeros where there are fewer, and their shares."""
    centred = vectors - vectors.mean(axis=0)
    variance, axes = np.linalg.eigh(centred.T @ centred)  # ascending
    top = axes[:, ::-1][:, :k]
    top = top * np.where(top[np.abs(top).argmax(axis=0), range(top.shape[1])] < 0, -1.0, 1.0)
    points, share = np.zeros((len(vectors), k)), np.zeros(k)
    points[:, :top.shape[1]] = centred @ top
    share[:top.shape[1]] = variance[::-1][:k] / (variance.sum() or 1.0)
    return points, share


@dataclass(frozen=True)
class Kinds:
    """Categories of nodes.

    Attributes
    ----------
    texts : list of str
        What each category is called: those with a colour first, in their order, then the others.
    colours : list of str
        A colour for each of the first of them.
    counts : list of int
        Nodes of each.
    of : ndarray of shape (n_nodes,), dtype=int64
        The category of each node, -1 where it has none.
    """

    texts: list[str]
    colours: list[str]
    counts: list[int]
    of: np.ndarray

    @property
    def n_others(self) -> int:
        """Categories that share the grey."""
        return len(self.texts) - len(self.colours)


def read_values(values: list[Any]) -> np.ndarray | Kinds:
    """Values of nodes as numbers on a scale (float64, NaN where missing), or as categories."""
    if _is_scale(values):
        return np.array([np.nan if _missing(v) else v for v in values], np.float64)
    counts = Counter(v for v in values if not _missing(v))
    ranked = [kind for kind, _ in counts.most_common()]
    shown = ranked[:len(PALETTE)]
    with suppress(TypeError):  # kinds that have no order among them stay the most frequent first
        shown.sort()
    ranked[:len(PALETTE)] = shown
    number = {kind: i for i, kind in enumerate(ranked)}
    of = np.array([-1 if _missing(v) else number[v] for v in values], np.int64)
    return Kinds(list(map(str, ranked)), list(PALETTE[:len(shown)]), [counts[kind] for kind in ranked], of)


def _missing(value: Any) -> bool:
    return value is None or value != value


def _is_scale(values: list[Any]) -> bool:
    """Whether the values lie on a line rather than in kinds."""
    present = [v for v in values if not _missing(v)]
    if not present or any(isinstance(v, (bool, np.bool_)) for v in present):
        return False
    if all(isinstance(v, (int, np.integer)) for v in present):
        return len(set(present)) > len(PALETTE)
    return all(isinstance(v, (int, float, np.integer, np.floating)) for v in present)
