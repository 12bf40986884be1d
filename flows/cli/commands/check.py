"""The command that checks everything that a run needs: check."""

from __future__ import annotations

import typer

from flows.cli.commands.stream import WarehouseUrl
from flows.cli.frame import AsJson, Verbose, command
from flows.cli.screen import Screen, safe

app = typer.Typer()
MARKS = {
    "ok": "[green]ok[/green]     ", "warning": "[yellow]warning[/yellow]", "failed": "[red]failed[/red] ",
    "untried": "[dim]untried[/dim]",
}


@app.command()
def check(warehouse: WarehouseUrl = None, as_json: AsJson = False, verbose: Verbose = False) -> None:
    """Check everything that a run needs, in about 15 seconds; print what is wrong and what to do.

    The command loads, sends and creates nothing. The exit code is 0 if no check failed, else that of the worst fault.
    """
    with command("check", verbose=verbose, warehouse=warehouse) as run:
        from flows.cli.checks import exit_code, run_checks

        findings = run_checks(run.settings)
        if as_json:
            run.screen.write_json([finding.as_json() for finding in findings])
        else:
            for finding in findings:
                run.screen.say(f"{MARKS[finding.state]} [bold]{safe(finding.check)}[/bold]: {safe(finding.says, 900)}")
                if finding.do:
                    _show_advice(run.screen, finding.do)
        if code := exit_code(findings):
            raise typer.Exit(code)


def _show_advice(screen: Screen, advice: str) -> None:
    screen.say(f"        [bold]What to do:[/bold] {safe(advice, 900)}")
