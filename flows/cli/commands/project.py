"""Commands for developers and deployment: schemas check, deploy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.frame import AsJson, Verbose, command
from flows.cli.screen import safe
from flows.faults import FOUND_WRONG

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
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Check that every schema version can read data of the earlier versions; exit with code 1 if one cannot."""
    with command("schemas-check", verbose=verbose, schemas_folder=own) as run:
        import schemas as contracts
        from schemas.checks import check_own_schemas, check_schemas

        checked = folder or Path(contracts.__file__).parent
        problems = check_schemas(checked)
        added = None if folder else run.settings.schemas_folder
        if added is not None:
            problems += check_own_schemas(added)
        if as_json:
            run.screen.write_json([{"file": str(getattr(p, "path", "")), "problem": str(p)} for p in problems])
        elif problems:
            for problem in problems:
                run.screen.say(f"[red]✗[/red] {safe(problem, 1_000)}")
        else:
            and_own = f" and {safe(added)}" if added is not None else ""
            run.screen.say(f"The contracts in {safe(checked)}{and_own} are valid and compatible.")
        if problems:
            raise typer.Exit(FOUND_WRONG)


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
