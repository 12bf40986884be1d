"""Pages that reserve rights through the whole job: without their text anywhere, or rejected and replayed after all."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from pipelines.jobs.batches import BatchPlan, transform_batch
from pipelines.jobs.replay import chosen_letters, replay_batch
from pipelines.records import OffsetRange, RawMessage
from pipelines.runtime.local import LocalExecutor
from pipelines.settings import RightsSettings, Settings
from pipelines.stage import StagedBatch, stage_store
from pipelines.warehouse import DeadLetterFilter, load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.builders import a_message, coordinates
from tests.jobs.messages import Topic
from tests.jobs.test_ingest import NOW, page, settings


def reserved(n: int) -> RawMessage:
    url = f"https://harbour-news.example/pier/{n}".encode()
    value = page(n).replace(b"<meta", b"<meta name=tdm-reservation content=1><meta", 1)
    headers = (("content-type", b"text/html"), ("url", url), ("source", b"harbour-crawler"))
    return a_message(coordinates=coordinates(n), key=url, value=value, headers=headers)


def ingested(wanted: Settings, warehouse: DuckDBWarehouse) -> StagedBatch:
    folder = stage_store(wanted).batches / "first"
    plan = BatchPlan("first", "run", (OffsetRange("articles.raw", 0, 0, 2),), folder, NOW)
    with LocalExecutor(0) as here:
        batch = transform_batch(plan, wanted, here, read=Topic([reserved(0), reserved(1)])).batch
    load_batch(warehouse, batch)
    return batch


def a_warehouse(tmp_path: Path) -> DuckDBWarehouse:
    warehouse = DuckDBWarehouse(tmp_path / "news.duckdb", clock=lambda: NOW)
    warehouse.prepare()
    return warehouse


def with_policy(home: Path, policy: str) -> Settings:
    return settings(home).model_copy(update={"rights": RightsSettings(tdm_reservation=policy)})  # type: ignore[arg-type]


def test_nothing_of_a_withheld_text_is_staged_or_loaded(tmp_path: Path) -> None:
    warehouse = a_warehouse(tmp_path)
    batch = ingested(with_policy(tmp_path, "load_without_body"), warehouse)
    tables = [row[0] for row in warehouse.query("SELECT schema_name || '.' || table_name FROM duckdb_tables()").rows]
    written = [str(warehouse.query(f"SELECT * FROM {table}").rows) for table in tables]
    written += [str(pq.read_table(batch.folder.path / file.path).to_pylist()) for file in batch.files]
    for phrase in ("after the storm that broke", "Ines Falk", "Marrowby", "has published the cost"):
        assert not [text for text in written if phrase in text]
    assert warehouse.query("SELECT title, language, body_withheld_for, reading IS NOT NULL FROM articles").rows == (
        ("Pier 0 to be rebuilt", "en", "tdm_reservation", True),
        ("Pier 1 to be rebuilt", "en", "tdm_reservation", True),
    )
    assert warehouse.query("SELECT DISTINCT outcome FROM ledger").rows == (("loaded",),)
    assert warehouse.verify().problems == ()


def test_rejected_pages_are_loaded_by_a_replay_under_another_setting(tmp_path: Path) -> None:
    warehouse = a_warehouse(tmp_path)
    ingested(with_policy(tmp_path, "reject"), warehouse)
    (group,) = warehouse.dead_letter_groups(DeadLetterFilter())
    assert (group.reason, group.count) == ("RightsReserved", 2)
    wanted = with_policy(tmp_path, "load")
    plan = BatchPlan("again", "run", (), stage_store(wanted).batches / "again", NOW, kind="replay")
    with LocalExecutor(0) as here:
        ran = replay_batch(chosen_letters(warehouse, DeadLetterFilter(), 10, wanted), plan, wanted, here)
    assert ran is not None
    load_batch(warehouse, ran[0].batch)
    assert warehouse.query("SELECT tdm_reserved, body_withheld_for, word_count > 20 FROM articles").rows == (
        ((True, None, True),) * 2
    )
    assert warehouse.verify().problems == ()
