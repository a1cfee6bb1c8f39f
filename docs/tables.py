"""Write the measured table into docs/choosing.md: ``python docs/tables.py``, from the published results in the tree.

The table stands between ``<!-- table: methods -->`` and ``<!-- end -->``. Exit status 1 where a page has no such place.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "published.jsonl"
PAGE = ROOT / "docs" / "choosing.md"
OURS = "graphemb"
GRAPHS = {"blogcatalog": "BlogCatalog", "ppi": "PPI", "wikipedia_pos": "Wikipedia", "cora": "Cora",
          "email_eu_core": "email_eu_core, directed", "wiki_tlink": "wiki_tlink, directed"}


def fits(path: Path) -> list[dict[str, Any]]:
    """Our fits of the bench `rivals` on those graphs."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [record for record in records if record["bench"] == "rivals" and "micro_f1" in record
            and record["who"].startswith(OURS) and record["graph"] in GRAPHS]


def methods(records: list[dict[str, Any]]) -> str:
    """A row a method in Markdown, best mean over graphs first; in each cell micro-F1 at 50 % and seconds."""
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    for record in records:
        setting = record["who"].removeprefix(OURS)
        rows.setdefault(f"`{record['method']}`{setting}", {})[record["graph"]] = record
    best = {graph: max(of[graph]["micro_f1"]["50%"] for of in rows.values() if graph in of) for graph in GRAPHS}

    def worth(of: dict[str, dict[str, Any]]) -> float:
        return sum(record["micro_f1"]["50%"] / best[graph] for graph, record in of.items()) / len(of)

    lines = [f"| method | {' | '.join(GRAPHS.values())} |", "|---" * (len(GRAPHS) + 1) + "|"]
    for name, of in sorted(rows.items(), key=lambda row: -worth(row[1])):
        lines.append(f"| {name} | " + " | ".join(
            f"{of[graph]['micro_f1']['50%']:.1f}, {of[graph]['wall']['median']:.2g} s" if graph in of else ""
            for graph in GRAPHS) + " |")
    days = sorted({record["time"][:10] for record in records})
    machine = records[-1]["machine"]
    return "\n".join([*lines, "", f"Measured {' to '.join(dict.fromkeys((days[0], days[-1])))} on "
                      f"{machine['processor']}, {machine['cores']} cores, Python {machine['versions']['python']}."])


def main() -> int:
    """Fill the page."""
    text = PAGE.read_text(encoding="utf-8")
    written, count = re.subn(r"(<!-- table: methods -->\n).*?(<!-- end -->)",
                             lambda found: f"{found[1]}{methods(fits(RESULTS))}\n\n{found[2]}", text, flags=re.S)
    if count != 1:
        print(f"{PAGE} must have the comments around the table once; it has them {count} times", file=sys.stderr)
        return 1
    PAGE.write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
