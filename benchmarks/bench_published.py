"""Does each method reach its own published figure? Micro-F1 at 90 %, method by graph; writes docs/published.md."""

from __future__ import annotations

import importlib
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import graphemb
from graphemb.evaluate import node_classification

from .bench_frontier import PROPAGATED, fit, mean, vectors_of
from .bench_quality import AUTHORS, NODE2VEC, per_cent, unit
from .graphs import available, load, published
from .measure import ROOT, Recorder, Settings, check, fresh

GRAPHS = ("blogcatalog", "ppi", "wikipedia_pos_weighted", "wikipedia_pos")
SIDE_BY_SIDE = "ProNE + GraRep + VERSE"
METHODS: dict[str, tuple[str, dict[str, Any]]] = {  # published name, and what differs from our defaults: ours
    "DeepWalk": ("DeepWalk", AUTHORS), "node2vec": ("Node2Vec", AUTHORS), "LINE": ("LINE", {"order": "both"}),
    "NetMF": ("NetMF", {}), "NetMF, window=1": ("NetMF", {"window": 1}),
    "NetSMF": ("NetMF", {"method": "sampled", "max_memory": 2**30}), "ProNE": ("ProNE", {}), "HOPE": ("HOPE", {}),
    "GraRep": ("GraRep", {}), "Spectral": ("LaplacianEigenmaps", {}),
    "AdjacencySpectral": ("AdjacencySpectral", {}), "NetMF, propagated": ("NetMF", PROPAGATED),
    "GraRep, propagated": ("GraRep", PROPAGATED), "DeepWalk, propagated": ("DeepWalk", AUTHORS | PROPAGATED),
    "three side by side": (SIDE_BY_SIDE, {}), "three side by side, propagated": (SIDE_BY_SIDE, PROPAGATED),
}
QUICK = ("ProNE", "HOPE")
SECOND: dict[str, dict[str, float]] = {  # CogDL, results.md @281f4742 and docs/source/tutorial/results.rst
    "blogcatalog": {"NetMF": 42.47, "ProNE": 41.14, "NetSMF": 40.62, "node2vec": 40.16, "LINE": 38.06,
                    "DeepWalk": 40.48, "Spectral": 41.41, "HOPE": 33.99, "GraRep": 33.48},
    "ppi": {"NetMF": 23.73, "ProNE": 24.60, "NetSMF": 23.88, "node2vec": 20.67, "LINE": 21.82, "DeepWalk": 20.74,
            "Spectral": 22.48, "HOPE": 21.43, "GraRep": 20.60},
    "wikipedia_pos": {"NetMF": 57.42, "ProNE": 56.06, "NetSMF": 53.81, "node2vec": 54.59, "LINE": 52.46,
                      "DeepWalk": 49.53, "Spectral": 49.35, "HOPE": 54.04, "GraRep": 54.37},
}
WITHIN = 0.5
TRAIN_SIZE = 0.9
PAGE = ROOT / "docs" / "published.md"
HEAD = """# Our figures beside published ones

Micro-F1 in per cent with 90 % of the nodes for training, ten splits a seed, in the protocol of the DeepWalk paper.
`python -m benchmarks run --only published --repeat 5` measures these figures and writes this page.

- *raw*: vectors as the method gives them; *unit*: rows of length 1, as the leaderboard has them.
- *propagated*: by `propagate(vectors, graph, row_norm=1.0)`, which the leaderboard does not have.
- *three side by side*: rows of length 1 of `ProNE`, `GraRep` and `VERSE`, brought to 128 columns by PCA; or each
  propagated before, as in [the how-to](how-to/features.md#several-methods-side-by-side). These three, and to propagate
  before and not after, were chosen on PPI among some 50 combinations, by splits that have no part in this table; of
  six of the combinations this table's splits had been seen before.
- *first*: the leaderboard of CogDL as first published (`cogdl/tasks/README.md`, commit 15e994f1), which gives no
  settings and no spread.
- *second*: the table with which CogDL replaced it (release 0.1.2, pull request 51; today `results.md`), with settings
  in its examples, and a standard deviation of 0.2 to 0.6. Its authors answered a user who could not reproduce the first
  that it came from other settings (issue 13).
- ±: standard deviation between seeds, each of ten splits.
- *gap*: the better of our two columns less the first figure.

A method is at its published figure where the gap is above -0.5. Where it is not, the reason stands beside it.
"""


