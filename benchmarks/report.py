"""The report: one HTML file with its charts in it, and the Markdown summary that the README has."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

from . import charts
from .graphs import published_rows
from .measure import RESULTS, ROOT
from .results import Record, by_bench, command, newest, noise, provenance, read
from .tables import OURS, Table, middle, not_comparable, published, tables

PUBLISHED = RESULTS / "published.jsonl"
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
ORDER = ("rivals", "quality", "links", "walks", "skipgram", "equality", "spectral", "foldin", "columns", "scale",
         "memory")
STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --soft: #62676f; --page: #fff; --line: #e1e4e8; --ours: #0b63b8;
  --rival: #a05a00; --s1: #a05a00; --s2: #2f7d32; --s3: #8e3aa8; --s4: #b3261e; --s5: #00727a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e6ea; --soft: #9aa2ad; --page: #16181c; --line: #30353d;
  --ours: #6db3f8; --rival: #e2a95a; --s1: #e2a95a; --s2: #7fce83; --s3: #d79be8; --s4: #f2948c; --s5: #63ccd4; } }
body { margin: 0 auto; padding: 24px 16px 64px; max-width: 1000px; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 20px; margin: 40px 0 4px; }
h3 { font-size: 16px; margin: 24px 0 4px; }
p { margin: 4px 0 10px; } .soft, .from { color: var(--soft); } .from { font-size: 13px; }
code { font: 13px ui-monospace, monospace; overflow-wrap: anywhere; }
nav a { margin-right: 14px; } a { color: var(--ours); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; margin: 6px 0 14px; }
th, td { text-align: left; padding: 3px 12px 3px 0; border-bottom: 1px solid var(--line); vertical-align: top;
  font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 600; }
td:not(:last-child) { white-space: nowrap; } tr.ours td { color: var(--ours); }
figure { margin: 10px 0 18px; } figcaption { color: var(--soft); font-size: 13px; }
svg { width: 100%; height: auto; max-width: 860px; display: block; font: 10.5px system-ui, sans-serif; }
svg text { fill: var(--soft); } svg text.ours { fill: var(--ours); } svg text.rival { fill: var(--rival); }
svg .grid { stroke: var(--line); } svg .axis { stroke: var(--soft); }
svg .edge { fill: none; stroke: var(--soft); stroke-dasharray: 4 3; }
svg circle.ours, svg rect.ours { fill: var(--ours); } svg circle.rival, svg rect.rival { fill: var(--rival); }
svg .whisker { stroke: var(--ink); stroke-width: 1.5; } svg .line { fill: none; stroke-width: 2; }
""" + "\n".join(f"svg .line.s{i} {{ stroke: var(--s{i}, var(--ours)); }} svg .dot.s{i}, svg text.s{i} "
                f"{{ fill: var(--s{i}, var(--ours)); }}" for i in range(6)) + """
@media print { :root { color-scheme: light; --ink: #000; --soft: #444; --page: #fff; --line: #ccc; --ours: #0b63b8;
  --rival: #a05a00; --s1: #a05a00; --s2: #2f7d32; --s3: #8e3aa8; --s4: #b3261e; --s5: #00727a; }
  body { max-width: none; padding: 0; font-size: 10pt; } nav { display: none; } .wide { overflow: visible; }
  table { font-size: 8pt; } figure, tr { break-inside: avoid; } h2, h3 { break-after: avoid; } }
"""


def main(paths: list[Path], html: Path, markdown: Path, publish: bool) -> int:
    """Write both; with `publish` keep the records and put the summary into the README."""
    records = newest(read(paths))
    if not records:
        raise SystemExit(f"No records in {', '.join(map(str, paths))}.")
    for path, text in ((html, page(records)), (markdown, summary(records))):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path}")
    if publish:
        if any(record.get("quick") for record in records):
            raise SystemExit("These are records of a quick run: they say that it works, not how fast. "
                             "Publish a full run.")
        PUBLISHED.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        readme = ROOT / "README.md"
        readme.write_text(with_block(readme.read_text(encoding="utf-8"), summary(newest(read([PUBLISHED])))),
                          encoding="utf-8")
        print(f"wrote {PUBLISHED} and the summary in {readme}")
    return 0


def with_block(text: str, block: str) -> str:
    """The text with what is between the two markers replaced.

    Raises
    ------
    ValueError
        If the markers are not there, once each and in order.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise ValueError(f"The text must have the markers {BEGIN} and {END} once each, in this order.")
    return f"{before}{BEGIN}\n{block.strip()}\n{END}{after}"


def ordered(records: list[Record]) -> dict[str, list[Record]]:
    """Records by bench, what people look for first."""
    found = by_bench(records)
    return {bench: found[bench] for bench in sorted(found, key=lambda b: (ORDER.index(b) if b in ORDER else 99, b))}


def summary(records: list[Record]) -> str:
    """Markdown: each bench's tables with its command, date, machine and commit."""
    parts = []
    for bench, of in ordered(records).items():
        shown = [table for table in tables(bench, of) if table.brief]
        for table in shown:
            parts += [f"**{table.title}.** {table.note}" if table.note else f"**{table.title}.**", "", *grid(table), ""]
        if shown:
            parts += [f"`{command(bench, of)}`, {provenance(of)}.", ""]
    if told := of_noise(records):
        parts += [told, ""]
    return "\n".join(parts)


