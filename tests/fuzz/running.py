"""Runs numbered messages through the job and into a warehouse, and says what was found."""

from __future__ import annotations

import json
import os
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pipelines.failures import Failure
from pipelines.jobs.audit import audit_batch
from pipelines.jobs.batches import BatchPlan, transform_batch
from pipelines.records import OffsetRange, RawMessage
from pipelines.runtime import RunFailed
from pipelines.runtime.local import LocalExecutor
from pipelines.settings import BatchSettings, Settings
from pipelines.stage import stage_store
from pipelines.warehouse import DeadLetterFilter, Run, Warehouse, load_batch, open_warehouse
from tests.fuzz.messages import TOPIC, message

BATCH = 500
SLOWEST_S = 2.0


@dataclass(frozen=True, slots=True)
class Numbered:
    """Reads messages by their numbers; notes in ``folder`` where each worker is, and what its messages cost.

    The steps behind the reader work on a message before the next one is asked for: what passes between is its cost.
    """

    seed: int
    folder: Path

    def __call__(self, offsets: OffsetRange) -> Iterator[RawMessage]:
        at, costs = self.folder / f"{os.getpid()}.at", self.folder / f"{os.getpid()}.costs"
        with costs.open("a") as shown:
            for number in range(offsets.start, offsets.end):
                made = message(self.seed, number)
                at.write_text(str(number))
                began = time.thread_time()
                yield made
                peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024
                shown.write(json.dumps([number, time.thread_time() - began, peak_mb]) + "\n")
        at.unlink(missing_ok=True)


@dataclass(slots=True)
class Fuzzed:
    """What was found. ``slowest`` is CPU seconds and a message's number."""

    seed: int
    messages: int = 0
    unexpected: list[tuple[int, str]] = field(default_factory=list)
    unaccounted: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, -1)
    peak_mb: int = 0
    seconds: float = 0.0

    @property
    def is_well(self) -> bool:
        return not self.unexpected and not self.unaccounted and self.slowest[0] < SLOWEST_S

    def __str__(self) -> str:
        minutes, seconds = divmod(round(self.seconds), 60)
        return (
            f"messages {self.messages} · unexpected {len(self.unexpected)} · unaccounted {len(self.unaccounted)} · "
            f"slowest {self.slowest[0]:.2f} s (number {self.slowest[1]}) · peak {self.peak_mb} MB · seed {self.seed} · "
            f"{minutes:02d}:{seconds:02d}"
        )


def _nobody(_done: int) -> None:
    """Nobody watches."""


def fuzz(
    home: Path, messages: range, seed: int, workers: int = 2, notify: Callable[[int], None] = _nobody
) -> Fuzzed:
    """Each message of these numbers through the steps, the expectations, the audit and into DuckDB."""
    began = time.monotonic()
    found = Fuzzed(seed)
    settings = Settings(home=home, batch=BatchSettings(workers=workers, fault_share=1, deadline_s=300))
    notes = home / "notes"
    notes.mkdir(parents=True)
    warehouse = open_warehouse(settings.warehouse_url)
    warehouse.prepare()
    warehouse.start_run(Run("fuzz", TOPIC, "fuzz", datetime.now(UTC)))
    with LocalExecutor(workers, home / "logs" / "workers.log") as standing:
        for start in range(messages.start, messages.stop, BATCH):
            ranges = (OffsetRange(TOPIC, 0, start, min(start + BATCH, messages.stop)),)
            folder = stage_store(settings).batches / str(start)
            plan = BatchPlan(f"fuzz-{start:08d}", "fuzz", ranges, folder, datetime.now(UTC))
            try:
                staged = transform_batch(plan, settings, standing, read=Numbered(seed, notes)).batch
            except RunFailed as fault:
                found.unexpected += [(int(path.read_text()), str(fault)) for path in notes.glob("*.at")]
                break
            load_batch(warehouse, staged, audit_batch(staged, settings, standing))
            found.messages += len(ranges[0])
            notify(found.messages)
    _count(warehouse, notes, found)
    found.seconds = time.monotonic() - began
    return found


def _count(warehouse: Warehouse, notes: Path, found: Fuzzed) -> None:
    verified = warehouse.verify()
    found.unaccounted = [str(problem) for problem in verified.problems]
    if (accounted := sum(ledger.reconciled for ledger in verified.partitions)) != found.messages:
        found.unaccounted.append(f"{accounted} of {found.messages} messages are accounted for")
    for letter in warehouse.dead_letters(DeadLetterFilter(reason=Failure.UNEXPECTED)):
        found.unexpected.append((letter.coordinates.offset, str(letter.details[0]["expectation"])))
    found.outcomes = Counter(
        {str(name): int(n) for name, n in warehouse.query(
            "SELECT coalesce(reason, outcome), count(*) FROM ledger GROUP BY ALL"
        ).rows}
    )
    costs = [json.loads(line) for path in notes.glob("*.costs") for line in path.read_text().splitlines()]
    if costs:
        found.slowest = max((float(seconds), int(number)) for number, seconds, _ in costs)
        found.peak_mb = max(int(peak_mb) for _, _, peak_mb in costs)
