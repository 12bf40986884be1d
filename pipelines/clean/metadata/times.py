"""When an article was published and when it was last modified, as the page declares or shows it."""

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
    """``published_at`` and ``modified_at``, if JSON-LD or meta tags declare them.

    JSON-LD takes precedence, unless a meta tag has the same time with more precision: with a zone or a time of day.
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
    """The declared times. A visible one is used if none is declared, or if it is the same time with more precision."""
    fields = {**seen, **declared}
    times = {field: _fullest([declared.get(field), seen.get(field)]) for field in fields}
    return {field: found for field, found in times.items() if found is not None}


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
        written = text_of(article.get(key)) if article is not None else None
        moment = read_moment(written) or _written_to_the_minute(written) if written else None
        if moment is not None:
            return Found(moment, "json-ld", f"{key}: {written}")
    return None


def _written_to_the_minute(text: str) -> Moment | None:
    """A date with a time of day that is written for people, or None.

    Such a date without a time is ignored in JSON-LD: page builders write the day on which they built the page.
    """
    moment = read_written(text, None)
    return moment if moment is not None and moment.has_time else None


def _tagged(head: Head, names: tuple[str, ...]) -> Iterator[Found[Moment]]:
    for name, written in head.called(*names):
        moment = read_moment(written) or read_written(written, head.lang)
        if moment is not None:
            yield Found(moment, "meta", f"{name}: {written}")