def run(settings: Settings, record: Recorder) -> None:
    """``--repeat`` seeds a method, a process for each method; the page is made of the last run of each case."""
    chosen = settings.graphs or (("sbm-400",) if settings.quick else tuple(g for g in GRAPHS if g in available()))
    for name in chosen:
        _, labels = load(name)
        check(labels is not None, f"{name} has no labels to predict")
        for case, (method, parameters) in METHODS.items():
            if settings.quick and case not in QUICK:
                continue
            if method == "Node2Vec":
                parameters = dict(zip("pq", NODE2VEC.get(name, (1.0, 0.5)), strict=True)) | parameters
            seeds = range(settings.seed, settings.seed + (1 if settings.quick else settings.repeat))
            scores: dict[str, list[dict[str, float]]] = {"raw": [], "unit": []}
            with tempfile.TemporaryDirectory() as folder:
                fresh("benchmarks.bench_published:fit", graph=name, method=method, folder=folder, seeds=list(seeds),
                      parameters={**parameters, "n_jobs": settings.n_jobs})
                for seed in seeds:
                    vectors = vectors_of(folder, seed)
                    for scaling, Z in (("raw", vectors), ("unit", unit(vectors))):
                        found = node_classification(Z, labels, train_sizes=(TRAIN_SIZE,), random_state=seed,
                                                    n_splits=3 if settings.quick else 10, n_jobs=-1)
                        scores[scaling].append(per_cent(found.micro))
            record(f"{name}: {case}", graph=name, method=case, ours=method, parameters=parameters,
                   seeds=len(scores["raw"]), **{scaling: mean(of)["90%"] for scaling, of in scores.items()},
                   deviation={scaling: round(statistics.stdev(one["90%"] for one in of), 2) if len(of) > 1 else None
                              for scaling, of in scores.items()},
                   first=max((value for value, source in published(unweighted(name), theirs(case), "Micro-F1",
                                                                   TRAIN_SIZE) if "CogDL" in source), default=None),
                   second=SECOND.get(unweighted(name), {}).get(theirs(case)))
    if not settings.quick:
        PAGE.write_text(page(record.path), encoding="utf-8")


def unweighted(graph: str) -> str:
    """The graph as the published tables call it, which do not say whether they took its weights."""
    return graph.removesuffix("_weighted")


def theirs(case: str) -> str:
    """The method as the published tables call it."""
    return case.partition(",")[0]


def imports() -> None:
    """What is loaded before memory is first read."""
    for name in {name for method, _ in METHODS.values() for name in method.split(" + ")}:
        importlib.import_module(getattr(graphemb, name).__module__)


def page(results: Path) -> str:
    """The page, from the last line of each case; `fit` comes from `bench_frontier`."""
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for line in results.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["bench"] == "published" and not row["quick"] and row["graph"] in GRAPHS:
            last[row["graph"], row["method"]] = row
    parts = [HEAD]
    for graph in GRAPHS:
        rows = {method: last[graph, method] for method in METHODS if (graph, method) in last}
        parts.append(f"\n## {graph}\n")
        if not rows:
            parts.append("Not measured yet.")
            continue
        parts += [summary(rows), "", "| method | ours | seeds | raw | unit | first | second | gap | |",
                  "|---|---|---|---|---|---|---|---|---|"]
        for method, row in rows.items():
            first, second = row["first"], row["second"]
            gap = "" if first is None else f"{best(row) - first:+.2f}"
            parts.append("| " + " | ".join([
                method, described(row), str(row["seeds"]), *(spelt(row, scaling) for scaling in ("raw", "unit")),
                *("" if x is None else f"{x:.2f}" for x in (first, second)), gap,
                verdict(method, row, last.get((f"{graph}_weighted", method)))]) + " |")
    return "\n".join(parts) + "\n\n" + WHY


