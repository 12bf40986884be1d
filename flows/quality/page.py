"""Renders the quality of a run as one HTML page without scripts and without anything from elsewhere.

Everything that may come from a page or a message is shortened and escaped by the template engine. The page also forbids
itself to load or run anything (Content-Security-Policy), so that text that got past the escaping would do nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from flows.cli.screen import plain, plain_masked
from pipelines.phrases import counted

if TYPE_CHECKING:
    from jinja2 import Environment

    from pipelines.jobs.differences import Difference, Differences
    from pipelines.resolve.drift import Comparison
    from pipelines.warehouse.quality import Check, RunQuality, ScraperDrift, TrendPoint

SHOWN_CHARACTERS = 200
SHOWN_SCRAPERS = 60
SHOWN_REASONS = 40

OUTCOMES = {
    "loaded": "new articles", "new_version": "new versions", "new_reading": "new readings", "unchanged": "unchanged",
    "rejected": "rejected", "quarantined": "quarantined", "deleted": "deletions", "suppressed": "suppressed",
    "nothing_to_delete": "deletions without effect", "withdrawn": "withdrawn",
}
KINDS = {
    "consent_walls": "Consent walls", "rejected": "Rejected records", "dates_ahead": "Dated in the future",
    "length": "Median words of an article", "languages": "Other languages than usual",
}
STANDINGS = {
    "usual": "as usual", "anomaly": "anomaly", "quarantined": "quarantined", "too few": "too few records to compare",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """A run in the chart of the trend; heights are shares of the chart's height, 0 to 100."""

    x: float
    width: float
    stored: float
    rest: float
    rejected: float
    share: float
    is_failed: bool
    is_this: bool
    says: str


@dataclass(frozen=True, slots=True)
class Gauge:
    """Where a figure is between 0 and the largest value shown, each 0 to 100; ``low`` is None if there is no bound."""

    seen: float
    usual: float
    high: float
    low: float | None


def render(
    quality: RunQuality, made_at: datetime, *, unread: str | None = None, stale: Sequence[dict[str, Any]] = ()
) -> str:
    """The page of a run. ``unread`` says why the warehouse could not be read, if it could not."""
    shown = quality.scrapers[:SHOWN_SCRAPERS]
    return templates().get_template("page.html").render(
        run=quality, made_at=made_at, unread=unread, stale=stale[:SHOWN_SCRAPERS], outcomes=OUTCOMES, kinds=KINDS,
        standings=STANDINGS, attention=attention(quality, stale), bars=bars(quality), stored=_stored(quality),
        failed=sorted((c for c in quality.checks if c.failed), key=_by_share),
        passed=[c for c in quality.checks if not c.failed],
        rejections=quality.rejections[:SHOWN_REASONS], more_reasons=len(quality.rejections) - SHOWN_REASONS,
        compared=[s for s in shown if s.comparisons], uncompared=[s for s in shown if not s.comparisons],
        more_scrapers=len(quality.scrapers) - len(shown), tallest=max((p.records for p in quality.trend), default=0),
        worst=max((share_of(p) for p in quality.trend), default=0.0),
    )


def render_differences(
    found: Differences, outcomes: Sequence[Difference], fields: Sequence[Difference], chosen: str, made_at: datetime
) -> str:
    """The page of what a reprocess would change. ``chosen`` says in words which messages were processed."""
    return templates().get_template("differences.html").render(
        found=found, outcomes=outcomes, fields=fields, chosen=chosen, made_at=made_at,
    )


def attention(quality: RunQuality, stale: Sequence[dict[str, Any]] = ()) -> list[str]:
    """What a person should look at, the most important first; empty if there is nothing."""
    found = []
    if quality.status in {"failed", "abandoned"}:
        found.append(f"The run {quality.status}: {quality.note or 'no reason was recorded'}")
    if quality.open_offsets:
        found.append(
            f"The ledger does not close: {counted(quality.open_offsets, 'offset')} of this run without an outcome. "
            "“dateline ledger verify” lists them."
        )
    found += [
        f"{held.scraper} is quarantined{_why(held)}. See “dateline scrapers list”."
        for held in quality.scrapers
        if held.standing == "quarantined"
    ]
    found += [
        f"{odd.scraper} departs from its past{_why(odd)}." for odd in quality.scrapers if odd.standing == "anomaly"
    ]
    found += [
        f"{check.reason} Failed by {plain(check.examples[0].scraper, 100)}."
        for check in quality.checks
        if check.of == "batches" and check.failed and check.examples
    ]
    found += [f"{row['scraper']}: {row['staleness']}" for row in stale]
    return found[:20]


