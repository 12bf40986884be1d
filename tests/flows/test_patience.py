"""A step waits for an unavailable broker or warehouse, logs it once, and gives up after its last delay."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flows import patience
from flows.patience import Patience
from flows.stopping import Stop
from flows.watching import Watcher, watched_by
from pipelines.broker import BrokerRefused, BrokerUnavailable

UNAVAILABLE = BrokerUnavailable("The broker at kafka-1:9093 does not answer.\nWhat to do: see that it is up.")


class Notes(Watcher):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def away(times: int, fault: Exception = UNAVAILABLE) -> Callable[[], str]:
    left = iter([fault] * times)

    def function() -> str:
        for found in left:
            raise found
        return "done"

    return function


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "OUTAGE_DELAYS_S", (0.0,))
    monkeypatch.setattr(patience, "LAST_DELAY_S", 0.0)


def test_a_run_that_catches_up_tries_once_more_after_each_delay() -> None:
    assert Patience((0.0,) * 4).call("plan", away(4)) == "done"
    with pytest.raises(BrokerUnavailable):
        Patience((0.0,) * 4).call("plan", away(5))


def test_an_outage_is_reported_in_two_lines_however_long_it_lasts() -> None:
    notes = Notes()
    with watched_by(notes):
        assert Patience((), outage_s=60, stop=Stop()).call("plan", away(500)) == "done"
    assert notes.notes == [
        "Step plan waits: The broker at kafka-1:9093 does not answer.",
        "Step plan continues after 0 s.",
    ]


def test_an_outage_that_outlasts_the_setting_ends_the_run() -> None:
    with pytest.raises(BrokerUnavailable):
        Patience((), outage_s=0, stop=Stop()).call("plan", away(10))


def test_a_fault_that_does_not_pass_is_not_tried_again() -> None:
    with pytest.raises(BrokerRefused):
        Patience((), outage_s=60, stop=Stop()).call("plan", away(1, BrokerRefused("no")))


def test_a_run_that_is_asked_to_stop_does_not_wait() -> None:
    stop = Stop()
    stop.ask()
    with pytest.raises(BrokerUnavailable):
        Patience((), outage_s=3_600, stop=stop).call("plan", away(2))
