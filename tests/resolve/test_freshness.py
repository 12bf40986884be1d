from __future__ import annotations

from datetime import timedelta

from pipelines.resolve.freshness import Appearance, find_stale_scrapers
from pipelines.settings import DriftSettings
from tests.builders import FETCHED_AT

SETTINGS = DriftSettings()


def every(minutes: float, *numbers: int) -> list[Appearance]:
    """Batches with messages of a scraper, so many minutes apart."""
    return [Appearance(n, FETCHED_AT + timedelta(minutes=minutes * n)) for n in numbers]


def test_a_scraper_that_came_in_nearly_every_batch_and_stopped_is_stale() -> None:
    seen = {"harbour": every(5, *range(1, 31)), "quay": every(5, 1, 2, 3, 4, 5, 7, 8, 9, 10)}
    assert find_stale_scrapers(seen, 30, SETTINGS) == {
        "quay": "stale: not seen for 20 batches and 1.7 hours, usually at most 1 batch and 10 minutes"
    }


def test_a_scraper_that_missed_no_more_than_it_does_is_not() -> None:
    appearances = {"harbour": every(5, *range(1, 31)), "quay": every(5, *range(1, 27))}
    assert find_stale_scrapers(appearances, 30, SETTINGS) == {}


def test_a_scraper_that_comes_now_and_then_is_not() -> None:
    seen = {"harbour": every(5, *range(1, 31)), "quay": every(5, 1, 3, 5, 7, 9, 11)}
    assert find_stale_scrapers(seen, 30, SETTINGS) == {}


def test_a_scraper_with_hardly_a_past_is_not() -> None:
    assert find_stale_scrapers({"harbour": every(5, *range(1, 31)), "quay": every(5, 1, 2)}, 30, SETTINGS) == {}


def test_a_stream_that_rests_or_is_caught_up_with_makes_nobody_stale() -> None:
    assert find_stale_scrapers({"harbour": every(5, *range(1, 11))}, 10, SETTINGS) == {}
    soon = [Appearance(n, FETCHED_AT + timedelta(hours=10, seconds=n)) for n in range(11, 31)]
    slow = every(60, *range(1, 11))
    assert find_stale_scrapers({"harbour": [*slow, *soon], "quay": slow}, 30, SETTINGS) == {}
