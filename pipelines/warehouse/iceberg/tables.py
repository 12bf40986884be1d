"""The Iceberg tables of a warehouse: the catalog that lists them, their schemas, and their rows as Arrow tables."""

from __future__ import annotations

import hashlib
import json
import os
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import count
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import NamespaceAlreadyExistsError, NoSuchTableError, TableAlreadyExistsError
from pyiceberg.expressions import AlwaysTrue, And, BooleanExpression, GreaterThanOrEqual, LessThanOrEqual
from pyiceberg.io.pyarrow import ArrowScan, _dataframe_to_data_files
from pyiceberg.manifest import DataFile
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask, Table
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DoubleType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    NestedField,
    StringType,
    TimestamptzType,
)
from pyiceberg.utils.config import Config

from pipelines.iceberg_address import IcebergAddress
from pipelines.resolve.layout import TableLayout, layout
from pipelines.stage.columns import ColumnType
from pipelines.warehouse.interface import WarehouseFault
from pipelines.warehouse.statements import files

LOCAL = frozenset({"layout", "workers"})
"""Tables of the replica alone: the version of its marts, and who is alive of the workers that share a topic."""

CATALOG = "dateline"
"""The name under which PyIceberg's own settings have the catalog."""
TURN = "identity"
"""The table whose commit decides which process has its turn."""
_COLUMNS, _MIGRATION = "dateline.columns", "dateline.migration"
_PROPERTIES = {
    "commit.retry.num-retries": "0",  # a commit whose table has moved is decided again, never repeated as it is
    "commit.manifest-merge.enabled": "true",
    "commit.manifest.min-count-to-merge": "10",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    "write.parquet.compression-codec": "zstd",
}
_TYPES: dict[ColumnType, IcebergType] = {
    "text": StringType(), "int": IntegerType(), "bigint": LongType(), "bool": BooleanType(), "double": DoubleType(),
    "timestamp": TimestamptzType(), "json": StringType(), "bytes": BinaryType(),
}


def mirrored() -> dict[str, TableLayout]:
    """The tables that are in Iceberg."""
    return {name: table for name, table in layout().items() if name not in LOCAL}


def row_key(table: TableLayout) -> tuple[str, ...]:
    """The columns by which changed rows are found. Several rows of a table without a key may have the same values."""
    return table.key or table.indexes[0]


@cache
def arrow_schema(name: str) -> pa.Schema:
    """The schema of a table's rows: as in the layout, with the columns that may be null marked."""
    table = layout()[name]
    return pa.schema([
        field.with_nullable(column.is_nullable) for field, column in zip(table.schema, table.columns, strict=True)
    ])


def iceberg_schema(table: TableLayout) -> Schema:
    """The schema of a new table, with comments, and with the key as its identifier fields."""
    ids = count(len(table.columns) + 1)
    fields = []
    for number, column in enumerate(table.columns, 1):
        if column.type.endswith("[]"):
            item: Any = column.type.removesuffix("[]")
            kind: IcebergType = ListType(next(ids), _TYPES[item], element_required=False)
        else:
            kind = _TYPES[column.type]
        fields.append(NestedField(
            number, column.name, kind, required=not column.is_nullable, doc=column.comment
        ))
    return Schema(*fields, identifier_field_ids=[f.field_id for f in fields if f.name in table.key])


@dataclass(frozen=True)
class IcebergTables:
    """The tables in a namespace of a catalog."""

    address: IcebergAddress

    @cached_property
    def catalog(self) -> Catalog:
        """PyIceberg's catalog. What the address does not say is read from ``PYICEBERG_CATALOG__DATELINE__…``."""
        given = _storage() | {"uri": self.address.catalog_url, "type": "rest" if self.address.is_rest else "sql"}
        if self.address.warehouse:
            given["warehouse"] = self.address.warehouse
        elif self.address.file is not None:
            given["warehouse"] = f"file://{self.address.file.with_suffix('')}"
        if self.address.file is not None:
            self.address.file.parent.mkdir(parents=True, exist_ok=True)
        catalog = load_catalog(CATALOG, **given)
        weakref.finalize(self, catalog.close)  # an SQL catalog keeps connections open
        return catalog

    def load(self, name: str) -> Table | None:
        """A table as it is now; None if there is none."""
        if self.address.file is not None and not self.address.file.exists():  # opening it would create it
            return None
        try:
            return self.catalog.load_table((self.address.namespace, name))
        except NoSuchTableError:
            return None

    def need(self, name: str) -> Table:
        """A table as it is now. Raises ``NoSuchTableError`` if there is none."""
        return self.catalog.load_table((self.address.namespace, name))

    def are_made(self) -> bool:
        """Whether the tables have all columns of the layout.

        Raises ``WarehouseFault`` if they need a migration, because none has been written for Iceberg yet.
        """
        made = self.need(TURN).properties
        if (migration := made.get(_MIGRATION, _last_migration())) != _last_migration():
            raise WarehouseFault(
                f"The tables at {self.address.shown} have the layout of migration {migration}, and this version of "
                f"Dateline has that of migration {_last_migration()}. Migrations of Iceberg tables are not supported, "
                "and nothing was changed. What to do: use the version of Dateline that made them, or load into a new "
                "namespace."
            )
        return made.get(_COLUMNS) == _columns()

    def make(self) -> None:
        """Creates the tables that are missing, and adds columns that are new in the layout."""
        with suppress(NamespaceAlreadyExistsError):
            self.catalog.create_namespace(self.address.namespace)
        there = {identifier[-1] for identifier in self.catalog.list_tables(self.address.namespace)}
        for name, table in mirrored().items():
            if name in there:
                _add_columns(self.need(name), table)
                continue
            try:
                self.catalog.create_table(
                    (self.address.namespace, name), iceberg_schema(table),
                    properties={**_PROPERTIES, "comment": table.comment},
                )
            except TableAlreadyExistsError:
                continue
        with self.need(TURN).transaction() as changing:
            changing.set_properties({_COLUMNS: _columns(), _MIGRATION: _last_migration()})


