"""Dead letters of a batch, the outbox in which they wait for their topic, and those that a delete request empties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from pipelines.records import Coordinates
from pipelines.resolve.changes import ChangeBuilder
from pipelines.resolve.history import COORDINATES
from pipelines.resolve.layout import layout
from pipelines.resolve.staged import Staged
from pipelines.resolve.state import KnownState, Lookup
from pipelines.resolve.versions import Resolutions
from pipelines.stage import dead_letter_id
from pipelines.stage.columns import flatten

_EMPTY = ("details", "message_key", "header_names", "header_values", "original", "original_path",
          "original_key_id", "resolved_at", "removed_in")


@dataclass(frozen=True, slots=True)
class _Stored:
    """A dead letter that the warehouse has."""

    dead_letter_id: str
    attempts: int
    scraper: str | None
    original_path: str | None
    resolved_at: datetime | None
    removed_in: str | None
    fingerprint: str | None


def change_letters(  # noqa: PLR0913, PLR0917  the batch, what became of it, and when
    changes: ChangeBuilder, staged: Staged, found: Resolutions, known: KnownState, at: datetime,
    redacted: frozenset[Coordinates] = frozenset(),
) -> None:
    """Adds new dead letters, updates replayed ones, and empties those that a delete request or takedown covers.

    ``redacted`` are records that stay, although their originals have to go.
    """
    batch = staged.batch
    emptied = {r.coordinates for r in found.rows if r.is_removed or r.outcome == "suppressed"}
    gone = found.removed | redacted
    concerned = gone | (set() if batch.kind == "ingest" else {o.coordinates for o in staged.outcomes})
    stored = _stored(known, sorted(concerned))
    rejected = sorted(o.coordinates for o in staged.outcomes if o.outcome == "rejected")
    paths: list[str] = []
    if batch.kind == "ingest":
        paths += _add_letters(changes, staged, rejected, emptied, at)
    elif batch.kind in {"replay", "reprocess"}:
        if batch.kind == "reprocess":
            rejected = _rejected_anew(staged, found, stored)
        _change_replayed(changes, staged, stored, rejected, at)
    covered = [stored[coordinates] for coordinates in sorted((gone | emptied) & stored.keys())]
    covered = [letter for letter in covered if letter.removed_in is None]
    changes.update("dead_letters", ("dead_letter_id",), _EMPTY, [
        (letter.dead_letter_id, "[]", None, [], [], None, None, None,
         letter.resolved_at or at, batch.batch_id)
        for letter in covered
    ])
    paths += [letter.original_path for letter in covered if letter.original_path is not None]
    changes.remove("outbox", ("dead_letter_id",), [(letter.dead_letter_id,) for letter in covered])
    _note_originals(changes, known, sorted(set(paths)), batch.batch_id)
    letters = {
        coordinates: stored[coordinates].dead_letter_id if coordinates in stored else dead_letter_id(coordinates)
        for coordinates in rejected
        if coordinates not in emptied and (batch.kind == "ingest" or coordinates in stored)
    }
    _wait(changes, known, list(letters.values()), batch.batch_id, at)


def _rejected_anew(
    staged: Staged, found: Resolutions, stored: dict[Coordinates, _Stored]
) -> list[Coordinates]:
    """Messages of a reprocess that are rejected for another reason than before; the others' letters stay as they are.

    A withdrawn message has no dead letter.
    """
    fingerprints = {o.coordinates: o.fingerprint for o in staged.outcomes}
    return sorted(
        r.coordinates for r in found.rows
        if r.outcome == "rejected" and r.coordinates in stored
        and stored[r.coordinates].fingerprint != fingerprints[r.coordinates]
    )


def _stored(known: KnownState, coordinates: Sequence[Coordinates]) -> dict[Coordinates, _Stored]:
    rows = known.rows(Lookup(
        "dead_letters",
        (*COORDINATES, "dead_letter_id", "attempts", "scraper", "original_path", "resolved_at", "removed_in",
         "fingerprint"),
        COORDINATES, [astuple(coordinates) for coordinates in coordinates],
    ))
    return {Coordinates(*row[:3]): _Stored(*row[3:]) for row in rows}


def _add_letters(
    changes: ChangeBuilder, staged: Staged, rejected: Sequence[Coordinates], emptied: set[Coordinates], at: datetime
) -> list[str]:
    """Adds the batch's dead letters; the content of one that the batch deletes does not even arrive. Its originals."""
    table, batch = layout()["dead_letters"], staged.batch
    rows = pa.array([staged.dead_letters[coordinates] for coordinates in rejected], pa.int64())
    flat = flatten(staged.dead_letter_table.take(rows), table.columns)
    own: dict[str, Any] = {
        "dead_letter_id": [dead_letter_id(coordinates) for coordinates in rejected], "attempts": [1] * len(rejected),
        "run_id": [batch.run_id] * len(rejected), "batch_id": [batch.batch_id] * len(rejected),
        "resolved_at": [at if coordinates in emptied else None for coordinates in rejected],
        "resolved_in": [None] * len(rejected),
        "removed_in": [batch.batch_id if coordinates in emptied else None for coordinates in rejected],
    }
    paths = []
    if emptied.intersection(rejected):
        empty: dict[str, Any] = {
            "details": "[]", "message_key": None, "header_names": [], "header_values": [], "original": None,
            "original_path": None, "original_key_id": None,
        }
        is_empty = [coordinates in emptied for coordinates in rejected]
        before = flat.column("original_path").to_pylist()
        paths = [path for path, gone in zip(before, is_empty, strict=True) if gone and path is not None]
        for name, value in empty.items():
            own[name] = [value if gone else was for was, gone in zip(
                flat.column(name).to_pylist(), is_empty, strict=True
            )]
    schema = table.schema
    changes.add_table("dead_letters", pa.table(
        [pa.array(own[f.name], f.type) if f.name in own else flat.column(f.name) for f in schema], names=schema.names
    ))
    return paths


