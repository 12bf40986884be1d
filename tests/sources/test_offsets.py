"""Planning what to read, without a broker."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka import TopicPartition, errors
from kafka.protocol.consumer import OffsetSpec
from kafka.structs import OffsetAndTimestamp

from pipelines.broker_faults import TopicNameInvalid, TopicRefused
from pipelines.records import Gap, OffsetRange
from pipelines.settings import KafkaSettings
from pipelines.sources import offsets
from pipelines.sources.offsets import (
    RetentionPassed,
    Topic,
    TopicMissing,
    TopicRecreated,
    _describe,
    describe_topic,
    first_contact,
    plan_topic,
    share_fairly,
    split_range,
)


def a_topic(**offsets: tuple[int, int]) -> Topic:
    """``p0=(0, 10)`` is partition 0 with offsets 0 to 9."""
    return Topic("articles.raw", "id", {int(name[1:]): span for name, span in offsets.items()})


ID = "5d9f1c1e-0000-4000-8000-000000000001"


class Admin:
    """An admin client of a broker that answers so of the topic: its error code, partitions, and offsets by question."""

    operations: list[str] | None = None

    def __init__(self, code: int = 0, partitions: Sequence[tuple[int, ...]] = ((0, 0, 1),), **offsets: int) -> None:
        self.code, self.partitions, self.offsets = code, partitions, {"first": 0, "last": 9, "stable": 9} | offsets

    def describe_topics(self, topics: list[str]) -> list[dict[str, Any]]:
        partitions = [{"partition_index": p, "error_code": code, "leader_id": at} for p, code, at in self.partitions]
        said = {} if self.operations is None else {"authorized_operations": self.operations}
        return [{"name": topics[0], "error_code": self.code, "topic_id": ID, "partitions": partitions} | said]

    def list_partition_offsets(self, wanted: dict[TopicPartition, OffsetSpec], **how: Any) -> dict[TopicPartition, Any]:
        level = how.get("isolation_level")
        def offset(spec: OffsetSpec) -> int:
            return self.offsets["first" if spec == OffsetSpec.EARLIEST else "stable" if level else "last"]
        return {name: OffsetAndTimestamp(offset(spec), 0, 0) for name, spec in wanted.items() if name.partition < 8}


def described(admin: Admin) -> Topic:
    return _describe(admin, KafkaSettings(bootstrap_servers="kafka.example:9092"), "articles.raw")  # type: ignore[arg-type]


def test_what_lies_behind_the_last_stable_offset_waits() -> None:
    assert described(Admin(stable=4)) == Topic("articles.raw", ID, {0: (0, 4)}, {0: 5})
    assert described(Admin(stable=11)) == Topic("articles.raw", ID, {0: (0, 11)}, {})  # it came between the questions


@pytest.mark.parametrize(("admin", "fault"), [
    (Admin(code=3, partitions=()), TopicMissing),
    (Admin(code=29, partitions=()), errors.TopicAuthorizationFailedError),
    (Admin(code=17, partitions=()), errors.InvalidTopicError),
    (Admin(code=5), errors.LeaderNotAvailableError),
    (Admin(code=-1), errors.UnknownError),
    (Admin(partitions=()), errors.LeaderNotAvailableError),
    (Admin(partitions=((0, 0, 1), (2, 0, 1))), errors.LeaderNotAvailableError),
    (Admin(partitions=((0, 0, 1), (1, 5, -1))), errors.LeaderNotAvailableError),
    (Admin(partitions=((0, 0, -1),)), errors.LeaderNotAvailableError),
    (Admin(partitions=((0, 72, 1),)), errors.ListenerNotFoundError),
    (Admin(partitions=((0, 9, -1),)), errors.ReplicaNotAvailableError),
    (Admin(partitions=tuple((p, 0, 1) for p in range(9))), errors.OffsetNotAvailableError),
    (Admin(stable=-1), errors.OffsetNotAvailableError),
    (Admin(first=-1), errors.OffsetNotAvailableError),
])
def test_an_answer_that_is_no_answer_is_a_fault(admin: Admin, fault: type[Exception]) -> None:
    with pytest.raises(fault):
        described(admin)


def test_a_replica_that_is_away_is_no_matter() -> None:
    assert described(Admin(partitions=((0, 9, 1),))).offsets == {0: (0, 9)}


@pytest.mark.parametrize("name", ["a b", "..", ".", "", "a" * 250, "naïve", "a/b"])
def test_a_name_that_no_topic_can_have_is_refused_before_a_broker_is_asked(name: str) -> None:
    nobody = KafkaSettings(bootstrap_servers="127.0.0.1:1")
    for ask in (describe_topic, first_contact):
        with pytest.raises(TopicNameInvalid, match="is not a valid name for a Kafka topic"):
            ask(nobody, name)


@pytest.mark.parametrize(("operations", "is_refused"), [
    (None, False), (["READ"], False), (["DESCRIBE", "READ", "WRITE"], False), (["DESCRIBE"], True), ([], True),
])
def test_the_first_contact_refuses_a_topic_that_may_be_seen_and_not_read(
    operations: list[str] | None, is_refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = Admin()
    admin.operations = operations
    monkeypatch.setattr(offsets, "probe_broker", lambda *_: None)
    monkeypatch.setattr(offsets, "ask_broker", lambda _kafka, _doing, question: question(admin))
    kafka = KafkaSettings(bootstrap_servers="kafka.example:9093", sasl_username="etl")
    if is_refused:
        with pytest.raises(TopicRefused, match="lets the user etl describe the topic but not read it"):
            first_contact(kafka, "articles.raw")
    else:
        assert first_contact(kafka, "articles.raw").offsets == {0: (0, 9)}
    assert describe_topic(kafka, "articles.raw").offsets == {0: (0, 9)}


def spans(ranges: tuple[OffsetRange, ...]) -> list[tuple[int, int, int]]:
    return [(span.partition, span.start, span.end) for span in ranges]


def test_a_first_plan_starts_where_each_partition_does() -> None:
    plan = plan_topic(a_topic(p0=(0, 10), p1=(5, 7), p2=(3, 3)), {}, 100)
    assert spans(plan.ranges) == [(0, 0, 10), (1, 5, 7)]
    assert (plan.gaps, plan.lag, len(plan), plan.topic_id) == ((), {0: 10, 1: 2, 2: 0}, 12, "id")


def test_a_plan_goes_on_from_the_saved_offsets() -> None:
    plan = plan_topic(a_topic(p0=(0, 10), p1=(0, 4)), {0: 8, 1: 4}, 100)
    assert spans(plan.ranges) == [(0, 8, 10)]
    assert plan.lag == {0: 2, 1: 0}


def test_the_limit_is_shared() -> None:
    topic = a_topic(p0=(0, 1_000), p1=(0, 2), p2=(0, 1_000))
    assert spans(plan_topic(topic, {}, 10).ranges) == [(0, 0, 4), (1, 0, 2), (2, 0, 4)]
    assert spans(plan_topic(topic, {}, 1).ranges) == [(0, 0, 1)]


def test_what_retention_took_is_beside_the_limit() -> None:
    topic = a_topic(p0=(1_000, 1_010), p1=(0, 10))
    plan = plan_topic(topic, {0: 100, 1: 0}, 6, retention_gap="continue")
    assert spans(plan.ranges) == [(0, 100, 1_003), (1, 0, 3)]
    assert plan.gaps == (Gap("articles.raw", 0, 100, 1_000, "retention"),)
    with pytest.raises(RetentionPassed) as fault:
        plan_topic(topic, {0: 100, 1: 0}, 6)
    again = pickle.loads(pickle.dumps(fault.value))
    assert (again.lost, again.gaps, str(again)) == (900, plan.gaps, str(fault.value))


def test_new_partitions_start_at_the_offset_given_and_what_lies_before_is_skipped() -> None:
    topic = a_topic(p0=(2, 10), p1=(0, 4), p2=(5, 9), p3=(1, 3), p4=(7, 7))
    plan = plan_topic(topic, {1: 2}, 100, starts={0: 6, 1: 3, 2: 9, 3: 1, 4: 7})
    assert spans(plan.ranges) == [(0, 6, 10), (1, 2, 4), (3, 1, 3)]
    assert plan.gaps == (Gap("articles.raw", 0, 2, 6, "skipped"), Gap("articles.raw", 2, 5, 9, "skipped"))
    assert (plan.lag, len(plan), plan.is_empty) == ({0: 4, 1: 2, 2: 0, 3: 2, 4: 0}, 8, False)
    only_skipped = plan_topic(a_topic(p0=(0, 4)), {}, 100, starts={0: 4})
    assert (only_skipped.ranges, len(only_skipped), only_skipped.is_empty) == ((), 0, False)
    assert plan_topic(a_topic(p0=(0, 4)), {0: 4}, 100, starts={0: 4}).is_empty


@pytest.mark.parametrize(
    ("saved", "named"), [({0: 11}, "partition 0: saved 11, ends at 10"), ({0: 0, 3: 5}, "partition 3: saved 5, gone")]
)
def test_saved_offsets_past_the_end_are_refused(saved: dict[int, int], named: str) -> None:
    with pytest.raises(TopicRecreated, match=named):
        plan_topic(a_topic(p0=(0, 10)), saved, 100)


def test_another_topic_under_the_name_is_refused_however_far_it_goes() -> None:
    with pytest.raises(TopicRecreated) as fault:
        plan_topic(a_topic(p0=(0, 10_000)), {0: 10}, 100, loaded_id="former")
    assert str(fault.value).startswith(
        "articles.raw has the id id, but the warehouse was loaded from a topic with the id former. The topic was "
        "deleted and made again, or these are other brokers."
    )
    assert "What to do: " in str(fault.value)
    with pytest.raises(TopicRecreated):
        plan_topic(a_topic(p0=(0, 10)), {0: 10}, 100, loaded_id="former")


@pytest.mark.parametrize(("loaded_id", "topic_id"), [("id", "id"), ("", "id"), ("former", ""), ("", "")])
def test_an_id_that_is_the_same_or_not_known_is_no_matter(loaded_id: str, topic_id: str) -> None:
    topic = Topic("articles.raw", topic_id, {0: (0, 10)})
    assert spans(plan_topic(topic, {0: 4}, 100, loaded_id=loaded_id).ranges) == [(0, 4, 10)]


def test_a_partition_that_is_gone_and_was_empty_is_no_matter() -> None:
    assert spans(plan_topic(a_topic(p0=(0, 1)), {0: 0, 1: 0}, 100).ranges) == [(0, 0, 1)]


@given(st.dictionaries(st.integers(0, 9), st.integers(0, 1_000), max_size=8), st.integers(1, 2_000))
def test_sharing_gives_all_that_it_may(left: dict[int, int], limit: int) -> None:
    shares = share_fairly(left, limit)
    assert sum(shares.values()) == min(limit, sum(left.values()))
    assert all(0 <= shares[partition] <= left[partition] for partition in left)
    cut = [shares[partition] for partition in left if shares[partition] < left[partition]]
    assert not cut or max(shares.values()) - min(cut) <= 1


@given(st.integers(0, 100), st.integers(0, 100), st.integers(1, 12))
def test_splitting_keeps_every_offset_once(start: int, length: int, parts: int) -> None:
    split = split_range(OffsetRange("t", 0, start, start + length), parts)
    assert [offset for part in split for offset in range(part.start, part.end)] == list(range(start, start + length))
    assert max(map(len, split)) - min(map(len, split)) <= 1
