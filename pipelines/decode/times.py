"""The time when the page was fetched: declared by the producer, checked against Kafka's timestamp, never made up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from pipelines.failures import ImplausibleTime
from pipelines.records import Evidence

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)  # news on the web is not older; a smaller number is in another unit
_AHEAD = timedelta(days=1)  # a wrong time zone is off by at most 14 hours; more than a day is not clock drift
_DRIFT = timedelta(minutes=5)  # more than the clocks of well-kept machines differ by
_RULE = "fetched_at from 1995 to one day after Kafka's timestamp"
_UNITS = (("seconds", 1), ("milliseconds", 1_000), ("microseconds", 1_000_000), ("nanoseconds", 1_000_000_000))
_LATEST = 4_102_444_800_000  # the year 2100 in milliseconds, for topics whose messages carry no timestamp
_LARGEST = 10**20  # larger than any time in nanoseconds, and far too small to overflow a float
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FetchTime:
    at: datetime
    evidence: Evidence
    warnings: tuple[str, ...] = ()


def refuse_timestamp(timestamp: datetime, now: datetime) -> None:
    """Rejects (``ImplausibleTime``) a Kafka timestamp in a unit other than milliseconds, or from a clock far ahead.

    Versions are ordered by this timestamp: after one in the far future, every later message would count as older for
    years. A message without a timestamp (topics of old producers) passes; its fetch time alone orders it.

    >>> refuse_timestamp(datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 4, 9, tzinfo=UTC))
    """
    if timestamp != _EPOCH and not EARLIEST <= timestamp <= now + _AHEAD:
        rule = "Kafka's timestamp from 1995 to one day after it is processed"
        raise ImplausibleTime(rule, field="timestamp", value=timestamp.isoformat())


def fetch_time(said: int | float | str | None, unit: str | None, timestamp: datetime, framing: str) -> FetchTime:
    """The fetch time that the producer declares, or Kafka's timestamp if it declares none.

    ``unit`` is the unit that the schema gives for a number. Without one, the unit is inferred from the number's size.
    Rejects (``ImplausibleTime``) a time more than a day ahead of Kafka's timestamp, a time before 1995, and a message
    that has neither a fetch time nor a timestamp.
    """
    kafka = Evidence("kafka timestamp", timestamp.isoformat())
    said = said.strip() if isinstance(said, str) else said
    if said is None or said in ("", 0):
        if timestamp < EARLIEST:
            raise ImplausibleTime("fetched_at, or a Kafka timestamp in its place", field="fetched_at", value=said)
        return FetchTime(timestamp, kafka, () if said != 0 else ("fetched_at: 0 is not a time; Kafka's is used",))
    number = _number(said)
    evidence = Evidence(framing, str(said)[:200])
    if number is not None:
        at, warnings = _from_number(number, unit, timestamp, said)
    else:
        found = _from_text(str(said))
        if found is None:
            return FetchTime(timestamp, kafka, (f"fetched_at: {str(said)[:40]!r} is not a time; Kafka's is used",))
        at, warnings = found, ()
    if at < EARLIEST or at - _clock(timestamp) > _AHEAD:
        raise ImplausibleTime(_RULE, field="fetched_at", value=said)
    if at - _clock(timestamp) > _DRIFT:
        warnings = (*warnings, f"fetched_at: {at - timestamp} ahead of Kafka's timestamp; the scraper's clock is off")
    return FetchTime(at, evidence, warnings)


def _clock(timestamp: datetime) -> datetime:
    """Kafka's timestamp, or a time in the far future if the topic has no timestamps, so that it limits nothing."""
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
    warning = f"fetched_at: in {name}, though the schema says {unit}; read as {at.isoformat()}"
    return at, () if unit is None else (warning,)


def _number(said: int | float | str) -> int | float | None:
    """The number, or the number that a string of 9 to 20 digits holds. Eight digits are a date (20260304).

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
    """A time in ISO 8601 or in HTTP's date format, or None. A time without a zone is taken as UTC.

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
