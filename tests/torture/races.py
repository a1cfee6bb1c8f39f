"""Fits on several threads, each estimator, in order and without locks; for a build that watches memory.

    python tests/torture/sanitizers.py tsan      # builds with ThreadSanitizer and runs this among other things

A small graph takes walks one after the other; a large one takes batches, in which all threads meet. Without locks
the fits are short: ThreadSanitizer looks each of their races up in what it may leave unsaid.
"""
from __future__ import annotations

import warnings

from estimators import ESTIMATORS, make, random_graph

from graphemb import DeepWalk, Node2Vec

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    small, large = random_graph(300, 1500), random_graph(20_000, 100_000)
    settings = {"n_components": 16, "walk_length": 20, "n_walks": 2, "window": 5, "n_jobs": 3}
    for cls in ESTIMATORS:
        make(cls, **settings).fit(small)
        print(cls.__name__, flush=True)
    for changes in ({"deterministic": True}, {"deterministic": False, "n_walks": 1, "walk_length": 5, "window": 2}):
        for cls in (DeepWalk, Node2Vec):
            make(cls, **settings | changes, q=0.5).fit(large if changes["deterministic"] else small)
            make(cls, **settings | changes, q=0.5, subsample=1e-3).fit(small)
            print(cls.__name__, changes, flush=True)
