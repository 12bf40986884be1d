"""``dateline reprocess``: what it refuses, and the page of a dry run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.app import app
from flows.faults import USAGE
from flows.quality.page import render_differences
from flows.reprocess import _alone, remove_unfinished
from pipelines.environment import read_settings
from pipelines.jobs.differences import Difference, Differences, Example
from pipelines.records import Coordinates
from pipelines.stage import stage_store
from pipelines.warehouse import WarehouseBusy
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.builders import FETCHED_AT


def shown(*arguments: str) -> tuple[int, str]:
    run = CliRunner().invoke(app, ["reprocess", *arguments])
    return run.exit_code, " ".join(run.output.replace("│", " ").split())


def test_a_dry_run_exchanges_nothing() -> None:
    code, says = shown("--swap", "--dry-run")
    assert (code, "there is nothing to exchange" in says) == (USAGE, True)


def test_a_second_reprocess_is_refused_while_one_is_at_work(
    make_warehouse: Callable[[Path], DuckDBWarehouse], home: Path
) -> None:
    home.mkdir()
    warehouse, settings = make_warehouse(home / "warehouse.duckdb"), read_settings()
    busy = pytest.raises(WarehouseBusy, match="Another reprocess")
    with _alone(settings, warehouse), busy, _alone(settings, warehouse):
        pass
    with _alone(settings, warehouse):
        pass


def test_a_takedown_removes_what_a_killed_reprocess_had_staged(
    make_warehouse: Callable[[Path], DuckDBWarehouse], home: Path
) -> None:
    home.mkdir()
    warehouse, settings = make_warehouse(home / "warehouse.duckdb"), read_settings()
    left = stage_store(settings).reprocessed / "run-00001"
    left.write("part-000.articles.parquet", b"the lanterns were counted twice")
    with _alone(settings, warehouse):
        remove_unfinished(settings, warehouse)
    assert left.files() == ["part-000.articles.parquet"]
    remove_unfinished(settings, warehouse)
    assert stage_store(settings).reprocessed.folders() == []


def test_a_page_without_a_dry_run_is_refused() -> None:
    code, says = shown("--output", "page.html")
    assert (code, "give --dry-run as well" in says) == (USAGE, True)


def test_the_page_of_a_dry_run_escapes_what_comes_from_pages_and_loads_nothing() -> None:
    hostile = "<script>alert(1)</script>"
    field = Difference(hostile)
    field.add(Example("articles.raw/0@3", f"https://x.example/{hostile}", hostile, None))
    outcome = Difference("an article → withdrawn (ListingPage)")
    outcome.add(Example("articles.raw/0@4", None, "an article", "withdrawn (ListingPage)"))
    found = Differences(processed=9, compared=5, unchanged=6, missing=[Coordinates(hostile, 0, 1)])
    page = render_differences(found, [outcome], [field], f"Messages with scraper {hostile}.", FETCHED_AT)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 5
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert "9 messages processed: 6 as before" in page
    assert "http" not in page.replace("https://x.example/", "").replace("http-equiv", "")
    assert "an article → withdrawn (ListingPage)" in page


def test_the_page_says_when_nothing_would_change() -> None:
    page = render_differences(Differences(processed=2, compared=2, unchanged=2), [], [], "All messages.", FETCHED_AT)
    assert "No outcome would change." in page
    assert "No field would change." in page
