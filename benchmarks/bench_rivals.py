"""Every method from a graph in memory to vectors, beside every rival that offers it: seconds, memory, F1."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from graphemb.evaluate import node_classification

from .bench_frontier import FAR, PROPAGATED, mean
from .bench_quality import FLOOR, expected_tokens, per_cent
from .graphs import available, load, published
from .measure import Recorder, Settings, check, ratios, spread
from .peers import OURS, PEERS, FitPeer, GaveUp, NotInstalled, python_of, version_of

GRAPHS = ("ppi", "airports_usa")
LONG = ("blogcatalog", "wikipedia_pos", "cora", "email_eu_core", "wiki_tlink", *GRAPHS)
ROLE_GRAPHS = ("airports_usa",)
WALKS = {"n_walks": 10, "walk_length": 40, "window": 10}
SHORT = {"n_walks": 10, "walk_length": 20, "window": 5}
TRAINED = ("DeepWalk", "Node2Vec", "Walklets", "Struc2Vec")  # on walks
# For each method what both sides are asked for; the number of columns comes on top.
ASKED: dict[str, dict[str, Any]] = {
    "DeepWalk": WALKS | {"p": 1.0, "q": 1.0}, "Node2Vec": WALKS | {"p": 0.25, "q": 4.0},
    "Walklets": WALKS | {"window": 4}, "LINE": {}, "VERSE": {},
    "AdjacencySpectral": {}, "LaplacianEigenmaps": {}, "NetMF": {"window": 10}, "ProNE": {}, "GraRep": {"n_steps": 4},
    "HOPE": {}, "RandNE": {}, "FastRP": {}, "GraphWave": {}, "Struc2Vec": WALKS,
}
# Ours besides the default settings.
VARIANTS: dict[str, dict[str, dict[str, Any]]] = {
    "DeepWalk": {"lock-free": {"deterministic": False}}, "Node2Vec": {"lock-free": {"deterministic": False}},
    "LINE": {"both orders": {"order": "both"}},
    "NetMF": {"sampled": {"method": "sampled", "max_memory": 2**29}, "propagated": PROPAGATED},
    "GraRep": {"propagated": PROPAGATED}, "FastRP": {"propagated": PROPAGATED, "16 steps, propagated": FAR},
    "HOPE": {"common neighbours": {"similarity": "common", "row_norm": 0.5}},
}
UNDIRECTED = {"both orders"}
KNOWN_AS = {"AdjacencySpectral": "Spectral"}  # in the published tables
ROLES = ("GraphWave", "Struc2Vec")  # of use where labels are roles; elsewhere they take long for little
QUICK = ("DeepWalk", "NetMF", "FastRP")
TRAIN_SIZES = (0.1, 0.5)
PUBLISHED_SIZES = (0.1, 0.5, 0.9)  # of ours, beside published figures; the last takes as long as both others
SLOW = 15.0  # seconds; what takes longer runs once
LEARNING_RATE = 0.025


def run(settings: Settings, record: Recorder) -> None:
    """Ours and the rivals by turns, one thread each, run i with seed ``--seed`` + i.

    Each library has a process of its own for each method, so that its peak of memory is that method's. What a
    library compiles at run time is compiled before. All are scored raw on the same splits: split i with the vectors of
    run i, or of the last run where there were fewer.
    """
    chosen = settings.graphs or (("sbm-400",) if settings.quick else
                                 tuple(name for name in (LONG if settings.long else GRAPHS) if name in available())
                                 or ("sbm-2000",))
    asked = (() if settings.quick else tuple(PEERS)) if settings.against is None else settings.against
    peers = [peer for peer in asked if can_be_had(peer, record)]
    for name in chosen:
        slow: dict[str, str] = {}  # what a rival did not finish of DeepWalk it will not finish of node2vec
        for method in ASKED:
            if (method in ROLES) == (name in ROLE_GRAPHS) and (not settings.quick or method in QUICK):
                measure(name, method, [peer for peer in peers if method in PEERS[peer].methods], slow, settings, record)


def can_be_had(peer: str, record: Recorder) -> bool:
    """Whether a rival is or can be installed; why not is on record."""
    try:
        python_of(peer)
    except NotInstalled as reason:
        record(f"{peer} {version_of(peer)}", who=peer, version=version_of(peer), not_installed=str(reason))
        return False
    return True


def measure(name: str, method: str, peers: list[str], slow: dict[str, str], settings: Settings,
            record: Recorder) -> None:
    """One method on one graph."""
    graph, labels = load(name)
    d = 32 if settings.quick else 128
    asked = {**ASKED[method], **({key: SHORT[key] for key in SHORT if key in ASKED[method]} if settings.quick else {})}
    ours = {OURS: {}, **{f"{OURS}, {label}": changes for label, changes in VARIANTS.get(method, {}).items()
                        if not (graph.directed and label in UNDIRECTED)}}
    cases: dict[str, FitPeer] = {}
    runs: dict[str, list[dict[str, Any]]] = {}
    made: dict[str, list[np.ndarray]] = {}
    try:
        for turn in range(1 if settings.quick else settings.repeat):
            for who in (*ours, *peers):
                if who in runs and (runs[who][0]["wall"] > SLOW or who not in cases):
                    continue
                case = f"{name}: {method}, {who}"
                facts = {"graph": name, "method": method, "who": who}
                if who in slow and method == "Node2Vec":
                    if turn == 0:
                        record(case, **facts, version=version_of(who), gave_up=slow[who])
                    continue
                library = who.partition(",")[0]
                seed = settings.seed + turn
                if library == OURS:
                    mine = {key: value for key, value in asked.items() if method == "Node2Vec" or key not in "pq"}
                    call: dict[str, Any] = {"parameters": {"n_components": d, **mine, **ours[who]}, "seed": seed}
                else:
                    call = {"n_components": d, **asked, "seed": seed}
                try:
                    if who not in cases:
                        cases[who] = FitPeer(library, method, graph, settings.n_jobs)
                    start = time.perf_counter()
                    vectors, outcome = cases[who].embed(None if library == OURS else settings.limit, **call)
                    outcome["elapsed"] = time.perf_counter() - start
                except GaveUp as reason:
                    if library == OURS:
                        raise RuntimeError(f"{case}: {reason}") from reason
                    record(case, **facts, version=version_of(who), gave_up=str(reason))
                    if method == "DeepWalk":
                        slow[who] = f"not tried: of DeepWalk, {reason}"
                    cases.pop(who).close()
                    if who not in runs:
                        runs[who] = [{"wall": float("inf")}]
                    continue
                runs.setdefault(who, []).append(outcome)
                made.setdefault(who, []).append(vectors)
    finally:
        for process in cases.values():
            process.close()
    for who, fitted in made.items():
        library = who.partition(",")[0]
        values = figures(runs[who], runs[OURS])
        if method in TRAINED and method != "Struc2Vec" and not graph.directed:
            expected = expected_tokens(graph, {**asked, "n_epochs": 1})
            values |= trained(runs[who][0]["trained"], expected, asked["window"], library, f"{name}: {method}, {who}",
                              method)
        differs = [*values.pop("differs", []), *([PEERS[library].differs[method]] if library != OURS
                                                 and method in PEERS[library].differs else [])]
        if labels is not None:
            values |= score(fitted, labels, settings, name, f"{name}: {method}, {who}" if library == OURS else None,
                            PUBLISHED_SIZES if who == OURS and not settings.quick else TRAIN_SIZES)
        record(f"{name}: {method}, {who}", graph=name, method=method, who=who,
               version=None if library == OURS else version_of(library), columns=fitted[0].shape[1], **values,
               differs="; ".join(differs), asked={"n_components": d, **asked, **ours.get(who, {})},
               published={f"{metric} {size:.0%}": found for metric in ("Micro-F1", "Macro-F1")
                          for size in PUBLISHED_SIZES if who == OURS
                          and (found := published(name, KNOWN_AS.get(method, method), metric, size))})


def figures(runs: list[dict[str, Any]], ours: list[dict[str, Any]]) -> dict[str, Any]:
    """Seconds and memory of the runs, and how many times as long as ours they took, pair by pair."""
    values: dict[str, Any] = {key: spread(r[key] for r in runs) for key in ("wall", "cpu", "rss_peak")
                              if runs[0][key] is not None}
    values |= {"prepare": runs[0]["prepare"], "runs": len(runs), "walls": [round(r["wall"], 4) for r in runs]}
    if runs is not ours:
        values["of_ours"] = ratios((r["wall"] for r in runs), (r["wall"] for r in ours))
    stages = [part["seconds"] for part in runs[0]["trained"] if "seconds" in part]
    residuals = [part["largest_residual"] for part in runs[0]["trained"] if "largest_residual" in part]
    return values | ({"stages": {k: round(v, 4) for k, v in stages[0].items()}} if stages else {}) \
        | ({"largest_residual": residuals[0]} if residuals else {})


def trained(parts: list[dict[str, Any]], expected: int, window: int, library: str, case: str,
            method: str) -> dict[str, Any]:
    """Tokens trained beside those asked for, checked where the trainer is ours or told to take all; what differs."""
    gensim = [part for part in parts if "objective" in part]
    tokens = sum(part["tokens"] for part in parts if part.get("tokens") is not None)
    if library == OURS or library == "gensim":
        wanted = expected if method != "Walklets" else tokens  # pairs of several distances, counted by its own tests
        check(tokens == wanted, f"{case}: trained on {tokens:,} tokens where {expected:,} were asked for")
        return {"tokens": tokens, "tokens_expected": expected}
    if not gensim:
        return {"tokens": None, "tokens_expected": expected, "differs": ["tokens not told"]}
    part = gensim[0]
    differs = []
    if method != "Walklets" and tokens != expected:
        differs.append(f"trains {tokens / expected:.0%} of the tokens" + (f" (sample={part['sample']:g})"
                                                                          if part["sample"] else ""))
    if part["objective"] != "skip-gram" or part["softmax"] != "5 negatives":
        differs.append(f"{part['objective']}, {part['softmax']}")
    if method != "Walklets" and part["window"] != window:
        differs.append(f"window {part['window']}")
    if part["learning_rate"] != LEARNING_RATE:
        differs.append(f"learning rate {part['learning_rate']:g}")
    return {"tokens": tokens, "tokens_expected": expected, "differs": differs}


def score(vectors: list[np.ndarray], labels: Any, settings: Settings, name: str, must: str | None,
          train_sizes: tuple[float, ...]) -> dict[str, Any]:
    """F1 in per cent, and its standard deviation over splits; `must` is the case that has to reach the floor."""
    bad = [~np.isfinite(Z).all(axis=1) for Z in vectors]
    tables = [np.where(rows[:, None], 0, Z) for rows, Z in zip(bad, vectors, strict=True)]
    scores = [node_classification(tables[min(i, len(tables) - 1)], labels, train_sizes=train_sizes, n_splits=1,
                                  random_state=settings.seed + i) for i in range(10 if settings.long else 3)]
    micro, macro = ([per_cent(getattr(one, metric)) for one in scores] for metric in ("micro", "macro"))
    if must is not None and name.startswith("sbm"):
        worst = min(one["50%"] for one in micro)
        check(worst >= 100 * FLOOR, f"{must}: micro-F1 {worst:.1f} < {100 * FLOOR:.0f}")
    return {"micro_f1": mean(micro), "macro_f1": mean(macro),
            "micro_f1_std": {size: round(float(np.std([one[size] for one in micro])), 2) for size in micro[0]},
            **({"rows_not_finite": int(max(rows.sum() for rows in bad))} if any(rows.any() for rows in bad) else {})}
