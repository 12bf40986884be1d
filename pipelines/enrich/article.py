"""A clean article becomes an article: language, mentions, entities, places and salience are added."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.enrich.describe import Found, describe, with_places_in_adjectives
from pipelines.enrich.engine import Engine, Span
from pipelines.enrich.models import Models
from pipelines.enrich.names.rules import names_of
from pipelines.enrich.reading import reading_of
from pipelines.records import Article, CleanArticle, EntityType

READ_AT_MOST = 60_000  # characters of a body that are searched for names: 10,000 words cost a second and 200 MB
CONFIDENCE: Mapping[EntityType, float] = {"PER": 0.92, "LOC": 0.87, "ORG": 0.68, "MISC": 0.85}  # measured precision
CARRIED = 0.8  # factor for a repeated name that the engine itself did not find at this place


def enrich_article(clean: CleanArticle, models: Models) -> Article:
    """The article with its language, mentions and entities. Nothing is rejected."""
    language, evidence = models.detector.detect(clean.body, clean.language)
    warnings = list(clean.warnings)
    engine = models.engines.get(language or "")
    if engine is None:
        warnings.append(f"no_model: there is no model that finds names in language {language or 'unknown'}")
        found: list[Found] = []
    else:
        if len(clean.body) > READ_AT_MOST:
            warnings.append(f"body_cut: only the first {READ_AT_MOST:,} characters were searched for names")
        found = _known(clean, language) or with_places_in_adjectives(
            find_names(clean.body, engine, models), models.gazetteer, CONFIDENCE["LOC"]
        )
    mentions, entities = describe(clean, found, models.gazetteer)
    language_evidence = {} if evidence is None else {"language": evidence}
    return Article(clean, language, mentions, entities, {**clean.evidence, **language_evidence}, tuple(warnings))


def _known(clean: CleanArticle, language: str | None) -> list[Found]:
    """The names that an earlier reading of the same body found; empty if there is none that can be used."""
    known = clean.known_names
    if known is None or known.language != language:  # the page declares another language than the page before
        return []
    return [Found(start, end, kind, clean.body[start:end], sure) for start, end, kind, sure in known.spans]


def find_names(body: str, engine: Engine, models: Models) -> list[Found]:
    """The names in a body, in order. Their positions refer to the body as it is stored."""
    reading = reading_of(body[:READ_AT_MOST], models.gazetteer.is_prominent)
    (spans,) = engine.spans([reading.text])
    found = []
    for span in names_of(reading.text, spans, models.gazetteer):
        start, end = reading.origin(span.start, span.end)
        found.append(Found(start, end, span.type, body[start:end], _confidence(span)))
    return found


def _confidence(span: Span) -> float:
    return round(CONFIDENCE[span.type] * (CARRIED if span.label == "repeat" else 1.0), 3)