def _why(scraper: ScraperDrift) -> str:
    words = "; ".join(c.anomaly.words for c in scraper.comparisons if c.anomaly)
    return f": {words}" if words else ""


def _by_share(check: Check) -> tuple[int, float]:
    return (0 if check.severity == "critical" else 1), -check.failed / max(check.checked, 1)


def _stored(quality: RunQuality) -> int:
    return sum(quality.outcomes.get(name, 0) for name in ("loaded", "new_version", "new_reading"))


def bars(quality: RunQuality) -> list[Bar]:
    """The runs of the trend from the oldest to the newest, scaled to the one with most records."""
    points = quality.trend
    tallest = max((p.records for p in points), default=0) or 1
    worst = max((share_of(p) for p in points), default=0.0) or 1.0
    step = 100 / max(len(points), 12)
    return [
        Bar(
            round(n * step + step * 0.12, 3), round(step * 0.76, 3), round(100 * p.stored / tallest, 2),
            round(100 * max(p.records - p.stored - p.rejected, 0) / tallest, 2), round(100 * p.rejected / tallest, 2),
            round(100 * share_of(p) / worst, 2), p.status in {"failed", "abandoned"}, p.run_id == quality.run_id,
            f"{when(p.started_at)}: {counted(p.records, 'record')}, {p.stored:,} stored, {p.rejected:,} rejected "
            f"({share(share_of(p))}), {p.status}",
        )
        for n, p in enumerate(points)
    ]


def share_of(point: TrendPoint) -> float:
    return point.rejected / point.records if point.records else 0.0


def gauge(found: Comparison) -> Gauge:
    """The figure, its usual value and its bounds on one scale, which ends a little beyond the largest of them."""
    most = max(found.seen, found.usual, found.high) * 1.08 or 1.0

    def at(value: float) -> float:
        return round(100 * value / most, 2)

    return Gauge(at(found.seen), at(found.usual), at(found.high), None if found.low is None else at(found.low))


def measured(value: float, kind: str) -> str:
    """A figure of the drift check in its unit.

    >>> measured(412.4, "length"), measured(0.125, "rejected")
    ('412', '12.5 %')
    """
    return f"{value:,.0f}" if kind == "length" else share(value)


def share(value: float) -> str:
    """
    >>> share(0), share(0.004), share(0.25), share(1)
    ('0 %', '0.4 %', '25 %', '100 %')
    """
    return f"{100 * value:.1f}".removesuffix(".0") + " %"


def when(at: datetime) -> str:
    """
    >>> when(datetime(2026, 3, 2, 8, 15, tzinfo=UTC))
    '2026-03-02 08:15'
    """
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def rule(text: str) -> str:
    """The rule of a violation without the name of the expectation and its severity, which stand elsewhere.

    >>> rule("expect_column_values_to_be_between: The body is short. (critical)")
    'The body is short.'
    >>> rule("a page has a headline")
    'a page has a headline'
    """
    if not text.startswith("expect_"):
        return text
    return text.partition(": ")[2].removesuffix(" (critical)").removesuffix(" (warning)")


def cut(value: object, most: int = SHOWN_CHARACTERS) -> str:
    """A value as it is shown: on one line, shortened, without control characters, secrets and personal data."""
    return plain_masked(value, most)


@cache
def templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("flows", "quality"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "cut": cut, "share": share, "when": when, "number": "{:,}".format, "gauge": gauge, "counted": counted,
        "rule": rule,
    }
    made.globals |= {"measured": measured, "share_of": share_of}
    return made
