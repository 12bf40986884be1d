"""Describes a staged batch with one row per scraper, and holds the findings and the verdict of its audit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pipelines.stage.batch import StagedBatch
from pipelines.stage.figures import ScraperCounts, count_scrapers

type Verdict = Literal["passed", "warned", "failed"]

FEWEST_RECORDS = 20
"""A scraper with fewer records in a batch is not checked, since a few pages would decide its shares."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one batch expectation; ``scrapers`` are those whose row violates it."""

    expectation: str
    column: str | None
    severity: str
    success: bool
    observed: str | None
    reason: str
    scrapers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Audit:
    """The findings of a batch. A violated critical expectation makes the verdict ``failed``, any other ``warned``."""

    results: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        broken = {f.severity for f in self.results if not f.success}
        if "critical" in broken:
            return "failed"
        return "warned" if broken else "passed"


def describe_batch(batch: StagedBatch) -> list[dict[str, Any]]:
    """One row for each scraper, by name: its records, and the shares that the suite ``batch`` checks.

    Delete requests are not counted as records: they have no page, so they say nothing about what a scraper fetches.
    The shares of a scraper with fewer than ``FEWEST_RECORDS`` records are null, which the suite does not check.
    """
    return [_row(scraper, count) for scraper, count in count_scrapers(batch).items() if count.records]


def _row(scraper: str, count: ScraperCounts) -> dict[str, Any]:
    records, rejected, articles = count.records, count.outcomes["rejected"], count.articles["articles"]
    enough = records >= FEWEST_RECORDS

    def share(part: int, whole: int) -> float | None:
        return round(part / whole, 4) if enough and whole else None

    kinds = ("published_at_null", "authors_null", "outlet_null", "language_null", "duplicates", "dates_ahead")
    return {
        "scraper": scraper,
        "records": records,
        "rejected": rejected,
        "articles": articles,
        "share_rejected": share(rejected, records),
        "share_articles": share(articles, records),
        **{f"share_{kind}": share(count.articles[kind], articles) for kind in kinds},
    }
