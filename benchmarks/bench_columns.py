"""Does one fit serve every dimension? F1 of the first columns, as trained and ordered, beside fits of that width."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphemb import DeepWalk
from graphemb.evaluate import node_classification

from .graphs import available, load
from .measure import CheckFailed, Recorder, Settings, check

WIDE = 128
WIDTHS = (16, 32, 64, 128)
LOSS = 0.015  # what the first columns may lack of a fit of their width, micro-F1


def run(settings: Settings, record: Recorder) -> None:
    """DeepWalk with 40 walks x 40, half the nodes to learn from; the mean of three splits."""
    chosen = settings.graphs or (("sbm-400",) if settings.quick else
                                 ("blogcatalog",) if "blogcatalog" in available() else ("sbm-2000",))
    options: dict[str, Any] = {"n_walks": 40, "walk_length": 40, "random_state": settings.seed,
                               "n_jobs": settings.n_jobs}
    wide, widths = (32, (8, 32)) if settings.quick else (WIDE, WIDTHS)
    for name in chosen:
        graph, labels = load(name)
        if labels is None:
            raise CheckFailed(f"{name} has no labels to predict")

        def score(Z: np.ndarray, Y: object = labels) -> dict[str, float]:
            n_splits = 1 if settings.quick else 3
            found = node_classification(Z, Y, train_sizes=[0.5], n_splits=n_splits, random_state=settings.seed)
            return {"micro": round(100 * found.micro[0.5], 2), "macro": round(100 * found.macro[0.5], 2)}

        plain, ordered = (DeepWalk(wide, ordered=flag, **options).fit_transform(graph) for flag in (False, True))
        for width in widths:
            found = {"as trained": score(plain[:, :width]), "ordered": score(ordered[:, :width])}
            if width < wide:
                found["fit of its own"] = score(DeepWalk(width, **options).fit_transform(graph))
                lacks = found["fit of its own"]["micro"] - found["ordered"]["micro"]
                check(lacks <= 100 * LOSS, f"{name}: the first {width} columns lack {lacks:.2f} points")
            record(f"{name}: first {width} of {wide}", **found)
