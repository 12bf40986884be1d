"""Dead letters go through the ingest job again, as the messages they were: any reason, any number of times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import fastavro

from pipelines.jobs.batches import BatchPlan, Transformed, transform_batch
from pipelines.jobs.workers import Workers
from pipelines.records import Coordinates, OffsetRange, RawMessage
from pipelines.settings import Settings
from pipelines.stage import OriginalStore
from schemas import latest, load

LETTERS = "dead letters"


def replay_batch(
    letters: Iterable[dict[str, Any]],
    plan: BatchPlan,
    settings: Settings,
    workers: Workers,
    report: Callable[[int], None] | None = None,
) -> Transformed:
    """Runs the job over Avro dead letters and seals a staged batch of kind ``replay``, which has no ranges.

    The letters are written beside the batch first, so that each worker reads its share and memory stays bounded.
    The messages keep their first coordinates: publishing the batch settles their rows in the ledger.
    """
    path = plan.folder.with_name(f"{plan.folder.name}.letters.avro").absolute()
    count = write_letters(path, letters)
    wanted = replace(plan, ranges=(OffsetRange(LETTERS, 0, 0, count),), kind="replay")
    reader = partial(read_letters, path, settings.home.absolute(), settings.limits.dead_letter_bytes)
    try:
        return transform_batch(wanted, settings, workers, report, read=reader)
    finally:
        path.unlink(missing_ok=True)


def write_letters(path: Path, letters: Iterable[dict[str, Any]]) -> int:
    """Writes Avro dead letters to one container file, as they come, and gives their number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = fastavro.parse_schema(load("dead_letter", latest("dead_letter")))
    count = 0

    def counted() -> Iterator[dict[str, Any]]:
        nonlocal count
        for letter in letters:
            count += 1
            yield letter

    with path.open("wb") as file:
        fastavro.writer(file, schema, counted(), codec="deflate", sync_interval=64_000)
    return count


def read_letters(path: Path, home: Path, larger_than_bytes: int, letters: OffsetRange) -> Iterator[RawMessage]:
    """The messages of the letters numbered ``letters.start`` to ``letters.end`` (excluded), originals whole."""
    store = OriginalStore(home, larger_than_bytes)
    with path.open("rb") as file:
        for n, letter in enumerate(fastavro.reader(file)):
            if n >= letters.end:
                return
            if n >= letters.start:
                yield message_of(letter, store)


def message_of(letter: dict[str, Any], store: OriginalStore) -> RawMessage:
    """The message that a dead letter was, byte for byte; a large original comes from the store."""
    source = letter["source"]
    value = letter["original"]
    if letter["original_path"] is not None:
        value = store.read(letter["original_path"])
    return RawMessage(
        source=Coordinates(source["topic"], source["partition"], source["offset"]),
        timestamp=letter["timestamp"],
        key=letter["key"],
        value=value,
        headers=tuple((h["name"], h["value"]) for h in letter["headers"]),
    )
