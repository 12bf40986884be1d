"""Reads ranges of offsets from Kafka. Every offset of a range is returned as a message or as part of a typed gap."""

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
QUIET_S = 3.0  # after this long without a record, the topic is described to find out what is wrong
FIRST_RECORDS, LARGE_POLL_BYTES = 10, 8 << 20
ADVICE_CUT = "\nWhat to do: run again. The new run compares the topic with the warehouse and reports how they differ."
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_MS = 253_402_300_799_000  # the last second of the year 9999
FETCH = {  # a reader has at most two fetches in memory; a message larger than a fetch still arrives, alone
    "max_partition_fetch_bytes": 4 << 20,
    "fetch_max_bytes": 8 << 20,
    "max_poll_records": 200,
    "retry_backoff_ms": 20,  # a new reader waits this long for the partition's leader
}


class CorruptBatch(Exception):
    """The bytes at an offset cannot be read: damaged on disk or in transit, or compressed with an unknown codec."""


def read_range(kafka: KafkaSettings, span: OffsetRange, *,
               retention_gap: RetentionPolicy = "stop") -> Iterator[RawMessage | Gap]:
    """Yield the range's messages in order, and a ``Gap`` for offsets without a message.

    Ends when every offset of the range is accounted for, even if the last ones are control records. Offsets that
    retention has removed are yielded as a ``retention`` gap if the policy is to continue, and raise
    ``RetentionPassed`` otherwise. Raises ``BrokerUnavailable`` after ``request_timeout_s`` without progress,
    ``TopicRecreated`` if the range is past the topic's end, ``CorruptBatch`` if bytes cannot be read.
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
    """Reads one range once. ``due`` is the next offset to account for."""

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
                yield from self._gaps_up_to(record.offset)
                yield message_of(record)
                self.due = record.offset + 1
            if position is None:
                yield from self._retention()
            elif position >= self.span.end or not records:
                yield from self._gaps_up_to(min(position, self.span.end))

    def _poll(self) -> tuple[list[ConsumerRecord], int | None]:
        """The next records and the position after them. The position is None if the offset is out of range.

        The timeout covers only the time spent waiting here, so that a slow consumer of the messages does not count.
        """
        from kafka import errors

        began = time.monotonic()
        was_asked = False
        while (waited := time.monotonic() - began) < self.kafka.request_timeout_s:
            if waited > QUIET_S and not was_asked:
                self._broker_fault()
                was_asked = True
            try:
                most = min(self.most, self.span.end - self.due)  # do not unpack past the range
                records = self.consumer.poll(timeout_ms=POLL_MS, max_records=most).get(self.name, [])
                self._note_sizes(records)
            except errors.OffsetOutOfRangeError:
                return [], None
            except errors.LogTruncationError as fault:
                raise TopicRecreated(
                    f"The log of {self._where} was truncated before offset {self.due}: {fault}.{ADVICE_CUT}"
                ) from fault
            except (errors.CorruptRecordError, errors.UnsupportedCodecError, ValueError, AssertionError) as fault:
                raise CorruptBatch(
                    f"{self._where} cannot be read at or after offset {self.due}: {in_words(fault)}."
                    "\nWhat to do: compare with kafka-dump-log on the broker, and restore the log from a replica."
                ) from fault
            position = self.consumer.position(self.name, timeout_ms=POLL_MS)
            if records or (position is not None and position > self.due):
                return records, position
        raise self._broker_fault() or BrokerUnavailable(
            f"{self._where} returned no record from offset {self.due} to {self.span.end} for "
            f"{self.kafka.request_timeout_s:g} s.\nWhat to do: check that the broker at {self.kafka.bootstrap_servers} "
            "is up and has the topic (`dateline status`), then run again."
        )

    def _broker_fault(self) -> BrokerUnavailable | None:
        """The fault of an unavailable broker, or None if the topic can be described.

        A consumer waits silently for a topic that was deleted or that it may not describe. This raises
        ``TopicMissing`` or ``TopicRefused`` then. An unavailable broker may come back, so its fault is only returned.
        """
        try:
            describe_topic(impatient(self.kafka), self.span.topic)
        except BrokerUnavailable as fault:
            return fault
        return None

    def _note_sizes(self, records: list[ConsumerRecord]) -> None:
        """Adapts the number of records per poll to their sizes, because all records of a poll are in memory together.
        """
        size = sum(max(record.serialized_value_size, 0) for record in records)
        small = int(FETCH["max_poll_records"])
        self.most = min(2 * self.most, small) if size < LARGE_POLL_BYTES else max(1, len(records) // 4)

    @property
    def _where(self) -> str:
        return f"{self.span.topic}/{self.span.partition}"

    def _retention(self) -> Iterator[Gap]:
        """Yields or raises the gap that retention left, and continues after it."""
        timeout_ms = int(self.kafka.request_timeout_s * 1000)
        beginning = self.consumer.beginning_offsets([self.name], timeout_ms=timeout_ms)[self.name]
        if beginning <= self.due:
            raise TopicRecreated(
                f"{self._where} has no offset {self.due}: it begins at {beginning} and ends before {self.due}. The "
                f"topic was deleted and made again, or its log was truncated.{ADVICE_CUT}"
            )
        upto = min(beginning, self.span.end)
        if self.retention_gap == "stop":
            raise retention_passed((Gap(self.span.topic, self.span.partition, self.due, upto, "retention"),))
        yield Gap(self.span.topic, self.span.partition, self.due, upto, "retention")
        self.due = upto
        self.consumer.seek(self.name, beginning)

    def _gaps_up_to(self, offset: int) -> Iterator[Gap]:
        """The gaps up to the next record: control records and aborted records if noted, otherwise compaction."""
        for start, end, kind in self.control_records.kinds(self.due, offset):
            yield Gap(self.span.topic, self.span.partition, start, end, kind)
            self.due = end


def message_of(record: ConsumerRecord) -> RawMessage:
    """The message of a consumer's record. A timestamp outside the years 1970 to 9999 is moved to the nearest of them.
    """
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
