"""Every check of this folder, one after the other, the short ones first; a summary, and the time in all.

    make torture [ONLY="graphs files"]        or: python tests/torture/run.py NAME ...

A script takes part if the command in its docstring needs no argument; it says there "about N minutes" if it is not
about 10. Outputs go to build/torture.
"""
from __future__ import annotations

import ast
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOGS = HERE.parents[1] / "build" / "torture"
LIMIT = 3 * 3600  # seconds for one script


def scripts() -> dict[str, int]:
    """Name and minutes of those that run without arguments, in the order of these."""
    found = {}
    for path in HERE.glob("*.py"):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        usage = re.search(rf"^ *python tests/torture/{path.name}((?: +\[[^\]]*\])*) *$", text, re.M)
        if usage and path.name != Path(__file__).name:
            minutes = re.search(r"about (\d+) minutes", text)
            found[path.stem] = int(minutes[1]) if minutes else 10
    return dict(sorted(found.items(), key=lambda item: (item[1], item[0])))


def main(names: list[str]) -> int:
    known = scripts()
    if unknown := set(names) - known.keys():
        sys.exit(f"no such check: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    LOGS.mkdir(parents=True, exist_ok=True)
    began, lines, failed = time.perf_counter(), [], 0
    for name in names or known:
        start = time.perf_counter()
        print(f"{name} (about {known[name]} minutes) ...", flush=True)
        with open(LOGS / f"{name}.log", "w+", encoding="utf-8") as log:
            try:
                code: int | str = subprocess.run([sys.executable, "-u", str(HERE / f"{name}.py")], stdout=log,
                                                 stderr=subprocess.STDOUT, check=False, timeout=LIMIT).returncode
            except subprocess.TimeoutExpired:
                code = f"no end after {LIMIT} s"
            log.seek(0)
            print("".join(f"    {line}" for line in log.readlines()[-25:]), flush=True)
        failed += code != 0
        lines.append(f"{name:20s} {'passed' if code == 0 else f'FAILED ({code})':12s} "
                     f"{(time.perf_counter() - start) / 60:6.1f} minutes   {LOGS.name}/{name}.log")
    print(*lines, f"{len(lines) - failed} of {len(lines)} passed, {(time.perf_counter() - began) / 60:.1f} minutes in all",
          sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
