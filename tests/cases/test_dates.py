"""Published and modified each in its own field, a year-first date read as ISO, a page's own date left alone."""

from __future__ import annotations

import json

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


# dates as they are written in many languages, and dates of something else
WRITTEN = {
    "the afternoon in Arabic": ("ar", "4 آذار 2026، 3:15 عصراً", "2026-03-04T15:15"),
    "eleven at night in Arabic": ("ar", "4 مارس 2026 - 11:30 ليلا", "2026-03-04T23:30"),
    "half past midnight in Arabic": ("ar", "4 مارس 2026 - 12:30 صباحا", "2026-03-04T00:30"),
    "half past noon in Arabic": ("ar", "4 مارس 2026 - 12:30 مساء", "2026-03-04T12:30"),
    "half past midnight in Chinese": ("zh", "2026年3月4日 上午12:30", "2026-03-04T00:30"),
    "noon in Chinese": ("zh", "2026年3月4日 中午11:40", "2026-03-04T11:40"),
    "dusk in Chinese": ("zh", "2026年3月4日 傍晚6:05", "2026-03-04T18:05"),
    "the afternoon in Bengali": ("bn", "৪ মার্চ ২০২৬, বিকেল ৩:১৫", "2026-03-04T15:15"),
    "Alaska": ("en", "March 4, 2026 3:15 p.m. AKST", "2026-03-04T15:15"),
    "a Thai year of two digits": ("th", "4 มี.ค. 69 15.15 น.", "2026-03-04T15:15"),
    "a Thai era": ("th", "วันที่ 4 มีนาคม พ.ศ. 2569", "2026-03-04T00:00"),
    "an Arabic comma": ("ar", "4 مارس، 2026", "2026-03-04T00:00"),
    "a Latvian case": ("lv", "2026. gada 4. martā", "2026-03-04T00:00"),
    "a Lithuanian month": ("lt", "2026 kovo mėn. 4 d. 15:15", "2026-03-04T15:15"),
    "capitals and two digits": ("en", "04-MAR-26 03:15 PM", "2026-03-04T15:15"),
    "a dot in the middle": ("en", "5 min read·Mar 4, 2026", "2026-03-04T00:00"),
    "a label in Polish": ("pl", "Publikacja: 04.03.2026 15:15", "2026-03-04T15:15"),
    "a label in Turkish": ("tr", "Eklenme Tarihi: 04 Mart 2026 - 15:15", "2026-03-04T15:15"),
    "a label in Russian": ("ru", "Создано: 04 марта 2026", "2026-03-04T00:00"),
    "a label in Spanish": ("es", "Creado: 04-03-2026 | 15:15 H", "2026-03-04T15:15"),
    "a label in Romanian": ("ro", "Data publicării: 04.03.2026", "2026-03-04T00:00"),
    "the day of publication in French": ("fr", "Date de publication : 4 mars 2026", "2026-03-04T00:00"),
    "the day of publication in Dutch": ("nl", "Publicatiedatum: 4 maart 2026", "2026-03-04T00:00"),
    "the day of publication in Korean": ("ko", "게시일: 2026-03-04", "2026-03-04T00:00"),
    "a change after a noun in Spanish": (
        "es", "Creada: 04.03.2026 | 15:15 Última actualización: 05.03.2026 | 10:15", "2026-03-04T15:15"),
    "Persian": ("fa", "چهارشنبه ۱۳ اسفند ۱۴۰۴ - ۱۵:۱۵", "2026-03-04T15:15"),
    "a label in Persian": ("fa", "تاریخ انتشار: ۱۳ اسفند ۱۴۰۴", "2026-03-04T00:00"),
    "numbers in Persian": ("fa", "۱۴۰۴/۱۲/۱۳ ۱۵:۱۵", "2026-03-04T15:15"),
    "Persian in Latin digits and an Arabic letter": ("fa", "13 فروردين 1404", "2025-04-02T00:00"),
    "a Gregorian month in Persian": ("fa", "۴ مارس ۲۰۲۶", "2026-03-04T00:00"),
    "a weekday and numbers": ("en", "Wed, 03/04/2026 - 15:15", "2026-03-04T15:15"),
    "a label, a weekday and numbers": ("en", "Posted Saturday 04/04/2026", "2026-04-04T00:00"),
    "another weekday and the same numbers": ("en", "Friday, 03/04/2026", "2026-04-03T00:00"),
    "an author between": ("fr", "Rédigé par Inès Falque le mercredi 4 mars 2026 à 15:15", "2026-03-04T15:15"),
}


