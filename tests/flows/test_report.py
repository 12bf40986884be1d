"""A run's report does not grow with its batches."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from flows.report import KEPT_FINDINGS, RunReport
from pipelines.jobs.batches import Transformed
from pipelines.runtime.shares import StepCost
from pipelines.stage import Folder, StagedBatch
from pipelines.stage.audit import Audit, Finding
from pipelines.warehouse import Loaded

AT = datetime(2026, 3, 2, 8, 15, tzinfo=UTC)


def test_the_last_findings_are_kept_of_a_run_that_goes_on_and_on() -> None:
    report = RunReport("run", AT, "raw")
    batch = StagedBatch("batch", "run", Folder("memory://staged"), (), (), "dateline", AT)
    for number in range(KEPT_FINDINGS + 50):
        finding = Finding("expect", "share_rejected", "warning", False, f"{number}", "Rejects are rare.")
        loaded = Loaded("batch", Counter(loaded=1), Counter(), Counter(), {("raw", 0): number + 1})
        report.add(Transformed(batch, {"decode": StepCost(1, 10)}), Audit((finding,)), loaded)
    assert len(report.findings) == KEPT_FINDINGS
    assert report.findings[-1]["observed"] == str(KEPT_FINDINGS + 49)
    assert (report.records, report.offsets, report.costs) == (
        KEPT_FINDINGS + 50, {0: KEPT_FINDINGS + 50}, {"decode": (KEPT_FINDINGS + 50, 10 * (KEPT_FINDINGS + 50))}
    )
