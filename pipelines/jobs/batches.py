"""Runs the ingest job over one micro-batch, and assembles the staged batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from pipelines.failpoints import Failpoint, reach
from pipelines.failures import Failure, MemoryExceeded, TimeExceeded, WorkerCrashed
from pipelines.phrases import counted
from pipelines.records import Gap, OffsetRange
from pipelines.runtime import Executor, RunFailed
from pipelines.runtime.shares import Share, StepCost
from pipelines.settings import Settings
from pipelines.sources.kafka import read_range
from pipelines.stage import BatchKind, Folder, PartWriter, StagedBatch, StagedFile, write_manifest
from pipelines.stage.reasons import count_reasons, count_rejects, first_traceback
from pipelines.transforms.destination import Staging
from pipelines.transforms.watch import READ

if TYPE_CHECKING:
    import apache_beam as beam

    from pipelines.transforms.read import Reader
    from pipelines.transforms.recall import FindNames
    from pipelines.transforms.shared import Loader

STEPS = ("decode", "clean", "enrich", "validate")
"""Names of the steps whose cost is reported. ``steps.py`` is not imported for them: it loads the steps' libraries."""

OURS = (Failure.UNEXPECTED, WorkerCrashed.__name__, TimeExceeded.__name__, MemoryExceeded.__name__)
"""Reasons that may be caused by a bug of ours rather than by the data: too many of them fail the run."""


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """The plan of one micro-batch: the ranges to read, the gaps already known, and the folder to stage it in.

    ``topic_id`` is Kafka's id of the topic of the ranges; it is empty if the broker gives topics no ids.
    """

    batch_id: str
    run_id: str
    ranges: tuple[OffsetRange, ...]
    folder: Folder
    processed_at: datetime
    gaps: tuple[Gap, ...] = ()
    kind: BatchKind = "ingest"
    topic_id: str = ""

    @property
    def records(self) -> int:
        return sum(len(r) for r in self.ranges)


@dataclass(frozen=True, slots=True)
class Transformed:
    """A staged batch, and the CPU cost of each step."""

    batch: StagedBatch
    costs: dict[str, StepCost]


def transform_batch(  # noqa: PLR0913, PLR0917  the batch, and how it is run
    plan: BatchPlan,
    settings: Settings,
    executor: Executor,
    report: Callable[[int], None] | None = None,
    read: Reader | None = None,
    names: Loader[FindNames] | None = None,
) -> Transformed:
    """Runs the job over ``plan``, and writes the manifest of the staged batch.

    ``report`` is called with the number of records staged so far. ``read`` replaces Kafka as the source, for a replay
    and in tests. ``names`` loads a lookup of names that are known of texts (see ``names_loader``).

    Raises:
        RunFailed: the deadline passed, or more records than the settings allow ended as ``UnexpectedFault`` or ended
            their worker, which points to a bug of ours and not to the data. Nothing was loaded.
    """
    plan.folder.make_empty()
    reader = read or partial(read_range, settings.kafka, retention_gap=settings.batch.retention_gap)
    archives = settings.archive.enabled and plan.kind == "ingest"
    keeps = plan.kind != "reprocess"
    staging = Staging(
        plan.folder, "part", plan.processed_at, settings, archives=archives, keeps_originals=keeps
    )
    whole = Share(plan.ranges, reader, ingest_share, settings, staging, names=names)
    done = executor.run(whole, allowed_faults(plan.records, settings), report) if plan.ranges else []
    batch = StagedBatch(
        batch_id=plan.batch_id,
        run_id=plan.run_id,
        folder=plan.folder,
        ranges=_with_gaps(plan.ranges, plan.gaps) if plan.kind == "ingest" else (),
        files=tuple(f for d in done for f in d.files) + _stage_gaps(plan),
        processor=done[0].processor if done else "",
        staged_at=plan.processed_at,
        kind=plan.kind,
        topic_id=plan.topic_id,
    )
    _refuse_bugs(batch, settings)
    reach(Failpoint.SEALING)
    write_manifest(batch)
    reach(Failpoint.STAGED)
    costs = {step: sum((d.costs.get(step, StepCost()) for d in done), StepCost()) for step in STEPS}
    return Transformed(batch, costs)


def ingest_share(pipeline: beam.Pipeline, share: Share) -> None:
    """The ingest job over one share. Beam and the steps are imported only where it runs."""
    from pipelines.jobs.ingest import ingest

    ingest(pipeline, share.ranges, share.read, share.settings, share.staging, share.names)


def _with_gaps(ranges: Iterable[OffsetRange], gaps: Iterable[Gap]) -> tuple[OffsetRange, ...]:
    """The ranges that the batch accounts for: those read, extended by gaps before them, and gaps without a range."""
    starts = {(g.topic, g.partition): g.start for g in gaps}
    read = tuple(replace(r, start=min(r.start, starts.pop((r.topic, r.partition), r.start))) for r in ranges)
    alone = [g for g in gaps if (g.topic, g.partition) in starts]
    return read + tuple(OffsetRange(g.topic, g.partition, g.start, g.end) for g in alone)


def _stage_gaps(plan: BatchPlan) -> tuple[StagedFile, ...]:
    if not plan.gaps:
        return ()
    writer = PartWriter(plan.folder, "gaps")
    for gap in plan.gaps:
        writer.gap(gap)
    return writer.close()


def allowed_faults(records: int, settings: Settings) -> int:
    """How many of ``records`` records may have a reason in ``OURS`` before the batch is refused."""
    return max(int(records * settings.batch.fault_share), settings.batch.fault_minimum)


def _refuse_bugs(batch: StagedBatch, settings: Settings) -> None:
    reasons = count_reasons(batch)
    too_large = count_rejects(batch)[READ, MemoryExceeded.__name__]  # the cause is a large value, not a bug
    records, faults = reasons.total(), sum(reasons[reason] for reason in OURS) - too_large
    allowed = allowed_faults(records, settings)
    if faults > allowed:
        names = ", ".join(reason for reason in OURS if reasons[reason])
        raise RunFailed(
            f"{faults:,} of {counted(records, 'record')} ended as {names} (allowed: {allowed:,}). The cause is a bug "
            f"of ours, not the data. Nothing was loaded. The tracebacks are in {batch.folder}: {first_traceback(batch)}"
        )
