"""Finds the articles that a rejected message names, so that a delete request for one also finds its dead letter."""

from __future__ import annotations

from typing import Any

from pipelines.clean import article_id_of_url, named_articles, registered_domain
from pipelines.decode import declared_url, readable_url
from pipelines.records import Article, CleanArticle, RawArticle, RawMessage


def named_in(record: Any, url: str | None = None) -> tuple[str, ...]:
    """Ids of the articles that a record of any step names; the id of the record itself comes first.

    ``url`` is the URL that the step had read when it rejected the record. If the ids cannot be derived, because the URL
    itself is the cause of the failure, the result is empty: rejecting a record must not fail the bundle.
    """
    try:
        return tuple(dict.fromkeys(_named(record, url)))
    except Exception:  # noqa: BLE001  the record is rejected already, perhaps because of the same exception
        return ()


def url_in(record: Any, url: str | None = None) -> str | None:
    """The address of the page that a record of any step was made from, or ``url``; None if it is not known."""
    match record:
        case RawArticle() | CleanArticle():
            return record.url or url
        case Article():
            return record.clean.url or url
        case {"url": str(address)}:
            return address
        case _:
            return url


def outlet_named_by(message: RawMessage, url: str | None) -> str | None:
    """The registered domain of the publisher whose page a rejected message is, by ``url`` or an address in the message.

    It is None if no step had read an address and neither the value nor the header or key names one.
    """
    address = url or readable_url(message) or declared_url(message)
    return registered_domain(address) if address else None


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
    """Ids of the articles that a rejected message names: ``article_ids`` of its value, then of its header or its key.

    If ``article_ids`` is empty, because no step had read the value yet, a URL is searched for in the raw value.
    """
    outside = declared_url(message)
    inside = readable_url(message) if not article_ids else None
    return tuple(dict.fromkeys((*article_ids, *(article_id_of_url(url) for url in (inside, outside) if url))))
