"""Place names become places, each in the light of the others."""

from __future__ import annotations

import pytest

from pipelines.enrich.places.gazetteer import load_gazetteer
from pipelines.enrich.places.link import Surroundings, Toponym, link_places

GAZETTEER = load_gazetteer()
NOWHERE = Surroundings({})


def countries(*names: str, around: Surroundings = NOWHERE) -> list[str | None]:
    links = link_places([Toponym(name) for name in names], around, GAZETTEER)
    return [link.place.country if link else None for link in links]


@pytest.mark.parametrize(("name", "country"), [
    ("Oslo", "NO"), ("St. Petersburg", "RU"), ("Łódź", "PL"), ("Lodz", "PL"), ("Köln", "DE"), ("N. Korea", "KP"),
    ("Texas", "US"), ("Tex.", "US"), ("W. Va.", "US"), ("Rapides Parish", "US"), ("Ontario", "CA"), ("Wales", "GB"),
    ("Kerala", "IN"), ("northern Lebanon", "LB"), ("Punjab Province", "PK"), ("Georgia", "GE"), ("UK", "GB"),
])
def test_a_name_alone_is_its_best_known_bearer(name: str, country: str) -> None:
    assert countries(name) == [country]


@pytest.mark.parametrize("name", ["Europe", "Middle East", "Black Sea", "Marrowby", "", "\u00ad"])
def test_what_lies_in_no_one_country_gets_none(name: str) -> None:
    assert countries(name) == [None]


def test_other_places_decide() -> None:
    assert countries("Georgia", "Atlanta", "Alabama") == ["US", "US", "US"]
    assert countries("Georgia", "Tbilisi", "Armenia") == ["GE", "GE", "AM"]
    assert countries("London", "Ontario", "Toronto") == ["CA", "CA", "CA"]
    assert countries("London", "Manchester", "Leeds") == ["GB", "GB", "GB"]


def test_what_stands_behind_a_name_decides_before_all_else() -> None:
    toponyms = [Toponym("Athens", ", Ga., on Friday"), Toponym("Athens", " on Friday"), Toponym("Greece")]
    places = [link.place.country for link in link_places(toponyms, NOWHERE, GAZETTEER) if link]
    assert places == ["US", "US", "GR"]  # said once, it holds for the name's later mentions too


def test_a_place_that_no_gazetteer_has_lies_where_the_article_is() -> None:
    (*_, link) = link_places([Toponym(name) for name in ("Oslo", "Bergen", "Marrowby")], NOWHERE, GAZETTEER)
    assert link is not None
    assert (link.place.country, link.place.geonames_id, link.place.latitude) == ("NO", None, None)
    assert link.confidence < 0.75


def test_a_place_has_its_geonames_id_and_coordinates() -> None:
    (link,) = link_places([Toponym("Oslo")], NOWHERE, GAZETTEER)
    assert link is not None
    place = link.place
    assert (place.geonames_id, place.latitude, place.longitude) == (3143244, 59.91273, 10.74609)


@pytest.mark.parametrize(("people", "country"), [
    ("South Korean", "KR"), ("Syrians", "SY"), ("Dutch", "NL"), ("Oslo", None), ("English", "GB"),
])
def test_peoples_tell_countries(people: str, country: str | None) -> None:
    assert GAZETTEER.demonym_country(people) == country


@pytest.mark.parametrize(("is_local", "written_in", "country"), [
    (False, None, "LB"), (False, "US", "LB"), (True, None, "US"), (True, "US", "US"),
])
def test_the_name_of_a_country_is_a_town_only_where_it_is_used_as_one(
    is_local: bool, written_in: str | None, country: str
) -> None:
    toponyms = [Toponym("Lebanon", is_local=is_local), Toponym("Seattle"), Toponym("Boston")]
    link, *_ = link_places(toponyms, Surroundings({"US": 1}, written_in=written_in), GAZETTEER)
    assert link is not None
    assert link.place.country == country
