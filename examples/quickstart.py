"""Embed a graph with Node2Vec; say what was done, who is near whom, how well it works; draw it.

    python examples/quickstart.py              # the characters of Les Miserables
    python examples/quickstart.py edges.csv    # your own graph
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedShuffleSplit, cross_val_score

from graphemb import Graph, Node2Vec
from graphemb.plot import explorer, plot

matplotlib.use("Agg")  # a file is written, no window opened


def embed(graph: Graph, **parameters: Any) -> Node2Vec:
    """Fit, and say what was done."""
    kind = ("directed" if graph.directed else "undirected",
            "unweighted" if graph.weights is None else "weighted")
    print(f"Graph: {graph.n_nodes:,} nodes, {graph.n_edges:,} edges, {', '.join(kind)}.")
    model = Node2Vec(random_state=0, **parameters).fit(graph)
    report = model.fit_report_
    print(f"{model}:\n  {report['walks']:,} walks, {report['tokens']:,} tokens in "
          f"{report['seconds']['total']:.2f} s -> {model.embedding_.shape[1]} numbers a node.")
    return model


def neighbours(model: Node2Vec, node: object, why: str = "") -> None:
    """Print the five nodes whose vectors are most like this node's."""
    print(f"\nNearest to {node}{why}, by cosine:")
    for other, similarity in model.vectors_.most_similar(node, k=5):
        print(f"  {similarity:5.3f}  {other}")


def les_miserables(picture: str) -> None:
    """Who appears with whom in Hugo's novel."""
    print("Les Miserables: two characters are linked where they appear in a chapter together.")
    network = nx.les_miserables_graph()
    # In so small a world everybody is within a few steps of everybody: a narrow window, walks that stay near.
    model = embed(Graph.from_networkx(network), n_components=32, q=2.0, window=3)
    neighbours(model, "Valjean")

    # The graph comes without classes. Its communities, found without the vectors, stand in for them.
    groups = [g for g in nx.community.greedy_modularity_communities(network, weight="weight") if len(g) >= 5]
    group = {name: f"with {max(g, key=lambda v: network.degree[v])}" for g in groups for name in g}
    chosen = [i for i, name in enumerate(model.nodes_) if name in group]
    y = [group[model.nodes_[i]] for i in chosen]
    folds = StratifiedShuffleSplit(n_splits=50, train_size=0.2, random_state=0)
    scores = cross_val_score(LogisticRegression(C=10, max_iter=1000), model.embedding_[chosen], y, cv=folds)
    majority = max(map(y.count, set(y))) / len(y)
    print(f"\nIn which of {len(groups)} communities (found by modularity) is a character?\n"
          f"  {scores.mean():.2f} +- {scores.std():.2f} right from the vectors (logistic regression, shown\n"
          f"       one in five of {len(chosen)} characters and asked about the others; 50 splits)\n"
          f"  {majority:.2f} right if the answer is always the largest community")
    draw(model, picture, {name: group.get(name) for name in network})


def own_graph(path: str, picture: str) -> None:
    """A graph without labels: how well do the vectors tell edges that were hidden from them?"""
    graph = Graph.read(path)
    model = embed(graph)
    degree = np.diff(graph.indptr)
    hub = int(np.argmax(degree))
    neighbours(model, graph.nodes[hub], f" (the node of most neighbours, {degree[hub]:,})")

    score = hidden_links(graph)
    if score is None:
        print("\nToo few edges to hide some and score them.")
    else:
        count, auc, popular = score
        print(f"\n{count:,} edges were hidden and the rest embedded again. How often does a hidden edge\n"
              f"score higher than a pair that is no edge (ROC AUC)?\n"
              f"  {auc:.3f} by the cosine of the vectors\n"
              f"  {popular:.3f} by the product of the degrees\n"
              f"  0.500 by chance")
    draw(model, picture, None)


def hidden_links(graph: Graph, share: float = 0.1) -> tuple[int, float, float] | None:
    """(edges hidden, ROC AUC of cosine, ROC AUC of the product of degrees), or None if there are too few."""
    rng = np.random.default_rng(0)
    arcs = graph.to_scipy().tocoo()
    once = arcs.row != arcs.col if graph.directed else arcs.row < arcs.col
    source, target, weight = arcs.row[once], arcs.col[once], arcs.data[once]
    hidden = rng.permutation(len(source)) < int(share * len(source))
    n, count = graph.n_nodes, int(hidden.sum())
    if count < 10:
        return None
    rest = Graph.from_edges(source[~hidden], target[~hidden], weight[~hidden], nodes=range(n),
                            directed=graph.directed)
    # Edges at a node left without any cannot be told by anyone; they count all the same.
    drawn = rng.integers(0, n, size=(20 * count, 2))
    edge = np.isin(drawn @ [n, 1], arcs.row.astype(np.int64) * n + arcs.col)
    others = drawn[~edge & (drawn[:, 0] != drawn[:, 1])][:count]
    if len(others) < count:
        return None
    pairs = np.vstack((np.column_stack((source[hidden], target[hidden])), others))
    truth = np.arange(len(pairs)) < count
    vectors = Node2Vec(random_state=0).fit_transform(rest)
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    cosine = (vectors[pairs[:, 0]] * vectors[pairs[:, 1]]).sum(axis=1)
    degree = np.diff(rest.indptr).astype(float)
    popularity = degree[pairs[:, 0]] * degree[pairs[:, 1]]
    return count, roc_auc_score(truth, cosine), roc_auc_score(truth, popularity)


def draw(model: Node2Vec, picture: str, labels: dict[object, object] | None) -> None:
    """Write the map of the vectors to a file, with the names of the nodes of most neighbours."""
    n, degree = model.graph_.n_nodes, np.diff(model.graph_.indptr)
    hubs = [model.nodes_[i] for i in np.argsort(-degree, kind="stable")[:30]]
    figure, ax = plt.subplots(figsize=(8, 6), layout="constrained")
    method = "tsne" if 30 <= n <= 5_000 else "pca"
    plot(model.vectors_, labels, method, ax, names=hubs, graph=model.graph_)
    figure.savefig(picture, dpi=150)
    print(f"\nPicture: {picture}")
    if n <= 100_000:
        page = Path(picture).with_suffix(".html")
        explorer(model.vectors_, page, labels, method, graph=model.graph_)
        print(f"To explore in a browser: {page}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Embed a graph, say how well it works, draw it.")
    parser.add_argument("graph", nargs="?", help="csv, tsv, .gz, Matrix Market, npz, GraphML, GML or METIS")
    parser.add_argument("--picture", default="quickstart.png", help="file to write (default: quickstart.png)")
    given = parser.parse_args()
    own_graph(given.graph, given.picture) if given.graph else les_miserables(given.picture)
