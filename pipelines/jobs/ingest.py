"""The ingest job: raw messages in, a staged batch out. The steps, in order."""

from __future__ import annotations

from functools import partial

import apache_beam as beam

from pipelines.records import OffsetRange
from pipelines.settings import Settings
from pipelines.transforms.articles import CleanArticles, DecodeArticles, EnrichArticles, ValidateArticles
from pipelines.transforms.destination import Staging
from pipelines.transforms.expectations import ExpectArticles
from pipelines.transforms.read import Reader, ReadMessages
from pipelines.transforms.staging import StageBatch
from pipelines.validate import load_suite


def ingest(
    pipeline: beam.Pipeline, ranges: tuple[OffsetRange, ...], read: Reader, settings: Settings, staging: Staging
) -> None:
    """Every offset of ``ranges`` ends staged, once: as an article, a dead letter, a deletion, or a gap.

    ``read`` gives what a range holds (Kafka's ``read_range``, or a file's), so the job runs on any runner and
    without Kafka in tests.
    """
    messages  = pipeline         | "Read"     >> ReadMessages(ranges, read, staging.processed_at)
    decoded   = messages.articles | "Decode"  >> DecodeArticles(settings)
    cleaned   = decoded.passed   | "Clean"    >> CleanArticles(settings)
    enriched  = cleaned.passed   | "Enrich"   >> EnrichArticles(settings)
    validated = enriched.passed  | "Validate" >> ValidateArticles(settings, staging.processed_at)
    expected  = validated.passed | "Expect"   >> ExpectArticles(partial(load_suite, "article"))

    rejected = (
        (decoded.rejected, cleaned.rejected, enriched.rejected, validated.rejected,
         expected.rejected, messages.rejected)
        | "Rejected" >> beam.Flatten()
    )
    _ = (expected.passed, rejected, messages.tombstones, messages.gaps) | "Stage" >> StageBatch(staging)
