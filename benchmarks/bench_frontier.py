"""What each method reaches for its seconds and memory: F1 over several seeds, all methods side by side."""

from __future__ import annotations

import importlib
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, Normalizer

import graphemb
from graphemb import Graph
from graphemb.evaluate import node_classification

from .bench_quality import per_cent
from .graphs import available, load, published
from .measure import Recorder, Settings, check, fresh, spread

PROPAGATED = {"propagated": True}  # through ProNE's filter, rows of one length
FAR = {"weights": [0.0] * 16 + [1.0], **PROPAGATED}
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "AdjacencySpectral": ("AdjacencySpectral", {}),
    "AdjacencySpectral, which='magnitude'": (
        "AdjacencySpectral", {"regularization": 0.0, "degree_exponent": 0.25, "which": "magnitude"}),
    "FastRP": ("FastRP", {}),
    "FastRP, propagated": ("FastRP", PROPAGATED),
    "FastRP, 16 steps, propagated": ("FastRP", FAR),
    "RandNE": ("RandNE", {}),
    "ProNE": ("ProNE", {}),
    "NetMF": ("NetMF", {}),
    "NetMF, sampled": ("NetMF", {"method": "sampled", "max_memory": 2**29}),
    "NetMF, row_norm=0": ("NetMF", {"row_norm": 0.0}),
    "NetMF, propagated": ("NetMF", PROPAGATED),
    "GraRep": ("GraRep", {}),
    "GraRep, propagated": ("GraRep", PROPAGATED),
    "HOPE": ("HOPE", {}),
    "HOPE, common, row_norm=0.5": ("HOPE", {"similarity": "common", "row_norm": 0.5}),
    "LaplacianEigenmaps": ("LaplacianEigenmaps", {}),
    "DeepWalk": ("DeepWalk", {}),
    "Walklets": ("Walklets", {}),
    "LINE": ("LINE", {}),
    "LINE, order='first'": ("LINE", {"order": "first"}),
    "LINE, order='both'": ("LINE", {"order": "both"}),
    "VERSE": ("VERSE", {}),
    "GraphWave": ("GraphWave", {}),
    "Struc2Vec": ("Struc2Vec", {}),
}
ROLES = {"GraphWave", "Struc2Vec"}  # of use where labels are roles; elsewhere they take long for little
QUICK = {"FastRP", "NetMF", "LINE"}
ROLE_GRAPHS = ("airports_usa",)
UNDIRECTED = {"LINE, order='first'", "LINE, order='both'"}
GRAPHS = ("blogcatalog", "ppi", "wikipedia_pos", "cora", "email_eu_core", "wiki_tlink", *ROLE_GRAPHS)
TRAIN_SIZES = (0.1, 0.5, 0.9)
N_SPLITS = 10


def run(settings: Settings, record: Recorder) -> None:
    """``--repeat`` seeds a method, fitted in a process of its own; ten splits in all at each train size."""
    chosen = settings.graphs or (("sbm-400",) if settings.quick else
                                 tuple(name for name in GRAPHS if name in available()) or ("sbm-2000",))
    seeds = range(settings.seed, settings.seed + (1 if settings.quick else settings.repeat))
    for name in chosen:
        graph, labels = load(name)
        check(labels is not None, f"{name} has no labels to predict")
        for case, (method, parameters) in METHODS.items():
            if (method in ROLES and name not in ROLE_GRAPHS) or (settings.quick and case not in QUICK) or \
                    (graph.directed and case in UNDIRECTED):
                continue
            with tempfile.TemporaryDirectory() as folder:
                outcome = fresh("benchmarks.bench_frontier:fit", graph=name, method=method, folder=folder,
                                seeds=list(seeds), parameters={**parameters, "n_jobs": settings.n_jobs})
                scores = [node_classification(vectors_of(folder, seed), labels, train_sizes=TRAIN_SIZES,
                                              n_splits=3 if settings.quick else -(-N_SPLITS // len(seeds)),
                                              random_state=seed, n_jobs=-1) for seed in seeds]
            record(f"{name}: {case}",
                   micro_f1=mean([per_cent(each.micro) for each in scores]),
                   macro_f1=mean([per_cent(each.macro) for each in scores]),
                   deviation={f"{size:.0%}": round(statistics.stdev(100 * each.micro[size] for each in scores), 2)
                              for size in TRAIN_SIZES} if len(scores) > 1 else None,
                   seconds=spread(outcome["result"]), rss_peak=outcome["rss_peak"],
                   rss_imports=outcome["rss_imports"], parameters=parameters, seeds=len(scores),
                   published={f"Micro-F1 {size:.0%}": found for size in TRAIN_SIZES
                              if (found := published(name, method, "Micro-F1", size))})


def imports() -> None:
    """What is loaded before memory is first read."""
    for method in ("propagate", *(method for method, _ in METHODS.values())):
        importlib.import_module(getattr(graphemb, method).__module__)


def fit(graph: str, method: str, parameters: dict[str, Any], seeds: list[int], folder: str) -> list[float]:
    """Embed and save, in a fresh process; seconds of each fit, and of the propagation where there is one.

    Of ``"ProNE + GraRep"`` rows of length 1, side by side, are brought to as many columns as one of them has.
    """
    given = load(graph)[0]
    seconds = []
    for seed in seeds:
        embed = pipeline(given, method, {**parameters, "random_state": seed})
        start = time.perf_counter()
        vectors = embed.fit_transform(given)
        seconds.append(time.perf_counter() - start)
        np.save(path_of(folder, seed), vectors)
    return seconds


def pipeline(graph: Graph, method: str, parameters: dict[str, Any]) -> Pipeline:
    """One method, or several side by side; propagated on the graph if the parameters say so."""
    rest = {key: value for key, value in parameters.items() if key not in PROPAGATED}
    models = [getattr(graphemb, name)(**rest) for name in method.split(" + ")]
    if len(rest) < len(parameters):
        finish = FunctionTransformer(graphemb.propagate,
                                     kw_args={"graph": graph, "row_norm": 1.0, "n_jobs": rest["n_jobs"]})
    else:
        finish = Normalizer() if len(models) > 1 else "passthrough"
    parts = [make_pipeline(model, finish) for model in models]
    if len(parts) == 1:
        return parts[0]
    return make_pipeline(make_union(*parts), PCA(models[0].n_components, random_state=rest["random_state"]))


def path_of(folder: str, seed: int) -> Path:
    """Where the vectors of a seed lie."""
    return Path(folder) / f"{seed}.npy"


def vectors_of(folder: str, seed: int) -> np.ndarray:
    """The vectors of a seed, as `fit` saved them."""
    return np.load(path_of(folder, seed), allow_pickle=False)


def mean(scores: list[dict[str, float]]) -> dict[str, float]:
    """Scores by train size, over seeds."""
    return {size: round(statistics.mean(each[size] for each in scores), 2) for size in scores[0]}
