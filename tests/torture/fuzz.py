"""Coverage-guided fuzzing of what reads files and of the door that arrays come through, with atheris.

    python tests/torture/fuzz.py files CORPUS [libFuzzer options]     readers of graphs and of vectors
    python tests/torture/fuzz.py arrays CORPUS [libFuzzer options]    Graph(...), from_scipy, from_edges

The first byte of an input chooses the reader. What a reader may raise on bad bytes is `ALLOWED`; anything else, a
crash, a hang or more than the memory limit ends the run and leaves the input. `tests/test_corpus.py` replays inputs.
"""
import contextlib
import gzip
import os
import sys
import tempfile
import warnings

import numpy as np
from scipy import sparse

ALLOWED = (ValueError, TypeError, ImportError)
EXPECTED_SIZE = 1 << 16
GRAPHS = (".csv", ".tsv", ".txt", ".mtx", ".npz", ".graphml", ".gml", ".metis", ".safetensors", ".csv.gz", ".mtx.gz")
VECTORS = (".safetensors", ".npz", ".txt", ".bin", ".tsv")
READERS = tuple(("graph", suffix) for suffix in GRAPHS) + tuple(("vectors", suffix) for suffix in VECTORS)


def read(data: bytes, folder: str) -> object:
    """Read `data[1:]` as the file that its first byte says; what a reader makes must be sound."""
    from graphemb import Embedding, Graph

    if not data:
        return None
    kind, suffix = READERS[data[0] % len(READERS)]
    body = data[1:]
    path = os.path.join(folder, "input" + suffix)
    if suffix.endswith(".gz") and not body.startswith(b"\x1f\x8b"):
        body = gzip.compress(body, 1)
    with open(path, "wb") as file:
        file.write(body)
    if kind == "graph":
        graph = Graph.read(path)
        check(graph)
        return graph
    if suffix == ".tsv":
        vectors, _, labels = body.partition(b"\0")
        with open(path, "wb") as file:
            file.write(vectors)
        with open(os.path.join(folder, "input_metadata.tsv"), "wb") as file:
            file.write(labels)
    table = Embedding.load(path)
    if len(table.nodes) != len(table.array) or not np.isfinite(table.array).all():
        raise AssertionError(f"{suffix}: {len(table.nodes)} labels, {table.array.shape} vectors, finite: "
                             f"{np.isfinite(table.array).all()}")
    return table


def build(data: bytes) -> object:
    """Make a Graph of arrays that the bytes of `data` fill."""
    from graphemb import Graph, as_graph

    if len(data) < 8:
        return None
    how, flags, n, cut, kinds = data[0] % 5, data[1], data[2] % 12, data[3], data[4]
    body = np.frombuffer(data[8:len(data) - len(data) % 8], np.uint8)

    def array(part: np.ndarray, kind: int) -> np.ndarray:
        dtype = (np.int8, np.int32, np.int64, np.float32, np.float64, np.uint64, np.bool_, np.float16)[kind % 8]
        part = part[:len(part) - len(part) % np.dtype(dtype).itemsize]
        return part.astype(np.bool_) if dtype is np.bool_ else np.frombuffer(part.tobytes(), dtype)

    first, second = body[:cut], body[cut:]
    indptr, (indices, data_) = array(first, kinds), (array(half, k) for half, k in (
        (second[:len(second) // 2], kinds >> 3), (second[len(second) // 2:], flags >> 4)))
    directed = (None, False, True)[flags % 3]
    if how == 0:
        graph = Graph(indptr, indices, data_ if flags & 8 else None, directed=bool(directed))
    elif how == 1:
        make = (sparse.csr_array, sparse.csc_array)[flags & 1]
        matrix = make((n, n))
        matrix.indptr, matrix.indices, matrix.data = indptr, indices, data_  # past SciPy's own check
        graph = Graph.from_scipy(matrix, directed=directed)
    elif how == 2:
        matrix = sparse.coo_array((n, n))
        matrix.coords, matrix.data = (indptr, indices), data_
        graph = Graph.from_scipy(matrix, directed=directed)
    elif how == 3:
        graph = Graph.from_edges(indptr, indices, data_ if flags & 8 else None, directed=bool(directed),
                                 nodes=range(n) if flags & 4 else None)
    else:
        side = int(len(data_) ** 0.5)
        graph = as_graph(data_[:side * side].reshape(side, side))
    check(graph)
    return graph


def check(graph: object) -> None:
    """Raise AssertionError unless the arrays of a Graph are what kernels trust."""
    indptr, indices, weights = graph.indptr, graph.indices, graph.weights
    sound = (indptr[0] == 0 and indptr[-1] == len(indices) and (np.diff(indptr) >= 0).all()
             and len(graph.nodes) == graph.n_nodes == len(indptr) - 1
             and (not len(indices) or (indices.min() >= 0 and indices.max() < graph.n_nodes))
             and (weights is None or (len(weights) == len(indices) and np.isfinite(weights).all()
                                      and (weights > 0).all())))
    if not sound:
        raise AssertionError(f"unsound: {indptr} {indices} {weights}")


def one(target: str, data: bytes, folder: str) -> None:
    with warnings.catch_warnings(), contextlib.suppress(*ALLOWED):
        warnings.simplefilter("ignore")
        read(data, folder) if target == "files" else build(data)


def main() -> None:
    import atheris

    target = sys.argv[1]
    with atheris.instrument_imports(include=["graphemb", "scipy.io", "scipy.sparse._matrix_io", "zipfile",
                                             "networkx.readwrite"]):
        import graphemb.embedding
        import graphemb.graph
        import graphemb.io  # noqa: F401
    if target == "files":
        import networkx.readwrite  # noqa: F401
    folder = tempfile.mkdtemp(prefix="graphemb-fuzz-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    atheris.Setup([sys.argv[0], *sys.argv[2:]], lambda data: one(target, data, folder))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
