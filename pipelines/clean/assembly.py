"""The findings of a reader become a clean article: identity, dateline, word count and warnings are added here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pipelines.clean.dateline import read_dateline
from pipelines.clean.identity import content_hash, identity_of, story_signature, text_hash
from pipelines.clean.text import count_words, shorten
from pipelines.records import Author, CleanArticle, Evidence, Outlet, RawArticle, Rights

REPLACEMENT = "\ufffd"
AHEAD = timedelta(days=1)
"""A publication date that is later than the fetch by more than this gets a warning; the article is not rejected."""


@dataclass(frozen=True, slots=True)
class Findings:
    """The fields of an article as they were found in a page, dump or item. ``evidence`` says how each was found.

    ``lasting`` is the part of the body by which versions are told from each other, where that is not all of it.
    """

    title: str
    body: str
    lasting: str | None = None
    canonical_url: str | None = None
    outlet: Outlet = field(default_factory=Outlet)
    authors: tuple[Author, ...] = ()
    published_at: datetime | None = None
    published_zone: str | None = None
    modified_at: datetime | None = None
    language: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    image_url: str | None = None
    is_truncated: bool = False
    rights: Rights = field(default_factory=Rights)
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def assemble(raw: RawArticle, found: Findings) -> CleanArticle:
    """The clean article of ``raw``: the fields found, with its identity, its dateline and its warnings."""
    title, body = (text.replace(REPLACEMENT, "") for text in (found.title, found.body))
    if (title, body) != (found.title, found.body):
        lost = "CharactersLost: the page contains U+FFFD, where an earlier program lost characters; it was removed"
        found = replace(found, title=title, body=body, warnings=(*found.warnings, lost))
    fingerprint = content_hash(found.title, found.body if found.lasting is None else found.lasting)
    content = text_hash(found.title, found.body) if found.canonical_url is None else ""  # it is not looked at
    dateline = read_dateline(found.body)
    evidence = {**raw.evidence, **found.evidence}
    if dateline is not None:
        evidence["dateline"] = Evidence("first paragraph", found.body[:80])
    return CleanArticle(
        coordinates=raw.coordinates,
        scraper=raw.scraper,
        article_id=identity_of(found.canonical_url, content),
        content_hash=fingerprint,
        title=found.title,
        body=found.body,
        fetched_at=raw.fetched_at,
        url=raw.url,
        canonical_url=found.canonical_url,
        outlet=found.outlet,
        authors=found.authors,
        published_at=found.published_at,
        published_zone=found.published_zone,
        modified_at=found.modified_at,
        dateline=dateline,
        language=found.language,
        section=found.section,
        tags=found.tags,
        image_url=found.image_url,
        word_count=count_words(found.body),
        is_truncated=found.is_truncated or raw.is_truncated,
        rights=found.rights,
        story_signature=story_signature(found.body),
        evidence={
            name: Evidence(seen.how, seen.read_from and shorten(seen.read_from)) for name, seen in evidence.items()},
        warnings=(*raw.warnings, *found.warnings, *_oddities(raw, found)),
    )


def _oddities(raw: RawArticle, found: Findings) -> list[str]:
    odd = []
    if found.published_at is not None and found.published_at > raw.fetched_at + AHEAD:
        odd.append(f"PublishedAhead: published_at {found.published_at.isoformat()} is after the fetch")
    if found.is_truncated or raw.is_truncated:
        odd.append("Truncated: the body is a teaser or was cut off")
    return odd
