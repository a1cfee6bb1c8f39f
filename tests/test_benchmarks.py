"""The harness measures what it says it measures."""
import importlib
import json
import re
import runpy
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import normalize

benchmarks = pytest.importorskip("benchmarks", reason="run from the source tree: python -m pytest")
from benchmarks import (  # noqa: E402
    bench_frontier,
    bench_links,
    bench_rivals,
    bench_scale,
    bench_skipgram,
    bench_walks,
    graphs,
    measure,
    peers,
    report,
    results,
    tables,
)
from benchmarks.__main__ import benches, main  # noqa: E402
from graphemb import FastRP, Graph, RandNE, propagate, skipgram, walks  # noqa: E402


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
    assert measure.ratios([6], [2, 1, 3]) == {"median": 3, "min": 2, "max": 6}  # run once beside three times
    assert measure.ratios([6, 9], [3]) == {"median": 2.5, "min": 2, "max": 3}


def test_a_slow_case_is_not_repeated(monkeypatch):
    walls = {"slow": 8.0, "fast": 1.0}
    monkeypatch.setattr(measure, "timed", lambda run: measure.Sample(walls[run], 0.0, run))
    samples = measure.alternate({name: name for name in walls}, 3, once=5.0)
    assert {name: len(of) for name, of in samples.items()} == {"slow": 1, "fast": 3}


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
    record = measure.Recorder("walks", measure.Settings(seed=5), tmp_path / "walks.jsonl")
    record("first", speed=measure.spread([1.0, 2.0]))
    record("second", note="x")
    lines = [json.loads(line) for line in (tmp_path / "walks.jsonl").read_text().splitlines()]
    assert [line["case"] for line in lines] == ["first", "second"]
    assert lines[0]["speed"] == {"median": 1.5, "min": 1.0, "max": 2.0}
    assert lines[0]["seed"] == 5
    assert 1 < lines[0]["yardstick"] < 10_000  # milliseconds
    assert lines[0]["machine"]["versions"]["numpy"] == np.__version__
    assert "1.5 [1, 2]" in capsys.readouterr().out


def test_every_bench_has_a_run():
    assert {"walks", "skipgram", "quality", "memory", "ingest", "spectral"} <= set(benches())
    assert {"links", "foldin", "columns", "rivals", "scale"} <= set(benches())


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
    made = np.array([[0, 1, 0, 2], [0, 1, 2, 3], [3, 2, -1, -1]], np.int32)
    # Of (0 -> 0), (1 -> 2), (0 -> 2), (1 -> 3): one return, two to a neighbour.
    assert bench_walks.rates(made, graph) == (0.25, 0.5)
    assert bench_walks.uses_arcs_only(made, graph)
    assert not bench_walks.uses_arcs_only(np.array([[0, 3]], np.int32), graph)


def test_weights_are_those_of_an_undirected_graph():
    weighted = bench_walks.with_weights(graphs.load("karate")[0], seed=0).to_scipy()
    assert abs(weighted - weighted.T).sum() == 0
    assert len(np.unique(weighted.data)) == 78


def settings(**changes):
    return measure.Settings(**{"quick": True, "graphs": ("sbm-200",), "repeat": 1, "against": (), **changes})


def run(bench, tmp_path, **changes):
    """The records of a quick run of a bench."""
    path = tmp_path / "results.jsonl"
    module = importlib.import_module(f"benchmarks.bench_{bench}")
    module.run(settings(**changes), measure.Recorder(bench, settings(**changes), path))
    return results.read([path])


def half(whole, doubled):
    """A training kernel that leaves every other walk out; `doubled`, it counts as if it had not."""
    def train(walks, ids, rates, *rest):
        before = rest[-1].copy()
        done = whole(walks[::2].copy(), ids[::2].copy(), rates[::2].copy(), *rest)
        if doubled:
            rest[-1][:] += rest[-1] - before
        return done
    return train


