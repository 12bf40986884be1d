"""Counts what a staged batch holds of each scraper: once, for the audit and for the drift check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median, quantiles
from typing import Any

import pyarrow as pa

from pipelines.stage.batch import StagedBatch

UNKNOWN = "(unknown)"
NO_LANGUAGE = "none"
CONSENT_WALL = "ConsentWall"  # the fault's name: a step does not import another's faults
AHEAD_HOURS = 24

IMPLAUSIBLE = "ImplausibleTime"  # its time says nothing of when the scraper was last seen
_OUTCOMES = ["scraper", "outcome", "reason", "timestamp"]
_ARTICLES = ["scraper", "article_id", "published_at", "fetched_at", "authors", "outlet", "language", "word_count"]


@dataclass(frozen=True, slots=True)
class ScraperFigures:
    """One scraper's part of a batch: records without delete requests, and figures of its articles.

    ``words`` is the median word count, ``words_low`` and ``words_high`` the quartiles; None without articles.
    ``last_message_at`` is None where all its records were rejected as ``ImplausibleTime``.
    """

    scraper: str
    records: int = 0
    rejected: int = 0
    consent_walls: int = 0
    articles: int = 0
    dates_ahead: int = 0
    words: float | None = None
    words_low: float | None = None
    words_high: float | None = None
    languages: Mapping[str, int] = field(default_factory=dict)
    last_message_at: datetime | None = None


@dataclass(slots=True)
class ScraperCounts:
    """What was counted of one scraper so far."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    articles: Counter[str] = field(default_factory=Counter)
    words: list[int] = field(default_factory=list)
    languages: Counter[str] = field(default_factory=Counter)
    last_message_at: datetime | None = None

    @property
    def records(self) -> int:
        """Records but delete requests."""
        return self.outcomes.total() - self.outcomes["deleted"]

    def figures(self, scraper: str) -> ScraperFigures:
        low, middle, high = _quartiles(self.words)
        return ScraperFigures(
            scraper, self.records, self.outcomes["rejected"],
            self.reasons[CONSENT_WALL], self.articles["articles"], self.articles["dates_ahead"], middle, low, high,
            dict(sorted(self.languages.items())), self.last_message_at,
        )


def count_scrapers(batch: StagedBatch) -> dict[str, ScraperCounts]:
    """Counts by scraper, by name; records whose scraper could not be read are those of ``UNKNOWN``."""
    counts: dict[str, ScraperCounts] = {}
    for row in _rows(batch.tables("outcomes", _OUTCOMES)):
        count = counts.setdefault(row["scraper"] or UNKNOWN, ScraperCounts())
        count.outcomes[row["outcome"]] += 1
        count.reasons[row["reason"]] += 1
        if row["reason"] != IMPLAUSIBLE:
            count.last_message_at = max(row["timestamp"], count.last_message_at or row["timestamp"])
    seen: set[str] = set()
    for row in _rows(batch.tables("articles", _ARTICLES)):
        _count_article(counts.setdefault(row["scraper"] or UNKNOWN, ScraperCounts()), row, seen)
    return dict(sorted(counts.items()))


def scraper_figures(batch: StagedBatch) -> list[ScraperFigures]:
    """Figures of each scraper that has records in the batch, by name; delete requests do not count."""
    found = (count.figures(scraper) for scraper, count in count_scrapers(batch).items() if scraper != UNKNOWN)
    return [figures for figures in found if figures.records]


def _count_article(count: ScraperCounts, row: Mapping[str, Any], seen: set[str]) -> None:
    published, fetched = row["published_at"], row["fetched_at"]
    is_so = {
        "articles": True,
        "published_at_null": published is None,
        "authors_null": not row["authors"],
        "outlet_null": row["outlet"]["domain"] is None and row["outlet"]["name"] is None,
        "language_null": row["language"] is None,
        "duplicates": row["article_id"] in seen,
        "dates_ahead": published is not None and (published - fetched).total_seconds() > AHEAD_HOURS * 3600,
    }
    count.articles.update(name for name, holds in is_so.items() if holds)
    count.words.append(row["word_count"])
    count.languages[row["language"] or NO_LANGUAGE] += 1
    seen.add(row["article_id"])


def _quartiles(words: list[int]) -> tuple[float | None, float | None, float | None]:
    """
    >>> _quartiles([100, 200, 300]), _quartiles([7]), _quartiles([])
    ((150.0, 200.0, 250.0), (7.0, 7.0, 7.0), (None, None, None))
    """
    if not words:
        return None, None, None
    if len(words) == 1:
        return float(words[0]), float(words[0]), float(words[0])
    low, _, high = quantiles(words, n=4, method="inclusive")
    return low, float(median(words)), high


def _rows(tables: Iterable[pa.Table]) -> Iterator[dict[str, Any]]:
    for table in tables:
        for part in table.to_batches():
            yield from part.to_pylist()
