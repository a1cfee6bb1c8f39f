"""How things are measured: alternating runs, medians, memory in a fresh process, one record a line."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS",
           "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS")
PACKAGES = ("graphemb", "numpy", "scipy", "scikit-learn", "networkx", "gensim", "Cython")


@dataclass(frozen=True)
class Settings:
    """What a bench is asked for."""

    quick: bool = False
    graphs: tuple[str, ...] = ()  # empty: the bench's own choice
    repeat: int = 3
    seed: int = 0
    n_jobs: int = 1
    against: tuple[str, ...] | None = None  # rivals; None: all
    limit: float = 90.0  # seconds that one fit of a rival may take
    long: bool = False  # what takes hours too


@dataclass(frozen=True)
class Sample:
    """One timed run: seconds by the clock, seconds of processor, and what it returned."""

    wall: float
    cpu: float
    result: Any


class CheckFailed(Exception):
    """A bench's output is not what was asked for: the figures beside it mean nothing."""


def check(holds: bool, message: str) -> None:
    """Raise `CheckFailed` with `message` unless `holds`."""
    if not holds:
        raise CheckFailed(message)


def timed(run: Callable[[], Any]) -> Sample:
    """Run once."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = run()
    return Sample(time.perf_counter() - wall, time.process_time() - cpu, result)


def pinned(n_jobs: int) -> dict[str, str]:
    """The environment for a process whose libraries shall use so many threads, whichever they are."""
    return os.environ | dict.fromkeys(THREADS, str(n_jobs))


def alternate(cases: Mapping[str, Callable[[], Any]], repeat: int,
              once: float = float("inf")) -> dict[str, list[Sample]]:
    """Run A B A B ...: whatever drifts on the machine meanwhile drifts for all cases alike.

    A case whose first run takes more than `once` seconds is not repeated.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in cases}
    for turn in range(repeat):
        for name, run in cases.items():
            if turn == 0 or samples[name][0].wall <= once:
                samples[name].append(timed(run))
    return samples


def spread(values: Iterable[float]) -> dict[str, float]:
    """Median, smallest and largest."""
    values = sorted(values)
    return {"median": statistics.median(values), "min": values[0], "max": values[-1]}


def ratios(numerators: Iterable[float], denominators: Iterable[float]) -> dict[str, float]:
    """Spread of the ratio, taken pair by pair of neighbouring runs; what was run once is paired with each run."""
    above, below = list(numerators), list(denominators)
    if 1 in (len(above), len(below)):
        return spread(a / b for a in above for b in below)
    return spread(a / b for a, b in zip(above, below))  # noqa: B905


def yardstick() -> float:
    """Seconds that a fixed piece of work takes at this moment: lines from all over memory, then arithmetic.

    About 50 ms on one thread. Its memory is new each time, so that where the pages lie is part of the noise.
    """
    lines = np.zeros((2**19, 16), np.float32)
    at = np.random.default_rng(0).integers(0, len(lines), 2**18)
    few = np.linspace(-1.0, 1.0, 2**12, dtype=np.float32)

    def work() -> None:
        for _ in range(12):
            lines[:, 0].take(at)
        for _ in range(12_000):
            np.exp(few)

    return timed(work).wall


def fresh(function: str, **arguments: Any) -> dict[str, Any]:
    """Call ``"module:function"`` in a new process, with its memory watched.

    Returns
    -------
    outcome : dict
        ``result`` (whatever JSON carries), ``wall`` and ``cpu`` in seconds, and in MB (10**6 bytes)
        ``rss_imports`` (resident once the modules were imported) and ``rss_peak``.
        Memory is None on platforms that do not tell.

    Notes
    -----
    The module may define ``imports()``, called before memory is first read: what it loads counts as the
    interpreter's, not as the run's.
    """
    command = [sys.executable, "-m", "benchmarks.measure", function, json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=pinned(arguments.get("n_jobs", 1)))
    if done.returncode:
        raise RuntimeError(f"{function}({arguments}) ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _in_fresh_process(function: str, arguments: str) -> None:
    module_name, name = function.split(":")
    module = importlib.import_module(module_name)
    if hasattr(module, "imports"):
        module.imports()
    before = _resident("VmRSS")
    sample = timed(lambda: getattr(module, name)(**json.loads(arguments)))
    print(json.dumps({"result": sample.result, "wall": sample.wall, "cpu": sample.cpu,
                      "rss_imports": before, "rss_peak": _resident("VmHWM")}))


def _resident(key: str) -> float | None:
    """Resident memory of this process in MB, now (VmRSS) or at its peak (VmHWM)."""
    try:  # not getrusage on Linux: its peak is inherited from the parent across exec
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(key))
    except OSError:
        pass
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # macOS: bytes, the peak so far


def machine() -> dict[str, Any]:
    """What the figures depend on: processor, system, versions, commit."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "absent"
    return {"processor": _processor(), "cores": os.cpu_count(), "system": platform.platform(),
            "versions": versions, "commit": _commit(),
            "threads": {k: v for k, v in os.environ.items() if k.endswith("_NUM_THREADS")}}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _commit() -> str:
    """The commit measured; "+" behind it says that the tree differs from it."""
    try:
        head, changed = (
            subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout
            for words in (["rev-parse", "--short=12", "HEAD"], ["status", "--porcelain", "-uno"]))
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.strip() + ("+" if changed.strip() else "")


class Recorder:
    """Prints each record and appends it as a line of JSON to a file, which is never overwritten.

    With each goes what the yardstick took at that moment, in milliseconds: how much the machine's speed varied.
    """

    def __init__(self, bench: str, settings: Settings, path: Path) -> None:
        self.bench, self.settings, self.path = bench, settings, path
        self.common = {"bench": bench, "quick": settings.quick, "seed": settings.seed, "n_jobs": settings.n_jobs,
                       "repeat": settings.repeat, "machine": machine()}

    def __call__(self, case: str, **values: Any) -> None:
        told = {key: value for key, value in values.items()
                if value is not None and not (isinstance(value, (str, dict, list)) and not value)}
        shown = "  ".join(f"{key} {_short(value)}" for key, value in told.items())
        print(f"  {case:<44} {shown}", flush=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        time = datetime.now(UTC).isoformat(timespec="seconds")
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps({**self.common, "time": time, "yardstick": round(1e3 * yardstick(), 2),
                                   "case": case, **values}) + "\n")


def _short(value: Any) -> str:
    if isinstance(value, dict) and value.keys() == {"median", "min", "max"}:
        return f"{_short(value['median'])} [{_short(value['min'])}, {_short(value['max'])}]"
    if isinstance(value, dict):
        return " ".join(f"{k} {_short(v)}" for k, v in value.items())
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e5 else f"{value:,.0f}"
    return str(value)


if __name__ == "__main__":
    _in_fresh_process(*sys.argv[1:])
