"""Tables from records: one function a bench, for the HTML report and the Markdown summary alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .results import Record, unbeaten

OURS = "graphemb"


@dataclass
class Table:
    """Cells are text. `note` says what the figures are and what could not be matched."""

    title: str
    note: str
    header: list[str]
    rows: list[list[str]] = field(default_factory=list)
    brief: bool = True  # in the summary too


def tables(bench: str, records: list[Record]) -> list[Table]:
    """The tables of a bench; one that has no function of its own is shown as it was recorded."""
    found = MAKERS[bench](records) if bench in MAKERS else [as_recorded(bench, records)]
    return [table for table in found if table.rows]


def number(value: Any, digits: int = 3) -> str:
    """As people read it; of a spread the median, and the smallest and largest where they differ."""
    if value is None:
        return ""
    if isinstance(value, dict) and value.keys() == {"median", "min", "max"}:
        middle, low, high = (number(value[key], digits) for key in ("median", "min", "max"))
        return middle if low == high else f"{middle} [{low}, {high}]"
    if isinstance(value, (int, float)):
        if value != value or value in (float("inf"), float("-inf")):
            return str(value)
        if abs(value) >= 10 ** digits:
            return f"{value:,.0f}"
        return f"{value:.{digits}g}"
    return str(value)


def f1(record: Record, size: str) -> str:
    """Micro and macro at a train size, in per cent."""
    micro, macro = (middle((record.get(f"{kind}_f1") or {}).get(size)) for kind in ("micro", "macro"))
    return "" if micro is None else f"{micro:.1f} / {macro:.1f}"


def middle(value: Any) -> float | None:
    """A number, or the median of a spread."""
    return value["median"] if isinstance(value, dict) else value


def split_case(record: Record) -> tuple[str, str]:
    """Graph and the rest of a case ``"graph: rest"``."""
    graph, _, rest = record["case"].partition(": ")
    return graph, rest


def rivals(records: list[Record]) -> list[Table]:
    """A table a graph: every library that offers a method, ours first."""
    found = []
    measured = [record for record in records if "method" in record]
    for graph in dict.fromkeys(record["graph"] for record in measured):
        of = [record for record in measured if record["graph"] == graph]
        asked: dict[str, Any] = next((r["asked"] for r in of if r["method"] == "DeepWalk" and "asked" in r), {})
        size = f"walks {asked['n_walks']} × {asked['walk_length']}, window {asked['window']}, " if asked else ""
        table = Table(
            f"Whole fits on {graph}",
            f"{size}{asked.get('n_components', 128)} columns, {of[0]['n_jobs']} thread, "
            "seconds by the clock from graph in memory to vectors in memory (median [least, most] of the runs), "
            "how many times as long as ours that is, pair by pair, peak memory of the process, micro / macro-F1 in "
            "per cent with "
            "half the nodes to learn from.",
            ["method", "library", "s", "× ours", "CPU s", "MB", "F1 at 50 %", "what differs"], brief=False)
        previous = ""
        methods = list(dict.fromkeys(record["method"] for record in of))
        for record in sorted(of, key=lambda r: (methods.index(r["method"]), not r["who"].startswith(OURS),
                                                r.get("wall", {"median": 9e9})["median"])):
            method, who = record["method"], record["who"]
            name = who if not record.get("version") else f"{who} {record['version']}"
            shown = "" if method == previous else method
            previous = method
            if "gave_up" in record:
                table.rows.append([shown, name, "", "", "", "", "", record["gave_up"]])
                continue
            differs = record.get("differs", "")
            if record.get("columns") not in (None, record["asked"]["n_components"]):
                differs = "; ".join(filter(None, [differs, f"{record['columns']} columns"]))
            table.rows.append([shown, name, number(record["wall"]), number(record.get("of_ours"), 2),
                               number(record["cpu"]["median"]),
                               number((record.get("rss_peak") or {}).get("median")), f1(record, "50%"), differs])
        found += [against_the_best(graph, of, table.note), table]
    absent = [record for record in records if "not_installed" in record]
    found.insert(0, quality_over_time(measured))
    found.append(Table("Rivals that could not be installed", "The last line of the installer's error.",
                       ["rival", "reason"], [[f"{r['who']} {r['version']}", r["not_installed"]] for r in absent]))
    return found


def quality_over_time(records: list[Record]) -> Table:
    """A row for each fit that no other fit of the graph, ours or a rival's, beats in both seconds and F1."""
    table = Table("Quality over time", "Every fit that no other fit of the graph, by whichever library and method, "
                  "beats in both seconds and micro-F1 with half the nodes to learn from; and the best of the rivals, "
                  "where it is not among them.", ["graph", "s", "F1 at 50 %", "method", "library"])
    fits = [record for record in records if "wall" in record and "micro_f1" in record]
    for graph in dict.fromkeys(record["graph"] for record in fits):
        points = [(r["wall"]["median"], r["micro_f1"]["50%"], r) for r in fits if r["graph"] == graph]
        shown = unbeaten(points)
        others = [point for point in points if not point[2]["who"].startswith(OURS)]
        best = [max(others, key=lambda p: p[1])] if others else []
        for point in [*shown, *(point for point in best if point not in shown)]:
            seconds, _, record = point
            name = record["who"] if not record.get("version") else f"{record['who']} {record['version']}"
            table.rows.append([graph, number(seconds), f1(record, "50%"), record["method"],
                               name if point in shown else f"{name} (beaten)"])
            graph = ""
    return table


