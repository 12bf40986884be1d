"""A run that follows is asked to stop by a signal, abandons a slow batch, and leaves at a second signal."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from flows import stopping
from flows.stopping import Abandoned, stoppable


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_asks_and_the_second_interrupts(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stoppable() as stop:
        stop.is_checked = True
        os.kill(os.getpid(), number)
        assert stop.wait(5)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        for timer in threading.enumerate():
            if isinstance(timer, threading.Timer):
                timer.cancel()
    assert signal.getsignal(number) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_signal_before_the_run_looks_at_its_stop_interrupts() -> None:
    with stoppable() as stop, pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)
    assert stop.signals == 1


def test_a_batch_that_takes_too_long_is_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "FINISH_WITHIN_S", 0.05)
    with stoppable() as stop, pytest.raises(Abandoned):
        stop.is_checked = True
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(20)


def test_a_stop_around_another_is_the_same_one() -> None:
    with stoppable() as outer, stoppable() as inner:
        assert inner is outer


def test_outside_of_the_main_thread_no_signal_is_taken() -> None:
    found: list[bool] = []

    def block() -> None:
        with stoppable() as stop:
            found.append(stop.is_asked())

    thread = threading.Thread(target=block)
    thread.start()
    thread.join(5)
    assert found == [False]
