"""Score titles, authors and dates against gold, Dateline's beside other extractors', in one run.

    make bench-metadata CORPUS=folder       or    python -m tests.bench.metadata --corpus folder

Gold: ``title``, ``authors`` (or ``author``), ``published_at`` (or ``publish_date``). Titles and names compare after
NFKC, lower case and punctuation to single spaces; the set of authors is right when it is equal, agencies and desks
included, for gold names them too; "people" leaves out what Dateline tells as a desk or an organisation. A date is
right on the same day, a minute on the same instant. "Invented" counts values given where the gold has none.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.clean import folders_of
from tests.bench.corpus import Case, cases_of
from tests.bench.extractors import read_article
from tests.quality.scoring import normal


@dataclass(frozen=True, slots=True)
class Read:
    """What an extractor reads of a page."""

    title: str | None = None
    authors: tuple[str, ...] = ()
    people: tuple[str, ...] | None = None
    published: datetime | str | None = None


type Reader = Callable[[str, str | None], Read]


def dateline(page: str, url: str | None) -> Read:
    article = read_article(page, url)
    if article is None:
        return Read()
    people = tuple(author.name for author in article.authors if author.type == "person")
    return Read(article.title, tuple(author.name for author in article.authors), people, article.published_at)


def readers() -> dict[str, Reader | None]:
    found: dict[str, Reader | None] = {"Dateline": dateline, "trafilatura": None, "newspaper4k": None}
    if find_spec("trafilatura"):
        import trafilatura

        def by_trafilatura(page: str, url: str | None) -> Read:
            seen = trafilatura.bare_extraction(page, url=url, with_metadata=True)
            if seen is None:
                return Read()
            return Read(seen.title, tuple(filter(None, (seen.author or "").split("; "))), None, seen.date)

        found["trafilatura"] = by_trafilatura
    if find_spec("newspaper"):
        import newspaper

        def by_newspaper(page: str, url: str | None) -> Read:
            seen = newspaper.article(url or "https://none.example/", input_html=page, fetch_images=False)
            return Read(seen.title, tuple(seen.authors), None, seen.publish_date)

        found["newspaper4k"] = by_newspaper
    return found


def gold_authors(gold: Mapping[str, object]) -> frozenset[str] | None:
    authors = gold.get("authors", gold.get("author"))
    if authors is None:
        return None
    return names([str(author) for author in authors] if isinstance(authors, list) else [str(authors)])


def names(authors: Sequence[str]) -> frozenset[str]:
    return frozenset(name for name in map(normal, authors) if name)


def instant(value: object) -> datetime | None:
    if value is None or value == "":
        return None
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def scores(cases: Sequence[Case], read: Reader) -> tuple[str, ...]:
    counts: dict[str, list[bool]] = {"title": [], "authors": [], "people": [], "date": [], "minute": [], "invented": []}
    spent = []
    for case in cases:
        started = time.process_time()
        try:
            seen = read(case.text, case.url)
        except Exception:  # noqa: BLE001  others' libraries fall over some pages; that is part of the score
            seen = Read()
        spent.append((time.process_time() - started) * 1000)
        if case.gold.get("title"):
            counts["title"].append(normal(seen.title) == normal(str(case.gold["title"])))
        authors = gold_authors(case.gold)
        if authors is not None:
            counts["authors"].append(names(seen.authors) == authors)
            counts["people"].append(names(seen.authors if seen.people is None else seen.people) == authors)
            counts["invented"] += [bool(seen.authors)] if not authors else []
        written = case.gold.get("published_at", case.gold.get("publish_date"))
        if written and len(str(written)) < len("2026-05-05"):
            continue  # known to the month or the year only
        true, mine = instant(written), instant(seen.published)
        if true is None:
            counts["invented"].append(mine is not None)
        else:
            days = {true.date(), true.astimezone(UTC).date()}
            counts["date"].append(mine is not None and bool({mine.date(), mine.astimezone(UTC).date()} & days))
            if len(str(written)) > 10:
                counts["minute"].append(mine is not None and abs((mine - true).total_seconds()) < 60)
    shares = [f"{sum(kind) / len(kind):.3f}" if kind else "–" for name, kind in counts.items() if name != "invented"]
    return (*shares, f"{sum(counts['invented'])} of {len(counts['invented'])}", f"{statistics.median(spent):.1f}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--corpus", type=Path, required=True)
    options.add_argument("--every", type=int, default=1, help="take only every so many pages")
    chosen = options.parse_args()
    warnings.simplefilter("ignore")
    console = Console(width=100)
    for folder in folders_of(chosen.corpus):
        cases = list(cases_of(folder))[:: chosen.every]
        table = Table(title=f"Metadata of {folder.name}, {len(cases)} pages", title_justify="left")
        for column in ("extractor", "title", "authors", "people", "date", "minute", "invented", "CPU ms"):
            table.add_column(column, justify="left" if column == "extractor" else "right")
        for name, read in readers().items():
            table.add_row(name, *scores(cases, read) if read else ("not installed",))
        console.print(table)


if __name__ == "__main__":
    main()
