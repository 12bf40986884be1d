"""A backfill on a real Kafka that is killed and run again: every page is loaded once."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from pipelines.failpoints import Failpoint
from pipelines.settings import KafkaSettings
from pipelines.warehouse import open_warehouse
from tests.integration.running import Machine, json_of, kill_group
from tests.jobs.test_ingest import page


def write_warc(path: Path, numbers: range) -> None:
    """An archive with a page for each number, between requests: a gzip member for each record, as crawlers write it."""
    records = []
    for n in numbers:
        records.append(record(n, "request", b"GET / HTTP/1.1\r\n\r\n"))
        records.append(record(n, "response", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page(n)))
    path.write_bytes(b"".join(map(gzip.compress, records)))


def record(n: int, kind: str, block: bytes) -> bytes:
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{uuid4()}>\r\n"
        f"WARC-Date: 2026-03-04T09:{n:02}:00Z\r\n"
        f"WARC-Target-URI: https://pier-gazette.example/pier/{n}\r\nContent-Type: application/http; msgtype={kind}\r\n"
        f"Content-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def test_a_killed_backfill_of_archives_is_continued_and_nothing_is_loaded_twice(
    kafka: KafkaSettings, make_topic: Callable[..., str], prefect_server: str, tmp_path: Path
) -> None:
    make_topic(1)
    machine = Machine(tmp_path / "home", kafka, prefect_server)
    archives = tmp_path / "crawl" / "2026" / "03"
    archives.mkdir(parents=True)
    for number in range(3):
        write_warc(archives / f"CC-NEWS-2026030{number}.warc.gz", range(number * 10, (number + 1) * 10))
    with_workers = replace(machine, workers=None)
    kill_group(with_workers.start_paused(f"{Failpoint.PUBLISHED}:2", "backfill", str(tmp_path / "crawl")))
    again = machine.run("backfill", str(tmp_path / "crawl"), "--json")
    assert again.returncode == 0, again.stdout
    report = json_of(again.stdout)
    assert (report["skipped"], report["sent"], report["outcomes"]) == (10, 20, {"loaded": 30, "unchanged": 10})
    third = json_of(machine.run("backfill", str(tmp_path / "crawl"), "--json").stdout)
    assert (third["skipped"], third["sent"], third["outcomes"]) == (30, 0, {})
    warehouse = open_warehouse(machine.warehouse_url)
    assert warehouse.query("SELECT count(*), count(DISTINCT url) FROM articles").rows == ((30, 30),)
    assert machine.run("ledger", "verify", "--deep").returncode == 0
