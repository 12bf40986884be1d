"""Group offsets in Kafka: written for lag monitors, never read by Dateline, whose place is in the warehouse."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.broker import BrokerRefused, ask_broker
from pipelines.settings import KafkaSettings


def commit_group_offsets(kafka: KafkaSettings, topic: str, offsets: Mapping[int, int]) -> None:
    """Tell Kafka how far the group has come, after the warehouse has committed it.

    Raises ``BrokerRefused`` when the group has live members: another consumer uses Dateline's group name.
    """
    from kafka import TopicPartition
    from kafka.errors import NoError
    from kafka.structs import OffsetAndMetadata

    if not offsets:
        return
    wanted = {TopicPartition(topic, p): OffsetAndMetadata(offset, "", -1) for p, offset in offsets.items()}
    answers = ask_broker(
        kafka, f"commit the offsets of group {kafka.group_id}",
        lambda admin: admin.alter_group_offsets(kafka.group_id, wanted),
    )
    refused = {name.partition: fault.__name__ for name, fault in answers.items() if fault is not NoError}
    if refused:
        raise BrokerRefused(
            f"Kafka refused offsets of group {kafka.group_id} for partitions {refused}. Nothing is lost: they serve "
            "lag monitors alone.\nWhat to do: give the group to Dateline alone, or another name in "
            "DATELINE_KAFKA__GROUP_ID."
        )


def group_offsets(kafka: KafkaSettings, topic: str) -> dict[int, int]:
    """The next offset of the group by partition, as lag monitors see it."""
    found = ask_broker(
        kafka, f"read the offsets of group {kafka.group_id}",
        lambda admin: admin.list_group_offsets([kafka.group_id]).get(kafka.group_id, {}),
    )
    return {name.partition: at.offset for name, at in sorted(found.items()) if name.topic == topic and at.offset >= 0}
