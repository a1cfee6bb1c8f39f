"""Embedding: lookup, similarity and every file format."""

import os
import pickle
import sys
import types

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load_file
from strategies import labels

from graphemb import embedding as module
from graphemb import io
from graphemb.embedding import Embedding

LABELS = ["a", ("b", 1), None, 7, "new york"]


@pytest.fixture
def vectors():
    return np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


@pytest.fixture
def table(vectors):
    return Embedding(LABELS, vectors)


def cosine(u, v):
    u, v = np.asarray(u, float), np.asarray(v, float)
    return float(u @ v / np.sqrt((u @ u) * (v @ v))) if u.any() and v.any() else 0.0


# --- lookup -----------------------------------------------------------------------------------------------


def test_lookup(table, vectors):
    for row, label in enumerate(LABELS):
        assert table[label].shape == (3,) and (table[label] == vectors[row]).all() and label in table
    assert (table["b", 1] == vectors[1]).all()
    assert (table[["new york", ("b", 1), "a"]] == vectors[[4, 1, 0]]).all()
    assert table[[None]].shape == (1, 3) and table[[]].shape == (0, 3)
    assert len(table) == 5 and list(table) == LABELS and table.nodes == tuple(LABELS)
    assert "zz" not in table and ["a"] not in table and ("a", "zz") not in table
    assert table.array.dtype == np.float32 and (table.array == vectors).all()
    assert repr(table) == "Embedding(5 nodes, 3 components)"


def test_arrays_and_series_look_up_many(vectors):
    table = Embedding(range(5), vectors)
    assert isinstance(table.nodes, range)
    for many in (np.array([3, 0]), pd.Series([3, 0]), pd.Index([3, 0])):
        assert (table[many] == vectors[[3, 0]]).all()
    assert (table[np.int64(3)] == vectors[3]).all() and (table[np.array(3)[()]] == vectors[3]).all()


def test_lookup_errors(table):
    with pytest.raises(KeyError, match="'zz' is not among the 5 node labels"):
        table["zz"]
    with pytest.raises(KeyError, match="'zz' is not among"):
        table[["a", "zz"]]
    with pytest.raises(KeyError, match=r"\('a', 'zz'\) is not among"):
        table["a", "zz"]
    with pytest.raises(TypeError, match="hashable"):
        table[{"a"}]
    with pytest.raises(TypeError, match="boolean array"):
        table[np.array([True, False, True, False, False])]


