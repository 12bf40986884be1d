"""Runs flows in this process with a progress bar, and prints the outcomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import typer

from flows.cli.frame import Command
from flows.cli.progress import run_bar
from flows.cli.scrapers import scraper_label, show_quarantined
from flows.cli.screen import Screen, safe
from flows.cli.status import show_outbox
from flows.report import in_open_transactions
from flows.stopping import stoppable
from flows.targets import a_prefect_api, prefect_faults, with_settings
from flows.watching import watched_by
from pipelines.phrases import counted

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.sources.offsets import Topic


def get_workers_ready(settings: Settings, topic: Topic) -> None:
    """If there are new records, let workers load their models while Prefect is imported here."""
    if not settings.batch.workers:
        return
    with suppress(Exception):  # the run reports a warehouse that cannot be read
        from pipelines.warehouse import warehouse_path
        from pipelines.warehouse.duckdb import DuckDBWarehouse

        warehouse = DuckDBWarehouse(warehouse_path(settings.warehouse_url), patience_s=0.1)
        saved = warehouse.loaded_topic(topic.name).next_offsets
        if any(end > saved.get(partition, first) for partition, (first, end) in topic.offsets.items()):
            from pipelines.runtime import warm_up

            warm_up(settings)


def ingest_here(run: Command, settings: Settings, *, quiet: bool = False, **wanted: Any) -> dict[str, Any]:
    """The ingest flow's report, as JSON; ``wanted`` are parameters of the flow."""
    with _watched(run, settings, quiet=quiet):
        from flows.ingest import ingest

        report: dict[str, Any] = ingest(**wanted)
        return report


def follow_here(
    run: Command, settings: Settings, *, quiet: bool = False, **wanted: Any
) -> dict[str, Any]:
    """The report of an ingest flow that follows the topic until SIGTERM or Ctrl-C, which end it normally."""
    with stoppable() as stop:
        try:
            return ingest_here(run, settings, follow=True, quiet=quiet, **wanted)
        except KeyboardInterrupt:
            if stop.signals > 1:
                raise
            run.screen.note("Stopped before the first batch.")
            raise typer.Exit from None


def replay_here(run: Command, *, quiet: bool = False, **wanted: Any) -> dict[str, Any]:
    """The replay flow's report, as JSON."""
    with _watched(run, run.settings, quiet=quiet):
        from flows.replay import replay

        report: dict[str, Any] = replay(**wanted)
        return report


def reprocess_here(run: Command, *, quiet: bool = False, **wanted: Any) -> dict[str, Any]:
    """The reprocess flow's report, as JSON."""
    with _watched(run, run.settings, quiet=quiet):
        from flows.reprocess import reprocess

        report: dict[str, Any] = reprocess(**wanted)
        return report


def release_here(run: Command, scraper: str, *, quiet: bool = False, wait_minutes: float = 0) -> dict[str, Any]:
    """The release flow's report, as JSON."""
    with _watched(run, run.settings, quiet=quiet):
        from flows.release import release

        report: dict[str, Any] = release(scraper, wait_minutes=wait_minutes)
        return report


def backfill_here(run: Command, *, quiet: bool = False, **wanted: Any) -> dict[str, Any]:
    """The backfill flow's report, as JSON; ``wanted`` are parameters of the flow."""
    with _watched(run, run.settings, quiet=quiet):
        from flows.backfill import backfill

        report: dict[str, Any] = backfill(**wanted)
        return report


def forget_here(run: Command, *, quiet: bool = False, **wanted: Any) -> dict[str, Any]:
    """The forget flow's report, as JSON; ``wanted`` are parameters of the flow."""
    with _watched(run, run.settings, quiet=quiet):
        from flows.forget import forget

        report: dict[str, Any] = forget(**wanted)
        return report


@contextmanager
def _watched(run: Command, settings: Settings, *, quiet: bool) -> Iterator[None]:
    with (
        run_bar(run.screen, quiet=quiet) as watcher,
        a_prefect_api(settings.home, verbose=run.verbose) as api,
        prefect_faults(api),
        watched_by(watcher),
        with_settings(settings),
    ):
        yield


def show_ingested(screen: Screen, report: dict[str, Any]) -> None:
    if not report["records"]:
        if report["waiting"]:
            screen.say("Nothing was loaded.")
            _show_waiting(screen, report)
        else:
            screen.say("No new records: the warehouse is caught up with the topic.")
        show_outbox(screen, report["outbox"])
        return
    screen.table(f"Ledger of run {report['run_id'][:8]}", ("outcome", "records"), by_outcome(report["outcomes"]))
    if report["reasons"]:
        screen.table("Rejected", ("reason", "records"), Counter(report["reasons"]).most_common())
    screen.say(
        f"{counted(report['records'], 'record')} in {counted(report['batches'], 'batch', 'batches')}, "
        f"{report['seconds']:.1f} s. Audit: {safe(report['audit'])}."
    )
    if report["quality_report"]:
        screen.say(f"Quality report: {safe(report['quality_report'], 1_000)}")
    _show_waiting(screen, report)
    show_outbox(screen, report["outbox"])
    show_quarantined(screen, report["quarantined"], report["stale"])
    costs = ", ".join(f"{step} {ms:.1f}" for step, ms in report["cpu_ms_per_element"].items())
    screen.say(f"[dim]CPU milliseconds per record: {safe(costs)}[/dim]")
    for finding in report["findings"][:10]:
        whose = f" of {safe(', '.join(map(scraper_label, finding['scrapers'])))}" if finding["scrapers"] else ""
        screen.say(
            f"  [yellow]audit, {safe(finding['severity'])}[/yellow]: {safe(finding['column'])}{whose}: "
            f"{safe(finding['observed'])}. {safe(finding['reason'])}"
        )


def _show_waiting(screen: Screen, report: dict[str, Any]) -> None:
    if report["waiting"]:
        screen.say(
            f"[yellow]Not caught up:[/yellow] {safe(in_open_transactions(report['topic'], report['waiting']), 600)}"
        )


def show_backfilled(screen: Screen, report: dict[str, Any]) -> None:
    screen.say(
        f"Sent {counted(report['sent'], 'message')} of {counted(report['files'], 'file')} to "
        f"[bold]{safe(report['topic'])}[/bold] and loaded the topic to its end."
        + (f" {counted(report['skipped'], 'message')} had been sent by an earlier run." if report["skipped"] else "")
    )
    if report["outcomes"]:
        screen.table("Outcomes", ("outcome", "records"), by_outcome(report["outcomes"]))
    if report["reasons"]:
        screen.table("Rejected", ("reason", "records"), Counter(report["reasons"]).most_common())


def show_released(screen: Screen, scraper: str, report: dict[str, Any]) -> None:
    if report["records"]:
        screen.table(f"Articles of {scraper} that waited", ("outcome", "records"), by_outcome(report["outcomes"]))
    screen.say(
        f"[green]{safe(scraper)} is active again.[/green] Later batches are compared only with batches after this "
        "release."
    )


def by_outcome(outcomes: dict[str, int]) -> list[tuple[str, int]]:
    from pipelines.warehouse import OUTCOMES

    known = [(name, outcomes[name]) for name in OUTCOMES if outcomes.get(name)]
    return known + sorted((name, n) for name, n in outcomes.items() if name not in OUTCOMES)
