"""Loads a staged batch: what it changes is decided from what the warehouse knows, and then applied."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import tenacity

from pipelines.resolve.decide import Terms, decide
from pipelines.resolve.faults import StateMoved
from pipelines.resolve.loaded import Loaded
from pipelines.settings import DriftSettings
from pipelines.stage import StagedBatch, check_files
from pipelines.stage.audit import Audit
from pipelines.warehouse.interface import Warehouse, WarehouseMissing, warehouse_gone

ATTEMPTS = 30
"""How often a batch is decided again because other runs changed the warehouse meanwhile."""


def load_batch(
    warehouse: Warehouse, batch: StagedBatch, audit: Audit | None = None, drift: DriftSettings | None = None
) -> Loaded:
    """Loads a staged batch, closes its ledger and moves the offsets, all together or not at all.

    Articles of a scraper that is quarantined, or that the batch shows to be unlike its past, wait and are not loaded.
    Loading a batch again does nothing and reports what it did before.

    Raises ``OffsetsMoved`` when another run has read on, ``TopicRecreated`` when the batch is of another topic under
    the same name, ``LedgerOpen`` when an offset has no outcome or two, ``WarehouseUnavailable`` when the
    warehouse is gone.
    """
    check_files(batch)
    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(StateMoved),
        wait=tenacity.wait_random_exponential(multiplier=0.05, max=2.0),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        reraise=True,
    )
    with _collection_paused():
        return attempts(_load_once, warehouse, batch, Terms(audit, drift or DriftSettings(), warehouse.clock()))


@contextmanager
def _collection_paused() -> Iterator[None]:
    """No garbage is collected in the block: a batch is decided from many small objects and leaves no cycles.

    Looking for some in all that a process has loaded took a tenth of the time of a load.
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
    except WarehouseMissing as fault:  # the run made it, or found it, before
        raise warehouse_gone(fault.where) from fault
    return changes if isinstance(changes, Loaded) else warehouse.apply(changes)
