"""The country of organisations, events and adjectives, and place names that stand alone."""

from __future__ import annotations

import pytest

from pipelines.enrich import enrich_article
from pipelines.enrich.describe import Found, describe
from pipelines.enrich.engine import Span
from pipelines.enrich.names.rules import names_of
from pipelines.enrich.places.gazetteer import load_gazetteer
from pipelines.enrich.places.inside import place_inside
from pipelines.enrich.seats import stated_country
from pipelines.records import Entity, EntityType
from tests.builders import a_clean_article
from tests.enrich.test_article import models_with
from tests.models import shipped_models

GAZETTEER = load_gazetteer()


@pytest.mark.parametrize(("name", "place"), [
    ("Kentucky Dental Society", "Kentucky"), ("Bank of Norway", "Norway"), ("Norwegian Sailing Union", "Norwegian"),
    ("Human Rights Watchers of Peru", "Peru"), ("Gwinnett County Rowing Club", "Gwinnett County"),
    ("Aleppo Free Press", "Aleppo"), ("Winfield Police Department", "Winfield"), ("Winfield Holdings", None),
    ("University of Winfield", "Winfield"), ("South Korean Embassy", "South Korean"), ("Falk & Sons", None),
    ("Boone County Sheriff's Office", "Boone County"), ("Winfield County Sheriff's Office", "Winfield"),
    ("Marrowby Volunteer Fire Department", "Marrowby Volunteer"), ("Marrowby Police", "Marrowby"),
    ("Marrowby Bank", None), ("Norway's Storting", "Norway"), ("Central School", None), ("Norway", None), ("", None),
    ("Supreme Court of Nigeria", "Nigeria"), ("Supreme Court", None),
    ("Winfield Police Department of Norway", "Norway"), ("Cambridge Massachusetts Police", "Cambridge"),
    ("Texas City Fire Department", "Texas City"),
    ("of", None), ("University of Kansas-Winfield", "Kansas"), ("Oslo-based", None),
])
def test_the_place_inside_a_longer_name(name: str, place: str | None) -> None:
    assert place_inside(name, GAZETTEER) == place


def entity_of(body: str, name: str, **types: EntityType) -> Entity:
    article = enrich_article(a_clean_article(body=body), models_with(**types))
    (entity,) = (one for one in article.entities if one.name == name)
    return entity


@pytest.mark.parametrize(("body", "country"), [
    ("Officers of the Paris Fire Department met the mayor. Later in Texas the Dallas men came.", "US"),
    ("Officers of the Paris Fire Department met the mayor. Later in France the Lyon men came.", "FR"),
    ("Officers of the Paris Fire Department met the mayor and then left the town.", "FR"),
])
def test_an_organisation_lies_where_the_article_is(body: str, country: str) -> None:
    types: dict[str, EntityType] = {
        "Paris_Fire_Department": "ORG", "Texas": "LOC", "Dallas": "LOC", "France": "LOC", "Lyon": "LOC",
    }
    assert entity_of(body, "Paris Fire Department", **types).country == country


@pytest.mark.parametrize(("body", "country"), [
    ("The German carmaker Falkwerk rose.", "DE"), ("The Norwegian state broadcaster Falkwerk rose.", "NO"),
    ("Oslo-based Falkwerk rose.", "NO"), ("Lagos-based shipping firm Falkwerk said so.", "NG"),
    ("So said Falkwerk, based in Lima, on Monday.", "PE"), ("So said Falkwerk, which is headquartered in Peru.", "PE"),
    ("So said Falkwerk (Kenya) on Monday.", "KE"), ("So said Falkwerk, a Kenyan lender, on Monday.", "KE"),
    ("So said Falkwerk, the Nairobi-based tea trader group.", "KE"),
    ("German officials met Falkwerk on Monday.", None), ("They met Falkwerk in Kenya on Monday.", None),
    ("Falkwerk, a lender, met the Kenyan minister.", None), ("Falkwerk (Monday) said so.", None),
])
def test_an_organisation_has_the_country_that_the_text_states(body: str, country: str | None) -> None:
    types: dict[str, EntityType] = {"Falkwerk": "ORG", "Oslo": "LOC", "Lagos": "LOC", "Lima": "LOC", "Nairobi": "LOC"}
    assert entity_of(body, "Falkwerk", **types).country == country


