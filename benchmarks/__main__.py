"""``python -m benchmarks run``: measure, print, and append to ``benchmarks/results``."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

from .graphs import available
from .measure import CheckFailed, Recorder, Settings


def benches() -> list[str]:
    """A bench is a module ``bench_<name>.py`` with a function ``run(settings, record)``."""
    return sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def main() -> int:
    """Run what the command line asks for; 1 if a bench found its own output wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure")
    run.add_argument("--quick", action="store_true", help="small graphs, one run each: does it work?")
    run.add_argument("--only", nargs="+", choices=benches(), default=benches(), metavar="BENCH",
                     help=f"of {', '.join(benches())}")
    run.add_argument("--graphs", nargs="+", default=[], metavar="GRAPH",
                     help="karate, lesmis, rmat-SCALE, sbm-N" + "".join(f", {name}" for name in available()))
    run.add_argument("--repeat", type=int, default=3, help="runs of each case (default 3)")
    run.add_argument("--seed", type=int, default=0)
    run.add_argument("--n-jobs", type=int, default=1)
    given = parser.parse_args()
    if given.repeat < 1:
        parser.error(f"--repeat must be >= 1; got {given.repeat}")

    settings = Settings(given.quick, tuple(given.graphs), given.repeat, given.seed, given.n_jobs)
    failed = 0
    for name in given.only:
        print(f"{name}", flush=True)
        start = time.perf_counter()
        try:
            importlib.import_module(f"benchmarks.bench_{name}").run(settings, Recorder(name, settings))
        except CheckFailed as error:
            print(f"  WRONG: {error}", file=sys.stderr)
            failed += 1
        print(f"  ({time.perf_counter() - start:.1f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
