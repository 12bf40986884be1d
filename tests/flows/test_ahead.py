"""A batch is prepared in a thread of its own; its result, or its fault, comes out where it is taken."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, cast

import pytest

from flows.ahead import Ahead
from flows.watching import Watcher, watched_by, watcher

if TYPE_CHECKING:
    from flows.ahead import Prepared

BATCH = cast("Prepared", "the batch")


def test_a_batch_is_prepared_while_another_thing_is_done_and_taken_once() -> None:
    loading, went_on = threading.Event(), []

    def prepare() -> Prepared:
        went_on.append(loading.wait(10))
        return BATCH

    with Ahead() as ahead:
        assert (bool(ahead), ahead.take()) == (False, None)
        ahead.begin(prepare)
        assert ahead
        loading.set()
        assert (ahead.take(), bool(ahead), ahead.take(), went_on) == (BATCH, False, None, [True])


def test_its_fault_is_raised_where_the_batch_is_taken_and_only_there() -> None:
    def prepare() -> Prepared:
        raise OSError("the disk is full")

    with Ahead() as ahead:
        ahead.begin(prepare)
        with pytest.raises(OSError, match="the disk is full"):
            ahead.take()
        ahead.begin(lambda: BATCH)
        assert ahead.take() == BATCH


def test_it_reports_to_the_watcher_of_the_run() -> None:
    class Counts(Watcher):
        def __init__(self) -> None:
            self.records: list[int] = []

        def done(self, records: int) -> None:
            self.records.append(records)

    def prepare() -> Prepared:
        watcher().done(7)
        return BATCH

    counts = Counts()
    with watched_by(counts), Ahead() as ahead:
        ahead.begin(prepare)
        ahead.take()
    assert counts.records == [7]


def test_the_end_of_the_block_does_not_wait_for_a_batch_that_was_not_taken() -> None:
    go_on = threading.Event()

    def prepare() -> Prepared:
        go_on.wait(30)
        return BATCH

    with Ahead() as ahead:
        ahead.begin(prepare)
    assert not go_on.is_set()
    go_on.set()
