"""The state of a topic: its offsets, what is still to be read of it, and what retention has removed unread."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
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
    from datetime import datetime

    from kafka import KafkaAdminClient

type RetentionPolicy = Literal["stop", "continue"]


class TopicMissing(Exception):
    """The topic does not exist on the broker."""


class RetentionPassed(Exception):
    """Retention removed records before they were read. ``gaps`` are their offsets, ``lost`` is their number."""

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
    """The state of a topic: its id, which changes if it is made again, and [beginning, end) by partition.

    The id is empty if the broker gives none. ``end`` is the end of what may be read now. ``waiting`` is the number of
    offsets after that, from the first record of an open transaction to the partition's last record.
    """

    name: str
    topic_id: str
    offsets: Mapping[int, tuple[int, int]]
    waiting: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a micro-batch reads.

    There is at most one range per partition, and it starts at the saved offset. If retention has removed that offset,
    the range covers the lost offsets too, and ``gaps`` lists them. ``lag`` is the number of offsets left to read in
    each partition before this batch. ``waiting`` is the number of offsets that can be read only after an open
    transaction has ended.
    """

    topic: str
    ranges: tuple[OffsetRange, ...]
    gaps: tuple[Gap, ...] = ()
    lag: Mapping[int, int] = field(default_factory=dict)
    topic_id: str = ""
    waiting: Mapping[int, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(len(part) for part in self.ranges)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to load: neither a record nor a gap."""
        return not (self.ranges or self.gaps)


def topic_offsets(kafka: KafkaSettings, topic: str) -> dict[int, tuple[int, int]]:
    """The first offset and the end of every partition. The end is the last stable offset: what may be read now."""
    return dict(describe_topic(kafka, topic).offsets)


def first_contact(kafka: KafkaSettings, topic: str) -> Topic:
    """The topic, described before a run starts: problems are raised within seconds (``connect_timeout_s``).

    Raises what ``probe_broker`` and ``describe_topic`` raise, and ``TopicRefused`` if the broker reports that the user
    may not read the topic. A broker that does not report rights passes.
    """
    refuse_topic_name(topic)
    probe_broker(kafka, f"read the offsets of {topic}")
    return ask_broker(impatient(kafka), f"read the offsets of {topic}", lambda admin: _readable(admin, kafka, topic))


def _readable(admin: KafkaAdminClient, kafka: KafkaSettings, topic: str) -> Topic:
    found = _describe(admin, kafka, topic)
    refuse_unreadable(admin, kafka, topic)
    return found


def describe_topic(kafka: KafkaSettings, topic: str) -> Topic:
    """The state of the topic now.

    Raises ``TopicMissing``, ``TopicRefused``, ``TopicNameInvalid``, or ``BrokerUnavailable`` if a partition has no
    leader for as long as a request may take.
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
    # LATEST goes first, so that a record that arrives between the two requests does not count as waiting.
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
    """The broker's metadata of the topic, checked: no error codes, no partition missing or without a leader."""
    from kafka.errors import LeaderNotAvailableError, UnknownTopicOrPartitionError

    described = [found for found in admin.describe_topics([topic]) if found["name"] == topic]
    if not described or described[0]["error_code"] == UnknownTopicOrPartitionError.errno:
        raise TopicMissing(
            f"There is no topic {topic} on {kafka.bootstrap_servers}."
            "\nWhat to do: for the local broker, run `dateline up`, which makes the topics. On a broker of your own, "
            "make the topic, or set another name in DATELINE_KAFKA__RAW_TOPIC (or --topic)."
        )
    found: Mapping[str, Any] = described[0]
    refuse_errors(found, f"topic {topic}")
    numbers = sorted(part["partition_index"] for part in found["partitions"])
    if not numbers or numbers != list(range(len(numbers))):
        raise LeaderNotAvailableError(f"the broker lists only the partitions {numbers} of {topic}")
    if leaderless := [part["partition_index"] for part in found["partitions"] if part["leader_id"] < 0]:
        raise LeaderNotAvailableError(f"no leader for {topic}, partitions {sorted(leaderless)}")
    return found


def given_id(topic_id: object) -> str:
    """The id as text; empty if there is none, or if it is all zeros, which is what old brokers send.

    >>> given_id("00000000-0000-0000-0000-000000000000"), given_id(None)
    ('', '')
    """
    text = str(topic_id or "")
    return "" if set(text) <= {"0", "-"} else text


def confirm_topic(kafka: KafkaSettings, topic: str, topic_id: str) -> None:
    """Raises ``TopicRecreated`` unless the topic still has this id.

    It is checked after reading. Kafka never reuses an id, so everything that was read before is of this topic.
    """
    if topic_id:
        refuse_other_topic(topic, topic_id, describe_topic(kafka, topic).topic_id)


def plan_ranges(kafka: KafkaSettings, topic: str, next_offsets: Mapping[int, int], max_records: int,  # noqa: PLR0913  broker and warehouse state
                *, loaded_id: str = "", retention_gap: RetentionPolicy = "stop",
                own: Collection[int] | None = None, from_time: datetime | None = None) -> Plan:
    """What to read next: from the saved offsets to the current ends, at most ``max_records`` offsets.

    A partition without a saved offset is new and is read from its beginning, or else from its first record at or after
    ``from_time``; the offsets before that one are a gap of kind ``skipped``. ``loaded_id`` is the id of the topic
    that the saved offsets belong to, or empty if unknown. ``own`` are the only partitions that are planned, if other
    runs read the others. Raises ``TopicMissing``, ``TopicRecreated``,
    ``BrokerUnavailable``, and ``RetentionPassed`` unless the policy is to continue.
    """
    reach(Failpoint.PLANNING)
    found = describe_topic(kafka, topic)
    if own is not None:
        next_offsets = {partition: offset for partition, offset in next_offsets.items() if partition in own}
        found = replace(
            found, offsets={partition: ends for partition, ends in found.offsets.items() if partition in own},
            waiting={partition: count for partition, count in found.waiting.items() if partition in own},
        )
    new = found.offsets.keys() - next_offsets.keys()
    starts = _first_offsets(kafka, found, new, from_time) if new and from_time is not None else {}
    return plan_topic(
        found, next_offsets, max_records, loaded_id=loaded_id, retention_gap=retention_gap, starts=starts
    )


def _first_offsets(kafka: KafkaSettings, topic: Topic, partitions: Collection[int], at: datetime) -> dict[int, int]:
    """The offset of the first record at or after a time, for each partition; its end if there is none."""
    from kafka import TopicPartition

    milliseconds = max(0, int(at.timestamp() * 1000))
    wanted = {TopicPartition(topic.name, partition): milliseconds for partition in partitions}
    found = ask_broker(
        kafka, f"find the offsets of {topic.name} at {at.isoformat()}",
        lambda admin: admin.list_partition_offsets(wanted),
    )
    ends = {partition: end for partition, (_, end) in topic.offsets.items()}
    offsets = {name.partition: first.offset for name, first in found.items() if first is not None and first.offset >= 0}
    return {p: min(offsets.get(p, ends[p]), ends[p]) for p in partitions}


def plan_topic(topic: Topic, next_offsets: Mapping[int, int], max_records: int,  # noqa: PLR0913  broker and warehouse state
               *, loaded_id: str = "", retention_gap: RetentionPolicy = "stop",
               starts: Mapping[int, int] | None = None) -> Plan:
    """``plan_ranges`` for a topic that was described before. Uses no network.

    ``starts`` are the offsets at which partitions without a saved offset start; the others start at the beginning.
    """
    refuse_other_topic(topic.name, loaded_id, topic.topic_id)
    _refuse_recreated(topic, next_offsets)
    gaps = tuple(
        Gap(topic.name, partition, next_offsets[partition], beginning, "retention")
        for partition, (beginning, _) in sorted(topic.offsets.items())
        if next_offsets.get(partition, beginning) < beginning
    )
    if gaps and retention_gap == "stop":
        raise retention_passed(gaps)
    starts = starts or {}
    skipped = tuple(
        Gap(topic.name, partition, beginning, starts[partition], "skipped")
        for partition, (beginning, _) in sorted(topic.offsets.items())
        if partition not in next_offsets and starts.get(partition, beginning) > beginning
    )
    next_offsets = {**starts, **next_offsets}
    left = {p: end - max(beginning, next_offsets.get(p, 0)) for p, (beginning, end) in topic.offsets.items()}
    lost = {gap.partition: gap.end - gap.start for gap in gaps}
    ranges = []
    for partition, count in share_fairly(left, max_records).items():
        start = next_offsets.get(partition, topic.offsets[partition][0])
        size = lost.get(partition, 0) + count
        if size:
            ranges.append(OffsetRange(topic.name, partition, start, start + size))
    return Plan(topic.name, tuple(ranges), (*gaps, *skipped), left, topic.topic_id, topic.waiting)


def _refuse_recreated(topic: Topic, next_offsets: Mapping[int, int]) -> None:
    ahead = [
        f"partition {partition}: saved {saved}, " + ("gone" if partition not in topic.offsets
                                                      else f"ends at {topic.offsets[partition][1]}")
        for partition, saved in sorted(next_offsets.items())
        if saved > topic.offsets.get(partition, (0, 0))[1]
    ]
    if ahead:
        raise TopicRecreated(
            f"{topic.name} ends before the offsets that the warehouse has loaded ({'; '.join(ahead)}). The topic was "
            "deleted and made again, or its log was truncated. Continuing would mix up the records of two topics."
            f"\n{TopicRecreated.ADVICE}"
        )


def retention_passed(gaps: tuple[Gap, ...]) -> RetentionPassed:
    """The fault that says how many offsets were lost, and which."""
    where = "; ".join(f"{gap.topic}/{gap.partition} {gap.start}–{gap.end - 1}" for gap in gaps)
    lost = sum(gap.end - gap.start for gap in gaps)
    return RetentionPassed(
        f"{counted(lost, 'offset')} passed out of retention before they were read ({where}). They cannot be loaded."
        "\nWhat to do: to continue with the records that are left, and record the gap in the ledger, set "
        "DATELINE_BATCH__RETENTION_GAP=continue. To lose no more, raise the topic's retention.ms or run more often.",
        gaps,
    )


def share_fairly(left: Mapping[int, int], limit: int) -> dict[int, int]:
    """The number of offsets to read from each partition: at most ``limit`` in all, and evenly shared.

    A partition with less than its even share is read to its end, and the others share what it leaves.

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
    """The range in at most ``parts`` parts of about equal length, in order, none empty.

    >>> [(part.start, part.end) for part in split_range(OffsetRange("t", 0, 10, 15), 2)]
    [(10, 12), (12, 15)]
    """
    count = max(1, min(parts, len(whole)))
    edges = [whole.start + len(whole) * index // count for index in range(count + 1)]
    return tuple(
        OffsetRange(whole.topic, whole.partition, start, end) for start, end in pairwise(edges)
    )
