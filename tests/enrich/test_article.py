"""A clean article becomes an article: language, mentions at their places, entities, and nothing that hangs."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.enrich import Models, enrich_article
from pipelines.enrich.article import READ_AT_MOST
from pipelines.enrich.describe import Found, describe
from pipelines.enrich.engine import Span
from pipelines.enrich.language import load_language_detector
from pipelines.enrich.places.gazetteer import load_gazetteer
from pipelines.records import Article, Dateline, EntityType
from tests.builders import a_clean_article

CAPITALISED = re.compile(r"[A-Z][\w'’&-]*(?: [A-Z][\w'’&-]*)*")


@dataclass(frozen=True)
class ListEngine:
    """Finds the names on its list, and nothing else."""

    names: tuple[tuple[str, EntityType], ...]
    fingerprint: str = "list"
    languages: frozenset[str] = frozenset({"en"})

    def spans(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        return [tuple(sorted(self._found(text), key=lambda span: span.start)) for text in texts]

    def _found(self, text: str) -> Iterator[Span]:
        for name, kind in self.names:
            for found in re.finditer(rf"{name}\b", text):
                yield Span(found.start(), found.end(), kind)


class CapitalsEngine(ListEngine):
    """Takes every run of capitalised words for an organisation."""

    def _found(self, text: str) -> Iterator[Span]:
        for found in CAPITALISED.finditer(text):
            yield Span(found.start(), found.end(), "ORG", "ORG")


DETECTOR, GAZETTEER = load_language_detector(), load_gazetteer()


def models_of(engine: ListEngine) -> Models:
    return Models({"en": engine}, DETECTOR, GAZETTEER)


def models_with(**types: EntityType) -> Models:
    return models_of(ListEngine(tuple((name.replace("_", " "), kind) for name, kind in types.items())))


MODELS = models_with(Ines_Falk="PER", Marrowby="LOC", Port_Ansel="LOC")
GREEDY = models_of(CapitalsEngine(()))


def mentions(article: Article) -> list[tuple[str, str, int]]:
    return [(mention.text, mention.type, mention.start) for mention in article.mentions]


def test_mentions_entities_and_sentences_of_a_small_article() -> None:
    body = "Ines Falk came to Marrowby.\n\nLater Falk left for Port Ansel, it is said."
    article = enrich_article(a_clean_article(title="Falk’s journey", body=body), MODELS)
    assert [(m.text, m.type, m.start, m.end, m.sentence, m.in_title) for m in article.mentions] == [
        ("Ines Falk", "PER", 0, 9, 0, True),
        ("Marrowby", "LOC", 18, 26, 0, False),
        ("Falk", "PER", 35, 39, 1, True),
        ("Port Ansel", "LOC", 49, 59, 1, False),
    ]
    assert [(e.name, e.type, e.mention_count, e.in_title) for e in article.entities] == [
        ("Ines Falk", "PER", 2, True), ("Marrowby", "LOC", 1, False), ("Port Ansel", "LOC", 1, False),
    ]
    assert sum(entity.salience for entity in article.entities) == pytest.approx(1.0)
    assert {m.entity_id for m in article.mentions} == {e.entity_id for e in article.entities}


def test_names_with_invisible_characters_are_one_entity_and_keep_their_places() -> None:
    body = "Ines\u00a0Falk came. Then Ines Fa\u00adlk spoke to the council of the town."
    article = enrich_article(a_clean_article(body=body), MODELS)
    assert mentions(article) == [("Ines\u00a0Falk", "PER", 0), ("Ines Fa\u00adlk", "PER", 21)]
    assert [(e.name, e.mention_count) for e in article.entities] == [("Ines Falk", 2)]


@pytest.mark.parametrize("body", [
    "They met Falk’s crew and President Falk’s “Harbour Party” on the pier by the old mill.",
    "They met Falk's crew and President Falk's \"Harbour Party\" on the pier by the old mill.",
])
def test_quotes_possessives_and_titles_are_no_part_of_a_name(body: str) -> None:
    article = enrich_article(a_clean_article(body=body), models_with(Falk="ORG", Harbour_Party="ORG"))
    assert [mention.text for mention in article.mentions] == ["Falk", "Falk", "Harbour Party"]
    assert {mention.type for mention in article.mentions[:2]} == {"PER"}


def test_a_headline_above_does_not_run_into_the_sentence_below() -> None:
    body = "Pier Vote Splits Council\nMarrowby voted on the pier, and the council split over the vote."
    texts = [mention.text for mention in enrich_article(a_clean_article(body=body), MODELS).mentions]
    assert "Marrowby" in texts
    assert not any("\n" in text for text in texts)


def test_an_introduced_acronym_is_its_organisation() -> None:
    body = "The Harbour News Agency (HNA) opened. Readers of the paper trust HNA with the tide tables."
    (entity,) = enrich_article(a_clean_article(body=body), models_with(The_Harbour_News_Agency="ORG")).entities
    assert (entity.name, entity.mention_count) == ("Harbour News Agency", 3)


def test_countries_share_one_entity_and_peoples_are_no_places() -> None:
    body = "The US and the United States are one; the U.S. coast is long, and South Korean crews know it well."
    article = enrich_article(a_clean_article(body=body), models_with())
    assert [(e.name, e.type, e.country, e.geonames_id, e.mention_count) for e in article.entities] == [
        ("United States", "LOC", "US", 6252001, 3), ("South Korean", "MISC", "KR", None, 1),
    ]
    assert article.entities[1].latitude is None


def test_the_dateline_and_the_region_behind_a_place_decide_where_it_is() -> None:
    body = "The fair in Paris, Texas, opened with a parade of tractors and a long speech by the mayor."
    (paris, texas) = enrich_article(a_clean_article(body=body, dateline=Dateline("Dallas")), MODELS).entities
    assert (paris.name, paris.country, texas.country) == ("Paris", "US", "US")
    body = "The fair in Paris opened with a parade and a long speech by the mayor about bread and rivers."
    (paris,) = enrich_article(a_clean_article(body=body, dateline=Dateline("Lyon")), MODELS).entities
    assert (paris.country, paris.geonames_id) == ("FR", 2988507)


def test_an_entity_has_the_same_id_in_every_article() -> None:
    one = enrich_article(a_clean_article(body="In spring Ines Falk came home to the old town by the sea."), MODELS)
    two = enrich_article(a_clean_article(body="The sea was calm and mild when Ines Falk’s boat came in again."), MODELS)
    assert one.entities[0].entity_id == two.entities[0].entity_id


def test_two_people_of_one_surname_are_not_merged_with_the_surname_alone() -> None:
    body = "Ines Falk and Tom Falk sailed out together. Nobody on the quay saw that Falk had come back."
    article = enrich_article(a_clean_article(body=body), models_with(Ines_Falk="PER", Tom_Falk="PER"))
    counts = {entity.name: entity.mention_count for entity in article.entities}
    assert counts == {"Ines Falk": 1, "Tom Falk": 1, "Falk": 1}


def test_a_language_without_a_model_gives_no_mentions_and_a_warning() -> None:
    body = "Der Hafenrat von Marrowby hat am Dienstag beschlossen, die östliche Mole im Frühjahr neu zu bauen."
    article = enrich_article(a_clean_article(body=body, language="de"), MODELS)
    assert (article.language, article.mentions, article.entities) == ("de", (), ())
    assert article.warnings == ("no_model: there is no model that finds names in language de",)


def test_a_long_body_is_read_to_a_bound_and_says_so() -> None:
    body = "The harbour stays as calm as it ever was. " * 3000 + "Ines Falk left."
    article = enrich_article(a_clean_article(body=body), MODELS)
    assert len(body) > READ_AT_MOST
    assert "Ines Falk" not in [mention.text for mention in article.mentions]
    assert [warning.split(":")[0] for warning in article.warnings] == ["body_cut"]


UNITS = (")", "a", ".", "'s", "\u00ad", "\n", "A ", "A.", "http://", "A 1 2 3\n", "(A) ", "-", "A-", "AB, ")


@pytest.mark.parametrize("unit", UNITS)
def test_no_text_takes_for_ever(unit: str) -> None:
    body = unit * (READ_AT_MOST // len(unit))
    started = time.process_time()
    enrich_article(a_clean_article(body=body, language="en"), GREEDY)
    assert time.process_time() - started < 20  # a bound against quadratic rules, not a measurement


@settings(max_examples=30, deadline=None)
@given(st.text(alphabet="Aa-' ,.:(/1", min_size=1, max_size=4))
def test_no_repeated_scrap_takes_for_ever(unit: str) -> None:
    body = (unit * 20_000)[:20_000]
    started = time.process_time()
    enrich_article(a_clean_article(body=body, language="en"), GREEDY)
    assert time.process_time() - started < 10


SAME = ("Mexican", "Mexican-", "Mexicans", "Mexico", "MEXICO", "Falk", "Ines Falk", "FALK", "The Falk", "Falk Co.")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(SAME), st.sampled_from(("PER", "LOC", "ORG", "MISC"))), min_size=1))
def test_an_article_has_each_entity_once(names: list[tuple[str, EntityType]]) -> None:
    body, found = "", []
    for name, kind in names:
        found.append(Found(len(body), len(body) + len(name), kind, name, 0.9))
        body += f"{name} said. "
    mentions, entities = describe(a_clean_article(body=body), found, GAZETTEER)
    counts = Counter(mention.entity_id for mention in mentions)
    assert counts == {entity.entity_id: entity.mention_count for entity in entities}
    assert len(counts) == len(entities)


TEXT = st.text(alphabet=st.sampled_from("AbFk .,’'“”\"()-\n\u00a0\u00ad\u200bÉß1İ&US"), max_size=200)


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_every_mention_points_into_the_body_as_stored(text: str) -> None:
    body = "It was said in the harbour that the pier is old, and so are the boats. " + text
    article = enrich_article(a_clean_article(body=body), GREEDY)
    ends = 0
    for mention in article.mentions:
        assert body[mention.start : mention.end] == mention.text
        assert mention.text
        assert mention.start >= ends
        ends = mention.end
    if article.entities:
        assert sum(entity.salience for entity in article.entities) == pytest.approx(1.0)
        assert sum(entity.mention_count for entity in article.entities) == len(article.mentions)
