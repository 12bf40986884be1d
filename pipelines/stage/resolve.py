"""Tells for each staged record whether its article is new, a new version, unchanged, deleted, suppressed or held.

Pure: the same records and known state give the same answer, and a stream split into batches elsewhere gives the
same articles. A text is a version when its content hash is new to the article. The current version is the one
fetched last, not the one that came last: a late message never overwrites a newer text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from pipelines.records import Coordinates
from pipelines.stage.stories import Member, StoryIndex

type ResolvedOutcome = Literal["loaded", "new_version", "unchanged", "deleted", "suppressed", "held"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A staged article, or a delete request (``content_hash`` None), as far as identity goes."""

    source: Coordinates
    timestamp: datetime
    article_id: str
    content_hash: str | None = None
    fetched_at: datetime | None = None
    signature: tuple[int, ...] = ()
    word_count: int = 0
    is_held: bool = False
    """Its source is held: the article waits, and nothing is decided about it."""

    @property
    def is_delete_request(self) -> bool:
        return self.content_hash is None


@dataclass(frozen=True, slots=True)
class KnownArticle:
    """What is known of an article: its versions' hashes, and its current text as it was last seen."""

    article_id: str
    version_of: Mapping[str, int]
    """Content hash to the latest version that has it."""
    current_version: int
    current_hash: str
    current_fetched_at: datetime
    """When the current text was last fetched."""
    story_id: str

    @property
    def latest_version(self) -> int:
        return max(self.version_of.values())


@dataclass(frozen=True, slots=True)
class Known:
    """State of the warehouse that a batch is resolved against."""

    articles: Mapping[str, KnownArticle] = field(default_factory=dict)
    members: tuple[Member, ...] = ()
    suppressed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Resolution:
    """What becomes of one staged record."""

    source: Coordinates
    outcome: ResolvedOutcome
    article_id: str
    version: int | None = None
    story_id: str | None = None
    is_kept: bool = False
    """The record's text is a version that is there when the batch ends."""
    is_current: bool = False
    """That version is the article's current one when the batch ends."""
    is_removed: bool = False
    """A delete request later in the batch removed what the record had loaded or confirmed, or what waited."""


@dataclass(frozen=True, slots=True)
class Resolutions:
    """What becomes of a batch: each record, the ids to delete first, and the articles as they end."""

    rows: tuple[Resolution, ...]
    deleted: frozenset[str]
    articles: Mapping[str, KnownArticle]


def resolve(sightings: Iterable[Sighting], known: Known) -> Resolutions:
    """Resolves a batch in the order of Kafka (see ``in_order``)."""
    batch = _Batch(known)
    for sighting in in_order(sightings):
        batch.take(sighting)
    return batch.ended()


def in_order(sightings: Iterable[Sighting]) -> list[Sighting]:
    """By timestamp, partition, offset; but a partition's own order is kept, whatever its clocks did."""
    latest: dict[tuple[str, int], datetime] = {}
    keyed: list[tuple[datetime, int, int, str, Sighting]] = []
    for sighting in sorted(sightings, key=lambda s: s.source):
        place = (sighting.source.topic, sighting.source.partition)
        latest[place] = max(sighting.timestamp, latest.get(place, sighting.timestamp))
        keyed.append((latest[place], place[1], sighting.source.offset, place[0], sighting))
    return [keys[-1] for keys in sorted(keyed, key=lambda keys: keys[:-1])]


class _Batch:
    """The state of a batch while its records are taken in order."""

    def __init__(self, known: Known) -> None:
        self.articles = dict(known.articles)
        self.suppressed = known.suppressed
        self.index = StoryIndex(known.members)
        self.deleted: set[str] = set()
        self.touched: set[str] = set()
        self.rows: list[Resolution] = []
        self.rows_of: dict[str, list[int]] = {}

    def take(self, sighting: Sighting) -> None:
        row = self._resolved(sighting)
        if row.outcome != "held":
            self.touched.add(sighting.article_id)
        if row.outcome in {"loaded", "new_version", "unchanged", "held"}:
            self.rows_of.setdefault(sighting.article_id, []).append(len(self.rows))
        self.rows.append(row)

    def ended(self) -> Resolutions:
        current = {a.article_id: a.current_version for a in self.articles.values()}
        rows = tuple(
            replace(row, is_current=row.is_kept and current.get(row.article_id) == row.version) for row in self.rows
        )
        touched = {i: a for i, a in self.articles.items() if i in self.touched}
        return Resolutions(rows, frozenset(self.deleted), touched)

    def _resolved(self, sighting: Sighting) -> Resolution:
        article_id = sighting.article_id
        if sighting.is_delete_request:
            self._delete(article_id)
            return Resolution(sighting.source, "deleted", article_id)
        if article_id in self.suppressed:
            return Resolution(sighting.source, "suppressed", article_id)
        if sighting.is_held:
            return Resolution(sighting.source, "held", article_id)
        former = self.articles.get(article_id)
        if former is not None and not _is_version(sighting, former):
            self._see_again(sighting, former)
            version = former.version_of[sighting.content_hash or ""]
            return Resolution(sighting.source, "unchanged", article_id, version, former.story_id)
        return self._load(sighting, former)

    def _load(self, sighting: Sighting, former: KnownArticle | None) -> Resolution:
        assert sighting.content_hash is not None
        assert sighting.fetched_at is not None
        story = self.index.story_of(sighting.signature, sighting.word_count, except_for=sighting.article_id)
        story = story or (former.story_id if former else sighting.article_id)
        version = former.latest_version + 1 if former else 1
        is_newest = former is None or sighting.fetched_at >= former.current_fetched_at
        versions = {**(former.version_of if former else {}), sighting.content_hash: version}
        if former is None or is_newest:
            article = KnownArticle(
                sighting.article_id, versions, version, sighting.content_hash, sighting.fetched_at, story
            )
            self.index.add(
                Member(sighting.article_id, story, sighting.signature, sighting.word_count, sighting.fetched_at)
            )
        else:
            article = replace(former, version_of=versions)
        self.articles[sighting.article_id] = article
        outcome: ResolvedOutcome = "new_version" if former else "loaded"
        return Resolution(sighting.source, outcome, sighting.article_id, version, story, is_kept=True)

    def _see_again(self, sighting: Sighting, former: KnownArticle) -> None:
        assert sighting.fetched_at is not None
        if sighting.content_hash == former.current_hash and sighting.fetched_at > former.current_fetched_at:
            self.articles[sighting.article_id] = replace(former, current_fetched_at=sighting.fetched_at)

    def _delete(self, article_id: str) -> None:
        self.articles.pop(article_id, None)
        self.index.remove(article_id)
        self.deleted.add(article_id)
        for at in self.rows_of.pop(article_id, ()):
            self.rows[at] = replace(self.rows[at], is_kept=False, is_removed=True)


def _is_version(sighting: Sighting, former: KnownArticle) -> bool:
    """A text new to the article, or an earlier one that was fetched after the current one: a revert."""
    assert sighting.fetched_at is not None
    if sighting.content_hash not in former.version_of:
        return True
    return sighting.content_hash != former.current_hash and sighting.fetched_at > former.current_fetched_at
