"""The pipeline: whether the ledger closes, what is rejected and why, the audit, the runs."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from flows.dashboard import charts, parts
from flows.dashboard.reading import frame
from flows.quality.files import reports_of
from pipelines.environment import read_settings

OUTCOMES = {
    "loaded": "Loaded", "new_version": "New version", "new_reading": "New reading", "unchanged": "Unchanged",
    "rejected": "Rejected", "quarantined": "Quarantined", "removed_or_suppressed": "Deleted or suppressed",
}
SHOWN_DAYS = 30


def show() -> None:
    st.title("The pipeline")
    outcomes = frame("outcomes", SHOWN_DAYS)
    if outcomes.empty:
        parts.empty("No record is in the ledger yet.")
        return
    ledger, rejected = frame("ledger"), frame("rejections")
    _figures(ledger, rejected)
    _report()
    left, right = st.columns(2, gap="large")
    with left:
        _outcomes(outcomes)
    with right:
        _rejected(rejected)
    _examples(rejected)
    _scrapers()
    _audit()
    _runs()
    st.header("Ledger")
    parts.table(
        ledger, "Ledger",
        {
            "topic": "Topic", "partition": "Partition", "first_offset": "From", "next_offset": "Next offset",
            "records": "Records", "gap_offsets": "Gaps", "open_offsets": "Open",
            "updated_at": "Updated",
        },
    )


def _figures(ledger: pd.DataFrame, rejected: pd.DataFrame) -> None:
    missing, records = int(ledger["open_offsets"].sum()), int(ledger["records"].sum())
    refused = int(rejected["records"].sum()) if len(rejected) else 0
    cells = st.columns(4)
    cells[0].metric("Ledger", "Closes" if not missing else f"{missing:,} open", border=True)
    cells[1].metric("Records", f"{records:,}", border=True)
    cells[2].metric("Rejected", f"{refused:,} ({refused / records:.1%})" if records else "0", border=True)
    last = pd.Timestamp(ledger["updated_at"].max())
    cells[3].metric("Last load", f"{last:%Y-%m-%d %H:%M}", border=True)
    if missing:
        st.error(
            f"{missing:,} offsets were read and have no outcome. Run `dateline ledger verify`, which says which.",
            icon=":material/error:",
        )


def _report() -> None:
    """A button that saves the quality report of the last run, which lies in the home folder of this machine."""
    newest = reports_of(read_settings()).newest
    if not newest.exists():
        return
    st.download_button(
        "Quality report of the last run", newest.read_bytes, file_name="dateline-quality-report.html", mime="text/html",
        icon=":material/fact_check:", on_click="ignore", help="Save the report as an HTML page",
    )


def _outcomes(outcomes: pd.DataFrame) -> None:
    st.header("Outcomes")
    st.markdown(f"Kafka records by the day of their message, the last {SHOWN_DAYS} days with records.")
    days = outcomes.groupby("day", as_index=False)[list(OUTCOMES)].sum()
    met = {key: label for key, label in OUTCOMES.items() if days[key].sum()}
    drawn, listed = st.tabs(["Chart", "Table"])
    with drawn:
        parts.chart(charts.by_day(days[["day", *met]], met), "Outcomes of the records by day.")
    with listed:
        parts.table(days, "Outcomes", {"day": "Day", **OUTCOMES})


def _rejected(rejected: pd.DataFrame) -> None:
    st.header("Rejected, by reason")
    if rejected.empty:
        st.success("Nothing is rejected.", icon=":material/check:")
        return
    st.markdown("Records that are rejected at present.")
    counted = rejected[["reason", "records"]].groupby("reason", as_index=False).sum()
    counted = counted.sort_values(["records", "reason"], ascending=[False, True])
    drawn, listed = st.tabs(["Chart", "Table"])
    with drawn:
        parts.chart(charts.bars(counted, "reason", "records", "Records"), "Rejected records by reason.")
    with listed:
        parts.table(counted, "Reasons", {"reason": "Reason", "records": "Records"})


def _examples(rejected: pd.DataFrame) -> None:
    if rejected.empty:
        return
    st.header("Examples of rejected records")
    parts.table(
        rejected.assign(example_details=[violations(each) for each in rejected["example_details"]]), "Rejected records",
        {
            "reason": "Reason", "scraper": "Scraper", "records": "Records", "example_step": "Step",
            "last_message_at": "Newest message", "example_details": "Violations of the newest",
            "example_id": "Dead letter",
        },
    )


def violations(details: object) -> str:
    """The violations of a dead letter as a sentence each.

    >>> violations('[{"field": "title", "expectation": "a page has a headline", "value": null}]')
    'title: a page has a headline'
    """
    try:
        found = json.loads(str(details))
    except ValueError:
        return str(details)
    said = []
    for each in found:
        field = f"{each['field']}: " if each.get("field") else ""
        value = f" (found {each['value']})" if each.get("value") else ""
        said.append(f"{field}{each.get('expectation', '')}{value}")
    return "; ".join(said)


def _scrapers() -> None:
    st.header("Scrapers")
    scrapers = frame("scrapers")
    held = scrapers[scrapers["is_quarantined"]]
    if len(held):
        names = ", ".join(parts.plain(name) for name in held["scraper"])
        st.warning(
            f"In quarantine: {names}. Their articles wait; see `dateline scrapers list`.", icon=":material/pan_tool:"
        )
    parts.table(
        scrapers, "Scrapers",
        {
            "scraper": "Scraper", "records": "Records", "articles": "Articles", "rejected": "Rejected",
            "newest_message_at": "Newest message", "newest_load_at": "Last load", "delay_p50_s": "Median delay, s",
            "delay_p95_s": "95 of 100 within, s", "is_quarantined": "Quarantined",
        },
    )


def _audit() -> None:
    st.header("Audit")
    findings = frame("audit")
    if findings.empty:
        st.success("The audited batches met every expectation.", icon=":material/check:")
        return
    parts.table(
        findings, "Audit",
        {
            "loaded_at": "Batch loaded", "verdict": "Verdict", "severity": "Severity", "expectation": "Expectation",
            "column_name": "Column",
            "observed": "Found", "scrapers": "Scrapers", "why": "Why it matters",
        },
    )


def _runs() -> None:
    st.header("Last runs")
    parts.table(
        frame("runs"), "Runs",
        {
            "started_at": "Started",
            "finished_at": "Ended", "kind": "Kind",
            "status": "Status", "records": "Records", "loaded": "Loaded", "new_version": "New versions",
            "rejected": "Rejected", "audit": "Audit", "note": "Note",
        },
    )
