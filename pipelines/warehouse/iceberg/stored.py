"""Changes of rows as they are stored before any table is committed, so that another process can finish the commit."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from pyiceberg.io import FileIO

_ABOUT = "about.json"
_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd")


@dataclass(frozen=True, slots=True)
class RowChange:
    """Rows with one of the keys ``removed`` are removed from a table, then ``rows`` are added; None for no rows."""

    removed: pa.Table | None = None
    rows: pa.Table | None = None


@dataclass(frozen=True, slots=True)
class StoredChanges:
    """The changes of one commit by table. ``batch_id`` is empty for a commit that loads no batch."""

    commit_id: str
    batch_id: str
    tables: Mapping[str, RowChange]


def store(files: FileIO, path: str, changes: StoredChanges) -> None:
    """Writes the changes to one file."""
    buffer = io.BytesIO()
    about = {"commit_id": changes.commit_id, "batch_id": changes.batch_id, "tables": list(changes.tables)}
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(_ABOUT, json.dumps(about))
        for name, change in changes.tables.items():
            for part, rows in (("removed", change.removed), ("rows", change.rows)):
                if rows is not None:
                    archive.writestr(f"{name}/{part}.arrow", _to_bytes(rows))
    with files.new_output(path).create() as file:
        file.write(buffer.getvalue())


def read(files: FileIO, path: str) -> StoredChanges:
    """The changes in a file. Raises ``FileNotFoundError`` if there is none."""
    with files.new_input(path).open() as file:
        content = file.read()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        about, members = json.loads(archive.read(_ABOUT)), set(archive.namelist())

        def part(name: str) -> pa.Table | None:
            return pa.ipc.open_stream(archive.read(name)).read_all() if name in members else None

        tables = {
            name: RowChange(part(f"{name}/removed.arrow"), part(f"{name}/rows.arrow")) for name in about["tables"]
        }
    return StoredChanges(about["commit_id"], about["batch_id"], tables)


def _to_bytes(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=_OPTIONS) as writer:
        writer.write_table(rows)
    return bytes(sink.getvalue())
