"""Graphs by name: what is read is what the registry says, or an error; what is generated follows its model."""
import functools
import hashlib
import http.server
import os
import shutil
import threading

import numpy as np
import pytest

from graphemb import datasets
from graphemb.datasets import rmat, stochastic_blocks


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHEMB_DATA", str(tmp_path))
    monkeypatch.delenv("GRAPHEMB_MIRROR", raising=False)
    return tmp_path


def save(path, **changes):
    """A path of three nodes with every key a file may have."""
    arrays = {"indptr": np.array([0, 1, 2, 2]), "indices": np.array([1, 0], np.int32),
              "data": np.array([2, 2], np.float32), "directed": np.array(False),
              "self_loop_nodes": np.array([2], np.int32), "self_loop_weights": np.array([3], np.float32),
              "labels_indptr": np.array([0, 2, 2, 3]), "labels_indices": np.array([0, 2, 1], np.int32), "n_labels": 3}
    np.savez(path, **{key: value for key, value in (arrays | changes).items() if value is not None})


@pytest.fixture
def registered(monkeypatch):
    """Have the registry know a file under the name "tiny"."""
    def register(path):
        known = dict(datasets._registry())
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        known["tiny"] = datasets.Origin("tiny", 3, 1, False, True, 3, "made here", "https://example.org", "none",
                                        "none", digest, path.stat().st_size, "")
        monkeypatch.setattr(datasets, "_registry", lambda: known)
        return digest
    return register


@pytest.fixture
def server(tmp_path_factory):
    """A folder and the address at which a server on this machine has it."""
    served = tmp_path_factory.mktemp("served")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=served)) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield served, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_registry_is_whole():
    assert len(datasets.names()) == 18
    for name in datasets.names():
        origin = datasets.describe(name)
        assert origin.name == name
        assert len(origin.sha256) == 64
        assert int(origin.sha256, 16)
        assert origin.nodes > 0
        assert origin.edges > 0
        assert origin.bytes > 0
        assert origin.url.startswith("http")
        assert origin.licence
        assert origin.citation
        assert origin.origin
    with pytest.raises(ValueError, match=r"No graph 'cora2' in the registry; it has .*cora_cites"):
        datasets.describe("cora2")


@pytest.mark.parametrize("name", datasets.names())
def test_real_graphs_are_what_the_registry_says(name):
    where = os.environ.get("GRAPHEMB_DATA")
    if not where or name not in datasets.available(where):
        pytest.skip(f"no {name} in GRAPHEMB_DATA={where}")
    found = datasets.load(name, folder=where)
    origin, graph = found.origin, found.graph
    assert (graph.n_nodes, graph.directed) == (origin.nodes, origin.directed)
    assert graph.n_edges - int((graph.to_scipy().diagonal() != 0).sum()) == origin.edges
    assert (graph.weights is not None) == origin.weighted
    assert (found.labels is not None) == bool(origin.labels)
    if found.labels is not None:
        assert found.labels.shape == (origin.nodes, origin.labels)
    if found.temporal is not None:
        assert found.temporal.graph.n_nodes == origin.nodes
    if name == "bitcoin_otc":
        assert set(found.signs.data) == {-1, 1}
        assert graph.weights.min() > 0
        assert found.signs.nnz == origin.edges


def test_own_files_get_their_loops_labels_and_names(folder):
    save(folder / "tiny.npz", node_names=np.array(["a", "b", "c"]))
    found = datasets.load("tiny")
    assert found.graph.to_scipy().toarray().tolist() == [[0, 2, 0], [2, 0, 0], [0, 0, 3]]
    assert list(found.graph.nodes) == ["a", "b", "c"]
    assert found.labels.toarray().tolist() == [[True, False, True], [False] * 3, [False, True, False]]
    assert found.origin is None
    assert "tiny" in datasets.available()


def test_own_files_with_times_and_sides(folder):
    save(folder / "tiny.npz", edge_src=np.array([0, 1, 0], np.int32), edge_dst=np.array([1, 0, 1], np.int32),
         edge_time=np.array([30, 10, 20]), node_type=np.array([0, 1, 1], np.int8))
    found = datasets.load("tiny")
    assert found.temporal.contacts[2].tolist() == [10, 20, 30]
    assert found.node_types.tolist() == [0, 1, 1]


def test_a_wrong_checksum_names_both(folder, registered):
    save(folder / "tiny.npz")
    wanted = registered(folder / "tiny.npz")
    assert datasets.load("tiny").origin.sha256 == wanted
    save(folder / "tiny.npz", data=np.array([2, 2.5], np.float32))
    found = hashlib.sha256((folder / "tiny.npz").read_bytes()).hexdigest()
    with pytest.raises(ValueError, match=f"sha256 is {found}, that of the registry {wanted}"):
        datasets.load("tiny")


