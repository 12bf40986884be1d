"""Reading ranges from a real broker: every offset a message or a typed gap."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from pipelines.broker_faults import PortRefused
from pipelines.records import Gap, OffsetRange, RawMessage
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import OutgoingMessage, publish_messages
from pipelines.sources.kafka import (
    RetentionPassed,
    TopicMissing,
    TopicRecreated,
    describe_topic,
    plan_ranges,
    read_range,
    topic_offsets,
)


def send(kafka: KafkaSettings, *values: bytes | None, key: bytes | None = b"k") -> None:
    publish_messages(kafka, kafka.raw_topic, [OutgoingMessage(key, value) for value in values])


def read(kafka: KafkaSettings, start: int, end: int, partition: int = 0, **how: str) -> list[bytes | Gap | None]:
    """The values and gaps of a range."""
    found = read_range(kafka, OffsetRange(kafka.raw_topic, partition, start, end), **how)  # type: ignore[arg-type]
    return [item.value if isinstance(item, RawMessage) else item for item in found]


def gap(kafka: KafkaSettings, start: int, end: int, kind: str, partition: int = 0) -> Gap:
    return Gap(kafka.raw_topic, partition, start, end, kind)  # type: ignore[arg-type]


def read_until(kafka: KafkaSettings, expected: Sequence[bytes | Gap | None]) -> list[bytes | Gap | None]:
    """The whole partition, once it reads as expected: the cleaner comes by when it likes."""
    until = time.monotonic() + 30
    ((_, end),) = topic_offsets(kafka, kafka.raw_topic).values()
    while (found := read(kafka, 0, end)) != expected and time.monotonic() < until:
        time.sleep(0.2)
    return found


def delete_records(kafka: KafkaSettings, before: int, partition: int = 0) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    admin.delete_records({TopicPartition(kafka.raw_topic, partition): before})
    admin.close()


class Transactions:
    """A transactional producer of a test."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self.topic, self.bootstrap_servers = kafka.raw_topic, kafka.bootstrap_servers
        self.producer = KafkaProducer(bootstrap_servers=kafka.bootstrap_servers, transactional_id=kafka.raw_topic)
        self.producer.init_transactions()

    def send(self, *values: bytes) -> None:
        for value in values:
            self.producer.send(self.topic, key=value, value=value, partition=0)
        self.producer.flush()

    def commit(self, *values: bytes) -> None:
        self.producer.begin_transaction()
        self.send(*values)
        self.producer.commit_transaction()
        self.wait_for_marker()

    def abort(self, *values: bytes) -> None:
        self.producer.begin_transaction()
        self.send(*values)
        self.producer.abort_transaction()
        self.wait_for_marker()

    def wait_for_marker(self) -> None:
        """Wait until the broker has written the marker, which it does after it has answered."""
        until = time.monotonic() + 30
        while self.end("read_committed") != self.end("read_uncommitted"):
            assert time.monotonic() < until, "no marker after 30 s"
            time.sleep(0.02)

    def end(self, isolation_level: str) -> dict[TopicPartition, int]:
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap_servers, isolation_level=isolation_level)
        try:
            return consumer.end_offsets([TopicPartition(self.topic, 0)])
        finally:
            consumer.close()


def test_a_message_comes_back_as_it_was_sent(kafka: KafkaSettings, make_topic: Callable[..., str]) -> None:
    topic = make_topic()
    before = datetime.now(UTC) - timedelta(seconds=5)
    headers = (("url", b"https://pier.example/a"), ("Content-Type", b"text/html"), ("url", b"https://pier.example/b"))
    publish_messages(kafka, topic, [OutgoingMessage(b"key", b"<p>\xff", headers), OutgoingMessage(b"gone", None)])
    first, tombstone = read_range(kafka, OffsetRange(topic, 0, 0, 2))
    assert isinstance(first, RawMessage)
    assert isinstance(tombstone, RawMessage)
    assert str(first.coordinates) == f"{topic}/0@0"
    assert (first.key, first.value, first.headers) == (b"key", b"<p>\xff", headers)
    assert first.header("URL") == "https://pier.example/b"
    assert before < first.timestamp < datetime.now(UTC) + timedelta(seconds=5)
    assert (tombstone.key, tombstone.value, tombstone.headers) == (b"gone", None, ())


def test_a_range_ends_where_it_says(kafka: KafkaSettings, make_topic: Callable[..., str]) -> None:
    make_topic()
    send(kafka, *(str(number).encode() for number in range(1_000)))
    assert read(kafka, 3, 6) == [b"3", b"4", b"5"]
    assert read(kafka, 998, 1_000) == [b"998", b"999"]
    assert read(kafka, 5, 5) == []
    assert len(read(kafka, 0, 1_000)) == 1_000


