"""The upkeep frees space, and changes no row."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.failpoints import Failpoint, armed
from pipelines.iceberg_address import iceberg_address
from pipelines.records import Outlet
from pipelines.resolve.layout import layout
from pipelines.warehouse import Done, WarehouseUnavailable, load_batch
from pipelines.warehouse.attention import TABLES
from pipelines.warehouse.duckdb import DuckDBWarehouse
from pipelines.warehouse.iceberg import IcebergWarehouse
from pipelines.warehouse.iceberg.commits import listed_by
from pipelines.warehouse.iceberg.upkeep import Upkeep
from pipelines.warehouse.postgres import PostgresWarehouse
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import FETCHED_AT
from tests.warehouse.batches import TOPIC, carried, refused, stage
from tests.warehouse.reading import in_order

NEVER = timedelta(days=10_000)


def load(warehouse: RelationalWarehouse, folder: Path, *offsets: int) -> None:
    for offset in offsets:
        article = carried(
            2 * offset, article_id=f"{offset:032}", content_hash=f"{offset:064}",
            outlet=Outlet(f"outlet-{offset}.example", "Outlet"),
        )
        load_batch(warehouse, stage(folder, article, refused(2 * offset + 1), batch_id=f"batch-{offset}"))


def contents(warehouse: RelationalWarehouse) -> dict[str, Any]:
    return {name: in_order(warehouse.query(f"SELECT * FROM {name}").rows) for name in layout()}


def test_a_rewritten_file_has_everything_and_no_write_ahead_log(
    duckdb_warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    load(duckdb_warehouse, tmp_path, 0, 1)
    duckdb_warehouse.path.chmod(0o640)
    with duckdb.connect(str(duckdb_warehouse.path)) as con:
        con.execute("CREATE TABLE notes (note VARCHAR); INSERT INTO notes VALUES ('of a user')")
    shape = shape_of(duckdb_warehouse)
    before = contents(duckdb_warehouse)
    (done,) = duckdb_warehouse.maintain(NEVER)
    assert (done.task, done.subject, done.unit) == ("rewrite", str(duckdb_warehouse.path), "bytes")
    assert done.after == duckdb_warehouse.path.stat().st_size
    assert [file.name for file in tmp_path.glob("news.duckdb*")] == ["news.duckdb"]
    assert duckdb_warehouse.path.stat().st_mode & 0o777 == 0o640
    assert contents(duckdb_warehouse) == before
    assert shape_of(duckdb_warehouse) == shape
    assert duckdb_warehouse.query("SELECT note FROM notes").rows == (("of a user",),)
    duckdb_warehouse.prepare()
    assert duckdb_warehouse.verify().problems == ()


def shape_of(warehouse: DuckDBWarehouse) -> tuple[Any, ...]:
    """Columns, comments, views and constraints, as DuckDB has them."""
    columns = "SELECT schema_name, table_name, column_name, data_type, is_nullable, comment FROM duckdb_columns()"
    views = "SELECT schema_name, view_name, comment, sql FROM duckdb_views() WHERE NOT internal"
    constraints = "SELECT schema_name, table_name, constraint_type, constraint_text FROM duckdb_constraints()"
    return tuple(in_order(warehouse.query(sql).rows) for sql in (columns, views, constraints))


def test_a_rewrite_follows_a_symbolic_link(duckdb_warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    load(duckdb_warehouse, tmp_path, 0)
    (tmp_path / "link.duckdb").symlink_to(duckdb_warehouse.path)
    DuckDBWarehouse(tmp_path / "link.duckdb").maintain(NEVER)
    assert (tmp_path / "link.duckdb").is_symlink()
    assert len(duckdb_warehouse.query("SELECT * FROM articles").rows) == 1


def test_removed_text_is_not_left_in_the_free_blocks_of_a_file(
    duckdb_warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    secret = " ".join(f"{n:x}{n * 7919 % 1009:x}{n * 104729 % 7877:x}" for n in range(20_000))  # hardly compressible
    stored = duckdb_warehouse.path
    load_batch(duckdb_warehouse, stage(tmp_path, carried(0, body=secret), batch_id="batch-0"))
    with duckdb.connect(str(stored)) as con:
        con.execute("FORCE CHECKPOINT")
        size = stored.stat().st_size
        con.execute("DELETE FROM articles; DELETE FROM article_versions")
    duckdb_warehouse.maintain(NEVER)
    assert stored.stat().st_size < size
    assert secret[:100].encode() not in stored.read_bytes()


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(WarehouseUnavailable, match="is now missing"):
        DuckDBWarehouse(tmp_path / "none.duckdb").maintain(NEVER)
    assert list(tmp_path.iterdir()) == []


def test_every_table_of_a_database_is_vacuumed(postgres_warehouse: PostgresWarehouse, tmp_path: Path) -> None:
    load(postgres_warehouse, tmp_path, 0, 1)
    before = contents(postgres_warehouse)
    done = postgres_warehouse.maintain(NEVER)
    names = (*layout(), *TABLES)
    assert [(each.task, each.subject, each.unit) for each in done] == [("vacuum", name, "bytes") for name in names]
    assert all(each.after > 0 for each in done)
    assert contents(postgres_warehouse) == before


def files_of(warehouse: IcebergWarehouse, name: str) -> list[Path]:
    """The data files of a table's current snapshot."""
    tasks = warehouse.commits.tables.need(name).scan().plan_files()
    return [Path(task.file.file_path.removeprefix("file://")) for task in tasks]


