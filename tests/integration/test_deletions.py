"""Deletions over a real broker: by a file's name and by an address that is not the canonical one; they hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer

from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics
from pipelines.warehouse import open_warehouse
from tests.builders import BODY
from tests.integration.running import Machine, json_of

BEGAN = datetime.now(UTC) - timedelta(hours=1)
FILE, MOBILE, WALL = b"page-1.html", b"https://m.harbour-news.example/?id=77", b"wall\xff.html"


def page(number: int) -> bytes:
    return (
        f'<html lang=en><head><title>Pier {number}</title><link rel=canonical href="https://harbour-news.example/{number}">'
        f"</head><body><article><h1>Pier {number} to be rebuilt</h1>"
        f"{''.join(f'<p>{paragraph}</p>' for paragraph in BODY.split(chr(10) * 2))}</article></body></html>"
    ).encode()


class Producer:
    def __init__(self, kafka: KafkaSettings) -> None:
        self.topic, self.producer = kafka.raw_topic, KafkaProducer(bootstrap_servers=kafka.bootstrap_servers)

    def send(self, key: bytes, value: bytes | None, minute: float, partition: int = 0, url: str | None = None) -> None:
        at = BEGAN + timedelta(minutes=minute)
        headers = [("content-type", b"text/html")] + ([("url", url.encode())] if url else [])
        self.producer.send(
            self.topic, value, key, headers, partition, timestamp_ms=int(at.timestamp() * 1_000)
        ).get(timeout=15)


def ingested(machine: Machine, *arguments: str) -> dict[str, Any]:
    run = machine.run(*(arguments or ("ingest",)), "--json")
    assert run.returncode == 0, run.stdout
    outcomes: dict[str, Any] = json_of(run.stdout)["outcomes"]
    return outcomes


@pytest.mark.timeout(600)  # four runs, each a process of its own
def test_what_is_deleted_does_not_come_back(kafka: KafkaSettings, prefect_server: str, tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home", kafka, prefect_server, max_records=500)
    make_topics(kafka)
    producer = Producer(kafka)
    producer.send(FILE, page(1), 0, url="https://harbour-news.example/1?from=feed")
    producer.send(MOBILE, page(2), 0)
    producer.send(WALL, b"   ", 0)
    assert ingested(machine) == {"loaded": 2, "rejected": 1}
    for key in (FILE, MOBILE, WALL, b"never-seen.html"):
        producer.send(key, None, 10)
    producer.send(FILE, page(1), 9, partition=1)
    producer.send(MOBILE, page(2), 11, partition=1)
    assert ingested(machine) == {"deleted": 3, "nothing_to_delete": 1, "unchanged": 1, "loaded": 1}
    producer.send(FILE, page(1), 8, partition=1)
    assert ingested(machine) == {"suppressed": 1}
    assert ingested(machine, "rejected", "replay") == {}
    warehouse = open_warehouse(machine.warehouse_url)
    assert warehouse.query("SELECT canonical_url, version, coordinates_partition FROM articles").rows == (
        ("https://harbour-news.example/2", 1, 1),
    )
    assert warehouse.query("SELECT message_key, original, removed_in IS NULL FROM dead_letters").rows == (
        (None, None, False),
    )
    assert [path for path in (machine.home / "staged").rglob("*") if path.is_file()] == []
    assert warehouse.verify().problems == ()
