"""When an article was published and last changed, each from what the page says of it, in its own field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from pipelines.clean.metadata.found import Found
from pipelines.clean.metadata.head import Head
from pipelines.clean.metadata.jsonld import JsonObject, text_of
from pipelines.clean.metadata.moments import Moment, read_moment
from pipelines.clean.metadata.written import read_written

_PUBLISHED = (
    "articlepublishedtime", "articlepublishtime", "articlepublisheddate", "articlepublicationdate", "ogpublishedtime",
    "datepublished", "parselypubdate", "sailthrudate", "articlepublished", "publisheddate", "publishedtime",
    "publishedat", "publicationdate", "publishdate", "publishtime", "pubdate", "firstpublished",
    "originalpublicationdate", "dcdateissued", "dctermsissued", "dctermscreated", "dcdatecreated", "dcdate",
    "dctermsdate", "cxenseparserecspublishtime", "date", "datecreated", "cxenseparsepublishtime",
    "ogarticlepublishedtime", "rnewsdatepublished", "articlecreated", "articledate", "displaydate",
)
_MODIFIED = (
    "articlemodifiedtime", "articleupdatedtime", "ogupdatedtime", "datemodified", "lastmodified", "dctermsmodified",
    "ogmodifiedtime", "lastmod", "articlemodified", "modifieddate", "updateddate", "dcdatemodified",
)
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


def read_times(head: Head, article: JsonObject | None) -> dict[str, Found[Moment]]:
    """``published_at`` and ``modified_at``, as far as JSON-LD or meta tags say.

    JSON-LD's, unless a meta tag says the same moment more fully: with the zone or with the time of day.
    """
    times = {}
    published = _fullest([_linked(article, "datePublished", "uploadDate", "dateCreated"), *_tagged(head, _PUBLISHED)])
    modified = _fullest([_linked(article, "dateModified"), *_tagged(head, _MODIFIED)])
    if published is not None:
        times["published_at"] = published
    if modified is not None:
        times["modified_at"] = modified
    return times


def pick_times(declared: Mapping[str, Found[Moment]], seen: Mapping[str, Found[Moment]]) -> dict[str, Found[Moment]]:
    """Declared times; visible ones where none is declared, or where they give the same time with more detail."""
    fields = {**seen, **declared}
    times = {field: _fullest([declared.get(field), seen.get(field)]) for field in fields}
    return {field: found for field, found in times.items() if found is not None}


def _fullest(answers: Iterable[Found[Moment] | None]) -> Found[Moment] | None:
    given = [answer for answer in answers if answer is not None]
    best = given[0] if given else None
    for answer in given[1:]:
        if best is not None and _says_more(answer.value, best.value):
            best = answer
    return best


def _says_more(one: Moment, other: Moment) -> bool:
    """Whether a moment is another with the zone that it lacks, or with the time of day.

    >>> known = [read_moment(text) for text in ("2026-05-04", "2026-05-04T09:30", "2026-05-04T09:30+05:00")]
    >>> _says_more(known[1], known[0]), _says_more(known[2], known[1]), _says_more(known[1], known[2])
    (True, True, False)
    """
    if not _has_clock(one) or (other.zone is not None and _has_clock(other)):
        return False
    if _has_clock(other):  # the same clock read in a zone, or the same instant
        return one.zone is not None and (_wall(one) == _wall(other) or abs(one.at - other.at) < _MINUTE)
    return abs(_wall(one) - _wall(other)) < _DAY and _wall(one).date() == _wall(other).date()


def _has_clock(moment: Moment) -> bool:
    """Whether there is a time of day; midnight to the second is taken for a date without one."""
    at = moment.at
    return moment.has_time and not at.hour == at.minute == at.second == 0


def _wall(moment: Moment) -> datetime:
    return moment.at.replace(tzinfo=None, microsecond=0)


def _linked(article: JsonObject | None, *keys: str) -> Found[Moment] | None:
    for key in keys if article is not None else ():
        written = text_of(article.get(key)) if article is not None else None
        moment = read_moment(written) or _written_to_the_minute(written) if written else None
        if moment is not None:
            return Found(moment, "json-ld", f"{key}: {written}")
    return None


def _written_to_the_minute(text: str) -> Moment | None:
    """A time written for people; a bare day so written in JSON-LD is a page builder's, of the day it made the page."""
    moment = read_written(text, None)
    return moment if moment is not None and moment.has_time else None


def _tagged(head: Head, names: tuple[str, ...]) -> Iterator[Found[Moment]]:
    for name, written in head.called(*names):
        moment = read_moment(written) or read_written(written, head.lang)
        if moment is not None:
            yield Found(moment, "meta", f"{name}: {written}")
