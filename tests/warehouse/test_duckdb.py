from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from flows.faults import exit_code
from pipelines.warehouse import (
    QueryFailed,
    QueryStopped,
    WarehouseBusy,
    WarehouseFault,
    WarehouseMissing,
    WarehouseUnavailable,
    duckdb_files,
    load_batch,
    open_warehouse,
)
from pipelines.warehouse.asking import answered
from pipelines.warehouse.damage import WarehouseCorrupt
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.warehouse.batches import TOPIC, carried, stage
from tests.warehouse.failing import failing

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


def test_a_file_that_another_process_keeps_open_is_waited_for_and_then_named(duckdb_warehouse: DuckDBWarehouse) -> None:
    holder = started(HOLD_FILE, duckdb_warehouse.path)
    try:
        with pytest.raises(WarehouseUnavailable, match=rf"PID {holder.pid}.*What to do: close it there"):
            duckdb_warehouse.query("SELECT 1")
    finally:
        ended(holder)
    assert duckdb_warehouse.query("SELECT 1").rows == ((1,),)


def test_a_file_is_read_as_soon_as_another_process_closes_it(
    duckdb_warehouse: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder, attach, refused = started(HOLD_FILE, duckdb_warehouse.path), duckdb_files._attach, []

    def attached(con: duckdb.DuckDBPyConnection, path: Path) -> None:
        try:
            attach(con, path)
        except duckdb.IOException as fault:
            refused.append(fault)
            if len(refused) == 3:
                ended(holder)
            raise

    monkeypatch.setattr(duckdb_files, "_attach", attached)
    patient = DuckDBWarehouse(duckdb_warehouse.path, patience_s=60)
    assert patient.query("SELECT count(*) FROM articles").rows == ((0,),)
    assert len(refused) == 3


def test_a_second_writer_is_reported_who_the_first_is(duckdb_warehouse: DuckDBWarehouse) -> None:
    holder = started(HOLD_WRITER, duckdb_warehouse.path)
    try:
        shown = rf"ingest run 1234 \(process {holder.pid}, since .*\) is writing"
        with pytest.raises(WarehouseBusy, match=shown), duckdb_warehouse.writer():
            pass
    finally:
        ended(holder)
    with duckdb_warehouse.writer():
        pass


def test_a_second_writer_that_waits_has_its_turn(duckdb_warehouse: DuckDBWarehouse) -> None:
    first = started(HOLD_WRITER, duckdb_warehouse.path)
    later = threading.Timer(0.5, ended, [first])
    later.start()
    with duckdb_warehouse.writer("the next", wait_s=30):
        later.join()
    assert first.returncode == 0


def test_the_place_of_a_killed_writer_is_free(duckdb_warehouse: DuckDBWarehouse) -> None:
    holder = started(HOLD_WRITER, duckdb_warehouse.path)
    holder.kill()
    ended(holder)
    shown = f"the next \\(process {os.getpid()}"
    with duckdb_warehouse.writer("the next"), pytest.raises(WarehouseBusy, match=shown), duckdb_warehouse.writer():
        pass


@pytest.mark.parametrize("sql", [
    "DELETE FROM ledger", "CREATE TABLE t (i INTEGER)", "SELECT * FROM read_csv('/etc/hostname')",
    "COPY (SELECT 1) TO '/tmp/out.csv'", "SET enable_external_access = true", "ATTACH '/tmp/other.duckdb'", "SELEC 1",
])
def test_a_query_changes_nothing_and_reaches_nothing_outside(duckdb_warehouse: DuckDBWarehouse, sql: str) -> None:
    with pytest.raises(QueryFailed):
        duckdb_warehouse.query(sql)


def test_where_there_is_no_warehouse_it_says_so(tmp_path: Path) -> None:
    missing = open_warehouse(f"duckdb:///{tmp_path / 'none.duckdb'}")
    assert missing.loaded_topic(TOPIC).next_offsets == {}
    with pytest.raises(WarehouseMissing, match="What to do: run `dateline ingest`"):
        missing.query("SELECT 1")
    with pytest.raises(WarehouseMissing):
        missing.verify()


@pytest.mark.parametrize("url", ["", "duckdb:///", "mysql://host/db", "news.duckdb"])
def test_an_address_that_names_no_warehouse_is_refused(url: str) -> None:
    with pytest.raises(WarehouseFault, match="is not the address of a warehouse"):
        open_warehouse(url)


@pytest.mark.parametrize(("place", "says"), [
    ("", "is a folder, but a warehouse is one file"), ("/", "names a folder"), ("/new/", "names a folder"),
    ("/notes/news.duckdb", "notes is a file, not a folder"), ("/notes/a/b.duckdb", "notes is a file"),
    ("/pipe", "is not a regular file"),
])  # fmt: skip
def test_a_path_where_no_file_can_lie_is_refused_with_one_that_can(tmp_path: Path, place: str, says: str) -> None:
    (tmp_path / "notes").write_text("mine")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(WarehouseFault, match=says) as caught:
        open_warehouse(f"duckdb:///{tmp_path}{place}")
    assert exit_code(caught.value) == 2
    example = str(caught.value).partition("DATELINE_WAREHOUSE=")[2].removesuffix(".")
    assert open_warehouse(example).loaded_topic(TOPIC).next_offsets == {}


def test_a_file_that_is_no_warehouse_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "news.duckdb"
    path.write_text("my notes" * 1000)
    with pytest.raises(WarehouseCorrupt, match="is damaged or is not a DuckDB file"):
        DuckDBWarehouse(path).prepare()
    assert path.read_text() == "my notes" * 1000


def test_preparing_again_changes_nothing_and_loses_nothing(duckdb_warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    load_batch(duckdb_warehouse, stage(tmp_path, carried(0)))
    before = duckdb_warehouse.path.read_bytes()
    duckdb_warehouse.prepare()
    assert duckdb_warehouse.path.read_bytes() == before
    with duckdb_warehouse._writing() as con:
        con.execute("UPDATE layout SET fingerprint = 'older'")
        con.execute("DROP VIEW marts.syndication")
    duckdb_warehouse.prepare()
    assert duckdb_warehouse.query("SELECT count(*) FROM marts.syndication").rows == ((0,),)
    assert duckdb_warehouse.query("SELECT count(*) FROM articles").rows == ((1,),)


def test_a_full_disk_is_reported_and_nothing_is_loaded(
    duckdb_warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    full = duckdb.IOException('IO Error: Could not write file "news.duckdb.wal": No space left on device')
    says = r"is full; nothing was changed.*What to do: free some space"
    with pytest.raises(WarehouseUnavailable, match=says), failing("ledger", full):
        load_batch(duckdb_warehouse, stage(tmp_path, carried(0)))
    assert duckdb_warehouse.loaded_topic(TOPIC).next_offsets == {}


def test_a_warehouse_that_goes_away_before_a_load_is_waited_for_and_not_made_anew(
    duckdb_warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    batch = stage(tmp_path, carried(0))
    away = duckdb_warehouse.path.rename(tmp_path / "unmounted")
    with pytest.raises(WarehouseUnavailable, match="is now missing; nothing was changed"):
        load_batch(duckdb_warehouse, batch)
    assert not duckdb_warehouse.path.exists()
    away.rename(duckdb_warehouse.path)
    assert load_batch(duckdb_warehouse, batch).outcomes == {"loaded": 1}


MUCH = "SELECT list(i::VARCHAR || '-----------------------------') FROM range(1_000_000) r(i)"


def little_memory(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("SET memory_limit = '3MB'; SET threads = 1; SET max_temp_directory_size = '0MB'")


def test_a_query_that_needs_too_much_memory_is_stopped_and_says_so() -> None:
    with duckdb.connect() as con:
        little_memory(con)
        with (
            pytest.raises(QueryStopped, match=r"more memory or temporary disk space(.|\n)*What to do:"),
            answered(con, MUCH, (), None) as answer,
        ):
            list(answer.rows)


def test_a_load_that_needs_too_much_memory_changes_nothing_and_says_so(
    duckdb_warehouse: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb_files, "_process", duckdb_files._Process())  # the limit is that of a whole instance
    with (
        pytest.raises(WarehouseUnavailable, match=r"needs more memory (.|\n)*nothing was changed(.|\n)*MAX_RECORDS"),
        duckdb_warehouse._writing() as con,
    ):
        con.execute("CREATE TABLE new_table (i INTEGER)")
        little_memory(con.raw)  # type: ignore[attr-defined]
        con.execute(MUCH).fetchall()
    assert duckdb_warehouse.query("SELECT 1 FROM duckdb_tables() WHERE table_name = 'new_table'").rows == ()
