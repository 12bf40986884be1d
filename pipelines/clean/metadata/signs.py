"""The signs in a page's head of what kind of page it is: an article, a list, behind a paywall, how long."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.clean.metadata.head import Head
from pipelines.clean.metadata.jsonld import JsonObject, LinkedData, articles_of, text_of, types_of
from pipelines.clean.metadata.list_signs import NO_LIST_SIGNS, ListSigns

MOST_ARTICLES = 4
"""A page with more articles than this in JSON-LD is a list. An article's own page has a few related ones."""

_DESCRIPTIONS = ("description", "og:description", "twitter:description")
_LISTS = frozenset(("collectionpage", "itemlist", "searchresultspage"))


@dataclass(frozen=True, slots=True)
class PageSigns:
    """``titles`` are all titles of the page; ``declared_words`` is the word count that JSON-LD declares.
    ``descriptions`` are those in meta elements.
    """

    titles: tuple[str, ...] = ()
    url: str | None = None
    is_marked_article: bool = False
    is_marked_listing: bool = False
    is_marked_paid: bool = False
    declared_words: int | None = None
    listed: ListSigns = NO_LIST_SIGNS
    descriptions: tuple[str, ...] = ()


def read_signs(head: Head, data: LinkedData, own: JsonObject | None, titles: tuple[str, ...],
               url: str | None) -> PageSigns:
    articles = articles_of(data)
    kinds = {kind for found in data.objects for kind in types_of(found)}
    is_live = own is not None and "liveblogposting" in types_of(own)  # its entries are articles too, in JSON-LD
    is_typed = is_live or "article" in head.metas.get("og:type", ()) or bool(head.meta("article:published_time"))
    return PageSigns(
        titles=titles,
        url=url,
        is_marked_article=is_typed or 0 < len(articles) <= MOST_ARTICLES,
        is_marked_listing=not is_typed and (bool(kinds & _LISTS) or len(articles) > MOST_ARTICLES),
        is_marked_paid=own is not None and str(own.get("isAccessibleForFree")).lower() == "false",
        declared_words=_word_count(own),
        descriptions=tuple(" ".join(each.split()) for name in _DESCRIPTIONS for each in head.metas.get(name, ())),
    )


def _word_count(article: JsonObject | None) -> int | None:
    if article is None:
        return None
    declared = article.get("wordCount")
    text = str(declared) if isinstance(declared, int) else text_of(declared) or ""
    return int(text) if text.isdecimal() and len(text) < 6 else None
