"""Nodes that came later: as good as if they had been there from the start, and better than their neighbours' mean?"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy import sparse

import graphemb
from graphemb import Graph
from graphemb.evaluate import _f1, _one_vs_rest, _top_k

from .graphs import available, load
from .measure import CheckFailed, Recorder, Settings, check, timed

HIDDEN = 0.1
LEAST = 0.85  # of the full fit's micro-F1
AUTHORS = {"n_walks": 80, "walk_length": 40}
METHODS: dict[str, dict[str, Any]] = {
    "AdjacencySpectral": {}, "LaplacianEigenmaps": {}, "LocallyLinearEmbedding": {}, "NetMF": {}, "ProNE": {},
    "DeepWalk": AUTHORS, "Node2Vec": {**AUTHORS, "p": 0.25, "q": 0.25}}
FOLLOW = {"DeepWalk", "Node2Vec"}  # by partial_fit too
LENGTH = 1.5  # root mean square; LLE's columns have unit norm, too short for the classifier's regularisation


def run(settings: Settings, record: Recorder) -> None:
    """Hide a tenth of the nodes, embed the rest, and bring the hidden ones in: by `transform`, by the mean of their
    neighbours' vectors, and by `partial_fit`. A classifier learns the labels of the rest and predicts the hidden ones';
    micro- and macro-F1 beside those of a fit that hid nothing.
    """
    chosen = settings.graphs or (("sbm-400",) if settings.quick else
                                 ("blogcatalog",) if "blogcatalog" in available() else ("sbm-2000",))
    for name in chosen:
        for method in METHODS:
            measure(name, method, settings, record)


def measure(name: str, method: str, settings: Settings, record: Recorder) -> None:
    """One graph, one method."""
    graph, labels = load(name)
    if labels is None:
        raise CheckFailed(f"{name} has no labels to predict")
    rng = np.random.default_rng(settings.seed)
    order = rng.permutation(graph.n_nodes)
    hidden, rest = np.sort(order[:int(HIDDEN * graph.n_nodes)]), np.sort(order[int(HIDDEN * graph.n_nodes):])
    A = graph.to_scipy()
    known = Graph.from_scipy(A[rest][:, rest], nodes=rest.tolist(), directed=graph.directed)
    parameters = {**METHODS[method], "n_components": 32 if settings.quick else 128, "random_state": settings.seed,
                  "n_jobs": settings.n_jobs}
    if settings.quick and method in FOLLOW:
        parameters |= {"n_walks": 20, "window": 5}
    Y = labels.toarray()

    def scores(Z: np.ndarray, new: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
        """F1 of the hidden nodes, under vectors of each kind, by a classifier of the rest's vectors Z."""
        factor = LENGTH / np.sqrt(np.square(Z).sum(axis=1).mean()) if method == "LocallyLinearEmbedding" else 1.0
        stacked = factor * np.concatenate(list(new.values())).astype(np.float64)
        found = np.split(_one_vs_rest(factor * Z.astype(np.float64), Y[rest], stacked, 1.0)[0], len(new))
        f1 = {kind: _f1(Y[hidden], _top_k(part, Y[hidden].sum(axis=1))) for kind, part in zip(new, found, strict=True)}
        return {kind: {"micro": round(100 * micro, 2), "macro": round(100 * macro, 2)}
                for kind, (micro, macro) in f1.items()}

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a few hidden nodes have no neighbour that is not
        full = getattr(graphemb, method)(**parameters).fit(graph)
        model = getattr(graphemb, method)(**parameters).fit(known)
        folded = timed(lambda: model.transform(graph)[hidden])
    weight = A[hidden][:, rest]
    total = np.maximum(np.asarray(weight.sum(axis=1)), 1e-12).reshape(-1, 1)
    mean = sparse.csr_array(weight) @ model.embedding_ / total
    found = scores(full.embedding_[rest], {"full fit": full.embedding_[hidden]})
    found |= scores(model.embedding_, {"fold-in": folded.result, "neighbour mean": mean})
    if method in FOLLOW:
        followed = timed(lambda: model.partial_fit(graph))
        found |= scores(model.embedding_[rest], {"partial_fit": model.embedding_[hidden]})
        found["partial_fit"]["cpu"] = round(followed.cpu, 2)
    ratio = found["fold-in"]["micro"] / found["full fit"]["micro"]
    record(f"{name}: {method}", **found, ratio=round(ratio, 3), cpu_per_node=folded.cpu / len(hidden),
           n_hidden=len(hidden), parameters=parameters)
    check(ratio >= LEAST, f"{name}, {method}: fold-in has {ratio:.1%} of the full fit's micro-F1, below {LEAST:.0%}")
    if not name.startswith("sbm"):  # there communities are all, and a mean tells them
        check(found["fold-in"]["micro"] > found["neighbour mean"]["micro"],
              f"{name}, {method}: the mean of the neighbours' vectors does better")
