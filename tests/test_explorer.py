"""The explorer: what is in the file, and what a person sees and does with it in a real browser."""
import base64
import hashlib
import html
import io
import json
import re
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from graphemb import AdjacencySpectral, Embedding
from graphemb.plot import explorer

ROOT = Path(__file__).resolve().parent.parent
if (ROOT / "benchmarks" / "browser.py").exists():
    sys.path.insert(0, str(ROOT))
browser = pytest.importorskip("benchmarks.browser", reason="not a source tree")

NASTY = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


@pytest.fixture(scope="module")
def novel():
    """Graph, embedding and groups of a novel's characters, one of whom bears a nasty name."""
    G = nx.relabel_nodes(nx.les_miserables_graph(), {"Toussaint": NASTY})
    groups = nx.community.greedy_modularity_communities(G, weight="weight")
    label = {v: f"<b>group {i}</b>" for i, group in enumerate(groups) for v in group}
    return G, AdjacencySpectral(n_components=16).fit(G).vectors_, label


@pytest.fixture(scope="module")
def file(novel, tmp_path_factory):
    G, vectors, label = novel
    path = tmp_path_factory.mktemp("explorer") / "novel.html"
    explorer(vectors, path, label, graph=G, title="A <i>novel</i>")
    return path


def data_of(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1])


def array(text, dtype):
    return np.frombuffer(base64.b64decode(text), dtype)


# --- the file ---------------------------------------------------------------------------------------------


def test_holds_what_was_given(file, novel):
    G, vectors, label = novel
    data = data_of(file)
    assert data["names"] == list(G)
    near = array(data["near"], "<u4").reshape(77, 10)
    cosines = array(data["cosines"], "<i2").reshape(77, 10) / 32767
    linked = array(data["linked"], "u1").reshape(77, 10)
    for i, node in enumerate(G):
        expected = vectors.most_similar(node, k=10)
        np.testing.assert_allclose(cosines[i], [c for _, c in expected], atol=1e-4)
        assert {data["names"][j] for j in near[i, :5]} <= {v for v, _ in vectors.most_similar(node, k=11)}
        assert [bool(x) for x in linked[i]] == [G.has_edge(node, data["names"][j]) for j in near[i]]
    assert array(data["degrees"], "<u4").tolist() == [G.degree[v] for v in G]
    kinds = array(data["kinds"]["of"], "<i4")
    assert [data["kinds"]["texts"][kind] for kind in kinds] == [label[v] for v in G]
    edges = {frozenset((data["names"][u], data["names"][v])) for u, v in array(data["edges"], "<u4").reshape(-1, 2)}
    assert edges == set(map(frozenset, G.edges))


def test_points_keep_their_shape(tmp_path):
    points = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 2.0], [4.0, 2.0]])
    explorer(np.eye(4), tmp_path / "a.html", points=points)
    drawn = array(data_of(tmp_path / "a.html")["points"], "<u2").reshape(4, 2).astype(float)
    np.testing.assert_allclose(drawn[3] - drawn[0], [65535, 32768], atol=2)
    np.testing.assert_allclose(drawn.mean(axis=0), 32767.5, atol=1)


def test_nearest_are_those_of_a_full_sort():
    from graphemb._explorer import nearest

    vectors = np.random.default_rng(0).normal(size=(1_000, 6))
    vectors[7] = 0
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    full = unit @ unit.T
    np.fill_diagonal(full, -np.inf)
    near, cosines = nearest(vectors, 40)
    assert all(i not in row for i, row in enumerate(near.tolist()))
    np.testing.assert_allclose(cosines, np.sort(full, axis=1)[:, ::-1][:, :40], atol=1e-6)


def test_needs_nothing_from_outside_and_lets_only_its_script_run(file):
    text = file.read_text(encoding="utf-8")
    assert NASTY not in text
    assert "<i>novel" not in text
    ours = re.sub(r'(id="data">).*?(</script>)', r"\1\2", text, flags=re.S)  # names and labels may say what they like
    assert not re.search(r"(?:src|href)\s*=|https?:|url\(|@import|eval\(|innerHTML", ours)
    script = re.findall(r"<script>(.*?)</script>", text, re.S)
    assert len(script) == 1
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1])
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_is_compact(tmp_path):
    explorer(np.random.default_rng(0).normal(size=(5_000, 8)), tmp_path / "a.html")
    assert (tmp_path / "a.html").stat().st_size < 5_000 * 110


def test_same_input_same_bytes(novel, file, tmp_path):
    G, vectors, label = novel
    explorer(vectors, tmp_path / "again.html", label, graph=G, title="A <i>novel</i>")
    assert (tmp_path / "again.html").read_bytes() == file.read_bytes()


def test_what_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.html"
    path.write_text("old")
    with pytest.raises(ValueError, match="one value a node, 3; got 2"):
        explorer(np.eye(3), path, ["a", "b"])
    with pytest.raises(OSError):
        explorer(np.eye(3), tmp_path / "absent" / "a.html")
    assert [p.name for p in tmp_path.iterdir()] == ["a.html"]
    assert path.read_text() == "old"


