"""Random walks: steps a second, and whether node2vec's walks go where p and q send them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from graphemb import Graph, random_walks

from .graphs import available, load
from .measure import Recorder, Settings, alternate, check, ratios, spread

CASES: dict[str, dict[str, Any]] = {
    "first order": {}, "node2vec .25 4": {"p": 0.25, "q": 4.0}, "node2vec 4 .25": {"p": 4.0, "q": 0.25},
    "node2vec 1 .5": {"p": 1.0, "q": 0.5},
}
# Return and triangle rates at p, q = .25, 4 that exact node2vec walks have, within .002.
EXPECTED = {"blogcatalog": (0.073, 0.433)}


def run(settings: Settings, record: Recorder) -> None:
    """Time every case on each graph, unweighted and weighted; check rates, arcs and thread counts."""
    chosen = settings.graphs or (("rmat-10",) if settings.quick else
                                 ("blogcatalog",) if "blogcatalog" in available() else ("rmat-16",))
    repeat = 1 if settings.quick else settings.repeat
    for name in chosen:
        graph, _ = load(name)
        weighted = with_weights(graph, settings.seed)
        walk = partial(random_walks, n_walks=10, walk_length=80, random_state=settings.seed)
        cases = {f"{case}{suffix}": partial(walk, g, **parameters, n_jobs=settings.n_jobs)
                 for suffix, g in (("", graph), (", weighted", weighted))
                 for case, parameters in CASES.items()}
        random_walks(graph, n_walks=1, walk_length=2)  # imports, made before the clock starts
        samples = alternate(cases, repeat)
        for case, of in samples.items():
            steps = [int((s.result[:, 1:] >= 0).sum()) for s in of]
            walls = [s.wall for s in of]
            record(f"{name}: {case}", steps=steps[0],
                   steps_per_second=spread(n / wall for n, wall in zip(steps, walls, strict=True)),
                   time_over_first_order=ratios(walls, [s.wall for s in samples["first order"]]))
            check(uses_arcs_only(of[0].result, graph), f"{name}, {case}: a walk left the edges of the graph")
            if case in ("first order", "node2vec .25 4"):
                two = walk(graph, **CASES[case], n_jobs=2)
                check(two.tobytes() == of[0].result.tobytes(), f"{name}, {case}: n_jobs changed the walks")
        near, far = (rates(samples[case][0].result, graph) for case in ("node2vec .25 4", "node2vec 4 .25"))
        record(f"{name}: rates at .25 4", return_rate=near[0], triangle_rate=near[1])
        check(near[0] > far[0] and near[1] > far[1], f"{name}: p and q have no effect: {near}, {far}")
        for got, wanted in zip(near, EXPECTED.get(name, near), strict=True):
            check(abs(got - wanted) <= 0.002, f"{name}: rate {got:.4f} where exact walks have {wanted}")


def with_weights(graph: Graph, seed: int) -> Graph:
    """The same edges with log-normal weights."""
    matrix = graph.to_scipy().tocoo()
    low, high = np.minimum(matrix.row, matrix.col), np.maximum(matrix.row, matrix.col)
    _, edge = np.unique(low.astype(np.int64) * graph.n_nodes + high, return_inverse=True)
    matrix.data = np.random.default_rng(seed).lognormal(size=len(edge))[edge]
    return Graph.from_scipy(matrix.tocsr(), directed=graph.directed)


def arcs(graph: Graph) -> np.ndarray:
    """Arcs as sorted numbers row * n_nodes + column, to look pairs up in."""
    rows = np.repeat(np.arange(graph.n_nodes), np.diff(graph.indptr))
    return rows * graph.n_nodes + graph.indices


def linked(pairs: Any, graph: Graph) -> np.ndarray:
    """Whether each pair (source, target) is an arc."""
    known, wanted = arcs(graph), pairs[0].astype(np.int64) * graph.n_nodes + pairs[1]
    return known[np.minimum(np.searchsorted(known, wanted), len(known) - 1)] == wanted


def uses_arcs_only(walks: np.ndarray, graph: Graph) -> bool:
    """Whether every step of the first 100,000 walks is an arc."""
    source, target = walks[:100_000, :-1].ravel(), walks[:100_000, 1:].ravel()
    there = target >= 0
    return bool(linked((source[there], target[there]), graph).all())


def rates(walks: np.ndarray, graph: Graph) -> tuple[float, float]:
    """Of the third and later nodes, the share that is the node two steps before, or is linked to it."""
    before, after = walks[:, :-2].ravel(), walks[:, 2:].ravel()
    there = after >= 0
    before, after = before[there], after[there]
    return float((before == after).mean()), float(linked((before, after), graph).mean())