def against_the_best(graph: str, records: list[Record], note: str) -> Table:
    """A row a method: ours, the fastest rival that finished, and the rival of the best micro-F1."""
    table = Table(f"Whole fits on {graph}, beside the fastest rival and the best", note + " What differs between the "
                  "libraries is named in the report.",
                  ["method", "ours, s", "F1", "fastest rival", "× ours", "F1", "rival of the best F1", "× ours", "F1"])
    for method in dict.fromkeys(record["method"] for record in records):
        of = [record for record in records if record["method"] == method and "wall" in record]
        ours = next((record for record in of if record["who"] == OURS), None)
        others = [record for record in of if "of_ours" in record and not record["who"].startswith(OURS)]
        if ours is None:
            continue
        cells: list[str] = []
        if others:
            fast = min(others, key=lambda r: r["of_ours"]["median"])
            good = max(others, key=lambda r: (r.get("micro_f1") or {}).get("50%", 0.0))
            for record in (fast, good):
                cells += [f"{record['who']} {record['version']}", number(record["of_ours"], 2), f1(record, "50%")]
        table.rows.append([method, number(ours["wall"]), f1(ours, "50%"), *(cells or [""] * 6)])
    return table


def walks(records: list[Record]) -> list[Table]:
    """Nanoseconds a step, ours and rivals'."""
    of = [record for record in records if "ns_a_step" in record]
    peers = list(dict.fromkeys(who for record in of for who in record["ns_a_step"] if who != OURS))
    table = Table("Walks", "Nanoseconds a step of 80-node walks, one thread, each library by its public call from "
                  "graph "
                  "in memory to walks in memory, by turns: median [least, most]; in brackets how many times ours. "
                  "Rivals walk fewer or shorter walks where they are slow.",
                  ["graph", "walks", OURS, *peers])
    for record in of:
        graph, case = split_case(record)
        cells = [number(record["ns_a_step"][OURS])]
        for peer in peers:
            if peer in record["ns_a_step"]:
                cells.append(f"{number(record['ns_a_step'][peer]['median'])} "
                             f"({number(record['times_faster_than'][peer], 2)} ×)")
            else:
                cells.append("")
        table.rows.append([graph, case, *cells])
    return [table]


def skipgram(records: list[Record]) -> list[Table]:
    """Thousand tokens a second by mode."""
    table = Table("Training", "Whole fits of DeepWalk, thousand tokens a second (one thread: of processor time; two: "
                  "by the clock), median [least, most]; all tokens were trained, which is checked. gensim trains on "
                  "the "
                  "same walks. F1: micro at 50 %, the default mode and gensim.",
                  ["graph", "columns", "mode", "thousand tokens / s", "× gensim", "tokens", "micro-F1"])
    for record in records:
        if match := re.fullmatch(r"(.+), d=(\d+): (.+)", record["case"]):
            speed = {key: value / 1e3 for key, value in record["tokens_per_second"].items()}
            score = (record.get("micro_f1") or {}).get("0.5")
            table.rows.append([match[1], match[2], match[3], number(speed, 4),
                               number(record.get("over gensim, 1 thread"), 3), f"{record['tokens']:,}",
                               f"{100 * score:.1f}" if score is not None else ""])
    return [table]


