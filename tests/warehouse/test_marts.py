from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from pipelines.records import Author, Entity, Mention, Outlet
from pipelines.resolve.layout import layout
from pipelines.stage.audit import Audit, Finding
from pipelines.warehouse import Run, ask, load_batch, mart_examples
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import FETCHED_AT
from tests.warehouse.batches import (
    FALK,
    FALK_MENTION,
    MARROWBY,
    MARROWBY_MENTION,
    carried,
    gap,
    later,
    refused,
    stage,
    tombstone,
)
from tests.warehouse.reading import in_order, rows_without

README = Path(__file__).parents[2] / "pipelines/warehouse/README.md"
QUERIES = re.findall(r"```sql\n(.+?);\n```", README.read_text(encoding="utf-8"), re.DOTALL)
WIRE = tuple(range(128))
GAZETTE = Outlet("gazette.example", "The Gazette")
MONDAY, WEDNESDAY = date(2026, 3, 2), date(2026, 3, 4)


@pytest.fixture
def news(warehouse: RelationalWarehouse, tmp_path: Path) -> RelationalWarehouse:
    """Two outlets: a story and its copy on Monday, an undated teaser, a rejected page, a deleted article."""
    named = {"mentions": (MARROWBY_MENTION, FALK_MENTION), "entities": (FALK, MARROWBY), "story_signature": WIRE}
    load_batch(warehouse, stage(
        tmp_path,
        carried(0, published_at=later(-48), word_count=100, authors=(Author("Ola Brandt"),), **named),
        carried(1, article_id="1" * 32, content_hash="1" * 64, title="Pier vote", outlet=GAZETTE, word_count=120,
                published_at=later(-45), warnings=("charset: guessed",), **named),
        carried(2, article_id="2" * 32, content_hash="2" * 64, title="Ferry", outlet=GAZETTE, word_count=8,
                is_truncated=True, mentions=(MARROWBY_MENTION,), entities=(MARROWBY,)),
        refused(3), gap(4, 5), carried(5, article_id="3" * 32, content_hash="3" * 64), tombstone(6, "3" * 32),
    ))
    return warehouse


@pytest.fixture
def corrected(news: RelationalWarehouse, tmp_path: Path) -> RelationalWarehouse:
    """The same news, after the Gazette has published the whole text of its teaser, under another headline."""
    news.start_run(Run("run-1", "articles.raw", "dateline test", FETCHED_AT))
    audit = Audit((Finding("expect_words", "word_count", "warning", False, "8", "short articles"),))
    load_batch(news, stage(tmp_path, carried(
        6, article_id="2" * 32, content_hash="4" * 64, title="Ferry sails again", outlet=GAZETTE, word_count=90,
        fetched_at=later(36), mentions=(MARROWBY_MENTION,), entities=(MARROWBY,), partition=1,
    ), batch_id="batch-2"), audit)
    return news


def test_daily_outlet_volume(news: RelationalWarehouse) -> None:
    assert news.query("SELECT * FROM marts.daily_outlet_volume ORDER BY day, outlet_domain").rows == (
        (MONDAY, "gazette.example", "The Gazette", 1, 1, 1, 0, 0, 0, 120.0),
        (MONDAY, "harbour-news.example", "Harbour News", 1, 1, 0, 0, 0, 0, 100.0),
        (WEDNESDAY, "gazette.example", "The Gazette", 1, 1, 0, 1, 1, 0, None),
    )


def test_entity_attention(news: RelationalWarehouse) -> None:
    assert rows_without(news, "SELECT * FROM marts.entity_attention_daily", "entity_id") == [
        (MONDAY, "Ines Falk", "PER", None, 2, 1, 2, 2, 0, 1.5, 0, None),
        (MONDAY, "Marrowby", "LOC", "GB", 2, 1, 2, 2, 0, 0.5, 0, None),
        (WEDNESDAY, "Marrowby", "LOC", "GB", 1, 1, 1, 1, 0, 0.25, 1, None),
    ]


def test_country_attention(news: RelationalWarehouse) -> None:
    assert news.query("SELECT * FROM marts.country_attention_daily ORDER BY day").rows == (
        (MONDAY, "GB", 2, 1, 2, 2, 0, 0.5, 0, 0, 0, 0, 0.0), (WEDNESDAY, "GB", 1, 1, 1, 1, 0, 0.25, 1, 0, 0, 0, 0.0),
    )


def test_organisations_count_apart_in_the_attention_to_their_country(
    warehouse: RelationalWarehouse, tmp_path: Path
) -> None:
    bank = Entity("b" * 32, "Bank of Norway", "ORG", 2, 0.25, in_title=True, country="NO")
    oslo = Entity("d" * 32, "Oslo", "LOC", 1, 0.5, country="NO")
    bank_mentions = (Mention("Marrowby", "ORG", 0, 8, 0, "b" * 32, False, 0.8),) * 2
    oslo_mention = Mention("Ines Falk", "LOC", 143, 152, 1, "d" * 32, False, 0.9)
    load_batch(warehouse, stage(
        tmp_path,
        carried(0, published_at=later(-48), mentions=(*bank_mentions, oslo_mention), entities=(bank, oslo)),
        carried(1, article_id="1" * 32, content_hash="1" * 64, title="Rates", published_at=later(-47),
                mentions=bank_mentions, entities=(bank,)),
    ))
    assert warehouse.query("SELECT * FROM marts.country_attention_daily").rows == (
        (MONDAY, "NO", 1, 1, 1, 1, 0, 0.5, 0, 2, 2, 4, 0.5),
    )
    assert ask(warehouse, "top_countries").rows == (("NO", 1, 1),)


