from __future__ import annotations

from pathlib import Path

from flows.staged import Leftovers
from pipelines.settings import Settings
from pipelines.warehouse.duckdb import DuckDBWarehouse


def test_letters_of_a_killed_replay_are_removed(home: Path, tmp_path: Path) -> None:
    staged = tmp_path / "staged"
    staged.mkdir()
    (staged / "run-00001.letters.avro").write_bytes(b"letters")
    Leftovers(staged).settle(Settings(home=home), DuckDBWarehouse(tmp_path / "none.duckdb"))
    assert list(staged.iterdir()) == []
