"""The harness measures what it says it measures."""
import json

import numpy as np
import pytest

benchmarks = pytest.importorskip("benchmarks", reason="run from the source tree: python -m pytest")
from benchmarks import bench_walks, graphs, measure  # noqa: E402
from benchmarks.__main__ import benches  # noqa: E402
from graphemb import Graph  # noqa: E402


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHEMB_DATA", str(tmp_path))
    return tmp_path


def test_alternate_runs_in_turn():
    order = []
    samples = measure.alternate({"a": lambda: order.append("a"), "b": lambda: order.append("b") or 7}, 3)
    assert order == ["a", "b"] * 3
    assert [s.result for s in samples["b"]] == [7] * 3


def test_spread_and_ratios():
    assert measure.spread([3, 1, 2]) == {"median": 2, "min": 1, "max": 3}
    assert measure.ratios([2, 9, 4], [1, 3, 8]) == {"median": 2, "min": 0.5, "max": 3}
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        measure.ratios([1, 2], [1])


def test_memory_of_a_fresh_process_sees_what_it_takes():
    small = measure.fresh("numpy:base_repr", number=1)
    if small["rss_peak"] is None:
        pytest.skip("this platform does not tell the memory of a process")
    large = measure.fresh("numpy:base_repr", number=1, padding=200_000_000)  # a string of 200 MB
    assert small["rss_peak"] - small["rss_imports"] < 50
    assert large["rss_peak"] - large["rss_imports"] > 150


def test_a_failing_function_is_heard():
    with pytest.raises(RuntimeError, match="No graph 'nowhere'"):
        measure.fresh("benchmarks.graphs:load", name="nowhere")


def test_recorder_appends_lines_of_json(tmp_path, capsys):
    record = measure.Recorder("walks", measure.Settings(seed=5), results=tmp_path)
    record("first", speed=measure.spread([1.0, 2.0]))
    record("second", note="x")
    lines = [json.loads(line) for line in (tmp_path / "walks.jsonl").read_text().splitlines()]
    assert [line["case"] for line in lines] == ["first", "second"]
    assert lines[0]["speed"] == {"median": 1.5, "min": 1.0, "max": 2.0}
    assert lines[0]["seed"] == 5
    assert lines[0]["machine"]["versions"]["numpy"] == np.__version__
    assert "1.5 [1, 2]" in capsys.readouterr().out


def test_every_bench_has_a_run():
    assert {"walks", "skipgram", "quality", "memory", "ingest", "spectral"} <= set(benches())
    assert {"links", "foldin", "columns"} <= set(benches())


@pytest.mark.parametrize("name", ["rmat-6", "sbm-60"])
def test_generated_graphs_are_simple_and_repeatable(name):
    graph, _ = graphs.load(name)
    assert graph.fingerprint == graphs.load(name)[0].fingerprint
    matrix = graph.to_scipy()
    assert graph.n_edges > graph.n_nodes / 2
    assert matrix.diagonal().sum() == 0
    assert (matrix.data == 1).all()
    assert abs(matrix - matrix.T).sum() == 0


def test_blocks_are_denser_inside():
    graph, labels = graphs.stochastic_blocks(200, n_blocks=4, degree_in=16, degree_out=4)
    block = labels.toarray().argmax(axis=1)
    arcs = graph.to_scipy().tocoo()
    inside = (block[arcs.row] == block[arcs.col]).sum() / 200
    assert 12 < inside < 18
    assert 3 < len(arcs.row) / 200 - inside < 5


def test_real_graphs_get_their_loops_and_labels(folder):
    np.savez(folder / "tiny.npz", indptr=np.array([0, 1, 2, 2]), indices=np.array([1, 0], np.int32),
             data=np.array([2, 2], np.float32), directed=np.array(False),
             self_loop_nodes=np.array([2], np.int32), self_loop_weights=np.array([3], np.float32),
             labels_indptr=np.array([0, 2, 2, 3]), labels_indices=np.array([0, 2, 1], np.int32), n_labels=3)
    graph, labels = graphs.load("tiny")
    assert graph.to_scipy().toarray().tolist() == [[0, 2, 0], [2, 0, 0], [0, 0, 3]]
    assert labels.toarray().tolist() == [[True, False, True], [False] * 3, [False, True, False]]
    assert graphs.available() == ["tiny"]


def test_an_absent_graph_says_what_to_set(folder, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"No graph 'ppi'.*holds ppi.npz"):
        graphs.load("ppi")
    monkeypatch.delenv("GRAPHEMB_DATA")
    with pytest.raises(FileNotFoundError, match="GRAPHEMB_DATA is not set"):
        graphs.load("ppi")


def test_published_figures_match_protocol_and_method(folder):
    rows = [("ppi", "node classification", "Micro-F1 %", "DeepWalk (authors)", "50%", "20.5", "table 2"),
            ("ppi", "node classification", "Macro-F1", "node2vec", "50%", "0.179", "table 3"),
            ("ppi", "node classification", "Macro-F1", "node2vec+", "50%", "0.5", "no"),
            ("ppi", "node classification", "Macro-F1 (n2v+ protocol)", "node2vec", "50%", "0.5", "no"),
            ("ppi", "link prediction", "Macro-F1", "node2vec", "50%", "0.5", "no")]
    header = ["dataset", "task", "metric", "method", "train_ratio", "value", "source_table"]
    (folder / "PUBLISHED.tsv").write_text("\n".join("\t".join(row) for row in [header, *rows]) + "\n")
    assert graphs.published("ppi", "DeepWalk", "Micro-F1", 0.5) == [(20.5, "DeepWalk (authors), table 2")]
    assert graphs.published("ppi", "Node2Vec", "Macro-F1", 0.5) == [(17.9, "node2vec, table 3")]
    assert graphs.published("ppi", "Node2Vec", "Macro-F1", 0.1) == []
    found = graphs.published("ppi", "any", "Macro-F1", "50%", "link prediction")
    assert found == [(50.0, "node2vec, no")]


def test_rates_and_arcs_are_counted_as_defined():
    graph = Graph.from_edges([0, 1, 2, 2], [1, 2, 0, 3])  # a triangle and a tail
    walks = np.array([[0, 1, 0, 2], [0, 1, 2, 3], [3, 2, -1, -1]], np.int32)
    # Of (0 -> 0), (1 -> 2), (0 -> 2), (1 -> 3): one return, two to a neighbour.
    assert bench_walks.rates(walks, graph) == (0.25, 0.5)
    assert bench_walks.uses_arcs_only(walks, graph)
    assert not bench_walks.uses_arcs_only(np.array([[0, 3]], np.int32), graph)


def test_weights_are_those_of_an_undirected_graph():
    weighted = bench_walks.with_weights(graphs.load("karate")[0], seed=0).to_scipy()
    assert abs(weighted - weighted.T).sum() == 0
    assert len(np.unique(weighted.data)) == 78
