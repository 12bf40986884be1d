"""Takedowns outside of the warehouse: what is asked for, what is searched, what Kafka keeps, and the receipt."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from pydantic import SecretStr

from flows import takedowns
from flows.faults import WrongUsage
from flows.forget import Wanted
from flows.receipts import receipt_path, write_receipt
from flows.remains import send_tombstones, what_remains
from flows.searching import a_phrase_of, copies_of, need_phrase, search_stores
from pipelines.broker import BrokerRefused
from pipelines.records import OutgoingMessage, Outlet
from pipelines.resolve.takedowns import Forgotten, Takedown
from pipelines.settings import EncryptionSettings, KafkaSettings, Settings
from pipelines.sources.kafka import TopicMissing
from pipelines.sources.retention import Retention
from pipelines.stage import PartWriter, StagedBatch, stage_store
from pipelines.warehouse import load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.builders import FETCHED_AT, a_message
from tests.warehouse.batches import PROCESSOR, carried, refused, stage

SECRET = "The harbour master counted the lanterns twice"
BODY = f"{SECRET} before he went home.\n\nNothing else happened in the harbour that night."
TAKEDOWN = Takedown("t" * 32, "article", "asked to", "editor", FETCHED_AT)
ARTICLE, COPY = "a" * 32, "c" * 32
WEEK = timedelta(days=7)


@pytest.fixture
def settings(tmp_path: Path, home: Path) -> Settings:
    home.mkdir()
    return Settings(home=home, snapshot={"path": tmp_path / "copy.duckdb"})  # type: ignore[arg-type]


@pytest.fixture
def warehouse(make_warehouse: Callable[[Path], DuckDBWarehouse], home: Path, settings: Settings) -> DuckDBWarehouse:
    return make_warehouse(home / "warehouse.duckdb")


def forget(warehouse: DuckDBWarehouse, settings: Settings) -> None:
    batch_id = f"{TAKEDOWN.takedown_id}-00001"
    folder = stage_store(settings).batches / batch_id
    batch = StagedBatch(batch_id, "run", folder, (), (), PROCESSOR, FETCHED_AT, "forget")
    load_batch(warehouse, batch, forgotten=Forgotten(TAKEDOWN, (ARTICLE,)))


@pytest.mark.parametrize("wanted", [{}, {"url": "https://a.example/1", "outlet": "a.example"}])
def test_a_takedown_removes_exactly_one_thing(wanted: dict[str, str]) -> None:
    with pytest.raises(WrongUsage, match="exactly one of"):
        Wanted(**wanted)


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"person": "Ines Falk"}, "together with --in ARTICLE"), ({"url": "https://a.example", "within": "a"}, "--in"),
        ({"person": "…", "within": "a" * 32}, "no letters"), ({"person": "a " * 9, "within": "a" * 32}, "8 words"),
        ({"outlet": " "}, "no name"),
    ],
)
def test_a_name_is_redacted_in_one_article(wanted: dict[str, str], says: str) -> None:
    with pytest.raises(WrongUsage, match=says):
        Wanted(**wanted)


@pytest.mark.parametrize("article", ["", "abc", "A" * 32, "a" * 33])
def test_what_is_no_id_of_an_article_is_refused(article: str) -> None:
    with pytest.raises(WrongUsage, match="32 hexadecimal digits"):
        Wanted(article=article)


def test_a_phrase_that_is_found_in_many_texts_is_refused() -> None:
    assert need_phrase(f" {SECRET} ") == SECRET
    with pytest.raises(WrongUsage, match="fewer than 12 characters"):
        need_phrase("  the harbour   "[:9])


def test_a_phrase_is_found_wherever_it_is_kept(settings: Settings, warehouse: DuckDBWarehouse) -> None:
    store = stage_store(settings)
    batch = stage(
        store.batches, carried(0, body=BODY), refused(1, value=gzip.compress(SECRET.encode())),
        refused(2, value=json.dumps({"text": "“" + SECRET}).encode()), refused(3, value=b"of something else"),
    )
    load_batch(warehouse, batch)
    store.keep_original(gzip.compress(f"<p>{SECRET}</p>".encode()), "articles.raw")
    for name in ("logs/ingest.log", "reports/w/latest.html", "prefect/prefect.db", "receipts/r.json", "logs/empty.log"):
        path = settings.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("" if "empty" in name else f"… {SECRET} …")
    assert settings.snapshot.path is not None
    settings.snapshot.path.write_bytes(b"\x00" + SECRET.encode())
    found = {(each.store, each.place.removeprefix(str(store.root)), each.count) for each in search_stores(
        settings, warehouse, SECRET
    )}
    assert {one for one in found if one[0] == "warehouse"} == {
        ("warehouse", "articles", 1), ("warehouse", "article_versions", 1), ("warehouse", "dead_letters.original", 2),
    }
    assert sum(one[0] == "stage" for one in found) == 3  # articles, dead letters, an original
    assert {place for kind, place, _ in found if kind == "home"} >= {
        "logs/ingest.log", "reports/w/latest.html", "prefect/prefect.db", "receipts/r.json",
        str(settings.snapshot.path),
    }
    assert list(search_stores(settings, warehouse, "nobody ever wrote this sentence")) == []


def test_encrypted_originals_are_searched_with_their_key(settings: Settings, warehouse: DuckDBWarehouse) -> None:
    key = base64.b64encode(bytes(32)).decode()
    secret = settings.model_copy(update={
        "encryption": EncryptionSettings(keyring={"first": SecretStr(key)}, key_id="first"),
        "limits": settings.limits.model_copy(update={"dead_letter_bytes": 100}),
    })
    store = stage_store(secret)
    batch = stage(
        store.batches, refused(0, value=SECRET.encode()), refused(1, value=f"{SECRET} {'and again ' * 20}".encode()),
        store=store,
    )
    load_batch(warehouse, batch)
    with PartWriter(store.batches / "raw", "part-000") as writer:
        writer.message(a_message(value=SECRET.encode()), store.keyring)
        writer.close()
    places = [one.place for one in search_stores(secret, warehouse, SECRET)]
    assert sum(place.endswith("part-000.parquet") for place in places) == 2  # dead letters and raw messages
    assert (len(places), "dead_letters.original" in places) == (4, True)
    assert list(search_stores(settings, warehouse, SECRET)) == []


def test_the_phrase_of_a_search_is_in_no_other_article(settings: Settings, warehouse: DuckDBWarehouse) -> None:
    batch = stage(
        stage_store(settings).batches, carried(0, body=BODY),
        carried(1, article_id=COPY, body=BODY.partition("\n")[0], outlet=Outlet("copy.example", "Copy")),
    )
    load_batch(warehouse, batch)
    assert a_phrase_of(warehouse, TAKEDOWN, (ARTICLE,)) == "Nothing else happened in the harbour that night."
    assert a_phrase_of(warehouse, TAKEDOWN, (COPY,)) is None
    assert a_phrase_of(warehouse, TAKEDOWN, ("d" * 32,)) is None
    outlet = replace(TAKEDOWN, scope="outlet", outlet_domain="copy.example")
    assert a_phrase_of(warehouse, outlet, ()) is None


def test_copies_of_the_same_story_are_named(settings: Settings, warehouse: DuckDBWarehouse) -> None:
    signature = tuple(range(192))
    load_batch(warehouse, stage(
        stage_store(settings).batches, carried(0, story_signature=signature, word_count=200),
        carried(1, article_id=COPY, story_signature=signature, word_count=200, outlet=Outlet("copy.example", "Copy")),
        carried(2, article_id="d" * 32, content_hash="d" * 64),
    ))
    assert [row["article_id"] for row in copies_of(warehouse, TAKEDOWN, (ARTICLE,))] == [COPY]
    assert copies_of(warehouse, TAKEDOWN, ("d" * 32,)) == []
    outlet = replace(TAKEDOWN, scope="outlet", outlet_domain="copy.example")
    assert [row["article_id"] for row in copies_of(warehouse, outlet, ())] == [ARTICLE]


def test_the_receipt_is_a_file(settings: Settings, warehouse: DuckDBWarehouse) -> None:
    load_batch(warehouse, stage(stage_store(settings).batches, carried(0, body=BODY)))
    forget(warehouse, settings)
    remains = [{"place": "Kafka topic articles.raw: 1 record", "until": None, "advice": "wait"}]
    warehouse.complete_takedown(TAKEDOWN.takedown_id, remains, FETCHED_AT)
    receipt = write_receipt(settings, warehouse, TAKEDOWN.takedown_id)
    path = receipt_path(settings, TAKEDOWN.takedown_id)
    assert (receipt["file"], receipt["remains"], receipt["articles"]) == (str(path), remains, 1)
    written = json.loads(path.read_text("utf-8"))
    assert (written["reason"], written["requested_by"]) == ("asked to", "editor")
    assert [each["article_id"] for each in written["suppressed_articles"]] == [ARTICLE]
    assert SECRET not in path.read_text("utf-8")
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("retention", "offsets", "expected"),
    [
        (Retention(is_compacted=False, keep=WEEK), {0: (0, 9)}, ("2026-03-11T", "Kafka removes them by age")),
        (Retention(is_compacted=True, keep=None), {0: (1, 9)}, (None, "The topic is compacted")),
        (Retention(is_compacted=False, keep=None), {0: (0, 9)}, (None, "keeps records for ever")),
        (Retention(is_compacted=False, keep=WEEK), {0: (9, 9)}, None),
        (BrokerRefused("no"), {0: (0, 9)}, (None, "may not be read")),
        (TopicMissing("gone"), {0: (0, 9)}, None),
    ],
)
def test_what_kafka_keeps_is_said_with_its_date(  # noqa: PLR0917  fixtures and cases
    settings: Settings, warehouse: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch,
    retention: Retention | Exception, offsets: dict[int, tuple[int, int]], expected: tuple[str | None, str] | None,
) -> None:
    load_batch(warehouse, stage(
        stage_store(settings).batches, carried(0, timestamp=datetime(2026, 3, 4, 10, tzinfo=UTC)),
        carried(1, timestamp=datetime(2026, 3, 4, 12, tzinfo=UTC)),
    ))
    forget(warehouse, settings)

    def told(_kafka: KafkaSettings, _topic: str) -> Retention:
        if isinstance(retention, Exception):
            raise retention
        return retention

    monkeypatch.setattr("pipelines.sources.retention.topic_retention", told)
    monkeypatch.setattr("pipelines.sources.offsets.topic_offsets", lambda _kafka, _topic: offsets)
    found = what_remains(settings, warehouse, TAKEDOWN.takedown_id)
    if expected is None:
        assert found == ()
        return
    (left,) = found
    assert left.place == "Kafka topic articles.raw: 2 records"
    assert (left.until or "").startswith(expected[0] or "")
    assert (left.until is None) == (expected[0] is None)
    assert expected[1] in left.advice


@pytest.mark.parametrize("is_compacted", [True, False])
def test_a_compacted_topic_of_dead_letters_gets_tombstones(
    settings: Settings, warehouse: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch, is_compacted: bool
) -> None:
    load_batch(warehouse, stage(stage_store(settings).batches, refused(0, names=(ARTICLE,)), refused(1)))
    forget(warehouse, settings)
    sent: list[OutgoingMessage] = []
    monkeypatch.setattr(
        "pipelines.sources.retention.topic_retention", lambda _kafka, _topic: Retention(is_compacted, None)
    )
    monkeypatch.setattr("pipelines.sinks.kafka.publish_messages", lambda _k, _t, messages: sent.extend(messages))
    send_tombstones(settings, warehouse, TAKEDOWN.takedown_id)
    assert [(each.key, each.value) for each in sent] == ([(b"articles.raw/0@0", None)] if is_compacted else [])


def test_room_that_cannot_be_freed_is_said_and_keeps_no_takedown_open(
    warehouse: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with duckdb.connect(str(warehouse.path)) as con:  # DuckDB cannot copy a table that refers to itself
        con.execute("CREATE TABLE parts (id INTEGER PRIMARY KEY, part_of INTEGER REFERENCES parts (id))")
        con.execute("INSERT INTO parts VALUES (1, NULL)")
        con.execute("INSERT INTO parts VALUES (2, 1)")
    work: Any = SimpleNamespace(warehouse=warehouse)
    (left,) = takedowns._free(work)
    assert "dateline maintain --keep-days 0" in left.advice
    assert [file.name for file in warehouse.path.parent.glob("warehouse.duckdb*")] == ["warehouse.duckdb"]
    monkeypatch.setattr(warehouse, "maintain", lambda _keep: [])
    assert takedowns._free(work) == ()
