"""What a takedown cannot remove, because Kafka keeps it: found in the settings of the topics, and said with a date."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipelines.phrases import counted

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.sources.retention import Retention
    from pipelines.warehouse import Warehouse

LOG = logging.getLogger("dateline")


@dataclass(frozen=True, slots=True)
class Remains:
    """What is left in a place outside of Dateline, and until when (None if no date is known)."""

    place: str
    until: str | None
    advice: str


def send_tombstones(settings: Settings, warehouse: Warehouse, takedown_id: str) -> None:
    """Send a tombstone for each emptied dead letter, if its topic is compacted: the broker then removes the letter."""
    from pipelines.broker import BrokerRefused
    from pipelines.records import Coordinates
    from pipelines.sinks.dead_letters import letter_key
    from pipelines.sinks.kafka import OutgoingMessage, publish_messages
    from pipelines.sources.retention import topic_retention
    from pipelines.warehouse.questions import ask

    letters = ask(warehouse, "takedown_letters", (takedown_id,)).rows
    topic = settings.kafka.rejected_topic
    try:
        if letters and topic_retention(settings.kafka, topic).is_compacted:
            messages = [OutgoingMessage(letter_key(Coordinates(*row)), None) for row in letters]
            publish_messages(settings.kafka, topic, messages)
    except BrokerRefused as fault:
        LOG.warning("no tombstones were sent to %s: %s", topic, fault)


def what_remains(settings: Settings, warehouse: Warehouse, takedown_id: str) -> tuple[Remains, ...]:
    """What is left of the takedown's records in Kafka, and until when."""
    from pipelines.warehouse.questions import ask

    found = []
    records = ask(warehouse, "takedown_records", (takedown_id,)).records()
    for topic in sorted({row["topic"] for row in records}):
        left = [row for row in records if row["topic"] == topic]
        found += _in_raw_topic(settings, topic, left)
    letters = ask(warehouse, "takedown_letters", (takedown_id,)).rows
    if letters:
        newest = max((row["last_message_at"] for row in records), default=None)
        found += _in_topic(settings, settings.kafka.rejected_topic, len(letters), "dead letter", newest)
    if records and settings.kafka.clean_topic is not None:
        newest = max(row["last_message_at"] for row in records)
        found += _in_topic(settings, settings.kafka.clean_topic, None, "article", newest)
    return tuple(found)


def _in_raw_topic(settings: Settings, topic: str, left: list[dict[str, Any]]) -> list[Remains]:
    from pipelines.broker import BrokerRefused
    from pipelines.sources.kafka import TopicMissing
    from pipelines.sources.offsets import topic_offsets

    try:
        offsets = topic_offsets(settings.kafka, topic)
    except TopicMissing:
        return []
    except BrokerRefused:
        offsets = {}
    there = [row for row in left if row["last_offset"] >= offsets.get(row["partition"], (0, 0))[0]]
    if not there:
        return []
    newest = max(row["last_message_at"] for row in there)
    return _in_topic(settings, topic, sum(row["records"] for row in there), "record", newest)


def _in_topic(
    settings: Settings, topic: str, count: int | None, what: str, newest: datetime | None
) -> list[Remains]:
    from pipelines.broker import BrokerRefused
    from pipelines.sources.kafka import TopicMissing
    from pipelines.sources.retention import topic_retention

    place = f"Kafka topic {topic}: " + (counted(count, what) if count is not None else f"{what}s")
    try:
        retention = topic_retention(settings.kafka, topic)
    except TopicMissing:
        return []
    except BrokerRefused:
        return [Remains(place, None, f"The settings of {topic} may not be read: ask who runs the broker.")]
    return [_kept(place, topic, retention, newest)]


def _kept(place: str, topic: str, retention: Retention, newest: datetime | None) -> Remains:
    if retention.keep is not None and newest is not None:
        until = (newest + retention.keep).isoformat(timespec="seconds")
        return Remains(place, until, "Kafka removes them by age. To remove them sooner, use kafka-delete-records.sh.")
    if retention.is_compacted:
        return Remains(place, None, "The topic is compacted: send a tombstone for each key, if none was sent.")
    return Remains(place, None, f"{topic} keeps records for ever: use kafka-delete-records.sh, or set retention.ms.")
