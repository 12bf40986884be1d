"""The command that takes articles down: it removes them from every store and keeps them out."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.commands.stream import Wait, WarehouseUrl
from flows.cli.frame import AsJson, Command, Verbose, command
from flows.faults import FOUND_WRONG, WrongUsage

if TYPE_CHECKING:
    from flows.searching import Found

app = typer.Typer()


@app.command()
def forget(  # noqa: PLR0913, PLR0917  its options
    url: Annotated[str | None, typer.Option("--url", help="Take down the article at this address.")] = None,
    outlet: Annotated[
        str | None,
        typer.Option("--outlet", metavar="DOMAIN", help="Take down all articles of an outlet, also later ones."),
    ] = None,
    article: Annotated[
        str | None, typer.Option("--article", metavar="ID", help="Take down the article with this article_id.")
    ] = None,
    person: Annotated[
        str | None, typer.Option("--person", metavar="NAME", help="Redact a person's name in the article of --in.")
    ] = None,
    within: Annotated[
        str | None, typer.Option("--in", metavar="ARTICLE", help="The article to redact: its article_id or URL.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the receipt.")] = "not given",
    requested_by: Annotated[str, typer.Option("--by", help="Who asked for it, for the receipt.")] = "not given",
    until: Annotated[
        datetime | None, typer.Option("--until", help="When it may be loaded again, in UTC. Without it: never.")
    ] = None,
    verify: Annotated[
        str | None,
        typer.Option(
            "--verify", metavar="PHRASE",
            help="Remove nothing; search every store and topic for a phrase of a removed text instead.",
        ),
    ] = None,
    warehouse: WarehouseUrl = None,
    wait: Wait = 10.0,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Remove an article or an outlet from every store, keep it out from now on, and leave a receipt.

    The text, its versions, names, dead letters, staged files, reports and copies are removed. What Kafka keeps is
    listed, with the time until which it does. With --person, the article stays and the name is redacted in it.
    """
    with command("forget", verbose=verbose, warehouse=warehouse) as run:
        if verify is not None:
            if any((url, outlet, article, person, within)):
                raise WrongUsage(
                    "--verify only searches, and removes nothing.\n"
                    "What to do: run `dateline forget` without --verify first, and then with --verify alone."
                )
            _verify(run, verify, as_json=as_json)
            return
        from pydantic import SecretStr

        from flows.cli.ingesting import forget_here

        report = forget_here(
            run, quiet=as_json, url=url, outlet=outlet, article=article,
            person=SecretStr(person) if person is not None else None, within=within, reason=reason,
            requested_by=requested_by, until=until, wait_minutes=wait,
        )
        if as_json:
            run.screen.write_json(report)
        else:
            _show(run, report)
        if report["found"]:
            raise typer.Exit(FOUND_WRONG)


def _verify(run: Command, phrase: str, *, as_json: bool) -> None:
    from dataclasses import asdict

    from flows.dead_letters import opened
    from flows.searching import need_phrase, search_stores, search_topics
    from flows.targets import with_broker

    phrase = need_phrase(phrase)
    settings = with_broker(run.settings)
    stores = list(search_stores(settings, opened(settings), phrase))
    topics = list(search_topics(settings, phrase))
    if as_json:
        run.screen.write_json({"found": [asdict(each) for each in stores], "kafka": [asdict(each) for each in topics]})
    else:
        _show_found(run, stores, topics)
    if stores:
        raise typer.Exit(FOUND_WRONG)


def _show_found(run: Command, stores: list[Found], topics: list[Found]) -> None:
    rows = [(each.store, each.place, each.count) for each in (*stores, *topics)]
    if rows:
        run.screen.table("Where the phrase is", ("store", "place", "times"), rows)
    if not stores:
        run.screen.say("The phrase is in no store of Dateline: warehouse, stage, reports, logs and copies.")
    if topics:
        run.screen.say("Kafka keeps messages with it until its retention removes them: see the takedown's receipt.")


def _show(run: Command, report: dict[str, Any]) -> None:
    from flows.cli.screen import safe
    from pipelines.phrases import counted

    receipt = report["receipt"]
    until = f" until {receipt['expires_at']:%Y-%m-%d %H:%M} UTC" if receipt["expires_at"] else ""
    if receipt["scope"] == "person":
        run.screen.say(
            f"Redacted the name in {counted(receipt['versions'], 'version')} of the article. It is redacted in later "
            f"texts of the article too{until}. Its URL was not changed."
        )
    else:
        what = f"the outlet {receipt['outlet_domain']}" if receipt["outlet_domain"] else "the article"
        run.screen.say(
            f"Removed {counted(receipt['articles'], 'article')} with {counted(receipt['versions'], 'version')}, and "
            f"what {counted(receipt['records'], 'record')} had left. From now on {safe(what)} is suppressed{until}."
        )
    rows = [(each["place"], each["until"] or "not known", each["advice"]) for each in receipt["remains"]]
    if rows:
        run.screen.table("What is left elsewhere", ("place", "until", "advice"), rows)
    if report["copies"]:
        run.screen.table(
            "Copies of the same stories, which stay", ("article", "outlet", "url"),
            [(each["article_id"], each["outlet_domain"], each["url"]) for each in report["copies"]],
        )
        run.screen.say("If the request covers them too, run the command for each of them.")
    if report["found"]:
        run.screen.table(
            "Still found", ("store", "place", "times"),
            [(each["store"], each["place"], each["count"]) for each in report["found"]],
        )
    elif report["is_searched"]:
        run.screen.say("A phrase of the removed text was searched for in every store and found in none.")
    run.screen.say(f"Receipt: {safe(receipt['file'], 1_000)}")
