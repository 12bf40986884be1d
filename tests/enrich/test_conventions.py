"""Words of public life show which country's news a text is, and so which of two places with one name it means."""

from __future__ import annotations

import re

import pytest

from pipelines.enrich import enrich_article
from pipelines.enrich.places.conventions import conventions, written_in
from pipelines.enrich.tables import load_table
from tests.builders import a_clean_article
from tests.enrich.test_article import models_with


def country_of_dublin(body: str) -> str | None:
    article = enrich_article(a_clean_article(body=body), models_with(Dublin="LOC"))
    return next(entity.country for entity in article.entities if entity.name == "Dublin")


@pytest.mark.parametrize(("body", "country"), [
    ("Many Dublin residents spoke to the pupils about the weather and the tides.", "IE"),
    ("Many Dublin residents spoke to the pupils of an elementary school about misdemeanors.", "US"),
    ("The sheriff’s office asked Ola Brandt, 22, of Dublin about it.", "US"),
    ("Many Dublin residents spoke to the gardaí about the city manager.", "IE"),
    ("The sheriff’s office and the school district sent the city manager to Dublin.", "IE"),
])
def test_words_of_one_country_decide_between_places_of_one_name(body: str, country: str) -> None:
    assert country_of_dublin(body) == country


def test_as_many_words_of_two_countries_say_nothing() -> None:
    body = "The gardaí met, and so did the city manager whom the HSE sent to the state troopers."
    assert (conventions(body), written_in(body)) == ({"IE": 2, "US": 2}, None)


def test_every_convention_is_an_expression_of_its_own_with_a_country_that_exists() -> None:
    table = load_table("conventions.toml")
    assert table.keys() <= load_table("countries.toml").keys()
    assert all(re.compile(word).groups == 0 for words in table.values() for word in words)
