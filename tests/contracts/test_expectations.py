"""Each expectation of the suites, run by Great Expectations: what breaks it, and what must not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest
from tqdm import tqdm
from tqdm.std import TqdmDefaultWriteLock

from pipelines.transforms.expectations import SuiteRunner
from pipelines.validate import Expectation, Suite, load_suite, row_columns
from tests.contracts.examples import examples

pytestmark = pytest.mark.slow  # the import of Great Expectations takes seconds

RECORD = next(e.record for e in examples("pass") if e.name == "article.3.full.pass.json")
ROW = row_columns(RECORD) | {"full_body_length": 400}
BATCH: Mapping[str, Any] = {
    "scraper": "harbour-crawler", "records": 100, "rejected": 10, "articles": 85, "share_rejected": 0.1,
    "share_articles": 0.85, "share_published_at_null": 0.3, "share_authors_null": 0.4, "share_outlet_null": 0.0,
    "share_language_null": 0.0, "share_duplicates": 0.1, "share_dates_ahead": 0.0,
}
BREAKS: Mapping[tuple[str, str], list[Any]] = {
    ("title", "critical"): [
        "P", "Pier " * 120, "404", "404 - Not Found", "Error 503", "HTTP Error 502 Bad Gateway", "Page not found!",
        "Just a moment...", "None", "null", "undefined", "Home", "https://harbour-news.example/pier",
    ],
    ("title", "warning"): ["Pier to be rebuilt | Harbour News"],
    ("body", "critical"): ['<div class="lead">Work starts in May.</div>', "<!DOCTYPE html><html>", "\n<p>May.</p>"],
    ("body", "warning"): ['Work <span class="x">starts</span> in May.'],
    ("body_length", "critical"): [39, 1_000_001],
    ("full_body_length", "warning"): [149],
    ("author_count", "warning"): [21],
    ("hours_ahead", "warning"): [-400_000.0],
    ("language", "warning"): ["english", "EN"],
    ("canonical_url", "warning"): [None],
}
KEEPS: Mapping[str, list[Any]] = {
    "title": [
        "500 jobs to go at Marrowby yard", "404 homes without power", "410 gone missing after flood", "Home at last",
        "Access denied: how the quay was closed", "Null and void, says court", "港口", "None of the above wins",
        "Pier–harbour dispute: who pays?",
    ],
    "body": ["The <p> tag, 2 < 3 and x > y.", "Prices fell <10% in May."],
    "full_body_length": [None],
    "hours_ahead": [None, 20.0, -300_000.0],
    "language": [None],
}


@pytest.fixture(scope="module")
def articles() -> SuiteRunner:
    return SuiteRunner(load_suite("article"))


@pytest.fixture(scope="module")
def batches() -> SuiteRunner:
    return SuiteRunner(load_suite("batch"))


def broken(runner: SuiteRunner, rows: list[dict[str, Any]]) -> list[set[tuple[str | None, str]]]:
    """Column and severity of what each row breaks."""
    found: list[set[tuple[str | None, str]]] = [set() for _ in rows]
    for result in runner.run(pd.DataFrame.from_records(rows)):
        for row in result.failing_rows:
            found[row].add((result.column, result.severity))
    return found


def test_every_row_that_breaks_an_expectation_is_found_alone(articles: SuiteRunner) -> None:
    cases = [(rule, value) for rule, values in BREAKS.items() for value in values]
    found = broken(articles, [ROW | {rule[0]: value} for rule, value in cases])
    for (rule, value), rules in zip(cases, found, strict=True):
        assert rule in rules, (rule, value)
        assert {column for column, _ in rules} == {rule[0]}, (rule, value)


def test_the_results_are_those_of_asking_each_expectation_for_its_rows(articles: SuiteRunner) -> None:
    """Most expectations are first asked only whether they hold. One that some rows may violate is not."""
    odd = [ROW | {"title": "404"}, ROW | {"author_count": 21}, ROW, ROW | {"language": "EN", "body_length": 39}]
    for rows in ([ROW, ROW], odd, odd[:1]):
        found = articles.run(pd.DataFrame.from_records(rows))
        assert [r.expectation for r in found] == [e.expectation_type for e in load_suite("article").expectations]
        for result in found:
            assert (not result.failing_rows, str(len(result.failing_rows))) == (result.success, result.observed)
    lenient = Expectation(
        "expect_column_values_to_not_be_null", {"column": "language", "mostly": 0.5}, "warning", "most have one"
    )
    (half,) = SuiteRunner(Suite("half", (lenient,))).run(pd.DataFrame({"language": ["en", None, "de"]}))
    assert (half.success, half.failing_rows, half.observed) == (True, (1,), "1")


def test_what_merely_looks_odd_is_kept(articles: SuiteRunner) -> None:
    cases = [(column, value) for column, values in KEEPS.items() for value in values]
    found = broken(articles, [ROW | {column: value} for column, value in cases])
    assert dict(zip(map(repr, cases), found, strict=True)) == {repr(case): set() for case in cases}


def test_a_batch_of_one_bare_article_runs(articles: SuiteRunner) -> None:
    """Columns without any value have no type for a data frame."""
    bare = next(e.record for e in examples("pass") if e.name == "article.3.bare.pass.json")
    assert broken(articles, [row_columns(bare)]) == [{("body_length", "critical"), ("canonical_url", "warning")}]


@pytest.mark.usefixtures("articles")
def test_progress_bars_take_no_lock_of_the_system() -> None:
    """A worker that is killed would leave its semaphore behind, and the run would end with a warning about it."""
    assert not isinstance(tqdm.get_lock(), TqdmDefaultWriteLock)


def test_every_expectation_on_rows_is_broken_by_a_case() -> None:
    assert {(e.kwargs["column"], e.severity) for e in load_suite("article").expectations} == set(BREAKS)


def test_a_usual_batch_breaks_nothing(batches: SuiteRunner) -> None:
    assert broken(batches, [dict(BATCH)]) == [set()]


def test_a_small_batch_breaks_nothing(batches: SuiteRunner) -> None:
    small = {name: None if name.startswith("share_") else value for name, value in BATCH.items()}
    assert broken(batches, [small | {"records": 3}]) == [set()]


def test_a_bad_scraper_is_found_among_good_ones(batches: SuiteRunner) -> None:
    shares = [name for name in BATCH if name.startswith("share_")]
    bad = [dict(BATCH) | {name: 0.0 if name == "share_articles" else 1.0} for name in shares]
    assert broken(batches, [dict(BATCH), *bad]) == [set(), *({(name, "warning")} for name in shares)]


def test_every_expectation_has_a_reason() -> None:
    assert [e for name in ("article", "batch") for e in load_suite(name).expectations if len(e.reason) < 20] == []
