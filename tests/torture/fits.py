"""Fits survive: a kill and a fit that goes on; too little memory; a thousand fits and no growth.

    python tests/torture/fits.py [leaks] [memory] [kills] [--kills 25] [--fits 1000]
"""
from __future__ import annotations

import argparse
import gc
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import networkx as nx
import numpy as np
from estimators import ESTIMATORS, make

FIT = """
import hashlib, sys, networkx as nx, graphemb, graphemb.skipgram
graphemb.skipgram.SECONDS_BETWEEN_SAVES, graphemb.skipgram.SAVING = 0.0, 100.0
method, n, n_jobs, checkpoint = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] or None
model = getattr(graphemb, method)(32, n_walks=10, random_state=0, checkpoint=checkpoint, n_jobs=n_jobs)
if "walk_length" in model.get_params():
    model.set_params(walk_length=40)
G = graphemb.as_graph(nx.barabasi_albert_graph(n, 5, seed=0))
print("ready", flush=True)
print(hashlib.blake2b(model.fit_transform(G).tobytes(), digest_size=8).hexdigest())
"""
KILLED = [("DeepWalk", 2000, 1), ("Node2Vec", 2000, 2), ("DeepWalk", 8000, 2), ("VERSE", 2000, 2), ("LINE", 2000, 2)]
"""Of few nodes: walks one after the other; of many: batches, all threads at one."""
QUADRATIC = ("GraRep", "GraphWave", "Struc2Vec")  # in time or memory: smaller graphs
LIMITED = """
import resource, sys, warnings, networkx as nx, numpy as np, graphemb
warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
n = int(sys.argv[2])
getattr(graphemb, sys.argv[1])(4).fit(nx.karate_club_graph())  # what it imports is there
graph = graphemb.Graph.from_edges(rng.integers(0, n, 5 * n), rng.integers(0, n, 5 * n), nodes=range(n))
now = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + int(sys.argv[3]) * 2**20,) * 2)
try:
    getattr(graphemb, sys.argv[1])(256).fit(graph)
except MemoryError:
    print("MemoryError")
except Exception as error:
    print(type(error).__name__, error)
else:
    print("fits in")
"""


def killed(run: list[str], after: float, checkpoint: Path | None) -> bool:
    """Whether the fit was going on `after` seconds after it began, or had written its checkpoint; then it was killed."""
    with subprocess.Popen(run, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        while checkpoint and child.poll() is None and not checkpoint.exists():
            time.sleep(0.002)
        try:
            child.wait(after)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
        return child.wait() < 0


def resumed(times: int) -> str:
    """Kill fits at random moments, and half of those that go on from their checkpoint once more."""
    draw, kills, went_on, known = random.Random(0), 0, 0, {}
    for k in range(times):
        method, n, n_jobs = KILLED[k % len(KILLED)]
        run = [sys.executable, "-c", FIT, method, str(n), str(n_jobs)]
        if (method, n, n_jobs) not in known:
            child = subprocess.Popen([*run, ""], stdout=subprocess.PIPE, text=True)
            child.stdout.readline()
            began = time.perf_counter()
            known[method, n, n_jobs] = child.communicate()[0].strip(), time.perf_counter() - began
            if child.returncode:
                raise AssertionError(f"{method} does not fit")
        whole, span = known[method, n, n_jobs]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "checkpoint"
            for _ in range(draw.choice([1, 2])):
                begun = path if k % 3 else None
                kills += killed([*run, str(path)], draw.uniform(0, span if begun is None else 0.7 * span), begun)
                went_on += path.exists()
            again = subprocess.run([*run, str(path)], capture_output=True, text=True, check=True).stdout.split()[-1]
            if again != whole:
                raise AssertionError(f"{method} on {n} nodes, trial {k}: {again} is not {whole}")
            if list(Path(folder).glob("checkpoint")):
                raise AssertionError(f"{method}: a complete fit left its checkpoint")
    return f"{times} fits killed {kills} times, {went_on} of them with a checkpoint written: the same bytes as uninterrupted"


def memory() -> str:
    """What each estimator says where it is given less memory than it takes: a MemoryError, at any point of a fit."""
    said = {}
    for cls in ESTIMATORS:
        n = 20_000 if cls.__name__ in QUADRATIC else 300_000
        for spare in (6, 64, 150):
            done = subprocess.run([sys.executable, "-c", LIMITED, cls.__name__, str(n), str(spare)], capture_output=True,
                                  text=True, timeout=600, check=False)
            text = done.stdout.strip() or f"exit {done.returncode}: {done.stderr[-300:]}"
            if text != "MemoryError":
                said[cls.__name__, spare] = text
    if said:
        raise AssertionError("\n".join(f"{name} with {spare} MB: {text}" for (name, spare), text in said.items()))
    return f"{len(ESTIMATORS)} estimators with 6, 64 and 150 MB to spare: MemoryError each"


def leaks(times: int) -> str:
    """MB a thousand fits; by the median of the second half against the first after a warm-up."""
    G, slopes = nx.karate_club_graph(), {}
    for cls in ESTIMATORS:
        sizes = []
        for k in range(times):
            make(cls, n_components=8, walk_length=10, n_walks=2, window=3).fit(G)
            if k % 10 == 9:
                gc.collect()
                sizes.append(int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20)
        late = np.array(sizes[len(sizes) // 4:])
        slopes[cls.__name__] = float(np.polyfit(np.arange(len(late)) * 10, late, 1)[0] * 1000)
    worst = max(slopes, key=lambda name: slopes[name])
    if slopes[worst] > 2.0:
        raise AssertionError(f"grows: {slopes}")
    return f"{times} fits of each of {len(slopes)} estimators: at most {slopes[worst]:.2f} MB a thousand fits ({worst})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", help="leaks, memory, kills; all if none is named")
    parser.add_argument("--kills", type=int, default=25, help="fits to kill")
    parser.add_argument("--fits", type=int, default=1000)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if "memory" in given.parts or not given.parts:
        print(memory(), flush=True)
    if "kills" in given.parts or not given.parts:
        print(resumed(given.kills), flush=True)
    if "leaks" in given.parts or not given.parts:
        print(leaks(given.fits))
