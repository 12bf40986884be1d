"""Splits a batch into shares, one for each worker, and runs the job over a share.

Beam and the transforms are imported only where a job runs, so that a run that leaves jobs to its workers starts fast.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pipelines.failpoints import Failpoint, reach
from pipelines.failures import Failure, RegistryRefused, RegistryUnavailable
from pipelines.records import UNKNOWN_BYTES, Coordinates, OffsetRange, RawMessage
from pipelines.runtime.executor import RunFailed
from pipelines.settings import Settings
from pipelines.sources.kafka import split_range
from pipelines.stage import StagedFile, StageUnavailable, StagingFailed
from pipelines.transforms.destination import Staging

if TYPE_CHECKING:
    import apache_beam as beam

    from pipelines.transforms.read import Reader
    from pipelines.transforms.recall import FindNames
    from pipelines.transforms.shared import Loader

    type Job = Callable[[beam.Pipeline, Share], None]

IN_MEMORY = "FnApiRunner"  # plain DirectRunner first tries to download Prism


@dataclass(frozen=True, slots=True)
class StepCost:
    """The CPU time of a step in microseconds, and the number of elements that it processed."""

    elements: int = 0
    cpu_us: int = 0

    def __add__(self, other: StepCost) -> StepCost:
        return StepCost(self.elements + other.elements, self.cpu_us + other.cpu_us)


@dataclass(frozen=True, slots=True)
class Share:
    """Ranges of a batch for one worker, and the job that stages one outcome or gap for each of their offsets.

    ``deaths`` counts the workers that died over it or over the shares that it is part of. With ``failure``, its
    messages are rejected without running a step. With ``is_unreadable``, they are not read either, since reading them
    ended a worker. ``names`` loads the lookup of names that are known of texts; None if none is to be asked.
    """

    ranges: tuple[OffsetRange, ...]
    read: Reader
    job: Job
    settings: Settings
    staging: Staging
    deaths: int = 0
    failure: Failure | None = None
    is_unreadable: bool = False
    names: Loader[FindNames] | None = None

    def __len__(self) -> int:
        return sum(len(r) for r in self.ranges)

    def split(self, workers: int) -> list[Share]:
        """Splits the share for ``workers`` workers; the names of staged files contain the number of their share."""
        spread = shares_of(self.ranges, self.settings, max(workers, 1))
        return [
            replace(self, ranges=ranges, staging=replace(self.staging, part=f"{self.staging.part}-{n:03d}"))
            for n, ranges in enumerate(spread)
        ]

    def part(self, n: int, ranges: Sequence[OffsetRange]) -> Share:
        """Part ``n`` of this share with only these ranges, to retry after a worker died over the share."""
        staging = replace(self.staging, part=f"{self.staging.part}-{n}")
        return replace(self, ranges=tuple(ranges), staging=staging, deaths=self.deaths + 1)


@dataclass(frozen=True, slots=True)
class ShareDone:
    """The files that a share staged, and the CPU cost of each step."""

    files: tuple[StagedFile, ...]
    processor: str
    costs: dict[str, StepCost] = field(default_factory=dict)


def shares_of(ranges: Sequence[OffsetRange], settings: Settings, workers: int) -> tuple[tuple[OffsetRange, ...], ...]:
    """Splits the ranges into non-empty shares of nearly equal size, one for each worker.

    Small batches use fewer workers, each with at least ``records_worth_a_worker`` records. Each range is split among
    all workers, so that an outlet whose pages are expensive does not slow a single worker down.
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


def run_share(share: Share, runner: str = IN_MEMORY, options: Sequence[str] = ()) -> ShareDone:
    """Runs the job over one share and waits for its end. A worker calls this with the in-memory runner.

    ``options`` are Beam's, in addition to those of the settings.
    """
    import apache_beam as beam

    from pipelines.runtime.options import JobOptions
    from pipelines.transforms.processor import processor_of
    from pipelines.transforms.staging import stage_rejected, staged_files

    reach(Failpoint.TRANSFORMING)
    processor = processor_of(share.settings)
    if share.failure is not None:
        read = unread if share.is_unreadable else share.read
        messages = (message for offsets in share.ranges for message in read(offsets))
        return ShareDone(stage_rejected(share.staging, messages, share.failure), processor)
    pipeline = beam.Pipeline(runner=runner, options=JobOptions([*options, *share.settings.beam_options]))
    share.job(pipeline, share)
    result = _finished(pipeline, share.settings.batch.deadline_s)
    return ShareDone(staged_files(share.staging.folder, share.staging.part), processor, _costs(result))


def _finished(pipeline: beam.Pipeline, deadline_s: float) -> Any:
    """Runs the pipeline and returns its result. Raises ``RunFailed`` unless it is done within the deadline."""
    from apache_beam.runners.runner import PipelineState

    try:
        result = pipeline.run()
        state = result.wait_until_finish(duration=int(deadline_s * 1_000))
    except Exception as fault:
        if (named := _named_fault(f"{type(fault).__module__}.{type(fault).__name__}: {fault}")) is not None:
            raise named from fault
        raise
    if state == PipelineState.DONE:
        return result
    if not PipelineState.is_terminal(state):
        result.cancel()
    raise RunFailed(
        f"the Beam job was not done within {deadline_s:.0f} s; its state is {state}. Nothing was loaded. Look at the "
        "runner's own log; if the job needs more time, raise DATELINE_BATCH__DEADLINE_S."
    )


_FAULTS = {kind.__name__: kind for kind in (StagingFailed, StageUnavailable, RegistryRefused, RegistryUnavailable)}
_FAULT = re.compile(
    rf"pipelines\.(?:stage\.faults|failures)\.({'|'.join(_FAULTS)}): (.+?)(?: \[while running |\n\n|\Z)", re.DOTALL
)


def _named_fault(text: str) -> Exception | None:
    """Recovers a fault of the stage or of the schema registry from the text of an exception that Beam wrapped it in.

    Returns None if it was another fault.

    >>> _named_fault("… pipelines.stage.faults.StagingFailed: Could not write x. [while running 'Stage/Articles']")
    StagingFailed('Could not write x.')
    """
    found = _FAULT.search(text)
    return found and _FAULTS[found[1]](found[2].strip())


def unread(offsets: OffsetRange) -> Iterator[RawMessage]:
    """Messages with coordinates only, one for each offset, without reading the topic."""
    for offset in range(offsets.start, offsets.end):
        coordinates = Coordinates(offsets.topic, offsets.partition, offset)
        yield RawMessage(coordinates, datetime.fromtimestamp(0, UTC), None, None, left_out_bytes=UNKNOWN_BYTES)


def _costs(result: Any) -> dict[str, StepCost]:
    from apache_beam.metrics.metric import MetricsFilter

    found = result.metrics().query(MetricsFilter().with_namespace("cpu_us"))["distributions"]
    return {d.key.metric.name: StepCost(d.result.count, d.result.sum) for d in found}
