"""Runs inside a rival's environment: its own way from a graph in memory to walks in memory, timed.

Reads a line of JSON for each call from standard input, answers with one on standard output.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np


def edges(o, arrays):
    """Tuples of two ends, and the weight where there is one; an undirected edge once.

    Python 3.8, which some rivals need, has no strict zip.
    """
    n = len(arrays["indptr"]) - 1
    src = np.repeat(np.arange(n), np.diff(arrays["indptr"].astype(np.int64)))
    dst, weight = arrays["indices"].astype(np.int64), arrays["data"].astype(float)
    once = np.ones(len(src), bool) if o["directed"] else src <= dst
    columns = [src[once].tolist(), dst[once].tolist()] + ([weight[once].tolist()] if o["weighted"] else [])
    return list(zip(*columns))  # noqa: B905


def fastnode2vec(o, arrays):
    """One public call a walk, as its Node2Vec does."""
    from fastnode2vec import Graph

    graph = Graph(edges(o, arrays), directed=o["directed"], weighted=o["weighted"], verbose=False)

    def prepare(p, q, n_walks, walk_length, seed, stride):
        starts = [u for _ in range(n_walks) for u in range(0, len(graph.node_names), stride)]

        def run(starts=starts, length=walk_length):
            return [graph.generate_random_walk(length, p, q, u) for u in starts]

        run(starts[:2], 3)
        return run

    return prepare


def pecanpy(o, arrays):
    """simulate_walks of the mode its documentation gives for these p, q."""
    from pecanpy import pecanpy as modes

    def make(p, q, seed):
        mode = modes.SparseOTF
        if p == q == 1:
            mode = modes.PreCompFirstOrder if o["weighted"] else modes.FirstOrderUnweighted
        graph = mode(p, q, o["n_jobs"], False, random_state=seed)
        graph.read_npz(o["path"], weighted=o["weighted"])
        return graph

    def prepare(p, q, n_walks, walk_length, seed, stride):
        if stride != 1:
            raise ValueError("walks begin at every node")
        make(p, q, seed).simulate_walks(1, 2)
        graph = make(p, q, seed)
        return lambda: graph.simulate_walks(n_walks, walk_length)

    return prepare


def peak_rss():
    """MB; None where the platform does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM")), None)


def main():
    """Prepare once, then a timed run a line."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the rival prints is no answer
    options = json.loads(sys.argv[1])
    with np.load(options["path"], allow_pickle=False) as file:
        arrays = dict(file)
    prepare = {"fastnode2vec": fastnode2vec, "pecanpy": pecanpy}[options["peer"]](options, arrays)
    for line in sys.stdin:
        run = prepare(**json.loads(line))
        wall, cpu = time.perf_counter(), time.process_time()
        walks = run()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        steps = sum(map(len, walks)) - len(walks)
        print(json.dumps({"steps": steps, "wall": wall, "cpu": cpu, "rss_peak": peak_rss()}), file=answers, flush=True)


if __name__ == "__main__":
    main()
