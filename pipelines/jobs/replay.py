"""Replays dead letters of any reason: runs the ingest job again on their original messages, any number of times."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import fastavro

from pipelines.failures import Failure
from pipelines.jobs.batches import BatchPlan, Transformed, transform_batch
from pipelines.phrases import counted
from pipelines.records import UNKNOWN_BYTES, Coordinates, OffsetRange, RawMessage
from pipelines.runtime import Executor
from pipelines.settings import KafkaSettings, Settings
from pipelines.sources.kafka import RetentionPassed, TopicMissing, TopicRecreated, read_range
from pipelines.stage import EncryptionKeyMissing, Folder, StagedBatch, StagedBatchDamaged, StageStore, stage_store
from pipelines.stage.reasons import staged_outcomes
from pipelines.warehouse import DeadLetterFilter, LedgerOpen, StoredDeadLetter, Warehouse
from schemas import latest, load

LOG = logging.getLogger("dateline")

LETTERS = "dead letters"
LETTERS_FILE = ".letters.avro"
PAGE = 64
"""Number of letters in memory at a time: each may have nearly a megabyte."""
SHOWN = 5


@dataclass(slots=True)
class Handed:
    """The letters given to a batch: the reason of each, and the last id, after which the next batch begins."""

    reasons: dict[Coordinates, str] = field(default_factory=dict)
    last_id: str | None = None

    def __len__(self) -> int:
        return len(self.reasons)

    def note(self, letters: Iterable[StoredDeadLetter]) -> Iterator[dict[str, Any]]:
        """Yields the Avro records of the letters, and records each letter's reason and id."""
        for letter in letters:
            self.reasons[letter.coordinates] = letter.reason
            self.last_id = letter.dead_letter_id
            yield letter.record()


def chosen_letters(
    warehouse: Warehouse, chosen: DeadLetterFilter, most: int, settings: Settings
) -> Iterator[StoredDeadLetter]:
    """At most ``most`` of the chosen dead letters in the order of their ids, read in pages.

    A letter whose original is missing or damaged in the store, or encrypted with a key that is not given, is skipped
    with a warning, and stays rejected.
    """
    store = stage_store(settings)
    left = most
    while left > 0:
        page = warehouse.dead_letters(chosen, PAGE)
        for letter in page:
            if left > 0 and _is_whole(letter, store):
                left -= 1
                yield letter
        if len(page) < PAGE:
            return
        chosen = replace(chosen, after=page[-1].dead_letter_id)


def _is_whole(letter: StoredDeadLetter, store: StageStore) -> bool:
    if letter.original_path is None and letter.original_key_id is None:
        return True
    try:
        store.original_of(letter.record())
    except (StagedBatchDamaged, EncryptionKeyMissing) as fault:
        LOG.warning("dead letter %s is skipped: %s", letter.dead_letter_id, fault)
        return False
    return True


def replay_batch(
    letters: Iterable[StoredDeadLetter],
    plan: BatchPlan,
    settings: Settings,
    executor: Executor,
    report: Callable[[int], None] | None = None,
) -> tuple[Transformed, Handed] | None:
    """Runs the job over dead letters and stages a batch of kind ``replay``, which has no ranges.

    The letters are first written to a file beside the batch, so that each worker reads its share and memory stays
    bounded. The messages keep their original coordinates: loading the batch updates their outcomes in the ledger.
    Returns None if there are no letters.

    Raises:
        LedgerOpen: a letter has no outcome in the batch, or more than one. Nothing was loaded.
        RunFailed: as ``transform_batch``; letters that were an ``UnexpectedFault`` before do not count as new faults.
    """
    batches, name = plan.folder.parent, f"{plan.folder.name}{LETTERS_FILE}"
    handed = Handed()
    try:
        write_letters(batches, name, handed.note(letters))
        if not handed:
            return None
        wanted = replace(plan, ranges=(OffsetRange(LETTERS, 0, 0, len(handed)),), kind="replay")
        reader = partial(read_letters, batches, name, stage_store(settings), fetch=partial(fetch_again, settings.kafka))
        done = transform_batch(wanted, _with_known_faults(settings, handed), executor, report, read=reader)
    finally:
        batches.remove_file(name)
    _refuse_lost(done.batch, handed)
    return done, handed


