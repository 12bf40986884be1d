"""A backfill sends each message of its files once, in turns, however often it is stopped."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from flows import backfill
from flows.backfill import Sent
from flows.journal import journal_of
from pipelines.records import OutgoingMessage
from pipelines.settings import KafkaSettings, Settings


class Stopped(Exception):
    """The run was stopped."""


class Topic:
    """Receives what is published, and stops the run after some messages."""

    def __init__(self) -> None:
        self.values: list[bytes] = []
        self.sizes: list[int] = []
        self.stop_after: int | None = None

    def publish(
        self, _kafka: KafkaSettings, _topic: str, messages: Iterable[OutgoingMessage], leave_out: Callable[..., None]
    ) -> None:
        del leave_out
        sending = list(messages)
        if self.stop_after is not None and len(self.values) + len(sending) > self.stop_after:
            raise Stopped
        self.values += [message.value or b"" for message in sending]
        self.sizes.append(len(sending))


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Topic:
    made = Topic()
    monkeypatch.setattr("pipelines.sinks.kafka.publish_messages", made.publish)
    monkeypatch.setattr(backfill, "AT_ONCE", 3)
    monkeypatch.setattr(backfill, "TURN", 5)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files of JSON lines, one of them compressed, and a page, in subfolders as Common Crawl has them."""
    files = {"2026/01/b.jsonl": lines(4, 8), "2026/02/c.html": b"<!doctype html><p>page"}
    for name, content in files.items():
        (tmp_path / "news" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "news" / name).write_bytes(content)
    (tmp_path / "news" / "2026" / "01" / "a.jsonl.gz").write_bytes(gzip.compress(lines(0, 4)))
    return tmp_path / "news"


def lines(start: int, end: int) -> bytes:
    return b"".join(b'{"url": "https://pier.example/%d"}\n' % n for n in range(start, end))


def run(home: Path, *paths: Path, restart: bool = False) -> tuple[Sent, int]:
    """What a run sends, and the number of its turns."""
    settings, sent = Settings(home=home), Sent()
    journal = journal_of(settings, paths, None, restart=restart)
    turns = sum(1 for _ in backfill.turns(settings, list(paths), None, journal, sent))
    return sent, turns


def test_every_message_is_sent_once_and_in_order(topic: Topic, folder: Path, home: Path) -> None:
    sent, turns = run(home, folder)
    assert b"".join(value + b"\n" for value in topic.values[:8]) == lines(0, 8)
    assert topic.values[8:] == [b"<!doctype html><p>page"]
    assert (sent.files, sent.messages, sent.skipped, turns) == (3, 9, 0, 1)
    assert max(topic.sizes) == 3


@pytest.mark.parametrize("stop_after", range(9))
def test_a_run_that_was_stopped_is_continued(topic: Topic, folder: Path, home: Path, stop_after: int) -> None:
    topic.stop_after = stop_after
    with pytest.raises(Stopped):
        run(home, folder)
    before = len(topic.values)
    topic.stop_after = None
    sent, _ = run(home, folder)
    assert len(topic.values) == len(set(topic.values)) == 9
    assert (sent.messages, sent.skipped) == (9 - before, before)


def test_a_finished_backfill_sends_only_what_is_new_or_changed(topic: Topic, folder: Path, home: Path) -> None:
    run(home, folder)
    again, _ = run(home, folder)
    assert (again.files, again.messages, again.skipped) == (0, 0, 9)
    (folder / "2026" / "01" / "b.jsonl").write_bytes(lines(4, 9))
    (folder / "2026" / "03.jsonl").write_bytes(lines(20, 22))
    changed, _ = run(home, folder)
    assert (changed.files, changed.messages) == (2, 7)
    everything, _ = run(home, folder, restart=True)
    assert (everything.files, everything.messages) == (4, 12)


def test_pages_without_a_time_have_that_of_their_own_backfill(topic: Topic, folder: Path, home: Path) -> None:
    topic.stop_after = 3
    with pytest.raises(Stopped):
        run(home, folder / "2026" / "01" / "b.jsonl")
    (path,) = (home / "backfills").iterdir()
    started_at = json.loads(path.read_text())["started_at"]
    topic.stop_after = None
    run(home, folder / "2026" / "01" / "b.jsonl")
    assert json.loads(path.read_text())["started_at"] == started_at
    (folder / "2026" / "01" / "b.jsonl").write_bytes(lines(4, 9))
    run(home, folder / "2026" / "01" / "b.jsonl")
    assert json.loads(path.read_text())["started_at"] > started_at


def test_a_file_that_is_replaced_while_it_is_half_sent_is_sent_from_its_beginning(
    topic: Topic, folder: Path, home: Path
) -> None:
    file = folder / "2026" / "01" / "b.jsonl"
    topic.stop_after = 3
    with pytest.raises(Stopped):
        run(home, file)
    os.utime(file, ns=(0, 0))
    topic.stop_after = None
    assert run(home, file)[0].messages == 4


def test_other_paths_and_topics_have_journals_of_their_own(folder: Path, home: Path) -> None:
    settings = Settings(home=home)
    other = Settings(home=home, kafka=KafkaSettings(raw_topic="other"))
    paths = {
        journal_of(each, given, None, restart=False).path
        for each in (settings, other) for given in ((folder,), (folder / "2026",))
    }
    assert len(paths) == 4
    assert journal_of(settings, (folder / "x" / "..",), None, restart=False).path in paths


def test_a_damaged_journal_begins_anew(topic: Topic, folder: Path, home: Path) -> None:
    run(home, folder)
    (journal,) = (home / "backfills").iterdir()
    journal.write_text("{")
    assert run(home, folder)[0].messages == 9


def test_files_that_cannot_be_read_are_reported_and_the_others_sent(topic: Topic, folder: Path, home: Path) -> None:
    (folder / "2026" / "01" / "a.jsonl.gz").write_bytes(gzip.compress(lines(0, 4))[:-9])
    (folder / "gone.warc").symlink_to(folder / "nowhere")
    sent, _ = run(home, folder)
    assert {Path(one.path).name for one in sent.left_out} == {"a.jsonl.gz", "gone.warc"}
    assert sent.messages >= 5
    assert len(topic.values) == sent.messages


def test_another_broker_and_a_topic_that_was_made_again_have_journals_of_their_own(folder: Path, home: Path) -> None:
    def path(servers: str, topic_id: str = "") -> Path:
        settings = Settings(home=home, kafka=KafkaSettings(bootstrap_servers=servers))
        return journal_of(settings, [folder], None, restart=False, topic_id=topic_id).path

    assert path("a.example:9092, b.example:9092") == path("b.example:9092,a.example:9092")
    assert path("a.example:9092") != path("b.example:9092")
    assert path("a.example:9092", "one") == path("b.example:9092", "one") != path("a.example:9092", "another")