@pytest.mark.parametrize(("given", "message"), [
    ({"method": "mds"}, "method must be one of 'pca', 'tsne', 'umap'; got 'mds'"),
    ({"k": 0}, "k must be an int >= 1; got 0"),
    ({"points": np.ones((2, 2))}, r"points must be finite, of shape \(3, 2\); got shape \(2, 2\)"),
    ({"points": np.full((3, 2), np.nan)}, "points must be finite"),
    ({"graph": nx.path_graph(2)}, "graph must hold every node of the embedding"),
])
def test_bad_parameters(tmp_path, given, message):
    with pytest.raises(ValueError, match=message):
        explorer(np.eye(3), tmp_path / "a.html", **given)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("shape", [(1, 3), (2, 1), (3, 2)])
def test_tiny_embeddings(tmp_path, shape):
    explorer(np.ones(shape), tmp_path / "a.html", [None] * shape[0])
    assert data_of(tmp_path / "a.html")["k"] == shape[0] - 1


# --- in a browser -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page():
    program = browser.find()
    if program is None:
        pytest.skip("no Chromium here; name one in GRAPHEMB_BROWSER")
    with browser.page(program) as shown:
        yield shown


def texts(page, selector):
    return page.evaluate(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.textContent)")


def place(page, path, node):
    """Where a node stands on the whole map, in CSS pixels, as the page's own arithmetic has it."""
    data = data_of(path)
    x, y = array(data["points"], "<u2").reshape(-1, 2)[data["names"].index(node)] / 65535 - 0.5
    width, height = page.evaluate("[document.getElementById('map').clientWidth, innerHeight]")
    unit = 0.92 * min(width, height)
    return width / 2 + x * unit, height / 2 - y * unit


def pixels(page):
    image = pytest.importorskip("matplotlib.image", reason="the plot extra is not installed")
    return np.round(255 * image.imread(io.BytesIO(page.screenshot()))[:, :, :3]).astype(int)


def test_a_search_shows_the_neighbours(page, file, novel):
    page.open(file)
    page.press("/")
    page.write("valj")
    assert texts(page, "#results li") == ["Valjean"]
    page.press("Enter")
    page.drawn()
    assert texts(page, "#name") == ["Valjean"]
    assert "36 neighbours" in texts(page, "#facts")[0]
    expected = novel[1].most_similar("Valjean", k=10)
    assert texts(page, "#near li span:first-of-type") == [str(node) for node, _ in expected]
    assert texts(page, "#near .cosine") == [f"{cosine:.2f}" for _, cosine in expected]
    assert len(texts(page, "#near .linked")) == sum(novel[0].has_edge("Valjean", node) for node, _ in expected)
    assert page.evaluate("location.hash") == "#node=Valjean"
    page.evaluate("document.querySelector('#near button').click()")
    assert texts(page, "#name") == [expected[0][0]]
    page.press("Escape")
    assert page.evaluate("document.getElementById('chosen').hidden")
    assert not page.errors


def test_results_by_keyboard_and_none(page, file):
    page.open(file)
    page.press("/")
    page.write("mme")
    found = texts(page, "#results li")
    assert len(found) > 3
    assert all("mme" in name.lower() for name in found)
    page.press("ArrowDown")
    assert texts(page, "#results li.at") == [found[1]]
    page.press("Enter")
    assert texts(page, "#name") == [found[1]]
    page.press("/")
    page.write("nobody at all")
    assert texts(page, "#results li") == ["no node of that name"]
    page.press("Enter")
    assert texts(page, "#name") == [found[1]]


def test_names_are_text_whatever_is_in_them(page, file):
    page.open(file)
    assert page.evaluate("document.title") == "A <i>novel</i>"
    page.press("/")
    page.write("<script>")
    page.press("Enter")
    page.drawn()
    assert texts(page, "#name") == [NASTY]
    assert "<b>group" in texts(page, "#facts")[0]
    x, y = place(page, file, NASTY)
    page.mouse("mouseMoved", x, y)
    assert page.evaluate("document.querySelectorAll('aside b, #tip b, img, i i').length") == 0
    assert page.evaluate("document.title") == "A <i>novel</i>"
    assert page.requests == [file.as_uri()]
    assert not page.errors


def test_a_script_that_is_not_ours_does_not_run(page, file, tmp_path):
    spoilt = tmp_path / "spoilt.html"
    spoilt.write_text(file.read_text(encoding="utf-8").replace(
        "</body>", "<script>document.title = 'owned'</script></body>"), encoding="utf-8")
    page.open(spoilt)
    assert page.evaluate("document.title") == "A <i>novel</i>"
    assert any("Content Security Policy" in error for error in page.errors)
    page.errors.clear()


def test_pointer_tells_and_chooses(page, file):
    page.open(file)
    x, y = place(page, file, "Myriel")
    page.mouse("mouseMoved", x, y)
    assert texts(page, "#tip span") == ["Myriel"]
    page.click(x, y)
    assert texts(page, "#name") == ["Myriel"]
    page.mouse("mouseMoved", 20, 20)
    assert page.evaluate("document.getElementById('tip').hidden")


