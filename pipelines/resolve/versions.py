"""Decides the outcome of each record of a batch: new article, version or reading, unchanged, quarantined, deleted.

Pure: the same records and known state give the same answer, and a stream that is split into other batches gives the
same articles. A text becomes a version when its content hash is new to the article. The current version is the text
that was fetched last, not the one that arrived last: a late message never overwrites a newer text. The reading of the
current text (byline, dates, entities) comes from the sighting that was fetched last; among sightings of one fetch, from
the one that was processed last.

A delete request removes the records that it covers (see ``deletions``) and is stored. The other records of the article
are resolved again, as if the removed ones had never arrived.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, Protocol

from pipelines.records import Coordinates
from pipelines.resolve.deletions import Deletion, DeletionIndex
from pipelines.resolve.stories import Member, StoryIndex, common_bands

type ResolvedOutcome = Literal[
    "loaded", "new_version", "new_reading", "unchanged", "rejected", "deleted", "nothing_to_delete", "suppressed",
    "quarantined", "withdrawn",
]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A Kafka record as far as identity goes: it carries an article, asks for a deletion, or was rejected.

    ``article_id`` identifies the article. For a delete request or a rejected record it is derived from the address that
    they name, and is empty if a rejected record names none. A rejected record may name further articles.
    """

    coordinates: Coordinates
    timestamp: datetime
    article_id: str
    content_hash: str | None = None
    fetched_at: datetime | None = None
    signature: tuple[int, ...] = ()
    word_count: int = 0
    is_quarantined: bool = False
    """Its scraper is quarantined: the article waits, and nothing is decided about it."""
    key_id: str | None = None
    """Digest of the message's key (see ``key_digest``)."""
    is_rejected: bool = False
    is_gone: bool = False
    """It was removed or suppressed before the batch: it only says which article came under its key."""
    other_article_ids: tuple[str, ...] = ()
    reading: str | None = None
    """What was read of the article besides its text; None where that is not known."""
    processed_at: datetime | None = None
    processor: str = ""

    @property
    def article_ids(self) -> tuple[str, ...]:
        """Every article that it carries or names, each once."""
        return tuple(dict.fromkeys((self.article_id, *self.other_article_ids)))

    @property
    def is_delete_request(self) -> bool:
        return self.content_hash is None and not (self.is_rejected or self.is_quarantined or self.is_gone)

    @property
    def is_text(self) -> bool:
        """Whether it shows a text of its article that is loaded."""
        return self.content_hash is not None and not (self.is_quarantined or self.is_gone)


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
    first_fetched_at: datetime | None = None
    """When the current text was first fetched."""
    reading: str | None = None
    """What was read of the current text when it was last fetched."""
    processed_at: datetime | None = None
    processor: str = ""
    outlet_domain: str | None = None
    """The outlet of the current text, as the warehouse has it."""
    outlet_name: str | None = None
    coordinates: Coordinates | None = None
    """The message from which the current text was read, as the warehouse has it."""

    @property
    def latest_version(self) -> int:
        return max(self.version_of.values())


@dataclass(frozen=True, slots=True)
class Known:
    """State of the warehouse that a batch is resolved against."""

    articles: Mapping[str, KnownArticle] = field(default_factory=dict)
    members: tuple[Member, ...] = ()
    suppressed: frozenset[str] = frozenset()
    deletions: tuple[Deletion, ...] = ()
    """Earlier delete requests for the keys and articles of the batch."""
    past: tuple[Sighting, ...] = ()
    """Earlier records of the articles and keys that a delete request in the batch, or a late record, may concern."""
    suppressed_records: frozenset[Coordinates] = frozenset()
    """Records of the batch whose outlet is suppressed."""
    redacted: frozenset[str] = frozenset()
    """Articles in which a name is redacted: rejected records of them keep no content, which has the name."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What becomes of one record."""

    coordinates: Coordinates
    outcome: ResolvedOutcome
    article_id: str
    version: int | None = None
    story_id: str | None = None
    is_kept: bool = False
    """The record's text is a version that is there when the batch ends."""
    is_current: bool = False
    """That version is the article's current one when the batch ends."""
    first_fetched_at: datetime | None = None
    """When the text of a new reading was first fetched."""
    is_removed: bool = False
    """A delete request or a takedown removed what the record had loaded or confirmed, what waited, or its dead letter's
    content."""
    is_same: bool = False
    """The record was processed again, and nothing of it changed."""


