"""What the command line asks the warehouse, by name: each a file in ``sql/questions``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.warehouse.interface import Table, Warehouse
from pipelines.warehouse.statements import statements


def ask(warehouse: Warehouse, question: str, parameters: Sequence[Any] = ()) -> Table:
    """The answer to ``sql/questions/<question>.sql``."""
    (sql,) = statements("questions", f"{question}.sql")
    return warehouse.query(sql, parameters)