def _storage() -> dict[str, str]:
    """The endpoint and the region of object storage, from AWS's variables, if PyIceberg's own settings name none."""
    named = Config().get_catalog_config(CATALOG) or {}
    found = {
        "s3.endpoint": os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"),
        "s3.region": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
    }
    return {name: value for name, value in found.items() if value and name not in named}


def _columns() -> str:
    """Fingerprint of the columns of all tables."""
    described = [[name, str(iceberg_schema(table))] for name, table in mirrored().items()]
    return hashlib.sha256(json.dumps(described).encode()).hexdigest()[:16]


def _last_migration() -> str:
    return files("migrations")[-1].partition("_")[0]


def _add_columns(table: Table, wanted: TableLayout) -> None:
    there = {field.name for field in table.schema().fields}
    new = [field for field in iceberg_schema(wanted).fields if field.name not in there]
    if not new:
        return
    with table.update_schema() as update:
        for field in new:
            update.add_column(field.name, field.field_type, field.doc)


def rows_at(table: Table, snapshot_id: int, name: str) -> pa.Table:
    """All rows of a snapshot, as the layout has them. Columns that the snapshot lacks are null."""
    found = table.scan(snapshot_id=snapshot_id).to_arrow()
    return _as_layout(found, name)


def _as_layout(found: pa.Table, name: str) -> pa.Table:
    schema = layout()[name].schema
    columns = [
        found[field.name].cast(field.type) if field.name in found.schema.names else pa.nulls(len(found), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def rows_of(table: Table, name: str, tasks: Iterable[FileScanTask]) -> pa.Table:
    """The rows of some data files, as the layout has them."""
    return _as_layout(_read(table, tasks), name)


def rows_between(
    table: Table, name: str, before: int, after: int, columns: Sequence[str] | None = None
) -> tuple[pa.Table, pa.Table] | None:
    """The rows that a snapshot lost and those that a later one has instead; None if the first one has expired.

    They are the rows of data files that only one of the two has, so a row that was written anew is among both. Of lost
    rows only the ``columns`` are read.
    """
    if table.snapshot_by_id(before) is None:
        return None
    tasks = [{task.file.file_path: task for task in table.scan(snapshot_id=each).plan_files()}
             for each in (before, after)]
    lost, new = ([task for path, task in own.items() if path not in others]
                 for own, others in (tasks, reversed(tasks)))
    schema = layout()[name].schema
    kept = schema if columns is None else pa.schema([schema.field(each) for each in columns])
    return _read(table, lost, kept.names).select(kept.names).cast(kept), rows_of(table, name, new)


def data_files(table: Table, name: str, rows: pa.Table) -> Iterator[DataFile]:
    """Writes rows to new Parquet files of the table. No snapshot has them yet."""
    if rows.num_rows:
        schema = arrow_schema(name)
        yield from _dataframe_to_data_files(
            table_metadata=table.metadata, df=rows.select(schema.names).cast(schema), io=table.io
        )


def without(table: Table, name: str, keys: pa.Table) -> Iterator[tuple[DataFile, pa.Table]]:
    """Each data file of the current snapshot that has a row with one of the keys, with its other rows."""
    names = keys.schema.names
    for task in table.scan(row_filter=_around(keys)).plan_files():
        kept = _others(_read(table, [task], names), keys)
        if len(kept) < task.file.record_count:
            yield task.file, rows_of(table, name, [task]).take(kept)


def _around(keys: pa.Table) -> BooleanExpression:
    """A filter that leaves out files in which a column has only values less, or only values greater, than all keys."""
    found: BooleanExpression = AlwaysTrue()
    for name in keys.schema.names:
        ends = pc.min_max(keys[name])
        least, most = ends["min"].as_py(), ends["max"].as_py()
        if isinstance(least, str | int):
            found = And(found, GreaterThanOrEqual(term=name, value=least), LessThanOrEqual(term=name, value=most))
    return found


def _read(table: Table, tasks: Iterable[FileScanTask], columns: Iterable[str] | None = None) -> pa.Table:
    schema = table.schema() if columns is None else table.schema().select(*columns)
    return ArrowScan(table.metadata, table.io, schema, AlwaysTrue()).to_table(tasks)


def _others(rows: pa.Table, keys: pa.Table) -> pa.Array:
    """The numbers of the rows that have none of the keys, in order."""
    names = keys.schema.names
    numbered = rows.select(names).cast(keys.schema).append_column("row_number", pa.array(range(len(rows)), pa.int64()))
    left = numbered.join(keys, names, join_type="left anti")["row_number"]
    return left.combine_chunks().sort()


def summary_of(table: Table | None) -> Mapping[str, Any]:
    """The summary of a table's current snapshot; empty if there is no table or no snapshot."""
    snapshot = None if table is None else table.current_snapshot()
    return {} if snapshot is None or snapshot.summary is None else snapshot.summary
