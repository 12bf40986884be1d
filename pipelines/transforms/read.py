"""Reads offset ranges as bounded input, so that every Beam runner can execute the job."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import apache_beam as beam

from pipelines.decode.times import refuse_timestamp
from pipelines.failures import Failure, Rejected
from pipelines.records import Gap, OffsetRange, RawMessage
from pipelines.transforms.stateless import StatelessDoFn
from pipelines.transforms.step import REJECTED, InFlight, RejectedMessage
from pipelines.transforms.watch import READ, left_out

GAPS, TOMBSTONES, ARTICLES = "gaps", "tombstones", "articles"

type Reader = Callable[[OffsetRange], Iterable[RawMessage | Gap]]


class Messages(NamedTuple):
    """The content of ranges of offsets: messages with a value, tombstones, gaps, and messages that were rejected."""

    articles: beam.PCollection
    tombstones: beam.PCollection
    gaps: beam.PCollection
    rejected: beam.PCollection


class ReadMessages(beam.PTransform):
    """Reads every offset of the ranges with ``read``, as a message, as a tombstone, or as part of a gap.

    Takes a pipeline, gives ``Messages``. Rejects messages whose value was too large to read (``MemoryExceeded``), and
    messages and tombstones with an implausible timestamp (``ImplausibleTime``). A range is read completely, or its
    bundle fails. A bundle that is retried reads the same offsets, so that nothing is lost or duplicated.

    With ``spread``, the ranges are reshuffled, which spreads them over the runner's workers. A runner in one process
    has nothing to spread, and the reshuffle would take a tenth of the time of a small batch.
    """

    def __init__(self, ranges: Sequence[OffsetRange], read: Reader, now: datetime, *, spread: bool) -> None:
        super().__init__()
        self.ranges, self.read, self.now, self.spread = ranges, read, now, spread

    def expand(self, pipeline: beam.Pipeline) -> Messages:
        ranges = pipeline | beam.Impulse() | "Plan" >> beam.ParDo(_Plan(self.ranges))
        if self.spread:
            ranges = ranges | "Spread" >> beam.Reshuffle()
        fetch = beam.ParDo(_Fetch(self.read, self.now)).with_outputs(GAPS, TOMBSTONES, REJECTED, main=ARTICLES)
        found = ranges | "Fetch" >> fetch
        return Messages(found[ARTICLES], found[TOMBSTONES], found[GAPS], found[REJECTED])


class _Plan(StatelessDoFn):
    def __init__(self, ranges: Sequence[OffsetRange]) -> None:
        self.ranges = tuple(ranges)

    def process(self, once: bytes) -> Iterable[OffsetRange]:
        del once
        return self.ranges


class _Fetch(StatelessDoFn):
    def __init__(self, read: Reader, now: datetime) -> None:
        self.read, self.now = read, now

    def process(self, offsets: OffsetRange) -> Iterator[Any]:
        for found in self.read(offsets):
            if isinstance(found, Gap):
                yield beam.pvalue.TaggedOutput(GAPS, found)
            elif (failure := _failure(found, self.now)) is not None:
                rejected = RejectedMessage(found, failure, found.header("source"))
                yield beam.pvalue.TaggedOutput(REJECTED, rejected)
            elif found.value is None:
                yield beam.pvalue.TaggedOutput(TOMBSTONES, found)
            else:
                yield InFlight(found, found)


def _failure(message: RawMessage, now: datetime) -> Failure | None:
    if message.left_out_bytes is not None:
        return left_out(message)
    try:
        refuse_timestamp(message.timestamp, now)
    except Rejected as fault:
        return Failure(READ, fault.reason, fault.violations)
    return None
