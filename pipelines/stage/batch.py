"""A staged batch is what its manifest says, to the byte, or it is not read at all."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as pq

from pipelines.phrases import counted
from pipelines.records import OffsetRange
from pipelines.stage.faults import StagedBatchDamaged, disk_faults_named
from pipelines.stage.parts import FileKind, StagedFile, file_sha256, sync

MANIFEST = "manifest.json"

type BatchKind = Literal["ingest", "replay", "release"]


@dataclass(frozen=True, slots=True)
class StagedBatch:
    """The outcome of every offset in ``ranges``, as files in ``folder``, ready to be published.

    Only an ``ingest`` batch has ranges: the outcomes of a ``replay`` are of records that the ledger has as rejected,
    those of a ``release`` of records that it has as held. ``topic_id`` is that of the topic which the ranges were read
    from, empty where the broker gives none.
    """

    batch_id: str
    run_id: str
    folder: Path
    ranges: tuple[OffsetRange, ...]
    files: tuple[StagedFile, ...]
    processor: str
    staged_at: datetime
    kind: BatchKind = "ingest"
    topic_id: str = ""

    def paths(self, kind: FileKind) -> list[Path]:
        """Files of a kind, in a fixed order."""
        return sorted(self.folder / file.path for file in self.files if file.kind == kind)

    @property
    def rows(self) -> Counter[str]:
        """Rows by kind of file."""
        counts: Counter[str] = Counter()
        for file in self.files:
            counts[file.kind] += file.rows
        return counts


def write_manifest(batch: StagedBatch) -> Path:
    """Names the batch's files, atomically: from now on the batch exists."""
    written = asdict(batch) | {"folder": None, "staged_at": batch.staged_at.isoformat()}
    path = batch.folder / MANIFEST
    unfinished = path.with_suffix(".unfinished")
    with disk_faults_named(path):
        batch.folder.mkdir(parents=True, exist_ok=True)
        with unfinished.open("w", encoding="utf-8") as file:
            json.dump(written, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        sync(batch.folder)
    return path


def read_manifest(folder: Path) -> StagedBatch:
    """The batch staged in ``folder``, after its files were found to be what the manifest says."""
    path = folder / MANIFEST
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
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
        raise StagedBatchDamaged(f"{path} cannot be read ({fault}): {_advice(folder)}") from fault
    check_files(batch)
    return batch


def check_files(batch: StagedBatch) -> None:
    """Raises ``StagedBatchDamaged`` unless each file has the rows and bytes that were staged."""
    for file in batch.files:
        path = batch.folder / file.path
        if not path.is_file():
            raise StagedBatchDamaged(f"{path} is missing: {_advice(batch.folder)}")
        if file_sha256(path) != file.sha256:
            raise StagedBatchDamaged(f"{path} is not what was staged (its sha256 differs): {_advice(batch.folder)}")
        rows = pq.read_metadata(path).num_rows
        if rows != file.rows:
            raise StagedBatchDamaged(
                f"{path} has {counted(rows, 'row')}, and {file.rows:,} were staged: {_advice(batch.folder)}"
            )


def read_dead_letters(batch: StagedBatch) -> Iterator[dict[str, Any]]:
    """The batch's Avro dead letters, whole, in the order in which they were staged; few in memory at once."""
    for path in batch.paths("dead_letters"):
        with pq.ParquetFile(path) as file:
            for rows in file.iter_batches(batch_size=64):
                yield from rows.to_pylist()


def _advice(folder: Path) -> str:
    return f"nothing of it was loaded. What to do: remove {folder} and run `dateline ingest` again."
