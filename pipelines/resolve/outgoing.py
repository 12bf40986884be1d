"""Articles and deletions that a batch sends to the topic of clean articles, and the outbox in which they wait."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import pyarrow as pa

from pipelines.resolve.changes import ChangeBuilder
from pipelines.resolve.layout import layout
from pipelines.resolve.staged import Staged
from pipelines.resolve.state import KnownState, Lookup
from pipelines.resolve.texts import Texts
from pipelines.resolve.versions import Known, Resolution, Resolutions
from pipelines.stage.columns import Column
from schemas import shipped

AT_ONCE = 64
"""Staged articles in memory at once, as Python values."""

type SentOutcome = Literal["loaded", "new_version", "new_reading", "deleted", "restored"]
type Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message for the topic of clean articles. ``article`` is Avro in single-object encoding; None is a deletion."""

    topic: str
    article_id: str
    outcome: SentOutcome
    is_current: bool = False
    version: int | None = None
    article: bytes | None = None


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message of the outbox of clean articles. ``article`` is Avro in single-object encoding; None is a deletion."""

    message_id: str
    article_id: str
    outcome: str
    is_current: bool
    version: int | None
    article: bytes | None
    batch_id: str


def outgoing(staged: Staged, found: Resolutions, known: Known, kept: Texts) -> Iterator[Outgoing]:
    """What a batch sends: deletions first, then what is left of the deleted articles, then new texts and readings.

    An article of which nothing is left after it was processed again is sent as deleted.

    New texts and readings are in the order of Kafka. Those that a delete request of the batch covers are not sent, and
    neither is the deletion of an article that was never loaded before the batch.
    """
    requested = {s.article_id: s.coordinates.topic for s in known.past} if staged.batch.kind == "forget" else {}
    requested |= {deletion.article_id: deletion.coordinates.topic for deletion in found.deletions}
    again = next((r.coordinates.topic for r in found.rows), "") if staged.batch.kind == "reprocess" else ""
    for article_id in sorted(found.deleted & known.articles.keys()):
        if article_id in requested or article_id not in found.articles:
            yield Outgoing(requested.get(article_id, again), article_id, "deleted")
    left = {r.article_id for r in found.restored if r.is_current}
    for record in records_of(kept, left):
        article_id, encoded = record["article_id"], shipped().encode("article", record)
        topic = requested.get(article_id, again)
        yield Outgoing(topic, article_id, "restored", True, record["version"], encoded)
    for r, record in _new(staged, found.rows):
        yield Outgoing(
            r.coordinates.topic, r.article_id, _sent(r), r.is_current, r.version,
            shipped().encode("article", record | {"version": r.version, "story_id": r.story_id}),
        )


def enter_articles(
    changes: ChangeBuilder, messages: Iterable[Outgoing], known: KnownState, batch_id: str, at: datetime
) -> None:
    """The messages have to reach their topic after the commit, in this order and after those that wait already."""
    last = known.rows(Lookup("article_outbox", ("position",), order=("-position",), most=1))
    begin = last[0][0] if last else 0
    changes.add("article_outbox", [
        (
            begin + n, f"{batch_id}/{n}", message.topic, message.article_id, message.outcome, message.is_current,
            message.version, message.article, batch_id, at, 0, None, None,
        )
        for n, message in enumerate(messages, start=1)
    ])


def drop_deleted(changes: ChangeBuilder, found: Resolutions) -> None:
    """Removes unsent messages of deleted articles, so that no deleted text is sent or kept."""
    changes.remove("article_outbox", ("article_id",), [(each,) for each in sorted(found.deleted)])


def records_of(texts: Texts, article_ids: set[str]) -> Iterator[Record]:
    """The Avro records of current texts, made from their flat rows; the reverse of ``flatten``."""
    mentions, entities = (
        _items(table, name, article_ids) for table, name in
        ((texts.mentions, "mentions"), (texts.entities, "article_entities"))
    )
    for row in texts.current.to_pylist():
        if (article_id := row["article_id"]) in article_ids:
            yield _nested(row, layout()["articles"].columns) | {
                "mentions": mentions[article_id], "entities": entities[article_id],
            }


def _new(staged: Staged, rows: Sequence[Resolution]) -> Iterator[tuple[Resolution, Record]]:
    new = [r for r in rows if r.outcome in {"loaded", "new_version", "new_reading"}]
    sent = [r for r in new if not (r.is_removed or r.is_same)]
    for begin in range(0, len(sent), AT_ONCE):
        page = sent[begin : begin + AT_ONCE]
        at = pa.array([staged.articles[r.coordinates] for r in page], pa.int64())
        yield from zip(page, staged.article_table.take(at).to_pylist(maps_as_pydicts="strict"), strict=True)


def _sent(row: Resolution) -> SentOutcome:
    assert row.outcome in {"loaded", "new_version", "new_reading"}
    return row.outcome


def _items(table: pa.Table, name: str, article_ids: set[str]) -> Mapping[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for row in sorted(table.to_pylist(), key=lambda row: row["position"]):
        if row["article_id"] in article_ids:
            found[row["article_id"]].append(_nested(row, layout()[name].columns))
    return found


def _nested(row: Mapping[str, Any], columns: Iterable[Column]) -> Record:
    """The record of a flat row. A dateline without a value is null."""
    record: Record = {}
    for column in columns:
        value = row[column.name]
        match column.path:
            case (field,):
                record[field] = json.loads(value) if column.type == "json" and value is not None else value
            case (field, inner) if column.type.endswith("[]"):
                items = record.setdefault(field, [{} for _ in value])
                for item, each in zip(items, value, strict=True):
                    item[inner] = each
            case (field, inner):
                record.setdefault(field, {})[inner] = value
    if "dateline" in record and not any(record["dateline"].values()):
        record["dateline"] = None
    return record
