"""A warehouse is exchanged for a copy in one step: killed at any moment, it is in one of the two states."""

from __future__ import annotations

import shutil
import signal
from collections import namedtuple
from pathlib import Path

import duckdb
import pytest

from pipelines.failpoints import Failpoint
from pipelines.iceberg_address import iceberg_address
from pipelines.warehouse import WarehouseBusy, WarehouseUnavailable, load_batch, open_warehouse
from pipelines.warehouse.duckdb import DuckDBWarehouse
from pipelines.warehouse.iceberg import IcebergWarehouse
from pipelines.warehouse.interface import ExchangeRefused
from pipelines.warehouse.postgres import PostgresWarehouse
from tests.forking import Forking
from tests.warehouse.batches import TOPIC, carried, stage
from tests.warehouse.reading import url_of

COUNT = "SELECT count(*) FROM articles"
DIE_EXCHANGING = """
import os, signal, sys
from pathlib import Path
from pipelines.failpoints import armed
from pipelines.stage import Folder, read_manifest
from pipelines.warehouse import load_batch, open_warehouse
def die(point, where):
    if point == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)
warehouse = open_warehouse(sys.argv[1])
with armed(die), warehouse.writer(), warehouse.exchanged() as copy:
    load_batch(copy, read_manifest(Folder.at(Path(sys.argv[2]))))
"""


def files(warehouse: DuckDBWarehouse) -> list[str]:
    return sorted(path.name for path in warehouse.path.parent.glob("news.duckdb*") if "lock" not in path.name)


def test_readers_see_all_loads_at_once(duckdb_warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    duckdb_warehouse.path.chmod(0o640)
    first, second = stage(tmp_path, carried(0)), stage(tmp_path, carried(1), batch_id="batch-2")
    with duckdb_warehouse.writer(), duckdb_warehouse.exchanged() as copy:
        load_batch(copy, first)
        load_batch(copy, second)
        assert duckdb_warehouse.query(COUNT).rows == ((0,),)
        assert copy.loaded_topic(TOPIC).next_offsets == {0: 2}
    assert duckdb_warehouse.query(COUNT).rows == ((1,),)
    assert duckdb_warehouse.loaded_topic(TOPIC).next_offsets == {0: 2}
    assert duckdb_warehouse.verify().problems == ()
    assert files(duckdb_warehouse) == ["news.duckdb"]
    assert duckdb_warehouse.path.stat().st_mode & 0o777 == 0o640


def test_a_block_that_fails_leaves_the_warehouse_as_it_was(duckdb_warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    before = duckdb_warehouse.path.read_bytes()
    with pytest.raises(KeyboardInterrupt), duckdb_warehouse.exchanged() as copy:
        load_batch(copy, stage(tmp_path, carried(0)))
        raise KeyboardInterrupt
    assert duckdb_warehouse.path.read_bytes() == before
    assert files(duckdb_warehouse) == ["news.duckdb"]


@pytest.mark.parametrize(("point", "is_loaded"), [
    (Failpoint.CHANGED, False), (Failpoint.COMMITTED, False), (Failpoint.EXCHANGING, False),
    (Failpoint.EXCHANGED, True),
])
def test_a_killed_exchange_leaves_one_whole_state_and_nothing_beside_it(
    duckdb_warehouse: DuckDBWarehouse, forking: Forking, tmp_path: Path, point: Failpoint, is_loaded: bool
) -> None:
    batch = stage(tmp_path, carried(0))
    assert forking.run(DIE_EXCHANGING, url_of(duckdb_warehouse), str(batch.folder), point) == -signal.SIGKILL
    assert duckdb_warehouse.query(COUNT).rows == ((int(is_loaded),),)
    with duckdb_warehouse.writer():
        assert files(duckdb_warehouse) == ["news.duckdb", "news.duckdb.writer.json"]
        assert load_batch(duckdb_warehouse, batch).was_loaded_before is is_loaded
    assert duckdb_warehouse.query(COUNT).rows == ((1,),)


def test_what_another_program_writes_meanwhile_is_not_lost(duckdb_warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    busy = pytest.raises(WarehouseBusy, match="Another program wrote to")
    with busy, duckdb_warehouse.exchanged() as copy:
        load_batch(copy, stage(tmp_path, carried(0)))
        with duckdb.connect(str(duckdb_warehouse.path)) as con:
            con.execute("CREATE TABLE of_a_user AS SELECT 1 AS one")
    assert duckdb_warehouse.query("SELECT one FROM of_a_user").rows == ((1,),)
    assert duckdb_warehouse.query(COUNT).rows == ((0,),)
    assert files(duckdb_warehouse) == ["news.duckdb"]


def test_a_disk_without_room_for_the_copy_is_noticed_before(
    duckdb_warehouse: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10, 9, 1))
    with pytest.raises(WarehouseUnavailable, match="and 1 are free"):
        duckdb_warehouse.check_exchange()


def test_a_missing_warehouse_is_not_exchanged(tmp_path: Path) -> None:
    with pytest.raises(WarehouseUnavailable, match="is now missing"):
        DuckDBWarehouse(tmp_path / "none.duckdb").check_exchange()


def test_other_databases_refuse_and_say_what_to_do_instead(tmp_path: Path) -> None:
    iceberg = IcebergWarehouse(iceberg_address(f"iceberg+sqlite:///{tmp_path}/news.db"), tmp_path / "replica.duckdb")
    with pytest.raises(ExchangeRefused, match=r"(?s)commits Iceberg tables one by one.*FOR TIMESTAMP AS OF"):
        iceberg.check_exchange()
    postgres = open_warehouse("postgresql://db.example/news")
    assert isinstance(postgres, PostgresWarehouse)
    with pytest.raises(ExchangeRefused, match=r"(?s)db\.example.*second set of all tables.*pg_wal_replay_pause"):
        postgres.check_exchange()
