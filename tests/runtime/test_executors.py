"""Worker processes of this machine and a Beam runner do the same job over the same shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flows.work import _report_missing_guards
from pipelines.jobs.audit import audit_batch
from pipelines.jobs.batches import ingest_share, transform_batch
from pipelines.records import Gap, OffsetRange, RawMessage
from pipelines.runtime import GUARDS, executor_of
from pipelines.runtime.beam import BeamExecutor
from pipelines.runtime.local import LocalExecutor
from pipelines.runtime.shares import Share, ShareDone, _finished
from pipelines.runtime.workers import RunFailed
from pipelines.settings import Settings
from pipelines.stage import Folder, StagedBatch, StagingFailed
from pipelines.transforms.destination import Staging
from tests.jobs.messages import Topic
from tests.jobs.test_ingest import NOW, plan, rows, settings, topic

RUNNER = "apache_beam.runners.portability.fn_api_runner.FnApiRunner"
"""Beam's in-memory runner by another name: it stands for a runner that has workers of its own."""
KINDS: Any = ("articles", "outcomes", "dead_letters", "gaps")


def test_the_settings_choose_the_executor(tmp_path: Path) -> None:
    local = executor_of(settings(tmp_path, workers=2))
    assert isinstance(local, LocalExecutor)
    assert local.guards == {"time", "memory", "crash"}
    assert executor_of(settings(tmp_path, workers=2), workers=0).guards == frozenset()
    assert executor_of(Settings(home=tmp_path, runner="FlinkRunner")) == BeamExecutor("FlinkRunner")


def test_a_beam_runner_stages_what_local_workers_do(tmp_path: Path) -> None:
    shown = settings(tmp_path, workers=2, records_worth_a_worker=2)
    staged: list[StagedBatch] = []
    for name, executor in (("local", LocalExecutor(0)), ("beam", BeamExecutor(RUNNER))):
        reported: list[int] = []
        with executor as started:
            ran = transform_batch(plan(tmp_path, name), shown, started, reported.append, read=topic())
            assert audit_batch(ran.batch, shown, started).verdict == "passed"
        staged.append(ran.batch)
        assert (reported[-1:], sorted(ran.costs)) in (([], STEPS), ([6], STEPS))
    local, beam = ([rows(batch, kind) for kind in KINDS] for batch in staged)
    assert beam == local


STEPS = ["clean", "decode", "enrich", "validate"]


def test_both_split_the_ranges_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = settings(tmp_path, workers=3, records_worth_a_worker=20)
    ranges = (OffsetRange("a", 0, 0, 100), OffsetRange("a", 1, 0, 60))
    whole = Share(ranges, Topic([]), ingest_share, shown, Staging(Folder.at(tmp_path), "part", NOW, shown))
    taken: dict[str, list[Share]] = {}

    def of_local(shares: Sequence[Share], *_: object) -> list[ShareDone]:
        taken["local"] = list(shares)
        return []

    def of_beam(share: Share, runner: str) -> ShareDone:
        taken[runner] = [share]
        return ShareDone((), "")

    monkeypatch.setattr("pipelines.runtime.local.run_shares", of_local)
    monkeypatch.setattr("pipelines.runtime.beam.run_share", of_beam)
    LocalExecutor(3).run(whole, 0)
    BeamExecutor("FlinkRunner").run(whole, 0)
    assert [[(r.partition, r.start, r.end) for r in share.ranges] for share in taken["local"]] == [
        [(0, 0, 33), (1, 40, 60)], [(0, 33, 66), (1, 0, 20)], [(0, 66, 100), (1, 20, 40)],
    ]
    assert [share.staging.part for share in taken["local"]] == ["part-000", "part-001", "part-002"]
    (share,) = taken["FlinkRunner"]
    assert share.ranges == tuple(piece for share in taken["local"] for piece in share.ranges)


@dataclass(frozen=True)
class Blocking:
    """A topic whose reader makes it impossible to write a batch's outcomes."""

    topic: Topic
    folder: Folder

    def __call__(self, offsets: OffsetRange) -> Iterator[RawMessage | Gap]:
        self.folder.write("outcomes", b"no folder")
        return self.topic(offsets)


@pytest.mark.parametrize("executor", [LocalExecutor(0), BeamExecutor(RUNNER)], ids=["local", "beam"])
def test_a_fault_of_the_stage_keeps_its_name(tmp_path: Path, executor: LocalExecutor | BeamExecutor) -> None:
    wanted = plan(tmp_path)
    with executor as started, pytest.raises(StagingFailed) as caught:
        transform_batch(wanted, settings(tmp_path), started, read=Blocking(topic(), wanted.folder))
    assert str(caught.value).startswith(f"Could not write {wanted.folder}/outcomes/part-000-")
    assert str(caught.value).endswith("move that file away, or set DATELINE_HOME to another folder.")


class Pipeline:
    """A job that is in a state when its deadline has passed."""

    def __init__(self, state: str) -> None:
        self.state, self.is_cancelled = state, False

    def run(self) -> Any:
        return SimpleNamespace(wait_until_finish=lambda duration: self.state, cancel=self.cancel)

    def cancel(self) -> None:
        self.is_cancelled = True


@pytest.mark.parametrize(("state", "is_cancelled"), [("RUNNING", True), ("FAILED", False), ("CANCELLED", False)])
def test_a_job_that_is_not_done_at_its_deadline_is_cancelled_and_fails(state: str, *, is_cancelled: bool) -> None:
    pipeline: Any = Pipeline(state)
    with pytest.raises(RunFailed, match=f"the Beam job was not done within 5 s; its state is {state}"):
        _finished(pipeline, 5)
    assert pipeline.is_cancelled is is_cancelled


def test_guards_that_are_missing_are_reported(caplog: pytest.LogCaptureFixture) -> None:
    _report_missing_guards(LocalExecutor(2))
    assert caplog.text == ""
    _report_missing_guards(BeamExecutor("FlinkRunner"))
    assert "takes a step too long or takes all memory or crashes the process fails its whole batch" in caplog.text
    assert len(GUARDS) == 3
