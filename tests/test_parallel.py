"""A long call: its result, its exception, and Ctrl-C while it runs."""

import _thread
import threading

import networkx as nx
import pytest
from joblib import Parallel, delayed, parallel_config
from threadpoolctl import threadpool_info

import graphemb
from graphemb._parallel import Team, blas_threads, interruptible, map_ordered


def test_result_and_exception_come_through():
    assert interruptible(lambda: 42) == 42
    with pytest.raises(ZeroDivisionError):
        interruptible(lambda: 1 / 0)


def test_interrupt_is_heard_while_the_call_goes_on():
    started, finish, ended = threading.Event(), threading.Event(), threading.Event()

    def work():
        started.set()
        _thread.interrupt_main()
        finish.wait(60)
        ended.set()

    with pytest.raises(KeyboardInterrupt):
        interruptible(work)
    assert started.is_set() and not ended.is_set()
    finish.set()
    assert ended.wait(60)


def test_no_thread_to_be_had(monkeypatch):
    """As under a memory limit: one long call is made by the caller; more threads than one are a MemoryError."""
    def start(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    assert interruptible(lambda: 42) == 42
    with pytest.raises(MemoryError, match="lower n_jobs"):
        list(map_ordered(lambda x: x, range(9), 2))
    with pytest.raises(MemoryError, match="lower n_jobs"), Team(2):
        pass


def most_at_a_time(method):
    """Threads of ours alive at a time beside the caller, while a fit may have as many as joblib gives it."""
    counts = [0]
    start = threading.Thread.start

    def counted(thread):
        start(thread)
        counts.append(sum(other.name.startswith("graphemb") for other in threading.enumerate()))

    threading.Thread.start = counted
    try:
        getattr(graphemb, method)(n_components=4, random_state=0).fit(nx.les_miserables_graph())
    finally:
        threading.Thread.start = start
    return max(counts)


def test_a_worker_of_joblib_gets_no_threads_of_its_own():
    """But one: the thread of a long call, while the caller waits for it to hear Ctrl-C."""
    methods = ["DeepWalk", "AdjacencySpectral"]
    assert max(Parallel(2, backend="loky")(delayed(most_at_a_time)(method) for method in methods)) == 1
    with parallel_config(backend="threading", n_jobs=3):  # n_jobs=None takes what joblib was told to give
        assert most_at_a_time("DeepWalk") > 1


def test_blas_is_held_to_its_threads_and_let_go():
    def threads():
        return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

    with blas_threads(2):
        before = threads()
        with blas_threads(1):
            assert threads() == {1}
        assert threads() == before != {1}