def test_aborted_records_are_a_gap_and_control_records_too(
    kafka: KafkaSettings, make_topic: Callable[..., str]
) -> None:
    make_topic()
    writer = Transactions(kafka)
    writer.commit(b"a", b"b")  # 0 1, marker 2
    writer.abort(b"x", b"y", b"z")  # 3 4 5, marker 6
    writer.commit(b"c")  # 7, marker 8
    writer.abort(b"w")  # 9, marker 10
    writer.producer.close()
    assert topic_offsets(kafka, kafka.raw_topic) == {0: (0, 11)}
    assert read(kafka, 0, 11) == [
        b"a", b"b", gap(kafka, 2, 7, "control_record"), b"c", gap(kafka, 8, 11, "control_record"),
    ]
    assert read(kafka, 3, 6) == [gap(kafka, 3, 6, "control_record")]
    assert read(kafka, 8, 9) == [gap(kafka, 8, 9, "control_record")]
    plan = plan_ranges(kafka, kafka.raw_topic, {0: 11}, 100)
    assert (plan.ranges, plan.lag) == ((), {0: 0})


def test_an_open_transaction_holds_the_end_back(kafka: KafkaSettings, make_topic: Callable[..., str]) -> None:
    topic = make_topic()
    send(kafka, b"before")
    writer = Transactions(kafka)
    writer.producer.begin_transaction()
    writer.send(b"open")
    send(kafka, b"after")
    assert topic_offsets(kafka, topic) == {0: (0, 1)}
    plan = plan_ranges(kafka, topic, {0: 1}, 10)
    assert (plan.ranges, plan.lag, plan.waiting) == ((), {0: 0}, {0: 2})
    dirty = kafka.model_copy(update={"isolation_level": "read_uncommitted"})
    assert (describe_topic(dirty, topic).offsets, describe_topic(dirty, topic).waiting) == ({0: (0, 3)}, {})
    writer.producer.commit_transaction()
    writer.producer.close()
    assert plan_ranges(kafka, topic, {}, 10).waiting == {}
    assert read(kafka, 0, 4) == [b"before", b"open", b"after", gap(kafka, 3, 4, "control_record")]


def test_compacted_offsets_are_a_gap(kafka: KafkaSettings, make_topic: Callable[..., str]) -> None:
    make_topic(cleanup_policy="compact", segment_ms="50", min_cleanable_dirty_ratio="0.001", delete_retention_ms="100")
    for value in (b"1", b"2", b"3"):
        send(kafka, value)
        time.sleep(0.1)  # segments roll by time
    send(kafka, b"other", key=b"other")
    expected = [gap(kafka, 0, 2, "compaction"), b"3", b"other"]
    assert read_until(kafka, expected) == expected


def test_control_records_of_a_compacted_topic_are_reported_from_what_compaction_took(
    kafka: KafkaSettings, make_topic: Callable[..., str]
) -> None:
    never = {"delete_retention_ms": "60000"}  # markers themselves stay while the test lasts
    make_topic(cleanup_policy="compact", segment_ms="50", min_cleanable_dirty_ratio="0.001", **never)
    writer = Transactions(kafka)
    writer.commit(b"a")  # 0, marker 1
    writer.abort(b"x", b"y")  # 2 3, marker 4
    send(kafka, b"1")  # 5
    time.sleep(0.1)  # segments roll by time
    send(kafka, b"2")  # 6
    time.sleep(0.1)
    send(kafka, b"3")  # 7
    time.sleep(0.1)
    writer.commit(b"b")  # 8, marker 9
    writer.producer.close()
    marker = "control_record"
    expected = [
        b"a", gap(kafka, 1, 2, marker), gap(kafka, 2, 4, "compaction"), gap(kafka, 4, 5, marker),
        gap(kafka, 5, 7, "compaction"), b"3", b"b", gap(kafka, 9, 10, marker),
    ]
    assert read_until(kafka, expected) == expected


def test_what_retention_took_stops_the_run_or_is_a_gap(kafka: KafkaSettings, make_topic: Callable[..., str]) -> None:
    topic = make_topic()
    send(kafka, *(str(number).encode() for number in range(10)))
    delete_records(kafka, before=6)
    with pytest.raises(RetentionPassed, match=r"4 offsets passed out of retention .* \(.*/0 2–5\)") as fault:
        plan_ranges(kafka, topic, {0: 2}, 3)
    assert fault.value.lost == 4
    plan = plan_ranges(kafka, topic, {0: 2}, 3, retention_gap="continue")
    assert plan.ranges == (OffsetRange(topic, 0, 2, 9),)
    assert plan.gaps == (gap(kafka, 2, 6, "retention"),)
    assert plan.lag == {0: 4}
    assert read(kafka, 2, 9, retention_gap="continue") == [gap(kafka, 2, 6, "retention"), b"6", b"7", b"8"]
    assert read(kafka, 2, 4, retention_gap="continue") == [gap(kafka, 2, 4, "retention")]
    with pytest.raises(RetentionPassed, match="4 offsets"):
        read(kafka, 2, 9)


