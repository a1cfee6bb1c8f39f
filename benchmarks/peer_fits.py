"""Runs inside a rival's environment: its own way from a graph in memory to vectors in memory, timed.

Reads a line of JSON for each call from standard input, answers with one on standard output.
"""

import json
import os
import sys
import time

import numpy as np
from peer_walks import edges, peak_rss


def fastnode2vec(o, arrays):
    """Its Node2Vec: a walk from every node for each epoch, made while gensim trains."""
    from fastnode2vec import Graph, Node2Vec

    graph = Graph(edges(o, arrays), directed=o["directed"], weighted=o["weighted"], verbose=False)
    Node2Vec(graph, 8, 3, 1, seed=0, workers=o["n_jobs"]).train(epochs=1, verbose=False)

    def fit(p, q, n_components, n_walks, walk_length, window, seed):
        model = Node2Vec(graph, n_components, walk_length, window, p=p, q=q, workers=o["n_jobs"], seed=seed)
        model.train(epochs=n_walks, verbose=False)
        return model.wv.vectors[[model.wv.key_to_index[u] for u in range(len(arrays["indptr"]) - 1)]]

    return fit


def pecanpy(o, arrays):
    """`embed` of the mode its documentation gives for these p, q: all walks, then gensim."""
    from pecanpy import pecanpy as modes

    def make(p, q, seed):
        mode = modes.FirstOrderUnweighted if p == q == 1 and not o["weighted"] else modes.SparseOTF
        graph = mode(p, q, o["n_jobs"], False, random_state=seed)
        graph.read_npz(o["path"], weighted=o["weighted"])
        return graph

    for p, q in ((1, 1), (0.25, 4)):
        make(p, q, 0).simulate_walks(1, 2)

    def fit(p, q, n_components, n_walks, walk_length, window, seed):
        return make(p, q, seed).embed(dim=n_components, num_walks=n_walks, walk_length=walk_length,
                                      window_size=window, epochs=1)

    return fit


def main():
    """Prepare once, then a timed fit a line."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the rival prints is no answer
    options = json.loads(sys.argv[1])
    with np.load(options["path"], allow_pickle=False) as file:
        arrays = dict(file)
    fit = {"fastnode2vec": fastnode2vec, "pecanpy": pecanpy}[options["peer"]](options, arrays)
    for line in sys.stdin:
        call = json.loads(line)
        out = call.pop("out")
        wall, cpu = time.perf_counter(), time.process_time()
        vectors = fit(**call)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        np.save(out, vectors)
        print(json.dumps({"wall": wall, "cpu": cpu, "rss_peak": peak_rss()}), file=answers, flush=True)


if __name__ == "__main__":
    main()
