"""Rivals, each installed from the registry at a pinned version into an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

import numpy as np

from graphemb import Graph

from .measure import ROOT

ENVIRONMENTS = ROOT / "benchmarks" / "envs"
PEERS = {
    "fastnode2vec": ["fastnode2vec==0.0.7", "gensim==4.4.0"],
    "pecanpy": ["pecanpy==2.0.9", "gensim==4.4.0"],
    "scikit-network": ["scikit-network==0.33.3"],
}


class NotInstalled(Exception):
    """A rival that could not be installed here, and why."""


def python_of(peer: str) -> Path:
    """The interpreter of the rival's environment, made now if it is not there."""
    home = ENVIRONMENTS / "-".join([peer, *(p.partition("==")[2] for p in PEERS[peer][:1])])
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not (home / "complete").exists():
        venv.create(home, with_pip=True, clear=True)
        done = subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEERS[peer]],
                              capture_output=True, text=True)
        if done.returncode:
            raise NotInstalled(f"{peer}: {done.stderr.strip()[-500:]}")
        (home / "complete").touch()
    return python


class WalkPeer:
    """Times a rival's public call, from graph in memory to walks in memory, in a process of its own.

    The process stays, so that what the rival compiles at run time is compiled once; `close` ends it.
    """

    script = "peer_walks.py"

    def __init__(self, peer: str, graph: Graph, n_jobs: int) -> None:
        self.peer, python = peer, python_of(peer)
        self.rss_peak: float | None = None  # MB, once called
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "graph.npz"
        data = np.ones(len(graph.indices), np.float32) if graph.weights is None else graph.weights
        np.savez(path, IDs=np.arange(graph.n_nodes).astype(str), indptr=graph.indptr.astype(np.uint32),
                 indices=graph.indices.astype(np.uint32), data=data)
        options = {"peer": peer, "path": str(path), "directed": graph.directed,
                   "weighted": graph.weights is not None, "n_jobs": n_jobs}
        threads = {name: str(n_jobs) for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        self.process = subprocess.Popen(
            [python, Path(__file__).with_name(self.script), json.dumps(options)], text=True, cwd=self.folder.name,
            env=os.environ | threads, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, **options: Any) -> dict[str, Any]:
        """Seconds and steps of walks with p, q, n_walks, walk_length, seed and stride; peak memory so far.

        A stride above 1 takes every so manieth node for a start; not all rivals can.
        """
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError(f"{self.peer} has no pipes")
        print(json.dumps(options), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.peer} ended with {self.process.wait()}; its message is above")
        done = json.loads(answer)
        self.rss_peak = done["rss_peak"]
        return done

    def close(self) -> None:
        """End the process."""
        self.process.communicate()
        self.folder.cleanup()


class VectorPeer(WalkPeer):
    """Times a rival's way from graph in memory to vectors in memory, in a process of its own."""

    def embed(self, **options: Any) -> tuple[np.ndarray, dict[str, Any]]:
        """Vectors, and seconds (`wall`, `cpu`) and peak memory (`rss_peak`) of their fit."""
        path = Path(self.folder.name) / "vectors.npy"
        outcome = self(**options, out=str(path))
        return np.load(path, allow_pickle=False), outcome


class SpectralPeer(VectorPeer):
    """A rival's spectral embedding."""

    script = "peer_spectral.py"


class FitPeer(VectorPeer):
    """A rival's walks and training together."""

    script = "peer_fits.py"
