"""The views of the dashboard, without a browser: what they show of a small warehouse, and that markup is text."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from importlib import resources
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from flows.dashboard import parts
from flows.dashboard.reading import frame
from flows.quality.files import reports_of
from pipelines.environment import read_settings
from pipelines.records import Outlet
from pipelines.warehouse import load_batch
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import FETCHED_AT
from tests.warehouse.batches import FALK, FALK_MENTION, MARROWBY, MARROWBY_MENTION, carried, gap, later, refused, stage
from tests.warehouse.reading import url_of

APP = Path(str(resources.files("flows.dashboard").joinpath("app.py")))
GAZETTE = Outlet("gazette.example", "The Gazette")
HOSTILE = "![x](https://tracker.example/a.png) <script>alert(1)</script> :red[*] $x$ [go](javascript:alert(1))"
WIRE = tuple(range(128))
QUERIES = {
    "newest_day": (), "volume": ("2026-03-01", "2026-03-09", None), "entity": ("e" * 32,), "ledger": (), "outlets": (),
    "countries": ("2026-03-02", "2026-03-09", "2026-02-23"), "rejections": (), "runs": (), "scrapers": (), "audit": (),
    "attention": ("2026-03-02", "2026-03-09", "2026-02-23", None, None),
    "pairs_among": tuple(f"{n:032}" for n in range(12)),
    "named_with": ("e" * 32,), "find_entities": ("a",), "timeline": ("e" * 32,), "shared_stories": (None,),
    "outcomes": (30,),
}


@pytest.fixture(autouse=True)
def at(database: RelationalWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dashboard reads the warehouse of the test."""
    monkeypatch.setenv("DATELINE_WAREHOUSE", url_of(database))
    monkeypatch.setenv("DATELINE_HOME", str(tmp_path / "home"))
    st.cache_data.clear()


@pytest.fixture
def news(database: RelationalWarehouse, tmp_path: Path) -> RelationalWarehouse:
    """A story and its copy, a story of the Gazette with markup in its headline, a rejected page and a gap."""
    named = {"mentions": (MARROWBY_MENTION, FALK_MENTION), "entities": (FALK, MARROWBY), "story_signature": WIRE}
    load_batch(database, stage(
        tmp_path,
        carried(0, published_at=later(-48), word_count=100, **named),
        carried(1, article_id="1" * 32, content_hash="1" * 64, title="Pier vote", outlet=GAZETTE, word_count=120,
                published_at=later(-45), **named),
        carried(2, article_id="2" * 32, content_hash="2" * 64, title=HOSTILE, outlet=GAZETTE, word_count=90,
                mentions=(MARROWBY_MENTION,), entities=(replace(MARROWBY, name=MARROWBY.name),)),
        refused(3), gap(4, 5),
    ))
    return database


def shown(view: str, **parameters: str) -> AppTest:
    test = AppTest.from_file(str(APP), default_timeout=240)
    test.query_params["view"] = view
    for name, value in parameters.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def metrics(test: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in test.metric}


def columns(test: AppTest, *labels: str) -> list[dict[str, str]]:
    """The rows of the table with these columns."""
    (found,) = (table.value for table in test.table if set(labels) <= set(table.value.columns))
    rows: list[dict[str, str]] = found[list(labels)].to_dict("records")
    return rows


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_is_answered_by_an_empty_warehouse(name: str) -> None:
    assert len(frame(name, *QUERIES[name])) == (1 if name == "newest_day" else 0)


def test_every_query_is_here() -> None:
    files = resources.files("pipelines.warehouse").joinpath("sql/dashboard").iterdir()
    assert {file.name.removesuffix(".sql") for file in files} == set(QUERIES)


@pytest.mark.parametrize(("view", "says"), [
    ("News", "No article is loaded yet"), ("Entity", "No article is loaded yet"),
    ("Outlets", "No article is loaded yet"), ("Pipeline", "No record is in the ledger yet"),
])
def test_an_empty_warehouse_is_no_error(view: str, says: str) -> None:
    test = shown(view)
    assert [info.value.startswith(says) for info in test.info] == [True]
    assert not test.error


@pytest.mark.usefixtures("news")
def test_the_news_counts_stories_of_the_week() -> None:
    test = shown("News")
    day = (FETCHED_AT).date()
    assert metrics(test) == {
        "Articles": "3", "Copies of other articles": "1", "Most outlets in a day": "2", "Days with news": "2 of 7",
    }
    assert parts.said(day) in test.metric[3].delta
    named = {row["Name"].partition("]")[0]: (row["Stories"], row["Week before"]) for row in columns(
        test, "Name", "Stories", "Week before", "Rise, times"
    )}
    assert named == {f"[{parts.plain(MARROWBY.name)}": ("2", "0"), f"[{parts.plain(FALK.name)}": ("1", "0")}
    (pair,) = columns(test, "Named with", "Stories", "Articles")
    assert (pair["Stories"], pair["Articles"]) == ("1", "2")


