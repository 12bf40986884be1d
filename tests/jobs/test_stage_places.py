"""Wherever the stage is, an ingest and a replay end in the same rows."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.jobs.batches import BatchPlan, transform_batch
from pipelines.jobs.dry_run import try_dead_letters
from pipelines.jobs.replay import chosen_letters, replay_batch
from pipelines.records import OffsetRange
from pipelines.resolve.layout import layout
from pipelines.runtime.local import LocalExecutor
from pipelines.settings import BatchSettings, Limits, Settings
from pipelines.stage import stage_store
from pipelines.warehouse import DeadLetterFilter, load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.builders import a_message, coordinates
from tests.jobs.messages import Topic
from tests.jobs.test_ingest import NOW, topic

type Tables = dict[str, list[tuple[Any, ...]]]

LARGE = a_message(coordinates=coordinates(8), value=b"\x00\x00\x00\x27\x0f" + b"x" * 2_000, headers=())
"""Rejected, with an original that lies in a file of its own."""


def settings(home: Path, stage: str | None) -> Settings:
    batch = BatchSettings(workers=0, fault_minimum=0, fault_share=0)
    return Settings(
        home=home, stage=stage, warehouse=f"duckdb:///{home}/news.duckdb", batch=batch,
        limits=Limits(dead_letter_bytes=1_000),
    )


def ended(wanted: Settings) -> Tables:
    """Every table after an ingest and a replay of what it rejected, without the identity of the warehouse."""
    warehouse, store = DuckDBWarehouse(wanted.home / "news.duckdb", clock=lambda: NOW), stage_store(wanted)
    warehouse.prepare()
    read = Topic([*topic().messages, LARGE])
    plan = BatchPlan("first", "run", (OffsetRange("articles.raw", 0, 0, 9),), store.batches / "first", NOW)
    with LocalExecutor(0) as here:
        load_batch(warehouse, transform_batch(plan, wanted, here, read=read).batch)
        letters = chosen_letters(warehouse, DeadLetterFilter(), 100, wanted)
        again = replace(plan, batch_id="again", ranges=(), folder=store.batches / "again", kind="replay")
        ran = replay_batch(letters, again, wanted, here)
    assert ran is not None
    load_batch(warehouse, ran[0].batch)
    assert warehouse.verify().problems == ()
    assert [folder.name for folder in store.batches.folders()] == ["again", "first"]
    assert store.batches.files() == []
    (path,) = (letter.original_path for letter in warehouse.dead_letters(DeadLetterFilter()) if letter.original_path)
    assert store.read_original(path) == LARGE.value
    tables = {name: warehouse.query(f"SELECT * FROM {name}").rows for name in layout() if name != "identity"}
    return {name: sorted(_with_key_left_out(row, store.warehouse) for row in rows) for name, rows in tables.items()}


def _with_key_left_out(row: tuple[Any, ...], key: str) -> tuple[Any, ...]:
    return tuple(value.replace(key, "") if isinstance(value, str) else value for value in row)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return ended(settings(tmp_path_factory.mktemp("home"), None))


def test_an_ingest_and_a_replay_end_in_the_same_rows(undisturbed: Tables, stage_url: str, tmp_path: Path) -> None:
    shown = settings(tmp_path, stage_url)
    assert ended(shown) == undisturbed
    with LocalExecutor(0) as here:
        tried = try_dead_letters(DuckDBWarehouse(tmp_path / "news.duckdb"), DeadLetterFilter(), shown, here)
    assert [(one.reason, one.becomes, one.count) for one in tried.as_before] == [
        ("UnknownSchema", "UnknownSchema", 2), ("KeyMissing", "KeyMissing", 1),
    ]
    assert stage_store(shown)._dry_runs.folders() == []
    assert (len(undisturbed["articles"]), len(undisturbed["dead_letters"])) == (2, 3)
    if not stage_url.startswith("file:"):
        assert sorted(path.name for path in tmp_path.iterdir()) == ["news.duckdb"]


def test_the_folder_of_a_killed_dry_run_is_removed_and_those_of_others_stay(tmp_path: Path) -> None:
    store = stage_store(Settings(home=tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    host = socket.gethostname()
    for name in (f"{host}-{gone.pid}-a", f"{host}-{os.getpid()}-b", f"other-{host}-{gone.pid}-c", "former"):
        (store._dry_runs / name).write("part.parquet", b"text")
    with store.dry_run() as own:
        own.write("part.parquet", b"text")
        assert sorted(folder.name for folder in store._dry_runs.folders()) == sorted([
            f"{host}-{os.getpid()}-b", f"other-{host}-{gone.pid}-c", "former", own.name,
        ])
    assert len(store._dry_runs.folders()) == 3