def test_vectors_are_not_copied_nor_changed_nor_writable(vectors):
    table = Embedding(LABELS, vectors)
    assert np.shares_memory(table.array, vectors) and vectors.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        table.array[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        table["a"][0] = 1


def test_other_dtypes_become_float32(vectors):
    assert Embedding(LABELS, vectors.astype(">f8")).array.dtype == np.dtype(np.float32)
    assert Embedding(["a"], [[1, 2]])["a"].tolist() == [1, 2]


@pytest.mark.parametrize(("nodes", "array", "error", "message"), [
    (["a", "b"], np.ones((3, 2)), ValueError, "a row for each of the 2 nodes; got 3"),
    (["a", "b"], np.ones(2), ValueError, r"shape \(n_nodes, n_components\).*got \(2,\)"),
    (["a", "b"], np.ones((2, 0)), ValueError, r"n_components >= 1; got \(2, 0\)"),
    (["a", "b"], [[1, 2], [np.nan, 0]], ValueError, r"that of node 'b' \(row 1\) is not"),
    (["a", "b"], [[1, np.inf], [1, 0]], ValueError, r"that of node 'a' \(row 0\)"),
    (["a", "b"], [[1e300, 1], [1, 0]], ValueError, r"finite in float32; that of node 'a'"),
    (["a", "a"], np.ones((2, 2)), ValueError, "distinct"),
    ([["a"], "b"], np.ones((2, 2)), TypeError, "hashable"),
    ([float("nan"), "b"], np.ones((2, 2)), ValueError, "cannot be a label"),
    ([], np.ones((0, 2)), ValueError, "no nodes"),
])
def test_bad_tables(nodes, array, error, message):
    with pytest.raises(error, match=message):
        Embedding(nodes, array)


def test_pickle(table):
    back = pickle.loads(pickle.dumps(table))
    assert back.nodes == table.nodes and (back.array == table.array).all()


# --- comparing --------------------------------------------------------------------------------------------

small = st.floats(-4, 4, width=16).map(lambda x: round(x))


@given(st.data(), st.integers(1, 9), st.integers(1, 4), st.integers(1, 12), st.sampled_from([1, 5, 2**20]))
def test_most_similar_is_exact(data, n, d, k, block):
    array = data.draw(hnp.arrays(np.float32, (n, d), elements=small))
    nodes = data.draw(labels(n))
    table = Embedding(nodes, array)
    query = data.draw(st.integers(0, n - 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", block)
        got = table.most_similar(nodes[query], k=k)
        assert got == table.most_similar(nodes[query], k=n + 5)[:k]
    scores = [cosine(array[query], row) for row in array]
    assert len(got) == min(k, n - 1)
    assert nodes[query] not in [label for label, _ in got]
    assert [score for _, score in got] == pytest.approx(
        sorted((s for row, s in enumerate(scores) if row != query), reverse=True)[:k], abs=1e-9)
    for label, score in got:
        assert score == pytest.approx(scores[nodes.index(label)], abs=1e-9)


def test_ties_come_in_row_order():
    table = Embedding(list("abcdef"), [[1, 0], [0, 1], [1, 1], [1, 1], [0, 2], [2, 2]])
    assert [label for label, _ in table.most_similar("a", k=3)] == ["c", "d", "f"]
    assert [label for label, _ in table.most_similar("a", k=2)] == ["c", "d"]
    assert [label for label, _ in table.most_similar("b", k=5)] == ["e", "c", "d", "f", "a"]


def test_equal_vectors_have_equal_scores_wherever_they_stand(vectors):
    table = Embedding(range(1001), np.tile(vectors[0] / 3, (1001, 1)))
    got = table.most_similar(500, k=1000)
    assert [label for label, _ in got] == [n for n in range(1001) if n != 500]
    assert len({score for _, score in got}) == 1


def test_most_similar_to_a_vector_keeps_every_node(table, vectors):
    for query in (vectors[1] * 3, (vectors[1] * 3).tolist()):
        got = table.most_similar(query, k=5)
        assert got[0][0] == ("b", 1) and got[0][1] == pytest.approx(1) and len(got) == 5


def test_where(table):
    every = table.most_similar("a", k=5)
    wanted = {None, 7}
    expected = [pair for pair in every if pair[0] in wanted]
    assert len(expected) == 2
    assert table.most_similar("a", where=[7, None, 7]) == expected
    assert table.most_similar("a", where=wanted) == expected
    assert table.most_similar("a", where=lambda label: label in wanted) == expected
    assert table.most_similar("a", where=np.array([True, False, True, True, False])) == expected
    assert table.most_similar("a", where=["a"]) == [] and table.most_similar("a", where=[]) == []
    with pytest.raises(KeyError, match="'zz'"):
        table.most_similar("a", where=["zz"])
    with pytest.raises(ValueError, match=r"where, as a mask, must have shape \(5,\); got \(2,\)"):
        table.most_similar("a", where=np.array([True, False]))


@pytest.mark.parametrize(("query", "k", "error", "message"), [
    ("zz", 3, KeyError, "'zz' is not among"), ([1.0, 2.0], 3, ValueError, r"shape \(3,\); got shape \(2,\)"),
    ([1.0, np.nan, 0], 3, ValueError, "must be finite"), ("a", 0, ValueError, "k must be an int >= 1; got 0"),
    ("a", 1.5, TypeError, "k must be an int"),
])
def test_most_similar_refuses(table, query, k, error, message):
    with pytest.raises(error, match=message):
        table.most_similar(query, k=k)


def test_zero_and_extreme_vectors_have_a_cosine():
    table = Embedding(list("abcd"), np.array([[0, 0], [1e30, 1e30], [1e-40, 1e-40], [3, -3]], np.float32))
    assert table.most_similar("a", k=3) == [("b", 0.0), ("c", 0.0), ("d", 0.0)]
    assert table.similarity("a", "a") == 0.0
    assert table.similarity("b", "c") == pytest.approx(1) and table.similarity("c", "b") == pytest.approx(1)
    assert table.similarity("b", "d") == pytest.approx(0, abs=1e-12)
    assert dict(table.most_similar("c"))["b"] == pytest.approx(1)
    assert table.most_similar([1e200, 1e200])[0][1] == pytest.approx(1)


def test_similarity(table, vectors):
    assert table.similarity("a", ("b", 1)) == pytest.approx(cosine(vectors[0], vectors[1]))
    assert table.similarity(None, 7) == pytest.approx(cosine(vectors[2], vectors[3]))
    assert -1 <= table.similarity("a", "a") <= 1
    with pytest.raises(KeyError, match="'zz'"):
        table.similarity("a", "zz")


@pytest.mark.parametrize("block", [1, 2**20])
def test_score_edges_are_inner_products(table, vectors, monkeypatch, block):
    monkeypatch.setattr(module, "_BLOCK", block)
    pairs = [("a", ("b", 1)), [None, 7], ("a", "a")]
    want = [float(vectors[i].astype(float) @ vectors[j]) for i, j in ((0, 1), (2, 3), (0, 0))]
    assert table.score_edges(pairs) == pytest.approx(want)
    assert table.score_edges(iter(pairs)) == pytest.approx(want)
    numbers = Embedding(range(5), vectors)
    assert numbers.score_edges(np.array([[0, 1], [2, 3], [0, 0]])) == pytest.approx(want)
    assert table.score_edges([]).shape == (0,)
    for bad in ([("a",)], [("a", 7, 7)], ["ab"], [3]):
        with pytest.raises(ValueError, match=r"pairs must hold \(label, label\); pairs\[0\] is"):
            table.score_edges(bad)
    with pytest.raises(KeyError, match="'zz'"):
        table.score_edges([("a", "zz")])


# --- files ------------------------------------------------------------------------------------------------

finite = st.floats(width=32, allow_nan=False, allow_infinity=False)


def same(one, other):
    assert list(one) == list(other) and list(map(type, one)) == list(map(type, other))
    assert (one.array.view(np.uint32) == other.array.view(np.uint32)).all()


@given(st.data(), st.sampled_from([".safetensors", "", ".npz"]), st.booleans())
def test_typed_formats_keep_every_label_and_bit(tmp_path_factory, data, suffix, mmap):
    nodes = data.draw(labels(data.draw(st.integers(1, 6))))
    table = Embedding(nodes, data.draw(hnp.arrays(np.float32, (len(nodes), 3), elements=finite)))
    path = tmp_path_factory.mktemp("v") / f"vectors{suffix}"
    table.save(path)
    back = Embedding.load(path, mmap=mmap)
    same(back, table)
    assert type(back.nodes) is type(table.nodes)


words = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(" \t\n\r%\x85\xa0\u2028\x0025C"),
                min_size=1, max_size=8)


@given(st.data(), st.sampled_from([".txt", ".vec", ".bin", ".tsv"]), st.booleans())
def test_word_formats_keep_words_and_bits(tmp_path_factory, data, suffix, ints):
    one = st.integers() if ints else words.filter(lambda word: word.strip("-0123456789") != "")
    nodes = data.draw(st.lists(one, min_size=1, max_size=6, unique=True))
    table = Embedding(nodes, data.draw(hnp.arrays(np.float32, (len(nodes), 3), elements=finite)))
    path = tmp_path_factory.mktemp("v") / f"vectors{suffix}"
    table.save(path)
    same(Embedding.load(path), table)


def test_the_documented_escapes(tmp_path):
    Embedding(["New York", "100%", "50%25", "a\tb"], np.ones((4, 1))).save(tmp_path / "v.txt")
    assert (tmp_path / "v.txt").read_text() == "4 1\nNew%20York 1\n100% 1\n50%2525 1\na%09b 1\n"
    (tmp_path / "v.txt").write_text("2 1\n%FF 1\n%zz 2\n")
    assert Embedding.load(tmp_path / "v.txt").nodes == ("%FF", "%zz")


@pytest.mark.parametrize("suffix", [".txt", ".bin", ".tsv"])
def test_strings_of_digits_warn_and_come_back_on_request(tmp_path, suffix):
    path = tmp_path / f"v{suffix}"
    table = Embedding(["1", "2"], np.ones((2, 2)))
    with pytest.warns(UserWarning, match=r"strings that all read as ints \(first '1'\).*labels='str'"):
        table.save(path)
    same(Embedding.load(path, labels="str"), table)
    assert Embedding.load(path).nodes == (1, 2) and Embedding.load(path, labels="int").nodes == (1, 2)
    Embedding(["1", "x"], np.ones((2, 2))).save(path)
    with pytest.raises(ValueError, match="not every label is an int; load with labels='str'"):
        Embedding.load(path, labels="int")
    with pytest.raises(ValueError, match="labels must be one of 'auto', 'int', 'str'; got 'float'"):
        Embedding.load(path, labels="float")


@pytest.mark.parametrize("suffix", [".txt", ".bin", ".tsv"])
@pytest.mark.parametrize(("nodes", "error", "message"), [
    (["a", 1], TypeError, "all int or all str; got int, str"), ([None], TypeError, "got NoneType"),
    ([True], TypeError, "got bool"), ([""], ValueError, "the empty string"),
    (["\ud800"], ValueError, "UTF-8"),
])
def test_labels_that_word_formats_cannot_hold(tmp_path, suffix, nodes, error, message):
    with pytest.raises(error, match=message):
        Embedding(nodes, np.ones((len(nodes), 2))).save(tmp_path / f"v{suffix}")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("binary", [False, True])
def test_gensim_reads_ours_and_we_read_gensims(tmp_path, binary):
    KeyedVectors = pytest.importorskip("gensim.models").KeyedVectors
    table = Embedding(["ann", "bob", "São"], np.random.default_rng(1).normal(size=(3, 4)))
    path = tmp_path / ("v.bin" if binary else "v.txt")
    table.save(path)
    theirs = KeyedVectors.load_word2vec_format(path, binary=binary)
    assert theirs.index_to_key == list(table) and (theirs.vectors == table.array).all()
    theirs.save_word2vec_format(path, binary=binary)
    same(Embedding.load(path), table)


def test_the_original_program_ends_binary_vectors_with_a_newline(tmp_path):
    row = np.array([1.5, -2], dtype="<f4").tobytes()
    (tmp_path / "v.bin").write_bytes(b"2 2\na " + row + b"\nb " + row + b"\n")
    assert Embedding.load(tmp_path / "v.bin")["b"].tolist() == [1.5, -2]
    (tmp_path / "v.txt").write_bytes(b"2 2\r\na 1.5 -2 \r\nb 1 2 \r\n")
    assert Embedding.load(tmp_path / "v.txt")["a"].tolist() == [1.5, -2]


ROW = np.array([1, 2], dtype="<f4").tobytes()


@pytest.mark.parametrize(("suffix", "content", "message"), [
    (".txt", b"", "the first line must be two positive ints"), (".txt", b"a b\n", "the first line"),
    (".txt", b"2\n", "the first line"), (".txt", b"-1 2\n", "the first line"),
    (".txt", b"0 2\n", "the first line"),
    (".txt", b"2 2\na 1 2\n", "2 vectors promised, 1 lines|do not fit"),
    (".txt", b"2 2\na 1 2\nb 1\n", r"v\.txt:3: a word and 2 numbers expected"),
    (".txt", b"2 2\na 1 2\nb 1 x\n", r"v\.txt:3: a word and 2 numbers"),
    (".txt", b"2 2\na 1 2\nb 1 2 3\n", r"v\.txt:3: a word and 2 numbers"),
    (".txt", b"2 2\na 1 2\na 1 3\n", "the word 'a' comes 2 times"),
    (".txt", b"2 2\na 1 nan\nb 1 3\n", "that of node 'a'"),
    (".txt", b"99999999999 99999999\na 1 2\n", "do not fit"),
    (".txt", b"1 2\n\xff 1 2\n", "is not UTF-8"),
    (".bin", b"", "the first line"), (".bin", b"2 2\na " + ROW, "do not fit|cut short"),
    (".bin", b"2 2\na " + ROW + b"bb" + ROW, "cut short"),
    (".bin", b"1 2\na " + ROW + b"b " + ROW, "10 bytes too many"),
    (".bin", b"2 2\na " + ROW + b"a " + ROW, "the word 'a' comes 2 times"),
    (".bin", b"1 2\na " + np.array([1, np.nan], "<f4").tobytes(), "that of node 'a'"),
    (".npz", b"junk", "no valid npz"), (".safetensors", b"junk", "not a safetensors file"),
])
def test_broken_files(tmp_path, suffix, content, message):
    path = tmp_path / f"v{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        Embedding.load(path)
    assert f"v{suffix}" in str(caught.value)


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".bin", ".txt"])
def test_truncated_anywhere(tmp_path, suffix):
    path = tmp_path / f"v{suffix}"
    Embedding([f"n{i}" for i in range(9)], np.arange(27).reshape(9, 3) + 0.123).save(path)
    content = path.read_bytes()
    for size in range(0, len(content) - 5, 13):
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match=f"v{suffix}"):
            Embedding.load(path)


