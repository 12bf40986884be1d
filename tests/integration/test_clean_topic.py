"""Clean articles in a real topic: at least once after a kill, in order for each article, a deletion as a tombstone."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.outbox import Outbox
from pipelines.failpoints import Failpoint
from pipelines.records import RawMessage
from pipelines.samples import sample_messages
from pipelines.settings import KafkaSettings, Settings
from pipelines.sinks.kafka import make_topics, publish_messages
from pipelines.warehouse import load_batch, open_warehouse
from pipelines.warehouse.duckdb import DuckDBWarehouse
from schemas import Registry
from tests.integration.running import Machine, kill_group
from tests.integration.test_kafka_writing import everything
from tests.warehouse.batches import carried, later, stage, tombstone

ONE, TWO = "a" * 32, "b" * 32


@pytest.fixture
def clean(kafka: KafkaSettings) -> KafkaSettings:
    return kafka.model_copy(update={"clean_topic": kafka.raw_topic.replace("raw", "clean")})


def sent(kafka: KafkaSettings) -> dict[str, list[RawMessage]]:
    """The messages of each article, in their order."""
    assert kafka.clean_topic is not None
    found: dict[str, list[RawMessage]] = {}
    for message in everything(kafka, kafka.clean_topic):
        found.setdefault((message.key or b"").decode(), []).append(message)
    return found


def heads(messages: list[RawMessage]) -> list[tuple[str | None, str | None, bool]]:
    return [(message.header("outcome"), message.header("version"), message.value is None) for message in messages]


def test_messages_of_an_article_are_in_order_and_its_deletion_is_a_tombstone(
    clean: KafkaSettings, tmp_path: Path
) -> None:
    warehouse = DuckDBWarehouse(tmp_path / "news.duckdb")
    warehouse.prepare()
    outbox = Outbox(Settings(kafka=clean.model_copy(update={"raw_topic": "articles.raw"})), warehouse, "articles")
    first = carried(0, key=b"page")
    versions = [carried(n, key=b"page", content_hash=f"{n:064x}", fetched_at=later(n)) for n in range(1, 40)]
    load_batch(warehouse, stage(tmp_path, first, *versions, batch_id="batch-1"), sends_articles=True)
    outbox.send(more=True)
    batch = stage(tmp_path, tombstone(40), carried(41, article_id=TWO), batch_id="batch-2")
    load_batch(warehouse, batch, sends_articles=True)
    outbox.send(more=True)
    found = sent(clean)
    assert heads(found[ONE]) == [
        ("loaded", "1", False), *(("new_version", str(n), False) for n in range(2, 41)), ("deleted", None, True),
    ]
    assert heads(found[TWO]) == [("loaded", "1", False)]
    assert Registry.load().decode(found[ONE][0].value or b"") == first.record | {"version": 1, "story_id": ONE}
    assert len({message.coordinates.partition for message in found[ONE]}) == 1
    assert warehouse.outbox_standing() == []


@pytest.mark.timeout(600)  # two runs, each with workers of its own
def test_a_run_that_is_killed_after_sending_sends_again_and_loads_nothing_twice(
    clean: KafkaSettings, prefect_server: str, tmp_path: Path
) -> None:
    machine = Machine(tmp_path / "home", clean, prefect_server)
    named = {"DATELINE_KAFKA__CLEAN_TOPIC": str(clean.clean_topic)}
    make_topics(clean)
    wanted = [sample for sample in sample_messages() if sample.expected["outcome"] == "loaded"][:12]
    publish_messages(clean, clean.raw_topic, wanted)
    kill_group(machine.start_paused(Failpoint.SENT, "ingest", **named))
    warehouse = open_warehouse(machine.warehouse_url)
    assert [(waiting.kind, waiting.letters) for waiting in warehouse.outbox_standing()] == [("articles", 12)]
    again = machine.run("ingest", **named)
    assert again.returncode == 0, again.stdout
    assert warehouse.outbox_standing() == []
    ids = {row[0] for row in warehouse.query("SELECT article_id FROM articles").rows}
    found = sent(clean)
    assert (len(ids), found.keys()) == (12, ids)
    for messages in found.values():
        assert heads(messages) == [("loaded", "1", False)] * 2
        assert messages[0].value == messages[1].value
