"""A copy of the tree, changed in one place, built for finding faults, and tests run in it."""
from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("benchmarks", "docs", "examples", "ext", "graphemb", "tests", *(
    path.name for path in ROOT.iterdir() if path.is_file()))
LIBRARIES = {"asan": ("libasan.so", "libstdc++.so"), "tsan": ("libtsan.so",)}
SETTINGS = {
    "PYTHONMALLOC": "malloc",  # else Python's own pools hide what is read past the end of a small block
    "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1:abort_on_error=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": f"exitcode=66:history_size=7:suppressions={Path(__file__).with_name('tsan.supp')}",
}

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it, and so would the tests


def copied(folder: str | os.PathLike[str]) -> Path:
    """The tree without what was built, in `folder`."""
    tree = Path(folder)
    leave_out = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd", "envs", "results", ".*")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, tree / part, ignore=leave_out, dirs_exist_ok=True)
        else:
            shutil.copy2(ROOT / part, tree)
    return tree


PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "--capture=sys")  # or pytest swallows what sanitizers report


def replaced(tree: Path, name: str, old: str, new: str) -> None:
    """Put `new` for `old`, which must be there."""
    text = (tree / name).read_text(encoding="utf-8")
    if old not in text:
        raise AssertionError(f"{name} no longer has {old!r}; write this anew")
    (tree / name).write_text(text.replace(old, new), encoding="utf-8")


def built(tree: Path, kind: str = "") -> Path:
    """The kernels, built as GRAPHEMB_BUILD says; those that are up to date stay."""
    done = subprocess.run([sys.executable, "setup.py", "-q", "build_ext", "--inplace"], cwd=tree, text=True,
                          env={**os.environ, "GRAPHEMB_BUILD": kind}, capture_output=True, check=False)
    if done.returncode:
        raise AssertionError(f"does not build: {done.stderr[-2000:]}")
    return tree


@contextlib.contextmanager
def changed(tree: Path, name: str, old: str, new: str, kind: str = "") -> Iterator[None]:
    """A tree that is built, with one text for another in one file, built again; afterwards with the file as before."""
    path = tree / name
    before, times = path.read_text(encoding="utf-8"), path.stat()
    replaced(tree, name, old, new)

    def outdate() -> None:
        """Its kernel alone is no longer up to date: a header that looks new makes all of them be built."""
        if path.suffix in (".c", ".h"):
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        if path.parent.name == "ext":
            for library in tree.rglob(f"_{path.stem.lstrip('_').split('_')[0]}.*"):  # setuptools keeps one in build, too
                if library.suffix in (".so", ".pyd"):
                    library.unlink()

    outdate()
    try:
        if path.parent.name == "ext":
            built(tree, kind)
        yield
    finally:
        path.write_text(before, encoding="utf-8")
        outdate()


def environment(tree: Path, kind: str = "") -> dict[str, str]:
    """Variables under which Python runs the kernels of `tree`, those of an ordinary build or one of `kind`."""
    wanted = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    if kind in LIBRARIES:
        found = [subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True,
                                check=True).stdout.strip() for name in LIBRARIES[kind]]
        wanted |= SETTINGS | {"LD_PRELOAD": " ".join(found)}
    return wanted


def run(tree: Path, kind: str, *command: str, seconds: float | None = None) -> subprocess.CompletedProcess[str]:
    """`python *command` in the tree; the end of a run that takes longer than `seconds` is an exception.

    Under TSan without address randomisation: it needs the addresses where the kernel puts large maps.
    """
    fixed = ["setarch", "-R"] if kind == "tsan" else []
    return subprocess.run([*fixed, sys.executable, *command], cwd=tree, env=environment(tree, kind), text=True,
                          capture_output=True, check=False, timeout=seconds)