def of_noise(records: list[Record]) -> str:
    """How sure a figure of one run is; nothing where the records do not tell."""
    factor = noise(records)
    return "" if factor is None else (
        f"While these were measured, the same fixed piece of work took up to {factor:.2f} times as long at one moment "
        "as at another (95 % of the moments). Another run agrees where it is within that factor of the least and the "
        "most of the runs here; of a figure without them there was one run.")


def grid(table: Table) -> list[str]:
    """A Markdown table."""
    lines = [table.header, ["---"] * len(table.header), *table.rows]
    return ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines]


def page(records: list[Record]) -> str:
    """The whole report as one HTML file that loads nothing."""
    found = ordered(records)
    parts = ["<h1>graphemb, measured</h1>", f'<p class="soft">{escape(provenance(records))}</p>',
             f'<p class="soft">{escape(versions(records))}. {escape(records[-1]["machine"]["system"])}.</p>',
             f'<p class="soft">{escape(of_noise(records))}</p>',
             "<nav>" + "".join(f'<a href="#{bench}">{bench}</a>' for bench in found)
             + '<a href="#published">published figures</a></nav>']
    for bench, of in found.items():
        parts += [f'<h2 id="{bench}">{bench}</h2>', f'<p class="from"><code>{escape(command(bench, of))}</code><br>'
                  f'{escape(provenance(of))}</p>', *pictures(bench, of)]
        parts += [part for table in tables(bench, of) for part in as_html(table)]
    graphs = {record["case"].partition(":")[0] for record in records}
    beside = [*published(records), *not_comparable(published_rows(), graphs)]
    parts.append('<h2 id="published">Published figures</h2>')
    parts += [part for table in beside for part in as_html(table)] or [
        '<p class="soft">None are known: GRAPHEMB_DATA names no folder with a PUBLISHED.tsv.</p>']
    return ('<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
            'content="width=device-width, initial-scale=1"><title>graphemb, measured</title>'
            f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n")


def versions(records: list[Record]) -> str:
    """Of what was measured."""
    latest = records[-1]["machine"]["versions"]
    return ", ".join(f"{name} {version}" for name, version in latest.items() if version != "absent")


def as_html(table: Table) -> list[str]:
    """A table that scrolls where it is too wide; our rows stand out."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.header)
    rows = "".join(f'<tr{" class=ours" if any(cell.startswith(OURS) for cell in row) else ""}>'
                   + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return [f"<h3>{escape(table.title)}</h3>", f"<p>{escape(table.note)}</p>" if table.note else "",
            f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>']


def pictures(bench: str, records: list[Record]) -> list[str]:
    """The charts of a bench, for each graph."""
    drawn = []
    if bench == "rivals":
        fits = [record for record in records if "wall" in record]
        for graph in dict.fromkeys(record["graph"] for record in fits):
            of = [record for record in fits if record["graph"] == graph]
            points = [(r["wall"]["median"], r["micro_f1"]["50%"], named(r), r["who"].startswith(OURS)) for r in of
                      if "micro_f1" in r]
            if len(points) > 1:
                drawn.append(figure(charts.frontier(points, "seconds", "micro-F1 at 50 %, per cent",
                                                    f"{graph}: F1 over seconds"),
                                    f"{graph}: quality over time; up and left is better. Nothing that was measured is "
                                    "both faster and better than the dashed line. Hover for names that found no room."))
            times = [(named(r), r["of_ours"]["median"], r["of_ours"]["min"], r["of_ours"]["max"], False)
                     for r in of if "of_ours" in r and not r["who"].startswith(OURS)]
            if times:
                drawn.append(figure(charts.bars(times, "times as long as ours", f"{graph}: speed-ups", 1.0),
                                    f"{graph}: how many times as long as our default fit of the same method a rival "
                                    "takes; the line is least to most of the pairs of runs."))
            heavy = [(named(r), *(r["rss_peak"][key] for key in ("median", "min", "max")), r["who"].startswith(OURS))
                     for r in of if r.get("rss_peak")]
            if heavy:
                drawn.append(figure(charts.bars(sorted(heavy, key=lambda item: item[1]), "MB", f"{graph}: memory"),
                                    f"{graph}: peak memory of the process of a fit, imports and graph included."))
    if bench == "walks":
        times = [(f"{r['case']}, {peer}", ratio["median"], ratio["min"], ratio["max"], False)
                 for r in records for peer, ratio in (r.get("times_faster_than") or {}).items()]
        if times:
            drawn.append(figure(charts.bars(times, "times as long a step as ours", "walks: speed-ups", 1.0),
                                "Walks: time a step, in our time a step."))
    if bench == "scale":
        for series in ("nodes and edges", "edges alone"):
            for what, title, caption in (("seconds", "seconds", "time"),
                                         ("rss_peak", "MB", "peak memory of the process")):
                tasks: dict[str, list[tuple[float, float]]] = {}
                for r in records:
                    if r.get("series") == series and (value := middle(r.get(what))):
                        tasks.setdefault(r["task"], []).append((r["edges"], value))
                named_lines = [(task, sorted(points)) for task, points in tasks.items() if len(points) > 1]
                if named_lines:
                    drawn.append(figure(charts.lines(named_lines, "edges", title, f"growth of {caption}, {series}"),
                                        f"Growth of {caption}: {series}, both axes logarithmic."))
    return drawn


def named(record: Record) -> str:
    """A point's name: the method, and the library where it is not ours."""
    who = record["who"].removeprefix(OURS).lstrip(", ")
    return f"{record['method']}, {who}" if who else record["method"]


def figure(svg: str, caption: str) -> str:
    """A picture with what it shows."""
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"
