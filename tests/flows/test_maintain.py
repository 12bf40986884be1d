"""``dateline maintain``: says what it did to the warehouse, and waits for nobody."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.app import app
from flows.faults import OTHER_WRITER, USAGE
from flows.maintain import maintain
from pipelines.warehouse import WarehouseBusy
from pipelines.warehouse.duckdb import DuckDBWarehouse


def test_what_was_done_is_shown_and_given_as_json(
    make_warehouse: Callable[[Path], DuckDBWarehouse], home: Path
) -> None:
    home.mkdir()
    path = make_warehouse(home / "warehouse.duckdb").path
    shown = CliRunner().invoke(app, ["maintain"])
    assert (shown.exit_code, shown.stdout.split(":")[0]) == (0, f"rewrite {path}")
    (done,) = json.loads(CliRunner().invoke(app, ["maintain", "--json"]).stdout)
    size = path.stat().st_size
    assert done == {
        "task": "rewrite", "subject": str(path), "before": size, "after": size, "unit": "bytes", "files_removed": 0,
    }


def test_a_warehouse_that_a_run_writes_is_left_alone(
    make_warehouse: Callable[[Path], DuckDBWarehouse], home: Path
) -> None:
    home.mkdir()
    with make_warehouse(home / "warehouse.duckdb").writer("a run"):
        refused = CliRunner().invoke(app, ["maintain"])
        waited = CliRunner().invoke(app, ["maintain", "--wait", "0.02"])
    assert (refused.exit_code, waited.exit_code) == (OTHER_WRITER, OTHER_WRITER)
    assert "this run changed nothing" in " ".join(refused.output.replace("│", " ").split())
    assert "Waiting for the writer lock" not in refused.output
    assert "Waiting for the writer lock, 0.02 minutes at most" in waited.output


def test_the_flow_does_the_same_and_waits(
    make_warehouse: Callable[[Path], DuckDBWarehouse], home: Path, prefect_api: str
) -> None:
    home.mkdir()
    warehouse = make_warehouse(home / "warehouse.duckdb")
    assert [done["task"] for done in maintain(wait_minutes=0.1)] == ["rewrite"]
    with warehouse.writer("a run"), pytest.raises(WarehouseBusy):
        maintain(wait_minutes=0.001)


def test_originals_are_encrypted_anew_only_with_a_current_key(
    make_warehouse: Callable[[Path], DuckDBWarehouse], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir()
    make_warehouse(home / "warehouse.duckdb")
    refused = CliRunner().invoke(app, ["maintain", "--reencrypt"])
    assert (refused.exit_code, "no current key" in refused.output) == (USAGE, True)
    monkeypatch.setenv("DATELINE_ENCRYPTION__KEYRING", f"2026a:{'A' * 43}=")
    monkeypatch.setenv("DATELINE_ENCRYPTION__KEY_ID", "2026a")
    done = json.loads(CliRunner().invoke(app, ["maintain", "--reencrypt", "--json"]).stdout)
    assert [(each["task"], each["before"], each["after"]) for each in done[:2]] == [("encrypt", 0, 0)] * 2
    assert [each["task"] for each in done[2:]] == ["rewrite"]
