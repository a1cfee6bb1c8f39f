"""Training: tokens a second of the native trainer, by mode and threads, and of gensim on the same walks, F1 beside."""

from __future__ import annotations

import importlib.util
from functools import partial
from typing import Any

import numpy as np

from graphemb import DeepWalk, Graph
from graphemb.evaluate import node_classification

from .bench_quality import FLOOR, check_tokens
from .graphs import available, load
from .measure import Recorder, Settings, alternate, check, ratios, spread

MODES: dict[str, dict[str, Any]] = {
    "deterministic, 1 thread": {"n_jobs": 1},
    "lock-free, 1 thread": {"n_jobs": 1, "deterministic": False},
    "deterministic, 2 threads": {"n_jobs": 2},
    "lock-free, 2 threads": {"n_jobs": 2, "deterministic": False},
    "gensim, 1 thread": {"n_jobs": 1, "trainer": "gensim"},
}
LARGE = 2**18  # nodes; beyond it one short walk from each is enough to measure, and gensim takes minutes for that
AGAINST = {"deterministic, 1 thread": ("gensim, 1 thread", "lock-free, 1 thread"),
           "lock-free, 1 thread": ("gensim, 1 thread",),
           "deterministic, 2 threads": ("lock-free, 2 threads", "deterministic, 1 thread"),
           "lock-free, 2 threads": ("lock-free, 1 thread",)}


def run(settings: Settings, record: Recorder) -> None:
    """Alternate the modes; the time is the whole of training, the making of walks included.

    The speed with one thread is per second of processor, with two per second of the clock.
    """
    chosen = settings.graphs or (("sbm-400",) if settings.quick else
                                 ("blogcatalog",) if "blogcatalog" in available() else ("sbm-10000",))
    modes = {mode: options for mode, options in MODES.items()
             if options.get("trainer") != "gensim" or importlib.util.find_spec("gensim")}
    for mode, options in modes.items():
        check_every_walk_trains(mode, options)
    for name in chosen:
        graph, labels = load(name)
        large = graph.n_nodes > LARGE
        for d in (128, 32, 64, 256) if settings.long else (128,):
            parameters = {"n_components": d, "n_walks": 20 if settings.quick else 1 if large else 10,
                          "walk_length": 20 if large else 40,
                          "window": 10, "n_epochs": 1, "random_state": settings.seed}
            samples = alternate({mode: partial(fit, graph, {**parameters, **options})
                                 for mode, options in modes.items()}, 1 if settings.quick else settings.repeat)
            check_bytes([s.result for mode in modes if mode.startswith("deterministic") for s in samples[mode]])
            speed = {mode: [s.result.fit_report_["tokens"] / (s.cpu if mode.endswith("1 thread") else s.wall)
                            for s in of] for mode, of in samples.items()}
            for mode, of in samples.items():
                case = f"{name}, d={d}: {mode}"
                check_tokens(of[0].result.fit_report_["tokens"], graph, parameters, case)
                values: dict[str, Any] = {
                    "tokens_per_second": spread(speed[mode]),
                    **{f"over {other}": ratios(speed[mode], speed[other])
                       for other in AGAINST.get(mode, ()) if other in speed},
                    "wall": spread(s.wall for s in of), "cpu": spread(s.cpu for s in of),
                    "tokens": of[0].result.fit_report_["tokens"], "parameters": {**parameters, **modes[mode]}}
                if labels is not None and d == 128:
                    scores = node_classification(of[0].result.embedding_, labels, train_sizes=[0.1, 0.5],
                                                 n_splits=3, random_state=settings.seed)
                    values |= {"micro_f1": scores.micro, "macro_f1": scores.macro}
                    if name.startswith("sbm"):
                        check(scores.micro[0.5] >= FLOOR, f"{case}: micro-F1 {scores.micro[0.5]:.3f} < {FLOOR}")
                record(case, **values)


def check_bytes(models: list[DeepWalk]) -> None:
    """That all have the same vectors, byte for byte."""
    for model in models[1:]:
        check(model.embedding_.tobytes() == models[0].embedding_.tobytes()
              and model.context_.tobytes() == models[0].context_.tobytes(),
              f"n_jobs={model.n_jobs} and n_jobs={models[0].n_jobs} gave different vectors in deterministic mode")


def check_every_walk_trains(mode: str, options: dict[str, Any], leaves: int = 5000) -> None:
    """That every walk moves vectors, whatever the trainer says it counted.

    One walk of two nodes from each node of a star: the vector of a leaf is trained in the leaf's own walk alone (and
    one of them in the hub's), so as many leaves move as walks are trained. The first ones do not, as long as
    the hub's context vector is still zero.
    """
    star = Graph.from_edges([0] * leaves, range(1, leaves + 1), nodes=range(leaves + 1))
    start = np.random.default_rng(0).uniform(-0.5, 0.5, (leaves + 1, 16)).astype(np.float32)
    model = DeepWalk(16, n_walks=1, walk_length=2, window=1, init=start, random_state=0, **options).fit(star)
    moved = float((model.embedding_[1:] != start[1:]).any(axis=1).mean())
    check(moved > 0.8, f"{mode}: the walks of {moved:.0%} of a star's leaves were trained, where all were asked for")


def fit(graph: Graph, parameters: dict[str, Any]) -> DeepWalk:
    """A fitted DeepWalk."""
    return DeepWalk(**parameters).fit(graph)
