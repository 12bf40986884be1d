"""Runs the ingest job over one micro-batch, on all workers, and gathers what they staged."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.metrics.metric import MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.failures import Failure
from pipelines.jobs.ingest import ingest
from pipelines.jobs.workers import RunFailed, Workers
from pipelines.records import Gap, OffsetRange
from pipelines.settings import Settings
from pipelines.sources.kafka import read_range, split_range
from pipelines.stage import BatchKind, PartWriter, StagedBatch, StagedFile, write_manifest
from pipelines.stage.reasons import count_reasons, first_traceback
from pipelines.transforms.processor import processor_of
from pipelines.transforms.read import Reader
from pipelines.transforms.staging import Staging, staged_files

LOCAL_RUNNERS = frozenset({"FnApiRunner", "DirectRunner", "InMemoryRunner"})
STEPS = ("decode", "clean", "enrich", "validate")
IN_MEMORY = "FnApiRunner"  # plain DirectRunner first tries to download Prism


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """What one micro-batch takes: the ranges to read, the gaps already known, and where it is staged.

    ``topic_id`` is that of the topic which the ranges are of, empty where the broker gives none.
    """

    batch_id: str
    run_id: str
    ranges: tuple[OffsetRange, ...]
    folder: Path
    processed_at: datetime
    gaps: tuple[Gap, ...] = ()
    kind: BatchKind = "ingest"
    topic_id: str = ""

    @property
    def records(self) -> int:
        return sum(len(r) for r in self.ranges)


@dataclass(frozen=True, slots=True)
class StepCost:
    """CPU that a step took: elements and microseconds in all."""

    elements: int = 0
    cpu_us: int = 0

    def __add__(self, other: StepCost) -> StepCost:
        return StepCost(self.elements + other.elements, self.cpu_us + other.cpu_us)


@dataclass(frozen=True, slots=True)
class Transformed:
    """A staged batch, and what each step cost."""

    batch: StagedBatch
    costs: dict[str, StepCost]


@dataclass(frozen=True, slots=True)
class _Part:
    ranges: tuple[OffsetRange, ...]
    read: Reader
    settings: Settings
    staging: Staging


@dataclass(frozen=True, slots=True)
class _PartDone:
    files: tuple[StagedFile, ...]
    processor: str
    costs: dict[str, StepCost] = field(default_factory=dict)


def transform_batch(
    plan: BatchPlan,
    settings: Settings,
    workers: Workers,
    report: Callable[[int], None] | None = None,
    read: Reader | None = None,
) -> Transformed:
    """Runs the job over ``plan`` and seals what it staged with a manifest.

    ``report`` gets the number of records staged so far. ``read`` replaces Kafka in tests.

    Raises:
        RunFailed: a worker died, the deadline passed, or more records than the settings allow ended as
            ``UnexpectedFault``: our bug, not the data's. Nothing was loaded.
    """
    shutil.rmtree(plan.folder, ignore_errors=True)
    plan.folder.mkdir(parents=True)
    reader = read or partial(read_range, settings.kafka, retention_gap=settings.batch.retention_gap)
    local = settings.runner in LOCAL_RUNNERS
    shares = shares_of(plan.ranges, settings, max(workers.count, 1)) if local else (plan.ranges,)
    parts = [
        _Part(ranges, reader, settings, Staging(plan.folder.absolute(), f"part-{n:03d}", plan.processed_at, settings))
        for n, ranges in enumerate(shares)
    ]
    run = workers.map if local else _in_this_process
    done = run(run_part, parts, settings.batch.deadline_s, report)
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
    write_manifest(batch)
    costs = {step: sum((d.costs.get(step, StepCost()) for d in done), StepCost()) for step in STEPS}
    return Transformed(batch, costs)


def _in_this_process[A, R](
    function: Callable[[A], R], parts: Sequence[A], _deadline_s: float, _report: Callable[[int], None] | None
) -> list[R]:
    return [function(part) for part in parts]


def shares_of(ranges: Sequence[OffsetRange], settings: Settings, workers: int) -> tuple[tuple[OffsetRange, ...], ...]:
    """The ranges in shares of nearly equal size, one a worker that the batch is worth; none is empty.

    A range's halves go to the workers in order, so that what one outlet's pages cost is spread.
    """
    total = sum(len(r) for r in ranges)
    count = max(1, min(workers, total // settings.batch.records_worth_a_worker))
    if count == 1:
        return (tuple(ranges),)
    shares: list[list[OffsetRange]] = [[] for _ in range(count)]
    for n, whole in enumerate(ranges):
        pieces = split_range(whole, count)
        for m, piece in enumerate(pieces):
            shares[(n + m) % count].append(piece)
    return tuple(tuple(share) for share in shares if share)


def run_part(part: _Part) -> _PartDone:
    """Runs the job over one share, in this process: a worker's whole work."""
    runner = IN_MEMORY if part.settings.runner in LOCAL_RUNNERS else part.settings.runner
    pipeline = beam.Pipeline(runner=runner, options=PipelineOptions(list(part.settings.beam_options)))
    ingest(pipeline, part.ranges, part.read, part.settings, part.staging)
    result = pipeline.run()
    result.wait_until_finish()
    return _PartDone(staged_files(part.staging.folder, part.staging.part), processor_of(part.settings), _costs(result))


def _costs(result: Any) -> dict[str, StepCost]:
    found = result.metrics().query(MetricsFilter().with_namespace("cpu_us"))["distributions"]
    return {d.key.metric.name: StepCost(d.result.count, d.result.sum) for d in found}


def _with_gaps(ranges: Iterable[OffsetRange], gaps: Iterable[Gap]) -> tuple[OffsetRange, ...]:
    """The ranges, each begun where a gap before it begins: together they are what the batch accounts for."""
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


def _refuse_bugs(batch: StagedBatch, settings: Settings) -> None:
    reasons = count_reasons(batch)
    records, unexpected = reasons.total(), reasons[Failure.UNEXPECTED]
    share = settings.batch.fault_share
    allowed = max(int(records * share), settings.batch.fault_minimum)
    if unexpected > allowed:
        raise RunFailed(
            f"{unexpected} of {records} records ended as {Failure.UNEXPECTED} ({allowed} are allowed): a bug of ours, "
            f"not the data's. Nothing was loaded. The tracebacks are in {batch.folder}: {first_traceback(batch)}"
        )
