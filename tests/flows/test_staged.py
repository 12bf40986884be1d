"""Staged folders of two warehouses, or of two topics, lie apart, and a run removes its own alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.staged import StagedBatches, staged_folder
from pipelines.settings import KafkaSettings, Settings
from pipelines.warehouse import load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.warehouse.batches import carried, stage


def test_letters_of_a_killed_replay_are_removed(tmp_path: Path) -> None:
    staged = tmp_path / "staged"
    staged.mkdir()
    (staged / "run-00001.letters.avro").write_bytes(b"letters")
    StagedBatches(staged).settle(DuckDBWarehouse(tmp_path / "none.duckdb"))
    assert list(staged.iterdir()) == []


def test_a_run_keeps_what_its_warehouse_loaded_and_touches_nothing_of_another(tmp_path: Path) -> None:
    places = [
        Settings(home=tmp_path, warehouse=f"duckdb:///{tmp_path}/{name}.duckdb", kafka=KafkaSettings(raw_topic=topic))
        for name, topic in (("courier", "raw"), ("ledger", "raw"), ("courier", "other"))
    ]
    folders = [staged_folder(settings) for settings in places]
    assert len(set(folders)) == 3
    batches = [stage(folder, carried(7), batch_id=f"batch-{n}") for n, folder in enumerate(folders)]
    for folder in folders:
        (folder / "never-loaded").mkdir()
        (folder / "other.letters.avro").write_bytes(b"letters")
    warehouse = DuckDBWarehouse(tmp_path / "courier.duckdb")
    warehouse.prepare()
    load_batch(warehouse, batches[0])
    StagedBatches(folders[0]).settle(warehouse)
    assert [sorted(path.name for path in folder.iterdir()) for folder in folders] == [
        ["batch-0"],
        ["batch-1", "never-loaded", "other.letters.avro"],
        ["batch-2", "never-loaded", "other.letters.avro"],
    ]


def test_the_last_three_batches_are_kept(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"batch-{number}").mkdir()
    StagedBatches(tmp_path).forget_old()
    assert len(list(tmp_path.iterdir())) == 3


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
