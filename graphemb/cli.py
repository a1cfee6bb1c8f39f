"""The command `graphemb`: a graph file in, vectors out, and what to do with them."""

from __future__ import annotations

import argparse
import ast
import contextlib
import csv
import inspect
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from graphemb import edge_lists, graph_files, io
from graphemb.embedding import Embedding
from graphemb.graph import Graph
from graphemb.temporal_graph import TemporalGraph

graphemb = import_module(__package__)  # its public names; each is loaded when it is used

BAD_INPUT, USAGE, INTERRUPTED = 1, 2, 130
_EPILOG = """exit codes:
  0    done
  1    the input is bad, or there is not enough of something: the message says what
  2    the command line is wrong
  130  interrupted (Ctrl-C); no file was changed

A path "-" is standard input or output. Files are written whole or not at all. Progress, with rate and time left,
and warnings go to standard error."""
_FILES = {"init": "vectors to start from (.safetensors, .npz, ...)",
          "features": "a feature vector a node: an .npy array in row order, or vectors with labels",
          "types": "a file with a node and its type a line"}
_NOT_HERE = {"self", "verbose", "callbacks", "weight"}


class _Usage(Exception):
    """The command line asks for what cannot be."""


# --- methods and their parameters -----------------------------------------------------------------------


def methods() -> dict[str, Any]:
    """Every estimator by the name it has on the command line: its class's name in small letters."""
    classes = {name.lower(): getattr(graphemb, name) for name in graphemb.__all__ if name != "LLE"}
    found = {name: kind for name, kind in classes.items() if inspect.isclass(kind) and hasattr(kind, "estimate")}
    return dict(sorted(found.items())) | {"lle": graphemb.LLE}


def described(kind: Any) -> dict[str, str]:
    """What the docstring of an estimator says of each parameter; of those "as in" another, what that says."""
    text = inspect.cleandoc((kind.__doc__ or "").replace("\\\n", ""))
    section = re.search(r"Parameters\n-+\n(.*?)(?=\n[^\n]+\n-{3,}\n|\Z)", text, re.S)
    found: dict[str, str] = {}
    entry = r"^(\w[^\n]*)\n((?:[ \t]+[^\n]*\n?|\n(?=[ \t]))*)"
    for names, body in re.findall(entry, section[1] + "\n" if section else "", re.M):
        told = " ".join(body.split())
        other = re.match(r"As in `(\w+)`", told)
        source = described(getattr(graphemb, other[1])) if other and other[1] != kind.__name__ else {}
        for name in re.split(r",\s*", re.sub(r"\s:\s.*", "", names)):
            found[name.strip()] = source.get(name.strip(), told)
    return found


