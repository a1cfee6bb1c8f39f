"""Do the vectors tell edges that were held out? Beside published figures, and against harder non-edges too."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

import graphemb
from graphemb import Embedding, split_edges
from graphemb.evaluate import EdgeSplit, link_prediction

from .bench_rivals import ASKED, can_be_had
from .graphs import available, load, published
from .measure import Recorder, Settings, check, timed
from .peers import PEERS, FitPeer, GaveUp, version_of

HELD_OUT = {"ca_astroph": (0.5, "50%"), "ppi": (0.1, "10% held out"), "wikipedia_pos": (0.1, "10% held out")}
WALKS = {"n_walks": 10, "walk_length": 80, "window": 10}
METHODS: dict[str, dict[str, Any]] = {
    "AdjacencySpectral": {}, "LaplacianEigenmaps": {}, "DeepWalk": WALKS, "Node2Vec": WALKS | {"p": 0.25, "q": 0.25}}
OPERATORS = ("dot", "hadamard")
RIVALS_ON = ("ppi",)
RIVALS_METHODS = ("AdjacencySpectral", "LaplacianEigenmaps", "DeepWalk")
FLOOR = 75.0  # AUC in per cent where nothing is published: the easy block model


def run(settings: Settings, record: Recorder) -> None:
    """Half the edges of ca_astroph held out as in the node2vec paper, a tenth of the others'.

    The residual graph stays connected. A twentieth of the edges more is held out to learn from, for "hadamard", whose
    classifier sees no edge that the vectors saw. Rivals get the same edges and the same pairs.
    """
    chosen = settings.graphs or (("sbm-400",) if settings.quick else
                                 tuple(name for name in HELD_OUT if name in available()) or ("sbm-2000",))
    for name in chosen:
        share, ratio = HELD_OUT.get(name, (0.1, ""))
        split = split_edges(load(name)[0], train_size=0.05, test_size=share, random_state=settings.seed)
        best = 0.0
        for method, parameters in METHODS.items():
            model = getattr(graphemb, method)(**parameters, n_components=32 if settings.quick else 128,
                                              random_state=settings.seed, n_jobs=settings.n_jobs)
            sample = timed(partial(model.fit, split.graph))
            for operator in OPERATORS:
                scores = tell(model, split, operator)
                best = max(best, scores["uniform"]["auc"])
                record(f"{name}: {method}, {operator}", cpu=sample.cpu, **scores,
                       published=published(name, method, "AUC", ratio, "link prediction"), parameters=parameters)
        if settings.against is not None or (name in RIVALS_ON and not settings.quick):
            for peer in PEERS if settings.against is None else settings.against:
                rival(name, peer, split, settings, record)
        least = max((value for value, _ in published(name, "any", "AUC", ratio, "link prediction")), default=FLOOR)
        check(best >= least, f"{name}: the best AUC is {best:.2f} %, below {least:.2f} %")


def tell(model: Any, split: EdgeSplit, operator: str) -> dict[str, dict[str, float]]:
    """AUC, average precision and hits in per cent, by kind of non-edge."""
    return {kind: {"auc": per_cent(found.auc), "ap": per_cent(found.average_precision),
                   **{f"hits@{k}": per_cent(hit) for k, hit in found.hits.items()}}
            for kind, found in link_prediction(model, split, operator=operator).scores.items()}


def rival(name: str, peer: str, split: EdgeSplit, settings: Settings, record: Recorder) -> None:
    """What a rival's vectors of the same graph tell."""
    methods = [method for method in RIVALS_METHODS if method in PEERS[peer].methods]
    if not methods or not can_be_had(peer, record):
        return
    for method in methods:
        who = f"{name}: {method} of {peer} {version_of(peer)}"
        asked = {"n_components": 32 if settings.quick else 128, **ASKED[method], **METHODS[method]}
        process = FitPeer(peer, method, split.graph, settings.n_jobs)
        try:
            vectors, outcome = process.embed(settings.limit, **asked, seed=settings.seed)
        except GaveUp as reason:
            record(who, who=peer, gave_up=str(reason))
            continue
        finally:
            process.close()
        model = Embedding(split.graph.nodes, np.where(np.isfinite(vectors), vectors, 0).astype(np.float32))
        for operator in OPERATORS:
            record(f"{who}, {operator}", who=peer, cpu=outcome["cpu"], **tell(model, split, operator),
                   differs=PEERS[peer].differs.get(method, ""))


def per_cent(score: float) -> float:
    """As people read it."""
    return round(100 * score, 2)