def test_training_that_is_whole_passes(tmp_path):
    found = run("skipgram", tmp_path)
    assert {record["tokens"] for record in found} == {200 * 20 * 40}


@pytest.mark.parametrize(("doubled", "heard"), [
    (False, r"trained on [\d,]+ tokens where 160,000 were asked for|were trained"),
    (True, "the walks of (4|5).% of a star's leaves were trained")])
def test_a_kernel_that_trains_half_the_tokens_is_caught(doubled, heard, tmp_path, monkeypatch):
    monkeypatch.setattr(skipgram._sgns, "train", half(skipgram._sgns.train, doubled))
    with pytest.raises(measure.CheckFailed, match=heard):
        run("skipgram", tmp_path)


def test_tokens_are_checked_by_themselves(tmp_path, monkeypatch):
    monkeypatch.setattr(bench_skipgram, "check_every_walk_trains", lambda *_: None)
    monkeypatch.setattr(skipgram._sgns, "train", half(skipgram._sgns.train, False))
    with pytest.raises(measure.CheckFailed, match=r"trained on [\d,]+ tokens where 160,000 were asked for"):
        run("skipgram", tmp_path)


@pytest.mark.parametrize("lost", ["walks", "steps"])
def test_a_kernel_that_walks_half_is_caught(lost, tmp_path, monkeypatch):
    whole = walks._walks.first_order

    def first_order(indptr, indices, table, key, ids, starts, into):
        if lost == "walks":  # the second half of the walks are copies of the first
            h = len(ids) // 2
            whole(indptr, indices, table, key, ids[:h], starts[:h], into[:h])
            whole(indptr, indices, table, key, ids[:len(ids) - h], starts[:len(ids) - h], into[h:])
        else:
            whole(indptr, indices, table, key, ids, starts, into)
            into[:, into.shape[1] // 2:] = -1
        return 0

    for kernel in ("first_order", "first_order_vector"):
        monkeypatch.setattr(walks._walks, kernel, first_order)
    with pytest.raises(measure.CheckFailed, match="were asked for"):
        run("walks", tmp_path, graphs=("sbm-200",))


def test_rivals_run_by_the_protocol_of_a_process_of_their_own(tmp_path, monkeypatch):
    """Ours by the very protocol of the rivals; a rival that cannot be had is on record with the reason."""
    def refuse(peer, again=False):
        if peer == "gensim":
            raise peers.NotInstalled("ERROR: No matching distribution found for gensim")
        return Path(sys.executable)

    monkeypatch.setattr(bench_rivals, "python_of", refuse)
    monkeypatch.setattr(bench_rivals, "QUICK", ("FastRP",))
    found = run("rivals", tmp_path, against=("gensim",))
    assert found[0]["not_installed"] == "ERROR: No matching distribution found for gensim"
    record = found[1]
    assert (record["graph"], record["method"], record["who"]) == ("sbm-200", "FastRP", "graphemb")
    assert record["micro_f1"]["50%"] > 90
    assert record["wall"]["median"] > 0
    shown = report.page(results.newest(found))
    assert "No matching distribution found for gensim" in shown


def test_each_split_is_scored_on_a_run_of_its_own():
    labels = graphs.load("sbm-200")[1]
    good = labels.toarray().astype(float)
    noise = np.random.default_rng(0).normal(size=good.shape)
    whole, mixed, once = (bench_rivals.score(runs, labels, settings(), "toy", None, (0.5,))["micro_f1"]["50%"]
                          for runs in ([good] * 3, [good, noise, noise], [good]))
    assert whole == once == 100
    assert 100 / 3 < mixed < 80


def test_rivals_tell_the_same_held_out_edges(tmp_path, monkeypatch):
    def here(peer, again=False):
        if peer == "gensim":
            raise peers.NotInstalled("no gensim")
        return Path(sys.executable)

    for module in (bench_rivals, peers):
        monkeypatch.setattr(module, "python_of", here)
    found = {record["case"]: record for record in run("links", tmp_path, against=("scikit-learn", "gensim"))}
    theirs = found[f"sbm-200: LaplacianEigenmaps of scikit-learn {peers.version_of('scikit-learn')}, hadamard"]
    assert theirs["uniform"]["auc"] > 60
    assert theirs.keys() >= {"cpu", "degree", "hard"}
    assert found[f"gensim {peers.version_of('gensim')}"]["not_installed"] == "no gensim"
    shown = report.summary(results.newest(list(found.values())))
    assert "LaplacianEigenmaps of scikit-learn" in shown
    monkeypatch.setattr(bench_links.FitPeer, "embed", refused)
    late = run("links", tmp_path, against=("scikit-learn",))[-1]
    assert late["gave_up"] == "no result after 1 s"
    assert "LaplacianEigenmaps of scikit-learn" in report.summary([*found.values(), late]).partition("one seed.")[2]


def refused(*_, **__):
    raise peers.GaveUp("no result after 1 s")


def test_a_rival_that_takes_too_long_or_fails_is_ended_with_a_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "MEMORY", 20_000.0)
    graph = graphs.load("sbm-60")[0]
    slow = peers.FitPeer("graphemb", "DeepWalk", graph, 1)
    try:
        with pytest.raises(peers.GaveUp, match="no result after 1 s"):
            slow.embed(1.0, parameters={"n_walks": 10**7}, seed=0)
        assert slow.process.wait(timeout=10) != 0
    finally:
        slow.close()
    wrong = peers.FitPeer("graphemb", "DeepWalk", graph, 1)
    try:
        with pytest.raises(peers.GaveUp, match=r"walk_length must be .*got 0"):
            wrong.embed(60.0, parameters={"walk_length": 0}, seed=0)
    finally:
        wrong.close()


