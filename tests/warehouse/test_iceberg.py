"""Iceberg tables are committed one by one, and still each batch is there whole or not at all, for every reader."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import pyarrow as pa
import pytest
from pyiceberg.table import Table

from pipelines.failpoints import Failpoint, armed
from pipelines.iceberg_address import iceberg_address
from pipelines.resolve.faults import StateMoved
from pipelines.resolve.layout import layout
from pipelines.stage import StagedBatch
from pipelines.warehouse import OffsetsMoved, Run, WarehouseFault, load_batch, open_warehouse
from pipelines.warehouse.iceberg import IcebergWarehouse
from pipelines.warehouse.iceberg.commits import BATCH, TABLES
from pipelines.warehouse.iceberg.tables import mirrored, rows_at
from tests.builders import FETCHED_AT
from tests.warehouse.batches import FALK, FALK_MENTION, TOPIC, carried, later, refused, stage, tombstone


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def elsewhere(iceberg_warehouse: IcebergWarehouse, tmp_path: Path) -> IcebergWarehouse:
    """The same warehouse on another machine, which has no replica yet."""
    return IcebergWarehouse(iceberg_warehouse.address, tmp_path / "elsewhere.duckdb", clock=lambda: FETCHED_AT)


def a_batch(folder: Path, offset: int) -> StagedBatch:
    """An article, which names Falk, and a rejected record."""
    article = carried(
        offset, article_id=f"{offset:032}", content_hash=f"{offset:064}", mentions=(FALK_MENTION,), entities=(FALK,)
    )
    return stage(folder, article, refused(offset + 1), batch_id=f"batch-{offset}")


class KilledAt:
    """A hook that ends the process at the place of this number between the commits of two tables."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.seen: list[tuple[Failpoint, str]] = []

    def __call__(self, point: Failpoint, where: str) -> None:
        if point in {Failpoint.CHANGES_STORED, Failpoint.TABLE_COMMITTED}:
            self.seen.append((point, where))
            if len(self.seen) == self.number + 1:
                raise Killed


def test_a_load_that_ends_between_two_tables_is_finished_by_the_next_run(
    iceberg_warehouse: IcebergWarehouse, elsewhere: IcebergWarehouse, tmp_path: Path
) -> None:
    load_batch(iceberg_warehouse, a_batch(tmp_path, 0))
    for number in count():
        batch, killed = stage(tmp_path, refused(2 + number), batch_id=f"killed-{number}"), KilledAt(number)
        with armed(killed), suppress(Killed):
            load_batch(iceberg_warehouse, batch)
            break
        is_whole = killed.seen[-1] == (Failpoint.TABLE_COMMITTED, "ledger")
        assert elsewhere.loaded_topic(TOPIC).next_offsets == {0: 2 + number + is_whole}, killed.seen
        assert load_batch(iceberg_warehouse, batch).was_loaded_before is (number > 0)
    places = killed.seen
    assert places[:2] == [(Failpoint.CHANGES_STORED, ""), (Failpoint.TABLE_COMMITTED, "identity")]
    assert {"batches", "dead_letters", "partition_offsets"} < {where for _, where in places}
    assert places[-1] == (Failpoint.TABLE_COMMITTED, "ledger")
    found = elsewhere.query("SELECT outcome, count(*), count(DISTINCT kafka_offset) FROM ledger GROUP BY ALL").rows
    assert sorted(found) == [("loaded", 1, 1), ("rejected", len(places) + 2, len(places) + 2)]
    assert elsewhere.query("SELECT count(*) FROM dead_letters").rows == ((len(places) + 2,),)
    assert iceberg_warehouse.verify().problems == elsewhere.verify().problems == ()


