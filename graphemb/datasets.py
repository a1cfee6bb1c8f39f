"""Graphs by name: real ones with their origin, licence and checksum, NetworkX's own, and generated ones by seed."""

from __future__ import annotations

import csv
import hashlib
import os
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from ._validation import check_int, check_real
from .graph import Graph
from .temporal_graph import TemporalGraph

FOLDER = "GRAPHEMB_DATA"
MIRROR = "GRAPHEMB_MIRROR"
_LARGEST_SCALE = 30


@dataclass(frozen=True)
class Origin:
    """What is known of a real graph, whether or not it is on this machine.

    Attributes
    ----------
    name : str
    nodes, edges : int
        Edges of an undirected graph, arcs of a directed one; self-loops are not counted.
    directed, weighted : bool
    labels : int
        Classes of nodes; 0 where the nodes have none.
    origin : str
        Who made it, and what of it this is.
    url : str
        Where its makers published it.
    licence : str
        What is stated there; often nothing is.
    citation : str
        The paper to cite.
    sha256 : str
        Checksum of the file NAME.npz, in hexadecimal.
    bytes : int
        Size of that file.
    note : str
        What counts differ by, and what to beware of.
    """

    name: str
    nodes: int
    edges: int
    directed: bool
    weighted: bool
    labels: int
    origin: str
    url: str
    licence: str
    citation: str
    sha256: str
    bytes: int
    note: str


@dataclass(frozen=True)
class Dataset:
    """A graph and what is known about its nodes.

    Attributes
    ----------
    name : str
    graph : Graph
        With the self-loops that its makers gave it. Of a signed graph: the absolute weights.
    labels : sparse array of shape (n_nodes, n_labels), dtype=bool, or None
        Which node has which label.
    node_types : ndarray of shape (n_nodes,), dtype=int8, or None
        The side of each node of a bipartite graph.
    temporal : TemporalGraph or None
        The timed contacts behind `graph`, where they are known.
    signs : sparse array of shape (n_nodes, n_nodes), dtype=int8, or None
        -1 or 1 for each arc of a signed graph.
    origin : Origin or None
        None for graphs that are generated, NetworkX's or your own.
    """

    name: str
    graph: Graph
    labels: sparse.csr_array | None = None
    node_types: np.ndarray | None = None
    temporal: TemporalGraph | None = None
    signs: sparse.csr_array | None = None
    origin: Origin | None = None


def names() -> list[str]:
    """Names of the real graphs in the registry, here or not.

    Returns
    -------
    names : list of str

    Examples
    --------
    >>> from graphemb import datasets
    >>> datasets.names()[:4]
    ['airports_usa', 'amazon_user_item', 'bitcoin_otc', 'blogcatalog']
    """
    return sorted(_registry())


def describe(name: str) -> Origin:
    """Where a real graph comes from, its licence, the paper to cite, its size and checksum.

    Parameters
    ----------
    name : str
        One of `names()`.

    Returns
    -------
    origin : Origin

    Raises
    ------
    ValueError
        If the registry has no graph of that name.

    Examples
    --------
    >>> from graphemb import datasets
    >>> datasets.describe("ppi").nodes
    3890
    """
    if name not in _registry():
        raise ValueError(f"No graph {name!r} in the registry; it has {', '.join(names())}.")
    return _registry()[name]


def available(folder: str | os.PathLike[str] | None = None) -> list[str]:
    """Names of the files that `load` finds without a network.

    Parameters
    ----------
    folder : path, optional
        Where to look; None: the folder that the environment variable GRAPHEMB_DATA names, then the one
        that downloads go to.

    Returns
    -------
    names : list of str
        Those of the registry and your own.
    """
    return sorted({path.stem for where in _folders(folder) for path in where.glob("*.npz")})