def test_what_cannot_be_installed_says_why_and_is_not_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "ENVIRONMENTS", tmp_path)
    monkeypatch.setitem(peers.PEERS, "old", peers.Peer(("old==1",), pythons=(1,)))
    for _ in range(2):
        with pytest.raises(peers.NotInstalled, match=r"needs Python 3\.1; none on the path"):
            peers.python_of("old")
    tried = []
    monkeypatch.setitem(peers.PEERS, "new", peers.Peer(("new==1",)))
    monkeypatch.setattr(peers, "install", lambda *_: tried.append(1) or "ERROR: no wheel")
    for again in (False, False, True):
        with pytest.raises(peers.NotInstalled, match="ERROR: no wheel"):
            peers.python_of("new", again)
    assert len(tried) == 2


def test_what_gensim_was_told_is_named():
    part = {"tokens": 40, "objective": "CBOW", "softmax": "hierarchical", "sample": 1e-3, "window": 5,
            "learning_rate": 0.05}
    found = bench_rivals.trained([part], 100, 10, "karateclub", "case", "DeepWalk")
    assert found["differs"] == ["trains 40% of the tokens (sample=0.001)", "CBOW, hierarchical", "window 5",
                                "learning rate 0.05"]
    whole = {"tokens": 100, "objective": "skip-gram", "softmax": "5 negatives", "sample": 0, "window": 10,
             "learning_rate": 0.025}
    assert bench_rivals.trained([whole], 100, 10, "node2vec", "case", "DeepWalk")["differs"] == []
    with pytest.raises(measure.CheckFailed, match="trained on 50 tokens where 100 were asked for"):
        bench_rivals.trained([whole | {"tokens": 50}], 100, 10, "graphemb", "case", "DeepWalk")


