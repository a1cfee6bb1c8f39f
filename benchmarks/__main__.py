"""``python -m benchmarks``: measure, report, compare; see benchmarks/README.md."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from pathlib import Path

from .measure import RESULTS, THREADS, CheckFailed, Recorder, Settings

# What `run` does without --only: in the order in which it is read, the first ones first.
USUAL = ("walks", "skipgram", "spectral", "quality", "rivals", "links", "memory", "scale")


def benches() -> list[str]:
    """A bench is a module ``bench_<name>.py`` with a function ``run(settings, record)``."""
    return sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks for; 1 if a bench found its own output wrong, or something became worse."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure, print, and append to the results")
    run.add_argument("--quick", action="store_true", help="small graphs, one run each: does it work?")
    run.add_argument("--long", action="store_true", help="all benches, more graphs and sizes: hours")
    run.add_argument("--only", nargs="+", choices=benches(), metavar="BENCH",
                     help=f"of {', '.join(benches())} (default: {', '.join(USUAL)})")
    run.add_argument("--graphs", nargs="+", default=[], metavar="GRAPH",
                     help="a name that graphemb.datasets.load knows, rmat-14 and sbm-2000 for example")
    run.add_argument("--against", nargs="*", metavar="RIVAL", help="which rivals, none if empty (default: all)")
    run.add_argument("--repeat", type=int, default=3, help="runs of each case (default 3)")
    run.add_argument("--limit", type=float, default=90.0, help="seconds a rival's fit may take (default 90)")
    run.add_argument("--seed", type=int, default=0)
    run.add_argument("--n-jobs", type=int, default=1, help="threads, ours and the rivals' (default 1)")
    run.add_argument("--results", type=Path, default=RESULTS / "results.jsonl", help="file to append to")
    setup = commands.add_parser("setup", help="install the rivals; what failed is tried again")
    setup.add_argument("--against", nargs="+", metavar="RIVAL", help="which (default: all)")
    report = commands.add_parser("report", help="write the HTML report and the Markdown summary")
    report.add_argument("results", nargs="*", type=Path, help="files of results (default: what `run` appended to)")
    report.add_argument("--html", type=Path, default=RESULTS / "report.html")
    report.add_argument("--markdown", type=Path, default=RESULTS / "summary.md")
    report.add_argument("--publish", action="store_true",
                        help="keep the newest records as benchmarks/results/published.jsonl and put the summary "
                             "into README.md")
    compare = commands.add_parser("compare", help="what became slower or worse beyond noise")
    compare.add_argument("old", type=Path)
    compare.add_argument("new", type=Path)
    given = parser.parse_args(arguments)
    if given.command == "run":
        if given.repeat < 1:
            parser.error(f"--repeat must be >= 1; got {given.repeat}")
        if given.limit <= 0:
            parser.error(f"--limit must be > 0; got {given.limit}")
        return measure(given, parser)
    if given.command == "setup":
        from .peers import PEERS, NotInstalled, python_of, version_of

        for peer in known(given.against, parser) or PEERS:
            try:
                python_of(peer, again=True)
                print(f"{peer} {version_of(peer)}: installed")
            except NotInstalled as reason:
                print(f"{peer} {version_of(peer)}: not installed: {reason}")
        return 0
    if given.command == "report":
        from . import report as reporting

        return reporting.main(given.results or [RESULTS / "results.jsonl"], given.html, given.markdown, given.publish)
    from . import compare as comparing

    return comparing.main(given.old, given.new)


def known(rivals: list[str] | None, parser: argparse.ArgumentParser) -> tuple[str, ...] | None:
    """The rivals that were named, all of which there are."""
    from .peers import PEERS

    for rival in rivals or ():
        if rival not in PEERS:
            parser.error(f"no rival {rival!r}; there are {', '.join(PEERS)}")
    return None if rivals is None else tuple(rivals)


def measure(given: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Run the benches."""
    from threadpoolctl import threadpool_limits

    for name in THREADS:  # for what is loaded from here on; threadpool_limits is for what is loaded already
        os.environ[name] = str(given.n_jobs)
    settings = Settings(given.quick, tuple(given.graphs), given.repeat, given.seed, given.n_jobs,
                        known(given.against, parser), given.limit, given.long)
    failed = []
    with threadpool_limits(given.n_jobs):
        for name in given.only or (benches() if given.quick or given.long else USUAL):
            print(name, flush=True)
            start = time.perf_counter()
            try:
                bench = importlib.import_module(f"benchmarks.bench_{name}")
                bench.run(settings, Recorder(name, settings, given.results))
            except CheckFailed as error:
                print(f"  WRONG: {error}", file=sys.stderr)
                failed.append(name)
            print(f"  ({time.perf_counter() - start:.1f} s)", flush=True)
    if failed:
        print(f"WRONG: {', '.join(failed)}; see above", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
