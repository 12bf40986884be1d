"""Published and modified each in its own field, a year-first date read as ISO, a page's own date left alone."""

from __future__ import annotations

import pytest

from tests.cases.reading import BODY, PARAGRAPHS, TITLE, a_page, article_of, linked_data

PUBLISHED, MODIFIED = "2023-11-06T08:15:00+00:00", "2023-11-08T17:40:00+00:00"


def meta(**named: str) -> str:
    return "".join(f'<meta property="{name.replace("__", ":")}" content="{value}">' for name, value in named.items())


def times(page: str, **headers: str) -> tuple[str | None, str | None]:
    article = article_of(page, **headers)
    return (
        article.published_at.isoformat() if article.published_at else None,
        article.modified_at.isoformat() if article.modified_at else None,
    )


# 12: both dates
BOTH = {
    "json-ld": a_page(head=linked_data(headline=TITLE, datePublished=PUBLISHED, dateModified=MODIFIED)),
    "json-ld, modified first": a_page(head=linked_data(headline=TITLE, dateModified=MODIFIED, datePublished=PUBLISHED)),
    "json-ld, in Z": a_page(
        head=linked_data(headline=TITLE, datePublished="2023-11-06T08:15:00Z", dateModified="2023-11-08T17:40:00.000Z")
    ),
    "json-ld in a list": a_page(head=linked_data(headline=TITLE, datePublished=[PUBLISHED], dateModified=[MODIFIED])),
    "open graph": a_page(head=meta(article__published_time=PUBLISHED, article__modified_time=MODIFIED)),
    "open graph, modified first": a_page(head=meta(article__modified_time=MODIFIED, article__published_time=PUBLISHED)),
    "og:updated_time": a_page(head=meta(og__updated_time=MODIFIED, article__published_time=PUBLISHED)),
    "published in json-ld, modified in meta": a_page(
        head=linked_data(headline=TITLE, datePublished=PUBLISHED) + meta(article__modified_time=MODIFIED)
    ),
    "itemprop": a_page(
        head=f'<meta itemprop="datePublished" content="{PUBLISHED}"><meta itemprop="dateModified" content="{MODIFIED}">'
    ),
    "time elements": a_page(
        before=f'<p><time class="published" datetime="{PUBLISHED}">6 Nov</time> '
        f'<time class="updated" datetime="{MODIFIED}">8 Nov</time></p>'
    ),
    "in words": a_page(before="<p>Published 6 November 2023, 08:15 GMT</p><p>Updated 8 November 2023, 17:40 GMT</p>"),
    "in words, one line": a_page(
        before="<p>Published: 6 November 2023 08:15 UTC | Updated: 8 November 2023 17:40 UTC</p>"
    ),
    "in words, german": a_page(
        before="<p>Veröffentlicht am 6. November 2023, 08:15 GMT</p><p>Aktualisiert am 8. November 2023, 17:40 GMT</p>",
        lang="de",
    ),
}


@pytest.mark.parametrize("page", BOTH.values(), ids=BOTH)
def test_both_dates_are_read_each_into_its_own_field(page: str) -> None:
    assert times(page) == (PUBLISHED, MODIFIED)


@pytest.mark.parametrize(
    "head",
    [
        linked_data(headline=TITLE, dateModified=MODIFIED),
        meta(article__modified_time=MODIFIED),
        meta(og__updated_time=MODIFIED),
    ],
    ids=["json-ld", "open graph", "og:updated_time"],
)
def test_a_date_of_change_alone_is_no_date_of_publication(head: str) -> None:
    assert times(a_page(head=head)) == (None, MODIFIED)


def test_a_date_of_publication_alone_is_no_change() -> None:
    assert times(a_page(head=linked_data(headline=TITLE, datePublished=PUBLISHED))) == (PUBLISHED, None)


@pytest.mark.parametrize(
    ("written", "read", "zone"),
    [
        ("2023-11-06T13:15:00+05:00", "2023-11-06T13:15:00+05:00", "+05:00"),
        ("2023-11-06T03:45:00-0430", "2023-11-06T03:45:00-04:30", "-04:30"),
        ("2023-11-06 08:15:00", "2023-11-06T08:15:00+00:00", None),
        ("Mon, 06 Nov 2023 08:15:00 GMT", "2023-11-06T08:15:00+00:00", "+00:00"),
        ("20231106T081500Z", "2023-11-06T08:15:00+00:00", "+00:00"),
        ("1699258500", "2023-11-06T08:15:00+00:00", None),
    ],
)
def test_a_time_keeps_the_zone_that_was_written(written: str, read: str, zone: str | None) -> None:
    article = article_of(a_page(head=linked_data(headline=TITLE, datePublished=written)))
    assert article.published_at is not None
    assert (article.published_at.isoformat(), article.published_zone) == (read, zone)


