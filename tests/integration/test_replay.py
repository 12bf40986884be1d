"""Replays against a real broker: a dry run changes nothing, batches follow each other, and only attempts change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.samples import sample_messages
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics, publish_messages
from pipelines.sources.kafka import topic_offsets
from pipelines.warehouse import open_warehouse
from tests.integration.running import Machine, json_of
from tests.integration.test_exactly_once import rows


def shown(machine: Machine, *arguments: str, **environment: str) -> dict[str, Any]:
    run = machine.run(*arguments, "--json", **environment)
    assert run.returncode == 0, run.stdout
    read: dict[str, Any] = json_of(run.stdout)
    return read


def all_there_is(machine: Machine) -> tuple[Any, ...]:
    """Every row, what is staged, and where the topics end."""
    warehouse = open_warehouse(machine.warehouse_url)
    listed = warehouse.query("SELECT schema_name || '.' || table_name FROM duckdb_tables() ORDER BY 1").rows
    names = [row[0] for row in listed]
    tables = {name: warehouse.query(f"SELECT * FROM {name} ORDER BY ALL").rows for name in names}
    staged = [(path, path.read_bytes()) for path in sorted((machine.home / "staged").rglob("*")) if path.is_file()]
    topics = [topic_offsets(machine.kafka, t) for t in (machine.kafka.raw_topic, machine.kafka.rejected_topic)]
    return tables, staged, topics


def but_attempts(machine: Machine) -> dict[str, list[tuple[Any, ...]]]:
    found = rows(machine)
    warehouse = open_warehouse(machine.warehouse_url)
    columns = "dead_letter_id, reason, details, fingerprint, original, original_path, original_bytes, message_key"
    found["dead_letters"] = list(warehouse.query(f"SELECT {columns} FROM dead_letters ORDER BY 1").rows)
    return found


def attempts(machine: Machine) -> set[int]:
    warehouse = open_warehouse(machine.warehouse_url)
    return {row[0] for row in warehouse.query("SELECT DISTINCT attempts FROM dead_letters").rows}


KEY = {
    "DATELINE_ENCRYPTION__KEYRING": "2026a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "DATELINE_ENCRYPTION__KEY_ID": "2026a",
}


@pytest.mark.slow
@pytest.mark.timeout(600)  # three runs, each with workers of its own
def test_rehearsed_then_replayed(kafka: KafkaSettings, prefect_server: str, tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home", kafka, prefect_server, max_records=500)
    make_topics(kafka)
    wanted = [sample for sample in sample_messages() if sample.expected["outcome"] == "rejected"]
    publish_messages(kafka, kafka.raw_topic, wanted)
    assert shown(machine, "ingest", **KEY)["outcomes"] == {"rejected": len(wanted)}
    before, loaded = all_there_is(machine), but_attempts(machine)
    originals = [row[4] for row in loaded["dead_letters"] if row[4] is not None]
    assert {original[:10] for original in originals} == {b"DLE1\x052026a"}
    tried = shown(machine, "rejected", "replay", "--dry-run", **KEY)
    assert tried["counts"] == {"would_pass": 0, "would_change": 0, "as_before": len(wanted)}
    assert all_there_is(machine) == before
    report = shown(machine, "rejected", "replay", DATELINE_BATCH__MAX_RECORDS="12", **KEY)
    assert (report["batches"], report["records"]) == (-(-len(wanted) // 12), len(wanted))
    assert report["outcomes"] == {"rejected": len(wanted)}
    assert (but_attempts(machine), attempts(machine)) == (loaded, {2})
    ends = topic_offsets(kafka, kafka.rejected_topic)
    assert sum(end for _, end in ends.values()) == 2 * len(wanted)
    assert open_warehouse(machine.warehouse_url).verify().problems == ()
