"""Sends files to a topic and lists which were sent and which were not, also if it is interrupted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from flows.cli.progress import counting
from flows.cli.screen import Screen, safe
from flows.faults import FOUND_WRONG
from pipelines.phrases import counted

if TYPE_CHECKING:
    from pipelines.settings import KafkaSettings
    from pipelines.sinks.kafka import MessageTooLarge, Sendable
    from pipelines.sources.left_out import LeftOutFile

SHOWN = 50


def publish_files(  # noqa: PLR0913  what the command was given
    screen: Screen, kafka: KafkaSettings, topic: str, paths: Sequence[Path], manifest: Path | None, *, as_json: bool
) -> None:
    """Publish all files that can be read and list the others; exit with code 1 if one of these was faulty."""
    from pipelines.sinks.kafka import publish_messages
    from pipelines.sources.files import TOO_LONG, messages_from
    from pipelines.sources.left_out import LeftOutFile, reasons

    left: list[LeftOutFile] = []
    counts: Counter[int] = Counter()

    def too_large(message: Sendable, fault: MessageTooLarge) -> None:
        left.append(LeftOutFile(message.path or "", str(fault).partition("\n")[0], reason=TOO_LONG))

    messages = messages_from(paths, manifest, datetime.now(UTC), left.append)
    is_complete = False
    try:
        with counting(screen, "Publishing", quiet=as_json) as counted:
            publish_messages(kafka, topic, counted(messages), counts=counts, leave_out=too_large)
        is_complete = True
    finally:
        if as_json:
            screen.write_json({
                "topic": topic, "count": counts.total(), "is_complete": is_complete,
                "left_out": [asdict(one) for one in left], "left_out_by_reason": reasons(left),
            })
        else:
            _show(screen, topic, counts.total(), left, is_complete=is_complete)
    refuse_faults(left)


def _show(screen: Screen, topic: str, count: int, left: Sequence[LeftOutFile], *, is_complete: bool) -> None:
    if is_complete:
        load = "Load them with [cyan]dateline ingest[/cyan]." if count else ""
        screen.say(f"Published {counted(count, 'message')} to [bold]{safe(topic)}[/bold]. {load}".rstrip())
    else:
        screen.note(
            f"Published {counted(count, 'message')} to {safe(topic)} before it was interrupted. Publishing the same "
            "files again is safe: articles that were already published end as unchanged."
        )
    show_left_out(screen, left)


def show_left_out(screen: Screen, left: Sequence[LeftOutFile]) -> None:
    """List what was left out, faults first, and end with how many were left out for each reason."""
    from pipelines.sources.left_out import reasons

    if not left:
        return
    screen.note("Left out:")
    for one in sorted(left, key=lambda one: not one.is_fault)[:SHOWN]:
        sent = f" {counted(one.sent, 'message')} of it were sent before." if one.sent else ""
        colour = "red" if one.is_fault else "dim"
        screen.note(f"  [{colour}]•[/{colour}] {safe(one.why, 600)}{sent}")
    if len(left) > SHOWN:
        screen.note(f"  and {len(left) - SHOWN:,} more; `dateline publish --json` lists all of them")
    by_reason = reasons(left)
    each = "; ".join(f"{count:,} × {safe(reason)}" for reason, count in by_reason.items())
    total = counted(sum(by_reason.values()), "file, record or line", "files, records or lines")
    screen.note(f"Left out {total}: {each}.")


def refuse_faults(left: Sequence[LeftOutFile]) -> None:
    """Exit with code 1 if a file was left out because it is faulty."""
    if any(one.is_fault for one in left):
        raise typer.Exit(FOUND_WRONG)