def test_exponents_are_those_of_the_points():
    points = [{"nodes": n, "edges": 8 * n, "seconds": 1e-3 * n ** 1.2, "rss_above_imports": 1.0 * n}
              for n in (2**8, 2**10, 2**12)]
    found = bench_scale.exponents(points, "nodes and edges")
    assert found["seconds_by_edges"] == pytest.approx(1.2)
    assert found["rss_above_imports_by_nodes"] == pytest.approx(1.0)
    assert found["seconds_by_edges_error"] == 0.0
    bent = [*points[:2], points[2] | {"seconds": spread(1.0, 2 * points[2]["seconds"], 99.0)}]
    found = bench_scale.exponents(bent, "nodes and edges")
    assert found["seconds_by_edges"] == pytest.approx(1.2 + 0.25)
    # off the line by log(2)/6 twice and log(2)/3: sqrt(sum of squares) over the spread of log edges
    assert found["seconds_by_edges_error"] == pytest.approx(1 / 6**0.5 / 8**0.5, abs=5e-4)
    assert bench_scale.exponents(points[:2], "edges alone") == {}


MACHINE = {"processor": "P", "cores": 2, "system": "S", "commit": "abc", "versions": {"python": "3.11.7"}}


def line(case, bench="skipgram", time="2026-01-01T00:00:00+00:00", **values):
    return json.dumps({"bench": bench, "case": case, "time": time, "machine": MACHINE, "quick": False, **values}) + "\n"


def spread(low, middle, high):
    return {"median": middle, "min": low, "max": high}


@pytest.mark.parametrize(("old", "new", "code", "heard"), [
    ({"wall": spread(1.0, 1.1, 1.2)}, {"wall": spread(1.25, 1.3, 1.6)}, 0, "worse: 0"),       # within 10 % of the worst
    ({"wall": spread(1.0, 1.1, 1.2)}, {"wall": spread(1.4, 1.5, 1.6)}, 1, "1.1 -> 1.5 (1.36 times)"),
    ({"wall": spread(1.0, 1.1, 1.2)}, {"wall": spread(1.0, 1.5, 1.6)}, 0, "worse: 0"),        # the runs overlap
    ({"wall": spread(1.0, 1.1, 1.2)}, {"wall": spread(0.5, 0.6, 0.7)}, 0, "better: 1"),
    ({"tokens_per_second": spread(90, 100, 110)}, {"tokens_per_second": spread(50, 55, 60)}, 1, "100 -> 55"),
    ({"tokens": 1000}, {"tokens": 500}, 1, "must be equal"),
    ({"micro_f1": {"50%": 41.0}, "micro_f1_std": {"50%": 0.2}}, {"micro_f1": {"50%": 39.9}}, 0, "worse: 0"),
    ({"micro_f1": {"50%": 41.0}, "micro_f1_std": {"50%": 0.2}}, {"micro_f1": {"50%": 38.0}}, 1,
     "micro_f1 50%: 41 -> 38"),
    ({"ns_a_step": {"graphemb": spread(4, 5, 6), "pecanpy": spread(9, 9, 9)}},
     {"ns_a_step": {"graphemb": spread(4, 5, 6), "pecanpy": spread(99, 99, 99)}}, 0, "worse: 0"),
    ({"rss_peak": 100.0}, {"rss_peak": 150.0}, 1, "rss_peak: 100 -> 150"),
    ({"uniform": {"auc": 97.0}}, {"uniform": {"auc": 90.0}}, 1, "uniform auc: 97 -> 90"),
    ({"who": "gensim", "of_ours": spread(9, 10, 11), "wall": 2.0},
     {"who": "gensim", "of_ours": spread(5, 6, 7), "wall": 9.0}, 1, "ratios to rivals: 1 compared, 1 worse, 0 better"),
    ({"who": "gensim", "wall": 2.0}, {"who": "gensim", "wall": 9.0}, 0, "worse: 0"),          # theirs alone
    ({"seconds": {"graph": 0.001}}, {"seconds": {"graph": 0.009}}, 0, "worse: 0"),      # too short to be told
    ({"wall": 1.0}, {"wall": spread(1.2, 1.3, 1.4)}, 1, "1 -> 1.3"),                          # one run beside several
    ({"rss_above_imports": 10.0}, {"rss_above_imports": 15.0}, 0, "memory: 1 compared, 0 worse"),
    ({"seconds_by_edges": 1.0}, {"seconds_by_edges": 1.2}, 1, "growth: 1 compared, 1 worse"),
    ({"seconds_by_edges": 1.0, "seconds_by_edges_error": 0.04}, {"seconds_by_edges": 1.2}, 0, "growth: 1 compared, 0"),
])
def test_compare_says_what_became_worse_beyond_noise(old, new, code, heard, tmp_path, capsys):
    (tmp_path / "old.jsonl").write_text(line("case", **old))
    (tmp_path / "new.jsonl").write_text(line("case", **new))
    assert main(["compare", str(tmp_path / "old.jsonl"), str(tmp_path / "new.jsonl")]) == code
    assert heard in capsys.readouterr().out


