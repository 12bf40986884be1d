"""Read ranges of offsets from Kafka: every offset of a range comes out as a message or inside a typed gap."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pipelines.broker import (
    BrokerRefused,
    BrokerUnavailable,
    broker_faults,
    client_options,
    connect,
    impatient,
    masked_options,
)
from pipelines.failpoints import Failpoint, reach
from pipelines.failures import TopicRecreated
from pipelines.phrases import in_words
from pipelines.records import Coordinates, Gap, OffsetRange, RawMessage
from pipelines.settings import KafkaSettings
from pipelines.sources.control_records import note_control_records
from pipelines.sources.groups import commit_group_offsets, group_offsets
from pipelines.sources.offsets import (
    Plan,
    RetentionPassed,
    RetentionPolicy,
    Topic,
    TopicMissing,
    confirm_topic,
    describe_topic,
    first_contact,
    plan_ranges,
    plan_topic,
    retention_passed,
    split_range,
    topic_offsets,
)
from pipelines.sources.tolerant import read_any_header_name

if TYPE_CHECKING:
    from kafka import KafkaConsumer
    from kafka.consumer.fetcher import ConsumerRecord

__all__ = [
    "BrokerRefused", "BrokerUnavailable", "CorruptBatch", "Plan", "RetentionPassed", "Topic", "TopicMissing",
    "TopicRecreated", "client_options", "commit_group_offsets", "confirm_topic", "describe_topic", "first_contact",
    "group_offsets", "plan_ranges", "plan_topic", "read_range", "split_range", "topic_offsets",
]

POLL_MS = 500
QUIET_S = 3.0  # after so long without a record the broker is asked what is wrong
FIRST_RECORDS, LARGE_POLL_BYTES = 10, 8 << 20
ADVICE_CUT = "\nWhat to do: run again, which plans anew and says how the topic stands against the warehouse."
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_MS = 253_402_300_799_000  # the last second of the year 9999
FETCH = {  # memory of a reader: two fetches at most; one larger message still comes, alone
    "max_partition_fetch_bytes": 4 << 20,
    "fetch_max_bytes": 8 << 20,
    "max_poll_records": 200,
    "retry_backoff_ms": 20,  # a new reader waits twice so long for the partition's leader
}


class CorruptBatch(Exception):
    """What Kafka returned at an offset cannot be read: damaged on disk or on the way, or an unknown codec."""


def read_range(kafka: KafkaSettings, span: OffsetRange, *,
               retention_gap: RetentionPolicy = "stop") -> Iterator[RawMessage | Gap]:
    """Yield the range's messages in order, and a ``Gap`` for offsets that hold none.

    Ends when the reader has passed the range's end, also over markers; without progress for
    ``request_timeout_s`` it raises ``BrokerUnavailable``. Offsets below what the topic still has are a
    ``retention`` gap, or ``RetentionPassed`` unless the policy is to continue. Raises ``TopicRecreated`` when
    the range lies past the topic's end, ``CorruptBatch`` when bytes cannot be read.
    """
    if not len(span):
        return
    doing = f"read {span.topic}/{span.partition} from {span.start}"
    with broker_faults(kafka, doing):
        consumer = _consumer(kafka, doing)
        try:
            yield from _Reader(kafka, consumer, span, retention_gap).run()
        finally:
            consumer.close(autocommit=False)
    reach(Failpoint.RANGE_READ)


def _consumer(kafka: KafkaSettings, doing: str) -> KafkaConsumer:
    from kafka import KafkaConsumer

    read_any_header_name()
    own = {
        "group_id": None,
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "allow_auto_create_topics": False,
        "isolation_level": kafka.isolation_level,
        "metrics_enabled": False,
        "fetch_max_wait_ms": min(POLL_MS, int(kafka.request_timeout_s * 500)),
    }
    return connect(kafka, doing, KafkaConsumer, {**FETCH, **masked_options(kafka.consumer), **own})


class _Reader:
    """One reading of one range: ``due`` is the next offset that must be accounted for."""

    def __init__(self, kafka: KafkaSettings, consumer: KafkaConsumer, span: OffsetRange,
                 retention_gap: RetentionPolicy) -> None:
        from kafka import TopicPartition

        self.kafka = kafka
        self.consumer = consumer
        self.span = span
        self.retention_gap = retention_gap
        self.name = TopicPartition(span.topic, span.partition)
        self.due = span.start
        self.most = FIRST_RECORDS
        self.control_records = note_control_records(consumer)

    def run(self) -> Iterator[RawMessage | Gap]:
        self.consumer.assign([self.name])
        self.consumer.seek(self.name, self.span.start)
        while self.due < self.span.end:
            records, position = self._poll()
            for record in records:
                if record.offset >= self.span.end:
                    break
                yield from self._hole_up_to(record.offset)
                yield message_of(record)
                self.due = record.offset + 1
            if position is None:
                yield from self._retention()
            elif position >= self.span.end or not records:
                yield from self._hole_up_to(min(position, self.span.end))

    def _poll(self) -> tuple[list[ConsumerRecord], int | None]:
        """Records and the position behind them; no position when the offset asked for is out of range.

        Only time spent waiting counts: a slow taker of the messages does not make the broker late.
        """
        from kafka import errors

        began = time.monotonic()
        was_asked = False
        while (waited := time.monotonic() - began) < self.kafka.request_timeout_s:
            if waited > QUIET_S and not was_asked:
                self._what_is_wrong()
                was_asked = True
            try:
                most = min(self.most, self.span.end - self.due)  # what lies behind the range is not unpacked
                records = self.consumer.poll(timeout_ms=POLL_MS, max_records=most).get(self.name, [])
                self._note_sizes(records)
            except errors.OffsetOutOfRangeError:
                return [], None
            except errors.LogTruncationError as fault:
                raise TopicRecreated(f"{self._where} was cut back behind {self.due}: {fault}.{ADVICE_CUT}") from fault
            except (errors.CorruptRecordError, errors.UnsupportedCodecError, ValueError, AssertionError) as fault:
                raise CorruptBatch(
                    f"{self._where} cannot be read at or after offset {self.due}: {in_words(fault)}."
                    "\nWhat to do: compare with kafka-dump-log on the broker, and restore the log from a replica."
                ) from fault
            position = self.consumer.position(self.name, timeout_ms=POLL_MS)
            if records or (position is not None and position > self.due):
                return records, position
        raise self._what_is_wrong() or BrokerUnavailable(
            f"{self._where} gave nothing from offset {self.due} to {self.span.end} for "
            f"{self.kafka.request_timeout_s:g} s.\nWhat to do: see that the broker at {self.kafka.bootstrap_servers} "
            "is up and has the topic (`dateline status`), then run again."
        )

    def _what_is_wrong(self) -> BrokerUnavailable | None:
        """Asks for the topic, because a consumer waits without a word for one that is gone or that it may not see.

        Raises ``TopicMissing`` or ``TopicRefused``; a broker that is away may come back, so that is only returned.
        """
        try:
            describe_topic(impatient(self.kafka), self.span.topic)
        except BrokerUnavailable as fault:
            return fault
        return None

    def _note_sizes(self, records: list[ConsumerRecord]) -> None:
        """Takes more records at once while they are small, fewer when they are large: they are in memory together."""
        size = sum(max(record.serialized_value_size, 0) for record in records)
        small = int(FETCH["max_poll_records"])
        self.most = min(2 * self.most, small) if size < LARGE_POLL_BYTES else max(1, len(records) // 4)

    @property
    def _where(self) -> str:
        return f"{self.span.topic}/{self.span.partition}"

    def _retention(self) -> Iterator[Gap]:
        """Account for what retention took, and go on behind it."""
        timeout_ms = int(self.kafka.request_timeout_s * 1000)
        beginning = self.consumer.beginning_offsets([self.name], timeout_ms=timeout_ms)[self.name]
        if beginning <= self.due:
            raise TopicRecreated(
                f"{self._where} has no offset {self.due}: it begins at {beginning} and ends before. It was deleted "
                f"and made again, or its log was cut.{ADVICE_CUT}"
            )
        upto = min(beginning, self.span.end)
        if self.retention_gap == "stop":
            raise retention_passed((Gap(self.span.topic, self.span.partition, self.due, upto, "retention"),))
        yield Gap(self.span.topic, self.span.partition, self.due, upto, "retention")
        self.due = upto
        self.consumer.seek(self.name, beginning)

    def _hole_up_to(self, offset: int) -> Iterator[Gap]:
        """Gaps up to the next record: markers and aborted records where they were come past, else compaction."""
        for start, end, kind in self.control_records.kinds(self.due, offset):
            yield Gap(self.span.topic, self.span.partition, start, end, kind)
            self.due = end


def message_of(record: ConsumerRecord) -> RawMessage:
    """The message of a consumer's record; a timestamp that no calendar has is moved to the nearest one."""
    milliseconds = min(max(record.timestamp, 0), LAST_MS)
    left_out = getattr(record.value, "size", None)
    return RawMessage(
        coordinates=Coordinates(record.topic, record.partition, record.offset),
        timestamp=EPOCH + timedelta(milliseconds=milliseconds),
        key=None if record.key is None else bytes(record.key),
        value=None if record.value is None or left_out is not None else bytes(record.value),
        headers=tuple((name, None if value is None else bytes(value)) for name, value in record.headers or ()),
        left_out_bytes=left_out,
    )
