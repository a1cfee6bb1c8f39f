"""Runs inside the environment of a library, ours too: its own way from a graph in memory to vectors, timed.

The first argument is JSON: library, method, file of the graph, threads. It then reads a line of JSON for each fit from
standard input and answers with one on standard output. It runs under every Python from 3.8 on, with NumPy alone.
"""

import json
import os
import sys
import time

import numpy as np
from peer_walks import edges, peak_rss

TRAINED: list = []  # what gensim's trainer did, under whichever library


def watch_gensim():
    """Have every Word2Vec that is trained here say what it was and how many tokens it took."""
    from gensim.models import Word2Vec

    train = Word2Vec.train

    def watched(self, *arguments, **options):
        done = train(self, *arguments, **options)
        trained, asked = done if isinstance(done, tuple) else (None, None)
        TRAINED.append({
            "tokens": trained, "tokens_asked": asked, "objective": "skip-gram" if self.sg else "CBOW",
            "softmax": "hierarchical" if self.hs else f"{self.negative} negatives", "sample": self.sample,
            "window": self.window, "epochs": self.epochs, "learning_rate": self.alpha})
        return done

    Word2Vec.train = watched


def word2vec(walks, o, **a):
    """Gensim's trainer, with what the others' defaults hide made plain: skip-gram, all tokens."""
    from gensim.models import Word2Vec

    model = Word2Vec(walks, vector_size=a["n_components"], window=a["window"], sg=1, hs=0, negative=5, sample=0,
                     min_count=1, epochs=1, workers=o["n_jobs"], seed=a["seed"])
    return rows(model.wv, o["n"])


def rows(vectors, n):
    """Keyed vectors as a table by node number; zeros for a node that is missing."""
    table = np.zeros((n, vectors.vector_size), np.float32)
    known = vectors.key_to_index if hasattr(vectors, "key_to_index") else vectors.vocab  # gensim 4, gensim 3
    for i in range(n):
        key = i if i in known else str(i)
        if key in known:
            table[i] = vectors[key]
    return table


def networkx_graph(o, arrays):
    """Nodes 0 ... n - 1, isolated ones too."""
    import networkx as nx

    G = nx.DiGraph() if o["directed"] else nx.Graph()
    G.add_nodes_from(range(o["n"]))
    if o["weighted"]:
        G.add_weighted_edges_from(edges(o, arrays))
    else:
        G.add_edges_from(edges(o, arrays))
    return G


def adjacency(o, arrays):
    """As a SciPy matrix of float64."""
    from scipy import sparse

    return sparse.csr_matrix((arrays["data"].astype(float), arrays["indices"].astype(np.int32),
                              arrays["indptr"].astype(np.int32)), shape=(o["n"], o["n"]))


def graphemb(o, arrays):
    """This library; seconds by stage and what else its report has come with the vectors."""
    import graphemb

    graph = graphemb.Graph(arrays["indptr"].astype(np.int64), arrays["indices"].astype(np.int32),
                           arrays["data"].astype(np.float32) if o["weighted"] else None, directed=o["directed"])
    small = graphemb.Graph.from_edges([0, 1, 2, 3], [1, 2, 3, 0])
    method = getattr(graphemb, o["method"])
    method(n_components=2).fit(small)  # imports

    def fit(parameters, seed):
        propagated = parameters.pop("propagated", False)
        model = method(**parameters, n_jobs=o["n_jobs"], random_state=seed).fit(graph)
        report = model.fit_report_
        TRAINED.append({"seconds": report.get("seconds", {}), **{
            key: int(report[key]) for key in ("tokens", "pairs") if isinstance(report.get(key), (int, np.integer))},
            **({"largest_residual": float(np.max(report["residuals"]))}
               if np.size(report.get("residuals", ())) else {})})
        return graphemb.propagate(model.embedding_, graph, row_norm=1.0, n_jobs=o["n_jobs"]) if propagated \
            else model.embedding_

    return fit