def _change_replayed(
    changes: ChangeBuilder, staged: Staged, stored: dict[Coordinates, _Stored], rejected: Sequence[Coordinates],
    at: datetime,
) -> None:
    """Messages that passed are resolved; those ``rejected`` again get one more attempt and their latest reason."""
    table, batch = layout()["dead_letters"], staged.batch
    open_still = {coordinates: letter for coordinates, letter in stored.items() if letter.resolved_at is None}
    again = [coordinates for coordinates in rejected if coordinates in open_still]
    columns = ("step", "reason", "details", "fingerprint", "processor", "rejected_at", "scraper")
    rows = pa.array([staged.dead_letters[coordinates] for coordinates in again], pa.int64())
    flat = flatten(staged.dead_letter_table.take(rows), table.columns).select(columns).to_pylist()
    changes.update("dead_letters", ("dead_letter_id",), ("attempts", *columns), [
        (letter.dead_letter_id, letter.attempts + 1, *(row | {"scraper": row["scraper"] or letter.scraper}).values())
        for letter, row in zip((open_still[coordinates] for coordinates in again), flat, strict=True)
    ])
    changes.update("dead_letters", ("dead_letter_id",), ("resolved_at", "resolved_in"), [
        (open_still[o.coordinates].dead_letter_id, at, batch.batch_id)
        for o in staged.outcomes
        if o.outcome != "rejected" and o.coordinates in open_still
    ])


def _note_originals(changes: ChangeBuilder, known: KnownState, paths: Sequence[str], batch_id: str) -> None:
    there = known.rows(Lookup(
        "removed_originals", ("original_path",), ("original_path",), [(path,) for path in paths]
    ))
    changes.add("removed_originals", [(path, batch_id) for path in paths if (path,) not in set(there)])


def _wait(changes: ChangeBuilder, known: KnownState, ids: Sequence[str], batch_id: str, at: datetime) -> None:
    """Dead letters have to reach their topic after the commit. One that waits already is not entered again: its newest
    state is sent."""
    if not ids:
        return
    waiting = known.rows(Lookup("outbox", ("dead_letter_id",), ("dead_letter_id",), [(each,) for each in ids]))
    last = known.rows(Lookup("outbox", ("position",), order=("-position",), most=1))
    begin = last[0][0] if last else 0
    new = [each for each in ids if (each,) not in set(waiting)]
    changes.add("outbox", [(begin + n, each, batch_id, at, 0, None, None) for n, each in enumerate(new, start=1)])