@pytest.mark.parametrize(("lang", "line", "read"), WRITTEN.values(), ids=WRITTEN)
def test_a_date_is_read_as_it_is_written_in_its_language(lang: str, line: str, read: str) -> None:
    published, _ = times(a_page(before=f"<p>{line}</p>", lang=lang))
    assert (published or "")[:16] == read


MARKED = {
    "the title of a time": '<time title="2026-03-04T15:15:00+00:00">3 days ago</time>',
    "an element of AMP": '<amp-timeago datetime="2026-03-04T15:15:00Z" locale="es">hace 3 d</amp-timeago>',
    "an element of a library": '<p>Ports <relative-time datetime="2026-03-04T15:15:00Z">last week</relative-time></p>',
    "a year and a time side by side": "<p class='info'><i></i><span>04.03.2026</span><i></i><span>15:15</span></p>",
}


@pytest.mark.parametrize("line", MARKED.values(), ids=MARKED)
def test_a_date_is_read_as_it_is_marked(line: str) -> None:
    assert (times(a_page(before=line, lang="de"))[0] or "")[:16] == "2026-03-04T15:15"


OF_ELSE = {
    "a sentence": ("en", "<p>On 12 January 2024 a storm broke the pier; now it is to be rebuilt.</p>"),
    "days in German": ("de", "<p class='datum'>4. bis 8. März 2026</p>"),
    "days in French": ("fr", "<p class='date'>du 4 au 8 mars 2026</p>"),
    "days in Spanish": ("es", "<p class='fecha'>del 4 al 8 de marzo de 2026</p>"),
    "a caption in Japanese": ("ja", "<p>東埠頭＝2024年1月12日撮影</p>"),
    "a caption in Chinese": ("zh", "<p>2024年1月12日，东码头（资料图）</p>"),
    "a caption in Korean": ("ko", "<p>2024년 1월 12일 동쪽 부두 모습. 항구뉴스</p>"),
    "a quoted post": ("en", "<blockquote><p>At last.</p>— Ines Falk <a href='/1'>January 12, 2026</a></blockquote>"),
    "a promoted story": ("en", "<div class='promo'><h3>Mayor goes</h3><time datetime='2026-01-12'>12 Jan</time></div>"),
    "an event in Spanish": ("es", "<p>Fecha: 12 de diciembre de 2026</p><p>Hora: 20:00</p><p>Lugar: el muelle</p>"),
    "a match in Russian": ("ru", "<p>Дата: 31 октября 2026, 19:30</p><p>Стадион: Порт</p>"),
    "a place and a day in German": ("de", "<p>Stadthalle Marrowby, den 12. Dezember 2026</p>"),
    "a day of no month": ("en", "<p>Wed, 00/04/2026</p>"),
    "the days of a fair in Persian": ("fa", "<p>۱۳ تا ۱۵ اسفند ۱۴۰۴</p>"),
    "a weekday of neither order": ("en", "<p>Monday, 03/04/2026</p>"),
    "a word like a weekday": ("en", "<p>Monsoon 03/04/2026</p>"),
    "a day that Esfand of a common year has not": ("fa", "<p>۳۰ اسفند ۱۴۰۴</p>"),
    "an old year in Persian": ("fa", "<p>۱۳ اسفند ۱۳۱۲</p>"),
    "numbers of a file in English": ("en", "<p>1404/12/13</p>"),
    "the date of a meeting in Spanish": ("es", "<p>Fecha del pleno: 12 de mayo de 2026</p>"),
    "the date of a meeting in Chinese": ("zh", "<p>活动日期：2026-05-12</p>"),
    "a poem in German": ("de", "<p>Ein Gedicht über den Hafen, geschrieben am 4. März 2026 in der Fähre.</p>"),
    "a law in Italian": ("it", "<p>La norma modifica il regolamento del porto dal 4 marzo 2026</p>"),
    "a place in a sentence": ("fr", "<p>À Marrowby, le 4 mars 2026 a été un jour de tempête sur le vieux quai.</p>"),
    "a founding": ("es", "<p>El organismo, creado el 12 de enero de 2024, reconstruirá el muelle</p>"),
}


