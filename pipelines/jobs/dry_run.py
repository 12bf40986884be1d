"""Tries dead letters without loading anything: what a replay would make of them, beside what they are."""

from __future__ import annotations

import sys
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pipelines.jobs.batches import BatchPlan
from pipelines.jobs.replay import Handed, chosen_letters, replay_batch
from pipelines.records import Coordinates
from pipelines.runtime import Executor
from pipelines.settings import Settings
from pipelines.stage import Folder, StageStore, dead_letter_id, stage_store
from pipelines.stage.reasons import staged_outcomes
from pipelines.warehouse import DeadLetterFilter, Warehouse


@dataclass(frozen=True, slots=True)
class Tried:
    """Dead letters of one reason that would become the same: rejected for ``becomes``, or passed where it is None."""

    reason: str
    becomes: str | None
    count: int
    example_id: str


@dataclass(slots=True)
class DryRun:
    """What a replay would change; grows batch by batch."""

    tried: dict[tuple[str, str | None], Tried] = field(default_factory=dict)

    def add(self, handed: Handed, outcomes: Iterable[tuple[Coordinates, str, str | None]]) -> None:
        for coordinates, _, becomes in sorted(outcomes):
            alike = (handed.reasons[coordinates], becomes)
            known = self.tried.get(alike, Tried(*alike, 0, dead_letter_id(coordinates)))
            self.tried[alike] = replace(known, count=known.count + 1)

    @property
    def passing(self) -> list[Tried]:
        return self._those(lambda tried: tried.becomes is None)

    @property
    def changed(self) -> list[Tried]:
        """Rejected for another reason."""
        return self._those(lambda tried: tried.becomes not in {None, tried.reason})

    @property
    def as_before(self) -> list[Tried]:
        return self._those(lambda tried: tried.becomes == tried.reason)

    def _those(self, wanted: Callable[[Tried], bool]) -> list[Tried]:
        found = [tried for tried in self.tried.values() if wanted(tried)]
        return sorted(found, key=lambda tried: (-tried.count, tried.reason, tried.becomes or ""))


def try_dead_letters(
    warehouse: Warehouse,
    chosen: DeadLetterFilter,
    settings: Settings,
    executor: Executor,
    report: Callable[[int], None] | None = None,
) -> DryRun:
    """Runs the job over the chosen dead letters, batch by batch as a replay does, and throws away what it stages.

    The warehouse is only read; what is staged lies in a temporary folder, originals with it.
    """
    found, done, wanted = DryRun(), 0, chosen
    with _temporary_folder(stage_store(settings)) as place:
        while True:
            plan = BatchPlan("dry-run", "dry-run", (), place / "staged", datetime.now(UTC), kind="replay")
            letters = chosen_letters(warehouse, wanted, settings.batch.max_records, settings)
            going_on = report and partial(_on, report, done)
            ran = replay_batch(letters, plan, _changing_nothing(settings), executor, going_on)
            if ran is None:
                return found
            transformed, handed = ran
            found.add(handed, staged_outcomes(transformed.batch))
            done += len(handed)
            wanted = replace(wanted, after=handed.last_id)


@contextmanager
def _temporary_folder(store: StageStore) -> Iterator[Folder]:
    """A folder that whatever runs the job can reach: of this machine, or in the stage where that is not local."""
    if store.root.is_local:
        with tempfile.TemporaryDirectory(prefix="dateline-dry run-") as place:
            yield Folder.at(Path(place))
        return
    folder = store.dry_run(uuid.uuid4().hex)
    try:
        yield folder
    finally:
        folder.remove()


def _on(report: Callable[[int], None], before: int, done: int) -> None:
    report(before + done)


def _changing_nothing(settings: Settings) -> Settings:
    """No original goes to the store of originals, and bugs of ours are told like any other reason."""
    limits = settings.limits.model_copy(update={"dead_letter_bytes": sys.maxsize})
    return settings.model_copy(
        update={"limits": limits, "batch": settings.batch.model_copy(update={"fault_share": 1.0})}
    )
