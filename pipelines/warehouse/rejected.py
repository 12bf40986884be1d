"""Reads dead letters from the warehouse: grouped by reason and fingerprint, or one by one with all fields."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pipelines.records import Coordinates
from pipelines.warehouse.interface import DeadLetterFilter, DeadLetterGroup, Original, StoredDeadLetter

_COLUMNS = """
SELECT dead_letter_id, topic, partition, kafka_offset, message_at, step, reason, details, fingerprint, processor,
    rejected_at, scraper, message_key, header_names, header_values, original, original_path, original_bytes, attempts,
    run_id, resolved_at, original_key_id
FROM dead_letters
"""

_GROUPS = """
WITH chosen AS (
    SELECT reason, fingerprint, scraper, rejected_at, dead_letter_id, details,
        row_number() OVER (PARTITION BY reason, fingerprint ORDER BY rejected_at DESC, dead_letter_id DESC) AS newest
    FROM dead_letters
    {where}
),
alike AS (
    SELECT reason, fingerprint, count(*) AS letters, array_agg(DISTINCT scraper) AS scrapers,
        min(rejected_at) AS first_at, max(rejected_at) AS last_at
    FROM chosen GROUP BY reason, fingerprint
)
SELECT a.reason, a.fingerprint, a.letters, a.scrapers, a.first_at, a.last_at, c.dead_letter_id, c.details
FROM alike a JOIN chosen c ON c.reason = a.reason AND c.fingerprint = a.fingerprint AND c.newest = 1
ORDER BY a.letters DESC, a.reason, a.fingerprint
"""


def groups(con: Any, chosen: DeadLetterFilter) -> list[DeadLetterGroup]:
    """Dead letters by reason and fingerprint, the most frequent first."""
    where, parameters = _where(chosen)
    found = []
    for reason, fingerprint, count, scrapers, first, last, example_id, details in con.execute(
        _GROUPS.format(where=where), parameters
    ).fetchall():
        violations = json.loads(details)
        example = violations[0]["expectation"] if violations else reason
        found.append(DeadLetterGroup(
            reason, fingerprint, count, tuple(sorted(filter(None, scrapers))), first, last, example_id, example
        ))
    return found


def letters(con: Any, chosen: DeadLetterFilter, limit: int | None) -> list[StoredDeadLetter]:
    """Dead letters in the order of their ids."""
    where, parameters = _where(chosen)
    cut = "" if limit is None else f" LIMIT {int(limit)}"
    rows = con.execute(f"{_COLUMNS} {where} ORDER BY dead_letter_id{cut}", parameters).fetchall()
    return [_stored(row) for row in rows]


def letter(con: Any, dead_letter_id: str) -> StoredDeadLetter | None:
    row = con.execute(f"{_COLUMNS} WHERE dead_letter_id = ?", [dead_letter_id]).fetchone()
    return None if row is None else _stored(row)


def letters_by_id(con: Any, ids: Sequence[str]) -> list[StoredDeadLetter]:
    """The dead letters of these ids, in any order."""
    rows = con.execute(f"{_COLUMNS} WHERE dead_letter_id = ANY(?)", [list(ids)]).fetchall()
    return [_stored(row) for row in rows]


def originals_to_remove(con: Any) -> list[str]:
    """Files whose dead letters were all emptied; several letters may share a file, which is named by its content."""
    rows = con.execute(
        "SELECT original_path FROM removed_originals "
        "WHERE original_path NOT IN (SELECT original_path FROM dead_letters WHERE original_path IS NOT NULL) "
        "ORDER BY original_path"
    ).fetchall()
    return [row[0] for row in rows]


def forget_originals(con: Any, paths: Sequence[str]) -> None:
    con.execute("DELETE FROM removed_originals WHERE original_path = ANY(?)", [list(paths)])


def replace_originals(con: Any, originals: Sequence[Original]) -> None:
    """Stores originals in place of those that the dead letters have, and notes the files of these for removal."""
    for each in originals:
        con.execute(
            "INSERT INTO removed_originals (original_path, batch_id) SELECT original_path, batch_id FROM dead_letters "
            "WHERE dead_letter_id = $id AND original_path <> coalesce($path, '') "
            "AND original_path NOT IN (SELECT original_path FROM removed_originals)",
            {"id": each.dead_letter_id, "path": each.path},
        )
        con.execute(
            "UPDATE dead_letters SET original = $inside, original_path = $path, original_key_id = $key "
            "WHERE dead_letter_id = $id",
            {"inside": each.inside, "path": each.path, "key": each.key_id, "id": each.dead_letter_id},
        )


def _where(chosen: DeadLetterFilter) -> tuple[str, list[Any]]:
    conditions = ["resolved_at IS NOT NULL" if chosen.resolved else "resolved_at IS NULL"]
    parameters: list[Any] = []
    for condition, value in (
        ("reason = ?", chosen.reason), ("scraper = ?", chosen.scraper), ("rejected_at >= ?", chosen.since),
        ("fingerprint = ?", chosen.fingerprint), ("dead_letter_id > ?", chosen.after),
    ):
        if value is not None:
            conditions.append(condition)
            parameters.append(value)
    return f"WHERE {' AND '.join(conditions)}", parameters


def _stored(row: tuple[Any, ...]) -> StoredDeadLetter:
    (letter_id, topic, partition, offset, at, step, reason, details, fingerprint, processor, rejected_at, scraper, key,
     names, values, original, path, size, attempts, run_id, resolved_at, key_id) = row
    return StoredDeadLetter(
        letter_id, Coordinates(topic, partition, offset), at, step, reason, tuple(json.loads(details)), fingerprint,
        processor, rejected_at, scraper, key, tuple(zip(names, values, strict=True)), original, path, size, attempts,
        run_id, resolved_at, key_id,
    )
