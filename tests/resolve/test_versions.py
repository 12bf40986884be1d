from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.resolve.stories import Member
from pipelines.resolve.versions import Known, KnownArticle, Resolution, Resolutions, Sighting, in_order, resolve
from tests.builders import FETCHED_AT, coordinates
from tests.resolve.store import Store

ARTICLE, OTHER = "a" * 32, "c" * 32


def seen(
    offset: int, text: str | None = "first", *, article_id: str = ARTICLE, hour: float | None = None,
    partition: int = 0, signature: tuple[int, ...] = (), words: int = 100,
) -> Sighting:
    """A record that carries ``text``, fetched at ``hour``; None is a delete request."""
    fetched_at = None if text is None else FETCHED_AT + timedelta(hours=offset if hour is None else hour)
    at = FETCHED_AT + timedelta(minutes=offset)
    return Sighting(coordinates(offset, partition), at, article_id, text, fetched_at, signature, words)


def shown(found: Resolutions) -> list[tuple[str, int | None]]:
    return [(row.outcome, row.version) for row in found.rows]


def test_a_first_text_is_loaded_and_seen_again_unchanged() -> None:
    found = resolve([seen(0), seen(1), seen(2, hour=-5)], Known())
    assert shown(found) == [("loaded", 1), ("unchanged", 1), ("unchanged", 1)]
    assert [row.is_current for row in found.rows] == [True, False, False]
    assert found.articles[ARTICLE].current_fetched_at == FETCHED_AT + timedelta(hours=1)


def test_a_new_text_is_a_version_and_so_is_a_return_to_the_old_one() -> None:
    found = resolve([seen(0), seen(1, "second"), seen(2, "first")], Known())
    assert shown(found) == [("loaded", 1), ("new_version", 2), ("new_version", 3)]
    assert [row.is_current for row in found.rows] == [False, False, True]


def test_an_old_text_that_comes_late_is_unchanged() -> None:
    found = resolve([seen(0), seen(1, "second"), seen(2, "first", hour=0.5), seen(3, "first", hour=1)], Known())
    assert shown(found) == [("loaded", 1), ("new_version", 2), ("unchanged", 1), ("unchanged", 1)]
    assert found.articles[ARTICLE].current_version == 2


def test_an_unknown_text_that_comes_late_is_a_version_that_is_not_current() -> None:
    found = resolve([seen(0, hour=9), seen(1, "draft", hour=1)], Known())
    assert shown(found) == [("loaded", 1), ("new_version", 2)]
    assert [row.is_current for row in found.rows] == [True, False]


def test_a_text_that_was_overtaken_by_a_later_sighting_of_the_current_one_is_not_current() -> None:
    found = resolve([seen(0, hour=0), seen(1, hour=8), seen(2, "between", hour=4)], Known())
    assert [row.is_current for row in found.rows] == [True, False, False]


def test_of_two_texts_fetched_at_once_the_later_message_is_current() -> None:
    found = resolve([seen(0, hour=0), seen(1, "second", hour=0)], Known())
    assert [row.is_current for row in found.rows] == [False, True]


def test_a_delete_request_takes_what_came_before_and_leaves_what_comes_after() -> None:
    found = resolve([seen(0), seen(1), seen(2, None), seen(3, "third"), seen(4, None, article_id=OTHER)], Known())
    assert shown(found) == [
        ("loaded", 1), ("unchanged", 1), ("deleted", None), ("loaded", 1), ("nothing_to_delete", None),
    ]
    assert [row.is_removed for row in found.rows] == [True, True, False, False, False]
    assert [row.is_kept for row in found.rows] == [False, False, False, True, False]
    assert found.deleted == {ARTICLE}
    assert set(found.articles) == {ARTICLE}


def test_a_suppressed_article_is_neither_loaded_nor_a_story() -> None:
    known = Known(suppressed=frozenset({ARTICLE}))
    signature = tuple(range(128))
    other = seen(2, article_id=OTHER, signature=signature)
    found = resolve([seen(0, signature=signature), seen(1, None), other], known)
    assert [(r.outcome, r.story_id) for r in found.rows] == [
        ("suppressed", None), ("nothing_to_delete", None), ("loaded", OTHER),
    ]


def test_known_versions_go_on_counting() -> None:
    known = Known({ARTICLE: KnownArticle(ARTICLE, {"first": 1, "second": 4}, 4, "second", FETCHED_AT, "s" * 32)})
    found = resolve([seen(1, "second"), seen(2, "third")], known)
    assert found.rows[0] == Resolution(coordinates(1), "unchanged", ARTICLE, 4, "s" * 32)
    assert found.rows[1] == Resolution(
        coordinates(2), "new_version", ARTICLE, 5, "s" * 32, is_kept=True, is_current=True
    )


def test_a_copy_joins_the_story_of_the_article_that_was_fetched_first() -> None:
    wire = tuple(range(128))
    first = Member("1" * 32, "1" * 32, wire, 100, FETCHED_AT)
    second = Member("2" * 32, "2" * 32, wire, 100, FETCHED_AT - timedelta(hours=1))
    (row,) = resolve([seen(0, signature=wire)], Known(members=(first, second))).rows
    assert row.story_id == "2" * 32


def test_a_correction_keeps_its_own_story() -> None:
    wire, rewritten = tuple(range(128)), tuple(range(1000, 1128))
    found = resolve([seen(0, signature=wire), seen(1, "second", signature=rewritten)], Known())
    assert [row.story_id for row in found.rows] == [ARTICLE, ARTICLE]


def test_records_are_taken_by_time_but_a_partition_keeps_its_order_whatever_its_clocks_did() -> None:
    early, skewed, elsewhere = seen(5), replace(seen(6), timestamp=FETCHED_AT), seen(4, partition=1)
    assert in_order([skewed, early, elsewhere]) == [elsewhere, early, skewed]


_events = st.lists(
    st.tuples(
        st.sampled_from([ARTICLE, OTHER, "d" * 32]),
        st.sampled_from(["one", "two", "three", None]),
        st.integers(0, 6),
        st.sampled_from([(), tuple(range(128)), tuple(range(20, 148)), (*range(90), *range(500, 538))]),
    ),
    max_size=14,
)


@settings(max_examples=300, deadline=None)
@given(_events, st.data())
def test_however_a_stream_is_cut_into_batches_the_articles_are_the_same(
    events: list[tuple[str, str | None, int, tuple[int, ...]]], data: st.DataObject
) -> None:
    sightings = [
        seen(n, text, article_id=article, hour=hour, signature=() if text is None else signature)
        for n, (article, text, hour, signature) in enumerate(events)
    ]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sightings)), max_size=4)))
    pieces = [sightings[a:b] for a, b in zip([0, *cuts], [*cuts, len(sightings)], strict=True)]
    whole = _run([sightings])
    cut = _run(pieces)
    assert cut == whole
    assert [r.coordinates for r in resolve(sightings, Known()).rows] == [s.coordinates for s in sightings]


type _Stored = tuple[dict[str, KnownArticle], dict[tuple[str, int], Sighting], list[tuple[str, int | None]]]


def _run(batches: Iterable[list[Sighting]]) -> _Stored:
    """What a store has after the batches: articles, the text of each version, and each record's outcome."""
    store = Store()
    outcomes = [outcome for batch in batches for outcome in shown(store.load(batch))]
    return store.articles, store.versions, outcomes


@pytest.mark.parametrize("events", [[], [seen(0, None)]])
def test_nothing_comes_of_nothing(events: list[Sighting]) -> None:
    found = resolve(events, Known())
    assert dict(found.articles) == {}
    assert not any(row.is_kept for row in found.rows)
