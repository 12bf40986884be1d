"""Writes raw messages and tombstones to Kafka, acknowledged by all replicas, and makes topics."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pipelines.broker import (
    BrokerRefused,
    BrokerUnavailable,
    ask_broker,
    broker_faults,
    connect,
    refuse_errors,
    refuse_topic_name,
)
from pipelines.records import OutgoingMessage
from pipelines.settings import KafkaSettings

if TYPE_CHECKING:
    from kafka import KafkaAdminClient, KafkaProducer

__all__ = [
    "BrokerRefused", "BrokerUnavailable", "MessageTooLarge", "OutgoingMessage", "Published", "make_topics",
    "publish_messages",
]

LARGEST_BYTES = 12 << 20  # the local broker's message.max.bytes
CAREFUL_BYTES = 1_000_000  # just below the default limit of a topic
IN_FLIGHT = 500  # unacknowledged messages at most, to limit the memory of a huge publish
IN_FLIGHT_BYTES = 32 << 20


class MessageTooLarge(Exception):
    """A message is larger than the broker or the topic accepts."""


class Sendable(Protocol):
    """What can be published, such as an ``OutgoingMessage`` or a sample."""

    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> tuple[tuple[str, bytes], ...]: ...
    @property
    def path(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Published:
    """The number of messages that the broker acknowledged, in all and by partition."""

    topic: str
    count: int
    by_partition: Mapping[int, int] = field(default_factory=dict)


def publish_messages(
    kafka: KafkaSettings, topic: str, messages: Iterable[Sendable], *,
    counts: Counter[int] | None = None, leave_out: Callable[[Sendable, MessageTooLarge], None] | None = None,
) -> Published:
    """Write the messages in order and wait until each is acknowledged.

    ``counts`` is updated with the acknowledged messages by partition, so that the caller knows their number even if
    this raises. A message that is too large for the topic is passed to ``leave_out``, and the others are sent; without
    ``leave_out``, it raises.

    The producer is idempotent: its own retries write no message twice. A publish that fails half way and is run again
    does write messages again; the pipeline records those as unchanged articles. Raises ``MessageTooLarge``, which
    names the message, ``BrokerUnavailable`` or ``BrokerRefused``.
    """
    refuse_topic_name(topic)
    with broker_faults(kafka, f"publish to {topic}"):
        sending = _Sending(kafka, topic, counts=Counter() if counts is None else counts, leave_out=leave_out)
        try:
            for message in messages:
                sending.send(message)
            sending.settle()
        finally:
            sending.close()
    return sending.published()


class _Sending:
    """A producer for one topic, with a limit on the messages that are sent but not yet acknowledged."""

    def __init__(
        self, kafka: KafkaSettings, topic: str, *, counts: Counter[int],
        leave_out: Callable[[Sendable, MessageTooLarge], None] | None,
    ) -> None:
        self.kafka, self.topic, self.counts, self.leave_out = kafka, topic, counts, leave_out
        self.producer = self._connected()
        self.waiting: list[tuple[Any, Sendable]] = []
        self.waiting_bytes = 0

    def send(self, message: Sendable) -> None:
        future = self._future(message)
        if future is None:
            self._refused(message)
            return
        self.waiting.append((future, message))
        self.waiting_bytes += len(message.value or b"")
        if len(self.waiting) >= IN_FLIGHT or self.waiting_bytes >= IN_FLIGHT_BYTES:
            self.settle()

    def settle(self) -> None:
        """Wait until everything that was sent is acknowledged."""
        waiting, self.waiting, self.waiting_bytes = self.waiting, [], 0
        for n, (future, _) in enumerate(waiting):
            if not self._acknowledged(future):
                self._one_by_one([message for _, message in waiting[n:]], [future for future, _ in waiting[n:]])
                return

    def _one_by_one(self, messages: list[Sendable], futures: list[Any]) -> None:
        """Sends the messages again one by one, to find those that are too large.

        After the broker has refused a message, every later send of the same producer fails too.
        """
        self._anew()
        for message, sent in zip(messages, futures, strict=True):
            if sent.succeeded():
                self.counts[sent.value.partition] += 1
            elif not self._acknowledged(self._future(message)):
                self._refused(message)
                self._anew()

    def _anew(self) -> None:
        self.close()
        self.producer = self._connected()

    def _connected(self) -> KafkaProducer:
        return a_producer(self.kafka, f"publish to {self.topic}", LARGEST_BYTES)

    def _refused(self, message: Sendable) -> None:
        if self.leave_out is None:
            raise self._too_large(message)
        self.leave_out(message, self._too_large(message))

    def published(self) -> Published:
        return Published(self.topic, self.counts.total(), dict(sorted(self.counts.items())))

    def close(self) -> None:
        """Waits for the messages in flight. Those that are acknowledged are counted, even after a failure."""
        self.producer.close(timeout=self.kafka.request_timeout_s)
        for future, _ in self.waiting:
            if future.succeeded():
                self.counts[future.value.partition] += 1
        self.waiting = []

    def _future(self, message: Sendable) -> Any:
        """The library's future, or None if the library itself finds the message too large."""
        from kafka.errors import MessageSizeTooLargeError

        try:
            return self.producer.send(
                self.topic, value=message.value, key=message.key, headers=list(message.headers)
            )
        except MessageSizeTooLargeError:
            return None

    def _acknowledged(self, future: Any) -> bool:
        from kafka.errors import MessageSizeTooLargeError, RecordListTooLargeError

        try:
            sent = future.get(timeout=self.kafka.request_timeout_s)
        except (MessageSizeTooLargeError, RecordListTooLargeError):
            return False
        self.counts[sent.partition] += 1
        return True

    def _too_large(self, message: Sendable) -> MessageTooLarge:
        name = message.path or (message.key or b"").decode("utf-8", "replace") or "a message without a key"
        return MessageTooLarge(
            f"{name} has {len(message.value or b''):,} bytes, which is more than {self.topic} accepts."
            f"\nWhat to do: leave it out, or raise the topic's max.message.bytes (Dateline sends at most "
            f"{LARGEST_BYTES:,})."
        )


