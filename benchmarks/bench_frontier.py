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
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, Normalizer

import graphemb
from graphemb.evaluate import node_classification

from .bench_quality import per_cent
from .graphs import available, load, published
from .measure import Recorder, Settings, check, fresh

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


def run(settings: Settings, record: Recorder) -> None:
    """``--repeat`` seeds a method, each fitted in a process of its own; ten splits at each train size."""
    chosen = settings.graphs or (("sbm-400",) if settings.quick else
                                 tuple(name for name in GRAPHS if name in available()) or ("sbm-2000",))
    for name in chosen:
        graph, labels = load(name)
        check(labels is not None, f"{name} has no labels to predict")
        for case, (method, parameters) in METHODS.items():
            if (method in ROLES and name not in ROLE_GRAPHS) or (settings.quick and case not in QUICK) or \
                    (graph.directed and case in UNDIRECTED):
                continue
            runs = []
            for seed in range(settings.seed, settings.seed + (1 if settings.quick else settings.repeat)):
                with tempfile.TemporaryDirectory() as folder:
                    path = Path(folder) / "vectors.npy"
                    outcome = fresh("benchmarks.bench_frontier:fit", graph=name, method=method, path=str(path),
                                    parameters={**parameters, "random_state": seed, "n_jobs": settings.n_jobs})
                    scores = node_classification(np.load(path, allow_pickle=False), labels, train_sizes=TRAIN_SIZES,
                                                 n_splits=3 if settings.quick else 10, random_state=seed)
                runs.append((outcome, per_cent(scores.micro), per_cent(scores.macro)))
            outcomes = [outcome for outcome, _, _ in runs]
            record(f"{name}: {case}",
                   micro_f1=mean([micro for _, micro, _ in runs]), macro_f1=mean([macro for _, _, macro in runs]),
                   seconds=statistics.median(outcome["result"] for outcome in outcomes),
                   rss_peak=max(outcome["rss_peak"] or 0 for outcome in outcomes),
                   rss_imports=outcomes[0]["rss_imports"], parameters=parameters, seeds=len(runs),
                   published={f"Micro-F1 {size:.0%}": found for size in TRAIN_SIZES
                              if (found := published(name, method, "Micro-F1", size))})


def imports() -> None:
    """What is loaded before memory is first read."""
    for method in ("propagate", *(method for method, _ in METHODS.values())):
        importlib.import_module(getattr(graphemb, method).__module__)


def fit(graph: str, method: str, parameters: dict[str, Any], path: str) -> float:
    """Embed and save, in a fresh process; seconds of the fit, and of the propagation where there is one.

    Of ``"ProNE + GraRep"`` rows of length 1, side by side, are brought to as many columns as one of them has.
    """
    given = load(graph)[0]
    rest = {key: value for key, value in parameters.items() if key not in PROPAGATED}
    models = [getattr(graphemb, name)(**rest) for name in method.split(" + ")]
    if len(rest) < len(parameters):
        finish = FunctionTransformer(graphemb.propagate,
                                     kw_args={"graph": given, "row_norm": 1.0, "n_jobs": rest["n_jobs"]})
    else:
        finish = Normalizer() if len(models) > 1 else "passthrough"
    parts = [make_pipeline(model, finish) for model in models]
    if len(models) > 1:
        pca = PCA(models[0].n_components, random_state=rest["random_state"])
        parts = [make_pipeline(make_union(*parts), pca)]
    start = time.perf_counter()
    vectors = parts[0].fit_transform(given)
    seconds = time.perf_counter() - start
    np.save(path, vectors)
    return seconds


def mean(scores: list[dict[str, float]]) -> dict[str, float]:
    """Scores by train size, over seeds."""
    return {size: round(statistics.mean(each[size] for each in scores), 2) for size in scores[0]}
