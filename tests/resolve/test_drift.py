"""A scraper is compared with its own past: each kind of anomaly, near misses, and scrapers that are too new."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipelines.failures import ConsentWall
from pipelines.resolve.drift import Anomaly, compare, find_anomalies
from pipelines.settings import DriftSettings
from pipelines.stage.figures import CONSENT_WALL, ScraperFigures

SETTINGS = DriftSettings()


def figures(scraper: str = "harbour", **changes: Any) -> ScraperFigures:
    """A quiet batch: 40 records, 38 articles of some 400 words, in English."""
    values: dict[str, Any] = {
        "records": 40, "rejected": 2, "consent_walls": 0, "articles": 38, "dates_ahead": 0, "words": 400.0,
        "words_low": 300.0, "words_high": 530.0, "languages": {"en": 38},
    }
    return ScraperFigures(scraper, **(values | changes))


PAST = [figures() for _ in range(5)]


def kinds(now: ScraperFigures, past: list[ScraperFigures] = PAST, **changes: Any) -> list[str]:
    settings = DriftSettings(**changes)
    return [anomaly.kind for anomaly in find_anomalies([now], {now.scraper: past}, settings)]


def test_a_scraper_that_goes_on_as_it_did_does_not_trip() -> None:
    assert kinds(figures()) == []


def test_consent_walls_is_an_anomaly_and_say_what_was_seen_and_what_is_usual() -> None:
    now = figures(rejected=32, consent_walls=30, articles=8, languages={"en": 8})
    assert find_anomalies([now], {"harbour": PAST}, SETTINGS) == [
        Anomaly("harbour", "consent_walls", 0.75, 0.0, "75 % of 40 records were consent walls, usually 0 %"),
        Anomaly("harbour", "rejected", 0.8, 0.05, "80 % of 40 records were rejected, usually 5 %"),
    ]


def test_the_fault_that_is_counted_is_the_one_that_is_raised() -> None:
    assert ConsentWall.__name__ == CONSENT_WALL


@pytest.mark.parametrize(("changes", "anomalous"), [
    ({"rejected": 13}, []),
    ({"rejected": 15}, ["rejected"]),
    ({"rejected": 8, "consent_walls": 7}, []),
    ({"rejected": 10, "consent_walls": 8}, ["consent_walls"]),
    ({"dates_ahead": 7}, []),
    ({"dates_ahead": 8}, ["dates_ahead"]),
    ({"words": 630.0}, []),
    ({"words": 800.0, "words_low": 600.0, "words_high": 1060.0}, ["length"]),
    ({"words": 260.0}, []),
    ({"words": 200.0, "words_low": 150.0, "words_high": 265.0}, ["length"]),
    ({"languages": {"en": 20, "fr": 18}}, []),
    ({"languages": {"en": 18, "fr": 20}}, ["languages"]),
    ({"languages": {"none": 38}}, ["languages"]),
])
def test_a_figure_has_an_anomaly_past_its_bound_and_not_before(changes: dict[str, Any], anomalous: list[str]) -> None:
    assert kinds(figures(**changes)) == anomalous


def test_lengths_and_languages_are_reported_in_words() -> None:
    now = figures(words=900.0, words_low=700.0, words_high=1200.0, languages={"fr": 38})
    assert find_anomalies([now], {"harbour": PAST}, SETTINGS) == [
        Anomaly("harbour", "length", 900.0, 400.0, "half of 38 articles have over 900 words, usually over 400"),
        Anomaly("harbour", "languages", 1.0, 0.0, "100 % of 38 articles are in other languages than usual: mostly fr, "
             "usually en"),
    ]


def test_a_small_batch_does_not_trip() -> None:
    assert kinds(figures(records=19, rejected=19, consent_walls=19, articles=0, words=None, languages={})) == []
    assert kinds(figures(records=20, rejected=20, consent_walls=20, articles=0, words=None, languages={})) == [
        "consent_walls", "rejected",
    ]


def test_few_articles_of_many_records_tell_nothing_of_articles() -> None:
    assert kinds(figures(records=22, rejected=3, articles=19, words=4_000.0, languages={"fr": 19})) == []


@pytest.mark.parametrize("past", [
    [], PAST[:2], [figures(records=33, articles=31)] * 3, [figures(records=90, articles=88)] * 2,
])
def test_a_scraper_without_enough_past_does_not_trip(past: list[ScraperFigures]) -> None:
    assert kinds(figures(rejected=40, consent_walls=40), past) == []


def test_as_much_past_as_the_settings_ask_for_is_enough() -> None:
    past = [figures(records=34, articles=32)] * 3
    assert kinds(figures(rejected=40, consent_walls=40), past) == ["consent_walls", "rejected"]
    assert kinds(figures(rejected=40, consent_walls=40), past, fewest_past_batches=4) == []


def test_what_was_so_in_a_recent_batch_is_no_news() -> None:
    past = [*PAST, figures(rejected=30, words=900.0, languages={"fr": 38})]
    assert kinds(figures(rejected=28, words=850.0, languages={"fr": 38}), past) == []


def test_a_tiny_odd_batch_of_the_past_excuses_nothing() -> None:
    odd = figures(records=2, rejected=2, consent_walls=2, articles=0, words=None, languages={})
    assert kinds(figures(rejected=32, consent_walls=30), [*PAST, odd]) == ["consent_walls", "rejected"]


def test_lengths_that_differ_widely_need_more_articles_to_tell() -> None:
    wide = {"words_low": 150.0, "words_high": 1_400.0}
    past = [figures(**wide)] * 5
    assert kinds(figures(words=800.0, **wide), past) == []
    many = figures(records=420, articles=400, words=800.0, languages={"en": 400}, **wide)
    assert kinds(many, past) == ["length"]


def test_a_scraper_that_mixes_languages_has_an_anomaly_when_it_stops() -> None:
    past = [figures(languages={"en": 14, "fr": 12, "pt": 12})] * 5
    assert kinds(figures(languages={"en": 20, "fr": 10, "pt": 8}), past) == []
    assert kinds(figures(languages={"pt": 38}), past) == ["languages"]


def test_a_scraper_that_has_an_anomaly_does_not_touch_another() -> None:
    walls = figures("quay", rejected=40, consent_walls=40)
    past = {"harbour": PAST, "quay": [replace(f, scraper="quay") for f in PAST]}
    both = find_anomalies([figures(), walls], past, SETTINGS)
    assert {anomaly.scraper for anomaly in both} == {"quay"}
    assert both == find_anomalies([walls], past, SETTINGS)


def test_the_order_of_scrapers_and_of_the_past_does_not_matter() -> None:
    past = [figures(words=float(n), rejected=n % 3) for n in range(350, 360)]
    now = [figures(rejected=39), figures("quay", words=2_000.0)]
    one = find_anomalies(now, {"harbour": past, "quay": past}, SETTINGS)
    assert [anomaly.scraper for anomaly in one] == ["harbour", "quay"]
    assert one == find_anomalies(now[::-1], {"quay": past[::-1], "harbour": past[::-1]}, SETTINGS)


def test_every_figure_is_shown_beside_its_past_with_the_bounds_of_an_anomaly() -> None:
    found = list(compare(figures(words=430.0), PAST, SETTINGS))
    assert [(c.kind, c.seen, c.usual, round(c.high, 4), c.low and round(c.low, 4), c.anomaly) for c in found] == [
        ("consent_walls", 0.0, 0.0, 0.2, None, None),
        ("rejected", 0.05, 0.05, 0.35, None, None),
        ("dates_ahead", 0.0, 0.0, 0.2, None, None),
        ("length", 430.0, 400.0, 640.0, 250.0, None),
        ("languages", 0.0, 0.0, 0.5, None, None),
    ]
    assert list(compare(figures(), PAST[:2], SETTINGS)) == []


@pytest.mark.parametrize("changes", [
    {"rejected": 32, "consent_walls": 30, "articles": 8, "languages": {"en": 8}}, {"words": 800.0}, {"words": 200.0},
    {"languages": {"fr": 38}}, {"dates_ahead": 30},
])
def test_an_anomaly_is_beyond_its_bounds_and_nothing_else_is(changes: dict[str, Any]) -> None:
    for found in compare(figures(**changes), PAST, SETTINGS):
        is_beyond = found.seen > found.high or (found.low is not None and found.seen < found.low)
        assert is_beyond == (found.anomaly is not None)
