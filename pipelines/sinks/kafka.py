"""Write to Kafka: raw messages, tombstones and dead letters, acknowledged by every replica before it returns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipelines.broker import BrokerRefused, BrokerUnavailable, admin_client, broker_faults, client_options, connect
from pipelines.settings import KafkaSettings

if TYPE_CHECKING:
    from kafka import KafkaProducer

__all__ = [
    "BrokerRefused", "BrokerUnavailable", "OutgoingMessage", "Published", "make_topics", "publish_messages",
]

LARGEST_BYTES = 12 << 20  # the local broker's message.max.bytes
IN_FLIGHT = 500  # so many unacknowledged messages at most, so that a huge publish is bounded in memory


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message to be written; the key, an article's URL, keeps an article in one partition. No value: a tombstone."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """How many messages the broker acknowledged, in all and by partition."""

    topic: str
    count: int
    by_partition: Mapping[int, int] = field(default_factory=dict)


def publish_messages(kafka: KafkaSettings, topic: str, messages: Iterable[OutgoingMessage]) -> Published:
    """Write the messages in order and wait until each is acknowledged.

    Written by an idempotent producer, so that its own retries double nothing. A publish that fails half way
    and is run again writes again what was written: the pipeline then sees the same article twice, unchanged.
    """
    with broker_faults(kafka, f"publish to {topic}"):
        producer = _producer(kafka)
        try:
            counts: Counter[int] = Counter()
            waiting: list[Any] = []
            for message in messages:
                headers = list(message.headers)
                waiting.append(producer.send(topic, value=message.value, key=message.key, headers=headers))
                if len(waiting) >= IN_FLIGHT:
                    _settle(kafka, waiting, counts)
            _settle(kafka, waiting, counts)
        finally:
            producer.close(timeout=kafka.request_timeout_s)
    return Published(topic, counts.total(), dict(sorted(counts.items())))


def _settle(kafka: KafkaSettings, waiting: list[Any], counts: Counter[int]) -> None:
    for future in waiting:
        counts[future.get(timeout=kafka.request_timeout_s).partition] += 1
    waiting.clear()


def _producer(kafka: KafkaSettings) -> KafkaProducer:
    from kafka import KafkaProducer

    timeout_ms = int(kafka.request_timeout_s * 1000)
    own = {
        "acks": "all",
        "enable_idempotence": True,
        "compression_type": "lz4",
        "linger_ms": 5,
        "batch_size": 256 << 10,
        "max_request_size": LARGEST_BYTES,
        "delivery_timeout_ms": timeout_ms + 5,
        "max_block_ms": timeout_ms,
        "allow_auto_create_topics": False,
        "metrics_enabled": False,
    }
    return connect(KafkaProducer, client_options(kafka) | own)


def make_topics(kafka: KafkaSettings, topics: Mapping[str, Mapping[str, str]] | None = None) -> tuple[str, ...]:
    """Make the topics of raw articles and dead letters where they are missing; the names that were made.

    ``topics`` maps other names to their settings instead.
    """
    wanted = {kafka.raw_topic: {}, kafka.rejected_topic: {}} if topics is None else dict(topics)
    with admin_client(kafka, f"make the topics {', '.join(wanted)}") as admin:
        there = set(admin.list_topics())
        missing = {
            name: {"num_partitions": kafka.partitions, "configs": dict(settings)}
            for name, settings in wanted.items()
            if name not in there
        }
        if missing:
            admin.create_topics(missing, wait_for_metadata=True)
    return tuple(missing)