@pytest.mark.parametrize(("lang", "line"), OF_ELSE.values(), ids=OF_ELSE)
def test_a_date_of_something_else_is_no_publication(lang: str, line: str) -> None:
    assert times(a_page(before=line, lang=lang)) == (None, None)


KEPT = {
    "a section": "<p>4 March 2026 in Ports and Harbours of the North</p>",
    "a byline": "<p>4 March 2026 by Ines Falk and Tom Okafor</p>",
    "a weekday in Chinese": "<p>2026年3月4日星期三</p>",
    "a name in Korean": "<p>2026년 3월 4일 홍길동 기자</p>",
    "a list of facts": "<ul class='post-meta'><li>Ports</li><li>4 March 2026</li></ul>",
    "a time with words": "<p>4 mars 2026 à 15:15</p>",
    "an outlet in Chinese": "<p>2026年03月04日港口日报</p>",
    "an outlet and a name in Korean": "<p>2026년 3월 4일 항구뉴스 홍길동 기자</p>",
    "a byline with a stop": "<p>4 March 2026 by the staff of the Harbour News.</p>",
    "a number and a date": "<p class='date'>No. 12 au 4 mars 2026</p>",
    "a time to read": "<p>4 March 2026 reading time four minutes</p>",
    "a time to read in Turkish": "<p>4 Mart 2026 okuma süresi dört dakika</p>",
    "an outlet after a comma in Chinese": "<p>2026年3月4日，港口日报</p>",
    "an urgent article": "<header class='breaking'><p>Ports</p><time datetime='2026-03-04'>4 March</time></header>",
    "a press release": f"<p>MARROWBY, March 4, 2026 /QuayNewswire/ -- {PARAGRAPHS[1]}</p>",
    "an agency in brackets": f"<p>MARROWBY, March 04, 2026 (QUAY NEWSWIRE) -- {PARAGRAPHS[1]}</p>",
}


@pytest.mark.parametrize("line", KEPT.values(), ids=KEPT)
def test_a_date_beside_other_words_is_the_articles(line: str) -> None:
    assert (times(a_page(before=line))[0] or "")[:10] == "2026-03-04"


@pytest.mark.parametrize("line", ["<p>4 March 2026</p>", "<span class='fecha'>Ports | 4 March 2026</span>"])
def test_a_date_above_the_headline_is_the_articles_if_it_opens_the_article(line: str) -> None:
    page = a_page().replace("<article><h1>", f"<article>{line}<h1>")
    assert (times(page)[0] or "")[:10] == "2026-03-04"
    assert times(a_page().replace("<article><h1>", f"{line}<article><h1>")) == (None, None)
    other = "<p><a href='/2'>Mayor goes after two years</a></p>"
    assert times(a_page().replace("<article><h1>", f"<article>{other}{line}<h1>")) == (None, None)
    masthead = a_page().replace("<article><h1>", f"<main>{line}<h1>").replace("</article>", "</main>")
    assert times(masthead) == (None, None)
    section = "".join(f"<p>Line {number} of the masthead</p>" for number in range(6))
    assert times(a_page().replace("<article><h1>", f"<article>{section}{line}<h1>")) == (None, None)


@pytest.mark.parametrize(
    ("number", "day"),
    [
        ("20260303123456", "2026-03-03"),
        ("AKR20260303012300005", "2026-03-03"),
        ("20210303123456", ""),
        ("202603031", ""),
    ],
)
def test_a_serial_number_that_begins_with_a_day_before_the_fetch_has_the_day(number: str, day: str) -> None:
    published, _ = times(a_page(), url=f"https://harbour-news.example/view/{number}")
    assert (published or "")[:10] == day


def test_a_labelled_date_at_the_end_is_read_in_korean() -> None:
    assert (times(a_page(after="<p>기사입력 2026-03-04 15:15</p>", lang="ko"))[0] or "")[:16] == "2026-03-04T15:15"


