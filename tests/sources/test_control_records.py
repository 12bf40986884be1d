"""What a consumer steps over is noted, from batches as Kafka lays them out."""

from __future__ import annotations

import struct
from types import SimpleNamespace

from kafka import TopicPartition
from kafka.consumer.fetcher import Fetcher
from kafka.protocol.consumer import IsolationLevel
from kafka.record.memory_records import MemoryRecords

from pipelines.sources.control_records import ControlRecords, note_control_records
from pipelines.sources.tolerant import read_any_header_name

TRANSACTIONAL, CONTROL = 0x10, 0x20


def a_batch(base: int, last: int, attributes: int = 0, records: bytes = b"", count: int = 0) -> bytes:
    """A batch of format 2: header, then so many records as they are; the checksum is not looked at."""
    after = struct.pack(">hiqqqhii", attributes, last - base, 0, 0, 7, 0, -1, count) + records
    body = struct.pack(">ibI", 0, 2, 0) + after
    return struct.pack(">qi", base, len(body)) + body


def control_record(*, abort: bool) -> bytes:
    key, value = struct.pack(">hh", 0, 0 if abort else 1), b"\0" * 6
    fields = b"\0\0\0" + bytes([2 * len(key)]) + key + bytes([2 * len(value)]) + value + b"\0"
    return bytes([2 * len(fields)]) + fields


def read(*batches: bytes, aborted: tuple[int, ...] = ()) -> tuple[list[int], ControlRecords]:
    """Offsets of the records that come out, and the markers noted."""
    read_any_header_name()
    consumer = SimpleNamespace(_fetcher=SimpleNamespace(PartitionRecords=Fetcher.PartitionRecords))
    control_records = note_control_records(consumer)
    found = consumer._fetcher.PartitionRecords(
        0, TopicPartition("t", 0), MemoryRecords(b"".join(batches)), check_crcs=False,
        isolation_level=IsolationLevel.READ_COMMITTED,
        aborted_transactions=[SimpleNamespace(producer_id=7, first_offset=offset) for offset in aborted],
    )
    return [record.offset for record in found.take()], control_records


def test_control_records_and_aborted_records_are_reported_from_what_is_gone() -> None:
    offsets, control_records = read(
        a_batch(0, 2, TRANSACTIONAL),  # emptied by compaction, aborted
        a_batch(3, 3, TRANSACTIONAL | CONTROL, control_record(abort=True), 1),
        a_batch(6, 8),  # emptied by compaction
        a_batch(9, 9, TRANSACTIONAL | CONTROL, control_record(abort=False), 1),
        aborted=(0,),
    )
    assert offsets == []
    assert list(control_records.kinds(0, 10)) == [
        (0, 4, "control_record"), (4, 9, "compaction"), (9, 10, "control_record"),
    ]


def test_a_control_record_whose_record_compaction_took_stops_nothing() -> None:
    offsets, control_records = read(a_batch(0, 0, TRANSACTIONAL | CONTROL), a_batch(1, 1))
    assert offsets == []
    assert list(control_records.kinds(0, 2)) == [(0, 1, "control_record"), (1, 2, "compaction")]
