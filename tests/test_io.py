"""Files: atomic writing, the safetensors layout, edge lists and matrices, and what a broken file does."""

import builtins
import contextlib
import gzip
import json
import mmap
import os
import warnings
import zipfile

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from scipy import io as scipy_io
from scipy import sparse
from strategies import edge_lists, networkx_graphs

from graphemb import edge_lists as module_of_edges
from graphemb import graph_files, io
from graphemb.graph import Graph, as_graph


def dense(graph):
    return graph.to_scipy().toarray()


# --- atomic writing ---------------------------------------------------------------------------------------


def test_atomic_write_replaces_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "a.bin"
    for content in (b"one", b"two"):
        with io.atomic_write(path) as file:
            file.write(content)
        assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["a.bin"]


def test_a_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError, match="disk full"), io.atomic_write(path) as file:
        file.write(b"half of the new")
        raise RuntimeError("disk full")
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.bin"]


def test_the_old_file_is_there_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with io.atomic_write(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


@pytest.mark.skipif(os.name != "posix", reason="locks as POSIX has them")
def test_what_a_killed_writer_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    path = tmp_path / "a.bin"
    dead, other = (tmp_path / f".{name}.{'0123456789abcdef' * 2}.tmp" for name in ("a.bin", "b.bin"))
    dead.write_bytes(b"half")
    other.write_bytes(b"half")
    with io.atomic_write(path) as slow:
        assert not dead.exists() and other.exists()
        slow.write(b"slow")
        with io.atomic_write(path) as quick:
            quick.write(b"quick")
        assert path.read_bytes() == b"quick"
    assert path.read_bytes() == b"slow"
    assert sorted(os.listdir(tmp_path)) == [other.name, "a.bin"]


@pytest.mark.skipif(os.name != "posix", reason="modes and links as POSIX has them")
def test_atomic_write_keeps_mode_and_link(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    with io.atomic_write(link) as file:
        file.write(b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o640
    other = tmp_path / "other"
    os.link(target, other)
    with io.atomic_write(target) as file:
        file.write(b"newer")
    assert other.read_bytes() == b"new"  # another file was renamed into place; this one was never written to
    fresh, plain = tmp_path / "fresh", tmp_path / "plain"
    plain.touch()
    with io.atomic_write(fresh):
        pass
    assert fresh.stat().st_mode == plain.stat().st_mode


# --- the safetensors layout -------------------------------------------------------------------------------


TENSORS = {
    "b": np.array([1.5, -2.0], dtype=np.float32), "a": np.arange(6, dtype=np.int64).reshape(2, 3),
    "flag": np.array([True, False, True]), "empty": np.zeros((0, 4), dtype=np.float64),
    "scalar": np.array(7, dtype=np.uint8), "half": np.array([0.5], dtype=np.float16),
}


def test_the_reference_implementation_reads_ours(tmp_path):
    path = tmp_path / "t.safetensors"
    io.write_tensors(path, TENSORS, {"who": "us"})
    theirs = load_file(path)
    assert theirs.keys() == TENSORS.keys()
    for name, array in TENSORS.items():
        assert theirs[name].dtype == array.dtype and theirs[name].shape == array.shape
        assert (theirs[name] == array).all()


@pytest.mark.parametrize("mmap", [True, False])
def test_we_read_the_reference_implementations(tmp_path, mmap):
    path = tmp_path / "t.safetensors"
    save_file(TENSORS, path, metadata={"who": "them"})
    ours, metadata = io.read_tensors(path, mmap=mmap)
    assert metadata == {"who": "them"}
    for name, array in TENSORS.items():
        assert ours[name].dtype == array.dtype and ours[name].shape == array.shape
        assert (ours[name] == array).all() and not ours[name].flags.writeable
        assert ours[name].flags.aligned


def test_any_byte_order_and_stride_is_written(tmp_path):
    path = tmp_path / "t.safetensors"
    io.write_tensors(path, {"x": np.arange(6, dtype=">i4")[::2], "y": np.asfortranarray(np.eye(3)[:2])})
    ours, metadata = io.read_tensors(path)
    assert metadata == {} and ours["x"].tolist() == [0, 2, 4] and ours["y"].tolist() == np.eye(3)[:2].tolist()


def test_a_dtype_the_layout_has_no_name_for(tmp_path):
    with pytest.raises(TypeError, match="tensor 'x' has dtype complex128"):
        io.write_tensors(tmp_path / "t", {"x": np.ones(2) * 1j})
    assert os.listdir(tmp_path) == []


def raw(header, data=b"\0" * 16, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def entry(start=0, stop=16, shape=(2,), dtype="F64"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, stop]}


HOSTILE = {
    "empty file": b"",
    "seven bytes": b"1234567",
    "header longer than the file": raw({}, b"", length=1000),
    "header of 2**63 bytes": raw({}, b"", length=2**63),
    "not JSON": raw(b"{nonsense", b""),
    "not UTF-8": raw(b"\xff\xfe", b""),
    "nested without end": raw(b"[" * 200_000, b""),
    "a number without end": raw(b'{"x": ' + b"9" * 100_000 + b"}", b""),
    "a list": raw([1, 2], b""),
    "metadata of a number": raw({"__metadata__": {"a": 1}}, b""),
    "metadata of a list": raw({"__metadata__": []}, b""),
    "entry is a string": raw({"x": "F64"}),
    "no offsets": raw({"x": {"dtype": "F64", "shape": [2]}}),
    "three offsets": raw({"x": {"dtype": "F64", "shape": [2], "data_offsets": [0, 8, 16]}}),
    "unknown dtype": raw({"x": entry(dtype="F65")}),
    "dtype is a list": raw({"x": entry(dtype=["F64"])}),
    "shape does not fit": raw({"x": entry(shape=(3,))}),
    "shape negative": raw({"x": entry(shape=(-2,))}),
    "shape of floats": raw({"x": entry(shape=(2.0,))}),
    "shape of booleans": raw({"x": entry(0, 8, shape=(True,)), "y": entry(8, 16, shape=(1,))}),
    "shape is a number": raw({"x": {"dtype": "F64", "shape": 2, "data_offsets": [0, 16]}}),
    "sizes that overflow": raw({"x": entry(shape=(2**40, 2**40))}),
    "empty but enormous": raw({"x": entry(0, 0, shape=(0, 2**70))}, b""),
    "forty dimensions": raw({"x": entry(shape=(1,) * 40 + (2,))}),
    "offsets beyond the end": raw({"x": entry(0, 24, shape=(3,))}),
    "offsets negative": raw({"x": entry(-16, 0)}),
    "offsets reversed": raw({"x": entry(16, 0)}),
    "offsets are strings": raw({"x": {"dtype": "F64", "shape": [2], "data_offsets": ["0", "16"]}}),
    "overlap": raw({"x": entry(), "y": entry()}),
    "hole": raw({"x": entry(8, 16, shape=(1,))}),
    "bytes left over": raw({"x": entry(0, 8, shape=(1,))}),
}


@pytest.mark.parametrize("mmap", [True, False])
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_headers_raise(tmp_path, content, mmap):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"bad\.safetensors"):
        io.read_tensors(path, mmap=mmap)


def test_unaligned_data_is_copied_into_place(tmp_path):
    path = tmp_path / "odd.safetensors"
    text = json.dumps({"x": entry()}).encode()
    text += b" " * ((3 - len(text)) % 8)
    path.write_bytes(raw(text, np.array([1.5, 2.5]).tobytes()))
    tensors, _ = io.read_tensors(path)
    assert tensors["x"].flags.aligned and tensors["x"].tolist() == [1.5, 2.5]


# --- labels -----------------------------------------------------------------------------------------------

label = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(2**62, 2**70) | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.tuples(inner) | st.tuples(inner, inner), max_leaves=4)


def typed(value):
    return (tuple, tuple(map(typed, value))) if isinstance(value, tuple) else (type(value), value)


@given(st.lists(label, min_size=1, max_size=6).map(tuple) | st.integers(1, 5).map(range)
       | st.lists(st.integers(-2**63, 2**63 - 1), min_size=1).map(tuple))
def test_labels_come_back_exactly(nodes):
    back = io.decode_labels(io.encode_labels(nodes), len(nodes), "f")
    assert list(map(typed, back)) == list(map(typed, nodes)) and type(back) is type(nodes)


def test_ints_of_any_size_and_lone_surrogates():
    nodes = (10**6000, -10**6000, 2**63, -2**63, "\ud800", float("inf"), -0.0)
    back = io.decode_labels(io.encode_labels(nodes), 7, "f")
    assert back == nodes and str(back[-1]) == "-0.0"


@pytest.mark.parametrize("bad", [b"bytes", frozenset([1]), np.int64(3), np.str_("a"), 1j, ("a", b"b"),
                                 float("nan")])
def test_labels_that_no_file_holds(bad, tmp_path):
    with pytest.raises(TypeError, match=r"cannot be stored in a file.*relabel_nodes"):
        io.encode_labels((bad,))


@pytest.mark.parametrize("tensors", [
    {"node_json": b"[1, 2"}, {"node_json": b"{}"}, {"node_json": b'[{"int": 3}, 1]'}, {"node_json": b"\xff"},
    {"node_json": b'[{"int": "0xzz"}, 1]'}, {"node_json": b'[{"float": "1"}, 1]'}, {"node_json": b"[1]"},
    {"node_json": b"[" * 100_000}, {"node_json": b"[1, 2, 3]"},
    {"node_ints": np.array([1.0, 2.0])}, {"node_ints": np.array([[1], [2]])}, {"node_ints": np.array([1])},
    {"node_json": np.array([1.0, 2.0])},
])
def test_corrupt_labels(tensors):
    tensors = {name: np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value
               for name, value in tensors.items()}
    with pytest.raises(ValueError, match=r"some\.file"):
        io.decode_labels(tensors, 2, "some.file")


# --- Graph.save and Graph.load ----------------------------------------------------------------------------


@given(networkx_graphs(), st.booleans())
def test_a_graph_comes_back_whole(tmp_path_factory, G, mmap):
    graph = as_graph(G)
    path = tmp_path_factory.mktemp("g") / "g.safetensors"
    graph.save(path)
    back = Graph.load(path, mmap=mmap)
    assert back.fingerprint == graph.fingerprint and back.directed == graph.directed
    assert list(map(typed, back.nodes)) == list(map(typed, graph.nodes))
    assert type(back.nodes) is type(graph.nodes)
    assert not back.indices.flags.writeable and (dense(back) == dense(graph)).all()


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "karate.safetensors"
    graph = as_graph(nx.karate_club_graph())
    graph.save(path)
    return path


def test_load_maps_the_file(saved):
    base = Graph.load(saved).indices
    while isinstance(base, np.ndarray):
        base = base.base
    assert isinstance(base, mmap.mmap)
    del base  # Windows deletes no file that is mapped
    copied = Graph.load(saved, mmap=False)
    os.unlink(saved)
    assert copied.n_edges == 78


def test_the_reference_implementation_reads_a_graph(saved):
    tensors = load_file(saved)
    assert (tensors["indptr"] == as_graph(nx.karate_club_graph()).indptr).all()


def test_truncated_anywhere(saved, tmp_path):
    content = saved.read_bytes()
    path = tmp_path / "cut.safetensors"
    for size in [0, 4, 8, 20, *range(40, len(content), 97), len(content) - 1]:
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"cut\.safetensors"):
            Graph.load(path)