def test_compare_takes_the_noise_of_the_machine_from_both_files(tmp_path, capsys):
    """One run each: a time half as long again is noise where the same work took twice as long, and else is not."""
    for fast, slow, code in ((40.0, 80.0, 0), (40.0, 44.0, 1)):
        for name, wall, moments in (("old", 1.0, fast), ("new", 1.5, slow)):
            (tmp_path / f"{name}.jsonl").write_text(
                line("case", wall=wall, yardstick=moments) + line("other", yardstick=moments))
        assert main(["compare", str(tmp_path / "old.jsonl"), str(tmp_path / "new.jsonl")]) == code
        told = capsys.readouterr().out
        assert f"took up to {slow / fast:.2f} times as long" in told and f"times: 1 compared, {code} worse" in told


def test_noise_is_told_of_the_moments_that_are_known():
    moments = [{"yardstick": 10.0 + i / 10} for i in range(101)]
    untimed = {"bench": "equality", "yardstick": 1000.0}
    assert results.noise([*moments, {}, *[untimed] * 50]) == pytest.approx(19.75 / 10.25)
    assert results.noise(moments[:1]) is results.noise([]) is None
    assert "up to 1.93 times as long" in report.of_noise(moments) and report.of_noise([]) == ""


def test_compare_needs_something_to_compare(tmp_path):
    (tmp_path / "old.jsonl").write_text(line("a", wall=1.0))
    (tmp_path / "new.jsonl").write_text(line("b", wall=1.0))
    with pytest.raises(SystemExit, match="no case in common"):
        main(["compare", str(tmp_path / "old.jsonl"), str(tmp_path / "new.jsonl")])
    (tmp_path / "new.jsonl").write_text("{}\n")
    with pytest.raises(SystemExit, match="line 1, is no record"):
        main(["compare", str(tmp_path / "old.jsonl"), str(tmp_path / "new.jsonl")])


