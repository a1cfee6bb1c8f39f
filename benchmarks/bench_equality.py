"""Is the native trainer as good as gensim on the same walks? F1 over seeds, in short and in long training."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np

from graphemb import DeepWalk
from graphemb.evaluate import node_classification

from .bench_quality import AUTHORS, SMALL, TRAIN_SIZES, check_tokens
from .graphs import available, load
from .measure import Recorder, Settings, check

GRAPHS = ("ppi", "wikipedia_pos", "blogcatalog")
TRAINERS: dict[str, dict[str, Any]] = {
    "gensim": {"trainer": "gensim"},
    "deterministic": {},
    "lock-free": {"deterministic": False},
}
LENGTHS = {"short": {"n_walks": 10}, "long": {"n_walks": 80}}
BEHIND = 0.01  # of F1 on average over sizes: what one seed of the quick run may be behind gensim


def run(settings: Settings, record: Recorder) -> None:
    """``--repeat`` seeds from ``--seed`` on; differences to gensim are taken seed by seed, on the same splits."""
    chosen = settings.graphs or (("sbm-2000",) if settings.quick else
                                 tuple(name for name in GRAPHS if name in available()) or ("sbm-10000",))
    trainers = [name for name in TRAINERS if name != "gensim" or importlib.util.find_spec("gensim")]
    for length, changes in LENGTHS.items():
        if settings.quick and length == "long":
            continue
        for name in chosen:
            graph, labels = load(name)
            check(labels is not None, f"{name} has no labels to predict")
            scores: dict[str, list[np.ndarray]] = {trainer: [] for trainer in trainers}
            for seed in range(settings.seed, settings.seed + (1 if settings.quick else settings.repeat)):
                for trainer in trainers:
                    parameters = {**(SMALL if settings.quick else AUTHORS), **changes, **TRAINERS[trainer],
                                  "random_state": seed, "n_jobs": settings.n_jobs}
                    model = DeepWalk(**parameters).fit(graph)
                    check_tokens(model.fit_report_["tokens"], graph, parameters, f"{name}: {trainer}")
                    f1 = node_classification(model.embedding_, labels, train_sizes=TRAIN_SIZES,
                                             n_splits=3 if settings.quick else 10, random_state=seed)
                    scores[trainer].append(100 * np.array([[f1.micro[size], f1.macro[size]] for size in TRAIN_SIZES]))
                    found = np.array(scores[trainer])
                    values = {"seeds": len(found), "micro/macro_f1": found.mean(axis=0).round(2).tolist()}
                    if trainer != "gensim" and "gensim" in trainers:
                        behind = found - np.array(scores["gensim"])
                        values |= {"over gensim": behind.mean(axis=0).round(2).tolist(),
                                   "std of that": behind.std(axis=0).round(2).tolist()}
                        check(not settings.quick or behind.mean() > -100 * BEHIND,
                              f"{name}: {trainer} is {-behind.mean():.1f} points of F1 behind gensim")
                    record(f"{name}, {length}: {trainer}", **values, train_sizes=TRAIN_SIZES, parameters=parameters)
