"""Marts that compare news with earlier news: weeks, entities that rise, corrections, freshness; and days of a zone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from flows.targets import the_warehouse
from pipelines.records import Outlet
from pipelines.settings import Settings
from pipelines.warehouse import WarehouseFault, load_batch
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import FETCHED_AT
from tests.warehouse.batches import FALK, FALK_MENTION, MARROWBY, MARROWBY_MENTION, carried, later, refused, stage
from tests.warehouse.reading import rows_without

GAZETTE = Outlet("gazette.example", "The Gazette")
WIRE = tuple(range(128))
BOTH = {"mentions": (MARROWBY_MENTION, FALK_MENTION), "entities": (FALK, MARROWBY)}
ONLY_FALK = {"mentions": (FALK_MENTION,), "entities": (FALK,)}
ONLY_MARROWBY = {"mentions": (MARROWBY_MENTION,), "entities": (MARROWBY,)}
WEEKS = tuple(date(2026, month, day) for month, day in ((2, 16), (2, 23), (3, 2), (3, 9), (3, 23), (3, 30)))


@pytest.fixture
def weeks(warehouse: RelationalWarehouse, tmp_path: Path) -> RelationalWarehouse:
    """News from Sunday, 22 February to Wednesday, 4 March 2026, and one article with a date in the weeks after."""
    load_batch(warehouse, stage(
        tmp_path,
        carried(0, article_id="0" * 32, content_hash="0" * 64, published_at=later(-240), **BOTH),
        carried(1, article_id="1" * 32, content_hash="1" * 64, published_at=later(-216), **ONLY_MARROWBY),
        carried(2, article_id="2" * 32, content_hash="2" * 64, published_at=later(-24), story_signature=WIRE,
                **ONLY_FALK),
        carried(3, article_id="3" * 32, content_hash="3" * 64, published_at=later(-23), story_signature=WIRE,
                outlet=GAZETTE, **ONLY_FALK),
        carried(4, article_id="4" * 32, content_hash="4" * 64, published_at=None, **ONLY_FALK),
        carried(5, article_id="5" * 32, content_hash="5" * 64, published_at=later(480), **ONLY_MARROWBY),
    ))
    return warehouse


def test_attention_of_entities_by_week(weeks: RelationalWarehouse) -> None:
    assert rows_without(weeks, "SELECT * FROM marts.entity_attention_weekly", "entity_id", "country") == sorted([
        (WEEKS[0], "Ines Falk", "PER", None, 1, 1, None, None, None, True),
        (WEEKS[1], "Ines Falk", "PER", None, 0, 0, 1, -1, -1.0, True),
        (WEEKS[2], "Ines Falk", "PER", None, 3, 2, 0, 2, None, False),
        (WEEKS[0], "Marrowby", "LOC", None, 1, 1, None, None, None, True),
        (WEEKS[1], "Marrowby", "LOC", None, 1, 1, 1, 0, 0.0, True),
        (WEEKS[2], "Marrowby", "LOC", None, 0, 0, 1, -1, -1.0, False),
        (WEEKS[4], "Marrowby", "LOC", None, 1, 1, None, None, None, False),
    ], key=repr)


def test_attention_of_countries_by_week(weeks: RelationalWarehouse) -> None:
    assert weeks.query("SELECT * FROM marts.country_attention_weekly ORDER BY week").rows == (
        (WEEKS[0], "GB", 1, 1, None, None, None, True),
        (WEEKS[1], "GB", 1, 1, 1, 0, 0.0, True),
        (WEEKS[2], "GB", 0, 0, 1, -1, -1.0, False),
        (WEEKS[4], "GB", 1, 1, None, None, None, False),
    )


def test_entities_rise_against_their_own_past(weeks: RelationalWarehouse) -> None:
    """Two stories of the seven days, two of the days before: one of these names Falk, so one is expected."""
    found = weeks.query("SELECT * FROM marts.entities_rising").rows
    days = (date(2026, 2, 26), date(2026, 3, 4))
    assert found == ((*days, "f" * 32, "Ines Falk", "PER", None, None, 2, 2, 1, 1.0, 7 / 6),)


def test_nothing_rises_without_a_past(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    assert warehouse.query("SELECT * FROM marts.entities_rising").rows == ()
    load_batch(warehouse, stage(tmp_path, carried(0, published_at=later(-24), **ONLY_FALK)))
    assert warehouse.query("SELECT name, stories, stories_before, stories_expected, rise FROM marts.entities_rising"
                           ).rows == (("Ines Falk", 1, 0, None, None),)


def test_corrections_are_in_the_order_of_fetching(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    text = {"article_id": "1" * 32, "url": "https://gazette.example/ferry", "canonical_url": None, "outlet": GAZETTE}
    load_batch(warehouse, stage(
        tmp_path,
        carried(0, content_hash="1" * 64, title="Ferry", word_count=9, fetched_at=later(2), is_truncated=True, **text),
        carried(1, content_hash="2" * 64, title="Fery", word_count=8, fetched_at=later(0.5), is_truncated=True, **text),
        carried(2, content_hash="3" * 64, title="Ferry", word_count=80, fetched_at=later(5), body="At length.", **text),
        carried(3, content_hash="4" * 64, title="Ferry", word_count=90, fetched_at=later(6), body="Longer.", **text),
        carried(4),
    ))
    shown = (
        "SELECT version, previous_version, is_current, hours_since_first, title_before, title, is_title_changed, "
        "is_body_changed, words_before, words, has_teaser FROM marts.corrections ORDER BY corrected_at"
    )
    assert warehouse.query(shown).rows == (
        (1, 2, False, 1.5, "Fery", "Ferry", True, False, 8, 9, True),
        (3, 1, False, 4.5, "Ferry", "Ferry", False, True, 9, 80, True),
        (4, 3, True, 5.5, "Ferry", "Ferry", False, True, 80, 90, False),
    )
    of = "SELECT DISTINCT outlet_domain, outlet_name, url, first_fetched_at FROM marts.corrections"
    assert warehouse.query(of).rows == (
        ("gazette.example", "The Gazette", "https://gazette.example/ferry", later(0.5)),
    )


def test_freshness_of_each_scraper(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    """Batches are committed at FETCHED_AT: 60, 20 and 10 minutes after these messages, and before the last one."""
    load_batch(warehouse, stage(
        tmp_path,
        carried(0, article_id="0" * 32, content_hash="0" * 64, timestamp=later(-200), scraper="pier"),
        carried(1, article_id="1" * 32, content_hash="1" * 64, timestamp=later(-1), scraper="pier"),
        carried(2, article_id="2" * 32, content_hash="2" * 64, timestamp=later(-1 / 3), scraper="pier"),
        carried(3, article_id="3" * 32, content_hash="3" * 64, timestamp=later(-1 / 6), scraper="pier"),
        carried(4, article_id="4" * 32, content_hash="4" * 64, timestamp=later(0.5), scraper="quay"),
        refused(5, timestamp=later(-2), scraper="wharf"),
    ))
    shown = (
        "SELECT scraper, records, articles, newest_message_at, newest_load_at, hours_behind, delays, delay_p50_s, "
        "delay_p95_s, is_quarantined, quarantined_since, quarantined_why, waiting_articles "
        "FROM marts.pipeline_freshness ORDER BY scraper"
    )
    pier, quay, wharf = warehouse.query(shown).rows
    assert pier[:5] == ("pier", 4, 4, later(-1 / 6), FETCHED_AT)
    assert pier[5:] == (pytest.approx(2 / 3), 3, 1200.0, pytest.approx(3360.0), False, None, None, 0)
    assert quay == ("quay", 1, 1, later(0.5), FETCHED_AT, 0.0, 1, 0.0, 0.0, False, None, None, 0)
    assert wharf == ("wharf", 1, 0, later(-2), None, 2.5, 0, None, None, False, None, None, 0)


DAYS = "SELECT day, articles FROM marts.daily_outlet_volume ORDER BY day"
COMMENT = {
    "duckdb": "SELECT comment FROM duckdb_columns() WHERE table_name = 'daily_outlet_volume' AND column_name = 'day'",
    "postgres": "SELECT col_description('marts.daily_outlet_volume'::regclass, 1)",
}


def test_days_are_those_of_the_zone_that_is_set(database: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(database, stage(tmp_path, carried(0, published_at=later(-20))))
    assert database.query(DAYS).rows == ((date(2026, 3, 3), 1),)
    made = "SELECT made_at, fingerprint FROM layout"
    before = database.query(made).rows
    database.time_zone = "Pacific/Kiritimati"
    database.prepare()
    assert database.query(DAYS).rows == ((date(2026, 3, 4), 1),)
    assert "Day of publication in the time zone Pacific/Kiritimati" in database.query(
        COMMENT[database.dialect.name]
    ).rows[0][0]
    database.time_zone = "UTC"
    database.prepare()
    assert database.query(DAYS).rows == ((date(2026, 3, 3), 1),)
    assert database.query(made).rows == before


def test_a_zone_that_the_database_does_not_know_changes_nothing(database: RelationalWarehouse) -> None:
    before = database.query("SELECT fingerprint FROM layout").rows
    database.time_zone = "Nowhere/Land' OR 'x"
    with pytest.raises(WarehouseFault, match="does not know the time zone Nowhere/Land"):
        database.prepare()
    assert database.query("SELECT fingerprint FROM layout").rows == before


def test_a_new_warehouse_has_the_zone_of_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATELINE_MARTS__TIME_ZONE", "Pacific/Kiritimati")
    made = the_warehouse(Settings(home=tmp_path))
    made.prepare()
    load_batch(made, stage(tmp_path, carried(0, published_at=later(-20))))
    assert made.query(DAYS).rows == ((date(2026, 3, 4), 1),)