def test_the_newest_record_of_a_case_counts_and_quick_ones_only_alone(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text(line("a", wall=1) + line("a", time="2026-01-02T00:00:00+00:00", wall=2)
                    + line("a", time="2026-01-03T00:00:00+00:00", wall=3, quick=True))
    assert [record["wall"] for record in results.newest(results.read([path]))] == [2]
    path.write_text(line("a", wall=3, quick=True))
    assert [record["wall"] for record in results.newest(results.read([path]))] == [3]


def fit_record(who, wall, score, **more):
    return line(f"toy: DeepWalk, {who}", "rivals", graph="toy", method="DeepWalk", who=who, n_jobs=1, columns=8,
                wall=spread(wall, wall, wall * 1.1), cpu=spread(wall, wall, wall), rss_peak=spread(100, 100, 100),
                micro_f1={"10%": score - 5, "50%": score}, macro_f1={"10%": 1.0, "50%": 2.0},
                asked={"n_components": 8, "n_walks": 10, "walk_length": 40, "window": 10}, **more)


def test_report_is_one_file_with_every_figure_and_its_source(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("GRAPHEMB_DATA", raising=False)
    path = tmp_path / "r.jsonl"
    path.write_text(
        fit_record("graphemb", 1.5, 40.25,
                   published={"Micro-F1 50%": [[41.5, "DeepWalk (authors newer code), table 2"]]})
        + fit_record("gensim", 30.0, 40.0, version="4.4.0", of_ours=spread(19, 20, 21), differs="window <5>")
        + line("toy: DeepWalk, node2vec", "rivals", graph="toy", method="DeepWalk", who="node2vec", version="0.5.0",
               gave_up="no result after 90 s", n_jobs=1)
        + "".join(line(f"nodes and edges: walks, rmat-{k}", "scale", series="nodes and edges", task="walks",
                       nodes=2**k, edges=2**(k + 3), seconds=2.0**(k - 14), rss_peak=2.0**(k - 8)) for k in (14, 16)))
    html, markdown = tmp_path / "report.html", tmp_path / "summary.md"
    assert main(["report", str(path), "--html", str(html), "--markdown", str(markdown)]) == 0
    text = html.read_text()
    for piece in ("prefers-color-scheme: dark", "@media print", "<svg", "window &lt;5&gt;", "no result after 90 s",
                  "same protocol; their splits", "python -m benchmarks run --only rivals", "commit abc", "2026-01-01",
                  "20 [19, 21]", "growth of time"):
        assert piece in text, piece
    assert not re.search(r'(src|href)="(?!#)', text)  # loads nothing
    assert text.count("<svg") == text.count("</svg>") == 5
    for picture in re.findall(r"<svg.*?</svg>", text):
        ElementTree.fromstring(picture)
    assert "| DeepWalk | 1.5 [1.5, 1.65] | 40.2 / 2.0 | gensim 4.4.0 | 20 [19, 21] |" in markdown.read_text()
    assert "`python -m benchmarks run --only rivals`, 2026-01-01, P, 2 cores, Python 3.11.7, commit abc." \
        in markdown.read_text()


def test_the_frontier_has_every_fit_that_none_beats(tmp_path):
    made = [("graphemb", 1.0, 40.0), ("gensim", 2.0, 39.0), ("pecanpy", 3.0, 41.0), ("graphemb, lock-free", 0.5, 38.0),
            ("node2vec", 4.0, 41.0)]
    path = tmp_path / "r.jsonl"
    path.write_text("".join(fit_record(*one, version="1" if one[0] in peers.PEERS else None) for one in made))
    first = tables.tables("rivals", results.read([path]))[0]
    assert [row[1:] for row in first.rows] == [["0.5", "38.0 / 2.0", "DeepWalk", "graphemb, lock-free"],
                                               ["1", "40.0 / 2.0", "DeepWalk", "graphemb"],
                                               ["3", "41.0 / 2.0", "DeepWalk", "pecanpy 1"]]
    path.write_text("".join(fit_record(*one) for one in made[:2]))
    first = tables.tables("rivals", results.read([path]))[0]
    assert [row[0::4] for row in first.rows] == [["toy", "graphemb"], ["", "gensim (beaten)"]]


def test_our_methods_over_seeds_are_told_by_graph_and_the_beaten_only_in_the_long_table():
    def record(case, seconds, micro, last=3.0, **more):
        return {"case": case, "seconds": {"median": seconds, "min": seconds, "max": 2 * seconds}, "rss_peak": 200.0,
                "micro_f1": {"10%": 1.0, "50%": micro, "90%": last}, "macro_f1": {"10%": 2.0, "50%": 2.0, "90%": 2.0},
                "seeds": 5, **more}

    best, every = tables.tables("frontier", [
        record("toy: slow", 2.0, 39.0, 50.0), record("toy: NetMF, row_norm=0", 1.0, 40.0, deviation={"50%": 0.25}),
        record("other: FastRP", 0.5, 30.0, deviation=None)])
    assert best.brief and not every.brief
    assert best.rows == [
        ["toy", "NetMF, row_norm=0", "1 [1, 2]", "1.0 / 2.0", "40.0 / 2.0", "0.25", "3.0 / 2.0", "200", "5"],
        ["other", "FastRP", "0.5 [0.5, 1]", "1.0 / 2.0", "30.0 / 2.0", "", "3.0 / 2.0", "200", "5"]]
    assert [row[1] for row in every.rows] == ["NetMF, row_norm=0", "slow", "FastRP"]


def test_methods_side_by_side_are_propagated_before_they_come_together():
    graph = graphs.load("sbm-400")[0]
    parameters = {"n_components": 8, "random_state": 0, "n_jobs": 1}
    methods = [RandNE(**parameters), FastRP(**parameters)]
    for propagated in (False, True):
        given = parameters | (bench_frontier.PROPAGATED if propagated else {})
        found = bench_frontier.pipeline(graph, "RandNE + FastRP", given).fit_transform(graph)
        parts = [method.fit_transform(graph) for method in methods]
        parts = [propagate(Z, graph, row_norm=1.0) if propagated else normalize(Z) for Z in parts]
        np.testing.assert_allclose(found, PCA(8, random_state=0).fit_transform(np.hstack(parts)), atol=1e-4)


def test_direction_is_told_for_fitted_and_for_hidden_arcs():
    (table,) = tables.tables("direction", [
        {"case": "toy: HOPE, katz", "fitted": 98.67, "hidden": 73.3, "wall": 0.1, "rss_peak": 212.7}])
    assert table.rows == [["toy", "HOPE, katz", "98.7", "73.3", "0.1", "213"]]


def test_equality_is_told_with_its_standard_error():
    record = {"bench": "equality", "case": "toy, short: lock-free", "train_sizes": [0.5, 0.9], "seeds": 5,
              "over gensim": [[-0.2, 0.1], [0.3, -0.4]], "std of that": [[0.4, 0.1], [0.1, 0.1]]}
    (table,) = tables.tables("equality", [record])
    assert table.header[2:] == ["50 %", "90 %", "seeds"]
    assert table.rows == [["toy, short", "lock-free", "-0.20 ± 0.20 (+0.10)", "+0.30 ± 0.05 (-0.40)", "5"]]
    assert tables.tables("equality", [{key: record[key] for key in ("bench", "case", "train_sizes", "seeds")}]) == []


def test_the_summary_replaces_what_is_between_the_markers():
    text = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    found = report.with_block(text, "new\n")
    assert found == f"before\n{report.BEGIN}\nnew\n{report.END}\nafter\n"
    assert report.with_block(found, "new") == found
    for wrong in ("none", report.BEGIN, text + text, f"{report.END}{report.BEGIN}"):
        with pytest.raises(ValueError, match="markers"):
            report.with_block(wrong, "new")


def test_the_readme_has_what_the_published_results_say():
    if not report.PUBLISHED.exists():
        pytest.skip("no published run is part of this tree")
    text = (measure.ROOT / "README.md").read_text(encoding="utf-8")
    block = report.summary(results.newest(results.read([report.PUBLISHED])))
    assert report.with_block(text, block) == text, "python -m benchmarks report --publish writes it"


def test_the_page_on_methods_has_what_the_published_results_say():
    path = report.ROOT / "docs" / "tables.py"
    if not path.is_file():
        pytest.skip("the documentation is no part of this tree")
    made = runpy.run_path(str(path))
    text = made["PAGE"].read_text(encoding="utf-8")
    assert made["methods"](made["fits"](made["RESULTS"])) in text, "python docs/tables.py"


def test_quick_runs_are_not_published(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text(line("a", quick=True))
    with pytest.raises(SystemExit, match="quick run"):
        main(["report", str(path), "--html", str(tmp_path / "r.html"), "--markdown", str(tmp_path / "s.md"),
              "--publish"])


@pytest.mark.parametrize(("arguments", "heard"), [(["run", "--repeat", "0"], "--repeat must be >= 1; got 0"),
                                                  (["run", "--against", "gensin"], "no rival 'gensin'; there are"),
                                                  (["run", "--limit", "0"], "--limit must be > 0")])
def test_wrong_arguments(arguments, heard, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
    assert heard in capsys.readouterr().err
