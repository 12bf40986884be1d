"""A clean article becomes an article: language, mentions, entities, places, salience."""

from __future__ import annotations

import hashlib
from collections import Counter

from pipelines.enrich.models import Models
from pipelines.records import Article, CleanArticle, Entity, Mention


def enrich_article(clean: CleanArticle, models: Models) -> Article:
    """The article with its language and what it names; nothing is rejected here."""
    language = models.teller.tell(clean.body, clean.language)
    engine = models.engines.get(language or "")
    if engine is None:
        warning = f"no_model: no names are found in texts of language {language or 'unknown'}"
        return Article(clean, language, warnings=(*clean.warnings, warning), evidence=clean.evidence)
    (spans,) = engine.spans([clean.body])
    mentions = tuple(
        Mention(clean.body[s.start : s.end], s.type, s.start, s.end, 0,
                hashlib.sha256(f"{s.type}:{clean.body[s.start:s.end]}".encode()).hexdigest()[:32],
                clean.body[s.start : s.end] in clean.title, 0.8)
        for s in spans
    )
    counts = Counter((m.entity_id, m.text, m.type) for m in mentions)
    entities = tuple(
        Entity(identity, text, kind, count, count / len(mentions), text in clean.title)
        for (identity, text, kind), count in counts.most_common()
    )
    return Article(clean, language, mentions, entities, clean.evidence, clean.warnings)
