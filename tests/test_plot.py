"""The map: what is drawn is what was given, and bad input is refused by name."""
import sys

import networkx as nx
import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib", reason="the plot extra is not installed")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from graphemb import Embedding  # noqa: E402
from graphemb.plot import plot  # noqa: E402


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def embedding():
    graph = nx.karate_club_graph()
    vectors = np.random.default_rng(0).normal(size=(34, 8)).astype(np.float32)
    return Embedding([f"member {v}" for v in graph], vectors)


def offsets(ax):
    return np.asarray(ax.collections[0].get_offsets())


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_pca_keeps_the_two_directions_of_largest_variance(embedding):
    points = offsets(plot(embedding))
    centred = embedding.array - embedding.array.mean(axis=0)
    singular = np.linalg.svd(centred.astype(float), compute_uv=False)
    np.testing.assert_allclose(np.linalg.norm(points, axis=0), singular[:2], rtol=1e-6)
    np.testing.assert_allclose(points[:, 0] @ points[:, 1], 0, atol=1e-8)


def test_takes_and_returns_the_axes(embedding):
    _, axes = plt.subplots(1, 2)
    assert plot(embedding, ax=axes[1]) is axes[1]
    assert not axes[0].collections
    assert plot(embedding) not in axes


def test_embedding_plot_is_this_plot(embedding):
    _, ax = plt.subplots()
    assert embedding.plot(ax=ax) is ax
    np.testing.assert_array_equal(offsets(ax), offsets(plot(embedding)))


def test_categories_get_a_colour_and_an_entry_each(embedding):
    labels = {node: ("left", "right")[i % 2] for i, node in enumerate(embedding.nodes)}
    ax = plot(embedding, labels)
    assert legend(ax) == ["left", "right"]
    by_point = {tuple(point): tuple(colour) for point, colour
                in zip(offsets(ax), ax.collections[0].get_facecolors(), strict=True)}
    plain = offsets(plot(embedding))  # in row order
    colours = [by_point[tuple(point)] for point in plain]
    assert len(set(colours)) == 2
    assert len(set(colours[::2])) == 1


def test_sequence_and_mapping_of_labels_agree(embedding):
    values = ["a", "b"] * 17
    one = plot(embedding, values)
    two = plot(embedding, dict(zip(embedding.nodes, values, strict=True)))
    np.testing.assert_array_equal(one.collections[0].get_facecolors(), two.collections[0].get_facecolors())


def test_many_categories_share_the_grey_and_say_so(embedding):
    ax = plot(embedding, [f"kind {min(i, 24)}" for i in range(34)])
    assert len(legend(ax)) == 21
    assert legend(ax)[-1] == "5 others"


def test_missing_labels_are_drawn_grey_and_listed(embedding):
    assert legend(plot(embedding, [None] * 4 + ["a"] * 30)) == ["a", "none"]


def test_numbers_get_a_colour_bar(embedding):
    values = np.linspace(0, 1, 34)
    values[3] = np.nan
    ax = plot(embedding, values)
    assert ax.get_legend() is None
    unknown, known = ax.collections
    assert len(unknown.get_offsets()) == 1
    np.testing.assert_allclose(known.get_array(), values[~np.isnan(values)])
    assert len(ax.figure.axes) == 2  # the map and its colour bar
    assert plot(embedding, list(range(34))).get_legend() is None  # ints of many kinds: a scale too


def test_names_never_overlap_and_largest_norms_come_first(embedding):
    crowd = Embedding([f"a long name {i}" for i in range(300)],
                      np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32))
    ax = plot(crowd, names=300)
    longest = crowd.nodes[int(np.argmax(np.linalg.norm(crowd.array, axis=1)))]
    assert longest in [text.get_text() for text in ax.texts]
    assert len(ax.texts) < 300
    boxes = [text.get_window_extent() for text in ax.texts]
    assert len(boxes) > 5
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_names_by_choice(embedding):
    assert [t.get_text() for t in plot(embedding, names=["member 7"]).texts] == ["member 7"]
    assert not plot(embedding, names=0).texts
    with pytest.raises(KeyError, match="'stranger'"):
        plot(embedding, names=["stranger"])


def test_large_graphs_are_rasterised_small_and_unnamed():
    vectors = np.random.default_rng(0).normal(size=(50_000, 4)).astype(np.float32)
    ax = plot(vectors, np.arange(50_000) % 3)
    assert ax.collections[0].get_rasterized()
    assert ax.collections[0].get_sizes().max() < 4
    assert not ax.texts


