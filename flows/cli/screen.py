"""Output for a person: tables, text, and no control characters with which a hostile page could steer the terminal."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from functools import cache
from typing import TYPE_CHECKING, TextIO

from pipelines.secrets import redact, redact_all, redact_log

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

# C0 except tab and newline, DEL, C1, and characters that reverse or hide text
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def safe(value: object, limit: int = 200) -> str:
    r"""Text that is safe for a terminal: one line of limited length without control characters or markup.

    >>> safe("Pier\x1b[31m [bold]rebuilt[/bold]\nnow")
    'Pier\ufffd[31m \\[bold]rebuilt\\[/bold] now'
    """
    from rich.markup import escape

    return escape(plain(value, limit))


def plain(value: object, limit: int = 200) -> str:
    r"""Like ``safe``, but without escaping Rich's markup, for text that is printed unchanged.

    >>> plain("a\tb\x00c")
    'a b\ufffdc'
    >>> plain("abcdef", limit=4)
    'abc…'
    """
    if value is None:
        return ""
    text = value.isoformat(sep=" ", timespec="seconds") if isinstance(value, datetime) else str(value)
    text = redact(text)
    text = UNSAFE.sub("\ufffd", " ".join(text[: limit * 4].split("\n")).replace("\t", " "))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def plain_masked(value: object, limit: int = 200) -> str:
    """Like ``plain``, and with personal data masked, for text that is kept or sent on.

    >>> plain_masked("Write to ines@harbour.example", limit=15)
    'Write to [emai…'
    """
    return plain(redact_log(plain(value, 4 * limit)), limit)


STEERING = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")  # in JSON only inside strings

SCRAP = 16  # columns of text that are narrower are hard to read
SHORT = 32  # columns of ids, names of faults or times are not wrapped
PIPED_WIDTH = 140  # if there is no terminal


def safe_lines(value: str, limit: int = 200) -> str:
    r"""Like ``safe``, but keeps line breaks.

    >>> safe_lines("a\n\x1b[2Jb")
    'a\n\ufffd[2Jb'
    """
    return "\n".join(safe(line, limit) for line in redact(value)[:limit].splitlines())


class Screen:
    """Output of a command: ``out`` for its results, ``notes`` for progress and errors."""

    def __init__(self, out: TextIO | None = None, notes: TextIO | None = None) -> None:
        self._out, self._notes = out, notes

    @property
    def out(self) -> Console:
        return _console(self._out or sys.stdout)

    @property
    def notes(self) -> Console:
        return _console(self._notes or sys.stderr)

    def say(self, text: str = "") -> None:
        """Print a line of markup; text from outside has to go through ``safe`` first."""
        self.out.print(text, highlight=False, soft_wrap=True)

    def note(self, text: str) -> None:
        self.notes.print(text, highlight=False, soft_wrap=True)

    def write_json(self, value: object, *, indent: int | None = 2) -> None:
        """Write one JSON document for a script."""
        stream = self.out.file
        stream.write(json_text(value, indent=indent) + "\n")
        stream.flush()

    def write_bytes(self, value: bytes) -> None:
        """Write the bytes unchanged, with nothing before or after them."""
        stream = self.out.file
        stream.flush()
        raw = getattr(stream, "buffer", None)
        if raw is None:
            stream.write(value.decode("utf-8", "replace"))
        else:
            raw.write(value)
            raw.flush()

    def table(
        self,
        title: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        *,
        empty: str = "nothing",
        limit: int = 120,
    ) -> None:
        """Print a table whose cells may come from a page; numbers are aligned right.

        If the table is too wide for the screen, each row is printed as a block with one line for each column.
        """
        listed = [list(row) for row in rows]
        if title:
            self.say(f"[bold]{safe(title)}[/bold]" + ("" if listed else f": {safe(empty)}"))
        if listed:
            console = self.out
            shown = a_table(columns, listed, limit)
            if _least_width(columns, listed, limit) <= console.width:
                console.print(shown)
            else:
                _print_down(console, columns, listed, limit)
        elif not title:
            self.say(safe(empty))


def a_table(columns: Sequence[str], rows: Sequence[Sequence[object]], limit: int = 120) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    cells = [[_cell(value, limit) for value in row] for row in rows]
    for index, column in enumerate(columns):
        numeric = all(isinstance(row[index], int | float) or row[index] is None for row in rows)
        whole = all(len(row[index]) <= SHORT and (" " not in row[index] or row[index][:1].isdigit()) for row in cells)
        table.add_column(
            safe(column), justify="right" if numeric else "left", overflow="fold", no_wrap=whole,
            min_width=len(plain(column)),
        )
    for shown in cells:
        table.add_row(*shown)
    return table


def _least_width(columns: Sequence[str], rows: Sequence[Sequence[object]], limit: int) -> int:
    """Smallest width of a terminal at which no header is truncated and no text is wrapped too narrowly."""
    from rich.text import Text

    widths = []
    for index, column in enumerate(columns):
        cells = [Text.from_markup(_cell(row[index], limit)).cell_len for row in rows]
        widths.append(max(len(plain(column)), min(max(cells), SCRAP)))
    return sum(widths) + 3 * (len(widths) - 1) + 2  # box and padding


def _print_down(console: Console, columns: Sequence[str], rows: Sequence[Sequence[object]], limit: int) -> None:
    from rich.table import Table

    for number, row in enumerate(rows, start=1):
        console.print(f"[dim]row {number}[/dim]")
        block = Table(box=None, show_header=False, pad_edge=False)
        block.add_column(no_wrap=True, style="bold")
        block.add_column(overflow="fold")
        for column, value in zip(columns, row, strict=True):
            block.add_row(safe(column), _cell(value, limit))
        console.print(block)
        console.print()


def _cell(value: object, limit: int) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return safe(value, limit)


def json_text(value: object, *, indent: int | None = None) -> str:
    r"""JSON without secrets; characters that could steer a terminal are escaped.

    >>> json_text({"a": "\x9b2J"})
    '{"a": "\\u009b2J"}'
    """
    text = json.dumps(redact_all(jsonable(value)), indent=indent, ensure_ascii=False, allow_nan=False)
    return STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def jsonable(value: object) -> object:  # noqa: PLR0911  one return for each kind of value
    r"""A value for JSON: null for NaN and infinity, ISO 8601 for times, text for bytes if they are UTF-8, else hex.

    >>> jsonable({1: float("nan"), "at": {"b": b"\xff"}, "whole": 1 << 70})
    {'1': None, 'at': {'b': 'ff'}, 'whole': 1180591620717411303424}
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else _key(key): jsonable(each) for key, each in value.items()}
    if isinstance(value, set | frozenset | tuple | list):
        return [jsonable(each) for each in value]
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.hex()
    return str(value)


def _key(key: object) -> str:
    plain_key = jsonable(key)
    return plain_key if isinstance(plain_key, str) else json.dumps(plain_key)


@cache
def _console(stream: TextIO) -> Console:
    from rich.console import Console

    class PipedConsole(Console):
        """Raises ``BrokenPipeError`` when the reader has gone (`| head`); Rich itself would exit."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    console = PipedConsole(file=stream, soft_wrap=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    return console