def _value(text: str) -> Any:
    """What a word on the command line means: None, a Python literal, or itself."""
    if text.lower() in ("none", "true", "false"):
        return {"none": None, "true": True, "false": False}[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text.split(",") if "," in text else text


def _add_parameters(parser: argparse.ArgumentParser, kind: Any) -> list[str]:
    """An option for each parameter of an estimator, from its signature and docstring."""
    told = described(kind)
    group = parser.add_argument_group(f"parameters of {kind.__name__}")
    names = []
    for name, parameter in inspect.signature(kind.__init__).parameters.items():
        if name in _NOT_HERE:
            continue
        names.append(name)
        plain = name.replace("_", "-")
        if f"--{plain}" in parser._option_string_actions:  # the command's own: --method, --max-memory
            flags = [f"--{kind.__name__.lower()}-{plain}"]
        else:
            flags = [f"--{plain}"] + ([f"--{name}"] if "_" in name else [])
        flags += ["--seed"] if name == "random_state" else []
        default = parameter.default
        words = _FILES.get(name) or told.get(name, "").split(". ")[0].rstrip(".")
        words = words or ("Seed of all that is drawn" if name == "random_state" else "")
        text = f"{words or 'see the documentation'} (default: {default})".replace("%", "%%")
        if isinstance(default, bool):
            group.add_argument(*flags, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS,
                               dest=f"parameter_{name}", help=text)
        else:
            group.add_argument(*flags, type=str if name in _FILES else _value, default=argparse.SUPPRESS,
                               dest=f"parameter_{name}", metavar="FILE" if name in _FILES else name.upper(), help=text)
    return names


# --- the parser -----------------------------------------------------------------------------------------


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32, width=min(110, shutil.get_terminal_size().columns))


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("graphemb", formatter_class=_Formatter, epilog=_EPILOG, description=(
        "Give it a graph, get back one vector per node.\n\n"
        "  graphemb info edges.csv\n"
        "  graphemb estimate edges.csv --method node2vec\n"
        "  graphemb embed edges.csv --method node2vec --q 0.5 -o vectors.safetensors\n"
        "  graphemb similar vectors.safetensors Valjean\n"
        "  graphemb plot vectors.safetensors -o map.png --names 20\n"
        "  graphemb evaluate vectors.safetensors --labels classes.tsv"))
    parser.add_argument("--version", action="version", version=f"graphemb {graphemb.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    def command(name: str, what: str, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=what, description=textwrap.dedent(text).strip(), epilog=_EPILOG,
                                   formatter_class=_Formatter, allow_abbrev=False)
        made.add_argument("--quiet", "-q", action="store_true", help="no progress and no warnings")
        return made

    method = "node2vec"  # which parameters there are hangs on it, so it is looked for first
    for word, following in zip(argv, [*argv[1:], ""][:len(argv)], strict=True):
        if word in ("--method", "-m"):
            method = following
        elif word.startswith("--method="):
            method = word.split("=", 1)[1]
    kind = _method(method) if argv[:1] in (["embed"], ["estimate"]) else None
    listed = "\n".join(f"  {name:<24}{(inspect.getdoc(k) or '').splitlines()[0]}" for name, k in methods().items()) \
        if kind else ""  # the other commands need not load them
    embed = command("embed", "learn a vector for every node", f"""
learn a vector for every node of a graph and write them to a file, whose suffix chooses the format:
.safetensors, .npz, .txt or .vec (word2vec text), .bin (word2vec binary), .tsv (TensorBoard), .parquet

  graphemb embed edges.csv -o vectors.safetensors
  graphemb embed edges.csv --method adjacencyspectral --n-components 64 -o vectors.txt
  zcat edges.gz | graphemb embed - -o - > vectors.txt

methods (graphemb embed --method NAME --help lists the parameters of one):
{listed}""")
    embed.add_argument("--output", "-o", required=True, metavar="FILE",
                       help='where the vectors go; "-" is standard output')
    embed.add_argument("--format", help='of standard output: text, binary, safetensors, npz (default: text)')
    estimate = command("estimate", "tell memory, time and tokens before running", """
tell what `embed` with the same options would take, without running it: memory, time, tokens, and which of its ways
the method would take

  graphemb estimate edges.csv --method node2vec --n-walks 80""")
    for made in (embed, estimate):
        made.add_argument("--method", "-m", default="node2vec", metavar="NAME", help="which method (default: node2vec)")
        made.add_argument("--max-memory", metavar="SIZE", type=_bytes, help="give up, before anything is run, if more "
                          "would be needed: 500MB, 4GB, or bytes")
        made.set_defaults(parameters=_add_parameters(made, kind) if kind else [])
    estimate.add_argument("--json", action="store_true", help="as JSON")

    info = command("info", "what is in a file of a graph or of vectors",
                   "tell what is in a file of a graph or of vectors")
    info.add_argument("--json", action="store_true", help="as JSON")

    for made in (embed, estimate, info):
        _add_reading(made)

    similar = command("similar", "the nodes nearest to a node", """
list the nodes whose vectors have the largest cosine with that of each node named: node, neighbour, cosine

  graphemb similar vectors.safetensors Valjean Javert -k 5
  cut -f1 nodes.tsv | graphemb similar vectors.safetensors -""")
    similar.add_argument("vectors", help="file of vectors")
    similar.add_argument("nodes", nargs="+", help='node labels; "-" reads them from standard input, a line each')
    similar.add_argument("-k", type=int, default=10, help="how many (default: 10)")
    similar.add_argument("--among", metavar="FILE", help="only nodes that this file names, a line each")
    similar.add_argument("--index", choices=["exact", "usearch"], default="exact",
                         help="usearch is approximate, and faster for many nodes (default: exact)")

    plot = command("plot", "draw a map of the vectors", """
draw the nodes as points of the plane, near where their vectors are alike

  graphemb plot vectors.safetensors -o map.png --method tsne --labels classes.tsv
  graphemb plot vectors.safetensors --explorer map.html --graph edges.csv""")
    plot.add_argument("vectors", help="file of vectors")
    plot.add_argument("--output", "-o", metavar="FILE", help="a picture: .png, .svg, .pdf")
    plot.add_argument("--explorer", metavar="FILE", help="a page to explore in a browser, offline: .html")
    plot.add_argument("--labels", metavar="FILE", help="what to colour by: a node and its label a line")
    plot.add_argument("--method", "-m", choices=["pca", "tsne", "umap"], default="pca", help="default: pca")
    plot.add_argument("--names", type=int, metavar="N", help="write the names of N nodes (default: what fits)")
    plot.add_argument("--graph", metavar="FILE", help="the graph, for hubs and neighbours")
    plot.add_argument("--dpi", type=int, default=150, help="default: 150")

    convert = command("convert", "write vectors or a graph in another format", """
write vectors or a graph in another format, chosen by the suffixes

  graphemb convert vectors.safetensors vectors.txt
  graphemb convert edges.csv.gz graph.safetensors""")
    convert.add_argument("input")
    convert.add_argument("output")
    convert.add_argument("--kind", choices=["vectors", "graph"], help="default: what the files' suffixes tell")
    convert.add_argument("--dtype", choices=["float32", "float16"], default="float32", help="default: float32")

    evaluate = command("evaluate", "how well vectors tell the labels of nodes", """
classify nodes by their vectors, in the protocol of the DeepWalk paper: one logistic regression a label, F1 by share
of nodes trained on. The labels stand in a file with a node and a label a line; a node may have several lines.

  graphemb evaluate vectors.safetensors --labels classes.tsv""")
    evaluate.add_argument("vectors", help="file of vectors")
    evaluate.add_argument("--labels", required=True, metavar="FILE", help="a node and a label a line")
    evaluate.add_argument("--train-sizes", type=_value, default=(0.1, 0.5, 0.9), metavar="LIST",
                          help="default: 0.1,0.5,0.9")
    evaluate.add_argument("--n-splits", type=int, default=10, help="default: 10")
    evaluate.add_argument("--seed", type=int, default=0, help="default: 0")
    evaluate.add_argument("--json", action="store_true", help="as JSON")
    return parser


