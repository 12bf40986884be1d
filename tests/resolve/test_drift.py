"""A source is compared with its own past: each kind of trip, what comes near one, and who is too new to tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipelines.failures import ConsentWall
from pipelines.resolve.drift import Trip, find_trips
from pipelines.settings import BreakerSettings
from pipelines.stage.figures import CONSENT_WALL, SourceFigures

SETTINGS = BreakerSettings()


def figures(source: str = "harbour", **changes: Any) -> SourceFigures:
    """A quiet batch: 40 records, 38 articles of some 400 words, in English."""
    values: dict[str, Any] = {
        "records": 40, "rejected": 2, "consent_walls": 0, "articles": 38, "dates_ahead": 0, "words": 400.0,
        "words_low": 300.0, "words_high": 530.0, "languages": {"en": 38},
    }
    return SourceFigures(source, **(values | changes))


PAST = [figures() for _ in range(5)]


def kinds(now: SourceFigures, past: list[SourceFigures] = PAST, **changes: Any) -> list[str]:
    settings = BreakerSettings(**changes)
    return [trip.kind for trip in find_trips([now], {now.source: past}, settings)]


def test_a_source_that_goes_on_as_it_did_does_not_trip() -> None:
    assert kinds(figures()) == []


def test_consent_walls_trip_and_say_what_was_seen_and_what_is_usual() -> None:
    now = figures(rejected=32, consent_walls=30, articles=8, languages={"en": 8})
    assert find_trips([now], {"harbour": PAST}, SETTINGS) == [
        Trip("harbour", "consent_walls", 0.75, 0.0, "75 % of 40 records were consent walls, usually 0 %"),
        Trip("harbour", "rejected", 0.8, 0.05, "80 % of 40 records were rejected, usually 5 %"),
    ]


def test_the_fault_that_is_counted_is_the_one_that_is_raised() -> None:
    assert ConsentWall.__name__ == CONSENT_WALL


@pytest.mark.parametrize(("changes", "tripped"), [
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
def test_a_figure_trips_past_its_bound_and_not_before(changes: dict[str, Any], tripped: list[str]) -> None:
    assert kinds(figures(**changes)) == tripped


def test_lengths_and_languages_are_told_in_words() -> None:
    now = figures(words=900.0, words_low=700.0, words_high=1200.0, languages={"fr": 38})
    assert find_trips([now], {"harbour": PAST}, SETTINGS) == [
        Trip("harbour", "length", 900.0, 400.0, "half of 38 articles have over 900 words, usually over 400"),
        Trip("harbour", "languages", 1.0, 0.0, "100 % of 38 articles are in other languages than usual: mostly fr, "
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
def test_a_source_without_enough_past_does_not_trip(past: list[SourceFigures]) -> None:
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


def test_a_source_that_mixes_languages_trips_when_it_stops() -> None:
    past = [figures(languages={"en": 14, "fr": 12, "pt": 12})] * 5
    assert kinds(figures(languages={"en": 20, "fr": 10, "pt": 8}), past) == []
    assert kinds(figures(languages={"pt": 38}), past) == ["languages"]


def test_a_source_that_trips_does_not_touch_another() -> None:
    walls = figures("quay", rejected=40, consent_walls=40)
    past = {"harbour": PAST, "quay": [replace(f, source="quay") for f in PAST]}
    both = find_trips([figures(), walls], past, SETTINGS)
    assert {trip.source for trip in both} == {"quay"}
    assert both == find_trips([walls], past, SETTINGS)


def test_the_order_of_sources_and_of_the_past_does_not_matter() -> None:
    past = [figures(words=float(n), rejected=n % 3) for n in range(350, 360)]
    now = [figures(rejected=39), figures("quay", words=2_000.0)]
    one = find_trips(now, {"harbour": past, "quay": past}, SETTINGS)
    assert [trip.source for trip in one] == ["harbour", "quay"]
    assert one == find_trips(now[::-1], {"quay": past[::-1], "harbour": past[::-1]}, SETTINGS)
