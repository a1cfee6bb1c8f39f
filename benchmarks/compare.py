"""What became slower or worse from one file of results to another, beyond the noise of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .results import Record, newest, noise, read

# Names of measures, wherever in a record they stand: seconds, memory and the like should not grow, scores not shrink.
TIMES = {"wall", "cpu", "seconds", "cpu_per_node", "graphemb_seconds"}
MEMORY = {"rss_peak", "rss_peak_mb", "above_imports_mb", "rss_above_imports"}
GROWTH = {"seconds_by_nodes", "seconds_by_edges", "rss_above_imports_by_nodes", "rss_above_imports_by_edges"}
LOWER = TIMES | MEMORY | GROWTH | {"ns_a_step"}
HIGHER = {"tokens_per_second", "steps_per_second", "micro_f1", "macro_f1", "auc", "ap", "micro", "macro"}
EXACT = {"tokens"}
SCORES = {"micro_f1", "macro_f1", "auc", "ap", "micro", "macro"}
RATIOS = {"of_ours", "times_faster_than", "over gensim, 1 thread"}  # of rivals' times to ours
MARGIN = 0.10  # of a time or a memory, on top of the spread of the runs: the least, where the machine's noise is less
SHORT = 0.01  # seconds; what took less, old and new, is not compared
SMALL = 5.0  # MB of memory that say nothing
BEND = 0.1  # of an exponent of growth, on top of three standard errors of both
SCORE = 1.0  # points of F1 or AUC, on top of three standard deviations of the mean over splits
SKIPPED = {"published", "parameters", "asked", "machine", "peer_rss_peak", "walls", "stages", "trained"}


@dataclass(frozen=True)
class Change:
    """One measure of one case, old and new."""

    case: str
    measure: str
    old: float
    new: float
    worse: bool
    noise: str

    def __str__(self) -> str:
        ratio = f" ({self.new / self.old:.2f} times)" if self.old > 0 else ""
        return f"{self.case}, {self.measure}: {self.old:.5g} -> {self.new:.5g}{ratio}; {self.noise}"


def main(old: Path, new: Path) -> int:
    """Print what changed; 1 if something became worse."""
    before, after = (newest(read([path])) for path in (old, new))
    wobble = noise([*before, *after])
    found = list(measures(before, after, max(1 + MARGIN, wobble or 0)))
    changes = [change for _, change in found if change is not None]
    lost = sorted({key(r) for r in before} - {key(r) for r in after})
    shared = {key(r) for r in before} & {key(r) for r in after}
    if not shared:
        raise SystemExit(f"{old} and {new} have no case in common; nothing can be said.")
    machines = {(r["machine"]["processor"], r["machine"]["cores"]) for r in (*before, *after)}
    if len(machines) > 1:
        print(f"The files are of different machines ({'; '.join(f'{p}, {c} cores' for p, c in sorted(machines))}): "
              "times say little; scores, tokens and ratios to rivals should agree.")
    if wobble is not None:
        print(f"The same fixed work took up to {wobble:.2f} times as long at one moment of these runs as at another.")
    for title, of in (("worse", [c for c in changes if c.worse]), ("better", [c for c in changes if not c.worse])):
        print(f"{title}: {len(of)}")
        for change in of:
            print(f"  {change}")
    for kind in dict.fromkeys(kind for kind, _ in found):
        measured = [change for one, change in found if one == kind]
        moved = [change for change in measured if change is not None]
        print(f"{kind}: {len(measured)} compared, {sum(change.worse for change in moved)} worse, "
              f"{sum(not change.worse for change in moved)} better")
    print(f"{len(shared)} cases compared; {len(lost)} only in {old}" + (f": {', '.join(lost[:10])}" if lost else ""))
    return 1 if any(change.worse for change in changes) else 0


def key(record: Record) -> str:
    """What a case is known by."""
    return f"{record['bench']}, {record['case']}"


def measures(old: list[Record], new: list[Record], wobble: float = 1 + MARGIN) -> Iterator[tuple[str, Change | None]]:
    """The kind of each measure that both have, and how it changed; None where noise explains it.

    `wobble` is how many times as long the same work may take at another moment. Of rivals only the ratio of their
    time to ours counts: how fast they are is not guarded.
    """
    before = {key(record): record for record in old}
    for record in new:
        if key(record) not in before:
            continue
        was, ours = before[key(record)], str(record.get("who", "graphemb")).startswith("graphemb")
        for path, then, now in pairs(was, record):
            name = next((part for part in reversed(path) if part in LOWER | HIGHER | EXACT | RATIOS), None)
            if name is None or (name == "ns_a_step" and path[-1] != "graphemb") or not (ours or name in RATIOS):
                continue
            if name not in TIMES or max(least(then), least(now)) >= SHORT:
                yield kind_of(name), judge(key(record), path, name, then, now, was, record, wobble)


def kind_of(name: str) -> str:
    """What sort of measure it is."""
    kinds = {"ratios to rivals": RATIOS, "scores": SCORES, "tokens": EXACT, "memory": MEMORY, "growth": GROWTH}
    return next((kind for kind, names in kinds.items() if name in names), "times")


def least(value: Any) -> float:
    """A number, or the smallest of a spread."""
    return float(value["min"] if is_spread(value) else value)


def pairs(old: Any, new: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Numbers and spreads that stand at the same place in both."""
    if all(is_spread(value) or is_number(value) for value in (old, new)):
        yield path, old, new
    elif isinstance(old, dict) and isinstance(new, dict):
        for name in old.keys() & new.keys():
            if name not in SKIPPED:
                yield from pairs(old[name], new[name], (*path, name))