def test_dragging_moves_and_zooming_stays_under_the_pointer(page, file):
    page.open(file)
    x, y = place(page, file, "Myriel")
    page.mouse("mouseWheel", x, y, deltaX=0, deltaY=-240)
    page.drawn()
    page.mouse("mousePressed", x, y, button="left", clickCount=1)
    page.mouse("mouseMoved", x - 60, y - 40, button="left", buttons=1)
    page.mouse("mouseReleased", x - 60, y - 40, button="left", clickCount=1)
    page.mouse("mouseMoved", x - 60, y - 40)
    assert texts(page, "#tip span") == ["Myriel"]
    assert page.evaluate("document.getElementById('chosen').hidden")  # a drag is no click
    page.press("0")
    page.mouse("mouseMoved", x, y)
    assert texts(page, "#tip span") == ["Myriel"]


def test_the_address_opens_at_a_node(page, file):
    page.open(file, "#node=Gavroche")
    assert texts(page, "#name") == ["Gavroche"]
    page.open(file, "#node=%E0%A4%A")  # no UTF-8: no harm
    assert page.evaluate("document.getElementById('chosen').hidden")
    assert not page.errors


def colour_at(image, x, y):
    return image[round(y) - 1:round(y) + 2, round(x) - 1:round(x) + 2].reshape(-1, 3)


def hex_colour(text):
    return [int(text[i:i + 2], 16) for i in (1, 3, 5)]


@pytest.mark.parametrize("renderer", ["webgl", "canvas"])
def test_screenshot_shows_each_kind_in_its_colour(tmp_path, renderer):
    """Nodes on a grid, far from each other: each place must have its colour, the empty ones the paper's."""
    program = browser.find()
    if program is None:
        pytest.skip("no Chromium here; name one in GRAPHEMB_BROWSER")
    side = 12
    points = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2).astype(float)
    kinds = [f"kind {i % 7}" for i in range(side * side)]
    vectors = Embedding([f"n{i}" for i in range(side * side)], np.random.default_rng(0).normal(size=(side * side, 4)))
    path = tmp_path / "grid.html"
    explorer(vectors, path, kinds, points=points)
    colours = data_of(path)["kinds"]["colours"]
    with browser.page(program, *(["--disable-3d-apis"] if renderer == "canvas" else [])) as page:
        page.open(path)
        assert page.evaluate("document.documentElement.dataset.renderer") == renderer
        image = pixels(page)
        assert image.shape == (800, 1280, 3)
        for i, node in enumerate(vectors.nodes):
            x, y = place(page, path, node)
            if y > 740 and x < 260:
                continue  # beneath the buttons
            expected = np.array(hex_colour(colours[i % 7]))
            blended = 255 + (expected - 255) * 235 / 255
            assert np.abs(colour_at(image, x, y) - blended).max(axis=1).min() < 12, (node, colour_at(image, x, y))
        page.evaluate("document.querySelector('#legend button').click()")  # kind 0 alone
        page.drawn()
        image = pixels(page)
        x, y = place(page, path, "n140")
        blended = 255 + (np.array(hex_colour(colours[0])) - 255) * 235 / 255
        assert np.abs(colour_at(image, x, y) - blended).max(axis=1).min() < 12
        x, y = place(page, path, "n141")
        assert colour_at(image, x, y).min() > 225
        page.evaluate("document.getElementById('dark').click()")
        page.drawn()
        assert pixels(page)[2, 2].max() < 60
        assert not page.errors


def test_follows_a_dark_system(page, file):
    page.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    page.open(file)
    assert pixels(page)[2, 2].max() < 60
    page.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}])
    page.drawn()
    assert pixels(page)[2, 2].min() > 240


def test_numbers_get_a_scale(page, tmp_path):
    rng = np.random.default_rng(0)
    explorer(rng.normal(size=(50, 4)), tmp_path / "a.html", [None, *np.linspace(0, 2.5, 49).tolist()])
    page.open(tmp_path / "a.html")
    assert texts(page, "#ends span") == ["0", "2.5"]
    assert not page.errors


def test_many_kinds_share_the_grey(page, tmp_path):
    explorer(np.random.default_rng(0).normal(size=(60, 4)), tmp_path / "a.html",
             [None, *(f"kind {i % 25}" for i in range(59))])
    page.open(tmp_path / "a.html")
    shown = texts(page, "#legend button span:first-of-type")
    assert len(shown) == 22
    assert shown[-2:] == ["5 others", "none"]


@pytest.mark.parametrize("n", [1, 2])
def test_opens_with_hardly_any_node(page, tmp_path, n):
    explorer(np.ones((n, 2)), tmp_path / "a.html")
    page.open(tmp_path / "a.html", "#node=0")
    assert texts(page, "#name") == ["0"]
    assert len(texts(page, "#near li")) == n - 1
    assert not page.errors


