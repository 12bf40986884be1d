"""People of one name are distinguished by occupation and company, at a cost that does not depend on their articles."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from pipelines.enrich.entities import entity_id
from pipelines.resolve.people import SKETCH_SIZE, Naming, People, Profile, distinguish_people, person_id
from tests.builders import FETCHED_AT

NAME = "f" * 32


def naming(article: str, occupation: str | None, *company: str, hour: int = 0) -> Naming:
    companions = frozenset(entity_id("ORG", name) for name in company)
    return Naming(article, NAME, occupation, FETCHED_AT + timedelta(hours=hour), companions)


def entities(found: People) -> dict[str, str]:
    return {article: person for (article, _), person in found.entity_of.items()}


def test_two_profiles_without_common_company_are_two_people() -> None:
    found = distinguish_people(
        [naming("match", "sport", "Marrowby Town"), naming("study", "science", "Reef Station", hour=1)], (), ()
    )
    assert entities(found) == {"match": NAME, "study": person_id(NAME, "science")}
    assert [(profile.occupation, profile.entity_id, profile.article_count) for profile in found.profiles] == [
        ("science", person_id(NAME, "science"), 1), ("sport", NAME, 1),
    ]


def test_two_profiles_with_common_company_are_one_person() -> None:
    found = distinguish_people(
        [naming("match", "sport", "Town", "Bank"), naming("vote", "public_office", "Town", "Council", hour=1)], (), ()
    )
    assert entities(found) == {"match": NAME, "vote": NAME}


def test_an_article_without_occupation_goes_by_the_company_that_is_known() -> None:
    known = distinguish_people(
        [naming("match", "sport", "Town"), naming("study", "science", "Reef", hour=1)], (), ()
    ).profiles
    found = distinguish_people([naming("a", None, "Reef"), naming("b", None, "Bank"), naming("c", None)], (), known)
    assert entities(found) == {"a": person_id(NAME, "science"), "b": NAME, "c": NAME}


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_stated_occupations_end_the_same_in_any_order(order: tuple[int, ...]) -> None:
    articles = [
        naming("0", "sport", "Town", hour=0), naming("1", "science", "Reef", hour=1),
        naming("2", "arts", "Town", hour=2), naming("3", "business", "Bank", hour=3),
    ]
    profiles: dict[tuple[str, str], Profile] = {}
    rows: dict[str, tuple[str | None, str]] = {}
    for n in order:
        found = distinguish_people([articles[n]], (), profiles.values())
        profiles |= {(profile.name_id, profile.occupation): profile for profile in found.profiles}
        for move in found.moves:
            rows |= {
                article: (occupation, move.entity_id)
                for article, (occupation, person) in rows.items()
                if occupation in move.occupations and person == move.former_id
            }
        rows[str(n)] = (articles[n].occupation, found.entity_of[str(n), NAME])
    assert {article: person for article, (_, person) in sorted(rows.items())} == {
        "0": NAME, "1": person_id(NAME, "science"), "2": NAME, "3": person_id(NAME, "public_office"),
    }


def test_when_the_first_is_withdrawn_the_other_has_the_name_alone() -> None:
    known = distinguish_people(
        [naming("match", "sport", "Town"), naming("study", "science", "Reef", hour=1)], (), ()
    ).profiles
    found = distinguish_people((), [(NAME, "sport")], known)
    assert found.gone == ((NAME, "sport"),)
    (move,) = found.moves
    assert (move.occupations, move.former_id, move.entity_id) == (("science",), person_id(NAME, "science"), NAME)


def test_a_profile_stays_small_and_does_not_depend_on_the_order_of_articles() -> None:
    articles = [naming(str(n), "sport", f"companion {n}", hour=n) for n in range(500)]
    forwards, backwards = (
        distinguish_people(articles[::step], (), ()).profiles[0] for step in (1, -1)
    )
    assert forwards == backwards
    assert (len(forwards.company), forwards.article_count) == (SKETCH_SIZE, 500)


@pytest.mark.parametrize(("common", "is_one"), [(0, False), (20, False), (200, True)])
def test_large_companies_are_compared_by_their_sketches(common: int, is_one: bool) -> None:
    def company(start: int) -> list[str]:
        return [f"companion {n}" for n in range(start, start + 1_000)]

    found = distinguish_people(
        [naming("match", "sport", *company(0)), naming("study", "science", *company(1_000 - common), hour=1)], (), ()
    )
    assert (len(set(entities(found).values())) == 1) is is_one
