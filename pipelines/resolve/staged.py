"""Reads a staged batch into memory: what came of each of its messages, its articles and its dead letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from pipelines.records import Coordinates, Gap
from pipelines.resolve.state import KnownState, Lookup
from pipelines.stage import BatchKind, StagedBatch
from pipelines.stage.parts import FileKind, OutcomeRow, schema_of

TEXTS = ("loaded", "new_version", "new_reading", "unchanged")
"""Outcomes of records that show a text of an article."""
REPROCESSED = (*TEXTS, "rejected", "withdrawn")
"""Outcomes of records that can be processed again."""
_WAS: Mapping[BatchKind, tuple[str, ...]] = {
    "replay": ("rejected",), "release": ("quarantined",), "reprocess": REPROCESSED,
}


@dataclass(frozen=True, slots=True)
class Staged:
    """A batch in memory. ``articles`` and ``dead_letters`` give the row of a message by its coordinates.

    ``left_out`` counts messages of a replay, release or reprocess that were resolved or removed before.
    """

    batch: StagedBatch
    outcomes: tuple[OutcomeRow, ...]
    gaps: tuple[Gap, ...]
    article_table: pa.Table
    articles: Mapping[Coordinates, int]
    dead_letter_table: pa.Table
    dead_letters: Mapping[Coordinates, int]
    left_out: int = 0

    def column(self, name: str) -> list[Any]:
        """A column of the articles as Python values."""
        values: list[Any] = self.article_table.column(name).to_pylist()
        return values

    @property
    def scrapers(self) -> dict[Coordinates, str]:
        """The scraper of each article."""
        named = self.column("scraper")
        return {at: named[row] for at, row in self.articles.items()}

    @property
    def fetched(self) -> dict[Coordinates, datetime]:
        """When the page of each article was fetched."""
        times = self.column("fetched_at")
        return {at: times[row] for at, row in self.articles.items()}


def read_staged(batch: StagedBatch, known: KnownState) -> Staged:
    """The batch; of a replay or a release only messages that are still rejected or quarantined, and of a reprocess only
    those that can still be processed again.
    """
    outcomes = tuple(_outcome(row) for row in _table(batch, "outcomes").to_pylist())
    gaps = tuple(Gap(*row.values()) for row in _table(batch, "gaps").to_pylist())
    open_still = outcomes if batch.kind not in _WAS else _still_open(batch, outcomes, known)
    articles, letters = _table(batch, "articles"), _table(batch, "dead_letters")
    return Staged(
        batch, open_still, gaps, articles, _by_coordinates(articles), letters, _by_coordinates(letters),
        len(outcomes) - len(open_still),
    )


def _outcome(row: Mapping[str, Any]) -> OutcomeRow:
    return OutcomeRow(
        Coordinates(row["topic"], row["partition"], row["offset"]), row["timestamp"], row["outcome"], row["reason"],
        row["scraper"], row["article_id"], row["fingerprint"], row["key_id"], tuple(row["other_article_ids"] or ()),
        row["reading"], row["outlet_domain"],
    )


def _table(batch: StagedBatch, kind: FileKind) -> pa.Table:
    schema = schema_of(kind)
    return pa.concat_tables(list(batch.tables(kind, schema=schema)) or [schema.empty_table()])


def _by_coordinates(table: pa.Table) -> dict[Coordinates, int]:
    return {Coordinates(**coordinates): row for row, coordinates in enumerate(table.column("coordinates").to_pylist())}


def _still_open(
    batch: StagedBatch, outcomes: Sequence[OutcomeRow], known: KnownState
) -> tuple[OutcomeRow, ...]:
    """The messages that the ledger still has as the batch takes them, each with the key that the ledger knows."""
    keys = [(o.coordinates.topic, o.coordinates.partition, o.coordinates.offset) for o in outcomes]
    stands = known.rows(Lookup(
        "ledger", ("topic", "partition", "kafka_offset", "outcome", "removed_in", "key_id"),
        ("topic", "partition", "kafka_offset"), keys,
    ))
    open_keys = {
        Coordinates(*row[:3]): row[5] for row in stands if row[3] in _WAS[batch.kind] and row[4] is None
    }
    return tuple(
        replace(o, key_id=o.key_id or open_keys[o.coordinates]) for o in outcomes if o.coordinates in open_keys
    )
