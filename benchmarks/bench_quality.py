"""Do the vectors classify nodes as published ones do? The DeepWalk paper's protocol, beside its table."""

from __future__ import annotations

import importlib.util
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import graphemb
from graphemb.evaluate import NodeClassification, node_classification

from .graphs import available, load, published
from .measure import Recorder, Settings, check, fresh, spread

AUTHORS = {"n_components": 128, "n_walks": 80, "walk_length": 40, "window": 10, "n_epochs": 1}
SMALL = {"n_components": 32, "n_walks": 20, "walk_length": 40, "window": 5, "n_epochs": 2}
NODE2VEC = {"blogcatalog": (0.25, 0.25), "ppi": (4.0, 1.0), "wikipedia_pos": (4.0, 0.5),  # paper, section 4.3
            "wikipedia_pos_weighted": (4.0, 0.5)}
FLOOR = 0.9  # micro-F1 at 50 % on the easy block model, where chance is 0.25
TRAIN_SIZES = (0.1, 0.5, 0.9)


def run(settings: Settings, record: Recorder) -> None:
    """``--repeat`` seeds a case, a process for each fit; ten splits at each train size, on the raw vectors.

    Scores are means over the seeds, with the spread between them beside. PPI and Wikipedia are scored on vectors of
    unit length too, as the tables beside them were.
    """
    chosen = settings.graphs or (("sbm-400",) if settings.quick else
                                 tuple(name for name in NODE2VEC if name in available()) or ("sbm-2000",))
    for name in chosen:
        graph, labels = load(name)
        check(labels is not None, f"{name} has no labels to predict")
        for method, trainer in cases(name, settings.quick or settings.long):
            case = f"{name}: {method}, {trainer}"
            parameters: dict[str, Any] = {**(AUTHORS if name in NODE2VEC else SMALL), "trainer": trainer,
                                          "n_jobs": settings.n_jobs}
            if method == "Node2Vec":
                parameters["p"], parameters["q"] = NODE2VEC.get(name, (1.0, 0.5))
            scalings = ("raw", "unit length") if name in NODE2VEC and name != "blogcatalog" else ("raw",)
            runs: dict[str, list[NodeClassification]] = {scaling: [] for scaling in scalings}
            outcomes = []
            for seed in range(settings.seed, settings.seed + (1 if settings.quick else settings.repeat)):
                with tempfile.TemporaryDirectory() as folder:
                    path = Path(folder) / "vectors.npy"
                    outcomes.append(fresh("benchmarks.bench_quality:fit", graph=name, method=method, path=str(path),
                                          parameters={**parameters, "random_state": seed}))
                    vectors = np.load(path, allow_pickle=False)
                check_tokens(outcomes[-1]["result"]["tokens"], graph, parameters, case)
                for scaling, found in runs.items():
                    found.append(node_classification(
                        vectors if scaling == "raw" else unit(vectors), labels, train_sizes=TRAIN_SIZES,
                        n_splits=3 if settings.quick else 10, random_state=seed))
            for scaling, found in runs.items():
                values = {f"{metric}_f1": {size: spread(each[size] for each in (
                    per_cent(getattr(one, metric)) for one in found)) for size in map("{:.0%}".format, TRAIN_SIZES)}
                    for metric in ("micro", "macro")}
                means = {f"{metric}_f1_mean": {size: round(statistics.mean(
                    per_cent(getattr(one, metric))[size] for one in found), 2) for size in values[f"{metric}_f1"]}
                    for metric in ("micro", "macro")}
                record(f"{case}, {scaling}", **means, **values, seeds=len(found), **outcomes[0]["result"],
                       wall=spread(outcome["wall"] for outcome in outcomes),
                       rss_peak=max(outcome["rss_peak"] or 0 for outcome in outcomes),
                       rss_imports=outcomes[0]["rss_imports"], parameters=parameters, published={
                           f"{metric} {size:.0%}": figure for metric in ("Micro-F1", "Macro-F1") for size in TRAIN_SIZES
                           if (figure := published(name.removesuffix("_weighted"), method, metric, size))})
                if name.startswith("sbm"):
                    worst = min(one.micro[0.5] for one in found)
                    check(worst >= FLOOR, f"{case}: micro-F1 {worst:.3f} < {FLOOR}")


def cases(name: str, gensim: bool) -> list[tuple[str, str]]:
    """(method, trainer) to fit on a graph; `gensim` beside us, four minutes, where that tells something new."""
    chosen = [("DeepWalk", "native"), ("DeepWalk", "gensim"), ("Node2Vec", "native")]
    if not gensim or (name in NODE2VEC and name != "blogcatalog") or importlib.util.find_spec("gensim") is None:
        chosen.remove(("DeepWalk", "gensim"))
    return chosen


def imports() -> None:
    """What is loaded before memory is first read."""
    importlib.import_module("graphemb.estimators")
    if importlib.util.find_spec("gensim"):
        importlib.import_module("gensim.models")


def fit(graph: str, method: str, parameters: dict[str, Any], path: str) -> dict[str, Any]:
    """Embed and save; called in a fresh process."""
    model = getattr(graphemb, method)(**parameters)
    np.save(path, model.fit_transform(load(graph)[0]))
    return {"tokens": model.fit_report_["tokens"], "seconds": model.fit_report_["seconds"]}


def expected_tokens(graph: graphemb.Graph, parameters: dict[str, Any]) -> int:
    """Tokens of the whole corpus: every walk from a node with an edge is of full length."""
    lengths = np.where(np.diff(graph.indptr) > 0, parameters["walk_length"], 1)
    return int(lengths.sum()) * parameters["n_walks"] * parameters["n_epochs"]


def check_tokens(tokens: int, graph: graphemb.Graph, parameters: dict[str, Any], case: str) -> None:
    """That the whole corpus was trained; where walks may end early, in a directed graph, nothing is known before."""
    expected = expected_tokens(graph, parameters)
    if not graph.directed:
        check(tokens == expected, f"{case}: trained on {tokens:,} tokens where {expected:,} were asked for")


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1; zero rows stay."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1)


def per_cent(scores: dict[float, float]) -> dict[str, float]:
    """Scores by train size, both as people read them."""
    return {f"{size:.0%}": round(100 * value, 2) for size, value in scores.items()}
