"""The stage store does the same on a local disk, in memory and on an S3-compatible server."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.records import Gap, OffsetRange
from pipelines.settings import KafkaSettings, Settings
from pipelines.stage import (
    Folder,
    OutcomeRow,
    PartWriter,
    StagedBatch,
    StagedBatchDamaged,
    StageUnavailable,
    StagingFailed,
    check_files,
    read_manifest,
    stage_store,
    write_manifest,
)
from pipelines.stage.faults import storage_faults_named
from tests.builders import FETCHED_AT, coordinates


@pytest.fixture
def folder(stage_url: str) -> Folder:
    return Folder(stage_url)


def names(folder: Folder, below: str = "") -> list[str]:
    """Every file below the folder, by its path from there."""
    own = [f"{below}{name}" for name in folder.files()]
    return sorted(own + [name for inner in folder.folders() for name in names(inner, f"{below}{inner.name}/")])


def a_batch(folder: Folder) -> StagedBatch:
    with PartWriter(folder, "part-0") as writer:
        writer.outcome(OutcomeRow(coordinates(3), FETCHED_AT, "rejected", "MalformedAvro"))
        writer.gap(Gap("articles.raw", 0, 4, 6, "compaction"))
        files = writer.close()
    ranges = (OffsetRange("articles.raw", 0, 3, 6),)
    return StagedBatch(folder.name, "run", folder, ranges, files, "dateline test", FETCHED_AT)


def test_files_come_back_as_they_were_written(folder: Folder) -> None:
    folder.write("a/b.json", b"{}")
    folder.write("a/b.json", b"[1]")
    with (folder / "a").writing("c.parquet") as file:
        pq.write_table(pa.table({"n": [1, 2], "other": ["x", "y"]}), file)
    assert folder.read("a/b.json") == b"[1]"
    assert folder.sha256("a/b.json") == hashlib.sha256(b"[1]").hexdigest()
    assert (folder / "a").table("c.parquet", ["n"]).to_pydict() == {"n": [1, 2]}
    with folder.open("a/b.json") as file:
        assert file.read() == b"[1]"
    assert names(folder) == ["a/b.json", "a/c.parquet"]
    assert ((folder / "a").parent, (folder / "a").name) == (folder, "a")


def test_a_missing_file_is_a_missing_file_and_a_missing_folder_is_empty(folder: Folder) -> None:
    for read in (folder.read, folder.sha256, folder.modified_at, folder.table):
        with pytest.raises(FileNotFoundError):
            read("none")
    assert not folder.exists("none")
    assert ((folder / "none").files(), (folder / "none").folders()) == ([], [])
    (folder / "none").remove()
    folder.remove_file("none")


def test_a_file_that_is_not_finished_is_not_there_and_replaces_nothing(folder: Folder) -> None:
    folder.write("manifest.json", b"before")
    with pytest.raises(RuntimeError, match="cut short"), folder.writing("manifest.json") as file:
        file.write(b"half of ")
        raise RuntimeError("cut short")
    new = folder.create("part.parquet")
    new.draft.write_bytes(b"half of ")
    assert folder.read("manifest.json") == b"before"
    assert not folder.exists("part.parquet")
    new.abandon()
    assert names(folder) == ["manifest.json"]


def test_what_another_process_writes_or_removes_is_seen_at_once(folder: Folder) -> None:
    assert folder.files() == []
    other = fsspec.filesystem(folder.protocol, skip_instance_cache=True)
    other.makedirs(folder.url, exist_ok=True)
    other.pipe_file(f"{folder.url}/part", b"from elsewhere")
    assert folder.files() == ["part"]
    other.rm_file(f"{folder.url}/part")
    assert (folder.files(), folder.exists("part")) == ([], False)


def test_folders_are_removed_with_all_that_lies_in_them_and_nothing_else(folder: Folder) -> None:
    for name in ("one/a/x", "one/b", "one-more/b", "two/c"):
        folder.write(name, b".")
    (folder / "one").remove()
    assert names(folder) == ["one-more/b", "two/c"]
    (folder / "two").make_empty()
    assert names(folder) == ["one-more/b"]
    folder.remove_file("one-more/b")
    assert names(folder) == []


def test_a_batch_exists_once_its_manifest_is_stored(folder: Folder) -> None:
    batch = a_batch(folder / "batch")
    with pytest.raises(StagedBatchDamaged, match=r"has no manifest\.json"):
        read_manifest(batch.folder)
    write_manifest(batch)
    assert read_manifest(batch.folder) == batch
    assert names(batch.folder) == ["gaps/part-0.parquet", "manifest.json", "outcomes/part-0.parquet"]
    (outcomes,) = batch.tables("outcomes", ["offset", "reason"])
    assert outcomes.to_pylist() == [{"offset": 3, "reason": "MalformedAvro"}]


def test_a_batch_whose_file_is_missing_or_another_is_refused(folder: Folder) -> None:
    batch = a_batch(folder / "batch")
    part = batch.folder.read("gaps/part-0.parquet")
    batch.folder.write("gaps/part-0.parquet", part + b"\0")
    with pytest.raises(StagedBatchDamaged, match="its sha256 differs"):
        check_files(batch)
    batch.folder.remove_file("gaps/part-0.parquet")
    with pytest.raises(StagedBatchDamaged, match=r"gaps/part-0\.parquet is missing"):
        check_files(batch)


def test_a_part_that_fails_leaves_no_file(folder: Folder) -> None:
    with pytest.raises(RuntimeError), PartWriter(folder, "part-0") as writer:
        writer.gap(Gap("articles.raw", 0, 4, 6, "compaction"))
        writer.close()
        raise RuntimeError
    assert names(folder) == []


def settings(stage: str, home: Path, warehouse: str, topic: str) -> Settings:
    return Settings(
        home=home, stage=stage, warehouse=f"duckdb:///{home}/{warehouse}.duckdb", kafka=KafkaSettings(raw_topic=topic)
    )


def test_an_original_comes_back_until_it_is_removed(stage_url: str, tmp_path: Path) -> None:
    store = stage_store(settings(stage_url, tmp_path, "news", "articles.raw"))
    path = store.keep_original(b"\x00" * 101, "articles.raw")
    digest = hashlib.sha256(b"\x00" * 101).hexdigest()
    assert path == f"originals/{store.warehouse}/articles.raw/{digest[:2]}/{digest}"
    assert (store.keep_original(b"\x00" * 101, "articles.raw"), names(store.root)) == (path, [path])
    assert store.read_original(path) == b"\x00" * 101
    store.root.write(path, b"\x01")
    with pytest.raises(StagedBatchDamaged, match="is not what was stored"):
        store.read_original(path)
    store.remove_original(path)
    with pytest.raises(StagedBatchDamaged, match="cannot be read"):
        store.read_original(path)


def test_two_warehouses_and_two_topics_share_no_file_and_remove_none_of_another(stage_url: str, tmp_path: Path) -> None:
    places = [("courier", "raw"), ("ledger", "raw"), ("courier", "other")]
    stores = [stage_store(settings(stage_url, tmp_path, warehouse, topic)) for warehouse, topic in places]
    for store in stores:
        write_manifest(a_batch(store.batches / "batch"))
    paths = [store.keep_original(b"one page", store.topic) for store in stores]
    assert len(set(paths)) == 3
    own, *others = stores
    assert [own.owns_original(path) for path in paths] == [True, False, False]
    for path in paths[1:]:
        with pytest.raises(ValueError, match="belongs to another warehouse or topic"):
            own.remove_original(path)
    own.batches.remove()
    own.remove_original(paths[0])
    assert own.batches.folders() == []
    assert not own.root.exists(paths[0])
    for store, path in zip(others, paths[1:], strict=True):
        assert read_manifest(store.batches / "batch").rows == {"outcomes": 1, "gaps": 1}
        assert store.read_original(path) == b"one page"


@pytest.mark.parametrize(("raised", "named"), [
    (PermissionError(13, "Access Denied"), StagingFailed),
    (OSError("slow down"), StageUnavailable),
    (RuntimeError("EndpointConnectionError: no route"), StageUnavailable),
    (FileNotFoundError("gone"), FileNotFoundError),
])
def test_what_a_storage_raises_has_a_name(raised: Exception, named: Any) -> None:
    with pytest.raises(named), storage_faults_named("s3://bucket/stage/part"):
        raise raised


def test_a_server_that_is_away_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    away = fsspec.filesystem(
        "s3", key="k", secret="s", endpoint_url="http://127.0.0.1:9", config_kwargs={"retries": {"max_attempts": 0}},
        skip_instance_cache=True,
    )
    away.retries = 1
    monkeypatch.setattr("pipelines.stage.folder.filesystem", lambda *_, **__: away)
    with pytest.raises(StageUnavailable, match=r"The stage cannot be reached at s3://bucket/stage/manifest\.json"):
        Folder("s3://bucket/stage").read("manifest.json")
