"""Files as earlier versions wrote them are read; the same seed gives the bytes that are on record."""
import hashlib
import importlib.util
import json
import platform
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from graphemb import (
    DeepWalk,
    Embedding,
    Graph,
    Node2Vec,
    _sgns,
    metapath_walks,
    random_walks,
    restart_pairs,
    temporal_walks,
)
from graphemb.estimators import line, walklets

GOLDEN = Path(__file__).parent / "golden"
spec = importlib.util.spec_from_file_location("write", GOLDEN / "write.py")
write = importlib.util.module_from_spec(spec)
spec.loader.exec_module(write)
VERSIONS = sorted(path for path in GOLDEN.iterdir() if path.is_dir() and path.name != "__pycache__")
FILES = sorted(path for version in VERSIONS for path in version.iterdir())
KNOWN = {kind: [pytest.param(path, id=f"{path.parent.name}-{path.name}") for path in FILES if path.name in kinds]
         for kind, kinds in (("graphs", write.GRAPHS), ("tables", write.TABLES))}
HASHES = json.loads((GOLDEN / "hashes.json").read_text())


def same_labels(nodes, expected):
    return list(nodes) == list(expected) and list(map(type, nodes)) == list(map(type, expected))


@pytest.mark.parametrize("path", KNOWN["graphs"])
@pytest.mark.parametrize("mmap", [True, False])
def test_graphs_of_every_version_are_read(path, mmap):
    read, expected = Graph.load(path, mmap=mmap), write.graph(path.name)
    assert read.fingerprint == expected.fingerprint and read.directed == expected.directed
    assert same_labels(read.nodes, expected.nodes)


@pytest.mark.parametrize("path", KNOWN["tables"])
def test_vectors_of_every_version_are_read(path):
    if path.suffix == ".parquet":
        pytest.importorskip("pyarrow")
    table = Embedding.load(path)
    assert same_labels(table.nodes, write.TABLES[path.name])
    expected = write.VECTORS.astype(np.float16) if path.name == write.FLOAT16 else write.VECTORS
    assert table.array.dtype == np.float32 and (table.array == expected).all()


def test_no_file_is_left_out():
    """Every file on record is read by one of the tests above, and this version's formats are all on record."""
    extra = {path.name for path in FILES} - write.GRAPHS.keys() - write.TABLES.keys()
    assert extra == {"vectors_metadata.tsv"}
    assert write.GRAPHS.keys() | write.TABLES.keys() <= {path.name for path in VERSIONS[0].iterdir()}


# --- the same seed, the same bytes ---------------------------------------------------------------------------

STEP = np.arange(200)
GRAPH = Graph.from_edges(STEP % 40, (STEP * STEP + 11 * (STEP // 40)) % 40, nodes=range(41))  # the last node is alone
WEIGHTED = Graph.from_edges(STEP % 40, (STEP * STEP + 11 * (STEP // 40)) % 40, 1 + STEP % 7, directed=True)
STEPS = np.arange(6000)
LARGE = Graph.from_edges(STEPS % 2000, (STEPS * STEPS + 11 * (STEPS // 2000)) % 2000)  # enough for training in batches
TIMES = nx.MultiDiGraph([(int(i % 40), int((i * i + 11 * (i // 40)) % 40), {"time": int(i)}) for i in STEP])
TYPES = {v: v % 2 for v in range(41)}
SHORT = {"n_walks": 3, "walk_length": 15, "random_state": 5}
WALKS = {
    "uniform": lambda n_jobs: random_walks(GRAPH, **SHORT, n_jobs=n_jobs),
    "node2vec": lambda n_jobs: random_walks(GRAPH, **SHORT, p=0.25, q=4.0, n_jobs=n_jobs),
    "weighted": lambda n_jobs: random_walks(WEIGHTED, **SHORT, n_jobs=n_jobs),
    "weighted node2vec": lambda n_jobs: random_walks(WEIGHTED, **SHORT, p=4.0, q=0.5, n_jobs=n_jobs),
    "node2vec+": lambda n_jobs: random_walks(WEIGHTED, **SHORT, p=4.0, q=0.5, extend=True, n_jobs=n_jobs),
    "restart": lambda n_jobs: restart_pairs(WEIGHTED, n_pairs=9, random_state=5, n_jobs=n_jobs),
    "temporal": lambda n_jobs: temporal_walks(TIMES, **SHORT, n_jobs=n_jobs),
    "metapath": lambda n_jobs: metapath_walks(GRAPH, TYPES, [0, 1, 0], **SHORT, n_jobs=n_jobs),
}
TRAINED = {
    "DeepWalk": lambda n_jobs: DeepWalk(20, window=4, **SHORT, n_jobs=n_jobs),
    "Node2Vec": lambda n_jobs: Node2Vec(20, window=4, p=0.5, q=2.0, n_epochs=2, **SHORT, n_jobs=n_jobs),
    "Walklets": lambda n_jobs: walklets.Walklets(20, window=2, **SHORT, n_jobs=n_jobs),
    "LINE": lambda n_jobs: line.LINE(20, random_state=5, n_jobs=n_jobs),
    "DeepWalk in batches": lambda n_jobs: DeepWalk(36, window=4, **SHORT, n_jobs=n_jobs),
}


def train(name, n_jobs, **parameters):
    graph = LARGE if name.endswith("in batches") else WEIGHTED
    return TRAINED[name](n_jobs).set_params(**parameters).fit_transform(graph)


def digest(array):
    return hashlib.sha256(array.astype(array.dtype.newbyteorder("<")).tobytes()).hexdigest()[:32]


@pytest.mark.parametrize("name", WALKS)
def test_walks_are_those_on_record_on_every_machine(name):
    for n_jobs in (1, 2, 3, 8):
        assert digest(WALKS[name](n_jobs)) == HASHES["walks"][name]


@pytest.mark.skipif(not (sys.platform == "linux" and platform.machine() == "x86_64"),
                    reason="training is on record for x86-64 under Linux, as gcc compiles it")
@pytest.mark.parametrize("variant", ["baseline", "avx2", "avx512"])
@pytest.mark.parametrize("name", TRAINED)
def test_training_is_that_on_record_for_the_instruction_set(name, variant, monkeypatch):
    if variant not in _sgns.VARIANTS:
        pytest.skip(f"no {variant} here")
    monkeypatch.setattr(_sgns, "VARIANTS", {variant: _sgns.VARIANTS[variant]})
    for n_jobs in (1, 2, 3, 8):
        assert digest(train(name, n_jobs)) == HASHES[variant][name]
    if name.endswith("in batches"):
        assert digest(train(name, 1, deterministic=False)) != HASHES[variant][name]


if __name__ == "__main__":  # python tests/test_golden.py: a new record, where the changelog says that results changed
    record = {"walks": {name: digest(make(1)) for name, make in WALKS.items()}}
    for variant, number in list(_sgns.VARIANTS.items()):
        _sgns.VARIANTS = {variant: number}
        record[variant] = {name: digest(train(name, 1)) for name in TRAINED}
    (GOLDEN / "hashes.json").write_text(json.dumps(record, indent=1) + "\n")
