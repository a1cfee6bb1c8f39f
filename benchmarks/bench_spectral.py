"""Spectral methods: seconds, memory, how well the vectors solve their problem, and F1 beside."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds
from sklearn import manifold
from sklearn.datasets import make_swiss_roll

import graphemb
from graphemb import Graph
from graphemb.evaluate import link_prediction, node_classification
from graphemb.spectrum import row_normalised

from .graphs import available, load
from .measure import Recorder, Sample, Settings, alternate, check, fresh, ratios, spread, timed
from .peers import FitPeer, NotInstalled

OURS: dict[str, dict[str, Any]] = {
    "AdjacencySpectral": {}, "LaplacianEigenmaps": {}, "LocallyLinearEmbedding": {"tol": 1e-8},
}
SLOW = 10.0  # seconds; a case that takes longer is run once
RIVALS_LIMIT = 20_000  # nodes; SciPy and scikit-learn do not finish on ego_twitter
SIGNS = ("blogcatalog", "ppi", "wikipedia_pos", "wikipedia_pos_weighted", "cora", "cora_cites", "airports_usa",
         "email_eu_core", "wiki_tlink", "n2vplus_k3l2")
UNLABELLED = ("facebook_ego", "ca_astroph", "bitcoin_otc", "collegemsg", "celegans_neural")
GENERATED = {  # edge probabilities between blocks
    "communities": np.full((5, 5), 0.01) + 0.02 * np.eye(5),
    "weak avoidance": np.full((5, 5), 0.02) - 0.012 * np.eye(5),
    "avoidance": np.full((3, 3), 0.02) - 0.016 * np.eye(3),
    "mixed": np.array([[.004, .02, .004, .004], [.02, .004, .004, .004], [.004, .004, .012, .004],
                       [.004, .004, .004, .012]]),
    "core and periphery": np.array([[.04, .02, .01], [.02, .008, .004], [.01, .004, .002]]),
    "chain": np.full((6, 6), .002) + 0.018 * (np.eye(6, k=1) + np.eye(6, k=-1)),
}


def run(settings: Settings, record: Recorder) -> None:
    """Each method beside its rivals in turn, a fit of each in a fresh process for memory; then signs compared."""
    chosen = settings.graphs or (("sbm-400",) if settings.quick else
                                 tuple({"blogcatalog"} & set(available())) or ("sbm-10000",))
    d = 16 if settings.quick else 128
    for name in chosen:
        graph, labels = load(name)
        if not graph.directed:
            beside_scikit_network(name, graph, labels, d, settings, record)
        for method, parameters in OURS.items():
            if method == "LocallyLinearEmbedding" and graph.n_nodes > RIVALS_LIMIT:
                parameters = {"tol": 1e-4}
            compare(name, graph, labels, method, parameters, d, settings, record)
    points(settings, record)
    if settings.quick or settings.long:
        labelled = ("karate",) if settings.quick else tuple(n for n in SIGNS if n in available())
        signs(labelled, settings, record)
        mean_degrees((*labelled, *(n for n in UNLABELLED if n in available() and not settings.quick)), settings, record)


def beside_scikit_network(name: str, graph: Graph, labels: Any, d: int, settings: Settings,
                          record: Recorder) -> None:
    """Our two methods and scikit-network's one in turn, each with one thread; ratios are of processor time."""
    if settings.quick or (settings.against is not None and "scikit-network" not in settings.against):
        return
    try:
        peer = FitPeer("scikit-network", "LaplacianEigenmaps", graph, settings.n_jobs)
    except NotInstalled as reason:
        record(f"{name}: scikit-network", not_installed=str(reason))
        return
    ours = ("AdjacencySpectral", "LaplacianEigenmaps")
    cpu: dict[str, list[float]] = {case: [] for case in (*ours, "scikit-network")}
    vectors: dict[str, np.ndarray] = {}
    for _ in range(settings.repeat):
        for method in ours:
            sample = timed(partial(fit, graph, method, d, OURS[method], settings.seed))
            vectors[method] = sample.result.embedding_
            cpu[method].append(sample.cpu)
        vectors["scikit-network"], outcome = peer.embed(n_components=d, seed=settings.seed)
        cpu["scikit-network"].append(outcome["cpu"])
    peer.close()
    for case, seconds in cpu.items():
        values: dict[str, Any] = {"cpu": spread(seconds), "of_scikit_network": ratios(seconds, cpu["scikit-network"])}
        if case == "scikit-network":
            values["rss_peak"] = outcome["rss_peak"]
        record(f"{name}: {case} in turn, {d} columns", **values, **f1(vectors[case], labels, settings))