# 13: year first in a day-first locale
@pytest.mark.parametrize(
    "lang", ["en", "en-GB", "en-AU", "de", "fr", "es", "pt-BR", "it", "nl", "pl", "tr", "ru", "el"]
)
@pytest.mark.parametrize("where", ["json-ld", "meta", "time", "words"])
def test_a_year_first_date_is_iso_whatever_the_locale(lang: str, where: str) -> None:
    pages = {
        "json-ld": a_page(head=linked_data(headline=TITLE, datePublished="2023-11-08"), lang=lang),
        "meta": a_page(head=meta(article__published_time="2023-11-08"), lang=lang),
        "time": a_page(before="<time datetime='2023-11-08'>yesterday</time>", lang=lang),
        "words": a_page(before="<p class='date'>2023-11-08</p>", lang=lang),
    }
    assert times(pages[where])[0] == "2023-11-08T00:00:00+00:00"


@pytest.mark.parametrize(
    ("written", "lang", "day"),
    [
        ("08.11.2023", "de", "2023-11-08"),
        ("8/11/2023", "fr", "2023-11-08"),
        ("08/11/2023", "es", "2023-11-08"),
        ("08-11-2023", "nl", "2023-11-08"),
        ("25/11/2023", "en", "2023-11-25"),
        ("11/25/2023", "en", "2023-11-25"),
        ("11/11/2023", "en", "2023-11-11"),
        ("8 novembre 2023", "fr", "2023-11-08"),
        ("8 de noviembre de 2023", "es", "2023-11-08"),
        ("8. listopadu 2023", "cs", "2023-11-08"),
        ("November 8, 2023", "en", "2023-11-08"),
        ("8th November 2023", "en", "2023-11-08"),
        ("8 ноября 2023", "ru", "2023-11-08"),
        ("2023年11月8日", "ja", "2023-11-08"),
        ("8 Kasım 2023", "tr", "2023-11-08"),
    ],
)
def test_a_date_in_words_or_numbers_is_read_where_it_has_one_reading(written: str, lang: str, day: str) -> None:
    published, _ = times(a_page(before=f"<p class='date'>{written}</p>", lang=lang))
    assert (published or "")[:10] == day


def test_a_date_of_two_readings_is_left_alone() -> None:
    assert times(a_page(before="<p class='date'>08/11/2023</p>", lang="en")) == (None, None)


# 14: the page's own date in the header of a dump
HEADERS = [
    "Sunday, March 1, 2026",
    "March 1, 2026",
    "01 March 2026",
    "2026-03-01",
    "Sonntag, 1. März 2026",
    "domingo, 1 de marzo de 2026",
    "dimanche 1 mars 2026",
    "Sun, 1 Mar 2026 | 19.4 C",
    "Today: Sunday, 1 March 2026",
    "Sunday 1 March 2026, 09:14",
]


@pytest.mark.parametrize("date", HEADERS)
def test_the_date_in_a_dumps_header_is_not_that_of_publication(date: str) -> None:
    dump = f"19.4 C\nMarrowby\n{date}\n\nHome\nWorld\nPorts\n\n{TITLE}\n\n{BODY}"
    article = article_of(dump, content_type="text/plain")
    assert (article.title, article.body) == (TITLE, BODY)
    assert article.published_at is None


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("Published 6 November 2023", "2023-11-06T00:00:00+00:00"),
        ("November 6, 2023", "2023-11-06T00:00:00+00:00"),
        ("By Ines Falk\nNovember 6, 2023", "2023-11-06T00:00:00+00:00"),
    ],
)
def test_a_date_below_a_dumps_headline_is(line: str, read: str) -> None:
    dump = f"Sunday, March 1, 2026\n\n{TITLE}\n\n{line}\n\n{BODY}"
    assert times(dump, content_type="text/plain")[0] == read


def test_a_date_in_the_header_of_a_page_is_not_that_of_publication() -> None:
    page = a_page().replace("<nav>", "<header><div class='today'>Sunday, March 1, 2026</div></header><nav>")
    assert times(page) == (None, None)
    assert times(a_page((*PARAGRAPHS, "It opened on 3 May 1931, in the rain, as old readers may remember."))) == (
        None,
        None,
    )
