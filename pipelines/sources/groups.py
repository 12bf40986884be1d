"""Group offsets in Kafka: written for lag monitors only. Dateline resumes from the offsets in the warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipelines.broker import BrokerRefused, ask_broker
from pipelines.failpoints import Failpoint, reach
from pipelines.settings import KafkaSettings

if TYPE_CHECKING:
    from kafka import KafkaAdminClient, TopicPartition
    from kafka.structs import OffsetAndMetadata


def commit_group_offsets(
    kafka: KafkaSettings, topic: str, offsets: Mapping[int, int], note: str = ""
) -> None:
    """Commit the group's offsets to Kafka, after the warehouse has committed them.

    ``note`` is stored as the metadata of the offsets; it names the warehouse.

    Raises ``BrokerRefused`` if the group has live members, that is, if another consumer uses Dateline's group name.
    """
    from kafka import TopicPartition
    from kafka.structs import OffsetAndMetadata

    if not offsets:
        return
    reach(Failpoint.COMMITTING_GROUP)
    wanted = {TopicPartition(topic, p): OffsetAndMetadata(offset, note, -1) for p, offset in offsets.items()}
    refused = ask_broker(
        kafka, f"commit the offsets of group {kafka.group_id}", lambda admin: _commit(admin, kafka.group_id, wanted)
    )
    if refused:
        raise BrokerRefused(
            f"Kafka refused offsets of group {kafka.group_id} for partitions {refused}. Nothing is lost: only lag "
            "monitors read them.\nWhat to do: let no other consumer use this group, or set another group name in "
            "DATELINE_KAFKA__GROUP_ID."
        )


def _commit(admin: KafkaAdminClient, group: str, wanted: Mapping[TopicPartition, OffsetAndMetadata]) -> dict[int, str]:
    """The partitions whose offsets the broker refused, each with the error's name.

    Raises the library's error if it may pass by itself or is about missing rights.
    """
    from kafka.errors import AuthorizationError, NoError, RetriableError

    answers = admin.alter_group_offsets(group, wanted)
    for fault in answers.values():
        if issubclass(fault, RetriableError | AuthorizationError):
            raise fault(f"group {group}")
    return {
        name.partition: fault.__name__ if fault else "no answer"
        for name in wanted if (fault := answers.get(name)) is not NoError
    }


def group_offsets(kafka: KafkaSettings, topic: str) -> dict[int, int]:
    """The group's committed offset for each partition, as lag monitors see it."""
    return {
        name.partition: at.offset for name, at in sorted(_read(kafka).items()) if name.topic == topic and at.offset >= 0
    }


def group_notes(kafka: KafkaSettings, topic: str) -> list[str]:
    """The notes that ``commit_group_offsets`` stored with the group's offsets in the topic."""
    return [at.metadata for name, at in sorted(_read(kafka).items()) if name.topic == topic and at.metadata]


def _read(kafka: KafkaSettings) -> dict[TopicPartition, OffsetAndMetadata]:
    found: dict[TopicPartition, OffsetAndMetadata] = ask_broker(
        kafka, f"read the offsets of group {kafka.group_id}",
        lambda admin: admin.list_group_offsets([kafka.group_id]).get(kafka.group_id, {}),
    )
    return found