def test_of_two_machines_the_slower_one_decides_again(
    iceberg_warehouse: IcebergWarehouse, elsewhere: IcebergWarehouse, tmp_path: Path
) -> None:
    batch, rival = a_batch(tmp_path, 0), stage(tmp_path, refused(0), batch_id="rival")
    load_first = iter([lambda: load_batch(elsewhere, rival)])

    def interfere(point: Failpoint, _where: str) -> None:
        if point == Failpoint.CHANGES_STORED and (load := next(load_first, None)):
            load()

    with armed(interfere), pytest.raises(OffsetsMoved):
        load_batch(iceberg_warehouse, batch)
    assert iceberg_warehouse.query("SELECT batch_id, outcome FROM ledger").rows == (("rival", "rejected"),)
    assert iceberg_warehouse.query("SELECT count(*) FROM articles").rows == ((0,),)
    assert iceberg_warehouse.verify().problems == ()


def test_two_processes_that_finish_one_load_make_each_row_once(
    iceberg_warehouse: IcebergWarehouse, elsewhere: IcebergWarehouse, tmp_path: Path
) -> None:
    helped = []

    def help_out(point: Failpoint, where: str) -> None:
        if (point, where) == (Failpoint.TABLE_COMMITTED, "article_versions") and not helped:
            helped.append(where)
            elsewhere.start_run(Run("run-2", TOPIC, "processor", FETCHED_AT))

    with armed(help_out):
        loaded = load_batch(iceberg_warehouse, a_batch(tmp_path, 0))
    assert (loaded.was_loaded_before, helped) == (False, ["article_versions"])
    for table in ("articles", "article_versions", "mentions", "entities", "dead_letters", "batches", "runs"):
        assert iceberg_warehouse.query(f"SELECT count(*) FROM {table}").rows == ((1,),), table
    assert iceberg_warehouse.verify().problems == ()


def test_changes_that_meet_are_made_one_after_the_other(
    iceberg_warehouse: IcebergWarehouse, elsewhere: IcebergWarehouse
) -> None:
    rivals = iter([Run("run-2", TOPIC, "processor", FETCHED_AT)])

    def interfere(point: Failpoint, _where: str) -> None:
        if point == Failpoint.CHANGES_STORED and (rival := next(rivals, None)):
            elsewhere.start_run(rival)

    with armed(interfere):
        iceberg_warehouse.start_run(Run("run-1", TOPIC, "processor", FETCHED_AT))
    found = iceberg_warehouse.query("SELECT run_id, status FROM runs ORDER BY run_id").rows
    assert found == (("run-1", "running"), ("run-2", "abandoned"))


def test_a_change_that_was_decided_on_an_older_state_is_refused(
    iceberg_warehouse: IcebergWarehouse, elsewhere: IcebergWarehouse, tmp_path: Path
) -> None:
    base = iceberg_warehouse.commits.state()
    load_batch(elsewhere, a_batch(tmp_path, 0))
    assert base is not None
    with pytest.raises(StateMoved, match="Another run changed the warehouse while batch b was decided"):
        iceberg_warehouse.commits.commit(base, "b", {})


def test_readers_pin_a_state_of_all_tables(iceberg_warehouse: IcebergWarehouse, tmp_path: Path) -> None:
    load_batch(iceberg_warehouse, a_batch(tmp_path, 0))
    tables = iceberg_warehouse.commits.tables
    ledger: Any = tables.need("ledger").current_snapshot()
    pinned = {**json.loads(ledger.summary[TABLES]), "ledger": ledger.snapshot_id}
    load_batch(iceberg_warehouse, a_batch(tmp_path, 2))

    def rows(name: str) -> Any:
        return tables.need(name).scan(snapshot_id=pinned[name]).to_arrow()

    assert ledger.summary[BATCH] == "batch-0"
    with duckdb.connect() as con:
        con.register("articles", rows("articles"))
        con.register("accounts", rows("ledger"))
        found = con.execute(
            "SELECT l.kafka_offset, l.outcome, a.title FROM accounts l LEFT JOIN articles a USING (article_id) "
            "ORDER BY l.kafka_offset"
        ).fetchall()
    assert found == [(0, "loaded", "Pier to be rebuilt"), (1, "rejected", None)]