def fields():
    return {"indptr": np.array([0, 1, 3, 4]), "indices": np.array([1, 0, 2, 1], np.int32),
            "weights": np.array([2, 2, 3, 3], np.float32)}


META = {"format": "graphemb.Graph", "version": "1", "directed": "false"}


def test_the_plain_file_loads(tmp_path):
    io.write_tensors(tmp_path / "g", fields(), META)
    assert dense(Graph.load(tmp_path / "g")).tolist() == [[0, 2, 0], [2, 0, 3], [0, 3, 0]]


@pytest.mark.parametrize(("change", "meta", "message"), [
    ({"indices": np.array([1, 0, 7, 1], np.int32)}, {}, r"indices\[2\] is 7"),
    ({"indices": np.array([1, 0, -1, 1], np.int32)}, {}, r"indices\[2\] is -1"),
    ({"indices": np.array([1, 2, 0, 1], np.int32)}, {}, "sorted"),
    ({"indices": np.array([1, 0, 0, 1], np.int32)}, {}, "duplicates"),
    ({"indices": np.array([1, 0, 2, 0], np.int32)}, {}, "not symmetric"),
    ({"indices": np.array([1, 0, 2, 1], np.int64)}, {}, "indices must be int32"),
    ({"indptr": np.array([0, 3, 1, 4])}, {}, "falls from 3 to 1"),
    ({"indptr": np.array([0, 1, 3, 9])}, {}, "ends with 9"),
    ({"indptr": np.array([0, 1, 3, 3])}, {}, "sorted|symmetric"),
    ({"indptr": np.array([], np.int64)}, {}, "indptr"),
    ({"indptr": np.array([0, 1, 3, 4], np.int32)}, {}, "indptr must be int64"),
    ({"weights": np.array([2, 2, 3, 4], np.float32)}, {}, "not symmetric"),
    ({"weights": np.array([2, 2, 3, np.nan], np.float32)}, {}, "NaN"),
    ({"weights": np.array([2, 2, -3, -3], np.float32)}, {}, "Negative"),
    ({"weights": np.array([0, 0, 3, 3], np.float32)}, {}, "a weight is 0"),
    ({"weights": np.array([2, 2, 3], np.float32)}, {}, "3 weights for 4"),
    ({"weights": np.ones((4, 1), np.float32)}, {}, "1-D"),
    ({"node_ints": np.array([1, 1, 2])}, {}, "distinct"),
    ({"node_ints": np.array([1, 2])}, {}, "2 labels for 3 nodes"),
    ({"node_json": np.frombuffer(b'[1, NaN, "a"]', np.uint8)}, {}, "NaN"),
    ({}, {"directed": "maybe"}, "directed is missing"),
    ({}, {"format": "something else"}, "no graph of format version 1"),
    ({}, {"version": "2"}, "no graph of format version 1"),
])
def test_a_file_that_is_no_graph(tmp_path, change, meta, message):
    path = tmp_path / "bad.safetensors"
    io.write_tensors(path, fields() | change, META | meta)
    with pytest.raises(ValueError, match=message) as caught:
        Graph.load(path)
    assert "bad.safetensors" in str(caught.value)


