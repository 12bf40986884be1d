"""The soak itself: messages arrive, runs start and are killed, and at the end the ledger are compared."""

from __future__ import annotations

import contextlib
import itertools
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from kafka import KafkaProducer

from pipelines.records import OffsetRange, RawMessage
from pipelines.settings import KafkaSettings
from pipelines.sinks.kafka import make_topics
from pipelines.sources.kafka import read_range, topic_offsets
from pipelines.warehouse import Warehouse, open_warehouse
from tests.integration.running import Machine, json_of
from tests.integration.tables import Rows, rows
from tests.soak.messages import PARTITIONS, Published, messages
from tests.soak.runs import Cold, Ended, Warm, run_to_its_end

BATCH, BATCHES = 10, 3  # small batches, and several in each run: each stage of a run comes round often
AT_ONCE = 500  # records in a batch of the runs that nobody kills
LAST = 80  # messages before the last run: however few kills there were, the ledger hold more than the samples
COLD_EVERY = 10  # a cold start takes far longer than the stages that it is killed in

type Notify = Callable[[str, int], None]


def _nobody(_what: str, _kills: int) -> None:
    """Nobody watches."""


@dataclass(slots=True)
class Found:
    """What a soak found. ``lost`` and ``doubled`` are rows, of any table, and dead letters without a message."""

    seed: int
    kills: int = 0
    records: int = 0
    lost: int = 0
    doubled: int = 0
    letters_again: int = 0
    problems: list[str] = field(default_factory=list)
    killed_in: Counter[str] = field(default_factory=Counter)
    ended_before: int = 0
    seconds: float = 0.0

    @property
    def is_well(self) -> bool:
        return not (self.lost or self.doubled or self.problems)

    def __str__(self) -> str:
        minutes, seconds = divmod(round(self.seconds), 60)
        return (
            f"kills {self.kills} · records {self.records} · lost {self.lost} · doubled {self.doubled} · "
            f"seed {self.seed} · {minutes:02d}:{seconds:02d}"
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a soak is staged: a folder of its own, a broker, a Prefect server.

    The killed runs load into ``warehouse``, an empty PostgreSQL database, or else into a file. The undisturbed ingest
    loads into a file in either case.
    """

    folder: Path
    broker: str
    prefect_api: str
    warehouse: str | None = None

    def machine(self, name: str, max_records: int) -> Machine:
        """A home and a group of this name, and dead letters to a topic of its own; all read the same topic."""
        kafka = KafkaSettings(
            bootstrap_servers=self.broker, raw_topic=f"{self.folder.name}-raw", partitions=PARTITIONS,
            rejected_topic=f"{self.folder.name}-{name}-rejected", group_id=f"{self.folder.name}-{name}",
        )
        return Machine(self.folder / name, kafka, self.prefect_api, max_records)


def soak(place: Place, kills: int, seed: int, notify: Notify = _nobody) -> Found:
    """Kill ``kills`` runs at moments drawn from ``seed``, then let one end, and compare with an undisturbed ingest."""
    began = time.monotonic()
    found = Found(seed)
    disturbed = replace(place.machine("disturbed", BATCH), warehouse=place.warehouse)
    calm = place.machine("calm", AT_ONCE)
    for machine in (disturbed, calm):
        make_topics(machine.kafka)
    with Warm(place.folder) as warm, producing(disturbed.kafka, messages(seed)) as publish:
        try:
            _Kills(disturbed, publish, random.Random(seed), found).until(kills, warm, notify)
            notify("the last run", found.kills)
            publish(LAST)
            _must_end_well(run_to_its_end(warm, replace(disturbed, max_records=AT_ONCE), "ingest", "--json"))
            _verify(disturbed, warm, found)
            notify("the undisturbed run", found.kills)
            _must_end_well(run_to_its_end(warm, calm, "ingest", "--json"))
        finally:
            found.seconds = time.monotonic() - began
    _compare(rows(disturbed), rows(calm), found)
    _compare_letters(disturbed, found)
    found.seconds = time.monotonic() - began
    return found


@dataclass(slots=True)
class _Kills:
    """Runs of one machine, each killed at a moment of its measured length while messages arrive."""

    machine: Machine
    publish: Callable[[int], None]
    chance: random.Random
    found: Found
    lengths: dict[Warm | Cold, float] = field(default_factory=dict)

    def until(self, kills: int, warm: Warm, notify: Notify) -> None:
        cold = Cold()
        try:
            for number in itertools.count(1):
                if self.found.kills == kills:
                    return
                runs = cold if number % COLD_EVERY == 0 else warm
                if runs not in self.lengths:
                    notify("measuring a run", self.found.kills)
                    self._measure(runs)
                self._one(runs)
                notify(f"killed in {dict(self.found.killed_in)}", self.found.kills)
        finally:
            cold.kill()

    def _measure(self, runs: Warm | Cold) -> None:
        self.publish(BATCH * BATCHES)
        ended = run_to_its_end(runs, self.machine, "ingest", "--json")
        _must_end_well(ended)
        self.lengths[runs] = ended.seconds

    def _one(self, runs: Warm | Cold) -> None:
        """One run: messages arrive before it and at a moment while it runs, and at another it is killed."""
        length_s = self.lengths[runs]
        moment, arrival = self.chance.uniform(0, length_s), self.chance.uniform(0, length_s)
        self.publish(max(0, BATCH * (BATCHES - 1) - _waiting(self.machine)))
        began = time.monotonic()
        runs.start(self.machine, "ingest", "--json")
        code = runs.wait(min(moment, arrival))
        if code is None and arrival < moment:
            self.publish(BATCH)
            code = runs.wait(began + moment - time.monotonic())
        ended = runs.shown(runs.kill() if code is None else code, time.monotonic() - began)
        if ended.code == -signal.SIGKILL:
            self.found.kills += 1
            self.found.killed_in[ended.step] += 1
        else:
            _must_end_well(ended)
            self.found.ended_before += 1
            self.lengths[runs] = ended.seconds


def _waiting(machine: Machine) -> int:
    topic = machine.kafka.raw_topic
    saved = _warehouse(machine).loaded_topic(topic).next_offsets
    return sum(end - saved.get(partition, 0) for partition, (_, end) in topic_offsets(machine.kafka, topic).items())


def _warehouse(machine: Machine) -> Warehouse:
    return open_warehouse(machine.warehouse_url)


def _must_end_well(ended: Ended) -> None:
    if ended.code:
        raise RuntimeError(f"a run that nobody killed ended with {ended.code}:\n{ended.output[-4_000:]}")


@contextlib.contextmanager
def producing(kafka: KafkaSettings, source: Iterator[Published]) -> Iterator[Callable[[int], None]]:
    """A function that publishes so many more messages and waits until the broker has them."""
    producer = KafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers, max_request_size=12 << 20, compression_type="lz4", linger_ms=5,
    )

    def publish(count: int) -> None:
        for message in itertools.islice(source, count):
            producer.send(
                kafka.raw_topic, value=message.value, key=message.key, headers=list(message.headers),
                partition=message.partition,
            )
        producer.flush(60)

    try:
        yield publish
    finally:
        producer.close(timeout=5)


def _verify(machine: Machine, warm: Warm, found: Found) -> None:
    ended = run_to_its_end(warm, machine, "ledger", "verify", "--deep", "--json")
    ledger = json_of(ended.output)
    found.records = sum(partition["produced"] for partition in ledger["partitions"])
    found.problems += [f"ledger: {problem['where']}: {problem['says']}" for problem in ledger["problems"]]
    in_topic = sum(end for _, end in topic_offsets(machine.kafka, machine.kafka.raw_topic).values())
    if found.records != in_topic:
        found.problems.append(f"the topic has {in_topic} offsets, the ledger {found.records}")


def _compare(disturbed: Rows, calm: Rows, found: Found) -> None:
    for table, expected in calm.items():
        found_rows, wanted = Counter(map(repr, disturbed[table])), Counter(map(repr, expected))
        lost, doubled = wanted - found_rows, found_rows - wanted
        found.lost += lost.total()
        found.doubled += doubled.total()
        found.problems += [f"{table} lacks {row[:600]}" for row in list(lost)[:2]]
        found.problems += [f"{table} has besides {row[:600]}" for row in list(doubled)[:2]]


def _compare_letters(machine: Machine, found: Found) -> None:
    """Each rejected record's letter is on its topic, once or more often, and no other is.

    A letter that a delete request emptied was sent before, or never.
    """
    sent = Counter(message.key for message in _topic(machine.kafka, machine.kafka.rejected_topic))
    query = """
        SELECT topic || '/' || partition || '@' || kafka_offset, removed_in IS NOT NULL FROM ledger
        WHERE outcome = 'rejected'
    """
    rejected = {str(key).encode(): is_removed for key, is_removed in _warehouse(machine).query(query).rows}
    lost = {key for key, is_removed in rejected.items() if not is_removed} - sent.keys()
    besides = sent.keys() - rejected.keys()
    found.lost += len(lost)
    found.doubled += len(besides)
    found.letters_again = sent.total() - len(sent)
    found.problems += [f"{machine.kafka.rejected_topic} lacks {key!r}" for key in list(lost)[:3]]
    found.problems += [f"{machine.kafka.rejected_topic} has besides {key!r}" for key in list(besides)[:3]]


def _topic(kafka: KafkaSettings, topic: str) -> Iterator[RawMessage]:
    for partition, (start, end) in topic_offsets(kafka, topic).items():
        for message in read_range(kafka, OffsetRange(topic, partition, start, end)):
            if isinstance(message, RawMessage):
                yield message