@dataclass(frozen=True, slots=True)
class Resolutions:
    """What becomes of a batch: each record, the ids to delete first, and the articles as they end.

    ``removed`` are earlier records that a delete request covers. ``restored`` are the other records of such an article,
    or of one that is made anew (see ``again``), with what becomes of them now; their texts are in the warehouse.
    ``deletions`` are to be remembered.
    """

    rows: tuple[Resolution, ...]
    deleted: frozenset[str]
    articles: Mapping[str, KnownArticle]
    removed: frozenset[Coordinates] = frozenset()
    restored: tuple[Resolution, ...] = ()
    deletions: tuple[Deletion, ...] = ()


def resolve(sightings: Iterable[Sighting], known: Known, forgotten: ToForget | None = None) -> Resolutions:
    """Resolves a batch in the order of Kafka (see ``in_order``), after what it has to forget is removed."""
    ordered = in_order(sightings)
    batch = Resolver(known, ordered)
    if forgotten is not None:
        batch.forget(forgotten)
    for sighting in ordered:
        batch.take(sighting)
    return batch.ended()


def in_order(sightings: Iterable[Sighting]) -> list[Sighting]:
    """By timestamp, partition, offset; but a partition's own order is kept, whatever its clocks did.

    The time of a rejected record moves no other record: it may be what the record was rejected for.
    """
    latest: dict[tuple[str, int], datetime] = {}
    keyed: list[tuple[datetime, int, int, str, Sighting]] = []
    for sighting in sorted(sightings, key=lambda s: s.coordinates):
        place = (sighting.coordinates.topic, sighting.coordinates.partition)
        moment = max(sighting.timestamp, latest.get(place, sighting.timestamp))
        if not sighting.is_rejected:
            latest[place] = moment
        keyed.append((moment, place[1], sighting.coordinates.offset, place[0], sighting))
    return [keys[-1] for keys in sorted(keyed, key=lambda keys: keys[:-1])]


class ToForget(Protocol):
    """What a takedown removes: see ``takedowns.Forgotten``."""

    @property
    def article_ids(self) -> tuple[str, ...]: ...
    @property
    def rejected(self) -> tuple[Coordinates, ...]: ...
    @property
    def name(self) -> object | None: ...


class _Records:
    """The records that deletions may concern, by article and by key."""

    def __init__(self) -> None:
        self._in_effect: dict[Coordinates, Sighting] = {}
        self._of_article: dict[str, list[Sighting]] = defaultdict(list)
        self._under_key: dict[tuple[str, str], list[Sighting]] = defaultdict(list)

    def add(self, record: Sighting) -> None:
        if not record.is_gone:
            self._in_effect[record.coordinates] = record
            for article_id in record.article_ids:
                self._of_article[article_id].append(record)
        if record.key_id is not None:
            self._under_key[record.coordinates.topic, record.key_id].append(record)

    def remove(self, record: Sighting) -> None:
        del self._in_effect[record.coordinates]

    def of_article(self, article_id: str) -> list[Sighting]:
        """Records in effect that carry the article, or were rejected and name its address."""
        return [record for record in self._of_article.get(article_id, ()) if record.coordinates in self._in_effect]

    def rejected_under(self, request: Sighting) -> list[Sighting]:
        """Rejected records in effect under the key of a delete request."""
        return [r for r in self._under(request) if r.is_rejected and r.coordinates in self._in_effect]

    def rejected_at(self, coordinates: Collection[Coordinates]) -> list[Sighting]:
        """The rejected records in effect at these coordinates."""
        found = (self._in_effect.get(each) for each in coordinates)
        return [record for record in found if record is not None and record.is_rejected]

    def articles_under(self, deletion: Deletion, request: Sighting) -> set[str]:
        """Articles that a record before the delete request carried under its key, in effect or not."""
        return {r.article_id for r in self._under(request) if not r.is_rejected and deletion.covers(r)}

    def _under(self, request: Sighting) -> Iterable[Sighting]:
        return self._under_key.get((request.coordinates.topic, request.key_id), ()) if request.key_id else ()


