"""Writes the outcomes of a bundle's messages as Parquet files, which get their names when they are complete."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.records import Coordinates, Gap, RawMessage
from pipelines.stage.arrow import arrow_schema
from pipelines.stage.encryption import Keyring
from pipelines.stage.faults import disk_faults_named
from pipelines.stage.folder import Folder

type FileKind = Literal["articles", "outcomes", "dead_letters", "gaps", "messages"]
type StagedOutcome = Literal["staged", "rejected", "deleted"]

ROW_GROUP = 512
OPEN = Keyring()
"""Encrypts nothing."""
ROW_GROUP_BYTES = 32_000_000  # bounds memory by bytes as well, since originals in dead letters can be large

_OUTCOMES = pa.schema([
    pa.field("topic", pa.string(), nullable=False),
    pa.field("partition", pa.int32(), nullable=False),
    pa.field("offset", pa.int64(), nullable=False),
    pa.field("timestamp", pa.timestamp("ms", tz="UTC"), nullable=False),
    pa.field("outcome", pa.string(), nullable=False),
    pa.field("reason", pa.string()),
    pa.field("scraper", pa.string()),
    pa.field("article_id", pa.string()),
    pa.field("fingerprint", pa.string()),
    pa.field("key_id", pa.string()),
    pa.field("other_article_ids", pa.list_(pa.string())),
    pa.field("reading", pa.string()),
    pa.field("outlet_domain", pa.string()),
])
_GAPS = pa.schema([
    pa.field("topic", pa.string(), nullable=False),
    pa.field("partition", pa.int32(), nullable=False),
    pa.field("start", pa.int64(), nullable=False),
    pa.field("end", pa.int64(), nullable=False),
    pa.field("kind", pa.string(), nullable=False),
])

_MESSAGES = pa.schema([
    pa.field("topic", pa.string(), nullable=False),
    pa.field("partition", pa.int32(), nullable=False),
    pa.field("offset", pa.int64(), nullable=False),
    pa.field("timestamp", pa.timestamp("ms", tz="UTC"), nullable=False),
    pa.field("key", pa.binary()),
    pa.field("header_names", pa.list_(pa.string()), nullable=False),
    pa.field("header_values", pa.list_(pa.binary()), nullable=False),
    pa.field("value", pa.binary()),
    pa.field("left_out_bytes", pa.int64()),
    pa.field("value_bytes", pa.int64()),
    pa.field("key_id", pa.string()),
    pa.field("digest", pa.string()),
    pa.field("erased_at", pa.timestamp("ms", tz="UTC")),
])
"""A message as it is archived; one that was erased has neither key, headers nor value.

``digest`` is the SHA-256 of the value. With a ``key_id``, the value is compressed and encrypted, and the digest is that
of the keyring.
"""


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """The outcome of one Kafka record: a staged article, a dead letter, or a delete request.

    ``article_id`` of a dead letter or a delete request is derived from the URL that it names, if any; a dead letter
    that names further articles has their ids in ``other_article_ids``. ``key_id`` is the digest of the record's key
    (see ``key_digest``), ``reading`` the digest of an article's fields besides its text (see ``reading_digest``), and
    ``outlet_domain`` the registered domain of the publisher, if the record names one.
    """

    coordinates: Coordinates
    timestamp: datetime
    outcome: StagedOutcome
    reason: str | None = None
    scraper: str | None = None
    article_id: str | None = None
    fingerprint: str | None = None
    key_id: str | None = None
    other_article_ids: tuple[str, ...] = ()
    reading: str | None = None
    outlet_domain: str | None = None


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One Parquet file of a batch; ``path`` is relative to the batch's folder."""

    kind: FileKind
    path: str
    rows: int
    sha256: str


def schema_of(kind: FileKind) -> pa.Schema:
    """The columns of the staged files of one kind."""
    match kind:
        case "articles":
            return arrow_schema("article")
        case "dead_letters":
            return arrow_schema("dead_letter")
        case "outcomes":
            return _OUTCOMES
        case "gaps":
            return _GAPS
        case "messages":
            return _MESSAGES


