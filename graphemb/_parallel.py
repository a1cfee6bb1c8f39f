"""Map over work: threads, order, progress, cancellation."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError
from dataclasses import dataclass
from typing import TypeVar

SECONDS_BETWEEN_TICKS = 0.1

T = TypeVar("T")
R = TypeVar("R")


def map_ordered(work: Callable[[T], R], items: Iterable[T], n_jobs: int, *, ahead: int = 2) -> Iterator[R]:
    """Yield `work(item)` in the order of `items`, computed on up to `n_jobs` threads.

    At most ``ahead * n_jobs`` results wait to be taken, so a stream stays a stream. With one thread
    nothing is started and the work happens in the caller. An item should take about 0.1 s at most:
    that is how soon Ctrl-C, or an exception of the consumer, ends the loop.
    """
    if n_jobs == 1:
        yield from map(work, items)
        return
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(n_jobs, thread_name_prefix="graphemb") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= ahead * n_jobs:
                    yield _result(waiting.popleft())
            while waiting:
                yield _result(waiting.popleft())
        finally:
            for future in waiting:
                future.cancel()


def _result(future: Future[R]) -> R:
    """Wait in short steps: on Windows a wait without a limit does not see Ctrl-C."""
    while True:
        try:
            return future.result(timeout=0.1)
        except TimeoutError:
            if future.done():  # the work itself raised a TimeoutError
                return future.result()


def ranges(n: int, size: int) -> Iterator[tuple[int, int]]:
    """Cut 0 .. n into consecutive (start, stop) of at most `size`."""
    return ((start, min(start + size, n)) for start in range(0, n, size))


@dataclass(frozen=True)
class Tick:
    """What a callback is told while a fit goes on.

    Attributes
    ----------
    stage : str
        What is being done, for example ``"skip-gram"``.
    fraction : float
        How much of it is done, in [0, 1].
    epoch : int
        Passes over the corpus completed.
    loss : float
        Mean loss per (node, context) pair since the last tick, in nats; nan where there is none.
    rate : float
        Units (for training: tokens) per second.
    seconds_left : float
        Estimated from the rate.
    """

    stage: str
    fraction: float
    epoch: int
    loss: float
    rate: float
    seconds_left: float


class Progress:
    """Reports how far a piece of work is: to `callbacks`, and as a line on stderr if `verbose`.

    Parameters
    ----------
    stage : str
    total : float
        Units of work in all.
    verbose : int
        0 is silent.
    callbacks : sequence of callables
        Each is called with a `Tick`, at most ten times a second and once at the end; one that
        returns True stops the work.
    """

    def __init__(self, stage: str, total: float, verbose: int = 0,
                 callbacks: Iterable[Callable[[Tick], object]] = ()) -> None:
        self.stage, self.total, self.verbose, self.callbacks = stage, total, verbose, tuple(callbacks)
        self.start = self.last = time.perf_counter()
        self.done = 0.0

    def update(self, amount: float, *, epoch: int = 0, loss: float = float("nan")) -> bool:
        """Add `amount` units of finished work; return whether a callback asks to stop."""
        self.done += float(amount)
        now = time.perf_counter()
        final = self.done >= self.total
        if not (self.verbose or self.callbacks) or (now - self.last < SECONDS_BETWEEN_TICKS and not final):
            return False
        self.last = now
        rate = self.done / max(now - self.start, 1e-9)
        tick = Tick(self.stage, min(self.done / self.total, 1.0) if self.total else 1.0, epoch, loss, rate,
                    max(self.total - self.done, 0.0) / max(rate, 1e-9))
        if self.verbose:
            text = f"\r{self.stage}: {tick.fraction:4.0%}  {rate:,.0f}/s  {tick.seconds_left:.0f} s left"
            if loss == loss:
                text += f"  loss {loss:.3f}"
            sys.stderr.write(f"{text:<70}" + ("\n" if final else ""))
            sys.stderr.flush()
        # every callback hears every tick, even after one asked to stop
        return any([bool(callback(tick)) for callback in self.callbacks])
