"""The fixed queries of the command line, each an SQL file, and the marts with an example query each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipelines.warehouse.connection import Parameters
from pipelines.warehouse.interface import Table, Warehouse
from pipelines.warehouse.statements import files, statements, text

_EXAMPLE = re.compile(r"^-- Example: (.+)$", re.MULTILINE)
_COMMENT = re.compile(r"COMMENT ON VIEW marts\.(\w+) IS '((?:[^']|'')*)'")


@dataclass(frozen=True, slots=True)
class Mart:
    """A view for BI tools: its name in the schema ``marts``, its comment, and an example query."""

    name: str
    comment: str
    query: str


def ask(warehouse: Warehouse, question: str, parameters: Parameters = ()) -> Table:
    """The result of the query in ``sql/questions/<question>.sql``."""
    (statement,) = statements("questions", f"{question}.sql")
    return warehouse.query(statement, parameters)


def mart_examples() -> tuple[Mart, ...]:
    """The marts, in the order of their files."""
    marts = []
    for name in files("marts"):
        written = text("marts", name)
        view, example = _COMMENT.search(written), _EXAMPLE.search(written)
        if view and example:
            marts.append(Mart(view[1], view[2].replace("''", "'"), example[1]))
    return tuple(marts)
