"""Which warehouse was loaded into is remembered in the home and in Kafka; another one, or none, is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.faults import WarehouseGone, WarehouseReplaced, exit_code
from flows.memory import Memory
from pipelines.settings import Settings
from pipelines.warehouse import load_batch, open_warehouse
from tests.warehouse.batches import carried, stage


@pytest.fixture
def memory(home: Path) -> Memory:
    return memory_of(home / "news.duckdb")


def memory_of(path: Path) -> Memory:
    settings = Settings(warehouse=f"duckdb:///{path}")
    return Memory(settings, open_warehouse(settings.warehouse_url))


def load(memory: Memory, folder: Path) -> None:
    memory.warehouse.prepare()
    memory.remember()
    load_batch(memory.warehouse, stage(folder, carried(0)))


def check(memory: Memory) -> None:
    memory.need_same_warehouse(ask_kafka=False)


def test_a_first_run_and_one_that_failed_before_it_loaded_anything_may_begin(memory: Memory) -> None:
    check(memory)
    memory.warehouse.prepare()
    check(memory)
    Path(memory.warehouse.path).unlink()  # type: ignore[attr-defined]
    check(memory)


def test_the_warehouse_that_was_loaded_into_passes(memory: Memory, tmp_path: Path) -> None:
    load(memory, tmp_path / "batch")
    check(memory)


def test_one_that_is_gone_or_empty_is_refused(memory: Memory, home: Path, tmp_path: Path) -> None:
    load(memory, tmp_path / "batch")
    (home / "news.duckdb").unlink()
    with pytest.raises(WarehouseGone, match="--new-warehouse") as shown:
        check(memory)
    assert exit_code(shown.value) == 3
    assert not (home / "news.duckdb").exists()
    memory.warehouse.prepare()
    with pytest.raises(WarehouseGone):
        check(memory)


def test_another_one_in_its_place_is_refused_and_a_backup_is_not(memory: Memory, home: Path, tmp_path: Path) -> None:
    load(memory, tmp_path / "batch")
    backup = (home / "news.duckdb").rename(tmp_path / "backup")
    load(other := memory_of(tmp_path / "other.duckdb"), tmp_path / "batch of the other")
    check(other)
    (tmp_path / "other.duckdb").rename(home / "news.duckdb")
    with pytest.raises(WarehouseReplaced):
        check(memory)
    backup.rename(home / "news.duckdb")
    check(memory)


def test_kafka_remembers_where_the_home_was_lost_too(
    memory: Memory, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(memory, tmp_path / "batch")
    note = memory.for_kafka()
    monkeypatch.setattr("pipelines.sources.groups.group_notes", lambda *_: ["of somebody else", note])
    (home / "news.duckdb").unlink()
    (memory.folder / "loaded.json").unlink()
    with pytest.raises(WarehouseGone):
        memory.need_same_warehouse(ask_kafka=True)
    memory_of(tmp_path / "second.duckdb").need_same_warehouse(ask_kafka=True)  # another address is another warehouse
