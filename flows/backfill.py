"""The backfill flow: sends files to the topic and loads them, in turns, and goes on where an earlier run was stopped.

The messages go through Kafka like any other, with the same promises. A run that was killed sends at most the messages
of one turn again, which end as ``unchanged``.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import flow

from flows.ingest import ingest
from flows.journal import Journal, journal_of
from flows.masking import masked
from flows.targets import the_settings, with_broker
from pipelines.failpoints import Failpoint, reach

if TYPE_CHECKING:
    from pipelines.records import OutgoingMessage
    from pipelines.settings import Settings
    from pipelines.sinks.kafka import MessageTooLarge, Sendable
    from pipelines.sources.left_out import LeftOutFile

TURN = 20_000
"""Messages that are sent before they are loaded, so that the topic and the lag stay small."""

AT_ONCE = 1_000
AT_ONCE_BYTES = 32 << 20
"""The journal is written after so many messages or bytes."""


@dataclass(slots=True)
class Sent:
    """What a backfill has sent, skipped because an earlier run had sent it, and left out."""

    files: int = 0
    messages: int = 0
    skipped: int = 0
    left_out: list[LeftOutFile] = field(default_factory=list)


@flow(name="backfill", persist_result=False)
@masked
def backfill(
    paths: list[str], manifest: str | None = None, restart: bool = False, warehouse: str | None = None,
    wait_minutes: float = 0,
) -> dict[str, Any]:
    """Send the pages of files and folders to the topic and load them; go on where an earlier run was stopped.

    Args:
        paths: files (.html, .txt, .json, .jsonl, .warc, .wet, each also with .gz, .warc also
            with .zst) and folders of such files.
        manifest: JSON lines with url, fetched_at and source of each file.
        restart: send everything again, also what an earlier run has sent.
        warehouse: URL of the warehouse, instead of the one in the settings.
        wait_minutes: how long to wait for another run to release the writer lock.
    """
    from pipelines.broker import impatient, probe_broker
    from pipelines.sinks.kafka import make_topics
    from pipelines.sources.kafka import describe_topic

    settings = with_broker(the_settings(warehouse=warehouse))
    given, described = [Path(each) for each in paths], Path(manifest) if manifest else None
    sent, outcomes, reasons = Sent(), Counter[str](), Counter[str]()
    probe_broker(settings.kafka, f"publish to {settings.kafka.raw_topic}")
    make_topics(impatient(settings.kafka), {settings.kafka.raw_topic: {}})
    topic = describe_topic(settings.kafka, settings.kafka.raw_topic)
    journal = journal_of(settings, given, described, restart=restart, topic_id=topic.topic_id)
    sending = turns(settings, given, described, journal, sent)
    while True:
        is_more = next(sending, None) is not None
        report = ingest(warehouse=warehouse, wait_minutes=wait_minutes)
        outcomes.update(report["outcomes"])
        reasons.update(report["reasons"])
        if not is_more:
            break
    return {
        "topic": settings.kafka.raw_topic, "files": sent.files, "sent": sent.messages, "skipped": sent.skipped,
        "left_out": [asdict(one) for one in sent.left_out], "outcomes": dict(outcomes), "reasons": dict(reasons),
        "journal": str(journal.path),
    }


def turns(
    settings: Settings, paths: list[Path], manifest: Path | None, journal: Journal, sent: Sent
) -> Iterator[int]:
    """Send the files, and yield after each turn, with the number of messages that were sent so far."""
    from pipelines.sources.files import files_from

    turn = 0
    for file, messages in files_from(paths, manifest, journal.started_at, sent.left_out.append):
        if not file.is_file():
            deque(messages, maxlen=0)  # it reports why the file cannot be read
            continue
        standing = journal.standing(file)
        if standing.is_complete:
            sent.skipped += standing.sent
            continue
        sent.files += 1
        sent.skipped += sum(1 for _ in islice(messages, standing.sent))
        for some in _pieces(messages):
            _send(settings, some, sent)
            reach(Failpoint.PUBLISHED)
            standing.sent += len(some)
            journal.save()
            sent.messages += len(some)
            turn += len(some)
            if turn >= TURN:
                yield sent.messages
                turn = 0
        standing.is_complete = True
        journal.save()


def _pieces(messages: Iterator[OutgoingMessage]) -> Iterator[list[OutgoingMessage]]:
    """The messages in lists of at most ``AT_ONCE``, and of hardly more than ``AT_ONCE_BYTES``."""
    piece: list[OutgoingMessage] = []
    size = 0
    for message in messages:
        piece.append(message)
        size += len(message.value or b"")
        if len(piece) >= AT_ONCE or size >= AT_ONCE_BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def _send(settings: Settings, messages: list[OutgoingMessage], sent: Sent) -> None:
    from pipelines.sinks.kafka import publish_messages
    from pipelines.sources.files import TOO_LONG
    from pipelines.sources.left_out import LeftOutFile

    def too_large(message: Sendable, fault: MessageTooLarge) -> None:
        sent.left_out.append(LeftOutFile(message.path or "", str(fault).partition("\n")[0], reason=TOO_LONG))

    publish_messages(settings.kafka, settings.kafka.raw_topic, messages, leave_out=too_large)