def _with_known_faults(settings: Settings, handed: Handed) -> Settings:
    """Settings that allow as many additional unexpected faults as there are among the letters already."""
    batch = settings.batch
    known = Counter(handed.reasons.values())[Failure.UNEXPECTED]
    allowed = max(int(len(handed) * batch.fault_share), batch.fault_minimum) + known
    return settings.model_copy(update={"batch": batch.model_copy(update={"fault_minimum": allowed})})


def _refuse_lost(batch: StagedBatch, handed: Handed) -> None:
    """Raises ``LedgerOpen`` unless the batch has exactly one outcome for each of its letters, and no others."""
    staged = Counter(coordinates for coordinates, _, _ in staged_outcomes(batch))
    problems = [
        f"{len(found)} {says} ({', '.join(map(str, found[:SHOWN]))}{', …' if len(found) > SHOWN else ''})"
        for found, says in (
            (sorted(handed.reasons.keys() - staged.keys()), "without an outcome"),
            (sorted(coordinates for coordinates, count in staged.items() if count > 1), "with more than one outcome"),
            (sorted(staged.keys() - handed.reasons.keys()), "that it was not given"),
        )
        if found
    ]
    if problems:
        raise LedgerOpen(
            f"Replay {batch.batch_id} was given {counted(len(handed), 'dead letter')} and does not account for each "
            f"of them once: {'; '.join(problems)}. Nothing of it was loaded. What to do: this is a bug in Dateline, "
            f"report it with {batch.folder}."
        )


def write_letters(folder: Folder, name: str, letters: Iterable[dict[str, Any]]) -> int:
    """Writes Avro dead letters to one container file as a stream, and returns their number."""
    schema = fastavro.parse_schema(load("dead_letter", latest("dead_letter")))
    count = 0

    def counted() -> Iterator[dict[str, Any]]:
        nonlocal count
        for letter in letters:
            count += 1
            yield letter

    with folder.writing(name) as file:
        fastavro.writer(file, schema, counted(), codec="deflate", sync_interval=64_000)
    return count


def read_letters(
    folder: Folder, name: str, store: StageStore, letters: OffsetRange,
    fetch: Callable[[RawMessage], RawMessage] | None = None,
) -> Iterator[RawMessage]:
    """The messages of the letters numbered ``letters.start`` to ``letters.end`` (excluded), with their originals.

    ``fetch`` reads an original from Kafka that was too large to be stored in its letter.
    """
    with folder.open(name) as file:
        for n, letter in enumerate(fastavro.reader(file)):
            if n >= letters.end:
                return
            if n >= letters.start:
                message = message_of(letter, store)
                yield message if message.left_out_bytes is None or fetch is None else fetch(message)


def message_of(letter: dict[str, Any], store: StageStore) -> RawMessage:
    """The original message of a dead letter, byte for byte. A large original is read from the store."""
    coordinates = letter["coordinates"]
    value = store.original_of(letter)
    return RawMessage(
        coordinates=Coordinates(coordinates["topic"], coordinates["partition"], coordinates["offset"]),
        timestamp=letter["timestamp"],
        key=letter["key"],
        value=value,
        headers=tuple((h["name"], h["value"]) for h in letter["headers"]),
        left_out_bytes=letter["original_bytes"] if value is None and letter["original_bytes"] else None,
    )


def fetch_again(kafka: KafkaSettings, message: RawMessage) -> RawMessage:
    """Reads the message from Kafka with its value. Returns ``message`` unchanged if Kafka no longer has it."""
    at = message.coordinates
    try:
        found = next(iter(read_range(kafka, OffsetRange(at.topic, at.partition, at.offset, at.offset + 1))), None)
    except (RetentionPassed, TopicMissing, TopicRecreated) as fault:
        LOG.warning("the original of %s was only in Kafka, which no longer has it: %s", at, fault)
        return message
    if not isinstance(found, RawMessage) or found.left_out_bytes is not None:
        return message
    if message.left_out_bytes not in {UNKNOWN_BYTES, len(found.value or b"")}:
        LOG.warning("the original of %s was only in Kafka, which now has another message at that offset", at)
        return message
    return found
