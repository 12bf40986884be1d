"""Staged batches and their manifests. A batch whose files differ from its manifest by a byte is refused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.phrases import counted
from pipelines.records import OffsetRange
from pipelines.stage.faults import StagedBatchDamaged
from pipelines.stage.folder import Folder
from pipelines.stage.parts import FileKind, StagedFile

MANIFEST = "manifest.json"

type BatchKind = Literal["ingest", "replay", "release", "reprocess", "forget"]


@dataclass(frozen=True, slots=True)
class StagedBatch:
    """The outcome of every offset in ``ranges``, as files in ``folder``, ready to be loaded.

    Only an ``ingest`` batch has ranges. The outcomes of a ``replay`` replace those of rejected records in the ledger,
    the outcomes of a ``release`` those of quarantined records, the outcomes of a ``reprocess`` those of records with a
    text, and of rejected and withdrawn ones. A batch of the kind ``forget`` has no files.
    ``topic_id`` is Kafka's id of the topic that the ranges
    were read from; it is empty if the broker gives topics no ids.
    """

    batch_id: str
    run_id: str
    folder: Folder
    ranges: tuple[OffsetRange, ...]
    files: tuple[StagedFile, ...]
    processor: str
    staged_at: datetime
    kind: BatchKind = "ingest"
    topic_id: str = ""

    def paths(self, kind: FileKind) -> list[str]:
        """Sorted paths, relative to the folder, of the files of one kind."""
        return sorted(file.path for file in self.files if file.kind == kind)

    def tables(
        self, kind: FileKind, columns: Sequence[str] | None = None, schema: pa.Schema | None = None
    ) -> Iterator[pa.Table]:
        """The content of each file of one kind, sorted by path; only of ``columns``, if they are given."""
        for path in self.paths(kind):
            yield self.folder.table(path, columns, schema)

    @property
    def rows(self) -> Counter[str]:
        """Rows by kind of file."""
        counts: Counter[str] = Counter()
        for file in self.files:
            counts[file.kind] += file.rows
        return counts


def write_manifest(batch: StagedBatch) -> None:
    """Writes the manifest. It must be written after all files are stored, since it makes the batch loadable."""
    written = asdict(batch) | {"folder": None, "staged_at": batch.staged_at.isoformat()}
    batch.folder.write(MANIFEST, json.dumps(written, indent=1).encode())


def read_manifest(folder: Folder) -> StagedBatch:
    """The batch staged in ``folder``. Raises ``StagedBatchDamaged`` unless its files match the manifest."""
    try:
        read = json.loads(folder.read(MANIFEST))
        batch = StagedBatch(
            batch_id=read["batch_id"], run_id=read["run_id"], folder=folder, processor=read["processor"],
            ranges=tuple(OffsetRange(**r) for r in read["ranges"]),
            files=tuple(StagedFile(**f) for f in read["files"]),
            staged_at=datetime.fromisoformat(read["staged_at"]), kind=read["kind"],
            topic_id=read.get("topic_id", ""),
        )
    except FileNotFoundError:
        raise StagedBatchDamaged(f"{folder} has no {MANIFEST}: {_advice(folder)}") from None
    except (ValueError, KeyError, TypeError) as fault:
        raise StagedBatchDamaged(f"{folder / MANIFEST} cannot be read ({fault}): {_advice(folder)}") from fault
    check_files(batch)
    return batch


def check_files(batch: StagedBatch) -> None:
    """Raises ``StagedBatchDamaged`` unless each file has the staged number of rows and the staged checksum."""
    for staged in batch.files:
        path, advice = batch.folder / staged.path, _advice(batch.folder)
        try:
            digest = batch.folder.sha256(staged.path)
        except FileNotFoundError:
            raise StagedBatchDamaged(f"{path} is missing: {advice}") from None
        if digest != staged.sha256:
            raise StagedBatchDamaged(f"{path} is not what was staged (its sha256 differs): {advice}")
        with batch.folder.open(staged.path) as file:
            rows = pq.read_metadata(file).num_rows
        if rows != staged.rows:
            raise StagedBatchDamaged(f"{path} has {counted(rows, 'row')}, and {staged.rows:,} were staged: {advice}")


def read_dead_letters(batch: StagedBatch) -> Iterator[dict[str, Any]]:
    """The batch's Avro dead letters with their originals, in the order of staging; at most 64 are in memory at once."""
    for path in batch.paths("dead_letters"):
        with batch.folder.open(path) as opened, pq.ParquetFile(opened) as file:
            for rows in file.iter_batches(batch_size=64):
                yield from rows.to_pylist()


def _advice(folder: Folder) -> str:
    return f"nothing of it was loaded. What to do: remove {folder} and run `dateline ingest` again."
