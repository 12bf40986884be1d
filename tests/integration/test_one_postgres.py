"""Several machines load into one PostgreSQL database, and a deployment does: what a file of one machine cannot."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import psycopg

from pipelines.failpoints import Failpoint
from pipelines.samples import sample_messages
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics, publish_messages
from pipelines.warehouse import open_warehouse
from tests.integration.running import PATIENCE_S, Machine, json_of

WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name LIKE 'dateline%'
"""


def test_runs_from_two_homes_and_topics_into_one_database_load_at_the_same_time(
    kafka: KafkaSettings, prefect_server: str, postgres: str, tmp_path: Path
) -> None:
    samples = list(sample_messages())[:12]
    one = Machine(tmp_path / "one", kafka, prefect_server, warehouse=postgres)
    other_topics = kafka.model_copy(update={
        "raw_topic": f"{kafka.raw_topic}-other", "rejected_topic": f"{kafka.rejected_topic}-other",
    })
    other = replace(one, home=tmp_path / "other", kafka=other_topics)
    for machine, messages in ((one, samples[:6]), (other, samples[6:])):
        make_topics(machine.kafka)
        publish_messages(machine.kafka, machine.kafka.raw_topic, messages)

    first = one.start_paused(Failpoint.CHANGED, "ingest")
    second = other.start("ingest")
    with psycopg.connect(postgres, autocommit=True) as watching:
        until = time.monotonic() + PATIENCE_S
        while watching.execute(WAITING).fetchone() != (1,):  # the second has decided, and the first holds the revision
            assert second.poll() is None, second.communicate()[0]
            assert time.monotonic() < until
            time.sleep(0.05)
    one.go_on()
    for run in (first, second):
        output, _ = run.communicate(timeout=PATIENCE_S)
        assert run.returncode == 0, output

    warehouse = open_warehouse(postgres)
    loaded = warehouse.query("SELECT topic, count(*) FROM ledger GROUP BY topic ORDER BY topic").rows
    assert loaded == ((one.kafka.raw_topic, 6), (other.kafka.raw_topic, 6))
    runs = warehouse.query("SELECT topic, status FROM runs ORDER BY topic").rows
    assert runs == ((one.kafka.raw_topic, "completed"), (other.kafka.raw_topic, "completed"))
    verified = one.run("ledger", "verify", "--deep", "--json")
    assert (verified.returncode, json_of(verified.stdout)["problems"]) == (0, [])