@pytest.mark.parametrize(("body", "name", "country"), [
    ("It was Leeds who won.", "Leeds", "GB"),
    ("It was Winfield who won.", "Winfield", None),
    ("It was Winfield who won in Kansas.", "Winfield", "US"),
    ("It was Shell who won in Kansas.", "Shell", None),
])
def test_an_organisation_with_the_name_of_a_place_has_its_country(body: str, name: str, country: str | None) -> None:
    types: dict[str, EntityType] = {name: "ORG", "Kansas": "LOC"}
    found = [Found(body.index(one), body.index(one) + len(one), kind, one, 0.9)
             for one, kind in types.items() if one in body]
    _, entities = describe(a_clean_article(body=body), found, GAZETTEER)
    assert next(entity.country for entity in entities if entity.type == "ORG") == country


@pytest.mark.parametrize(("body", "country"), [
    ("They bought it at Winfield Dodge.", None), ("They bought it in Winfield, Kansas, at Winfield Dodge.", "US"),
])
def test_a_place_that_the_article_names_by_itself_counts_inside_of_any_name(body: str, country: str | None) -> None:
    assert entity_of(body, "Winfield Dodge", Winfield_Dodge="ORG", Winfield="LOC", Kansas="LOC").country == country


def test_only_what_is_beside_the_name_states_its_country() -> None:
    known = {"Peru": "PE", "Kenyan": "KE"}.get
    assert stated_country("The Kenyan bank said that Falk", [(26, 30)], known) is None
    assert stated_country("Falk and a firm based in Peru", [(0, 4)], known) is None


def test_an_event_has_the_country_in_its_name() -> None:
    assert entity_of("They sailed in the Norwegian Fjord Week.", "Norwegian Fjord Week", Norwegian_Fjord_Week="MISC"
                     ).country == "NO"


@pytest.mark.parametrize(("body", "place", "country"), [
    ("It was a Lagos-based crew.", "Lagos", "NG"), ("It was a U.S.-led force.", "U.S.", "US"),
    ("It was a Marrakesh-born singer.", "Marrakesh", "MA"),
])
def test_an_adjective_with_a_place_yields_the_place(body: str, place: str, country: str) -> None:
    types: dict[str, EntityType] = {place: "LOC"}
    article = enrich_article(a_clean_article(body=body), models_with(**types))
    whole, inner = article.mentions
    assert (whole.type, inner.type, inner.text, inner.start) == ("MISC", "LOC", place, whole.start)
    by_type = {entity.type: entity.country for entity in article.entities}
    assert by_type == {"MISC": None, "LOC": country}


def test_an_adjective_with_a_people_has_its_country_and_no_place() -> None:
    article = enrich_article(a_clean_article(body="It was a Kenyan-backed force."), models_with(Kenyan="MISC"))
    assert [(entity.name, entity.type, entity.country) for entity in article.entities] == [
        ("Kenyan-backed", "MISC", "KE"),
    ]


def types_in(text: str, *spans: tuple[str, EntityType, str]) -> list[tuple[str, str]]:
    """The names of a text and their types, from spans as the engine gives them."""
    found = [Span(text.index(name), text.index(name) + len(name), kind, label) for name, kind, label in spans]
    return [(text[span.start : span.end], span.type) for span in names_of(text, found, GAZETTEER)]