def test_tables_may_be_in_object_storage(bucket: str, tmp_path: Path) -> None:
    address = iceberg_address(f"iceberg+sqlite:///{tmp_path}/news.db?warehouse={bucket}/news")
    warehouse, elsewhere = (IcebergWarehouse(address, tmp_path / f"{n}.duckdb", clock=lambda: FETCHED_AT) for n in "ab")
    warehouse.prepare()
    batch = stage(tmp_path, refused(0))
    with armed(KilledAt(3)), pytest.raises(Killed):
        load_batch(warehouse, batch)
    assert load_batch(elsewhere, batch).was_loaded_before
    assert warehouse.query("SELECT outcome, reason FROM ledger").rows == (("rejected", "ConsentWall"),)
    assert fsspec.filesystem("s3").exists(f"{bucket}/news/dateline/ledger/metadata")


def test_the_catalog_may_be_a_postgresql_database(postgres: str, tmp_path: Path) -> None:
    catalog = postgres.replace("postgresql://", "postgresql+psycopg://")
    address = iceberg_address(f"iceberg+{catalog}{'&' if '?' in catalog else '?'}warehouse=file://{tmp_path}/tables")
    warehouse, elsewhere = (IcebergWarehouse(address, tmp_path / f"{n}.duckdb", clock=lambda: FETCHED_AT) for n in "ab")
    assert warehouse.identity().warehouse_id is None
    warehouse.prepare()
    load_batch(warehouse, stage(tmp_path, refused(0)))
    assert elsewhere.query("SELECT outcome, reason FROM ledger").rows == (("rejected", "ConsentWall"),)
    assert iceberg_address(address.url()) == address


def test_tables_have_the_comments_and_keys_of_the_layout(iceberg_warehouse: IcebergWarehouse) -> None:
    table = iceberg_warehouse.commits.tables.need("partition_offsets")
    assert [(field.name, str(field.field_type), field.required) for field in table.schema().fields] == [
        ("topic", "string", True), ("partition", "int", True), ("first_offset", "long", True),
        ("next_offset", "long", True), ("batch_id", "string", True), ("updated_at", "timestamptz", True),
    ]
    assert table.schema().identifier_field_names() == {"topic", "partition"}
    assert table.properties["comment"] == layout()["partition_offsets"].comment
    assert table.schema().find_field("next_offset").doc == layout()["partition_offsets"].column("next_offset").comment


def test_a_replica_that_is_gone_is_made_anew(iceberg_warehouse: IcebergWarehouse, tmp_path: Path) -> None:
    load_batch(iceberg_warehouse, a_batch(tmp_path, 0))
    before = iceberg_warehouse.query("SELECT * FROM articles").rows
    iceberg_warehouse.path.unlink()
    assert iceberg_warehouse.query("SELECT * FROM articles").rows == before
    assert iceberg_warehouse.query("SELECT outlet_domain, articles FROM marts.daily_outlet_volume").rows != ()


def rows_of(warehouse: IcebergWarehouse) -> list[tuple[str, str]]:
    """All rows of the mirrored tables and of the marts that stored counts answer, each with the name of its table."""
    names = [*mirrored(), "marts.entity_attention_daily", "marts.entity_attention_weekly"]
    every = " UNION ALL ".join(f"SELECT '{name}', CAST(t AS VARCHAR) FROM {name} t" for name in names)
    return sorted(warehouse.query(every).rows)


def an_article(folder: Path, offset: int, number: int, version: int = 1) -> StagedBatch:
    article = carried(
        offset, article_id=f"{number:032}", content_hash=f"{version:064}", mentions=(FALK_MENTION,),
        entities=(replace(FALK, entity_id=f"{number % 2:032}"),), fetched_at=later(offset),
        story_signature=tuple(range(number, number + 6)),
    )
    return stage(folder, article, batch_id=f"batch-{offset}")


