"""A takedown removes the lines of logs that show what it removed, and no others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flows.traces import MOST_CHARACTERS, REMOVED, Traces, clean_logs, traces_of
from pipelines.resolve.redaction import redacted_name
from pipelines.resolve.takedowns import Takedown
from pipelines.settings import Settings
from pipelines.warehouse import load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.builders import FETCHED_AT
from tests.warehouse.batches import carried, stage

TAKEDOWN = Takedown("t" * 32, "article", "an order", "legal desk", FETCHED_AT, None)
TRACES = Traces(frozenset({"The lanterns were counted twice"}), frozenset({"https://pier.example/lanterns"}))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for folder in ("logs", "prefect", "kafka/logs"):
        (tmp_path / folder).mkdir(parents=True)
    return Settings(home=tmp_path)


def test_lines_that_quote_the_text_or_name_the_address_are_replaced(settings: Settings) -> None:
    log, former = settings.home / "logs" / "ingest-1.log", settings.home / "logs" / "workers.log.1"
    log.write_bytes(
        b"batch 1: loaded 3\nValueError: The lanterns were counted twice.\n\xff no text\n"
        b"https://pier.example/lanterns was read\nhttps://pier.example/boats was read\n"
    )
    former.write_text("The lanterns were counted twice\n")
    with log.open("ab") as writer:
        assert clean_logs(settings, TAKEDOWN, TRACES) == ()
        writer.write(b"batch 2: loaded 1\n")
    assert log.read_bytes() == (
        b"batch 1: loaded 3\n" + REMOVED + b"\xff no text\n" + REMOVED + b"https://pier.example/boats was read\n"
        b"batch 2: loaded 1\n"
    )
    assert former.read_bytes() == REMOVED


def test_a_log_without_traces_is_not_touched(settings: Settings) -> None:
    log = settings.home / "kafka" / "logs" / "server.log"
    log.write_text("started\n")
    os.utime(log, (1, 1))
    assert clean_logs(settings, TAKEDOWN, TRACES) == ()
    assert log.stat().st_mtime == 1


def test_a_name_is_found_in_whole_words(settings: Settings) -> None:
    log = settings.home / "logs" / "ingest-1.log"
    log.write_text("byline Ines FALK read\nbyline Falkland read\n")
    clean_logs(settings, TAKEDOWN, Traces(name=redacted_name(["Ines Falk", "Falk"], "salt")))
    assert log.read_bytes() == REMOVED + b"byline Falkland read\n"


@pytest.mark.parametrize(("address", "line", "is_in"), [
    ("https://pier.example/lanterns", "GET https://pier.example/lanterns?page=2", True),
    ("https://pier.example/lanterns", "'https://pier.example/lanterns'", True),
    ("https://pier.example/lanterns", "https://pier.example/lanterns-again", False),
    ("https://pier.example/lanterns", "https://pier.example/lanterns/boats", False),
    ("https://pier.example/lanterns", "https://pier.example/lanterns.", True),
    ("pier.example", "https://www.pier.example/boats", True),
    ("pier.example", "https://harbour-pier.example/boats", False),
    ("pier.example", "https://pier.example.other/boats", False),
])
def test_an_address_is_not_found_in_a_longer_one(address: str, line: str, is_in: bool) -> None:
    assert Traces(addresses=frozenset({address})).are_in(line) == is_in


@pytest.mark.parametrize("traces", [TRACES, Traces(name=redacted_name(["Ines Falk"], "salt"))], ids=["text", "name"])
def test_what_prefect_stores_is_named(settings: Settings, traces: Traces) -> None:
    (settings.home / "prefect" / "prefect.db").write_bytes(b"\0https://pier.example/lanterns\0")
    (left,) = clean_logs(settings, TAKEDOWN, traces)
    assert left.place.endswith("prefect/prefect.db")


def test_a_takedown_that_another_run_finishes_names_the_logs(settings: Settings) -> None:
    (left,) = clean_logs(settings, TAKEDOWN, None)
    assert left.place.startswith(f"Logs under {settings.home} from before 20")
    assert "--verify" in left.advice


def test_traces_are_the_texts_and_addresses_of_the_articles(
    prepared: Path, tmp_path: Path
) -> None:
    warehouse = DuckDBWarehouse(tmp_path / "news.duckdb", clock=lambda: FETCHED_AT)
    warehouse.path.write_bytes(prepared.read_bytes())
    load_batch(warehouse, stage(tmp_path, carried(0)))
    ((article_id, title, url),) = warehouse.query("SELECT article_id, title, url FROM articles").rows
    found = traces_of(warehouse, TAKEDOWN, (article_id,), None)
    assert title[:MOST_CHARACTERS] in found.pieces
    assert url in found.addresses
    name = redacted_name(["Ines Falk"], "salt")
    assert traces_of(warehouse, TAKEDOWN, (article_id,), name) == Traces(name=name)