def test_projector_pair(tmp_path, vectors):
    Embedding(list("abcde"), vectors).save(tmp_path / "v.tsv")
    assert sorted(os.listdir(tmp_path)) == ["v.tsv", "v_metadata.tsv"]
    assert (tmp_path / "v_metadata.tsv").read_text() == "a\nb\nc\nd\ne\n"
    assert np.loadtxt(tmp_path / "v.tsv", delimiter="\t", dtype=np.float32).tolist() == vectors.tolist()
    for content, message in (("1\t2\n", "has 1 vectors"), ("1\t2\n" * 4 + "1\n", r"v\.tsv:5: 1 numbers"),
                             ("1\t2\n" * 4 + "1\tx\n", r"v\.tsv:5: the weight 'x'|v\.tsv:5")):
        (tmp_path / "v.tsv").write_text(content)
        with pytest.raises(ValueError, match=message):
            Embedding.load(tmp_path / "v.tsv")


def test_safetensors_is_the_plain_layout_and_mapped(tmp_path, table):
    table.save(tmp_path / "v.safetensors")
    assert (load_file(tmp_path / "v.safetensors")["vectors"] == table.array).all()
    io.write_tensors(tmp_path / "w.safetensors", {"vectors": np.ones((2, 2), np.float32)})
    with pytest.raises(ValueError, match="holds no embedding of format version 1"):
        Embedding.load(tmp_path / "w.safetensors")
    for k, bad in enumerate((np.ones(2, np.float32), np.ones((2, 2)))):
        path = tmp_path / f"{k}.safetensors"
        io.write_tensors(path, {"vectors": bad}, {"format": "graphemb.Embedding", "version": "1"})
        with pytest.raises(ValueError, match="no 2-D float32 or float16 array named vectors"):
            Embedding.load(path)
    np.savez(tmp_path / "v.npz", vectors=np.ones((2, 2), np.float32), node_ints=np.array([1, 1]))
    with pytest.raises(ValueError, match=r"v\.npz: .*distinct"):
        Embedding.load(tmp_path / "v.npz")
    np.savez(tmp_path / "v.npz", vectors=np.array([["a"]], dtype=object))
    with pytest.raises(ValueError, match="Python objects"):
        Embedding.load(tmp_path / "v.npz")


