"""Changes that were stored beside their batch are the changes that were decided, whichever storage they lie in."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.resolve.changes import Changes
from pipelines.resolve.loaded import Loaded
from pipelines.resolve.stored import HEAD, read_changes, write_changes
from pipelines.stage import Folder
from pipelines.warehouse import load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.builders import FETCHED_AT
from tests.warehouse.batches import FALK, FALK_MENTION, carried, gap, refused, stage, tombstone

NAMED: dict[str, Any] = {"mentions": (FALK_MENTION,), "entities": (FALK,)}


class Storing(DuckDBWarehouse):
    """Applies what it has stored and read again."""

    def __init__(self, path: Path, stage: Folder) -> None:
        super().__init__(path, clock=lambda: FETCHED_AT)
        self.stage, self.touched = stage, set[str]()

    def apply(self, changes: Changes) -> Loaded:
        folder = self.stage / changes.batch_id
        write_changes(changes, folder)
        read = read_changes(folder)
        assert read == changes
        self.touched |= {
            kind for change in read.tables.values() for kind in ("removed", "updated", "added") if getattr(change, kind)
        }
        return super().apply(read)


def test_changes_come_back_as_they_were_decided(stage_url: str, tmp_path: Path) -> None:
    warehouse = Storing(tmp_path / "news.duckdb", Folder(stage_url))
    warehouse.prepare()
    later = FETCHED_AT + timedelta(hours=1)
    batches = [
        stage(tmp_path, carried(0, **NAMED), refused(1), gap(2, 3), batch_id="first"),
        stage(tmp_path, carried(3, content_hash="f" * 32, fetched_at=later, **NAMED), batch_id="second"),
        stage(tmp_path, carried(1, article_id="b" * 32, fetched_at=later, **NAMED), batch_id="third", kind="replay"),
        stage(tmp_path, tombstone(4, timestamp=later + timedelta(hours=1)), batch_id="fourth"),
    ]
    loaded = [load_batch(warehouse, batch) for batch in batches]
    assert [dict(each.outcomes) for each in loaded] == [
        {"loaded": 1, "rejected": 1}, {"new_version": 1}, {"loaded": 1}, {"deleted": 1},
    ]
    assert warehouse.touched == {"removed", "updated", "added"}
    assert warehouse.verify().problems == ()


def test_changes_without_their_head_were_never_stored(
    stage_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = Storing(tmp_path / "news.duckdb", Folder(stage_url))
    warehouse.prepare()
    batch = stage(tmp_path, carried(0))

    def died(folder: Folder, name: str, content: bytes) -> None:
        assert name == HEAD
        raise KeyboardInterrupt

    monkeypatch.setattr(Folder, "write", died)
    with pytest.raises(KeyboardInterrupt):
        load_batch(warehouse, batch)
    assert (Folder(stage_url) / "batch-1" / "changes").files() != []
    with pytest.raises(FileNotFoundError):
        read_changes(Folder(stage_url) / "batch-1")
