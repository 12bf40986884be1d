"""Stages the outcome of each message as Parquet files. Nothing here imports Kafka or a database."""

from __future__ import annotations

from pipelines.stage.archive import Archive, ArchivedBatch, ArchivedFile, Wanted
from pipelines.stage.batch import BatchKind, StagedBatch, check_files, read_dead_letters, read_manifest, write_manifest
from pipelines.stage.dead_letters import dead_letter_id, dead_letter_record
from pipelines.stage.faults import EncryptionKeyMissing, StagedBatchDamaged, StageUnavailable, StagingFailed
from pipelines.stage.folder import Folder
from pipelines.stage.parts import FileKind, OutcomeRow, PartWriter, StagedFile, key_digest
from pipelines.stage.readings import reading_digest
from pipelines.stage.store import StageStore, stage_store

__all__ = [
    "Archive", "ArchivedBatch", "ArchivedFile", "BatchKind", "EncryptionKeyMissing", "FileKind", "Folder", "OutcomeRow",
    "PartWriter", "StageStore", "StageUnavailable", "StagedBatch", "StagedBatchDamaged", "StagedFile", "StagingFailed",
    "Wanted", "check_files", "dead_letter_id", "dead_letter_record", "key_digest", "read_dead_letters", "read_manifest",
    "reading_digest", "stage_store", "write_manifest",
]
