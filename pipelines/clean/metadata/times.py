"""When an article was published and when it was last modified, as the page declares or shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from pipelines.addresses import path_of
from pipelines.clean.metadata.calendar import month_of
from pipelines.clean.metadata.found import Found
from pipelines.clean.metadata.head import Head
from pipelines.clean.metadata.jsonld import JsonObject, LinkedData, text_of, types_of
from pipelines.clean.metadata.moments import Moment, read_moment
from pipelines.clean.metadata.written import read_written

_PUBLISHED = (
    "articlepublishedtime", "articlepublishtime", "articlepublisheddate", "articlepublicationdate", "ogpublishedtime",
    "datepublished", "parselypubdate", "sailthrudate", "articlepublished", "publisheddate", "publishedtime",
    "publishedat", "publicationdate", "publishdate", "publishtime", "pubdate", "firstpublished",
    "originalpublicationdate", "dcdateissued", "dctermsissued", "dctermscreated", "dcdatecreated", "dcdate",
    "dctermsdate", "cxenseparserecspublishtime", "date", "datecreated", "cxenseparsepublishtime",
    "ogarticlepublishedtime", "rnewsdatepublished", "articlecreated", "articledate", "displaydate",
    "citationpublicationdate", "citationonlinedate", "citationdate", "btpubdate",
)
_MODIFIED = (
    "articlemodifiedtime", "articleupdatedtime", "ogupdatedtime", "datemodified", "lastmodified", "dctermsmodified",
    "ogmodifiedtime", "lastmod", "articlemodified", "modifieddate", "updateddate", "dcdatemodified",
)
_URL_DAY = re.compile(
    r"(?<=[/_-])(?:((?:19|20)\d\d)([/-])(\d{1,2})\2(\d{1,2})(?=[/_-]|$)"
    r"|((?:19|20)\d\d)(?:/([01]\d)-?|-([01]\d)/)([0-3]\d)(?=[/_.]|$)|((?:19|20)\d\d)/([a-z]{3})/(\d{1,2})(?=/))", re.I)
_URL_DIGITS = re.compile(
    r"(?:(?<=[/_-])|(?<=/t))((?:19|20)\d\d)([01]\d)([0-3]\d)(?=[/_.]|$)(?!(?<=/\d{8})(?:\.\w+)?/?$)")
"""A day in eight digits, unless a whole file name is that number, which may be a serial one."""

_URL_SERIAL = re.compile(r"(?<=[/_A-Z])((?:19|20)\d\d)([01]\d)([0-3]\d)\d{4,9}(?=[/_.]|$)")
"""A serial number that begins with a day."""

_LAST_DIGITS = re.compile(r"\d{8}(?:\.\w+)?/?$")
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
_NEAR_FETCH = timedelta(days=366)


def read_times(head: Head, data: LinkedData, article: JsonObject | None,
               locale: str | None) -> dict[str, Found[Moment]]:
    """``published_at`` and ``modified_at``, if JSON-LD or meta tags declare them.

    JSON-LD takes precedence, unless a meta tag has the same time with more precision: with a zone or a time of day. If
    neither has a date of publication, that of the web page in JSON-LD is used.
    """
    times = {}
    linked = _linked(article, "datePublished", "uploadDate", "dateCreated")
    published = _fullest([linked, *_tagged(head, _PUBLISHED, locale)])
    modified = _fullest([_linked(article, "dateModified"), *_tagged(head, _MODIFIED, locale)])
    if published is None:
        pages = (found for found in data.own() if "webpage" in types_of(found))
        published = next((found for page in pages if (found := _linked(page, "datePublished")) is not None), None)
    if published is not None:
        times["published_at"] = published
    if modified is not None:
        times["modified_at"] = modified
    return times


def pick_times(declared: Mapping[str, Found[Moment]], seen: Mapping[str, Found[Moment]],
               url: str | None = None, fetched_at: datetime | None = None) -> dict[str, Found[Moment]]:
    """The declared times. A visible one is used if none is declared, or if it is the same time with more precision.

    If nothing else has a date of publication, the day in the address is used.
    """
    fields = {**seen, **declared}
    times = {field: _fullest([declared.get(field), seen.get(field)]) for field in fields}
    found_times = {field: found for field, found in times.items() if found is not None}
    changed, published = found_times.get("modified_at"), found_times.get("published_at")
    if changed is not None and published is not None and changed is seen.get("modified_at") and (
            changed.value.at < published.value.at - _DAY):  # the visible time of change is that of another article
        del found_times["modified_at"]
    if "published_at" not in found_times and url is not None and (day := _day_in(url, fetched_at)) is not None:
        found_times["published_at"] = day
    return found_times


def _day_in(url: str, fetched_at: datetime | None = None) -> Found[Moment] | None:
    """The one day in an address that is written as year, month and day: /2026/03/04/, /2026-03-04-pier or /20260304/.

    A day with separators is preferred. Eight digits at the end may be a serial number: they are a day only if it is in
    the year before the fetch.

    >>> _day_in("https://outlet.example/2026/03/04/pier").value.at.date().isoformat()
    '2026-03-04'
    >>> _day_in("https://outlet.example/2026/03/pier-4"), _day_in("https://outlet.example/2026/13/04/pier")
    (None, None)
    >>> _day_in("https://outlet.example/n1/2026/0304/c9-12.html").value.at.date().isoformat()
    '2026-03-04'
    >>> _day_in("https://outlet.example/2026/3/4/20260302_1.html").value.at.date().isoformat()
    '2026-03-04'
    """
    path = path_of(url)
    days = _days(_URL_DAY.finditer(path))
    if not days:
        days = _days(_URL_DIGITS.finditer(path))
        is_serial = not days
        days = days or _days(_URL_SERIAL.finditer(path))
        if is_serial or _LAST_DIGITS.search(path):
            days = {day for day in days if fetched_at is not None and -_DAY <= fetched_at - day.at <= _NEAR_FETCH}
    return Found(days.pop(), "url", url) if len(days) == 1 else None


def _days(matches: Iterable[re.Match[str]]) -> set[Moment]:
    parts = ([part for part in match.groups() if part and part not in "/-"] for match in matches)
    days = (read_moment(f"{year}-{month_of(month, 'en') or month}-{day}") for year, month, day in parts)
    return {day for day in days if day is not None}


def warnings_of(times: Mapping[str, Found[Moment]], seen: Mapping[str, Found[Moment]]) -> tuple[str, ...]:
    """Warnings of a time whose zone or half of the day was not read, and of a date that the page itself contradicts."""
    found = [
        f"TimeUnread: {field} is a date alone: the zone or the half of the day in {time.value.unread!r} is ambiguous"
        for field, time in times.items() if time.value.unread is not None
    ]
    chosen, shown = times.get("published_at"), seen.get("published_at")
    if chosen is None or shown is None or shown.how != "labelled date":
        return tuple(found)
    if abs(_wall(chosen.value) - _wall(shown.value)) > 2 * _DAY:
        found.append(f"DateContradicted: published_at is {chosen.value.at.date()} by {chosen.how}, and the page shows "
                     f"{shown.read_from!r}")
    return tuple(found)


def _fullest(answers: Iterable[Found[Moment] | None]) -> Found[Moment] | None:
    given = [answer for answer in answers if answer is not None]
    best = given[0] if given else None
    for answer in given[1:]:
        if best is not None and _is_more_precise(answer.value, best.value):
            best = answer
    return best


def _is_more_precise(one: Moment, other: Moment) -> bool:
    """Whether ``one`` is the same moment as ``other``, with a zone or a time of day that ``other`` lacks.

    >>> known = [read_moment(text) for text in ("2026-05-04", "2026-05-04T09:30", "2026-05-04T09:30+05:00")]
    >>> [_is_more_precise(known[one], known[other]) for one, other in ((1, 0), (2, 1), (1, 2))]
    [True, True, False]
    """
    if not _has_clock(one) or (other.zone is not None and _has_clock(other)):
        return False
    if _has_clock(other):  # the same clock time with a zone, or the same instant
        return one.zone is not None and (_wall(one) == _wall(other) or abs(one.at - other.at) < _MINUTE)
    return abs(_wall(one) - _wall(other)) < _DAY and _wall(one).date() == _wall(other).date()


def _has_clock(moment: Moment) -> bool:
    """Whether the moment has a time of day. Midnight to the second counts as a date without a time."""
    at = moment.at
    return moment.has_time and not at.hour == at.minute == at.second == 0


def _wall(moment: Moment) -> datetime:
    return moment.at.replace(tzinfo=None, microsecond=0)


def _linked(article: JsonObject | None, *keys: str) -> Found[Moment] | None:
    for key in keys if article is not None else ():
        value = article.get(key) if article is not None else None
        written = str(value) if isinstance(value, int) else text_of(value)
        moment = read_moment(written) if written else None
        if written and (moment is None or not moment.has_time):
            moment = _written_to_the_minute(written) or moment
        if moment is not None:
            return Found(moment, "json-ld", f"{key}: {written}")
    return None


def _written_to_the_minute(text: str) -> Moment | None:
    """A date with a time of day that is written for people, or None.

    Such a date without a time is ignored in JSON-LD: page builders write the day on which they built the page.
    """
    moment = read_written(text, None)
    return moment if moment is not None and moment.has_time else None


def _tagged(head: Head, names: tuple[str, ...], locale: str | None) -> Iterator[Found[Moment]]:
    for name, written in head.called(*names):
        moment = read_moment(written)
        if moment is None or not moment.has_time:
            moment = read_written(written, locale) or moment
        if moment is not None:
            yield Found(moment, "meta", f"{name}: {written}")
