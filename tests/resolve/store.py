"""A store as the warehouse keeps it, in memory: what a batch is resolved against, and what becomes of it then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from pipelines.records import Coordinates
from pipelines.resolve.deletions import Deletion
from pipelines.resolve.stories import Member
from pipelines.resolve.versions import Known, KnownArticle, Resolution, Resolutions, Sighting, resolve


@dataclass
class Store:
    """Articles, the text of each version, every record, what became of it, and the deletions that are remembered."""

    articles: dict[str, KnownArticle] = field(default_factory=dict)
    versions: dict[tuple[str, int], Sighting] = field(default_factory=dict)
    records: dict[Coordinates, Sighting] = field(default_factory=dict)
    rows: dict[Coordinates, Resolution] = field(default_factory=dict)
    deletions: list[Deletion] = field(default_factory=list)

    def load(self, batch: Iterable[Sighting]) -> Resolutions:
        by_coordinates = {s.coordinates: s for s in batch}
        found = resolve(by_coordinates.values(), self._known())
        for article_id in found.deleted:
            self.articles.pop(article_id, None)
        self.versions = {key: text for key, text in self.versions.items() if key[0] not in found.deleted}
        self.articles |= found.articles
        self.records |= by_coordinates
        self.rows |= {row.coordinates: row for row in (*found.rows, *found.restored)}
        self.rows |= {at: replace(self.rows[at], is_removed=True) for at in found.removed}
        self.versions |= {
            (row.article_id, row.version or 0): self.records[row.coordinates]
            for row in (*found.rows, *found.restored) if row.is_kept
        }
        self.deletions += found.deletions
        return found

    def _known(self) -> Known:
        members = []
        for known in self.articles.values():
            text = self.versions[known.article_id, known.current_version]
            assert text.fetched_at is not None
            members.append(Member(known.article_id, known.story_id, text.signature, text.word_count, text.fetched_at))
        past = (self._past(record) for record in self.records.values() if not record.is_delete_request)
        return Known(self.articles, tuple(members), deletions=tuple(self.deletions), past=tuple(past))

    def _past(self, record: Sighting) -> Sighting:
        row = self.rows[record.coordinates]
        return replace(record, is_gone=row.is_removed or row.outcome == "suppressed")
