"""Locally Linear Embedding: seconds, and how well the eigenvectors it returns solve the problem."""

from __future__ import annotations

from functools import partial

from graphemb import Graph, LocallyLinearEmbedding

from .graphs import available, load
from .measure import Recorder, Settings, alternate, check, spread


def run(settings: Settings, record: Recorder) -> None:
    """Two and sixteen columns on each graph."""
    chosen = settings.graphs or (("sbm-400",) if settings.quick else
                                 tuple({"ppi", "ca_astroph"} & set(available())) or ("sbm-10000",))
    for name in chosen:
        graph, _ = load(name)
        samples = alternate({str(d): partial(fit, graph, d, settings.seed) for d in (2, 16)},
                            1 if settings.quick else settings.repeat)
        for d, of in samples.items():
            model = of[0].result
            residual = max(model.fit_report_["residuals"])
            record(f"{name}: LocallyLinearEmbedding, {d} columns", wall=spread(s.wall for s in of),
                   cpu=spread(s.cpu for s in of), largest_relative_residual=residual, n_iter=model.n_iter_)
            check(residual <= 1e-3, f"{name}: an eigenvector has relative residual {residual:.1e}")


def fit(graph: Graph, n_components: int, seed: int) -> LocallyLinearEmbedding:
    """A fitted model."""
    return LocallyLinearEmbedding(n_components, random_state=seed).fit(graph)