def test_a_file_that_is_no_graph_is_an_error(folder):
    save(folder / "tiny.npz", indptr=None)
    with pytest.raises(ValueError, match=r"tiny.npz has no indptr"):
        datasets.load("tiny")


def test_an_absent_graph_says_what_to_set(folder, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"No graph 'ppi'.*comes from http.*holds ppi.npz"):
        datasets.load("ppi")
    with pytest.raises(FileNotFoundError, match=r"No graph 'nowhere'.*holds nowhere.npz, or take karate"):
        datasets.load("nowhere")
    monkeypatch.delenv("GRAPHEMB_DATA")
    monkeypatch.setattr(datasets, "_downloads", lambda: folder / "none")
    with pytest.raises(FileNotFoundError, match="No graph 'ppi'"):
        datasets.load("ppi")
    for name in ("../ppi", "", "a/b"):
        with pytest.raises(ValueError, match="name must be letters"):
            datasets.load(name)


def test_download_is_kept_and_checked(folder, registered, server):
    pytest.importorskip("pooch")
    served, address = server
    save(served / "tiny.npz")
    registered(served / "tiny.npz")
    found = datasets.load("tiny", folder=folder, mirror=address + "/")
    assert found.graph.n_nodes == 3
    shutil.rmtree(served)
    served.mkdir()
    again = datasets.load("tiny", folder=folder, mirror=address)  # from the folder now
    assert again.graph.fingerprint == found.graph.fingerprint


def test_download_of_another_file_is_an_error_and_leaves_nothing(folder, registered, server):
    pytest.importorskip("pooch")
    served, address = server
    save(served / "tiny.npz")
    wanted = registered(served / "tiny.npz")
    save(served / "tiny.npz", data=np.array([1, 1], np.float32))
    found = hashlib.sha256((served / "tiny.npz").read_bytes()).hexdigest()
    with pytest.raises(ValueError, match=r"tiny.npz is not the graph 'tiny'") as error:
        datasets.load("tiny", folder=folder, mirror=address)
    assert wanted in str(error.value)
    assert found in str(error.value)
    assert not list(folder.glob("*.npz"))


def test_a_mirror_that_does_not_answer(folder, registered, server, monkeypatch):
    pytest.importorskip("pooch")
    served, address = server
    save(served / "tiny.npz")
    registered(served / "tiny.npz")
    (served / "tiny.npz").unlink()
    monkeypatch.setenv("GRAPHEMB_MIRROR", address)
    with pytest.raises(ConnectionError, match=r"tiny.npz cannot be had: .*404"):
        datasets.load("tiny", folder=folder)


@pytest.mark.parametrize(("name", "n_nodes", "n_edges"), [("karate", 34, 78), ("lesmis", 77, 254),
                                                          ("florentine", 15, 20), ("davis", 32, 89)])
def test_networkx_graphs(name, n_nodes, n_edges):
    found = datasets.load(name)
    assert (found.graph.n_nodes, found.graph.n_edges) == (n_nodes, n_edges)
    assert (found.labels is not None) == (name == "karate")
    assert (found.node_types is not None) == (name == "davis")


@pytest.mark.parametrize("name", ["rmat-6", "sbm-60"])
def test_generated_graphs_are_simple_and_repeatable(name):
    graph = datasets.load(name).graph
    assert graph.fingerprint == datasets.load(name).graph.fingerprint
    assert graph.fingerprint != datasets.load(name, seed=1).graph.fingerprint
    matrix = graph.to_scipy()
    assert graph.n_edges > graph.n_nodes / 2
    assert matrix.diagonal().sum() == 0
    assert (matrix.data == 1).all()
    assert abs(matrix - matrix.T).sum() == 0


def test_rmat_draws_from_its_quadrants():
    """The share of edges within the first half of the nodes, and across: a and b + c, duplicates and loops aside."""
    graph = rmat(14, 2, seed=0)
    arcs = graph.to_scipy().tocoo()
    first, second = arcs.row < 2 ** 13, arcs.col < 2 ** 13
    assert abs((first & second).mean() - 0.57) < 0.02
    assert abs((first ^ second).mean() - 0.38) < 0.02
    with pytest.raises(ValueError, match=r"scale must be an int >= 1 and <= 30; got 31"):
        rmat(31)


def test_blocks_are_denser_inside():
    graph, labels = stochastic_blocks(200, n_blocks=4, degree_in=16, degree_out=4)
    block = labels.toarray().argmax(axis=1)
    arcs = graph.to_scipy().tocoo()
    inside = (block[arcs.row] == block[arcs.col]).sum() / 200
    assert 12 < inside < 18
    assert 3 < len(arcs.row) / 200 - inside < 5
    with pytest.raises(ValueError, match="n must be an int >= 4; got 3"):
        stochastic_blocks(3)
