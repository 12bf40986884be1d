"""What PostgreSQL alone does: servers that are away or refuse, locks by topic, readers beside writers, rights."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest

from flows.faults import exit_code, may_pass
from pipelines.failpoints import Failpoint, armed
from pipelines.records import Evidence
from pipelines.warehouse import (
    DeadLetterFilter,
    QueryFailed,
    QueryStopped,
    Run,
    WarehouseBusy,
    WarehouseFault,
    WarehouseMissing,
    WarehouseUnavailable,
    load_batch,
    open_warehouse,
    warehouse_address,
)
from pipelines.warehouse.postgres import PostgresWarehouse
from pipelines.warehouse.postgres.faults import WarehouseRefused
from pipelines.warehouse.topics import LoadedTopic
from tests.builders import FETCHED_AT
from tests.warehouse.batches import TOPIC, carried, refused, stage
from tests.warehouse.failing import failing

HOLD_WRITER = """
import sys
from pipelines.warehouse import open_warehouse
with open_warehouse(sys.argv[1]).writer("ingest run 1234", topic="articles.raw"):
    print("held", flush=True)
    sys.stdin.read()
"""


def changed(url: str, **parts: Any) -> str:
    """An address with other parts."""
    given = psycopg.conninfo.conninfo_to_dict(url) | parts
    return "postgresql://{user}:{password}@{host}:{port}/{dbname}".format(**given)


def test_a_server_that_is_away_may_come_back(postgres_warehouse: PostgresWarehouse) -> None:
    away = open_warehouse(changed(postgres_warehouse.url, port=1))
    for ask in (away.identity, away.prepare, lambda: away.query("SELECT 1"), lambda: away.loaded_topic(TOPIC)):
        with pytest.raises(WarehouseUnavailable, match=r"does not answer.*\nWhat to do: check that") as caught:
            ask()
        assert may_pass(caught.value)


@pytest.mark.parametrize(("parts", "says"), [
    ({"password": "marzipan"}, "refuses the user or the password.*PGPASSWORD"),
    ({"user": "nobody", "password": "marzipan"}, "refuses the user or the password"),
    ({"dbname": "none"}, "no such database.*CREATE DATABASE"),
])
def test_a_server_that_refuses_says_why_and_shows_no_password(
    postgres_warehouse: PostgresWarehouse, parts: dict[str, str], says: str
) -> None:
    with pytest.raises(WarehouseRefused, match=rf"(?s){says}") as caught:
        open_warehouse(changed(postgres_warehouse.url, **parts)).identity()
    assert "marzipan" not in "".join(map(str, (caught.value, caught.value.__cause__, caught.value.__context__)))
    assert (exit_code(caught.value), may_pass(caught.value)) == (3, False)


def test_a_database_without_tables_is_no_warehouse_yet(postgres: str) -> None:
    empty = open_warehouse(postgres)
    assert (empty.identity().warehouse_id, empty.loaded_topic(TOPIC)) == (None, LoadedTopic())
    for ask in (empty.verify, lambda: empty.query("SELECT 1"), lambda: empty.dead_letters(DeadLetterFilter())):
        with pytest.raises(WarehouseMissing, match="What to do: run `dateline ingest`"):
            ask()
    with pytest.raises(WarehouseMissing):
        empty.start_run(Run("run-1", TOPIC, "dateline test", FETCHED_AT))
    empty.prepare()
    assert empty.identity().warehouse_id is not None


def test_a_user_without_rights_is_reported_what_to_grant(postgres: str) -> None:
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS guest")
        admin.execute("CREATE ROLE guest LOGIN PASSWORD 'nougat'")
    guest = PostgresWarehouse(changed(postgres, user="guest", password="nougat"))
    for ask in (guest.prepare, guest.need_rights):
        with pytest.raises(WarehouseRefused, match="What to do: make the user the owner"):
            ask()
    PostgresWarehouse(postgres).prepare()
    with pytest.raises(WarehouseRefused, match="may not write to its tables"):
        guest.need_rights()


def test_a_mart_that_is_made_anew_keeps_its_grants(postgres: str) -> None:
    warehouse = PostgresWarehouse(postgres)
    warehouse.prepare()
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS \"an analyst\"")
        admin.execute("CREATE ROLE \"an analyst\"")
        admin.execute("DROP VIEW marts.syndication")
        admin.execute("CREATE VIEW marts.syndication AS SELECT 1 AS story_id, 'x' AS former")
        admin.execute("GRANT SELECT ON marts.syndication TO \"an analyst\" WITH GRANT OPTION")
        admin.execute("GRANT SELECT ON marts.syndication TO PUBLIC")
        admin.execute("UPDATE layout SET fingerprint = 'former'")
        warehouse.prepare()
        granted = admin.execute(
            "SELECT grantee, privilege_type, is_grantable FROM information_schema.role_table_grants "
            "WHERE table_name = 'syndication' AND grantee <> grantor ORDER BY grantee"
        ).fetchall()
        assert granted == [("PUBLIC", "SELECT", "NO"), ("an analyst", "SELECT", "YES")]
        assert "spread_hours" in warehouse.query("SELECT * FROM marts.syndication").columns
        admin.execute("DROP OWNED BY \"an analyst\"; DROP ROLE \"an analyst\"")


def test_one_run_at_a_time_loads_from_a_topic(postgres_warehouse: PostgresWarehouse) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_WRITER, postgres_warehouse.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, cwd=Path(__file__).parents[2],
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    shown = rf"ingest run 1234 \(process {holder.pid} on .*, since .* UTC,"
    with pytest.raises(WarehouseBusy, match=rf"{shown} is writing.*What to do"), postgres_warehouse.writer(topic=TOPIC):
        pass
    assert str(postgres_warehouse.writer_of(TOPIC)).startswith(f"ingest run 1234 (process {holder.pid}")
    with postgres_warehouse.writer(topic="another"):
        pass
    holder.kill()
    holder.communicate()
    with postgres_warehouse.writer("the next", wait_s=30, topic=TOPIC):
        assert str(postgres_warehouse.writer_of(TOPIC)).startswith(f"the next (process {os.getpid()}")
    assert postgres_warehouse.writer_of(TOPIC) is None


def test_a_run_of_another_topic_is_not_taken_for_killed(postgres_warehouse: PostgresWarehouse) -> None:
    postgres_warehouse.start_run(Run("run-1", "another", "dateline test", FETCHED_AT))
    postgres_warehouse.start_run(Run("run-2", TOPIC, "dateline test", FETCHED_AT))
    assert postgres_warehouse.query("SELECT status FROM runs").rows == (("running",), ("running",))


def test_a_reader_sees_one_state_and_waits_for_no_writer(
    postgres_warehouse: PostgresWarehouse, tmp_path: Path
) -> None:
    load_batch(postgres_warehouse, stage(tmp_path, carried(0)))
    seen = []

    def read(point: Failpoint, _where: str) -> None:
        if point is Failpoint.CHANGED:
            seen.append(postgres_warehouse.query("SELECT count(*) FROM ledger").rows[0][0])

    with postgres_warehouse.answer("SELECT kafka_offset FROM ledger") as answer, armed(read):
        load_batch(postgres_warehouse, stage(tmp_path, refused(1), batch_id="batch-2"))
        assert (list(answer.rows), seen) == ([(0,)], [1])
    assert postgres_warehouse.query("SELECT count(*) FROM ledger").rows == ((2,),)


@pytest.mark.parametrize("sql", [
    "SELECT pg_read_file('/etc/hostname')", "COPY (SELECT 1) TO '/tmp/out.csv'", "EXPLAIN ANALYZE DELETE FROM ledger",
    "SELECT set_config('transaction_read_only', 'off', true)", "SELECT 1; COMMIT",
    "WITH gone AS (DELETE FROM ledger RETURNING 1) SELECT 1 FROM gone", "SELECT * INTO copied FROM ledger",
])
def test_a_query_changes_nothing_and_reaches_nothing_outside(postgres_warehouse: PostgresWarehouse, sql: str) -> None:
    with pytest.raises(QueryFailed):
        postgres_warehouse.query(sql)


def test_a_query_that_takes_too_long_is_stopped(postgres_warehouse: PostgresWarehouse) -> None:
    with (
        pytest.raises(QueryStopped, match=r"after 0\.1 s"),
        postgres_warehouse.answer("SELECT pg_sleep(60)", within_s=0.1) as answer,
    ):
        list(answer.rows)


def test_the_server_may_end_the_session_of_a_load(postgres_warehouse: PostgresWarehouse, tmp_path: Path) -> None:
    def end(_point: Failpoint, where: str) -> None:
        if where == "ledger":
            with psycopg.connect(postgres_warehouse.url) as con:
                con.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )

    says = r"closed the connection(?s:.*)What to do: run this again"
    with pytest.raises(WarehouseUnavailable, match=says) as caught, armed(end):
        load_batch(postgres_warehouse, stage(tmp_path, carried(0)))
    assert may_pass(caught.value)
    assert postgres_warehouse.loaded_topic(TOPIC).next_offsets == {}


def test_a_full_disk_is_reported_and_nothing_is_loaded(postgres_warehouse: PostgresWarehouse, tmp_path: Path) -> None:
    full = psycopg.errors.DiskFull('could not extend file "base/5/1": No space left on device')
    says = r"full disk; nothing was changed(?s:.*)What to do: free some space"
    with pytest.raises(WarehouseUnavailable, match=says), failing("ledger", full):
        load_batch(postgres_warehouse, stage(tmp_path, carried(0)))
    assert postgres_warehouse.loaded_topic(TOPIC).next_offsets == {}


def test_text_that_postgresql_cannot_hold_is_kept_readable(
    postgres_warehouse: PostgresWarehouse, tmp_path: Path
) -> None:
    batch = stage(
        tmp_path, carried(0, title="Pier\0 vote", tags=("a\0b",), evidence={"title": Evidence("meta", "og\0")}),
        refused(1, headers=(("x\0y", b"\0"),)),
    )
    load_batch(postgres_warehouse, batch)
    ((title, tags, evidence),) = postgres_warehouse.query("SELECT title, tags, evidence FROM articles").rows
    assert (title, tags) == ("Pier\ufffd vote", ["a\ufffdb"])
    assert "og\ufffd" in evidence
    (letter,) = postgres_warehouse.dead_letters(DeadLetterFilter())
    assert letter.headers == (("x\ufffdy", b"\0"),)


def test_runs_that_make_the_tables_at_once_both_go_on(postgres: str) -> None:
    threads = [threading.Thread(target=PostgresWarehouse(postgres).prepare) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert PostgresWarehouse(postgres).query("SELECT count(*) FROM identity").rows == ((1,),)


def test_one_database_has_one_address() -> None:
    address = warehouse_address("postgresql://desk:marzipan@DB.example/news?sslmode=require")
    assert address == warehouse_address("postgres://db.example:5432/news") == "postgresql://db.example:5432/news"
    with pytest.raises(WarehouseFault, match=r"is not the address of a warehouse.*What to do: write the address"):
        warehouse_address("postgresql://db/news?no_such_option=1")
