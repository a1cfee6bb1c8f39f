"""Fits survive: a kill and a fit that goes on; too little memory; a thousand fits and no growth.

    python tests/torture/fits.py [--kills 20] [--fits 1000]
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
G = nx.barabasi_albert_graph(3000, 5, seed=0)
print("ready", flush=True)
model = graphemb.DeepWalk(32, n_walks=4, walk_length=40, random_state=0, checkpoint=sys.argv[1] or None, n_jobs=2)
print(hashlib.blake2b(model.fit_transform(G).tobytes(), digest_size=8).hexdigest())
"""
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


def resumed(times: int) -> str:
    run = [sys.executable, "-c", FIT]
    whole = subprocess.run([*run, ""], capture_output=True, text=True, check=True).stdout.split()[-1]
    began = time.perf_counter()
    subprocess.run([*run, ""], capture_output=True, check=True)
    span, draw, went_on = time.perf_counter() - began, random.Random(0), 0
    with tempfile.TemporaryDirectory() as folder:
        for k in range(times):
            path = Path(folder) / f"checkpoint{k}"
            child = subprocess.Popen([*run, str(path)], stdout=subprocess.PIPE)
            child.stdout.readline()
            time.sleep(draw.uniform(0.1, 1.0) * span)
            child.send_signal(signal.SIGKILL)
            child.wait()
            child.stdout.close()
            went_on += path.exists()
            again = subprocess.run([*run, str(path)], capture_output=True, text=True, check=True).stdout.split()[-1]
            if again != whole:
                raise AssertionError(f"kill {k}: {again} is not {whole}")
    return f"{times} kills in fit, {went_on} of them with a checkpoint written: the same bytes as uninterrupted"


def memory() -> str:
    """What each estimator says where it is given less memory than it takes: a MemoryError, at any point of a fit."""
    said = {}
    for cls in ESTIMATORS:
        n = 20_000 if cls.__name__ in QUADRATIC else 300_000
        for spare in (32, 64, 128):
            done = subprocess.run([sys.executable, "-c", LIMITED, cls.__name__, str(n), str(spare)], capture_output=True,
                                  text=True, timeout=600, check=False)
            text = done.stdout.strip() or f"exit {done.returncode}: {done.stderr[-300:]}"
            if text != "MemoryError":
                said[cls.__name__, spare] = text
    if said:
        raise AssertionError("\n".join(f"{name} with {spare} MB: {text}" for (name, spare), text in said.items()))
    return f"{len(ESTIMATORS)} estimators with 32, 64 and 128 MB to spare: MemoryError each"


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
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--fits", type=int, default=1000)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    print(leaks(given.fits), flush=True)
    print(memory(), flush=True)
    print(resumed(given.kills))
