"""Small sound inputs for `fuzz`, one a reader: what it mutates.  python tests/torture/seeds.py FOLDER"""
import struct
import sys
import tempfile
from pathlib import Path

import networkx as nx
import numpy as np
from fuzz import READERS
from scipy import io, sparse

from graphemb import Embedding, Graph

TEXTS = {".csv": b"source,target,weight\na,b,1.5\nb,c,2\n", ".tsv": b"1\t2\n2\t3\n", ".txt": b"# c\n0 1 2\n1 2 3\n",
         ".metis": b"3 2 001\n2 1\n1 1 3 2\n2 2\n", ".csv.gz": b"x,y\nz,x\n"}


def write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for target in ("files", "arrays"):
        (folder / target).mkdir(exist_ok=True)
    graph = Graph.from_edges(["a", "b", "c"], ["b", "c", "c"], [1.0, 2.5, 3.0], directed=True)
    table = Embedding(["a", "b c", "d"], np.arange(6, dtype=np.float32).reshape(3, 2) - 1.5)
    with tempfile.TemporaryDirectory() as place:
        for k, (kind, suffix) in enumerate(READERS):
            path = Path(place) / f"{kind}{k}{suffix}"
            if kind == "vectors":
                table.save(path)
                data = path.read_bytes()
                if suffix == ".tsv":
                    data += b"\0" + (Path(place) / f"{kind}{k}_metadata.tsv").read_bytes()
            elif suffix in TEXTS:
                data = TEXTS[suffix]
            else:
                if suffix.startswith(".mtx"):
                    path = path.with_suffix("") if suffix.endswith(".gz") else path
                    io.mmwrite(path, sparse.coo_array(graph.to_scipy()))
                elif suffix == ".npz":
                    sparse.save_npz(path, graph.to_scipy(), compressed=False)
                elif suffix == ".safetensors":
                    graph.save(path)
                else:
                    (nx.write_graphml_xml if suffix == ".graphml" else nx.write_gml)(graph.to_networkx(), path)
                data = path.read_bytes()
            (folder / "files" / f"{kind}{suffix.replace('.', '-')}").write_bytes(bytes([k]) + data)
    for how in range(5):
        head = bytes([how, 8 | 4 << 4, 3, 32 if how < 2 else 24, 2 | 2 << 3, 0, 0, 0])
        body = struct.pack("<4q", 0, 1, 2, 3) if how < 2 else struct.pack("<3q", 0, 1, 2)
        body += struct.pack("<3q", 1, 2, 0) + struct.pack("<3d", 1.0, 2.0, 3.0)
        (folder / "arrays" / f"how-{how}").write_bytes(head + body)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
