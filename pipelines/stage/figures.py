"""Counts the records and articles of each scraper in a staged batch, for the audit and for the drift check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.stage.batch import StagedBatch

UNKNOWN = "(unknown)"
NO_LANGUAGE = "none"
CONSENT_WALL = "ConsentWall"  # the fault's name: a step does not import another's faults
AHEAD_HOURS = 24

IMPLAUSIBLE = "ImplausibleTime"  # the timestamp of such a record is not used for freshness
_OUTCOMES = ["scraper", "outcome", "reason", "timestamp"]
_ARTICLES = ["scraper", "article_id", "published_at", "fetched_at", "authors", "outlet", "language", "word_count"]


@dataclass(frozen=True, slots=True)
class ScraperFigures:
    """Figures of one scraper in a batch. ``records`` does not count delete requests.

    ``words`` is the median word count, ``words_low`` and ``words_high`` the quartiles; None without articles.
    ``last_message_at`` is None if all its records were rejected as ``ImplausibleTime``.
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
    """The counts of one scraper so far."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    articles: Counter[str] = field(default_factory=Counter)
    words: list[int] = field(default_factory=list)
    languages: Counter[str] = field(default_factory=Counter)
    last_message_at: datetime | None = None

    @property
    def records(self) -> int:
        """Number of records that are not delete requests."""
        return self.outcomes.total() - self.outcomes["deleted"]

    def figures(self, scraper: str) -> ScraperFigures:
        low, middle, high = _quartiles(self.words)
        return ScraperFigures(
            scraper, self.records, self.outcomes["rejected"],
            self.reasons[CONSENT_WALL], self.articles["articles"], self.articles["dates_ahead"], middle, low, high,
            dict(sorted(self.languages.items())), self.last_message_at,
        )


def count_scrapers(batch: StagedBatch) -> dict[str, ScraperCounts]:
    """Counts by scraper, sorted by name; records whose scraper could not be read count for ``UNKNOWN``."""
    counts: dict[str, ScraperCounts] = {}
    for row in _rows(batch.tables("outcomes", _OUTCOMES)):
        count = counts.setdefault(row["scraper"] or UNKNOWN, ScraperCounts())
        count.outcomes[row["outcome"]] += 1
        count.reasons[row["reason"]] += 1
        if row["reason"] != IMPLAUSIBLE:
            count.last_message_at = max(row["timestamp"], count.last_message_at or row["timestamp"])
    seen: set[str] = set()
    for row in _articles(batch.tables("articles", _ARTICLES)):
        _count_article(counts.setdefault(row["scraper"] or UNKNOWN, ScraperCounts()), row, seen)
    return dict(sorted(counts.items()))


def scraper_figures(batch: StagedBatch) -> list[ScraperFigures]:
    """Figures of each scraper with records other than delete requests in the batch, sorted by name."""
    found = (count.figures(scraper) for scraper, count in count_scrapers(batch).items() if scraper != UNKNOWN)
    return [figures for figures in found if figures.records]


def _count_article(count: ScraperCounts, row: Mapping[str, Any], seen: set[str]) -> None:
    counted = count.articles
    counted["articles"] += 1
    counted["published_at_null"] += row["is_undated"]
    counted["authors_null"] += not row["authors"]
    counted["outlet_null"] += row["is_without_outlet"]
    counted["language_null"] += row["language"] is None
    counted["duplicates"] += row["article_id"] in seen
    counted["dates_ahead"] += row["is_ahead"]
    if row["word_count"]:  # the body of an article without words was withheld
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
        yield from table.to_pylist()


def _articles(tables: Iterable[pa.Table]) -> Iterator[dict[str, Any]]:
    """The values to count of each article. Lists and records are reduced to scalars in Arrow, which is faster."""
    for table in tables:
        outlet = table.column("outlet")
        has_outlet = pc.or_(*(pc.is_valid(pc.struct_field(outlet, name)) for name in ("domain", "name")))
        latest = pc.add(table.column("fetched_at"), timedelta(hours=AHEAD_HOURS))
        ahead = pc.greater(table.column("published_at"), latest)
        yield from pa.table({
            "scraper": table.column("scraper"), "article_id": table.column("article_id"),
            "is_undated": pc.is_null(table.column("published_at")), "is_ahead": pc.fill_null(ahead, False),
            "authors": pc.list_value_length(table.column("authors")), "is_without_outlet": pc.invert(has_outlet),
            "language": table.column("language"), "word_count": table.column("word_count"),
        }).to_pylist()
