"""Pictures: a map of the vectors, how training went, what the graph is like; on matplotlib's axes, or in a browser."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._explorer import explorer
from ._plane import (
    GREY,
    METHODS,
    PALETTE,
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
    rows_of_names,
    vectors_of,
)
from ._validation import check_choice, check_int
from .graph import as_graph

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .embedding import Embedding

__all__ = ["degree_histogram", "explorer", "loss_curve", "plot", "scree", "visit_histogram"]

_SECOND = "#bd1f01"


def plot(embedding: Embedding | np.ndarray, labels: Mapping[Hashable, Any] | Sequence[Any] | None = None,
         method: str = "pca", ax: Axes | None = None, *, graph: Any = None, points: Any = None,
         names: str | int | Iterable[Hashable] = "auto", size: float | None = None, random_state: int | None = 0,
         verbose: int = 0) -> Axes:
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
    graph : Graph or anything `as_graph` takes, default=None
        The graph that was embedded. With it the nodes of most neighbours are named, not those of largest norm,
        and the edges of a graph of up to 1,000 nodes are drawn, thin and grey.
    points : array-like of shape (n_nodes, 2), default=None
        Where to draw the nodes, instead of `method`: from another layout, or kept from an earlier picture.
    names : "auto", int or iterable of nodes, default="auto"
        Which nodes to write the names of: the `int` most important ones, by degree in `graph` or else by norm, or
        the nodes given. "auto" is 30 in graphs of up to 1,000 nodes, 15 in larger ones, and none in larger ones whose
        nodes are mere row numbers. Of two names that would overlap, the first stands.
    size : float, default=None
        Area of a point, in points squared; None chooses by the number of nodes.
    random_state : int or None, default=0
        Seed of "tsne" and "umap".
    verbose : int, default=0
        Above 0, "tsne" and "umap" say how far they are: at 50,000 nodes t-SNE takes several minutes.

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
        node, if `graph` lacks a node, if `method` is unknown, or if "tsne" or "umap" has fewer than 4 nodes
        to work on.
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
    new_axes = _new_axes("plot")
    check_choice("method", method, METHODS)
    nodes, vectors = vectors_of(embedding)
    degrees = edges = None
    if graph is not None:
        graph = as_graph(graph)
        rows = checked_rows(graph, nodes)
        degrees = np.diff(graph.indptr)[rows]
        edges = edges_between(graph, rows) if len(nodes) <= SMALL else None
    named = _named(names, nodes, vectors, degrees)
    values = None if labels is None else in_row_order(labels, nodes)

    heading = f"{len(nodes):,} nodes, {vectors.shape[1]} dimensions"
    axis_labels = "", ""
    if points is None:
        points, axis_labels = project(vectors, method, random_state, verbose)
        heading = f"{len(nodes):,} nodes, {METHODS[method]} of {vectors.shape[1]} dimensions"
    points = checked_points(points, len(nodes))
    if ax is None:
        ax = new_axes(figsize=(8, 6))
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
        ax.scatter(points[:, 0], points[:, 1], color=PLAIN, **style)
    else:
        read = read_values(values)
        if isinstance(read, Kinds):
            _scatter_kinds(ax, points, read, style)
        else:
            _scatter_scale(ax, points, read, style)
    if edges is not None:
        from matplotlib.collections import LineCollection

        ax.add_collection(LineCollection(points[edges], colors="#909090", linewidths=0.5, zorder=1,
                                         alpha=min(0.5, max(0.06, 60 / (len(edges) + 1)))), autolim=False)

    ax.set_aspect("equal", adjustable="datalim")
    ax.margins(0.06)
    ax.set(xticks=[], yticks=[], xlabel=axis_labels[0], ylabel=axis_labels[1])
    ax.spines[:].set_color("#d0d0d0")
    ax.set_title(heading, loc="left", fontsize="medium")
    _write_names(ax, points, [(nodes[i], points[i]) for i in named])
    return ax


def loss_curve(model: Any, ax: Axes | None = None, *, label: str | None = None) -> Axes:
    """Draw the mean loss of each epoch of training.

    Parameters
    ----------
    model : fitted walk estimator, or its `fit_report_`
    ax : matplotlib Axes, default=None
        Where to draw; None makes a new figure. Draw several models on one to compare them.
    label : str, default=None
        What to call the curve in the legend; None: the class of the model.

    Returns
    -------
    ax : matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the report holds no loss by epoch: the method does not train, or it was gensim that did.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import DeepWalk
    >>> from graphemb.plot import loss_curve
    >>> model = DeepWalk(n_components=8, n_epochs=4, random_state=0).fit(nx.karate_club_graph())
    >>> ax = loss_curve(model)
    >>> len(ax.lines[0].get_ydata())
    4
    """
    new_axes = _new_axes("loss_curve")
    report = model if isinstance(model, Mapping) else getattr(model, "fit_report_", {})
    losses = report.get("loss")
    if losses is None or np.ndim(losses) != 1 or not len(losses):
        raise ValueError(f"model must have a loss by epoch in its fit_report_; got {type(model).__name__} "
                         "without. The walk methods have it, fitted with trainer=\"native\".")
    if ax is None:
        ax = new_axes(figsize=(6, 4))
    name = label or ("loss" if isinstance(model, Mapping) else type(model).__name__)
    colour = PALETTE[len(ax.lines) % len(PALETTE)]
    ax.plot(np.arange(1, len(losses) + 1), losses, marker="o", markersize=5, color=colour, label=name)
    ax.set(xlabel="epoch", ylabel="mean loss per pair, nats")
    ax.locator_params(axis="x", integer=True)
    if len(ax.lines) > 1:
        ax.legend(frameon=False)
    _plain(ax)
    return ax


def scree(model: Any, ax: Axes | None = None, *, n_gaps: int = 1) -> Axes:
    """Draw the eigenvalues or singular values of a fit, in their order, and mark the widest gaps among them.

    A wide gap says after which column the graph has no more structure of the same strength; near a narrow one at the
    end the last columns are one choice among many.

    Parameters
    ----------
    model : fitted estimator with `eigenvalues_` or `singular_values_`, or array of shape (k,) or (n_parts, k)
        Of several connected components each has its line, up to ten, and the gaps are those of the first.
    ax : matplotlib Axes, default=None
        Where to draw; None makes a new figure.
    n_gaps : int, default=1
        How many of the widest gaps to mark: between neighbours in the picture, in absolute terms.

    Returns
    -------
    ax : matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the model has no such values.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import LaplacianEigenmaps
    >>> from graphemb.plot import scree
    >>> three = nx.planted_partition_graph(3, 30, 0.5, 0.02, seed=0)
    >>> ax = scree(LaplacianEigenmaps(n_components=10).fit(three))
    >>> ax.texts[0].get_text()
    'widest gap, after 2'
    """
    new_axes = _new_axes("scree")
    check_int("n_gaps", n_gaps, 0)
    kind = "values"
    values: Any = model
    for name in ("eigenvalues_", "singular_values_"):
        if hasattr(model, name):
            kind, values = name.rstrip("_").replace("_", " "), getattr(model, name)
    given = isinstance(values, (np.ndarray, list, tuple))
    rows: Any = np.atleast_2d(np.asarray(values, np.float64)) if given else []
    lines = [found for row in rows if row.ndim == 1 and len(found := row[~np.isnan(row)])]
    if not lines:
        raise ValueError(f"model must have eigenvalues_ or singular_values_; {type(model).__name__} has none. The "
                         "spectral methods and factorisations have them once they are fitted.")
    if ax is None:
        ax = new_axes(figsize=(6, 4))
    for found, colour in zip(lines, PALETTE[:10], strict=False):
        ax.plot(np.arange(1, len(found) + 1), found, marker="o", markersize=4, linewidth=0.8, color=colour)
    gaps = np.abs(np.diff(lines[0]))
    for order, i in enumerate(np.argsort(-gaps, kind="stable")[:n_gaps].tolist()):
        ax.axvspan(i + 1, i + 2, color=GREY, alpha=0.45, linewidth=0, zorder=0)
        ax.annotate(f"{'widest gap' if not order else 'gap'}, after {i + 1}", (i + 1.5, 0.97 - 0.07 * order),
                    xycoords=ax.get_xaxis_transform(), xytext=(8, 0), textcoords="offset points", va="top",
                    fontsize="small")
    ax.set(xlabel="column", ylabel=kind[:-1])
    ax.locator_params(axis="x", integer=True)
    _plain(ax)
    return ax


def degree_histogram(graph: Any, ax: Axes | None = None) -> Axes:
    """Draw how many nodes have how many neighbours, on logarithmic axes where degrees span more than a hundredfold.

    Parameters
    ----------
    graph : Graph or anything `as_graph` takes
        Of a directed graph, degrees out and in are drawn both.
    ax : matplotlib Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    ax : matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb.plot import degree_histogram
    >>> ax = degree_histogram(nx.karate_club_graph())
    >>> int(sum(bar.get_height() for bar in ax.patches))
    34
    """
    new_axes = _new_axes("degree_histogram")
    graph = as_graph(graph)
    series = {"out": np.diff(graph.indptr)} if graph.directed else {"": np.diff(graph.indptr)}
    if graph.directed:
        series["in"] = np.bincount(graph.indices, minlength=graph.n_nodes)
    if ax is None:
        ax = new_axes(figsize=(6, 4))
    _histogram(ax, series, "neighbours")
    return ax


def visit_histogram(walks: Any, ax: Axes | None = None, *, n_nodes: int | None = None) -> Axes:
    """Draw how many nodes walks came through how often: what skip-gram is given to learn from.

    Parameters
    ----------
    walks : int array of shape (n_walks, walk_length), or iterable of such arrays
        From `random_walks`, `iter_walks` or one of their kin; -1 is no visit.
    ax : matplotlib Axes, default=None
        Where to draw; None makes a new figure.
    n_nodes : int, default=None
        Nodes of the graph, so that those without a visit count; None: up to the largest that was visited.

    Returns
    -------
    ax : matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no visit, or one of a node that is not below `n_nodes`.

    References
    ----------
    .. [1] Perozzi et al., "DeepWalk", KDD 2014, figure 2, which compares such counts with those of words.

    Examples
    --------
    >>> import networkx as nx
    >>> from graphemb import random_walks
    >>> from graphemb.plot import visit_histogram
    >>> ax = visit_histogram(random_walks(nx.karate_club_graph(), n_walks=5, random_state=0), n_nodes=34)
    >>> int(sum(bar.get_height() for bar in ax.patches))
    34
    """
    new_axes = _new_axes("visit_histogram")
    visits = np.zeros(0 if n_nodes is None else check_int("n_nodes", n_nodes, 1), np.int64)
    for block in [walks] if isinstance(walks, np.ndarray) else walks:
        seen = np.asarray(block)
        if seen.ndim != 2 or seen.dtype.kind not in "iu":
            raise ValueError("walks must be int arrays of shape (n_walks, walk_length); got "
                             f"shape {seen.shape}, dtype {seen.dtype}.")
        counted = np.bincount(seen[seen >= 0], minlength=len(visits))
        if n_nodes is not None and len(counted) > n_nodes:
            raise ValueError(f"n_nodes must be above the largest node visited, {len(counted) - 1}; got {n_nodes}.")
        counted[:len(visits)] += visits
        visits = counted
    if not visits.any():
        raise ValueError("walks must visit at least one node; there is none.")
    if ax is None:
        ax = new_axes(figsize=(6, 4))
    _histogram(ax, {"": visits}, "visits")
    return ax


def _new_axes(what: str) -> Any:
    """A function that makes a figure with one axes; ImportError where matplotlib is missing."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(f"{what} needs matplotlib: pip install 'graphemb[plot]'.") from error
    return lambda figsize: plt.subplots(figsize=figsize, layout="constrained")[1]


