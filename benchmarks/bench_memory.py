"""Peak memory of a Node2Vec fit, above the interpreter with its imports."""

from __future__ import annotations

import importlib
from typing import Any

from graphemb import Node2Vec

from .bench_quality import check_tokens
from .graphs import available, load
from .measure import Recorder, Settings, check, fresh

LIMIT = {"blogcatalog": 150.0}  # MB


def run(settings: Settings, record: Recorder) -> None:
    """One fit with the default settings in a fresh process, the loading of the graph included."""
    chosen = settings.graphs or (("rmat-10",) if settings.quick else
                                 ("blogcatalog",) if "blogcatalog" in available() else ("rmat-14",))
    parameters: dict[str, Any] = {"p": 0.25, "q": 4.0, "n_components": 128, "n_walks": 10, "walk_length": 80,
                                  "n_epochs": 1, "random_state": settings.seed, "n_jobs": settings.n_jobs}
    if settings.quick:
        parameters |= {"n_walks": 1, "n_components": 32}
    for name in chosen:
        outcome = fresh("benchmarks.bench_memory:fit", graph=name, parameters=parameters)
        if outcome["rss_peak"] is None:
            record(f"{name}: Node2Vec", note="this platform does not tell the memory of a process")
            continue
        above = outcome["rss_peak"] - outcome["rss_imports"]
        record(f"{name}: Node2Vec", above_imports_mb=above, rss_imports_mb=outcome["rss_imports"],
               rss_peak_mb=outcome["rss_peak"], wall=outcome["wall"], parameters=parameters)
        check_tokens(outcome["result"], load(name)[0], parameters, name)
        check(above > 0, f"{name}: a fit that takes no memory was not measured")
        check(above < LIMIT.get(name, float("inf")), f"{name}: {above:.0f} MB, over {LIMIT.get(name)} MB")


def imports() -> None:
    """What a fit loads on its way, before memory is first read."""
    for module in ("graphemb.estimators", "graphemb.estimators.node2vec", "joblib", "networkx"):
        importlib.import_module(module)


def fit(graph: str, parameters: dict[str, Any]) -> int:
    """Fit; called in a fresh process. Returns the tokens trained."""
    return Node2Vec(**parameters).fit(load(graph)[0]).fit_report_["tokens"]
