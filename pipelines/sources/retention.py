"""How long a topic keeps its records, as the broker's settings of the topic say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from pipelines.broker import ask_broker
from pipelines.settings import KafkaSettings

_SETTINGS = ("cleanup.policy", "retention.ms", "retention.bytes")


@dataclass(frozen=True, slots=True)
class Retention:
    """A topic's cleanup. ``keep`` is None if no age limits how long records stay.

    In a topic that ``is_compacted``, a record goes some time after a later record with the same key.
    """

    is_compacted: bool
    keep: timedelta | None


def topic_retention(kafka: KafkaSettings, topic: str) -> Retention:
    """The retention of a topic. Raises ``BrokerRefused`` if the user may not read the topic's settings."""
    from kafka.admin import ConfigResource, ConfigResourceType

    wanted = ConfigResource(ConfigResourceType.TOPIC, topic, dict.fromkeys(_SETTINGS))
    found = ask_broker(
        kafka, f"read the settings of {topic}", lambda admin: admin.describe_configs([wanted], config_filter="all")
    )
    said = {name: setting.get("value") for each in found.values() for name, setting in each.get(topic, {}).items()}
    policies = str(said.get("cleanup.policy") or "delete").split(",")
    keep_ms = int(said.get("retention.ms") or -1)
    is_aged = "delete" in policies and keep_ms >= 0
    return Retention("compact" in policies, timedelta(milliseconds=keep_ms) if is_aged else None)
