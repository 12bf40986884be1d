"""When the page was fetched: read from what the producer said, checked against Kafka's clock, never invented."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from pipelines.failures import ImplausibleTime
from pipelines.records import Evidence

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)  # news on the web is not older; a smaller number has another unit
_AHEAD = timedelta(days=1)  # a wrong time zone is at most 14 hours; past a day it is no clock that drifts
_DRIFT = timedelta(minutes=5)  # what clocks of well-kept machines may differ by, with room
_UNITS = (("seconds", 1e0), ("milliseconds", 1e3), ("microseconds", 1e6), ("nanoseconds", 1e9))


@dataclass(frozen=True, slots=True)
class FetchTime:
    at: datetime
    evidence: Evidence
    warnings: tuple[str, ...] = ()


def fetch_time(said: int | float | str | None, unit: str | None, timestamp: datetime, framing: str) -> FetchTime:
    """The time the producer said, or Kafka's timestamp when it said none.

    ``unit`` is the unit that a number must have by its schema; without one the unit is told by the size.
    Rejects (``ImplausibleTime``) a time more than a day ahead of Kafka's timestamp, or before 1995.
    """
    kafka = Evidence("kafka timestamp", timestamp.isoformat())
    said = said.strip() if isinstance(said, str) else said
    if said is None or said in ("", 0):
        return FetchTime(timestamp, kafka, () if said != 0 else ("fetched_at: 0 stands for no time; Kafka's was taken",))
    number = _number(said)
    evidence = Evidence(framing, str(said)[:200])
    if number is not None:
        at, warnings = _from_number(number, unit, timestamp, said)
    else:
        told = _from_text(str(said))
        if told is None:
            return FetchTime(timestamp, kafka, (f"fetched_at: {str(said)[:40]!r} is no time; Kafka's was taken",))
        at, warnings = told, ()
    if at < EARLIEST or at - _clock(timestamp) > _AHEAD:
        raise ImplausibleTime("fetched_at from 1995 to one day after Kafka's timestamp", field="fetched_at", value=said)
    if at - _clock(timestamp) > _DRIFT:
        warnings = (*warnings, f"fetched_at: ahead of Kafka's timestamp by {at - timestamp}; the scraper's clock is off")
    return FetchTime(at, evidence, warnings)


def _clock(timestamp: datetime) -> datetime:
    """Kafka's timestamp as a bound; a topic without timestamps bounds nothing."""
    return timestamp if timestamp >= EARLIEST else datetime.max.replace(tzinfo=UTC) - 2 * _AHEAD


def _from_number(number: float, unit: str | None, timestamp: datetime, said: object) -> tuple[datetime, tuple[str, ...]]:
    plausible = {}
    for name, scale in _UNITS:
        seconds = number / scale
        if EARLIEST.timestamp() <= seconds <= min((_clock(timestamp) + _AHEAD).timestamp(), 4_102_444_800):  # 2100
            plausible[name] = datetime.fromtimestamp(math.floor(seconds * 1000) / 1000, UTC)
    if not plausible:
        raise ImplausibleTime(
            "fetched_at from 1995 to one day after Kafka's timestamp, in any unit", field="fetched_at", value=said
        )
    if unit in plausible:
        return plausible[unit], ()
    name, at = next(iter(plausible.items()))
    return at, () if unit is None else (f"fetched_at: {name} where {unit} were promised; read as {at.isoformat()}",)


def _number(said: int | float | str) -> float | None:
    try:
        number = float(said)
    except (ValueError, OverflowError):
        return None
    digits = str(said).lstrip("+-").split(".")[0]
    if isinstance(said, str) and (len(digits) < 9 or not digits.isdigit()):  # 20260304 is a date, no number of seconds
        return None
    return number if math.isfinite(number) else None


def _from_text(said: str) -> datetime | None:
    """A time in ISO 8601 or as HTTP writes it; one without a zone is UTC.

    >>> _from_text("2026-03-04T10:30:00+01:00").isoformat()
    '2026-03-04T09:30:00+00:00'
    >>> _from_text("Wed, 04 Mar 2026 09:30:00 GMT").isoformat()
    '2026-03-04T09:30:00+00:00'
    >>> _from_text("last Tuesday")
    """
    said = said[:100]
    try:
        at = datetime.fromisoformat(said.removesuffix(" UTC"))
    except ValueError:
        try:
            at = parsedate_to_datetime(said)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    try:
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
