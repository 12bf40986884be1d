"""Loads that are killed, and loads that meet: each batch is there once or not at all, whatever the warehouse."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from pipelines.failpoints import Failpoint
from pipelines.records import Outlet
from pipelines.resolve.state import KnownState
from pipelines.stage import StagedBatch
from pipelines.warehouse import Loaded, OffsetsMoved, load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import FETCHED_AT
from tests.forking import Forking
from tests.warehouse.batches import FALK, FALK_MENTION, TOPIC, carried, refused, stage, tombstone
from tests.warehouse.reading import url_of

DIE_LOADING = """
import os, signal, sys
from pathlib import Path
from pipelines.failpoints import armed
from pipelines.stage import Folder, read_manifest
from pipelines.warehouse import load_batch, open_warehouse
def die(point, where):
    if [point, where] == sys.argv[3:]:
        os.kill(os.getpid(), signal.SIGKILL)
with armed(die):
    load_batch(open_warehouse(sys.argv[1]), read_manifest(Folder.at(Path(sys.argv[2]))))
"""


@pytest.mark.parametrize(("killed_at", "is_loaded"), [
    ((Failpoint.TABLE_CHANGED, "ledger"), False), ((Failpoint.CHANGED, ""), False), ((Failpoint.COMMITTED, ""), True),
])
def test_a_killed_load_is_there_whole_or_not_at_all(
    database: RelationalWarehouse, forking: Forking, tmp_path: Path, killed_at: tuple[Failpoint, str], is_loaded: bool
) -> None:
    batch = stage(tmp_path, carried(0, mentions=(FALK_MENTION,), entities=(FALK,)), refused(1), tombstone(2, "9" * 32))
    assert forking.run(DIE_LOADING, url_of(database), str(batch.folder), *killed_at) == -signal.SIGKILL
    assert database.loaded_topic(TOPIC).next_offsets == ({0: 3} if is_loaded else {})
    assert database.query("SELECT count(*) FROM articles").rows == ((int(is_loaded),),)
    assert load_batch(database, batch).was_loaded_before is is_loaded
    assert database.query("SELECT count(*) FROM articles").rows == ((1,),)
    assert database.verify().problems == ()


def loaded_at_once(warehouse: RelationalWarehouse, batches: list[StagedBatch]) -> list[Loaded | BaseException]:
    """What came of batches whose first decisions were all made before any of them was applied."""
    all_decided, local = threading.Barrier(len(batches), timeout=60), threading.local()
    apply, known_state = warehouse.apply, warehouse.known_state
    # DuckDB's file is open to one process at a time, which `writer` sees to: threads take turns as processes would
    alone: Any = threading.Lock() if isinstance(warehouse, DuckDBWarehouse) else nullcontext()

    @contextmanager
    def in_turn() -> Iterator[KnownState]:
        with alone, known_state() as known:
            yield known

    def late(changes: Any) -> Loaded:
        if not getattr(local, "met", False):
            local.met = True
            all_decided.wait()
        with alone:
            return apply(changes)

    def load(batch: StagedBatch) -> Loaded | BaseException:
        try:
            return load_batch(warehouse, batch)
        except Exception as fault:  # noqa: BLE001  it is what is asked for
            return fault

    warehouse.apply, warehouse.known_state = late, in_turn  # type: ignore[method-assign]
    try:
        with ThreadPoolExecutor(len(batches)) as pool:
            return list(pool.map(load, batches))
    finally:
        warehouse.apply, warehouse.known_state = apply, known_state  # type: ignore[method-assign]


def test_writers_of_different_partitions_all_load(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    batches = [
        stage(
            tmp_path,
            *(carried(n, partition=p, article_id=f"{p}{n}" * 16, content_hash=f"{p}{n}" * 32, mentions=(FALK_MENTION,),
                      entities=(FALK,), outlet=Outlet("shared.example", "Shared")) for n in range(5)),
            batch_id=f"batch-{p}",
        )
        for p in range(4)
    ]
    found = loaded_at_once(warehouse, batches)
    assert [each.outcomes if isinstance(each, Loaded) else each for each in found] == [Counter(loaded=5)] * 4
    assert warehouse.loaded_topic(TOPIC).next_offsets == dict.fromkeys(range(4), 5)
    assert warehouse.query("SELECT name, article_count FROM outlets").rows == (("Shared", 20),)
    assert warehouse.query("SELECT name, article_count FROM entities").rows == (("Ines Falk", 20),)
    assert warehouse.verify().problems == ()


def test_of_writers_of_one_partition_one_wins(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    batches = [stage(tmp_path, carried(0), batch_id=f"batch-{n}") for n in range(3)]
    found = loaded_at_once(warehouse, batches)
    assert sorted(type(each).__name__ for each in found) == ["Loaded", "OffsetsMoved", "OffsetsMoved"]
    assert all("What to do: run" in str(each) for each in found if isinstance(each, OffsetsMoved))
    assert warehouse.query("SELECT count(*) FROM batches").rows == ((1,),)
    assert warehouse.verify().problems == ()


def test_one_batch_that_two_load_is_loaded_once(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    batch = stage(tmp_path, carried(0), refused(1))
    found = loaded_at_once(warehouse, [batch, batch])
    assert sorted(each.was_loaded_before for each in found if isinstance(each, Loaded)) == [False, True]
    assert warehouse.query("SELECT loaded_at FROM batches").rows == ((FETCHED_AT,),)
    assert warehouse.verify().problems == ()