def spectral(records: list[Record]) -> list[Table]:
    """Seconds, residuals and F1."""
    table = Table("Spectral methods", "Processor seconds, one thread, median [least, most]; largest relative "
                  "residual of "
                  "the eigenproblem; F1 micro / macro in per cent at 50 %. The problems differ: only rows that name "
                  "the "
                  "same problem can be compared.", ["graph", "method", "CPU s", "largest residual", "F1 at 50 %"])
    for record in records:
        graph, case = split_case(record)
        if "cpu" in record and "columns" in case:
            score = f"{record['micro_f1']:.1f} / {record['macro_f1']:.1f}" if "micro_f1" in record else ""
            residual = record.get("largest_relative_residual")
            table.rows.append([graph, case, number(record["cpu"]), "" if residual is None else f"{residual:.1e}",
                               score])
    return [table]


def quality(records: list[Record]) -> list[Table]:
    """F1 beside the authors' tables."""
    table = Table("Node classification, the DeepWalk paper's protocol", "Micro / macro-F1 in per cent, median of the "
                  "seeds, 80 walks × 40, window 10, 128 columns, one epoch; every token trained, which is checked.",
                  ["graph", "method", "10 %", "50 %", "90 %", "seeds", "wall s", "tokens"])
    for record in records:
        graph, case = split_case(record)
        if "micro_f1" in record:
            table.rows.append([graph, case, *(f1(record, size) for size in ("10%", "50%", "90%")),
                               str(record.get("seeds", 1)), number(record.get("wall")), f"{record['tokens']:,}"])
    return [table]


def links(records: list[Record]) -> list[Table]:
    """AUC by kind of non-edge."""
    kinds = list(dict.fromkeys(key for record in records for key, value in record.items()
                               if isinstance(value, dict) and "auc" in value))
    table = Table("Held-out edges", "AUC in per cent against non-edges of each kind; half the edges of ca_astroph held "
                  "out, a tenth of the others', the rest connected; one seed.",
                  ["graph", "method, score", *kinds, "CPU s"])
    for record in records:
        graph, case = split_case(record)
        if any(kind in record for kind in kinds):
            table.rows.append([graph, case, *(f"{record[kind]['auc']:.1f}" if kind in record else "" for kind in kinds),
                               number(record.get("cpu"))])
    table.note += "".join(f" {record['case']}: {record['gave_up']}." for record in records if "gave_up" in record)
    return [table]


def memory(records: list[Record]) -> list[Table]:
    """Peak memory above the imports."""
    table = Table("Memory of a fit", "Peak of a fresh process, MB.", ["case", "above imports", "imports", "peak"])
    for record in records:
        if "above_imports_mb" in record:
            table.rows.append([record["case"], number(record["above_imports_mb"]), number(record["rss_imports_mb"]),
                               number(record["rss_peak_mb"])])
    return [table]


def scale(records: list[Record]) -> list[Table]:
    """Exponents, and every point."""
    growth = Table("Growth", "Exponent of seconds and of memory above the imports, ± its standard error, fitted by "
                   "least squares over R-MAT graphs; points under 0.1 s are left out. Nodes and edges: 8 edges drawn a "
                   "node, more nodes; edges alone: 2¹⁷ nodes, more edges.",
                   ["series", "task", "s by nodes", "s by edges", "memory by edges", "largest graph", "its s",
                    "its MB"])
    points = Table("Growth, every point", "Fresh processes, as many as repeats, one where it takes long: median "
                   "[least, most].",
                   ["series", "task", "nodes", "edges", "s", "peak MB"], brief=False)
    last: dict[tuple[str, str], Record] = {}
    made = [record for record in records if "seconds" in record]
    for record in sorted(made, key=lambda r: (r["series"], r["task"], r["edges"])):
        last[record["series"], record["task"]] = record
        points.rows.append([record["series"], record["task"], f"{record['nodes']:,}", f"{record['edges']:,}",
                            number(record["seconds"]), number(record["rss_peak"])])
    for record in records:
        if record["case"].endswith(", growth"):
            top = last.get((record["series"], record["task"]))
            growth.rows.append([
                record["series"], record["task"], *(exponent(record, key) for key in (
                    "seconds_by_nodes", "seconds_by_edges", "rss_above_imports_by_edges")),
                *([f"{top['nodes']:,} nodes, {top['edges']:,} edges", number(top["seconds"]), number(top["rss_peak"])]
                  if top else ["", "", ""])])
    stops = [record for record in records if "stopped" in record]
    growth.note += "".join(f" {record['case']}: {record['stopped']}." for record in stops)
    return [growth, points]


