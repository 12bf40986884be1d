"""A compressed batch with a huge value: the value is passed over, the records beside it are read."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from typing import Any

import pytest
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.record.memory_records import MemoryRecords

from pipelines.sources import bounded
from pipelines.sources.bounded import BoundedBatch, LeftOut, largest_record_bytes
from pipelines.sources.kafka import message_of
from pipelines.sources.tolerant import read_any_header_name

CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
HUGE = 3_000_000


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine in small: a batch of over 100 kB is read piece by piece, a record of over 1 MB is passed over."""
    monkeypatch.setattr(bounded, "WHOLE_BYTES", 100_000)
    monkeypatch.setattr(bounded, "CHUNK_BYTES", 10_000)
    monkeypatch.setattr(bounded, "BESIDE_BYTES", 50_000)
    monkeypatch.setattr(bounded, "largest_record_bytes", lambda: 1_000_000)


def a_batch(codec: str, *records: tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=CODECS[codec], is_transactional=False, producer_id=-1, producer_epoch=-1,
        base_sequence=-1, batch_size=1 << 30,
    )
    for n, (key, value, headers) in enumerate(records):
        assert builder.append(n, 1_772_616_600_000 + n, key, value, headers) is not None
    return bytes(builder.build())


def records_in(batch: bytes) -> Iterator[Any]:
    read_any_header_name()
    found = MemoryRecords(batch).next_batch()
    assert isinstance(found, BoundedBatch)
    return iter(found)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("codec", CODECS)
def test_records_beside_a_huge_value_are_read(codec: str) -> None:
    batch = a_batch(
        codec, (b"a", b"one", []), (b"b", bytes(HUGE), [("url", b"https://pier.example/b"), ("none", None)]),
        (b"c", b"x" * 200_000, []), (b"d", None, []), (bytes(HUGE), bytes(HUGE), [("big", bytes(HUGE))]),
        (None, bytes(HUGE), []), (b"e", b"last", [("source", b"harbour-crawler")]),
    )
    found = list(records_in(batch))
    assert [record.offset for record in found] == list(range(7))
    assert [record.timestamp for record in found] == [1_772_616_600_000 + n for n in range(7)]
    assert [record.key for record in found] == [b"a", b"b", b"c", b"d", None, None, b"e"]
    assert [record.value for record in found] == [b"one", b"", b"x" * 200_000, None, b"", b"", b"last"]
    assert [getattr(record.value, "size", None) for record in found] == [None, HUGE, None, None, HUGE, HUGE, None]
    assert found[1].headers == [("url", b"https://pier.example/b"), ("none", None)]
    assert (found[4].headers, found[6].headers) == ([], [("source", b"harbour-crawler")])


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("codec", CODECS)
def test_a_large_batch_of_small_records_is_read_as_ever(codec: str) -> None:
    values = [b"%d" % n * 5_000 for n in range(100)]
    found = [record.value for record in records_in(a_batch(codec, *((b"k", value, []) for value in values)))]
    assert found == values


def test_a_message_without_its_value_is_no_tombstone() -> None:
    from kafka.consumer.fetcher import ConsumerRecord

    record = ConsumerRecord("t", 0, 0, 7, 1_772_616_600_000, 0, b"k", LeftOut.of(HUGE), [], None, 1, 0, 0)
    message = message_of(record)
    assert (message.value, message.left_out_bytes) == (None, HUGE)
    assert message_of(record._replace(value=None)).left_out_bytes is None


def test_the_largest_record_follows_the_limit_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert largest_record_bytes() == bounded.UNLIMITED_BYTES
    monkeypatch.setattr(bounded, "_data_bytes", lambda: 400_000_000)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_000_000_000, 1_000_000_000))
    assert largest_record_bytes() == 100_000_000
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, 100))
    assert largest_record_bytes() == 0
