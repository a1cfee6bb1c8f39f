"""Break a kernel, or the Python around it, in one way; the tests must see it.

    python tests/torture/mutants.py [NUMBER ...]

Each mutant is made in a copy of the tree, its extension built there, and the tests named beside it run, none else.
"""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MUTANTS = [  # what, file, text, its replacement, tests
    ("window one too short", "ext/sgns_kernel.h", "*from = i > reach ? i - reach : 0;",
     "*from = i > reach ? i - reach + 1 : 0;", "skipgram"),
    ("window one too long to the right", "ext/sgns_kernel.h", "*to = i + reach < n - 1 ? i + reach : n - 1;",
     "*to = i + reach + 1 < n - 1 ? i + reach + 1 : n - 1;", "skipgram"),
    ("sign of the sigmoid", "ext/sgns_kernel.h", "const ge_vec sigma = vec_sigmoid(products);",
     "const ge_vec sigma = vec_sub(vec_all(1.0f), vec_sigmoid(products));", "skipgram"),
    ("one negative read from its neighbour's place", "ext/sgns_kernel.h", "(next + (uint64_t)k - 1) & s->noise_mask",
     "(next + (uint64_t)k) & s->noise_mask", "skipgram"),
    ("p and q swapped", "ext/_walks.pyx", "cdef double alpha = 1.0 / p, beta = 1.0 / q",
     "cdef double alpha = 1.0 / q, beta = 1.0 / p", "walks"),
    ("wrong alias column", "ext/_walks.pyx", "table[w.arc, 1 if coin < table[w.arc, 0] else 2]",
     "table[w.arc, 2 if coin < table[w.arc, 0] else 1]", "walks"),
    ("alias threshold left at its start", "ext/_walks.pyx",
     "table[begin + small, 0] = <uint32_t>(scaled[small] * 4294967296.0)",
     "table[begin + small, 0] = <uint32_t>(scaled[small] * 2147483648.0)", "walks"),
    ("no damping: the walk never restarts at its probability", "ext/_walks.pyx",
     "if ge_unit(ge_draw(key, walk, s.draws - 1)) >= alpha:", "if ge_unit(ge_draw(key, walk, s.draws - 1)) < alpha:",
     "restart"),
    ("time order one off: equal times pass as later", "ext/_temporal.pyx",
     "(strict and row_times[middle] == now[w])", "(not strict and row_times[middle] == now[w])", "temporal"),
    ("sum over a row drops its last entry", "ext/spmm_kernel.h", "for (; k < degree; k++) GE_ADD",
     "for (; k < degree - 1; k++) GE_ADD", "product"),
    ("recursion with a sign flipped", "ext/spmm_kernel.h", "(b * X[k] + c * out[k])", "(b * X[k] - c * out[k])", "product"),
    ("wrong exponent of the noise", "graphemb/skipgram.py", "share[seen] = visits[seen] ** float(exponent)",
     "share[seen] = visits[seen] ** float(1.0 - exponent)", "skipgram"),
    ("last range of work dropped", "graphemb/_parallel.py", "for start in range(0, n, size))",
     "for start in range(0, n - size + 1, size))", "walks"),
    ("exact draw ignores the way back", "ext/_walks.pyx", "alpha if a.indices[i] == w.prev",
     "beta if a.indices[i] == w.prev", "walks"),
]


def run(number: int) -> str:
    what, name, old, new, tests = MUTANTS[number]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for part in ("ext", "graphemb", "tests", "setup.py", "pyproject.toml", "README.md"):
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, tree / part)
            else:
                shutil.copy2(source, tree)
        text = (tree / name).read_text(encoding="utf-8")
        if old not in text:
            raise AssertionError(f"{what}: {name} no longer has {old!r}; write the mutant anew")
        (tree / name).write_text(text.replace(old, new), encoding="utf-8")
        if name.startswith("ext/"):
            subprocess.run([sys.executable, "setup.py", "-q", "build_ext", "--inplace"], cwd=tree, check=True,
                           capture_output=True)
        done = subprocess.run([sys.executable, "-m", "pytest", "-x", "-q", f"tests/test_{tests}.py"], cwd=tree,
                              env={**os.environ, "PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            raise AssertionError(f"{what}: the tests did not run: {done.stdout[-500:]}{done.stderr[-500:]}")
        failed = next((line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))), "")
        return f"caught by {failed.split(' - ')[0].split('::')[-1]}" if done.returncode else "SURVIVED"


if __name__ == "__main__":
    survived = 0
    for number in map(int, sys.argv[1:]) if len(sys.argv) > 1 else range(len(MUTANTS)):
        result = run(number)
        survived += result == "SURVIVED"
        print(f"{number:3d} {MUTANTS[number][0]} ({MUTANTS[number][1]}): {result}", flush=True)
    sys.exit(f"{survived} survived" if survived else 0)
