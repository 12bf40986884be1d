"""Finds names that a warehouse has of texts, so that the model need not search a text for them again.

Nothing but the body, the language and the processor decides which names are found. Of a text that is made of the same
body by the same processor, the names in the warehouse are therefore those that the model would find. What also depends
on other fields of a page, such as linked places and salience, is always made anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from pipelines.records import CleanArticle, KnownNames
from pipelines.resolve.state import KnownState, Lookup, Row

MOST = 3
"""So many articles with a text are looked at, the last fetched first: one of them most likely has it as its current
version, which alone has names. A report of an agency is in hundreds of articles."""


def known_names(
    articles: Sequence[CleanArticle], processor: str, known: KnownState
) -> list[KnownNames | None]:
    """The names known of each article's body; None where ``known`` has no reading of it by the processor.

    A body without names is not known: it cannot be distinguished from a version whose names were removed.
    """
    texts = _texts(articles, processor, known)
    alike = {
        (article_id, version)
        for article in articles
        for article_id, version, body, _ in texts.get(article.content_hash, ())
        if body == article.body
    }
    columns = ("article_id", "version", "start_char", "end_char", "type", "confidence")
    spans: dict[Row, list[Row]] = defaultdict(list)
    for article_id, version, *span in known.rows(
        Lookup("mentions", columns, ("article_id", "version"), sorted(alike), order=("position",))
    ):
        spans[article_id, version].append(tuple(span))
    return [_names(article, texts.get(article.content_hash, ()), spans) for article in articles]


def _texts(articles: Sequence[CleanArticle], processor: str, known: KnownState) -> dict[str, list[Row]]:
    """Stored texts with the content hash of an article, by this hash: article, version, body and language."""
    columns = ("content_hash", "article_id", "version", "body", "language")
    keys = sorted({(article.content_hash, processor) for article in articles if article.body})
    order = ("-fetched_at", "article_id", "version")
    found: dict[str, list[Row]] = defaultdict(list)
    for content_hash, *text in known.rows(
        Lookup("article_versions", columns, ("content_hash", "processor"), keys, order=order, most=MOST)
    ):
        found[content_hash].append(tuple(text))
    return found


def _names(article: CleanArticle, texts: Sequence[Row], spans: dict[Row, list[Row]]) -> KnownNames | None:
    for article_id, version, body, language in texts:
        if body == article.body and (article_id, version) in spans:
            found = spans[article_id, version]
            return KnownNames(language, tuple((start, end, kind, sure) for start, end, kind, sure in found))
    return None
