"""A run that follows the topic and has lost its leases or its lock meanwhile loads nothing that is not its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from types import SimpleNamespace
from typing import Any

import pytest

from flows import ingest
from flows.memory import Memory
from flows.patience import Patience
from flows.report import RunReport
from flows.sharing import Sharing
from flows.stopping import Abandoned, Stop
from flows.work import Work
from pipelines.records import OffsetRange
from pipelines.settings import Settings
from pipelines.sources import kafka
from pipelines.stage import Folder
from pipelines.warehouse import OffsetsMoved, StateMoved, Turn, WarehouseBusy, WarehouseUnavailable
from pipelines.warehouse.leases import OUTBOXES, LeaseLost
from pipelines.warehouse.topics import LoadedTopic
from tests.builders import FETCHED_AT

TOPIC = "articles.raw"
LOST = [LeaseLost("articles.raw/0"), OffsetsMoved("articles.raw/0"), StateMoved("articles.raw/0")]


class Lock(Turn):
    """A writer lock in memory. ``others`` holds what other runs hold of it."""

    def __init__(self, *others: str) -> None:
        self.others = set(others)
        self.is_held = True

    def _lock(self) -> bool:
        return "lock" not in self.others

    def _unlock(self) -> None:
        self.others.discard("queue")  # the run that asked has its turn, and is done at once

    def _enter_queue(self) -> bool:
        return "queue" not in self.others

    def _leave_queue(self) -> None: ...

    def _is_queue_held(self) -> bool:
        return "queue" in self.others


@dataclass
class Shared:
    """A warehouse that a worker shares. ``next`` is what the worker holds after each exchange."""

    turn: Lock
    next: list[frozenset[int]] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    worker: Any = field(default_factory=lambda: SimpleNamespace(lease_s=600.0))

    def exchange(self, _partitions: Collection[int]) -> frozenset[int]:
        return self.next.pop(0)

    def loaded_topic(self, _topic: str) -> LoadedTopic:
        return LoadedTopic()

    def prepare(self) -> None:
        self.done.append(f"prepare, {'with' if self.turn.is_held else 'without'} the lock")

    def pause_run(self, _run_id: str) -> None:
        self.done.append("pause")

    def start_run(self, _run: object) -> None: ...


def a_work(turn: Lock, warehouse: Shared, *, is_shared: bool = True) -> Work:
    held = Sharing(warehouse, frozenset({OUTBOXES, 0, 1}), time.monotonic())  # type: ignore[arg-type]
    given = dict[str, Any](dict.fromkeys(each.name for each in fields(Work))) | {
        "settings": Settings(), "warehouse": warehouse, "executor": SimpleNamespace(guards=True), "outboxes": (),
        "report": RunReport("run-1", FETCHED_AT, TOPIC), "patience": Patience((0.0,)), "turn": turn, "follows": True,
        "logs": SimpleNamespace(bound_now_and_then=lambda: None), "sharing": held if is_shared else None,
    }
    return Work(**given)


def a_batch(folder: Folder) -> Any:
    folder.write("part.parquet", b"rows")
    return SimpleNamespace(planned=(), transformed=SimpleNamespace(batch=SimpleNamespace(folder=folder)))


def raising(fault: Exception) -> Callable[..., Any]:
    def function(*_: object, **__: object) -> None:
        raise fault

    return function


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: type(fault).__name__)
def test_a_worker_drops_a_batch_whose_partition_another_one_took_over(
    fault: Exception, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "_finish", raising(fault))
    work, batch = a_work(turn := Lock(), Shared(turn, [frozenset({1})])), a_batch(Folder.at(tmp_path))
    assert ingest._load_share(work, batch, alone=True) is None
    assert batch.transformed.batch.folder.files() == []
    assert work.sharing is not None
    assert work.sharing.share_of(lambda: [0, 1]) == {1}  # it asks the warehouse, though it did so just now
    assert not work.sharing.sends


@pytest.mark.parametrize(("fault", "is_shared"), [*((fault, False) for fault in LOST), (ValueError("a bug"), True)])
def test_another_fault_or_a_run_that_loads_alone_ends_and_leaves_the_batch(
    fault: Exception, is_shared: bool, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "_finish", raising(fault))
    work, batch = a_work(turn := Lock(), Shared(turn), is_shared=is_shared), a_batch(Folder.at(tmp_path))
    with pytest.raises(type(fault)):
        ingest._load_share(work, batch, alone=True)
    assert batch.transformed.batch.folder.files() == ["part.parquet"]


def test_a_worker_that_was_stopped_goes_on_with_the_share_that_it_has_then(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first load finds the leases lost; the next batch has only the partitions that the worker got after that."""
    stop, owned, loaded = Stop(), list[frozenset[int]](), list[frozenset[int]]()

    def planned(*_: object, own: frozenset[int], **__: object) -> Any:
        owned.append(own)
        spans = tuple(OffsetRange(TOPIC, each, 0, 1) for each in sorted(own))
        return kafka.Plan(TOPIC, spans, (), dict.fromkeys(own, 1))

    def finish(*_: object, **__: object) -> Any:
        if len(owned) == 1:
            raise LOST[0]
        loaded.append(owned[-1])
        stop.ask()
        return SimpleNamespace()

    monkeypatch.setattr(kafka, "plan_ranges", planned)
    monkeypatch.setattr(kafka, "topic_offsets", lambda *_: [0, 1])
    monkeypatch.setattr(ingest, "_prepare", lambda *_: a_batch(Folder.at(tmp_path)))
    monkeypatch.setattr(ingest, "_finish", finish)
    for name in ("finish", "report_progress"):
        monkeypatch.setattr(ingest, name, lambda *_: None)
    ingest._follow(a_work(turn := Lock(), Shared(turn, [frozenset({1})])), stop, 10)
    assert (owned, loaded) == ([{0, 1}, {1}], [{1}])


