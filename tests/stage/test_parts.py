from __future__ import annotations

import errno
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.failures import Failure, Violation
from pipelines.records import Gap, OffsetRange, Provenance
from pipelines.stage import (
    Folder,
    OutcomeRow,
    PartWriter,
    StagedBatch,
    StagedBatchDamaged,
    StageStore,
    StagingFailed,
    dead_letter_record,
    read_dead_letters,
    read_manifest,
    write_manifest,
)
from pipelines.stage.arrow import arrow_schema
from pipelines.validate import article_to_avro
from tests.builders import FETCHED_AT, a_message, an_article, coordinates

FAILURE = Failure("decode", "MalformedAvro", (Violation("bytes that follow their schema", None, "0x00"),))


def an_avro_article(**changes: Any) -> dict[str, Any]:
    return article_to_avro(an_article(**changes), Provenance("dateline test", FETCHED_AT))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.at(tmp_path)


def a_batch(folder: Folder, writer: PartWriter) -> StagedBatch:
    ranges = (OffsetRange("articles.raw", 0, 0, 1),)
    batch = StagedBatch("b1", "r1", folder, ranges, writer.close(), "dateline test", FETCHED_AT)
    write_manifest(batch)
    return batch


def test_an_article_comes_back_as_it_was(folder: Folder) -> None:
    writer = PartWriter(folder, "part-0")
    article = an_avro_article(published_at=FETCHED_AT - timedelta(hours=2), story_signature=(1, 2**32 - 1))
    writer.article(article)
    (file,) = writer.close()
    assert (file.kind, file.path, file.rows) == ("articles", "articles/part-0.parquet", 1)
    (row,) = folder.table(file.path).to_pylist()
    assert row | {"evidence": dict(row["evidence"])} == article


def test_columns_follow_the_contract() -> None:
    schema = arrow_schema("article")
    assert schema.field("published_at").type == pa.timestamp("ms", tz="UTC")
    assert (schema.field("published_at").nullable, schema.field("title").nullable) == (True, False)
    assert schema.field("entities").type.value_type.field("geonames_id").type == pa.int64()
    assert schema.field("coordinates").type.field("offset").type == pa.int64()
    assert isinstance(schema.field("evidence").type, pa.MapType)


def test_a_part_has_a_file_for_each_kind_that_has_rows(folder: Folder) -> None:
    writer = PartWriter(folder, "part-7")
    writer.outcome(OutcomeRow(coordinates(3), FETCHED_AT, "rejected", "MalformedAvro", None, None, "abc"))
    writer.gap(Gap("articles.raw", 0, 4, 6, "compaction"))
    files = writer.close()
    assert [(f.kind, f.path, f.rows) for f in files] == [
        ("outcomes", "outcomes/part-7.parquet", 1), ("gaps", "gaps/part-7.parquet", 1),
    ]
    assert writer.close() == files
    assert folder.table(files[0].path).to_pylist() == [{
        "topic": "articles.raw", "partition": 0, "offset": 3, "timestamp": FETCHED_AT, "outcome": "rejected",
        "reason": "MalformedAvro", "scraper": None, "article_id": None, "fingerprint": "abc", "key_id": None,
        "other_article_ids": None, "reading": None, "outlet_domain": None,
    }]


def test_a_part_that_was_left_unfinished_leaves_no_file(folder: Folder) -> None:
    with pytest.raises(RuntimeError), PartWriter(folder, "part-0") as writer:
        writer.gap(Gap("articles.raw", 0, 4, 6, "compaction"))
        raise RuntimeError
    assert [path for path in folder.path.rglob("*") if path.is_file()] == []


def test_a_full_disk_says_what_to_do(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    writer = PartWriter(folder, "part-0")
    writer.gap(Gap("articles.raw", 0, 4, 6, "compaction"))
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StagingFailed, match=r"nothing was loaded or lost: the disk is full\. What to do: free"):
        writer.close()


def test_a_manifest_comes_back_as_it_was(folder: Folder) -> None:
    writer = PartWriter(folder, "part-0")
    writer.article(an_avro_article())
    batch = a_batch(folder, writer)
    assert read_manifest(folder) == batch
    assert batch.paths("articles") == ["articles/part-0.parquet"]
    assert batch.rows == {"articles": 1}


def test_files_that_are_not_what_was_staged_are_refused(folder: Folder) -> None:
    writer = PartWriter(folder, "part-0")
    writer.article(an_avro_article())
    a_batch(folder, writer)
    path = folder.path / "articles/part-0.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(StagedBatchDamaged, match="its sha256 differs"):
        read_manifest(folder)
    path.unlink()
    with pytest.raises(StagedBatchDamaged, match="is missing"):
        read_manifest(folder)


@pytest.mark.parametrize(("manifest", "says"), [
    (None, "has no manifest.json"), ("{", "cannot be read"), ('{"batch_id": "b"}', "cannot be read"),
])
def test_a_batch_without_a_whole_manifest_is_refused(folder: Folder, manifest: str | None, says: str) -> None:
    if manifest is not None:
        folder.write("manifest.json", manifest.encode())
    with pytest.raises(StagedBatchDamaged, match=says):
        read_manifest(folder)


def test_a_dead_letter_carries_its_original_whole(folder: Folder) -> None:
    message, store = a_message(value=b"\x00\xff" * 50, key=b"\xfe"), StageStore(folder, "news-1", "articles.raw", 100)
    record = dead_letter_record(message, FAILURE, "dateline test", FETCHED_AT, None, store)
    assert (record["original"], record["original_path"], record["original_bytes"]) == (b"\x00\xff" * 50, None, 100)
    writer = PartWriter(folder / "batch", "part-0")
    writer.dead_letter(record)
    assert list(read_dead_letters(a_batch(folder / "batch", writer))) == [record]


def test_an_oversized_original_lies_whole_in_a_file(folder: Folder) -> None:
    store = StageStore(folder, "news-1", "articles.raw", 100)
    message = a_message(value=b"\x00" * 101)
    record = dead_letter_record(message, FAILURE, "dateline test", FETCHED_AT, "crawler", store)
    assert (record["original"], record["original_bytes"]) == (None, 101)
    assert store.read_original(record["original_path"]) == b"\x00" * 101
    assert dead_letter_record(message, FAILURE, "dateline test", FETCHED_AT, "crawler", store) == record
    assert len([path for path in folder.path.rglob("*") if path.is_file()]) == 1


def test_originals_are_flushed_before_memory_fills(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.stage.parts.ROW_GROUP_BYTES", 100)
    writer = PartWriter(folder, "part-0")
    for offset in range(3):
        message = a_message(coordinates=coordinates(offset), value=b"x" * 80)
        writer.dead_letter(dead_letter_record(message, FAILURE, "dateline test", FETCHED_AT, None, None))
    (file,) = writer.close()
    assert pq.read_metadata(folder.path / file.path).num_row_groups == 2