def test_unknown_suffix(table, tmp_path):
    for call in (table.save, Embedding.load):
        with pytest.raises(ValueError, match=r"unknown suffix '\.pkl'; known are \.safetensors, "):
            call(tmp_path / "v.pkl")


def test_a_failed_save_keeps_the_old_file(tmp_path, vectors):
    path = tmp_path / "v.txt"
    Embedding(list("abcde"), vectors).save(path)
    before = path.read_bytes()
    with pytest.raises(TypeError, match="all int or all str"):
        Embedding(LABELS, vectors).save(path)
    assert path.read_bytes() == before


def test_parquet(tmp_path, vectors):
    pytest.importorskip("pyarrow")
    for nodes in (list("abcde"), range(5)):
        Embedding(nodes, vectors).save(tmp_path / "v.parquet")
        same(Embedding.load(tmp_path / "v.parquet"), Embedding(nodes, vectors))


# --- to other libraries -----------------------------------------------------------------------------------


def test_to_keyed_vectors(vectors):
    pytest.importorskip("gensim")
    keyed = Embedding(["a", 3, ("b", 1), "3x", "z"], vectors).to_keyed_vectors()
    assert keyed.index_to_key == ["a", "3", "('b', 1)", "3x", "z"]
    assert (keyed["3"] == vectors[1]).all()
    with pytest.raises(ValueError, match=r"labels 3 and '3' are both '3' as a string"):
        Embedding(["a", 3, "3"], np.ones((3, 2))).to_keyed_vectors()


