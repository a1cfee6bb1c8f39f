"""Reading results back: files of JSON lines, and of each case the newest record."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

Record = dict[str, Any]
UNTIMED = {"equality", "published"}  # benches without times, which may run beside others


def read(paths: Iterable[Path]) -> list[Record]:
    """All records of the files, oldest first; a line that is no record is an error that names it."""
    records = []
    for path in paths:
        if not path.is_file():
            raise SystemExit(f"No results in {path}; python -m benchmarks run writes some.")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                record = json.loads(line)
                record["bench"], record["case"], record["time"], record["machine"]
            except (ValueError, KeyError, TypeError) as error:
                raise SystemExit(f"{path}, line {number}, is no record of a bench: {error!r}.") from error
            records.append(record)
    return sorted(records, key=lambda record: record["time"])


def newest(records: list[Record]) -> list[Record]:
    """Of each case the record that was written last; those of quick runs only where there are no others."""
    full = [record for record in records if not record.get("quick")]
    last = {(record["bench"], record["case"]): record for record in full or records}
    return list(last.values())


def by_bench(records: list[Record]) -> dict[str, list[Record]]:
    """Records of each bench, in their order."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record["bench"], []).append(record)
    return found


def provenance(records: list[Record]) -> str:
    """One line: when, on what, at which commit and with which versions these records were made."""
    dates = sorted({record["time"][:10] for record in records})
    machines = sorted({f"{record['machine']['processor']}, {record['machine']['cores']} cores" for record in records})
    commits = sorted({record["machine"]["commit"] for record in records})
    pythons = sorted({record["machine"]["versions"]["python"] for record in records})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return f"{when}, {' and '.join(machines)}, Python {', '.join(pythons)}, commit {', '.join(commits)}"


def noise(records: list[Record]) -> float | None:
    """How many times as long the yardstick took at a slow moment of these records as at a fast one.

    The slowest and the fastest fortieth of the moments are left out; None where fewer than two are known.
    """
    moments = [record["yardstick"] for record in records
               if "yardstick" in record and record.get("bench") not in UNTIMED]
    if len(moments) < 2:
        return None
    fast, slow = np.quantile(moments, (0.025, 0.975))
    return float(slow / fast)


def unbeaten(points: Iterable[tuple[float, float, Any]]) -> list[tuple[float, float, Any]]:
    """Of points (cost, worth, what) those that no other beats in both, cheapest first."""
    best: list[tuple[float, float, Any]] = []
    for point in sorted(points, key=lambda p: (p[0], -p[1])):
        if not best or point[1] > best[-1][1]:
            best.append(point)
    return best


def command(bench: str, records: list[Record]) -> str:
    """The command that makes such records again."""
    record = records[-1]
    options = [f"--{flag}" for flag in ("quick", "long") if record.get(flag)]
    options += [f"--repeat {record['repeat']}"] if record.get("repeat", 3) != 3 else []
    options += [f"--seed {record['seed']}"] if record.get("seed") else []
    options += [f"--n-jobs {record['n_jobs']}"] if record.get("n_jobs", 1) != 1 else []
    return " ".join(["python -m benchmarks run --only", bench, *options])