LAST = {
    "in brackets": ("zh", "<p>（2026年3月4日）</p>", True),
    "in a box for dates": ("ru", "<div class='news-date'>4 марта 2026</div>", True),
    "with a day of the week": ("en", "<p>Wednesday, 4 March 2026, 15:15</p>", True),
    "above a box of its own": ("en", "<p>4 March 2026</p><aside><h3>Most read</h3></aside>", True),
    "above the next headline": ("en", "<p>4 March 2026</p><h3>Mayor goes</h3><p>She will not say why.</p>", False),
    "above the next link": ("en", "<p>4 March 2026</p><p><a href='/2'>Mayor goes</a></p>", False),
    "above the next date": ("en", "<p>4 March 2026</p><p>Storm</p><p>2 March 2026</p>", False),
    "of an event": ("en", "<p>The next hearing is held on</p><p>4 March 2026</p>", False),
    "in the box of the next story": ("en", "<div><span>4 March 2026</span><h2>Mayor goes</h2></div>", False),
    "beside the article": ("en", "<aside><p>4 March 2026</p></aside>", False),
    "of a list": ("en", "<ul><li>4 March 2026</li><li>5 March 2026</li></ul>", False),
    "of a card": ("en", "<div class='card'><p>4 March 2026</p><a href='/2'>Mayor goes</a></div>", False),
    "with a name": ("en", "<p>Harbour day 4 March 2026</p>", False),
}


@pytest.mark.parametrize(("lang", "line", "is_read"), LAST.values(), ids=LAST)
def test_a_date_alone_after_the_last_paragraph_is_the_articles(lang: str, line: str, is_read: bool) -> None:
    assert (times(a_page(after=line, lang=lang))[0] or "")[:10] == ("2026-03-04" if is_read else "")


FOOTER = "<footer class='entry-footer'><span>Posted on <time class='entry-date published' datetime='{}'>4 March</time>"
BELOW = {
    "a time in an entry's footer": (FOOTER.format("2026-03-04T15:15:00Z") + "</span></footer>", True),
    "an abbreviation in a post's footer": (
        "<div class='post-footer'>By Ines Falk at <a href='/1'><abbr class='published' title='2026-03-04T15:15:00Z'>"
        "3:15 PM</abbr></a></div>", True),
    "a version in print in the article's footer": (
        "<div class='article-footer'><p>A version of this article was first published on 4 March 2026 in the Quay "
        "Review, which was a weekly paper for the crews of the harbour and their families then.</p></div>", False),
    "a label below links": (
        "<h3>More</h3><ul><li><a href='/2'>Mayor goes after two years</a></li></ul><p>Published 4 March 2026 15:15</p>",
        True),
    "a label in a list of facts": ("<ul><li><b>Published:</b> 4 March 2026 15:15</li><li>Ports</li></ul>", True),
    "a comment": ("<div class='comment'><p>Greta</p><p>Posted on 4 March 2026 15:15</p><p>At last.</p></div>", False),
    "a comment in a list": ("<ol id='comments'><li>Greta <span>Posted on 4 March 2026</span></li></ol>", False),
    "a related story": (
        "<div><p><a href='/2'>Mayor goes after two years</a></p><p>Published on 4 March 2026</p></div>", False),
    "a date above a card's headline": (
        "<div><p>Published on 4 March 2026</p><h3><a href='/2'>Mayor goes after two years</a></h3></div>", False),
    "the next article": (
        "</article><article><h2>Mayor goes</h2><p>Why?</p>" + FOOTER.format("2026-03-04") + "</span></footer>", False),
    "a card with a footer": (
        "<div><a href='/2'>Mayor goes after two years</a>" + FOOTER.format("2026-03-04") + "</footer></div>", False),
    "a card with a headline above its text": (
        "<div class='item'><h3><a href='/2'>Mayor goes after two years</a></h3><p>He said that it was time for it.</p>"
        "<div class='entry-meta'><time class='published' datetime='2026-03-04'>4 March</time></div></div>", False),
    "a time that no name marks": ("<p><time datetime='2026-03-04'>4 March</time></p>", False),
}


@pytest.mark.parametrize(("line", "is_read"), BELOW.values(), ids=BELOW)
def test_a_date_below_the_text_is_the_articles_where_no_other_story_or_comment_is(line: str, is_read: bool) -> None:
    assert (times(a_page(after=line))[0] or "")[:16] == ("2026-03-04T15:15" if is_read else "")


