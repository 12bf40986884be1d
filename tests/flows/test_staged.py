"""Staged folders of two warehouses, or of two topics, lie apart, and a run removes its own alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flows.staged import StagedBatches
from flows.work import remove_originals
from pipelines.settings import KafkaSettings, Settings
from pipelines.stage import Folder, stage_store
from pipelines.warehouse import load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.builders import FETCHED_AT
from tests.warehouse.batches import carried, stage


def names(folder: Folder) -> list[str]:
    return sorted([*folder.files(), *(inner.name for inner in folder.folders())])


def test_letters_of_a_killed_replay_are_removed(stage_url: str, tmp_path: Path) -> None:
    batches = Folder(stage_url)
    batches.write("run-00001.letters.avro", b"letters")
    StagedBatches(batches).remove_unloaded(DuckDBWarehouse(tmp_path / "none.duckdb"))
    assert names(batches) == []


def places(stage_url: str, home: Path) -> list[Settings]:
    """Two warehouses and two topics that share a stage."""
    return [
        Settings(
            home=home, stage=stage_url, warehouse=f"duckdb:///{home}/{name}.duckdb",
            kafka=KafkaSettings(raw_topic=topic),
        )
        for name, topic in (("courier", "raw"), ("ledger", "raw"), ("courier", "other"))
    ]


def test_a_run_keeps_what_its_warehouse_loaded_and_touches_nothing_of_another(
    make_warehouse: Callable[[Path], DuckDBWarehouse], stage_url: str, tmp_path: Path
) -> None:
    folders = [stage_store(settings).batches for settings in places(stage_url, tmp_path)]
    assert len(set(folders)) == 3
    batches = [stage(folder, carried(7), batch_id=f"batch-{n}") for n, folder in enumerate(folders)]
    for folder in folders:
        folder.write("never-loaded/articles/part-000.parquet", b"rows")
        folder.write("other.letters.avro", b"letters")
    warehouse = make_warehouse(tmp_path / "courier.duckdb")
    load_batch(warehouse, batches[0])
    StagedBatches(folders[0]).remove_unloaded(warehouse)
    assert [names(folder) for folder in folders] == [
        ["batch-0"],
        ["batch-1", "never-loaded", "other.letters.avro"],
        ["batch-2", "never-loaded", "other.letters.avro"],
    ]


class Covered:
    """A warehouse in which a delete request covers these originals."""

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths

    def originals_to_remove(self) -> list[str]:
        return self.paths

    def forget_originals(self, paths: list[str]) -> None:
        self.paths = [path for path in self.paths if path not in paths]


def test_a_run_removes_the_originals_of_its_own_topic(stage_url: str, tmp_path: Path) -> None:
    raw, _, other = (stage_store(settings) for settings in places(stage_url, tmp_path))
    paths = [store.keep_original(b"a large page", store.topic) for store in (raw, other)]
    warehouse = Covered(paths)
    work: Any = SimpleNamespace(warehouse=warehouse, store=raw)
    remove_originals(work)
    assert [raw.root.exists(path) for path in paths] == [False, True]
    assert warehouse.paths == [paths[1]]
    work.store = other
    remove_originals(work)
    assert (other.root.exists(paths[1]), warehouse.paths) == (False, [])


def test_the_last_three_batches_are_kept_by_when_they_were_staged(
    stage_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = Folder(stage_url)
    order = ["d", "a", "e", "c", "b"]
    for name in order:
        (batches / name).write("manifest.json", b"{}")
    (batches / "unsealed").write("articles/part-000.parquet", b"rows")

    def modified_at(folder: Folder, name: str) -> datetime:
        if folder.exists(name):
            return FETCHED_AT + timedelta(seconds=order.index(folder.name))
        raise FileNotFoundError(name)

    monkeypatch.setattr(Folder, "modified_at", modified_at)
    StagedBatches(batches).remove_old()
    assert names(batches) == ["b", "c", "e"]


def test_a_batch_that_is_prepared_after_the_loaded_one_is_left_alone(stage_url: str) -> None:
    batches = Folder(stage_url)
    for name in ("run-00008", "run-00009", "run-00010", "run-00011", "other-00012"):
        (batches / name).write("articles/part-000.parquet", b"rows")
    StagedBatches(batches).remove_all("run-00010")
    assert names(batches) == ["run-00011"]
    (batches / "run-00011").write("manifest.json", b"{}")
    for name in ("run-00012", "run-00001", "run-00002", "run-00003"):
        (batches / name).write("articles/part-000.parquet", b"rows")
    StagedBatches(batches).remove_old("run-00011")
    assert {"run-00011", "run-00012"} < set(names(batches))
    assert len(names(batches)) == 4


def key_of(warehouse: str | None, home: Path) -> str:
    return Settings(home=home, warehouse=warehouse).warehouse_key


def test_two_spellings_of_one_warehouse_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    spellings = [
        f"duckdb:///{tmp_path}/data/news.duckdb", f"duckdb:///{tmp_path}/data/../data//news.duckdb",
        "duckdb:///data/news.duckdb", "duckdb:///./data/news.duckdb", f"duckdb:///{tmp_path}/link/news.duckdb",
    ]
    (key,) = {key_of(spelling, tmp_path) for spelling in spellings}
    assert key.startswith("news-")
    assert key_of(f"duckdb:///{tmp_path}/other/news.duckdb", tmp_path) != key
    assert key_of(None, tmp_path) == key_of(f"duckdb:///{tmp_path}/warehouse.duckdb", tmp_path / "elsewhere")


def test_a_database_is_one_whoever_connects_to_it(tmp_path: Path) -> None:
    key = key_of("postgresql://desk:marzipan@db/news", tmp_path)
    assert key == key_of("postgres://other@DB:5432/news?sslmode=require", tmp_path)
    assert key.startswith("news-")
    assert key != key_of("postgresql://desk:marzipan@db/archive", tmp_path)
