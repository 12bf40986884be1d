"""Messages that kill, hang or starve the worker at them, each time: only they are rejected, and a replay after the fix
loads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from kafka import KafkaProducer

from pipelines.jobs.batches import transform_batch
from pipelines.jobs.replay import fetch_again
from pipelines.records import Coordinates, OffsetRange, RawMessage
from pipelines.runtime.local import LocalExecutor
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics, publish_messages
from pipelines.warehouse import open_warehouse
from tests.integration.running import Machine, json_of
from tests.jobs.test_ingest import NOW, plan, rows, settings
from tests.runtime.test_poison import CRASH, HOARD, LOOP, MEMORY, message

BOMB_BYTES = 300_000_000
POISON = {7: CRASH, 20: LOOP, 39: HOARD}


def test_poison_is_rejected_as_what_it_is_and_comes_back_after_the_fix(
    kafka: KafkaSettings, prefect_server: str, tmp_path: Path
) -> None:
    make_topics(kafka)
    publish_messages(kafka, kafka.raw_topic, [message(n, POISON.get(n, "Marrowby")) for n in range(40)])
    machine = Machine(tmp_path / "home", kafka, prefect_server, workers=None)
    run = machine.run(
        "ingest", DATELINE_MODELS="tests.runtime.test_poison:Hazard", DATELINE_BATCH__MESSAGE_DEADLINE_S="8",
        DATELINE_BATCH__WORKER_MEMORY_BYTES=str(MEMORY),
    )
    assert run.returncode == 0, run.stdout
    warehouse = open_warehouse(machine.warehouse_url)
    ledger = warehouse.query("SELECT coalesce(reason, outcome), count(*) FROM ledger GROUP BY ALL").rows
    assert dict(ledger) == {"loaded": 37, "WorkerCrashed": 1, "TimeExceeded": 1, "MemoryExceeded": 1}
    letters = warehouse.query("SELECT step, reason, message_key, original FROM dead_letters").rows
    assert {(step, key, original) for step, _, key, original in letters} == {
        ("enrich", message(n, place).key, message(n, place).value) for n, place in POISON.items()
    }
    replay = machine.run("rejected", "replay", "--json")
    assert replay.returncode == 0, replay.stdout
    outcomes = Counter(dict(warehouse.query("SELECT outcome, count(*) FROM ledger GROUP BY outcome").rows))
    assert outcomes == {"loaded": 40}
    verified = machine.run("ledger", "verify", "--deep", "--json")
    assert json_of(verified.stdout)["problems"] == []


def test_a_value_that_no_memory_holds_is_rejected_alone_and_the_records_of_its_batch_are_staged(
    kafka: KafkaSettings, make_topic: Callable[..., str], tmp_path: Path
) -> None:
    topic = make_topic(max_message_bytes="2000000")
    messages = [message(n, "Marrowby") for n in range(6)]
    producer = KafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers, compression_type="zstd", linger_ms=60_000, batch_size=1 << 30,
        max_request_size=1 << 30,
    )
    for n, sent in enumerate(messages):  # one batch: a few kilobytes on the wire
        producer.send(topic, key=sent.key, value=bytes(BOMB_BYTES) if n == 3 else sent.value,
                      headers=list(sent.headers))
    producer.close(timeout=60)
    shown = settings(tmp_path, worker_memory_bytes=MEMORY).model_copy(update={"kafka": kafka})
    with LocalExecutor(1, tmp_path / "workers.log", MEMORY) as workers:
        wanted = replace(plan(tmp_path, ranges=(OffsetRange(topic, 0, 0, len(messages)),)),
                         processed_at=datetime.now(UTC))
        batch = transform_batch(wanted, shown, workers).batch
    found = rows(batch, "outcomes", "offset", "outcome", "reason")
    assert found == [(n, "rejected", "MemoryExceeded") if n == 3 else (n, "staged", None) for n in range(6)]
    (letter,) = (row for read in batch.tables("dead_letters") for row in read.to_pylist())
    assert (letter["step"], letter["key"], letter["original"]) == ("read", messages[3].key, None)
    assert letter["original_bytes"] == BOMB_BYTES
    assert letter["details"][0]["expectation"].endswith(f"the original remains in Kafka, at {topic}/0@3")
    left = RawMessage(Coordinates(topic, 0, 3), NOW, None, None, left_out_bytes=BOMB_BYTES)
    assert len(fetch_again(kafka, left).value or b"") == BOMB_BYTES
