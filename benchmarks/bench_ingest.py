"""From a NetworkX graph, and from a file of edges, to arrays: beside NetworkX's own ways and pandas' reader."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import networkx as nx
import numpy as np

from graphemb import Graph

from .measure import Recorder, Settings, alternate, check, fresh, ratios, spread


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
    n, m = (10_000, 100_000) if settings.quick else (1_000_000, 10_000_000)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "edges.csv")
        write_csv(path, n, m, settings.seed)
        readers = {who: f"benchmarks.bench_ingest:read_{who}" for who in ("graphemb", "pandas", "networkx")}
        runs: dict[str, list[dict]] = {who: [] for who in readers}
        for _ in range(1 if settings.quick else settings.repeat):
            for who, function in readers.items():  # each in a process of its own, for its peak of memory
                runs[who].append(fresh(function, path=path))
        check(len({run["result"] for who in ("graphemb", "networkx") for run in runs[who]}) == 1,
              "the readers found different numbers of edges")
        record(f"csv of {m:,} edges", **{f"{who}_seconds": spread(run["wall"] for run in of)
                                         for who, of in runs.items()},
               **{f"{who}_cpu": spread(run["cpu"] for run in of) for who, of in runs.items()},
               **{f"{who}_peak_mb": max(run["rss_peak"] - run["rss_imports"] for run in of)
                  for who, of in runs.items() if of[0]["rss_peak"] is not None},
               networkx_over_graphemb=ratios((run["wall"] for run in runs["networkx"]),
                                             (run["wall"] for run in runs["graphemb"])))


def write_csv(path: str, n: int, m: int, seed: int) -> None:
    """A file of m random edges between n nodes."""
    rng = np.random.default_rng(seed)
    with open(path, "wb") as file:
        for start in range(0, m, 1_000_000):
            pairs = rng.integers(0, n, (min(1_000_000, m - start), 2)).tolist()
            file.write(b"".join(b"%d,%d\n" % (u, v) for u, v in pairs))


def imports() -> None:
    """What the readers load, so that it is not counted as theirs."""
    import pandas  # noqa: F401
    from scipy import sparse  # noqa: F401

    import graphemb.graph  # noqa: F401


def read_graphemb(path: str) -> int:
    """To a Graph, labels numbered and rows sorted: the number of edges."""
    return Graph.read(path, header=False).n_edges


def read_pandas(path: str) -> int:
    """To a table, no graph yet: the number of lines."""
    import pandas as pd

    return len(pd.read_csv(path, header=None))


def read_networkx(path: str) -> int:
    """To an nx.Graph: the number of edges."""
    return nx.read_edgelist(path, delimiter=",", nodetype=int).number_of_edges()
