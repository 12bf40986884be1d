"""``dateline ledger verify``: any range of offsets, every gap listed, clear when asked for what was never read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from flows.cli.app import app
from flows.memory import Memory
from pipelines.environment import read_settings
from pipelines.warehouse import load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.warehouse.batches import TOPIC, carried, gap, refused, stage


@pytest.fixture(scope="module")
def loaded(make_warehouse: Callable[[Path], DuckDBWarehouse], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Offsets 10 to 19 of partition 0, 0 to 2 of partition 1."""
    folder = tmp_path_factory.mktemp("ledger")
    made = make_warehouse(folder / "warehouse.duckdb")
    load_batch(made, stage(
        folder, carried(10), refused(11), gap(12, 15, "control_record"), refused(15), gap(16, 17), refused(17),
        refused(18), gap(19, 20, "retention"), *(refused(n, partition=1) for n in range(3)),
    ))
    return made.path


@pytest.fixture
def warehouse(loaded: Path, home: Path) -> DuckDBWarehouse:
    """The same, for one test to change."""
    home.mkdir()
    return DuckDBWarehouse(shutil.copy(loaded, home / "warehouse.duckdb"))


def verify(*arguments: str) -> tuple[int, str]:
    shown = CliRunner().invoke(app, ["ledger", "verify", *arguments])
    return shown.exit_code, " ".join(shown.output.replace("│", " ").split())


def verified(*arguments: str) -> dict[str, Any]:
    shown = CliRunner().invoke(app, ["ledger", "verify", *arguments, "--json"])
    return {"exit": shown.exit_code, **json.loads(shown.stdout)}


def test_a_range_is_accounted_for_and_its_gaps_are_listed(warehouse: DuckDBWarehouse) -> None:
    found = verified("--topic", TOPIC, "--partition", "0", "--from", "13", "--to", "18")
    assert found == {
        "exit": 0, "closes": True, "is_deep": False, "compared": 0, "problems": [],
        "partitions": [{
            "topic": TOPIC, "partition": 0, "first_offset": 10, "next_offset": 20, "from": 13, "to": 18, "produced": 5,
            "reconciled": 5, "outcomes": {"rejected": 2}, "gaps": {"control_record": 2, "compaction": 1},
            "blanks": [
                {"kind": "control_record", "first": 13, "last": 14, "offsets": 2},
                {"kind": "compaction", "first": 16, "last": 16, "offsets": 1},
            ],
        }],
    }


def test_every_gap_is_a_line(warehouse: DuckDBWarehouse) -> None:
    code, shown = verify()
    assert code == 0
    for line in (
        "articles.raw/0 offsets 12 to 14 (3): control_record", "articles.raw/0 offset 16 (1): compaction",
        "articles.raw/0 offset 19 (1): retention",
        "The ledger closes: every offset has one outcome or is in one gap.",
    ):
        assert line in shown


def test_an_unexplained_gap_is_a_line_too_and_exit_1(warehouse: DuckDBWarehouse) -> None:
    with warehouse._writing() as con:
        con.execute("DELETE FROM ledger WHERE kafka_offset IN (17, 18)")
        con.execute("DELETE FROM dead_letters WHERE kafka_offset IN (17, 18)")
    code, shown = verify("--partition", "0", "--from", "15", "--to", "19")
    assert code == 1
    assert "articles.raw/0 offsets 17 to 18 (2): unexplained" in shown
    assert "articles.raw/0: offsets 17 to 18 have no outcome and lie in no gap" in shown
    assert verified("--partition", "0", "--from", "15", "--to", "18")["partitions"][0]["blanks"] == [
        {"kind": "compaction", "first": 16, "last": 16, "offsets": 1},
        {"kind": "unexplained", "first": 17, "last": 17, "offsets": 1},
    ]