def _plain(ax: Axes) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color("#909090")


def _histogram(ax: Axes, series: dict[str, np.ndarray], unit: str) -> None:
    """Nodes by a count: a bar for each count or range of counts; of two series, the second is an outline."""
    top = max(int(counts.max()) for counts in series.values())
    wide = top > 100
    if wide:  # ten bins for a factor of ten, never narrower than one
        edges = np.unique(np.round(np.geomspace(1, top + 1, int(10 * np.log10(top + 1)) + 2)))
        edges = edges - 0.5
        ax.set(xscale="log", yscale="log")
    else:
        edges = np.arange(-0.5, top + 1.5, max(1, round(top / 40)))
        edges = np.append(edges, edges[-1] + edges[1] - edges[0]) if edges[-1] < top + 0.5 else edges
    for (name, counts), colour in zip(series.items(), (PLAIN, _SECOND), strict=False):
        drawn = counts[counts > 0] if wide else counts
        ax.hist(drawn, bins=edges.tolist(), color=colour, histtype="bar" if colour == PLAIN else "step",
                label=name or None,
                linewidth=0.4 if colour == PLAIN else 1.4, edgecolor="white" if colour == PLAIN else colour)
    zeros = [f"{int((counts == 0).sum()):,} have {name + ' ' if name else ''}0"
             for name, counts in series.items() if wide and (counts == 0).any()]
    n = len(next(iter(series.values())))
    median = float(np.median(next(iter(series.values()))))
    ax.set_title(", ".join([f"{n:,} nodes", f"median {median:g}", f"largest {top:,}", *zeros]), loc="left",
                 fontsize="medium")
    ax.set(xlabel=unit, ylabel="nodes")
    if len(series) > 1:
        ax.legend(frameon=False)
    _plain(ax)