def test_a_file_without_indptr(tmp_path):
    arrays = fields()
    del arrays["indptr"]
    io.write_tensors(tmp_path / "bad", arrays, META)
    with pytest.raises(ValueError, match="indptr, indices or the flag directed is missing"):
        Graph.load(tmp_path / "bad")


def test_labels_that_cannot_be_saved(tmp_path):
    with pytest.raises(TypeError, match="cannot be stored"):
        Graph.from_edges([b"a"], [b"b"]).save(tmp_path / "g.safetensors")
    assert os.listdir(tmp_path) == []


# --- edge lists -------------------------------------------------------------------------------------------


def read(tmp_path, text, name="g.txt", **options):
    path = tmp_path / name
    data = text.encode() if isinstance(text, str) else text
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return Graph.read(path, **options)


@pytest.mark.parametrize(("name", "text"), [
    ("g.txt", "1 2 0.5\n2 3 4\n"), ("g.txt", "1\t2\t0.5\r\n2\t3\t4\r\n"), ("g.edges", "1,2,0.5\n2,3,4"),
    ("g.edgelist", "1;2;0.5\n2;3;4"), ("g.csv", "1,2,0.5\n2, 3 ,4\n"), ("g.csv", '"1","2","0.5"\n2,3,4\n'),
    ("g.tsv", "1\t2\t0.5\n2\t3\t4\n"), ("g.tsv.gz", "1\t2\t0.5\n2\t3\t4\n"), ("g.CSV.GZ", "1,2,.5\n2,3,4\n"),
    ("g.txt", "# a comment\n% another\n\n1 2 0.5\n   \n# 9 9 9\n2 3 4\n"),
    ("g.txt", "\ufeff1 2 0.5\n2 3 4\n"),
    ("g.csv", "source,target,weight\n1,2,0.5\n2,3,4\n"), ("g.csv", "Src,Dst,w\n1,2,0.5\n2,3,4\n"),
    ("g.csv", "who,whom,km\n1,2,0.5\n2,3,4\n"),
    ("g.txt", "  1   2 0.5\n 2 3  4 \n"),
])
def test_edge_lists(tmp_path, name, text):
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.lower().endswith(".gz") else text.encode())
    graph = Graph.read(path)
    assert graph.nodes == (1, 2, 3) and not graph.directed
    assert dense(graph).tolist() == [[0, 0.5, 0], [0.5, 0, 4], [0, 4, 0]]
    assert Graph.read(path, directed=True).directed
    assert Graph.read(path, weight=None).weights is None