def f1(vectors: np.ndarray, labels: Any, settings: Settings) -> dict[str, float]:
    """Micro- and macro-F1 at 50 %, in per cent; nothing without labels."""
    if labels is None:
        return {}
    scores = node_classification(vectors, labels, train_sizes=(0.5,), random_state=settings.seed,
                                 n_splits=2 if settings.quick else 10)
    return {"micro_f1": 100 * scores.micro[0.5], "macro_f1": 100 * scores.macro[0.5]}


def compare(name: str, graph: Graph, labels: Any, method: str, parameters: dict[str, Any], d: int,
            settings: Settings, record: Recorder) -> None:
    """Our method and, where there is one in SciPy or scikit-learn that finishes, its rival on the same graph."""
    cases: dict[str, Callable[[], Any]] = {method: partial(fit, graph, method, d, parameters, settings.seed)}
    if not graph.directed and graph.n_nodes <= RIVALS_LIMIT:
        if method == "LaplacianEigenmaps":
            cases["scikit-learn"] = partial(scikit_learn, graph, d)
        elif method == "LocallyLinearEmbedding":
            cases["scipy svds"] = partial(scipy_svds, graph, d)
    samples: dict[str, list[Sample]] = alternate(cases, 1 if settings.quick else settings.repeat, once=SLOW)
    memory = fresh("benchmarks.bench_spectral:fit_by_name", graph=name, method=method, n_components=d,
                   parameters=parameters, seed=settings.seed)
    for case, of in samples.items():
        values: dict[str, Any] = {"wall": spread(s.wall for s in of), "cpu": spread(s.cpu for s in of)}
        result = of[0].result
        if case == method:
            residual = float(np.max(result.fit_report_["residuals"]))
            check(residual <= 10 * result.tol, f"{name}: {case} has relative residual {residual:.1e}")
            values |= {"largest_relative_residual": residual, "rss_peak": memory["rss_peak"],
                       "rss_imports": memory["rss_imports"]}
            result = result.embedding_
        else:
            values["ours_is_faster"] = ratios((s.cpu for s in of), (s.cpu for s in samples[method]))
            if isinstance(result, tuple):
                result, values["largest_relative_residual"] = result
        record(f"{name}: {case}, {d} columns", **values, **f1(result, labels, settings))


def points(settings: Settings, record: Recorder) -> None:
    """LLE of points on a manifold beside scikit-learn's, and of points that fill space, which it does not finish."""
    n = 500 if settings.quick else 50_000
    roll, _ = make_swiss_roll(n, random_state=settings.seed)
    samples = alternate({
        "ours": lambda: graphemb.LLE(2, n_neighbors=12, random_state=settings.seed).fit(roll),
        "scikit-learn": lambda: manifold.LocallyLinearEmbedding(n_neighbors=12, random_state=settings.seed).fit(roll),
    }, 1 if settings.quick else settings.repeat, once=SLOW)
    error = {case: of[0].result.reconstruction_error_ for case, of in samples.items()}
    check(abs(error["ours"] - error["scikit-learn"]) <= 1e-3 * error["scikit-learn"] + 1e-10,
          f"swiss roll: reconstruction error {error['ours']:.3e}, scikit-learn's is {error['scikit-learn']:.3e}")
    for case, of in samples.items():
        record(f"swiss roll, {n:,} points: {case}", wall=spread(s.wall for s in of), cpu=spread(s.cpu for s in of),
               reconstruction_error=error[case])
    n = 500 if settings.quick else 10_000
    cloud = np.random.default_rng(settings.seed).standard_normal((n, 128))
    sample = timed(lambda: graphemb.LLE(32, n_neighbors=16, random_state=settings.seed).fit(cloud))
    record(f"cloud, {n:,} points in 128-d: 32 columns", wall=sample.wall, cpu=sample.cpu,
           largest_relative_residual=float(np.max(sample.result.fit_report_["residuals"])))


