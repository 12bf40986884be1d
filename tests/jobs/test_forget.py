"""What a takedown of an outlet finds: its articles, those that wait, and rejected messages that are pages of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from pipelines.jobs.forget import articles_at, bearer_of, domain_of, is_named, next_of_outlet
from pipelines.records import Author, Entity, Mention, Outlet
from pipelines.resolve.redaction import redacted_name
from pipelines.resolve.takedowns import Forgotten, Takedown
from pipelines.settings import Settings
from pipelines.warehouse import load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from schemas import Registry
from tests.builders import FETCHED_AT, coordinates
from tests.warehouse.batches import Event, carried, later, refused, stage

PIER = Outlet("pier.example", "Pier")
TAKEDOWN = Takedown("t" * 32, "outlet", "asked to", "editor", FETCHED_AT, None, "pier.example")


@pytest.fixture
def warehouse(make_warehouse: Callable[[Path], DuckDBWarehouse], tmp_path: Path) -> DuckDBWarehouse:
    return DuckDBWarehouse(make_warehouse(tmp_path / "news.duckdb").path, clock=lambda: FETCHED_AT)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def load(warehouse: DuckDBWarehouse, folder: Path, *events: Event) -> None:
    load_batch(warehouse, stage(folder, *events))


@pytest.mark.parametrize(
    ("given", "domain"),
    [
        ("pier.example", "pier.example"), ("https://www.pier.example/news/1", "pier.example"),
        ("PIER.example", "pier.example"), ("news.pier.co.uk", "pier.co.uk"), (" nowhere ", "nowhere"),
        ("pier.example:443", "pier.example"), ("www.Möwe.example", "xn--mwe-sna.example"),
        ("Pier.example.", "pier.example"), ("http://", "http://"),
    ],
)
def test_an_outlet_is_named_by_its_domain_or_an_address(given: str, domain: str) -> None:
    assert domain_of(given) == domain


def test_an_article_is_found_by_every_address_that_it_had(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    load(
        warehouse, tmp_path, carried(0, url="https://pier.example/a?x=1", canonical_url="https://pier.example/a"),
        carried(1, article_id="c" * 32, content_hash="c" * 64, url="https://pier.example/b"),
    )
    for url in ("https://pier.example/a", "https://pier.example/a?x=1", "https://pier.example/a?utm_source=mail#top"):
        assert articles_at(warehouse, url)[1:] == ("a" * 32,)
    assert len(articles_at(warehouse, "https://pier.example/none")) == 1  # the id of what may come


def test_articles_come_first_and_then_rejected_messages(
    warehouse: DuckDBWarehouse, settings: Settings, tmp_path: Path
) -> None:
    item = {"url": "https://www.pier.example/x", "title": "Pier", "text": "…"}
    load(
        warehouse, tmp_path, carried(0, outlet=PIER), carried(1, article_id="c" * 32, content_hash="c" * 64),
        refused(2, headers=(("url", b"https://pier.example/wall"),), value=b"<p>wall"),
        refused(3, value=json.dumps(item).encode()),
        refused(4, key=b"https://news.pier.example/y", headers=(), value=b"\xff\xfe"),
        refused(5, headers=(("url", b"https://quay.example/1"),), value=b"<a href='https://pier.example/'>"),
    )
    first = next_of_outlet(warehouse, TAKEDOWN, settings, 10)
    assert first is not None
    assert (first.article_ids, first.rejected) == (("a" * 32,), ())
    load_batch(warehouse, stage(tmp_path, batch_id="forget-1", kind="forget"), forgotten=first)
    second = next_of_outlet(warehouse, TAKEDOWN, settings, 10)
    assert second is not None
    assert second.article_ids == ()
    assert set(second.rejected) == {coordinates(2), coordinates(3), coordinates(4)}
    some = next_of_outlet(warehouse, TAKEDOWN, settings, 2)
    assert some is not None
    assert len(some.rejected) == 2
    load_batch(warehouse, stage(tmp_path, batch_id="forget-2", kind="forget"), forgotten=second)
    assert next_of_outlet(warehouse, TAKEDOWN, settings, 10) is None


def take_down(warehouse: DuckDBWarehouse, settings: Settings, folder: Path) -> list[Forgotten]:
    """The batches in which the outlet is taken down; none is asked for twice."""
    batches: list[Forgotten] = []
    while (found := next_of_outlet(warehouse, TAKEDOWN, settings, 10)) is not None:
        assert found not in batches
        batches.append(found)
        load_batch(warehouse, stage(folder, batch_id=f"forget-{len(batches)}", kind="forget"), forgotten=found)
        assert warehouse.verify().problems == ()
    return batches


def test_a_withdrawn_article_of_an_outlet_is_found_by_its_address(
    warehouse: DuckDBWarehouse, settings: Settings, tmp_path: Path
) -> None:
    load(
        warehouse, tmp_path, carried(0, outlet=PIER, url="https://www.pier.example/lanterns", title="Lanterns"),
        carried(1, article_id="c" * 32, content_hash="c" * 64, url="https://quay.example/1"),
    )
    again = refused(0, reason="ListingPage"), refused(1, reason="ListingPage")
    load_batch(warehouse, stage(tmp_path, *again, batch_id="again", kind="reprocess"))
    assert articles_at(warehouse, "https://www.pier.example/lanterns")[1:] == ("a" * 32,)
    assert [batch.article_ids for batch in take_down(warehouse, settings, tmp_path)] == [("a" * 32,)]
    assert warehouse.query("SELECT article_id FROM withdrawn_articles").rows == (("c" * 32,),)


def test_an_article_that_waits_twice_is_forgotten_once(
    warehouse: DuckDBWarehouse, settings: Settings, tmp_path: Path
) -> None:
    load(warehouse, tmp_path, carried(0, article_id="c" * 32, content_hash="c" * 64))
    with duckdb.connect(str(warehouse.path)) as con:
        con.execute("INSERT INTO scrapers VALUES ('quay-crawler', 'quarantined', now(), NULL, 'batch-1', NULL)")
    waiting = [
        carried(n, outlet=PIER, scraper="quay-crawler", content_hash=f"{n}" * 64, fetched_at=later(n)) for n in (1, 2)
    ]
    load_batch(warehouse, stage(tmp_path, *waiting, batch_id="batch-2"))
    assert warehouse.query("SELECT count(*) FROM quarantined_articles").rows == ((2,),)
    assert [batch.article_ids for batch in take_down(warehouse, settings, tmp_path)] == [("a" * 32,)]
    assert warehouse.query("SELECT count(*) FROM quarantined_articles").rows == ((0,),)


def test_a_page_of_the_outlet_that_a_replay_loaded_as_another_outlets_keeps_no_original(
    warehouse: DuckDBWarehouse, settings: Settings, tmp_path: Path
) -> None:
    load(warehouse, tmp_path, refused(0, headers=(("url", b"https://pier.example/wall"),), value=b"<p>wall"))
    quay = carried(0, outlet=Outlet("quay.example", "Quay"))
    load_batch(warehouse, stage(tmp_path, quay, batch_id="replay-1", kind="replay"))
    assert [batch.rejected for batch in take_down(warehouse, settings, tmp_path)] == [(coordinates(0),)]
    assert warehouse.query("SELECT original, header_names FROM dead_letters").rows == ((None, []),)
    assert warehouse.query("SELECT outlet_domain FROM articles").rows == (("quay.example",),)


@pytest.mark.parametrize(
    ("asked", "forms"),
    [
        ("Ines Falk", {"Ines Falk", "Falk", "Mayor Falk", "falk"}), ("Falk", {"Falk", "Ines Falk", "Mayor Falk"}),
        ("Tom Reed", {"Tom Reed", "Reed"}), ("習近平", {"習近平"}), ("Ines F.", {"Ines F."}),
        ("Nobody Here", {"Nobody Here", "here"}),
    ],
)
def test_a_name_has_the_forms_that_the_article_gives_it(
    warehouse: DuckDBWarehouse, tmp_path: Path, asked: str, forms: set[str]
) -> None:
    people = (
        ("f" * 32, "Ines Falk", ("Ines Falk", "Falk", "Mayor Falk")), ("1" * 32, "Tom Reed", ("Tom Reed", "Reed")),
        ("2" * 32, "Anna Reed", ("Anna Reed",)),
    )
    body = " ".join(form for *_, said in people for form in said)
    mentions = tuple(
        Mention(form, "PER", body.index(form), body.index(form) + len(form), 0, entity_id, False, 0.9)
        for entity_id, _, said in people for form in said
    )
    entities = tuple(Entity(entity_id, name, "PER", len(said), 0.3) for entity_id, name, said in people)
    load(warehouse, tmp_path, carried(0, title="Two people", body=body, mentions=mentions, entities=entities))
    found = bearer_of(warehouse, "a" * 32, asked).forms
    assert set(found) == forms
    assert is_named(warehouse, "a" * 32, redacted_name(found, "salt")) == (asked in {"Ines Falk", "Falk", "Tom Reed"})


@pytest.mark.parametrize(
    ("asked", "several", "others"),
    [
        ("Martin", ("Martin Weber", "Paul Martin"), {"Lena Vester"}),
        ("Paul Martin", (), {"Martin Weber", "Lena Vester"}),
        ("Weber", (), {"Paul Martin", "Lena Vester"}), ("Lena", (), {"Paul Martin", "Martin Weber"}),
    ],
)
def test_a_short_name_of_several_people_is_not_one_persons(
    warehouse: DuckDBWarehouse, tmp_path: Path, asked: str, several: tuple[str, ...], others: set[str]
) -> None:
    body = "Paul Martin met Martin Weber."
    mentions = tuple(
        Mention(form, "PER", body.index(form), body.index(form) + len(form), 0, entity_id, False, 0.9)
        for entity_id, form in (("f" * 32, "Paul Martin"), ("1" * 32, "Martin Weber"))
    )
    entities = tuple(Entity(each.entity_id, each.text, "PER", 1, 0.3) for each in mentions)
    authors = (Author("Lena Vester", "person"),)
    load(warehouse, tmp_path, carried(0, body=body, mentions=mentions, entities=entities, authors=authors))
    found = bearer_of(warehouse, "a" * 32, asked)
    assert (found.several, found.others) == (several, others)


def test_a_name_is_found_and_redacted_in_articles_that_are_only_quarantined(
    warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    with duckdb.connect(str(warehouse.path)) as con:
        con.execute("INSERT INTO scrapers VALUES ('quay-crawler', 'quarantined', now(), NULL, 'batch-1', NULL)")
    body = "Ines Falk spoke."
    mention = Mention("Ines Falk", "PER", 0, 9, 0, "f" * 32, False, 0.9)
    entity = Entity("f" * 32, "Ines Falk", "PER", 1, 0.3)
    load(warehouse, tmp_path, carried(
        0, scraper="quay-crawler", title="A speech", body=body, mentions=(mention,), entities=(entity,), authors=(),
    ))
    with duckdb.connect(str(warehouse.path)) as con:
        con.execute("UPDATE quarantined_articles SET schema_version = 1")
    bearer = bearer_of(warehouse, "a" * 32, "Falk")
    assert set(bearer.forms) == {"Falk", "Ines Falk"}
    name = redacted_name(bearer.forms, "salt", bearer.others)
    assert is_named(warehouse, "a" * 32, name)
    takedown = replace(TAKEDOWN, scope="person", outlet_domain=None)
    load_batch(
        warehouse, stage(tmp_path, batch_id="forget-1", kind="forget"),
        forgotten=Forgotten(takedown, ("a" * 32,), name=name),
    )
    ((article, version),) = warehouse.query("SELECT article, schema_version FROM quarantined_articles").rows
    registry = Registry.load()
    assert registry.decode(bytes(article))["body"] == "[redacted] spoke."
    assert version == registry.latest("article").version
    assert not is_named(warehouse, "a" * 32, name)
    assert warehouse.verify().problems == ()


def test_a_name_is_found_and_redacted_in_articles_that_are_only_withdrawn(
    warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    load(warehouse, tmp_path, carried(0, title="A speech", body="Ines Falk spoke.", authors=()))
    again = stage(tmp_path, refused(0, reason="ListingPage"), batch_id="again", kind="reprocess")
    load_batch(warehouse, again)
    bearer = bearer_of(warehouse, "a" * 32, "Ines Falk")
    name = redacted_name(bearer.forms, "salt", bearer.others)
    assert is_named(warehouse, "a" * 32, name)
    takedown = replace(TAKEDOWN, scope="person", outlet_domain=None)
    load_batch(
        warehouse, stage(tmp_path, batch_id="forget-1", kind="forget"),
        forgotten=Forgotten(takedown, ("a" * 32,), name=name),
    )
    assert warehouse.query("SELECT body FROM withdrawn_articles").rows == (("[redacted] spoke.",),)
    assert not is_named(warehouse, "a" * 32, name)