def load(name: str, *, folder: str | os.PathLike[str] | None = None, mirror: str | None = None,
         seed: int = 0) -> Dataset:
    """A graph by name.

    Parameters
    ----------
    name : str
        - a real graph: one of `names()`, read from NAME.npz and checked against the registry's sha256;
        - ``"karate"``, ``"lesmis"``, ``"florentine"``, ``"davis"``: NetworkX's own;
        - ``"rmat-SCALE"``: `rmat` of 2**SCALE nodes; ``"sbm-N"``: `stochastic_blocks` of N nodes;
        - anything else: your own file NAME.npz, of the same layout (see Notes), which no checksum guards.
    folder : path, optional
        Where the files are; None: what the environment variable GRAPHEMB_DATA names, then the folder that
        downloads go to.
    mirror : str, optional
        Address below which a server has the files, ``MIRROR/NAME.npz``; None: what the environment variable
        GRAPHEMB_MIRROR says. It is asked only where no folder has the file.
    seed : int, default=0
        Of generated graphs.

    Returns
    -------
    dataset : Dataset

    Raises
    ------
    FileNotFoundError
        If the file is in no folder and there is no mirror.
    ConnectionError
        If the mirror does not give it.
    ImportError
        If it would have to be downloaded and pooch is not installed.
    ValueError
        If the file is not the one that the registry knows, or has no graph in it.

    Notes
    -----
    The graphs are their makers', few state a licence, and none is part of this package. `describe` says where
    they come from. Layout of a file: ``indptr`` and ``indices`` (adjacency in CSR form without self-loops, an
    undirected edge in both directions), ``directed``; where there are any: ``data`` (weights),
    ``self_loop_nodes``, ``self_loop_weights``, ``node_names``, ``labels_indptr``, ``labels_indices`` and
    ``n_labels`` (node to labels, in CSR form), ``node_type``, ``edge_src``, ``edge_dst``, ``edge_time``.

    Examples
    --------
    >>> from graphemb import datasets
    >>> club = datasets.load("karate")
    >>> club.graph.n_nodes, club.labels.shape
    (34, (34, 2))
    >>> datasets.load("rmat-8", seed=1).graph.n_nodes
    256
    """
    if name in _NETWORKX:
        return _networkx(name)
    if match := re.fullmatch(r"rmat-(\d+)", name):
        return Dataset(name, rmat(int(match[1]), seed=seed))
    if match := re.fullmatch(r"sbm-(\d+)", name):
        graph, labels = stochastic_blocks(int(match[1]), seed=seed)
        return Dataset(name, graph, labels)
    origin = _registry().get(name)
    path = _file(name, folder, mirror)
    if origin is not None:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != origin.sha256:
            raise ValueError(f"{path} is not the graph {name!r} of the registry: its sha256 is {found}, that of the "
                             f"registry {origin.sha256}. Get it anew, or give your own graph a name of its own.")
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    lacks = [key for key in ("indptr", "indices", "directed") if key not in arrays]
    if lacks:
        raise ValueError(f"{path} has no {', '.join(lacks)}; the docstring of load has the layout of a file.")
    return _dataset(name, arrays, origin)


def rmat(scale: int, edge_factor: int = 16, *, seed: int = 0) -> Graph:
    """Recursive-matrix graph, undirected, as Graph 500 draws it.

    Parameters
    ----------
    scale : int
        It has 2**scale nodes; at most 30.
    edge_factor : int, default=16
        Edges drawn for each node; duplicates and self-loops among them are left out, so it has fewer.
    seed : int, default=0

    Returns
    -------
    graph : Graph
        Nodes are 0 ... 2**scale - 1; many of the late ones have no edge.

    References
    ----------
    .. [1] Chakrabarti, Zhan, Faloutsos, "R-MAT", SDM 2004; a, b, c = .57, .19, .19 as in Graph 500.

    Examples
    --------
    >>> from graphemb.datasets import rmat
    >>> rmat(6, seed=0).n_nodes
    64
    """
    scale = check_int("scale", scale, 1, _LARGEST_SCALE)
    m = check_int("edge_factor", edge_factor, 1) << scale
    rng = np.random.default_rng(seed)
    source, target = np.zeros(m, np.int64), np.zeros(m, np.int64)
    for _ in range(scale):
        quadrant = np.searchsorted([0.57, 0.76, 0.95], rng.random(m), side="right")
        source = 2 * source + (quadrant >= 2)
        target = 2 * target + quadrant % 2
    kept = source != target
    edges = np.unique(np.minimum(source, target)[kept] << scale | np.maximum(source, target)[kept])
    return Graph.from_edges(edges >> scale, edges & ((1 << scale) - 1), nodes=range(1 << scale))


