"""Stores the changes of a batch beside it, for a warehouse that cannot make all of them in one transaction.

Such a warehouse stores them first, and a run that finds them later can finish what another run has begun. The tables
are Arrow files. The head, which names them, is written last: changes without a head were never stored.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from pipelines.resolve.changes import Changes, TableChange, Update
from pipelines.resolve.loaded import Loaded
from pipelines.stage import Folder

HEAD = "changes.json"


def write_changes(changes: Changes, folder: Folder) -> None:
    """Stores the changes in the folder of their batch; storing them again replaces them by the same."""
    tables = _Tables(folder)
    head = {
        "batch_id": changes.batch_id,
        "revision": changes.revision,
        "expected": [[*partition, offset] for partition, offset in changes.expected.items()],
        "tables": {name: tables.stored(name, change) for name, change in changes.tables.items()},
        "loaded": _written(changes.loaded),
    }
    folder.write(HEAD, json.dumps(head, indent=1).encode())


def read_changes(folder: Folder) -> Changes:
    """The changes that were stored in the folder; raises ``FileNotFoundError`` where there are none."""
    head = json.loads(folder.read(HEAD))
    return Changes(
        head["batch_id"], head["revision"],
        {(topic, partition): offset for topic, partition, offset in head["expected"]},
        {name: _change(change, lambda path: _read(folder, path)) for name, change in head["tables"].items()},
        _loaded(head["loaded"]),
    )


@dataclass(slots=True)
class _Tables:
    """Stores tables under ``changes/`` and gives their paths."""

    folder: Folder
    count: int = field(default=0)

    def stored(self, name: str, change: TableChange) -> dict[str, Any]:
        return {
            "removed": [self._write(name, rows) for rows in change.removed],
            "updated": [
                {"match": each.match, "columns": each.columns, "rows": self._write(name, each.rows)}
                for each in change.updated
            ],
            "added": None if change.added is None else self._write(name, change.added),
        }

    def _write(self, name: str, rows: pa.Table) -> str:
        path = f"changes/{self.count:03d}-{name}.arrow"
        self.count += 1
        with self.folder.writing(path) as file, pa.ipc.new_file(file, rows.schema) as writer:
            writer.write_table(rows)
        return path


def _read(folder: Folder, path: str) -> pa.Table:
    return pa.ipc.open_file(pa.BufferReader(folder.read(path))).read_all()


def _change(written: dict[str, Any], read: Callable[[str], pa.Table]) -> TableChange:
    return TableChange(
        tuple(read(path) for path in written["removed"]),
        tuple(Update(tuple(u["match"]), tuple(u["columns"]), read(u["rows"])) for u in written["updated"]),
        None if written["added"] is None else read(written["added"]),
    )


def _written(loaded: Loaded) -> dict[str, Any]:
    return {
        "batch_id": loaded.batch_id, "outcomes": loaded.outcomes, "reasons": loaded.reasons, "gaps": loaded.gaps,
        "offsets": [[*partition, offset] for partition, offset in loaded.offsets.items()],
        "was_loaded_before": loaded.was_loaded_before, "left_out": loaded.left_out, "removed": loaded.removed,
    }


def _loaded(written: dict[str, Any]) -> Loaded:
    counters = {name: Counter(written[name]) for name in ("outcomes", "reasons", "gaps")}
    offsets = {(topic, partition): offset for topic, partition, offset in written["offsets"]}
    return Loaded(**{**written, **counters, "offsets": offsets})
