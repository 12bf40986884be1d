"""Shows the status of the pipeline (lag, runs, reject rates, the last audit) and the result of a verification."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flows.cli.scrapers import scraper_label, show_quarantined
from flows.cli.screen import Screen, safe
from flows.dead_letters import opened
from flows.faults import exit_code, may_pass
from flows.lag import lag_of
from flows.quality.files import reports_of
from flows.report import in_open_transactions, in_outbox
from flows.scrapers import quarantined_rows, stale_rows
from pipelines.phrases import counted

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.warehouse import Verification, Warehouse


def read_status(settings: Settings, screen: Screen) -> dict[str, Any]:
    """The contents of ``dateline status``. An unavailable broker or warehouse is listed under ``unavailable``."""
    newest = reports_of(settings).newest
    status: dict[str, Any] = {
        "warehouse": settings.warehouse or settings.warehouse_url, "unavailable": [],
        "quality_report": str(newest) if newest.exists() else None,
    }
    saved: Mapping[int, int] | None = None
    with _listed_when_unavailable(status, "warehouse"):
        warehouse = opened(settings)
        # first, because it raises if there is no warehouse, for which next_offsets would be empty
        status |= _ledger_status(settings, warehouse)
        saved = warehouse.loaded_topic(settings.kafka.raw_topic).next_offsets
    with _listed_when_unavailable(status, "kafka"):
        status |= _lag(settings, saved, screen)
    return status


@contextmanager
def _listed_when_unavailable(status: dict[str, Any], what: str) -> Iterator[None]:
    try:
        yield
    except Exception as fault:
        if exit_code(fault) is None:
            raise
        status["unavailable"].append({
            "what": what, "fault": type(fault).__name__, "exit_code": exit_code(fault), "may_pass": may_pass(fault),
            "why": str(fault),
        })


def status_exit_code(status: dict[str, Any]) -> int:
    """The exit code of ``dateline status``: the highest code of the faults that a person has to correct.

    Faults that may pass by themselves, and a warehouse that does not exist yet, are shown but do not count.
    """
    faults = [one for one in status["unavailable"] if not one["may_pass"] and one["fault"] != "WarehouseMissing"]
    return max((one["exit_code"] for one in faults), default=0)


def _ledger_status(settings: Settings, warehouse: Warehouse) -> dict[str, Any]:
    from pipelines.resolve.scrapers import scraper_standings
    from pipelines.stage.audit import FEWEST_RECORDS
    from pipelines.warehouse.questions import ask

    with warehouse.known_state() as known:
        standings = scraper_standings(known, settings.drift)
    questions = ("last_runs", "reject_rates", "last_audit")
    return {question: ask(warehouse, question).records() for question in questions} | {
        "fewest_records": FEWEST_RECORDS,
        "unjudged": ask(warehouse, "unjudged", (FEWEST_RECORDS,)).records(),
        "quarantined": quarantined_rows(standings), "stale": stale_rows(standings),
        "outbox": [asdict(waiting) for waiting in warehouse.outbox_standing()],
    }


def _lag(settings: Settings, saved: Mapping[int, int] | None, screen: Screen) -> dict[str, Any]:
    """For each partition its end, its lag, and how many offsets of it wait behind an open transaction.

    If the warehouse could not be read (``saved`` is None), next offset and lag are unknown (null).
    """
    from flows.cli.progress import connecting
    from flows.targets import with_broker
    from pipelines.sources.offsets import first_contact

    kafka = with_broker(settings).kafka
    with connecting(screen, kafka):
        topic = first_contact(kafka, kafka.raw_topic)
    partitions = [asdict(one) for one in lag_of(topic, saved)]
    return {
        "kafka": kafka.bootstrap_servers,
        "topic": kafka.raw_topic,
        "partitions": partitions,
        "lag": None if saved is None else sum(p["lag"] for p in partitions),
        "waiting": sum(p["waiting"] for p in partitions),
    }


def show_status(screen: Screen, status: dict[str, Any]) -> None:
    for fault in status["unavailable"]:
        screen.say(f"[yellow]{safe(fault['what'].capitalize())} is unavailable:[/yellow] {safe(fault['why'], 600)}")
    if "partitions" in status:
        screen.table(
            f"Lag of {status['topic']} at {status['kafka']}",
            ("partition", "next offset", "end", "lag", "of it waiting"),
            [tuple("no warehouse" if value is None else value for value in p.values()) for p in status["partitions"]],
        )
        if status["waiting"]:
            waiting = {p["partition"]: p["waiting"] for p in status["partitions"] if p["waiting"]}
            screen.say(f"[yellow]Waiting:[/yellow] {safe(in_open_transactions(status['topic'], waiting), 600)}")
    if "last_runs" in status:
        show_quarantined(screen, status["quarantined"], status["stale"])
        show_outbox(screen, status["outbox"])
        runs = [_run_row(run) for run in status["last_runs"]]
        screen.table("Last runs", RUN_COLUMNS, runs, empty="none yet", limit=60)
        rejected = [
            (scraper_label(scraper), *figures)
            for scraper, *figures in (row.values() for row in status["reject_rates"] if row["rejected"])
        ]
        columns = ("scraper", "records", "rejected", "share", "mostly")
        screen.table("Rejected, by scraper", columns, rejected, empty="none")
        remarks = [tuple(row.values()) for row in status["last_audit"]]
        columns = ("severity", "expectation", "column", "observed", "why")
        screen.table("Last audit", columns, remarks, empty="every expectation of the last batch was met")
        if status["unjudged"]:
            few = ", ".join(f"{scraper_label(row['scraper'])} ({row['records']:,})" for row in status["unjudged"])
            screen.say(
                f"The audit does not judge shares for scrapers with fewer than "
                f"{counted(status['fewest_records'], 'record')}: {safe(few, 600)}."
            )
    if status["quality_report"]:
        screen.say(f"Quality report of the last run: {safe(status['quality_report'], 1_000)}")


def show_outbox(screen: Screen, waiting: list[dict[str, Any]]) -> None:
    """Show how many messages wait in the outboxes, since when and why; show nothing if none wait."""
    for row in waiting:
        screen.say(f"[yellow]Outbox:[/yellow] {safe(in_outbox(row), 900)}")


RUN_COLUMNS = ("run", "kind", "status", "started", "seconds", "records", "loaded", "rejected", "audit", "note")


def _run_row(run: dict[str, Any]) -> tuple[Any, ...]:
    finished = run["finished_at"]
    seconds = round((finished - run["started_at"]).total_seconds(), 1) if finished else None
    loaded = run["loaded"] + run["new_version"] + run["new_reading"]
    return (run["run_id"][:8], run["kind"], run["status"], run["started_at"], seconds, run["records"], loaded,
            run["rejected"], run["audit"], run["note"])


def show_verification(screen: Screen, found: Verification) -> None:
    rows = [
        (
            p.topic,
            p.partition,
            p.start,
            p.end,
            p.produced,
            p.reconciled,
            ", ".join(f"{name} {count:,}" for name, count in (p.outcomes + p.gaps).most_common()),
        )
        for p in found.partitions
    ]
    screen.table(
        "Ledger", ("topic", "partition", "from", "to", "produced", "accounted for", "as"), rows, empty="empty"
    )
    _show_blanks(screen, found)
    if found.closes:
        compared = ""
        if found.is_deep:
            produced = sum(p.produced for p in found.partitions)
            compared = f" It agrees with the {found.compared:,} of {counted(produced, 'offset')} that Kafka still has."
        screen.say(f"[green]The ledger closes:[/green] every offset has one outcome or is in one gap.{compared}")
        return
    screen.say(f"[red]The ledger does not close:[/red] {counted(len(found.problems), 'problem')}.")
    for problem in found.problems[:50]:
        screen.say(f"  [red]✗[/red] {safe(problem, 600)}")


def _show_blanks(screen: Screen, found: Verification) -> None:
    """Print one line for each gap, not a table, because a compacted topic may have very many."""
    from pipelines.warehouse.verification import UNEXPLAINED

    if not any(p.blanks for p in found.partitions):
        return
    screen.say("[bold]Gaps: offsets without a loaded record[/bold]")
    for partition in found.partitions:
        for blank in partition.blanks:
            where = f"{safe(partition.topic)}/{partition.partition}"
            span = f"offset {blank.first}" if len(blank) == 1 else f"offsets {blank.first} to {blank.last}"
            colour = "red" if blank.kind == UNEXPLAINED else "dim"
            screen.say(f"  {where} {span} ({len(blank):,}): [{colour}]{safe(blank.kind)}[/{colour}]")
    screen.say()
