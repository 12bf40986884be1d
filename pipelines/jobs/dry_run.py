"""Replays dead letters without loading anything, and compares their new outcomes with their present reasons."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

from pipelines.jobs.batches import BatchPlan
from pipelines.jobs.replay import Handed, chosen_letters, replay_batch
from pipelines.records import Coordinates
from pipelines.runtime import Executor
from pipelines.settings import Settings
from pipelines.stage import dead_letter_id, stage_store
from pipelines.stage.reasons import staged_outcomes
from pipelines.warehouse import DeadLetterFilter, Warehouse


@dataclass(frozen=True, slots=True)
class Tried:
    """Dead letters with the same reason and the same new outcome: the new reason ``becomes``, or None if they pass."""

    reason: str
    becomes: str | None
    count: int
    example_id: str


@dataclass(slots=True)
class DryRun:
    """The result of a dry run; each batch is added to it."""

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
        """Dead letters that would be rejected for another reason."""
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
    """Runs the job over the chosen dead letters, in batches as a replay does, and discards the staged files.

    The warehouse is only read. Batches and originals are staged in a folder of dry runs, which is removed at the end.
    """
    found, done, wanted = DryRun(), 0, chosen
    with stage_store(settings).dry_run() as place:
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


def _on(report: Callable[[int], None], before: int, done: int) -> None:
    report(before + done)


def _changing_nothing(settings: Settings) -> Settings:
    """Settings for a dry run: no original is stored as a file, and unexpected faults never fail the run."""
    limits = settings.limits.model_copy(update={"dead_letter_bytes": sys.maxsize})
    return settings.model_copy(
        update={"limits": limits, "batch": settings.batch.model_copy(update={"fault_share": 1.0})}
    )
