"""PecanPy's command line: ``python -m graphemb.compat.pecanpy --input net.edg --output net.emb``, flag for flag."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphemb import io
from graphemb.embedding import Embedding
from graphemb.estimators.node2vec import Node2Vec
from graphemb.graph import Graph
from graphemb.presets import preset

MODES = ("DenseOTF", "FirstOrderUnweighted", "PreComp", "PreCompFirstOrder", "SparseOTF")


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The flags of pecanpy 2.0.9, with its defaults."""
    parser = argparse.ArgumentParser("python -m graphemb.compat.pecanpy", description=(
        "node2vec and node2vec+ with PecanPy's flags. Every mode walks by the same exact sampler."),
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--input", required=True, help="edge list (.edg), or .npz as --task tocsr and todense write it")
    add("--output", required=True, help=".npz with IDs and data, else word2vec text; for the other tasks a graph")
    add("--task", default="pecanpy", choices=["pecanpy", "tocsr", "todense"], help="embed, or convert the graph")
    add("--mode", default="SparseOTF", choices=MODES, help="accepted, and checked as there; speed does not hang on it")
    add("--dimensions", type=int, default=128, help="numbers a node")
    add("--walk-length", type=int, default=80, help="steps of each walk")
    add("--num-walks", type=int, default=10, help="walks from each node")
    add("--window-size", type=int, default=10, help="context")
    add("--epochs", type=int, default=1, help="passes over the walks")
    add("--workers", type=int, default=0, help="threads; 0 is every core")
    add("--p", type=float, default=1, help="return parameter")
    add("--q", type=float, default=1, help="in-out parameter")
    add("--weighted", action="store_true", help="the third column holds weights")
    add("--directed", action="store_true", help="edges have a direction")
    add("--verbose", action="store_true", help="show progress")
    add("--extend", action="store_true", help="node2vec+")
    add("--gamma", type=float, default=0, help="noisy edge threshold of node2vec+; only 0")
    add("--random_state", type=int, default=None, help="seed")
    add("--delimiter", default="\t", help="between the fields of an edge list")
    add("--implicit_ids", action="store_true", help=".npz: number the nodes instead of reading IDs")
    return parser.parse_args(argv)


def read_graph(arguments: argparse.Namespace) -> Graph:
    """The graph that the flags name; labels are strings, as PecanPy keeps them."""
    if arguments.input.endswith(".npz"):
        arrays = io.read_npz(arguments.input)
        weights = arrays["data"] if arguments.weighted or "indptr" not in arrays else None
        n = len(arrays["indptr"]) - 1 if "indptr" in arrays else len(arrays["data"])
        names = None if arguments.implicit_ids or "IDs" not in arrays else list(map(str, arrays["IDs"].tolist()))
        nodes = names or [str(k) for k in range(n)]
        if "indptr" in arrays:
            return Graph(arrays["indptr"], arrays["indices"], weights, nodes=nodes, directed=arguments.directed)
        from scipy import sparse

        dense = sparse.csr_array(arrays["data"].astype(np.float64))
        if not arguments.weighted:
            dense.data[:] = 1.0
        return Graph.from_scipy(dense, nodes=nodes, directed=arguments.directed)
    plain = Graph.read(arguments.input, format="edges", delimiter=arguments.delimiter, header=False,
                       columns=(0, 1, 2) if arguments.weighted else (0, 1), directed=arguments.directed)
    weights = plain.weights if arguments.weighted else None
    return Graph(plain.indptr, plain.indices, weights, nodes=map(str, plain.nodes), directed=plain.directed)


def model_of(arguments: argparse.Namespace) -> Node2Vec:
    """The estimator that the flags mean."""
    p, q, mode = arguments.p, arguments.q, arguments.mode
    if mode in ("FirstOrderUnweighted", "PreCompFirstOrder") and not p == q == 1:
        raise ValueError(f"--mode {mode} goes with --p 1 --q 1; got {p} and {q}. Leave --mode out.")
    if mode == "FirstOrderUnweighted" and arguments.weighted:
        raise ValueError("--mode FirstOrderUnweighted does not go with --weighted. Leave --mode out.")
    if arguments.gamma != 0:
        raise ValueError(f"--gamma must be 0; got {arguments.gamma}. node2vec+ here has no noise threshold.")
    if arguments.directed and arguments.extend:
        raise ValueError("--extend is for undirected graphs, as in PecanPy; leave --directed out.")
    settings: dict[str, Any] = preset("pecanpy") | {
        "n_components": arguments.dimensions, "walk_length": arguments.walk_length, "n_walks": arguments.num_walks,
        "window": arguments.window_size, "n_epochs": arguments.epochs}
    return Node2Vec(p=p, q=q, extend=arguments.extend, n_jobs=arguments.workers or -1, verbose=int(arguments.verbose),
                    random_state=arguments.random_state, **settings)


def main(argv: Sequence[str] | None = None) -> int:
    """Embed, or convert; returns 0, or 1 with a message where the input or the flags are bad."""
    arguments = parse_args(argv)
    try:
        model, graph = model_of(arguments), read_graph(arguments)
        if arguments.task != "pecanpy":
            matrix = graph.to_scipy()
            names = np.array(list(graph.nodes))
            data = {"IDs": names, "data": matrix.toarray()} if arguments.task == "todense" else {
                "IDs": names, "data": matrix.data, "indptr": matrix.indptr, "indices": matrix.indices}
            io.write_npz(arguments.output, data)
            return 0
        vectors: Embedding = model.fit(graph).vectors_
        if arguments.output.endswith(".npz"):
            io.write_npz(arguments.output, {"IDs": np.array(list(vectors.nodes)), "data": vectors.array})
        else:
            from graphemb.vector_files import write_word2vec

            write_word2vec(arguments.output, vectors.nodes, vectors.array, binary=False)
    except (ValueError, TypeError, OSError, KeyError) as err:
        print(f"pecanpy: {err}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