@pytest.mark.parametrize("shape", [(1, 5), (2, 1), (3, 2)])
def test_tiny_embeddings_are_drawn(shape):
    assert len(offsets(plot(np.ones(shape)))) == shape[0]


def test_tsne_keeps_two_groups_apart():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(60, 5))
    vectors[:30, 0] += 5
    vectors[30:, 0] -= 5
    points = offsets(plot(vectors, method="tsne"))
    near = np.linalg.norm(points[:, None] - points, axis=2) + np.diag(np.full(60, np.inf))
    assert ((near.argmin(axis=1) < 30) == (np.arange(60) < 30)).mean() > 0.95


def test_umap_absent_names_the_remedy(embedding, monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ImportError, match=r"pip install 'graphemb\[umap\]'"):
        plot(embedding, method="umap")


def test_matplotlib_absent_names_the_remedy(embedding, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install 'graphemb\[plot\]'"):
        plot(embedding)


@pytest.mark.parametrize(("given", "message"), [
    ({"method": "mds"}, "method must be one of 'pca', 'tsne', 'umap'; got 'mds'"),
    ({"labels": ["a"] * 3}, "one value a node, 34; got 3"),
    ({"labels": {"member 0": 1}}, "no value for node 'member 1'"),
    ({"labels": [[1, 2]] * 34}, "single values; node 'member 0' has \\[1, 2\\]"),
    ({"names": "all"}, "names must be one of 'auto'; got 'all'"),
    ({"names": -1}, "names must be an int >= 0; got -1"),
])
def test_bad_parameters(embedding, given, message):
    with pytest.raises(ValueError, match=message):
        plot(embedding, **given)


def test_bad_vectors():
    with pytest.raises(ValueError, match=r"got shape \(3,\)"):
        plot(np.ones(3))
    with pytest.raises(ValueError, match="row 1 is not"):
        plot(np.array([[0.0, 1.0], [np.nan, 2.0]]))
    with pytest.raises(ValueError, match="needs at least 4 nodes; got 3"):
        plot(np.ones((3, 2)), method="tsne")


def test_a_graph_names_its_hubs_and_shows_its_edges():
    G = nx.star_graph([f"n{i}" for i in range(40)])
    table = Embedding(list(G), np.random.default_rng(0).normal(size=(40, 4)))
    ax = plot(table, graph=G, names=1)
    assert [text.get_text() for text in ax.texts] == ["n0"]
    assert len(ax.collections[1].get_segments()) == 39
    with pytest.raises(ValueError, match="graph must hold every node"):
        plot(table, graph=nx.path_graph(40))


def test_points_of_ones_own(embedding):
    points = np.random.default_rng(1).normal(size=(34, 2))
    np.testing.assert_array_equal(offsets(plot(embedding, points=points)), points)


def test_colours_are_told_apart_in_colour_blind_sight():
    """Least distance in OKLab, sight simulated after Machado et al. 2009; 0.02 is about what can just be seen."""
    from matplotlib.colors import to_rgb

    from graphemb._plane import PALETTE

    sights = [np.eye(3),
              [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
              [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
              [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]]
    rgb = np.array([to_rgb(colour) for colour in PALETTE])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_cones = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005]]
    to_lab = [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
              [0.0259040371, 0.7827717662, -0.8086757660]]
    for sight in sights:
        seen = np.clip(linear @ np.transpose(sight), 0, 1)
        lab = np.cbrt(seen @ np.transpose(to_cones)) @ np.transpose(to_lab)
        apart = np.linalg.norm(lab[:, None] - lab, axis=2) + np.eye(len(lab))
        assert apart.min() > 0.06


def test_what_has_no_curve_says_so():
    from graphemb.plot import loss_curve, scree, visit_histogram

    with pytest.raises(ValueError, match="must have a loss by epoch"):
        loss_curve({})
    with pytest.raises(ValueError, match="must have eigenvalues_ or singular_values_"):
        scree(plt)
    with pytest.raises(ValueError, match="at least one node"):
        visit_histogram(np.full((2, 3), -1))
    with pytest.raises(ValueError, match="n_nodes must be above the largest node visited, 3; got 2"):
        visit_histogram(np.array([[0, 3]]), n_nodes=2)
