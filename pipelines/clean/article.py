"""A raw article becomes a clean one, by the reader for its shape: page, text dump or JSON item."""

from __future__ import annotations

from pipelines.clean.page import clean_page
from pipelines.clean.rules import Rules
from pipelines.records import CleanArticle, RawArticle


def clean_article(raw: RawArticle, rules: Rules) -> CleanArticle:
    """The article in the page, without furniture.

    Rejects with ``BodyMissing``, ``ConsentWall``, ``ListingPage``, ``ErrorPage``, ``MarkupTooDeep`` or
    ``TitleMissing``.
    """
    if raw.kind == "html":
        return clean_page(raw, rules)
    if raw.kind == "text":
        from pipelines.clean.dump import clean_dump

        return clean_dump(raw, rules)
    from pipelines.clean.scraped import clean_item

    return clean_item(raw, rules)