def test_labels_are_ints_only_if_all_are(tmp_path):
    assert read(tmp_path, "0 1\n1 2\n").nodes == range(3)
    assert read(tmp_path, "0 1\n1 x\n").nodes == ("0", "1", "x")
    assert read(tmp_path, "007 1\n1 7\n").nodes == ("007", "1", "7")
    assert read(tmp_path, "1_0 1\n1 10\n").nodes == ("1_0", "1", "10")
    assert read(tmp_path, "+1 1\n").nodes == ("+1", "1")
    assert read(tmp_path, "-5 123456789012345678901234567890\n").nodes == (-5, 123456789012345678901234567890)
    assert read(tmp_path, "new york,São Paulo\n", "g.csv").nodes == ("new york", "São Paulo")
    assert read(tmp_path, "a b\tc d\n").nodes == ("a b", "c d")
    assert read(tmp_path, '"a, b",c\n', "g.csv").nodes == ("a, b", "c")
    assert read(tmp_path, "a#b c%d\n").nodes == ("a#b", "c%d")


def test_labels_are_judged_over_the_whole_file(tmp_path, monkeypatch):
    monkeypatch.setattr(module_of_edges, "_BLOCK", 12)
    assert read(tmp_path, "1 2 3\n2 3 3\n# c\n3 4 3\n4 5 3\n").nodes == (1, 2, 3, 4, 5)
    mixed = read(tmp_path, "1 2 3\n2 3 3\n# c\n3 4 3\n4 x 9\n")
    assert mixed.nodes == ("1", "2", "3", "4", "x") and dense(mixed)[3, 4] == 9
    assert read(tmp_path, "1 2\n2 3\n3 99999999999999999999\n").nodes == (1, 2, 3, 99999999999999999999)
    with pytest.raises(ValueError, match=r"g\.txt:6: the weight 'y' is not a number"):
        read(tmp_path, "1 2 3\n2 3 3\n# c\n3 4 3\n\n4 5 y\n")


