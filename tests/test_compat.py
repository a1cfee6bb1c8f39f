"""The interfaces of older libraries, by the examples of their own documentation."""

import subprocess
import sys

import networkx as nx
import numpy as np
import pytest

from graphemb import Embedding, Node2Vec, preset
from graphemb.compat import karateclub, pecanpy
from graphemb.compat import node2vec as eliorc

gensim = pytest.importorskip("gensim", reason="gensim is not installed")


def test_the_readme_example_of_node2vec(tmp_path):
    """https://github.com/eliorc/node2vec, README at 0f7275b: its code, but for the import."""
    import networkx as nx

    from graphemb.compat.node2vec import Node2Vec

    EMBEDDING_FILENAME, EMBEDDING_MODEL_FILENAME = str(tmp_path / "e.txt"), str(tmp_path / "m")
    EDGES_EMBEDDING_FILENAME = str(tmp_path / "edges.txt")
    graph = nx.fast_gnp_random_graph(n=100, p=0.5)
    node2vec = Node2Vec(graph, dimensions=64, walk_length=30, num_walks=200, workers=4)
    model = node2vec.fit(window=10, min_count=1, batch_words=4)
    near = model.wv.most_similar("2")
    assert len(near) == 10 and all(isinstance(name, str) for name, _ in near)
    model.wv.save_word2vec_format(EMBEDDING_FILENAME)
    model.save(EMBEDDING_MODEL_FILENAME)
    assert len(Embedding.load(EMBEDDING_FILENAME)) == 100

    from graphemb.compat.node2vec.edges import HadamardEmbedder

    edges_embs = HadamardEmbedder(keyed_vectors=model.wv)
    assert np.array_equal(edges_embs[("1", "2")], model.wv["1"] * model.wv["2"])
    edges_kv = edges_embs.as_keyed_vectors()
    assert len(edges_kv) == 100 * 101 // 2
    assert edges_kv.most_similar(str(("1", "2")))
    edges_kv.save_word2vec_format(EDGES_EMBEDDING_FILENAME)


def test_the_constructor_of_node2vec_is_positional():
    made = eliorc.Node2Vec(nx.path_graph(5), 16, 7, 3, 0.5, 2.0, "w", 1, {2: {"num_walks": 1, "walk_length": 4}}, True,
                           None, 1)
    assert (made.dimensions, made.walk_length, made.num_walks, made.p, made.q) == (16, 7, 3, 0.5, 2.0)
    starts = [walk[0] for walk in made.walks]
    assert starts.count("2") == 1 and starts.count("0") == 3 and {len(w) for w in made.walks} == {4, 7}
    assert made.fit(min_count=1).wv.vector_size == 16
    assert made.walks == eliorc.Node2Vec(nx.path_graph(5), 16, 7, 3, 0.5, 2.0, "w", 1, {2: {
        "num_walks": 1, "walk_length": 4}}, True, None, 1).walks


def test_what_node2vec_refuses(tmp_path):
    with pytest.raises(NotADirectoryError, match="temp_folder"):
        eliorc.Node2Vec(nx.path_graph(3), temp_folder=str(tmp_path / "none"))
    with pytest.raises(ValueError, match=r"sampling_strategy of 1 may have .* got \['p'\]"):
        eliorc.Node2Vec(nx.path_graph(3), sampling_strategy={1: {"p": 2}})
    with pytest.raises(ValueError, match="must differ as strings"):
        eliorc.Node2Vec(nx.Graph([(1, "1")]))
    kv = eliorc.Node2Vec(nx.path_graph(3), 4, 3, 1, quiet=True).fit(min_count=1).wv
    from graphemb.compat.node2vec import edges

    with pytest.raises(KeyError, match="keys are strings"):
        edges.AverageEmbedder(kv)[(0, 1)]
    with pytest.raises(ValueError, match="tuple of two nodes"):
        edges.AverageEmbedder(kv)["0"]
    a, b = kv["0"], kv["1"]
    assert np.allclose(edges.AverageEmbedder(kv)["0", "1"], (a + b) / 2)
    assert np.allclose(edges.WeightedL1Embedder(kv)["0", "1"], abs(a - b))
    assert np.allclose(edges.WeightedL2Embedder(kv)["0", "1"], (a - b) ** 2)


@pytest.fixture
def karate(tmp_path):
    path = tmp_path / "karate.edg"
    path.write_text("".join(f"{u + 1}\t{v + 1}\n" for u, v in nx.karate_club_graph().edges))
    return path


