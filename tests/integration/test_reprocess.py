"""A reprocess against a real broker: killed, it is continued, and it moves no offset and loses nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.failpoints import Failpoint
from pipelines.records import OutgoingMessage
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics, publish_messages
from pipelines.warehouse import Warehouse, open_warehouse
from tests.integration.running import Machine, json_of, kill_group
from tests.jobs.test_ingest import page

PAGES = 12
STRICT = {"DATELINE_LIMITS__MARKUP_DEPTH": "3"}
"""Rules by which every page is rejected."""


def ingested(machine: Machine) -> tuple[Machine, Warehouse]:
    """The machine, after it has rejected every page, and its warehouse."""
    kafka = machine.kafka
    make_topics(kafka)
    publish_messages(kafka, kafka.raw_topic, [
        OutgoingMessage(b"https://harbour-news.example/pier/%d" % n, page(n), (
            ("content-type", b"text/html; charset=utf-8"), ("url", b"https://harbour-news.example/pier/%d" % n),
            ("fetched-at", b"2026-03-04T09:30:00Z"), ("source", b"harbour-crawler"),
        ))
        for n in range(PAGES)
    ])
    run = machine.run("ingest", "--json", DATELINE_BATCH__MAX_RECORDS="100", **STRICT)
    assert json_of(run.stdout)["outcomes"] == {"rejected": PAGES}
    return machine, open_warehouse(machine.warehouse_url)


@pytest.mark.timeout(600)  # four runs
def test_a_killed_reprocess_is_continued_and_ingest_goes_on(
    kafka: KafkaSettings, prefect_server: str, tmp_path: Path
) -> None:
    machine, warehouse = ingested(Machine(tmp_path / "home", kafka, prefect_server, max_records=5))
    before = warehouse.loaded_topic(kafka.raw_topic)
    with_workers = replace(machine, workers=None)
    kill_group(with_workers.start_paused(f"{Failpoint.CHANGED}:2", "reprocess", "--where", "processor <> current"))
    assert warehouse.query("SELECT count(*) FROM articles").rows == ((5,),)
    again = machine.run("reprocess", "--where", "processor <> current", "--json")
    assert again.returncode == 0, again.stdout
    report = json_of(again.stdout)
    assert (report["outcomes"], report["missing"]) == ({"loaded": PAGES - 5}, 0)
    assert warehouse.query("SELECT count(*) FROM articles").rows == ((PAGES,),)
    assert warehouse.loaded_topic(kafka.raw_topic) == before
    verified = machine.run("ledger", "verify", "--deep", "--json")
    assert verified.returncode == 0, verified.stdout
    assert json_of(machine.run("reprocess", "--json").stdout)["records"] == 0


@pytest.mark.timeout(600)  # four runs
def test_a_swap_shows_all_batches_at_once_and_a_killed_one_changes_nothing(
    kafka: KafkaSettings, prefect_server: str, tmp_path: Path
) -> None:
    machine, warehouse = ingested(Machine(tmp_path / "home", kafka, prefect_server, max_records=5))
    before = warehouse.loaded_topic(kafka.raw_topic)
    swap = ("reprocess", "--swap", "--where", "processor <> current")
    kill_group(machine.start_paused(Failpoint.EXCHANGING, *swap))
    assert warehouse.query("SELECT count(*) FROM articles").rows == ((0,),)
    assert (machine.home / "warehouse.duckdb.beside").exists()
    running = machine.start_paused(Failpoint.EXCHANGED, *swap, "--json")
    assert warehouse.query("SELECT count(*) FROM articles").rows == ((PAGES,),)
    machine.go_on()
    output, _ = running.communicate(timeout=60)
    report = json_of(output)
    assert (report["outcomes"], report["batches"], report["missing"]) == ({"loaded": PAGES}, 3, 0)
    assert warehouse.query("SELECT status FROM runs WHERE kind = 'reprocess' ORDER BY started_at").rows == (
        ("abandoned",), ("completed",),
    )
    assert warehouse.loaded_topic(kafka.raw_topic) == before
    assert machine.run("ledger", "verify", "--deep").returncode == 0
    assert [path.name for path in machine.home.glob("warehouse.duckdb*") if "lock" not in path.name] == [
        "warehouse.duckdb",
    ]
    assert json_of(machine.run(*swap, "--json").stdout)["records"] == 0