@pytest.mark.parametrize(("arguments", "says"), [
    (("--from", "9", "--to", "3"), "--from 9 is greater than --to 3."),
    (("--partition", "0", "--from", "9"), "articles.raw/0 was read from 10 to 20, requested: 9 to 20"),
    (("--partition", "0", "--to", "21"), "articles.raw/0 was read from 10 to 20, requested: 10 to 21"),
    (("--from", "10", "--to", "12"), "articles.raw/1 was read from 0 to 3, requested: 10 to 12"),
    (("--partition", "4"), "No record of any topic, partition 4, was ever read; partitions read: articles.raw/0, art"),
    (("--topic", "elsewhere"), "Nothing was ever read of elsewhere."),
    (("--topic", "elsewhere", "--from", "1"), "No record of elsewhere was ever read; partitions read: none."),
])
def test_what_was_never_read_is_wrong_usage(warehouse: DuckDBWarehouse, arguments: tuple[str, ...], says: str) -> None:
    code, shown = verify(*arguments)
    assert code == 2
    assert says in shown
    assert "What to do:" in shown


def queried(*arguments: str) -> tuple[int, str]:
    shown = CliRunner().invoke(app, ["query", *arguments])
    return shown.exit_code, shown.output


def test_a_query_is_valid_json(warehouse: DuckDBWarehouse) -> None:
    sql = (
        "SELECT 'nan'::DOUBLE AS a, '-inf'::FLOAT AS b, 12345678901234567890123::HUGEINT AS h, "
        "1.10::DECIMAL(5, 2) AS d, DATE '2026-03-04' AS day, TIME '10:00' AS at, "
        "{'n': 'nan'::DOUBLE, 'l': [1, NULL]} AS s, MAP {1: 2} AS m, "
        "'\\xFF'::BLOB AS raw, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::UUID AS u, INTERVAL 3 HOUR AS i"
    )
    code, shown = queried(sql, "--json")

    def refuse(word: str) -> None:
        pytest.fail(f"{word} is no JSON")

    assert (code, json.loads(shown, parse_constant=refuse)) == (0, [{
        "a": None, "b": None, "h": 12345678901234567890123, "d": "1.10", "day": "2026-03-04", "at": "10:00:00",
        "s": {"n": None, "l": [1, None]}, "m": {"1": 2}, "raw": "ff", "u": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "i": "3:00:00",
    }])


def test_columns_of_equal_names_are_kept_apart(warehouse: DuckDBWarehouse) -> None:
    sql = "SELECT 1 AS a, 2 AS a, 3 AS a_2, 4 AS a"
    assert json.loads(queried(sql, "--json")[1]) == [{"a": 1, "a_3": 2, "a_2": 3, "a_4": 4}]
    assert queried(sql, "--csv")[1].splitlines() == ["a,a_3,a_2,a_4", "1,2,3,4"]


BILLIONS = "FROM range(1000000) a, range(1000000) b"


@pytest.mark.parametrize("sql", [f"SELECT count(*) {BILLIONS} WHERE a.range <> b.range", f"SELECT a.range {BILLIONS}"])
@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_a_runaway_query_is_stopped_and_writes_nothing(
    warehouse: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch, sql: str, form: str
) -> None:
    monkeypatch.setenv("DATELINE_QUERY__TIMEOUT_S", "0.3")
    shown = CliRunner().invoke(app, ["query", sql, form])
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert "Query Stopped" in shown.stderr
    assert "stopped after 0.3 s" in shown.stderr
    assert "DATELINE_QUERY__TIMEOUT_S" in shown.stderr