def signs(names: tuple[str, ...], settings: Settings, record: Recorder) -> None:
    """Does the rule of ``which="auto"`` take the better eigenvalues, and which degree exponent suits them?

    Micro-F1 at 50 % of both signs at two exponents, what the rule took at each, and what it lost by that.
    """
    graphs: dict[str, Callable[[], tuple[Graph, Any]]] = {name: partial(load, name) for name in names}
    if not settings.quick:
        graphs |= {name: partial(blocks, P) for name, P in GENERATED.items()}
    for name, read in graphs.items():
        graph, labels = read()
        if graph.directed:  # singular values have one sign
            A = graph.to_scipy()
            graph = Graph.from_scipy(A + A.T, directed=False)
        d = 16 if name in GENERATED else min(128, graph.n_nodes // 2)
        values: dict[str, Any] = {}
        for exponent in (0.5, 0.25):
            embed = partial(graphemb.AdjacencySpectral, d, degree_exponent=exponent, random_state=settings.seed)
            scores = {}
            for which in ("positive", "magnitude"):
                found = node_classification(embed(which=which).fit_transform(graph), labels, train_sizes=(0.5,),
                                            random_state=settings.seed, n_splits=2 if settings.quick else 5)
                scores[which] = round(100 * found.micro[0.5], 1)
            auto = embed().fit(graph).which_
            values[f"exponent {exponent}"] = {"auto": auto, **scores, "loses": max(scores.values()) - scores[auto]}
        record(f"{name}: signs", **values)


def mean_degrees(names: tuple[str, ...], settings: Settings, record: Recorder) -> None:
    """What should ``regularization`` be a share of? Of the mean degree, as it is, or of one that counts hubs for more?

    That is the root mean square, or the mean degree at the ends of edges. F1 at 50 %, or AUC of links told from
    non-edges of like degrees where there are no labels.
    """
    for name in names:
        graph, labels = load(name)
        if graph.directed:
            A = graph.to_scipy()
            graph = Graph.from_scipy(A + A.T, directed=False)
        split = None if labels is not None else graphemb.split_edges(graph, test_size=0.3, random_state=settings.seed)
        if split is not None:
            graph = split.graph
        degree = np.asarray(graph.to_scipy().sum(axis=1), np.float64)
        spread_of_degrees = np.square(degree).mean() / degree.mean() ** 2
        values: dict[str, Any] = {}
        for mean, factor in (("mean", 1.0), ("root mean square", spread_of_degrees**0.5),
                             ("mean at ends", spread_of_degrees)):
            model = graphemb.AdjacencySpectral(min(128, graph.n_nodes // 2), regularization=0.1 * factor,
                                               random_state=settings.seed).fit(graph)
            values[mean] = f1(model.embedding_, labels, settings) if split is None else {
                "auc": 100 * link_prediction(model, split, negatives="degree")["degree"].auc}
        record(f"{name}: regularisation", **values)


def fit(graph: Graph, method: str, n_components: int, parameters: dict[str, Any], seed: int) -> Any:
    """A fitted model."""
    return getattr(graphemb, method)(n_components, random_state=seed, **parameters).fit(graph)


def imports() -> None:
    """What is loaded before memory is first read."""
    for method in OURS:
        importlib.import_module(getattr(graphemb, method).__module__)


def fit_by_name(graph: str, method: str, n_components: int, parameters: dict[str, Any], seed: int) -> None:
    """Fit in a fresh process."""
    fit(load(graph)[0], method, n_components, parameters, seed)


def scikit_learn(graph: Graph, n_components: int) -> np.ndarray:
    """Laplacian eigenvectors by ARPACK, rows of length 1."""
    model = manifold.SpectralEmbedding(n_components, affinity="precomputed", random_state=0, eigen_solver="arpack")
    Z = model.fit_transform(sparse.csr_matrix(graph.to_scipy(), dtype=np.float64))
    length = np.linalg.norm(Z, axis=1, keepdims=True)
    return Z / np.where(length > 0, length, 1)


def scipy_svds(graph: Graph, n_components: int) -> tuple[np.ndarray, float]:
    """The usual way to graph LLE: smallest singular vectors of I - W, the constant one left out."""
    T = (sparse.eye_array(graph.n_nodes) - row_normalised(graph.to_scipy())).tocsr()
    _, s, Vt = svds(T, n_components + 1, which="SM", tol=1e-4, random_state=0)
    order = np.argsort(s)[1:]
    V, values = Vt[order].T, s[order] ** 2
    residuals = np.linalg.norm(T.T @ (T @ V) - V * values, axis=0) / values
    return V, float(residuals.max())


def blocks(P: np.ndarray, n: int = 1800, seed: int = 0) -> tuple[Graph, np.ndarray]:
    """A stochastic block model and the blocks of its nodes."""
    rng = np.random.default_rng(seed)
    block = np.arange(n) % len(P)
    upper = np.triu(rng.random((n, n)) < P[np.ix_(block, block)], 1)
    return Graph.from_scipy(sparse.csr_array((upper | upper.T).astype(np.float32)), directed=False), block
