"""Sends dead letters to their topic, and reports for each one whether it was sent. Unsent ones stay in the outbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipelines.broker import BrokerRefused, BrokerUnavailable, ask_broker, broker_faults
from pipelines.phrases import in_words
from pipelines.records import OutgoingMessage
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import CAREFUL_BYTES, LARGEST_BYTES, a_producer
from schemas import Registry

if TYPE_CHECKING:
    from kafka import KafkaAdminClient, KafkaProducer

WITHOUT_ORIGINAL = ("original-left-in", b"warehouse")
"""Header of a dead letter that was sent without its original bytes, because with them it is too large for the topic."""
TOPIC_UNKNOWN = 3


@dataclass(slots=True)
class Sent:
    """The ids of the letters that were acknowledged, and of those that were refused, each with the reason.

    ``stopped`` is the fault that ended the sending. Letters that are in neither list were then not sent, or were sent
    but not acknowledged.
    """

    acknowledged: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    stopped: BrokerRefused | BrokerUnavailable | None = None


class DeadLetterTopic:
    """The topic of dead letters, open for writing. Use it as a context manager.

    Letters are Avro in single-object encoding, keyed by the coordinates of the original. A letter that is too large for
    the topic is sent without its original bytes and with the header ``WITHOUT_ORIGINAL``; the warehouse keeps the
    original. If the topic is missing, opening makes it, provided that the user may.

    Delivery is at least once: a letter that is written but not acknowledged is sent again later.
    Raises ``BrokerUnavailable`` or ``BrokerRefused`` on opening.
    """

    def __init__(self, kafka: KafkaSettings, registry: Registry | None = None) -> None:
        self._kafka = kafka
        self._registry = registry or Registry.load()
        self._doing = f"send dead letters to {kafka.rejected_topic}"
        self._producer: KafkaProducer | None = None
        ensure_topic(kafka)
        self._largest = largest_message(kafka, kafka.rejected_topic)

    def __enter__(self) -> DeadLetterTopic:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def send(self, letters: Mapping[str, Mapping[str, Any]]) -> Sent:
        """Send the letters, given by their ids, in order, and wait for the broker's acknowledgements."""
        sent = Sent()
        with self._stopped_by_faults(sent):
            for letter_id in self._send_together(letters, sent):
                self._send_alone(letter_id, letters[letter_id], sent)
        if sent.stopped is not None:
            self._close()
        return sent

    def _send_together(self, letters: Mapping[str, Mapping[str, Any]], sent: Sent) -> list[str]:
        """Sends all letters at once. Returns the ids of those to be sent again one by one, because one was refused."""
        futures = {}
        for letter_id, letter in letters.items():
            try:
                message = self._fitting(letter)
            except Exception as fault:  # noqa: BLE001  a letter that cannot be encoded must not stop the others
                sent.refused[letter_id] = _cannot_be_encoded(fault)
                continue
            futures[letter_id] = self._written(message)
        unsent: list[str] = []
        for letter_id, future in futures.items():
            if self._is_acknowledged(future, broken=bool(unsent)):
                sent.acknowledged.append(letter_id)
            else:
                unsent.append(letter_id)
        if unsent:
            self._close()  # after a refused message, all later sends of a producer fail
        return unsent

    def _send_alone(self, letter_id: str, letter: Mapping[str, Any], sent: Sent) -> None:
        for whole in (True, False):
            message = dead_letter_message(letter, self._registry, whole=whole)
            if self._is_acknowledged(self._written(message)):
                sent.acknowledged.append(letter_id)
                return
            self._close()
        size = len(message.value or b"")
        sent.refused[letter_id] = (
            f"{self._kafka.rejected_topic} refuses the letter even without its original ({size:,} bytes). "
            "What to do: raise the topic's max.message.bytes."
        )

    def _fitting(self, letter: Mapping[str, Any]) -> OutgoingMessage:
        message = dead_letter_message(letter, self._registry)
        if _size(message) <= self._largest:
            return message
        return dead_letter_message(letter, self._registry, whole=False)

    def _written(self, message: OutgoingMessage) -> Any:
        """The library's future, or None if the library itself finds the message too large."""
        from kafka.errors import MessageSizeTooLargeError

        if self._producer is None:
            self._producer = a_producer(self._kafka, self._doing, self._largest)
        try:
            return self._producer.send(
                self._kafka.rejected_topic, value=message.value, key=message.key, headers=list(message.headers)
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
        """A fault that is not about a single letter ends the sending and is stored in ``sent``."""
        try:
            with broker_faults(self._kafka, self._doing):
                yield
        except (BrokerRefused, BrokerUnavailable) as fault:
            sent.stopped = fault

    def _close(self) -> None:
        if self._producer is not None:
            with suppress(Exception):
                self._producer.close(timeout=1)
            self._producer = None


def dead_letter_message(letter: Mapping[str, Any], registry: Registry, *, whole: bool = True) -> OutgoingMessage:
    """The message of a dead letter. Reason and step are headers too, so that consumers can filter without Avro."""
    at = letter["coordinates"]
    headers = (
        ("content-type", b"application/vnd.apache.avro+binary"),
        ("reason", str(letter["reason"]).encode()),
        ("step", str(letter["step"]).encode()),
    )
    key = f"{at['topic']}/{at['partition']}@{at['offset']}".encode()
    if whole:
        return OutgoingMessage(key, registry.encode("dead_letter", letter), headers)
    return OutgoingMessage(
        key, registry.encode("dead_letter", {**letter, "original": None}), (*headers, WITHOUT_ORIGINAL)
    )


def ensure_topic(kafka: KafkaSettings) -> bool:
    """Make the topic of dead letters if it is missing, and return whether it was made.

    Raises ``BrokerRefused`` if it is missing and the user may not make it; the message says what to make or to grant.
    """
    topic = kafka.rejected_topic
    return ask_broker(kafka, f"find the topic of dead letters, {topic}", lambda admin: _made(admin, kafka))


def _made(admin: KafkaAdminClient, kafka: KafkaSettings) -> bool:
    from kafka import errors

    topic = kafka.rejected_topic
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
            f"There is no topic {topic} for dead letters that this user may describe, and the user may not make it "
            f"({type(refusal).__name__}).\nWhat to do: {to_make(kafka)}; or grant the user Write on it, if it "
            "exists; or set another topic in DATELINE_KAFKA__REJECTED_TOPIC."
        ) from refusal
    return True


def to_make(kafka: KafkaSettings) -> str:
    """The advice to make the topic of dead letters, with the command."""
    return (
        f"make it (`kafka-topics.sh --bootstrap-server {kafka.bootstrap_servers} --create --topic "
        f"{kafka.rejected_topic} --partitions {kafka.partitions}`)"
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


def _cannot_be_encoded(fault: Exception) -> str:
    return (
        f"The letter cannot be encoded ({in_words(fault)}). "
        "What to do: this is a bug in Dateline. Report it with the output of `dateline rejected show`."
    )[:1_000]
