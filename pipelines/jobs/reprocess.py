"""Processes stored messages again under today's rules, and finds the messages in the archive or in Kafka."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import groupby

from pipelines.failpoints import Failpoint, reach
from pipelines.jobs.batches import BatchPlan, Transformed, transform_batch
from pipelines.jobs.replay import message_of
from pipelines.records import Coordinates, OffsetRange, RawMessage
from pipelines.runtime import Executor
from pipelines.settings import KafkaSettings, Settings
from pipelines.sources.kafka import TopicMissing, describe_topic, read_range
from pipelines.stage import Archive, Folder, PartWriter, StagedBatchDamaged, Wanted, dead_letter_id, stage_store
from pipelines.stage.archive import read_rows
from pipelines.stage.encryption import Keyring
from pipelines.stage.faults import EncryptionKeyMissing
from pipelines.stage.reasons import staged_outcomes
from pipelines.warehouse import LedgerOpen, Warehouse
from pipelines.warehouse.questions import ask
from pipelines.warehouse.statements import statements

LOG = logging.getLogger("dateline")
MESSAGES = "messages"
APART = 500
"""Offsets between two wanted messages in Kafka beyond which they are read separately."""
ALL_OF_THEM = 2**63 - 1
"""More messages than a ledger has."""
_CONDITION = re.compile(r"\s*(processor|outcome|reason)\s*(=|<>|!=)\s*(?:'([^']*)'|(\w+))\s*", re.IGNORECASE)


class ConditionWrong(ValueError):
    """A condition of ``--where`` that cannot be understood."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on how the current outcome of a message came about: a column of the ledger, and its value."""

    column: str
    is_equal: bool
    value: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """The messages of a topic to process again, by their times in Kafka (``since`` ≤ time < ``until``) and more."""

    topic: str
    since: datetime | None = None
    until: datetime | None = None
    scraper: str | None = None
    outlet: str | None = None
    where: Condition | None = None


@dataclass(slots=True)
class Handed:
    """The messages that a batch was given, and those that are nowhere."""

    given: set[Coordinates] = field(default_factory=set)
    missing: list[Coordinates] = field(default_factory=list)


def condition(text: str, processor: str) -> Condition:
    """The condition of ``--where``; ``current`` is today's processor. Raises ``ConditionWrong``.

    >>> condition("processor <> current", "dateline 0.1.0+12ab")
    Condition(column='processor', is_equal=False, value='dateline 0.1.0+12ab')
    >>> condition("reason = 'ConsentWall'", "")
    Condition(column='reason', is_equal=True, value='ConsentWall')
    """
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise ConditionWrong(
            f"{text!r} is no condition.\nWhat to do: compare processor, outcome or reason by = or <> with a value, as "
            "in \"processor <> current\" or \"reason = 'ConsentWall'\"."
        )
    column, sign, quoted, word = found.groups()
    value = quoted if quoted is not None else word
    is_current = column.lower() == "processor" and quoted is None and value.lower() == "current"
    return Condition(column.lower(), sign == "=", processor if is_current else value)


def count_chosen(warehouse: Warehouse, chosen: Chosen, processor: str) -> int:
    """The number of messages that are to be processed again, in the ledger."""
    (messages,) = statements("questions", "to_reprocess.sql")
    counting = f"SELECT count(*) FROM (\n{messages}\n) messages"  # noqa: S608  a statement of this package
    ((count,),) = warehouse.query(counting, _parameters(chosen, processor, None, ALL_OF_THEM)).rows
    return int(count)


def chosen_messages(
    warehouse: Warehouse, chosen: Chosen, processor: str, after: Coordinates | None, most: int
) -> list[Coordinates]:
    """The next ``most`` chosen messages in the order of partition and offset.

    Messages that a reprocess with today's processor has decided are left out: it would decide the same.
    """
    rows = ask(warehouse, "to_reprocess", _parameters(chosen, processor, after, most)).rows
    return [Coordinates(*row) for row in rows]


def _parameters(
    chosen: Chosen, processor: str, after: Coordinates | None, most: int
) -> dict[str, object]:
    where = chosen.where or Condition("", False, "")
    return {
        "topic": chosen.topic, "processor": processor, "since": chosen.since, "until": chosen.until,
        "scraper": chosen.scraper, "outlet": chosen.outlet, "column": where.column, "is_equal": where.is_equal,
        "value": where.value, "partition": after.partition if after else -1, "offset": after.offset if after else -1,
        "most": most,
    }


def with_versions(warehouse: Warehouse, chosen: Sequence[Coordinates]) -> list[Coordinates]:
    """The chosen messages, and the other messages from which versions of their articles were made, in order.

    An article is made anew from its messages, so that all of them should be processed by the same rules.
    """
    found = set(chosen)
    for (topic, partition), group in groupby(sorted(chosen), key=lambda at: (at.topic, at.partition)):
        offsets = [at.offset for at in group]
        rows = ask(warehouse, "versions_with", {"topic": topic, "partition": partition, "offsets": offsets}).rows
        found |= {Coordinates(*row) for row in rows}
    return sorted(found)


def stored_messages(
    wanted: Collection[Coordinates], warehouse: Warehouse, settings: Settings, handed: Handed
) -> Iterator[RawMessage]:
    """The wanted messages, from the archive, from their dead letters, or else from Kafka while it still has them.

    Those that are nowhere, or whose value is, are noted in ``handed``, and stay as they are.
    """
    store = stage_store(settings)
    left = set(wanted)
    for source in (
        partial(_archived, store.archive),
        partial(_dead, warehouse, settings),
        partial(_in_kafka, warehouse, settings.kafka),
    ):
        if left:
            for message in source(frozenset(left)):
                if message.coordinates in left and message.value is not None:
                    left.discard(message.coordinates)
                    handed.given.add(message.coordinates)
                    yield message
    handed.missing += sorted(left)