def judge(case: str, path: tuple[str, ...], name: str, old: Any, new: Any, was: Record, now: Record,
          wobble: float) -> Change | None:
    """The change of one measure, None where noise explains it."""
    a, b = (x["median"] if is_spread(x) else x for x in (old, new))
    measure = " ".join(path)
    if name in EXACT:
        return None if a == b else Change(case, measure, a, b, b < a, "must be equal")
    if name in SCORES:
        scale = 1.0 if max(a, b) > 1 else 0.01  # older records have shares, not per cent
        deviation = sum(value ** 2 for value in (std(was, path), std(now, path))) ** 0.5
        allowed = SCORE * scale + 3 * deviation
        if abs(b - a) <= allowed:
            return None
        return Change(case, measure, a, b, b < a, f"noise up to {allowed:.2g}")
    if name in GROWTH:
        errors = [float(record.get(f"{name}_error") or 0.0) for record in (was, now)]
        allowed = BEND + 3 * sum(error ** 2 for error in errors) ** 0.5
        return None if abs(b - a) <= allowed else Change(case, measure, a, b, b > a, f"noise up to {allowed:.2g}")
    if a <= 0 or b <= 0:
        return None
    factor, slack = (1 + MARGIN, SMALL) if name in MEMORY else (wobble, 0.0)
    low, high = ((old["min"], old["max"]) if is_spread(old) else (a, a))
    low, high = low / factor - slack, high * factor + slack
    noise_of = f"old runs and {factor:.2f} times: {low:.4g} to {high:.4g}"
    if least(new) > high:  # the best of the new runs is above the worst of the old ones
        return Change(case, measure, a, b, name in LOWER, noise_of)
    if (new["max"] if is_spread(new) else b) < low:
        return Change(case, measure, a, b, name in HIGHER | RATIOS, noise_of)
    return None


def std(record: Record, path: tuple[str, ...]) -> float:
    """The standard deviation that was recorded beside a score; 0 where none was."""
    found: Any = record.get(f"{path[0]}_std")
    for part in path[1:]:
        found = found.get(part) if isinstance(found, dict) else None
    return float(found) if is_number(found) else 0.0


def is_spread(value: Any) -> bool:
    """Whether it is a median with its least and most."""
    return isinstance(value, dict) and value.keys() == {"median", "min", "max"}


def is_number(value: Any) -> bool:
    """Whether it is a number and no truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
