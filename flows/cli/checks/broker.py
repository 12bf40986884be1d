"""Checks of Kafka: connection and login, the topics, and the rights that the run book lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.cli.checks import Checks, Group
from pipelines.phrases import counted

if TYPE_CHECKING:
    from pipelines.settings import KafkaSettings, Settings
    from pipelines.sources.rights import TopicRights

BROKER, RAW, REJECTED, SIZE, CLEAN, GROUP_OFFSETS = (
    "broker", "raw topic", "topic of dead letters", "size of dead letters", "topic of clean articles", "group offsets"
)
PATIENCE_S = 5.0  # for each request, so that all of them fit into the time of the group


def check_broker(settings: Settings, checks: Checks) -> None:
    """Check everything that a run needs from Kafka."""
    from flows.targets import with_broker
    from pipelines.broker import impatient, probe_broker
    from pipelines.sources.rights import topic_rights

    kafka = impatient(with_broker(settings).kafka)
    kafka = kafka.model_copy(update={"request_timeout_s": min(PATIENCE_S, kafka.request_timeout_s)})
    contact = probe_broker(kafka)
    topics = [name for name in (kafka.raw_topic, kafka.rejected_topic, kafka.clean_topic) if name]
    rights = topic_rights(kafka, tuple(topics))
    user = f", as the user {kafka.sasl_username}" if kafka.sasl_username else ""
    checks.ok(BROKER, f"{contact.server} answers by {kafka.security_protocol}{user}.")
    with checks.trying(RAW):
        _raw_topic(kafka, rights[kafka.raw_topic], checks)
    with checks.trying(REJECTED):
        _dead_letters(kafka, rights[kafka.rejected_topic], checks)
    with checks.trying(CLEAN):
        if kafka.clean_topic is None:
            checks.ok(CLEAN, "DATELINE_KAFKA__CLEAN_TOPIC is not set: no clean articles are sent.")
        else:
            _written(kafka, kafka.clean_topic, rights[kafka.clean_topic], CLEAN, checks)
    with checks.trying(GROUP_OFFSETS):
        _group(kafka, checks)


def _raw_topic(kafka: KafkaSettings, rights: TopicRights, checks: Checks) -> None:
    from pipelines.broker import BrokerRefused, broker_faults, refuse_error
    from pipelines.sources.kafka import describe_topic
    from pipelines.sources.rights import UNKNOWN_TOPIC

    if rights.error_code != UNKNOWN_TOPIC:
        with broker_faults(kafka, f"describe {kafka.raw_topic}"):
            refuse_error(rights.error_code, kafka.raw_topic)
    topic = describe_topic(kafka, kafka.raw_topic)  # raises what a run would raise
    if rights.allows("READ") is False:
        raise BrokerRefused(
            f"The user may see {kafka.raw_topic}, but not read it."
            f"\nWhat to do: {_grant(kafka, 'Read', kafka.raw_topic)}"
        )
    waiting = sum(end - first for first, end in topic.offsets.values())
    says = f"{kafka.raw_topic} has {counted(len(topic.offsets), 'partition')} and keeps {counted(waiting, 'offset')}"
    if rights.allows("READ") is None:
        checks.warn(RAW, f"{says}. The broker does not say whether the user may read it.", "try `dateline ingest`")
    else:
        checks.ok(RAW, f"{says}. The user may read it.")


def _dead_letters(kafka: KafkaSettings, rights: TopicRights, checks: Checks) -> None:
    if _written(kafka, kafka.rejected_topic, rights, REJECTED, checks):
        with checks.trying(SIZE):
            _size(kafka, rights, checks)
    else:
        checks.leave_out(SIZE, f"{kafka.rejected_topic} does not exist yet.")


def _written(kafka: KafkaSettings, topic: str, rights: TopicRights, check: str, checks: Checks) -> bool:
    """Check a topic that is written from an outbox. False if it does not exist yet, and a run may create it."""
    from pipelines.broker import BrokerRefused
    from pipelines.sinks.outbox_topic import to_make
    from pipelines.sources.rights import TOPIC_FORBIDDEN, UNKNOWN_TOPIC, may_make

    one, many = ("a dead letter", "dead letters") if check == REJECTED else ("a clean article", "clean articles")
    wait = f"Articles are loaded; {many} wait in the outbox."
    if rights.error_code in {UNKNOWN_TOPIC, TOPIC_FORBIDDEN}:
        if not may_make(kafka, topic):
            raise BrokerRefused(
                f"The user can see no topic {topic} and may not create one. {wait}\nWhat to do: "
                f"{to_make(kafka, topic)}, and {_grant(kafka, 'Write', topic)}"
            )
        checks.ok(check, f"{topic} does not exist yet. The first run that sends {one} creates it.")
        return False
    if rights.allows("WRITE") is False:
        raise BrokerRefused(
            f"The user may see {topic}, but not write to it. {wait}\nWhat to do: {_grant(kafka, 'Write', topic)}"
        )
    if rights.without_leader:
        checks.warn(
            check, f"Partitions {', '.join(map(str, rights.without_leader))} of {topic} have no leader. {wait}",
            "check whether a broker is down",
        )
    elif rights.allows("WRITE") is None:
        checks.warn(
            check, f"The broker does not say whether the user may write to {topic}.",
            f"check after the next run whether {many} wait in the outbox (`dateline status`)",
        )
    else:
        checks.ok(check, f"{topic} has {counted(rights.partitions, 'partition')}. The user may write to it.")
    return True


def _size(kafka: KafkaSettings, rights: TopicRights, checks: Checks) -> None:
    from pipelines.sinks.outbox_topic import largest_message

    largest = largest_message(kafka, kafka.rejected_topic)
    if rights.allows("DESCRIBE_CONFIGS") is False:
        checks.warn(
            SIZE, f"The user may not read the settings of {kafka.rejected_topic}: dead letters over {largest:,} bytes "
            "are sent without their original, which stays in the warehouse.",
            _grant(kafka, "DescribeConfigs", kafka.rejected_topic),
        )
    else:
        checks.ok(SIZE, f"{kafka.rejected_topic} accepts messages of up to {largest:,} bytes.")


def _group(kafka: KafkaSettings, checks: Checks) -> None:
    from pipelines.sources.rights import group_rights

    found = group_rights(kafka)
    if not found.may_commit:
        checks.warn(
            GROUP_OFFSETS, f"The user may not commit offsets of group {kafka.group_id}: lag monitors cannot see them.",
            _grant(kafka, "Read", kafka.group_id, "group"),
        )
    elif found.members:
        checks.warn(
            GROUP_OFFSETS, f"Group {kafka.group_id} has {counted(found.members, 'member')}: another consumer uses its "
            "name, and Kafka refuses Dateline's offsets.", "name a group of Dateline's own in DATELINE_KAFKA__GROUP_ID",
        )
    else:
        checks.ok(GROUP_OFFSETS, f"The user may commit offsets of group {kafka.group_id}.")


def _grant(kafka: KafkaSettings, operation: str, name: str, kind: str = "topic") -> str:
    user = kafka.sasl_username or "NAME"
    return (
        f"`kafka-acls.sh --bootstrap-server {kafka.bootstrap_servers} --add --allow-principal User:{user} "
        f"--operation {operation} --{kind} {name}`"
    )


GROUP = Group((BROKER, RAW, REJECTED, SIZE, CLEAN, GROUP_OFFSETS), check_broker)
