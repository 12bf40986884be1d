"""Records for tests: the only way that a test makes one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pipelines.records import Article, CleanArticle, Coordinates, Outlet, RawArticle, RawMessage

FETCHED_AT = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)

BODY = (
    "Marrowby (HNA): The harbour council of Marrowby voted on Tuesday to rebuild the east pier, two winters "
    "after a storm broke it.\n\n"
    "Councillor Ines Falk said the work would start in May and cost four million crowns.\n\n"
    "Fishing crews had asked for the decision since the storm, and some had moved to Port Ansel."
)


def coordinates(offset: int = 0, partition: int = 0, topic: str = "articles.raw") -> Coordinates:
    return Coordinates(topic, partition, offset)


def a_message(**changes: Any) -> RawMessage:
    """A small HTML article as a Kafka record."""
    defaults: dict[str, Any] = {
        "coordinates": coordinates(),
        "timestamp": FETCHED_AT,
        "key": b"https://harbour-news.example/pier",
        "value": b"<html><head><title>Pier to be rebuilt</title></head><body><article><h1>Pier to be rebuilt</h1>"
        + "".join(f"<p>{p}</p>" for p in BODY.split("\n\n")).encode()
        + b"</article></body></html>",
        "headers": (
            ("content-type", b"text/html; charset=utf-8"),
            ("url", b"https://harbour-news.example/pier"),
            ("fetched-at", b"2026-03-04T09:30:00Z"),
            ("source", b"harbour-crawler"),
        ),
    }
    return RawMessage(**(defaults | changes))


def a_raw_article(**changes: Any) -> RawArticle:
    defaults: dict[str, Any] = {
        "coordinates": coordinates(),
        "scraper": "harbour-crawler",
        "kind": "html",
        "text": (a_message().value or b"").decode(),
        "fetched_at": FETCHED_AT,
        "url": "https://harbour-news.example/pier",
    }
    return RawArticle(**(defaults | changes))


def a_clean_article(**changes: Any) -> CleanArticle:
    defaults: dict[str, Any] = {
        "coordinates": coordinates(),
        "scraper": "harbour-crawler",
        "article_id": "a" * 32,
        "content_hash": "b" * 64,
        "title": "Pier to be rebuilt",
        "body": BODY,
        "fetched_at": FETCHED_AT,
        "url": "https://harbour-news.example/pier",
        "canonical_url": "https://harbour-news.example/pier",
        "outlet": Outlet("harbour-news.example", "Harbour News"),
        "language": "en",
        "word_count": len(BODY.split()),
    }
    return CleanArticle(**(defaults | changes))


def an_article(**changes: Any) -> Article:
    """An article; a change that is a field of the clean article goes there."""
    own = {k: v for k, v in changes.items() if k in {"mentions", "entities", "evidence", "warnings", "language"}}
    clean = a_clean_article(**{k: v for k, v in changes.items() if k not in own})
    return Article(clean=clean, **({"language": clean.language} | own))
