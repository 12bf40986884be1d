"""The records that pass from step to step: message, raw article, clean article, article.

All are frozen and slotted dataclasses, which Beam can pass on as they are. The fields of an article are described in
``schemas/article``; only what is not in those schemas is described here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

type PageKind = Literal["html", "text", "item"]
type AuthorType = Literal["person", "desk", "organisation"]
type EntityType = Literal["PER", "LOC", "ORG", "MISC"]


@dataclass(frozen=True, slots=True, order=True)
class Coordinates:
    """The place of a message in Kafka: topic, partition and offset."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}@{self.offset}"


UNKNOWN_BYTES = -1
UNKNOWN_SCRAPER = "unknown"
"""The scraper of a message that does not name one."""


LONGEST_SCRAPER = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def scraper_name(given: str | None) -> str | None:
    """A scraper's name as it is stored: without control characters, at most 200 characters; None if nothing is left.

    >>> scraper_name(" quay\\0crawler\\n"), scraper_name("\\t")
    ('quay crawler', None)
    """
    return _CONTROL.sub(" ", given or "").strip()[:LONGEST_SCRAPER] or None


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A Kafka record as it was read. ``value`` is None for a tombstone, which is a delete request.

    ``value`` is also None if the reader had no memory for it. Then ``left_out_bytes`` is its size, or ``UNKNOWN_BYTES``
    if the size could not be read. Such a message is not a delete request.
    """

    coordinates: Coordinates
    timestamp: datetime
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    left_out_bytes: int | None = None

    def header(self, name: str) -> str | None:
        """The last header with this name (case-insensitive) as text, or None."""
        for key, value in reversed(self.headers):
            if key.lower() == name.lower() and value is not None:
                return value.decode("utf-8", "replace")
        return None


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message to be sent to Kafka. ``value`` is None for a tombstone.

    ``key`` is the article's URL, so that all its versions are in one partition and in order. ``path`` is the file from
    which the message was made, with the line or record.
    """

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a field was found, and the text that it was read from."""

    how: str
    read_from: str | None = None


@dataclass(frozen=True, slots=True)
class RawArticle:
    """A page after its framing and charset are decoded: its markup or text as characters.

    ``kind`` is ``html`` (``text`` is markup), ``text`` (``text`` is a plain-text dump) or ``item`` (``item``
    is the scraper's JSON object, and ``text`` is its main text or markup, if it has any). ``is_truncated`` is true if
    the crawler declares that it stored only a part of the page.
    """

    coordinates: Coordinates
    scraper: str
    kind: PageKind
    text: str
    fetched_at: datetime
    url: str | None = None
    charset: str = "utf-8"
    http_status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    item: Mapping[str, object] | None = None
    is_truncated: bool = False
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outlet:
    domain: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Author:
    name: str
    type: AuthorType = "person"


@dataclass(frozen=True, slots=True)
class Dateline:
    place: str | None = None
    agency: str | None = None


@dataclass(frozen=True, slots=True)
class Rights:
    """What a page declares about the use of its article, as the contract ``article`` describes it. None: nothing."""

    robots: tuple[str, ...] = ()
    tdm_reserved: bool | None = None
    tdm_policy: str | None = None
    license: str | None = None
    usage_info: str | None = None
    acquire_license_page: str | None = None
    copyright_notice: str | None = None
    is_accessible_for_free: bool | None = None


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The names that the same processor found in the same body before, in order, and the language that it detected.

    Each name is its first character, the character after its last, its type and its confidence.
    """

    language: str | None
    spans: tuple[tuple[int, int, EntityType, float], ...]


@dataclass(frozen=True, slots=True)
class CleanArticle:
    """An article without boilerplate. ``evidence`` says how each field was found.

    ``known_names`` is None unless the warehouse has a reading of the same body by the same processor.

    If the settings keep the body out, ``body`` is empty, ``body_withheld_for`` is the signal that they do it for, and
    ``content_hash`` is still that of the whole text.
    """

    coordinates: Coordinates
    scraper: str
    article_id: str
    content_hash: str
    title: str
    body: str
    fetched_at: datetime
    url: str | None = None
    canonical_url: str | None = None
    outlet: Outlet = Outlet()
    authors: tuple[Author, ...] = ()
    published_at: datetime | None = None
    published_zone: str | None = None
    modified_at: datetime | None = None
    dateline: Dateline | None = None
    language: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    image_url: str | None = None
    word_count: int = 0
    is_truncated: bool = False
    rights: Rights = Rights()
    body_withheld_for: str | None = None
    story_signature: tuple[int, ...] = ()
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    known_names: KnownNames | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """A span of the body that names an entity. ``body[start:end] == text`` always holds."""

    text: str
    type: EntityType
    start: int
    end: int
    sentence: int
    entity_id: str
    in_title: bool
    confidence: float


@dataclass(frozen=True, slots=True)
class Entity:
    entity_id: str
    name: str
    type: EntityType
    mention_count: int
    salience: float
    in_title: bool = False
    country: str | None = None
    geonames_id: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    occupation: str | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """A clean article with its mentions and entities, as the contract ``article`` describes it.

    ``clean`` has the fields of the clean article. ``language`` and ``warnings`` replace those of ``clean``.
    """

    clean: CleanArticle
    language: str | None
    mentions: tuple[Mention, ...] = ()
    entities: tuple[Entity, ...] = ()
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """When a record was made, and by which version of the code, tables and models (``processor``)."""

    processor: str
    processed_at: datetime


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """Offsets ``start`` (included) to ``end`` (excluded) of a partition."""

    topic: str
    partition: int
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start


type GapKind = Literal["compaction", "control_record", "retention", "skipped"]


@dataclass(frozen=True, slots=True)
class Gap:
    """Offsets ``start`` (included) to ``end`` (excluded) without a record, and the reason.

    Those of kind ``skipped`` have records, which an ingest from a later time left out.
    """

    topic: str
    partition: int
    start: int
    end: int
    kind: GapKind
