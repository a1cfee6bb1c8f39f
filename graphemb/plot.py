"""Pictures of an embedding: a map in two dimensions, drawn on a matplotlib axes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from ._validation import check_choice, check_int

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .embedding import Embedding

# The ten colours of Petroff (arXiv:2107.02270), told apart by colour-blind readers too; ten more for
# graphs of many labels. Labels beyond the twentieth share the grey.
_PALETTE = ("#3f90da", "#ffa90e", "#bd1f01", "#832db6", "#92dadd", "#a96b59", "#e76300", "#b9ac70",
            "#94a4a2", "#717581", "#1b7837", "#f4a6c0", "#00429d", "#c9e265", "#7f0000", "#c2a5cf",
            "#006d6f", "#fdd49e", "#4d4d4d", "#e31a9b")
_GREY = "#c8c8c8"
_PLAIN = "#3f6fa8"
_NAMED_UP_TO = 1_000  # nodes; in larger graphs no name is written unless asked for


def plot(embedding: Embedding | np.ndarray, labels: Mapping[Hashable, Any] | Sequence[Any] | None = None,
         method: str = "pca", ax: Axes | None = None, *, names: str | int | Iterable[Hashable] = "auto",
         size: float | None = None, random_state: int | None = 0) -> Axes:
    """Draw every node as a point of the plane, near to the nodes whose vectors are like its own.

    Parameters
    ----------
    embedding : Embedding or ndarray of shape (n_nodes, n_components)
        Vectors, finite; row `i` belongs to node `i`.
    labels : mapping or sequence of length n_nodes, default=None
        What to colour by: a value for each node, as ``{node: value}`` or in row order. Floats, and ints
        of more than 20 kinds, get a continuous scale; all else is a category with its entry in the
        legend. The 20 most frequent categories have a colour each, the others share the grey; so do
        nodes whose value is None or NaN.
    method : {"pca", "tsne", "umap"}, default="pca"
        How to come down to two dimensions. "pca" keeps the directions of largest variance of the raw
        vectors [1]_; "tsne" (scikit-learn) [2]_ and "umap" (the package umap-learn) [3]_ keep the
        nearest nodes by cosine, and distances between far points mean little in them.
    ax : matplotlib Axes, default=None
        Where to draw; None makes a new figure.
    names : "auto", int or iterable of nodes, default="auto"
        Which nodes to write the names of: the `int` nodes of largest norm, or the nodes given. "auto"
        is 30 in graphs of up to 1,000 nodes and none in larger ones. Of two names that would overlap,
        the first stands.
    size : float, default=None
        Area of a point, in points squared; None chooses by the number of nodes.
    random_state : int or None, default=0
        Seed of "tsne" and "umap".

    Returns
    -------
    ax : matplotlib Axes
        The one given, or the new one.

    Raises
    ------
    ImportError
        If matplotlib, or umap-learn for ``method="umap"``, is not installed.
    ValueError
        If the vectors are not a finite table of at least one row, if `labels` has no value for some
        node, if `method` is unknown, or if "tsne" or "umap" has fewer than 4 nodes to work on.
    KeyError
        If `names` holds a node that the embedding has not.

    Notes
    -----
    Above 2,000 nodes the points are rasterised, so that a PDF or SVG stays small.

    References
    ----------
    .. [1] Hotelling, "Analysis of a complex of statistical variables into principal components", 1933.
    .. [2] van der Maaten and Hinton, "Visualizing data using t-SNE", JMLR 9, 2008.
    .. [3] McInnes, Healy and Melville, "UMAP", arXiv:1802.03426, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from graphemb.plot import plot
    >>> ax = plot(np.random.default_rng(0).normal(size=(50, 8)), labels=["a", "b"] * 25)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['a', 'b']
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("plot needs matplotlib: pip install 'graphemb[plot]'.") from error

    check_choice("method", method, ["pca", "tsne", "umap"])
    vectors = np.asarray(getattr(embedding, "array", embedding), dtype=np.float64)
    if vectors.ndim != 2 or 0 in vectors.shape:
        raise ValueError("embedding must hold vectors of shape (n_nodes, n_components), at least one of "
                         f"each; got shape {vectors.shape}.")
    if not np.isfinite(vectors).all():
        row = int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])
        raise ValueError(f"embedding must be finite; row {row} is not.")
    nodes = list(getattr(embedding, "nodes", range(len(vectors))))
    named = _named(names, nodes, vectors)
    values = None if labels is None else _in_row_order(labels, nodes)

    points, axis_labels = _project(vectors, method, random_state)
    if ax is None:
        _, ax = plt.subplots(figsize=(8, 6), layout="constrained")
    n = len(points)
    style: dict[str, Any] = {
        "s": size if size is not None else min(36.0, max(1.0, 36.0 * (150 / n) ** 0.55)),
        "alpha": 0.9 if n <= 2_000 else 0.6,
        "edgecolors": "white" if n <= 2_000 else "none",
        "linewidths": 0.5 if n <= 2_000 else 0.0,
        "rasterized": n > 2_000,
        "zorder": 2,
    }
    if values is None:
        ax.scatter(points[:, 0], points[:, 1], color=_PLAIN, **style)
    elif _is_scale(values):
        _scatter_scale(ax, points, np.array([np.nan if v is None else v for v in values], float), style)
    else:
        _scatter_kinds(ax, points, values, style)

    ax.set_aspect("equal", adjustable="datalim")
    ax.margins(0.06)
    ax.set(xticks=[], yticks=[], xlabel=axis_labels[0], ylabel=axis_labels[1])
    ax.spines[:].set_color("#d0d0d0")
    title = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}[method]
    ax.set_title(f"{n:,} nodes, {title} of {vectors.shape[1]} dimensions", loc="left", fontsize="medium")
    _write_names(ax, points, [(nodes[i], points[i]) for i in named])
    return ax


