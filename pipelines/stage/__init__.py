"""Stages what became of each message as Parquet files. Nothing here knows Kafka or a database."""

from __future__ import annotations

from pipelines.stage.batch import BatchKind, StagedBatch, check_files, read_dead_letters, read_manifest, write_manifest
from pipelines.stage.dead_letters import OriginalStore, dead_letter_id, dead_letter_record
from pipelines.stage.faults import StagedBatchDamaged, StagingFailed
from pipelines.stage.parts import FileKind, OutcomeRow, PartWriter, StagedFile, key_digest
from pipelines.stage.readings import reading_digest

__all__ = [
    "BatchKind", "FileKind", "OriginalStore", "OutcomeRow", "PartWriter", "StagedBatch", "StagedBatchDamaged",
    "StagedFile", "StagingFailed", "check_files", "dead_letter_id", "dead_letter_record", "key_digest",
    "read_dead_letters", "read_manifest", "reading_digest", "write_manifest",
]