def _add_reading(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("reading the graph")
    group.add_argument("input", help='file with a graph; "-" is standard input')
    group.add_argument("--input-format", metavar="NAME",
                       help=f"one of {', '.join(sorted(set(graph_files.FORMATS.values())))} (default: by the suffix)")
    group.add_argument("--directed", action=argparse.BooleanOptionalAction, default=None,
                       help="whether edges have a direction (default: what the file says; edge lists have none)")
    group.add_argument("--delimiter", help="between fields of an edge list (default: found from the first line)")
    group.add_argument("--header", action=argparse.BooleanOptionalAction, default=None,
                       help="whether the first line holds names (default: found from it)")
    group.add_argument("--columns", type=_value, metavar="LIST",
                       help="source, target and perhaps weight (time, for ctdne): names, or numbers from 0")
    group.add_argument("--no-weight", action="store_true", help="every edge weighs 1")


def _bytes(text: str) -> float:
    found = re.fullmatch(r"([0-9.]+)\s*([kmgt]?)i?b?", text.strip().lower())
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 500MB or 4GB")
    return float(found[1]) * 1000.0 ** " kmgt".index(found[2] or " ")


def _method(name: str) -> Any:
    plain = re.sub(r"[-_\s]", "", name.lower())
    if plain not in methods():
        raise _Usage(f"--method must be one of {', '.join(methods())}; got {name!r}.")
    return methods()[plain]


# --- what the commands share ----------------------------------------------------------------------------


def _read_graph(arguments: argparse.Namespace, kind: Any = None) -> Any:
    columns = list(arguments.columns) if isinstance(arguments.columns, (list, tuple)) else arguments.columns
    if columns is not None and not isinstance(columns, list):
        raise _Usage(f"--columns needs two or three, with commas: 0,1 or source,target,weight; got {columns!r}.")
    format = graph_files.format_of(arguments.input, arguments.input_format)
    text = {"delimiter": arguments.delimiter, "header": arguments.header, "columns": columns}
    if kind is graphemb.CTDNE and format == "edges":
        edges = edge_lists.read_edges(arguments.input, **text)
        if edges.weight is None:
            raise ValueError(f"{arguments.input}: ctdne needs the time of each edge in a third column.")
        src, dst = edges.src, edges.dst
        if edges.words is not None:
            src, dst = ([edges.words[k] for k in ends.tolist()] for ends in (src, dst))  # type: ignore[assignment]
        return TemporalGraph.from_edges(src, dst, edges.weight, directed=bool(arguments.directed))
    return Graph.read(arguments.input, format=arguments.input_format, directed=arguments.directed,
                      weight=None if arguments.no_weight else "weight", **text)


def _model(arguments: argparse.Namespace, kind: Any, nodes: Sequence[Any]) -> Any:
    given = {name: getattr(arguments, f"parameter_{name}") for name in arguments.parameters
             if hasattr(arguments, f"parameter_{name}")}
    if "init" in given:
        given["init"] = Embedding.load(given["init"])
    if "features" in given:
        path = given["features"]
        given["features"] = (np.load(path, allow_pickle=False) if path.endswith(".npy")
                             else Embedding.load(path)[list(nodes)])
    if "types" in given:
        found = _read_labels(given["types"], nodes)
        given["types"] = [next(iter(kinds), None) for kinds in found]
    model = kind(**given, verbose=0 if arguments.quiet else 1)
    try:
        model._validate()
    except (TypeError, ValueError) as err:
        raise _Usage(str(err)) from None
    return model


@contextlib.contextmanager
def _vectors(path: str) -> Iterator[Embedding]:
    """Vectors from a file, or word2vec's text from standard input."""
    if path != "-":
        yield Embedding.load(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "stdin.txt")
        with open(copy, "wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield Embedding.load(copy)


def _write_vectors(vectors: Embedding, path: str, format: str | None = None, dtype: str = "float32") -> None:
    if path != "-":
        vectors.save(path, dtype=dtype)
        return
    suffix = {None: ".txt", "text": ".txt", "binary": ".bin", "safetensors": ".safetensors", "npz": ".npz"}
    if format not in suffix:
        raise _Usage(f"--format must be one of {', '.join(filter(None, suffix))}; got {format!r}.")
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "stdout" + suffix[format])
        vectors.save(copy, dtype=dtype)
        with open(copy, "rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _in(nodes: Sequence[Any], words: list[str], where: str) -> list[Any]:
    """Words as labels: ints where the labels are ints."""
    known = {str(node): node for node in nodes}
    for k, word in enumerate(words, 1):
        if word not in known:
            some = ", ".join(list(known)[:3])
            raise ValueError(f"{where}:{k}: {word!r} is not among the {len(known)} nodes ({some}, ...).")
    return [known[word] for word in words]


def _read_labels(path: str, nodes: Sequence[Any]) -> list[set[str]]:
    """Labels by row, from a file with a node and a label a line, or several labels with commas between."""
    with io.open_lines(path) as stream:
        lines = [(k, line.rstrip("\n")) for k, line in enumerate(stream, 1) if line.strip() and line[0] not in "#%"]
    mark = next((m for m in "\t,;" if lines and m in lines[0][1]), " ")
    rows = {str(node): row for row, node in enumerate(nodes)}
    found: list[set[str]] = [set() for _ in nodes]
    for place, (k, line) in enumerate(lines):
        fields = line.split() if mark == " " else next(csv.reader([line], delimiter=mark, skipinitialspace=True))
        if len(fields) < 2:
            raise ValueError(f"{path}:{k}: a node and a label expected; got {line!r}.")
        if fields[0] not in rows:
            if place == 0 and fields[0].lower() in ("node", "id", "name", "label", "node_id"):
                continue  # a header
            raise ValueError(f"{path}:{k}: {fields[0]!r} is not among the {len(rows)} nodes.")
        found[rows[fields[0]]] |= set(filter(None, map(str.strip, fields[1:])))
    return found


def _show(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(facts, default=str))
        return
    width = max(map(len, facts))
    for name, value in facts.items():
        shown = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value
        print(f"{name.replace('_', ' '):<{width}}  {shown}")


# --- the commands ---------------------------------------------------------------------------------------


def _embed(arguments: argparse.Namespace) -> None:
    kind = _method(arguments.method)
    X = _read_graph(arguments, kind)
    graph = X.graph if isinstance(X, TemporalGraph) else X
    model = _model(arguments, kind, graph.nodes)
    if arguments.max_memory is not None:
        model.estimate(X, max_memory=arguments.max_memory)
    model.fit(X)
    _write_vectors(model.vectors_, arguments.output, arguments.format)
    if not arguments.quiet:
        n, d = model.embedding_.shape
        print(f"{n:,} vectors of {d} numbers in {model.fit_report_['seconds']['total']:.2f} s -> {arguments.output}",
              file=sys.stderr)


def _estimate(arguments: argparse.Namespace) -> None:
    kind = _method(arguments.method)
    X = _read_graph(arguments, kind)
    graph = X.graph if isinstance(X, TemporalGraph) else X
    told = _model(arguments, kind, graph.nodes).estimate(X, max_memory=arguments.max_memory)
    if arguments.json:
        _show(vars(told), True)
    else:
        print(f"graph    {graph!r}, {graph.memory_bytes / 1e6:,.0f} MB\n{told}")


def _info(arguments: argparse.Namespace) -> None:
    if _holds_vectors(arguments.input) and arguments.input_format is None:
        table = Embedding.load(arguments.input)
        lengths = np.linalg.norm(table.array.astype(np.float64), axis=1)
        _show({"nodes": len(table), "components": table.array.shape[1], "first_labels": list(table.nodes[:3]),
               "zero_vectors": int((lengths == 0).sum()), "mean_length": round(float(lengths.mean()), 6),
               "megabytes": round(table.array.nbytes / 1e6, 3)}, arguments.json)
        return
    from scipy.sparse.csgraph import connected_components

    graph = _read_graph(arguments)
    degree = np.diff(graph.indptr)
    count, member = connected_components(graph.to_scipy(), directed=graph.directed, connection="weak")
    facts = {"nodes": graph.n_nodes, "edges": graph.n_edges, "directed": graph.directed,
             "weighted": graph.weights is not None, "components": int(count),
             "largest_component": int(np.bincount(member).max()),
             "isolated_nodes": int((np.bincount(graph.indices, minlength=graph.n_nodes) + degree == 0).sum()),
             "mean_degree": round(float(degree.mean()), 3), "largest_degree": int(degree.max()),
             "node_of_largest_degree": graph.nodes[int(degree.argmax())], "first_labels": list(graph.nodes[:3]),
             "megabytes": round(graph.memory_bytes / 1e6, 3), "fingerprint": graph.fingerprint}
    _show(facts, arguments.json)


def _similar(arguments: argparse.Namespace) -> None:
    with _vectors(arguments.vectors) as table:
        words = arguments.nodes
        if words == ["-"]:
            words = [line.strip() for line in sys.stdin if line.strip()]
        where = None
        if arguments.among:
            with io.open_lines(arguments.among) as stream:
                where = _in(table.nodes, [line.strip() for line in stream if line.strip()], arguments.among)
        for node in _in(table.nodes, words, "nodes"):
            for other, cosine in table.most_similar(node, arguments.k, where, index=arguments.index):
                print(f"{node}\t{other}\t{cosine:.6f}")


def _plot(arguments: argparse.Namespace) -> None:
    if not arguments.output and not arguments.explorer:
        raise _Usage("plot needs --output FILE or --explorer FILE.")
    try:
        import matplotlib
    except ImportError as err:
        raise ImportError("plot needs matplotlib: pip install 'graphemb[plot]'.") from err
    matplotlib.use("Agg")  # a file is written, no window opened
    from graphemb import plot as pictures

    with _vectors(arguments.vectors) as table:
        labels = None
        if arguments.labels:
            labels = [", ".join(sorted(kinds)) or None for kinds in _read_labels(arguments.labels, table.nodes)]
        graph = Graph.read(arguments.graph) if arguments.graph else None
        verbose = 0 if arguments.quiet else 1
        if arguments.output:
            names = {} if arguments.names is None else {"names": arguments.names}
            ax = pictures.plot(table, labels, arguments.method, graph=graph, verbose=verbose, **names)  # type: ignore[arg-type]
            suffix = os.path.splitext(arguments.output)[1].lstrip(".").lower() or "png"
            with io.atomic_write(arguments.output) as file:
                ax.figure.savefig(file, dpi=arguments.dpi, format=suffix)  # type: ignore[union-attr]
        if arguments.explorer:
            pictures.explorer(table, arguments.explorer, labels, arguments.method, graph=graph, verbose=verbose)


def _holds_vectors(path: str) -> bool:
    """Whether a file that may hold either holds vectors, as far as its suffix and header tell."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix == ".safetensors":
        return io.read_tensors(path)[1].get("format") != "graphemb.Graph"
    if suffix == ".npz":
        return "vectors" in io.read_npz(path)
    if suffix in (".txt", ".tsv"):
        with io.open_lines(path) as stream:
            first = next(iter(stream), "")
        return (suffix == ".tsv" and os.path.exists(os.path.splitext(path)[0] + "_metadata.tsv")) or bool(
            suffix == ".txt" and re.fullmatch(r"\d+ \d+\s*", first) and _second_is_long(path, int(first.split()[1])))
    return suffix in (".vec", ".bin")


def _second_is_long(path: str, width: int) -> bool:
    with io.open_lines(path) as stream:
        next(iter(stream), "")
        return len(next(iter(stream), "").split()) == width + 1 and width > 2


def _convert(arguments: argparse.Namespace) -> None:
    kind = arguments.kind
    if kind is None:
        graphs = {".csv", ".edges", ".edgelist", ".mtx", ".graphml", ".gml", ".metis", ".graph"}
        suffixes = {os.path.splitext(re.sub(r"\.(gz|zst)$", "", path.lower()))[1]
                    for path in (arguments.input, arguments.output)}
        both = suffixes & graphs or (arguments.input != "-" and not _holds_vectors(arguments.input)
                                     and not arguments.input.endswith(".parquet"))
        kind = "graph" if both else "vectors"
    if kind == "vectors":
        with _vectors(arguments.input) as table:
            _write_vectors(table, arguments.output, dtype=arguments.dtype)
        return
    graph = Graph.read(arguments.input)
    suffix = os.path.splitext(arguments.output)[1].lower()
    if suffix == ".safetensors":
        graph.save(arguments.output)
    elif suffix in (".csv", ".tsv", ".edges", ".txt"):
        graph_files.write_edges(arguments.output, graph.nodes, *_edges_of(graph), "," if suffix == ".csv" else "\t")
    else:
        raise _Usage(f"a graph is written as .safetensors, .csv, .tsv or .edges; got {arguments.output!r}.")


def _edges_of(graph: Graph) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    matrix = graph.to_scipy().tocoo()
    keep = slice(None) if graph.directed else matrix.row <= matrix.col
    return matrix.row[keep], matrix.col[keep], None if graph.weights is None else matrix.data[keep]


def _evaluate(arguments: argparse.Namespace) -> None:
    from graphemb.evaluate import node_classification

    sizes = arguments.train_sizes if isinstance(arguments.train_sizes, (list, tuple)) else [arguments.train_sizes]
    with _vectors(arguments.vectors) as table:
        labels = _read_labels(arguments.labels, table.nodes)
        scores = node_classification(table, labels, train_sizes=[float(size) for size in sizes],
                                     n_splits=arguments.n_splits, random_state=arguments.seed)
    if arguments.json:
        _show({"micro_f1": scores.micro, "macro_f1": scores.macro, "nodes": scores.n_nodes,
               "unlabelled": scores.n_unlabelled, "labels": scores.n_labels}, True)
    else:
        print(scores)


_COMMANDS = {"embed": _embed, "estimate": _estimate, "info": _info, "similar": _similar, "plot": _plot,
             "convert": _convert, "evaluate": _evaluate}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; `argv` without the program's name, None: what the process was given.

    Returns
    -------
    code : int
        0 done, 1 bad input, 2 wrong command line, 130 interrupted.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    try:
        arguments = _parser(argv).parse_args(argv)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore" if arguments.quiet else "default", UserWarning)
            warnings.showwarning = _say  # type: ignore[assignment]
            _COMMANDS[arguments.command](arguments)
            sys.stdout.flush()
        return 0
    except SystemExit as stop:  # argparse: help, version, or a wrong command line
        return int(stop.code or 0)
    except _Usage as err:
        print(f"graphemb: {err}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("\ngraphemb: interrupted; nothing was written.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone; so that Python does not complain at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + getattr(signal, "SIGPIPE", 13)
    except (ValueError, TypeError, KeyError, OSError, MemoryError, ImportError, FloatingPointError) as err:
        text = err.args[0] if isinstance(err, KeyError) and err.args else err
        print(f"graphemb: {text or type(err).__name__}", file=sys.stderr)
        return BAD_INPUT


def _say(message: Warning | str, *where: Any) -> None:
    print(f"graphemb: warning: {message}", file=sys.stderr)
