"""Describes a staged batch, a row a scraper, and turns what was found of it into a verdict."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.stage.batch import StagedBatch

type Verdict = Literal["passed", "warned", "failed"]

FEWEST_RECORDS = 20
"""Under so many records a scraper's shares are null: a few pages make any share."""

UNKNOWN = "(unknown)"
AHEAD_HOURS = 24

_COLUMNS = ["scraper", "article_id", "published_at", "fetched_at", "authors", "outlet", "language"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one batch expectation; ``scrapers`` are those whose row breaks it."""

    expectation: str
    column: str | None
    severity: str
    success: bool
    observed: str | None
    reason: str
    scrapers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Audit:
    """The verdict on a staged batch: ``failed`` where a critical expectation is broken, ``warned`` where another is."""

    results: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        broken = {f.severity for f in self.results if not f.success}
        if "critical" in broken:
            return "failed"
        return "warned" if broken else "passed"


def describe_batch(batch: StagedBatch) -> list[dict[str, Any]]:
    """A row a scraper, by name: records, and the shares that the suite ``batch`` is held against."""
    rejected: Counter[str] = Counter()
    records: Counter[str] = Counter()
    for path in batch.paths("outcomes"):
        table = pq.read_table(path, columns=["scraper", "outcome"])
        for scraper, outcome in zip(table["scraper"].to_pylist(), table["outcome"].to_pylist(), strict=True):
            records[scraper or UNKNOWN] += 1
            rejected[scraper or UNKNOWN] += outcome == "rejected"
    counts = _count_articles(batch)
    return [_row(scraper, records[scraper], rejected[scraper], counts[scraper]) for scraper in sorted(records)]


def _count_articles(batch: StagedBatch) -> defaultdict[str, Counter[str]]:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    seen: set[str] = set()
    for path in batch.paths("articles"):
        for row in _articles(pq.read_table(path, columns=_COLUMNS)):
            count = counts[row["scraper"] or UNKNOWN]
            published, fetched = row["published_at"], row["fetched_at"]
            count.update(
                articles=1,
                published_at_null=published is None,
                authors_null=not row["authors"],
                outlet_null=row["outlet"]["domain"] is None and row["outlet"]["name"] is None,
                language_null=row["language"] is None,
                duplicates=row["article_id"] in seen,
                dates_ahead=published is not None and (published - fetched).total_seconds() > AHEAD_HOURS * 3600,
            )
            seen.add(row["article_id"])
    return counts


def _articles(table: pa.Table) -> Iterable[dict[str, Any]]:
    for part in table.to_batches():
        yield from part.to_pylist()


def _row(scraper: str, records: int, rejected: int, counts: Counter[str]) -> dict[str, Any]:
    enough, articles = records >= FEWEST_RECORDS, counts["articles"]

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
        **{f"share_{kind}": share(counts[kind], articles) for kind in kinds},
    }
