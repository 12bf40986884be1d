"""Where a topic stands: its offsets, what of it is still to be read, what has passed out of retention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from pipelines.broker import ask_broker, impatient, probe_broker, refuse_errors, refuse_topic_name
from pipelines.failpoints import Failpoint, reach
from pipelines.failures import TopicRecreated, refuse_other_topic
from pipelines.phrases import counted
from pipelines.records import Gap, OffsetRange
from pipelines.settings import KafkaSettings
from pipelines.sources.rights import refuse_unreadable

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

type RetentionPolicy = Literal["stop", "continue"]


class TopicMissing(Exception):
    """The topic is not there."""


class RetentionPassed(Exception):
    """Records that were never read have passed out of retention; ``gaps`` are where, ``lost`` how many offsets."""

    def __init__(self, message: str, gaps: tuple[Gap, ...]) -> None:
        super().__init__(message)
        self.gaps = gaps

    def __reduce__(self) -> tuple[type[RetentionPassed], tuple[str, tuple[Gap, ...]]]:
        return type(self), (str(self), self.gaps)

    @property
    def lost(self) -> int:
        return sum(gap.end - gap.start for gap in self.gaps)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it stands: its id (another one after it is made again), and [beginning, end) by partition.

    The id is empty where the broker gives none. The end is that of what may be read; ``waiting`` is how many offsets
    lie behind it, from the first record of an open transaction up to the partition's last record.
    """

    name: str
    topic_id: str
    offsets: Mapping[int, tuple[int, int]]
    waiting: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a micro-batch reads.

    ``ranges`` start at the saved offset, one a partition; one that starts before what the topic still has
    covers the lost offsets too, named in ``gaps``. ``lag`` is what each partition had left to read beforehand,
    ``waiting`` what it holds behind an open transaction, which can be read only after that has ended.
    """

    topic: str
    ranges: tuple[OffsetRange, ...]
    gaps: tuple[Gap, ...] = ()
    lag: Mapping[int, int] = field(default_factory=dict)
    topic_id: str = ""
    waiting: Mapping[int, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(len(part) for part in self.ranges)


def topic_offsets(kafka: KafkaSettings, topic: str) -> dict[int, tuple[int, int]]:
    """The first offset and the end of every partition; the end is what may be read: the last stable offset."""
    return dict(describe_topic(kafka, topic).offsets)


def first_contact(kafka: KafkaSettings, topic: str) -> Topic:
    """The topic, for who has not started yet: what is wrong is raised within seconds (``connect_timeout_s``).

    Raises what ``probe_broker`` and ``describe_topic`` raise, and ``TopicRefused`` where the broker says that the user
    may not read the topic. A broker that does not say what is allowed is not refused.
    """
    refuse_topic_name(topic)
    probe_broker(kafka, f"read the offsets of {topic}")
    return ask_broker(impatient(kafka), f"read the offsets of {topic}", lambda admin: _readable(admin, kafka, topic))


def _readable(admin: KafkaAdminClient, kafka: KafkaSettings, topic: str) -> Topic:
    found = _describe(admin, kafka, topic)
    refuse_unreadable(admin, kafka, topic)
    return found


def describe_topic(kafka: KafkaSettings, topic: str) -> Topic:
    """The topic as it stands now.

    Raises ``TopicMissing``, ``TopicRefused``, ``TopicNameInvalid``, or ``BrokerUnavailable`` where a partition has
    had no leader for as long as a request may take.
    """
    refuse_topic_name(topic)
    return ask_broker(kafka, f"read the offsets of {topic}", lambda admin: _describe(admin, kafka, topic))


def _describe(admin: KafkaAdminClient, kafka: KafkaSettings, topic: str) -> Topic:
    from kafka import TopicPartition
    from kafka.errors import OffsetNotAvailableError
    from kafka.protocol.consumer import IsolationLevel, OffsetSpec

    found = _metadata(admin, kafka, topic)
    names = [TopicPartition(topic, part["partition_index"]) for part in found["partitions"]]
    first = admin.list_partition_offsets(dict.fromkeys(names, OffsetSpec.EARLIEST))
    # In this order: a record that came between the two questions is not taken for one that waits.
    last = admin.list_partition_offsets(dict.fromkeys(names, OffsetSpec.LATEST))
    level = IsolationLevel.build_from(kafka.isolation_level)
    end = admin.list_partition_offsets(dict.fromkeys(names, OffsetSpec.LATEST), isolation_level=level)
    for answer in (first, last, end):
        if unknown := [name.partition for name in names if name not in answer or answer[name].offset < 0]:
            raise OffsetNotAvailableError(f"no offset of {topic}, partitions {unknown}")
    return Topic(
        topic, given_id(found.get("topic_id")),
        {name.partition: (first[name].offset, end[name].offset) for name in sorted(names)},
        {n.partition: last[n].offset - end[n].offset for n in sorted(names) if last[n].offset > end[n].offset},
    )


def _metadata(admin: KafkaAdminClient, kafka: KafkaSettings, topic: str) -> Mapping[str, Any]:
    """What the broker knows of the topic; nothing in it is an error, no partition is left out or without a leader."""
    from kafka.errors import LeaderNotAvailableError, UnknownTopicOrPartitionError

    described = [found for found in admin.describe_topics([topic]) if found["name"] == topic]
    if not described or described[0]["error_code"] == UnknownTopicOrPartitionError.errno:
        raise TopicMissing(
            f"There is no topic {topic} on {kafka.bootstrap_servers}."
            "\nWhat to do: `dateline up` makes the topics on the local broker; on your own, make it, or name another "
            "in DATELINE_KAFKA__RAW_TOPIC (or --topic)."
        )
    found: Mapping[str, Any] = described[0]
    refuse_errors(found, f"topic {topic}")
    numbers = sorted(part["partition_index"] for part in found["partitions"])
    if not numbers or numbers != list(range(len(numbers))):
        raise LeaderNotAvailableError(f"the broker names only the partitions {numbers} of {topic}")
    if leaderless := [part["partition_index"] for part in found["partitions"] if part["leader_id"] < 0]:
        raise LeaderNotAvailableError(f"no leader for {topic}, partitions {sorted(leaderless)}")
    return found


def given_id(topic_id: object) -> str:
    """The id as text; empty where there is none, or only zeros, as old brokers say it.

    >>> given_id("00000000-0000-0000-0000-000000000000"), given_id(None)
    ('', '')
    """
    text = str(topic_id or "")
    return "" if set(text) <= {"0", "-"} else text


def confirm_topic(kafka: KafkaSettings, topic: str, topic_id: str) -> None:
    """Raises ``TopicRecreated`` unless the topic still is the one of that id.

    Asked after reading: ids are never given twice, so all that was read in between is of that topic.
    """
    if topic_id:
        refuse_other_topic(topic, topic_id, describe_topic(kafka, topic).topic_id)


def plan_ranges(kafka: KafkaSettings, topic: str, next_offsets: Mapping[int, int], max_records: int,  # noqa: PLR0913  a topic as both know it
                *, loaded_id: str = "", retention_gap: RetentionPolicy = "stop") -> Plan:
    """What to read next: from the saved offsets to the ends as they are now, at most ``max_records`` offsets.

    A partition without a saved offset is new and read from its first one. ``loaded_id`` is the id of the topic that
    the offsets are of, where it is known. Raises ``TopicMissing``, ``TopicRecreated``, ``BrokerUnavailable``, and
    ``RetentionPassed`` unless the policy is to continue.
    """
    reach(Failpoint.PLANNING)
    found = describe_topic(kafka, topic)
    return plan_topic(found, next_offsets, max_records, loaded_id=loaded_id, retention_gap=retention_gap)


def plan_topic(topic: Topic, next_offsets: Mapping[int, int], max_records: int,
               *, loaded_id: str = "", retention_gap: RetentionPolicy = "stop") -> Plan:
    """``plan_ranges`` of a topic that was described already: no network."""
    refuse_other_topic(topic.name, loaded_id, topic.topic_id)
    _refuse_recreated(topic, next_offsets)
    gaps = tuple(
        Gap(topic.name, partition, next_offsets[partition], beginning, "retention")
        for partition, (beginning, _) in sorted(topic.offsets.items())
        if next_offsets.get(partition, beginning) < beginning
    )
    if gaps and retention_gap == "stop":
        raise retention_passed(gaps)
    left = {p: end - max(beginning, next_offsets.get(p, 0)) for p, (beginning, end) in topic.offsets.items()}
    lost = {gap.partition: gap.end - gap.start for gap in gaps}
    ranges = []
    for partition, count in share_fairly(left, max_records).items():
        start = next_offsets.get(partition, topic.offsets[partition][0])
        size = lost.get(partition, 0) + count
        if size:
            ranges.append(OffsetRange(topic.name, partition, start, start + size))
    return Plan(topic.name, tuple(ranges), gaps, left, topic.topic_id, topic.waiting)


def _refuse_recreated(topic: Topic, next_offsets: Mapping[int, int]) -> None:
    ahead = [
        f"partition {partition}: saved {saved}, " + ("gone" if partition not in topic.offsets
                                                      else f"ends at {topic.offsets[partition][1]}")
        for partition, saved in sorted(next_offsets.items())
        if saved > topic.offsets.get(partition, (0, 0))[1]
    ]
    if ahead:
        raise TopicRecreated(
            f"{topic.name} ends before what the warehouse has already loaded ({'; '.join(ahead)}). It was deleted and "
            f"made again, or its log was cut; going on would mix up two histories.\n{TopicRecreated.ADVICE}"
        )


def retention_passed(gaps: tuple[Gap, ...]) -> RetentionPassed:
    """The fault that names how much was lost, and where."""
    where = "; ".join(f"{gap.topic}/{gap.partition} {gap.start}–{gap.end - 1}" for gap in gaps)
    lost = sum(gap.end - gap.start for gap in gaps)
    return RetentionPassed(
        f"{counted(lost, 'offset')} passed out of retention before they were read ({where}). They cannot be loaded."
        "\nWhat to do: to go on with what is left, and have the ledger show the gap, set "
        "DATELINE_BATCH__RETENTION_GAP=continue; to lose no more, raise the topic's retention.ms or run more often.",
        gaps,
    )


def share_fairly(left: Mapping[int, int], limit: int) -> dict[int, int]:
    """Share ``limit`` records over partitions: a small one is emptied, the rest share what remains evenly.

    >>> share_fairly({0: 2, 1: 100, 2: 100}, 11)
    {0: 2, 1: 5, 2: 4}
    >>> share_fairly({0: 3, 1: 0}, 10)
    {0: 3, 1: 0}
    """
    shares = dict.fromkeys(sorted(left), 0)
    open_ = sorted((partition for partition in left if left[partition] > 0), key=lambda p: (left[p], -p))
    while open_ and limit > 0:
        partition = open_.pop(0)
        shares[partition] = min(left[partition], limit // (len(open_) + 1))
        limit -= shares[partition]
    return shares


def split_range(whole: OffsetRange, parts: int) -> tuple[OffsetRange, ...]:
    """The range in at most so many parts of equal length, in order, none empty.

    >>> [(part.start, part.end) for part in split_range(OffsetRange("t", 0, 10, 15), 2)]
    [(10, 12), (12, 15)]
    """
    count = max(1, min(parts, len(whole)))
    edges = [whole.start + len(whole) * index // count for index in range(count + 1)]
    return tuple(
        OffsetRange(whole.topic, whole.partition, start, end) for start, end in pairwise(edges)
    )
