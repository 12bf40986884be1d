"""What the configured Kafka user may do, as the broker reports it. Nothing is written or committed to find out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.broker import TopicRefused, ask_broker, user_named
from pipelines.settings import KafkaSettings

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

UNKNOWN_TOPIC, TOPIC_FORBIDDEN = 3, 29
NO_PARTITION = 2**31 - 1


@dataclass(frozen=True, slots=True)
class TopicRights:
    """A topic as the user sees it. ``operations`` is None if the broker does not report what is allowed."""

    error_code: int
    partitions: int
    without_leader: tuple[int, ...]
    operations: frozenset[str] | None

    def allows(self, operation: str) -> bool | None:
        """Whether the operation is allowed, or None if the broker does not report it."""
        return None if self.operations is None else operation in self.operations


def topic_rights(kafka: KafkaSettings, topics: tuple[str, ...]) -> Mapping[str, TopicRights]:
    """The topics by name, with the user's rights to each. The user may describe a topic that has no error code."""
    return ask_broker(kafka, f"describe {', '.join(topics)}", lambda admin: rights_said(admin, topics))


def rights_said(admin: KafkaAdminClient, topics: tuple[str, ...]) -> Mapping[str, TopicRights]:
    """``topic_rights`` over a connection that is already open."""
    return {topic["name"]: _rights(topic) for topic in admin.describe_topics(list(topics))}


def refuse_unreadable(admin: KafkaAdminClient, kafka: KafkaSettings, topic: str) -> None:
    """Raises ``TopicRefused`` if the broker reports that the user may describe the topic but not read it.

    Without this check, a run would notice it only when its fetches fail, after several request timeouts.
    """
    rights = rights_said(admin, (topic,)).get(topic)
    if rights is not None and rights.error_code == 0 and rights.allows("READ") is False:
        servers, user = kafka.bootstrap_servers, kafka.sasl_username or "NAME"
        raise TopicRefused(
            f"Could not read {topic}: the broker at {servers} lets {user_named(kafka)} describe the topic but not read "
            "it."
            f"\nWhat to do: give the user Read on it (`kafka-acls.sh --bootstrap-server {servers} --add "
            f"--allow-principal User:{user} --operation Read --topic {topic}`)."
        )


def may_make(kafka: KafkaSettings, topic: str) -> bool:
    """Whether the user may make the topic. The broker only validates the request (``validate_only``).

    Raises ``BrokerRefused`` if the user may make the topic, but the broker rejects its number of partitions.
    """
    return ask_broker(kafka, f"ask whether {topic} may be made", lambda admin: _may_make(admin, kafka, topic))


def _may_make(admin: KafkaAdminClient, kafka: KafkaSettings, topic: str) -> bool:
    from kafka.errors import AuthorizationError, TopicAlreadyExistsError

    try:
        admin.create_topics({topic: {"num_partitions": kafka.partitions}}, validate_only=True)
    except (AuthorizationError, TopicAlreadyExistsError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class GroupRights:
    """The group as the user sees it."""

    may_commit: bool
    members: int


def group_rights(kafka: KafkaSettings) -> GroupRights:
    """Whether the user may commit the group's offsets, and how many members the group has."""
    return ask_broker(kafka, f"describe group {kafka.group_id}", lambda admin: _group(admin, kafka))


def _group(admin: KafkaAdminClient, kafka: KafkaSettings) -> GroupRights:
    """Tests the right to commit with a partition number that no topic has, for which Kafka commits nothing."""
    from kafka import TopicPartition
    from kafka.errors import GroupAuthorizationFailedError
    from kafka.structs import OffsetAndMetadata

    nowhere = {TopicPartition(kafka.raw_topic, NO_PARTITION): OffsetAndMetadata(0, "", -1)}
    try:
        (answer,) = admin.alter_group_offsets(kafka.group_id, nowhere).values()
        group: Mapping[str, Any] = admin.describe_groups([kafka.group_id]).get(kafka.group_id, {})
    except GroupAuthorizationFailedError:
        return GroupRights(may_commit=False, members=0)
    return GroupRights(not issubclass(answer, GroupAuthorizationFailedError), len(group.get("members") or ()))


def _operations(operations: object) -> frozenset[str] | None:
    return frozenset(operations) if isinstance(operations, list | tuple | set | frozenset) else None


def _rights(topic: Mapping[str, Any]) -> TopicRights:
    partitions = topic.get("partitions") or ()
    headless = tuple(sorted(p["partition_index"] for p in partitions if p.get("leader_id", -1) < 0))
    return TopicRights(
        topic["error_code"], len(partitions), headless, _operations(topic.get("authorized_operations"))
    )