def exponent(record: Record, key: str) -> str:
    """With its standard error, where it was recorded."""
    error = record.get(f"{key}_error")
    return number(record.get(key)) + ("" if error is None else f" ± {number(error, 2)}")


def equality(records: list[Record]) -> list[Table]:
    """Our trainer's F1, and how far it is from gensim's on the same walks."""
    sizes = list(dict.fromkeys(size for record in records for size in record["train_sizes"]))
    table = Table("As good as gensim on the same walks", "DeepWalk, window 10, 128 columns, 10 walks × 40 (short) or "
                  "80 (long), one epoch: micro-F1 in per cent less gensim's, mean of the seeds ± its standard error; "
                  "in brackets macro-F1. Seed by seed on the same walks and splits; raw vectors.",
                  ["graph, length", "trainer", *(f"{size:.0%}".replace("%", " %") for size in sizes), "seeds"])
    for record in records:
        if "over gensim" in record:
            case, _, trainer = record["case"].rpartition(": ")
            n, cells = record["seeds"], []
            for (micro, macro), (deviation, _) in zip(record["over gensim"], record["std of that"], strict=True):
                error = f" ± {deviation / (n - 1) ** 0.5:.2f}" if n > 1 else ""
                cells.append(f"{micro:+.2f}{error} ({macro:+.2f})")
            table.rows.append([case, trainer, *cells, str(n)])
    return [table]


def direction(records: list[Record]) -> list[Table]:
    """How often the score of an arc is above that of its reverse."""
    table = Table("Direction of arcs", "Of the arcs (u, v) without an arc (v, u), at most 200,000, per cent for which "
                  "score(u, v) is above score(v, u): 50 is chance. A tenth of the arcs is hidden from the fit. Seconds "
                  "by the clock and peak memory of the process.",
                  ["graph", "method", "fitted arcs", "hidden arcs", "s", "MB"])
    for record in records:
        table.rows.append([*split_case(record), f"{record['fitted']:.1f}", f"{record['hidden']:.1f}",
                           number(record["wall"]), number(record["rss_peak"])])
    return [table]


def frontier(records: list[Record]) -> list[Table]:
    """Our methods by graph, quickest first; those that no other of ours beats, and all."""
    header = ["graph", "method", "s", "F1 at 10 %", "F1 at 50 %", "±", "F1 at 90 %", "MB", "seeds"]
    note = ("Our methods, one process each, seconds by the clock from graph in memory to vectors in memory (median "
            "[least, most] of the seeds), micro / macro-F1 in per cent, mean of the seeds over ten splits in all, the "
            "standard deviation of micro-F1 at 50 % between seeds and their splits, peak memory of the process.")
    best = Table("Quality over time, our methods over seeds", f"{note} Those that no other of ours beats in both "
                 "seconds and micro-F1 at 50 %; beside rivals they stand in the first table.", header)
    every = Table("Our methods over seeds", note, header, brief=False)
    for graph in dict.fromkeys(split_case(record)[0] for record in records):
        of = [record for record in records if split_case(record)[0] == graph]
        points = [(middle(record["seconds"]) or 0.0, record["micro_f1"]["50%"], record) for record in of]
        for table, chosen in ((best, unbeaten(points)), (every, sorted(points, key=lambda point: point[0]))):
            for _, _, record in chosen:
                deviation = (record.get("deviation") or {}).get("50%")
                table.rows.append([*split_case(record), number(record["seconds"]), f1(record, "10%"), f1(record, "50%"),
                                   number(deviation, 2), f1(record, "90%"), number(record["rss_peak"]),
                                   str(record["seeds"])])
    return [best, every]


