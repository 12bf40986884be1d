"""Classifies offsets without a record: a transaction's control record or aborted records, or removed by compaction.

kafka-python skips control records and aborted records without reporting them. This module notes their offsets while the
library reads a fetch: a batch is noted if Kafka's format marks it as control, or if its transaction is in the fetch's
list of aborted ones. Any other offset missing between two records was removed by compaction.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pipelines.records import GapKind

if TYPE_CHECKING:
    from kafka import KafkaConsumer


class ControlRecords:
    """Offsets of control records and aborted records that the consumer of one partition has skipped, in order."""

    def __init__(self) -> None:
        self._spans: deque[tuple[int, int]] = deque()

    def note(self, batch: Any) -> None:
        self._spans.append((batch.base_offset, batch.next_offset))

    def kinds(self, start: int, end: int) -> Iterator[tuple[int, int, GapKind]]:
        """The offsets from ``start`` to ``end`` (excluded) in spans of one kind. Spans before ``start`` are dropped.

        >>> control_records = ControlRecords()
        >>> control_records._spans.extend([(0, 2), (4, 5), (5, 7)])
        >>> list(control_records.kinds(1, 9))
        [(1, 2, 'control_record'), (2, 4, 'compaction'), (4, 7, 'control_record'), (7, 9, 'compaction')]
        """
        while start < end:
            while self._spans and self._spans[0][1] <= start:
                self._spans.popleft()
            kind: GapKind = "control_record" if self._covers(start) else "compaction"
            upto = self._reach(start, end) if kind == "control_record" else self._next(end)
            yield start, upto, kind
            start = upto

    def _covers(self, offset: int) -> bool:
        return bool(self._spans) and self._spans[0][0] <= offset

    def _reach(self, offset: int, end: int) -> int:
        """The end of the unbroken run of noted offsets that starts at ``offset``."""
        while offset < end and self._covers(offset):
            offset = max(offset, self._spans[0][1])
            if offset <= end:
                self._spans.popleft()
        return min(offset, end)

    def _next(self, end: int) -> int:
        return min(self._spans[0][0], end) if self._spans else end


def note_control_records(consumer: KafkaConsumer) -> ControlRecords:
    """Make the consumer, which reads one partition, note the control records and aborted records that it skips."""
    fetcher = consumer._fetcher
    control_records = ControlRecords()

    class NotingRecords(fetcher.PartitionRecords):  # type: ignore[misc, name-defined]
        def __init__(self, fetch_offset: int, name: Any, records: Any, **how: Any) -> None:
            super().__init__(fetch_offset, name, _NotingBatches(records, control_records), **how)

        def _is_batch_aborted(self, batch: Any) -> Any:
            is_aborted = super()._is_batch_aborted(batch)
            if is_aborted:
                control_records.note(batch)
            return is_aborted

        def _contains_abort_marker(self, batch: Any) -> Any:
            """Whether the batch is an abort marker. Batches that the log cleaner emptied have no record to look at."""
            return batch.records_count > 0 and super()._contains_abort_marker(batch)

    fetcher.PartitionRecords = NotingRecords
    return control_records


class _NotingBatches:
    """The batches of a fetch, which notes each control batch when the library reads it."""

    def __init__(self, records: Any, control_records: ControlRecords) -> None:
        self._records, self._control_records = records, control_records

    def next_batch(self) -> Any:
        batch = self._records.next_batch()
        if batch is not None and batch.magic == 2 and batch.is_control_batch:
            self._control_records.note(batch)
        return batch
