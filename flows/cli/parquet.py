"""Writes the answer of a query as a Parquet file, with a type for each column that all of its values have."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import batched
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from flows.cli.screen import jsonable

if TYPE_CHECKING:
    from pipelines.warehouse import Answer

ROWS = 10_000
"""Rows for which columns get their types at once."""
_MIXED = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError)


def write_parquet(answer: Answer, file: IO[bytes], most_bytes: int) -> bool:
    """Write the answer and return True; return False if it takes more than ``most_bytes`` in memory."""
    from pipelines.warehouse import distinct_names

    names, parts, size = distinct_names(answer.columns), [], 0
    for rows in batched(answer.rows, ROWS):
        part = _table(names, rows)
        size += part.nbytes
        if size > most_bytes:
            return False
        parts.append(part)
    pq.write_table(_joined(parts) if parts else _table(names, ()), file, compression="zstd")
    return True


def _table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    return pa.table({name: _column(list(values)) for name, values in zip(names, columns, strict=True)})


def _column(values: list[Any]) -> pa.Array:
    """The values as one Arrow type; as text if they have none in common, such as numbers above 64 bits.

    >>> _column([1, None]).type, _column([1 << 70, 1]).to_pylist()
    (DataType(int64), ['1180591620717411303424', '1'])
    """
    try:
        return pa.array(values)
    except _MIXED:
        return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(value: object) -> str:
    shown = jsonable(value)
    return shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)


def _joined(parts: Sequence[pa.Table]) -> pa.Table:
    try:
        return pa.concat_tables(parts, promote_options="permissive")
    except _MIXED:
        mixed = _disagreeing(parts)
        return pa.concat_tables([_of_texts(part, mixed) for part in parts], promote_options="permissive")


def _disagreeing(parts: Sequence[pa.Table]) -> set[str]:
    """Columns whose types in the parts have no type in common."""
    found = set()
    for name in parts[0].column_names:
        try:
            pa.unify_schemas([pa.schema([p.schema.field(name)]) for p in parts], promote_options="permissive")
        except _MIXED:
            found.add(name)
    return found


def _of_texts(part: pa.Table, columns: set[str]) -> pa.Table:
    for n, name in enumerate(part.column_names):
        if name in columns:
            texts = [None if value is None else _text(value) for value in part.column(n).to_pylist()]
            part = part.set_column(n, name, pa.array(texts, pa.string()))
    return part
