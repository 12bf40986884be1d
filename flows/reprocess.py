"""The reprocess flow: processes stored messages again under today's rules, batch by batch, beside ingest.

The writer lock is held only while a batch is loaded, so each batch is a run of its own in the warehouse. If a flow run
is killed, the next one with the same parameters continues: what a reprocess has decided is not decided again.

With ``swap``, all batches are staged first and then loaded into a copy of the warehouse, which takes its place in one
step (decision 0049). The writer lock is held from the copy to the exchange.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from filelock import FileLock, Timeout
from prefect import flow

from flows.attention import StoredAttention
from flows.faults import WrongUsage
from flows.flink import flink_ready
from flows.masking import masked
from flows.memory import Memory
from flows.snapshot import Snapshot
from flows.targets import the_settings, with_broker
from flows.watching import watcher
from flows.work import audit, finish, finish_batch, load_batch_of, remove_staged, send_outbox, working

if TYPE_CHECKING:
    from pipelines.jobs.batches import Transformed
    from pipelines.jobs.reprocess import Chosen
    from pipelines.records import Coordinates
    from pipelines.runtime import Executor
    from pipelines.settings import Settings
    from pipelines.warehouse import Loaded, Warehouse

SHOWN = 20
"""Messages that are nowhere, in the report."""


@flow(name="reprocess", persist_result=False)
@masked
def reprocess(  # noqa: PLR0913, PLR0917  the flow's parameters, each a field in Prefect's form
    since: datetime | None = None, until: datetime | None = None, scraper: str | None = None,
    outlet: str | None = None, where: str | None = None, warehouse: str | None = None, wait_minutes: float = 30,
    swap: bool = False,
) -> dict[str, Any]:
    """Process stored messages again under today's rules, and load what the rules change.

    Messages come from the archive, from dead letters, or from Kafka while it still has them; others stay as they are.
    No ingest offset moves. What a reprocess with today's rules has decided is left out.

    Args:
        since: only messages that reached Kafka at or after this time; without a time zone it is in UTC.
        until: only messages that reached Kafka before this time.
        scraper: only messages of this scraper.
        outlet: only messages of articles of this outlet, by its domain.
        where: only messages whose current outcome came about so, such as "processor <> current".
        warehouse: URL of the warehouse, instead of the one in the settings.
        wait_minutes: how long each batch waits for another run to release the writer lock.
        swap: load all batches into a copy of the warehouse, and exchange the two in one step (DuckDB only).
    """
    from flows.dead_letters import opened
    from pipelines.jobs.reprocess import chosen_messages, count_chosen
    from pipelines.runtime import executor_of
    from pipelines.stage import stage_store
    from pipelines.transforms.processor import processor_of

    settings = with_broker(the_settings(warehouse=warehouse))
    chosen, run_id, began = chosen_of(settings, since, until, scraper, outlet, where), uuid4().hex, time.monotonic()
    processor, store, done = processor_of(settings), opened(settings), _Done(run_id)
    if swap:
        store.check_exchange()
    watcher().expect(count_chosen(store, chosen, processor))
    after: Coordinates | None = None
    beside: list[Transformed] = []
    with _alone(settings, store), flink_ready(settings) as ready, executor_of(ready) as executor:
        while some := chosen_messages(store, chosen, processor, after, settings.batch.max_records):
            after = some[-1]
            transformed = _stage_batch(ready, store, executor, some, done)
            if transformed is None:
                continue
            if swap:
                beside.append(transformed)
            else:
                _load(ready, executor, transformed, done, wait_minutes)
        if beside:
            _load_beside(ready, executor, beside, done, wait_minutes)
            stage_store(ready).reprocessed.remove()
    return done.as_json(time.monotonic() - began)


@contextmanager
def _alone(settings: Settings, warehouse: Warehouse) -> Iterator[None]:
    """Keeps a second reprocess of the warehouse under this home from removing the folder that the first one stages in.

    Raises ``WarehouseBusy`` if there is one at work.
    """
    from pipelines.warehouse import WarehouseBusy

    folder = Memory(settings, warehouse).folder
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "reprocess.lock", timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise WarehouseBusy(
            "Another reprocess of this warehouse is at work; this one changed nothing.\nWhat to do: wait until it has "
            "finished, or stop it, and run this again."
        ) from None
    try:
        yield
    finally:
        lock.release()


def remove_unfinished(settings: Settings, warehouse: Warehouse) -> None:
    """Remove what a killed reprocess has staged. One that is at work removes it itself."""
    from pipelines.stage import stage_store
    from pipelines.warehouse import WarehouseBusy

    with suppress(WarehouseBusy), _alone(settings, warehouse):
        stage_store(settings).reprocessed.remove()


def chosen_of(  # noqa: PLR0913, PLR0917  the flow's parameters
    settings: Settings, since: datetime | None, until: datetime | None, scraper: str | None, outlet: str | None,
    where: str | None,
) -> Chosen:
    """The messages that the parameters choose. Raises ``WrongUsage`` if they contradict each other."""
    from pipelines.jobs.reprocess import Chosen, ConditionWrong, condition
    from pipelines.transforms.processor import processor_of

    since, until = (each and each.replace(tzinfo=each.tzinfo or UTC) for each in (since, until))
    if since is not None and until is not None and since >= until:
        raise WrongUsage(f"since {since} is not before until {until}.\nWhat to do: exchange the two times.")
    try:
        asked = condition(where, processor_of(settings)) if where is not None else None
    except ConditionWrong as fault:
        raise WrongUsage(str(fault)) from None
    return Chosen(settings.kafka.raw_topic, since, until, scraper, outlet, asked)


class _Done:
    """What the batches of a flow run did together."""

    def __init__(self, run_id: str) -> None:
        self.run_id, self.batches, self.staged, self.records = run_id, 0, 0, 0
        self.outcomes: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.missing: list[Coordinates] = []
        self.ahead: set[Coordinates] = set()
        """Messages that were processed with others of their articles, before it was their turn."""

    def add(self, loaded: Loaded) -> None:
        self.outcomes += loaded.outcomes
        self.reasons += loaded.reasons
        self.records += loaded.outcomes.total()

    def as_json(self, seconds: float) -> dict[str, Any]:
        return {
            "run_id": self.run_id, "batches": self.batches, "records": self.records,
            "outcomes": dict(self.outcomes), "reasons": dict(self.reasons), "missing": len(self.missing),
            "missing_messages": [str(at) for at in self.missing[:SHOWN]], "seconds": round(seconds, 1),
        }


def _stage_batch(
    settings: Settings, warehouse: Warehouse, executor: Executor, some: list[Coordinates], done: _Done
) -> Transformed | None:
    """Run the job over the messages and others of their articles; None if there is nothing to load."""
    from pipelines.jobs.batches import BatchPlan
    from pipelines.jobs.reprocess import reprocess_batch, with_versions
    from pipelines.stage import stage_store

    wanted = with_versions(warehouse, [at for at in some if at not in done.ahead])
    if not wanted:
        return None
    done.ahead |= {at for at in wanted if at > some[-1]}
    batch_id, before = f"{done.run_id}-{done.batches + 1:05d}", done.staged
    folder = stage_store(settings).reprocessed
    if not done.batches:
        folder.remove()  # what a killed run left: it is processed again
    watcher().step("transform", done.batches + 1)
    plan = BatchPlan(batch_id, done.run_id, (), folder / batch_id, datetime.now(UTC), kind="reprocess")
    transformed, handed = reprocess_batch(
        wanted, plan, warehouse, settings, executor, lambda count: watcher().done(before + count)
    )
    done.missing += handed.missing
    done.staged += len(handed.given)
    done.batches += 1
    return transformed


def _load(
    settings: Settings, executor: Executor, transformed: Transformed, done: _Done, wait_minutes: float
) -> None:
    with working(settings, "reprocess", wait_minutes, executor=executor) as work:
        done.add(finish_batch(work, transformed, audit(work, transformed.batch)))
        finish(work)
    transformed.batch.folder.remove()


def _load_beside(
    settings: Settings, executor: Executor, staged: list[Transformed], done: _Done, wait_minutes: float
) -> None:
    """Load the batches into a copy of the warehouse, exchange the two, and then do what follows the loads."""
    with working(settings, "reprocess", wait_minutes, executor=executor) as work:
        verdicts = [audit(work, each.batch) for each in staged]
        with work.warehouse.exchanged() as copy:
            beside = replace(
                work, warehouse=copy, snapshot=Snapshot(settings, copy, next_at=inf), attention=StoredAttention(copy),
            )
            loaded = [load_batch_of(beside, *each) for each in zip(staged, verdicts, strict=True)]
        work.snapshot.batch_loaded()
        for each in loaded:
            send_outbox(work, each)
            remove_staged(work, each)
            done.add(each)
        finish(work)
