"""Growth: seconds and memory against nodes and edges of R-MAT graphs, with the fitted exponents."""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import graphemb
from graphemb import Graph, random_walks
from graphemb.datasets import rmat

from .bench_quality import expected_tokens
from .measure import Recorder, Settings, check, fresh, spread

COLUMNS = 32  # so that two tables of 2**22 rows fit a small machine
WALKS = {"n_walks": 1, "walk_length": 40}
TRAINING = {"n_components": COLUMNS, **WALKS, "window": 5, "n_epochs": 1}
TASKS: dict[str, dict[str, Any]] = {
    "walks": {**WALKS, "p": 0.25, "q": 4.0}, "DeepWalk": TRAINING,
    "AdjacencySpectral": {"n_components": COLUMNS}, "ProNE": {"n_components": COLUMNS},
    "FastRP": {"n_components": COLUMNS},
}
SCALES, EDGE_FACTOR = (14, 16, 18, 20, 22), 8
FIXED, EDGE_FACTORS = 17, (4, 8, 16, 32, 64)
BUDGET = 420.0  # seconds for all tasks at all sizes; a task that would overrun its share stops at the size before
SLOW = 3.0  # seconds; a process that takes longer runs once
LEAST = 0.1  # seconds; shorter runs are start-up costs and say nothing of growth
STEEPEST = 2.0  # exponent; beyond, a method that is to be linear in the edges is not


def run(settings: Settings, record: Recorder) -> None:
    """Each task on each size in fresh processes, which map the graph from its file; then the exponents.

    Nodes and edges grow together from 2**14 to 2**22 nodes (8 edges drawn for each node), then edges alone
    at 2**17 nodes.
    """
    together = [(scale, EDGE_FACTOR) for scale in ((8, 10) if settings.quick else SCALES)]
    alone = [] if settings.quick else [(FIXED, factor) for factor in EDGE_FACTORS]
    budget = BUDGET * (10 if settings.long else 1)
    stopped: set[str] = set()
    spent: dict[str, float] = {}
    tasks = ("walks", "AdjacencySpectral") if settings.quick else tuple(TASKS)
    for series, sizes in (("nodes and edges", together), ("edges alone", alone)):
        points: dict[str, list[dict[str, Any]]] = {task: [] for task in tasks}
        stopped.clear()
        for scale, factor in sizes:
            with tempfile.TemporaryDirectory() as folder:
                path = str(Path(folder) / "graph.safetensors")
                size = fresh("benchmarks.bench_scale:make", scale=scale, edge_factor=factor, seed=settings.seed,
                             path=path)["result"]
                for task in tasks:
                    case = f"{series}: {task}, rmat-{scale}, {factor} edges a node"
                    if task in stopped:
                        continue
                    runs = processes("walk" if task == "walks" else "fit", settings, path=path, task=task,
                                     n_jobs=settings.n_jobs, seed=settings.seed)
                    found, wall = runs[0]["result"], runs[0]["wall"]
                    point = {**size, "runs": len(runs), "seconds": spread(done["result"]["seconds"] for done in runs),
                             "rss_peak": spread(done["rss_peak"] or 0 for done in runs), "rss_above_imports": spread(
                                 (done["rss_peak"] or 0) - (done["rss_imports"] or 0) for done in runs)}
                    if found.get("tokens_expected") is not None:
                        check(found["tokens"] == found["tokens_expected"],
                              f"{case}: trained on {found['tokens']:,} tokens where {found['tokens_expected']:,} "
                              "were asked for")
                    points[task].append(point)
                    spent[task] = spent.get(task, 0.0) + wall
                    record(case, series=series, task=task, scale=scale, edge_factor=factor, **point, **{
                        key: spread(done["result"][key] for done in runs) if key.endswith("_per_second") else value
                        for key, value in found.items() if key != "seconds"}, cpu=spread(done["cpu"] for done in runs),
                        parameters=TASKS[task])
                    if series == "nodes and edges" and (scale, factor) != sizes[-1] \
                            and spent[task] + 5 * wall > budget / len(TASKS):
                        stopped.add(task)
                        record(f"{series}: {task} stops at rmat-{scale}", series=series, task=task,
                               stopped=f"the next size would take more than the {budget / len(TASKS):.0f} s "
                               "that a task may take in all; --long gives ten times as much")
        for task, of in points.items():
            if values := exponents(of, series):
                record(f"{series}: {task}, growth", series=series, task=task, **values)
                check(values.get("seconds_by_edges", 0) <= STEEPEST,
                      f"{series}: {task} grows with the edges to the power {values.get('seconds_by_edges'):.2f}")


