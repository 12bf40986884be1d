"""The samples as one staged batch, as the job makes it of them: for tests of what a warehouse with them contains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.cli.commands.demo import BATCH
from pipelines.jobs.batches import BatchPlan, transform_batch
from pipelines.records import Coordinates, OffsetRange, RawMessage
from pipelines.runtime.local import LocalExecutor
from pipelines.samples import Sample, sample_messages
from pipelines.samples.month import month_messages
from pipelines.settings import BatchSettings, Settings
from pipelines.stage import Folder, StagedBatch
from tests.jobs.messages import Topic

SENT_AT = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
"""When the first message was sent; of the week, each further one was sent a second after the one before."""
LOADED_AT = SENT_AT + timedelta(minutes=10)
MONTH_LOADED_AT = LOADED_AT + timedelta(days=28)


def sample_batch(home: Path) -> StagedBatch:
    """The week of samples as one batch."""
    (batch,) = _batches(home, _messages(sample_messages()), 0)
    return batch


def month_batches(home: Path) -> Iterator[StagedBatch]:
    """The month of samples, sent evenly over the 28 days after it, in the batches of ``dateline demo``.

    Each one has to be loaded before the next.
    """
    samples = tuple(month_messages())
    return _batches(home, _messages(samples, timedelta(days=28) / len(samples)), BATCH)


def _messages(samples: Iterable[Sample], step: timedelta = timedelta(seconds=1)) -> list[RawMessage]:
    return [
        RawMessage(
            Coordinates("articles.raw", 0, n), SENT_AT + n * step, sample.key, sample.value, sample.headers
        )
        for n, sample in enumerate(samples)
    ]


def _batches(home: Path, messages: list[RawMessage], size: int) -> Iterator[StagedBatch]:
    """Batches of ``size`` messages, or one of all of them if it is 0."""
    settings = Settings(home=home, batch=BatchSettings(workers=0, fault_share=1))
    with LocalExecutor(0) as here:
        for start in range(0, len(messages), size or len(messages)):
            end = min(start + (size or len(messages)), len(messages))
            name = f"batch-{start}" if size else "batch"
            ranges = (OffsetRange("articles.raw", 0, start, end),)
            sent_at = SENT_AT if not size else messages[end - 1].timestamp
            plan = BatchPlan(name, "run", ranges, Folder.at(home) / "staged", sent_at)
            yield transform_batch(plan, settings, here, read=Topic(messages)).batch
