"""An ingest archives what it reads, and the archive is compared with the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from flows.staged import StagedBatches
from pipelines.failpoints import Failpoint, armed
from pipelines.jobs.archive import erase_removed, keep_archive, verify_archive
from pipelines.jobs.batches import BatchPlan, transform_batch
from pipelines.records import Coordinates, OffsetRange
from pipelines.runtime.local import LocalExecutor
from pipelines.settings import ArchiveSettings, Settings
from pipelines.stage import Archive, StagedBatch, Wanted, stage_store
from pipelines.warehouse import load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.jobs.test_ingest import NOW, settings, topic
from tests.stage.test_archive import Killed, killed_at

TOPIC = "articles.raw"


@dataclass(frozen=True, slots=True)
class Place:
    """A home with a warehouse and an archive in it."""

    settings: Settings
    warehouse: DuckDBWarehouse

    @property
    def archive(self) -> Archive:
        return stage_store(self.settings).archive

    def stage(self, name: str, start: int, end: int) -> StagedBatch:
        folder = stage_store(self.settings).batches / name
        plan = BatchPlan(name, "run", (OffsetRange(TOPIC, 0, start, end),), folder, NOW)
        with LocalExecutor(0) as here:
            return transform_batch(plan, self.settings, here, read=topic()).batch

    def ingest(self, name: str, start: int, end: int) -> None:
        batch = self.stage(name, start, end)
        self.archive.publish(batch)
        load_batch(self.warehouse, batch)

    def offsets(self) -> list[int]:
        return sorted(message.coordinates.offset for message in self.archive.read(Wanted()))

    def problems(self) -> list[tuple[str, int]]:
        return [(problem.kind, problem.messages) for problem in verify_archive(self.archive, self.warehouse).problems]


@pytest.fixture
def place(make_warehouse: Callable[[Path], DuckDBWarehouse], tmp_path: Path) -> Place:
    path = make_warehouse(tmp_path / "warehouse.duckdb").path
    archiving = settings(tmp_path).model_copy(update={"archive": ArchiveSettings(enabled=True)})
    return Place(archiving, DuckDBWarehouse(path, clock=lambda: NOW))


def test_every_message_of_a_batch_is_archived_once_with_tombstones_and_rejected_ones(place: Place) -> None:
    place.ingest("run-00001", 0, 4)
    found = sorted(place.archive.read(Wanted()), key=lambda message: message.coordinates)
    assert found == list(topic().messages[:4])
    verified = verify_archive(place.archive, place.warehouse)
    assert (verified.is_whole, verified.batches, verified.messages, verified.covered) == (True, 1, 4, 4)


def test_nothing_is_archived_unless_it_is_asked_for(place: Place) -> None:
    off = replace(place, settings=place.settings.model_copy(update={"archive": ArchiveSettings()}))
    assert off.stage("run-00001", 0, 4).rows["messages"] == 0


@pytest.mark.parametrize("point", [Failpoint.ARCHIVING, Failpoint.ARCHIVED])
def test_a_kill_between_the_archive_and_the_load_loses_and_doubles_nothing(place: Place, point: Failpoint) -> None:
    place.ingest("run-00001", 0, 2)
    with pytest.raises(Killed), armed(killed_at(point)):
        place.ingest("run-00002", 2, 4)
    staged = StagedBatches(stage_store(place.settings).batches, place.archive)
    staged.remove_unloaded(place.warehouse)
    assert (place.offsets(), place.problems()) == ([0, 1], [])
    place.ingest("next-00001", 2, 4)
    staged.remove_unloaded(place.warehouse)
    assert (place.offsets(), place.problems()) == ([0, 1, 2, 3], [])


def test_what_a_delete_request_covers_is_erased_and_not_missed(place: Place) -> None:
    place.ingest("run-00001", 0, 8)
    assert place.problems() == [("not erased", 1)]
    assert erase_removed(place.archive, place.warehouse, NOW, "run-00001") == 1
    verified = verify_archive(place.archive, place.warehouse)
    assert (verified.problems, verified.messages, verified.erased, place.offsets()) == ([], 6, 1, [1, 2, 3, 4, 5])


def test_a_deletion_of_a_killed_run_is_carried_out_by_the_next(place: Place) -> None:
    place.ingest("run-00001", 0, 8)
    staged = StagedBatches(stage_store(place.settings).batches, place.archive)
    staged.remove_unloaded(place.warehouse)
    assert (place.problems(), place.offsets(), staged.folder.folders()) == ([], [1, 2, 3, 4, 5], [])


def test_files_and_messages_that_are_missing_are_named_with_what_to_do(place: Place) -> None:
    place.ingest("run-00001", 0, 2)
    place.ingest("run-00002", 2, 4)
    first, second = place.archive.batches()
    folder = place.archive.folder / "messages" / first.batch_id
    folder.remove_file(first.files[0].name)
    (place.archive.folder / "index" / second.day).remove_file(f"{second.batch_id}.json")
    (damaged, missing) = verify_archive(place.archive, place.warehouse).problems
    assert (damaged.kind, damaged.where, missing.kind, missing.where) == (
        "file", place.archive.where(first, first.files[0]), "missing", "articles.raw/0",
    )
    assert "the file is missing; it has 2 messages among the offsets articles.raw/0 0 to 1" in str(damaged)
    assert "2 messages with an outcome in the ledger not in the archive: 2, 3" in str(missing)
    assert "restore it from a backup" in damaged.remedy


def test_what_was_read_before_the_archive_and_what_retention_removed_are_not_missed(place: Place) -> None:
    off = replace(place, settings=place.settings.model_copy(update={"archive": ArchiveSettings()}))
    batch = off.stage("run-00001", 0, 2)
    load_batch(place.warehouse, batch)
    place.ingest("run-00002", 2, 4)
    assert (place.problems(), place.offsets()) == ([], [2, 3])
    keep_archive(place.archive, ArchiveSettings(enabled=True, keep_days=1), NOW + timedelta(days=2))
    assert (place.problems(), place.offsets(), place.archive.covered()) == ([], [], ())


def test_erased_on_request_is_not_missed(place: Place) -> None:
    place.ingest("run-00001", 0, 4)
    place.archive.erase([Coordinates(TOPIC, 0, 1)], NOW)
    assert (place.problems(), place.offsets()) == ([], [0, 2, 3])
