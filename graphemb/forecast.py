"""What a fit will take, before it is run: memory, time, tokens, and the scheme that will be used."""

from __future__ import annotations

import time
import tracemalloc
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import nnls

from graphemb._parallel import Tick
from graphemb._validation import check_int, check_real
from graphemb.graph import Graph

PROBE_SECONDS = 0.5
SAMPLES = (1_250, 2_500, 5_000)  # nodes; above the sizes that solvers take as dense


@dataclass(frozen=True)
class Estimate:
    """What a fit is going to take on this machine.

    Attributes
    ----------
    memory_bytes : int
        At its peak, above what the process holds before it; the graph's own arrays apart.
    seconds : float
        By the clock.
    tokens : int or None
        Positions of walks to train on; None where a method has none.
    scheme : str
        Which of its ways the method will take on this graph.
    basis : str
        What was measured, and how it was carried over.
    """

    memory_bytes: int
    seconds: float
    tokens: int | None
    scheme: str
    basis: str

    def __str__(self) -> str:
        tokens = "" if self.tokens is None else f"tokens   {self.tokens:,}\n"
        return (f"memory   {self.memory_bytes / 1e6:,.0f} MB at the peak, besides the graph\n"
                f"time     {self.seconds:,.2g} s\n{tokens}scheme   {self.scheme}\nbasis    {self.basis}")


def check_memory(memory_bytes: float, max_memory: Any, name: str, remedy: str) -> None:
    """Raise MemoryError where more is needed than `max_memory` (bytes; None: no limit)."""
    if max_memory is None:
        return
    limit = check_real("max_memory", max_memory, above=0)
    if memory_bytes > limit:
        raise MemoryError(f"{name} would need about {memory_bytes / 1e6:,.0f} MB at its peak; max_memory is "
                          f"{limit / 1e6:,.0f} MB. {remedy}")


def training(model: Any, X: Any, times: float) -> tuple[float, int]:
    """Seconds and tokens of a whole fit, from the first half second of training.

    Parameters
    ----------
    model : estimator that trains skip-gram
        To be fitted, on a part of what it is to train on in the end.
    X : what it fits on
    times : float
        How many such parts the whole has.
    """
    share, first = 1.0, 0.0

    def stop(tick: Tick) -> bool:
        nonlocal share, first
        share, first = tick.fraction, first or time.perf_counter()
        return time.perf_counter() - first > PROBE_SECONDS

    model.set_params(callbacks=(stop,))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a fit that was stopped on purpose
        report = model.fit(X).fit_report_
    spent = report["seconds"]
    passes = spent["visits"] + spent["skip-gram"] / share
    tokens = report["tokens"] / (share if report["stopped"] else 1.0)
    return spent["total"] - spent["visits"] - spent["skip-gram"] + times * passes, round(times * tokens)


def by_samples(fit: Callable[[Any], Any], n: int, take: Callable[[int], Any]) -> tuple[int, float]:
    """Peak memory and seconds of a fit on n nodes, from fits on samples.

    Up to the largest sample the fit itself is measured. Beyond, memory is taken as a + b n + c n**2 with
    coefficients >= 0, and time likewise, without c where memory has none.

    Parameters
    ----------
    fit : callable
        Fits on what `take` returned.
    n : int
    take : callable
        A sample of so many nodes.
    """
    sizes = [n] if n <= SAMPLES[-1] else list(SAMPLES)
    memory, seconds = [], []
    for size in sizes:
        part = take(size)
        peak, spent = measured(lambda part=part: fit(part))  # type: ignore[misc]
        memory.append(float(max(peak, 1)))
        seconds.append(spent)
    if len(sizes) == 1:
        return int(memory[0]), seconds[0]
    x = np.array(sizes, float)
    terms = np.stack([np.ones(3), x, x**2], axis=1)
    there = np.array([1.0, n, float(n)**2])
    weights, _ = nnls(terms / np.array(memory)[:, None], np.ones(3))
    columns = 3 if weights[2] * SAMPLES[-1] > 0.02 * weights[1] else 2  # less is rounding
    weights, _ = nnls(terms[:, :columns] / np.array(memory)[:, None], np.ones(3))
    rates, _ = nnls(terms[:, :columns] / np.array(seconds)[:, None], np.ones(3))
    return int(weights @ there[:columns]), float(rates @ there[:columns])


def measured(run: Callable[[], Any]) -> tuple[int, float]:
    """Most bytes that a call held at once, of Python's and NumPy's, and its seconds."""
    ours = not tracemalloc.is_tracing()
    if ours:
        tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the sample
            run()
        return tracemalloc.get_traced_memory()[1] - before, time.perf_counter() - start
    finally:
        if ours:
            tracemalloc.stop()


def sample(graph: Graph, size: int) -> tuple[np.ndarray, Graph]:
    """Some of the nodes, and a graph on them with as many edges a node: rows (int64), Graph.

    Each arc of a chosen node leads to a chosen node drawn with probability in proportion to its degree, as in the
    configuration model, so hubs stay hubs.
    """
    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(graph.n_nodes, check_int("size", size, 1, graph.n_nodes), replace=False))
    degree = np.diff(graph.indptr)[rows]
    src = np.repeat(np.arange(size), degree)
    at = np.repeat(graph.indptr[rows], degree) + (np.arange(len(src)) - np.repeat(np.cumsum(degree) - degree, degree))
    if not graph.directed:
        half = rng.random(len(src)) < 0.5  # an edge is met from both of its ends
        src, at = src[half], at[half]
    dst = rng.choice(size, len(src), p=(degree + 1) / (degree + 1).sum())
    weights = None if graph.weights is None else graph.weights[at]
    plain = Graph.from_edges(src, dst, weights, nodes=range(size), directed=graph.directed)
    return rows, Graph(plain.indptr, plain.indices, plain.weights, directed=plain.directed,
                       nodes=[graph.nodes[row] for row in rows.tolist()])
