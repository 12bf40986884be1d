"""Converts an article into the Avro record that the contract describes, and that record into JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from pipelines.records import Article, Evidence, Provenance

_READ_FROM = 200  # characters; the contract's limit for the text of evidence
_ZONE = re.compile(r"([+-])(\d{2}):?(\d{2})")


def article_to_avro(article: Article, provenance: Provenance) -> dict[str, Any]:
    """The article as a record of ``schemas/article``, with the version and story of an article that is new.

    Later versions are numbered, and stories are linked, when the article is loaded into the warehouse.
    """
    clean = article.clean
    return {
        "article_id": clean.article_id,
        "version": 1,
        "content_hash": clean.content_hash,
        "url": clean.url,
        "canonical_url": clean.canonical_url,
        "outlet": asdict(clean.outlet),
        "title": clean.title,
        "body": clean.body,
        "authors": [asdict(author) for author in clean.authors],
        "published_at": _utc(clean.published_at),
        "published_zone": clean.published_zone,
        "modified_at": _utc(clean.modified_at),
        "dateline": asdict(clean.dateline) if clean.dateline else None,
        "language": article.language,
        "section": clean.section,
        "tags": list(clean.tags),
        "image_url": clean.image_url,
        "word_count": clean.word_count,
        "is_truncated": clean.is_truncated,
        **asdict(clean.rights),
        "robots": list(clean.rights.robots) or None,
        "body_withheld_for": clean.body_withheld_for,
        "story_id": clean.article_id,
        "story_signature": list(clean.story_signature),
        "mentions": [asdict(mention) for mention in article.mentions],
        "entities": [asdict(entity) for entity in article.entities],
        "evidence": {field: _evidence(found) for field, found in ({**clean.evidence, **article.evidence}).items()},
        "warnings": list(dict.fromkeys((*clean.warnings, *article.warnings))),
        "fetched_at": _utc(clean.fetched_at),
        "processed_at": _utc(provenance.processed_at),
        "processor": provenance.processor,
        "scraper": clean.scraper,
        "coordinates": asdict(clean.coordinates),
    }


def article_json(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record as JSON, with times in ISO 8601. ``published_at`` is in the page's own time zone if it is known."""
    plain = {name: _plain(value) for name, value in record.items()}
    published, zone = record.get("published_at"), record.get("published_zone")
    if isinstance(published, datetime):
        plain["published_at"] = _iso(published.astimezone(_zone(zone)))
    return plain


def _evidence(found: Evidence) -> dict[str, str | None]:
    read_from = found.read_from
    if read_from is not None and len(read_from) > _READ_FROM:
        read_from = read_from[: _READ_FROM - 1] + "…"
    return {"how": found.how, "read_from": read_from}


def _utc(at: datetime | None) -> datetime | None:
    """The time in UTC, cut to the contract's milliseconds. A time without a zone is unchanged."""
    if at is None or at.tzinfo is None:
        return at
    return at.replace(microsecond=at.microsecond // 1000 * 1000).astimezone(UTC)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return _iso(value)
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds" if at.microsecond else "seconds").replace("+00:00", "Z")


def _zone(offset: str | None) -> timezone:
    """
    >>> _zone("+05:30")
    datetime.timezone(datetime.timedelta(seconds=19800))
    """
    found = _ZONE.fullmatch(offset or "")
    if not found:
        return UTC
    minutes = int(found[2]) * 60 + int(found[3])
    return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes)) if 0 < minutes < 1440 else UTC
