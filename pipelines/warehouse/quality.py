"""The quality of one run, read from the warehouse: its ledger, expectations, rejects, trend and drift.

The sources are the results of Great Expectations: those on batches are in ``audit_results``; those on articles are in
the dead letters (critical) and in the articles' warnings. Everything is bounded: of a run that goes on for days, the
records and articles of its newest batches are read, and of what failed a few examples.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pipelines.personal import mask_personal
from pipelines.resolve.drift import Comparison, compare
from pipelines.resolve.scrapers import FIGURES, figures_of
from pipelines.settings import DriftSettings
from pipelines.stage.figures import ScraperFigures
from pipelines.validate import Suite, load_suite
from pipelines.warehouse.interface import OUTCOMES, Ask, Warehouse
from pipelines.warehouse.statements import statements

READ_RECORDS = 50_000
READ_LETTERS = 2_000
READ_ROWS = 20_000
EXAMPLES = 3
FAILURES = 50
WITHIN_S = 20.0
ARTICLES = frozenset({"loaded", "new_version", "new_reading", "unchanged", "suppressed", "quarantined"})
"""Outcomes of records that passed the expectations on articles."""

type Standing = Literal["usual", "anomaly", "quarantined", "too few"]


@dataclass(frozen=True, slots=True)
class Example:
    """A record that failed: where it is in Kafka, what was found in which field, and why that is a failure."""

    where: str
    scraper: str | None
    field: str | None
    value: str | None
    why: str
    dead_letter_id: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """An expectation with how often it was checked and failed, on articles or on batches."""

    of: Literal["articles", "batches"]
    expectation: str
    column: str | None
    severity: str
    reason: str
    checked: int
    failed: int
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """A reason for which records were rejected."""

    reason: str
    records: int
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """A run of the trend. ``stored`` are new articles, versions and readings."""

    run_id: str
    status: str
    started_at: datetime
    records: int
    stored: int
    rejected: int
    audit: str | None


@dataclass(frozen=True, slots=True)
class ScraperDrift:
    """The last batch of a scraper in the run beside its past."""

    scraper: str
    records: int
    batches: int
    standing: Standing
    comparisons: tuple[Comparison, ...] = ()


@dataclass(frozen=True, slots=True)
class RunQuality:
    """What one run did and how good it was.

    ``read_records`` is the number of records whose reasons and articles were read; it is smaller than ``records`` for a
    run that was too long to be read as a whole.
    """

    run_id: str
    kind: str
    topic: str
    status: str
    started_at: datetime
    finished_at: datetime | None = None
    processor: str = ""
    note: str | None = None
    batches: int = 0
    audited: int = 0
    audit: str | None = None
    records: int = 0
    offsets: int = 0
    gap_offsets: int = 0
    read_records: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    trend: tuple[TrendPoint, ...] = ()
    scrapers: tuple[ScraperDrift, ...] = ()

    @property
    def open_offsets(self) -> int:
        """Offsets that were assigned to the run and have neither an outcome nor a gap; 0 if the ledger closes."""
        has_ranges = self.kind == "ingest"
        return self.offsets - sum(self.outcomes.values()) - self.gap_offsets if has_ranges else 0


def find_run(warehouse: Warehouse, prefix: str = "") -> str | None:
    """The id of the newest run whose id begins with ``prefix``; None if there is none."""
    with warehouse.asking_at_once(WITHIN_S, READ_ROWS) as ask:
        rows = _rows(ask, "find_run", prefix, prefix)
    return str(rows[0]["run_id"]) if rows else None


def last_deletion(warehouse: Warehouse, since: datetime) -> datetime | None:
    """When a batch that removed articles was last loaded; None if there was none since then."""
    with warehouse.asking_at_once(WITHIN_S, READ_ROWS) as ask:
        at: datetime | None = _rows(ask, "last_deletion", since)[0]["loaded_at"]
    return at


def read_quality(warehouse: Warehouse, run_id: str, drift: DriftSettings, trend_runs: int) -> RunQuality | None:
    """The quality of the run with this id; None if the warehouse does not know it."""
    with warehouse.asking_at_once(WITHIN_S, READ_ROWS) as ask:
        found = _rows(ask, "run", run_id)
        return _quality(ask, found[0], drift, trend_runs) if found else None


def _quality(ask: Ask, run: dict[str, Any], drift: DriftSettings, trend_runs: int) -> RunQuality:
    run_id = run["run_id"]
    kept = ("run_id", "kind", "topic", "status", "started_at", "finished_at", "processor", "note", "batches", "audited",
            "audit", "records", "offsets", "gap_offsets")
    trend = _rows(ask, "trend", run["topic"], run["started_at"], trend_runs)
    read = _rows(ask, "reasons", run_id, READ_RECORDS)
    letters = _rows(ask, "rejected", run_id, READ_RECORDS, READ_LETTERS, EXAMPLES)
    return RunQuality(
        **{name: run[name] for name in kept}, outcomes={name: run[name] for name in OUTCOMES if run[name]},
        read_records=sum(row["records"] for row in read),
        checks=(*_article_checks(ask, run_id, read, letters), *_batch_checks(ask, run_id)),
        rejections=_rejections(read, letters),
        trend=tuple(TrendPoint(**row) for row in reversed(trend)),
        scrapers=_scrapers(_rows(ask, "figures", run_id, drift.recent_batches), drift),
    )


def _rows(ask: Ask, name: str, *parameters: Any) -> list[dict[str, Any]]:
    (statement,) = statements("quality", f"{name}.sql")
    return ask(statement, parameters).records()


def _rejections(read: Sequence[Mapping[str, Any]], letters: Sequence[Mapping[str, Any]]) -> tuple[Rejection, ...]:
    examples: dict[str, list[Example]] = defaultdict(list)
    for letter in letters:
        if len(examples[letter["reason"]]) < EXAMPLES:
            examples[letter["reason"]].append(_example(letter, next(iter(_violations(letter)), {})))
    return tuple(
        Rejection(row["reason"], row["records"], tuple(examples[row["reason"]]))
        for row in read
        if row["outcome"] == "rejected"
    )


def _violations(letter: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = json.loads(letter["details"] or "[]")
    return found


def _example(letter: Mapping[str, Any], violation: Mapping[str, Any]) -> Example:
    value = violation.get("value")  # masked when the letter was made, unless an earlier version made it
    return Example(
        _where(letter), letter["scraper"], violation.get("field"), value and mask_personal(value),
        violation.get("expectation", ""), letter["dead_letter_id"],
    )


def _where(row: Mapping[str, Any]) -> str:
    return f"{row['topic']}/{row['partition']}@{row['kafka_offset']}"


def _article_checks(
    ask: Ask, run_id: str, read: Sequence[Mapping[str, Any]], letters: Sequence[Mapping[str, Any]]
) -> tuple[Check, ...]:
    """The suite for articles. A critical failure is a dead letter; any other is a warning of the article."""
    refused: dict[str, list[Example]] = defaultdict(list)
    failed = [letter for letter in letters if letter["reason"] == "ExpectationFailed"]
    for letter in failed:
        for violation in _violations(letter):
            refused[violation["expectation"]].append(_example(letter, violation))
    passed = sum(row["records"] for row in read if row["outcome"] in ARTICLES)
    if not passed and not failed:
        return ()
    (judged,) = _rows(ask, "judged", run_id, READ_RECORDS)
    warned: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in _rows(ask, "warned", run_id, READ_RECORDS, EXAMPLES):
        warned[row["warning"]].append(row)
    checked = {"critical": passed + len(failed), "warning": judged["articles"] + len(failed)}
    return tuple(_article_check(e, checked[e.severity], refused, warned) for e in _suite().expectations)


def _suite() -> Suite:
    return load_suite("article")


def _article_check(
    expectation: Any, checked: int, refused: Mapping[str, list[Example]], warned: Mapping[str, list[Mapping[str, Any]]]
) -> Check:
    kind, column, why = expectation.expectation_type, expectation.kwargs["column"], expectation.reason
    rejected = refused.get(f"{kind}: {why} ({expectation.severity})", [])
    rows = warned.get(f"{kind}: {column}: {why}", [])
    shown = (Example(_where(row), row["scraper"], "title", mask_personal(row["title"]), why) for row in rows)
    examples = [*rejected, *shown]
    failed = len(rejected) + (rows[0]["articles"] if rows else 0)
    return Check(
        "articles", kind, column, expectation.severity, why, checked, failed, tuple(examples[:EXAMPLES])
    )


def _batch_checks(ask: Ask, run_id: str) -> tuple[Check, ...]:
    examples: dict[tuple[Any, ...], list[Example]] = defaultdict(list)
    for row in _rows(ask, "audit_failures", run_id, FAILURES):
        at, column = f"batch {row['batch_id'].rpartition('-')[2]}", row["column_name"]
        examples[_key(row)].append(Example(at, row["scrapers"], column, row["observed"], row["reason"] or ""))
    return tuple(
        Check(
            "batches", row["expectation"], row["column_name"], row["severity"], row["reason"] or "", row["checked"],
            row["failed"], tuple(examples[_key(row)][:EXAMPLES]),
        )
        for row in _rows(ask, "audits", run_id)
    )


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("expectation", "column_name", "severity", "reason"))


def _scrapers(rows: Sequence[Mapping[str, Any]], settings: DriftSettings) -> tuple[ScraperDrift, ...]:
    """The scrapers of the run, those with an anomaly first, then those with most records."""
    past: dict[str, list[ScraperFigures]] = defaultdict(list)
    last: dict[str, tuple[ScraperFigures, bool]] = {}
    for row in rows:
        figures = figures_of(tuple(row[name] for name in FIGURES))
        if row["is_last"]:
            last[figures.scraper] = figures, row["is_quarantined"]
        else:
            past[figures.scraper].append(figures)
    found = [_drift(now, past[name], settings, is_held=held) for name, (now, held) in last.items()]
    order: dict[Standing, int] = {"quarantined": 0, "anomaly": 1, "usual": 2, "too few": 3}
    return tuple(sorted(found, key=lambda s: (order[s.standing], -s.records, s.scraper)))


def _drift(
    now: ScraperFigures, past: Sequence[ScraperFigures], settings: DriftSettings, *, is_held: bool
) -> ScraperDrift:
    compared = tuple(compare(now, past, settings))
    standing: Standing = "usual" if compared else "too few"
    if any(one.anomaly for one in compared):
        standing = "anomaly"
    return ScraperDrift(now.scraper, now.records, len(past), "quarantined" if is_held else standing, compared)
