"""Random walks: steps a second beside rivals', and whether node2vec's walks go where p and q send them."""

from __future__ import annotations

import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from graphemb import Graph, random_walks

from .graphs import available, load
from .measure import Recorder, Settings, alternate, check, fresh, ratios, spread
from .peers import NotInstalled, WalkPeer

CASES: dict[str, dict[str, float]] = {
    "first order": {"p": 1.0, "q": 1.0}, "node2vec .25 4": {"p": 0.25, "q": 4.0},
    "node2vec 4 .25": {"p": 4.0, "q": 0.25}, "node2vec 1 .5": {"p": 1.0, "q": 0.5},
}
# Return and triangle rates at p, q = .25, 4 that exact node2vec walks have, within .002.
EXPECTED = {"blogcatalog": (0.073, 0.433)}
REAL = ("blogcatalog", "cnr_2000")
PEER_STEPS = {"fastnode2vec": 1_000_000, "pecanpy": 1_000_000}  # about; a call has a fixed cost, so not fewer
LARGE = 10_000_000  # arcs; beyond, PecanPy's second-order steps, each over whole rows, take too long
SLOW = 5.0  # seconds; a case that takes longer is run once
MEMORY_GRAPH, MOST_MB = "rmat-22", 8000


def run(settings: Settings, record: Recorder) -> None:
    """Time every case on each graph, unweighted and weighted, ours and the rivals' by turns.

    A rival's figure is its public call from graph in memory to walks in memory, compiled before; it
    makes fewer or shorter walks than ours where it is slow, so figures are nanoseconds a step.
    """
    chosen = settings.graphs or (("rmat-10",) if settings.quick else
                                 (*(name for name in REAL if name in available()),
                                  *(("rmat-20", MEMORY_GRAPH) if settings.long or not available() else ())))
    repeat = 1 if settings.quick else settings.repeat
    for name in chosen:
        if name == MEMORY_GRAPH:
            memory_of_a_large_graph(name, record)
            continue
        plain, _ = load(name)
        walks_of(plain, 0.5, 2.0, 1, 0)  # imports, made before the clock starts
        n_walks = max(1, min(10, 10_000_000 // (80 * plain.n_nodes)))
        record(f"{name}: machine", independent_line_ns=random_line_ns(4 * len(plain.indices)),
               n_nodes=plain.n_nodes, n_arcs=len(plain.indices))
        large = len(plain.indices) > LARGE
        for suffix, graph in (("", plain), (", weighted", with_weights(plain, settings.seed))):
            peers = rivals(graph, name + suffix, settings, record)
            walk = partial(random_walks, graph, n_walks=n_walks, walk_length=80, random_state=settings.seed)
            for case, parameters in CASES.items():
                runs = {"graphemb": partial(ns_a_step, partial(walk, **parameters, n_jobs=settings.n_jobs))}
                for peer, call in peers.items():
                    if large and peer == "pecanpy" and parameters["q"] != 1:
                        record(f"{name}: {peer}, {case}{suffix}", left_out="walks from every node, each step over "
                               f"whole rows: hours at {len(plain.indices):,} arcs")
                        continue
                    runs[peer] = partial(peer_ns_a_step, call, peer, graph, parameters, settings)
                samples = {who: [s.result for s in of] for who, of in alternate(runs, repeat, once=SLOW).items()}
                figures: dict[str, Any] = {
                    "ns_a_step": {who: spread(values) for who, values in samples.items()},
                    "times_faster_than": {who: ratios(samples[who], samples["graphemb"])
                                          for who in samples if who != "graphemb"},
                    "peer_rss_peak": {who: peers[who].rss_peak for who in samples if who != "graphemb"}}
                if settings.quick or not large:
                    figures |= verify(walk, parameters, graph, f"{name}, {case}{suffix}")
                if not settings.quick:
                    two = partial(ns_a_step, partial(walk, **parameters, n_jobs=2))
                    both = alternate({"one": runs["graphemb"], "two": two}, repeat)
                    figures["two_threads_faster"] = ratios(*([s.result for s in both[k]] for k in ("one", "two")))
                record(f"{name}: {case}{suffix}", **figures, n_walks=n_walks, walk_length=80, n_jobs=settings.n_jobs)
            for call in peers.values():
                call.close()
        if not settings.quick:
            memory = fresh("benchmarks.bench_walks:walk_once", graph=name, n_walks=n_walks)
            record(f"{name}: memory of node2vec .25 4", **memory)
        near, far = (rates(walks_of(plain, p, q, n_walks, settings.seed), plain) for p, q in ((0.25, 4), (4, 0.25)))
        record(f"{name}: rates at .25 4", return_rate=near[0], triangle_rate=near[1])
        check(near[0] > far[0] and near[1] >= far[1], f"{name}: p and q have no effect: {near}, {far}")
        for got, wanted in zip(near, EXPECTED.get(name, near), strict=True):
            check(abs(got - wanted) <= 0.002, f"{name}: rate {got:.4f} where exact walks have {wanted}")


def rivals(graph: Graph, name: str, settings: Settings, record: Recorder) -> dict[str, WalkPeer]:
    """Those that can be had here; why not, on record, for the others."""
    found = {}
    asked = (() if settings.quick else tuple(PEER_STEPS)) if settings.against is None else settings.against
    for peer in (peer for peer in PEER_STEPS if peer in asked):
        try:
            found[peer] = WalkPeer(peer, graph, settings.n_jobs)
        except NotInstalled as error:
            record(f"{name}: {peer}", not_installed=str(error))
    return found


def ns_a_step(walk: Any) -> float:
    """Wall nanoseconds a step of one call."""
    start = time.perf_counter()
    walks = walk()
    return (time.perf_counter() - start) * 1e9 / max(int((walks[:, 1:] >= 0).sum()), 1)


def peer_ns_a_step(call: WalkPeer, peer: str, graph: Graph, parameters: dict[str, float], settings: Settings) -> float:
    """Wall nanoseconds a step of a rival: fewer starts than ours, or from every node but shorter walks."""
    length, stride = 80, max(1, 80 * graph.n_nodes // PEER_STEPS[peer])
    if peer == "pecanpy":  # its call has no starts
        length, stride = int(np.clip(PEER_STEPS[peer] // graph.n_nodes, 5, 80)), 1
    done = call(**parameters, n_walks=1, walk_length=length, seed=settings.seed, stride=stride)
    return done["wall"] * 1e9 / done["steps"]


def verify(walk: Any, parameters: dict[str, float], graph: Graph, case: str) -> dict[str, int]:
    """Check that walks keep to the arcs and that the number of threads does not change them."""
    one, two = walk(**parameters, n_jobs=1), walk(**parameters, n_jobs=2)
    check(one.tobytes() == two.tobytes(), f"{case}: n_jobs changed the walks")
    check_walks(one, graph, walk.keywords["n_walks"], walk.keywords["walk_length"], case)
    check(uses_arcs_only(one, graph), f"{case}: a walk left the edges of the graph")
    return {"steps": int((one[:, 1:] >= 0).sum())}


def check_walks(walks: np.ndarray, graph: Graph, n_walks: int, walk_length: int, case: str) -> None:
    """That there is every walk from every node, of full length where the graph lets none end early."""
    starts = np.bincount(np.maximum(walks[:, 0], 0), minlength=graph.n_nodes)
    check(walks.shape == (n_walks * graph.n_nodes, walk_length) and bool((starts == n_walks).all()),
          f"{case}: {len(walks):,} walks, from {starts.min()} to {starts.max()} a node, where {n_walks} from each of "
          f"{graph.n_nodes:,} nodes were asked for")
    if not graph.directed:
        steps = int((walks[:, 1:] >= 0).sum())
        wanted = int((np.diff(graph.indptr) > 0).sum()) * n_walks * (walk_length - 1)
        check(steps == wanted, f"{case}: {steps:,} steps where {wanted:,} were asked for")
    whole = walks[walks[:, -1] >= 0][:100_000]
    distinct = len(np.unique(np.ascontiguousarray(whole).view(f"V{4 * walk_length}"))) if len(whole) else 0
    check(distinct >= 0.9 * len(whole), f"{case}: {distinct:,} different walks where {len(whole):,} were asked for")


def walk_once(graph: str, n_walks: int) -> int:
    """For memory: one call in a fresh process."""
    return len(walks_of(load(graph)[0], 0.25, 4.0, n_walks, 0))


def memory_of_a_large_graph(name: str, record: Recorder) -> None:
    """Peak memory of node2vec walks on a graph mapped from its file, in a process that does nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.safetensors"
        graph, _ = load(name)
        graph.save(path)
        memory = fresh("benchmarks.bench_walks:walk_saved", path=str(path))
    record(f"{name}: memory of node2vec .25 4", n_nodes=graph.n_nodes, n_edges=graph.n_edges, **memory)
    check(memory["rss_peak"] is None or memory["rss_peak"] <= MOST_MB, f"{name}: {memory['rss_peak']:.0f} MB")


def walk_saved(path: str) -> int:
    """For memory: a walk of 80 nodes from every node of a saved graph; how many steps."""
    return int((walks_of(Graph.load(path), 0.25, 4.0, 1, 0)[:, 1:] >= 0).sum())


def walks_of(graph: Graph, p: float, q: float, n_walks: int, seed: int) -> np.ndarray:
    """Walks of 80 nodes."""
    return random_walks(graph, n_walks=n_walks, walk_length=80, p=p, q=q, random_state=seed)


def random_line_ns(size: int) -> float:
    """What an independent random cache line of an array of `size` bytes costs here, in nanoseconds.

    No address depends on a load, so as many are in flight as the processor keeps track of, which is
    also what becomes of the 64 prefetches of a kernel. The array is on huge pages where ours are.
    """
    rng = np.random.default_rng(0)
    lines = np.zeros((max(size // 64, 1), 16), np.float32)[:, 0]
    at = rng.integers(0, len(lines), 2**20)
    lines.take(at)
    start = time.perf_counter()
    for _ in range(4):
        lines.take(at)
    return (time.perf_counter() - start) * 1e9 / (4 * len(at))


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