def test_the_readme_examples_of_pecanpy(karate, tmp_path):
    """https://github.com/krishnanlab/PecanPy: the two commands of its README on the karate club."""
    out = tmp_path / "karate.emb"
    done = subprocess.run([sys.executable, "-m", "graphemb.compat.pecanpy", "--input", str(karate), "--output",
                           str(out), "--mode", "SparseOTF"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert out.read_text().startswith("34 128\n")
    vectors = gensim.models.KeyedVectors.load_word2vec_format(str(out))
    assert set(vectors.index_to_key) == {str(k) for k in range(1, 35)}
    assert pecanpy.main(["--input", str(karate), "--output", str(out), "--mode", "SparseOTF", "--extend"]) == 0


def test_pecanpy_s_flags_reach_the_estimator(karate, tmp_path, capsys):
    flags = pecanpy.parse_args(["--input", "i", "--output", "o", "--p", "0.5", "--q", "2", "--dimensions", "16",
                                "--walk-length", "9", "--num-walks", "3", "--window-size", "4", "--epochs", "2",
                                "--workers", "1", "--random_state", "7", "--extend", "--weighted"])
    model = pecanpy.model_of(flags)
    assert isinstance(model, Node2Vec)
    assert model.get_params() | {"p": 0.5, "q": 2.0, "n_components": 16, "walk_length": 9, "n_walks": 3, "window": 4,
                                 "n_epochs": 2, "n_jobs": 1, "random_state": 7, "extend": True,
                                 "subsample": 1e-3} == model.get_params()
    base = ["--input", str(karate), "--output", str(tmp_path / "o.npz")]
    short = ["--num-walks", "1", "--walk-length", "4", "--dimensions", "4"]
    for task in ("tocsr", "todense"):
        graph = str(tmp_path / f"{task}.npz")
        assert pecanpy.main([*base[:2], "--output", graph, "--task", task]) == 0
        read = pecanpy.read_graph(pecanpy.parse_args(["--input", graph, "--output", "o"]))
        assert read.fingerprint == pecanpy.read_graph(pecanpy.parse_args(base)).fingerprint
        assert pecanpy.main(["--input", graph, *base[2:], *short]) == 0
        with np.load(tmp_path / "o.npz") as arrays:
            assert arrays["data"].shape == (34, 4) and len(arrays["IDs"]) == 34
    for bad, message in [(["--mode", "PreCompFirstOrder", "--q", "2"], "goes with --p 1 --q 1"),
                         (["--gamma", "1"], "--gamma must be 0"), (["--extend", "--directed"], "--extend")]:
        assert pecanpy.main([*base, *bad]) == 1
        assert message in capsys.readouterr().err


CLUB = {"DeepWalk": 128, "Node2Vec": 128, "Walklets": 4 * 32, "NetMF": 32, "HOPE": 128, "GraRep": 5 * 32, "RandNE": 128,
        "LaplacianEigenmaps": 128}


@pytest.mark.parametrize("name", CLUB)
def test_karateclub_s_pattern(name):
    """Its documentation's: construct with defaults, fit a Newman-Watts-Strogatz graph, get_embedding."""
    g = nx.newman_watts_strogatz_graph(200, 20, 0.05, seed=0)
    edges = set(g.edges)
    model = getattr(karateclub, name)()
    short = [name for name in ("walk_number", "walk_length") if hasattr(model, name)]
    for parameter in short:
        setattr(model, parameter, 5)
    assert model.fit(g) is None
    assert model.get_embedding().shape == (200, CLUB[name])
    assert set(g.edges) == edges, "karateclub adds self-loops; we do not"
    assert "seed" in model.get_params()


def test_rows_are_karateclub_s():
    g = nx.Graph([(3, 1), (1, 0), (0, 2), (2, 4), (4, 3)])
    model = karateclub.LaplacianEigenmaps(2)
    model.fit(g)
    ordered = nx.Graph()
    ordered.add_nodes_from(range(5))
    ordered.add_edges_from(g.edges)
    other = karateclub.LaplacianEigenmaps(2)
    other.fit(ordered)
    gram = [m.get_embedding() @ m.get_embedding().T for m in (model, other)]
    assert np.allclose(*gram, atol=1e-4)
    with pytest.raises(RuntimeError, match="before get_embedding"):
        karateclub.HOPE().get_embedding()
    walks = karateclub.DeepWalk(min_count=11)
    with pytest.raises(ValueError, match="min_count must be <= walk_number"):
        walks.fit(g)


def test_presets_are_parameters_of_the_walk_methods():
    for name in ("paper", "gensim", "pecanpy"):
        model = Node2Vec(p=2, **preset(name))
        model._validate()
    preset("paper")["window"] = 0
    assert preset("paper")["window"] == 10
    with pytest.raises(ValueError, match="name must be one of 'paper', 'gensim', 'pecanpy'; got 'x'"):
        preset("x")


def test_the_gensim_preset_is_what_gensim_does():
    import inspect

    theirs = inspect.signature(gensim.models.Word2Vec.__init__).parameters
    ours = preset("gensim")
    for name, other in {"n_components": "vector_size", "window": "window", "n_epochs": "epochs", "subsample": "sample",
                        "n_negative": "negative", "ns_exponent": "ns_exponent", "learning_rate": "alpha",
                        "min_learning_rate": "min_alpha"}.items():
        assert ours[name] == theirs[other].default, name
