"""Large graphs: do the factorisations finish, in what time and memory?"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

import graphemb

from .graphs import available, load
from .measure import Recorder, Settings, check, fresh

METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "ProNE": ("ProNE", {}), "FastRP": ("FastRP", {}), "RandNE": ("RandNE", {}),
    "NetMF, sampled": ("NetMF", {"method": "sampled"}), "AdjacencySpectral": ("AdjacencySpectral", {}),
}
GRAPHS = ("ego_twitter", "rmat-20")
MOST_MB = 12_000


def run(settings: Settings, record: Recorder) -> None:
    """One fit a method and graph, each in a process of its own; a peak above 12 GB is an error."""
    chosen = settings.graphs or (("rmat-10",) if settings.quick else
                                 tuple(name for name in GRAPHS if name in available() or name.startswith("rmat")))
    for name in chosen:
        for case, (method, parameters) in METHODS.items():
            outcome = fresh("benchmarks.bench_large:fit", graph=name, method=method, parameters={
                **parameters, "n_components": 128, "random_state": settings.seed, "n_jobs": settings.n_jobs})
            report = outcome.pop("result")
            record(f"{name}: {case}", **report, **outcome, parameters=parameters)
            peak = outcome["rss_peak"]
            check(peak is None or peak <= MOST_MB, f"{name}: {case} took {peak:,.0f} MB, more than {MOST_MB:,}")


def imports() -> None:
    """What is loaded before memory is first read."""
    for method, _ in METHODS.values():
        importlib.import_module(getattr(graphemb, method).__module__)


def fit(graph: str, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Embed; seconds of the fit alone, and what came out."""
    model = getattr(graphemb, method)(**parameters).fit(load(graph)[0])
    report = model.fit_report_
    return {"seconds": report["seconds"]["total"], "n_nodes": report["n_nodes"], "n_edges": report["n_edges"],
            "nonzero_rows": int(np.any(model.embedding_, axis=1).sum()),
            **{name: report[name] for name in ("residuals", "n_iter", "error", "n_pairs") if name in report}}