@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_an_answer_that_is_too_large_is_refused_and_writes_nothing(
    warehouse: DuckDBWarehouse, home: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("DATELINE_QUERY__ANSWER_BYTES", "5000")
    shown = CliRunner().invoke(app, ["query", f"SELECT a.range {BILLIONS}", form])
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert "larger than 5,000 bytes" in shown.stderr
    assert queried("SELECT range FROM range(100)", form)[0] == 0


def test_a_table_shows_the_first_thousand_rows_and_says_so(warehouse: DuckDBWarehouse) -> None:
    shown = CliRunner().invoke(app, ["query", f"SELECT a.range AS n {BILLIONS}"])
    assert shown.exit_code == 0
    assert len([line for line in shown.stdout.splitlines() if line.strip().replace(",", "").isdigit()]) == 1_000
    assert "first 1,000 rows are shown; --csv and --json write all" in shown.stderr
    assert CliRunner().invoke(app, ["query", "FROM range(1000)"]).stderr == ""


def test_json_without_rows_is_an_empty_list(warehouse: DuckDBWarehouse) -> None:
    assert queried("SELECT 1 WHERE false", "--json") == (0, "[]\n")


NO_QUERIES = (
    ("", "The query is empty"), (" \n\t", "The query is empty"), (";", "is empty or holds only comments"),
    ("-- which outlets?", "is empty or holds only comments"), ("/* all */ ;", "is empty or holds only comments"),
    ("SELECT 1; SELECT 2", "The query holds 2 statements"), ("DELETE FROM articles", "DELETE is refused"),
    ("SET threads = 1", "SET is refused"), ("COPY articles TO 'a.csv'", "COPY is refused"),
    ("ATTACH 'other.db'", "ATTACH is refused"), ("SELEC 1", "syntax error"), ("SELECT a", "not found"),
)


def test_what_is_no_query_is_usage(warehouse: DuckDBWarehouse) -> None:
    for sql, says in NO_QUERIES:
        code, shown = queried("--json", "--", sql)
        assert (code, says in " ".join(shown.split()), "What to do:" in shown) == (2, True, True), sql


def test_what_only_reads_is_answered(warehouse: DuckDBWarehouse) -> None:
    for sql in ("SELECT 1 AS n;", "WITH a AS (SELECT 1 AS n) FROM a -- all", "VALUES (1)", "DESCRIBE articles",
                "SHOW TABLES", "SUMMARIZE articles", "EXPLAIN SELECT 1"):
        assert queried(sql, "--json")[0] == 0, sql


READERS = (
    ("query", "SELECT 1"), ("ledger", "verify"), ("rejected", "list"), ("rejected", "show", "x"), ("scrapers", "list"),
    ("scrapers", "release", "x"), ("rejected", "replay", "--dry-run"),
)


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_whoever_reads_a_warehouse_that_is_gone_says_what_status_says(
    warehouse: DuckDBWarehouse, command: tuple[str, ...]
) -> None:
    Memory(read_settings(), warehouse).remember()
    warehouse.path.unlink()
    shown = CliRunner().invoke(app, command)
    assert (shown.exit_code, "Warehouse Gone" in shown.stderr) == (3, True)
    assert "Articles were loaded into" in shown.stderr
    (away,) = [each for each in json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)["unavailable"]
               if each["what"] == "warehouse"]
    assert away["fault"] == "WarehouseGone"


def test_where_there_never_was_a_warehouse_a_query_says_how_to_make_one(home: Path) -> None:
    code, shown = queried("SELECT 1")
    assert (code, "Warehouse Missing" in shown, "dateline ingest" in shown) == (3, True, True)


def test_a_damaged_write_ahead_file_is_named(warehouse: DuckDBWarehouse) -> None:
    with duckdb.connect(str(warehouse.path)) as con:
        con.execute("PRAGMA disable_checkpoint_on_shutdown")
        con.execute("CREATE TABLE extra AS SELECT range AS n FROM range(100)")
        con.execute("INSERT INTO extra VALUES (1)")
    wal = warehouse.path.with_suffix(".duckdb.wal")
    whole = wal.read_bytes()
    wal.write_bytes(whole[:100] + bytes(byte ^ 0x55 for byte in whole[100:130]) + whole[130:])
    code, shown = queried("SELECT 1")
    assert (code, "Write Ahead File Corrupt" in shown, "What to do:" in shown) == (1, True, True)
    wal.rename(wal.with_suffix(".damaged"))
    assert queried("SELECT 1")[0] == 0


def test_a_file_that_is_no_warehouse_is_named(warehouse: DuckDBWarehouse) -> None:
    warehouse.path.write_bytes(b"articles")
    code, shown = queried("SELECT 1")
    assert (code, "Warehouse Corrupt" in shown) == (1, True)