def foldin(records: list[Record]) -> list[Table]:
    """Micro-F1 of nodes that came later."""
    kinds = ["full fit", "fold-in", "partial_fit", "neighbour mean"]
    table = Table("Nodes that came later", "Micro-F1 in per cent of a tenth of the nodes, hidden from the fit.",
                  ["graph", "method", *kinds])
    for record in records:
        if "full fit" in record:
            table.rows.append([*split_case(record), *(f"{record[kind]['micro']:.1f}" if kind in record else ""
                                                      for kind in kinds)])
    return [table]


def columns(records: list[Record]) -> list[Table]:
    """Micro-F1 of first columns."""
    kinds = ["as trained", "ordered", "fit of its own"]
    table = Table("First columns of a wide fit", "Micro-F1 in per cent at 50 %; DeepWalk, 40 walks × 40.",
                  ["graph", "columns", *kinds])
    for record in records:
        if "ordered" in record:
            table.rows.append([*split_case(record), *(f"{record[kind]['micro']:.1f}" if kind in record else ""
                                                      for kind in kinds)])
    return [table]


# What of a published protocol is known to differ from ours, by what its source says.
PROTOCOLS = (
    ("authors newer code", "same protocol; their splits"),
    ("ProNE", "their splits and their classifier's settings; columns of length 1"),
    ("GraphGAN", "train size and protocol not given"),
    ("node2vec KDD16", "best p, q by search on labels; their splits"),
    ("PGL", "their splits; other walks and window"),
    ("OpenNE", "single split; labels single"),
    ("README", "their splits"),
)


def published(records: list[Record]) -> list[Table]:
    """Others' figures beside ours, of the records that know some."""
    table = Table("Published figures beside ours", "In per cent. A published split is never ours, so a difference of "
                  "about a point says nothing.",
                  ["graph", "method", "measure", "ours", "published", "source", "protocol differs"])
    for record in records:
        graph, case = split_case(record)
        for measure, found in (record["published"].items() if isinstance(record.get("published"), dict) else ()):
            metric, _, size = measure.rpartition(" ")
            if not metric:
                continue
            ours = middle((record.get("micro_f1" if metric.startswith("Micro") else "macro_f1") or {}).get(size))
            for value, source in found:
                table.rows.append([graph, case, measure, number(ours, 4), number(value, 4), source, protocol(source)])
        if isinstance(record.get("published"), list) and "uniform" in record:
            for value, source in record["published"]:
                table.rows.append([graph, case, "AUC", number(record["uniform"]["auc"], 4), number(value, 4), source,
                                   "their split and their non-edges; " + protocol(source)])
    table.brief = False
    return [table] if table.rows else []


def protocol(source: str) -> str:
    """What is known to differ."""
    return next((differs for known, differs in PROTOCOLS if known in source), "their splits")


def not_comparable(rows: list[dict[str, str]], graphs: set[str]) -> list[Table]:
    """Published figures of our graphs that nothing of ours stands beside: another protocol, or a method we lack."""
    table = Table("Published figures of other protocols", "Not comparable with any of ours: another metric, another "
                  "choice of classes, or a method that is not here.",
                  ["graph", "task", "measure", "method", "train size", "published", "source"], brief=False)
    for row in rows:
        if row["dataset"] in graphs:
            table.rows.append([row[key] for key in ("dataset", "task", "metric", "method", "train_ratio", "value",
                                                    "source_table")])
    return [table] if table.rows else []


def as_recorded(bench: str, records: list[Record]) -> Table:
    """Every value of every record."""
    skipped = {"bench", "case", "time", "quick", "seed", "n_jobs", "repeat", "machine", "parameters", "yardstick"}
    table = Table(f"{bench}, as recorded", "", ["case", "values"], brief=False)
    for record in records:
        values = "; ".join(f"{key} {flat(value)}" for key, value in record.items()
                           if key not in skipped and value not in (None, "", {}, []))
        table.rows.append([record["case"], values])
    return table


def flat(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict) and value.keys() != {"median", "min", "max"}:
        return " ".join(f"{key} {flat(inner)}" for key, inner in value.items())
    return number(value) if isinstance(value, (dict, int, float)) and not isinstance(value, bool) else str(value)


MAKERS: dict[str, Callable[[list[Record]], list[Table]]] = {
    "rivals": rivals, "walks": walks, "skipgram": skipgram, "spectral": spectral, "quality": quality, "links": links,
    "memory": memory, "scale": scale, "equality": equality, "foldin": foldin, "columns": columns,
    "frontier": frontier, "direction": direction,
}
