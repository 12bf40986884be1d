"""Tells which sources have stopped coming: nothing of theirs can be held, but a person should know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from pipelines.phrases import counted
from pipelines.settings import BreakerSettings

NEARLY_EVERY = 0.8
"""Share of the batches that a source came in, from the first of its recent ones to its last."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """A batch that a source came in: the batch's number among all, and the time of the source's newest record."""

    number: int
    at: datetime


def find_silences(
    appearances: Mapping[str, Sequence[Appearance]], newest: int, settings: BreakerSettings
) -> dict[str, str]:
    """Sources that have stopped coming, each with that in words. ``newest`` is the number of the last batch.

    Time goes by the records' own: while the whole stream rests, or is caught up with, nobody is silent.
    """
    fewest = max(settings.fewest_past_batches, 2)
    known = {source: seen[-settings.recent_batches:] for source, seen in appearances.items() if len(seen) >= fewest}
    told: dict[str, str] = {}
    if not known:
        return told
    now = max(seen[-1].at for seen in appearances.values())
    for source, recent in known.items():
        if _is_silent(recent, newest, now, settings):
            missed, pause = counted(newest - recent[-1].number, 'batch', 'batches'), _in_words(now - recent[-1].at)
            told[source] = f"silent for {missed} and {pause}, usually at most {_usual(recent)}"
    return told


def _is_silent(recent: Sequence[Appearance], newest: int, now: datetime, settings: BreakerSettings) -> bool:
    span = recent[-1].number - recent[0].number + 1
    missed = newest - recent[-1].number
    return (
        len(recent) / span >= NEARLY_EVERY
        and missed >= max(settings.silent_batches, settings.silence_factor * max(_misses(recent)))
        and now - recent[-1].at >= settings.silence_factor * max(_pauses(recent))
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
