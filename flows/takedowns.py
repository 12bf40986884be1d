"""Carries takedowns out: batch by batch in the warehouse, then in every other store, with a receipt at the end.

A takedown is open until every store is cleaned. If its run is killed, the next run of any flow finishes it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flows.faults import NotFound
from flows.quality.files import reports_of
from flows.receipts import write_receipt
from flows.remains import Remains, send_tombstones, what_remains
from flows.reprocess import remove_unfinished
from flows.traces import Traces, clean_logs
from flows.watching import watcher
from flows.work import Work, load_forgotten, remove_originals, send_waiting, step
from pipelines.failpoints import Failpoint, reach

if TYPE_CHECKING:
    from pipelines.resolve.takedowns import Forgotten, Takedown
    from pipelines.warehouse import Loaded, Warehouse

LOG = logging.getLogger("dateline")
ARTICLES_AT_ONCE = 500


@step("forget")
def forget_batch(work: Work, forgotten: Forgotten) -> Loaded:
    """Remove what the batch lists from the warehouse, in one transaction."""
    from pipelines.stage import StagedBatch
    from pipelines.warehouse.questions import ask

    takedown_id = forgotten.takedown.takedown_id
    number = ask(work.warehouse, "takedown_batches", (takedown_id,)).rows[0][0] + 1
    batch_id = f"{takedown_id}-{number:05d}"
    batch = StagedBatch(
        batch_id, work.report.run_id, work.store.batches / batch_id, (), (), work.processor, datetime.now(UTC), "forget"
    )
    return load_forgotten(work, batch, forgotten)


@step("clean stores")
def clean_stores(work: Work, takedown: Takedown, traces: Traces | None) -> tuple[Remains, ...]:
    """Remove what the takedown's batches left outside of the warehouse; what remains elsewhere is returned."""
    work.staged.remove_all()
    work.staged.remove_loaded_of_others(work.warehouse)
    remove_unfinished(work.settings, work.warehouse)
    work.store.remove_dry_runs()
    _erase_archived(work, takedown)
    remove_originals(work)
    reports_of(work.settings).remove()
    left = clean_logs(work.settings, takedown, traces)
    _cleaned("files")
    send_waiting(work)
    send_tombstones(work.settings, work.warehouse, takedown.takedown_id)
    _cleaned("topics")
    left += _free(work)
    work.snapshot.is_due = True
    work.snapshot.finish()
    _cleaned("warehouse")
    return *left, *what_remains(work.settings, work.warehouse, takedown.takedown_id)


def _free(work: Work) -> tuple[Remains, ...]:
    """Free the room that removed rows took, which may have their text; what is left if that fails now.

    It does not keep the takedown open, which would stop every run: no reader finds the rows any more.
    """
    from pipelines.resolve.faults import WarehouseFault

    try:
        work.warehouse.maintain(timedelta(0))
    except WarehouseFault as fault:
        LOG.warning("the room of removed rows was not freed: %s", fault)
        place = "Warehouse: blocks that removed rows took"
        return (Remains(place, None, "Run `dateline maintain --keep-days 0`, which says what is in its way."),)
    return ()


def _erase_archived(work: Work, takedown: Takedown) -> None:
    """Erase the takedown's messages from the archives of all topics that they came from."""
    from pipelines.records import Coordinates
    from pipelines.warehouse.questions import ask

    found: dict[str, list[Coordinates]] = defaultdict(list)
    for row in ask(work.warehouse, "takedown_messages", (takedown.takedown_id,)).rows:
        found[row[0]].append(Coordinates(*row))
    for topic, coordinates in found.items():
        replace(work.store, topic=topic).archive.erase(coordinates, takedown.requested_at)


def _cleaned(stores: str) -> None:
    reach(Failpoint.FORGETTING, stores)


def complete_open(work: Work) -> None:
    """Finish takedowns of which a run was stopped before every store was cleaned."""
    for takedown in open_takedowns(work.warehouse):
        LOG.warning("finishing the takedown %s, whose run was stopped", takedown.takedown_id)
        complete(work, takedown)


def complete(work: Work, takedown: Takedown, traces: Traces | None = None) -> dict[str, Any]:
    """Remove what is left of an outlet, clean every store, and record that it is done; the receipt.

    ``traces`` are what its lines in logs are recognised by, unless the run that began it was killed.
    """
    if takedown.scope == "outlet":
        _take_outlet(work, takedown)
    watcher().step("clean", work.report.batches)
    remains = [asdict(each) for each in clean_stores(work, takedown, traces)]
    work.warehouse.complete_takedown(takedown.takedown_id, remains, datetime.now(UTC))
    return write_receipt(work.settings, work.warehouse, takedown.takedown_id)


def open_takedowns(warehouse: Warehouse) -> list[Takedown]:
    """The takedowns that are not complete, the oldest first."""
    from pipelines.resolve.takedowns import Takedown
    from pipelines.warehouse.questions import ask

    return [Takedown(*row) for row in ask(warehouse, "open_takedowns").rows]


def _take_outlet(work: Work, takedown: Takedown) -> None:
    """Take down the outlet's articles batch by batch. The first batch also records the takedown, if it is empty."""
    from pipelines.jobs.forget import next_of_outlet
    from pipelines.resolve.takedowns import Forgotten
    from pipelines.warehouse.questions import ask

    found = next_of_outlet(work.warehouse, takedown, work.settings, ARTICLES_AT_ONCE)
    if found is None and not ask(work.warehouse, "takedown_batches", (takedown.takedown_id,)).rows[0][0]:
        count(work, forget_batch(work, Forgotten(takedown, ())))
    former = None
    while found is not None:
        if found == former:
            raise NotFound(
                f"The ledger has no record of what is left of {takedown.outlet_domain}, such as "
                f"{next(iter(found.article_ids), 'a dead letter')}, so it could not be removed.\n"
                "What to do: run `dateline ledger verify --deep`, which says what the ledger lacks."
            )
        count(work, forget_batch(work, found))
        former, found = found, next_of_outlet(work.warehouse, takedown, work.settings, ARTICLES_AT_ONCE)


def count(work: Work, loaded: Loaded) -> None:
    work.report.count(loaded)
    watcher().done(work.report.records)
