"""What is known of an entity after a batch is what a count of all its articles would say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.resolve.changes import rows_table
from pipelines.resolve.entities import FORMS, SPANS, USES, Counted, count_entities, lost_times
from tests.builders import FETCHED_AT

FALK, TOWN = "f" * 32, "e" * 32
LATER = FETCHED_AT + timedelta(days=1)


class Form(NamedTuple):
    name: str
    type: str
    country: str | None = None
    geonames_id: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    occupation: str | None = None


def uses(*rows: tuple[Form, int, int], entity_id: str = FALK) -> pa.Table:
    """Uses of an entity: form, articles, and the day on which they were fetched."""
    times = [FETCHED_AT + timedelta(days=days) for _, _, days in rows]
    return rows_table(USES, [
        (entity_id, *form, count, at, at) for (form, count, _), at in zip(rows, times, strict=True)
    ])


def counted(forms: Mapping[Form, int], first: datetime = FETCHED_AT, last: datetime = FETCHED_AT,
            entity_id: str = FALK) -> Counted:  # fmt: skip
    return Counted(
        rows_table(FORMS, [(entity_id, *form, count) for form, count in forms.items()]),
        rows_table(SPANS, [(entity_id, first, last)] if forms else []),
    )


def rows(table: pa.Table) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in table.to_pylist()]


def state(found: Counted) -> tuple[set[tuple[Any, ...]], list[tuple[Any, ...]]]:
    return set(rows(found.forms)), rows(found.spans)


def shown(found: Counted) -> list[tuple[Any, ...]]:
    return [row[1:8] for row in rows(found.shown())]


def test_an_entity_is_shown_as_most_articles_describe_it() -> None:
    long, short = Form("Ines Maria Falk", "PER", occupation="sport"), Form("Ines Falk", "PER")
    known = counted({long: 1, short: 1})
    assert shown(known) == [Form("Ines Maria Falk", "PER", occupation="sport")]
    after = count_entities(uses((short, 1, 1)), {}, known)
    assert state(after) == state(counted({long: 1, short: 2}, FETCHED_AT, LATER))
    assert rows(after.shown()) == [(FALK, *Form("Ines Falk", "PER", occupation="sport"), 3, FETCHED_AT, LATER)]


def test_of_equally_frequent_names_the_longest_and_then_the_first_is_shown_and_none_last() -> None:
    named = {Form(name, "ORG"): 1 for name in ("Reef Port", "Port", "Bank Port")}
    assert shown(counted(named)) == [Form("Bank Port", "ORG")]
    assert shown(counted({Form("", "ORG"): 5, Form("Port", "ORG"): 1})) == [Form("Port", "ORG")]


def test_places_that_articles_locate_are_shown_before_those_that_they_do_not() -> None:
    placed, bare = Form("Marrowby", "LOC", "GB", 7, 54.5, -0.5), Form("Marrowby", "LOC")
    assert shown(counted({bare: 1, placed: 1}, entity_id=TOWN)) == [placed]


def test_each_of_many_entities_is_shown_as_it_is() -> None:
    town, falk = counted({Form("Marrowby", "LOC", "GB"): 2}, entity_id=TOWN), counted({Form("Ines Falk", "PER"): 3})
    both = Counted(pa.concat_tables([falk.forms, town.forms]), pa.concat_tables([falk.spans, town.spans]))
    assert [(row[0], row[1], row[8]) for row in rows(both.shown())] == [(TOWN, "Marrowby", 2), (FALK, "Ines Falk", 3)]


def test_an_entity_that_no_article_names_any_more_is_gone() -> None:
    form = Form("Ines Falk", "PER")
    assert state(count_entities(uses((form, -1, 0)), {}, counted({form: 1}))) == (set(), [])


def test_an_article_that_is_seen_again_moves_the_last_time_alone() -> None:
    known = counted({Form("Ines Falk", "PER"): 3})
    assert state(count_entities(uses(), {FALK: LATER}, known)) == state(
        counted({Form("Ines Falk", "PER"): 3}, FETCHED_AT, LATER)
    )
    assert state(count_entities(uses(), {FALK: FETCHED_AT}, known)) == state(known)


def test_times_are_looked_up_where_the_first_or_the_last_article_goes() -> None:
    form = Form("Ines Falk", "PER")
    known = counted({form: 3}, FETCHED_AT, FETCHED_AT + timedelta(days=2))
    assert lost_times(uses((form, -1, 1)), known) == set()
    assert lost_times(uses((form, -1, 0)), known) == lost_times(uses((form, -1, 2)), known) == {FALK}
    assert lost_times(uses((form, 1, 0)), known) == set()
    assert lost_times(uses((form, -1, 1)), counted({})) == {FALK}


def test_times_that_were_looked_up_take_the_place_of_those_that_were_known() -> None:
    form = Form("Ines Falk", "PER")
    known = counted({form: 3}, FETCHED_AT, FETCHED_AT + timedelta(days=2))
    assert state(known.retimed({FALK: [(LATER, LATER)]})) == state(counted({form: 3}, LATER, LATER))
    assert known.retimed({}) is known


NAMES = [Form("Ines Falk", "PER"), Form("Falk", "PER"), Form("Ines Falk", "PER", occupation="arts")]


@given(st.lists(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(NAMES)), max_size=4), max_size=6))
def test_batches_of_replaced_articles_count_as_the_articles_that_are_left(
    batches: list[list[tuple[int, Form]]]
) -> None:
    current: dict[int, Form] = {}
    known = counted({})
    for batch in batches:
        named = dict(batch)
        taken = [(current[article], -1, 0) for article in named if article in current]
        known = count_entities(uses(*taken, *((form, 1, 0) for form in named.values())), {}, known)
        current |= named
        assert state(known) == state(counted(Counter(current.values())))
        assert sum(known.article_counts().values()) == len(current)
