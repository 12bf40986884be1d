"""``dateline metrics``: what it shows of a small warehouse, and that it answers whatever the warehouse does."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from flows.cli.app import app
from flows.cli.commands.metrics import listening
from flows.faults import WrongUsage
from flows.metrics import figures
from flows.metrics.collector import PipelineCollector, registry_of
from pipelines.environment import read_settings
from pipelines.settings import Settings
from pipelines.sources import offsets
from pipelines.sources.offsets import Topic
from pipelines.warehouse import Run, Table, Warehouse, ask, load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.builders import FETCHED_AT
from tests.warehouse.batches import TOPIC, carried, later, refused, stage, tombstone

FETCHED_S = FETCHED_AT.timestamp()
HOUR_S = 3_600.0

SMALL = f"""
dateline_build_info{{version="0.1.0"}} 1.0
dateline_up 1.0
dateline_reachable{{system="warehouse"}} 1.0
dateline_reachable{{system="kafka"}} 1.0
dateline_lag_offsets{{partition="0",topic="articles.raw"}} 2.0
dateline_lag_offsets{{partition="1",topic="articles.raw"}} 5.0
dateline_waiting_offsets{{partition="0",topic="articles.raw"}} 0.0
dateline_waiting_offsets{{partition="1",topic="articles.raw"}} 3.0
dateline_records_total{{outcome="deleted",scraper="(unknown)"}} 1.0
dateline_records_total{{outcome="rejected",scraper="(unknown)"}} 1.0
dateline_records_total{{outcome="loaded",scraper="harbour-crawler"}} 2.0
dateline_records_total{{outcome="rejected",scraper="harbour-crawler"}} 2.0
dateline_rejected_records_total{{reason="UnexpectedFault",scraper="(unknown)"}} 0.0
dateline_rejected_records_total{{reason="other",scraper="(unknown)"}} 1.0
dateline_rejected_records_total{{reason="ConsentWall",scraper="harbour-crawler"}} 1.0
dateline_rejected_records_total{{reason="UnexpectedFault",scraper="harbour-crawler"}} 1.0
dateline_scraper_last_message_timestamp_seconds{{scraper="(unknown)"}} {FETCHED_S + 300}
dateline_scraper_last_message_timestamp_seconds{{scraper="harbour-crawler"}} {FETCHED_S + 60}
dateline_message_to_load_seconds_bucket{{le="1.0"}} 0.0
dateline_message_to_load_seconds_bucket{{le="2.0"}} 0.0
dateline_message_to_load_seconds_bucket{{le="3.0"}} 0.0
dateline_message_to_load_seconds_bucket{{le="5.0"}} 0.0
dateline_message_to_load_seconds_bucket{{le="10.0"}} 0.0
dateline_message_to_load_seconds_bucket{{le="30.0"}} 0.0
dateline_message_to_load_seconds_bucket{{le="60.0"}} 0.0
dateline_message_to_load_seconds_bucket{{le="300.0"}} 0.0
dateline_message_to_load_seconds_bucket{{le="900.0"}} 0.0
dateline_message_to_load_seconds_bucket{{le="3600.0"}} 2.0
dateline_message_to_load_seconds_bucket{{le="21600.0"}} 2.0
dateline_message_to_load_seconds_bucket{{le="86400.0"}} 2.0
dateline_message_to_load_seconds_bucket{{le="+Inf"}} 2.0
dateline_message_to_load_seconds_count 2.0
dateline_message_to_load_seconds_sum {2 * HOUR_S - 60}
dateline_fetch_to_load_seconds_bucket{{le="1.0"}} 0.0
dateline_fetch_to_load_seconds_bucket{{le="2.0"}} 0.0
dateline_fetch_to_load_seconds_bucket{{le="3.0"}} 0.0
dateline_fetch_to_load_seconds_bucket{{le="5.0"}} 0.0
dateline_fetch_to_load_seconds_bucket{{le="10.0"}} 0.0
dateline_fetch_to_load_seconds_bucket{{le="30.0"}} 0.0
dateline_fetch_to_load_seconds_bucket{{le="60.0"}} 0.0
dateline_fetch_to_load_seconds_bucket{{le="300.0"}} 0.0
dateline_fetch_to_load_seconds_bucket{{le="900.0"}} 0.0
dateline_fetch_to_load_seconds_bucket{{le="3600.0"}} 2.0
dateline_fetch_to_load_seconds_bucket{{le="21600.0"}} 2.0
dateline_fetch_to_load_seconds_bucket{{le="86400.0"}} 2.0
dateline_fetch_to_load_seconds_bucket{{le="+Inf"}} 2.0
dateline_fetch_to_load_seconds_count 2.0
dateline_fetch_to_load_seconds_sum {2 * HOUR_S}
dateline_batch_load_seconds_count 1.0
dateline_batch_load_seconds_sum {HOUR_S}
dateline_last_load_timestamp_seconds {FETCHED_S + HOUR_S}
dateline_runs_total{{kind="forget",status="abandoned"}} 0.0
dateline_runs_total{{kind="forget",status="completed"}} 0.0
dateline_runs_total{{kind="forget",status="failed"}} 0.0
dateline_runs_total{{kind="ingest",status="abandoned"}} 0.0
dateline_runs_total{{kind="ingest",status="completed"}} 1.0
dateline_runs_total{{kind="ingest",status="failed"}} 1.0
dateline_runs_total{{kind="release",status="abandoned"}} 0.0
dateline_runs_total{{kind="release",status="completed"}} 0.0
dateline_runs_total{{kind="release",status="failed"}} 0.0
dateline_runs_total{{kind="replay",status="abandoned"}} 0.0
dateline_runs_total{{kind="replay",status="completed"}} 0.0
dateline_runs_total{{kind="replay",status="failed"}} 0.0
dateline_runs_total{{kind="reprocess",status="abandoned"}} 0.0
dateline_runs_total{{kind="reprocess",status="completed"}} 0.0
dateline_runs_total{{kind="reprocess",status="failed"}} 0.0
dateline_running_runs{{kind="replay"}} 1.0
dateline_run_duration_seconds_count{{kind="ingest"}} 1.0
dateline_run_duration_seconds_sum{{kind="ingest"}} {2 * HOUR_S}
dateline_last_success_timestamp_seconds{{kind="ingest"}} {FETCHED_S + 2 * HOUR_S}
dateline_quarantined_scrapers 1.0
dateline_quarantined_articles{{scraper="other"}} 0.0
dateline_outbox_letters 3.0
dateline_outbox_oldest_timestamp_seconds {FETCHED_S + HOUR_S}
dateline_outbox_articles 0.0
dateline_ledger_problems 0.0
"""
"""All metrics of ``warehouse`` and ``broker``, without the times that depend on this machine."""


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Partition 0 of 8 offsets, partition 1 of 5, of which the last 3 are behind an open transaction."""
    topic = Topic(TOPIC, "", {0: (0, 8), 1: (0, 2)}, {1: 3})
    monkeypatch.setenv("DATELINE_KAFKA__BOOTSTRAP_SERVERS", "kafka.example:9092")
    monkeypatch.setattr(offsets, "first_contact", lambda _kafka, _topic: topic)