def test_small_files_are_compacted_and_old_states_expire(tmp_path: Path) -> None:
    address = iceberg_address(f"iceberg+sqlite:///{tmp_path}/news.db")  # its files are no other test's
    warehouse = IcebergWarehouse(address, tmp_path / "replica.duckdb", clock=lambda: FETCHED_AT)
    warehouse.prepare()
    load(warehouse, tmp_path, 0, 1, 2)
    small, before = files_of(warehouse, "articles"), contents(warehouse)
    assert warehouse.maintain(NEVER) == []  # three files are not many
    done = {each.subject: each for each in Upkeep(warehouse.commits, many=3).compact()}
    assert done["articles"] == Done("compact", "articles", 3, 1, "data files")
    assert (len(small), len(files_of(warehouse, "articles"))) == (3, 1)
    assert all(file.exists() for file in small)

    ledger = warehouse.commits.tables.need("ledger").current_snapshot()
    articles = warehouse.commits.tables.need("articles").current_snapshot()
    assert ledger is not None
    assert articles is not None
    assert listed_by(ledger)["articles"] == articles.snapshot_id
    assert contents(warehouse) == before

    warehouse.clock = lambda: FETCHED_AT + NEVER
    expired = {each.subject: each for each in warehouse.maintain(timedelta())}
    assert expired["articles"].after == 1
    assert expired["articles"].files_removed >= 3
    assert not any(file.exists() for file in small)

    warehouse.path.unlink()
    load(warehouse, tmp_path, 3)
    assert warehouse.loaded_topic(TOPIC).next_offsets == {0: 8}
    assert warehouse.query("SELECT count(*) FROM articles").rows == ((4,),)
    assert warehouse.verify().problems == ()


def test_a_compacted_table_is_changed_by_a_load_that_was_begun_before(
    iceberg_warehouse: IcebergWarehouse, tmp_path: Path
) -> None:
    load(iceberg_warehouse, tmp_path, 0, 1)
    compacted = []

    def compact(point: Failpoint, where: str) -> None:
        if (point, where) == (Failpoint.TABLE_COMMITTED, "identity"):
            compacted.extend(each.subject for each in Upkeep(iceberg_warehouse.commits, many=2).compact())

    with armed(compact):
        load(iceberg_warehouse, tmp_path, 2)
    assert {"articles", "ledger"} <= set(compacted)
    iceberg_warehouse.path.unlink()
    assert iceberg_warehouse.query("SELECT count(*) FROM articles").rows == ((3,),)
    assert iceberg_warehouse.loaded_topic(TOPIC).next_offsets == {0: 6}
    assert iceberg_warehouse.verify().problems == ()
