"""Dead letters through the job again: each once, none lost, in batches; and without loading anything."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pipelines import failures
from pipelines.failures import Failure, Rejected, Violation
from pipelines.jobs import replay as replaying
from pipelines.jobs.batches import BatchPlan, transform_batch
from pipelines.jobs.dry_run import Tried, try_dead_letters
from pipelines.jobs.replay import Handed, chosen_letters, replay_batch
from pipelines.records import OffsetRange, RawMessage
from pipelines.runtime import RunFailed
from pipelines.runtime.local import LocalExecutor
from pipelines.settings import EncryptionSettings, Limits, Settings
from pipelines.stage import (
    Folder,
    OutcomeRow,
    PartWriter,
    StagedBatch,
    StageStore,
    dead_letter_id,
    dead_letter_record,
    stage_store,
)
from pipelines.warehouse import DeadLetterFilter, LedgerOpen, load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.builders import a_message, coordinates
from tests.jobs.messages import Topic
from tests.jobs.test_ingest import NOW, page, settings
from tests.warehouse.test_load import tables

REASONS = sorted(
    [name for name, kind in vars(failures).items()
     if isinstance(kind, type) and issubclass(kind, Rejected) and kind is not Rejected] + [Failure.UNEXPECTED]
)
ALL = DeadLetterFilter()


@dataclass(frozen=True, slots=True)
class Place:
    """A home with a warehouse in it."""

    home: Path
    warehouse: DuckDBWarehouse

    def rejected(self, *letters: tuple[RawMessage, str], store: StageStore | None = None) -> None:
        """A batch of messages that were rejected for these reasons, at offsets 0 and up."""
        folder = Folder.at(self.home) / "staged" / "first"
        writer = PartWriter(folder, "part")
        for message, reason in letters:
            failure = Failure("clean", reason, (Violation("as it was"),))
            writer.dead_letter(dead_letter_record(message, failure, "former", NOW, "harbour-crawler", store))
            writer.outcome(
                OutcomeRow(message.coordinates, NOW, "rejected", reason, "harbour-crawler", None, failure.fingerprint)
            )
        span = OffsetRange("articles.raw", 0, 0, len(letters))
        load_batch(self.warehouse, StagedBatch("first", "first", folder, (span,), writer.close(), "former", NOW))

    def replay(self, chosen: DeadLetterFilter = ALL, most: int = 100, name: str = "replay",
               shown: Settings | None = None) -> Handed | None:
        """One batch, published."""
        plan = BatchPlan(name, "run", (), Folder.at(self.home) / "staged" / name, NOW, kind="replay")
        letters = chosen_letters(self.warehouse, chosen, most, shown or settings(self.home))
        with LocalExecutor(0) as here:
            ran = replay_batch(letters, plan, shown or settings(self.home), here)
        if ran is None:
            return None
        load_batch(self.warehouse, ran[0].batch)
        return ran[1]

    def outcomes(self) -> dict[str, int]:
        return dict(self.warehouse.query("SELECT outcome, count(*) FROM ledger GROUP BY outcome").rows)


@pytest.fixture
def place(make_warehouse: Callable[[Path], DuckDBWarehouse], tmp_path: Path) -> Place:
    path = make_warehouse(tmp_path / "warehouse.duckdb").path
    return Place(tmp_path, DuckDBWarehouse(path, clock=lambda: NOW))


def good(n: int) -> RawMessage:
    url = f"https://harbour-news.example/pier/{n}".encode()
    headers = (("content-type", b"text/html"), ("url", url), ("source", b"harbour-crawler"))
    return a_message(coordinates=coordinates(n), key=url, value=page(n), headers=headers)


def bad(n: int) -> RawMessage:
    """One that is an ``UnknownSchema``."""
    return a_message(coordinates=coordinates(n), value=b"\x00\x00\x00\x27\x0fxyz", headers=())


def test_every_reason_can_be_replayed(place: Place) -> None:
    place.rejected(*((good(n), reason) for n, reason in enumerate(REASONS)))
    assert Counter(g.reason for g in place.warehouse.dead_letter_groups(ALL)) == Counter(REASONS)
    handed = place.replay()
    assert handed is not None
    assert sorted(handed.reasons.values()) == REASONS
    assert place.outcomes() == {"loaded": len(REASONS)}
    assert place.warehouse.query("SELECT count(*) FROM dead_letters WHERE resolved_in = 'replay'").rows == (
        (len(REASONS),),
    )
    assert place.warehouse.dead_letter_groups(ALL) == []
    assert place.warehouse.verify().problems == ()


def test_each_reason_is_chosen_alone(place: Place) -> None:
    place.rejected(*((good(n), name) for n, name in enumerate(REASONS)))
    for reason in REASONS:
        chosen = chosen_letters(place.warehouse, DeadLetterFilter(reason=reason), 100, settings(place.home))
        assert [letter.reason for letter in chosen] == [reason]


def test_batches_follow_each_other_and_try_each_letter_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "PAGE", 2)
    place.rejected(*((bad(n), "UnknownSchema") for n in range(7)))
    chosen, sizes, tried = ALL, [], []
    while (handed := place.replay(chosen, most=3, name=f"replay-{len(sizes)}")) is not None:
        sizes.append(len(handed))
        tried += [dead_letter_id(coordinates) for coordinates in handed.reasons]
        chosen = replace(chosen, after=handed.last_id)
    assert sizes == [3, 3, 1]
    assert tried == sorted(dead_letter_id(coordinates(n)) for n in range(7))
    assert place.warehouse.query("SELECT DISTINCT attempts FROM dead_letters").rows == ((2,),)
    assert place.warehouse.verify().problems == ()


def test_replaying_twice_changes_nothing_but_attempts(place: Place) -> None:
    place.rejected((good(0), "BodyMissing"), (bad(1), "UnknownSchema"), (good(2), "ConsentWall"))
    assert place.replay() is not None
    before = tables(place.warehouse)
    assert place.replay(name="again") is not None
    after = tables(place.warehouse)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"batches", "dead_letters", "ledger"}  # the ledger names the batch of the last try
    attempts = "SELECT kafka_offset, attempts, resolved_in FROM dead_letters ORDER BY 1"
    assert place.warehouse.query(attempts).rows == ((0, 1, "replay"), (1, 3, None), (2, 1, "replay"))
    assert place.outcomes() == {"loaded": 2, "rejected": 1}
    place.replay(name="resolved", chosen=DeadLetterFilter(reason="BodyMissing"))
    assert tables(place.warehouse) == after


def test_a_letter_that_the_job_loses_stops_the_replay(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.rejected(*((good(n), "BodyMissing") for n in range(3)))
    before = tables(place.warehouse)
    monkeypatch.setattr(replaying, "read_letters", without_one(replaying.read_letters))
    with pytest.raises(LedgerOpen, match=r"was given 3 dead letters .* 1 without an outcome \(articles\.raw/0@1\)"):
        place.replay()
    assert tables(place.warehouse) == before


def without_one(read: Callable[..., Iterator[RawMessage]]) -> Callable[..., Iterator[RawMessage]]:
    def reading(*arguments: Any, **more: Any) -> Iterator[RawMessage]:
        return (message for message in read(*arguments, **more) if message.coordinates.offset != 1)

    return reading


def test_letters_that_come_out_twice_or_from_nowhere_stop_it_too(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.rejected(*((good(n), "BodyMissing") for n in range(2)))
    read = replaying.read_letters

    def more(*arguments: Any, **named: Any) -> Iterator[RawMessage]:
        yield from read(*arguments, **named)
        yield good(0)
        yield good(9)

    monkeypatch.setattr(replaying, "read_letters", more)
    with pytest.raises(LedgerOpen) as fault:
        place.replay()
    assert "1 with more than one outcome (articles.raw/0@0)" in str(fault.value)
    assert "1 that it was not given (articles.raw/0@9)" in str(fault.value)


def broken(clean: object, models: object) -> object:
    return 1 // 0


def test_a_known_bug_may_be_tried_again_and_a_new_one_stops_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.jobs import steps

    monkeypatch.setattr(steps, "enrich_article", broken)
    place.rejected((good(0), Failure.UNEXPECTED), (good(1), Failure.UNEXPECTED), (good(2), "BodyMissing"))
    with pytest.raises(RunFailed, match="3 of 3 records ended as UnexpectedFault"):
        place.replay()
    assert place.replay(DeadLetterFilter(reason=Failure.UNEXPECTED), name="known") is not None
    assert place.warehouse.query("SELECT kafka_offset, attempts FROM dead_letters ORDER BY 1").rows == (
        (0, 2), (1, 2), (2, 1),
    )


def large_page(n: int) -> bytes:
    """A page that no dead letter carries: its original goes to the store."""
    return page(n).replace(b"</article>", b"<!-- " + b"wide margin " * 120_000 + b" --></article>")


def test_an_oversized_one_lies_whole_in_a_file_and_is_replayed_from_there(place: Place) -> None:
    large = large_page(0)
    assert len(large) > Limits().dead_letter_bytes
    message = replace(good(0), value=large)

    def limited(message_bytes: int) -> Settings:
        return settings(place.home).model_copy(update={"limits": Limits(message_bytes=message_bytes)})

    folder = Folder.at(place.home) / "staged" / "ingest"
    plan = BatchPlan("ingest", "run", (OffsetRange("articles.raw", 0, 0, 1),), folder, NOW)
    with LocalExecutor(0) as here:
        ran = transform_batch(plan, limited(1_000_000), here, read=Topic([message]))
    load_batch(place.warehouse, ran.batch)
    (letter,) = place.warehouse.dead_letters(ALL)
    assert (letter.reason, letter.original, letter.original_bytes) == ("OversizedMessage", None, len(large))
    digest = hashlib.sha256(large).hexdigest()
    assert letter.original_path == f"originals/{settings(place.home).warehouse_key}/articles.raw/{digest[:2]}/{digest}"
    assert (place.home / letter.original_path).read_bytes() == large
    place.replay(shown=limited(1_000_000), name="still")
    assert place.warehouse.query("SELECT reason, attempts FROM dead_letters").rows == (("OversizedMessage", 2),)
    place.replay(shown=limited(10_000_000))
    assert place.outcomes() == {"loaded": 1}
    assert place.warehouse.query("SELECT title FROM articles").rows == (("Pier 0 to be rebuilt",),)
    assert place.warehouse.verify().problems == ()


def test_letters_whose_original_is_gone_or_damaged_are_named_and_the_others_go_on(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    messages = [replace(good(n), value=value) for n, value in enumerate([large_page(0), large_page(1), page(2)])]
    small = settings(place.home).model_copy(update={"limits": Limits(message_bytes=100)})
    folder = Folder.at(place.home) / "staged" / "ingest"
    plan = BatchPlan("ingest", "run", (OffsetRange("articles.raw", 0, 0, 3),), folder, NOW)
    with LocalExecutor(0) as here:
        load_batch(place.warehouse, transform_batch(plan, small, here, read=Topic(messages)).batch)
    gone, damaged, _ = sorted(place.warehouse.dead_letters(ALL), key=lambda letter: letter.coordinates)
    originals = [place.home / str(letter.original_path) for letter in (gone, damaged)]
    kept = originals[0].read_bytes()
    originals[0].unlink()
    originals[1].write_bytes(b"another page")
    with caplog.at_level("WARNING", logger="dateline"):
        place.replay()
    assert place.outcomes() == {"loaded": 1, "rejected": 2}
    assert f"dead letter {gone.dead_letter_id} is skipped: The original {originals[0]} cannot be read" in caplog.text
    assert f"dead letter {damaged.dead_letter_id} is skipped" in caplog.text
    originals[0].write_bytes(kept)
    place.replay(name="again")
    assert place.outcomes() == {"loaded": 2, "rejected": 1}


def everything(place: Place) -> tuple[Any, ...]:
    """The ledger, and every file of the home but the warehouse's own."""
    files = sorted(p for p in place.home.rglob("*") if p != place.warehouse.path)
    return tables(place.warehouse), [(p, p.read_bytes() if p.is_file() else None) for p in files]


