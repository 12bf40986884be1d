"""A newer reading of a text takes the place of the one before it, in whatever order and batches messages come."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations

import pytest

from pipelines.resolve.versions import Known, KnownArticle, Sighting, resolve
from tests.builders import FETCHED_AT, coordinates

ARTICLE = "a" * 32


def at(minute: float) -> datetime:
    return FETCHED_AT + timedelta(minutes=minute)


def seen(offset: int, reading: str | None, fetched: float, *, text: str = "first", processed: float = 60) -> Sighting:
    return Sighting(
        coordinates(offset), at(offset), ARTICLE, text, at(fetched), word_count=100, reading=reading,
        processed_at=at(processed), processor="dateline test",
    )


def loaded(*batches: list[Sighting]) -> tuple[list[str], KnownArticle]:
    """The outcomes of batches, one after the other, and the article as it ends."""
    known, outcomes = Known(), []
    for batch in batches:
        found = resolve(batch, known)
        outcomes += [row.outcome for row in found.rows]
        known = Known({**known.articles, **found.articles})
    return outcomes, known.articles[ARTICLE]


def test_another_reading_of_the_same_text_is_loaded() -> None:
    outcomes, article = loaded([seen(0, "falk", 0)], [seen(1, "falk and moor", 5)], [seen(2, "falk and moor", 6)])
    assert outcomes == ["loaded", "new_reading", "unchanged"]
    assert (article.reading, article.current_version, article.version_of) == ("falk and moor", 1, {"first": 1})
    assert (article.first_fetched_at, article.current_fetched_at) == (at(0), at(6))


def test_an_older_reading_replaces_nothing() -> None:
    outcomes, article = loaded([seen(0, "newer", 9)], [seen(1, "older", 2)])
    assert outcomes == ["loaded", "unchanged"]
    assert article.reading == "newer"


def test_a_text_that_is_not_current_keeps_the_current_ones_reading() -> None:
    outcomes, article = loaded([seen(0, "one", 0)], [seen(1, "two", 5, text="second")], [seen(2, "late", 3)])
    assert outcomes == ["loaded", "new_version", "unchanged"]
    assert article.reading == "two"


def test_of_one_fetch_the_reading_that_was_processed_last_stays() -> None:
    first, again = seen(0, "before", 0, processed=60), seen(0, "after", 0, processed=90)
    assert loaded([first], [again])[0] == ["loaded", "new_reading"]
    assert loaded([again], [first])[1].reading == "after"


def test_what_was_loaded_before_readings_were_compared_takes_the_next_one() -> None:
    former = KnownArticle(ARTICLE, {"first": 1}, 1, "first", at(0), ARTICLE, at(0))
    found = resolve([seen(1, "known now", 4)], Known({ARTICLE: former}))
    assert [row.outcome for row in found.rows] == ["new_reading"]


def test_a_sighting_whose_reading_is_not_known_changes_none() -> None:
    outcomes, article = loaded([seen(0, "known", 0)], [seen(1, None, 5)])
    assert (outcomes, article.reading, article.current_fetched_at) == (["loaded", "unchanged"], "known", at(5))


SIGHTINGS = [seen(0, "a", 3), seen(1, "b", 1), seen(2, "c", 7), seen(3, "c", 8), seen(4, "b", 5)]


@pytest.mark.parametrize("order", list(permutations(range(5)))[::7])
@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_the_last_reading_is_the_same_for_every_order_and_split(order: tuple[int, ...], at_once: int) -> None:
    stream = [seen(n, SIGHTINGS[k].reading, (SIGHTINGS[k].fetched_at - FETCHED_AT).seconds / 60)  # type: ignore[operator]
              for n, k in enumerate(order)]
    _, article = loaded(*(stream[n : n + at_once] for n in range(0, 5, at_once)))
    assert (article.reading, article.current_fetched_at) == ("c", at(8))


def test_only_the_last_of_several_readings_in_a_batch_is_kept() -> None:
    rows = resolve([seen(0, "a", 0), seen(1, "b", 1), seen(2, "c", 2)], Known()).rows
    assert [(row.outcome, row.is_kept, row.is_current) for row in rows] == [
        ("loaded", False, False), ("new_reading", False, False), ("new_reading", True, True),
    ]
