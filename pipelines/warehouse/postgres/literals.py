"""Arrow values as PostgreSQL takes them: rows to copy, and arrays in text form."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

NUL, INSTEAD = "\0", "\ufffd"
_ESCAPES = (r"\u0000", r"\ud", r"\uD")  # in JSON: the characters that jsonb refuses


def storable(rows: pa.Table, types: Mapping[str, str]) -> pa.Table:
    """The rows, with U+FFFD in place of each NUL (U+0000), which no text of PostgreSQL can hold.

    ``types`` gives PostgreSQL's type of each column.
    """
    columns = []
    for name in rows.schema.names:
        column = rows.column(name)
        if pa.types.is_string(column.type):
            column = _without_nul(column)
            if types[name] == "jsonb":
                column = _storable_json(column)
        elif pa.types.is_list(column.type) and pa.types.is_string(column.type.value_type):
            column = _lists_without_nul(column)
        columns.append(column)
    return pa.table(columns, schema=rows.schema)


def _without_nul(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.replace_substring(column, NUL, INSTEAD) if _any(column, NUL) else column


def _lists_without_nul(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not _any(pc.list_flatten(column), NUL):
        return column
    lists = [None if each is None else [_text(text) for text in each] for each in column.to_pylist()]
    return pa.chunked_array([pa.array(lists, column.type)])


def _storable_json(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not any(_any(column, escape) for escape in _ESCAPES):
        return column
    texts = [None if text is None else _json(text) for text in column.to_pylist()]
    return pa.chunked_array([pa.array(texts, column.type)])


def _any(column: pa.ChunkedArray, part: str) -> bool:
    return bool(pc.any(pc.match_substring(column, part)).as_py())


def _json(text: str) -> str:
    r"""JSON without the characters that jsonb refuses: NUL, and halves of surrogate pairs.

    >>> _json(r'{"value": "a\u0000b\ud83d"}')
    '{"value": "a\ufffdb\ufffd"}'
    """
    return json.dumps(_plain(json.loads(text)), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return {_text(name): _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _text(text: str | None) -> str | None:
    return None if text is None else "".join(
        INSTEAD if char == NUL or "\ud800" <= char <= "\udfff" else char for char in text
    )


def to_copy(rows: pa.Table) -> Iterator[tuple[Any, ...]]:
    """The rows as Python values, batch by batch."""
    for batch in rows.to_batches(max_chunksize=10_000):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def array_literal(values: Iterable[Any]) -> str:
    r"""An array in PostgreSQL's text form. Lists inside are texts of such a form: they may differ in length.

    >>> array_literal(["pier", None, 'a "b" \\ c', 7, True, b"\x01\xff"])
    '{"pier",NULL,"a \\"b\\" \\\\ c",7,t,"\\\\x01ff"}'
    >>> array_literal([[1, 2], []])
    '{"{1,2}","{}"}'
    """
    return f"{{{','.join(map(_element, values))}}}"


def _element(value: Any) -> str:
    match value:
        case None | bool():
            return {None: "NULL", True: "t", False: "f"}[value]
        case int() | float():
            return repr(value)
        case bytes():
            return _quoted(f"\\x{value.hex()}")
        case datetime():
            return _quoted(value.isoformat())
    return _quoted(array_literal(value) if isinstance(value, list) else value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
