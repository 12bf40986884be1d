"""Commands on dead letters: list them, show one with its original, and replay them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.commands.stream import Wait, WarehouseUrl
from flows.cli.frame import AsJson, Verbose, command
from flows.cli.screen import Screen, safe, safe_lines
from flows.faults import NotFound
from pipelines.personal import mask_personal
from pipelines.phrases import counted

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.warehouse import StoredDeadLetter

app = typer.Typer(help="Dead letters: list them, show one, and replay them.", no_args_is_help=True)
SHOWN_BYTES = 2_000

Reason = Annotated[str | None, typer.Option("--reason", help="Only those with this reason, such as ConsentWall.")]
Scraper = Annotated[str | None, typer.Option("--scraper", help="Only those of this scraper.")]
Since = Annotated[
    datetime | None,
    typer.Option(
        "--since",
        help="Only those rejected since then (UTC): 2026-03-04 or 2026-03-04T09:30:00.",
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
    ),
]


@app.command("list")
def list_(  # noqa: PLR0913, PLR0917  the flags of the command, each an argument as typer has it
    reason: Reason = None,
    scraper: Scraper = None,
    since: Since = None,
    warehouse: WarehouseUrl = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """List dead letters by reason and fingerprint, each group with an example."""
    with command("rejected-list", verbose=verbose, warehouse=warehouse) as run:
        from flows.cli.scrapers import scraper_label
        from flows.dead_letters import chosen, groups_of

        groups = groups_of(run.settings, chosen(reason=reason, scraper=scraper, since=since))
        if as_json:
            run.screen.write_json(groups)
            return
        run.screen.table(
            "Dead letters",
            ("reason", "count", "what is wrong", "scrapers", "last", "example"),
            [
                (
                    g["reason"],
                    g["count"],
                    g["example"],
                    ", ".join(map(scraper_label, g["scrapers"])),
                    g["last_rejected_at"],
                    g["example_id"],
                )
                for g in groups
            ],
            empty="none",
        )
        if groups:
            run.screen.say(
                "Show one: [cyan]dateline rejected show ID[/cyan]. Replay after a fix: "
                "[cyan]dateline rejected replay --reason REASON[/cyan]."
            )


@app.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a dead letter, from `dateline rejected list`.")],
    raw: Annotated[bool, typer.Option("--raw", help="Write only the original bytes to standard output.")] = False,
    warehouse: WarehouseUrl = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Show a dead letter: what is wrong with it, its headers, its original. Personal data is masked, except in --raw
    and --json.
    """
    with command("rejected-show", verbose=verbose, warehouse=warehouse) as run:
        from flows.dead_letters import as_json as letter_as_json
        from flows.dead_letters import opened, original_of

        letter = opened(run.settings).dead_letter(letter_id)
        if letter is None:
            raise NotFound(f"There is no dead letter {letter_id}.\nWhat to do: `dateline rejected list` shows ids.")
        if raw:
            run.screen.write_bytes(original_of(run.settings, letter) or b"")
        elif as_json:
            run.screen.write_json(letter_as_json(run.settings, letter))
        else:
            from pipelines.stage import EncryptionKeyMissing

            try:
                original: bytes | str | None = original_of(run.settings, letter)
            except EncryptionKeyMissing as fault:
                original = str(fault)
            _show(run.screen, letter, original, run.settings.home)


def _show(screen: Screen, letter: StoredDeadLetter, original: bytes | str | None, home: Path) -> None:
    screen.say(f"[bold red]{safe(letter.reason)}[/bold red] in {safe(letter.step)}: {safe(letter.coordinates)}")
    for name in (
        "scraper",
        "message_at",
        "rejected_at",
        "attempts",
        "resolved_at",
        "processor",
        "fingerprint",
        "run_id",
    ):
        screen.say(f"  {name:12} {safe(getattr(letter, name))}")
    screen.say(f"  {'key':12} {safe(_readable(letter.key))}")
    for violation in letter.details:
        where = f"{safe(violation['field'])}: " if violation.get("field") else ""
        screen.say(f"  [yellow]•[/yellow] {where}{safe(violation['expectation'], 1_000)}")
        if violation.get("value"):
            screen.say(f"[dim]{safe_lines(mask_personal(violation['value']), 5_000)}[/dim]")
    screen.table(
        "Headers", ("name", "value"), [(name, _readable(value)) for name, value in letter.headers], empty="none"
    )
    lies = f", in {safe(home / letter.original_path)}" if letter.original_path else ""
    screen.say(f"[bold]Original[/bold] ({counted(letter.original_bytes, 'byte')}{lies})")
    shown = original if isinstance(original, str) else _readable(original, SHOWN_BYTES)
    screen.say(safe_lines(shown, SHOWN_BYTES) if shown else "  none")


def _readable(value: bytes | None, limit: int = 200) -> str:
    r"""Bytes as text if they are UTF-8, else with Python's escapes, and with personal data masked.

    >>> _readable(b"text/html"), _readable(b"\x00\xff")
    ('text/html', '\\x00\\xff')
    """
    if value is None:
        return ""
    try:
        text = value[:limit].decode("utf-8")
    except UnicodeDecodeError:
        text = repr(value[:limit])[2:-1]
    return mask_personal(text)


@app.command()
def replay(  # noqa: PLR0913, PLR0917  the flags of the command, each an argument as typer has it
    reason: Reason = None,
    scraper: Scraper = None,
    since: Since = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Load nothing, and show what a replay would do.")
    ] = False,
    wait: Wait = 10.0,
    warehouse: WarehouseUrl = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Process dead letters again after a fix, any number of times; nothing is loaded twice."""
    with command("rejected-replay", verbose=verbose, warehouse=warehouse) as run:
        from flows.cli.ingesting import replay_here, show_ingested

        if dry_run:
            from flows.cli.dry_run import as_json as dry_run_as_json
            from flows.cli.dry_run import dry_run_here, show_dry_run

            tried = dry_run_here(run, quiet=as_json, reason=reason, scraper=scraper, since=since)
            if as_json:
                run.screen.write_json(dry_run_as_json(tried))
            else:
                show_dry_run(run.screen, tried)
            return
        report = replay_here(run, quiet=as_json, reason=reason, scraper=scraper, since=since, wait_minutes=wait)
        if as_json:
            run.screen.write_json(report)
        elif not report["records"]:
            run.screen.say("No dead letters to replay.")
        else:
            show_ingested(run.screen, report)