def test_columns_and_header(tmp_path):
    text = "rater,rated,score,time\n6,2,4,1289241911\n6,5,2,1289241941\n"
    chosen = read(tmp_path, text, "g.csv", columns=("rated", "rater"))
    assert chosen.nodes == (2, 6, 5) and chosen.weights is None
    assert read(tmp_path, text, "g.csv", columns=(0, 1, 2), header=True).weights.tolist() == [4, 2, 4, 2]
    assert read(tmp_path, text, "g.csv", columns=(0, 1, 2)).n_edges == 2
    assert read(tmp_path, "a b\nc d\n", header=True).nodes == ("c", "d")
    assert read(tmp_path, "source target\nc d\n", header=False).nodes == ("source", "target", "c", "d")
    assert read(tmp_path, "a|b\n", delimiter="|").nodes == ("a", "b")


@pytest.mark.parametrize(("text", "options", "message"), [
    ("1 2\n2 3 4\n", {}, r"g\.txt:2: 3 fields, where the first line has 2"),
    ("# c\n\n1 2 x\n", {}, r"g\.txt:3: the weight 'x' is not a number"),
    ("1 2 x\n3 4 5\n", {}, r"g\.txt:1: the weight 'x' is not a number"),
    ("1 2 3\n2 3 1_0\n", {}, r"g\.txt:2: the weight '1_0' is not a number"),
    ("1 2 3 4\n", {}, r"g\.txt:1: 4 fields.*columns=\(0, 1\)"),
    ("1\n2\n", {}, r"g\.txt:1: 1 fields"),
    ("user item\n1 2\n", {}, r"g\.txt:1: 'user item' may be a header or an edge; pass header="),
    ("a,,1\n", {}, r"g\.txt:1: a label is empty"),
    ("a,b\nc,\n", {}, r"g\.txt:2: a label is empty"),
    ("a,b\n\"c,d\n", {}, r"g\.txt:2: "),
    ("a,b\n\"c\nx\",d\n", {}, r"g\.txt:2: a quoted field goes on"),
    ("", {}, "holds no edges"), ("# nothing\n", {}, "holds no edges"),
    ("source target\n", {}, "holds no edges"),
    ("1 2 nan\n", {}, r"NaN: edge \(1, 2\)"), ("1 2 -3\n", {}, r"edge \(1, 2\) has weight -3.0"),
    ("1 2\n", {"columns": (0, 2)}, "two or three positions below 2"),
    ("1 2\n", {"columns": (0,)}, "two or three positions"),
    ("a b\n1 2\n", {"columns": ("a", "z")}, r"names from the header \['a', 'b'\]"),
    (b"\xff\xfe1 2\n", {}, "not UTF-8"),
])
def test_malformed_edge_lists_name_file_and_line(tmp_path, text, options, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, text, **options)


def test_corrupt_gzip(tmp_path):
    whole = gzip.compress("".join(f"{i} {i * i}\n" for i in range(5000)).encode())
    spoiled = bytearray(whole)
    spoiled[len(spoiled) // 2] ^= 255
    for content in (whole[:-20], whole[:30], b"1 2\n", bytes(spoiled)):
        path = tmp_path / "g.txt.gz"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"g\.txt\.gz"):
            Graph.read(path)


def test_formats_and_options(tmp_path):
    with pytest.raises(ValueError, match=r"suffix '\.xyz'; known are \.csv"):
        Graph.read(tmp_path / "g.xyz")
    with pytest.raises(ValueError, match="format must be one of arrow, edges, "):
        Graph.read(tmp_path / "g.csv", format="excel")
    assert read(tmp_path, "1 2\n", "out.konect", format="edges").nodes == (1, 2)
    with pytest.raises(ValueError, match="for edge lists"):
        Graph.read(tmp_path / "g.mtx", header=True)
    with pytest.raises(FileNotFoundError):
        Graph.read(tmp_path / "none.csv")
    with pytest.raises(TypeError, match="directed must be True or False"):
        Graph.read(tmp_path / "g.csv", directed=1)


# --- matrices and other formats ---------------------------------------------------------------------------


@pytest.fixture
def graphs():
    undirected = Graph.from_edges([0, 1, 2], [1, 2, 2], [0.5, 3, 1], nodes=range(4))
    directed = Graph.from_edges([0, 1, 2], [1, 2, 2], [0.5, 3, 1], nodes=range(4), directed=True)
    return undirected, directed


