"""Removes the lines of log files that show what a takedown removed.

Logs name addresses, and tracebacks and faults quote pages. What to look for is known only before the texts are removed,
so a takedown whose run was killed is finished without it, and its receipt says so.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from flows.remains import Remains
from flows.rotation import FOLDERS
from flows.searching import is_in_file

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.resolve.redaction import RedactedName
    from pipelines.resolve.takedowns import Takedown
    from pipelines.settings import Settings
    from pipelines.warehouse import Warehouse

LOG = logging.getLogger("dateline")
REMOVED = b"[a line that a takedown removed]\n"
FEWEST_CHARACTERS = 12
"""A shorter piece of a text would be found in lines that have nothing to do with it."""
MOST_CHARACTERS = 40
"""A log quotes the beginning of a long line."""


@dataclass(frozen=True)
class Traces:
    """What a log line is recognised by: a piece of a removed text, an address, or a redacted name."""

    pieces: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    name: RedactedName | None = None

    def are_in(self, line: str) -> bool:
        return (
            any(piece in line for piece in self.pieces)
            or (self._address is not None and self._address.search(line) is not None)
            or (self.name is not None and bool(self.name.spans(line)))
        )

    @cached_property
    def _address(self) -> re.Pattern[str] | None:
        """One of the addresses or domains, and not the beginning or the end of a longer one."""
        pages = {each for each in self.addresses if "://" in each}  # of a domain, the addresses of all pages
        known = "|".join([*(re.escape(each) + r"(?!/\w)" for each in pages), *map(re.escape, self.addresses - pages)])
        return re.compile(rf"(?<![\w-])(?:{known})(?![\w-]|\.\w)") if known else None


def traces_of(
    warehouse: Warehouse, takedown: Takedown, article_ids: tuple[str, ...], name: RedactedName | None
) -> Traces:
    """The traces of a takedown, before it removes anything. Of an outlet, it is the domain."""
    from pipelines.warehouse.questions import ask

    if name is not None:
        return Traces(name=name)
    pieces, addresses = set[str](), {takedown.outlet_domain} if takedown.outlet_domain else set[str]()
    for article_id in article_ids:
        for title, body, url in ask(warehouse, "traces_of_article", (article_id,)).rows:
            lines = [line.strip()[:MOST_CHARACTERS] for line in (title, *body.splitlines())]
            pieces |= {line for line in lines if len(line) >= FEWEST_CHARACTERS}
            addresses |= {url} if url else set()
    return Traces(frozenset(pieces), frozenset(addresses))


def clean_logs(settings: Settings, takedown: Takedown, traces: Traces | None) -> tuple[Remains, ...]:
    """Remove the lines of logs under the home folder that show a trace; what is left of them.

    Who writes to a file goes on doing so, since all of them append; lines that are written meanwhile may be lost.
    """
    if traces is None:
        advice = (
            "The run that began the takedown was stopped, and what to look for in logs was known to it alone. Search "
            "them with `dateline forget --verify PHRASE`, and delete the files that it names."
        )
        place = f"Logs under {settings.home} from before {takedown.requested_at:%Y-%m-%d %H:%M} UTC"
        return (Remains(place, None, advice),)
    left = []
    for path in _logs(settings):
        try:
            with FileLock(settings.home / "logs" / "rotation.lock", timeout=10):
                _clean(path, traces)
        except (OSError, Timeout) as fault:
            LOG.warning("%s was not cleaned: %s", path, fault)
            left.append(Remains(f"Log {path}", None, "It could not be written: delete it."))
    for path in (settings.home / "prefect").glob("*.db*"):
        # a name is known by digests alone, which no file can be searched for
        if traces.name is not None or any(is_in_file(path, each.encode()) for each in traces.pieces | traces.addresses):
            advice = "It is Prefect's own database. Delete the flow runs that quote what was removed in Prefect."
            left.append(Remains(f"Flow runs, their parameters and logs in {path}", None, advice))
    return tuple(left)


def _logs(settings: Settings) -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted(path for path in (settings.home / folder).glob("*.log*") if path.is_file())


def _clean(path: Path, traces: Traces) -> None:
    with path.open("r+b") as file:
        lines = file.readlines()
        kept = [REMOVED if traces.are_in(line.decode("utf-8", "replace")) else line for line in lines]
        if kept != lines:
            file.seek(0)
            file.writelines(kept)
            file.truncate()
