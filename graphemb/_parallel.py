"""Map over work: threads, order, progress, cancellation."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController

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
                waiting.append(_submit(pool, work, item))
                if len(waiting) >= ahead * n_jobs:
                    yield _result(waiting.popleft())
            while waiting:
                yield _result(waiting.popleft())
        finally:
            for future in waiting:
                future.cancel()


def interruptible(work: Callable[[], R]) -> R:
    """`work()` on a thread of its own, so that Ctrl-C is heard during one long call that lets the GIL go.

    After Ctrl-C the call is left to end by itself, and its result is dropped: so it must change nothing.
    Where no thread can be had, the work is done in the caller.
    """
    done: list[R] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="graphemb", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no memory for its stack, or no leave to have another
        return work()
    while thread.is_alive():
        thread.join(0.1)
    if failed:
        raise failed[0]
    return done[0]


def blas_threads(n: int) -> AbstractContextManager[Any]:
    """Holds the BLAS of NumPy and SciPy to `n` threads, in the whole process."""
    return _threadpools().limit(limits=n, user_api="blas")


@cache
def _threadpools() -> ThreadpoolController:
    """The libraries there are; to look for them takes milliseconds, which a fit of many small parts feels."""
    import scipy.linalg  # noqa: F401 - brings a BLAS of its own

    return ThreadpoolController()


class Team:
    """Threads that work on one thing at the same time, the caller among them.

    They all exist before `run` is first called, so that work in which they wait for each other
    cannot wait for a thread that never starts. A context manager.
    """

    def __init__(self, n_jobs: int) -> None:
        self.n_jobs = n_jobs

    def __enter__(self) -> Team:
        if self.n_jobs > 1:
            self._pool = ThreadPoolExecutor(self.n_jobs - 1, thread_name_prefix="graphemb")
            gate = threading.Barrier(self.n_jobs)
            try:
                started = [_submit(self._pool, gate.wait) for _ in range(self.n_jobs - 1)]
                gate.wait()
                for future in started:
                    future.result()
            except BaseException:
                gate.abort()
                self._pool.shutdown()
                raise
        return self

    def __exit__(self, *exception: object) -> None:
        if self.n_jobs > 1:
            self._pool.shutdown()

    def run(self, work: Callable[[int], object], abandon: Callable[[], object] = lambda: None) -> None:
        """Call `work(t)` for t in 0 .. n_jobs, each on a thread of its own; 0 is the caller's.

        Where one raises, `abandon` is called at once, to free those that wait for it.
        """
        def guarded(t: int) -> None:
            try:
                work(t)
            except BaseException:
                abandon()
                raise

        futures: list[Future[None]] = []
        try:
            for t in range(1, self.n_jobs):
                futures.append(_submit(self._pool, guarded, t))
            work(0)
        except BaseException:  # Ctrl-C too, wherever it was heard
            abandon()
            raise
        finally:
            wait(futures)
        for future in futures:
            future.result()


def _submit(pool: ThreadPoolExecutor, work: Callable[..., R], *arguments: Any) -> Future[R]:
    """What a pool does, but a thread that cannot be had is a MemoryError, as an array that cannot be had is."""
    try:
        return pool.submit(work, *arguments)
    except RuntimeError as error:
        raise MemoryError(f"{error}: no memory for it, or no leave to have so many; lower n_jobs.") from error


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
    done : float, default=0
        Units done before, in an earlier run.
    """

    def __init__(self, stage: str, total: float, verbose: int = 0,
                 callbacks: Iterable[Callable[[Tick], object]] = (), *, done: float = 0.0) -> None:
        self.stage, self.total, self.verbose, self.callbacks = stage, total, verbose, tuple(callbacks)
        self.start = self.last = time.perf_counter()
        self.done = self.before = float(done)

    def update(self, amount: float, *, epoch: int = 0, loss: float = float("nan")) -> bool:
        """Add `amount` units of finished work; return whether a callback asks to stop."""
        self.done += float(amount)
        now = time.perf_counter()
        final = self.done >= self.total
        if not (self.verbose or self.callbacks) or (now - self.last < SECONDS_BETWEEN_TICKS and not final):
            return False
        self.last = now
        rate = (self.done - self.before) / max(now - self.start, 1e-9)
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
