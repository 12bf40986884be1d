"""One list of steps serves every job, and is all that decides a reading."""

from __future__ import annotations

from pathlib import Path

from pipelines.jobs.batches import STEPS, BatchPlan, transform_batch
from pipelines.jobs.inspect import inspect_message
from pipelines.jobs.steps import steps
from pipelines.records import OffsetRange
from pipelines.runtime.local import LocalExecutor
from pipelines.settings import Settings
from pipelines.stage import Folder
from pipelines.transforms import processor
from pipelines.validate import article_json
from tests.jobs.test_ingest import NOW, settings, topic


def test_the_list_is_the_steps_that_are_reported_and_that_name_the_processor() -> None:
    names = tuple(step.name for step in steps(Settings(), NOW))
    assert names == STEPS == ("decode", "clean", "enrich", "validate")
    assert set(names) < set(processor.STEPS)


def test_inspect_makes_of_a_message_what_an_ingest_stages(tmp_path: Path) -> None:
    shown, read = settings(tmp_path), topic()
    plan = BatchPlan("batch", "run", (OffsetRange("articles.raw", 0, 0, 4),), Folder.at(tmp_path / "batch"), NOW)
    with LocalExecutor(0) as here:
        batch = transform_batch(plan, shown, here, read=read).batch
    articles = [row for table in batch.tables("articles") for row in table.to_pylist()]
    staged = {row["coordinates"]["offset"]: row | {"evidence": dict(row["evidence"])} for row in articles}
    inspected = {n: inspect_message(message, "page", shown, NOW) for n, message in enumerate(read.messages[:4])}
    assert {n: found.article for n, found in inspected.items() if found.article} == {
        n: article_json(record) for n, record in staged.items()
    }
    rejected = inspected[3]
    assert (rejected.step, rejected.reason) == ("decode", "UnknownSchema")
