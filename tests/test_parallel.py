"""A long call: its result, its exception, and Ctrl-C while it runs."""

import _thread
import threading

import pytest

from graphemb._parallel import interruptible


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
