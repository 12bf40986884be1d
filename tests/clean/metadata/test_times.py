"""When an article was published: the fullest of what agrees, and nothing of what is not said."""

from __future__ import annotations

import json

import pytest
from lxml import etree

from pipelines.clean.html.blocks import read_blocks
from pipelines.clean.metadata.found import Found
from pipelines.clean.metadata.moments import Moment, read_moment
from pipelines.clean.metadata.page import read_metadata
from pipelines.clean.metadata.times import pick_times
from pipelines.clean.metadata.visible import Near
from pipelines.clean.metadata.visible_times import seen_times


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-05-04T09:30:00+05:30", "2026-05-04T09:30:00+05:30"),
        ("2026-05-04T09:30:00+5:30", "2026-05-04T09:30:00+05:30"),
        ("2026-05-04T09:30:00.1234567Z", "2026-05-04T09:30:00+00:00"),
        ("2026/05/04 09:30", "2026-05-04T09:30:00+00:00"),
        ("2026-05-04 09:30 PM", "2026-05-04T21:30:00+00:00"),
        ("2026-05-04 12:30 AM CEST", "2026-05-04T00:30:00+02:00"),
        ("2026-05-04 14:16 UTC+1", "2026-05-04T14:16:00+01:00"),
        ("Mon May 04 2026 09:30:00 GMT+0200 (Central European Summer Time)", "2026-05-04T09:30:00+02:00"),
        ("Mon May 04 09:30:00 CEST 2026", "2026-05-04T09:30:00+02:00"),
        ("Mon, 04 May 2026 09:30:00 +0500", "2026-05-04T09:30:00+05:00"),
    ],
)
def test_written_moments(written: str, expected: str) -> None:
    moment = read_moment(written)
    assert moment is not None
    assert moment.at.isoformat() == expected


@pytest.mark.parametrize("written", ["", "0001-01-01T00:00:00", "1970-01-01", "yesterday", "Mon Foo 04 2026 09:30:00"])
def test_what_is_no_moment(written: str) -> None:
    assert read_moment(written) is None


def test_a_zone_name_that_means_several_is_no_zone() -> None:
    moment = read_moment("2026-05-04 09:30 IST")
    assert moment is not None
    assert (moment.at.isoformat(), moment.zone, moment.has_time) == ("2026-05-04T00:00:00+00:00", None, False)
    assert moment.unread == "09:30 IST"
    assert read_moment("Mon, 04 May 2026 09:30:00 IST") == moment


def published(declared: str | None, *, meta: str | None = None) -> tuple[str, str] | None:
    article = {"@type": "NewsArticle", "headline": "Pier opens", **({"datePublished": declared} if declared else {})}
    tag = f'<meta property="article:published_time" content="{meta}">' if meta else ""
    page = f'<html><head>{tag}<script type="application/ld+json">{json.dumps(article)}</script></head></html>'
    found = read_metadata(etree.HTML(page), None).times.get("published_at")
    return (found.value.at.isoformat(), found.how) if found else None


@pytest.mark.parametrize(
    ("declared", "meta", "expected"),
    [
        ("2026-05-04T09:30:00", "2026-05-04T09:30:00+05:00", ("2026-05-04T09:30:00+05:00", "meta")),
        ("2026-05-04T04:30:00", "2026-05-04T09:30:00+05:00", ("2026-05-04T09:30:00+05:00", "meta")),
        ("2026-05-04T09:30:00", "2026-05-04T11:45:00+05:00", ("2026-05-04T09:30:00+00:00", "json-ld")),
        ("2026-05-04", "2026-05-04T09:30:00+05:00", ("2026-05-04T09:30:00+05:00", "meta")),
        ("2026-05-04T00:00:00+05:00", "2026-05-04T09:30:00+05:00", ("2026-05-04T09:30:00+05:00", "meta")),
        ("2026-05-04", "2026-05-06T09:30:00+05:00", ("2026-05-04T00:00:00+00:00", "json-ld")),
        ("2026-05-04T09:30:00Z", "2026-05-04T09:30:00+05:00", ("2026-05-04T09:30:00+00:00", "json-ld")),
        ("2026-05-04T09:30:00Z", "2026-05-04", ("2026-05-04T09:30:00+00:00", "json-ld")),
        (None, "4 May 2026", ("2026-05-04T00:00:00+00:00", "meta")),
        ("May 4, 2026", None, None),
        ("May 4, 2026 9:30 am", None, ("2026-05-04T09:30:00+00:00", "json-ld")),
    ],
)
def test_the_fullest_of_those_that_agree(
    declared: str | None, meta: str | None, expected: tuple[str, str] | None
) -> None:
    assert published(declared, meta=meta) == expected


def test_a_meta_tag_may_divide_its_name_as_it_likes() -> None:
    page = '<meta property="article:published:time" content="2026-05-04T09:30+05:00">'
    found = read_metadata(etree.HTML(page), None).times["published_at"]
    assert (found.value.zone, found.read_from) == ("+05:00", "article:published:time: 2026-05-04T09:30+05:00")


def seen(*lines: str) -> dict[str, str]:
    """Times of a page whose third line is its headline and whose last is its body."""
    page = read_blocks(etree.HTML(f"<body>{''.join(lines)}<p>The pier opened on Sunday.</p></body>"))
    last = len(page.blocks) - 1
    headline = next(number for number, block in enumerate(page.blocks) if block.text == "Pier opens")
    times = seen_times(page, Near(range(headline + 1, last + 1), range(last + 1, last + 1)), "en")
    return {field: found.value.at.isoformat() for field, found in times.items()}


HEADLINE = "<h1>Pier opens</h1>"


def test_the_time_element_below_the_headline_is_the_articles() -> None:
    page_time = '<p><time datetime="2026-06-01T12:00Z">today</time> at the harbour</p>'
    own_time = '<p><time datetime="2026-05-04T09:30+05:00">4 May</time> by Ines Falk</p>'
    assert seen(page_time, HEADLINE, own_time) == {"published_at": "2026-05-04T09:30:00+05:00"}


def test_a_date_above_the_headline_is_read_only_in_a_box_that_says_so() -> None:
    assert seen('<p class="post-date">4 May 2026</p>', HEADLINE) == {"published_at": "2026-05-04T00:00:00+00:00"}
    assert seen('<p class="date">1 June 2026</p>', HEADLINE) == {}


def test_a_label_above_a_date_says_that_it_is_an_updates() -> None:
    assert seen(HEADLINE, "<p>Last updated:</p>", "<p>May 5, 2026</p>") == {"modified_at": "2026-05-05T00:00:00+00:00"}
    assert seen(HEADLINE, "<p>Port</p>", "<p>May 4, 2026</p>") == {"published_at": "2026-05-04T00:00:00+00:00"}


def moment(written: str) -> Found[Moment]:
    read = read_moment(written)
    assert read is not None
    return Found(read, "declared", written)


def test_what_readers_see_completes_what_is_reported() -> None:
    declared = {"published_at": moment("2026-05-04")}
    clock = {"published_at": moment("2026-05-04T09:30+05:00"), "modified_at": moment("2026-05-05")}
    assert pick_times(declared, clock) == clock
    assert pick_times(declared, {"published_at": moment("2026-05-01T09:30+05:00")}) == declared