def state(*objects: dict[str, object], opening: str = '<script type="application/json" id="state">') -> str:
    """A script with the data of a page's own program."""
    return f"{opening}{json.dumps({'props': {'found': list(objects)}})}</script>"


STORED = {"headline": TITLE, "publishedAt": "2026-03-05T20:40:00Z", "createdAt": "2026-03-01T09:00:00Z"}
OTHER_STORED = {"headline": "Ferry dog elected harbour master", "publishedAt": "2026-02-01T10:00:00Z"}
UNDATED = "https://harbour-news.example/pier-to-be-rebuilt"
PLACES = {
    "a script of data": state(OTHER_STORED, STORED),
    "a script that assigns it": state(STORED, opening="<script>window.__STATE__ = "),
    "with its own address": state({**STORED, "slug": "pier-to-be-rebuilt"}),
    "seconds since 1970": state({"title": TITLE, "publishTime": 1_772_743_200}),
}


@pytest.mark.parametrize("after", PLACES.values(), ids=PLACES)
def test_a_date_that_only_script_data_have_is_taken_by_the_headline(after: str) -> None:
    published, _ = times(a_page(after=after), url=UNDATED)
    assert published is not None and published.startswith("2026-03-05T20:40")


NOT_ITS = {
    "another story's": state(OTHER_STORED),
    "an entry of a CMS": state({"title": TITLE, "createdAt": "2019-03-05T20:40:00Z"}),
    "an event": state({"name": TITLE, "date": "2026-05-09"}),
    "another page's": state({**STORED, "url": "/2025/11/pier-broken-in-a-storm"}),
    "two days": state(STORED, {**STORED, "publishedAt": "2026-03-07T20:40:00Z"}),
    "text of a script": f"<script>say('{TITLE}', {{\"publishedAt\": \"2026-03-05\"}})</script>",
}


@pytest.mark.parametrize("after", NOT_ITS.values(), ids=NOT_ITS)
def test_other_dates_in_script_data_are_not_the_articles(after: str) -> None:
    assert times(a_page(after=after), url=UNDATED) == (None, None)


def test_script_data_tell_the_hour_of_the_day_in_the_address_and_no_other_day() -> None:
    assert times(a_page(after=state(STORED)), url=f"{UNDATED[:28]}/2026/03/05/pier")[0] == "2026-03-05T20:40:00+00:00"
    other = times(a_page(after=state(STORED)), url="https://harbour-news.example/2026/03/04/pier")[0]
    assert other is not None and other.startswith("2026-03-04")


ENTRIES = ("12 January 2024", "3 March 2024", "28 November 2025", "2 February 2026")
CHRONOLOGIES = {
    "paragraphs": "".join(f"<p>{day}: {text}</p>" for day, text in zip(ENTRIES, PARAGRAPHS, strict=False)),
    "boxes": "".join(
        f"<div class='row'><p class='day'>{day}</p><p>{text}</p></div>"
        for day, text in zip(ENTRIES, PARAGRAPHS, strict=False)
    ),
    "time elements": "".join(
        f"<div class='row'><p><time>{day}</time></p><p>{text}</p></div>"
        for day, text in zip(ENTRIES, PARAGRAPHS, strict=False)
    ),
}


@pytest.mark.parametrize("entries", CHRONOLOGIES.values(), ids=CHRONOLOGIES)
def test_a_date_in_a_chronology_is_that_of_an_entry(entries: str) -> None:
    intro = "<p>What became of the pier since the storm, in the words of those who were there.</p>"
    assert times(a_page((), before=f"{intro}{intro.replace('pier', 'quay')}{entries}"), url=UNDATED) == (None, None)


@pytest.mark.parametrize("entries", [CHRONOLOGIES["paragraphs"], CHRONOLOGIES["boxes"]])
@pytest.mark.parametrize("box", ["p", "p class='day'", "time class='published'"])
def test_a_date_below_the_headline_of_a_chronology_is_the_articles(entries: str, box: str) -> None:
    line = f"<{box}>5 March 2026</{box.split(maxsplit=1)[0]}>"
    published, _ = times(a_page((), before=line + entries), url=UNDATED)
    assert published is not None and published.startswith("2026-03-05")
