"""Edge lists: the kernels beside their slow twins, and files beside a reader of ten lines."""

import gzip
import io as streams
import sys

import networkx as nx
import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st

from graphemb import _text, edge_lists
from graphemb.graph import Graph

WORD = st.text(st.sampled_from("ab0123456789.-é_"), min_size=1, max_size=6)


def bounds_of(words, columns):
    return edge_lists._packed([word.encode() for word in words], columns)


@given(st.lists(st.one_of(st.tuples(WORD, WORD, WORD), st.sampled_from(["#c,,,", "% x", "", "  \t"])), max_size=30),
       st.sampled_from([",", "\t", None]), st.permutations(range(3)))
def test_fields_are_where_the_twin_finds_them(lines, delimiter, pick):
    joined = [line if isinstance(line, str) else (delimiter or " ").join(line) for line in lines]
    if delimiter == "\t":
        joined = [line for line in joined if line != "  \t"]  # two empty fields there
    text = "".join(line + "\n" for line in joined).encode()
    n = len(lines) + 1
    bounds, numbers, state = np.empty((n, 6), np.int32), np.empty(n, np.int32), np.zeros(3, np.int64)
    status = _text.fields(np.frombuffer(text, np.uint8), -1 if delimiter is None else ord(delimiter), 3,
                          np.array(pick, np.int32), bounds, numbers, state)
    found, places = reference.fields_of(text, delimiter, 3, pick)
    assert status == 0 and state[0] == len(text) and state[2] == len(found)
    assert numbers[:state[2]].tolist() == places
    assert [[text[row[2 * j]:row[2 * j + 1]].decode() for j in range(3)] for row in bounds[:state[2]]] == found


def test_fields_stop_at_an_odd_line_and_where_there_is_no_room():
    for text, status, at in [(b"1,2\n3,4,5\n", 2, 4), (b'1,2\n"3",4\n', 2, 4), (b"1,2\n3,\n", 2, 4),
                             (b"1,2\n3,4\n5,6\n", 1, 8)]:
        bounds, state = np.empty((2, 4), np.int32), np.zeros(3, np.int64)
        got = _text.fields(np.frombuffer(text, np.uint8), 44, 2, np.array([0, 1], np.int32), bounds,
                           np.empty(2, np.int32), state)
        assert (got, state[0]) == (status, at)


@given(st.lists(st.one_of(st.integers(-10**18 + 1, 10**18 - 1).map(str), WORD), min_size=1, max_size=20))
def test_ints_are_read_as_python_reads_them(words):
    text, bounds = bounds_of(words, 1)
    values = np.zeros(len(words), np.int64)
    stop = _text.ints(text, bounds, 0, 0, len(words), values)

    def plain(word):
        try:
            return word.isascii() and str(int(word)) == word
        except ValueError:
            return False

    assert stop == next((k for k, word in enumerate(words) if not plain(word)), len(words))
    assert values[:stop].tolist() == list(map(int, words[:stop]))


@given(st.lists(st.one_of(st.floats(allow_nan=False).map(repr), st.integers(-10**9, 10**9).map(str),
                          st.from_regex(r"[+-]?[0-9]{0,8}\.?[0-9]{0,8}([eE][+-]?[0-9]{1,2})?", fullmatch=True)
                          .filter(bool)), min_size=1, max_size=20))
def test_floats_are_python_s_to_the_bit_or_left_alone(words):
    text, bounds = bounds_of(words, 1)
    values = np.empty(1)
    for k, word in enumerate(words):
        if _text.floats(text, bounds[k:k + 1], 0, 0, 1, values) == 1:
            assert np.float64(word).tobytes() == values.tobytes(), word


def test_floats_reads_the_common_ones():
    words = ["0", "1", "-2.5", "1e3", "0.1", ".5", "3.", "+7", "123456.789", "1E-5"]
    text, bounds = bounds_of(words, 1)
    values = np.empty(len(words))
    assert _text.floats(text, bounds, 0, 0, len(words), values) == len(words)
    assert values.tolist() == list(map(float, words))
    for word in ["", ".", "e5", "1e", "nan", "inf", "0x1", "1_0", "1e400", "12345678901234567", "--1", "1.2.3",
                 "90313.63715860095"]:  # 16 digits: a division of two that were rounded is one bit off
        text, bounds = bounds_of([word], 1)
        assert _text.floats(text, bounds, 0, 0, 1, values) == 0, word


