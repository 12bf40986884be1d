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
_RULE = "fetched_at from 1995 to one day after Kafka's timestamp"
_UNITS = (("seconds", 1), ("milliseconds", 1_000), ("microseconds", 1_000_000), ("nanoseconds", 1_000_000_000))
_LATEST = 4_102_444_800_000  # the year 2100 in milliseconds, for topics whose records carry no timestamp
_LARGEST = 10**20  # past any time in nanoseconds, and far from where a float overflows
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FetchTime:
    at: datetime
    evidence: Evidence
    warnings: tuple[str, ...] = ()


def refuse_timestamp(timestamp: datetime, now: datetime) -> None:
    """Rejects (``ImplausibleTime``) a Kafka timestamp in another unit than milliseconds, or of a clock far ahead.

    Nothing may be ordered by it: what comes later would be taken for older, for years. Where there is no timestamp, as
    in topics of old producers, the fetch time alone orders.

    >>> refuse_timestamp(datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 4, 9, tzinfo=UTC))
    """
    if timestamp != _EPOCH and not EARLIEST <= timestamp <= now + _AHEAD:
        rule = "Kafka's timestamp from 1995 to one day after it is processed"
        raise ImplausibleTime(rule, field="timestamp", value=timestamp.isoformat())


def fetch_time(said: int | float | str | None, unit: str | None, timestamp: datetime, framing: str) -> FetchTime:
    """The time the producer said, or Kafka's timestamp when it said none.

    ``unit`` is the unit that a number must have by its schema; without one the unit follows from the size.
    Rejects (``ImplausibleTime``) a time more than a day ahead of Kafka's timestamp, or before 1995, or none at all.
    """
    kafka = Evidence("kafka timestamp", timestamp.isoformat())
    said = said.strip() if isinstance(said, str) else said
    if said is None or said in ("", 0):
        if timestamp < EARLIEST:
            raise ImplausibleTime("fetched_at, or a Kafka timestamp in its place", field="fetched_at", value=said)
        return FetchTime(timestamp, kafka, () if said != 0 else ("fetched_at: 0 is no time; Kafka's was taken",))
    number = _number(said)
    evidence = Evidence(framing, str(said)[:200])
    if number is not None:
        at, warnings = _from_number(number, unit, timestamp, said)
    else:
        found = _from_text(str(said))
        if found is None:
            return FetchTime(timestamp, kafka, (f"fetched_at: {str(said)[:40]!r} is no time; Kafka's was taken",))
        at, warnings = found, ()
    if at < EARLIEST or at - _clock(timestamp) > _AHEAD:
        raise ImplausibleTime(_RULE, field="fetched_at", value=said)
    if at - _clock(timestamp) > _DRIFT:
        warnings = (*warnings, f"fetched_at: {at - timestamp} ahead of Kafka's timestamp; the scraper's clock is off")
    return FetchTime(at, evidence, warnings)


def _clock(timestamp: datetime) -> datetime:
    """Kafka's timestamp as a bound; a topic without timestamps bounds nothing."""
    return timestamp if timestamp >= EARLIEST else datetime.max.replace(tzinfo=UTC) - 2 * _AHEAD


def _from_number(
    number: int | float, unit: str | None, timestamp: datetime, said: object
) -> tuple[datetime, tuple[str, ...]]:
    plausible = {}
    for name, scale in _UNITS:
        milliseconds = int(number * 1_000 // scale) if abs(number) < _LARGEST else 0
        at = _EPOCH + timedelta(milliseconds=milliseconds) if 0 < milliseconds < _LATEST else _EPOCH
        if at >= EARLIEST and at - _clock(timestamp) <= _AHEAD:
            plausible[name] = at
    if not plausible:
        raise ImplausibleTime(_RULE, field="fetched_at", value=said)
    if unit in plausible:
        return plausible[unit], ()
    name, at = next(iter(plausible.items()))
    return at, () if unit is None else (f"fetched_at: {name} where {unit} were promised; read as {at.isoformat()}",)


def _number(said: int | float | str) -> int | float | None:
    """The number, also one in digits; eight digits are a date (20260304), no seconds.

    >>> _number("1772616600"), _number("20260304")
    (1772616600, None)
    """
    if isinstance(said, str):
        digits, _, fraction = said.partition(".")
        if not (digits + fraction).isascii() or not (digits + fraction or "-").isdigit() or not 9 <= len(digits) <= 20:
            return None
        return float(said) if fraction else int(digits)
    return said if isinstance(said, int) or math.isfinite(said) else None


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
