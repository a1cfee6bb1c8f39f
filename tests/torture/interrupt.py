"""Ctrl-C at random moments of a fit: how long until it is heard, for every estimator.

    python tests/torture/interrupt.py [--times 5] [--nodes 200000] [--busy] [NAME ...]

First a fit under a timer's signal every 20 ms: from the stretches between signals that were heard follows how long one
at a random moment waits, at most. Then SIGINT at random moments: the seconds until KeyboardInterrupt comes out of
`fit`, which has its threads to end, too. On the wall clock, and of this process's own CPU: a busy machine stretches the
first alone, so `--busy` judges by the second.
"""
from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import threading
import time
import traceback
import warnings
from typing import Any

import numpy as np
from estimators import ESTIMATORS, make, random_graph

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it

SLOW = {"GraphWave", "Struc2Vec", "GraRep", "HOPE", "NetMF"}  # of dense or quadratic work: smaller graphs


def trial(cls: type, graph: Any, after: float) -> tuple[float, float, str] | None:
    """(wall seconds, CPU seconds, place) from the signal to the end of the fit; None where the fit was over before."""
    sent: list[tuple[float, float]] = []
    over = threading.Event()

    def send() -> None:
        if not over.wait(after):
            sent.append((time.perf_counter(), time.process_time()))
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        make(cls, n_components=32).fit(graph)
        over.set()
        thread.join()
        while sent:  # signalled as the fit ended: it comes here
            time.sleep(0.01)
    except KeyboardInterrupt as error:
        now, used = time.perf_counter(), time.process_time()
        frames = [f for f in traceback.extract_tb(error.__traceback__) if "graphemb" in f.filename]
        over.set()
        thread.join()
        where = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno} {frames[-1].name}" if frames else "?"
        return now - sent[0][0], used - sent[0][1], where
    return None


def quantile(stretches: list[float], share: float) -> float:
    """The wait that `share` of all moments do not exceed: at a random moment of a stretch, what is left of it."""
    lengths = np.sort(np.array(stretches))[::-1]
    # the sum over all of max(length - wait, 0) is 1 - share of the whole
    sums = np.cumsum(lengths)
    waits = (sums - (1.0 - share) * lengths.sum()) / np.arange(1, len(lengths) + 1)
    return float(np.max(waits, initial=0.0))


def deafest(cls: type, X: Any, most: float) -> list[tuple[float, float, str]]:
    """The stretches of a fit without a signal heard, longest first: (wall seconds, CPU seconds, place)."""
    stretches: list[tuple[float, float, str]] = []
    last = [time.perf_counter(), time.process_time()]
    end = last[0] + most

    def heard(number: int, frame: Any) -> None:
        now, used = time.perf_counter(), time.process_time()
        while frame is not None and "graphemb/" not in frame.f_code.co_filename:
            frame = frame.f_back
        where = f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}" if frame else "elsewhere"
        stretches.append((now - last[0], used - last[1], where))
        last[:] = now, used
        if now > end:
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, heard)
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    try:
        make(cls, n_components=32).fit(X)
    except KeyboardInterrupt:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return sorted(stretches, reverse=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--nodes", type=int, default=200_000)
    parser.add_argument("--most", type=float, default=60.0, help="seconds of a fit that are looked at")
    parser.add_argument("--matrix", action="store_true", help="hand fit a SciPy matrix: reading it counts too")
    parser.add_argument("--busy", action="store_true", help="judge by CPU seconds")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    draw, failed = random.Random(0), []
    for cls in ESTIMATORS:
        name = cls.__name__
        if given.names and name not in given.names:
            continue
        n = max(given.nodes // 10, 20_000) if name in SLOW else given.nodes
        graph = random_graph(n, 10 * n)
        if given.matrix:
            graph = graph.to_scipy()
        began = time.perf_counter()
        stretches = deafest(cls, graph, given.most)
        span = time.perf_counter() - began
        wall, cpu = (quantile([stretch[i] for stretch in stretches], 0.99) for i in (0, 1))
        longest = max(stretches, key=lambda stretch: stretch[given.busy])
        print(f"{name:24s} n={n} {span:5.1f} s: p99 {wall:.3f} s, CPU {cpu:.3f}; longest {longest[0]:.2f} s, "
              f"CPU {longest[1]:.2f}, {longest[2]}", end="", flush=True)
        heard = [t for t in (trial(cls, graph, draw.uniform(0, span)) for _ in range(given.times)) if t]
        if heard:
            slowest = max(heard, key=lambda t: t[given.busy])
            print(f"; {len(heard)} interrupts, slowest {slowest[0]:.3f} s, CPU {slowest[1]:.3f}, {slowest[2]}", end="")
            wall, cpu = (max(x, float(np.median([t[i] for t in heard]))) for i, x in enumerate((wall, cpu)))
        print(flush=True)
        if (cpu if given.busy else wall) > 0.25:
            failed.append(name)
    sys.exit(f"over 0.25 s: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