def stochastic_blocks(n: int, n_blocks: int = 4, degree_in: float = 16.0, degree_out: float = 4.0, *,
                      seed: int = 0) -> tuple[Graph, sparse.csr_array]:
    """Stochastic block model, undirected, with blocks of equal size.

    Parameters
    ----------
    n : int
        Nodes; node i is in block ``i % n_blocks``.
    n_blocks : int, default=4
    degree_in, degree_out : float
        Expected edges of a node within its block and to all others.
    seed : int, default=0

    Returns
    -------
    graph : Graph
    labels : sparse array of shape (n, n_blocks), dtype=bool
        The block of each node.

    References
    ----------
    .. [1] Holland, Laskey, Leinhardt, "Stochastic blockmodels: first steps", Social Networks 5, 1983.

    Examples
    --------
    >>> from graphemb.datasets import stochastic_blocks
    >>> graph, labels = stochastic_blocks(60, n_blocks=3)
    >>> graph.n_nodes, labels.shape
    (60, (60, 3))
    """
    n_blocks = check_int("n_blocks", n_blocks, 2)
    n = check_int("n", n, n_blocks)
    degree_in, degree_out = (check_real(name, x, 0.0) for name, x in (("degree_in", degree_in),
                                                                      ("degree_out", degree_out)))
    rng = np.random.default_rng(seed)
    block = np.arange(n) % n_blocks
    size = n / n_blocks
    pairs = []
    for a in range(n_blocks):
        for b in range(a, n_blocks):
            rows, columns = np.flatnonzero(block == a), np.flatnonzero(block == b)
            mean = degree_in * size / 2 if a == b else degree_out * size / (n_blocks - 1)
            drawn = rng.poisson(mean)
            pairs.append(np.column_stack((rng.choice(rows, drawn), rng.choice(columns, drawn))))
    edges = np.sort(np.concatenate(pairs), axis=1)
    edges = np.unique(edges[edges[:, 0] != edges[:, 1]], axis=0)
    return Graph.from_edges(edges[:, 0], edges[:, 1], nodes=range(n)), _indicator(block)


@cache
def _registry() -> dict[str, Origin]:
    text = (files("graphemb") / "datasets.tsv").read_text(encoding="utf-8")
    found = {}
    for row in csv.DictReader(text.splitlines(), delimiter="\t"):
        numbers: dict[str, Any] = {key: int(row[key] or 0) for key in ("nodes", "edges", "labels", "bytes")}
        flags: dict[str, Any] = {key: row[key] == "True" for key in ("directed", "weighted")}
        found[row["name"]] = Origin(**{**row, **numbers, **flags})
    return found


def _folders(folder: str | os.PathLike[str] | None) -> list[Path]:
    if folder is not None:
        return [Path(folder)]
    given = os.environ.get(FOLDER)
    return [*([Path(given)] if given else []), _downloads()]


def _downloads() -> Path:
    """Where downloads go: the cache folder of the user, as pooch has it; nowhere without pooch."""
    try:
        import pooch
    except ImportError:
        return Path(os.devnull)
    return Path(pooch.os_cache("graphemb"))


def _file(name: str, folder: str | os.PathLike[str] | None, mirror: str | None) -> Path:
    """The path of NAME.npz: from a folder or, where none has it, from the mirror."""
    if not re.fullmatch(r"\w[\w.+-]*", name):
        raise ValueError(f"name must be letters, digits and . + - _ only; got {name!r}.")
    places = _folders(folder)
    for where in places:
        if (where / f"{name}.npz").is_file():
            return where / f"{name}.npz"
    mirror = mirror or os.environ.get(MIRROR)
    if mirror and name in _registry():
        return _download(_registry()[name], mirror, Path(folder) if folder is not None else None)
    listed = ", ".join(str(place) for place in places if str(place) != os.devnull)
    raise FileNotFoundError(
        f"No graph {name!r}: {f'not in {listed}' if listed else f'{FOLDER} is not set'}. "
        + (f"It comes from {_registry()[name].url}. " if name in _registry() else "")
        + f"Set {FOLDER} to a folder that holds {name}.npz"
        + (f" or {MIRROR} to the address of a server that has it" if name in _registry() else "")
        + f", or take {', '.join(_NETWORKX)}, rmat-SCALE or sbm-N.")


