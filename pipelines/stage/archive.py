"""The archive of raw messages: what each ingest batch read, kept after the batch is loaded.

```
archive/<warehouse>/<topic>/messages/<batch>/<part>.parquet
archive/<warehouse>/<topic>/index/<day>/<batch>.json     one batch: its files, with their offsets, times and checksums
archive/<warehouse>/<topic>/index/<day>.json             the batches of a day, merged
archive/<warehouse>/<topic>/coverage/<partition>.json    the offsets whose messages have to be there
```

A batch is in the archive once the index names its files. A file of one batch replaces what the index had of it before,
so an index file of a single batch counts more than the merged one of its day.
"""

from __future__ import annotations

import json
import uuid
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.failpoints import Failpoint, reach
from pipelines.records import Coordinates, OffsetRange, RawMessage
from pipelines.stage.batch import StagedBatch
from pipelines.stage.encryption import Keyring
from pipelines.stage.faults import EncryptionKeyMissing, StagedBatchDamaged
from pipelines.stage.folder import Folder
from pipelines.stage.parts import OPEN, schema_of, sealed_value

type Spans = tuple[OffsetRange, ...]

MERGED_FROM = 16
"""Index files of a day that are merged into one; fewer are left as they are."""
_ERASED = ("key", "value", "left_out_bytes", "value_bytes", "key_id", "digest")


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A Parquet file of messages. ``spans`` are the first to the last offset that it has of each partition."""

    name: str
    rows: int
    size_bytes: int
    sha256: str
    spans: Spans
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class ArchivedBatch:
    """The messages of a batch. ``ranges`` are the offsets that the batch read, gaps included."""

    batch_id: str
    staged_at: datetime
    ranges: Spans
    files: tuple[ArchivedFile, ...]

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    @property
    def day(self) -> str:
        return self.staged_at.date().isoformat()


@dataclass(frozen=True)
class Wanted:
    """Messages by their coordinates, by the digest of their value, or by their time (``since`` ≤ time < ``until``).

    The digest is the SHA-256, or that of the keyring where values are encrypted.
    """

    coordinates: frozenset[Coordinates] | None = None
    digest: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @cached_property
    def offsets(self) -> Mapping[tuple[str, int], list[int]]:
        """The wanted offsets of each topic and partition, in order."""
        found: dict[tuple[str, int], list[int]] = defaultdict(list)
        for at in sorted(self.coordinates or ()):
            found[at.topic, at.partition].append(at.offset)
        return found


@dataclass(slots=True)
class Retained:
    """What retention left: bytes before and after it, and the number of files that it removed."""

    before: int = 0
    after: int = 0
    files_removed: int = 0


@dataclass(slots=True)
class FileCheck:
    """What a file of the archive really has: its offsets by partition, those that were erased, and what is wrong.

    ``damage`` is None if the file is as it was stored. ``damaged`` are messages whose checksum differs.
    """

    damage: str | None = None
    offsets: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    erased: set[Coordinates] = field(default_factory=set)
    damaged: list[Coordinates] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Archive:
    """The archive of one topic for one warehouse. Only the run that may load the topic writes to it."""

    folder: Folder
    topic: str
    keyring: Keyring = OPEN

    @property
    def _index(self) -> Folder:
        return self.folder / "index"

    def _messages(self, batch_id: str) -> Folder:
        return self.folder / "messages" / batch_id

    def where(self, batch: ArchivedBatch, file: ArchivedFile) -> str:
        """The path or URL of a file of the archive."""
        return str(self._messages(batch.batch_id) / file.name)

    def publish(self, batch: StagedBatch) -> None:
        """Stores the staged messages of a batch that is about to be loaded. A second call changes nothing."""
        target, files = self._messages(batch.batch_id), []
        for staged in (file for file in batch.files if file.kind == "messages"):
            name = staged.path.rpartition("/")[2]
            batch.folder.copy_file(staged.path, target, name)
            files.append(_described(target, name, staged.sha256))
        reach(Failpoint.ARCHIVING)
        if files:
            self._enter(ArchivedBatch(batch.batch_id, batch.staged_at, batch.ranges, tuple(files)))
        self._cover_all(batch.ranges)
        reach(Failpoint.ARCHIVED)

    def discard(self, batch_id: str) -> None:
        """Removes the messages of a batch that was never loaded: the next batch reads them again."""
        if not self._messages(batch_id).files():
            return
        batches = self.batches()
        for gone in (batch for batch in batches if batch.batch_id == batch_id):
            self._uncover(gone)
            self._drop([gone])
            for batch in batches:  # another worker may have read the same offsets meanwhile
                if batch.batch_id != batch_id and _overlap(batch.ranges, gone.ranges):
                    self._cover_all(batch.ranges)
        self._messages(batch_id).remove()

    def batches(self) -> list[ArchivedBatch]:
        """All batches of the index, the oldest first."""
        found: dict[str, ArchivedBatch] = {}
        for name in self._index.files():
            found |= {batch.batch_id: batch for batch in self._read(self._index, name)}
        for day in self._index.folders():
            found |= {batch.batch_id: batch for name in day.files() for batch in self._read(day, name)}
        return sorted(found.values(), key=lambda batch: (batch.staged_at, batch.batch_id))

    def covered(self) -> Spans:
        """The offsets that a run has archived and retention has not removed, gaps included."""
        return tuple(
            OffsetRange(self.topic, int(name.partition(".")[0]), start, end)
            for name in (self.folder / "coverage").files()
            for start, end in json.loads((self.folder / "coverage").read(name))
        )

    def read(self, wanted: Wanted, batches: Iterable[ArchivedBatch] | None = None) -> Iterator[RawMessage]:
        """The wanted messages that are there and not erased, batch by batch, without those whose key is not given.

        Only files that may have one are opened, and only row groups that have one are read. ``batches`` are those of
        the index, if they were read before. Raises ``StagedBatchDamaged`` if such a file is missing or cannot be read.
        """
        for batch in self.batches() if batches is None else batches:
            for file in batch.files:
                if not _may_have(file, wanted):
                    continue
                with self._opened(batch, file) as parquet:
                    for group in range(parquet.num_row_groups):
                        rows = _rows_of(parquet, group, wanted)
                        if rows:
                            found = parquet.read_row_group(group).take(rows).to_pylist()
                            yield from messages_of(found, self.keyring)

    def erase(self, coordinates: Collection[Coordinates], at: datetime) -> int:
        """Removes keys, headers and values of these messages from the archive, and returns how many it removed now.

        What is left of a message is its coordinates and time, and when it was erased: ``dateline archive verify`` does
        not miss it. Each file is replaced at once. A call that was cut short is finished by another with the same
        coordinates, which also removes files that the first one left.
        """
        wanted, erased = frozenset(coordinates), 0
        for batch in self.batches() if wanted else ():
            if not any(_may_have(file, Wanted(wanted)) for file in batch.files):
                continue
            files = []
            for file in batch.files:
                kept, count = self._without(batch, file, wanted, at)
                files.append(kept)
                erased += count
            self._replace(batch, tuple(files))
        return erased

    def reencrypt(self) -> tuple[int, int]:
        """Encrypts the values that are not encrypted with the current key, of which there has to be one.

        Returns how many were encrypted now, and how many stay as they are, because their key is not given or their file
        is damaged: what is damaged must go on showing it. Each file is replaced at once, and a call that was cut short
        is finished by another. Of a file's messages, one row group at a time is in memory: ``ROW_GROUP`` messages, or
        ``ROW_GROUP_BYTES`` of values and one message more, some three times over while they are rewritten.
        """
        done = left = 0
        for batch in self.batches():
            files = []
            for file in batch.files:
                check = self.check_file(batch, file)
                if check.damage is not None or check.damaged:
                    files.append(file)
                    left += file.rows
                    continue
                kept, count, unreadable = self._with_current_key(batch, file)
                files.append(kept)
                done, left = done + count, left + unreadable
            self._replace(batch, tuple(files))
        return done, left

    def _replace(self, batch: ArchivedBatch, files: tuple[ArchivedFile, ...]) -> None:
        """Names these files in the index instead of the batch's, and removes all others of the batch."""
        if files != batch.files:
            reach(Failpoint.ERASING)
            self._enter(replace(batch, files=files))
            reach(Failpoint.ERASED)
        folder = self._messages(batch.batch_id)
        for left in set(folder.files()) - {file.name for file in files}:
            folder.remove_file(left)

    def retain(self, keep_days: float | None, keep_bytes: int | None, now: datetime) -> Retained:
        """Removes the oldest batches until none is older, and all of them are not larger, than is to be kept."""
        batches = self.batches()
        done = Retained(sum(batch.size_bytes for batch in batches))
        done.after = done.before
        removed = []
        for batch in batches:
            is_old = keep_days is not None and batch.staged_at < now - timedelta(days=keep_days)
            if not is_old and (keep_bytes is None or done.after <= keep_bytes):
                break
            removed.append(batch)
            done.after -= batch.size_bytes
            done.files_removed += len(batch.files)
        for batch in removed:
            self._uncover(batch)
        for batch in removed:
            self._messages(batch.batch_id).remove()
        self._drop(removed)
        return done

    def merge_index(self) -> None:
        """Merges the index files of each day that has many of them, so that the index is read fast."""
        for day in self._index.folders():
            names = day.files()
            if len(names) < MERGED_FROM:
                continue
            before = self._read(self._index, f"{day.name}.json") if self._index.exists(f"{day.name}.json") else []
            merged = {batch.batch_id: batch for batch in before}
            merged |= {batch.batch_id: batch for name in names for batch in self._read(day, name)}
            self._write(self._index, f"{day.name}.json", merged.values())
            for name in names:
                day.remove_file(name)

    def check_file(self, batch: ArchivedBatch, file: ArchivedFile) -> FileCheck:
        """Compares a file with the index, and each of its messages with its own checksum."""
        folder, check = self._messages(batch.batch_id), FileCheck()
        try:
            if folder.sha256(file.name) != file.sha256:
                check.damage = "is not what was stored (its sha256 differs)"
            with self._opened(batch, file) as parquet:
                for group in range(parquet.num_row_groups):
                    for row in parquet.read_row_group(group).to_pylist():
                        _check_row(row, self.keyring, check)
        except FileNotFoundError:
            check.damage = "is missing"
        except (StagedBatchDamaged, OSError, pa.ArrowException) as fault:
            check.damage = check.damage or f"cannot be read ({fault})"
        return check

    def _without(
        self, batch: ArchivedBatch, file: ArchivedFile, wanted: frozenset[Coordinates], at: datetime
    ) -> tuple[ArchivedFile, int]:
        """A file without these messages, and how many of them were not erased before."""
        if not _may_have(file, Wanted(wanted)):
            return file, 0
        with self._opened(batch, file) as parquet:
            groups = [set(_rows_of(parquet, group, Wanted(wanted))) for group in range(parquet.num_row_groups)]
        return self._rewritten(batch, file, groups, lambda row: _erased(row, at)), sum(map(len, groups))

    def _with_current_key(self, batch: ArchivedBatch, file: ArchivedFile) -> tuple[ArchivedFile, int, int]:
        """A file with the current key, how many values were encrypted now, and of how many the key is not given."""
        groups, left, keyring = [], 0, self.keyring
        with self._opened(batch, file) as parquet:
            for group in range(parquet.num_row_groups):
                rows = parquet.read_row_group(group, ["key_id", "value_bytes"]).to_pylist()
                others = {
                    n for n, row in enumerate(rows)
                    if row["value_bytes"] is not None and row["key_id"] != keyring.current
                }
                groups.append({n for n in others if rows[n]["key_id"] is None or rows[n]["key_id"] in keyring.by_id})
                left += len(others) - len(groups[-1])
        new = self._rewritten(
            batch, file, groups, lambda row: row | sealed_value(_value(row, keyring), _coordinates(row), keyring)
        )
        return new, sum(map(len, groups)), left

    def _rewritten(
        self, batch: ArchivedBatch, file: ArchivedFile, groups: Sequence[set[int]],
        change: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> ArchivedFile:
        """The file with these rows of its row groups changed, under a new name; the same file if there are none."""
        if not any(groups):
            return file
        folder, name = self._messages(batch.batch_id), f"{file.name.partition('.')[0]}.{uuid.uuid4().hex[:8]}.parquet"
        with (
            self._opened(batch, file) as parquet, folder.writing(name) as new,
            pq.ParquetWriter(new, schema_of("messages"), compression="zstd") as out,
        ):
            for group, rows in enumerate(groups):
                table = parquet.read_row_group(group)
                if rows:
                    kept = [change(row) if n in rows else row for n, row in enumerate(table.to_pylist())]
                    table = pa.Table.from_pylist(kept, schema=schema_of("messages"))
                out.write_table(table)
        return _described(folder, name, folder.sha256(name))

    @contextmanager
    def _opened(self, batch: ArchivedBatch, file: ArchivedFile) -> Iterator[pq.ParquetFile]:
        try:
            with self._messages(batch.batch_id).open(file.name) as opened, pq.ParquetFile(opened) as parquet:
                yield parquet
        except (FileNotFoundError, pa.ArrowException) as fault:
            raise StagedBatchDamaged(
                f"The archived file {self.where(batch, file)} cannot be read ({fault}).\nWhat to do: see "
                "`dateline archive verify`; restore the file from a backup."
            ) from fault

    def _enter(self, batch: ArchivedBatch) -> None:
        self._write(self._index / batch.day, f"{batch.batch_id}.json", [batch])

    def _drop(self, batches: Collection[ArchivedBatch]) -> None:
        """Removes batches from the index."""
        by_day: dict[str, set[str]] = defaultdict(set)
        for batch in batches:
            by_day[batch.day].add(batch.batch_id)
        for day, gone in by_day.items():
            if self._index.exists(f"{day}.json"):
                kept = [batch for batch in self._read(self._index, f"{day}.json") if batch.batch_id not in gone]
                if kept:
                    self._write(self._index, f"{day}.json", kept)
                else:
                    self._index.remove_file(f"{day}.json")
            for batch_id in gone:
                (self._index / day).remove_file(f"{batch_id}.json")
            (self._index / day).remove_if_empty()

    def _cover_all(self, ranges: Spans) -> None:
        self._change_coverage(ranges, with_span)

    def _uncover(self, batch: ArchivedBatch) -> None:
        self._change_coverage(batch.ranges, without_span)

    def _change_coverage(
        self, ranges: Spans, change: Callable[[list[tuple[int, int]], int, int], list[tuple[int, int]]]
    ) -> None:
        folder = self.folder / "coverage"
        for read in ranges:
            name = f"{read.partition}.json"
            before = [tuple(span) for span in json.loads(folder.read(name))] if folder.exists(name) else []
            after = change(before, read.start, read.end)
            if after != before:
                folder.write(name, json.dumps(after).encode())

    def _write(self, folder: Folder, name: str, batches: Iterable[ArchivedBatch]) -> None:
        content = [asdict(batch) for batch in batches]
        folder.write(name, json.dumps(content, default=datetime.isoformat, separators=(",", ":")).encode())

    def _read(self, folder: Folder, name: str) -> list[ArchivedBatch]:
        try:
            return [_batch(read) for read in json.loads(folder.read(name))]
        except (ValueError, KeyError, TypeError) as fault:
            raise StagedBatchDamaged(
                f"{folder / name}, a part of the archive's index, cannot be read ({fault}).\nWhat to do: restore it "
                "from a backup; without one, remove it, and the messages of its batches are no longer found."
            ) from fault


def read_rows(folder: Folder, name: str, start: int, end: int, keyring: Keyring) -> Iterator[RawMessage]:
    """The messages numbered ``start`` to ``end`` (excluded) of a file of messages; one row group is in memory."""
    first = 0
    with folder.open(name) as opened, pq.ParquetFile(opened) as parquet:
        for group in range(parquet.num_row_groups):
            count = parquet.metadata.row_group(group).num_rows
            if first < end and start < first + count:
                begin, stop = max(start - first, 0), min(end - first, count)
                table = parquet.read_row_group(group).slice(begin, stop - begin)
                yield from messages_of(table.to_pylist(), keyring)
            first += count


def _batch(read: Mapping[str, Any]) -> ArchivedBatch:
    files = tuple(
        ArchivedFile(
            file["name"], file["rows"], file["size_bytes"], file["sha256"],
            tuple(OffsetRange(**span) for span in file["spans"]),
            datetime.fromisoformat(file["first_at"]), datetime.fromisoformat(file["last_at"]),
        )
        for file in read["files"]
    )
    ranges = tuple(OffsetRange(**span) for span in read["ranges"])
    return ArchivedBatch(read["batch_id"], datetime.fromisoformat(read["staged_at"]), ranges, files)


def _described(folder: Folder, name: str, sha256: str) -> ArchivedFile:
    table = folder.table(name, ["topic", "partition", "offset", "timestamp"])
    ends = table.group_by(["topic", "partition"]).aggregate([("offset", "min"), ("offset", "max")]).to_pylist()
    spans = (
        OffsetRange(each["topic"], each["partition"], each["offset_min"], each["offset_max"] + 1) for each in ends
    )
    times = pc.min_max(table.column("timestamp")).as_py()
    ordered = tuple(sorted(spans, key=lambda span: (span.topic, span.partition)))
    return ArchivedFile(name, table.num_rows, folder.size(name), sha256, ordered, times["min"], times["max"])


def _overlap(ranges: Spans, others: Spans) -> bool:
    return any(
        one.partition == other.partition and one.start < other.end and other.start < one.end
        for one in ranges
        for other in others
    )


def _may_have(file: ArchivedFile, wanted: Wanted) -> bool:
    if wanted.since is not None and file.last_at < wanted.since:
        return False
    if wanted.until is not None and file.first_at >= wanted.until:
        return False
    return wanted.coordinates is None or any(
        bisect_left(offsets, span.start) < bisect_left(offsets, span.end)
        for span in file.spans
        for offsets in (wanted.offsets.get((span.topic, span.partition), ()),)
    )


def _rows_of(parquet: pq.ParquetFile, group: int, wanted: Wanted) -> list[int]:
    """The rows of a row group that are wanted and not erased, by their numbers."""
    columns = ["topic", "partition", "offset", "timestamp", "digest", "erased_at"]
    rows = parquet.read_row_group(group, columns).to_pylist()
    return [n for n, row in enumerate(rows) if row["erased_at"] is None and _is_wanted(row, wanted)]


def _is_wanted(row: Mapping[str, Any], wanted: Wanted) -> bool:
    return (
        (wanted.coordinates is None or _coordinates(row) in wanted.coordinates)
        and (wanted.digest is None or row["digest"] == wanted.digest)
        and (wanted.since is None or row["timestamp"] >= wanted.since)
        and (wanted.until is None or row["timestamp"] < wanted.until)
    )


def _coordinates(row: Mapping[str, Any]) -> Coordinates:
    return Coordinates(row["topic"], row["partition"], row["offset"])


def messages_of(rows: Iterable[Mapping[str, Any]], keyring: Keyring) -> Iterator[RawMessage]:
    """The messages of rows of a file of messages; those that are encrypted with a key that is not given are left out.
    """
    for row in rows:
        headers = tuple(zip(row["header_names"], row["header_values"], strict=True))
        with suppress(EncryptionKeyMissing):
            yield RawMessage(
                _coordinates(row), row["timestamp"], row["key"], _value(row, keyring), headers, row["left_out_bytes"]
            )


def _value(row: Mapping[str, Any], keyring: Keyring) -> bytes | None:
    value: bytes | None = row["value"]
    if value is None or row["key_id"] is None:
        return value
    packed = keyring.decrypt(value, str(_coordinates(row)))
    unpacked: bytes = pa.decompress(packed, row["value_bytes"], codec="zstd", asbytes=True)
    return unpacked


def _erased(row: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {**row, **dict.fromkeys(_ERASED), "header_names": [], "header_values": [], "erased_at": at}


def _check_row(row: Mapping[str, Any], keyring: Keyring, check: FileCheck) -> None:
    """A message whose key is not given cannot be compared with its digest, and counts as whole."""
    at = _coordinates(row)
    check.offsets[at.partition].add(at.offset)
    if row["erased_at"] is not None:
        check.erased.add(at)
        return
    try:
        value = _value(row, keyring)
        digest = None if value is None else replace(keyring, current=row["key_id"]).digest(value)
    except EncryptionKeyMissing:
        return
    except (StagedBatchDamaged, pa.ArrowException, OSError):
        digest = "unreadable"
    if digest != row["digest"]:
        check.damaged.append(at)


def with_span(covered: Iterable[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """The spans and one more; spans that touch become one.

    >>> with_span([(0, 4), (9, 12)], 4, 6), with_span([(0, 4), (6, 8)], 3, 6)
    ([(0, 6), (9, 12)], [(0, 8)])
    """
    merged: list[tuple[int, int]] = []
    for first, last in sorted([*covered, (start, end)]):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def without_span(covered: Iterable[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """The spans without the offsets from ``start`` to ``end`` (excluded).

    >>> without_span([(0, 6), (9, 12)], 4, 10)
    [(0, 4), (10, 12)]
    """
    parts = [part for first, last in covered for part in ((first, min(last, start)), (max(first, end), last))]
    return [(first, last) for first, last in parts if first < last]
