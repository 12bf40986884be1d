"""A fetched page, as every framing yields it: still as bytes, or as the characters of a JSON string."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

RIGHTS_HEADERS = frozenset({"x-robots-tag", "tdm-reservation", "tdm-policy"})
"""Headers of a page's response that declare rights."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page and what its producer declares about it. ``framing`` names the format in which that was declared.

    ``truncated`` is why the crawler stored only a part of the page (``WARC-Truncated``); None if it stored all of it.
    """

    framing: str
    body: bytes | str
    content_type: str | None = None
    charset: str | None = None
    content_encoding: str | None = None
    url: str | None = None
    fetched_at: int | float | str | None = None
    time_unit: str | None = None
    scraper: str | None = None
    http_status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    item: Mapping[str, object] | None = None
    item_key: str | None = None
    truncated: str | None = None
    warnings: tuple[str, ...] = ()


def media_type(content_type: str | None) -> str:
    """The media type alone, in lower case.

    >>> media_type("Text/HTML; charset=utf-8")
    'text/html'
    """
    return (content_type or "").split(";", 1)[0].split(",", 1)[0].strip().lower()
