"""What `estimate` says beside what fits take."""

import sys

import networkx as nx
import numpy as np
import pytest

from graphemb import (
    LLE,
    AdjacencySpectral,
    DeepWalk,
    FastRP,
    LaplacianEigenmaps,
    MetaPath2Vec,
    NetMF,
    Node2Vec,
    Struc2Vec,
    Walklets,
    forecast,
)
from graphemb.graph import as_graph

LESMIS = nx.les_miserables_graph()
BAND = 2.0  # what the docstring promises


def growing(n, seed=0):
    return as_graph(nx.barabasi_albert_graph(n, 5, seed=seed))


CHILD = """
import contextlib, ctypes, sys, networkx as nx, graphemb
from graphemb.graph import as_graph
def kb(key):
    return int(next(line for line in open("/proc/self/status") if line.startswith(key)).split()[1])
kind, n = sys.argv[1], int(sys.argv[2])
model = {"walks": graphemb.Node2Vec(n_components=256, q=0.5, n_walks=1, walk_length=10, random_state=0),
         "spectral": graphemb.AdjacencySpectral(n_components=64, random_state=0)}[kind]
small = as_graph(nx.barabasi_albert_graph(1500, 5, seed=1))
model.fit(small)  # what is imported, and what libraries hold for themselves, is not the fit's
graph = as_graph(nx.barabasi_albert_graph(n, 5, seed=0))
told = model.estimate(graph).memory_bytes if len(sys.argv) > 3 else 0
with contextlib.suppress(AttributeError):
    ctypes.CDLL(None).malloc_trim(0)  # what the making of the graph gave back would be taken again, unseen
before = kb("VmRSS")
open("/proc/self/clear_refs", "w").write("5")  # the peak begins anew
model.fit(graph)
print(told, 1024 * (kb("VmHWM") - before))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
@pytest.mark.parametrize(("kind", "n"), [("walks", 30_000), ("spectral", 20_000)])
def test_resident_memory_of_real_fits_is_within_the_band(kind, n):
    import subprocess

    def run(*more):
        done = subprocess.run([sys.executable, "-c", CHILD, kind, str(n), *more], capture_output=True, text=True)
        if "PermissionError" in done.stderr:
            pytest.skip("the peak of resident memory cannot be reset here")
        assert not done.returncode, done.stderr
        return list(map(int, done.stdout.split()))

    told, _ = run("estimate")
    _, peak = run()
    assert peak / BAND < told < peak * BAND


@pytest.mark.parametrize("model", [
    DeepWalk(n_walks=1, walk_length=10), Node2Vec(q=0.5, n_walks=1, walk_length=10), AdjacencySpectral(32),
    LaplacianEigenmaps(32), FastRP(64)], ids=lambda model: type(model).__name__)
def test_allocated_memory_is_within_the_band_beyond_the_samples(model):
    graph = growing(12_000)
    told = model.estimate(graph).memory_bytes
    peak, _ = forecast.measured(lambda: model.fit(graph))
    assert peak / BAND < told < peak * BAND


@pytest.mark.parametrize(("model", "tokens"), [
    (DeepWalk(n_walks=3, walk_length=7, n_epochs=2), 3 * 7 * 2 * 77), (Node2Vec(p=4, n_walks=2, walk_length=5), 770)])
def test_tokens_are_those_of_the_fit(model, tokens):
    assert model.estimate(LESMIS).tokens == tokens == model.fit(LESMIS).fit_report_["tokens"]


def test_tokens_of_a_fit_that_the_probe_cannot_finish():
    model = DeepWalk(n_walks=200, walk_length=80, random_state=0)
    told = model.estimate(growing(3_000)).tokens
    assert told == pytest.approx(200 * 80 * 3_000, rel=0.01)


def test_what_is_too_much_is_refused_before_anything_runs(monkeypatch):
    monkeypatch.setattr(forecast, "measured", lambda run: pytest.fail("ran"))
    for model in (DeepWalk(), AdjacencySpectral()):
        with pytest.raises(MemoryError, match=r"would need about .* MB .*max_memory is 0 MB\. Lower n_components"):
            model.estimate(LESMIS, max_memory=1000)
    with pytest.raises(ValueError, match="max_memory must be a finite number > 0"):
        DeepWalk().estimate(LESMIS, max_memory=-1)


def test_the_scheme_is_the_one_of_the_whole_graph():
    assert NetMF(4).estimate(LESMIS).scheme == "method='exact'"
    big = growing(6_000)
    assert NetMF(4, max_memory=2**24, max_iter=50).estimate(big).scheme == "method='sampled'"
    assert AdjacencySpectral(4).estimate(LESMIS).scheme == "dense decomposition"
    assert "bitmap" in Node2Vec(q=2, n_walks=1, walk_length=4).estimate(LESMIS).scheme
    assert "first-order" in DeepWalk(n_walks=1, walk_length=4, trainer="gensim").estimate(LESMIS).scheme


def test_nothing_of_the_estimator_changes_and_every_kind_is_told():
    types = {name: "a" if i % 2 else "b" for i, name in enumerate(LESMIS)}
    for model in (Walklets(8, n_walks=1, walk_length=5), Struc2Vec(8, n_walks=1, walk_length=5),
                  MetaPath2Vec(8, types=types, metapath=["a", "b", "a"], n_walks=1, walk_length=5), LLE(4),
                  FastRP(8, features=np.eye(77)) if "features" in FastRP().get_params() else FastRP(8)):
        before = repr(model.get_params())
        told = model.estimate(LESMIS)
        assert told.memory_bytes > 0 and told.seconds > 0
        assert repr(model.get_params()) == before and not hasattr(model, "embedding_")
        assert "MB at the peak" in str(told)
    points = np.random.default_rng(0).standard_normal((300, 5))
    assert LLE(2, n_neighbors=8).estimate(points).scheme == "points, method='standard'"


def test_a_sample_has_the_degrees_of_the_graph():
    graph = growing(8_000)
    rows, part = forecast.sample(graph, 2_000)
    assert part.nodes == tuple(graph.nodes[row] for row in rows)
    assert part.n_edges / part.n_nodes == pytest.approx(graph.n_edges / graph.n_nodes, rel=0.15)
    directed = as_graph(nx.gnm_random_graph(3_000, 12_000, seed=0, directed=True))
    _, part = forecast.sample(directed, 1_000)
    assert part.directed and part.n_edges / part.n_nodes == pytest.approx(4, rel=0.15)
