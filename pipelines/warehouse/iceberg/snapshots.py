"""Commits one snapshot of one Iceberg table, at a cost that does not grow with the commits before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.manifest import DataFile, ManifestFile
from pyiceberg.table import Table, Transaction
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Operation, Snapshot
from pyiceberg.table.update.snapshot import _ManifestMergeManager, _OverwriteFiles

MOVED = (CommitFailedException, ValidationException)
"""Raised by a commit whose table has changed since it was loaded."""
MANIFESTS, MANIFEST_BYTES = 10, 8_000_000
"""As many manifests of a snapshot become one, up to this size."""


def committed(
    table: Table, summary: Mapping[str, str], new: Sequence[DataFile] = (), gone: Sequence[DataFile] = ()
) -> Snapshot:
    """Commits a snapshot with new data files, and without others. Raises one of ``MOVED`` if the table has changed."""
    with _Transaction(table) as transaction:
        updating = transaction.update_snapshot(snapshot_properties=dict(summary))
        producer = _ReplaceFiles(
            operation=Operation.OVERWRITE, transaction=transaction, io=table.io, snapshot_properties=dict(summary)
        ) if gone else updating.merge_append()
        with producer:
            for file in gone:
                producer.delete_data_file(file)
            for file in new:
                producer.append_data_file(file)
    made = table.current_snapshot()
    assert made is not None
    return made


class _Transaction(Transaction):
    """A transaction of one table that does not copy the table's metadata each time they are read.

    PyIceberg copies them two dozen times in a commit, with all snapshots, which took half of its time.
    """

    @property
    def table_metadata(self) -> TableMetadata:
        return super().table_metadata if self._updates else self._table.metadata


class _ReplaceFiles(_OverwriteFiles):
    """Leaves out manifests of files that are gone, and merges the others as appending does.

    PyIceberg keeps every manifest of an overwritten table for ever, and reads each of them in each commit.
    """

    def _existing_manifests(self) -> list[ManifestFile]:
        return [each for each in super()._existing_manifests() if each.has_added_files() or each.has_existing_files()]

    def _process_manifests(self, manifests: list[ManifestFile]) -> list[ManifestFile]:
        merging: Any = _ManifestMergeManager(MANIFEST_BYTES, MANIFESTS, merge_enabled=True, snapshot_producer=self)
        merged: list[ManifestFile] = merging.merge_manifests(manifests)
        return merged
