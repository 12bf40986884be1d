"""Writes Arrow values in PostgreSQL's text formats: rows for ``COPY``, and array literals."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

COPIED_AT_ONCE_BYTES = 64_000_000
NUL, INSTEAD = "\0", "\ufffd"
_ESCAPES = (r"\u0000", r"\ud", r"\uD")  # JSON escapes of characters that jsonb refuses


def storable(rows: pa.Table, types: Mapping[str, str]) -> pa.Table:
    """The rows with U+FFFD instead of each NUL (U+0000), which PostgreSQL cannot store in text.

    ``types`` maps each column to its PostgreSQL type.
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
    r"""JSON with U+FFFD instead of characters that jsonb refuses: NUL and unpaired surrogates.

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


def to_copy(rows: pa.Table) -> Iterator[memoryview]:
    r"""The rows in the text format of ``COPY``.

    CSV is not used: before PostgreSQL 18 it is read wrongly if a line of a text is ``\.``.

    >>> rows = pa.table({"id": [1, 2], "text": ["a\tb\\", None], "names": [["pier"], []]})
    >>> print(b"".join(to_copy(rows)).decode().replace("\t", " | "), end="")
    1 | a\tb\\ | {"pier"}
    2 | \N | {}
    """
    for piece in _pieces(rows):
        fields = [_escaped(as_text(column)) for column in piece.columns]
        line = pc.binary_join_element_wise(*fields, "\t", null_handling="replace", null_replacement="\\N")
        lines = pc.binary_join_element_wise(line, "\n", "")
        _, offsets, written = lines.buffers()
        ends = np.frombuffer(offsets, np.int32)[lines.offset : lines.offset + len(lines) + 1]
        yield memoryview(written)[int(ends[0]) : int(ends[-1])]


def _pieces(rows: pa.Table) -> Iterator[pa.Table]:
    """The rows in pieces whose text fits into an Arrow array, which holds 2 GB at most."""
    if rows.num_rows > 1 and rows.nbytes > COPIED_AT_ONCE_BYTES:
        half = rows.num_rows // 2
        yield from _pieces(rows.slice(0, half))
        yield from _pieces(rows.slice(half))
    elif rows.num_rows:
        yield rows


def _escaped(texts: pa.Array) -> pa.Array:
    for sign, written in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        texts = pc.replace_substring(texts, sign, written)
    return texts


def as_text(column: pa.ChunkedArray) -> pa.Array:
    r"""Each value in PostgreSQL's text format.

    >>> as_text(pa.chunked_array([pa.array([["pier", 'a "b" \\ c', None], [], None])])).to_pylist()
    ['{"pier","a \\"b\\" \\\\ c",NULL}', '{}', None]
    >>> as_text(pa.chunked_array([pa.array([b"\x01\xff"])])).to_pylist()
    ['\\x01ff']
    """
    values = column.combine_chunks()
    if pa.types.is_string(values.type):
        return values
    if pa.types.is_binary(values.type):
        return pa.array([None if each is None else f"\\x{each.hex()}" for each in values.to_pylist()], pa.string())
    if pa.types.is_list(values.type):
        elements = _quoted(as_text(pa.chunked_array([values.flatten()])))
        lengths = pc.fill_null(values.value_lengths(), 0).to_numpy()
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
        joined = pc.binary_join(pa.ListArray.from_arrays(offsets, elements), ",")
        written = pc.binary_join_element_wise("{", joined, "}", "")
        return pc.if_else(values.is_valid(), written, None)
    return values.cast(pa.string())


def array_literal(column: pa.ChunkedArray) -> str:
    r"""A column as an array in PostgreSQL's text format. Lists in it become texts in this format: lengths may differ.

    >>> array_literal(pa.chunked_array([pa.array(["pier", None, 'a "b" \\ c'])]))
    '{"pier",NULL,"a \\"b\\" \\\\ c"}'
    >>> array_literal(pa.chunked_array([pa.array([[1, 2], []])]))
    '{"{\\"1\\",\\"2\\"}","{}"}'
    """
    return f"{{{','.join(_quoted(as_text(column)).to_pylist())}}}"


def _quoted(texts: pa.Array) -> pa.Array:
    escaped = pc.replace_substring(pc.replace_substring(texts, "\\", "\\\\"), '"', '\\"')
    return pc.fill_null(pc.binary_join_element_wise('"', escaped, '"', ""), "NULL")