def test_a_dry_run_tells_the_difference_and_changes_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.jobs import steps

    place.rejected(
        (good(0), "BodyMissing"), (good(1), "ConsentWall"), (good(2), "BodyMissing"), (bad(3), "UnknownSchema"),
        (bad(4), "MalformedAvro"), (bad(5), "MalformedAvro"),
    )
    before = everything(place)
    batches: list[int] = []
    with LocalExecutor(0) as here:
        shown = try_dead_letters(
            place.warehouse, ALL, settings(place.home, max_records=4), here, batches.append
        )
    first = {n: dead_letter_id(coordinates(n)) for n in range(6)}
    assert shown.passing == [
        Tried("BodyMissing", None, 2, first_of(shown.passing, first, 0, 2)), Tried("ConsentWall", None, 1, first[1]),
    ]
    assert shown.changed == [Tried("MalformedAvro", "UnknownSchema", 2, first_of(shown.changed, first, 4, 5))]
    assert shown.as_before == [Tried("UnknownSchema", "UnknownSchema", 1, first[3])]
    assert everything(place) == before
    monkeypatch.setattr(steps, "enrich_article", broken)
    with LocalExecutor(0) as here:
        shown = try_dead_letters(place.warehouse, DeadLetterFilter(reason="BodyMissing"), settings(place.home), here)
    assert shown.changed == [Tried("BodyMissing", "UnexpectedFault", 2, first[0])]
    assert everything(place) == before