def gensim(o, arrays):
    """DeepWalk as gensim's users make it, but with walks in NumPy, all at once: uniform steps, then Word2Vec."""
    watch_gensim()
    indptr, indices = arrays["indptr"].astype(np.int64), arrays["indices"]
    degree = np.diff(indptr)

    def fit(n_walks, walk_length, seed, **a):
        rng = np.random.default_rng(seed)
        walks = []
        for _ in range(n_walks):
            walk = np.empty((walk_length, o["n"]), np.int64)
            walk[0] = rng.permutation(o["n"])
            for k in range(1, walk_length):
                here = walk[k - 1]
                step = indptr[here] + (rng.random(o["n"]) * degree[here]).astype(np.int64)
                walk[k] = np.where(degree[here] > 0, indices[np.minimum(step, len(indices) - 1)], here)
            walks += walk.T.tolist()
        return word2vec(walks, o, seed=seed, **a)

    return fit


def fastnode2vec(o, arrays):
    """Its Node2Vec: a walk from every node for each epoch, made while gensim trains."""
    from fastnode2vec import Graph, Node2Vec

    graph = Graph(edges(o, arrays), directed=o["directed"], weighted=o["weighted"], verbose=False)
    Node2Vec(graph, 8, 3, 1, seed=0, workers=o["n_jobs"]).train(epochs=1, verbose=False)
    watch_gensim()

    def fit(p, q, n_components, n_walks, walk_length, window, seed):
        model = Node2Vec(graph, n_components, walk_length, window, p=p, q=q, workers=o["n_jobs"], seed=seed)
        model.train(epochs=n_walks, verbose=False)
        return rows(model.wv, o["n"])

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
    watch_gensim()

    def fit(p, q, n_components, n_walks, walk_length, window, seed):
        return make(p, q, seed).embed(dim=n_components, num_walks=n_walks, walk_length=walk_length,
                                      window_size=window, epochs=1)

    return fit


def node2vec(o, arrays):
    """Its Node2Vec: transition probabilities of every arc first, then walks, then gensim."""
    from node2vec import Node2Vec

    G = networkx_graph(o, arrays)
    watch_gensim()

    def fit(p, q, n_components, n_walks, walk_length, window, seed):
        model = Node2Vec(G, dimensions=n_components, walk_length=walk_length, num_walks=n_walks, p=p, q=q,
                         workers=o["n_jobs"], quiet=True, seed=seed)
        trained = model.fit(window=window, min_count=1, epochs=1, sample=0, seed=seed, workers=o["n_jobs"])
        return rows(trained.wv, o["n"])

    return fit


def nodevectors(o, arrays):
    """Its Node2Vec, ProNE and, as `GraRep`, its class of that name."""
    import csrgraph
    import nodevectors as library
    import numba

    numba.config.NUMBA_DEFAULT_NUM_THREADS = o["n_jobs"]  # its graphs take all cores again at every step otherwise
    graph = csrgraph.csrgraph(adjacency(o, arrays), threads=o["n_jobs"])
    if o["method"] in ("DeepWalk", "Node2Vec"):
        for weight in (1, 0.5):  # compiled before the clock starts
            graph.random_walks(walklen=2, epochs=1, return_weight=weight, neighbor_weight=weight)
        watch_gensim()

        def fit(p, q, n_components, n_walks, walk_length, window, seed):
            model = library.Node2Vec(
                n_components=n_components, walklen=walk_length, epochs=n_walks, return_weight=1 / p,
                neighbor_weight=1 / q, threads=o["n_jobs"], verbose=False,
                w2vparams={"window": window, "negative": 5, "iter": 1, "batch_words": 128, "seed": seed})
            model.fit(graph)
            return rows(model.model.wv, o["n"])

        return fit
    if o["method"] == "ProNE":
        return lambda n_components, seed: library.ProNE(n_components=n_components, step=10, mu=0.2, theta=0.5,
                                                        verbose=False).fit_transform(graph)
    raise KeyError(o["method"])


