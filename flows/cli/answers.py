"""Shows the answer of a query: its first rows as a table, or all rows as CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, TYPE_CHECKING, Literal, cast

from flows.cli.screen import json_text, jsonable
from flows.dead_letters import opened
from flows.faults import AnswerTooLarge

if TYPE_CHECKING:
    from flows.cli.screen import Screen
    from pipelines.settings import Settings
    from pipelines.warehouse import Answer

SHOWN_ROWS = 1_000
CHUNK = 1 << 20


def show_answer(screen: Screen, settings: Settings, sql: str, form: Literal["table", "csv", "json"]) -> None:
    """Read the whole answer, release the warehouse for runs, and only then write the answer.

    Raises ``QueryStopped`` or ``AnswerTooLarge`` if the answer exceeds the limits in the settings.
    """
    warehouse, limits = opened(settings), settings.query
    if form == "table":
        with warehouse.answer(sql, within_s=limits.timeout_s) as answer:
            rows = list(islice(answer.rows, SHOWN_ROWS + 1))
        screen.table("", answer.columns, rows[:SHOWN_ROWS], empty="no rows")
        if len(rows) > SHOWN_ROWS:
            screen.note(f"Only the first {SHOWN_ROWS:,} rows are shown; --csv and --json write all of them.")
        return
    with tempfile.TemporaryFile(dir=settings.home) as file:
        with warehouse.answer(sql, within_s=limits.timeout_s) as answer:
            _keep(_csv(answer) if form == "csv" else _json(answer), file, limits.answer_bytes)
        file.seek(0)
        with io.TextIOWrapper(file, "utf-8", newline="") as text:
            while chunk := text.read(CHUNK):
                screen.out.file.write(chunk)
            screen.out.file.flush()


def _keep(pieces: Iterable[str], file: IO[bytes], most_bytes: int) -> None:
    size = 0
    for piece in pieces:
        size += file.write(piece.encode("utf-8", "replace"))
        if size > most_bytes:
            raise AnswerTooLarge(
                f"The answer is larger than {most_bytes:,} bytes. Nothing of it was written.\n"
                "What to do: narrow the query (a condition for every join, WHERE, LIMIT), or allow larger answers with "
                "DATELINE_QUERY__ANSWER_BYTES."
            )


def _json(answer: Answer) -> Iterator[str]:
    from pipelines.warehouse import distinct_names

    names, before = distinct_names(answer.columns), "[\n  "
    for row in answer.rows:  # one line for each row: Python writes indented JSON several times more slowly
        yield before + json_text(dict(zip(names, row, strict=True)))
        before = ",\n  "
    yield "[]\n" if before.startswith("[") else "\n]\n"


def _csv(answer: Answer) -> Iterator[str]:
    from pipelines.warehouse import distinct_names

    writer = csv.writer(cast("IO[str]", _Line()))
    yield writer.writerow(distinct_names(answer.columns))  # what ``_Line.write`` returns
    for row in answer.rows:
        yield writer.writerow([_csv_cell(value) for value in row])


class _Line:
    """Makes a CSV writer return the line that it would write."""

    def write(self, line: str) -> str:
        return line


def _csv_cell(value: object) -> object:
    """A value that CSV cannot represent, as text; nested values become JSON."""
    if isinstance(value, str | int | float) or value is None:
        return value
    shown = jsonable(value)
    return shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)
