"""From a NetworkX graph to arrays: `Graph.from_networkx` beside NetworkX's own conversion."""

from __future__ import annotations

from functools import partial

import networkx as nx

from graphemb import Graph

from .measure import Recorder, Settings, alternate, check, ratios, spread


def run(settings: Settings, record: Recorder) -> None:
    """Alternate the two on a random graph of a million edges."""
    n, m = (2_000, 20_000) if settings.quick else (100_000, 1_000_000)
    for weighted in (False, True):
        graph = nx.gnm_random_graph(n, m, seed=settings.seed)
        if weighted:
            nx.set_edge_attributes(graph, {edge: 1.0 + i % 7 for i, edge in enumerate(graph.edges)}, "weight")
        samples = alternate({"graphemb": partial(Graph.from_networkx, graph),
                             "networkx": partial(nx.to_scipy_sparse_array, graph, format="csr")},
                            1 if settings.quick else settings.repeat)
        ours, theirs = samples["graphemb"][0].result, samples["networkx"][0].result
        check(ours.n_edges == m and abs(ours.to_scipy() - theirs).sum() == 0,
              f"the two conversions differ (weighted: {weighted})")
        walls = {who: [s.wall for s in of] for who, of in samples.items()}
        record(f"gnm {n:,} nodes, {m:,} edges{', weighted' if weighted else ''}",
               graphemb_seconds=spread(walls["graphemb"]), networkx_seconds=spread(walls["networkx"]),
               networkx_over_graphemb=ratios(walls["networkx"], walls["graphemb"]))
