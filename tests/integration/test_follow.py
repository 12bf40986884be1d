"""A run that follows a topic: it writes nothing to Prefect while nothing comes, and gives way to runs that ask."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import pytest

from flows.local.prefect import LocalPrefect, api_url
from flows.stopping import Stop, stoppable
from flows.targets import with_settings
from flows.watching import Watcher, watched_by
from pipelines.records import OutgoingMessage
from pipelines.settings import FollowSettings, KafkaSettings, Settings
from pipelines.sinks.kafka import make_topics, publish_messages
from pipelines.warehouse import WarehouseFault, open_warehouse
from tests.integration.running import Machine, json_of
from tests.jobs.test_ingest import page

CALM_S = 4.0
"""Events and logs are sent every second or two, and the server writes them within FLUSHED_WITHIN_S."""

FLUSHED_WITHIN_S = "0.5"
TABLES = ("task_run", "task_run_state", "flow_run", "flow_run_state", "artifact", "events", "event_resources", "log")


class Polls(Watcher):
    """Counts a run's looks for new records, notes Prefect's rows at two of them, and asks the run to stop."""

    def __init__(self, stop: Stop, rows: Callable[[], dict[str, int]], first: int, last: int) -> None:
        self.stop, self.rows, self.at = stop, rows, (first, last)
        self.polls = 0
        self.seen: list[dict[str, int]] = []

    def step(self, name: str, batch: int) -> None:
        assert (name, batch) in {("connect", 1), ("plan", 1), ("report", 0)}
        self.polls += name == "plan"
        if name == "plan" and self.polls in self.at:
            self.seen.append(self.rows())
        if self.polls == self.at[1]:
            self.stop.ask()


def prefect_rows(server: LocalPrefect) -> dict[str, int]:
    """The rows of Prefect's tables, once what is on its way there has arrived."""
    def count() -> dict[str, int]:
        with closing(sqlite3.connect(f"file:{server.folder / 'prefect.db'}?mode=ro", uri=True)) as db:
            return {name: db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in TABLES}

    before, since = count(), time.monotonic()
    while time.monotonic() - since < CALM_S:
        time.sleep(0.1)
        if (now := count()) != before:
            before, since = now, time.monotonic()
    return before


def test_polls_that_find_nothing_write_nothing_to_prefect(
    kafka: KafkaSettings, other_prefect: LocalPrefect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for service in ("EVENT_PERSISTER", "TASK_RUN_RECORDER"):
        monkeypatch.setenv(f"PREFECT_SERVER_SERVICES_{service}_FLUSH_INTERVAL", FLUSHED_WITHIN_S)
    make_topics(kafka)
    settings = Settings(home=tmp_path / "home", kafka=kafka, follow=FollowSettings(poll_s=0.01, report_s=0.01))
    settings = settings.model_copy(update={"batch": settings.batch.model_copy(update={"workers": 0})})
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.ingest import ingest

    with other_prefect.for_now() as running, stoppable() as stop:
        polls = Polls(stop, lambda: prefect_rows(other_prefect), 3, 40)
        with watched_by(polls), with_settings(settings), temporary_settings({PREFECT_API_URL: api_url(running)}):
            report = ingest(follow=True)
    assert (report["status"], report["records"]) == ("completed", 0)
    at_first, at_last = polls.seen
    assert at_last == at_first


@pytest.mark.timeout(600)  # five runs
def test_a_run_that_follows_gives_way_to_a_reprocess_a_takedown_and_a_backfill_and_goes_on(
    kafka: KafkaSettings, prefect_server: str, tmp_path: Path
) -> None:
    machine = Machine(tmp_path / "home", kafka, prefect_server, max_records=5)
    make_topics(kafka)
    publish(kafka, range(8))
    warehouse = open_warehouse(machine.warehouse_url)

    def loaded() -> int:
        try:
            ((count,),) = warehouse.query("SELECT count(*) FROM articles").rows
        except WarehouseFault:  # it is not there yet, or being written to
            return -1
        return int(count)

    following = machine.start("ingest", "--follow")
    until(lambda: loaded() == 8)
    strict = machine.run("reprocess", "--json", DATELINE_LIMITS__MARKUP_DEPTH="3", DATELINE_BATCH__MAX_RECORDS="3")
    assert (strict.returncode, json_of(strict.stdout)["outcomes"]) == (0, {"withdrawn": 8}), strict.stdout
    publish(kafka, range(8, 10))
    until(lambda: loaded() == 2)
    forgotten = machine.run("forget", "--url", "https://harbour-news.example/pier/9", "--json")
    assert forgotten.returncode == 0, forgotten.stdout
    assert json_of(forgotten.stdout)["receipt"]["articles"] == 1
    publish(kafka, range(9, 12))
    until(lambda: loaded() == 3)
    (tmp_path / "late.jsonl").write_text(json.dumps({
        "url": "https://harbour-news.example/pier/12", "html": page(12).decode(), "fetched_at": "2026-03-04T09:30:00Z",
    }))
    backfilled = machine.run("backfill", str(tmp_path / "late.jsonl"), "--json")
    assert (backfilled.returncode, json_of(backfilled.stdout)["sent"]) == (0, 1), backfilled.stdout
    os.kill(following.pid, signal.SIGTERM)
    assert following.wait(60) == 0
    assert warehouse.query("SELECT kind, status, count(*) FROM runs GROUP BY ALL ORDER BY 1").rows == (
        ("forget", "completed", 1), ("ingest", "completed", 2), ("reprocess", "completed", 3),
    )
    assert warehouse.query("SELECT outcome, count(*) FROM ledger GROUP BY 1 ORDER BY 1").rows == (
        ("loaded", 5), ("suppressed", 1), ("withdrawn", 8),  # one of those loaded was taken down
    )
    assert machine.run("ledger", "verify", "--deep").returncode == 0


def publish(kafka: KafkaSettings, numbers: Iterable[int]) -> None:
    publish_messages(kafka, kafka.raw_topic, [
        OutgoingMessage(b"https://harbour-news.example/pier/%d" % n, page(n), (
            ("content-type", b"text/html; charset=utf-8"), ("url", b"https://harbour-news.example/pier/%d" % n),
            ("fetched-at", b"2026-03-04T09:30:00Z"), ("source", b"harbour-crawler"),
        ))
        for n in numbers
    ])


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)