def _named(names: str | int | Iterable[Hashable], nodes: list[Hashable], vectors: np.ndarray) -> list[int]:
    """Rows of the nodes to name, the most important first."""
    if isinstance(names, str):
        check_choice("names", names, ["auto"])
        names = 30 if len(nodes) <= _NAMED_UP_TO else 0
    if isinstance(names, Iterable):
        row = {node: i for i, node in enumerate(nodes)}
        wanted = list(names)
        for node in wanted:
            if node not in row:
                raise KeyError(f"names holds {node!r}, which is not a node of this embedding.")
        return [row[node] for node in wanted]
    count = check_int("names", names, 0)
    return np.argsort(-np.linalg.norm(vectors, axis=1), kind="stable")[:count].tolist()


def _in_row_order(labels: Mapping[Hashable, Any] | Sequence[Any], nodes: list[Hashable]) -> list[Any]:
    if isinstance(labels, Mapping):
        for node in nodes:
            if node not in labels:
                raise ValueError(f"labels has no value for node {node!r}; give it one (None draws it grey).")
        return [labels[node] for node in nodes]
    values = list(labels)
    if len(values) != len(nodes):
        raise ValueError(f"labels must have one value a node, {len(nodes)}; got {len(values)}.")
    for node, value in zip(nodes, values, strict=True):
        if not isinstance(value, Hashable):
            raise ValueError(f"labels must be single values; node {node!r} has {value!r}.")
    return values


def _project(vectors: np.ndarray, method: str,
             random_state: int | None) -> tuple[np.ndarray, tuple[str, str]]:
    """Points of shape (n_nodes, 2), and what to write along the two axes."""
    n, dim = vectors.shape
    if method == "pca":
        centred = vectors - vectors.mean(axis=0)
        variance, axes = np.linalg.eigh(centred.T @ centred)  # ascending
        top = axes[:, ::-1][:, :2]
        top = top * np.where(top[np.abs(top).argmax(axis=0), range(top.shape[1])] < 0, -1.0, 1.0)
        points = np.zeros((n, 2))
        points[:, :top.shape[1]] = centred @ top
        share = np.zeros(2)
        share[:top.shape[1]] = variance[::-1][:2] / (variance.sum() or 1.0)
        first, second = (f"component {i + 1} ({100 * s:.0f} % of the variance)" for i, s in enumerate(share))
        return points, (first, second)
    if n < 4:
        raise ValueError(f'method="{method}" needs at least 4 nodes; got {n}. method="pca" draws any number.')
    if method == "tsne":
        from sklearn.manifold import TSNE

        model = TSNE(metric="cosine", init="pca" if dim > 1 else "random", perplexity=min(30.0, (n - 1) / 3),
                     random_state=random_state)
        return model.fit_transform(vectors), ("", "")
    try:
        from umap import UMAP
    except ImportError as error:
        raise ImportError("method=\"umap\" needs umap-learn: pip install 'graphemb[umap]'; "
                          "method=\"tsne\" works without it.") from error
    model = UMAP(metric="cosine", n_neighbors=min(15, n - 1), random_state=random_state,
                 n_jobs=1 if random_state is not None else -1)  # UMAP is reproducible on one thread only
    return np.asarray(model.fit_transform(vectors)), ("", "")


