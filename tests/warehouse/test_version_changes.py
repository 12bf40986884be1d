"""What changed from one version of an article to the next is stored, in whatever order the versions arrive."""

from __future__ import annotations

import io
import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli.app import app
from flows.cli.history import show_history
from flows.cli.screen import Screen
from flows.faults import FOUND_WRONG
from pipelines.clean.identity import article_id_of_url, content_hash
from pipelines.warehouse import load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from pipelines.warehouse.relational import RelationalWarehouse
from tests.warehouse.batches import Carried, carried, later, stage, tombstone

URL = "https://harbour-news.example/pier"
ARTICLE = article_id_of_url(URL)
BODY = "The pier closes on Monday. It will cost 3 million euros."
BODIES = (
    BODY, BODY.replace("3 million", "4 million"), f"{BODY.replace('3 million', '4 million')} Residents protested.",
)
CHANGES = (
    (2, 1, "figures", "It will cost 3 million euros.", "It will cost 4 million euros."),
    (3, 2, "addition", "", "Residents protested."),
)
SHOWN = (
    "SELECT version, previous_version, kind, sentences_before, sentences_after FROM marts.corrections "
    "ORDER BY corrected_at"
)


def a_version(offset: int, number: int, **changes: Any) -> Carried:
    """The version with this number in the order of fetching, from 0."""
    values: dict[str, Any] = {
        "article_id": ARTICLE, "url": URL, "title": "Pier", "body": BODIES[number], "fetched_at": later(number),
        "content_hash": content_hash("Pier", BODIES[number]), "word_count": 10, "mentions": (), "entities": (),
    }
    return carried(offset, timestamp=later(offset / 60), **(values | changes))


def shown(warehouse: RelationalWarehouse) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in warehouse.query(SHOWN).rows]


def test_each_new_version_says_what_changed(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    for number in range(3):
        load_batch(warehouse, stage(tmp_path, a_version(number, number), batch_id=f"batch-{number}"))
    assert shown(warehouse) == list(CHANGES)


@pytest.mark.parametrize("order", [*permutations(range(3))])
@pytest.mark.parametrize("sizes", [(3,), (1, 1, 1), (2, 1)])
def test_the_order_and_the_batches_in_which_versions_arrive_make_no_difference(
    duckdb_warehouse: DuckDBWarehouse, tmp_path: Path, order: tuple[int, ...], sizes: tuple[int, ...]
) -> None:
    versions = [a_version(offset, number) for offset, number in enumerate(order)]
    for n, size in enumerate(sizes):
        batch, versions = versions[:size], versions[size:]
        load_batch(duckdb_warehouse, stage(tmp_path, *batch, batch_id=f"batch-{n}"))
    assert [row[2:] for row in shown(duckdb_warehouse)] == [row[2:] for row in CHANGES]
    assert len(duckdb_warehouse.query("SELECT * FROM version_changes").rows) == 2


def test_a_new_reading_of_a_text_changes_nothing(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, a_version(0, 0), a_version(1, 1)))
    again = stage(tmp_path, a_version(2, 1, fetched_at=later(5), section="Coast"), batch_id="batch-2")
    assert load_batch(warehouse, again).outcomes == {"new_reading": 1}
    assert shown(warehouse) == [CHANGES[0]]


def test_a_deletion_removes_what_changed(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, a_version(0, 0), a_version(1, 1)))
    load_batch(warehouse, stage(tmp_path, tombstone(2, ARTICLE), batch_id="batch-2"))
    assert warehouse.query("SELECT * FROM version_changes").rows == ()


def test_versions_that_a_deletion_leaves_are_compared_with_each_other(
    warehouse: RelationalWarehouse, tmp_path: Path
) -> None:
    """The delete request is of the time between the first and the second message."""
    load_batch(warehouse, stage(tmp_path, *(a_version(n, n) for n in range(3))))
    request = tombstone(0, ARTICLE, partition=1, timestamp=later(0.5 / 60))
    load_batch(warehouse, stage(tmp_path, request, batch_id="batch-2"))
    assert [row[2:] for row in shown(warehouse)] == [CHANGES[1][2:]]
    assert warehouse.query("SELECT version, previous_version FROM version_changes").rows == ((2, 1),)


@pytest.fixture
def home(duckdb_warehouse: DuckDBWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    load_batch(duckdb_warehouse, stage(tmp_path, *(a_version(n, n) for n in range(3))))
    monkeypatch.setenv("DATELINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATELINE_WAREHOUSE", f"duckdb:///{duckdb_warehouse.path}")
    return tmp_path / "home"


@pytest.mark.parametrize("asked", [URL, f"{URL}?utm_source=x", ARTICLE])
def test_the_history_of_an_article_is_found_by_its_url_or_id(home: Path, asked: str) -> None:
    found = json.loads(CliRunner().invoke(app, ["history", asked, "--json"]).stdout)
    assert [(v["version"], v["kind"], v["is_current"]) for v in found] == [
        (1, None, False), (2, "figures", False), (3, "addition", True),
    ]
    assert found[1]["sentences_after"] == ["It will cost 4 million euros."]


def test_the_history_is_shown_side_by_side(home: Path) -> None:
    printed = CliRunner().invoke(app, ["history", URL]).stdout
    assert f"{URL}: 3 versions" in printed
    (line,) = [line for line in printed.splitlines() if "3 million" in line]
    assert line.split("   ")[-1].strip() == "It will cost 4 million euros."
    assert CliRunner().invoke(app, ["history", "https://nowhere.example/x"]).exit_code == FOUND_WRONG


def test_a_changed_headline_and_what_was_cut_are_shown() -> None:
    out = io.StringIO()
    version = {
        "article_id": ARTICLE, "url": None, "is_current": True, "fetched_at": later(0), "word_count": 9, "kind": None,
    }
    show_history(Screen(out, out), [
        version | {"version": 1, "title": "Pier"},
        version | {
            "version": 2, "title": "[bold]Pier[/bold] opens", "previous_version": 1, "kind": "rewritten",
            "kinds": ["rewritten", "headline"], "changed_sentences": 3, "sentences_before": ["Old."],
            "sentences_after": ["New."],
        },
    ])
    assert "Rewritten, also headline" in out.getvalue()
    assert "[bold]Pier[/bold] opens" in out.getvalue()
    assert "2 further sentences changed." in out.getvalue()


def test_of_a_version_without_its_body_only_the_headline_is_compared(
    duckdb_warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    withheld = {"body": "", "word_count": 0, "body_withheld_for": "noai", "content_hash": "c" * 64}
    load_batch(duckdb_warehouse, stage(
        tmp_path, a_version(0, 0), a_version(1, 1, **withheld),
        a_version(2, 2, **withheld | {"title": "Pier closes", "content_hash": "d" * 64}),
    ))
    assert duckdb_warehouse.query("SELECT version, kind, sentences_before FROM version_changes").rows == (
        (3, "headline", []),
    )
