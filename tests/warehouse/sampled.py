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
    return staged_samples(home, sample_messages())


def staged_samples(home: Path, samples: Iterable[Sample]) -> StagedBatch:
    """The samples as one batch, each sent a second after the one before, in the offsets from 0 on."""
    messages = _messages(samples)
    with LocalExecutor(0) as here:
        return _staged(home, messages, _plan(home, "batch", 0, len(messages), SENT_AT), here)


def month_batches(home: Path) -> Iterator[StagedBatch]:
    """The month of samples, sent evenly over the 28 days after it, in the batches of ``dateline demo``.

    Each one has to be loaded before the next.
    """
    samples = tuple(month_messages())
    messages = _messages(samples, timedelta(days=28) / len(samples))
    with LocalExecutor(0) as here:
        for start in range(0, len(messages), BATCH):
            end = min(start + BATCH, len(messages))
            plan = _plan(home, f"batch-{start}", start, end, messages[end - 1].timestamp)
            yield _staged(home, messages, plan, here)


def _messages(samples: Iterable[Sample], step: timedelta = timedelta(seconds=1)) -> list[RawMessage]:
    return [
        RawMessage(
            Coordinates("articles.raw", 0, n), SENT_AT + n * step, sample.key, sample.value, sample.headers
        )
        for n, sample in enumerate(samples)
    ]


def _plan(home: Path, name: str, start: int, end: int, at: datetime) -> BatchPlan:
    ranges = (OffsetRange("articles.raw", 0, start, end),)
    return BatchPlan(name, "run", ranges, Folder.at(home) / "staged", at)


def _staged(home: Path, messages: list[RawMessage], plan: BatchPlan, here: LocalExecutor) -> StagedBatch:
    settings = Settings(home=home, batch=BatchSettings(workers=0, fault_share=1))
    return transform_batch(plan, settings, here, read=Topic(messages)).batch
