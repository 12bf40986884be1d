"""Sends messages of an outbox to their topic, and reports for each one whether it was sent. Unsent ones stay in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pipelines.broker import BrokerRefused, BrokerUnavailable, ask_broker, broker_faults
from pipelines.failures import RegistryFault
from pipelines.records import OutgoingMessage
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import CAREFUL_BYTES, LARGEST_BYTES, a_producer

if TYPE_CHECKING:
    from kafka import KafkaAdminClient, KafkaProducer

TOPIC_UNKNOWN = 3


@dataclass(slots=True)
class Sent:
    """The ids of the messages that were acknowledged, and of those that were refused, each with the reason.

    ``stopped`` is the fault that ended the sending. Messages that are in neither list were then not sent, or were sent
    but not acknowledged.
    """

    acknowledged: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    stopped: BrokerRefused | BrokerUnavailable | RegistryFault | None = None


@dataclass(frozen=True, slots=True)
class TopicUse:
    """What a topic is for, in words, and the setting that names it; both are part of messages."""

    topic: str
    purpose: str
    setting: str


class OutboxTopic[T](ABC):
    """A topic that is open for writing what waits in an outbox. Use it as a context manager.

    If the topic is missing, opening makes it, provided that the user may. Delivery is at least once: a message that is
    written but not acknowledged is sent again later. Raises ``BrokerUnavailable`` or ``BrokerRefused`` on opening.
    """

    has_smaller: ClassVar[bool] = False
    """Whether an item that is too large for the topic has a smaller message."""

    def __init__(self, kafka: KafkaSettings, use: TopicUse) -> None:
        self._kafka, self._use = kafka, use
        self._doing = f"send {use.purpose} to {use.topic}"
        self._producer: KafkaProducer | None = None
        ensure_topic(kafka, use)
        self._largest = largest_message(kafka, use.topic)

    @abstractmethod
    def _message(self, item: T, *, whole: bool = True) -> OutgoingMessage:
        """The message of an item; with ``whole=False`` the smaller one."""

    @abstractmethod
    def _too_large(self, size: int) -> str:
        """Why an item is refused whose message has this size in bytes, and what to do."""

    @abstractmethod
    def _cannot_be_encoded(self, fault: Exception) -> str:
        """Why an item is refused that has no message, and what to do."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def send(self, items: Mapping[str, T]) -> Sent:
        """Send the items, given by their ids, in order, and wait for the broker's acknowledgements."""
        sent = Sent()
        with self._stopped_by_faults(sent):
            for item_id in self._send_together(items, sent):
                self._send_alone(item_id, items[item_id], sent)
        if sent.stopped is not None:
            self._close()
        return sent

    def _send_together(self, items: Mapping[str, T], sent: Sent) -> list[str]:
        """Sends all items at once. Returns the ids of those to be sent again one by one, because one was refused."""
        futures = {}
        for item_id, item in items.items():
            try:
                message = self._fitting(item)
            except RegistryFault:
                raise
            except Exception as fault:  # noqa: BLE001  an item that cannot be encoded must not stop the others
                sent.refused[item_id] = self._cannot_be_encoded(fault)
                continue
            futures[item_id] = self._written(message)
        unsent: list[str] = []
        for item_id, future in futures.items():
            if self._is_acknowledged(future, broken=bool(unsent)):
                sent.acknowledged.append(item_id)
            else:
                unsent.append(item_id)
        if unsent:
            self._close()  # after a refused message, all later sends of a producer fail
        return unsent

    def _send_alone(self, item_id: str, item: T, sent: Sent) -> None:
        for whole in (True, False) if self.has_smaller else (True,):
            message = self._message(item, whole=whole)
            if self._is_acknowledged(self._written(message)):
                sent.acknowledged.append(item_id)
                return
            self._close()
        sent.refused[item_id] = self._too_large(len(message.value or b""))

    def _fitting(self, item: T) -> OutgoingMessage:
        message = self._message(item)
        if not self.has_smaller or _size(message) <= self._largest:
            return message
        return self._message(item, whole=False)

    def _written(self, message: OutgoingMessage) -> Any:
        """The library's future, or None if the library itself finds the message too large."""
        from kafka.errors import MessageSizeTooLargeError

        if self._producer is None:
            self._producer = a_producer(self._kafka, self._doing, self._largest)
        try:
            return self._producer.send(
                self._use.topic, value=message.value, key=message.key, headers=list(message.headers)
            )
        except MessageSizeTooLargeError:
            return None

    def _is_acknowledged(self, future: Any, *, broken: bool = False) -> bool:
        """Whether the broker acknowledged the message. False if it refused this message; other errors are raised.

        ``broken`` says that an earlier message was refused. All later sends of the producer then fail, so that any
        error counts as not acknowledged.
        """
        from kafka import errors

        if future is None:
            return False
        try:
            future.get(timeout=self._kafka.request_timeout_s)
        except (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError, errors.InvalidRecordError,
                errors.InvalidTimestampError):
            return False
        except errors.KafkaError:
            if broken:
                return False
            raise
        return True

    @contextmanager
    def _stopped_by_faults(self, sent: Sent) -> Iterator[None]:
        """A fault that is not about a single item ends the sending and is stored in ``sent``."""
        try:
            with broker_faults(self._kafka, self._doing):
                yield
        except (BrokerRefused, BrokerUnavailable, RegistryFault) as fault:
            sent.stopped = fault

    def _close(self) -> None:
        if self._producer is not None:
            with suppress(Exception):
                self._producer.close(timeout=1)
            self._producer = None