def karateclub(o, arrays):
    """The class of the method's name, the graph's nodes 0 ... n - 1."""
    import karateclub as library

    G = networkx_graph(o, arrays)
    name = {"Struc2Vec": "Role2Vec"}.get(o["method"], o["method"])
    make = getattr(library, name)
    if name in ("DeepWalk", "Node2Vec", "Walklets", "Role2Vec"):
        watch_gensim()

    def fit(n_components, seed, **a):
        if name in ("DeepWalk", "Node2Vec", "Walklets", "Role2Vec"):
            second = {"p": a["p"], "q": a["q"]} if name == "Node2Vec" else {}
            if name == "Walklets":
                n_components //= a["window"]  # columns for each distance
            model = make(walk_number=a["n_walks"], walk_length=a["walk_length"], dimensions=n_components,
                         workers=o["n_jobs"], window_size=a["window"], epochs=1, learning_rate=0.025, seed=seed,
                         **second)
        elif name == "NetMF":
            model = make(dimensions=n_components, order=a["window"], seed=seed)
        elif name == "GraRep":
            model = make(dimensions=n_components // a["n_steps"], order=a["n_steps"], seed=seed)
        elif name == "RandNE":
            model = make(dimensions=n_components, alphas=[1.0, 1e2, 1e3], seed=seed)
        elif name == "GraphWave":
            model = make(sample_number=n_components, seed=seed)
        else:
            model = make(dimensions=n_components, seed=seed)
        model.fit(G)
        return model.get_embedding()

    return fit


def scikit_network(o, arrays):
    """Its `Spectral` or `RandomProjection` as they come."""
    from sknetwork import embedding

    make = {"LaplacianEigenmaps": embedding.Spectral, "RandNE": embedding.RandomProjection}[o["method"]]
    A = adjacency(o, arrays)
    return lambda n_components, seed, **a: make(n_components).fit_transform(A)


def scikit_learn(o, arrays):
    """SpectralEmbedding by ARPACK, rows scaled to length 1."""
    from sklearn.manifold import SpectralEmbedding

    A = adjacency(o, arrays)

    def fit(n_components, seed):
        Z = SpectralEmbedding(n_components, affinity="precomputed", random_state=seed,
                              eigen_solver="arpack").fit_transform(A)
        length = np.linalg.norm(Z, axis=1, keepdims=True)
        return Z / np.where(length > 0, length, 1)

    return fit


def graspologic(o, arrays):
    """node2vec_embed, or LaplacianSpectralEmbed with regularised degrees."""
    from graspologic import embed

    if o["method"] == "AdjacencySpectral":
        from scipy.sparse import csr_array

        A = csr_array(adjacency(o, arrays))
        parts = 2 if o["directed"] else 1  # then a table of sources and one of targets come, side by side here

        def spectral(n_components, seed, **a):
            found = embed.LaplacianSpectralEmbed(form="R-DAD", n_components=n_components // parts,
                                                 svd_seed=seed).fit_transform(A)
            return np.hstack(found) if parts == 2 else found

        return spectral
    G = networkx_graph(o, arrays)
    if not o["weighted"]:  # it demands a weight
        for _, _, attributes in G.edges(data=True):
            attributes["weight"] = 1.0
    watch_gensim()

    def fit(p, q, n_components, n_walks, walk_length, window, seed):
        vectors, nodes = embed.node2vec_embed(
            G, num_walks=n_walks, walk_length=walk_length, return_hyperparameter=p, inout_hyperparameter=q,
            dimensions=n_components, window_size=window, workers=o["n_jobs"], iterations=1,
            interpolate_walk_lengths_by_node_degree=False, random_seed=seed)
        table = np.zeros((o["n"], n_components), np.float32)
        table[[int(node) for node in nodes]] = vectors
        return table

    return fit


def pycleora(o, arrays):
    """Cleora itself beside FastRP, else its function of the method's name."""
    import pycleora as library
    from pycleora import algorithms

    lines = (f"{edge[0]} {edge[1]}" for edge in edges(o, arrays))
    graph = library.SparseMatrix.from_iterator(lines, "complex::reflexive::node")
    names = np.array([int(name) for name in graph.entity_ids])

    def fit(n_components, seed, **a):
        if o["method"] == "FastRP":
            found = library.embed(graph, feature_dim=n_components, seed=seed, num_workers=o["n_jobs"])
        elif o["method"] in ("DeepWalk", "Node2Vec"):
            second = {"p": a["p"], "q": a["q"]} if o["method"] == "Node2Vec" else {}
            found = getattr(algorithms, "embed_" + o["method"].lower())(
                graph, n_components, num_walks=a["n_walks"], walk_length=a["walk_length"], window_size=a["window"],
                seed=seed, **second)
        elif o["method"] == "NetMF":
            found = algorithms.embed_netmf(graph, n_components, window_size=a["window"])
        elif o["method"] == "GraRep":
            found = algorithms.embed_grarep(graph, n_components, max_step=a["n_steps"])
        elif o["method"] == "HOPE":
            found = algorithms.embed_hope(graph, n_components)
        else:
            found = getattr(algorithms, "embed_" + o["method"].lower())(graph, n_components, seed=seed)
        table = np.zeros((o["n"], found.shape[1]), np.float32)
        table[names] = found
        return table

    return fit


def grape(o, arrays):
    """Ensmallen's own embedders: SkipGram on its walks, HOPE, LINE and Laplacian eigenmaps of embiggen."""
    from embiggen import embedders
    from ensmallen import GraphBuilder

    builder = GraphBuilder()
    builder.set_directed(o["directed"])
    for node in range(o["n"]):
        builder.add_node(str(node))
    for edge in edges(o, arrays):
        builder.add_edge(str(edge[0]), str(edge[1]), **({"weight": edge[2]} if o["weighted"] else {}))
    graph = builder.build()
    order = [int(name) for name in graph.get_node_names()]

    def fit(n_components, seed, **a):
        if o["method"] in ("DeepWalk", "Node2Vec"):
            second = {"return_weight": 1 / a["p"], "explore_weight": 1 / a["q"]} if o["method"] == "Node2Vec" else {}
            make = getattr(embedders, o["method"] + "SkipGramEnsmallen")
            model = make(embedding_size=n_components, epochs=1, window_size=a["window"], walk_length=a["walk_length"],
                         iterations=a["n_walks"], number_of_negative_samples=5, learning_rate=0.025,
                         random_state=seed, verbose=False, **second)
        else:
            make = getattr(embedders, {"HOPE": "HOPEEnsmallen", "LINE": "SecondOrderLINEEnsmallen",
                                       "LaplacianEigenmaps": "LaplacianEigenmapsEnsmallen"}[o["method"]])
            model = make(embedding_size=n_components)
        found = model.fit_transform(graph, return_dataframe=False).get_all_node_embedding()
        table = np.zeros((o["n"], n_components), np.float32)
        table[order] = found[0] if found[0].shape[1] == n_components else np.hstack(found)  # sources, then targets
        return table

    return fit


def main():
    """Read the graph once, then a timed fit a line."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the library prints is no answer
    o = json.loads(sys.argv[1])
    with np.load(o["path"], allow_pickle=False) as file:
        arrays = dict(file)
    o["n"] = len(arrays["indptr"]) - 1
    start = time.perf_counter()
    fit = globals()[o["peer"].replace("-", "_")](o, arrays)
    prepare, before = time.perf_counter() - start, peak_rss()
    for line in sys.stdin:
        call = json.loads(line)
        out = call.pop("out")
        TRAINED.clear()
        wall, cpu = time.perf_counter(), time.process_time()
        vectors = fit(**call)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        vectors = np.ascontiguousarray(np.real(vectors))
        np.save(out, vectors)
        print(json.dumps({"wall": wall, "cpu": cpu, "prepare": prepare, "rss_before": before, "rss_peak": peak_rss(),
                          "shape": vectors.shape, "trained": TRAINED}), file=answers, flush=True)


if __name__ == "__main__":
    main()
