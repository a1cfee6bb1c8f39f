"""Graphs to measure on: real ones from a folder, generated ones by seed, NetworkX's own."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from scipy import sparse

from graphemb import Graph

FOLDER = "GRAPHEMB_DATA"


def folder() -> Path | None:
    """The folder of real graphs, or None where the environment names none."""
    name = os.environ.get(FOLDER)
    return Path(name) if name else None


def available() -> list[str]:
    """Names of the real graphs that `load` can read here."""
    where = folder()
    return sorted(path.stem for path in where.glob("*.npz")) if where else []


def load(name: str) -> tuple[Graph, sparse.csr_array | None]:
    """A graph and its node labels by name.

    Parameters
    ----------
    name : str
        ``"karate"``, ``"lesmis"``; ``"rmat-SCALE"``, ``"sbm-N"`` (generated, seed 0); else a file
        ``NAME.npz`` in the folder that the environment variable GRAPHEMB_DATA names.

    Returns
    -------
    graph : Graph
        With the self-loops that its publishers gave it.
    labels : sparse array of shape (n_nodes, n_labels), dtype=bool, or None
        Which node has which label; None where the graph has none.

    Raises
    ------
    FileNotFoundError
        If a real graph is asked for and not there.
    """
    if name == "karate":
        club = nx.karate_club_graph()
        return Graph.from_networkx(club), indicator([club.nodes[v]["club"] == "Officer" for v in club])
    if name == "lesmis":
        return Graph.from_networkx(nx.les_miserables_graph()), None
    if match := re.fullmatch(r"rmat-(\d+)", name):
        return rmat(int(match[1])), None
    if match := re.fullmatch(r"sbm-(\d+)", name):
        return stochastic_blocks(int(match[1]))
    where = folder()
    if where is None or not (where / f"{name}.npz").is_file():
        have = f"{FOLDER}={where} has {', '.join(available()) or 'none'}" if where else f"{FOLDER} is not set"
        raise FileNotFoundError(f"No graph {name!r}: {have}. Set {FOLDER} to a folder that holds {name}.npz, "
                                "or take karate, lesmis, rmat-SCALE or sbm-N.")
    with np.load(where / f"{name}.npz", allow_pickle=False) as file:
        arrays = dict(file)
    return _graph(arrays), _labels(arrays)


def _graph(arrays: dict[str, Any]) -> Graph:
    indptr, indices, weights = arrays["indptr"], arrays["indices"], arrays.get("data")
    directed, loops = bool(arrays["directed"]), arrays.get("self_loop_nodes", ())
    if not len(loops):
        return Graph(indptr, indices, weights, directed=directed)
    n = len(indptr) - 1
    if weights is None:
        weights = np.ones(len(indices), np.float32)
    loop_weights = arrays.get("self_loop_weights", np.ones(len(loops), np.float32))
    matrix = sparse.csr_array((weights, indices, indptr), shape=(n, n))
    diagonal = sparse.csr_array((loop_weights, (loops, loops)), shape=(n, n))
    return Graph.from_scipy(matrix + diagonal, directed=directed)


def _labels(arrays: dict[str, Any]) -> sparse.csr_array | None:
    if "labels_indptr" not in arrays:
        return None
    indptr, indices = arrays["labels_indptr"], arrays["labels_indices"]
    shape = (len(indptr) - 1, int(arrays["n_labels"]))
    return sparse.csr_array((np.ones(len(indices), bool), indices, indptr), shape=shape)


def indicator(classes: Any) -> sparse.csr_array:
    """Labels of a node each as a sparse bool array of shape (n_nodes, n_classes)."""
    _, column = np.unique(np.asarray(classes), return_inverse=True)
    n = len(column)
    return sparse.csr_array((np.ones(n, bool), column, np.arange(n + 1)), shape=(n, int(column.max()) + 1))


def rmat(scale: int, edge_factor: int = 16, seed: int = 0) -> Graph:
    """Recursive-matrix graph, undirected: 2**scale nodes, at most edge_factor times as many edges.

    Duplicates and self-loops that the recursion draws are left out, as in Graph 500.

    References
    ----------
    .. [1] Chakrabarti, Zhan, Faloutsos, "R-MAT", SDM 2004; a, b, c = .57, .19, .19 as in Graph 500.
    """
    rng = np.random.default_rng(seed)
    m = edge_factor << scale
    source, target = np.zeros(m, np.int64), np.zeros(m, np.int64)
    for _ in range(scale):
        quadrant = np.searchsorted([0.57, 0.76, 0.95], rng.random(m), side="right")
        source = 2 * source + (quadrant >= 2)
        target = 2 * target + quadrant % 2
    kept = source != target
    edges = np.unique(np.minimum(source, target)[kept] << scale | np.maximum(source, target)[kept])
    return Graph.from_edges(edges >> scale, edges & ((1 << scale) - 1), nodes=range(1 << scale))


def stochastic_blocks(n: int, n_blocks: int = 4, degree_in: float = 16.0, degree_out: float = 4.0,
                      seed: int = 0) -> tuple[Graph, sparse.csr_array]:
    """Stochastic block model, undirected: equal blocks, expected degrees inside and outside them.

    References
    ----------
    .. [1] Holland, Laskey, Leinhardt, "Stochastic blockmodels: first steps", Social Networks 5, 1983.
    """
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
    return Graph.from_edges(edges[:, 0], edges[:, 1], nodes=range(n)), indicator(block)


def published(name: str, method: str, metric: str, train_size: float | str,
              task: str = "node classification") -> list[tuple[float, str]]:
    """Scores in per cent that others published, with their source.

    Read from PUBLISHED.tsv beside the real graphs; rows of another protocol or of another method's
    variant (``node2vec+``, a fixed q) do not match; ``"any"`` is every method. Empty where nothing is known.
    """
    where = folder()
    if where is None or not (where / "PUBLISHED.tsv").is_file():
        return []
    found = []
    with open(where / "PUBLISHED.tsv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            same = method == "any" or re.fullmatch(rf"{re.escape(method)}( \(.*\))?", row["method"], re.IGNORECASE)
            if (row["dataset"], row["task"]) == (name, task) and same \
                    and row["metric"] in (metric, f"{metric} %") \
                    and row["train_ratio"] == (train_size if isinstance(train_size, str) else f"{train_size:.0%}"):
                value = float(row["value"]) * (1 if row["metric"].endswith("%") else 100)
                found.append((round(value, 2), f"{row['method']}, {row['source_table']}"))
    return found
