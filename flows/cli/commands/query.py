"""``dateline query``: any SQL that only reads, or a saved query by its name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flows.cli.commands.stream import WarehouseUrl
from flows.cli.frame import AsJson, Verbose, command
from flows.cli.screen import safe
from flows.faults import WrongUsage

if TYPE_CHECKING:
    from flows.cli.answers import Form, Question
    from flows.cli.screen import Screen

ASK = "give one SELECT, or none to list the marts, each with an example query."
SUFFIXES: dict[str, Form] = {".csv": "csv", ".json": "json", ".parquet": "parquet", ".txt": "table"}
"""Form of an answer by the name of its file, if no form is given."""

app = typer.Typer()


@app.command()
def query(  # noqa: PLR0913, PLR0917  the flags of the command, each an argument as typer has it
    sql: Annotated[
        str | None,
        typer.Argument(
            help="One SELECT, or with --saved the name of a saved query; if left out, the marts or the saved queries "
            "are listed."
        ),
    ] = None,
    saved: Annotated[bool, typer.Option("--saved", help="Run a saved query by its name, or list them.")] = False,
    param: Annotated[
        list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="Parameter of a saved query; repeatable.")
    ] = None,
    form: Annotated[
        Literal["table", "csv", "json", "parquet"] | None,
        typer.Option("--format", help="Form of the answer; by default a table, or what --output ends in."),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Write CSV with a header line; as --format csv.")] = False,
    output: Annotated[Path | None, typer.Option("--output", help="File for the answer, instead of the screen.")] = None,
    warehouse: WarehouseUrl = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Run a read-only SQL query on the warehouse. A table shows the first 1,000 rows; other forms have all of them."""
    with command("query", verbose=verbose, warehouse=warehouse) as run:
        from flows.cli.answers import show_answer

        chosen = _form(form, as_csv=as_csv, as_json=as_json, output=output)
        if sql is None:
            (_list_saved if saved else _list_marts)(run.screen, as_json=chosen == "json")
            return
        if not sql.strip():
            raise WrongUsage(f"The query is empty.\nWhat to do: {ASK}")
        show_answer(run.screen, run.settings, _question(sql, param or [], chosen, output, saved=saved))


def _form(form: Form | None, *, as_csv: bool, as_json: bool, output: Path | None) -> Form:
    named = {name for name in (form, "csv" if as_csv else None, "json" if as_json else None) if name is not None}
    if len(named) > 1:
        raise WrongUsage(f"The answer cannot be {' and '.join(sorted(named))} at once.\nWhat to do: name one of them.")
    by_name = None if output is None else SUFFIXES.get(output.suffix.lower())
    if output is not None and not named and by_name is None:
        raise WrongUsage(
            f"{output} does not show by its name which form the answer should have.\n"
            f"What to do: give --format, or a name that ends in one of {', '.join(SUFFIXES)}."
        )
    chosen: Form = next(iter(named), by_name or "table")
    if chosen == "parquet" and output is None:
        raise WrongUsage("Parquet is binary, and is not written to a screen.\nWhat to do: name a file with --output.")
    return chosen


def _question(sql: str, given: list[str], form: Form, output: Path | None, *, saved: bool) -> Question:
    from flows.cli.answers import Question
    from pipelines.warehouse import saved_queries

    if not saved:
        if given:
            raise WrongUsage("--param is for saved queries.\nWhat to do: leave it out, or name one with --saved.")
        return Question(sql, (), form, output)
    if (found := saved_queries().get(sql)) is None:
        raise WrongUsage(
            f"There is no saved query {sql}.\nWhat to do: `dateline query --saved` lists them with their questions."
        )
    values = {}
    for each in given:
        name, separator, value = each.partition("=")
        if not separator:
            raise WrongUsage(f"--param {each} has no value.\nWhat to do: write it as --param NAME=VALUE.")
        values[name.strip()] = value
    return Question(found.sql, found.values(values), form, output)


def _list_marts(screen: Screen, *, as_json: bool) -> None:
    from pipelines.warehouse import mart_examples

    marts = mart_examples()
    if as_json:
        screen.write_json([{"mart": mart.name, "comment": mart.comment, "query": mart.query} for mart in marts])
        return
    for mart in marts:
        screen.say(f"[bold]marts.{safe(mart.name)}[/bold]  {safe(mart.comment, 400)}")
        screen.say(f'  [cyan]dateline query "{safe(mart.query, 2_000)}"[/cyan]\n')


def _list_saved(screen: Screen, *, as_json: bool) -> None:
    from dataclasses import asdict

    from pipelines.warehouse import saved_queries

    if as_json:
        screen.write_json([asdict(found) for found in saved_queries().values()])
        return
    for found in saved_queries().values():
        screen.say(f"[bold]{safe(found.name)}[/bold]  {safe(found.question)}")
        screen.say(f"  [cyan]{safe(found.command)}[/cyan]\n")