@pytest.fixture
def takedown(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """An open takedown. ``faults`` are raised by the next attempts to finish it, or (``busy``) to be alone for it."""
    open_now = SimpleNamespace(faults=[], busy=[], finished_by=[])

    def complete_open(work: Work) -> None:
        if open_now.faults:
            raise open_now.faults.pop()
        open_now.finished_by.append(work)

    @contextmanager
    def writer(*_: object) -> Iterator[str]:
        if open_now.busy:
            raise open_now.busy.pop()
        yield "the lock of one that is alone"

    monkeypatch.setattr(ingest, "open_takedowns", lambda _: [] if open_now.finished_by else ["takedown"])
    monkeypatch.setattr(ingest, "complete_open", complete_open)
    monkeypatch.setattr(ingest, "the_warehouse", lambda _: SimpleNamespace(writer=writer))
    monkeypatch.setattr(ingest, "clean_up", lambda _: None)
    monkeypatch.setattr(Memory, "need_same_warehouse", lambda *_, **__: None)
    return open_now


def test_a_worker_takes_its_lock_back_before_it_tries_a_takedown_again(takedown: SimpleNamespace) -> None:
    takedown.faults = [WarehouseUnavailable("the warehouse does not answer")]
    turn = Lock("queue")
    warehouse = Shared(turn)
    ingest.give_way(a_work(turn, warehouse), Stop())
    assert warehouse.done == ["pause", "prepare, with the lock", "prepare, with the lock"]
    assert turn.is_held
    (alone,) = takedown.finished_by
    assert (alone.sharing, alone.turn) == (None, "the lock of one that is alone")


def test_a_worker_goes_on_if_the_others_do_not_give_way_for_a_takedown(
    takedown: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    takedown.busy = [WarehouseBusy("another worker is writing")]
    work = a_work(turn := Lock(), Shared(turn))
    ingest._finish_takedowns(work)
    assert (turn.is_held, takedown.finished_by) == (True, [])
    assert "an open takedown was not finished, because other workers did not give way" in caplog.text


def test_a_worker_that_is_stopped_without_its_lock_abandons_the_run(takedown: SimpleNamespace) -> None:
    work, stop = a_work(turn := Lock(), Shared(turn)), Stop()
    turn.others.add("lock")
    stop.ask()
    with pytest.raises(Abandoned):
        ingest._finish_takedowns(work, stop)
    assert not turn.is_held


def test_a_run_that_loads_alone_keeps_its_lock_for_a_takedown(takedown: SimpleNamespace) -> None:
    work = a_work(turn := Lock(), Shared(turn), is_shared=False)
    ingest._finish_takedowns(work)
    assert (takedown.finished_by, turn.is_held) == ([work], True)