def test_a_replica_reads_only_the_files_that_it_does_not_have(
    iceberg_warehouse: IcebergWarehouse, elsewhere: IcebergWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two machines load in turns: new articles, a new version and a deletion; then one compacts the tables."""
    machines, read_whole = (iceberg_warehouse, elsewhere), list[str]()
    steps = [
        an_article(tmp_path, 0, 1), an_article(tmp_path, 1, 2), an_article(tmp_path, 2, 1, version=2),
        stage(tmp_path, tombstone(3, f"{2:032}"), batch_id="batch-3"), *(an_article(tmp_path, n, n) for n in (4, 5)),
    ]
    load_batch(iceberg_warehouse, steps[0])
    elsewhere.store_attention()

    def noted(table: Table, snapshot_id: int, name: str) -> pa.Table:
        read_whole.append(name)
        return rows_at(table, snapshot_id, name)

    for number, step in enumerate(steps[1:], 1):
        load_batch(machines[number % 2], step)
        if number == len(steps) - 1:
            machines[number % 2].maintain(timedelta(days=7))
        other = machines[1 - number % 2]
        with monkeypatch.context() as watched:
            watched.setattr("pipelines.warehouse.iceberg.replica.rows_at", noted)
            found = rows_of(other)
        anew = IcebergWarehouse(other.address, tmp_path / f"anew-{number}.duckdb", clock=lambda: FETCHED_AT)
        assert found == rows_of(anew), number
    keyless = {name for name, table in mirrored().items() if not table.key}
    new = {name for name in read_whole if read_whole.count(name) == 1} - keyless
    assert set(read_whole) == keyless | new  # a table that had no rows before has no snapshot to compare with


def test_a_replica_that_has_an_expired_state_reads_the_tables_whole(tmp_path: Path) -> None:
    address = iceberg_address(f"iceberg+sqlite:///{tmp_path}/news.db")  # its own: files of old states are removed

    def at(name: str, clock: datetime = FETCHED_AT) -> IcebergWarehouse:
        return IcebergWarehouse(address, tmp_path / f"{name}.duckdb", clock=lambda: clock)

    at("one").prepare()
    load_batch(at("one"), an_article(tmp_path, 0, 1))
    at("other").query("SELECT 1")
    load_batch(at("one"), an_article(tmp_path, 1, 1, version=2))
    at("one", datetime.now(UTC) + timedelta(days=1)).maintain(timedelta(0))
    assert rows_of(at("other")) == rows_of(at("anew"))


def test_a_table_of_an_earlier_version_gets_its_new_column(
    iceberg_warehouse: IcebergWarehouse, tmp_path: Path
) -> None:
    tables = iceberg_warehouse.commits.tables
    with tables.need("articles").update_schema() as update:
        update.delete_column("section")
    with tables.need("identity").transaction() as changing:
        changing.set_properties({"dateline.columns": "earlier"})
    iceberg_warehouse.prepare()
    load_batch(iceberg_warehouse, stage(tmp_path, carried(0, section="World")))
    iceberg_warehouse.path.unlink()
    assert iceberg_warehouse.query("SELECT section FROM articles").rows == (("World",),)


def test_tables_of_another_migration_are_refused(iceberg_warehouse: IcebergWarehouse) -> None:
    with iceberg_warehouse.commits.tables.need("identity").transaction() as changing:
        changing.set_properties({"dateline.migration": "0099"})
    with pytest.raises(WarehouseFault, match=r"(?s)the layout of migration 0099.*What to do: use the version"):
        iceberg_warehouse.prepare()


@pytest.mark.parametrize(("url", "says"), [
    ("iceberg+", "it has no catalog"),
    ("iceberg+postgresql+psycopg://desk:marzipan@db/catalog", r"catalog\?warehouse=s3://bucket/news"),
])
def test_an_address_that_names_no_tables_is_refused(url: str, says: str) -> None:
    with pytest.raises(WarehouseFault, match=says) as fault:
        open_warehouse(url)
    assert "marzipan" not in str(fault.value)


def test_without_pyiceberg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.warehouse.find_spec", lambda _: None)
    with pytest.raises(WarehouseFault, match=r'pip install "dateline\[iceberg\]"'):
        open_warehouse("iceberg+sqlite:////data/news.db")


def test_a_catalog_without_tables_is_no_warehouse_yet(tmp_path: Path) -> None:
    warehouse = IcebergWarehouse(iceberg_address(f"iceberg+sqlite:///{tmp_path}/news.db"), tmp_path / "replica.duckdb")
    assert warehouse.identity().warehouse_id is None
    assert (warehouse.loaded_topic(TOPIC).next_offsets, list(tmp_path.iterdir())) == ({}, [])
