"""Questions in SQL, and runs written down: alike in every warehouse."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from pipelines.warehouse import QueryFailed, QueryStopped, Run
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import FETCHED_AT
from tests.warehouse.batches import TOPIC

DIGITS = "(SELECT 1 FROM (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) v(i))"
MANY_ROWS = f"SELECT 1 FROM {DIGITS} a, {DIGITS} b, {DIGITS} c, {DIGITS} d"


@pytest.mark.parametrize("sql", [
    "DELETE FROM ledger", "CREATE TABLE t (i INTEGER)", "SELECT 1; DELETE FROM ledger", "SELECT 1; SELECT 2", "SELEC 1",
    "", "-- nothing", "COMMIT",
])
def test_a_question_is_one_statement_that_reads(warehouse: RelationalWarehouse, sql: str) -> None:
    with pytest.raises(QueryFailed, match="What to do: "):
        warehouse.query(sql)


def test_a_query_of_no_rows_has_columns(warehouse: RelationalWarehouse) -> None:
    table = warehouse.query("SELECT topic, next_offset FROM partition_offsets")
    assert (table.columns, table.rows) == (("topic", "next_offset"), ())


def test_a_query_takes_parameters_and_a_limit(warehouse: RelationalWarehouse) -> None:
    table = warehouse.query("SELECT i, ? AS word FROM (VALUES (0), (1), (2)) r(i)", ("pier",), limit=2)
    assert (table.columns, table.rows, table.is_cut) == (("i", "word"), ((0, "pier"), (1, "pier")), True)
    assert table.records() == [{"i": 0, "word": "pier"}, {"i": 1, "word": "pier"}]
    assert not warehouse.query("SELECT 1", limit=1).is_cut


def test_a_run_is_noted_once_and_ended(warehouse: RelationalWarehouse) -> None:
    run = Run("run-1", TOPIC, "dateline test", FETCHED_AT)
    warehouse.start_run(run)
    warehouse.start_run(run)
    assert warehouse.query("SELECT status, finished_at FROM runs").rows == (("running", None),)
    ended_at = FETCHED_AT + timedelta(minutes=1)
    warehouse.finish_run("run-1", "failed", ended_at, "no broker")
    assert warehouse.query("SELECT * FROM runs").rows == (
        ("run-1", "ingest", TOPIC, "dateline test", FETCHED_AT, ended_at, "failed", "no broker"),
    )


def test_times_come_back_in_utc(warehouse: RelationalWarehouse) -> None:
    ((at,),) = warehouse.query("SELECT TIMESTAMPTZ '2026-03-04 10:30:00+01'").rows
    assert (at, at.utcoffset()) == (FETCHED_AT, timedelta(0))


def test_a_reader_that_is_slow_is_stopped_like_a_slow_query(warehouse: RelationalWarehouse) -> None:
    with (
        pytest.raises(QueryStopped, match=r"after 0\.05 s"),
        warehouse.answer(MANY_ROWS, within_s=0.05) as answer,
    ):
        for _ in answer.rows:
            threading.Event().wait(0.001)
    assert warehouse.query("SELECT 1").rows == ((1,),)


def test_a_run_that_was_killed_is_found_by_the_next_of_its_topic(warehouse: RelationalWarehouse) -> None:
    warehouse.start_run(Run("run-1", TOPIC, "dateline test", FETCHED_AT))
    warehouse.start_run(Run("run-2", TOPIC, "dateline test", FETCHED_AT))
    assert warehouse.query("SELECT run_id, status, note FROM runs ORDER BY run_id").rows == (
        ("run-1", "abandoned", "killed: found so by run run-2"), ("run-2", "running", None),
    )