@pytest.mark.usefixtures("news")
def test_the_week_and_the_kind_are_chosen_by_the_address() -> None:
    before = (FETCHED_AT - timedelta(days=30)).date()
    test = shown("News", until=before.isoformat())
    assert metrics(test)["Articles"] == "0"
    people = shown("News", kind="People")
    assert people.selectbox(key="kind").value == "People"


@pytest.mark.usefixtures("news")
def test_stories_of_the_week_before_are_counted_apart() -> None:
    after = (FETCHED_AT + timedelta(days=6)).date()
    found = frame("attention", after, after + timedelta(days=6), after - timedelta(days=7), None, None)
    assert found.empty, "nothing of the chosen week"
    found = frame("attention", FETCHED_AT.date(), after, after - timedelta(days=13), "LOC", "GB")
    assert found[["entity_id", "stories", "before"]].to_numpy().tolist() == [["e" * 32, 1, 1]]


@pytest.mark.usefixtures("news")
def test_an_entity_has_its_stories() -> None:
    entity_id = str(frame("find_entities", MARROWBY.name.lower())["entity_id"].iloc[0])
    test = shown("Entity", id=entity_id)
    assert test.title[0].value == parts.plain(MARROWBY.name)
    assert (metrics(test)["Articles"], metrics(test)["Stories"]) == ("3", "2")
    stories = columns(test, "Headline", "First outlet", "Articles")
    assert [row["Articles"] for row in stories] == ["1", "2"]
    assert stories[0]["Headline"] == parts.plain(HOSTILE)


@pytest.mark.usefixtures("news")
def test_nothing_of_a_page_is_markup() -> None:
    told = parts.plain(HOSTILE)
    for mark in "![]()<>:$*":
        assert f"\\{mark}" in told
        assert mark not in told.replace(f"\\{mark}", "")
    test = shown("Entity")
    texts = [str(each.value) for each in (*test.markdown, *test.title, *test.header)]
    texts += [str(value) for table in test.table for value in table.value.to_numpy().ravel()]
    assert {text for text in texts if "tracker" in text} == {told}


@pytest.mark.usefixtures("news")
def test_an_outlet_has_its_scorecard() -> None:
    cards = columns(shown("Outlets"), "Outlet", "Articles", "Stories", "With a date, %")
    gazette = next(row for row in cards if "gazette" in row["Outlet"])
    assert (gazette["Articles"], gazette["Stories"], gazette["With a date, %"]) == ("2", "2", "50 %")
    one = shown("Outlets", domain="gazette.example")
    assert one.title[0].value == "The Gazette"
    assert metrics(one)["Articles"] == "2"


@pytest.mark.usefixtures("news")
def test_the_pipeline_says_whether_the_ledger_closes() -> None:
    test = shown("Pipeline")
    found = metrics(test)
    assert (found["Ledger"], found["Records"], found["Rejected"]) == ("Closes", "4", "1 (25.0%)")
    assert [(row["Records"], row["Gaps"], row["Open"]) for row in columns(test, "Records", "Gaps", "Open")] == [
        ("4", "1", "0")
    ]
    assert [row["Records"] for row in columns(test, "Reason", "Records", "Dead letter")] == ["1"]


def test_a_warehouse_that_is_missing_or_damaged_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATELINE_WAREHOUSE", f"duckdb:///{tmp_path}/none.duckdb")
    assert [info.value.startswith("There is no warehouse yet.") for info in shown("News").info] == [True]
    (tmp_path / "bad.duckdb").write_bytes(b"not a database" * 1000)
    monkeypatch.setenv("DATELINE_WAREHOUSE", f"duckdb:///{tmp_path}/bad.duckdb")
    st.cache_data.clear()
    test = shown("News")
    assert len(test.error) == 1
    assert any(str(each.value).startswith("**What to do:**") for each in test.markdown)


def test_a_snapshot_is_read_instead(news: RelationalWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not isinstance(news.where, Path):
        pytest.skip("only a warehouse of one file has snapshots")
    news.copy_to(tmp_path / "copy.duckdb")
    news.where.unlink()
    monkeypatch.setenv("DATELINE_SNAPSHOT__PATH", str(tmp_path / "copy.duckdb"))
    assert metrics(shown("News"))["Articles"] == "3"


def test_a_csv_has_all_rows_and_no_formula() -> None:
    data = pd.DataFrame({"title": ["=cmd()", "+1", "@x", "\tx", "news"], "n": [1, -2, 3, 4, 5]})
    assert parts.to_csv(data).decode().splitlines() == ["title,n", "'=cmd(),1", "'+1,-2", "'@x,3", "'\tx,4", "news,5"]


@pytest.mark.usefixtures("news")
def test_the_quality_report_of_the_last_run_can_be_saved_once_there_is_one() -> None:
    label = "Quality report of the last run"
    assert label not in [button.label for button in shown("Pipeline").get("download_button")]
    reports_of(read_settings()).write("ab" * 16, "<!doctype html>")
    assert label in [button.label for button in shown("Pipeline").get("download_button")]
