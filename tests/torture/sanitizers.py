"""The tests under builds of the kernels that find faults, in a copy of the tree; faults planted to see that they do.

    python tests/torture/sanitizers.py [planted] [asan] [bounds] [tsan] [FILE ...] [--tree FOLDER]

Takes about 120 minutes; all four if none is named, of each the test files named, without .py. `asan` is
AddressSanitizer and UBSan, `bounds` Cython's checks of indices, `tsan` ThreadSanitizer (of the threaded tests, and of
races.py beside this file). They need gcc and its libraries; `tsan` setarch too.
"""
from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from pathlib import Path

from tree import PYTEST, ROOT, built, changed, copied, replaced, run

LEFT_OUT = {
    "test_benchmarks": "starts the rivals' programs",
    "test_packaging": "builds the package anew, without the checks",
    "test_documentation": "of text and pictures, no kernels",
    "test_command_page": "of text, no kernels",
    "test_plot": "draws, no kernels of its own",
    "test_explorer": "draws, no kernels of its own",
}
KINDS = ("planted", "asan", "bounds", "tsan")
RESIDENT = "tests/test_forecast.py::test_resident_memory_of_real_fits_is_within_the_band"  # the sanitizers take more
UNFIT = {
    "asan": [RESIDENT, "tests/test_skipgram.py::test_rows_begin_on_cache_lines_and_large_arrays_on_huge_pages"],  # below
    "bounds": [RESIDENT],
    "tsan": [RESIDENT, "tests/test_skipgram.py::test_a_hub_stays_bounded"],  # takes over half an hour
}
THREADED = ("test_parallel", "test_walks", "test_skipgram", "test_product", "test_partial_fit", "test_restart",
            "test_pair_samplers", "test_temporal", "test_metapath", "test_prone", "test_random_projection")
REPORT = re.compile(r"AddressSanitizer: .*|runtime error: .*|WARNING: ThreadSanitizer: .*|IndexError: Out of bounds.*")

# Tables that begin on a cache line have slack behind them. For the sanitizer they end where their memory does.
ALIGNED = ("graphemb/_aligned.py", "    item = np.dtype(dtype).itemsize\n", """    item = np.dtype(dtype).itemsize
    tried = []
    for skip in 64 * list(range(0, CACHE_LINE, 16)):
        tried.append(make(n * stride + skip // item, dtype))
        if (tried[-1].ctypes.data + skip) % CACHE_LINE == 0:
            return tried[-1][skip // item:].reshape(n, stride)
    raise MemoryError("no memory on a cache line")
""")
# A read or write past an array that no result shows: what, file, old, new, build that must see it, tests that run it.
PLANTED = [
    ("C, heap: the last row of a result begins one number later", "ext/spmm_kernel.h", "X, width, out + i * width);",
     "X, width, out + i * width + (i + 1 == stop));", "asan", "test_product"),
    ("C, heap: the place behind the last of a walk", "ext/walks_avx512.c",
     "GE_EACH g->walks[f->at[i]] = (int32_t)f->current[i];",
     "GE_EACH g->walks[f->at[i] + (f->at[i] == g->m * g->length - 1)] = (int32_t)f->current[i];", "asan", "test_walks"),
    ("Cython, stack: one walk more than are in flight", "ext/_walks.pyx", "cdef int32_t[GROUP] current\n",
     "cdef int32_t[GROUP - 1] current\n", "asan", "test_large"),
    ("C, undefined: a product of signed numbers that overflows", "ext/walks.h",
     "((uint64_t)v * UINT64_C(2654435769))", "(uint64_t)(v * INT64_C(0x7FFFFFFF9E3779B9))", "asan", "test_large"),
    ("Cython: one row more than there are", "ext/_walks.pyx", "for u in range(start, stop):\n            begin",
     "for u in range(start, stop + 1):\n            begin", "bounds", "test_walks"),
    ("Cython: text past its end", "ext/_text.pyx", "minus = text[low] == 45",
     "minus = text[low] == 45 or text[text.shape[0]] == 256", "bounds", "test_edge_lists"),
]


def tests_of(kind: str) -> list[str]:
    found = sorted(path.stem for path in (ROOT / "tests").glob("test_*.py"))
    if kind == "tsan":
        return [*THREADED, "races"]
    return [*(name for name in found if name not in LEFT_OUT), "graphemb"]  # the last: docstrings' examples


def watched(tree: Path, kind: str) -> Path:
    """A copy of the tree, built so."""
    copied(tree)
    if kind == "asan":
        replaced(tree, *ALIGNED)
    return built(tree, kind)


def suite(kind: str, tree: Path, names: list[str]) -> int:
    """Each file by itself, so that one that dies takes no other with it. How many failed."""
    watched(tree, kind)
    print(f"{kind}: built", flush=True)
    total: dict[str, int] = {}
    bad = []
    for name in names or tests_of(kind):
        began = time.process_time(), time.perf_counter()
        if name == "races":
            done = run(tree, kind, "tests/torture/races.py")
        else:
            done = run(tree, kind, *PYTEST, "-o", "faulthandler_timeout=1500", "--tb=short",
                       *(f"--deselect={test}" for test in UNFIT[kind]),
                       f"tests/{name}.py" if name.startswith("test_") else name)
        counts = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|skipped|errors?)\b", done.stdout)}
        seen = REPORT.findall(done.stdout + done.stderr)
        for word, n in counts.items():
            total[word] = total.get(word, 0) + n
        if done.returncode not in (0, 5) or seen:
            bad.append(name)
            (tree / f"{name}.log").write_text(done.stdout + done.stderr, encoding="utf-8")
        print(f"{name}: {counts or done.returncode}, {time.perf_counter() - began[1]:.0f} s"
              f"{'; ' + seen[0] if seen else ''}{f'; see {tree / name}.log' if bad[-1:] == [name] else ''}", flush=True)
    left_out = [*(["what has no threads"] if kind == "tsan" else LEFT_OUT), *UNFIT[kind]]
    print(f"{kind}: {total}; left out: {', '.join(left_out)}; failed: {', '.join(bad) or 'none'}")
    return len(bad)


def planted(folder: Path) -> int:
    """How many faults made on purpose the builds do not see."""
    missed = 0
    trees = {kind: watched(folder / kind, kind) for kind in ("asan", "bounds")}
    for what, name, old, new, kind, test in PLANTED:
        with changed(trees[kind], name, old, new, kind):
            done = run(trees[kind], kind, *PYTEST, "-x", f"tests/{test}.py")
        seen = REPORT.findall(done.stdout + done.stderr)
        missed += not seen
        print(f"{kind}: {what} ({name}): {seen[-1] if seen else f'NOT SEEN, exit {done.returncode}'}", flush=True)
    return missed


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help=f"of {', '.join(KINDS)}; or test files, graphemb for the docstrings' examples")
    parser.add_argument("--tree", type=Path, help="where the copies are made and stay")
    given = parser.parse_args()
    kinds = [name for name in given.names if name in KINDS]
    files = [name for name in given.names if name not in KINDS]
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds or KINDS:
            place = (given.tree or Path(folder)) / kind
            bad += planted(place) if kind == "planted" else suite(kind, place, files)
    sys.exit(1 if bad else 0)
