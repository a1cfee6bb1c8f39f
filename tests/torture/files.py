"""Files survive: a kill in the midst of `save`, a full disk, any changed or missing byte.

    python tests/torture/files.py [--kills 200]

Takes about 4 minutes.
"""
from __future__ import annotations

import argparse
import contextlib
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

from graphemb import Embedding, Graph

SUFFIXES = (".safetensors", ".npz", ".txt", ".bin")
SAVER = """
import sys, numpy as np
from graphemb import Embedding
tables = [Embedding(range(4000), np.full((4000, 64), k, np.float32)) for k in (1.0, 2.0)]
print("ready", flush=True)
while True:
    for table in tables:
        table.save(sys.argv[1])
"""


def kills(times: int) -> str:
    """Kill a process that saves without end; what is there must load, whole and of one save."""
    draw, temporary = random.Random(0), 0
    with tempfile.TemporaryDirectory() as folder:
        for k in range(times):
            path = Path(folder) / f"v{SUFFIXES[k % len(SUFFIXES)]}"
            Embedding(range(4000), np.zeros((4000, 64), np.float32)).save(path)
            child = subprocess.Popen([sys.executable, "-c", SAVER, str(path)], stdout=subprocess.PIPE)
            child.stdout.readline()
            time.sleep(draw.uniform(0, 0.3))
            child.send_signal(signal.SIGKILL)
            child.wait()
            child.stdout.close()
            values = np.unique(Embedding.load(path).array)
            if len(values) != 1 or len(Embedding.load(path).nodes) != 4000:
                raise AssertionError(f"half a file: {path.suffix}, {values}")
            temporary += any(name.endswith(".tmp") for name in os.listdir(folder))
            Embedding(range(2), np.zeros((2, 2), np.float32)).save(path)
            if os.name == "posix" and any(name.endswith(".tmp") for name in os.listdir(folder)):
                raise AssertionError(f"the next save left {os.listdir(folder)}")
    return (f"{times} kills in save: 0 unreadable or half files; {temporary} left a temporary file beside the old one, "
            "which the next save removed")


def full_disk() -> str:
    """A limit on file size stands for the full disk; then a disk that cannot be written at all."""
    told = 0
    with tempfile.TemporaryDirectory() as folder:
        table = Embedding(range(4000), np.ones((4000, 64), np.float32))
        graph = Graph.from_edges(np.arange(50_000), np.arange(50_000)[::-1])
        paths = [(table, Path(folder) / f"v{suffix}") for suffix in (*SUFFIXES, ".tsv")]
        paths.append((graph, Path(folder) / "g.safetensors"))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        for thing, path in paths:
            thing.save(path)
            before = path.read_bytes()
            limit = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limit[1]))
            try:
                thing.save(path)
            except OSError:
                told += 1
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limit)
            if path.read_bytes() != before or any(name.endswith(".tmp") for name in os.listdir(folder)):
                raise AssertionError(f"{path.name} was not left as it was")
        for nowhere in ("/proc/none.npz", str(Path(folder) / "absent" / "v.npz")):
            try:
                table.save(nowhere)
            except OSError:
                told += 1
    if told != len(paths) + 2:
        raise AssertionError(f"{told} errors")
    return f"{told} saves without room or place: OSError each, the old file as it was, no temporary left"


READ_ONLY = """
import os, sys, numpy as np
from graphemb import Embedding
if os.getuid() == 0:
    os.setuid(65534)
table = Embedding(range(10), np.ones((10, 4), np.float32))
before = open(sys.argv[1], "rb").read()
try:
    table.save(sys.argv[1])
except PermissionError as error:
    assert open(sys.argv[1], "rb").read() == before
    print("PermissionError")
"""


def read_only() -> str:
    """A folder that may not be written: the modes of POSIX alone."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        inner = Path(folder) / "inner"
        inner.mkdir()
        for suffix in SUFFIXES:
            Embedding(range(10), np.zeros((10, 4), np.float32)).save(inner / f"v{suffix}")
        inner.chmod(0o555)
        try:
            for path in sorted(inner.iterdir()):
                ended = subprocess.run([sys.executable, "-c", READ_ONLY, str(path)], capture_output=True, text=True,
                                       check=False)
                if ended.stdout.strip() != "PermissionError":
                    raise AssertionError(f"{path.name}: {ended.stdout}{ended.stderr}")
            if len(list(inner.iterdir())) != len(SUFFIXES):
                raise AssertionError(f"left over: {list(inner.iterdir())}")
        finally:
            inner.chmod(0o755)
    return f"{len(SUFFIXES)} saves into a folder that is read-only: PermissionError each, the old file as it was"


def damage() -> str:
    """Every byte changed, every length: an error, or the very same content."""
    counts = {"files": 0, "errors": 0, "the same": 0, "different": 0}
    rng = random.Random(0)
    graph = Graph.from_edges(["a", "b", "c"], ["b", "c", "d"], [1.0, 2.5, 3.0], directed=True)
    table = Embedding(["a", "b c", "d"], np.arange(6, dtype=np.float32).reshape(3, 2) - 1.5)
    with tempfile.TemporaryDirectory() as folder:
        for thing, name in ((graph, "g.safetensors"), *((table, "v" + suffix) for suffix in SUFFIXES)):
            path = Path(folder) / name
            thing.save(path)
            sound = path.read_bytes()
            damaged = [sound[:k] for k in range(len(sound))]
            for k in range(len(sound)):
                damaged += [sound[:k] + bytes([sound[k] ^ flip]) + sound[k + 1:] for flip in (1, 0x80, rng.randrange(1, 256))]
            for data in damaged:
                counts["files"] += 1
                path.write_bytes(data)
                try:
                    read = type(thing).load(path)
                except ValueError:
                    counts["errors"] += 1
                    continue
                same = (read.fingerprint == graph.fingerprint if thing is graph else
                        read.nodes == table.nodes and (read.array == table.array).all())
                counts["the same" if same else "different"] += 1
                if not same and path.suffix in (".safetensors", ".npz"):
                    raise AssertionError(f"{name}: a change was read as something else")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return (f"{counts['files']} damaged files: " + ", ".join(f"{n} {what}" for what, n in counts.items() if what != "files")
            + f" (different: word2vec files alone, which have no checksum); peak memory {peak} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    with contextlib.suppress(KeyboardInterrupt):
        for line in (damage(), full_disk(), read_only(), kills(given.kills)):
            print(line, flush=True)
