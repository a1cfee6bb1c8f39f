"""Write the measured table into its page: ``python docs/tables.py`` after ``python -m benchmarks run --only frontier``.

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``. Of several records of a case the latest counts;
quick ones do not.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "choosing.md"
SHORT = {"blogcatalog": "BlogCatalog", "ppi": "PPI", "wikipedia_pos": "Wikipedia", "airports_usa": "US airports, roles"}


def latest(path: Path) -> dict[str, dict[str, Any]]:
    """The last full record of each case of the bench."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {record["case"]: record for record in records if record["bench"] == "frontier" and not record["quick"]}


def frontier(records: dict[str, dict[str, Any]]) -> str:
    """A table in Markdown, best micro-F1 at 50 % first, graph by graph."""
    lines = ["| graph | method | 10 % | 50 % | 90 % | seconds | MB |", "|---|---|---|---|---|---|---|"]
    cases = [(case.split(": ", 1)[0], case.split(": ", 1)[1], record) for case, record in records.items()]
    order = list(dict.fromkeys(graph for graph, _, _ in cases))
    for graph, method, record in sorted(cases, key=lambda c: (order.index(c[0]), -c[2]["micro_f1"]["50%"])):
        name, _, setting = method.partition(", ")
        scores = " | ".join(f"{record['micro_f1'][size]:.1f}" for size in ("10%", "50%", "90%"))
        seconds = f"{record['seconds']:.2g}" if "seconds" in record else ""
        method = f"`{name}`{', ' + setting if setting else ''}"
        lines.append(f"| {SHORT.get(graph, graph)} | {method} | {scores} | {seconds} | "
                     f"{record['rss_peak'] - record['rss_imports']:,.0f} |")
    last = max(records.values(), key=lambda record: record["time"])
    machine = last["machine"]
    return "\n".join([*lines, "", f"Measured {last['time'][:10]} on {machine['processor']}, {machine['cores']} cores, "
                      f"Python {machine['versions']['python']}, commit {machine['commit'].rstrip('+')}, "
                      f"{last['seeds']} seed{'s' * (last['seeds'] != 1)}."
                      + ("" if all("seconds" in r for r in records.values())
                         else " Seconds are missing where the machine was busy with other work.")])


def main() -> int:
    """Fill the page; 1 where there is nothing to fill it with."""
    path = ROOT / "benchmarks" / "results" / "results.jsonl"
    if not path.is_file():
        print(f"{path} is not there: python -m benchmarks run --only frontier", file=sys.stderr)
        return 1
    text = PAGE.read_text(encoding="utf-8")
    table = frontier(latest(path))
    written, count = re.subn(r"(<!-- table: frontier -->\n).*?(<!-- end -->)",
                             lambda found: f"{found[1]}{table}\n\n{found[2]}", text, flags=re.S)
    if count != 1:
        print(f"{PAGE} must have the comments around the table once; it has them {count} times", file=sys.stderr)
        return 1
    PAGE.write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
