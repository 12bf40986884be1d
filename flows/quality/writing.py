"""Makes the quality report of a run: at its end, now and then while it follows the topic, or later by a command."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flows.dead_letters import opened
from flows.faults import NotFound
from flows.quality.files import reports_of, write_whole
from flows.quality.page import render
from pipelines.phrases import in_words
from pipelines.secrets import redact

if TYPE_CHECKING:
    from pathlib import Path

    from flows.report import RunReport
    from pipelines.settings import Settings
    from pipelines.warehouse import Warehouse
    from pipelines.warehouse.quality import RunQuality

LOG = logging.getLogger("dateline")


def write_report(settings: Settings, warehouse: Warehouse, report: RunReport) -> Path | None:
    """Write the page of a run and return its path; None if none is kept, or if it could not be written.

    If the warehouse cannot be read, the page shows what the run itself has counted, and says so. A page that cannot be
    made never stops a run.
    """
    reports = reports_of(settings)
    if not reports.kept:
        return None
    try:
        found, unread = _read(settings, warehouse, report)
        return reports.write(report.run_id, render(found, datetime.now(UTC), unread=unread, stale=report.stale))
    except Exception:
        LOG.warning("the quality report of the run could not be written", exc_info=True)
        return None


def remove_outdated(settings: Settings, warehouse: Warehouse) -> None:
    """Remove reports from before the last deletion that a killed run, or a run on another machine, has left."""
    from pipelines.warehouse.quality import last_deletion

    reports = reports_of(settings)
    since = reports.oldest_at()
    if since is not None and (at := last_deletion(warehouse, since)) is not None:
        reports.remove(at)


def _read(settings: Settings, warehouse: Warehouse, report: RunReport) -> tuple[RunQuality, str | None]:
    from pipelines.warehouse import WarehouseFault
    from pipelines.warehouse.quality import read_quality

    try:
        found = read_quality(warehouse, report.run_id, settings.drift, settings.report.runs)
    except WarehouseFault as fault:
        return as_counted(report), redact(in_words(fault))
    if found is None:
        return as_counted(report), "The warehouse has no record of this run."
    return found, None


def as_counted(report: RunReport) -> RunQuality:
    """The quality of a run as far as the run itself has counted it, without examples, trend and drift."""
    from pipelines.warehouse.quality import Check, Rejection, RunQuality

    failed = {(f["expectation"], f["column"], f["severity"], f["reason"]): f for f in report.findings}
    gaps = report.gaps.total()
    return RunQuality(
        report.run_id, report.kind, report.topic, report.status, report.started_at, report.ended_at, note=report.note,
        batches=report.batches, audited=report.batches, audit=None if report.verdict == "none" else report.verdict,
        records=report.outcomes.total(), read_records=report.outcomes.total(), gap_offsets=gaps,
        offsets=report.outcomes.total() + gaps, outcomes=dict(report.outcomes),
        checks=tuple(
            Check("batches", *key, report.batches, sum(_is(f, key) for f in report.findings)) for key in failed
        ),
        rejections=tuple(Rejection(reason, records) for reason, records in report.reasons.most_common()),
    )


def _is(finding: dict[str, object], key: tuple[object, ...]) -> bool:
    return tuple(finding[name] for name in ("expectation", "column", "severity", "reason")) == key


def make_report(settings: Settings, prefix: str = "", output: Path | None = None) -> tuple[str, Path]:
    """Make the page of the newest run whose id begins with ``prefix``; return the run's id and the file's path.

    Without ``output`` it is written to the home folder, even if the settings keep no reports. Raises ``NotFound`` if
    the warehouse has no such run.
    """
    from flows.scrapers import scrapers_of, stale_rows
    from pipelines.warehouse.quality import find_run, read_quality

    warehouse = opened(settings)
    newest = find_run(warehouse)
    run_id = find_run(warehouse, prefix) if prefix else newest
    found = None if run_id is None else read_quality(warehouse, run_id, settings.drift, settings.report.runs)
    if run_id is None or found is None:
        raise NotFound(
            (f"No run has an id that begins with {prefix!r}." if prefix else "The warehouse has no run yet.")
            + "\nWhat to do: choose a run_id of the mart pipeline_runs; `dateline status --json` lists the last ones."
        )
    stale = stale_rows(scrapers_of(settings)) if run_id == newest else []
    page = render(found, datetime.now(UTC), stale=stale)
    if output is not None:
        write_whole(output.absolute(), page)
        return run_id, output.absolute()
    reports = replace(reports_of(settings), kept=max(1, settings.report.keep))
    path = reports.write(run_id, page, is_newest=run_id == newest)
    assert path is not None
    return run_id, path
