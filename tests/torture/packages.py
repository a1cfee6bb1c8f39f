"""The sdist and the wheel: built twice in two places, the same bytes; nothing in them that should not be.

    python tests/torture/packages.py

The wheel is then installed, and embeds a graph, under every other Python that is on the path and may have it.
Takes about 4 minutes. Needs `build` and a package index for its isolated environments.
"""
from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_PACKED = re.compile(r"\.ci/|\.git|benchmarks/(results|envs)/(?!published\.jsonl)")
MADE = {"PKG-INFO", "setup.cfg", *(f"graphemb.egg-info/{name}" for name in (
    "PKG-INFO", "SOURCES.txt", "dependency_links.txt", "entry_points.txt", "requires.txt", "top_level.txt"))}
WHEEL = re.compile(r"graphemb/([\w/]+\.(py|pyi)|py\.typed|datasets\.tsv|_page/[\w.-]+|_\w+\.(abi3|cpython-\w+(-\w+)*)\.so)"
                   r"|graphemb-[\d.]+\.dist-info/(METADATA|WHEEL|RECORD|top_level\.txt|entry_points\.txt|licenses/LICENSE)")


def tracked(place: Path) -> set[str]:
    return set(subprocess.run(["git", "ls-files"], cwd=place, check=True, capture_output=True, text=True).stdout.splitlines())


def build(place: Path) -> dict[str, Path]:
    """Clone the last commit, build both packages there."""
    subprocess.run(["git", "clone", "-q", str(ROOT), str(place)], check=True)
    when = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=place, check=True, capture_output=True, text=True).stdout
    done = subprocess.run([sys.executable, "-m", "build", "--outdir", str(place / "dist"), str(place)],
                          env={**os.environ, "SOURCE_DATE_EPOCH": when.strip()}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stdout[-2000:] + done.stderr[-2000:])
    return {"wheel" if path.suffix == ".whl" else "sdist": path for path in (place / "dist").iterdir()}


def strays(kind: str, path: Path, ours: set[str]) -> set[str]:
    """Files that nobody asked for, and those that are missing, with a minus."""
    if kind == "wheel":
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
        expected = {name for name in ours if re.match(r"graphemb/.*\.(py|pyi|typed|tsv)$|graphemb/_page/", name)}
        return {name for name in names if not WHEEL.fullmatch(name)} | {f"-{name}" for name in expected - names}
    with tarfile.open(path) as archive:
        names = {member.name.split("/", 1)[1] for member in archive if member.isfile()}
    expected = {name for name in ours if not NOT_PACKED.match(name)}
    return (names - expected - MADE) | {f"-{name}" for name in (expected | MADE) - names}


PYTHONS = ("python3.11", "python3.12", "python3.13")
EMBED = """
import sys, networkx as nx, numpy as np, graphemb
Z = graphemb.DeepWalk(n_components=8, random_state=0).fit_transform(nx.karate_club_graph())
assert Z.shape == (34, 8) and np.isfinite(Z).all() and "site-packages" in graphemb.__file__
print(f"    embeds under Python {sys.version.split()[0]}, NumPy {np.__version__}")
"""


def tried(wheel: Path, python: str, folder: Path) -> None:
    """Install it into an environment of its own, away from the tree, and embed a graph; say so where that Python is not."""
    found = shutil.which(python)
    if found is None or subprocess.run([found, "-V"], capture_output=True, check=False).returncode:
        print(f"    {python} is not here")
        return
    inside = folder / "env" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    subprocess.run([found, "-m", "venv", str(folder / "env")], check=True)
    subprocess.run([str(inside), "-m", "pip", "install", "-q", "--disable-pip-version-check", str(wheel)], check=True)
    subprocess.run([str(inside), "-c", EMBED], cwd=folder, check=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        one, other = (build(Path(folder) / name) for name in ("here", "quite-another-place"))
        ours = tracked(Path(folder) / "here")
        for kind in ("sdist", "wheel"):
            digests = [hashlib.sha256(each[kind].read_bytes()).hexdigest() for each in (one, other)]
            if digests[0] != digests[1]:
                raise AssertionError(f"{kind}: two builds differ: {digests}")
            if found := strays(kind, one[kind], ours):
                raise AssertionError(f"{one[kind].name} has, or with a minus lacks: {sorted(found)}")
            print(f"{one[kind].name}: {one[kind].stat().st_size:,} bytes, two builds equal, sha256 {digests[0][:16]}..., "
                  "no stray file")
        for python in PYTHONS:
            place = Path(folder) / python
            place.mkdir()
            sys.stdout.flush()
            tried(one["wheel"], python, place)
