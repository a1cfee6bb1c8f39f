"""Training: tokens a second of the native trainer, by mode and threads, and of gensim on the same walks, F1 beside."""

from __future__ import annotations

import importlib.util
from functools import partial
from typing import Any

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
    for name in chosen:
        graph, labels = load(name)
        for d in (128,) if settings.quick else (128, 32, 64, 256):
            parameters = {"n_components": d, "n_walks": 20 if settings.quick else 10, "walk_length": 40,
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


def fit(graph: Graph, parameters: dict[str, Any]) -> DeepWalk:
    """A fitted DeepWalk."""
    return DeepWalk(**parameters).fit(graph)