def test_matrix_market(tmp_path, graphs):
    for graph in graphs:
        path = tmp_path / "g.mtx"
        scipy_io.mmwrite(path, graph.to_scipy(), precision=9)
        assert Graph.read(path).fingerprint == graph.fingerprint
        assert Graph.read(path, weight=None).weights is None
        zipped = tmp_path / "z.mtx.gz"
        zipped.write_bytes(gzip.compress(path.read_bytes()))
        assert Graph.read(zipped).fingerprint == graph.fingerprint
    with pytest.raises(ValueError, match="symmetric"):
        Graph.read(path, directed=False)
    for content in ("", "hello\n", "%%MatrixMarket matrix coordinate real general\n3 3 2\n1 1 1\n",
                    "%%MatrixMarket matrix coordinate real general\n3 3 1\n9 1 1\n",
                    "%%MatrixMarket matrix coordinate real general\n3 3 1\n1 1 x\n",
                    # ended the interpreter in SciPy's reader
                    "%%MatrixMarket matrix coordinate real general\n3 3 2\n1 2 1\n2 3 2.\0\0\0005"):
        path.write_text(content)
        with pytest.raises(ValueError, match=r"g\.mtx( is not a valid|:\d: .*not a number|: .*1\.\.3|: 2 entr)"):
            Graph.read(path)


@pytest.mark.parametrize("symmetry", ["general", "symmetric", "skew-symmetric"])
@pytest.mark.parametrize(("field", "dense"), [("real", 0), ("real", 1), ("integer", 0), ("integer", 1), ("pattern", 0)])
def test_matrix_market_is_read_as_scipy_reads_it(tmp_path, symmetry, field, dense):
    A = np.random.default_rng(0).integers(-2, 3, (6, 6)).astype(int if field == "integer" else float)
    A = A + {"general": 0, "symmetric": 1, "skew-symmetric": -1}[symmetry] * A.T
    path = tmp_path / "a.mtx"
    scipy_io.mmwrite(path, A if dense else sparse.coo_array(A), comment="caf\xe9", field=field, symmetry=symmetry)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The default value for `spmatrix`", DeprecationWarning)  # since SciPy 1.18
        expected = scipy_io.mmread(path)
    ours = graph_files.read_matrix_market(path).toarray()
    np.testing.assert_array_equal(ours, expected if dense else expected.toarray())
    data = path.read_bytes()
    for cut in range(0, len(data) - 2):  # in the last number it is another number
        path.write_bytes(data[:cut])
        with contextlib.suppress(ValueError):
            assert cut > len(data) - 9 or graph_files.read_matrix_market(path) is None


def test_a_small_file_that_promises_many_nodes_is_refused(tmp_path):
    path = tmp_path / "a.mtx"
    path.write_text("%%MatrixMarket matrix coordinate pattern general\n1454727909 1454727909 1\n1 2\n")
    with pytest.raises(ValueError, match="1454727909 nodes, but only 1 entries"):
        Graph.read(path)
    path.write_text("%%MatrixMarket matrix coordinate pattern general\n3000000000 3000000000 1\n1 2\n")
    with pytest.raises(ValueError, match="3000000000 nodes"):
        Graph.read(path)
    path = tmp_path / "a.npz"
    sparse.save_npz(path, sparse.coo_array(([1.0], ([0], [1])), shape=(10**9, 10**9)))
    with pytest.raises(ValueError, match="1000000000 nodes, but only 1 entries"):
        Graph.read(path)


@pytest.mark.parametrize("fmt", ["csr", "csc", "coo", "bsr", "dia"])
def test_scipy_npz(tmp_path, graphs, fmt):
    for graph in graphs:
        path = tmp_path / "g.npz"
        sparse.save_npz(path, graph.to_scipy().asformat(fmt))
        assert Graph.read(path).fingerprint == graph.fingerprint
        assert Graph.read(path, weight=None).weights is None


def test_npz_layout(tmp_path):
    path = tmp_path / "g.npz"
    np.savez_compressed(path, indptr=np.array([0, 1, 2, 2]), indices=np.array([1, 0], np.int32),
                        directed=False, node_names=np.array(["a", "bb", "c"]),
                        self_loop_nodes=np.array([2], np.int32), labels=np.arange(9))
    graph = Graph.read(path)
    assert graph.nodes == ("a", "bb", "c") and type(graph.nodes[0]) is str and not graph.directed
    assert dense(graph).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    arrays = {"indptr": np.array([0, 1, 2, 2]), "indices": np.array([1, 0], np.int32), "directed": True,
              "data": np.array([2, 3], np.float32), "self_loop_nodes": np.array([0]),
              "self_loop_weights": np.array([7.0])}
    np.savez(path, **arrays)
    assert dense(Graph.read(path)).tolist() == [[7, 2, 0], [3, 0, 0], [0, 0, 0]] and Graph.read(path).directed
    assert Graph.read(path, weight=None).weights is None
    np.savez(path, **(arrays | {"directed": False}))
    with pytest.raises(ValueError, match="directed=False needs a symmetric matrix"):
        Graph.read(path)
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match="holds a directed graph; leave directed= out"):
        Graph.read(path, directed=False)


