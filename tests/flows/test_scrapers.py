"""Quarantined scrapers as people see them: in the status, the list and a run's artifact; and the release flow."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.app import app
from flows.report import RunReport, markdown_of
from flows.scrapers import quarantined_rows
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.builders import FETCHED_AT
from tests.warehouse.batches import standings
from tests.warehouse.test_quarantine import HARBOUR, QUAY, Stream, turned

invoke = CliRunner().invoke
SAYS = "75 % of 40 records were consent walls, usually 0 %"
RELEASE = f"dateline scrapers release {QUAY}"


@pytest.fixture(scope="module")
def made(make_warehouse: Callable[[Path], DuckDBWarehouse], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with a quarantined scraper: ten of its articles wait."""
    folder = tmp_path_factory.mktemp("quarantined")
    warehouse = DuckDBWarehouse(make_warehouse(folder / "warehouse.duckdb").path, clock=lambda: FETCHED_AT)
    stream = Stream(warehouse, folder)
    for _ in range(4):
        stream.quiet(QUAY, HARBOUR)
    stream.load(*turned(stream))
    return warehouse.path


@pytest.fixture
def warehouse(made: Path, home: Path) -> DuckDBWarehouse:
    home.mkdir(parents=True)
    path = home / "warehouse.duckdb"
    path.write_bytes(made.read_bytes())
    return DuckDBWarehouse(path)


def test_the_status_says_who_is_quarantined_why_and_what_to_type(warehouse: DuckDBWarehouse) -> None:
    shown = invoke(app, ["status"])
    assert (shown.exit_code, SAYS in shown.output, RELEASE in shown.output) == (0, True, True)
    (quarantined,) = json.loads(invoke(app, ["status", "--json"]).stdout)["quarantined"]
    assert (quarantined["scraper"], quarantined["waiting"], quarantined["to_release"]) == (QUAY, 10, RELEASE)
    assert quarantined["why"][0] == {"kind": "consent_walls", "seen": 0.75, "usual": 0, "words": SAYS}


def test_the_list_shows_every_source_with_its_figures(warehouse: DuckDBWarehouse) -> None:
    shown = invoke(app, ["scrapers", "list"])
    assert (shown.exit_code, SAYS in shown.output) == (0, True)
    lines = [line.split() for line in shown.output.splitlines()]
    assert next(words for words in lines if words[:2] == [HARBOUR, "active"])[3:] == [
        "0", "5", "200", "0", "0", "0", "400", "en",
    ]
    assert json.loads(invoke(app, ["scrapers", "list", "--json"]).stdout)[0]["last"]["consent_walls"] == 30


@pytest.mark.parametrize(("name", "says"), [
    ("elsewhere", f"There is no scraper 'elsewhere'. Known scrapers: {QUAY}, {HARBOUR}. Quarantined scrapers: {QUAY}."),
    (HARBOUR, f"The scraper '{HARBOUR}' is not quarantined: it has been active since 2026-03-04 09:30 UTC."),
])
def test_what_is_not_quarantined_cannot_be_released_and_it_is_said_what_can(
    warehouse: DuckDBWarehouse, name: str, says: str
) -> None:
    shown = invoke(app, ["scrapers", "release", name])
    assert shown.exit_code == 1
    assert says in " ".join(shown.output.replace("│", " ").split())


def test_a_warehouse_that_is_missing_is_said(home: Path) -> None:
    for command in (["scrapers", "list"], ["scrapers", "release", QUAY]):
        shown = invoke(app, command)
        assert (shown.exit_code, "Warehouse Missing" in shown.output) == (3, True)


def test_the_artifact_says_it_too(warehouse: DuckDBWarehouse) -> None:
    report = RunReport("r" * 32, FETCHED_AT, "articles.raw", quarantined=quarantined_rows(standings(warehouse)))
    report.end("completed")
    page = markdown_of(report)
    assert "## Quarantined scrapers" in page
    assert f"| {QUAY} | 2026-03-04 09:30:00+00:00 | 10 | {SAYS}; 75 %" in page
    assert f"dateline scrapers release {QUAY} |" in page


def test_the_flow_releases_what_waits_without_a_broker(
    warehouse: DuckDBWarehouse, prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.faults import NotFound
    from flows.release import release

    monkeypatch.setenv("DATELINE_BATCH__MAX_RECORDS", "4")
    report = release(QUAY)
    assert (report["status"], report["batches"], report["outcomes"]) == ("completed", 3, {"loaded": 10})
    assert report["quarantined"] == []
    assert {s.scraper: s.state for s in standings(warehouse)} == {QUAY: "active", HARBOUR: "active"}
    assert warehouse.verify().problems == ()
    runs = warehouse.query("SELECT kind, status FROM runs").rows
    assert runs == (("release", "completed"),)
    with pytest.raises(NotFound, match="is not quarantined"):
        release(QUAY)
    assert warehouse.query("SELECT count(*) FROM runs").rows == ((1,),)
    counted = Counter(dict(warehouse.query("SELECT first_outcome, count(*) FROM ledger GROUP BY 1").rows))
    assert counted == Counter(loaded=360, rejected=30, quarantined=10)
