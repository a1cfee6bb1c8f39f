"""How smoothly the explorer moves: time between frames in a headless Chromium while the map is panned and zoomed."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from graphemb.plot import explorer

from . import browser
from .measure import Recorder, Settings, check, spread

# Each frame turns the wheel a little, in and out by turns, and notes when it came.
FRAMES = """
new Promise((done) => {
  const map = document.getElementById("map"), times = [];
  const step = (now) => {
    times.push(now);
    if (times.length > %d) return done(times);
    const deltaY = times.length %% 40 < 20 ? -25 : 25;
    map.dispatchEvent(new WheelEvent("wheel", { deltaY, clientX: 500, clientY: 400 }));
    map.dispatchEvent(new PointerEvent("pointermove", { pointerId: 9, clientX: 300 + times.length, clientY: 400 }));
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})
"""


def run(settings: Settings, record: Recorder) -> None:
    """A map of 10,000 and of 100,000 nodes, by WebGL (in software, where there is no GPU) and by plain canvas."""
    program = browser.find()
    if program is None:
        print("  no Chromium here; name one in GRAPHEMB_BROWSER")
        return
    rng = np.random.default_rng(settings.seed)
    for n in (1_000,) if settings.quick else (10_000, 100_000):
        block = rng.integers(0, 12, n)
        vectors = rng.normal(size=(12, 16))[block] + rng.normal(size=(n, 16))
        points = rng.normal(size=(12, 2))[block] * 4 + rng.normal(size=(n, 2))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "map.html"
            start = time.perf_counter()
            explorer(vectors, path, [f"block {b}" for b in block.tolist()], points=points)
            written = time.perf_counter() - start
            for renderer, options in (("webgl", ()), ("canvas", ("--disable-3d-apis",))):
                with browser.page(program, *options) as page:
                    start = time.perf_counter()
                    page.open(path)
                    opened = time.perf_counter() - start
                    check(page.evaluate("document.documentElement.dataset.renderer") == renderer, f"not by {renderer}")
                    times = np.array(page.evaluate(FRAMES % (20 if settings.quick else 120)))
                    check(not page.errors, f"the page says {page.errors}")
                record(f"{n:,} nodes, {renderer}", frame_ms=spread(np.diff(times).round(2).tolist()),
                       open_seconds=opened, write_seconds=written, megabytes=path.stat().st_size / 1e6)
