"""The date of publication in the data that a page holds for its own scripts (``__NEXT_DATA__`` and the like).

Such data describe other articles too, so that only an object is read that has the page's headline.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from lxml import etree

from pipelines.addresses import path_of
from pipelines.clean.html.entries import is_headline
from pipelines.clean.metadata.found import Found
from pipelines.clean.metadata.head import bare_name
from pipelines.clean.metadata.jsonld import text_of
from pipelines.clean.metadata.moments import Moment, read_moment
from pipelines.clean.metadata.title import plain

_LONGEST, OPENING = 2_000_000, 10
"""Characters of all scripts that are read, and of a title's beginning that a script must have."""

_TITLES = ("headline", "title")
_ADDRESSES = ("slug", "url", "path", "link", "canonicalurl")
_DATES = (
    "datepublished", "publishedat", "publisheddate", "publishedtime", "publishedon", "published", "publicationdate",
    "publishdate", "publishtime", "pubdate", "firstpublished", "firstpublishedat", "firstpublisheddate", "publishat",
)
_ASSIGNED = re.compile(r"\s*(?:(?:var|let|const)\s+)?[\w.$]{1,60}\s*=\s*(?=[{\[])")
_DATED = re.compile(r'"\w{0,20}(?:[pP]ubl|[pP]ubD)')


def date_in_state(root: etree._Element, titles: Collection[str], url: str | None) -> Found[Moment] | None:
    """The date in the objects that are named like one of the titles; None if they have none or different days.

    An object with the address of another page is not the article's.
    """
    headlines = [title for title in titles if is_headline(title)]
    wanted, openings = {plain(title) for title in headlines}, {title[:OPENING] for title in headlines}
    dates: list[Found[Moment]] = []
    for found in _objects(root, openings) if wanted else ():
        named = {plain(text) for key in _TITLES if (text := text_of(found.get(key))) is not None}
        if not wanted.isdisjoint(named) and _is_at(found, url) and (date := _date_of(found)) is not None:
            dates.append(date)
    return dates[0] if len({date.value.at.date() for date in dates}) == 1 else None


def _is_at(found: Mapping[str, object], url: str | None) -> bool:
    """Whether the last part of an object's address is in the page's, as far as both are known."""
    keys = _keys_of(found)
    named = [text for key in _ADDRESSES if (text := text_of(found.get(keys.get(key, "")))) is not None]
    lasts = [last for text in named if (last := path_of(text).rstrip("/").rpartition("/")[2])]
    return url is None or not lasts or any(last in path_of(url) for last in lasts)


def _date_of(found: Mapping[str, object]) -> Found[Moment] | None:
    keys = _keys_of(found)
    for name in _DATES:
        value = found.get(keys.get(name, ""))
        written = str(value) if isinstance(value, int) else text_of(value)
        if written and (moment := read_moment(written)) is not None:
            return Found(moment, "script data", f"{keys[name]}: {written}")
    return None


def _keys_of(found: Mapping[str, object]) -> dict[str, str]:
    """The keys of an object by their bare names."""
    return {bare_name(key.lower()): key for key in found}


def _objects(root: etree._Element, openings: Collection[str]) -> Iterator[Mapping[str, object]]:
    """The objects with a title in the JSON that scripts are, or that they assign to a name.

    Scripts that have none of the openings of titles are passed over unread.
    """
    room, written = _LONGEST, {*openings, *(json.dumps(opening)[1:-1] for opening in openings)}
    for script in root.iter("script"):
        text = script.text or ""
        assigned = _ASSIGNED.match(text)
        is_data = script.get("type", "").lower() == "application/json"
        if not (is_data or assigned) or len(text) > room or not any(opening in text for opening in written) or (
                _DATED.search(text) is None):
            continue
        room -= len(text)
        yield from _titled_in(text, assigned.end() if assigned else len(text) - len(text.lstrip()))


def _titled_in(text: str, start: int) -> Sequence[Mapping[str, object]]:
    titled: list[dict[str, object]] = []

    def keep(found: dict[str, object]) -> dict[str, object]:
        if any(key in found for key in _TITLES):
            titled.append(found)
        return found

    try:
        json.JSONDecoder(strict=False, object_hook=keep).raw_decode(text, start)
    except (ValueError, RecursionError):
        return ()
    return titled
