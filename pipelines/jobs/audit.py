"""Checks a staged batch against the batch suite before it is loaded.

Great Expectations and pandas are imported only where the suite runs: in a worker, which has loaded them already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pipelines.runtime import Executor
from pipelines.settings import Settings
from pipelines.stage import StagedBatch
from pipelines.stage.audit import Audit, Finding, describe_batch

if TYPE_CHECKING:
    from pipelines.transforms.expectations import ExpectationResult, SuiteRunner


def audit_batch(batch: StagedBatch, settings: Settings, executor: Executor) -> Audit:
    """The audit of ``batch``, run by the executor, whose workers have Great Expectations loaded."""
    return executor.call(audit_here, batch, settings.batch.deadline_s)


def audit_here(batch: StagedBatch) -> Audit:
    """The audit of ``batch``: the result of each expectation of the batch suite, and the scrapers that violate it."""
    rows = describe_batch(batch)
    if not rows:
        return Audit(())
    import pandas as pd

    results = batch_suite().run(pd.DataFrame.from_records(rows))
    return Audit(
        tuple(
            Finding(
                r.expectation, r.column, r.severity, r.success, _values(rows, r) or r.observed, r.reason,
                tuple(rows[n]["scraper"] for n in sorted(r.failing_rows)),
            )
            for r in results
        )
    )


def batch_suite() -> SuiteRunner:
    """The runner of the batch suite, created once per process."""
    from pipelines.transforms.expectations import runner_of
    from pipelines.validate import load_suite

    return runner_of(partial(load_suite, "batch"))


def _values(rows: Sequence[Mapping[str, Any]], result: ExpectationResult) -> str:
    """The values that violate the expectation, in the order of their scrapers, separated by commas."""
    return ", ".join(str(rows[n][result.column]) for n in sorted(result.failing_rows) if result.column)