class PartWriter:
    """Writes one bundle's part of a batch: a Parquet file for each kind that has rows.

    A file gets its name only when it is complete and stored. If the process dies, or the block raises, no file of the
    part is left that a manifest could list. Use it as a context manager and call ``close`` at the end.
    """

    def __init__(self, folder: Folder, part: str) -> None:
        self._folder = folder
        self._part = part
        self._open: dict[FileKind, _File] = {}

    def article(self, record: dict[str, Any]) -> None:
        """Stages an Avro article, given as Python values with timezone-aware datetimes."""
        self._file("articles").append(record)

    def outcome(self, row: OutcomeRow) -> None:
        """Stages the outcome of one Kafka record; every record that was read has exactly one."""
        self._file("outcomes").append({
            "topic": row.coordinates.topic, "partition": row.coordinates.partition, "offset": row.coordinates.offset,
            "timestamp": row.timestamp, "outcome": row.outcome, "reason": row.reason, "scraper": row.scraper,
            "article_id": row.article_id, "fingerprint": row.fingerprint, "key_id": row.key_id,
            "other_article_ids": list(row.other_article_ids) or None,
            "reading": row.reading, "outlet_domain": row.outlet_domain,
        })

    def dead_letter(self, record: dict[str, Any]) -> None:
        """Stages an Avro dead letter (see ``dead_letter_record``)."""
        self._file("dead_letters").append(record)

    def gap(self, gap: Gap) -> None:
        """Stages offsets that hold no record."""
        self._file("gaps").append({
            "topic": gap.topic, "partition": gap.partition, "start": gap.start, "end": gap.end, "kind": gap.kind,
        })

    def message(self, message: RawMessage, keyring: Keyring = OPEN) -> None:
        """Stages a raw message for the archive, with its value encrypted if the keyring has a current key."""
        at, value = message.coordinates, message.value
        self._file("messages").append({
            "topic": at.topic, "partition": at.partition, "offset": at.offset, "timestamp": message.timestamp,
            "key": message.key, "header_names": [name for name, _ in message.headers],
            "header_values": [content for _, content in message.headers],
            "left_out_bytes": message.left_out_bytes, "value_bytes": None if value is None else len(value),
            **sealed_value(value, at, keyring),
        })

    def close(self) -> tuple[StagedFile, ...]:
        """Completes and returns the files of this part, ordered by the time of their first row."""
        return tuple(file.close() for file in self._open.values())

    def abandon(self) -> None:
        """Removes everything written so far."""
        for file in self._open.values():
            file.abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if fault is not None:
            self.abandon()

    def _file(self, kind: FileKind) -> _File:
        if kind not in self._open:
            self._open[kind] = _File(self._folder, kind, self._part)
        return self._open[kind]


def sealed_value(value: bytes | None, at: Coordinates, keyring: Keyring) -> dict[str, Any]:
    """The columns of an archived message that depend on the keyring: its value, the id of the key, and the digest."""
    if value is None:
        return {"value": None, "key_id": None, "digest": None}
    sealed = value
    if keyring.current is not None:  # what is encrypted cannot be compressed any more
        sealed = keyring.encrypt(pa.compress(value, codec="zstd", asbytes=True), str(at))
    return {"value": sealed, "key_id": keyring.current, "digest": keyring.digest(value)}


class _File:
    """One Parquet file being written."""

    def __init__(self, folder: Folder, kind: FileKind, part: str) -> None:
        self.kind, self.folder, self.path = kind, folder, f"{kind}/{part}.parquet"
        self.rows = 0
        self.pending: list[dict[str, Any]] = []
        self.pending_bytes = 0
        self.closed: StagedFile | None = None
        self.new = folder.create(self.path)
        with disk_faults_named(self.new.draft):
            self.writer = pq.ParquetWriter(self.new.draft, schema_of(kind), compression="zstd")

    def append(self, row: dict[str, Any]) -> None:
        self.pending.append(row)
        self.pending_bytes += sum(len(row.get(large) or "") for large in ("body", "original", "value"))
        if len(self.pending) >= ROW_GROUP or self.pending_bytes >= ROW_GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        if not self.pending:
            return
        table = pa.Table.from_pylist(self.pending, schema=schema_of(self.kind))
        with disk_faults_named(self.new.draft):
            self.writer.write_table(table)
        self.rows += len(self.pending)
        self.pending, self.pending_bytes = [], 0

    def close(self) -> StagedFile:
        if self.closed is None:
            self.flush()
            with disk_faults_named(self.new.draft):
                self.writer.close()
                digest = _sha256(self.new.draft)
            self.new.finish()
            self.closed = StagedFile(self.kind, self.path, self.rows, digest)
        return self.closed

    def abandon(self) -> None:
        self.pending = []
        try:
            self.writer.close()
        except (OSError, pa.ArrowException):
            pass  # the cause may be a failed disk; the file is removed in any case
        finally:
            self.new.abandon()
            self.folder.remove_file(self.path)


def key_digest(key: bytes | None) -> str | None:
    """Digest of a message's key, by which the warehouse finds the articles of the key; None for an empty key.

    >>> key_digest(b"page-7.html"), key_digest(b"")
    ('1938d17640f0a2ae37ca5a8ea65e905f', None)
    """
    return hashlib.sha256(key).hexdigest()[:32] if key else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