def _archived(archive: Archive, wanted: frozenset[Coordinates]) -> Iterator[RawMessage]:
    try:
        yield from archive.read(Wanted(coordinates=wanted))
    except StagedBatchDamaged as fault:
        LOG.warning("a part of the archive is left out: %s", fault)


def _dead(warehouse: Warehouse, settings: Settings, wanted: frozenset[Coordinates]) -> Iterator[RawMessage]:
    store = stage_store(settings)
    for at in sorted(wanted & _rejected(warehouse, wanted)):
        letter = warehouse.dead_letter(dead_letter_id(at))
        if letter is not None:
            try:
                yield message_of(letter.record(), store)
            except (StagedBatchDamaged, EncryptionKeyMissing) as fault:
                LOG.warning("dead letter %s is left out: %s", letter.dead_letter_id, fault)


def _rejected(warehouse: Warehouse, wanted: Iterable[Coordinates]) -> set[Coordinates]:
    found: set[Coordinates] = set()
    for (topic, partition), group in groupby(sorted(wanted), key=lambda at: (at.topic, at.partition)):
        parameters = {"topic": topic, "partition": partition, "offsets": [at.offset for at in group]}
        found |= {Coordinates(*row) for row in ask(warehouse, "rejected_among", parameters).rows}
    return found


def _in_kafka(warehouse: Warehouse, kafka: KafkaSettings, wanted: frozenset[Coordinates]) -> Iterator[RawMessage]:
    if kafka.bootstrap_servers is None:
        LOG.warning("no broker is named, so that messages that only Kafka has are left out")
        return
    for topic, of_topic in groupby(sorted(wanted), key=lambda at: at.topic):
        try:
            described = describe_topic(kafka, topic)
        except TopicMissing:
            LOG.warning("%s is no longer in Kafka", topic)
            continue
        loaded_id = warehouse.loaded_topic(topic).topic_id
        if loaded_id and described.topic_id and loaded_id != described.topic_id:
            LOG.warning("%s was recreated in Kafka, and has other messages than those that were loaded", topic)
            continue
        for span in _spans(of_topic):
            beginning, end = described.offsets.get(span.partition, (0, 0))
            kept = replace(span, start=max(span.start, beginning), end=min(span.end, end))
            for found in read_range(kafka, kept, retention_gap="continue") if kept.start < kept.end else ():
                if isinstance(found, RawMessage) and found.coordinates in wanted:
                    yield found


def _spans(wanted: Iterable[Coordinates]) -> list[OffsetRange]:
    """Ranges that cover the coordinates, which are in order, with at most ``APART`` offsets between two of them."""
    spans: list[OffsetRange] = []
    for at in wanted:
        last = spans[-1] if spans else None
        if last is not None and last.partition == at.partition and at.offset - last.end < APART:
            spans[-1] = replace(last, end=at.offset + 1)
        else:
            spans.append(OffsetRange(at.topic, at.partition, at.offset, at.offset + 1))
    return spans


def reprocess_batch(  # noqa: PLR0913, PLR0917  the batch, where its messages are, and how it is run
    wanted: Collection[Coordinates], plan: BatchPlan, warehouse: Warehouse, settings: Settings, executor: Executor,
    report: Callable[[int], None] | None = None,
) -> tuple[Transformed | None, Handed]:
    """Runs the job over stored messages, and stages a batch of kind ``reprocess``, which has no ranges.

    The messages are first written beside the batch, so that each worker reads its share and memory stays bounded. They
    keep their coordinates: loading the batch updates their outcomes in the ledger. The batch is None if none was found.

    Raises ``LedgerOpen`` if a message has no outcome in the batch, or more than one, and ``RunFailed`` as
    ``transform_batch`` does.
    """
    beside, handed = plan.folder.parent / f"{plan.folder.name}.{MESSAGES}", Handed()
    try:
        keyring = stage_store(settings).keyring
        path = _write(beside, stored_messages(wanted, warehouse, settings, handed), keyring)
        if not handed.given:
            return None, handed
        reach(Failpoint.MESSAGES_FOUND)
        given = OffsetRange(MESSAGES, 0, 0, len(handed.given))
        done = transform_batch(
            replace(plan, ranges=(given,), kind="reprocess"), settings, executor, report,
            read=partial(read_messages, beside, path, keyring),
        )
    finally:
        beside.remove()
    _refuse_lost(done, handed)
    return done, handed


def _write(folder: Folder, messages: Iterable[RawMessage], keyring: Keyring) -> str:
    folder.make_empty()
    with PartWriter(folder, "all") as writer:
        for message in messages:
            writer.message(message, keyring)
        files = writer.close()
    return files[0].path if files else ""


def read_messages(folder: Folder, path: str, keyring: Keyring, numbers: OffsetRange) -> Iterator[RawMessage]:
    """The messages numbered ``numbers.start`` to ``numbers.end`` (excluded) of a file of messages."""
    yield from read_rows(folder, path, numbers.start, numbers.end, keyring)


def _refuse_lost(done: Transformed, handed: Handed) -> None:
    staged = Counter(coordinates for coordinates, _, _ in staged_outcomes(done.batch))
    if staged.keys() != handed.given or any(count > 1 for count in staged.values()):
        raise LedgerOpen(
            f"Reprocess {done.batch.batch_id} was given {len(handed.given)} messages and staged "
            f"{staged.total()} outcomes. Nothing of it was loaded. What to do: this is a bug in Dateline, report it "
            f"with {done.batch.folder}."
        )
