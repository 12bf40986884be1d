"""Says which articles a rejected message names, so that a delete request for one of them finds its dead letter."""

from __future__ import annotations

from typing import Any

from pipelines.clean import article_id_of_url, named_articles
from pipelines.decode import declared_url, readable_url
from pipelines.records import Article, CleanArticle, RawArticle, RawMessage


def named_in(record: Any, url: str | None = None) -> tuple[str, ...]:
    """Ids of the articles that a record names, whichever step it comes from, that of its identity first.

    ``url`` is an address that the step had read when it rejected the record. A record whose address is itself what no
    step can bear names none: to reject it must not fail the bundle.
    """
    try:
        return tuple(dict.fromkeys(_named(record, url)))
    except Exception:  # noqa: BLE001  the step has rejected it already, maybe with this very exception
        return ()


def _named(record: Any, url: str | None) -> tuple[str, ...]:
    match record:
        case RawArticle():
            return named_articles(record)
        case Article():
            return _named(record.clean, url)
        case CleanArticle():
            article_id, url = record.article_id, record.url
        case {"article_id": str(article_id), "url": str() | None as address}:
            url = address
        case _:
            return (article_id_of_url(url),) if url else ()
    return (article_id, article_id_of_url(url)) if url else (article_id,)


def named_by(message: RawMessage, article_ids: tuple[str, ...]) -> tuple[str, ...]:
    """The same of a rejected message as a whole: what its value was found to name, then its header ``url`` or its key.

    Where nothing was found, because no step got so far, the value is looked at as it is.
    """
    outside = declared_url(message)
    inside = readable_url(message) if not article_ids else None
    return tuple(dict.fromkeys((*article_ids, *(article_id_of_url(url) for url in (inside, outside) if url))))
