"""The samples as one staged batch, as the job makes it of them: for tests of what a warehouse with them contains."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.jobs.batches import BatchPlan, transform_batch
from pipelines.records import Coordinates, OffsetRange, RawMessage
from pipelines.runtime.local import LocalExecutor
from pipelines.samples import sample_messages
from pipelines.settings import BatchSettings, Settings
from pipelines.stage import Folder, StagedBatch
from tests.jobs.messages import Topic

SENT_AT = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
"""When the first message was sent; each further one a second after the one before."""
LOADED_AT = SENT_AT + timedelta(minutes=10)


def sample_batch(home: Path) -> StagedBatch:
    messages = [
        RawMessage(
            Coordinates("articles.raw", 0, n), SENT_AT + timedelta(seconds=n), sample.key, sample.value, sample.headers
        )
        for n, sample in enumerate(sample_messages())
    ]
    settings = Settings(home=home, batch=BatchSettings(workers=0, fault_share=1))
    ranges = (OffsetRange("articles.raw", 0, 0, len(messages)),)
    plan = BatchPlan("batch", "run", ranges, Folder.at(home) / "staged", SENT_AT)
    with LocalExecutor(0) as here:
        return transform_batch(plan, settings, here, read=Topic(messages)).batch
