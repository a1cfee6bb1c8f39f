"""Charts as inline SVG, in the colours of the page around them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from .results import unbeaten

WIDTH, HEIGHT = 720, 380
LEFT, RIGHT, TOP, BOTTOM = 62, 20, 16, 46
LETTER = 5.6  # about how wide a letter of a label is


class Log:
    """A logarithmic axis from pixel `start` to pixel `stop`."""

    def __init__(self, values: Sequence[float], start: float, stop: float) -> None:
        low, high = math.log10(min(values)), math.log10(max(values))
        margin = max(0.06 * (high - low), 0.1)
        self.low, self.high, self.start, self.stop = low - margin, high + margin, start, stop

    def __call__(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.stop - self.start)

    def ticks(self) -> list[float]:
        """1, 2, 5 of each power of ten where there is room, else powers of ten."""
        factors = (1, 2, 5) if self.high - self.low < 2.2 else (1,)
        step = max(1, round((self.high - self.low) / 8))
        powers = range(math.floor(self.low), math.ceil(self.high) + 1)
        return [f * 10.0 ** k for k in powers if k % step == 0 for f in factors
                if self.low <= math.log10(f * 10.0 ** k) <= self.high]


class Linear:
    """A linear axis from pixel `start` to pixel `stop`."""

    def __init__(self, values: Sequence[float], start: float, stop: float) -> None:
        low, high = min(values), max(values)
        margin = max(0.07 * (high - low), 0.5)
        self.low, self.high, self.start, self.stop = low - margin, high + margin, start, stop

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.stop - self.start)

    def ticks(self) -> list[float]:
        """About six round numbers."""
        raw = (self.high - self.low) / 6
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(f * power for f in (1, 2, 5, 10) if f * power >= raw)
        first = math.ceil(self.low / step)
        return [k * step for k in range(first, math.floor(self.high / step) + 1)]


def frontier(points: Sequence[tuple[float, float, str, bool]], x_title: str, y_title: str, label: str) -> str:
    """Points (x, y, name, ours) over a logarithmic x; the line goes through those that nothing beats in both."""
    x = Log([p[0] for p in points], LEFT, WIDTH - RIGHT)
    y = Linear([p[1] for p in points], HEIGHT - BOTTOM, TOP)
    parts = [*axes(x, y, x_title, y_title)]
    best = unbeaten((px, py, name) for px, py, name, _ in points)
    corners = [(x(best[0][0]), y(best[0][1]))]
    for px, py, _ in best[1:]:
        corners += [(x(px), corners[-1][1]), (x(px), y(py))]
    corners.append((WIDTH - RIGHT, corners[-1][1]))
    parts.append(f'<polyline class="edge" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in corners)}"/>')
    taken = [(x(px) - 5, y(py) - 5, x(px) + 5, y(py) + 5) for px, py, _, _ in points]
    for px, py, name, ours in sorted(points, key=lambda p: (not p[3], -p[1])):
        a, b = x(px), y(py)
        kind = "ours" if ours else "rival"
        parts.append(f'<circle class="{kind}" cx="{a:.1f}" cy="{b:.1f}" r="4"><title>{escape(name)}: {px:.3g} s, '
                     f'{py:.1f} %</title></circle>')
        width = LETTER * len(name)
        for dx, dy, anchor in ((8, 4, "start"), (-8, 4, "end"), (0, -9, "middle"), (0, 17, "middle")):
            left = a + dx - (0 if anchor == "start" else width if anchor == "end" else width / 2)
            box = (left, b + dy - 9, left + width, b + dy + 2)
            inside = box[0] > LEFT and box[2] < WIDTH and box[1] > 0 and box[3] < HEIGHT - BOTTOM
            if inside and not any(box[0] < t[2] and t[0] < box[2] and box[1] < t[3] and t[1] < box[3] for t in taken):
                taken.append(box)
                parts.append(f'<text class="{kind}" x="{a + dx:.1f}" y="{b + dy:.1f}" text-anchor="{anchor}">'
                             f'{escape(name)}</text>')
                break
    return svg(parts, HEIGHT, label)


def bars(items: Sequence[tuple[str, float, float, float, bool]], x_title: str, label: str,
         origin: float | None = None) -> str:
    """Horizontal bars (name, value, least, most, ours) on a logarithmic scale, a whisker from least to most.

    With an `origin`, 1 for ratios, bars go from it to the left or right; without, from the axis.
    """
    row, top = 19, 6
    left = 16 + LETTER * max(len(name) for name, *_ in items)
    height = top + row * len(items) + BOTTOM
    known = [v for _, value, low, high, _ in items for v in (value, low, high)]
    x = Log([*known, *([origin] if origin else [])], left, WIDTH - 70)
    zero = x(origin) if origin else left
    parts = [*grid(x, top, height - BOTTOM, x_title, height)]
    if origin:
        parts.append(f'<line class="axis" x1="{zero:.1f}" x2="{zero:.1f}" y1="{top}" y2="{height - BOTTOM}"/>')
    for i, (name, value, low, high, ours) in enumerate(items):
        at, b = top + row * i, x(value)
        kind = "ours" if ours else "rival"
        parts.append(f'<text x="{left - 8}" y="{at + 13}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect class="{kind}" x="{min(zero, b):.1f}" y="{at + 3}" width="{max(abs(b - zero), 1):.1f}" '
                     f'height="{row - 6}"><title>{escape(name)}: {value:.3g} [{low:.3g}, {high:.3g}]</title></rect>')
        if high > low:
            parts.append(f'<line class="whisker" x1="{x(low):.1f}" x2="{x(high):.1f}" y1="{at + row / 2:.1f}" '
                         f'y2="{at + row / 2:.1f}"/>')
        parts.append(f'<text x="{max(b, zero, x(high)) + 5:.1f}" y="{at + 13}">{short(value)}</text>')
    return svg(parts, height, label)


def lines(series: Sequence[tuple[str, Sequence[tuple[float, float]]]], x_title: str, y_title: str, label: str) -> str:
    """Named polylines on two logarithmic axes, each named at its end."""
    right = 150
    x = Log([px for _, points in series for px, _ in points], LEFT, WIDTH - right)
    y = Log([py for _, points in series for _, py in points], HEIGHT - BOTTOM, TOP)
    parts = [*axes(x, y, x_title, y_title, WIDTH - right)]
    taken: list[float] = []
    for i, (name, points) in sorted(enumerate(series), key=lambda s: y(s[1][1][-1][1])):
        path = " ".join(f"{x(px):.1f},{y(py):.1f}" for px, py in points)
        parts.append(f'<polyline class="line s{i % 6}" points="{path}"/>')
        parts += [f'<circle class="dot s{i % 6}" cx="{x(px):.1f}" cy="{y(py):.1f}" r="3"><title>{escape(name)}: '
                  f'{short(px)}, {short(py)}</title></circle>' for px, py in points]
        end_x, end_y = x(points[-1][0]), y(points[-1][1])
        at = max([end_y, *(t + 13 for t in taken[-1:])])
        taken.append(at)
        parts.append(f'<text class="s{i % 6}" x="{end_x + 8:.1f}" y="{at + 4:.1f}">{escape(name)}</text>')
    return svg(parts, HEIGHT, label)


def axes(x: Log, y: Log | Linear, x_title: str, y_title: str, right: float = WIDTH - RIGHT) -> list[str]:
    """Grid, numbers and titles of both axes."""
    parts = grid(x, TOP, HEIGHT - BOTTOM, x_title, HEIGHT)
    for value in y.ticks():
        at = y(value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>'
                     f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{short(value)}</text>')
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">'
                 f'{escape(y_title)}</text>')
    return parts


def grid(x: Log, top: float, bottom: float, title: str, height: float) -> list[str]:
    """Vertical lines of a logarithmic axis, their numbers and its title."""
    parts = []
    for value in x.ticks():
        at = x(value)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{top}" y2="{bottom}"/>'
                     f'<text x="{at:.1f}" y="{bottom + 16}" text-anchor="middle">{short(value)}</text>')
    middle = (x.start + x.stop) / 2
    parts.append(f'<text x="{middle:.1f}" y="{height - 10}" text-anchor="middle">{escape(title)}</text>')
    return parts


def short(value: float) -> str:
    """A number in few letters: 20 k, 1.5 M."""
    for size, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def svg(parts: Sequence[str], height: float, label: str) -> str:
    """The picture; `label` says what it shows to those who do not see it."""
    return (f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(label, quote=True)}">'
            + "".join(parts) + "</svg>")