@pytest.fixture(scope="module")
def loaded(make_warehouse: Callable[[Path], DuckDBWarehouse], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six offsets of partition 0, three runs, and a quarantined scraper without records in the topic."""
    folder = tmp_path_factory.mktemp("metrics")
    made = DuckDBWarehouse(make_warehouse(folder / "warehouse.duckdb").path, clock=lambda: later(1))
    load_batch(made, stage(
        folder, carried(0), carried(1, article_id="b" * 32), refused(2), refused(3, reason="UnexpectedFault",
        timestamp=later(0)), refused(4, scraper=None, reason="TooStrange", timestamp=later(0)), tombstone(5),
    ))
    for run_id, kind, status in (("run-1", "ingest", "completed"), ("run-2", "ingest", "failed")):
        made.start_run(Run(run_id, TOPIC, "dateline", FETCHED_AT, kind))  # type: ignore[arg-type]  # named above
        made.finish_run(run_id, status, later(2))  # type: ignore[arg-type]  # named above
    made.start_run(Run("run-3", TOPIC, "dateline", FETCHED_AT, "replay"))
    with made._writing() as con:
        con.execute("INSERT INTO scrapers (scraper, state, since, batch_id) VALUES ('gone', 'quarantined', ?, 'b')",
                    [FETCHED_AT])
    return made.path


@pytest.fixture
def warehouse(loaded: Path, home: Path) -> DuckDBWarehouse:
    """The same, for one test to change."""
    home.mkdir()
    return DuckDBWarehouse(shutil.copy(loaded, home / "warehouse.duckdb"), clock=lambda: later(1))


def shown(text: str) -> list[str]:
    """The samples of an exposition, as Prometheus' parser reads them, without the times of this machine."""
    own = ("dateline_collection_duration_seconds", "dateline_ledger_check_timestamp_seconds")
    return [
        sample.name + ("{" + ",".join(f'{k}="{v}"' for k, v in sorted(sample.labels.items())) + "}"
                       if sample.labels else "") + f" {sample.value}"
        for family in text_string_to_metric_families(text) for sample in family.samples if sample.name not in own
    ]


def scraped(collector: PipelineCollector) -> list[str]:
    return shown(generate_latest(registry_of(collector)).decode())


def settings(**metrics: object) -> Settings:
    read = read_settings()
    return read.model_copy(update={"metrics": read.metrics.model_copy(update={"ledger_check_s": 0.0} | metrics)})


def test_the_metrics_of_a_small_warehouse(broker: None, warehouse: DuckDBWarehouse) -> None:
    printed = CliRunner().invoke(app, ["metrics", "--once"])
    assert printed.exit_code == 0
    assert shown(printed.stdout) == SMALL.split("\n")[1:-1]


def test_counters_grow_by_what_was_loaded_since_the_last_scrape(
    broker: None, warehouse: DuckDBWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = PipelineCollector(settings())
    assert 'dateline_records_total{outcome="rejected",scraper="harbour-crawler"} 2.0' in scraped(collector)
    load_batch(warehouse, stage(tmp_path, refused(6), refused(7, scraper="late"), batch_id="batch-2"))
    began: list[list[int]] = []

    def watched(from_: Warehouse, question: str, parameters: Sequence[Any] = ()) -> Table:
        if question == "metrics_records":
            began.append(parameters[2])
        return ask(from_, question, parameters)

    monkeypatch.setattr("pipelines.warehouse.ask", watched)
    found = scraped(collector)
    assert began == [[6]]
    assert 'dateline_records_total{outcome="rejected",scraper="harbour-crawler"} 3.0' in found
    assert 'dateline_records_total{outcome="rejected",scraper="late"} 1.0' in found
    assert "dateline_batch_load_seconds_count 2.0" in found


def test_a_restored_backup_is_counted_anew(broker: None, warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    backup = warehouse.path.read_bytes()
    load_batch(warehouse, stage(tmp_path, refused(6), batch_id="batch-2"))
    collector = PipelineCollector(settings())
    assert 'dateline_records_total{outcome="rejected",scraper="harbour-crawler"} 3.0' in scraped(collector)
    warehouse.path.write_bytes(backup)
    assert 'dateline_records_total{outcome="rejected",scraper="harbour-crawler"} 2.0' in scraped(collector)


def test_a_flood_of_scraper_names_is_counted_as_other(
    broker: None, warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    flood = [refused(n, scraper=f"flood-{n}" if n % 2 else "x" * 65) for n in range(6, 106)]
    collector = PipelineCollector(settings(scrapers=2))
    scraped(collector)
    load_batch(warehouse, stage(tmp_path, *flood, batch_id="batch-2"))
    found = scraped(collector)
    assert [line for line in found if line.startswith("dateline_records_total")] == [
        'dateline_records_total{outcome="deleted",scraper="(unknown)"} 1.0',
        'dateline_records_total{outcome="rejected",scraper="(unknown)"} 1.0',
        'dateline_records_total{outcome="loaded",scraper="harbour-crawler"} 2.0',
        'dateline_records_total{outcome="rejected",scraper="harbour-crawler"} 2.0',
        'dateline_records_total{outcome="rejected",scraper="other"} 100.0',
    ]


def test_partitions_beyond_the_limit_are_summed(
    broker: None, warehouse: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = Topic(TOPIC, "", dict.fromkeys(range(4), (0, 10)), {})
    monkeypatch.setattr(offsets, "first_contact", lambda _kafka, _topic: topic)
    assert [line for line in scraped(PipelineCollector(settings(scrapers=2))) if line.startswith("dateline_lag")] == [
        'dateline_lag_offsets{partition="0",topic="articles.raw"} 4.0',
        'dateline_lag_offsets{partition="1",topic="articles.raw"} 10.0',
        'dateline_lag_offsets{partition="other",topic="articles.raw"} 20.0',
    ]


def test_a_warehouse_that_is_not_there_is_down_and_its_lag_unknown(broker: None) -> None:
    assert scraped(PipelineCollector(settings())) == [
        'dateline_build_info{version="0.1.0"} 1.0',
        "dateline_up 0.0",
        'dateline_reachable{system="warehouse"} 0.0',
        'dateline_reachable{system="kafka"} 1.0',
        'dateline_waiting_offsets{partition="0",topic="articles.raw"} 0.0',
        'dateline_waiting_offsets{partition="1",topic="articles.raw"} 3.0',
    ]


def test_a_warehouse_that_is_busy_is_down_until_it_answers(
    broker: None, warehouse: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, real = threading.Event(), figures.opened
    monkeypatch.setattr(figures, "opened", lambda given: free.wait() and real(given))
    collector = PipelineCollector(settings(timeout_s=0.01))
    assert "dateline_up 0.0" in scraped(collector)
    assert 'dateline_reachable{system="warehouse"} 0.0' in scraped(collector)
    free.set()
    collector._warehouse.start().result()
    patient = collector._settings.metrics.model_copy(update={"timeout_s": 60.0})
    collector._settings = collector._settings.model_copy(update={"metrics": patient})
    assert "dateline_up 1.0" in scraped(collector)


def test_a_bug_does_not_end_the_scrape(
    broker: None, warehouse: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(offsets, "first_contact", lambda _kafka, _topic: 1 / 0)
    found = scraped(PipelineCollector(settings()))
    assert "dateline_up 0.0" in found
    assert 'dateline_reachable{system="warehouse"} 1.0' in found
    assert [(r.levelname, r.message) for r in caplog.records] == [
        ("ERROR", "the broker could not be read: division by zero")
    ]


@pytest.fixture
def served(broker: None, warehouse: DuckDBWarehouse) -> Iterator[int]:
    own = settings()
    server = listening(own.metrics.host, 0, registry_of(PipelineCollector(own)))
    assert server.server_address[0] == "127.0.0.1"
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_metrics_are_served_on_this_machine_alone(served: int) -> None:
    with urlopen(f"http://127.0.0.1:{served}/metrics", timeout=60) as answer:
        assert answer.headers.get_content_type() == "text/plain"
        text = answer.read().decode()
    assert shown(text) == [line for line in SMALL.split("\n")[1:-1] if not line.startswith("dateline_ledger")]


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        shown_fault = CliRunner().invoke(app, ["metrics", "--port", str(port)])
        assert shown_fault.exit_code == 2
        with pytest.raises(WrongUsage, match=f"Metrics cannot be served at 127.0.0.1:{port}: Address already in use."):
            listening("127.0.0.1", port, registry_of(PipelineCollector(settings())))