class Resolver:
    """The state of a batch while its records are taken in order."""

    def __init__(self, known: Known, sightings: Iterable[Sighting]) -> None:
        self.articles = dict(known.articles)
        self.suppressed, self.suppressed_records = known.suppressed, known.suppressed_records
        self.without_originals = known.suppressed | known.redacted
        signatures = [sighting.signature for sighting in (*sightings, *known.past)]
        common = common_bands([*signatures, *(member.signature for member in known.members)])
        self.index = StoryIndex(known.members, common.__getitem__)
        self.requests = DeletionIndex(known.deletions)
        self.records = _Records()
        for record in known.past:
            self.records.add(record)
        self.deleted: set[str] = set()
        self.touched: set[str] = set()
        self.rows: dict[Coordinates, Resolution] = {}
        self.removed: set[Coordinates] = set()
        self.read_from: dict[tuple[str, int], Coordinates] = {}
        self.restored: dict[Coordinates, Resolution] = {}
        self.deletions: list[Deletion] = []

    def take(self, sighting: Sighting) -> None:
        if sighting.is_delete_request:
            self.rows[sighting.coordinates] = self._delete(sighting)
            return
        covering = self.requests.covering(sighting)
        if covering:
            self.rows[sighting.coordinates] = self._keep_out(sighting, covering)
            return
        row = self.resolved(sighting)
        self.rows[sighting.coordinates] = row
        self.records.add(replace(sighting, is_gone=row.outcome == "suppressed" or row.is_removed))

    def forget(self, forgotten: ToForget) -> None:
        """Removes all records of the articles, whatever their time; of articles to redact, those that were rejected."""
        for article_id in forgotten.article_ids:
            records = self.records.of_article(article_id)
            if forgotten.name is None:
                self._take_away(records)
                continue
            self._take_away(record for record in records if record.is_rejected)
            if article_id in self.articles:
                self._resolve_again(article_id)
        self._take_away(self.records.rejected_at(forgotten.rejected))

    def ended(self) -> Resolutions:
        touched = {i: a for i, a in self.articles.items() if i in self.touched}
        return Resolutions(
            self._with_current(self.rows), frozenset(self.deleted), touched, frozenset(self.removed),
            self._with_current(self.restored), tuple(self.deletions),
        )

    def _with_current(self, rows: Mapping[Coordinates, Resolution]) -> tuple[Resolution, ...]:
        current = {a.article_id: a.current_version for a in self.articles.values()}
        return tuple(
            replace(row, is_current=row.is_kept and current.get(row.article_id) == row.version) for row in rows.values()
        )

    def resolved(self, sighting: Sighting) -> Resolution:
        article_id, of_outlet = sighting.article_id, sighting.coordinates in self.suppressed_records
        if sighting.is_rejected:
            is_suppressed = of_outlet or not self.without_originals.isdisjoint(sighting.article_ids)
            return Resolution(sighting.coordinates, "rejected", article_id, is_removed=is_suppressed)
        if of_outlet or article_id in self.suppressed:
            return Resolution(sighting.coordinates, "suppressed", article_id)
        if sighting.is_quarantined:
            return Resolution(sighting.coordinates, "quarantined", article_id)
        self.touched.add(article_id)
        former = self.articles.get(article_id)
        if former is not None and not _is_version(sighting, former):
            return self._see_again(sighting, former)
        return self._load(sighting, former)

    def _load(self, sighting: Sighting, former: KnownArticle | None) -> Resolution:
        assert sighting.content_hash is not None
        assert sighting.fetched_at is not None
        story = self.index.story_of(
            sighting.signature, sighting.word_count, sighting.fetched_at, except_for=sighting.article_id
        )
        story = story or (former.story_id if former else sighting.article_id)
        version = former.latest_version + 1 if former else 1
        is_newest = former is None or sighting.fetched_at >= former.current_fetched_at
        versions = {**(former.version_of if former else {}), sighting.content_hash: version}
        if former is None or is_newest:
            article = KnownArticle(
                sighting.article_id, versions, version, sighting.content_hash, sighting.fetched_at, story,
                sighting.fetched_at, sighting.reading, sighting.processed_at, sighting.processor,
            )
            self.index.add(
                Member(sighting.article_id, story, sighting.signature, sighting.word_count, sighting.fetched_at)
            )
        else:
            article = replace(former, version_of=versions)
        self.articles[sighting.article_id] = article
        self.read_from[sighting.article_id, version] = sighting.coordinates
        outcome: ResolvedOutcome = "new_version" if former else "loaded"
        return Resolution(sighting.coordinates, outcome, sighting.article_id, version, story, is_kept=True)

    def _see_again(self, sighting: Sighting, former: KnownArticle) -> Resolution:
        """A known text: unchanged, unless it is a newer reading of the current text."""
        assert sighting.fetched_at is not None
        article_id, version = sighting.article_id, former.version_of[sighting.content_hash or ""]
        unchanged = Resolution(sighting.coordinates, "unchanged", article_id, version, former.story_id)
        if sighting.content_hash != former.current_hash or not _is_newer(sighting, former):
            return unchanged
        self.articles[article_id] = replace(
            former, current_fetched_at=sighting.fetched_at, processed_at=sighting.processed_at or former.processed_at,
            processor=sighting.processor or former.processor, reading=sighting.reading or former.reading,
        )
        if sighting.reading in (None, former.reading):
            return unchanged
        self._no_longer_read_from(self.read_from.get((article_id, version)))
        self.read_from[article_id, version] = sighting.coordinates
        return replace(unchanged, outcome="new_reading", is_kept=True, first_fetched_at=former.first_fetched_at)

    def _no_longer_read_from(self, coordinates: Coordinates | None) -> None:
        rows = self.rows if coordinates in self.rows else self.restored
        if coordinates is not None and coordinates in rows:
            rows[coordinates] = replace(rows[coordinates], is_kept=False)

    def _delete(self, request: Sighting) -> Resolution:
        """Removes what the delete request covers: the article at the address in its key, and all that came under it."""
        named = Deletion(request.coordinates, request.timestamp, request.key_id, request.article_id)
        is_deleted = self._take_away(r for r in self.records.rejected_under(request) if named.covers(r))
        for article_id in sorted({request.article_id} | self.records.articles_under(named, request)):
            is_deleted |= self._remember(replace(named, article_id=article_id))
        return Resolution(request.coordinates, "deleted" if is_deleted else "nothing_to_delete", request.article_id)

    def _keep_out(self, sighting: Sighting, covering: Iterable[Deletion]) -> Resolution:
        """A record that comes after the delete request which covers it: it loads nothing.

        What it shows is which article the request's key stands for, so that its other records go too.
        """
        if sighting.is_rejected:
            return Resolution(sighting.coordinates, "rejected", sighting.article_id, is_removed=True)
        for deletion in covering:
            if deletion.has_key_of(sighting):
                self._remember(replace(deletion, article_id=sighting.article_id))
        self.records.add(replace(sighting, is_gone=True))
        return Resolution(sighting.coordinates, "suppressed", sighting.article_id)

    def _remember(self, deletion: Deletion) -> bool:
        """Remembers a deletion of an article and carries it out; whether it removed anything."""
        if not self.requests.add(deletion):
            return False
        self.deletions.append(deletion)
        return self._take_away(r for r in self.records.of_article(deletion.article_id) if deletion.covers(r))

    def _take_away(self, covered: Iterable[Sighting]) -> bool:
        taken = list(covered)
        for record in taken:
            self.records.remove(record)
            self.restored.pop(record.coordinates, None)
            if record.coordinates in self.rows:
                self.rows[record.coordinates] = replace(self.rows[record.coordinates], is_kept=False, is_removed=True)
            else:
                self.removed.add(record.coordinates)
        for article_id in sorted({record.article_id for record in taken if record.is_text}):
            self._resolve_again(article_id)
        return bool(taken)

    def _resolve_again(self, article_id: str) -> None:
        """Resolves the article again from its remaining records."""
        self.articles.pop(article_id, None)
        self.index.remove(article_id)
        self.deleted.add(article_id)
        for record in in_order(r for r in self.records.of_article(article_id) if r.is_text):
            rows = self.rows if record.coordinates in self.rows else self.restored
            rows[record.coordinates] = self.resolved(record)


def _is_newer(sighting: Sighting, former: KnownArticle) -> bool:
    """Fetched later than the current text was last fetched; of two sightings of one fetch, processed later."""
    assert sighting.fetched_at is not None
    if sighting.fetched_at != former.current_fetched_at or None in (sighting.processed_at, former.processed_at):
        return sighting.fetched_at > former.current_fetched_at
    assert sighting.processed_at is not None
    assert former.processed_at is not None
    return (sighting.processed_at, sighting.reading or "") > (former.processed_at, former.reading or "")


def _is_version(sighting: Sighting, former: KnownArticle) -> bool:
    """A text new to the article, or an earlier one that was fetched after the current one: a revert."""
    assert sighting.fetched_at is not None
    if sighting.content_hash not in former.version_of:
        return True
    return sighting.content_hash != former.current_hash and sighting.fetched_at > former.current_fetched_at
