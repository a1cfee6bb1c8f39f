"""Every estimator that graphemb exports, by the defaults, and graphs of any size for it."""
from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

import numpy as np

import graphemb

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from nasty import ESTIMATORS

__all__ = ["ESTIMATORS", "make", "random_graph"]


def make(cls: type, **settings: Any) -> Any:
    """An estimator with those of `settings` that it knows."""
    known = inspect.signature(cls).parameters
    return cls(**{name: value for name, value in ({"random_state": 0} | settings).items() if name in known})


def random_graph(n: int, m: int, seed: int = 0) -> Any:
    """About m edges among n nodes, of which a few have many: src is skewed, dst uniform."""
    rng = np.random.default_rng(seed)
    src = (n * rng.random(m) ** 3).astype(np.int64)
    return graphemb.Graph.from_edges(src, rng.integers(0, n, m), nodes=range(n))
