"""Stages the quarantined articles of a scraper as a batch, unchanged."""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.jobs.batches import BatchPlan
from pipelines.stage import OutcomeRow, PartWriter, StagedBatch, reading_digest, write_manifest
from pipelines.warehouse import WaitingArticle
from schemas import shipped

PART = "part-000"


def release_batch(waiting: Iterable[WaitingArticle], plan: BatchPlan, processor: str) -> StagedBatch:
    """Stages a batch of kind ``release``, without reading from Kafka and without running a step.

    Articles that were encoded with an older version of the contract are converted to the newest version.
    """
    plan.folder.make_empty()
    registry = shipped()
    with PartWriter(plan.folder, PART) as writer:
        for each in waiting:
            record = registry.decode(each.article)
            writer.article(record)
            writer.outcome(OutcomeRow(
                each.coordinates, each.message_at, "staged", scraper=record["scraper"], article_id=record["article_id"],
                reading=reading_digest(record), outlet_domain=record["outlet"]["domain"],
            ))
        files = writer.close()
    batch = StagedBatch(
        plan.batch_id, plan.run_id, plan.folder, (), files, processor, plan.processed_at, kind="release"
    )
    write_manifest(batch)
    return batch