def ensure_topic(kafka: KafkaSettings, use: TopicUse) -> bool:
    """Make the topic if it is missing, and return whether it was made.

    Raises ``BrokerRefused`` if it is missing and the user may not make it; the message says what to make or to grant.
    """
    return ask_broker(kafka, f"find the topic of {use.purpose}, {use.topic}", lambda admin: _made(admin, kafka, use))


def _made(admin: KafkaAdminClient, kafka: KafkaSettings, use: TopicUse) -> bool:
    from kafka import errors

    topic = use.topic
    code = admin.describe_topics([topic])[0]["error_code"]
    if not code:
        return False
    fault = errors.for_code(code)
    if code != TOPIC_UNKNOWN and not issubclass(fault, errors.AuthorizationError):
        raise fault(topic)
    try:
        admin.create_topics({topic: {"num_partitions": kafka.partitions}}, wait_for_metadata=True)
    except errors.TopicAlreadyExistsError:  # another run made it meanwhile, or this user may not describe it
        if code == TOPIC_UNKNOWN:
            return False
        raise fault(f"{topic} exists, but this user may neither describe it nor write to it") from None
    except (errors.AuthorizationError, errors.PolicyViolationError, errors.InvalidReplicationFactorError,
            errors.InvalidTopicError, errors.InvalidPartitionsError) as refusal:
        raise BrokerRefused(
            f"There is no topic {topic} for {use.purpose} that this user may describe, and the user may not make it "
            f"({type(refusal).__name__}).\nWhat to do: {to_make(kafka, topic)}; or grant the user Write on it, if it "
            f"exists; or set another topic in {use.setting}."
        ) from refusal
    return True


def to_make(kafka: KafkaSettings, topic: str) -> str:
    """The advice to make a topic, with the command."""
    return (
        f"make it (`kafka-topics.sh --bootstrap-server {kafka.bootstrap_servers} --create --topic "
        f"{topic} --partitions {kafka.partitions}`)"
    )


def largest_message(kafka: KafkaSettings, topic: str) -> int:
    """The largest message that the topic is known to accept, in bytes before compression.

    If the user may not read the topic's settings, it is ``CAREFUL_BYTES``, which a topic accepts by default.
    """
    from kafka.admin import ConfigResource, ConfigResourceType

    wanted = ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": None})
    try:
        found = ask_broker(
            kafka, f"read the settings of {topic}", lambda admin: admin.describe_configs([wanted], config_filter="all")
        )
    except BrokerRefused:
        return CAREFUL_BYTES
    for settings in found.values():
        value = settings.get(topic, {}).get("max.message.bytes", {}).get("value")
        if value is not None:
            return min(LARGEST_BYTES, int(value))
    return CAREFUL_BYTES


def _size(message: OutgoingMessage) -> int:
    """The size in bytes of a batch with only this message, with room for Kafka's framing."""
    headers = sum(len(name.encode()) + len(value) + 10 for name, value in message.headers)
    return len(message.value or b"") + len(message.key or b"") + headers + 200