def processes(function: str, settings: Settings, **arguments: Any) -> list[dict[str, Any]]:
    """As many fresh processes as there are to be runs; one where the first takes long."""
    runs = [fresh(f"benchmarks.bench_scale:{function}", **arguments)]
    while len(runs) < (1 if settings.quick or runs[0]["wall"] > SLOW else settings.repeat):
        runs.append(fresh(f"benchmarks.bench_scale:{function}", **arguments))
    return runs


def exponents(points: list[dict[str, Any]], series: str) -> dict[str, Any]:
    """Slopes of log seconds and log memory over log nodes and log edges, of medians, by least squares.

    With the standard error of each, the largest factor by which a point is off its line, and how many points there
    are; nothing of fewer than three points.
    """
    points = [{key: value["median"] if isinstance(value, dict) else value for key, value in p.items()} for p in points]
    slow = [p for p in points if p["seconds"] >= LEAST]
    values: dict[str, Any] = {}
    for what, of in (("seconds", slow), ("rss_above_imports", [p for p in points if p["rss_above_imports"] > 10])):
        if len(of) >= 3:
            for by in ("edges",) if series == "edges alone" else ("nodes", "edges"):
                x, y = (np.log([p[key] for p in of]) for key in (by, what))
                slope, intercept = np.polyfit(x, y, 1)
                off = y - slope * x - intercept
                error = np.sqrt((off**2).sum() / (len(of) - 2) / ((x - x.mean())**2).sum())
                values |= {f"{what}_by_{by}": round(float(slope), 3), f"{what}_by_{by}_error": round(float(error), 3),
                           f"{what}_by_{by}_misfit": round(float(np.exp(np.abs(off).max())), 3)}
            values[f"{what}_points"] = len(of)
    return values


def imports() -> None:
    """What is loaded before memory is first read."""
    for method in TASKS:
        if method != "walks":
            importlib.import_module(getattr(graphemb, method).__module__)


def make(scale: int, edge_factor: int, seed: int, path: str) -> dict[str, int]:
    """Draw a graph and save it, in a process of its own; its size."""
    graph = rmat(scale, edge_factor, seed=seed)
    graph.save(path)
    return {"nodes": graph.n_nodes, "edges": graph.n_edges}


def walk(path: str, task: str, n_jobs: int, seed: int) -> dict[str, Any]:
    """node2vec walks, in a fresh process: seconds and steps."""
    from time import perf_counter

    graph = Graph.load(path)
    random_walks(graph, n_walks=1, walk_length=2, start=[0], random_state=0)  # imports
    start = perf_counter()
    walks = random_walks(graph, **TASKS[task], n_jobs=n_jobs, random_state=seed)
    seconds = perf_counter() - start
    steps = int((walks[:, 1:] >= 0).sum())
    return {"seconds": seconds, "steps": steps, "steps_per_second": steps / seconds}


def fit(path: str, task: str, n_jobs: int, seed: int) -> dict[str, Any]:
    """A fit, in a fresh process: seconds of the fit alone, tokens where there are any."""
    graph = Graph.load(path)
    model = getattr(graphemb, task)(**TASKS[task], n_jobs=n_jobs, random_state=seed).fit(graph)
    report = model.fit_report_
    found: dict[str, Any] = {"seconds": report["seconds"]["total"]}
    if task == "DeepWalk":
        found |= {"tokens": report["tokens"], "tokens_expected": expected_tokens(graph, TASKS[task]),
                  "tokens_per_second": report["tokens"] / report["seconds"]["total"]}
    return found
