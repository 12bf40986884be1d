"""A raw article becomes a clean one. There is a reader for each kind: HTML page, text dump and JSON item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pipelines.clean.page import clean_page
from pipelines.clean.rules import Rules
from pipelines.clean.text import repair, represented
from pipelines.records import CleanArticle, RawArticle


def clean_article(raw: RawArticle, rules: Rules) -> CleanArticle:
    """The article in the page, without boilerplate.

    Rejects with ``BodyMissing``, ``ConsentWall``, ``ListingPage``, ``ErrorPage``, ``MarkupTooDeep`` or
    ``TitleMissing``.
    """
    if raw.kind == "item":
        from pipelines.clean.scraped import clean_item

        return clean_item(raw, rules)
    repaired = repair(represented(raw.text))
    article = _reader_of(raw)(replace(raw, text=repaired.text), rules)
    evidence = {"title_repair": repaired.evidence_in(article.title), "body_repair": repaired.evidence_in(article.body)}
    return replace(
        article, evidence={**{name: seen for name, seen in evidence.items() if seen is not None}, **article.evidence})


def _reader_of(raw: RawArticle) -> Callable[[RawArticle, Rules], CleanArticle]:
    if raw.kind == "html":
        return clean_page
    from pipelines.clean.dump import clean_dump

    return clean_dump
