"""Decides which records a delete request covers, in whatever order and batches they arrive.

A delete request covers the records before it: those of the same partition with a smaller offset, and all others with
an earlier Kafka timestamp. Of a record and a delete request of one moment in different partitions, the record is
covered. The answer depends on the two alone, so that it is the same for every split of the stream into batches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pipelines.records import Coordinates


class Record(Protocol):
    """A Kafka record as far as deletions concern it."""

    @property
    def coordinates(self) -> Coordinates: ...
    @property
    def timestamp(self) -> datetime: ...
    @property
    def key_id(self) -> str | None: ...
    @property
    def article_ids(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Deletion:
    """A delete request and one article that it removes; a request has one for each of its articles."""

    coordinates: Coordinates
    timestamp: datetime
    key_id: str | None
    article_id: str

    def covers(self, record: Record) -> bool:
        """Whether the record comes before the delete request."""
        here, there = self.coordinates, record.coordinates
        is_same_partition = (here.topic, here.partition) == (there.topic, there.partition)
        if is_same_partition and there.offset < here.offset:
            return True
        if record.timestamp == self.timestamp:
            return not is_same_partition
        return record.timestamp < self.timestamp

    def has_key_of(self, record: Record) -> bool:
        here, there = (self.coordinates.topic, self.key_id), (record.coordinates.topic, record.key_id)
        return self.key_id is not None and here == there


class DeletionIndex:
    """The delete requests that are known, found by a record's key and by its article."""

    def __init__(self, deletions: Iterable[Deletion] = ()) -> None:
        self._all: set[Deletion] = set()
        self._by_key: dict[tuple[str, str | None], list[Deletion]] = defaultdict(list)
        self._by_article: dict[str, list[Deletion]] = defaultdict(list)
        for deletion in deletions:
            self.add(deletion)

    def add(self, deletion: Deletion) -> bool:
        """Adds a deletion and says whether it is new."""
        if deletion in self._all:
            return False
        self._all.add(deletion)
        self._by_key[deletion.coordinates.topic, deletion.key_id].append(deletion)
        self._by_article[deletion.article_id].append(deletion)
        return True

    def covering(self, record: Record) -> list[Deletion]:
        """The deletions that cover the record, by its key or by its article."""
        by_key = self._by_key.get((record.coordinates.topic, record.key_id), ()) if record.key_id else ()
        by_article = (d for article_id in record.article_ids for d in self._by_article.get(article_id, ()))
        found = {d for d in (*by_key, *by_article) if d.covers(record)}
        return sorted(found, key=lambda d: (d.coordinates, d.article_id))
