"""The visible dates of an article: in any language, right to the half of the day, and none of something else."""

from __future__ import annotations

import pytest

from pipelines.clean.metadata.written import read_written
from tests.cases.reading import a_page, article_of, linked_data


def published(line: str, lang: str = "en", **options: str) -> str | None:
    article = article_of(a_page(before=line, lang=lang, **options), url=None)
    return article.published_at.isoformat() if article.published_at else None


@pytest.mark.parametrize(
    ("written", "language", "expected"),
    [
        ("기사입력 2026년 5월 4일 오후 9:05", "ko", "2026-05-04T21:05:00+00:00"),
        ("2026年5月4日 上午11:20", "zh", "2026-05-04T11:20:00+00:00"),
        ("2026年5月4日 晚上8:05", "zh", "2026-05-04T20:05:00+00:00"),
        ("4 Μαΐου 2026, 7:40 μ.μ.", "el", "2026-05-04T19:40:00+00:00"),
        ("4 Mayıs 2026 ÖS 4:10", "tr", "2026-05-04T16:10:00+00:00"),
        ("4/5/2026 8:15 CH", "vi", "2026-05-04T20:15:00+00:00"),
        ("4 مايو 2026 9:30 مساءً", "ar", "2026-05-04T21:30:00+00:00"),
        ("May 4, 2026 9:30 p.m. PT", "en", "2026-05-04T21:30:00-07:00"),
        ("Feb. 4, 2026 9:30 a.m. CT", "en", "2026-02-04T09:30:00-06:00"),
        ("4 May 2026 21:30 IST", "en-IN", "2026-05-04T21:30:00+05:30"),
        ("4 May 2026 21:30 IST", "en", "2026-05-04T00:00:00+00:00"),
        ("4 May 2026 9:30 x.x.", "en", "2026-05-04T00:00:00+00:00"),
    ],
)
def test_the_half_of_the_day_and_the_zone_are_read_or_the_time_is_left_out(
    written: str, language: str, expected: str
) -> None:
    moment = read_written(written, language)
    assert moment is not None
    assert moment.at.isoformat() == expected


@pytest.mark.parametrize(
    ("written", "language", "expected"),
    [
        ("7. srpnja 2026.", "hr", "2026-07-07"),
        ("7. srpna 2026", "cs", "2026-08-07"),
        ("7 lipca 2026", "pl", "2026-07-07"),
        ("7. lipnja 2026.", "hr", "2026-06-07"),
        ("7. listopadu 2026", "cs", "2026-11-07"),
        ("7 septembre 2026", "en", "2026-09-07"),
        ("2026. május 7.", "hu", "2026-05-07"),
        ("7 พฤษภาคม 2569", "th", "2026-05-07"),
        ("7 นิสัย 2569", "th", None),
        ("民國115年5月7日", "zh-TW", "2026-05-07"),
        ("令和8年5月7日", "ja", "2026-05-07"),
        ("民國 115 年 5 月 7 日", "zh-TW", "2026-05-07"),
        ("115年5月7日", "zh-TW", None),
        ("7 במאי 2026", "he", "2026-05-07"),
        ("2026. gada 7. maijs", "lv", "2026-05-07"),
        ("२०८३-०२-०७", "ne", None),
        ("7 Marbury 2026", "en", None),
        ("Hall 7 Junction 2026", "en", None),
        ("07.05.26", "de", "2026-05-07"),
        ("07.05.26", "ko", None),
        ("07/05/26", "en", None),
        ("7-9 May 2026", "en", None),
        ("2026/5/7-9", "ja", None),
        ("7 nisan 2026 – 9 nisan 2026", "tr", None),
    ],
)
def test_a_day_is_read_in_the_pages_language_or_not_at_all(written: str, language: str, expected: str | None) -> None:
    moment = read_written(written, language)
    assert (moment.at.date().isoformat() if moment else None) == expected


OF_SOMETHING_ELSE = {
    "a caption": "<figure><figcaption>The quay on 2 July 2019</figcaption></figure>",
    "a life": "<p>2 July 1931 – 4 May 2026</p>",
    "a deadline": "<p>Deadline: 2 July 2026</p>",
    "a deadline without a colon": "<p>Entries until 2 July 2026</p>",
    "an event": "<p>Event date: 2 July 2026</p>",
    "a ticker": "<aside><p>2 July 2026</p></aside>",
    "another story": '<ul><li><a href="/2">Quay sold</a></li><li>2 July 2026</li></ul>',
    "a card": '<div class="card"><time datetime="2026-07-02">2 July</time></div>',
    "a reader": "<p>Joined 2 July 2019</p>",
    "a reader's registration": '<div class="post-author">Mara Registered: 2 July 2019</div>',
}


