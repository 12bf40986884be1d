"""Which fault has which exit code, and which of them may pass."""

from __future__ import annotations

import errno

import pytest

from flows.faults import PrefectUnavailable, WrongUsage, code_of, explain, may_pass
from flows.local.faults import NoJava
from pipelines.broker import BrokerUnavailable
from pipelines.runtime import RunFailed
from pipelines.sources.offsets import RetentionPassed, TopicMissing
from pipelines.warehouse import (
    LedgerOpen,
    OffsetsMoved,
    QueryFailed,
    StateMoved,
    WarehouseBusy,
    WarehouseFault,
    WarehouseUnavailable,
)
from pipelines.warehouse.leases import LeaseLost


@pytest.mark.parametrize(("fault", "code"), [
    (RetentionPassed("lost", ()), 1),
    (WrongUsage("?"), 2),
    (QueryFailed("?"), 2),
    (WarehouseFault("?"), 2),
    (BrokerUnavailable("?"), 3),
    (TopicMissing("?"), 3),
    (WarehouseUnavailable("?"), 3),
    (NoJava("?", "!"), 3),
    (PrefectUnavailable("?"), 3),
    (OSError(errno.ENOSPC, "full"), 3),
    (WarehouseBusy("?"), 4),
    (OffsetsMoved("?"), 4),
    (StateMoved("?"), 4),
    (LeaseLost("?"), 4),
    (RunFailed("?"), 5),
    (LedgerOpen("?"), 5),
    (ZeroDivisionError("?"), 5),
])
def test_exit_code(fault: Exception, code: int) -> None:
    assert code_of(fault) == code


def test_only_what_is_away_may_pass() -> None:
    faults = (BrokerUnavailable, WarehouseUnavailable, OffsetsMoved, RunFailed, WarehouseBusy, KeyError)
    assert [fault for fault in faults if may_pass(fault("?"))] == [BrokerUnavailable, WarehouseUnavailable]


def test_a_fault_is_reported_as_why_and_what_to_do() -> None:
    shown = explain(NoJava("There is no Java.", "Install one."))
    assert (shown.title, shown.why, shown.do) == ("No Java", "There is no Java.", "Install one.")


def test_what_nobody_named_is_called_our_bug() -> None:
    shown = explain(KeyError("title"))
    assert shown.why == "KeyError: 'title'"
    assert shown.do is not None
    assert shown.do.startswith("This is a bug in Dateline.")
