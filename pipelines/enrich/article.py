"""A clean article becomes an article: language, mentions, entities, places, salience."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.enrich.describe import Found, describe
from pipelines.enrich.engine import Engine, Span
from pipelines.enrich.models import Models
from pipelines.enrich.names.rules import names_of
from pipelines.enrich.reading import reading_of
from pipelines.records import Article, CleanArticle, EntityType

READ_AT_MOST = 60_000  # characters of a body in which names are looked for: 10,000 words cost a second and 200 MB
CONFIDENCE: Mapping[EntityType, float] = {"PER": 0.92, "LOC": 0.87, "ORG": 0.68, "MISC": 0.85}  # precision, measured
CARRIED = 0.8  # of that, for a name that the engine itself did not see there


def enrich_article(clean: CleanArticle, models: Models) -> Article:
    """The article with its language and what it names; nothing is rejected here."""
    language, evidence = models.detector.detect(clean.body, clean.language)
    warnings = list(clean.warnings)
    engine = models.engines.get(language or "")
    if engine is None:
        warnings.append(f"no_model: no names are found in texts of language {language or 'unknown'}")
        found: list[Found] = []
    else:
        if len(clean.body) > READ_AT_MOST:
            warnings.append(f"body_cut: names were looked for in the first {READ_AT_MOST:,} characters only")
        found = find_names(clean.body, engine, models)
    mentions, entities = describe(clean, found, models.gazetteer)
    language_evidence = {} if evidence is None else {"language": evidence}
    return Article(clean, language, mentions, entities, {**clean.evidence, **language_evidence}, tuple(warnings))


def find_names(body: str, engine: Engine, models: Models) -> list[Found]:
    """The names of a body, in order, at their places in the body as stored."""
    reading = reading_of(body[:READ_AT_MOST], models.gazetteer.is_prominent)
    (spans,) = engine.spans([reading.text])
    found = []
    for span in names_of(reading.text, spans, models.gazetteer):
        start, end = reading.origin(span.start, span.end)
        found.append(Found(start, end, span.type, body[start:end], _confidence(span)))
    return found


def _confidence(span: Span) -> float:
    return round(CONFIDENCE[span.type] * (CARRIED if span.label == "repeat" else 1.0), 3)
