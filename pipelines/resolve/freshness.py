"""Freshness: finds scrapers that used to send messages regularly and have stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from pipelines.phrases import counted
from pipelines.settings import DriftSettings

NEARLY_EVERY = 0.8
"""Share of the batches, from the first to the last recent one, in which a regular scraper has messages."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """A batch with messages of a scraper: the batch's number, and the time of the newest message."""

    number: int
    at: datetime


def find_stale_scrapers(
    appearances: Mapping[str, Sequence[Appearance]], newest: int, settings: DriftSettings
) -> dict[str, str]:
    """Stale scrapers, each with how long it has been stale, in words. ``newest`` is the number of the last batch.

    Time is that of the messages: while no scraper sends anything, or while a backlog is read, none is stale.
    """
    fewest = max(settings.fewest_past_batches, 2)
    known = {scraper: seen[-settings.recent_batches:] for scraper, seen in appearances.items() if len(seen) >= fewest}
    found: dict[str, str] = {}
    if not known:
        return found
    now = max(seen[-1].at for seen in appearances.values())
    for scraper, recent in known.items():
        if _is_stale(recent, newest, now, settings):
            missed, pause = counted(newest - recent[-1].number, 'batch', 'batches'), _in_words(now - recent[-1].at)
            found[scraper] = f"stale: not seen for {missed} and {pause}, usually at most {_usual(recent)}"
    return found


def _is_stale(recent: Sequence[Appearance], newest: int, now: datetime, settings: DriftSettings) -> bool:
    span = recent[-1].number - recent[0].number + 1
    missed = newest - recent[-1].number
    return (
        len(recent) / span >= NEARLY_EVERY
        and missed >= max(settings.stale_batches, settings.stale_factor * max(_misses(recent)))
        and now - recent[-1].at >= settings.stale_factor * max(_pauses(recent))
    )


def _misses(recent: Sequence[Appearance]) -> list[int]:
    return [later.number - earlier.number - 1 for earlier, later in pairwise(recent)]


def _pauses(recent: Sequence[Appearance]) -> list[timedelta]:
    return [later.at - earlier.at for earlier, later in pairwise(recent)]


def _usual(recent: Sequence[Appearance]) -> str:
    return f"{counted(max(_misses(recent)), 'batch', 'batches')} and {_in_words(max(_pauses(recent)))}"


def _in_words(pause: timedelta) -> str:
    """
    >>> _in_words(timedelta(minutes=95)), _in_words(timedelta(seconds=40)), _in_words(timedelta(days=3))
    ('1.6 hours', '1 minute', '3.0 days')
    """
    minutes = pause.total_seconds() / 60
    if minutes < 90:
        return counted(max(round(minutes), 0), "minute")
    return f"{minutes / 60:.1f} hours" if minutes < 48 * 60 else f"{minutes / 1440:.1f} days"