def _named(names: str | int | Iterable[Hashable], nodes: list[Hashable], vectors: np.ndarray,
           degrees: np.ndarray | None) -> list[int]:
    """Rows of the nodes to name, the most important first."""
    if isinstance(names, str):
        check_choice("names", names, ["auto"])
        numbered = all(type(node) is int and node == i for i, node in enumerate(nodes))
        names = 30 if len(nodes) <= SMALL else 0 if numbered else 15
    if isinstance(names, Iterable):
        return rows_of_names(names, nodes)
    return most_important(nodes, vectors, degrees, check_int("names", names, 0))


def _scatter_scale(ax: Axes, points: np.ndarray, values: np.ndarray, style: dict[str, Any]) -> None:
    known = ~np.isnan(values)
    ax.scatter(points[~known, 0], points[~known, 1], color=GREY, **style)
    drawn = ax.scatter(points[known, 0], points[known, 1], c=values[known], cmap="viridis", **style)
    ax.figure.colorbar(drawn, ax=ax, shrink=0.7, pad=0.02).outline.set_visible(False)  # type: ignore[operator]


def _scatter_kinds(ax: Axes, points: np.ndarray, kinds: Kinds, style: dict[str, Any]) -> None:
    from matplotlib.colors import to_rgba_array
    from matplotlib.lines import Line2D

    entries = list(zip(kinds.texts, kinds.colours, strict=False))
    if kinds.n_others:
        entries.append((f"{kinds.n_others} others", GREY))
    if (kinds.of < 0).any():
        entries.append(("none", GREY))
    table = to_rgba_array([*kinds.colours, GREY])
    own = np.where((kinds.of >= 0) & (kinds.of < len(kinds.colours)), kinds.of, len(kinds.colours))

    # Grey first, the rest in one scatter in a shuffled order: drawn kind by kind, the last would hide the others.
    order = np.random.default_rng(0).permutation(len(own))
    order = order[np.argsort(own[order] < len(kinds.colours), kind="stable")]
    ax.scatter(points[order, 0], points[order, 1], c=table[own[order]], **style)
    handles = [Line2D([], [], linestyle="none", marker="o", markersize=6, color=c, label=text[:40])
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
        text = ax.annotate(_short(str(node)), (x, y), (0, 0), textcoords="offset points", fontsize=8,
                           color="#222222", zorder=3, parse_math=False,
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


def _short(name: str) -> str:
    return name if len(name) <= 40 else name[:39] + "…"
