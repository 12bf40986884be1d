"""The copy of a DuckDB warehouse for readers: exchanged in one step, not too often, and never in the way of loading."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from flows.snapshot import Snapshot
from pipelines.settings import Settings, SnapshotSettings
from pipelines.warehouse import Run
from pipelines.warehouse.duckdb import DuckDBWarehouse

NOW = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
COUNT = "SELECT count(*) FROM runs"


@pytest.fixture
def warehouse(make_warehouse: Callable[[Path], DuckDBWarehouse], tmp_path: Path) -> DuckDBWarehouse:
    return make_warehouse(tmp_path / "news.duckdb")


def snapshot_of(warehouse: DuckDBWarehouse, path: Path | None, every_s: float = 60.0) -> Snapshot:
    return Snapshot(Settings(snapshot=SnapshotSettings(path=path, every_s=every_s)), warehouse)


def load(warehouse: DuckDBWarehouse, snapshot: Snapshot, run: str) -> None:
    warehouse.start_run(Run(run, "raw", "dateline", NOW))
    snapshot.batch_loaded()


def runs_in(path: Path) -> int:
    with duckdb.connect(str(path), read_only=True) as con:
        (count,) = con.execute(COUNT).fetchall()[0]
    return int(count)


def test_a_reader_keeps_its_copy_and_a_new_one_sees_the_next(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    path = tmp_path / "readers" / "news.duckdb"
    snapshot = snapshot_of(warehouse, path, every_s=0)
    load(warehouse, snapshot, "1")
    with duckdb.connect(str(path), read_only=True) as reader:
        load(warehouse, snapshot, "2")
        assert reader.execute(COUNT).fetchall() == [(1,)]
    assert runs_in(path) == 2
    assert sorted(file.name for file in path.parent.iterdir()) == ["news.duckdb"]


def test_copies_are_made_now_and_then_and_at_the_end(
    warehouse: DuckDBWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1_000.0]
    monkeypatch.setattr("flows.snapshot.time.monotonic", lambda: clock[0])
    path = tmp_path / "copy.duckdb"
    snapshot = snapshot_of(warehouse, path)
    load(warehouse, snapshot, "1")
    clock[0] += 59
    load(warehouse, snapshot, "2")
    assert runs_in(path) == 1
    clock[0] += 1
    load(warehouse, snapshot, "3")
    assert runs_in(path) == 3
    load(warehouse, snapshot, "4")
    snapshot.finish()
    assert runs_in(path) == 4


def test_a_run_that_loaded_nothing_makes_no_copy(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    snapshot_of(warehouse, tmp_path / "copy.duckdb").finish()
    assert not (tmp_path / "copy.duckdb").exists()


def test_without_a_path_nothing_is_copied(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    load(warehouse, snapshot_of(warehouse, None), "1")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["news.duckdb"]


def test_what_a_killed_run_committed_is_in_the_copy(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    with duckdb.connect(str(warehouse.path)) as killed:
        killed.execute("PRAGMA disable_checkpoint_on_shutdown")
        killed.execute("INSERT INTO runs SELECT * REPLACE ('0' AS run_id) FROM runs")
        killed.execute("UPDATE identity SET revision = 77")
    assert warehouse.path.with_name("news.duckdb.wal").exists()
    warehouse.copy_to(tmp_path / "copy.duckdb")
    with duckdb.connect(str(tmp_path / "copy.duckdb"), read_only=True) as con:
        assert con.execute("SELECT revision FROM identity").fetchall() == [(77,)]


def test_a_copy_that_cannot_be_written_stops_nothing(
    warehouse: DuckDBWarehouse, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "copy.duckdb"
    snapshot = snapshot_of(warehouse, path, every_s=0)
    load(warehouse, snapshot, "1")
    assert snapshot.is_due
    assert f"the snapshot {path} was not written, and readers see the former one" in caplog.text
