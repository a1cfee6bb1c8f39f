"""Real graphs for the examples, from the folder that the environment variable GRAPHEMB_DATA names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from graphemb import Graph


def arrays(name: str) -> dict[str, Any]:
    """The arrays of NAME.npz; benchmarks/README.md says which there are."""
    folder = os.environ.get("GRAPHEMB_DATA")
    if not folder or not (Path(folder) / f"{name}.npz").is_file():
        raise SystemExit(f"This example wants {name}.npz in the folder that GRAPHEMB_DATA names; see "
                         "benchmarks/README.md.")
    with np.load(Path(folder) / f"{name}.npz", allow_pickle=False) as file:
        return dict(file)


def graph_and_classes(name: str) -> tuple[Graph, np.ndarray]:
    """The graph, and the (first) class of each node, 0 where it has none: int array of shape (n_nodes,)."""
    found = arrays(name)
    graph = Graph(found["indptr"], found["indices"], found.get("data"), directed=bool(found["directed"]))
    if "labels_indptr" not in found:
        return graph, np.zeros(graph.n_nodes, int)
    return graph, found["labels_indices"][found["labels_indptr"][:-1]]