def best(row: dict[str, Any]) -> float:
    """The better of our two columns."""
    return max(row["raw"], row["unit"])


def spelt(row: dict[str, Any], scaling: str) -> str:
    """The mean over seeds, and the standard deviation between them where there are several."""
    deviation = row.get("deviation", {}).get(scaling)
    return f"{row[scaling]:.2f}" + ("" if deviation is None else f" ± {deviation:.2f}")


def summary(rows: dict[str, dict[str, Any]]) -> str:
    """Our best method, and the highest published figure of a method that is named here."""
    ours = max(rows, key=lambda method: best(rows[method]))
    told = {method: row["first"] for method, row in rows.items() if row["first"] is not None}
    theirs = max(told, key=lambda method: told[method], default=None)
    return (f"Our best: {best(rows[ours]):.2f}, {described(rows[ours])}."
            + ("" if theirs is None else f" Highest published: {told[theirs]:.2f}, {theirs.partition(',')[0]}."))


def described(row: dict[str, Any]) -> str:
    """Class and parameters as one would write them; walk settings of the DeepWalk authors are "authors'"."""
    rest = {name: value for name, value in row["parameters"].items() if AUTHORS.get(name) != value}
    told = (["authors' walks"] if AUTHORS.items() <= row["parameters"].items() else []) + [
        name if name in PROPAGATED else f"{name}={value!r}" for name, value in rest.items()]
    return f"`{row['ours']}`" + (f" ({', '.join(told)})" if told else "")


def verdict(method: str, row: dict[str, Any], weighted: dict[str, Any] | None) -> str:
    """At the first figure, at the one that replaced it, or why not; `weighted`: the same with weights of edges."""
    first, second = row["first"], row["second"]
    if first is None or best(row) >= first - WITHIN or ", " in method:  # a variant need not reach it
        return ""
    if second is not None and best(row) >= second - WITHIN:
        return "at the second figure, which replaced the first"
    if weighted is not None and best(weighted) >= first - WITHIN:
        return "at the first figure with the weights of the edges"
    if f"### {method}\n" in WHY:
        return f"see [below](#{method.lower()})"
    return "not known"


WHY = """## Why

90 % of the nodes. What is called not known has not been looked into.

### ProNE

The paper's steps, done by scikit-learn's `randomized_svd` with the authors' exponent 0.75 and five power iterations,
give 55.1 and 56.1 on Wikipedia (two seeds; 54.9 and 55.8 with their program's mu = 0.1) and 26.0 and 25.9 on PPI: what
our class gives, within its spread. On BlogCatalog our defaults give 42.7, those settings 42.1 to 42.4, and the tables
have 43.6 and 41.1. Our steps are the authors'; the settings of the first table are not known.

### NetMF

On Wikipedia, a network of words that stand side by side, farther steps of a walk do harm: compare `window=1` with the
default of 10 in the tables above. Without weights, `window=1` is 1.7 below the second figure, 57.4 with a deviation of
0.6, and `window=2` gives 48.3 (one seed, four splits). The tables do not say whether they took the weights of the
edges, `wikipedia_pos_weighted` above. With them each method is at its first figure or above but `NetMF` at its default
window, so that they probably did. By hand, one seed, `AdjacencySpectral(degree_exponent=0.25)` gives 59.3 there.
`window=1` was chosen with the labels in view, as `p` and `q` are in the node2vec paper.
"""

__all__ = ["fit", "imports", "page", "run"]
