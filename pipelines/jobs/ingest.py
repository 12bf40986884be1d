"""The ingest job: reads raw messages, runs the steps listed in ``steps.py``, and stages the outcomes."""

from __future__ import annotations

from functools import partial

import apache_beam as beam

from pipelines.jobs.steps import steps
from pipelines.records import OffsetRange
from pipelines.runtime import LOCAL_RUNNERS
from pipelines.settings import Settings
from pipelines.transforms.destination import Staging
from pipelines.transforms.expectations import ExpectArticles
from pipelines.transforms.read import Reader, ReadMessages
from pipelines.transforms.recall import FindNames, RecallNames
from pipelines.transforms.shared import Loader
from pipelines.transforms.staging import StageBatch
from pipelines.transforms.step import Step
from pipelines.validate import load_suite


def ingest(  # noqa: PLR0913, PLR0917  what a job is made of
    pipeline: beam.Pipeline, ranges: tuple[OffsetRange, ...], read: Reader, settings: Settings, staging: Staging,
    names: Loader[FindNames] | None = None,
) -> None:
    """Stages every offset of ``ranges`` exactly once: as an article, a dead letter, a delete request, or in a gap.

    ``read`` returns the messages and gaps of a range, from Kafka (``read_range``) or from a file, so that the job runs
    on any runner, and without Kafka in tests. ``names`` loads a lookup of names that are known of texts.
    """
    spread = settings.runner not in LOCAL_RUNNERS
    messages = pipeline | "Read" >> ReadMessages(ranges, read, staging.processed_at, spread=spread)
    passed, rejected = messages.articles, [messages.rejected]
    for step in steps(settings, staging.processed_at):
        outcome = passed | step.name.title() >> Step(step.name, step.function, step.load)
        passed, rejected = outcome.passed, [*rejected, outcome.rejected]
        if step.name == "clean" and names is not None:
            passed = passed | "Recall" >> RecallNames(names)
    expected = passed | "Expect" >> ExpectArticles(partial(load_suite, "article"))
    all_rejected = (*rejected, expected.rejected)
    _ = (expected.passed, *all_rejected, messages.tombstones, messages.gaps) | "Stage" >> StageBatch(staging)
