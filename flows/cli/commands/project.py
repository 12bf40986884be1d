"""Commands for developers and deployment: schemas check, deploy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.frame import AsJson, Verbose, command
from flows.cli.screen import Screen, safe
from flows.faults import FOUND_WRONG

if TYPE_CHECKING:
    from pipelines.schema_registry.comparison import Comparison
    from pipelines.settings import Settings
    from schemas.problems import Problem

app = typer.Typer()
schemas = typer.Typer(help="The Avro contracts.", no_args_is_help=True)


@schemas.command()
def check(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of schemas; by default Dateline's own.", exists=True, file_okay=False)
    ] = None,
    own: Annotated[
        Path | None, typer.Option(
            "--folder", help="Folder with your own versions of raw_article, instead of DATELINE_SCHEMAS_FOLDER. They "
            "are checked together with Dateline's.",
        ),
    ] = None,
    registry: Annotated[
        str | None, typer.Option(
            "--registry", metavar="URL", help="Schema registry to compare with, instead of DATELINE_REGISTRY__URL."
        ),
    ] = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Check that every schema version can read data of the earlier versions; exit with code 1 if one cannot.

    If a schema registry is named, also compare with it: the schemas of the topics, and the listed ids.
    """
    with command("schemas-check", verbose=verbose, schemas_folder=own) as run:
        import schemas as contracts
        from schemas.checks import check_own_schemas, check_schemas

        checked = folder or Path(contracts.__file__).parent
        problems = check_schemas(checked)
        added = None if folder else run.settings.schemas_folder
        if added is not None:
            problems += check_own_schemas(added)
        compared = None if problems else _compared(run.settings, registry)
        problems += compared.problems if compared else []
        if as_json:
            run.screen.write_json([{"file": str(getattr(p, "path", "")), "problem": str(p)} for p in problems])
        else:
            and_own = f" and {safe(added)}" if added is not None else ""
            fine = f"The contracts in {safe(checked)}{and_own} are valid and compatible."
            _show(run.screen, problems, compared, fine)
        if problems:
            raise typer.Exit(FOUND_WRONG)


def _show(screen: Screen, problems: list[Problem], compared: Comparison | None, fine: str) -> None:
    for note in compared.notes if compared else ():
        screen.say(safe(note, 1_000))
    for problem in problems:
        screen.say(f"[red]✗[/red] {safe(problem, 1_000)}")
    if not problems:
        screen.say(fine)


def _compared(settings: Settings, url: str | None) -> Comparison | None:
    """The comparison with the schema registry; None if none is named."""
    from flows.targets import with_registry
    from pipelines.schema_registry import known_schemas
    from pipelines.schema_registry.comparison import compare

    named = with_registry(settings, url)
    known = known_schemas(named.registry, named.home)
    return None if known is None else compare(named, known)


@app.command()
def deploy(
    work_pool: Annotated[
        str, typer.Option("--work-pool", help="Work pool for the flows; created with type process if missing.")
    ] = "dateline",
    reset: Annotated[
        bool, typer.Option("--reset", help="Undo changes that were made in Prefect: a pause, schedules, parameters.")
    ] = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Register the flows, and the schedule of ingest, on a running Prefect server."""
    with command("deploy", verbose=verbose) as run:
        from flows.targets import a_running_prefect_api

        with a_running_prefect_api(run.settings.home, verbose=run.verbose) as api_url:
            from flows.deploy import deploy_all

            deployed = deploy_all(run.settings, work_pool, reset=reset)
        if as_json:
            run.screen.write_json({
                "api": api_url,
                "work_pool": work_pool,
                "deployments": [each.name for each in deployed],
                "paused": [each.name for each in deployed if each.is_paused],
            })
            return
        for each in deployed:
            kept = _kept(each.is_new, each.is_paused)
            run.screen.say(f"Deployed [bold]{safe(each.name)}[/bold] on {safe(api_url)}.{kept}")
        here = f"PREFECT_API_URL={safe(api_url)} prefect"
        run.screen.say(f"Start a worker:  [cyan]{here} worker start --pool {safe(work_pool)}[/cyan]")
        run.screen.say(f"Run it now:      [cyan]{here} deployment run {safe(deployed[0].name)}[/cyan]")


def _kept(is_new: bool, is_paused: bool) -> str:
    if is_paused:
        return " It is still paused: resume it in Prefect, or deploy with --reset."
    return "" if is_new else " Its schedules and parameters in Prefect are unchanged; --reset resets them."