def a_producer(kafka: KafkaSettings, doing: str, largest_bytes: int) -> KafkaProducer:
    """An idempotent producer that sends no message over ``largest_bytes``."""
    from kafka import KafkaProducer

    timeout_ms = int(kafka.request_timeout_s * 1000)
    own = {
        "acks": "all",
        "enable_idempotence": True,
        "compression_type": "lz4",
        "linger_ms": 5,
        "batch_size": min(256 << 10, largest_bytes),
        "max_request_size": largest_bytes,
        "delivery_timeout_ms": timeout_ms + 5,
        "max_block_ms": timeout_ms,
        "allow_auto_create_topics": False,
        "metrics_enabled": False,
    }
    return connect(kafka, doing, KafkaProducer, own)


def make_topics(kafka: KafkaSettings, topics: Mapping[str, Mapping[str, str]] | None = None) -> tuple[str, ...]:
    """Make the topics of the settings if they are missing, and return the names of those made.

    ``topics`` replaces them by other topic names, each with its settings.
    """
    of_settings = (kafka.raw_topic, kafka.rejected_topic, kafka.clean_topic)
    wanted = {name: {} for name in of_settings if name} if topics is None else dict(topics)
    for name in wanted:
        refuse_topic_name(name)
    return ask_broker(
        kafka, f"make the topics {', '.join(wanted)}", lambda admin: _make_missing(admin, kafka.partitions, wanted)
    )


def _make_missing(admin: KafkaAdminClient, partitions: int, wanted: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    from kafka.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError

    there = {found["name"]: found for found in admin.describe_topics(list(wanted))}
    missing = {}
    for name, settings in wanted.items():
        found = there.get(name, {"error_code": UnknownTopicOrPartitionError.errno})
        if found["error_code"] == UnknownTopicOrPartitionError.errno:
            missing[name] = {"num_partitions": partitions, "configs": dict(settings)}
        else:
            refuse_errors({"error_code": found["error_code"]}, f"topic {name}")
    if missing:
        with contextlib.suppress(TopicAlreadyExistsError):  # another program made it meanwhile
            refuse_errors(admin.create_topics(missing, wait_for_metadata=True), f"topics {', '.join(missing)}")
    return tuple(missing)