def test_to_dataframe(table, vectors):
    frame = table.to_dataframe()
    assert list(frame.index) == LABELS and list(map(type, frame.index)) == list(map(type, LABELS))
    assert (frame.to_numpy() == vectors).all() and list(frame.columns) == [0, 1, 2]
    assert (frame.dtypes == np.float32).all()
    frame.iloc[0, 0] = 99
    assert table.array[0, 0] != 99
    assert isinstance(Embedding(range(5), vectors).to_dataframe().index, pd.RangeIndex)
    mixed = Embedding([1, 2.5], np.ones((2, 2))).to_dataframe().index
    assert list(map(type, mixed)) == [int, float]
    tuples = Embedding([("a", 1), ("b", 2)], np.ones((2, 2))).to_dataframe().index
    assert list(tuples) == [("a", 1), ("b", 2)] and tuples.nlevels == 1


def test_to_torch(vectors):
    torch = pytest.importorskip("torch")
    layer = Embedding(range(5), vectors).to_torch()
    assert (layer(torch.tensor([3])).numpy() == vectors[3]).all() and not layer.weight.requires_grad
    assert Embedding(range(5), vectors).to_torch(freeze=False).weight.requires_grad


def test_plot_hands_over(table, monkeypatch):
    asked = {}

    def plot(embedding, **options):
        asked.update(options, embedding=embedding)
        return "ax"

    monkeypatch.setitem(sys.modules, "graphemb.plot", types.SimpleNamespace(plot=plot))
    assert table.plot(labels=["x"] * 5, method="tsne", ax="mine") == "ax"
    assert asked == {"embedding": table, "labels": ["x"] * 5, "method": "tsne", "ax": "mine"}


