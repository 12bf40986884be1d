"""Loads a staged batch: decides its changes from the state of the warehouse, then applies them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import tenacity

from pipelines.resolve.decide import Terms, decide
from pipelines.resolve.faults import StateMoved
from pipelines.resolve.loaded import Loaded
from pipelines.resolve.takedowns import Forgotten
from pipelines.settings import DriftSettings
from pipelines.stage import StagedBatch, check_files
from pipelines.stage.audit import Audit
from pipelines.warehouse.interface import Warehouse, WarehouseMissing, warehouse_gone

ATTEMPTS = 30
"""How many times a batch is decided at most, if other runs keep changing the warehouse meanwhile."""


def load_batch(  # noqa: PLR0913  the batch, and how it is loaded
    warehouse: Warehouse, batch: StagedBatch, audit: Audit | None = None, drift: DriftSettings | None = None,
    *, sends_articles: bool = False, forgotten: Forgotten | None = None,
) -> Loaded:
    """Loads the articles and the ledger of a staged batch, and advances the offsets, in one transaction.

    Articles are quarantined instead of loaded if their scraper is quarantined, or if the drift check finds an anomaly
    in the batch. Loading a batch a second time changes nothing and returns the result of the first time. With
    ``sends_articles``, what was loaded and deleted also enters the outbox of the topic of clean articles.
    ``forgotten`` is what a batch of the kind ``forget`` removes.

    Raises ``OffsetsMoved`` if another run has loaded further offsets, ``TopicRecreated`` if the batch was read from
    another topic of the same name, ``LedgerOpen`` if an offset has no outcome or more than one, ``StateMoved`` if other
    runs changed the warehouse at each attempt, and ``WarehouseUnavailable`` if the warehouse is missing.
    """
    check_files(batch)
    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(StateMoved),
        wait=tenacity.wait_random_exponential(multiplier=0.05, max=2.0),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        reraise=True,
    )
    with _collection_paused():
        terms = Terms(audit, drift or DriftSettings(), warehouse.clock(), sends_articles, forgotten)
        return attempts(_load_once, warehouse, batch, terms)


@contextmanager
def _collection_paused() -> Iterator[None]:
    """Turns the cyclic garbage collector off for the length of the block.

    Deciding a batch makes many small objects and no reference cycles. The collector's search for cycles among all
    objects of the process took a tenth of the time of a load.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _load_once(warehouse: Warehouse, batch: StagedBatch, terms: Terms) -> Loaded:
    try:
        with warehouse.known_state() as known:
            changes = decide(batch, known, terms)
    except WarehouseMissing as fault:  # the run had created or found it before
        raise warehouse_gone(fault.where) from fault
    return changes if isinstance(changes, Loaded) else warehouse.apply(changes)