def test_entity_pairs(news: RelationalWarehouse) -> None:
    assert news.query("SELECT * FROM marts.entity_pairs").rows == (
        ("e" * 32, "f" * 32, "Marrowby", "Ines Falk", "LOC", "PER", 2, 1, FETCHED_AT, FETCHED_AT),
    )


def test_entity_timeline(news: RelationalWarehouse) -> None:
    assert rows_without(news, "SELECT * FROM marts.entity_timeline", "entity_id") == in_order([
        ("Ines Falk", "PER", later(-48), later(-45), "a" * 32, "a" * 32, "Pier to be rebuilt", "harbour-news.example",
         2, 2, 2, 0, 0.75),
        ("Marrowby", "LOC", later(-48), later(-45), "a" * 32, "a" * 32, "Pier to be rebuilt", "harbour-news.example",
         2, 2, 2, 0, 0.25),
        ("Marrowby", "LOC", FETCHED_AT, FETCHED_AT, "2" * 32, "2" * 32, "Ferry", "gazette.example", 1, 1, 1, 0, 0.25),
    ])


def test_syndication(news: RelationalWarehouse) -> None:
    assert news.query("SELECT * FROM marts.syndication").rows == (
        ("a" * 32, "a" * 32, "Pier to be rebuilt", "harbour-news.example", 2, 2, later(-48), later(-45), 3.0),
    )


def test_outlet_scorecard(news: RelationalWarehouse) -> None:
    assert news.query("SELECT * FROM marts.outlet_scorecard ORDER BY outlet_domain").rows == (
        ("gazette.example", "The Gazette", 2, 2, 0.5, 0.0, 0.5, 0.5, 0.5, 0.0, 120.0, FETCHED_AT, FETCHED_AT),
        ("harbour-news.example", "Harbour News", 1, 1, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 100.0, FETCHED_AT, FETCHED_AT),
    )


def test_pipeline_health(news: RelationalWarehouse) -> None:
    assert news.query("SELECT * FROM marts.pipeline_health ORDER BY scraper").rows == (
        (WEDNESDAY, "articles.raw", "(unknown)", 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0.0, 0, None),
        (WEDNESDAY, "articles.raw", "harbour-crawler", 5, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0.2, 0, "ConsentWall"),
    )


def test_what_the_command_line_asks(news: RelationalWarehouse) -> None:
    assert ask(news, "outcomes").rows == (("loaded", 4), ("deleted", 1), ("rejected", 1))
    assert ask(news, "reasons").rows == (("ConsentWall", 1),)
    assert ask(news, "top_entities").rows == (("Ines Falk", "PER", 1, None),)
    assert ask(news, "top_countries").rows == (("GB", 2, 3),)
    assert ask(news, "reject_rates").rows == (
        ("harbour-crawler", 5, 1, 0.2, "ConsentWall"), ("(unknown)", 1, 0, 0.0, None),
    )
    assert ask(news, "batch_is_loaded", ("batch-1",)).rows == (("batch-1", FETCHED_AT),)
    assert ask(news, "batch_is_loaded", ("batch-2",)).rows == ()
    assert ask(news, "last_audit").rows == ()


def test_every_query_of_the_readme_finds_something(corrected: RelationalWarehouse) -> None:
    wanted = [query.replace("WHERE NOT has_teaser", "") for query in QUERIES]
    assert [query for query in wanted if not corrected.query(query).rows] == []


def test_every_mart_has_an_example_that_finds_something(corrected: RelationalWarehouse) -> None:
    marts = mart_examples()
    assert [mart.name for mart in marts if not corrected.query(mart.query).rows] == []
    assert [mart.name for mart in marts if not any(f"marts.{mart.name}" in query for query in QUERIES)] == []


def test_every_mart_is_among_the_examples(news: RelationalWarehouse) -> None:
    views = news.query("SELECT table_name FROM information_schema.views WHERE table_schema = 'marts' ORDER BY 1").rows
    assert [name for (name,) in views] == sorted(mart.name for mart in mart_examples())


COMMENTS = {
    "duckdb": """
        SELECT schema_name || '.' || table_name || '.' || column_name, comment FROM duckdb_columns() WHERE NOT internal
        UNION ALL SELECT schema_name || '.' || table_name, comment FROM duckdb_tables()
        UNION ALL SELECT schema_name || '.' || view_name, comment FROM duckdb_views() WHERE NOT internal
    """,
    "postgres": """
        SELECT
            CASE nspname WHEN 'public' THEN 'main' ELSE nspname END || '.' || relname || coalesce('.' || attname, ''),
            CASE WHEN attname IS NULL THEN obj_description(c.oid) ELSE col_description(c.oid, attnum) END
        FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
        JOIN LATERAL (
            SELECT attname, attnum FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
            UNION ALL SELECT NULL, NULL
        ) columns ON true
        WHERE nspname IN ('public', 'marts') AND relkind IN ('r', 'v')
    """,
}


def test_every_column_of_every_table_and_mart_has_a_comment(warehouse: RelationalWarehouse) -> None:
    shown = dict(warehouse.query(COMMENTS[warehouse.dialect.name]).rows)
    assert [name for name, comment in shown.items() if not comment] == []
    assert shown["main.articles.is_truncated"].startswith("True if the body is a teaser before a paywall")
    assert shown["main.articles.dateline_place"] == "Place as written, such as Washington."
    assert shown["main.mentions.confidence"] == "Confidence of the models and rules in the mention, 0 to 1."
    assert {f"marts.{mart.name}": mart.comment for mart in mart_examples()}.items() <= shown.items()


def test_every_table_is_in_the_readme() -> None:
    named = set(re.findall(r"`(\w+)`", README.read_text(encoding="utf-8")))
    assert set(layout()) - named == set()