@pytest.mark.parametrize(("change", "message"), [
    ({"indices": np.array([1, 9])}, r"indices\[1\] is 9"), ({"indptr": np.array([0, 2, 1, 2])}, "falls"),
    ({"data": np.ones(5)}, r"data must be 2 numbers; got float64 of shape \(5,\)"),
    ({"data": np.array(["1", "2"])}, "data must be 2 numbers"),
    ({"self_loop_nodes": np.array([3])}, r"self_loop_nodes must be in \[0, 3\)"),
    ({"self_loop_nodes": np.array([1]), "self_loop_weights": np.ones(2)}, "2 self_loop_weights for 1"),
    ({"node_names": np.array(["a", "b"])}, "each of the 3 rows; got 2"),
])
def test_npz_that_does_not_add_up(tmp_path, change, message):
    arrays = {"indptr": np.array([0, 1, 2, 2]), "indices": np.array([1, 0])} | change
    np.savez(tmp_path / "g.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        Graph.read(tmp_path / "g.npz")


def test_npz_never_unpickles_and_survives_corruption(tmp_path):
    path = tmp_path / "g.npz"
    np.savez(path, indptr=np.array([0, 0]), indices=np.array([], np.int32),
             node_names=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="Python objects"):
        Graph.read(path)
    np.savez(path, indptr=np.arange(100), indices=np.zeros(99, np.int32))
    whole = path.read_bytes()
    for content in (b"", b"PK", whole[:200], whole[:-30], b"x" * 500):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"g\.npz is no valid npz file"):
            Graph.read(path)
    np.savez(path, other=np.arange(3))
    with pytest.raises(ValueError, match="no arrays indptr and indices; it has other"):
        Graph.read(path)


def test_npz_header_that_promises_more_than_there_is(tmp_path):
    path = tmp_path / "g.npz"
    header = b"{'descr': '<i8', 'fortran_order': False, 'shape': (1099511627776,), }\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("indptr.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
                         + b"\0" * 8)
    with pytest.raises(ValueError, match="8796093022208 bytes promised, 8 there"):
        Graph.read(path)


