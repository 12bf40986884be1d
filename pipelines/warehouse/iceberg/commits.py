"""Commits changes of several Iceberg tables so that they are there together or not at all.

Iceberg commits one table at a time. So a commit first stores its changes, then takes its turn by a commit of the table
``identity`` (of two processes only one can), then commits the other tables and, last, the ledger. The summary of
the ledger's snapshot lists the snapshot of every table: these are a state of the warehouse. A writer that finds
``identity`` ahead of the ledger finishes that commit from the stored changes before it does anything else. Several
may do so at once: a table whose history has a snapshot of the commit is not committed again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from pipelines.failpoints import Failpoint, reach
from pipelines.resolve.faults import StateMoved
from pipelines.warehouse.iceberg.snapshots import MOVED, committed
from pipelines.warehouse.iceberg.stored import RowChange, StoredChanges, read, store
from pipelines.warehouse.iceberg.tables import TURN, IcebergTables, data_files, summary_of, without

LEDGER = "ledger"
COMMIT, BATCH, CHANGES, TABLES = "dateline.commit", "dateline.batch", "dateline.changes", "dateline.tables"
"""Keys in the summaries of snapshots: the ids of the commit and its batch, the file of its changes, and the snapshot of
each table."""


@dataclass(frozen=True, slots=True)
class State:
    """A state of the warehouse: the commit that made it, and the snapshot of each table that is not empty."""

    commit_id: str
    snapshots: Mapping[str, int]


EMPTY = State("", {})


@dataclass(frozen=True)
class Commits:
    """The commits of a warehouse."""

    tables: IcebergTables

    def state(self) -> State | None:
        """The newest complete state; None if the warehouse has no tables yet."""
        ledger = self.tables.load(LEDGER)
        if ledger is None:
            return None
        snapshot = ledger.current_snapshot()
        return EMPTY if snapshot is None else _state(snapshot)

    def finish_begun(self) -> State | None:
        """Finishes the commit of a process that was killed, or is still at work, and returns the state after it."""
        while (state := self.state()) is not None:
            begun = summary_of(self.tables.need(TURN))
            if begun.get(COMMIT) == state.commit_id or not begun:
                return state
            try:
                changes = read(self.tables.need(TURN).io, begun[CHANGES])
            except FileNotFoundError:
                if self.state() == state and summary_of(self.tables.need(TURN)).get(COMMIT) == begun[COMMIT]:
                    raise
                continue  # another process has finished it meanwhile
            self._finish(changes, begun[CHANGES])
        return None

    def commit(self, base: State, batch_id: str, changes: Mapping[str, RowChange]) -> State:
        """Commits the changes on top of a state, which must be complete, and returns the new state.

        Raises ``StateMoved``, and changes nothing, if another process has committed since.
        """
        turn = self.tables.need(TURN)
        if (summary_of(turn).get(COMMIT) or "") != base.commit_id:
            raise _moved(batch_id)
        stored = StoredChanges(uuid4().hex, batch_id, changes)
        path = f"{turn.location()}/changes/{stored.commit_id}.zip"
        store(turn.io, path, stored)
        reach(Failpoint.CHANGES_STORED)
        try:
            _write(turn, TURN, changes[TURN], {COMMIT: stored.commit_id, BATCH: batch_id, CHANGES: path}, replaces=True)
        except MOVED as fault:
            turn.io.delete(path)
            raise _moved(batch_id) from fault
        return self._finish(stored, path)

    def _finish(self, changes: StoredChanges, path: str) -> State:
        """Commits the tables that the commit has not reached yet, the ledger last."""
        made = {}
        turn = _of_commit(self.tables.need(TURN), changes.commit_id)
        if turn is not None:
            made[TURN] = turn.snapshot_id
        for name, change in changes.tables.items():
            if name not in {TURN, LEDGER}:
                made[name] = self._commit_table(name, change, changes, {}).snapshot_id
        last = self._commit_table(LEDGER, changes.tables.get(LEDGER, RowChange()), changes, made)
        with suppress(FileNotFoundError):  # another process has finished the commit too
            self.tables.need(TURN).io.delete(path)
        return _state(last)

    def _commit_table(self, name: str, change: RowChange, of: StoredChanges, made: Mapping[str, int]) -> Snapshot:
        """The snapshot that the commit has made of a table, in this process or in another one.

        ``made`` are the snapshots of other tables that the ledger has to list in place of those from before.
        """
        while True:
            table = self.tables.need(name)
            if (done := _of_commit(table, of.commit_id)) is not None:
                return done
            summary = {COMMIT: of.commit_id, BATCH: of.batch_id}
            if name == LEDGER:
                before = table.current_snapshot()
                summary[TABLES] = json.dumps({**(listed_by(before) if before else {}), **made})
            try:
                return _write(table, name, change, summary)
            except MOVED:  # another process finishes the same commit, or compacts the table
                continue


def _write(
    table: Table, name: str, change: RowChange, summary: Mapping[str, str], *, replaces: bool = False
) -> Snapshot:
    """Commits a snapshot with the change. With ``replaces`` the new rows replace all others."""
    new = [] if change.rows is None else list(data_files(table, name, change.rows))
    gone = []
    if replaces:
        gone = [task.file for task in table.scan().plan_files()]
    elif change.removed is not None:
        for file, rest in without(table, name, change.removed):
            gone.append(file)
            new += data_files(table, name, rest)
    made = committed(table, summary, new, gone)
    reach(Failpoint.TABLE_COMMITTED, name)
    return made


def _of_commit(table: Table, commit_id: str) -> Snapshot | None:
    """The newest snapshot of a table that a commit has made."""
    for snapshot in reversed(table.metadata.snapshots):
        if snapshot.summary is not None and snapshot.summary.get(COMMIT) == commit_id:
            return snapshot
    return None


def listed_by(ledger: Snapshot) -> dict[str, int]:
    """The snapshots of the other tables that a snapshot of the ledger lists."""
    summary: Any = ledger.summary or {}
    listed: dict[str, int] = json.loads(summary.get(TABLES) or "{}")
    return listed


def _state(ledger: Snapshot) -> State:
    summary: Any = ledger.summary or {}
    return State(summary.get(COMMIT) or "", {**listed_by(ledger), LEDGER: ledger.snapshot_id})


def _moved(batch_id: str) -> StateMoved:
    what = f"batch {batch_id}" if batch_id else "this change"
    return StateMoved(
        f"Another run changed the warehouse while {what} was decided; nothing of it was loaded. What to do: run this "
        "again."
    )