def _missing(value: Any) -> bool:
    return value is None or value != value


def _is_scale(values: list[Any]) -> bool:
    """Whether the values lie on a line rather than in kinds."""
    present = [v for v in values if not _missing(v)]
    if not present or any(isinstance(v, (bool, np.bool_)) for v in present):
        return False
    if all(isinstance(v, (int, np.integer)) for v in present):
        return len(set(present)) > len(_PALETTE)
    return all(isinstance(v, (int, float, np.integer, np.floating)) for v in present)


def _scatter_scale(ax: Axes, points: np.ndarray, values: np.ndarray, style: dict[str, Any]) -> None:
    known = ~np.isnan(values)
    ax.scatter(points[~known, 0], points[~known, 1], color=_GREY, **style)
    drawn = ax.scatter(points[known, 0], points[known, 1], c=values[known], cmap="viridis", **style)
    ax.figure.colorbar(drawn, ax=ax, shrink=0.7, pad=0.02).outline.set_visible(False)  # type: ignore[operator]


def _scatter_kinds(ax: Axes, points: np.ndarray, values: list[Any], style: dict[str, Any]) -> None:
    from matplotlib.colors import to_rgba_array
    from matplotlib.lines import Line2D

    counts = Counter(v for v in values if not _missing(v))
    kinds = [kind for kind, _ in counts.most_common(len(_PALETTE))]
    with suppress(TypeError):  # kinds that have no order among them stay the most frequent first
        kinds.sort()
    colour = dict(zip(kinds, _PALETTE, strict=False))
    others = len(counts) - len(kinds)
    entries = [(str(kind), colour[kind]) for kind in kinds]
    if others:
        entries.append((f"{others} others", _GREY))
    if sum(counts.values()) < len(values):
        entries.append(("none", _GREY))

    # One scatter in a shuffled order: drawn kind by kind, the last kind would hide the others.
    order = np.random.default_rng(0).permutation(len(values))
    colours = to_rgba_array([_GREY if _missing(v) else colour.get(v, _GREY) for v in values])
    ax.scatter(points[order, 0], points[order, 1], c=colours[order], **style)
    handles = [Line2D([], [], linestyle="none", marker="o", markersize=6, color=c, label=text)
               for text, c in entries]
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0,
              frameon=False, fontsize="small")


def _write_names(ax: Axes, points: np.ndarray, named: list[tuple[Hashable, np.ndarray]]) -> None:
    """Write each name beside its point, on the side where it hides least; leave out what finds no room."""
    if not named:
        return
    from matplotlib.patheffects import withStroke

    ax.figure.draw_without_rendering()  # type: ignore[union-attr]  # settles limits and layout
    pixels = ax.transData.transform(points)
    frame = ax.get_window_extent()
    taken: list[Any] = []
    sides = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)]
    for node, (x, y) in named:
        text = ax.annotate(str(node), (x, y), (0, 0), textcoords="offset points", fontsize=8,
                           color="#222222", zorder=3,
                           path_effects=[withStroke(linewidth=2.5, foreground="white", alpha=0.85)])
        free: list[tuple[int, int, dict[str, Any], Any]] = []
        for right, up in sides:
            place = {"position": (5 * right, 5 * up), "ha": ("center", "left", "right")[right],
                     "va": ("center", "bottom", "top")[up]}
            text.set(**place)
            box = text.get_window_extent().padded(1.5)
            if (frame.contains(box.x0, box.y0) and frame.contains(box.x1, box.y1)
                    and not any(box.overlaps(other) for other in taken)):
                wide = box.padded(2.5)  # points have a size too
                hidden = ((pixels > (wide.x0, wide.y0)) & (pixels < (wide.x1, wide.y1))).all(axis=1).sum()
                free.append((hidden, len(free), place, box))
        if free:
            _, _, place, box = min(free)  # the first side among those that hide the fewest points
            text.set(**place)
            taken.append(box)
        else:
            text.remove()
