"""Compacts small data files of Iceberg tables, and expires old states of the warehouse with their files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from pipelines.warehouse.iceberg.commits import BATCH, CHANGES, COMMIT, LEDGER, TABLES, Commits, listed_by
from pipelines.warehouse.iceberg.snapshots import MOVED, committed
from pipelines.warehouse.iceberg.tables import IcebergTables, data_files, mirrored, rows_of, summary_of
from pipelines.warehouse.upkeep import Done

SMALL_BYTES, MANY = 32_000_000, 8
"""Files of fewer bytes are small. As many small files of a table are worth writing them as one."""
GROUP_BYTES = 128_000_000
"""As many bytes of small files are read and written at a time."""


@dataclass(frozen=True)
class Upkeep:
    """The upkeep of a warehouse whose commits are all complete."""

    commits: Commits
    many: int = MANY

    def compact(self) -> Iterator[Done]:
        """Writes the small files of each table that has many as few. The rows stay the same, and so does the commit.

        The ledger lists the new snapshots afterwards. A table that another process changes meanwhile is left as it is.
        """
        made: dict[str, int] = {}
        for name in mirrored():
            table = self.tables.need(name)
            before = [task.file for task in table.scan().plan_files()] if table.current_snapshot() else []
            small = [file for file in before if file.file_size_in_bytes < SMALL_BYTES]
            if len(small) < self.many:
                continue
            with suppress(*MOVED):
                made[name] = _rewrite(table, name, small).snapshot_id
                yield Done("compact", name, len(before), len(list(table.scan().plan_files())), "data files")
        if made:
            self._list(made)

    def expire(self, older_than: datetime) -> Iterator[Done]:
        """Removes the states of the warehouse from before a time, except the newest, and the files of only those."""
        ledger, kept = self.tables.need(LEDGER), set()
        for snapshot in ledger.metadata.snapshots:
            if _at_least(snapshot, older_than) or snapshot == ledger.current_snapshot():
                kept |= {snapshot.snapshot_id, *listed_by(snapshot).values()}
        for name in mirrored():
            table = self.tables.need(name)
            now = table.current_snapshot()
            old = [
                each for each in table.metadata.snapshots
                if each != now and each.snapshot_id not in kept and not _at_least(each, older_than)
            ]
            if old:
                before = len(table.metadata.snapshots)
                yield Done("expire", name, before, before - len(old), "snapshots", _expire(table, old))

    @property
    def tables(self) -> IcebergTables:
        return self.commits.tables

    def _list(self, made: dict[str, int]) -> None:
        """Has the ledger list the new snapshots of tables, in a snapshot of the same commit without other changes."""
        ledger = self.tables.need(LEDGER)
        now = ledger.current_snapshot()
        listed = (listed_by(now) if now else {}) | {name: made[name] for name in made if name != LEDGER}
        with suppress(*MOVED):  # another process has committed: the list has the snapshots from before
            committed(ledger, {**_ours(ledger), TABLES: json.dumps(listed)})


def _rewrite(table: Table, name: str, small: list[DataFile]) -> Snapshot:
    """Commits a snapshot in which few files have the rows of small ones."""
    tasks = {task.file.file_path: task for task in table.scan().plan_files()}
    new = [
        file for group in _groups(small)
        for file in data_files(table, name, rows_of(table, name, [tasks[each.file_path] for each in group]))
    ]
    return committed(table, _ours(table), new, small)


def _groups(files: Iterable[DataFile]) -> Iterator[list[DataFile]]:
    """The files in groups, each of which is small enough to be in memory."""
    group: list[DataFile] = []
    for file in files:
        if group and sum(each.file_size_in_bytes for each in [*group, file]) > GROUP_BYTES:
            yield group
            group = []
        group.append(file)
    yield group


def _ours(table: Table) -> dict[str, str]:
    """What the summary of a table's current snapshot says of its commit."""
    summary = summary_of(table)
    return {key: summary[key] for key in (COMMIT, BATCH, CHANGES, TABLES) if summary.get(key) is not None}


def _at_least(snapshot: Snapshot, at: datetime) -> bool:
    return snapshot.timestamp_ms >= at.timestamp() * 1000


def _expire(table: Table, old: list[Snapshot]) -> int:
    """Removes snapshots of a table, and then the files that no other snapshot has. Returns how many files."""
    numbers = {snapshot.snapshot_id for snapshot in old}
    kept = _files(table, [each for each in table.metadata.snapshots if each.snapshot_id not in numbers])
    gone = _files(table, old) - kept
    table.maintenance.expire_snapshots().by_ids(sorted(numbers)).commit()
    for path in gone:
        with suppress(FileNotFoundError):
            table.io.delete(path)
    return len(gone)


def _files(table: Table, snapshots: Iterable[Snapshot]) -> set[str]:
    """The files of snapshots: the lists of their manifests, the manifests, and the data files."""
    snapshots = list(snapshots)
    manifests = {each.manifest_path: each for snapshot in snapshots for each in snapshot.manifests(table.io)}
    data = {
        entry.data_file.file_path for manifest in manifests.values()
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True)
    }
    return {snapshot.manifest_list for snapshot in snapshots} | set(manifests) | data
