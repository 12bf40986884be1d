"""Messages that kill, hang or starve the worker at them, each time: only they are rejected, and a replay after the fix
loads them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics, publish_messages
from pipelines.warehouse import open_warehouse
from tests.integration.running import Machine
from tests.jobs.test_poison import CRASH, HOARD, LOOP, MEMORY, message

POISON = {7: CRASH, 20: LOOP, 39: HOARD}


def test_poison_is_rejected_as_what_it_is_and_comes_back_after_the_fix(
    kafka: KafkaSettings, prefect_server: str, tmp_path: Path
) -> None:
    make_topics(kafka)
    publish_messages(kafka, kafka.raw_topic, [message(n, POISON.get(n, "Marrowby")) for n in range(40)])
    machine = Machine(tmp_path / "home", kafka, prefect_server)
    run = machine.run(
        "ingest", DATELINE_MODELS="tests.jobs.test_poison:Hazard", DATELINE_BATCH__MESSAGE_DEADLINE_S="8",
        DATELINE_BATCH__WORKER_MEMORY_BYTES=str(MEMORY),
    )
    assert run.returncode == 0, run.stdout
    warehouse = open_warehouse(f"duckdb:///{machine.home / 'warehouse.duckdb'}")
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
    assert json.loads(verified.stdout)["problems"] == []