def test_a_topic_of_which_nothing_is_left_still_moves_on(kafka: KafkaSettings, make_topic: Callable[..., str]) -> None:
    topic = make_topic()
    send(kafka, b"a", b"b")
    delete_records(kafka, before=2)
    plan = plan_ranges(kafka, topic, {0: 0}, 10, retention_gap="continue")
    assert plan.ranges == (OffsetRange(topic, 0, 0, 2),)
    assert read(kafka, 0, 2, retention_gap="continue") == [gap(kafka, 0, 2, "retention")]
    assert plan_ranges(kafka, topic, {}, 10).ranges == ()


def test_new_partitions_are_read_from_their_first_offset(kafka: KafkaSettings, make_topic: Callable[..., str]) -> None:
    topic = make_topic()
    send(kafka, b"old")
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    admin.create_partitions({topic: 3})
    admin.close()
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap_servers)
    producer.send(topic, value=b"new", partition=2).get(10)
    producer.close()
    plan = plan_ranges(kafka, topic, {0: 1}, 10)
    assert plan.ranges == (OffsetRange(topic, 2, 0, 1),)
    assert plan.lag == {0: 0, 1: 0, 2: 1}
    assert read(kafka, 0, 1, partition=2) == [b"new"]


def test_a_topic_made_again_is_refused(kafka: KafkaSettings, make_topic: Callable[..., str]) -> None:
    topic = make_topic(partitions=2)
    send(kafka, b"a", b"b", b"c")
    before = describe_topic(kafka, topic)
    saved = {partition: end for partition, (_, end) in before.offsets.items()}
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    admin.delete_topics([topic])
    until = time.monotonic() + 20
    while topic in admin.list_topics() and time.monotonic() < until:
        time.sleep(0.05)
    admin.close()
    with pytest.raises(TopicMissing, match=f"There is no topic {topic}"):
        plan_ranges(kafka, topic, saved, 10)
    make_topic(partitions=1)
    assert describe_topic(kafka, topic).topic_id != before.topic_id
    with pytest.raises(TopicRecreated, match="ends before the offsets that the warehouse has loaded"):
        plan_ranges(kafka, topic, {0: 3, 1: 0}, 10)
    with pytest.raises(TopicRecreated, match="has no offset 3"):
        read(kafka, 3, 5)


class Latin(str):
    """A name that goes over the wire in Latin-1, as a careless producer writes it."""

    __slots__ = ()

    def encode(self, *_: str) -> bytes:
        return super().encode("latin-1")


@pytest.mark.parametrize("codec", [None, "lz4"])
def test_a_header_name_that_is_not_utf8_stops_nothing(
    kafka: KafkaSettings, make_topic: Callable[..., str], codec: str | None
) -> None:
    topic = make_topic()
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap_servers, compression_type=codec, linger_ms=50)
    for value, name in ((b"a", "url"), (b"b", Latin("größe")), (b"c", "url")):
        producer.send(topic, value=value, headers=[(name, b"1"), ("last", b"2")])
    producer.close()
    found = list(read_range(kafka, OffsetRange(topic, 0, 0, 3)))
    assert [(item.value, item.headers) for item in found if isinstance(item, RawMessage)] == [
        (b"a", (("url", b"1"), ("last", b"2"))),
        (b"b", (("gr\ufffd\ufffde", b"1"), ("last", b"2"))),
        (b"c", (("url", b"1"), ("last", b"2"))),
    ]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_every_codec_is_read(kafka: KafkaSettings, make_topic: Callable[..., str], codec: str) -> None:
    topic = make_topic()
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap_servers, compression_type=codec, linger_ms=50)
    values = [f"{number} ".encode() * 400 for number in range(20)]
    for value in values:
        producer.send(topic, value=value)
    producer.close()
    assert read(kafka, 0, 20) == values
    assert read(kafka, 7, 9) == values[7:9]  # out of the middle of a batch


def test_a_message_of_eleven_megabytes_passes(kafka: KafkaSettings, make_topic: Callable[..., str]) -> None:
    import random

    make_topic()
    large = random.Random(1).randbytes(11_000_000)
    send(kafka, b"small", large, b"after")
    assert read(kafka, 0, 3) == [b"small", large, b"after"]


def test_a_broker_that_is_away_is_named_in_time(kafka: KafkaSettings) -> None:
    away = kafka.model_copy(update={"bootstrap_servers": "127.0.0.1:1", "request_timeout_s": 1.0})
    started = time.monotonic()
    with pytest.raises(PortRefused, match=r"Could not read the offsets of articles\.raw\. 127\.0\.0\.1:1: "):
        plan_ranges(away, "articles.raw", {}, 10)
    with pytest.raises(PortRefused, match=r"Could not read articles\.raw/0 from 0"):
        list(read_range(away, OffsetRange("articles.raw", 0, 0, 1)))
    assert time.monotonic() - started < 10


def test_a_range_of_a_topic_that_is_not_there_does_not_hang(kafka: KafkaSettings) -> None:
    quick = kafka.model_copy(update={"request_timeout_s": 2.0})
    with pytest.raises(TopicMissing, match="There is no topic no-such-topic"):
        list(read_range(quick, OffsetRange("no-such-topic", 0, 0, 5)))
