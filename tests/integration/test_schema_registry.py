"""A real schema registry: messages of a Java scraper, an outage, unknown ids, and the ids of clean articles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from flows.faults import FOUND_WRONG, UNAVAILABLE
from pipelines.records import OutgoingMessage
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics, publish_messages
from pipelines.warehouse import open_warehouse
from schemas import Registry, latest, load
from tests.integration.registry.apicurio import LocalApicurio, ask, produce
from tests.integration.running import Machine
from tests.integration.test_clean_topic import sent

RAW = load("raw_article", 1)
THEIRS = {
    **RAW, "name": "RawArticle", "namespace": "com.acme.crawler",
    "fields": [{"name": "crawl_id", "type": "string", "default": ""}, *RAW["fields"]],
}
URLS = [f"https://northgate-courier.example/pier-{n}" for n in range(3)]


@pytest.fixture
def apicurio(tmp_path: Path) -> Iterator[LocalApicurio]:
    local = LocalApicurio(tmp_path / "registry")
    with local.for_now():
        yield local


def url_of(apicurio: LocalApicurio) -> str:
    running = apicurio.running()
    assert running is not None
    return apicurio.url(running)


@pytest.mark.timeout(900)  # three servers, a compiler and five runs
def test_a_java_scraper_is_read_also_while_the_registry_is_away(
    kafka: KafkaSettings, prefect_server: str, apicurio: LocalApicurio, tmp_path: Path
) -> None:
    clean = kafka.model_copy(update={"clean_topic": f"{kafka.raw_topic}.clean"})
    make_topics(clean)
    url, running = url_of(apicurio), apicurio.running()
    assert running is not None
    machine = Machine(tmp_path / "home", clean, prefect_server)
    named = {"DATELINE_REGISTRY__URL": url, "DATELINE_KAFKA__CLEAN_TOPIC": str(clean.clean_topic),
             "DATELINE_REGISTRY__TIMEOUT_S": "3"}

    def send(*urls: str) -> None:
        at = {"broker": str(kafka.bootstrap_servers), "registry": apicurio.own_url(running), "topic": kafka.raw_topic}
        produce(tmp_path, THEIRS, urls, **at)

    send(URLS[0])
    first = replace(machine, workers=None).run("ingest", **named)
    assert first.returncode == 0, first.stdout
    warehouse = open_warehouse(machine.warehouse_url)
    assert outcomes(warehouse) == {"loaded": 1}
    (article,) = warehouse.query("SELECT url, scraper, evidence FROM articles").rows
    assert article[:2] == (URLS[0], "java-crawler")
    clean_subject = f"{clean.clean_topic}-value"
    clean_id = ask(f"{url}/subjects/{clean_subject}/versions/latest")["id"]
    assert json.loads(ask(f"{url}/schemas/ids/{clean_id}")["schema"]) == load("article", latest("article"))
    checked = machine.run("schemas", "check", "--registry", url, DATELINE_KAFKA__CLEAN_TOPIC=str(clean.clean_topic))
    assert checked.returncode == 0, checked.stdout
    assert f"{clean_subject}: article/{latest('article')} has the id {clean_id}." in " ".join(checked.stdout.split())

    send(URLS[1])  # its id is known by now
    apicurio.stop()
    second = machine.run("ingest", **named)
    assert second.returncode == 0, second.stdout
    assert outcomes(warehouse) == {"loaded": 2}
    values = [message.value or b"" for messages in sent(clean).values() for message in messages]
    assert {value[:5] for value in values} == {b"\x00" + clean_id.to_bytes(4, "big")}
    listed = Registry.load(ids={clean_id: f"article/{latest('article')}"})
    assert {listed.read(listed.by_id(clean_id), value[5:])["url"] for value in values} == set(URLS[:2])

    unknown = b"\x00" + (4_711).to_bytes(4, "big") + b"datum"
    publish_messages(kafka, kafka.raw_topic, [OutgoingMessage(b"unknown", unknown, ())])
    before = warehouse.loaded_topic(kafka.raw_topic).next_offsets
    third = machine.run("ingest", **named)
    assert third.returncode == UNAVAILABLE, third.stdout
    assert "Registry Unavailable" in third.stdout
    assert (warehouse.loaded_topic(kafka.raw_topic).next_offsets, outcomes(warehouse)) == (before, {"loaded": 2})

    replace(apicurio, port=running.port).start()
    fourth = machine.run("ingest", **named)
    assert fourth.returncode == 0, fourth.stdout
    assert outcomes(warehouse) == {"loaded": 2, "rejected": 1}
    assert warehouse.query("SELECT reason FROM dead_letters").rows == (("UnknownSchema",),)
    assert machine.run("ledger", "verify").returncode == 0


def outcomes(warehouse: object) -> dict[str, int]:
    query = "SELECT outcome, count(*) FROM ledger GROUP BY outcome ORDER BY outcome"
    return {str(outcome): int(count) for outcome, count in warehouse.query(query).rows}  # type: ignore[attr-defined]


@pytest.mark.timeout(300)
def test_what_dateline_cannot_read_is_found_before_it_is_sent(
    kafka: KafkaSettings, prefect_server: str, apicurio: LocalApicurio, tmp_path: Path
) -> None:
    machine = Machine(tmp_path / "home", kafka, prefect_server)
    url, subject = url_of(apicurio), f"{kafka.raw_topic}-value"
    ask(f"{url}/subjects/{subject}/versions", {"schema": json.dumps({**RAW, "fields": RAW["fields"][:5]})})
    found = machine.run("schemas", "check", "--registry", url)
    assert found.returncode == FOUND_WRONG, found.stdout
    assert f"{subject}/1 (id 1): raw_article/1 cannot read version 1" in " ".join(found.stdout.split())
