"""Compares the archive of raw messages with its checksums and with the ledger, erases, and applies its retention."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pipelines.phrases import counted
from pipelines.records import Coordinates
from pipelines.settings import ArchiveSettings
from pipelines.stage import Archive, ArchivedBatch, ArchivedFile
from pipelines.stage.archive import FileCheck, Retained, without_span
from pipelines.warehouse import Warehouse
from pipelines.warehouse.questions import ask

type ArchiveProblemKind = Literal["file", "message", "missing", "not erased"]

SHOWN = 5
CHUNK = 100_000
"""Offsets of the ledger that are in memory at a time, where the archive has no batch for them."""
RESTORE = (
    "restore it from a backup; without one, these messages can be processed again only while Kafka has them"
)


@dataclass(frozen=True, slots=True)
class ArchiveProblem:
    """What is wrong with the archive, with how many messages, where, and what to do about it."""

    kind: ArchiveProblemKind
    where: str
    messages: int
    says: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.says}. What to do: {self.remedy}."


@dataclass(slots=True)
class ArchiveVerification:
    """What the archive of a topic has, and what is wrong with it."""

    topic: str
    batches: int = 0
    files: int = 0
    messages: int = 0
    erased: int = 0
    size_bytes: int = 0
    covered: int = 0
    problems: list[ArchiveProblem] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.problems


def verify_archive(archive: Archive, warehouse: Warehouse) -> ArchiveVerification:
    """Reads the whole archive of a topic, one file at a time, and compares it with its index and with the ledger.

    Every offset that a run archived, that retention has not removed and that has an outcome in the ledger has to be
    there, or to be marked as erased. What a delete request removed or kept out has to be erased.
    """
    found, left = ArchiveVerification(archive.topic), _Offsets(archive)
    found.covered = left.total()
    for batch in archive.batches():
        found.batches += 1
        found.size_bytes += batch.size_bytes
        _verify_batch(archive, warehouse, batch, left, found)
    for partition, start, end in left.spans():
        for first in range(start, end, CHUNK):
            known = _in_ledger(warehouse, archive.topic, partition, first, min(end, first + CHUNK))
            _report_missing(found, f"{archive.topic}/{partition}", known, str(archive.folder))
    return found


def _verify_batch(
    archive: Archive, warehouse: Warehouse, batch: ArchivedBatch, left: _Offsets, found: ArchiveVerification
) -> None:
    there: dict[int, set[int]] = defaultdict(set)
    erased: set[Coordinates] = set()
    for file in batch.files:
        found.files += 1
        check = archive.check_file(batch, file)
        for partition, offsets in check.offsets.items():
            there[partition] |= offsets
        erased |= check.erased
        found.messages += sum(map(len, check.offsets.values()))
        found.erased += len(check.erased)
        _report_file(archive, batch, file, check, found)
        if check.damage:  # its messages are reported with it
            for span in file.spans:
                there[span.partition] |= set(range(span.start, span.end))
    for read in batch.ranges:
        if not left.take(read.partition, read.start, read.end):
            continue
        known = _in_ledger(warehouse, archive.topic, read.partition, read.start, read.end)
        missing = {offset: is_removed for offset, is_removed in known.items() if offset not in there[read.partition]}
        _report_missing(found, f"{read.topic}/{read.partition}", missing, str(archive.folder))
        kept = [
            Coordinates(read.topic, read.partition, offset) for offset, is_removed in known.items()
            if is_removed and offset not in missing
        ]
        _report_not_erased(found, [at for at in kept if at not in erased])


def _report_file(
    archive: Archive, batch: ArchivedBatch, file: ArchivedFile, check: FileCheck, found: ArchiveVerification
) -> None:
    where = archive.where(batch, file)
    if check.damage:
        spans = ", ".join(f"{s.topic}/{s.partition} {s.start} to {s.end - 1}" for s in file.spans)
        says = f"the file {check.damage}; it has {counted(file.rows, 'message')} among the offsets {spans}"
        found.problems.append(ArchiveProblem("file", where, file.rows, says, RESTORE))
    elif check.damaged:
        says = f"{counted(len(check.damaged), 'message')} whose sha256 differs: {_shown(check.damaged)}"
        found.problems.append(ArchiveProblem("message", where, len(check.damaged), says, RESTORE))


def _report_missing(found: ArchiveVerification, where: str, known: dict[int, bool], folder: str) -> None:
    missing = [offset for offset, is_removed in known.items() if not is_removed]
    if missing:
        says = f"{counted(len(missing), 'message')} with an outcome in the ledger not in the archive: {_shown(missing)}"
        found.problems.append(ArchiveProblem("missing", where, len(missing), says, f"{RESTORE} ({folder})"))


def _report_not_erased(found: ArchiveVerification, kept: list[Coordinates]) -> None:
    if kept:
        says = f"{counted(len(kept), 'message')} that a delete request covers, not erased: {_shown(kept)}"
        where = f"{kept[0].topic}/{kept[0].partition}"
        found.problems.append(ArchiveProblem("not erased", where, len(kept), says, "run `dateline maintain`"))


def _shown(all_of: Iterable[object]) -> str:
    listed = list(all_of)
    return ", ".join(map(str, listed[:SHOWN])) + (", …" if len(listed) > SHOWN else "")


def _in_ledger(warehouse: Warehouse, topic: str, partition: int, start: int, end: int) -> dict[int, bool]:
    """The offsets with an outcome, and whether a delete request covers their message."""
    return dict(ask(warehouse, "offsets_between", (topic, partition, start, end)).rows)


class _Offsets:
    """The covered offsets that no batch was compared for yet."""

    def __init__(self, archive: Archive) -> None:
        self._left: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for span in archive.covered():
            self._left[span.partition].append((span.start, span.end))

    def total(self) -> int:
        return sum(end - start for _, start, end in self.spans())

    def spans(self) -> list[tuple[int, int, int]]:
        return [(partition, *span) for partition in sorted(self._left) for span in self._left[partition]]

    def take(self, partition: int, start: int, end: int) -> bool:
        """Takes the offsets out, and says whether all of them were covered."""
        before = self._left[partition]
        self._left[partition] = without_span(before, start, end)
        return any(first <= start and end <= last for first, last in before)


def erase_removed(archive: Archive, warehouse: Warehouse, at: datetime, batch_id: str | None = None) -> int:
    """Erases what delete requests removed or kept out: all of it, or what the load of one batch did.

    Returns the number of messages that were erased now.
    """
    if batch_id is None:
        found = ask(warehouse, "removed_records", (archive.topic,))
    else:
        found = ask(warehouse, "removed_by", (archive.topic, batch_id))
    return archive.erase([Coordinates(*row) for row in found.rows], at)


def keep_archive(archive: Archive, settings: ArchiveSettings, now: datetime) -> Retained:
    """Removes what is older or more than the settings keep, and merges small index files."""
    done = archive.retain(settings.keep_days, settings.keep_bytes, now)
    archive.merge_index()
    return done
