"""A reader that holds the snapshot of a DuckDB warehouse open does not keep a run from loading."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.samples import sample_messages
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics, publish_messages
from tests.integration.running import Machine

COUNT = "SELECT count(*) FROM ledger"


def test_runs_load_while_a_reader_has_the_snapshot_open(
    kafka: KafkaSettings, prefect_server: str, tmp_path: Path
) -> None:
    machine = Machine(tmp_path / "home", kafka, prefect_server)
    copy = tmp_path / "bi" / "news.duckdb"
    settings = {"DATELINE_SNAPSHOT__PATH": str(copy)}
    samples = list(sample_messages())
    make_topics(kafka)
    publish_messages(kafka, kafka.raw_topic, samples[:4])
    first = machine.run("ingest", **settings)
    assert first.returncode == 0, first.stdout
    with duckdb.connect(str(copy), read_only=True) as reader:
        publish_messages(kafka, kafka.raw_topic, samples[4:7])
        second = machine.run("ingest", **settings)
        assert second.returncode == 0, second.stdout
        assert reader.execute(COUNT).fetchall() == [(4,)]
    with duckdb.connect(str(copy), read_only=True) as reader:
        assert reader.execute(COUNT).fetchall() == [(7,)]
        assert reader.execute("SELECT sum(articles) > 0 FROM marts.daily_outlet_volume").fetchall() == [(True,)]