@pytest.mark.parametrize(("text", "name", "kind"), [
    ("Rockets fell on Idlib again.", "Idlib", "LOC"), ("Aleppo was quiet.", "Aleppo", "LOC"),
    ("The shares of Aleppo rose by a tenth.", "Aleppo", "ORG"), ("President Durban said so.", "Durban", "PER"),
    ("A Winfield man was fined.", "Winfield", "LOC"), ("Ola Brandt, 22, of Winfield, was fined.", "Winfield", "LOC"),
    ("It lies two miles north of Winfield.", "Winfield", "LOC"), ("Winfield, Kansas, is quiet.", "Winfield", "LOC"),
    ("Winfield rose by a tenth.", "Winfield", "ORG"), ("Winfield and Idlib are quiet.", "Winfield", "LOC"),
    ("Ola Brandt of Winfield rose.", "Winfield", "LOC"), ("They met in the towns of Winfield.", "Winfield", "LOC"),
    ("Glen Burnie is quiet.", "Glen Burnie", "LOC"), ("Perry County is quiet.", "Perry County", "LOC"),
])
def test_a_place_name_standing_alone_is_a_place_unless_the_text_says_otherwise(
    text: str, name: str, kind: EntityType
) -> None:
    spans = [(name, "ORG", "ORG"), *([("Idlib", "LOC", "GPE")] if "Idlib" in text and name != "Idlib" else [])]
    assert dict(types_in(text, *spans))[name] == kind


def test_a_body_named_after_a_place_that_is_a_given_name_too_is_no_person() -> None:
    text = "The Virginia Department of Tides met."
    assert types_in(text, ("Virginia Department of Tides", "PER", "PERSON")) == [
        ("Virginia Department of Tides", "ORG"),
    ]


SPORT = "The striker scored two goals, and the soccer coach was glad. "


@pytest.mark.parametrize(("text", "kind"), [
    ("Ola Brandt, of Akron, won.", "LOC"), ("Then Akron, Ohio, came into view.", "LOC"), ("Akron won.", "ORG"),
])
def test_in_a_report_on_sport_a_city_that_someone_is_of_is_a_place(text: str, kind: str) -> None:
    assert dict(types_in(SPORT + text, ("Akron", "LOC", "GPE")))["Akron"] == kind


def test_a_local_body_of_an_unknown_place_lies_where_the_article_is() -> None:
    body = "Marrowby Police came by boat. They had been in Oslo, in Bergen and in Norway before."
    types: dict[str, EntityType] = {"Marrowby_Police": "ORG", "Oslo": "LOC", "Bergen": "LOC", "Norway": "LOC"}
    assert entity_of(body, "Marrowby Police", **types).country == "NO"


def test_a_surname_is_no_place() -> None:
    text = "Ines Hamilton came late. Hamilton was fined. Hamilton left."
    assert set(types_in(text, ("Ines Hamilton", "PER", "PERSON"))) == {("Ines Hamilton", "PER"), ("Hamilton", "PER")}


def test_the_seat_of_a_member_is_a_place() -> None:
    text = "Sen. Ola Brandt, R-Charleston, met Rep. Ivo Kest (D-N.D.) and Ina Lund, D-Marrowby, on a D-Day beach."
    people: list[tuple[str, EntityType, str]] = [
        (name, "PER", "PERSON") for name in ("Ola Brandt", "Ivo Kest", "Ina Lund")
    ]
    assert types_in(text, *people, ("R-Charleston", "ORG", "ORG")) == [
        ("Ola Brandt", "PER"), ("Charleston", "LOC"), ("Ivo Kest", "PER"), ("N.D.", "LOC"), ("Ina Lund", "PER"),
        ("Marrowby", "LOC"),
    ]


def test_the_real_engine_and_the_rules_together() -> None:
    body = (
        "The Kentucky State Police searched the quay on Monday. A spokesman of the Human Rights League of France, "
        "which is based in Paris, said that the Turkish-backed group had left Aleppo."
    )
    article = enrich_article(a_clean_article(body=body), shipped_models())
    countries = {entity.name: entity.country for entity in article.entities}
    assert countries["Kentucky State Police"] == "US"
    assert countries["Human Rights League of France"] == "FR"
    assert (countries["Turkish-backed"], countries["Aleppo"]) == ("TR", "SY")


def test_a_text_without_a_word_of_sport_alone_is_no_report_on_sport() -> None:
    text = "The club runs a round of games; a title match of the league, a draw, a win and goals in Akron. Akron won."
    found = [Span(text.index("Akron"), text.index("Akron") + 5, "LOC", "GPE")]
    assert {span.type for span in names_of(text, found, GAZETTEER)} == {"LOC"}
