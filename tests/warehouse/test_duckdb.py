from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from flows.faults import exit_code
from pipelines.warehouse import (
    QueryFailed,
    QueryStopped,
    Run,
    WarehouseBusy,
    WarehouseFault,
    WarehouseMissing,
    WarehouseUnavailable,
    load_batch,
    open_warehouse,
)
from pipelines.warehouse.damage import WarehouseCorrupt
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.builders import FETCHED_AT
from tests.warehouse.batches import TOPIC, carried, stage

HOLD_FILE = """
import sys, duckdb
con = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""

HOLD_WRITER = """
import sys
from pathlib import Path
from pipelines.warehouse.duckdb import DuckDBWarehouse
with DuckDBWarehouse(Path(sys.argv[1])).writer("ingest run 1234"):
    print("held", flush=True)
    sys.stdin.read()
"""

DIE_PUBLISHING = """
import os, signal, sys
from pathlib import Path
from pipelines.stage import read_manifest
from pipelines.warehouse import load_batch
from pipelines.warehouse.duckdb import DuckDBWarehouse
def die(step):
    if step == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)
load_batch(DuckDBWarehouse(Path(sys.argv[1]), on_step=die), read_manifest(Path(sys.argv[2])))
"""


def started(script: str, *arguments: object) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def ended(process: subprocess.Popen[str]) -> None:
    process.communicate()


def test_a_file_that_another_process_keeps_open_is_waited_for_and_then_named(warehouse: DuckDBWarehouse) -> None:
    holder = started(HOLD_FILE, warehouse.path)
    try:
        with pytest.raises(WarehouseUnavailable, match=rf"PID {holder.pid}.*What to do: close it there"):
            warehouse.query("SELECT 1")
    finally:
        ended(holder)
    assert warehouse.query("SELECT 1").rows == ((1,),)


def test_a_second_writer_is_told_who_the_first_is(warehouse: DuckDBWarehouse) -> None:
    holder = started(HOLD_WRITER, warehouse.path)
    try:
        told = rf"ingest run 1234 \(process {holder.pid}, since .*\) is writing"
        with pytest.raises(WarehouseBusy, match=told), warehouse.writer():
            pass
    finally:
        ended(holder)
    with warehouse.writer():
        pass


def test_a_second_writer_that_waits_has_its_turn(warehouse: DuckDBWarehouse) -> None:
    first = started(HOLD_WRITER, warehouse.path)
    later = threading.Timer(0.5, ended, [first])
    later.start()
    with warehouse.writer("the next", wait_s=30):
        later.join()
    assert first.returncode == 0


def test_the_place_of_a_killed_writer_is_free(warehouse: DuckDBWarehouse) -> None:
    holder = started(HOLD_WRITER, warehouse.path)
    holder.kill()
    ended(holder)
    told = f"the next \\(process {os.getpid()}"
    with warehouse.writer("the next"), pytest.raises(WarehouseBusy, match=told), warehouse.writer():
        pass


@pytest.mark.parametrize(("step", "is_loaded"), [
    ("ledger", False), ("commit", False), ("committed", True),
])
def test_a_killed_publication_is_there_whole_or_not_at_all(
    warehouse: DuckDBWarehouse, tmp_path: Path, step: str, is_loaded: bool
) -> None:
    batch = stage(tmp_path, carried(0))
    died = subprocess.run(
        [sys.executable, "-c", DIE_PUBLISHING, str(warehouse.path), str(batch.folder), step], check=False,
        cwd=Path(__file__).parents[2],
    )
    assert died.returncode == -signal.SIGKILL
    assert warehouse.next_offsets(TOPIC) == ({0: 1} if is_loaded else {})
    assert load_batch(warehouse, batch).was_loaded_before is is_loaded
    assert warehouse.query("SELECT count(*) FROM articles").rows == ((1,),)
    assert warehouse.verify().problems == ()


@pytest.mark.parametrize("sql", [
    "DELETE FROM ledger", "CREATE TABLE t (i INTEGER)", "SELECT * FROM read_csv('/etc/hostname')",
    "COPY (SELECT 1) TO '/tmp/out.csv'", "SET enable_external_access = true", "ATTACH '/tmp/other.duckdb'", "SELEC 1",
])
def test_a_query_changes_nothing_and_reaches_nothing_outside(warehouse: DuckDBWarehouse, sql: str) -> None:
    with pytest.raises(QueryFailed):
        warehouse.query(sql)


def test_a_query_takes_parameters_and_a_limit(warehouse: DuckDBWarehouse) -> None:
    table = warehouse.query("SELECT i, ? AS word FROM range(5) r(i)", ("pier",), limit=2)
    assert (table.columns, table.rows, table.is_cut) == (("i", "word"), ((0, "pier"), (1, "pier")), True)
    assert table.records() == [{"i": 0, "word": "pier"}, {"i": 1, "word": "pier"}]
    assert not warehouse.query("SELECT 1", limit=1).is_cut


def test_a_reader_that_is_slow_is_stopped_like_a_slow_query(warehouse: DuckDBWarehouse) -> None:
    with (
        pytest.raises(QueryStopped, match=r"after 0\.05 s"),
        warehouse.answer("FROM range(10000)", within_s=0.05) as answer,
    ):
        for _ in answer.rows:
            threading.Event().wait(0.001)
    assert warehouse.query("SELECT 1").rows == ((1,),)


def test_times_come_back_in_utc(warehouse: DuckDBWarehouse) -> None:
    ((at,),) = warehouse.query("SELECT TIMESTAMPTZ '2026-03-04 10:30:00+01'").rows
    assert (at, at.utcoffset()) == (FETCHED_AT, timedelta(0))


def test_where_there_is_no_warehouse_it_says_so(tmp_path: Path) -> None:
    missing = open_warehouse(f"duckdb:///{tmp_path / 'none.duckdb'}")
    assert missing.next_offsets(TOPIC) == {}
    with pytest.raises(WarehouseMissing, match="What to do: run `dateline ingest`"):
        missing.query("SELECT 1")
    with pytest.raises(WarehouseMissing):
        missing.verify()


@pytest.mark.parametrize("url", ["", "duckdb:///", "postgresql://host/db", "news.duckdb"])
def test_an_address_that_names_no_warehouse_is_refused(url: str) -> None:
    with pytest.raises(WarehouseFault, match="names no warehouse"):
        open_warehouse(url)


@pytest.mark.parametrize(("place", "says"), [
    ("", "is a folder, and the warehouse is one file"), ("/", "names a folder"), ("/new/", "names a folder"),
    ("/notes/news.duckdb", "notes is a file, and not a folder"), ("/notes/a/b.duckdb", "notes is a file"),
    ("/pipe", "is no regular file"),
])  # fmt: skip
def test_a_path_where_no_file_can_lie_is_refused_with_one_that_can(tmp_path: Path, place: str, says: str) -> None:
    (tmp_path / "notes").write_text("mine")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(WarehouseFault, match=says) as caught:
        open_warehouse(f"duckdb:///{tmp_path}{place}")
    assert exit_code(caught.value) == 2
    example = str(caught.value).partition("DATELINE_WAREHOUSE=")[2].removesuffix(".")
    assert open_warehouse(example).next_offsets(TOPIC) == {}


def test_a_file_that_is_no_warehouse_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "news.duckdb"
    path.write_text("my notes" * 1000)
    with pytest.raises(WarehouseCorrupt, match="is damaged or is no DuckDB file"):
        DuckDBWarehouse(path).prepare()
    assert path.read_text() == "my notes" * 1000


def test_preparing_again_changes_nothing_and_loses_nothing(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, carried(0)))
    before = warehouse.path.read_bytes()
    warehouse.prepare()
    assert warehouse.path.read_bytes() == before
    with warehouse._writing() as con:
        con.execute("UPDATE layout SET fingerprint = 'older'")
        con.execute("DROP VIEW marts.syndication")
    warehouse.prepare()
    assert warehouse.query("SELECT count(*) FROM marts.syndication").rows == ((0,),)
    assert warehouse.query("SELECT count(*) FROM articles").rows == ((1,),)


def test_a_run_is_noted_once_and_ended(warehouse: DuckDBWarehouse) -> None:
    run = Run("run-1", TOPIC, "dateline test", FETCHED_AT)
    warehouse.start_run(run)
    warehouse.start_run(run)
    assert warehouse.query("SELECT status, finished_at FROM runs").rows == (("running", None),)
    ended_at = FETCHED_AT + timedelta(minutes=1)
    warehouse.finish_run("run-1", "failed", ended_at, "no broker")
    assert warehouse.query("SELECT * FROM runs").rows == (
        ("run-1", "ingest", TOPIC, "dateline test", FETCHED_AT, ended_at, "failed", "no broker"),
    )


def test_a_full_disk_is_told_and_nothing_is_loaded(
    warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    def full(step: str) -> None:
        if step == "ledger":
            raise duckdb.IOException('IO Error: Could not write file "news.duckdb.wal": No space left on device')

    warehouse.on_step = full
    with pytest.raises(WarehouseUnavailable, match=r"is full; nothing was changed.*What to do: free some space"):
        load_batch(warehouse, stage(tmp_path, carried(0)))
    assert warehouse.next_offsets(TOPIC) == {}
