"""Answers of the saved queries on the samples, stored as JSON files.

``python -m tests.warehouse.answers`` writes them anew: read the difference before you commit it.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipelines.warehouse import SavedQuery, Table, Warehouse, load_batch, saved_queries
from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.warehouse.sampled import LOADED_AT, sample_batch

FOLDER = Path(__file__).parent / "saved_answers"


def answer(warehouse: Warehouse, query: SavedQuery) -> Table:
    """The answer with the examples of the parameters that have to be given."""
    given = {p.name: p.example for p in query.parameters if p.default is None}
    return warehouse.query(query.sql, query.values(given))


def stored(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def plain(table: Table) -> dict[str, Any]:
    """An answer as JSON has it."""
    rows = [[v.isoformat() if isinstance(v, date) else v for v in row] for row in table.rows]
    return {"columns": list(table.columns), "rows": rows}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        warehouse = DuckDBWarehouse(Path(folder) / "news.duckdb", clock=lambda: LOADED_AT)
        warehouse.prepare()
        load_batch(warehouse, sample_batch(Path(folder)))
        for name, query in saved_queries().items():
            found = plain(answer(warehouse, query))
            rows = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in found["rows"])
            columns = json.dumps(found["columns"])
            (FOLDER / f"{name}.json").write_text(f'{{"columns": {columns}, "rows": [\n{rows}\n]}}\n', "utf-8")


if __name__ == "__main__":
    main()
