"""``dateline rejected``: lists of alike letters, and a dry run that changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli.app import app
from pipelines.stage import dead_letter_id
from pipelines.warehouse import load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.builders import coordinates
from tests.jobs.test_ingest import page
from tests.warehouse.batches import carried, refused, stage
from tests.warehouse.test_load import tables
from tests.warehouse.test_rejected import MANY, multiply

IDS = [dead_letter_id(coordinates(n)) for n in range(4)]


@pytest.fixture
def warehouse(
    make_warehouse: Callable[[Path], DuckDBWarehouse], home: Path, monkeypatch: pytest.MonkeyPatch
) -> DuckDBWarehouse:
    monkeypatch.setenv("DATELINE_BATCH__WORKERS", "0")
    return make_warehouse(home / "warehouse.duckdb")


def rejected(*arguments: str) -> str:
    shown = CliRunner().invoke(app, ["rejected", *arguments])
    assert shown.exit_code == 0, shown.output
    return shown.stdout


def said(*arguments: str) -> str:
    return " ".join(rejected(*arguments).split())


def files(home: Path) -> list[tuple[Path, bytes]]:
    """What lies under home, but for logs and the warehouse's own files."""
    kept = [p for p in sorted(home.rglob("*")) if p.is_file() and "logs" not in p.parts and "duckdb" not in p.name]
    return [(p, p.read_bytes()) for p in kept]


def test_ten_thousand_alike_are_one_line(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, refused(0)))
    multiply(warehouse, MANY)
    (group,) = json.loads(rejected("list", "--json"))
    assert (group["reason"], group["count"]) == ("ConsentWall", MANY)
    lines = [line for line in rejected("list").splitlines() if "ConsentWall" in line]
    assert len(lines) == 1
    assert "10,000" in lines[0]
    assert group["example_id"] in lines[0]


def test_what_is_resolved_is_not_listed(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, refused(0)))
    load_batch(warehouse, stage(tmp_path, carried(0), batch_id="replay-1", kind="replay"))
    assert json.loads(rejected("list", "--json")) == []
    assert said("list") == "Dead letters: none"
    assert said("replay", "--dry-run") == "No dead letters to replay."


def test_a_dry_run_shows_the_difference_and_changes_nothing(
    warehouse: DuckDBWarehouse, home: Path, tmp_path: Path
) -> None:
    unreadable: dict[str, Any] = {"value": b"\x00\x00\x00\x27\x0fxyz", "headers": ()}
    load_batch(warehouse, stage(
        tmp_path, refused(0, value=page(0)), refused(1, reason="BodyMissing", **unreadable),
        refused(2, reason="UnknownSchema", **unreadable),
    ))
    before = tables(warehouse), files(home)
    assert json.loads(rejected("replay", "--dry-run", "--json")) == {
        "would_replay": 3,
        "counts": {"would_pass": 1, "would_change": 1, "as_before": 1},
        "would_pass": [{"reason": "ConsentWall", "becomes": None, "count": 1, "example_id": IDS[0]}],
        "would_change": [{"reason": "BodyMissing", "becomes": "UnknownSchema", "count": 1, "example_id": IDS[1]}],
        "as_before": [{"reason": "UnknownSchema", "becomes": "UnknownSchema", "count": 1, "example_id": IDS[2]}],
    }
    shown = said("replay", "--dry-run")
    assert f"ConsentWall passes 1 {IDS[0]}" in shown
    assert f"BodyMissing UnknownSchema 1 {IDS[1]}" in shown
    assert f"UnknownSchema as before 1 {IDS[2]}" in shown
    assert shown.endswith(
        "3 dead letters would be replayed: 1 would pass, 1 would be rejected for another reason, 1 as before. "
        "Nothing was changed."
    )
    assert said("replay", "--dry-run", "--reason", "UnknownSchema").endswith(
        "1 dead letter would be replayed: 0 would pass, 0 would be rejected for another reason, 1 as before. "
        "Nothing was changed."
    )
    assert (tables(warehouse), files(home)) == before


def test_a_letter_is_shown_without_personal_data(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    page = b"<p>Write to ines@harbour.example or call +44 20 7946 0018.</p>"
    load_batch(warehouse, stage(tmp_path, refused(
        0, value=page, key=b"https://harbour.example/?of=ines@harbour.example",
        headers=(("x-user", b"ines@harbour.example"), ("content-type", b"text/html")),
    )))
    shown = said("show", IDS[0])
    assert "Write to [email] or call [phone]." in shown
    assert "ines" not in shown
    assert rejected("show", IDS[0], "--raw") == page.decode()
