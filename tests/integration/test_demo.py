"""The demo as a newcomer sees it: a month of news, a scraper in quarantine, and the dashboard at the end."""

from __future__ import annotations

import os
import re
import signal
import time
import urllib.request
from pathlib import Path

from pipelines.samples.month import month_messages
from pipelines.settings import KafkaSettings
from tests.integration.running import PATIENCE_S, Forked, Machine


def test_the_demo_ends_with_the_dashboard(kafka: KafkaSettings, prefect_server: str, tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home", kafka, prefect_server, max_records=1_000, workers=None)
    demo = machine.start("demo", "--dashboard", DATELINE_DASHBOARD__PORT="0")
    assert isinstance(demo, Forked)
    address = found(demo, r"The dashboard is at (http://127\.0\.0\.1:\d+)")
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=30) as answer:
            assert answer.status == 200
    finally:
        demo_ends(demo)
    printed = demo.printed()
    assert f"Published {len(list(month_messages()))} sample messages" in printed
    assert "regional-feeds is quarantined" in printed
    assert "Who is in the news" in printed
    again = machine.run("demo")
    assert again.returncode == 0, again.stdout
    assert "the warehouse is caught up with the topic" in again.stdout
    assert "The dashboard is at" not in again.stdout, "it waits for nobody who is not at a terminal"


def found(demo: Forked, pattern: str) -> str:
    until = time.monotonic() + PATIENCE_S
    while not (match := re.search(pattern, demo.printed())):
        assert demo.poll() is None, demo.printed()
        assert time.monotonic() < until, demo.printed()
        time.sleep(0.1)
    return match[1]


def demo_ends(demo: Forked) -> None:
    os.kill(demo.pid, signal.SIGTERM)
    assert demo.wait(30) == 0, demo.printed()