@pytest.mark.parametrize("line", OF_SOMETHING_ELSE.values(), ids=OF_SOMETHING_ELSE)
def test_a_date_of_something_else_is_not_the_articles(line: str) -> None:
    assert published(line) is None
    assert published(f"{line}<p>By Ines Falk, 4 May 2026</p>") == "2026-05-04T00:00:00+00:00"


MISSED = {
    "a box for the date": '<div class="datum">Montag 04.05.26</div>',
    "a list of metadata": '<ul class="post-meta"><li>Ines Falk</li><li>4 May 2026</li></ul>',
    "a time without a value": "<p><time>4. Mai 2026</time></p>",
    "a label above": "<p>Veröffentlicht am</p><p>4. Mai 2026</p>",
}


@pytest.mark.parametrize("line", MISSED.values(), ids=MISSED)
def test_a_date_is_found_in_any_box_that_is_for_it(line: str) -> None:
    assert published(line, "de") == "2026-05-04T00:00:00+00:00"


def test_a_date_that_opens_the_text_is_the_articles() -> None:
    paragraph = "{} The harbour council of Marrowby voted to rebuild the east pier, two winters after a storm broke it."
    others = ("Councillor Ines Falk said the work would start soon and cost four million crowns.",) * 3
    for opening in ("Marrowby, (4.5.2026).", "4 May 2026 –"):
        article = article_of(a_page((paragraph.format(opening), *others)), url=None)
        assert article.published_at is not None
        assert article.published_at.date().isoformat() == "2026-05-04"
        assert article.evidence["published_at"].how == "first paragraph"


def test_both_dates_of_one_line_are_read_in_any_order() -> None:
    article = article_of(a_page(before="<p>Last updated: 5 May 2026, 08:00 GMT – First published 4 May 2026</p>"))
    assert [at and at.isoformat() for at in (article.published_at, article.modified_at)] == [
        "2026-05-04T00:00:00+00:00", "2026-05-05T08:00:00+00:00"]


def test_the_microdata_of_a_card_is_not_the_articles() -> None:
    card = (
        '<div itemscope itemtype="https://schema.org/BlogPosting"><a href="/quay">The quay is sold again</a>'
        '<meta itemprop="datePublished" content="2025-03-01"><meta itemprop="author" content="Tom Okafor"></div>'
    )
    article = article_of(a_page(after=card), url=None)
    assert (article.published_at, article.authors) == (None, ())
    own = '<meta itemprop="datePublished" content="2026-05-04">'
    assert published(f'<div itemscope itemtype="https://schema.org/Article">{own}</div>') == "2026-05-04T00:00:00+00:00"


def test_what_was_passed_over_is_a_warning() -> None:
    article = article_of(a_page(before="<p>Published 4 May 2026</p>", head=linked_data(datePublished="2025-05-14")))
    assert article.warnings == (
        "DateContradicted: published_at is 2025-05-14 by json-ld, and the page shows 'Published 4 May 2026'",
    )
    article = article_of(a_page(before="<p>Published 4 May 2025, 9:30 IST</p>"))
    assert article.warnings == (
        "TimeUnread: published_at is a date alone: the zone or the half of the day in ', 9:30 IST' is ambiguous",
    )


def test_the_day_in_the_address_and_the_date_of_the_web_page_come_last() -> None:
    address = "https://harbour-news.example/2026/05/04/pier-to-be-rebuilt"
    article = article_of(a_page(), url=address)
    assert (article.published_at and article.published_at.date().isoformat()) == "2026-05-04"
    assert article.evidence["published_at"].how == "url"
    page = a_page(head=linked_data(**{"@type": "WebPage", "datePublished": "2026-05-03T10:00:00Z"}))
    assert published("", head=linked_data(**{"@type": "WebPage", "datePublished": "2026-05-03T10:00:00Z"})) == (
        "2026-05-03T10:00:00+00:00")
    assert article_of(page, url=address).evidence["published_at"].how == "json-ld"
