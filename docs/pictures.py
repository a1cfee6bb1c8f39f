"""Make the pictures of the documentation: ``python docs/pictures.py`` (all), or with the names of some.

BlogCatalog is read from the folder that GRAPHEMB_DATA names; screenshots of the explorer need a Chromium. What cannot
be made is said and left as it is.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib
import networkx as nx
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import browser  # noqa: E402
from benchmarks.graphs import available, load  # noqa: E402
from graphemb import AdjacencySpectral, DeepWalk, Embedding, Graph, Node2Vec, random_walks  # noqa: E402
from graphemb._plane import project  # noqa: E402
from graphemb.plot import degree_histogram, explorer, loss_curve, plot, scree, visit_histogram  # noqa: E402

matplotlib.use("Agg")
IMAGES = Path(__file__).resolve().parent / "images"
LARGEST = 300_000  # bytes of a picture: a repository is no place for more


def write(name: str, picture: bytes) -> None:
    """Keep a PNG, packed as tightly as it goes without losing a colour."""
    from PIL import Image

    Image.open(io.BytesIO(picture)).convert("RGB").save(IMAGES / f"{name}.png", optimize=True)
    size = (IMAGES / f"{name}.png").stat().st_size
    if size > LARGEST:
        raise SystemExit(f"{name}.png has {size:,} bytes; at most {LARGEST:,} are wanted")
    print(f"{name}.png, {size:,} bytes", flush=True)


def draw(name: str, ax: Any) -> None:
    """Keep what is on an axes."""
    data = io.BytesIO()
    ax.figure.savefig(data, dpi=95)
    write(name, data.getvalue())


def both(name: str, vectors: Embedding, graph: Graph, labels: Mapping[Any, Any], title: str, node: str) -> None:
    """The map on paper, and the explorer in a browser with one node chosen."""
    points, _ = project(np.asarray(vectors.array, np.float64), "tsne", 0)
    draw(f"{name}-map", plot(vectors, labels, graph=graph, points=points))
    program = browser.find()
    if program is None:
        print(f"{name}-explorer.png is left as it is: no Chromium here")
        return
    with tempfile.TemporaryDirectory() as folder, browser.page(program) as page:
        path = Path(folder) / "explorer.html"
        explorer(vectors, path, labels, points=points, graph=graph, title=title)
        page.open(path, f"#node={node}")
        write(f"{name}-explorer", page.screenshot())


def lesmis() -> None:
    """Les Miserables, coloured by communities."""
    network = nx.les_miserables_graph()
    graph = Graph.from_networkx(network)
    model = Node2Vec(n_components=32, q=2.0, window=3, random_state=0).fit(graph)
    groups = nx.community.greedy_modularity_communities(network, weight="weight")
    labels = {v: f"with {max(group, key=lambda v: network.degree[v])}" for group in groups for v in group}
    both("lesmis", model.vectors_, graph, labels, "Les Misérables", "Valjean")


def blogcatalog() -> None:
    """BlogCatalog, coloured by the first interest of each blogger."""
    if "blogcatalog" not in available():
        print("blogcatalog is left as it is: GRAPHEMB_DATA names no folder that has it")
        return
    graph, table = load("blogcatalog")
    if table is None:
        raise SystemExit("blogcatalog has no labels")
    model = DeepWalk(n_walks=10, walk_length=40, random_state=0).fit(graph)
    first = table.indices[table.indptr[:-1]]
    both("blogcatalog", model.vectors_, graph, {v: f"interest {first[v]:02d}" for v in graph.nodes}, "BlogCatalog",
         "4838")


def curves() -> None:
    """Loss, eigenvalues, degrees and visits, of Les Miserables and of four blocks."""
    import matplotlib.pyplot as plt

    graph, _ = load("sbm-2000")
    _, axes = plt.subplots(2, 2, figsize=(10, 7), layout="constrained")
    loss_curve(DeepWalk(n_components=32, n_walks=5, n_epochs=5, random_state=0).fit(graph), axes[0, 0])
    scree(AdjacencySpectral(n_components=16, random_state=0).fit(graph), axes[0, 1])
    degree_histogram(nx.les_miserables_graph(), axes[1, 0])
    visit_histogram(random_walks(graph, n_walks=10, walk_length=40, random_state=0), axes[1, 1], n_nodes=graph.n_nodes)
    draw("curves", axes[0, 0])


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    every = {"lesmis": lesmis, "curves": curves, "blogcatalog": blogcatalog}
    for chosen in sys.argv[1:] or every:
        if chosen not in every:
            raise SystemExit(f"pictures are {', '.join(every)}; got {chosen}")
        every[chosen]()