@pytest.mark.parametrize("suffix", ["safetensors", "npz"])
def test_half_precision_files_are_half_as_large_and_load_as_float32(tmp_path, suffix):
    vectors = np.random.default_rng(0).normal(size=(500, 32)).astype(np.float32)
    embedding = Embedding(list(range(500)), vectors)
    half, full = tmp_path / f"half.{suffix}", tmp_path / f"full.{suffix}"
    embedding.save(half, dtype="float16")
    embedding.save(full)
    back = Embedding.load(half)
    assert back.array.dtype == np.float32
    np.testing.assert_array_equal(back.array, vectors.astype(np.float16).astype(np.float32))
    saved = full.stat().st_size - half.stat().st_size
    assert saved > 0.4 * 4 * vectors.size


def test_half_precision_is_refused_where_it_cannot_be(tmp_path):
    embedding = Embedding(["a", "b"], np.array([[1.0, 7e4], [0.0, 1.0]], np.float32))
    with pytest.raises(ValueError, match=r"up to 65504; the vectors have 70000\. Scale them"):
        embedding.save(tmp_path / "e.npz", dtype="float16")
    with pytest.raises(ValueError, match=r"goes with \.safetensors, \.npz and \.npy files; got .*e\.txt"):
        embedding.save(tmp_path / "e.txt", dtype="float16")
    with pytest.raises(ValueError, match="dtype must be one of 'float32', 'float16'; got 'float8'"):
        embedding.save(tmp_path / "e.npz", dtype="float8")
    assert list(tmp_path.iterdir()) == []


def test_the_usearch_index_finds_what_is_there():
    pytest.importorskip("usearch", reason="usearch is not installed")
    rng = np.random.default_rng(0)
    e = Embedding([f"n{i}" for i in range(2_000)], rng.standard_normal((2_000, 16)))
    for name in ("n0", "n7", "n1999"):
        exact, found = e.most_similar(name, 10), e.most_similar(name, 10, index="usearch")
        assert len(set(exact) & set(found)) >= 9 and found == sorted(found, key=lambda pair: -pair[1])
    few = [f"n{i}" for i in range(0, 2_000, 200)]
    assert e.most_similar("n3", 4, where=few, index="usearch") == e.most_similar("n3", 4, where=few)
    zeros = Embedding(list("abc"), [[1, 0], [0, 0], [1, 1]])
    assert [label for label, _ in zeros.most_similar("a", index="usearch")] == ["c"]
    with pytest.raises(ValueError, match="index must be one of 'exact', 'usearch'"):
        e.most_similar("n0", index="faiss")


def test_npy_with_and_without_labels(tmp_path):
    table = Embedding(['a', 'new york'], [[1.0, 2.0], [3.0, 4.0]])
    table.save(tmp_path / "v.npy")
    back = Embedding.load(tmp_path / "v.npy")
    assert back.nodes == table.nodes and np.array_equal(back.array, table.array)
    Embedding(range(2), [[1.0], [2.0]]).save(tmp_path / "v.npy")  # the labels of before are not its own
    assert Embedding.load(tmp_path / "v.npy").nodes == range(2)
    np.save(tmp_path / "bad.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises(ValueError, match=r"bad\.npy is no valid npy file"):
        Embedding.load(tmp_path / "bad.npy")
