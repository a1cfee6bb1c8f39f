"""Rivals, each installed from the registry at a pinned version into an environment of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from graphemb import Graph

from .measure import ROOT, pinned

ENVIRONMENTS = ROOT / "benchmarks" / "envs"
OURS = "graphemb"
MEMORY = 6000.0  # MB a rival may take before it is ended
WALKS = ("DeepWalk", "Node2Vec")
GENSIM = "gensim==4.4.0"


@dataclass(frozen=True)
class Peer:
    """A rival: what to install, the first requirement being the rival itself; which of our methods it offers.

    `pythons` are the minor versions of Python 3 that it runs on, best first; empty: the one that runs this.
    `differs` says for a method what cannot be matched; what gensim's trainer was told is read off while it trains.
    """

    requirements: tuple[str, ...]
    methods: tuple[str, ...] = WALKS
    pythons: tuple[int, ...] = ()
    differs: dict[str, str] = field(default_factory=dict)


PEERS = {
    "gensim": Peer((GENSIM,), ("DeepWalk",)),
    "pecanpy": Peer(("pecanpy==2.0.9", GENSIM), pythons=(11, 12, 10)),
    "fastnode2vec": Peer(("fastnode2vec==0.0.7", GENSIM), pythons=(11, 12, 10)),
    "node2vec": Peer(("node2vec==0.5.0", GENSIM), pythons=(11, 12, 10)),
    "nodevectors": Peer(("nodevectors==0.1.23", "gensim==3.8.3"),
                        (*WALKS, "ProNE"), (8, 7)),
    "karateclub": Peer(
        ("karateclub==1.3.3", GENSIM, "scipy==1.10.1", "pygsp==0.5.1"),
        (*WALKS, "Walklets", "NetMF", "GraRep", "HOPE", "RandNE", "LaplacianEigenmaps", "GraphWave", "Struc2Vec"),
        (9, 8, 10),
        {method: "adds a self-loop to every node" for method in ("DeepWalk", "Node2Vec", "Walklets", "NetMF", "GraRep",
                                                                 "LaplacianEigenmaps")}
        | {"HOPE": "common neighbours, where ours is Katz", "RandNE": "its defaults but for the weights",
           "Struc2Vec": "Role2Vec: other roles, walks of attributes", "GraphWave": "its sampling points"}),
    "scikit-network": Peer(
        ("scikit-network==0.33.5",), ("LaplacianEigenmaps", "RandNE"),
        differs={"LaplacianEigenmaps": "Spectral: random walk's eigenvectors, its tolerance",
                 "RandNE": "RandomProjection: one decay for all orders"}),
    "graspologic": Peer(("graspologic==3.4.4", GENSIM), (*WALKS, "AdjacencySpectral"), (11, 10, 12),
                        {"AdjacencySpectral": "LaplacianSpectralEmbed, R-DAD: singular vectors times roots of values"}),
    "pycleora": Peer(
        ("pycleora==3.2.1", "scipy==1.17.1", "numpy==2.4.6"),
        (*WALKS, "FastRP", "ProNE", "RandNE", "HOPE", "NetMF", "GraRep"), (11, 12, 13),
        {**dict.fromkeys(WALKS, "no skip-gram: dense PMI of the walks' pairs and its whole SVD"),
         "FastRP": "Cleora: 40 propagations and whitening", "ProNE": "no sparse factorisation: Chebyshev of noise",
         "HOPE": "Katz with its decay", "NetMF": "its truncation", "GraRep": "its truncation"}),
    "grape": Peer(("grape==0.2.5", "embiggen==0.11.96", "ensmallen==0.8.100"),
                  (*WALKS, "HOPE", "LINE", "LaplacianEigenmaps"), (11, 10, 12),
                  {"HOPE": "its similarity", "LINE": "its number of epochs"}),
    "scikit-learn": Peer(("scikit-learn==1.9.1",), ("LaplacianEigenmaps",),
                         differs={"LaplacianEigenmaps": "SpectralEmbedding: to machine precision; rows of length 1"}),
}


class NotInstalled(Exception):
    """A rival that could not be installed here, and why."""


class GaveUp(Exception):
    """A rival that took longer, or more memory, than it was given, or failed."""


def version_of(peer: str) -> str:
    """The version that is installed."""
    return PEERS[peer].requirements[0].partition("==")[2]


def python_of(peer: str, again: bool = False) -> Path:
    """The interpreter of the rival's environment, made now if it is not there.

    Raises
    ------
    NotInstalled
        With the last line of the installer's error. The reason is kept beside the environment, and raised
        again without a new attempt unless `again`.
    """
    if peer == OURS:
        return Path(sys.executable)
    home = ENVIRONMENTS / f"{peer}-{version_of(peer)}"
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    reason = home / "reason"
    if (home / "complete").exists():
        return python
    if reason.exists() and not again:
        raise NotInstalled(reason.read_text(encoding="utf-8"))
    print(f"  setting up {peer} {version_of(peer)}", flush=True)
    why = "" if PEERS[peer].pythons else "no attempt"
    for base in interpreters(PEERS[peer].pythons):
        shutil.rmtree(home, ignore_errors=True)
        why = install(base, home, python, PEERS[peer].requirements)
        if not why:
            (home / "complete").touch()
            return python
    if not why:
        wanted = " or ".join(f"3.{minor}" for minor in PEERS[peer].pythons)
        why = f"needs Python {wanted}; none on the path, nor known to uv or pyenv"
    home.mkdir(parents=True, exist_ok=True)
    reason.write_text(why, encoding="utf-8")
    raise NotInstalled(why)


def install(base: Path, home: Path, python: Path, requirements: tuple[str, ...]) -> str:
    """Make the environment; empty, or the last line of the error."""
    commands: list[list[str | Path]] = [
        [base, "-m", "venv", home],
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements]]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
            errors = [line for line in lines if line.lower().startswith("error")]
            version = subprocess.run([base, "-V"], capture_output=True, text=True).stdout.strip()
            return f"{version}: {(errors or lines or [f'status {done.returncode}'])[-1][:300]}"
    return ""


def interpreters(minors: tuple[int, ...]) -> list[Path]:
    """Interpreters of Python 3 of these minor versions that start here, in this order; none asked for: this one."""
    if not minors:
        return [Path(sys.executable)]
    found = []
    for minor in minors:
        if minor == sys.version_info.minor:
            found.append(Path(sys.executable))
            continue
        pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
        candidates: list[str | Path | None] = [shutil.which(f"python3.{minor}"),
                                               *sorted(pyenv.glob(f"3.{minor}.*/bin/python"))]
        if uv := shutil.which("uv"):
            candidates.append(subprocess.run([uv, "python", "find", f"3.{minor}"], capture_output=True,
                                             text=True).stdout.strip())
        for candidate in candidates:
            if not candidate:
                continue
            # pyenv has shims for versions that do not start, so ask.
            done = subprocess.run([candidate, "-c", "import sys, venv; print(sys.version_info[1])"],
                                  capture_output=True, text=True)
            if done.stdout.strip() == str(minor):
                found.append(Path(candidate))
                break
    return found


class Process:
    """A library's own way through a graph, in a process of its own with its threads pinned.

    The process stays, so that what the library compiles at run time is compiled once; `close` ends it.
    """

    def __init__(self, script: str, peer: str, graph: Graph, n_jobs: int, **options: Any) -> None:
        self.peer, python = peer, python_of(peer)
        self.rss_peak: float | None = None  # MB, once called
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "graph.npz"
        data = np.ones(len(graph.indices), np.float32) if graph.weights is None else graph.weights
        np.savez(path, IDs=np.arange(graph.n_nodes).astype(str), indptr=graph.indptr.astype(np.uint32),
                 indices=graph.indices.astype(np.uint32), data=data)
        options |= {"peer": peer, "path": str(path), "directed": graph.directed,
                    "weighted": graph.weights is not None, "n_jobs": n_jobs}
        self.errors = open(Path(self.folder.name) / "errors", "w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self.process = subprocess.Popen(
            [python, Path(__file__).with_name(script), json.dumps(options)], text=True, cwd=self.folder.name,
            env=pinned(n_jobs), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
            start_new_session=True)

    def __call__(self, limit: float | None = None, **options: Any) -> dict[str, Any]:
        """Ask once; what it answers.

        Raises
        ------
        GaveUp
            If there is no answer in `limit` seconds or within the memory that a rival may take, or it failed.
        """
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError(f"{self.peer} has no pipes")
        ended: list[str] = []
        over = threading.Event()
        watch = threading.Thread(target=self._watch, args=(limit, over, ended), daemon=True)
        watch.start()
        try:
            print(json.dumps(options), file=self.process.stdin, flush=True)
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        finally:
            over.set()
            watch.join()
        if not answer:
            code = self.process.wait()
            self.errors.seek(0)
            lines = [line.strip() for line in self.errors.read().splitlines() if line.strip()]
            raise GaveUp(ended[0] if ended else f"ended with status {code}: {lines[-1][:300] if lines else 'no word'}")
        done = json.loads(answer)
        self.rss_peak = done["rss_peak"]
        return done

    def _watch(self, limit: float | None, over: threading.Event, ended: list[str]) -> None:
        waited = 0.0
        while not over.wait(0.5):
            waited += 0.5
            memory = resident(self.process.pid)
            if limit is not None and waited >= limit:
                ended.append(f"no result after {limit:.0f} s")
            elif memory is not None and memory > MEMORY:
                ended.append(f"over {MEMORY:,.0f} MB of memory after {waited:.0f} s")
            if ended:
                self.kill()
                return

    def kill(self) -> None:
        """End it and what it started, now."""
        try:
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
        except ProcessLookupError:
            pass

    def close(self) -> None:
        """End the process."""
        try:
            self.process.communicate(timeout=10)
        except (subprocess.TimeoutExpired, BrokenPipeError, ValueError):
            self.kill()
            self.process.wait()
        self.errors.close()
        self.folder.cleanup()


class WalkPeer(Process):
    """From a graph in memory to walks in memory: seconds and steps of walks with p, q, n_walks, walk_length, seed and
    stride. A stride above 1 takes every so manieth node for a start; not all rivals can."""

    def __init__(self, peer: str, graph: Graph, n_jobs: int) -> None:
        super().__init__("peer_walks.py", peer, graph, n_jobs)


class FitPeer(Process):
    """From a graph in memory to vectors in memory."""

    def __init__(self, peer: str, method: str, graph: Graph, n_jobs: int) -> None:
        super().__init__("peer_fits.py", peer, graph, n_jobs, method=method)

    def embed(self, limit: float | None = None, **options: Any) -> tuple[np.ndarray, dict[str, Any]]:
        """Vectors, and seconds (`wall`, `cpu`, `prepare`), peak memory (`rss_peak`, MB) and what was `trained`."""
        path = Path(self.folder.name) / "vectors.npy"
        outcome = self(limit, **options, out=str(path))
        return np.load(path, allow_pickle=False), outcome


def resident(pid: int) -> float | None:
    """MB of memory of another process; None where the platform does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmRSS")), None)
    except OSError:
        return None
