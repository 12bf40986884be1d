"""Sends loaded articles and deletions to the topic of clean articles."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pipelines.phrases import in_words
from pipelines.records import OutgoingMessage
from pipelines.resolve.outgoing import WaitingMessage
from pipelines.schema_registry import KnownSchemas, subject_of
from pipelines.settings import KafkaSettings
from pipelines.sinks.outbox_topic import OutboxTopic, TopicUse
from schemas import Registry, SchemaVersion


class CleanTopic(OutboxTopic[WaitingMessage]):
    """The topic of clean articles, open for writing.

    An article is Avro, keyed by ``article_id``: in Confluent's wire format if ``registry`` lists an id for its schema
    or ``known``, the schema registry, gives one; without both in single-object encoding. A registry that gives no id
    stops the sending. A deletion is a tombstone with the same key. Messages of one article go to one partition, in the
    order of their loads.
    """

    def __init__(self, kafka: KafkaSettings, registry: Registry, known: KnownSchemas | None = None) -> None:
        self._registry, self._known = registry, known
        super().__init__(kafka, clean_use(kafka))

    def _message(self, item: WaitingMessage, *, whole: bool = True) -> OutgoingMessage:
        del whole
        return clean_message(item, self._registry, self._id_of)

    @property
    def _id_of(self) -> Callable[[SchemaVersion], int] | None:
        return None if self._known is None else partial(self._known.id_of, subject_of(self._use.topic))

    def _too_large(self, size: int) -> str:
        return (
            f"{self._use.topic} refuses the article, which is too large ({size:,} bytes). "
            "What to do: raise the topic's max.message.bytes."
        )

    def _cannot_be_encoded(self, fault: Exception) -> str:
        return (
            f"The article cannot be encoded ({in_words(fault)}). What to do: this is a bug in Dateline, report it."
        )[:1_000]


def clean_use(kafka: KafkaSettings) -> TopicUse:
    """The topic of clean articles, which has to be set."""
    assert kafka.clean_topic is not None
    return TopicUse(kafka.clean_topic, "clean articles", "DATELINE_KAFKA__CLEAN_TOPIC")


def clean_message(
    waiting: WaitingMessage, registry: Registry, id_of: Callable[[SchemaVersion], int] | None = None
) -> OutgoingMessage:
    """The message of an article or a deletion. Its headers let consumers filter without Avro.

    ``id_of`` returns the id of a schema for which ``registry`` lists none.
    """
    headers = [("outcome", waiting.outcome.encode()), ("batch-id", waiting.batch_id.encode())]
    if waiting.article is None:
        return OutgoingMessage(waiting.article_id.encode(), None, tuple(headers))
    headers += [
        ("version", str(waiting.version).encode()), ("current", b"true" if waiting.is_current else b"false"),
        ("content-type", b"application/vnd.apache.avro+binary"),
    ]
    return OutgoingMessage(waiting.article_id.encode(), registry.framed(waiting.article, id_of), tuple(headers))
