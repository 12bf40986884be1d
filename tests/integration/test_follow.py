"""A run that follows a topic to which nothing comes writes nothing to Prefect."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from flows.local.prefect import LocalPrefect
from flows.stopping import Stop, stoppable
from flows.targets import with_settings
from flows.watching import Watcher, watched_by
from pipelines.settings import FollowSettings, KafkaSettings, Settings
from pipelines.sinks.kafka import make_topics

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
    while time.monotonic() - since < 3:  # events and logs are sent every second or two
        time.sleep(0.1)
        if (now := count()) != before:
            before, since = now, time.monotonic()
    return before


def test_polls_that_find_nothing_write_nothing_to_prefect(
    kafka: KafkaSettings, prefect_api: str, local_prefect: LocalPrefect, tmp_path: Path
) -> None:
    make_topics(kafka)
    settings = Settings(home=tmp_path / "home", kafka=kafka, follow=FollowSettings(poll_s=0.01, report_s=0.01))
    settings = settings.model_copy(update={"batch": settings.batch.model_copy(update={"workers": 0})})
    from flows.ingest import ingest

    with stoppable() as stop:
        polls = Polls(stop, lambda: prefect_rows(local_prefect), 3, 40)
        with watched_by(polls), with_settings(settings):
            report = ingest(follow=True)
    assert (report["status"], report["records"]) == ("completed", 0)
    at_first, at_last = polls.seen
    assert at_last == at_first
