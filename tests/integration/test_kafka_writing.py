"""Writing to a real broker: raw messages, dead letters, group offsets."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli.app import app
from pipelines.records import Coordinates, OffsetRange, RawMessage
from pipelines.settings import KafkaSettings
from pipelines.sinks.dead_letters import DeadLetterTopic, Sent
from pipelines.sinks.kafka import (
    CAREFUL_BYTES,
    MessageTooLarge,
    OutgoingMessage,
    make_topics,
    publish_messages,
)
from pipelines.sources.kafka import commit_group_offsets, group_offsets, read_range, topic_offsets
from schemas import Registry
from tests.builders import FETCHED_AT


def everything(kafka: KafkaSettings, topic: str) -> list[RawMessage]:
    return [
        message
        for partition, (start, end) in topic_offsets(kafka, topic).items()
        for message in read_range(kafka, OffsetRange(topic, partition, start, end))
        if isinstance(message, RawMessage)
    ]


def a_dead_letter(offset: int = 7, original: bytes | None = b"<html>") -> dict[str, Any]:
    return {
        "step": "clean", "reason": "ConsentWall", "details": [], "fingerprint": "0" * 12, "processor": "test",
        "rejected_at": FETCHED_AT, "scraper": None,
        "coordinates": {"topic": "articles.raw", "partition": 3, "offset": offset},
        "timestamp": FETCHED_AT, "key": b"k", "headers": [{"name": "url", "value": b"https://pier.example"}],
        "original": original, "original_path": None, "original_key_id": None, "original_bytes": len(original or b""),
    }


def test_topics_are_made_once(kafka: KafkaSettings) -> None:
    assert make_topics(kafka) == (kafka.raw_topic, kafka.rejected_topic)
    assert make_topics(kafka) == ()
    assert topic_offsets(kafka, kafka.raw_topic) == {0: (0, 0), 1: (0, 0)}


def test_a_key_stays_in_one_partition_and_in_order(kafka: KafkaSettings, make_topic: Callable[..., str]) -> None:
    topic = make_topic(partitions=4)
    keys = [f"https://pier.example/{number % 10}".encode() for number in range(400)]
    published = publish_messages(
        kafka, topic, (OutgoingMessage(key, str(number).encode()) for number, key in enumerate(keys))
    )
    assert published.count == sum(published.by_partition.values()) == 400
    found: dict[bytes, list[tuple[int, int]]] = {}
    for message in everything(kafka, topic):
        found.setdefault(message.key or b"", []).append((message.coordinates.partition, int(message.value or b"")))
    assert len(found) == 10
    for key, seen in found.items():
        assert len({partition for partition, _ in seen}) == 1
        assert [number for _, number in seen] == [n for n in range(400) if keys[n] == key]


def test_a_message_that_is_too_large_is_named(kafka: KafkaSettings, make_topic: Callable[..., str]) -> None:
    topic = make_topic()
    with pytest.raises(MessageTooLarge, match=r"pages/huge\.html has 13,000,000 bytes, .* than raw-\S+ accepts"):
        publish_messages(kafka, topic, [OutgoingMessage(None, bytes(13_000_000), path="pages/huge.html")])


def test_a_dead_letter_comes_back_whole_from_a_topic_that_was_made_for_it(kafka: KafkaSettings) -> None:
    letters = {"seven": a_dead_letter(7), "eight": a_dead_letter(8, None)}
    with DeadLetterTopic(kafka) as topic:
        sent = topic.send(letters)
    assert sent == Sent(["seven", "eight"], {}, None)
    found = sorted(everything(kafka, kafka.rejected_topic), key=lambda message: message.key or b"")
    assert [message.key for message in found] == [b"articles.raw/3@7", b"articles.raw/3@8"]
    assert found[0].header("reason") == "ConsentWall"
    assert found[0].header("step") == "clean"
    assert [Registry.load().decode(message.value or b"") for message in found] == list(letters.values())


@pytest.mark.parametrize("is_known", [True, False], ids=["of a known size", "of an unknown size"])
def test_letters_that_a_topic_does_not_take_keep_no_other_back(
    is_known: bool, kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One goes without its original, one not at all: its fault is its own."""
    if not is_known:  # as where the user may not read the topic's settings
        monkeypatch.setattr("pipelines.sinks.outbox_topic.largest_message", lambda *_: CAREFUL_BYTES)
    make_topics(kafka.model_copy(update={"partitions": 1}), {kafka.rejected_topic: {"max.message.bytes": "20000"}})
    incompressible = random.Random(2).randbytes(50_000)
    details = [{"field": "body", "expectation": "short", "value": random.Random(3).randbytes(20_000).hex()}]
    broken = {name: value for name, value in a_dead_letter(5).items() if name != "reason"} | {"reason": 5}
    letters = {
        "one": a_dead_letter(1), "two": a_dead_letter(2, incompressible), "three": a_dead_letter(3),
        "four": a_dead_letter(4) | {"details": details}, "five": broken, "six": a_dead_letter(6),
    }
    with DeadLetterTopic(kafka) as topic:
        sent = topic.send(letters)
        assert sent.stopped is None
        assert sorted(sent.acknowledged) == ["one", "six", "three", "two"]
        assert sorted(sent.refused) == ["five", "four"]
        assert "What to do: raise the topic's max.message.bytes" in sent.refused["four"]
        assert topic.send({"seven": a_dead_letter(7)}).acknowledged == ["seven"]
    found = {message.key: message for message in everything(kafka, kafka.rejected_topic)}
    assert sorted(found) == [f"articles.raw/3@{offset}".encode() for offset in (1, 2, 3, 6, 7)]
    pointer = found[b"articles.raw/3@2"]
    assert pointer.header("original-left-in") == "warehouse"
    letter = Registry.load().decode(pointer.value or b"")
    assert (letter["original"], letter["original_bytes"]) == (None, 50_000)
    assert Registry.load().decode(found[b"articles.raw/3@3"].value or b"")["original"] == b"<html>"


def test_group_offsets_are_what_lag_monitors_see(kafka: KafkaSettings, make_topic: Callable[..., str]) -> None:
    topic = make_topic(partitions=2)
    assert group_offsets(kafka, topic) == {}
    commit_group_offsets(kafka, topic, {0: 5, 1: 0})
    assert group_offsets(kafka, topic) == {0: 5, 1: 0}
    commit_group_offsets(kafka, topic, {0: 9})
    commit_group_offsets(kafka, topic, {})
    assert group_offsets(kafka, topic) == {0: 9, 1: 0}
    assert str(Coordinates(topic, 0, 9)) == f"{topic}/0@9"


def test_a_topic_that_is_named_and_missing_is_said_to_be_missing_at_once(
    kafka: KafkaSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATELINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATELINE_KAFKA__BOOTSTRAP_SERVERS", str(kafka.bootstrap_servers))
    (tmp_path / "page.txt").write_text("A page.")
    shown = CliRunner().invoke(app, ["publish", str(tmp_path / "page.txt"), "--topic", "a-slip"])
    assert (shown.exit_code, "There is no topic a-slip" in shown.output) == (3, True)