def test_npz_header_that_is_cut(tmp_path):
    """NumPy's way to read headers of old versions of Python lets an error of `tokenize` out."""
    path = tmp_path / "g.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("indptr.npy", b"\x93NUMPY\x01\x00\x0a\x00{'descr': \n" + b"\0" * 8)
    with pytest.raises(ValueError, match=r"g\.npz is no valid npz file"):
        Graph.read(path)


def test_a_quote_within_a_field_that_never_ends(tmp_path):
    for content in ('a,"b""\n', 'a":[0,"no 3', '"a,b\n"\n'):
        (tmp_path / "g.csv").write_text(content)
        with pytest.raises(ValueError, match=r"g\.csv:\d+: "):
            Graph.read(tmp_path / "g.csv")


def test_graphml_and_gml(tmp_path, graphs):
    for graph in graphs:
        G = nx.relabel_nodes(graph.to_networkx(), {i: f"n{i}" for i in range(4)})
        nx.write_graphml(G, tmp_path / "g.graphml")
        nx.write_gml(G, tmp_path / "g.gml")
        for name in ("g.graphml", "g.gml"):
            back = Graph.read(tmp_path / name)
            assert back.nodes == ("n0", "n1", "n2", "n3") and (dense(back) == dense(graph)).all()
            assert Graph.read(tmp_path / name, weight=None).weights is None
            with pytest.raises(ValueError, match=r"holds an? (un)?directed graph; leave directed= out"):
                Graph.read(tmp_path / name, directed=not graph.directed)
    for name in ("g.graphml", "g.gml"):
        for content in ("", "<graphml", "graph [ node [ id", "[[[["):
            (tmp_path / name).write_text(content)
            with pytest.raises(ValueError, match=r"that NetworkX can read"):
                Graph.read(tmp_path / name)


def test_metis(tmp_path):
    # The example graph of the METIS manual, section 4.1.1: figure 2 (a) and, weighted, (b).
    plain = "% comment\n7 11\n5 3 2\n1 3 4\n5 4 2 1\n2 3 6 7\n1 3 6\n5 4 7\n6 4\n"
    weighted = ("7 11 001\n5 1 3 2 2 1\n1 1 3 2 4 1\n5 3 4 2 2 2 1 2\n2 1 3 2 6 2 7 5\n1 1 3 3 6 2\n"
                "5 2 4 2 7 6\n6 6 4 5\n")
    graph = read(tmp_path, plain, "g.graph")
    assert graph.nodes == tuple(range(1, 8)) and graph.n_edges == 11 and graph.weights is None
    heavy = read(tmp_path, weighted, "g.metis")
    assert heavy.n_edges == 11 and dense(heavy)[5, 6] == 6
    assert (dense(heavy).astype(bool) == dense(graph).astype(bool)).all()
    with_node_weights = "3 1 011 2\n9 9 2 5\n8 8 1 5\n7 7\n"
    assert dense(read(tmp_path, with_node_weights, "g.metis")).tolist() == [[0, 5, 0], [5, 0, 0], [0, 0, 0]]
    assert read(tmp_path, "3 1\n2\n1\n\n", "g.metis").n_nodes == 3


@pytest.mark.parametrize(("text", "message"), [
    ("", "the first line must be"), ("x y\n", "the first line must be"), ("2 1 9\n2\n1\n", "the first line"),
    ("3 1\n2\n1\n", "3 nodes promised, 2 lines"), ("2 1\n2\n5\n", r":3: neighbours must be in 1\.\.2"),
    ("2 1\n2\n0\n", r":3: neighbours"), ("2 1\n2\nx\n", ":3: not a list of numbers"),
    ("2 2\n2\n1\n", "2 edges promised, 2 entries"),
    ("2 1 1\n2 3\n1\n", r":3: neighbours.*followed by its weight"),
    ("3 1\n2 3\n\n\n", "symmetric"),
])
def test_metis_that_does_not_add_up(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, text, "g.metis")


def test_safetensors_through_read(saved):
    assert Graph.read(saved).n_edges == 78
    assert Graph.read(saved, weight=None).weights is None
    with pytest.raises(ValueError, match="holds an undirected graph"):
        Graph.read(saved, directed=True)


def test_parquet_without_pyarrow_says_so(tmp_path, monkeypatch):
    genuine = builtins.__import__

    def missing(name, *args, **kwargs):
        if name.split(".")[0] == "pyarrow":
            raise ImportError(name)
        return genuine(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImportError, match=r"Parquet needs pyarrow \(pip install pyarrow\); or use \.csv"):
        Graph.read(tmp_path / "g.parquet")


def test_parquet(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "g.parquet"
    parquet.write_table(pa.table({"s": ["a", "b"], "t": ["b", "c"], "w": [1.5, 2.0], "x": [1, 2]}), path)
    with pytest.raises(ValueError, match="two or three"):
        Graph.read(path)
    assert Graph.read(path, columns=("s", "t", "w")).weights.tolist() == [1.5, 1.5, 2, 2]
    assert Graph.read(path, columns=(0, 1)).nodes == ("a", "b", "c")
    path.write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="not a valid Parquet"):
        Graph.read(path)


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".feather"])
def test_tables_of_arrow_in_every_file(tmp_path, suffix):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import feather, parquet

    table = pa.table({"from": pa.array(["a", "b", "a"]).dictionary_encode(), "to": ["b", "c", "c"], "km": [1, 2, 3]})
    path = tmp_path / f"g{suffix}"
    (parquet.write_table if suffix == ".parquet" else feather.write_feather)(table, path)
    want = Graph.from_edges(["a", "b", "a"], ["b", "c", "c"], [1, 2, 3]).fingerprint
    assert Graph.read(path).fingerprint == want == Graph.from_dataframe(table, "from", "to", "km").fingerprint
    sound = path.read_bytes()
    for size in range(0, len(sound), 7):
        path.write_bytes(sound[:size])
        with pytest.raises(ValueError, match=r"Parquet|Arrow"):
            Graph.read(path)
    parquet.write_table(pa.table({"from": ["a", None], "to": ["b", "c"]}), tmp_path / "null.parquet")
    with pytest.raises(ValueError, match=r"null|missing"):
        Graph.read(tmp_path / "null.parquet")


@given(edge_lists().filter(lambda made: made[1]))
def test_an_edge_list_file_is_the_edge_list(tmp_path_factory, made):
    _, edges, directed = made
    path = tmp_path_factory.mktemp("e") / "g.tsv"
    path.write_text("".join(f"n{i}\tn{j}\t{w!r}\n" for i, j, w in edges))
    want = Graph.from_edges([f"n{i}" for i, _, _ in edges], [f"n{j}" for _, j, _ in edges],
                            [w for _, _, w in edges], directed=directed)
    assert Graph.read(path, directed=directed).fingerprint == want.fingerprint
