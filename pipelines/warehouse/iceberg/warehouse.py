"""The warehouse in Iceberg tables. A DuckDB file on this machine, its replica, answers lookups, queries and marts.

Each change is made in a transaction of the replica. What it changed is committed to the Iceberg tables before the
replica's own commit, so that a replica is never ahead. See decision 0039.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import duckdb
import tenacity

from pipelines.iceberg_address import IcebergAddress
from pipelines.resolve.changes import Changes
from pipelines.resolve.faults import StateMoved
from pipelines.warehouse.connection import Connection
from pipelines.warehouse.duckdb import PATIENCE_S, DuckDBConnection, DuckDBWarehouse
from pipelines.warehouse.duckdb_files import attached
from pipelines.warehouse.iceberg.commits import EMPTY, Commits, State
from pipelines.warehouse.iceberg.faults import faults_in_words
from pipelines.warehouse.iceberg.replica import RecordingConnection, make_marks, mark, refresh, standing
from pipelines.warehouse.iceberg.tables import TURN, IcebergTables
from pipelines.warehouse.iceberg.upkeep import Upkeep
from pipelines.warehouse.interface import ExchangeRefused, Original, OutboxKind, Run, RunStatus, warehouse_gone
from pipelines.warehouse.preparing import make_layout
from pipelines.warehouse.relational import now
from pipelines.warehouse.upkeep import Done

if TYPE_CHECKING:
    from pipelines.warehouse.iceberg.sharing import SharedIceberg
    from pipelines.warehouse.leases import Worker

ATTEMPTS = 30
"""How many times a change that is not a load is made again at most, if other runs keep changing the warehouse."""


class IcebergWarehouse(DuckDBWarehouse):
    """A warehouse in the tables of a catalog's namespace, with its replica in the file ``path``."""

    no_exchange: ClassVar[str] = (
        "cannot be exchanged for a copy in one step: a catalog commits Iceberg tables one by one. Nothing was "
        "changed.\nWhat to do: run it without --swap; --dry-run shows beforehand what will change. If readers must not "
        "see a part of the change, let them read the tables' snapshots of before (often FOR TIMESTAMP AS OF)."
    )

    def __init__(
        self, address: IcebergAddress, path: Path, *, patience_s: float = PATIENCE_S,
        clock: Callable[[], datetime] = now, time_zone: str = "UTC",
    ) -> None:
        super().__init__(path, patience_s=patience_s, clock=clock, time_zone=time_zone)
        self.address = address

    @property
    def where(self) -> str:
        return self.address.shown

    @cached_property
    def commits(self) -> Commits:
        return Commits(IcebergTables(self.address))

    def shared_by(self, worker: Worker) -> SharedIceberg:
        from pipelines.warehouse.iceberg.sharing import SharedIceberg

        return SharedIceberg(self, worker)

    def prepare(self) -> None:
        with faults_in_words(self.where):
            if self.commits.state() and not self.commits.tables.are_made():
                self.commits.tables.make()
        self._again(super().prepare)

    def start_run(self, run: Run) -> None:
        self._again(partial(super().start_run, run))

    def pause_run(self, run_id: str) -> None:
        self._again(partial(super().pause_run, run_id))

    def finish_run(self, run_id: str, status: RunStatus, finished_at: datetime, note: str | None = None) -> None:
        self._again(partial(super().finish_run, run_id, status, finished_at, note))

    def settle_outbox(
        self, acknowledged: Sequence[str], refused: Mapping[str, str], kind: OutboxKind = "dead letters"
    ) -> None:
        self._again(partial(super().settle_outbox, acknowledged, refused, kind))

    def block_outbox(self, topic: str, why: str, kind: OutboxKind = "dead letters") -> None:
        self._again(partial(super().block_outbox, topic, why, kind))

    def forget_originals(self, paths: Sequence[str]) -> None:
        self._again(partial(super().forget_originals, paths))

    def replace_originals(self, originals: Sequence[Original]) -> None:
        self._again(partial(super().replace_originals, originals))

    def complete_takedown(self, takedown_id: str, remains: Sequence[Mapping[str, Any]], at: datetime) -> None:
        self._again(partial(super().complete_takedown, takedown_id, remains, at))

    def end_quarantine(self, scraper: str) -> None:
        self._again(partial(super().end_quarantine, scraper))

    def copy_to(self, path: Path) -> None:
        self._bring_up_to_date()
        super().copy_to(path)

    def check_exchange(self) -> None:
        raise ExchangeRefused(f"{self.where} {self.no_exchange}")

    def maintain(self, keep: timedelta) -> list[Done]:
        self.store_attention()  # in the replica: no Iceberg table has stored counts
        upkeep = Upkeep(self.commits)
        with self._writing() as con, faults_in_words(self.where):  # which finishes a commit that was begun
            done = [*upkeep.compact(), *upkeep.expire(self.clock() - keep)]
            state = self.commits.state()
            if state is not None and state.commit_id == standing(con.raw):
                mark(con.raw, state)
        self._rewrite()
        return done

    def _check_before(self, con: Connection, changes: Changes) -> None:
        assert isinstance(con, RecordingConnection)
        con.batch_id = changes.batch_id

    @staticmethod
    def _again[T](change: Callable[[], T]) -> T:
        """Makes a change, and makes it anew if another process has changed the warehouse meanwhile."""
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(StateMoved),
            wait=tenacity.wait_random_exponential(multiplier=0.05, max=2.0),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            reraise=True,
        )
        return attempts(change)

    @contextmanager
    def _writing(self, *, makes_it: bool = False) -> Iterator[Connection]:
        with faults_in_words(self.where):
            if makes_it:
                self.commits.tables.make()
            elif self.commits.state() is None:
                raise warehouse_gone(self.where)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._opened(partial(attached, self.path, "write")) as con:
            with faults_in_words(self.where):
                state = self.commits.finish_begun() or EMPTY
                self._refresh(con, state)
            con.execute("BEGIN")
            recording = RecordingConnection(con)
            yield recording
            changes = recording.changes()
            if changes:
                with faults_in_words(self.where):
                    mark(con, self.commits.commit(state, recording.batch_id, changes))
            con.execute("COMMIT")

    @contextmanager
    def _reading_if_there(self) -> Iterator[DuckDBConnection | None]:
        if not self._bring_up_to_date():
            yield None
            return
        with super()._reading_if_there() as con:
            yield con

    @contextmanager
    def _asked_if_there(self) -> Iterator[DuckDBConnection | None]:
        if not self._bring_up_to_date():
            yield None
            return
        with super()._asked_if_there() as con:
            yield con

    def _bring_up_to_date(self) -> bool:
        """Brings the replica to the newest complete state. Returns whether there is a warehouse."""
        with faults_in_words(self.where):
            state = self.commits.state()
        if state is None or state == EMPTY:
            return False
        with super()._reading_if_there() as there:
            if there is not None and standing(there.raw) == state.commit_id:
                return True
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._opened(partial(attached, self.path, "write")) as con, faults_in_words(self.where):
            self._refresh(con, self.commits.state() or EMPTY)
        return True

    def _refresh(self, con: duckdb.DuckDBPyConnection, state: State) -> None:
        """Creates the replica if it is not there, and brings it to a state."""
        there = standing(con)
        if there == state.commit_id:
            return
        con.execute("BEGIN")
        if there is None:
            make_layout(DuckDBConnection(con), self.dialect, self.clock(), self.time_zone)
            con.execute(f"DELETE FROM {TURN}")  # its row is the one in Iceberg
            make_marks(con)
        refresh(con, self.commits.tables, state)
        con.execute("COMMIT")
