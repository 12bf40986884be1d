"""``dateline archive verify``: what the archive has, what is wrong with it, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.app import app
from flows.faults import FOUND_WRONG
from pipelines.environment import read_settings
from pipelines.stage import Archive, stage_store
from pipelines.warehouse import load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.stage.test_archive import messages, staged
from tests.warehouse.batches import refused, stage


def shown(*arguments: str) -> tuple[int, str]:
    run = CliRunner().invoke(app, list(arguments))
    return run.exit_code, " ".join(run.output.replace("│", " ").split())


@pytest.fixture
def archive(make_warehouse: Callable[[Path], DuckDBWarehouse], home: Path, tmp_path: Path) -> Archive:
    home.mkdir()
    made = make_warehouse(home / "warehouse.duckdb")
    load_batch(made, stage(tmp_path, *(refused(n) for n in range(4)), batch_id="run-00001"))
    return stage_store(read_settings()).archive


def test_without_an_archive_the_setting_is_named(archive: Archive) -> None:
    code, says = shown("archive", "verify")
    assert (code, archive.batches()) == (FOUND_WRONG, [])
    assert "There is no archive of articles.raw" in says
    assert "set DATELINE_ARCHIVE__ENABLED=true" in says


def test_a_whole_archive_is_counted(archive: Archive) -> None:
    archive.publish(staged(archive, "run-00001", messages(0, 4)))
    code, says = shown("archive", "verify")
    assert code == 0, says
    assert "Archive of articles.raw: 4 messages, in 2 files" in says
    assert "The archive is whole" in says


def test_a_damaged_file_is_named_with_what_to_do(archive: Archive) -> None:
    archive.publish(staged(archive, "run-00001", messages(0, 4)))
    (batch,) = archive.batches()
    where = Path(archive.where(batch, batch.files[0]))
    where.write_bytes(where.read_bytes()[:-1])
    code, says = shown("archive", "verify")
    assert code == FOUND_WRONG
    assert "The archive is not whole: 1 problem" in says
    assert "What to do: restore it from a backup" in says
    found = json.loads(CliRunner().invoke(app, ["archive", "verify", "--json"]).stdout)
    assert (found["is_whole"], [problem["where"] for problem in found["problems"]]) == (False, [str(where)])


def test_maintain_applies_the_retention_of_the_archive(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.publish(staged(archive, "run-00001", messages(0, 4)))
    size = sum(batch.size_bytes for batch in archive.batches())
    monkeypatch.setenv("DATELINE_ARCHIVE__KEEP_DAYS", "1")
    code, says = shown("maintain")
    assert code == 0, says
    assert f"retain archive of articles.raw: {size:,} → 0 bytes, 2 files removed" in says
    assert archive.batches() == []
