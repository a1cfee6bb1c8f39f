"""Do scores know the direction of an arc? HOPE on directed graphs: score(u, v) against score(v, u)."""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import graphemb
from graphemb import Graph
from graphemb.links import is_edge

from .graphs import available, load
from .measure import Recorder, Settings, check, fresh

METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    **{f"HOPE, {similarity}": ("HOPE", {"similarity": similarity})
       for similarity in ("katz", "pagerank", "common", "adamic_adar")},
    "AdjacencySpectral": ("AdjacencySpectral", {"row_norm": 0.0}),
}
GRAPHS = ("cnr_2000", "wiki_tlink")
HIDDEN = 0.1
MOST_PAIRS = 200_000
FLOOR = 60.0  # per cent of the fitted arcs on the best method, where 50 is chance


def run(settings: Settings, record: Recorder) -> None:
    """A tenth of the arcs hidden, the rest embedded; of arcs without their reverse, how many score higher forwards.

    Equal scores count one half, so that 50 is what a method without direction has.
    """
    chosen = settings.graphs or (("celegans_neural",) if settings.quick and "celegans_neural" in available() else
                                 () if settings.quick else tuple(name for name in GRAPHS if name in available()))
    for name in chosen:
        graph = load(name)[0]
        check(graph.directed, f"{name} has no directions")
        best = 0.0
        for case, (method, parameters) in METHODS.items():
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "vectors.npz"
                outcome = fresh("benchmarks.bench_direction:fit", graph=name, method=method, path=str(path),
                                seed=settings.seed, parameters={
                                    **parameters, "n_components": 16 if settings.quick else 128,
                                    "random_state": settings.seed, "n_jobs": settings.n_jobs})
                with np.load(path, allow_pickle=False) as file:
                    sources, targets = file["sources"], file["targets"]
            values = {}
            for part, (u, v) in zip(("fitted", "hidden"), one_way_arcs(graph, settings.seed), strict=True):
                ahead, back = (np.einsum("ij,ij->i", sources[a], targets[b]) for a, b in ((u, v), (v, u)))
                values[part] = round(100 * float(np.mean((ahead > back) + 0.5 * (ahead == back))), 2)
                values[f"{part}_arcs"] = len(u)
            best = max(best, values["fitted"])
            record(f"{name}: {case}", **values, wall=outcome["wall"], rss_peak=outcome["rss_peak"],
                   parameters=parameters)
        check(best >= FLOOR, f"{name}: arcs score higher forwards in {best} % at best, below {FLOOR} %")


def split(graph: Graph, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sources and targets of all arcs but loops, and which are hidden."""
    arcs = graph.to_scipy().tocoo()
    kept = arcs.row != arcs.col
    return arcs.row[kept], arcs.col[kept], np.random.default_rng(seed).random(int(kept.sum())) < HIDDEN


def one_way_arcs(graph: Graph, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(u, v) of arcs u -> v without v -> u: those that were fitted, those that were hidden; some, where many."""
    source, target, hidden = split(graph, seed)
    alone = ~is_edge(graph, target, source)
    parts = []
    for part in (~hidden, hidden):
        at = np.flatnonzero(alone & part)
        at = np.sort(np.random.default_rng(seed).permutation(at)[:MOST_PAIRS])
        parts.append((source[at], target[at]))
    return parts


def imports() -> None:
    """What is loaded before memory is first read."""
    for method, _ in METHODS.values():
        importlib.import_module(getattr(graphemb, method).__module__)


def fit(graph: str, method: str, parameters: dict[str, Any], path: str, seed: int) -> None:
    """Embed what is not hidden and save both sides; called in a fresh process."""
    whole = load(graph)[0]
    source, target, hidden = split(whole, seed)
    rest = Graph.from_edges(source[~hidden], target[~hidden], nodes=range(whole.n_nodes), directed=True)
    model = getattr(graphemb, method)(**parameters).fit(rest)
    np.savez(path, sources=model.embedding_, targets=model.context_embedding_)
