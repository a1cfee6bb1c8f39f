"""Runs inside a rival's environment: its spectral embedding of a graph in memory, timed.

Reads a line of JSON for each call from standard input, answers with one on standard output.
"""

import json
import os
import sys
import time

import numpy as np
from peer_walks import peak_rss
from scipy import sparse


def scikit_network(adjacency, n_components):
    """Its `Spectral` as it comes: eigenvectors of the random walk, rows of length 1."""
    from sknetwork.embedding import Spectral

    return Spectral(n_components).fit_transform(adjacency)


def main():
    """Read the graph once, then a timed fit a line."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the rival prints is no answer
    options = json.loads(sys.argv[1])
    with np.load(options["path"], allow_pickle=False) as file:
        arrays = [file[name] for name in ("data", "indices", "indptr")]
    n = len(arrays[2]) - 1
    adjacency = sparse.csr_matrix((arrays[0].astype(float), arrays[1].astype(np.int32), arrays[2].astype(np.int32)),
                                  shape=(n, n))
    embed = {"scikit-network": scikit_network}[options["peer"]]
    for line in sys.stdin:
        call = json.loads(line)
        wall, cpu = time.perf_counter(), time.process_time()
        vectors = embed(adjacency, call["n_components"])
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        np.save(call["out"], vectors)
        print(json.dumps({"wall": wall, "cpu": cpu, "rss_peak": peak_rss()}), file=answers, flush=True)


if __name__ == "__main__":
    main()
