"""What is known of an entity after a batch is what a count of all its articles would say."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipelines.resolve.entities import Form, KnownEntity, Use, count_entities, lost_times
from tests.builders import FETCHED_AT

FALK, TOWN = "f" * 32, "e" * 32
LATER = FETCHED_AT + timedelta(days=1)


def use(form: Form, entity_id: str = FALK, days: int = 0) -> Use:
    at = FETCHED_AT + timedelta(days=days)
    return Use(entity_id, form, at, at)


def test_an_entity_is_shown_as_most_articles_describe_it() -> None:
    long, short = Form("Ines Maria Falk", "PER", occupation="sport"), Form("Ines Falk", "PER")
    known = KnownEntity(FALK, {long: 1, short: 1}, FETCHED_AT, FETCHED_AT)
    assert known.shown == Form("Ines Maria Falk", "PER", occupation="sport")
    (after,) = count_entities((), [use(short, days=1)], {}, {FALK: known}).values()
    assert after == KnownEntity(FALK, {long: 1, short: 2}, FETCHED_AT, LATER)
    assert after.shown == Form("Ines Falk", "PER", occupation="sport")


def test_places_that_articles_locate_are_shown_before_those_that_they_do_not() -> None:
    placed, bare = Form("Marrowby", "LOC", "GB", 7, 54.5, -0.5), Form("Marrowby", "LOC")
    assert KnownEntity(TOWN, {bare: 1, placed: 1}, FETCHED_AT, FETCHED_AT).shown == placed


def test_an_entity_that_no_article_names_any_more_is_gone() -> None:
    form = Form("Ines Falk", "PER")
    known = KnownEntity(FALK, {form: 1}, FETCHED_AT, FETCHED_AT)
    assert count_entities([use(form)], (), {}, {FALK: known}) == {FALK: None}


def test_an_article_that_is_seen_again_moves_the_last_time_alone() -> None:
    form = Form("Ines Falk", "PER")
    known = KnownEntity(FALK, {form: 3}, FETCHED_AT, FETCHED_AT)
    assert count_entities((), (), {FALK: LATER}, {FALK: known}) == {
        FALK: KnownEntity(FALK, {form: 3}, FETCHED_AT, LATER)
    }
    assert count_entities((), (), {FALK: FETCHED_AT}, {FALK: known}) == {}


def test_times_are_looked_up_where_the_first_or_the_last_article_goes() -> None:
    form = Form("Ines Falk", "PER")
    known = {FALK: KnownEntity(FALK, {form: 3}, FETCHED_AT, FETCHED_AT + timedelta(days=2))}
    assert lost_times([use(form, days=1)], known) == set()
    assert lost_times([use(form)], known) == lost_times([use(form, days=2)], known) == {FALK}


FORMS = [Form("Ines Falk", "PER"), Form("Falk", "PER"), Form("Ines Falk", "PER", occupation="arts")]


@given(st.lists(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(FORMS)), max_size=4), max_size=6))
def test_batches_of_replaced_articles_count_as_the_articles_that_are_left(
    batches: list[list[tuple[int, Form]]]
) -> None:
    current: dict[int, Form] = {}
    known: dict[str, KnownEntity] = {}
    for batch in batches:
        named = dict(batch)
        taken = [use(current[article]) for article in named if article in current]
        changed = count_entities(taken, map(use, named.values()), {}, known)
        current |= named
        known = {i: entity for i, entity in (known | changed).items() if entity}
    counted = {FALK: KnownEntity(FALK, Counter(current.values()), FETCHED_AT, FETCHED_AT)} if current else {}
    assert known == counted
