"""The tests with the oldest dependencies that pyproject.toml allows and with the newest, on each Python there is.

    python tests/torture/dependencies.py [PYTHON ...] [--which oldest newest] [--folder FOLDER] [-- ARGUMENTS OF PYTEST]

Takes about 60 minutes. PYTHON is a version or a path, 3.11 3.12 3.13 if none is given. Needs uv and a package index. "Oldest" is of what the
index has as wheels for that Python. Warnings are errors, as ever. With --folder the environments are kept there.
"""
from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("numpy", "scipy", "scikit-learn", "networkx", "gensim", "pandas", "polars")
# Tools of development, and what needs a tree with everything: they say nothing about versions of libraries.
LEFT_OUT = ("benchmarks", "packaging", "documentation", "explorer", "architecture")
VERSIONS = """
import sys
from importlib.metadata import PackageNotFoundError, version
for name in sys.argv[1:]:
    try:
        print(name, version(name), end="  ")
    except PackageNotFoundError:
        print("no", name, end="  ")
"""
FREE = """
import sys, sysconfig, warnings
warnings.simplefilter("error")
import graphemb, graphemb._walks, graphemb._sgns, graphemb._spmm, graphemb._text, graphemb._temporal
built = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
print("free-threaded, the GIL is " + ("ON" if sys._is_gil_enabled() else "off") if built else "with a GIL")
sys.exit(built and sys._is_gil_enabled())
"""


def tree(folder: Path) -> Path:
    """The files of the checkout, nothing built."""
    copy = folder / "tree"
    if copy.exists():
        shutil.rmtree(copy)
    names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                           capture_output=True, text=True).stdout.splitlines()
    for name in names:
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


def known(python: str) -> str:
    """The newest of that version that pyenv has, where it has one; uv looks for others."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = sorted(versions.glob(f"{python}.*/bin/python"), key=lambda path: int(path.parts[-3].rpartition(".")[2]))
    return str(found[-1]) if found else python


def check(python: str, which: str, folder: Path, arguments: list[str]) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    uv, environment = shutil.which("uv") or f"{Path(sys.executable).parent}/uv", folder / "env"
    inside = str(environment / "bin" / "python")
    quiet: dict = {"check": True, "capture_output": True, "text": True}
    try:
        subprocess.run([uv, "venv", "--clear", "--python", known(python), str(environment)], **quiet)
        copy = tree(folder)
        subprocess.run([uv, "pip", "install", "--python", inside, "--compile-bytecode", "--only-binary", ":all:", "--no-binary", "graphemb",
                        "--resolution", "lowest-direct" if which == "oldest" else "highest",
                        # Matplotlib 3.8 calls what pyparsing 3.3 warns of, and warnings are errors in the tests.
                        "--editable", f"{copy}[test]", *(["pyparsing<3.3"] if which == "oldest" else [])], **quiet)
    except subprocess.CalledProcessError as error:
        print(f"{python} {which}: no such environment: {error.stderr.strip()[-1500:]}", flush=True)
        return False
    versions = subprocess.run([inside, "-c", VERSIONS, *NAMES], **quiet).stdout.strip()
    ran = subprocess.run([inside, "-c", "import platform; print(platform.python_version())"], **quiet).stdout.strip()
    lock = subprocess.run([inside, "-c", FREE], cwd=copy, capture_output=True, text=True, check=False)
    done = subprocess.run([inside, "-m", "pytest", "--tb=short", "-p", "no:cacheprovider",
                           *(f"--ignore=tests/test_{name}.py" for name in LEFT_OUT), *arguments], cwd=copy,
                          env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False)
    (folder / "log").write_text(done.stdout + done.stderr)
    passed = done.returncode == 0 and lock.returncode == 0
    last = next((line for line in reversed(done.stdout.splitlines()) if " passed" in line or " failed" in line), "?")
    print(f"Python {ran}, {lock.stdout.strip() or lock.stderr[-300:]}, {which} ({versions}): {last.strip(' =')}", flush=True)
    for line in done.stdout.splitlines():
        if line.startswith(("FAILED", "ERROR")):
            print("   ", line[:200])
    return passed


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("pythons", nargs="*", metavar="PYTHON")
    parser.add_argument("--which", nargs="+", choices=["oldest", "newest"], default=["oldest", "newest"])
    parser.add_argument("--folder", type=Path)
    own, rest = (sys.argv[1:], []) if "--" not in sys.argv else (
        sys.argv[1:sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1:])
    given = parser.parse_args(own)
    with tempfile.TemporaryDirectory() as place:
        kept = given.folder or Path(place)
        results = [check(python, which, kept.resolve() / f"{Path(python).name}-{which}", rest)
                   for python in given.pythons or ("3.11", "3.12", "3.13") for which in given.which]
    sys.exit(0 if all(results) else 1)
