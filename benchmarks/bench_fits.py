"""End to end: DeepWalk and node2vec from a graph in memory to vectors, beside rivals' own calls, F1 beside seconds."""

from __future__ import annotations

from functools import partial
from typing import Any

import graphemb
from graphemb.evaluate import node_classification

from .bench_quality import FLOOR, check_tokens, per_cent
from .graphs import available, load
from .measure import Recorder, Settings, alternate, check, ratios, spread
from .peers import FitPeer, NotInstalled

PEERS = ("fastnode2vec", "pecanpy")
CASES = {"DeepWalk": (1.0, 1.0), "Node2Vec": (0.25, 4.0)}
SIZE = {"n_components": 128, "n_walks": 10, "walk_length": 40, "window": 10}
QUICK = {"n_components": 32, "n_walks": 10, "walk_length": 20, "window": 5}
HIDDEN = "both leave frequent nodes out (gensim's sample=1e-3), so they train on fewer tokens than we do"


def run(settings: Settings, record: Recorder) -> None:
    """Ours with one thread and with two, lock-free too; the rivals with one, compiled before the clock starts."""
    chosen = settings.graphs or (("sbm-400",) if settings.quick else
                                 ("blogcatalog",) if "blogcatalog" in available() else ("sbm-10000",))
    size = QUICK if settings.quick else SIZE
    for name in chosen:
        graph, labels = load(name)
        peers: dict[str, FitPeer] = {}
        for peer in () if settings.quick else PEERS:
            try:
                peers[peer] = FitPeer(peer, graph, 1)
            except NotInstalled as error:
                record(f"{name}: {peer}", not_installed=str(error))
        for method, (p, q) in CASES.items():
            second = {} if method == "DeepWalk" else {"p": p, "q": q}
            runs: dict[str, Any] = {
                f"{mode}, {n_jobs} thread{'s' * (n_jobs > 1)}": partial(ours, graph, method, {
                    **size, **second, "random_state": settings.seed, "n_jobs": n_jobs, **options})
                for mode, options in (("deterministic", {}), ("lock-free", {"deterministic": False}))
                for n_jobs in (1, 2)}
            runs |= {peer: partial(call.embed, p=p, q=q, seed=settings.seed, **size) for peer, call in peers.items()}
            samples = alternate(runs, 1 if settings.quick else settings.repeat)
            seconds = {who: [s.wall if who not in peers else s.result[1]["wall"] for s in of]
                       for who, of in samples.items()}
            for who, of in samples.items():
                case = f"{name}: {method}, {who}"
                vectors, report = of[0].result
                values: dict[str, Any] = {"wall": spread(seconds[who])}
                if who in peers:
                    values |= {"rss_peak": report["rss_peak"], "differs": HIDDEN}
                else:
                    check_tokens(report["tokens"], graph, {**size, "n_epochs": 1}, case)
                    one = who.replace("2 threads", "1 thread")
                    values |= {f"over {other}": ratios(seconds[other], seconds[who])
                               for other in (*peers, *([one] if one != who else []))}
                if labels is not None:
                    scores = node_classification(vectors, labels, train_sizes=[0.1, 0.5], n_splits=3,
                                                 random_state=settings.seed)
                    values |= {"micro_f1": per_cent(scores.micro), "macro_f1": per_cent(scores.macro)}
                    if name.startswith("sbm"):
                        check(scores.micro[0.5] >= FLOOR, f"{case}: micro-F1 {scores.micro[0.5]:.3f} < {FLOOR}")
                record(case, **values, p=p, q=q, **size)
        for call in peers.values():
            call.close()


def ours(graph: graphemb.Graph, method: str, parameters: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Vectors and the report of a fit."""
    model = getattr(graphemb, method)(**parameters).fit(graph)
    return model.embedding_, model.fit_report_