@given(st.lists(WORD, min_size=1, max_size=200).map(lambda words: words[:len(words) // 2 * 2]).filter(bool))
def test_words_are_numbered_by_first_appearance(words):
    numbering = edge_lists._Words()
    numbering.table, numbering.ends = np.zeros(4, np.int32), np.zeros(3, np.int64)  # so that it has to grow
    numbering.store = np.empty(1, np.uint8)
    codes = numbering.number(*bounds_of(words, 2))
    expected, distinct = reference.numbers_of(words)
    assert codes.tolist() == expected and [word.decode() for word in numbering.all()] == distinct


@given(st.lists(st.integers(-5, 20), min_size=1, max_size=50))
def test_ints_are_numbered_by_first_appearance(values):
    array = np.array(values)
    table, distinct = np.zeros(array.max() - array.min() + 1, np.int32), np.empty(len(values), np.int64)
    codes = np.empty(len(values), np.int32)
    known = _text.first_appearance(array, int(array.min()), 0, len(array), table, distinct, 0, codes)
    expected, order = reference.numbers_of(values)
    assert codes.tolist() == expected and distinct[:known].tolist() == order


EDGE = st.tuples(st.integers(0, 30), st.integers(0, 30), st.floats(0.001, 1e6))


@settings(deadline=None)
@given(st.lists(EDGE, min_size=1, max_size=40), st.sampled_from(["int", "str", "mixed"]),
       st.sampled_from([",", "\t", " ", ";"]), st.integers(1, 40), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_any_block_size_and_line_end_give_the_same_graph(tmp_path_factory, edges, kind, mark, block, end, last):
    named = {"int": str, "str": "n{}é".format, "mixed": lambda k: str(k) if k < 15 else f"n{k}"}[kind]
    rows = [(named(u), named(v), w) for u, v, w in edges]
    text = end.join(f"{u}{mark}{v}{mark}{w!r}" for u, v, w in rows) + (end if last else "")
    path = tmp_path_factory.mktemp("edges") / "g.txt"
    path.write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edge_lists, "_BLOCK", block)
        patch.setattr(edge_lists, "_ROWS", 3)
        graph = Graph.read(path, header=False, delimiter=mark)
    ends = [[int(x) for x in column] if all(x.isdigit() for row in rows for x in row[:2]) else list(column)
            for column in list(zip(*rows, strict=True))[:2]]
    assert graph.fingerprint == Graph.from_edges(*ends, [row[2] for row in rows]).fingerprint


def test_errors_name_the_line_in_later_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(edge_lists, "_BLOCK", 64)
    path = tmp_path / "g.csv"
    lines = ["# comment", "source,target,weight"] + [f"{k},{k + 1},1.5" for k in range(100)]
    for place, line, message in [(60, "7,8", "2 fields, where the first line has 3"),
                                 (61, "7,8,x", "'x' is not a number"),
                                 (62, '"7,8,1', "a quoted field goes on"), (63, ",8,1", "a label is empty")]:
        path.write_text("\n".join([*lines[:place], line, *lines[place:]]))
        with pytest.raises(ValueError, match=rf"g\.csv:{place + 1}: .*{message}"):
            Graph.read(path)


def test_quotes_in_the_middle_of_a_file(tmp_path):
    path = tmp_path / "g.csv"
    path.write_text('a,b\n"New York, N.Y.",b\nc,"say ""x"""\n')
    assert Graph.read(path).nodes == ("a", "b", "New York, N.Y.", "c", 'say "x"')


def test_standard_input_plain_and_packed(monkeypatch):
    graph = Graph.from_edges([1, 2], [2, 3])
    for content in (b"1 2\n2 3\n", gzip.compress(b"1 2\n2 3\n")):
        stdin = streams.TextIOWrapper(streams.BufferedReader(streams.BytesIO(content)))
        monkeypatch.setattr(sys, "stdin", stdin)
        assert Graph.read("-").fingerprint == graph.fingerprint
    assert Graph.read(streams.BytesIO(b"1 2\n2 3\n")).fingerprint == graph.fingerprint
    metis = Graph.read(streams.BytesIO(b"3 2\n2\n1 3\n2\n"), format="metis")
    assert metis.nodes == (1, 2, 3) and metis.n_edges == 2
    with pytest.raises(ValueError, match="from a file, not from a stream"):
        Graph.read("-", format="npz")


def test_zst(tmp_path):
    zstandard = pytest.importorskip("zstandard", reason="zstandard is not installed")
    packed = zstandard.ZstdCompressor().compress(b"source,target\na,b\nb,c\n")
    packed += zstandard.ZstdCompressor().compress(b"c,d\n" * 50_000)  # a second frame
    (tmp_path / "g.csv.zst").write_bytes(packed)
    assert Graph.read(tmp_path / "g.csv.zst").nodes == ("a", "b", "c", "d")
    (tmp_path / "cut.csv.zst").write_bytes(packed[:-3])
    with pytest.raises(ValueError, match=r"cut\.csv\.zst is truncated or corrupt"):
        Graph.read(tmp_path / "cut.csv.zst")


def test_the_graph_is_networkx_s(tmp_path):
    G = nx.les_miserables_graph()
    path = tmp_path / "g.tsv"
    path.write_text("".join(f"{u}\t{v}\t{w}\n" for u, v, w in G.edges.data("weight")))
    ours = Graph.read(path)
    theirs = nx.read_weighted_edgelist(path, delimiter="\t")
    assert ours.nodes == tuple(theirs)
    assert nx.utils.graphs_equal(ours.to_networkx(), theirs)
