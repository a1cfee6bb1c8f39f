"""The command `graphemb`, in a process of its own and in this one."""

import io
import json
import os
import signal
import subprocess
import sys

import networkx as nx
import numpy as np
import pytest

from graphemb import Embedding, Graph, cli

SHORT = ["--n-walks", "2", "--walk-length", "8", "--n-components", "8", "--seed", "0"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    G = nx.les_miserables_graph()
    (folder / "edges.csv").write_text("source,target,weight\n" + "".join(
        f"{u},{v},{w}\n" for u, v, w in G.edges.data("weight")))
    groups = nx.community.greedy_modularity_communities(G)
    (folder / "classes.tsv").write_text("node\tlabel\n" + "".join(
        f"{node}\tgroup {k}\n" for k, group in enumerate(groups) for node in group))
    assert cli.main(["embed", str(folder / "edges.csv"), "-o", str(folder / "v.safetensors"), "-q", *SHORT]) == 0
    return folder


def run(*words, **options):
    return subprocess.run([sys.executable, "-m", "graphemb", *map(str, words)], capture_output=True, **options)


def test_embed_in_a_process_of_its_own(folder, tmp_path):
    out = tmp_path / "v.npz"
    done = run("embed", folder / "edges.csv", "--method", "Node2Vec", "--q=0.5", "-o", out, *SHORT)
    assert done.returncode == 0 and done.stdout == b""
    assert b"/s" in done.stderr and b"s left" in done.stderr and b"77 vectors of 8 numbers" in done.stderr
    assert Embedding.load(out).array.shape == (77, 8)


def test_a_pipe_in_and_out_equals_a_file(folder):
    done = run("embed", "-", "-o", "-", "-q", *SHORT, input=(folder / "edges.csv").read_bytes())
    assert done.returncode == 0 and done.stderr == b"" and done.stdout.startswith(b"77 8\n")
    near = run("similar", "-", "Valjean", "-k", "2", input=done.stdout)
    assert near.returncode == 0
    rows = [line.split("\t") for line in near.stdout.decode().splitlines()]
    expected = Embedding.load(folder / "v.safetensors").most_similar("Valjean", 2)
    assert [(row[1], float(row[2])) for row in rows] == [(node, pytest.approx(x, abs=2e-6)) for node, x in expected]


@pytest.mark.parametrize(("words", "code", "message"), [
    (["info", "{}/none.csv"], 1, "No such file"),
    (["embed", "{}/edges.csv", "-o", "x", "--method", "nope"], 2, "--method must be one of"),
    (["embed", "{}/edges.csv", "-o", "x", "--window", "0"], 2, "window must be an int >= 1"),
    (["embed", "{}/edges.csv", "-o", "x", "--nope", "0"], 2, "unrecognized arguments"),
    (["embed", "{}/edges.csv", "-o", "{}/v.xyz", *SHORT], 1, "unknown suffix"),
    (["embed", "{}/edges.csv", "-o", "x", "--max-memory", "1kB"], 1, "would need about"),
    (["embed", "{}/edges.csv", "-o", "x", "--max-memory", "much"], 2, "is no size"),
    (["embed", "{}/edges.csv", "-o", "-", "--format", "xml", *SHORT], 2, "--format must be one of"),
    (["similar", "{}/v.safetensors", "Nobody"], 1, "'Nobody' is not among the 77 nodes"),
    (["plot", "{}/v.safetensors"], 2, "--output FILE or --explorer FILE"),
    (["evaluate", "{}/v.safetensors", "--labels", "{}/edges.csv"], 1, "edges.csv:1: 'source' is not among"),
    ([], 2, "required"), (["nonsense"], 2, "invalid choice")])
def test_exit_codes(folder, capsys, words, code, message):
    assert cli.main([word.replace("{}", str(folder)) for word in words]) == code
    assert message in capsys.readouterr().err
    assert not os.path.exists("x")


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
def test_ctrl_c_ends_with_130_and_leaves_the_old_file(folder, tmp_path):
    out = tmp_path / "v.npz"
    out.write_bytes(b"old")
    process = subprocess.Popen([sys.executable, "-m", "graphemb", "embed", str(folder / "edges.csv"), "-o", str(out),
                                "--n-epochs", "1000000"], stderr=subprocess.PIPE)
    assert process.stderr is not None
    while b"skip-gram" not in process.stderr.read1(200):  # until it trains
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and b"interrupted" in err
    assert out.read_bytes() == b"old" and os.listdir(tmp_path) == ["v.npz"]


def test_every_parameter_of_every_method_is_an_option(capsys):
    import inspect

    for name, kind in cli.methods().items():
        assert cli.main(["embed", "--method", name, "--help"]) == 0
        text = capsys.readouterr().out
        for parameter in inspect.signature(kind.__init__).parameters:
            if parameter not in ("self", "verbose", "callbacks", "weight"):
                option = parameter.replace("_", "-")
                assert f"--{option} " in text or f"-{kind.__name__.lower()}-{option} " in text or \
                    f"--{option}," in text, (name, parameter)
        assert "see the documentation" not in text, f"{name}: a parameter without a description"


@pytest.mark.parametrize("method", sorted(set(cli.methods()) - {"ctdne", "lle"}))
def test_every_method_embeds(folder, tmp_path, method):
    out = tmp_path / "v.safetensors"
    size = ["--n-components", "4"] + (["--n-walks", "2"] if "n_walks" in cli.methods()[method]().get_params() else [])
    assert cli.main(["embed", str(folder / "edges.csv"), "-q", "-m", method, "-o", str(out), *size]) == 0
    assert Embedding.load(out).array.shape == (77, 4)


def test_values_are_what_python_would_take(folder, tmp_path):
    out = str(tmp_path / "v.npz")
    assert cli.main(["embed", str(folder / "edges.csv"), "-q", "-m", "randne", "--weights", "1,10,100", "-o", out]) == 0
    assert cli.main(["embed", str(folder / "edges.csv"), "-q", "-m", "netmf", "--netmf-method", "exact",
                     "--n-components", "8", "-o", out]) == 0
    assert cli.main(["embed", str(folder / "edges.csv"), "-q", "--no-deterministic", "--tol", "none", *SHORT, "-o",
                     out, "--init", str(folder / "v.safetensors")]) == 0


def test_times_of_a_temporal_network(tmp_path):
    (tmp_path / "contacts.tsv").write_text("".join(f"{k % 5}\t{(k + 1) % 5}\t{k}\n" for k in range(40)))
    out = tmp_path / "v.npz"
    assert cli.main(["embed", str(tmp_path / "contacts.tsv"), "-q", "-m", "ctdne", "-o", str(out), *SHORT]) == 0
    assert Embedding.load(out).nodes == range(5)


def test_estimate_and_info(folder, capsys):
    assert cli.main(["estimate", str(folder / "edges.csv"), "--json", "-q", *SHORT]) == 0
    assert json.loads(capsys.readouterr().out)["tokens"] == 2 * 8 * 77
    assert cli.main(["info", str(folder / "edges.csv"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["nodes"], facts["edges"], facts["components"], facts["weighted"]) == (77, 254, 1, True)
    assert facts["node_of_largest_degree"] == "Valjean" and facts["largest_degree"] == 36
    assert cli.main(["info", str(folder / "v.safetensors")]) == 0
    assert "components    8" in capsys.readouterr().out


def test_similar_among_and_by_lines(folder, tmp_path, capsys, monkeypatch):
    (tmp_path / "some.txt").write_text("Javert\nCosette\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO("Valjean\nFantine\n"))
    assert cli.main(["similar", str(folder / "v.safetensors"), "-", "--among", str(tmp_path / "some.txt")]) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows] == ["Valjean"] * 2 + ["Fantine"] * 2
    assert {row[1] for row in rows} == {"Javert", "Cosette"}


def test_convert_there_and_back(folder, tmp_path):
    vectors = Embedding.load(folder / "v.safetensors")
    for name in ("v.txt", "v.bin", "v.npz", "v.npy", "v.tsv"):
        assert cli.main(["convert", str(folder / "v.safetensors"), str(tmp_path / name)]) == 0
        assert cli.main(["convert", str(tmp_path / name), str(tmp_path / "back.safetensors"), "--kind", "vectors"]) == 0
        back = Embedding.load(tmp_path / "back.safetensors")
        assert back.nodes == vectors.nodes and np.array_equal(back.array, vectors.array), name
    graph = Graph.read(folder / "edges.csv")
    for name in ("g.safetensors", "g2.csv", "g3.tsv"):
        assert cli.main(["convert", str(folder / "edges.csv"), str(tmp_path / name)]) == 0
        again = Graph.read(tmp_path / name)
        assert nx.utils.graphs_equal(again.to_networkx(), graph.to_networkx()), name


def test_plot_and_explorer(folder, tmp_path):
    pytest.importorskip("matplotlib")
    words = ["plot", str(folder / "v.safetensors"), "-o", str(tmp_path / "map.png"), "--explorer",
             str(tmp_path / "map.html"), "--labels", str(folder / "classes.tsv"), "--graph", str(folder / "edges.csv")]
    assert cli.main([*words, "-q"]) == 0
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert "Valjean" in (tmp_path / "map.html").read_text(encoding="utf-8")


def test_evaluate(folder, capsys):
    assert cli.main(["evaluate", str(folder / "v.safetensors"), "--labels", str(folder / "classes.tsv"), "-q",
                     "--train-sizes", "0.5", "--n-splits", "3", "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["nodes"] == 77 and 0.2 < scores["micro_f1"]["0.5"] <= 1


def test_the_package_installs_the_command():
    import tomllib
    from pathlib import Path

    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == {"graphemb": "graphemb.cli:main"}
