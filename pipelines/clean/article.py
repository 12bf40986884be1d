"""A raw article becomes a clean one. There is a reader for each kind: HTML page, text dump and JSON item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pipelines.clean.metadata.rights import Declared, read_header_rights
from pipelines.clean.page import clean_page
from pipelines.clean.reserved import respect_rights
from pipelines.clean.rules import Rules
from pipelines.clean.text import repair, represented
from pipelines.records import CleanArticle, RawArticle


def clean_article(raw: RawArticle, rules: Rules) -> CleanArticle:
    """The article in the page, without boilerplate; without its body if the settings keep it out for the page's rights.

    Rejects with ``BodyMissing``, ``ConsentWall``, ``ListingPage``, ``ErrorPage``, ``MarkupTooDeep``, ``TitleMissing``
    or ``RightsReserved``.
    """
    article = _read(raw, rules)
    declared = Declared(article.rights, article.evidence).over(read_header_rights(raw.headers, rules.rights.agents))
    return respect_rights(replace(article, rights=declared.rights, evidence=declared.evidence), rules.rights)


def _read(raw: RawArticle, rules: Rules) -> CleanArticle:
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
