"""Threads and processes: the same bytes at any number of threads, side by side, after a fork, in workers.

    python tests/torture/threads.py
"""
from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import networkx as nx
from estimators import ESTIMATORS, make
from joblib import Parallel, cpu_count, delayed

SETTINGS = {"n_components": 16, "walk_length": 20, "n_walks": 4, "window": 4}


def digest(name: str, n_jobs: int | None = 1) -> str:
    cls = next(cls for cls in ESTIMATORS if cls.__name__ == name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Z = make(cls, n_jobs=n_jobs, **SETTINGS).fit_transform(nx.les_miserables_graph())
    return hashlib.blake2b(Z.tobytes(), digest_size=8).hexdigest()


def digests(n_jobs: int | None = 1) -> dict[str, str]:
    return {cls.__name__: digest(cls.__name__, n_jobs) for cls in ESTIMATORS}


def most_threads(name: str) -> tuple[int, int]:
    """Threads of ours beside the one that calls, at most, while a fit may have as many as it likes; and of BLAS."""
    from threadpoolctl import threadpool_info

    seen, over = [0], threading.Event()

    def look() -> None:
        while not over.wait(0.002):
            seen[0] = max(seen[0], sum(thread.name.startswith("graphemb") for thread in threading.enumerate()))

    watcher = threading.Thread(target=look)
    watcher.start()
    digest(name, None)
    over.set()
    watcher.join()
    return seen[0], max(library["num_threads"] for library in threadpool_info())


def same(what: str, given: dict[str, str], expected: dict[str, str]) -> None:
    other = {name for name in expected if given[name] != expected[name]}
    if other:
        raise AssertionError(f"{what}: other bytes from {sorted(other)}")
    print(f"{what}: the same bytes from {len(expected)} estimators", flush=True)


if __name__ == "__main__":
    names = [cls.__name__ for cls in ESTIMATORS]
    expected = digests(1)
    for n_jobs in (2, 3, 8):
        same(f"{n_jobs} threads", digests(n_jobs), expected)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            same("4 fits at a time in threads", dict(zip(names, pool.map(digest, names, [2] * len(names)), strict=True)),
                 expected)
    if hasattr(os, "fork"):
        with warnings.catch_warnings():  # Python 3.12 warns of a fork beside threads, which is what this is about
            warnings.simplefilter("ignore", DeprecationWarning)
            with multiprocessing.get_context("fork").Pool(2) as workers:
                same("forked after threads had run", dict(zip(names, workers.map(digest, names), strict=True)), expected)
    with multiprocessing.get_context("spawn").Pool(2) as workers:
        same("spawned", dict(zip(names, workers.map(digest, names), strict=True)), expected)
    done = Parallel(2, backend="loky")(delayed(digest)(name) for name in names)
    same("loky", dict(zip(names, done, strict=True)), expected)
    counts = Parallel(2, backend="loky")(delayed(most_threads)(name) for name in names)
    # One: the thread of a long call, while the caller waits to hear Ctrl-C. Two would work at the same time.
    if max(c for c, _ in counts) > 1 or max(b for _, b in counts) > max(1, cpu_count() // 2):
        raise AssertionError(f"n_jobs=None in one of joblib's 2 workers: {dict(zip(names, counts, strict=True))}")
    print(f"n_jobs=None in one of joblib's 2 workers: at most {max(c for c, _ in counts)} thread beside the caller, which "
          f"waits for it; BLAS has {max(b for _, b in counts)} on {cpu_count()} cores")
    other = subprocess.run([sys.executable, "-c", f"import sys; sys.path.insert(0, {os.path.dirname(__file__)!r})\n"
                            "import json, threads; print(json.dumps(threads.digests(1)))"],
                           env={**os.environ, "PYTHONHASHSEED": "7"}, capture_output=True, text=True, check=True)
    same("another process, another hash seed", json.loads(other.stdout), expected)
