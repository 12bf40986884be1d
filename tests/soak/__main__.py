"""``python -m tests.soak --kills 200``: ends on one line, and with 1 unless nothing was lost and nothing doubled."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from flows.local.kafka import LocalKafka
from flows.local.postgres import UNSAFE_AND_FAST, LocalPostgres
from flows.local.prefect import LocalPrefect, api_url
from tests.integration.running import close_warm
from tests.soak.killing import Found, Place, soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None, help="one that was printed, to draw the same moments again")
    parser.add_argument(
        "--warehouse", choices=("duckdb", "postgres"), default="duckdb", help="what the killed runs load into"
    )
    shown = parser.parse_args()
    seed = shown.seed if shown.seed is not None else secrets.randbelow(1_000_000)
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background job starts with SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    try:
        found = run(shown.kills, seed, shown.warehouse)
    except KeyboardInterrupt:
        print(f"stopped · seed {seed}", file=sys.stderr)
        return 130
    for problem in found.problems:
        print(problem, file=sys.stderr)
    print(found)
    return 0 if found.is_well else 1


def run(kills: int, seed: int, warehouse: str) -> Found:
    """A soak with servers of its own, of which nothing is left."""
    notes = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(bar_width=28), MofNCompleteColumn(), TimeElapsedColumn()
    with (
        tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as folder,
        Progress(*columns, console=notes) as bar,
    ):
        task = bar.add_task("starting the servers", total=kills)
        os.environ["TMPDIR"] = folder  # what killed runs leave there goes with it
        home = Path(folder)
        with (
            LocalKafka(home / "kafka").for_now() as kafka,
            LocalPrefect(home / "prefect").for_now() as prefect,
            _database(warehouse, home / "postgres") as url,
        ):

            def notify(what: str, done: int) -> None:
                bar.update(task, description=what, completed=done)
                if not notes.is_terminal and done % 20 == 0:
                    notes.print(f"{done} of {kills}: {what}", highlight=False)

            try:
                found = soak(Place(home, kafka.address, api_url(prefect), url), kills, seed, notify)
            finally:
                close_warm()
        bar.update(task, description="all runs", completed=found.kills)
        notes.print(
            f"killed in {dict(found.killed_in)}; {found.ended_before} runs ended before their moment; "
            f"{found.letters_again} dead letters were sent again",
            highlight=False,
        )
    return found


@contextmanager
def _database(warehouse: str, home: Path) -> Iterator[str | None]:
    """The address of an empty database of a PostgreSQL of its own; None where the warehouse is a file."""
    if warehouse != "postgres":
        yield None
        return
    server = LocalPostgres(home, overrides=UNSAFE_AND_FAST)
    with server.for_now() as running:
        yield server.url(running)


if __name__ == "__main__":
    sys.exit(main())
