"""The ids of the article that a rejected message was about, so that a delete request finds the message too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from itertools import islice

from pipelines.addresses import joined_address, split_address
from pipelines.clean.identity import article_id_of_url, canonical_url
from pipelines.clean.item import values_under
from pipelines.records import RawArticle

LOOKED_AT = 100_000
"""Characters of markup that are searched for the page's own address. It is in the page's head."""

MOST_TAGS = 500
_TAG = re.compile(r"<(link|meta)\b([^<>]{0,1000})>", re.I)
_ATTRIBUTE = re.compile(r"""\b([a-z]{1,20})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.I)


def named_articles(raw: RawArticle) -> tuple[str, ...]:
    """The article ids of the addresses that a page or item declares as its own, the canonical one first.

    The page is searched but not parsed, because this is called for rejected records, whose markup may be the reason.

    >>> from datetime import UTC, datetime
    >>> from pipelines.records import Coordinates
    >>> page = "<link rel=canonical href=/pier>"
    >>> raw = RawArticle(Coordinates("t", 0, 0), "s", "html", page, datetime.now(UTC), "https://outlet.example/?id=7")
    >>> named_articles(raw) == tuple(map(article_id_of_url, ("https://outlet.example/pier", "https://outlet.example/?id=7")))
    True
    """
    item = raw.item or {}
    declared = [*values_under("canonical_url", item, raw.scraper)]
    for markup in (raw.text, *values_under("html", item, raw.scraper)):
        declared += islice(_addresses_in(markup[:LOOKED_AT]), 1)
    fetched = [*([raw.url] if raw.url else ()), *values_under("url", item, raw.scraper)]
    canonical = [canonical_url(url, joined_address(url, own)) for url in fetched[:1] for own in declared] or declared
    named = (article_id_of_url(url) for url in (*canonical, *fetched) if split_address(url) is not None)
    return tuple(dict.fromkeys(named))


def _addresses_in(markup: str) -> Iterator[str]:
    """The addresses in the page's canonical links, then those in ``og:url``."""
    shared = []
    for tag in islice(_TAG.finditer(markup), MOST_TAGS):
        said = {name.lower(): unescape(a or b or c).strip() for name, a, b, c in _ATTRIBUTE.findall(tag[2])}
        if tag[1].lower() == "link" and "canonical" in said.get("rel", "").lower().split() and said.get("href"):
            yield said["href"]
        elif "og:url" in (said.get("property"), said.get("name")) and said.get("content"):
            shared.append(said["content"])
    yield from shared
