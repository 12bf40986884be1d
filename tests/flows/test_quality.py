"""The quality report is one page that shows hostile text as text and loads nothing; a limited number is kept."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lxml import html
from typer.testing import CliRunner

from flows.cli.app import app
from flows.faults import FOUND_WRONG
from flows.quality.files import LEFT_S, Reports, reports_of
from flows.quality.page import SHOWN_REASONS, SHOWN_SCRAPERS, attention, bars, gauge, render
from flows.quality.writing import as_counted, remove_outdated, write_report
from flows.report import RunReport, markdown_of
from flows.staged import StagedBatches
from flows.work import remove_staged
from pipelines.resolve.drift import Anomaly, Comparison
from pipelines.settings import ReportSettings, Settings
from pipelines.stage import Folder
from pipelines.warehouse import Loaded, Run, load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from pipelines.warehouse.quality import Check, Example, Rejection, RunQuality, ScraperDrift, TrendPoint
from tests.warehouse.batches import TOPIC, carried, refused, stage, tombstone

AT = datetime(2026, 3, 2, 8, 15, tzinfo=UTC)
RUN, OTHER = "ab" * 16, "cd" * 16
HOSTILE = (
    '"><script>alert(1)</script><img src=https://tracker.example/a.png onerror=alert(1)> \u202e\x1b[2J & \'{{ 7 * 7 }}'
)
LONG = "x" * 5_000
WALLS = Comparison(
    "consent_walls", 0.75, 0.02, 0.22, anomaly=Anomaly("north", "consent_walls", 0.75, 0.02, "75 % were consent walls")
)


def a_quality(**changes: Any) -> RunQuality:
    example = Example(f"{TOPIC}/0@7", "north", "title", "untitled", "a headline", "f" * 16)
    values: dict[str, Any] = {
        "run_id": RUN, "kind": "ingest", "topic": TOPIC, "status": "completed", "started_at": AT,
        "finished_at": AT + timedelta(seconds=41), "processor": "dateline 0.1.0", "batches": 1, "audited": 1,
        "audit": "passed", "records": 10, "offsets": 12, "gap_offsets": 2, "read_records": 10,
        "outcomes": {"loaded": 7, "unchanged": 1, "rejected": 2},
        "checks": (
            Check("articles", "expect_a_title", "title", "critical", "It has a headline.", 10, 2, (example,)),
            Check("batches", "expect_records", "records", "warning", "It has records.", 1, 0),
        ),
        "rejections": (Rejection("TitleMissing", 2, (example,)),),
        "trend": (TrendPoint(OTHER, "failed", AT - timedelta(hours=1), 0, 0, 0, None),
                  TrendPoint(RUN, "completed", AT, 10, 7, 2, "passed")),
        "scrapers": (ScraperDrift("south", 9, 5, "usual", (Comparison("length", 400.0, 380.0, 608.0, 237.5),)),
                     ScraperDrift("new", 1, 0, "too few")),
    }
    return RunQuality(**(values | changes))


def parsed(page: str) -> html.HtmlElement:
    return html.document_fromstring(page)


def texts(page: html.HtmlElement, path: str) -> list[str]:
    return [" ".join(node.text_content().split()) for node in page.xpath(path)]


def test_the_page_says_what_was_checked_and_what_became_of_the_records() -> None:
    page = parsed(render(a_quality(), AT))
    assert texts(page, "//h1") == ["Ingest run of 2026-03-02 08:15 UTC completed"]
    assert dict(zip(texts(page, "//dt"), texts(page, "//dd"), strict=True)) == {
        "Records": "10", "Stored": "7 70 %", "Rejected": "2 20 %", "Expectations failed": "1 of 2", "Audit": "passed",
        "Ledger": "closes",
    }
    assert texts(page, "//table[@class='outcomes']//tbody/tr") == [
        "new articles770 %", "unchanged110 %", "rejected220 %",
    ]
    assert texts(page, "//section[1]/p") == [
        "12 offsets of the topic were read: 10 records with an outcome and 2 offsets in gaps. Nothing is missing."
    ]
    assert texts(page, "//section[2]/article/p") == ["expect_a_title on title · failed by 2 of 10 articles (20 %)"]
    assert texts(page, "//section[2]/article//tbody/tr/td") == [f"{TOPIC}/0@7{'f' * 16}", "north", "title", "untitled"]
    assert texts(page, "//section[2]/details/summary") == ["1 expectation met"]
    assert texts(page, "//section[3]//summary") == ["TitleMissing2 records, 20 %"]
    assert texts(page, "//section[4]//tbody/tr/td") == [
        "2026-03-02 08:15 (this run)", "completed", "10", "7", "2", "20 %", "passed",
        "2026-03-02 07:15", "failed", "0", "0", "0", "0 %", "–",
    ]
    assert texts(page, "//section[5]/article//tbody/tr/td")[:4] == [
        "Median words of an article", "400", "380", "238 to 608",
    ]
    assert texts(page, "//section[5]/details//td") == ["new", "1", "0", "too few records to compare"]


def hostile() -> RunQuality:
    example = Example(HOSTILE, HOSTILE, HOSTILE, HOSTILE + LONG, HOSTILE + LONG, HOSTILE)
    odd = replace(WALLS, anomaly=Anomaly("x", "consent_walls", 1, 0, HOSTILE))
    return a_quality(
        topic=HOSTILE, status="failed", note=HOSTILE + LONG, processor=HOSTILE, audit=HOSTILE,
        checks=(Check("batches", HOSTILE, HOSTILE, "warning", HOSTILE, 1, 1, (example,)),
                Check("articles", HOSTILE, HOSTILE, "warning", HOSTILE, 1, 0)),
        rejections=(Rejection(HOSTILE, 2, (example,)),), outcomes={HOSTILE: 10},
        trend=(TrendPoint(HOSTILE, HOSTILE, AT, 1, 1, 0, HOSTILE),),
        scrapers=(ScraperDrift(HOSTILE, 1, 5, "anomaly", (odd,)), ScraperDrift(HOSTILE + LONG, 1, 0, "too few")),
    )


def test_hostile_text_is_text() -> None:
    source = render(hostile(), AT, unread=HOSTILE, stale=[{"scraper": HOSTILE, "staleness": HOSTILE}])
    page = parsed(source)
    assert page.xpath("//script | //img | //iframe | //object | //embed | //link | //base | //form | //a") == []
    assert [name for node in page.iter() for name in node.attrib if name.startswith("on")] == []
    assert "<script" not in source
    assert "\u202e" not in source
    assert "\x1b" not in source
    assert "49" not in texts(page, "//h3")[0]
    assert HOSTILE.replace("\u202e\x1b", "\ufffd\ufffd") in page.xpath("//section[2]/article//td[4]/text()")[0]


def test_the_page_refers_to_nothing_outside_of_itself() -> None:
    for quality in (a_quality(), hostile()):
        page = parsed(render(quality, AT))
        referring = {"src", "href", "srcset", "data", "action", "poster", "background", "{http://www.w3.org/1999/xlink}href"}
        assert [node.tag for node in page.iter() if referring & set(node.attrib)] == []
        (style,) = texts(page, "//style")
        assert "url(" not in style
        assert "@import" not in style
        (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_the_size_of_a_page_is_bounded() -> None:
    example = Example(LONG, LONG, LONG, LONG, LONG, LONG)
    comparisons = tuple(replace(WALLS, anomaly=None) for _ in range(5))
    page = render(a_quality(
        note=LONG, checks=tuple(
            Check("articles", LONG, LONG, "warning", LONG, 1, 1, (example,) * 3) for _ in range(22)
        ),
        rejections=tuple(Rejection(f"{n}{LONG}", 1, (example,) * 3) for n in range(500)),
        scrapers=tuple(ScraperDrift(f"{n}{LONG}", 1, 5, "anomaly", comparisons) for n in range(5_000)),
        trend=tuple(TrendPoint(f"{n:032x}", LONG, AT, 1, 1, 0, LONG) for n in range(100)),
    ), AT)
    assert len(page) < 600_000
    shown = parsed(page)
    assert len(texts(shown, "//section[3]//summary")) == SHOWN_REASONS
    assert "460 further reasons not shown." in texts(shown, "//section[3]/p")
    assert len(texts(shown, "//section[5]/article")) == SHOWN_SCRAPERS


def test_what_needs_attention_is_listed_by_importance() -> None:
    assert attention(a_quality()) == []
    failing = Check("batches", "e", "c", "warning", "Half is rejected.", 1, 1, (Example("b", "north", "c", "0.9", ""),))
    assert attention(a_quality(
        status="failed", note="BrokerUnavailable: gone", outcomes={"loaded": 9}, checks=(failing,),
        scrapers=(ScraperDrift("held", 1, 0, "quarantined"), ScraperDrift("north", 40, 5, "anomaly", (WALLS,))),
    ), [{"scraper": "old", "staleness": "not seen for 3 days"}]) == [
        "The run failed: BrokerUnavailable: gone",
        "The ledger does not close: 1 offset of this run without an outcome. “dateline ledger verify” lists them.",
        "held is quarantined. See “dateline scrapers list”.",
        "north departs from its past: 75 % were consent walls.",
        "Half is rejected. Failed by north.",
        "old: not seen for 3 days",
    ]


def test_bars_and_gauges_are_drawn_to_scale() -> None:
    failed, this = bars(a_quality())
    assert (failed.stored, failed.rejected, failed.is_failed, failed.is_this) == (0, 0, True, False)
    assert (this.stored, this.rest, this.rejected, this.share, this.is_this) == (70, 10, 20, 100, True)
    drawn = gauge(Comparison("length", 100.0, 50.0, 80.0, 25.0))
    assert (drawn.seen, drawn.usual, drawn.high, drawn.low) == (92.59, 46.3, 74.07, 23.15)
    nothing = gauge(Comparison("rejected", 0.0, 0.0, 0.0))
    assert (nothing.seen, nothing.high, nothing.low) == (0, 0, None)


def test_a_number_of_reports_is_kept_and_the_newest_has_a_fixed_name(tmp_path: Path) -> None:
    reports = Reports(tmp_path / "reports", 2)
    for n in range(4):
        written = reports.write(f"{n:032x}", f"page {n}")
        assert written is not None
        os.utime(written, (n, n))
    reports.write(f"{1:032x}", "made anew", is_newest=False)
    assert {file.name: file.read_text() for file in reports.folder.iterdir()} == {
        f"{1:032x}.html": "made anew", f"{3:032x}.html": "page 3", "latest.html": "page 3",
    }
    assert Reports(tmp_path / "none", 0).write(RUN, "page") is None
    assert not (tmp_path / "none").exists()


def test_what_a_killed_run_left_incomplete_is_removed_after_a_while(tmp_path: Path) -> None:
    reports = Reports(tmp_path, 2)
    for name, age_s in (("latest.html.7.new", LEFT_S + 60), ("latest.html.8.new", 0)):
        (tmp_path / name).touch()
        now = datetime.now(UTC).timestamp()
        os.utime(tmp_path / name, (now - age_s, now - age_s))
    reports.write(RUN, "page")
    assert sorted(file.name for file in tmp_path.iterdir()) == [f"{RUN}.html", "latest.html", "latest.html.8.new"]


@pytest.mark.parametrize("run_id", ["../../etc/passwd", "latest", RUN.upper(), f"{RUN}\n", ""])
def test_a_file_is_named_by_the_id_of_a_run_and_nothing_else(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(ValueError, match="is not the id of a run"):
        Reports(tmp_path, 2).write(run_id, "page")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def warehouse(make_warehouse: Callable[[Path], DuckDBWarehouse], home: Path, tmp_path: Path) -> DuckDBWarehouse:
    """A run with three rejected records."""
    made = make_warehouse(home / "warehouse.duckdb")
    made.start_run(Run(RUN, TOPIC, "dateline", AT))
    load_batch(made, stage(tmp_path, *map(refused, range(3)), run_id=RUN))
    made.finish_run(RUN, "completed", AT + timedelta(seconds=5))
    return made


def test_a_run_that_failed_has_a_page_that_says_why(warehouse: DuckDBWarehouse, home: Path) -> None:
    settings, report = Settings(home=home), RunReport(OTHER, AT + timedelta(hours=1), TOPIC)
    warehouse.start_run(Run(OTHER, TOPIC, "dateline", report.started_at))
    warehouse.finish_run(OTHER, "failed", report.started_at, "BrokerUnavailable: gone")
    path = write_report(settings, warehouse, report)
    assert path == reports_of(settings).of_run(OTHER)
    page = parsed(path.read_text())
    assert texts(page, "//h1") == ["Ingest run of 2026-03-02 09:15 UTC failed"]
    assert texts(page, "//header//li") == ["The run failed: BrokerUnavailable: gone"]
    assert "No expectation was checked: the run has no audited batch and no article." in texts(page, "//section[2]/p")
    assert reports_of(settings).newest.read_text() == path.read_text()


def test_if_the_warehouse_is_gone_the_page_has_what_the_run_counted(home: Path) -> None:
    settings, report = Settings(home=home), RunReport(RUN, AT, TOPIC)
    finding = {"expectation": "e", "column": "c", "severity": "warning", "reason": "Why.", "scrapers": ()}
    report.findings = [finding, finding]
    report.count(Loaded("batch", Counter(loaded=3, rejected=1), Counter(TitleMissing=1), Counter(retention=2), {}))
    report.verdict = "warned"
    report.end("failed", "WarehouseUnavailable: away")
    path = write_report(settings, DuckDBWarehouse(home / "gone.duckdb"), report)
    assert path is not None
    page = parsed(path.read_text())
    (said,) = texts(page, "//header/div[1]")
    assert said.startswith("The warehouse could not be read when this page was made.")
    assert "WarehouseMissing: There is no warehouse" in said
    assert texts(page, "//section[3]//summary") == ["TitleMissing1 record, 25 %"]
    counted = as_counted(report)
    assert (counted.records, counted.offsets, counted.open_offsets) == (4, 6, 0)
    assert counted.checks == (Check("batches", "e", "c", "warning", "Why.", 1, 2),)


def test_a_page_that_cannot_be_written_stops_no_run(
    warehouse: DuckDBWarehouse, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (home / "reports").touch()
    assert write_report(Settings(home=home), warehouse, RunReport(RUN, AT, TOPIC)) is None
    assert "the quality report of the run could not be written" in caplog.text


def test_none_is_written_if_none_is_kept(warehouse: DuckDBWarehouse, home: Path) -> None:
    settings = Settings(home=home, report=ReportSettings(keep=0))
    assert write_report(settings, warehouse, RunReport(RUN, AT, TOPIC)) is None
    assert not (home / "reports").exists()


def test_the_command_makes_a_report_anew_and_status_shows_where_it_is(
    warehouse: DuckDBWarehouse, home: Path, tmp_path: Path
) -> None:
    newest = reports_of(Settings(home=home)).newest
    made = CliRunner().invoke(app, ["report", "--json"])
    assert made.exit_code == 0
    found = json.loads(made.stdout)
    assert found == {"run_id": RUN, "quality_report": str(newest.with_name(f"{RUN}.html"))}
    assert texts(parsed(newest.read_text()), "//section[3]//summary") == ["ConsentWall3 records, 100 %"]
    assert json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)["quality_report"] == str(newest)
    elsewhere = tmp_path / "report.html"
    shown = CliRunner().invoke(app, ["report", "--run", RUN[:4], "--output", str(elsewhere)])
    assert (shown.exit_code, elsewhere.read_text()[:15]) == (0, "<!doctype html>")
    missing = CliRunner().invoke(app, ["report", "--run", "beef"])
    assert missing.exit_code == FOUND_WRONG


def test_the_artifact_links_to_the_page() -> None:
    report = RunReport(RUN, AT, TOPIC)
    assert "Quality report" not in markdown_of(report)
    report.page = Path("/data/a (b)/`x`.html")
    assert (
        "[Quality report](file:///data/a%20%28b%29/%60x%60.html), on the machine of the run: `/data/a (b)/'x'.html`"
        in markdown_of(report)
    )


@pytest.mark.parametrize(("removed", "left"), [(1, []), (0, ["latest.html"])])
def test_a_deletion_removes_the_reports(
    warehouse: DuckDBWarehouse, home: Path, removed: int, left: list[str]
) -> None:
    settings = Settings(home=home)
    reports_of(settings).folder.mkdir(parents=True)
    reports_of(settings).newest.touch()
    work = SimpleNamespace(
        settings=settings, sharing=None, warehouse=warehouse, staged=StagedBatches(Folder.at(home / "stage")),
        store=SimpleNamespace(owns_original=lambda _: True),
    )
    loaded = Loaded("batch", Counter(), Counter(), Counter(), {}, removed=removed)
    remove_staged(work, loaded)  # type: ignore[arg-type]
    assert [file.name for file in reports_of(settings).folder.iterdir()] == left


def test_reports_from_before_a_deletion_that_another_run_made_are_removed(
    warehouse: DuckDBWarehouse, home: Path, tmp_path: Path
) -> None:
    settings, reports = Settings(home=home), reports_of(Settings(home=home))
    remove_outdated(settings, warehouse)
    for n, hours in enumerate((-1, 1)):
        path = reports.write(f"{n:032x}", "page", is_newest=False)
        assert path is not None
        at = (warehouse.clock() + timedelta(hours=hours)).timestamp()
        os.utime(path, (at, at))
    remove_outdated(settings, warehouse)
    assert len(list(reports.folder.iterdir())) == 2
    load_batch(warehouse, stage(
        tmp_path, carried(3, key=b"page"), tombstone(4, key=b"page"), batch_id="batch-2", run_id=RUN
    ))
    remove_outdated(settings, warehouse)
    assert [file.name for file in reports.folder.iterdir()] == [f"{1:032x}.html"]


def test_reports_show_no_personal_data() -> None:
    written = "Write to ines@harbour.example"
    example = Example(f"{TOPIC}/0@7", "north", "body", written, "a page has an article", "f" * 16)
    page = render(a_quality(rejections=(Rejection("BodyMissing", 2, (example,)),), note=written, status="failed"), AT)
    artifact = markdown_of(RunReport(RUN, AT, TOPIC, note=written))
    for shown in (page, artifact):
        assert "harbour.example" not in shown
    assert "Write to [email]" in page
    assert "Write to &#91;email&#93;" in artifact
