"""A message that ends its worker is found and rejected as what it is; the rest of its batch goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipelines.enrich.engine import Span
from pipelines.failures import MemoryExceeded, TimeExceeded, WorkerCrashed
from pipelines.jobs.batches import ingest_share, transform_batch
from pipelines.records import Gap, OffsetRange, RawMessage
from pipelines.runtime import RunFailed
from pipelines.runtime.local import LocalExecutor
from pipelines.runtime.poison import failure_of, parts_of
from pipelines.runtime.shares import Share
from pipelines.runtime.workers import Death
from pipelines.settings import BatchSettings, Settings
from pipelines.stage import Folder, StagedBatch
from pipelines.transforms.destination import Staging
from tests.builders import a_message, coordinates
from tests.jobs.messages import Topic
from tests.jobs.test_ingest import NOW, PAGE, plan, rows, settings

MEMORY = 3_000_000_000
CRASH, LOOP, HOARD, ONCE = "Crashwater", "Loopham", "Hoardley", "Oncebury"


class Hazard:
    """An engine that a C library's bugs are put into: what it does depends on a place that the text names."""

    fingerprint = "hazard:1"
    languages = frozenset({"en"})

    def spans(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        for text in texts:
            if CRASH in text:
                os.kill(os.getpid(), signal.SIGSEGV)
            while LOOP in text:
                pass
            if HOARD in text:
                bytearray(2 * MEMORY)
            if ONCE in text:
                _die_once(Path(text.partition(f"{ONCE} at ")[2].split()[0]))
        return [()] * len(texts)


def _die_once(mark: Path) -> None:
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def message(n: int, place: str, partition: int = 0) -> RawMessage:
    url = f"https://harbour-news.example/{place.lower()}/{n}".encode()
    text = f"The council of {place} decided on Tuesday that pier number {n} will be rebuilt after two winters."
    headers = a_message().headers
    return a_message(
        coordinates=coordinates(n, partition), key=url, value=PAGE.format(f"Pier {n} of {place}", text).encode(),
        headers=(headers[0], ("url", url), *headers[2:]),
    )


def transformed(tmp_path: Path, places: Sequence[str], **changes: Any) -> StagedBatch:
    topic = Topic([message(n, place) for n, place in enumerate(places)])
    batch = {"workers": 2, "records_worth_a_worker": 5, "fault_minimum": 3, "message_deadline_s": 4,
             "worker_memory_bytes": MEMORY} | changes
    shown = settings(tmp_path, **batch).model_copy(update={"models": (f"{__name__}:Hazard",)})
    wanted = plan(tmp_path, ranges=(OffsetRange("articles.raw", 0, 0, len(places)),))
    with LocalExecutor(2, tmp_path / "workers.log", MEMORY) as workers:
        return transform_batch(wanted, shown, workers, read=topic).batch


def test_what_ends_a_worker_is_rejected_and_the_rest_goes_on(tmp_path: Path) -> None:
    places = ["Marrowby"] * 30
    places[4], places[17], places[29] = CRASH, LOOP, HOARD
    batch = transformed(tmp_path, places)
    outcomes = dict(rows(batch, "outcomes", "offset", "outcome"))
    assert sorted(outcomes) == list(range(30))
    assert {n for n, outcome in outcomes.items() if outcome != "staged"} == {4, 17, 29}
    letters = {row["coordinates"]["offset"]: row for read in batch.tables("dead_letters")
               for row in read.to_pylist()}
    assert {n: (row["step"], row["reason"]) for n, row in letters.items()} == {
        4: ("enrich", "WorkerCrashed"), 17: ("enrich", "TimeExceeded"), 29: ("enrich", "MemoryExceeded"),
    }
    assert letters[4]["details"][0]["value"] == "SIGSEGV"
    assert letters[17]["original"] == message(17, LOOP).value
    assert letters[17]["scraper"] == "harbour-crawler"


def test_a_worker_killed_once_costs_a_second_try_and_rejects_nothing(tmp_path: Path) -> None:
    batch = transformed(tmp_path, ["Marrowby"] * 9 + [f"{ONCE} at {tmp_path / 'once'}"])
    assert (tmp_path / "once").exists()
    assert rows(batch, "outcomes", "offset", "outcome") == [(n, "staged") for n in range(10)]


def test_a_batch_of_one_message_is_tried_twice_before_it_is_rejected(tmp_path: Path) -> None:
    once = f"{ONCE} at {tmp_path / 'once'}"
    assert rows(transformed(tmp_path, [once]), "outcomes", "outcome") == [("staged",)]
    assert rows(transformed(tmp_path, [CRASH]), "outcomes", "outcome", "reason") == [("rejected", "WorkerCrashed")]


def test_many_that_end_their_worker_stop_the_run(tmp_path: Path) -> None:
    with pytest.raises(RunFailed, match=r"2 messages ended the worker at work on it \(allowed: 1\): .*@0 \(SIG"):
        transformed(tmp_path, [CRASH] * 6, fault_minimum=1)
    assert not (tmp_path / "batch" / "manifest.json").exists()


def share(*ranges: OffsetRange) -> Share:
    staging = Staging(Folder("memory://batch"), "part-000", NOW, Settings())
    return Share(ranges, Topic([]), ingest_share, Settings(), staging)


def spans(shares: Sequence[Share]) -> list[list[tuple[int, int, int]]]:
    return [[(r.partition, r.start, r.end) for r in s.ranges] for s in shares]


def test_a_share_is_parted_around_the_message_that_was_marked() -> None:
    whole = share(OffsetRange("t", 0, 0, 10), OffsetRange("t", 1, 5, 9))
    parts = list(parts_of(whole, Death("SIGSEGV", "crash", "clean", 1, 5)))
    assert spans(parts) == [[(1, 5, 6)], [(0, 0, 10)], [(1, 6, 9)]]
    assert [p.staging.part for p in parts] == ["part-000-0", "part-000-1", "part-000-2"]
    assert {p.deaths for p in parts} == {1}


def test_without_a_mark_a_share_is_halved() -> None:
    whole = share(OffsetRange("t", 0, 0, 3), OffsetRange("t", 1, 5, 10))
    assert spans(list(parts_of(whole, Death("SIGKILL", "crash")))) == [[(0, 0, 3), (1, 5, 6)], [(1, 6, 10)]]
    other_topic = Death("SIGKILL", "crash", "clean", 7, 7)
    assert spans(list(parts_of(whole, other_topic))) == [[(0, 0, 3), (1, 5, 6)], [(1, 6, 10)]]


def test_every_share_of_more_than_one_message_gets_smaller() -> None:
    for death in (Death("?", "crash"), Death("?", "crash", "clean", 0, 3), Death("?", "crash", "clean", 0, 9)):
        waiting, seen = [share(OffsetRange("t", 0, 0, 10))], []
        while waiting:
            at = waiting.pop()
            if len(at) == 1:
                seen.append(at.ranges[0].start)
            else:
                waiting += parts_of(at, death)
        assert sorted(seen) == list(range(10))


@pytest.mark.parametrize(
    ("kind", "fault", "rule"),
    [
        ("crash", WorkerCrashed, "the worker process does not crash"),
        ("time", TimeExceeded, "every step finishes within 60 s"),
        ("memory", MemoryExceeded, "a worker needs at most 6,000,000,000 bytes of memory"),
    ],
)
def test_the_failure_says_which_rule_was_broken(kind: Any, fault: type, rule: str) -> None:
    failure = failure_of(Death("SIGSEGV", kind, "clean", 0, 1), BatchSettings())
    assert (failure.step, failure.reason) == ("clean", fault.__name__)
    assert (failure.violations[0].expectation, failure.violations[0].value) == (rule, "SIGSEGV")
    assert failure_of(Death("SIGSEGV", kind), BatchSettings()).step == "transform"


def test_a_gap_met_on_the_way_stays_a_gap(tmp_path: Path) -> None:
    from pipelines.transforms.staging import stage_rejected

    staging = Staging(Folder.at(tmp_path), "part-000", NOW, Settings(home=tmp_path))
    gap = Gap("articles.raw", 0, 7, 8, "compaction")
    failure = failure_of(Death("SIGSEGV", "crash"), BatchSettings())
    files = stage_rejected(staging, [message(6, "Marrowby"), gap], failure)
    assert {f.kind: f.rows for f in files} == {"dead_letters": 1, "outcomes": 1, "gaps": 1}


def test_a_message_that_cannot_be_read_is_rejected_by_its_coordinates(tmp_path: Path) -> None:
    from pipelines.runtime.shares import run_share

    def never(_: OffsetRange) -> Any:
        raise AssertionError("it ended a worker each time it was read")

    staging = Staging(Folder.at(tmp_path), "part-000", NOW, Settings(home=tmp_path))
    failure = failure_of(Death("out of memory", "memory"), BatchSettings())
    ranges = (OffsetRange("articles.raw", 0, 7, 8),)
    lost = Share(ranges, never, ingest_share, Settings(), staging, 3, failure, is_unreadable=True)
    done = run_share(lost)
    paths = [tmp_path / file.path for file in done.files if file.kind == "dead_letters"]
    (letter,) = (row for path in paths for row in pq.read_table(path).to_pylist())
    assert (letter["coordinates"]["offset"], letter["reason"], letter["original"]) == (7, "MemoryExceeded", None)
    assert letter["original_bytes"] == -1


def test_memory_that_runs_out_outside_of_a_step_is_found_by_halving(tmp_path: Path) -> None:
    topic = Hoarding([message(n, "Marrowby") for n in range(8)])
    shown = settings(tmp_path, worker_memory_bytes=MEMORY, fault_minimum=1)
    with LocalExecutor(1, tmp_path / "workers.log", MEMORY) as workers:
        wanted = plan(tmp_path, ranges=(OffsetRange("articles.raw", 0, 0, 8),))
        batch = transform_batch(wanted, shown, workers, read=topic).batch
    assert rows(batch, "outcomes", "offset", "outcome", "reason") == [
        (n, "rejected", "MemoryExceeded") if n == HOARDED else (n, "staged", None) for n in range(8)
    ]


HOARDED = 5


class Hoarding(Topic):
    """A topic whose one message takes all memory while it is read."""

    def __call__(self, offsets: OffsetRange) -> Any:
        for found in super().__call__(offsets):
            if isinstance(found, RawMessage) and found.coordinates.offset == HOARDED:
                bytearray(2 * MEMORY)
            yield found
