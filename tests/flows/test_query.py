"""``dateline query``: saved queries, and answers as a table, CSV, JSON or Parquet, on the screen or in a file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from flows.cli.app import app
from flows.cli.parquet import ROWS
from pipelines.warehouse import load_batch, saved_queries
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.warehouse.batches import FALK, FALK_MENTION, carried, stage


@pytest.fixture(scope="module")
def loaded(make_warehouse: Callable[[Path], DuckDBWarehouse], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("query")
    made = make_warehouse(folder / "warehouse.duckdb")
    load_batch(made, stage(folder, carried(0, mentions=(FALK_MENTION,), entities=(FALK,))))
    return made.path


@pytest.fixture
def warehouse(loaded: Path, home: Path) -> DuckDBWarehouse:
    home.mkdir()
    return DuckDBWarehouse(shutil.copy(loaded, home / "warehouse.duckdb"))


def queried(*arguments: str) -> tuple[int, str, str]:
    shown = CliRunner().invoke(app, ["query", *arguments])
    return shown.exit_code, shown.stdout, " ".join(shown.stderr.replace("│", " ").split())


def test_saved_queries_are_listed_with_their_questions(home: Path) -> None:
    code, shown, _ = queried("--saved")
    assert code == 0
    for query in saved_queries().values():
        assert query.question in shown
        assert query.command in shown
    listed = json.loads(queried("--saved", "--json")[1])
    assert [each["name"] for each in listed] == list(saved_queries())


def test_a_saved_query_is_run_by_its_name(warehouse: DuckDBWarehouse) -> None:
    code, shown, _ = queried("--saved", "stories_about", "--param", "name=ines falk", "--format", "json")
    assert code == 0
    assert [(row["title"], row["articles"]) for row in json.loads(shown)] == [("Pier to be rebuilt", 1)]
    assert queried("--saved", "stories_about", "--param", "name=Nobody", "--csv")[1].count("\n") == 1


REFUSED = (
    (("--saved", "who"), "There is no saved query who"),
    (("--saved", "stories_about"), "stories_about needs the parameter name"),
    (("--saved", "stories_about", "--param", "name"), "--param name has no value"),
    (("--saved", "rising", "--param", "rows=many"), "is not a whole number"),
    (("SELECT 1", "--param", "a=1"), "--param is for saved queries"),
    (("SELECT 1", "--csv", "--json"), "cannot be csv and json at once"),
    (("SELECT 1", "--format", "parquet"), "Parquet is binary"),
    (("SELECT 1", "--output", "answer.xlsx"), "does not show by its name"),
    (("SELECT 1", "--output", "nowhere/answer.csv"), "cannot be written: No such file or directory"),
)


@pytest.mark.parametrize(("arguments", "says"), REFUSED)
def test_what_cannot_be_asked_is_wrong_usage(
    warehouse: DuckDBWarehouse, arguments: tuple[str, ...], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, shown, notes = queried(*arguments)
    assert (code, shown) == (2, "")
    assert says in notes
    assert "What to do:" in notes
    assert list(tmp_path.glob("*answer*")) == []


VALUES = "SELECT n, DATE '2026-03-04' AS day FROM (VALUES (1), (2)) AS v (n) ORDER BY n"


@pytest.mark.parametrize(("name", "written"), [
    ("answer.csv", "n,day\r\n1,2026-03-04\r\n2,2026-03-04\r\n"),
    ("answer.json", '[\n  {"n": 1, "day": "2026-03-04"},\n  {"n": 2, "day": "2026-03-04"}\n]\n'),
])
def test_an_answer_is_written_to_a_file_by_its_name(
    warehouse: DuckDBWarehouse, tmp_path: Path, name: str, written: str
) -> None:
    output = tmp_path / name
    output.write_text("what was there before")
    assert queried(VALUES, "--output", str(output)) == (0, "", "")
    assert output.read_bytes().decode() == written
    assert list(tmp_path.glob(".*")) == []


def test_a_table_is_written_to_a_file(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    output = tmp_path / "answer.txt"
    assert queried(VALUES, "--output", str(output)) == (0, "", "")
    assert output.read_text().split() == ["n", "day", "─" * 14, "1", "2026-03-04", "2", "2026-03-04"]


def test_parquet_has_the_types_of_the_columns(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    output = tmp_path / "answer.parquet"
    sql = (
        "SELECT 1 AS n, 0.5::DOUBLE AS x, 'a' AS t, true AS b, DATE '2026-03-04' AS day, 1.25::DECIMAL(5, 2) AS d, "
        "TIMESTAMPTZ '2026-03-04 09:00:00+00' AS at, ['a', 'b'] AS l, NULL AS nothing, 1 AS n, "
        "12345678901234567890123::HUGEINT AS h"
    )
    assert queried(sql, "--output", str(output)) == (0, "", "")
    table = pq.read_table(output)
    assert table.to_pylist() == [{
        "n": 1, "x": 0.5, "t": "a", "b": True, "day": date(2026, 3, 4), "d": Decimal("1.25"),
        "at": datetime(2026, 3, 4, 9, tzinfo=UTC), "l": ["a", "b"], "nothing": None, "n_2": 1,
        "h": "12345678901234567890123",
    }]
    assert table.schema.field("at").type == pa.timestamp("us", "UTC")


def test_parquet_finds_one_type_for_rows_that_are_far_apart(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    output = tmp_path / "answer.parquet"
    sql = (
        f"SELECT CASE WHEN range >= {ROWS} THEN range END AS late, "
        f"CASE WHEN range < {ROWS} THEN range::HUGEINT ELSE 12345678901234567890123 END AS h FROM range({ROWS + 2})"
    )
    assert queried(sql, "--output", str(output)) == (0, "", "")
    table = pq.read_table(output)
    assert table.column("late").to_pylist() == [None] * ROWS + [ROWS, ROWS + 1]
    assert table.column("h").to_pylist()[ROWS - 1 :] == [str(ROWS - 1), *["12345678901234567890123"] * 2]


def test_parquet_without_rows_has_the_columns(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    output = tmp_path / "answer.parquet"
    assert queried("SELECT 1 AS n WHERE false", "--output", str(output)) == (0, "", "")
    assert (pq.read_table(output).column_names, pq.read_table(output).num_rows) == (["n"], 0)


@pytest.mark.parametrize("name", ["answer.csv", "answer.json", "answer.parquet"])
def test_an_answer_that_is_too_large_leaves_the_file_as_it_was(
    warehouse: DuckDBWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("DATELINE_QUERY__ANSWER_BYTES", "5000")
    output = tmp_path / name
    output.write_text("what was there before")
    code, _, notes = queried("SELECT range FROM range(100000)", "--output", str(output))
    assert (code, "larger than 5,000 bytes" in notes) == (2, True)
    assert output.read_text() == "what was there before"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [name]
