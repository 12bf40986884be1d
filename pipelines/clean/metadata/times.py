"""When an article was published and last changed, each from what the page says of it, in its own field."""

from __future__ import annotations

from pipelines.clean.metadata.found import Found
from pipelines.clean.metadata.head import Head
from pipelines.clean.metadata.jsonld import JsonObject, text_of
from pipelines.clean.metadata.moments import Moment, read_moment

_PUBLISHED = ("article:published_time", "og:published_time", "datepublished", "parsely-pub-date", "sailthru.date",
              "article.published", "published-date", "publication_date", "publishdate", "publish-date", "pubdate",
              "dc.date.issued", "dcterms.created", "dc.date", "dcterms.date", "cxenseparse:recs:publishtime", "date",
              "datecreated", "cxenseparse:publishtime", "og:article:published_time", "rnews:datepublished")
_MODIFIED = ("article:modified_time", "og:updated_time", "datemodified", "last-modified", "dcterms.modified",
             "og:modified_time", "lastmod")


def read_times(head: Head, article: JsonObject | None) -> dict[str, Found[Moment]]:
    """``published_at`` and ``modified_at``, as far as JSON-LD or meta tags say."""
    times = {}
    published = _linked(article, "datePublished", "uploadDate", "dateCreated") or _tagged(head, _PUBLISHED)
    modified = _linked(article, "dateModified") or _tagged(head, _MODIFIED)
    if published is not None:
        times["published_at"] = published
    if modified is not None:
        times["modified_at"] = modified
    return times


def _linked(article: JsonObject | None, *keys: str) -> Found[Moment] | None:
    for key in keys if article is not None else ():
        written = text_of(article.get(key)) if article is not None else None
        moment = read_moment(written) if written else None
        if moment is not None:
            return Found(moment, "json-ld", f"{key}: {written}")
    return None


def _tagged(head: Head, names: tuple[str, ...]) -> Found[Moment] | None:
    for name in names:
        for written in head.metas.get(name, ()):
            moment = read_moment(written)
            if moment is not None:
                return Found(moment, "meta", f"{name}: {written}")
    return None
