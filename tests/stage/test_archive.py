"""The archive gives back what was read, once, whatever cut its work short, in every kind of storage."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.failpoints import Failpoint, armed
from pipelines.records import Coordinates, OffsetRange, RawMessage
from pipelines.stage import Archive, Folder, PartWriter, StagedBatch, StagedBatchDamaged, Wanted, parts
from pipelines.stage.encryption import Keyring
from pipelines.stage.parts import OPEN
from tests.builders import FETCHED_AT, a_message, coordinates

TOPIC = "articles.raw"
ALL = Wanted()


class Killed(BaseException):
    """A test ends what it calls here, as a kill would."""


def killed_at(wanted: Failpoint) -> Callable[[Failpoint, str], None]:
    def hook(point: Failpoint, _where: str) -> None:
        if point is wanted:
            raise Killed

    return hook


@pytest.fixture
def archive(stage_url: str) -> Archive:
    return Archive(Folder(stage_url) / "archive" / "news" / TOPIC, TOPIC)


def messages(start: int, end: int) -> list[RawMessage]:
    return [
        a_message(coordinates=coordinates(n), timestamp=FETCHED_AT + timedelta(minutes=n), value=b"page %d" % n)
        for n in range(start, end)
    ]


def staged(archive: Archive, name: str, read: list[RawMessage], staged_at: datetime = FETCHED_AT) -> StagedBatch:
    folder = archive.folder.parent / "staged" / name
    files = []
    for part, some in (("part-000-a", read[::2]), ("part-001-b", read[1::2])):
        writer = PartWriter(folder, part)
        for message in some:
            writer.message(message, archive.keyring)
        files += writer.close()
    ranges = (OffsetRange(TOPIC, 0, read[0].coordinates.offset, read[-1].coordinates.offset + 1),)
    return StagedBatch(name, "run", folder, ranges, tuple(files), "dateline test", staged_at)


def offsets(archive: Archive, wanted: Wanted = ALL) -> list[int]:
    return sorted(message.coordinates.offset for message in archive.read(wanted))


def covered(archive: Archive) -> list[tuple[int, int, int]]:
    return [(span.partition, span.start, span.end) for span in archive.covered()]


def names(folder: Folder, below: str = "") -> list[str]:
    own = [f"{below}{name}" for name in folder.files()]
    return sorted(own + [name for inner in folder.folders() for name in names(inner, f"{below}{inner.name}/")])


def test_a_message_comes_back_as_it_was_read(archive: Archive) -> None:
    read = [
        a_message(coordinates=coordinates(0), headers=(("url", b"a"), ("url", None), ("\u00fc", b"\xff"))),
        a_message(coordinates=coordinates(1), value=None),
        a_message(coordinates=coordinates(2), key=None, value=b"", headers=()),
        a_message(coordinates=coordinates(3), value=None, left_out_bytes=4_000_000_000),
    ]
    batch = staged(archive, "run-00001", read)
    archive.publish(batch)
    assert sorted(archive.read(ALL), key=lambda m: m.coordinates) == read
    batch.folder.remove()
    assert sorted(archive.read(ALL), key=lambda m: m.coordinates) == read
    assert covered(archive) == [(0, 0, 4)]


def test_messages_are_found_by_coordinates_by_checksum_and_by_time(archive: Archive) -> None:
    for n, start in enumerate((0, 10, 20)):
        archive.publish(staged(archive, f"run-{n:05d}", messages(start, start + 10)))
    wanted = frozenset({Coordinates(TOPIC, 0, 3), Coordinates(TOPIC, 0, 24), Coordinates("other", 0, 5)})
    assert offsets(archive, Wanted(coordinates=wanted)) == [3, 24]
    assert offsets(archive, Wanted(digest=hashlib.sha256(b"page 17").hexdigest())) == [17]
    since, until = FETCHED_AT + timedelta(minutes=8), FETCHED_AT + timedelta(minutes=12)
    assert offsets(archive, Wanted(since=since, until=until)) == [8, 9, 10, 11]


def test_only_files_that_may_have_a_message_are_opened(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    for n, start in enumerate((0, 10, 20)):
        archive.publish(staged(archive, f"run-{n:05d}", messages(start, start + 10)))
    opened: list[str] = []
    original = Folder.open
    monkeypatch.setattr(Folder, "open", lambda folder, name: (opened.append(folder.name), original(folder, name))[1])
    assert offsets(archive, Wanted(coordinates=frozenset({Coordinates(TOPIC, 0, 13)}))) == [13]
    assert set(opened) == {"run-00001"}


@pytest.mark.parametrize("point", [Failpoint.ARCHIVING, Failpoint.ARCHIVED])
def test_a_batch_that_was_not_loaded_is_discarded_and_read_again_once(archive: Archive, point: Failpoint) -> None:
    archive.publish(staged(archive, "run-00001", messages(0, 4)))
    with pytest.raises(Killed), armed(killed_at(point)):
        archive.publish(staged(archive, "run-00002", messages(4, 8)))
    archive.discard("run-00002")
    assert (offsets(archive), covered(archive)) == ([0, 1, 2, 3], [(0, 0, 4)])
    again = staged(archive, "next-00001", messages(4, 9))
    archive.publish(again)
    archive.publish(again)
    assert (offsets(archive), covered(archive)) == (list(range(9)), [(0, 0, 9)])
    assert [name.split("/")[1] for name in names(archive.folder) if name.startswith("messages/")] == [
        "next-00001", "next-00001", "run-00001", "run-00001",
    ]


def test_what_another_worker_read_again_stays_covered(archive: Archive) -> None:
    archive.publish(staged(archive, "lost-00001", messages(0, 4)))
    archive.publish(staged(archive, "other-00001", messages(0, 6)))
    archive.discard("lost-00001")
    assert (offsets(archive), covered(archive)) == (list(range(6)), [(0, 0, 6)])


def test_erased_messages_leave_their_coordinates_only(archive: Archive) -> None:
    archive.publish(staged(archive, "run-00001", messages(0, 6)))
    archive.publish(staged(archive, "run-00002", messages(6, 9)))
    gone = [Coordinates(TOPIC, 0, 2), Coordinates(TOPIC, 0, 5), Coordinates(TOPIC, 0, 7)]
    assert archive.erase(gone, FETCHED_AT) == 3
    assert archive.erase(gone, FETCHED_AT) == 0
    assert offsets(archive) == [0, 1, 3, 4, 6, 8]
    checks = [archive.check_file(batch, file) for batch in archive.batches() for file in batch.files]
    assert [check.damage for check in checks] == [None] * len(checks)
    assert set().union(*(check.erased for check in checks)) == set(gone)
    assert set().union(*(check.offsets[0] for check in checks)) == set(range(9))
    stored = [archive.folder.read(name) for name in names(archive.folder)]
    assert not any(b"page 2" in content for content in stored)


@pytest.mark.parametrize("point", [Failpoint.ERASING, Failpoint.ERASED])
def test_an_erasure_that_was_cut_short_is_finished_by_the_next(archive: Archive, point: Failpoint) -> None:
    archive.publish(staged(archive, "run-00001", messages(0, 6)))
    gone = [Coordinates(TOPIC, 0, 2)]
    with pytest.raises(Killed), armed(killed_at(point)):
        archive.erase(gone, FETCHED_AT)
    archive.erase(gone, FETCHED_AT)
    assert offsets(archive) == [0, 1, 3, 4, 5]
    (batch,) = archive.batches()
    assert sorted(file.name for file in batch.files) == (archive.folder / "messages" / "run-00001").files()
    assert [archive.check_file(batch, file).damage for file in batch.files] == [None, None]


def test_retention_removes_the_oldest_by_age_and_by_size(archive: Archive) -> None:
    for n in range(4):
        read = messages(10 * n, 10 * n + 10)
        archive.publish(staged(archive, f"run-{n:05d}", read, FETCHED_AT + timedelta(days=n)))
    now = FETCHED_AT + timedelta(days=4)
    size = sum(batch.size_bytes for batch in archive.batches())
    kept = archive.retain(None, None, now)
    assert (kept.before, kept.after, kept.files_removed) == (size, size, 0)
    archive.retain(3.5, None, now)
    assert (offsets(archive), covered(archive)) == (list(range(10, 40)), [(0, 10, 40)])
    kept = archive.retain(None, size // 2, now)
    assert (offsets(archive), covered(archive)) == (list(range(20, 40)), [(0, 20, 40)])
    assert (kept.after <= size // 2, kept.files_removed) == (True, 2)
    archive.retain(0.001, None, now)
    assert names(archive.folder) == ["coverage/0.json"]


def test_the_index_of_a_day_is_merged_and_says_the_same(archive: Archive) -> None:
    for n in range(20):
        archive.publish(staged(archive, f"run-{n:05d}", messages(2 * n, 2 * n + 2)))
    before = archive.batches()
    archive.merge_index()
    assert (archive.folder / "index").files() == ["2026-03-04.json"]
    assert [name for name in names(archive.folder / "index") if "/" in name] == []
    assert archive.batches() == before
    archive.erase([Coordinates(TOPIC, 0, 3)], FETCHED_AT)
    archive.discard("run-00019")
    archive.merge_index()
    assert offsets(archive) == [n for n in range(38) if n != 3]


def test_a_file_that_is_missing_or_changed_is_found(archive: Archive) -> None:
    archive.publish(staged(archive, "run-00001", messages(0, 6)))
    (batch,) = archive.batches()
    one, other = batch.files
    folder = archive.folder / "messages" / "run-00001"
    folder.write(one.name, folder.read(one.name)[:-9] + b"\0" * 9)
    folder.remove_file(other.name)
    damage = [archive.check_file(batch, file).damage for file in batch.files]
    assert damage == ["is not what was stored (its sha256 differs)", "is missing"]
    with pytest.raises(StagedBatchDamaged, match="dateline archive verify"):
        offsets(archive)


def test_a_damaged_index_is_named(archive: Archive) -> None:
    (archive.folder / "index" / "2026-03-04").write("run-00001.json", b"[{")
    with pytest.raises(StagedBatchDamaged, match=r"run-00001\.json, a part of the archive's index"):
        archive.batches()


def test_messages_of_any_size_are_written_in_bounded_row_groups(archive: Archive, monkeypatch: Any) -> None:
    monkeypatch.setattr("pipelines.stage.parts.ROW_GROUP_BYTES", 5_000)
    read = [a_message(coordinates=coordinates(n), value=bytes([n]) * 2_000) for n in range(12)]
    archive.publish(staged(archive, "run-00001", read))
    assert sorted(archive.read(ALL), key=lambda m: m.coordinates) == read
    archive.erase([Coordinates(TOPIC, 0, 0)], FETCHED_AT)
    assert sorted(archive.read(ALL), key=lambda m: m.coordinates) == read[1:]


def test_encrypted_messages_are_read_with_their_key_and_forgotten_with_it(archive: Archive) -> None:
    keys = {"first": b"1" * 32, "second": b"2" * 32}
    first = replace(archive, keyring=Keyring("first", keys))
    first.publish(staged(first, "run-00001", messages(0, 4)))
    second = replace(archive, keyring=Keyring("second", keys))
    second.publish(staged(second, "run-00002", messages(4, 6)))
    assert sorted(second.read(ALL), key=lambda m: m.coordinates) == messages(0, 6)
    stored = b"".join(archive.folder.read(name) for name in names(archive.folder))
    assert b"page 1" not in stored
    assert hashlib.sha256(b"page 1").hexdigest().encode() not in stored
    assert offsets(first, Wanted(digest=first.keyring.digest(b"page 1"))) == [1]
    forgotten = replace(archive, keyring=Keyring("second", {"second": b"2" * 32}))
    assert offsets(forgotten) == [4, 5]
    checks = [forgotten.check_file(batch, file) for batch in archive.batches() for file in batch.files]
    assert [(check.damage, check.damaged) for check in checks] == [(None, [])] * 4
    wrong = replace(archive, keyring=Keyring("second", {"second": b"3" * 32}))
    checks = [wrong.check_file(batch, file) for batch in archive.batches() for file in batch.files]
    assert sum(len(check.damaged) for check in checks) == 2
    assert second.erase([Coordinates(TOPIC, 0, 1), Coordinates(TOPIC, 0, 4)], FETCHED_AT) == 2
    assert offsets(second) == [0, 2, 3, 5]


def test_messages_of_a_former_key_and_open_ones_get_the_current_one(archive: Archive) -> None:
    keys = {"first": b"1" * 32, "second": b"2" * 32}
    archive.publish(staged(archive, "run-00001", [*messages(0, 3), a_message(coordinates=coordinates(3), value=None)]))
    first = replace(archive, keyring=Keyring("first", keys))
    first.publish(staged(first, "run-00002", messages(4, 8)))
    first.erase([Coordinates(TOPIC, 0, 5)], FETCHED_AT)
    second = replace(archive, keyring=Keyring("second", keys))
    with armed(killed_at(Failpoint.ERASED)), pytest.raises(Killed):
        second.reencrypt()
    alone = replace(archive, keyring=Keyring("second", {"second": keys["second"]}))
    assert alone.reencrypt() == (0, 3)
    assert second.reencrypt() == (3, 0)
    assert second.reencrypt() == (0, 0)
    assert offsets(alone) == [0, 1, 2, 3, 4, 6, 7]
    assert sorted(alone.read(ALL), key=lambda m: m.coordinates)[4:] == [*messages(4, 5), *messages(6, 8)]
    assert offsets(alone, Wanted(digest=alone.keyring.digest(b"page 1"))) == [1]
    checks = [alone.check_file(batch, file) for batch in archive.batches() for file in batch.files]
    assert [(check.damage, check.damaged) for check in checks] == [(None, [])] * 4
    stored = b"".join(archive.folder.read(name) for name in names(archive.folder))
    assert b"page 1" not in stored


def test_messages_are_encrypted_anew_one_row_group_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ROW_GROUP", 2)
    archive = Archive(Folder.at(tmp_path) / "archive", TOPIC, Keyring("second", {"second": b"2" * 32}))
    replace(archive, keyring=OPEN).publish(staged(replace(archive, keyring=OPEN), "run-00001", messages(0, 12)))
    held, read_group = [], pq.ParquetFile.read_row_group

    def counted(self: pq.ParquetFile, *given: Any, **named: Any) -> pa.Table:
        table = read_group(self, *given, **named)
        held.append(table.num_rows)
        return table

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", counted)
    monkeypatch.setattr(pq.ParquetFile, "read", None)
    assert archive.reencrypt() == (12, 0)
    assert set(held) == {2}
    (batch,) = archive.batches()
    opened = [pq.ParquetFile(archive.where(batch, file)) for file in batch.files]
    assert [file.num_row_groups for file in opened] == [3, 3]
    for file in opened:
        file.close()


def test_damaged_messages_are_not_encrypted_anew(archive: Archive) -> None:
    """Otherwise they would get the checksum of the damage."""
    archive.publish(staged(archive, "run-00001", messages(0, 6)))
    (batch,) = archive.batches()
    file, whole = batch.files
    folder = archive._messages(batch.batch_id)
    table = pq.read_table(pa.BufferReader(folder.read(file.name)))
    at, values = table.schema.get_field_index("value"), table.column("value").to_pylist()
    changed = table.set_column(at, table.schema.field(at), pa.array([b"another page", *values[1:]], pa.binary()))
    folder.remove_file(file.name)
    with folder.writing(file.name) as new:
        pq.write_table(changed, new)
    damaged = archive.check_file(batch, file)
    assert (damaged.damage is not None, len(damaged.damaged)) == (True, 1)
    second = replace(archive, keyring=Keyring("second", {"second": b"2" * 32}))
    assert second.reencrypt() == (whole.rows, file.rows)
    (after,) = second.batches()
    assert after.files[0] == file
    assert second.check_file(after, file) == damaged
