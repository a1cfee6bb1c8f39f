"""Write files of every format as this version writes them:  python tests/golden/write.py tests/golden/VERSION

A release that changes a layout adds a folder and keeps the old ones: `test_golden` reads them all.
`no-checksum` is what revision f945b5c wrote, before files carried one.
"""
import sys
from pathlib import Path

import numpy as np

from graphemb import Embedding, Graph

NODES = [None, True, 2, -2**70, 3.5, "", "a b", "é\n\t", ("t", 1, (None, "x")), "last"]
WORDS = ["a", "b c", "é", "d\te", "_", "\\n", "0", "007", "\u2028", "last"]  # formats of text hold strings alone
VECTORS = (np.arange(30, dtype=np.float32).reshape(10, 3) - 14.5) / 7
FLOAT16 = "half.safetensors"
GRAPHS = {
    "graph.safetensors": ([0, 1, 2, 2, 7], [1, 2, 0, 2, 8], [1.0, 0.1, 3e38, 1e-45, 2.0], NODES, True),
    "plain.safetensors": ([0, 1, 4], [1, 2, 4], None, range(5), False),
    "ints.safetensors": ([0, 2], [1, 0], [0.5, 4.0], [10, 20, 30, -5], False),
}
TABLES = {"vectors.safetensors": NODES, "vectors.npz": NODES, FLOAT16: NODES, "vectors.parquet": WORDS,
          "vectors.txt": WORDS, "vectors.bin": WORDS, "vectors.tsv": WORDS, "numbers.npz": range(10)}


def graph(name: str) -> Graph:
    i, j, weights, nodes, directed = GRAPHS[name]
    src, dst = ([nodes[k] for k in ends] for ends in (i, j))
    return Graph.from_edges(src, dst, weights, nodes=nodes, directed=directed)


def write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in GRAPHS:
        graph(name).save(folder / name)
    for name, nodes in TABLES.items():
        try:
            Embedding(nodes, VECTORS).save(folder / name, **({"dtype": "float16"} if name == FLOAT16 else {}))
        except (TypeError, ValueError, ImportError) as error:  # an earlier version, or a library that is not there
            print(f"{name}: {error}")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
