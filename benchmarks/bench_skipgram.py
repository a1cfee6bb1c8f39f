"""Training: tokens a second of the native trainer and of gensim on the same walks, F1 beside."""

from __future__ import annotations

import importlib.util
from functools import partial
from typing import Any

from graphemb import DeepWalk, Graph
from graphemb.evaluate import node_classification

from .bench_quality import FLOOR, check_tokens
from .graphs import available, load
from .measure import Recorder, Settings, alternate, check, ratios, spread


def run(settings: Settings, record: Recorder) -> None:
    """Alternate the trainers; the time is the whole of training, the making of walks included."""
    chosen = settings.graphs or (("sbm-400",) if settings.quick else
                                 ("blogcatalog",) if "blogcatalog" in available() else ("sbm-10000",))
    trainers = ["native", *(["gensim"] if importlib.util.find_spec("gensim") else [])]
    for name in chosen:
        graph, labels = load(name)
        parameters = {"n_components": 128, "n_walks": 20 if settings.quick else 10, "walk_length": 40,
                      "window": 10, "n_epochs": 1, "random_state": settings.seed, "n_jobs": settings.n_jobs}
        samples = alternate({trainer: partial(fit, graph, {**parameters, "trainer": trainer})
                             for trainer in trainers}, 1 if settings.quick else settings.repeat)
        speed = {trainer: [s.result.fit_report_["tokens"] / s.result.fit_report_["seconds"]["skip-gram"]
                           for s in of] for trainer, of in samples.items()}
        for trainer, of in samples.items():
            check_tokens(of[0].result.fit_report_["tokens"], graph, parameters, f"{name}, {trainer}")
            values: dict[str, Any] = {"parameters": parameters, "tokens": of[0].result.fit_report_["tokens"],
                                      "tokens_per_second": spread(speed[trainer]),
                                      "wall": spread(s.wall for s in of), "cpu": spread(s.cpu for s in of)}
            if trainer != "gensim" and "gensim" in speed:
                values["over_gensim"] = ratios(speed[trainer], speed["gensim"])
            if labels is not None:
                scores = node_classification(of[0].result.embedding_, labels, train_sizes=[0.5],
                                             n_splits=3, random_state=settings.seed)
                values |= {"micro_f1": scores.micro[0.5], "macro_f1": scores.macro[0.5]}
                if name.startswith("sbm"):
                    check(scores.micro[0.5] >= FLOOR,
                          f"{name}, {trainer}: micro-F1 {scores.micro[0.5]:.3f} < {FLOOR}")
            record(f"{name}: {trainer}", **values)


def fit(graph: Graph, parameters: dict[str, Any]) -> DeepWalk:
    """A fitted DeepWalk."""
    return DeepWalk(**parameters).fit(graph)
