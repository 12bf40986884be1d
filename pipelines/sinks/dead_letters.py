"""Sends dead letters to their topic, and reports for each one whether it was sent. Unsent ones stay in the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pipelines.phrases import in_words
from pipelines.records import Coordinates, OutgoingMessage
from pipelines.settings import KafkaSettings
from pipelines.sinks.outbox_topic import OutboxTopic, Sent, TopicUse
from schemas import Registry, shipped

__all__ = ["WITHOUT_ORIGINAL", "DeadLetterTopic", "Sent", "dead_letter_message", "letter_key"]

WITHOUT_ORIGINAL = ("original-left-in", b"warehouse")
"""Header of a dead letter that was sent without its original bytes, because with them it is too large for the topic."""


class DeadLetterTopic(OutboxTopic[Mapping[str, Any]]):
    """The topic of dead letters, open for writing.

    Letters are Avro in single-object encoding, keyed by the coordinates of the original. A letter that is too large for
    the topic is sent without its original bytes and with the header ``WITHOUT_ORIGINAL``; the warehouse keeps the
    original.
    """

    has_smaller: ClassVar[bool] = True

    def __init__(self, kafka: KafkaSettings, registry: Registry | None = None) -> None:
        self._registry = registry or shipped()
        super().__init__(kafka, TopicUse(kafka.rejected_topic, "dead letters", "DATELINE_KAFKA__REJECTED_TOPIC"))

    def _message(self, item: Mapping[str, Any], *, whole: bool = True) -> OutgoingMessage:
        return dead_letter_message(item, self._registry, whole=whole)

    def _too_large(self, size: int) -> str:
        return (
            f"{self._use.topic} refuses the letter even without its original ({size:,} bytes). "
            "What to do: raise the topic's max.message.bytes."
        )

    def _cannot_be_encoded(self, fault: Exception) -> str:
        return (
            f"The letter cannot be encoded ({in_words(fault)}). "
            "What to do: this is a bug in Dateline. Report it with the output of `dateline rejected show`."
        )[:1_000]


def letter_key(coordinates: Coordinates) -> bytes:
    """The key of a dead letter in its topic.

    >>> letter_key(Coordinates("articles.raw", 2, 17))
    b'articles.raw/2@17'
    """
    return str(coordinates).encode()


def dead_letter_message(letter: Mapping[str, Any], registry: Registry, *, whole: bool = True) -> OutgoingMessage:
    """The message of a dead letter. Reason and step are headers too, so that consumers can filter without Avro."""
    at = letter["coordinates"]
    headers = (
        ("content-type", b"application/vnd.apache.avro+binary"),
        ("reason", str(letter["reason"]).encode()),
        ("step", str(letter["step"]).encode()),
    )
    key = letter_key(Coordinates(**at))
    if whole:
        return OutgoingMessage(key, registry.encode("dead_letter", letter), headers)
    return OutgoingMessage(
        key, registry.encode("dead_letter", {**letter, "original": None}), (*headers, WITHOUT_ORIGINAL)
    )