def first_of(tried: list[Tried], ids: dict[int, str], *offsets: int) -> str:
    """The example, after it was found to be one of these."""
    assert tried[0].example_id in {ids[n] for n in offsets}
    return tried[0].example_id


def test_a_dry_run_of_nothing(place: Place) -> None:
    with LocalExecutor(0) as here:
        assert try_dead_letters(place.warehouse, ALL, settings(place.home), here).tried == {}


KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.mark.parametrize("largest", [1_000_000, 10])
def test_encrypted_originals_are_replayed_with_their_key_and_skipped_without_it(
    place: Place, caplog: pytest.LogCaptureFixture, largest: int
) -> None:
    encryption = EncryptionSettings(keyring=f"2026a:{KEY}", key_id="2026a")  # type: ignore[arg-type]  # as in a variable
    with_key = settings(place.home).model_copy(
        update={"encryption": encryption, "limits": Limits(dead_letter_bytes=largest)}
    )
    place.rejected((good(0), "BodyMissing"), (bad(1), "UnknownSchema"), store=stage_store(with_key))
    letters = place.warehouse.query("SELECT original_key_id, original FROM dead_letters ORDER BY kafka_offset").rows
    assert [row[0] for row in letters] == ["2026a", "2026a"]
    kept = b"".join(row[1] or b"" for row in letters)
    kept += b"".join(path.read_bytes() for path in (place.home / "originals").rglob("*") if path.is_file())
    assert b"DLE1" in kept
    assert b"<html" not in kept
    assert place.replay() is None
    assert "is encrypted with the key 2026a, which is not given" in caplog.text
    assert KEY not in caplog.text
    assert place.replay(shown=with_key, name="again") is not None
    assert place.outcomes() == {"loaded": 1, "rejected": 1}
    for staged in (place.home / "staged").rglob("*.parquet"):
        assert b"<html" not in staged.read_bytes() or staged.parent.name == "articles"
    assert place.warehouse.verify().problems == ()
