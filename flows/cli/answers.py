"""Writes the answer of a query to the screen or a file: its first rows as a table, or all rows in another form."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, cast

from flows.cli.screen import json_text, jsonable
from flows.dead_letters import opened
from flows.faults import AnswerTooLarge, WrongUsage

if TYPE_CHECKING:
    from flows.cli.screen import Screen
    from pipelines.settings import Settings
    from pipelines.warehouse import Answer, Parameters

SHOWN_ROWS = 1_000
CHUNK = 1 << 20


type Form = Literal["table", "csv", "json", "parquet"]


@dataclass(frozen=True, slots=True)
class Question:
    """A query with its parameters, and where its answer goes: to a file, or else to the screen."""

    sql: str
    parameters: Parameters = ()
    form: Form = "table"
    output: Path | None = None


def show_answer(screen: Screen, settings: Settings, question: Question) -> None:
    """Read the whole answer, release the warehouse for runs, and only then write the answer.

    Raises ``QueryStopped`` or ``AnswerTooLarge`` if the answer exceeds the limits in the settings.
    """
    if question.output is not None:
        with _replaced(question.output) as file:
            _write(screen, settings, question, file)
    elif question.form == "table":
        _show_table(screen, screen, settings, question)
    else:
        with tempfile.TemporaryFile(dir=settings.home) as file:
            _write(screen, settings, question, file)
            file.seek(0)
            with io.TextIOWrapper(file, "utf-8", newline="") as text:
                while chunk := text.read(CHUNK):
                    screen.out.file.write(chunk)
                screen.out.file.flush()


@contextmanager
def _replaced(output: Path) -> Iterator[IO[bytes]]:
    """A new file that takes the place of ``output`` if the block succeeds."""
    new = output.with_name(f".{output.name}.new")
    try:
        with new.open("wb") as file:
            yield file
        new.replace(output)
    except OSError as fault:
        raise WrongUsage(
            f"{output} cannot be written: {fault.strerror}.\n"
            "What to do: name a file in a folder that exists and that you may write to."
        ) from fault
    finally:
        new.unlink(missing_ok=True)


def _write(screen: Screen, settings: Settings, question: Question, file: IO[bytes]) -> None:
    if question.form == "table":
        text = io.StringIO()
        _show_table(type(screen)(out=text), screen, settings, question)
        file.write(text.getvalue().encode("utf-8", "replace"))
        return
    limits = settings.query
    with _answer(settings, question) as answer:
        if question.form == "parquet":
            from flows.cli.parquet import write_parquet

            if not write_parquet(answer, file, limits.answer_bytes):
                raise _too_large(limits.answer_bytes)
        else:
            _keep(_csv(answer) if question.form == "csv" else _json(answer), file, limits.answer_bytes)


def _answer(settings: Settings, question: Question) -> AbstractContextManager[Answer]:
    return opened(settings).answer(question.sql, question.parameters, settings.query.timeout_s)


def _show_table(into: Screen, notes: Screen, settings: Settings, question: Question) -> None:
    with _answer(settings, question) as answer:
        rows = list(islice(answer.rows, SHOWN_ROWS + 1))
    into.table("", answer.columns, rows[:SHOWN_ROWS], empty="no rows")
    if len(rows) > SHOWN_ROWS:
        notes.note(f"Only the first {SHOWN_ROWS:,} rows are shown; --csv and --json write all of them.")


def _too_large(most_bytes: int) -> AnswerTooLarge:
    return AnswerTooLarge(
        f"The answer is larger than {most_bytes:,} bytes. Nothing of it was written.\n"
        "What to do: narrow the query (a condition for every join, WHERE, LIMIT), or allow larger answers with "
        "DATELINE_QUERY__ANSWER_BYTES."
    )


def _keep(pieces: Iterable[str], file: IO[bytes], most_bytes: int) -> None:
    size = 0
    for piece in pieces:
        size += file.write(piece.encode("utf-8", "replace"))
        if size > most_bytes:
            raise _too_large(most_bytes)


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