def _download(origin: Origin, mirror: str, folder: Path | None) -> Path:
    try:
        import pooch
    except ImportError as error:
        raise ImportError(f"Downloading {origin.name!r} needs pooch: pip install 'graphemb[data]'.") from error
    url = f"{mirror.rstrip('/')}/{origin.name}.npz"
    pooch.get_logger().setLevel("WARNING")
    try:
        return Path(pooch.retrieve(url, f"sha256:{origin.sha256}", fname=f"{origin.name}.npz",
                                   path=folder or _downloads()))
    except ValueError as error:  # what was downloaded is another file; pooch keeps none of it
        raise ValueError(f"{url} is not the graph {origin.name!r} of the registry, whose sha256 is {origin.sha256}: "
                         f"{error}") from error
    except OSError as error:
        raise ConnectionError(f"{url} cannot be had: {error}. Is there a network, and is {MIRROR} right?") from error


def _dataset(name: str, arrays: dict[str, Any], origin: Origin | None) -> Dataset:
    weights, n = arrays.get("data"), len(arrays["indptr"]) - 1
    directed, signs = bool(arrays["directed"]), None
    if weights is not None and (weights < 0).any():
        signs = sparse.csr_array((np.sign(weights).astype(np.int8), arrays["indices"], arrays["indptr"]), shape=(n, n))
        weights = np.abs(weights)
    nodes = [str(node) for node in arrays["node_names"]] if "node_names" in arrays else range(n)
    graph = Graph(arrays["indptr"], arrays["indices"], weights, nodes=nodes, directed=directed)
    loops = arrays.get("self_loop_nodes", ())
    if len(loops):
        loop_weights = arrays.get("self_loop_weights", np.ones(len(loops), np.float32))
        diagonal = sparse.csr_array((loop_weights, (loops, loops)), shape=(n, n))
        graph = Graph.from_scipy(graph.to_scipy() + diagonal, nodes=nodes, directed=directed)
    labels = temporal = None
    if "labels_indptr" in arrays:
        indptr, indices = arrays["labels_indptr"], arrays["labels_indices"]
        labels = sparse.csr_array((np.ones(len(indices), bool), indices, indptr), shape=(n, int(arrays["n_labels"])))
    if "edge_time" in arrays:
        source, target = (np.asarray(nodes, dtype=object)[arrays[key]] if "node_names" in arrays else arrays[key]
                          for key in ("edge_src", "edge_dst"))
        temporal = TemporalGraph.from_edges(source, target, arrays["edge_time"], nodes=nodes, directed=directed)
    return Dataset(name, graph, labels, arrays.get("node_type"), temporal, signs, origin)


_NETWORKX = {"karate": "karate_club_graph", "lesmis": "les_miserables_graph",
             "florentine": "florentine_families_graph", "davis": "davis_southern_women_graph"}


def _networkx(name: str) -> Dataset:
    import networkx as nx

    found = getattr(nx, _NETWORKX[name])()
    labels = types = None
    if name == "karate":
        labels = _indicator([found.nodes[v]["club"] == "Officer" for v in found])
    elif name == "davis":
        types = np.array([found.nodes[v]["bipartite"] for v in found], np.int8)
    return Dataset(name, Graph.from_networkx(found), labels, types)


def _indicator(classes: Any) -> sparse.csr_array:
    """Labels of a node each as a sparse bool array of shape (n_nodes, n_classes)."""
    _, column = np.unique(np.asarray(classes), return_inverse=True)
    n = len(column)
    return sparse.csr_array((np.ones(n, bool), column, np.arange(n + 1)), shape=(n, int(column.max()) + 1))
