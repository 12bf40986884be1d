"""What ``dateline status`` and the end of a run say of records that are not loaded yet."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli.app import app
from flows.cli.ingesting import show_ingested
from flows.cli.screen import Screen
from flows.faults import UNAVAILABLE, USAGE
from flows.memory import Memory
from flows.report import in_outbox
from pipelines.broker_faults import PortRefused, TopicRefused
from pipelines.settings import KafkaSettings, Settings
from pipelines.sources import offsets
from pipelines.sources.offsets import Topic
from pipelines.warehouse import load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.warehouse.batches import TOPIC, refused, stage

BEHIND = "3 offsets of articles.raw wait behind an open transaction (partition 1: 3)."


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Partition 0 of 12 offsets, partition 1 of 5, of which the last 3 are behind an open transaction."""
    topic = Topic(TOPIC, "", {0: (0, 12), 1: (0, 2)}, {1: 3})
    monkeypatch.setenv("DATELINE_KAFKA__BOOTSTRAP_SERVERS", "kafka.example:9092")
    monkeypatch.setattr(offsets, "first_contact", lambda _kafka, _topic: topic)


@pytest.fixture
def warehouse(make_warehouse: Callable[[Path], DuckDBWarehouse], home: Path, tmp_path: Path) -> DuckDBWarehouse:
    """Offsets 0 to 9 of partition 0 are loaded."""
    made = make_warehouse(home / "warehouse.duckdb")
    load_batch(made, stage(tmp_path, *map(refused, range(10))))
    return made


def status() -> dict[str, Any]:
    shown = CliRunner().invoke(app, ["status", "--json"])
    return {"exit": shown.exit_code, **json.loads(shown.stdout)}


def test_records_behind_an_open_transaction_are_lag_that_waits(broker: None, warehouse: DuckDBWarehouse) -> None:
    shown = status()
    assert shown["partitions"] == [
        {"partition": 0, "next": 10, "end": 12, "lag": 2, "waiting": 0},
        {"partition": 1, "next": 0, "end": 5, "lag": 5, "waiting": 3},
    ]
    assert (shown["exit"], shown["lag"], shown["waiting"], shown["unavailable"]) == (0, 7, 3, [])
    assert BEHIND in CliRunner().invoke(app, ["status"]).output


@pytest.mark.parametrize("damage", ["missing", "unreadable"])
def test_what_a_warehouse_that_cannot_be_read_has_loaded_is_unknown(broker: None, home: Path, damage: str) -> None:
    if damage == "unreadable":
        home.mkdir()
        (home / "warehouse.duckdb").write_bytes(b"not a database" * 1_000)
    shown = status()
    assert [(p["next"], p["end"], p["lag"]) for p in shown["partitions"]] == [(None, 12, None), (None, 5, None)]
    assert (shown["lag"], shown["waiting"], [away["what"] for away in shown["unavailable"]]) == (None, 3, ["warehouse"])
    assert "no warehouse" in CliRunner().invoke(app, ["status"]).output
    assert shown["exit"] == {"missing": 0, "unreadable": 1}[damage]


def test_a_warehouse_that_was_loaded_into_and_is_gone_is_not_said_to_be_yet_to_come(
    broker: None, home: Path, warehouse: DuckDBWarehouse
) -> None:
    Memory(Settings(home=home), warehouse).remember()
    warehouse.path.unlink()
    shown = status()
    assert (shown["exit"], [away["fault"] for away in shown["unavailable"]]) == (UNAVAILABLE, ["WarehouseGone"])


def test_an_address_that_names_no_warehouse_is_an_exit_code_of_status(
    broker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATELINE_WAREHOUSE", "mysql://etl:marzipan@db.example/news")
    shown = status()
    assert (shown["exit"], shown["lag"]) == (USAGE, None)
    assert "marzipan" not in json.dumps(shown)


@pytest.mark.parametrize(("fault", "code"), [(TopicRefused("no"), UNAVAILABLE), (PortRefused("away"), 0)])
def test_a_broker_that_says_no_is_an_exit_code_of_status(
    fault: Exception, code: int, broker: None, warehouse: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_kafka: KafkaSettings, _topic: str) -> Topic:
        raise fault

    monkeypatch.setattr(offsets, "first_contact", refuse)
    shown = status()
    (away,) = shown["unavailable"]
    assert (shown["exit"], away["what"], away["exit_code"]) == (code, "kafka", UNAVAILABLE)
    assert away["fault"] == type(fault).__name__
    assert "partitions" not in shown


@pytest.mark.parametrize(("waiting", "says", "never"), [
    ({}, "No new records: the warehouse is caught up with the topic.", "Not caught up"),
    ({"1": 3}, f"Nothing was loaded.\nNot caught up: {BEHIND}", "No new records"),
])
def test_the_end_of_a_run_says_caught_up_only_where_it_is(waiting: dict[str, int], says: str, never: str) -> None:
    out = io.StringIO()
    show_ingested(Screen(out, out), {"records": 0, "topic": TOPIC, "waiting": waiting, "outbox": []})
    assert says in out.getvalue()
    assert never not in out.getvalue()


def test_one_of_a_kind_is_said_in_the_singular() -> None:
    out = io.StringIO()
    report = {
        "records": 1, "batches": 1, "run_id": "1", "topic": TOPIC, "outcomes": {"loaded": 1}, "reasons": {},
        "waiting": {"0": 1}, "outbox": [], "quarantined": [], "stale": [], "seconds": 1.0, "audit": "passed",
        "cpu_ms_per_element": {}, "findings": [], "quality_report": "/home/reports/latest.html",
    }
    show_ingested(Screen(out, out), report)
    assert "1 record in 1 batch, 1.0 s." in out.getvalue()
    assert "1 offset of articles.raw waits behind an open transaction" in out.getvalue()


def test_scrapers_without_a_name_are_shown_in_words(warehouse: DuckDBWarehouse, broker: None) -> None:
    with warehouse._writing() as con:
        con.execute("UPDATE ledger SET scraper = CASE kafka_offset WHEN 0 THEN 'unknown' WHEN 1 THEN NULL ELSE 'p' END")
    shown = CliRunner().invoke(app, ["status"]).output
    assert "unknown (no scraper named)" in shown
    assert "(scraper not readable)" in shown
    assert "(unknown)" not in shown


def test_the_end_of_a_run_shows_dead_letters_that_wait_and_why() -> None:
    out = io.StringIO()
    since = datetime(2026, 3, 2, 8, 15, tzinfo=UTC)
    waiting = {
        "topic": TOPIC, "letters": 2, "since": since, "tried_at": since, "why": "grant Write", "kind": "dead letters",
    }
    report = {"records": 0, "topic": TOPIC, "waiting": {}, "outbox": [waiting]}
    show_ingested(Screen(out, out), report)
    assert "2 dead letters wait in the outbox, of articles.raw, since 2026-03-02 08:15: grant Write" in out.getvalue()


def test_clean_articles_that_wait_are_shown_apart_from_dead_letters() -> None:
    since = datetime(2026, 3, 2, 8, 15, tzinfo=UTC)
    waiting = {"topic": TOPIC, "letters": 1, "since": since, "tried_at": None, "why": None, "kind": "articles"}
    assert in_outbox(waiting) == (
        "1 clean article or deletion waits in the outbox, of articles.raw, since 2026-03-02 08:15: "
        "The next run sends them."
    )
