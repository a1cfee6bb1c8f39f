"""Graphs with known answers, and how far folding in is from a fit of the whole graph."""

import networkx as nx
import numpy as np


def weighted_graph(seed=0, directed=False, n=60):
    rng = np.random.default_rng(seed)
    G = nx.gnp_random_graph(n, 0.12, seed=seed, directed=directed)
    for _, _, data in G.edges(data=True):
        data["weight"] = float(rng.uniform(0.5, 3))
    return G


def blocks(n_blocks=4, size=60, p_in=0.15, p_out=0.02, seed=1):
    """Communities, and who is in which."""
    G = nx.planted_partition_graph(n_blocks, size, p_in, p_out, seed=seed)
    return G, np.repeat(np.arange(n_blocks), size)


def bipartite(n_blocks=3, users=40, items=20, p_in=0.3, p_out=0.03, seed=0):
    """Users who like items of their own block, and the blocks: first the users, then the items."""
    rng = np.random.default_rng(seed)
    block = np.r_[np.arange(users * n_blocks) % n_blocks, np.arange(items * n_blocks) % n_blocks]
    user, item = np.arange(users * n_blocks), users * n_blocks + np.arange(items * n_blocks)
    likes = rng.random((len(user), len(item))) < np.where(block[user][:, None] == block[item], p_in, p_out)
    G = nx.empty_graph(len(block))
    G.add_edges_from(zip(user[likes.nonzero()[0]].tolist(), item[likes.nonzero()[1]].tolist(), strict=True))
    return G, block, len(user)


def with_twins(G, of=(3, 17, 40)):
    """G with a new node beside each of these nodes that has the same edges."""
    H = G.copy()
    for v in of:
        H.add_weighted_edges_from((("twin", v), k, w) for _, k, w in list(G.edges(v, data="weight", default=1.0)))
        if G.is_directed():
            H.add_weighted_edges_from((k, ("twin", v), w) for k, _, w in G.in_edges(v, data="weight", default=1.0))
    return H


def hidden_nodes_error(model, G, share=0.1):
    """Distance of hidden nodes to where a fit of the whole graph has them: folded in, and the neighbours' mean."""
    n = len(G)
    hidden = np.random.default_rng(0).choice(n, int(share * n), replace=False)
    kept = np.setdiff1d(np.arange(n), hidden)
    full = model.fit_transform(G)
    folded = model.fit(G.subgraph(kept.tolist()).copy()).transform(G)
    W = nx.to_numpy_array(G)[np.ix_(hidden, kept)]
    mean = W @ folded[kept] / W.sum(axis=1, keepdims=True)
    same = np.linalg.lstsq(folded[kept], full[kept], rcond=None)[0]
    return [np.linalg.norm(Y @ same - full[hidden], axis=1).mean() for Y in (folded[hidden], mean)]


def up_to_signs(Z, expected):
    """`expected` with the signs of the columns of Z."""
    return expected * np.sign((Z * expected).sum(axis=0))
