"""Which time of a page is the article's: by its label, its microdata and its place, and by the address last."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.clean.metadata.moments import read_moment
from pipelines.clean.metadata.written import read_written
from tests.cases.reading import PARAGRAPHS, TITLE, a_page, article_of, linked_data

FIRST, LATER = "2025-09-14", "2025-09-16"


def times(before: str = "", lang: str = "en", **options: Any) -> tuple[str | None, str | None]:
    article = article_of(a_page(before=before, lang=lang, **options), url=None)
    return tuple(at and at.isoformat().removesuffix("+00:00").removesuffix("T00:00:00")  # type: ignore[return-value]
                 for at in (article.published_at, article.modified_at))


@pytest.mark.parametrize(
    ("written", "language"),
    [
        ("14 September 2025, 19:05 Mountain Time", "en"),
        ("14 September 2025, 19:05 Lisbon time", "en"),
        ("14 September 2025 19:05 QRT", "en"),
        ("14. September 2025, 19:05 Uhr Ortszeit", "de"),
        ("14 septembre 2025 à 19h05 heure locale", "fr"),
        ("14 de septiembre de 2025, 19:05 hora de Lima", "es"),
        ("14 сентября 2025, 19:05 по местному времени", "ru"),
        ("2025年9月14日 19:05 当地时间", "zh"),
        ("2025년 9월 14일 19:05 현지시간", "ko"),
    ],
)
def test_a_time_in_a_zone_that_is_not_read_is_a_date_alone(written: str, language: str) -> None:
    moment = read_written(written, language)
    assert moment is not None
    assert (moment.at.isoformat(), moment.has_time) == ("2025-09-14T00:00:00+00:00", False)
    assert moment.unread is not None


@pytest.mark.parametrize("written", ["2025-09-14T19:05:00[Europe/Lisbon]", "2025-09-14 19:05 America/Lima",
                                     "2025-09-14 19:05 QRT", "2025-09-14 19:05:00 Central European Time"])
def test_so_is_a_machines_time(written: str) -> None:
    moment = read_moment(written)
    assert moment is not None
    assert (moment.at.isoformat(), moment.has_time) == ("2025-09-14T00:00:00+00:00", False)


@pytest.mark.parametrize(
    ("written", "language", "expected"),
    [
        ("14.09.2025, 19:05 Uhr MESZ", "de", "2025-09-14T19:05:00+02:00"),
        ("14 September 2025 19:05 (UTC -3)", "en", "2025-09-14T19:05:00-03:00"),
        ("14 сентября 2025, 19:05 (мск)", "ru", "2025-09-14T19:05:00+03:00"),
        ("14 septembre 2025 19:05 et plus", "fr", "2025-09-14T19:05:00+00:00"),
        ("14 September 2025 19:05. By Ines Falk", "en", "2025-09-14T19:05:00+00:00"),
        ("14 September 2025 19:05 | Reading time 3 min", "en", "2025-09-14T19:05:00+00:00"),
        ("14 September 2025 19:05 Reading time: 3 min", "en", "2025-09-14T19:05:00+00:00"),
        ("14 September 2025 19:05, Read Time 3 min", "en", "2025-09-14T19:05:00+00:00"),
        ("14 September 2025 19:05 Reading time – 3 min", "en", "2025-09-14T19:05:00+00:00"),
        ("14 September 2025 19:05 Some time ago", "en", "2025-09-14T19:05:00+00:00"),
        ("14 September 2025 19:05 Pacific Fleet", "en", "2025-09-14T19:05:00+00:00"),
        ("14 September 2025 19:05 Sport/Football", "en", "2025-09-14T19:05:00+00:00"),
        ("14 September 2025 19:05 EVENT", "en", "2025-09-14T19:05:00+00:00"),
        ("14 September 2025 19:05 Waktu baca 3 menit", "id", "2025-09-14T19:05:00+00:00"),
        ("2025年9月14日 19:05 阅读时间 3分钟", "zh", "2025-09-14T19:05:00+00:00"),
    ],
)
def test_and_what_is_no_zone_is_none(written: str, language: str, expected: str) -> None:
    moment = read_written(written, language)
    assert moment is not None
    assert moment.at.isoformat() == expected


def test_a_word_after_a_machines_time_is_no_zone() -> None:
    for word, zone in (("(Brandt)", None), ("Sport report", None), ("utc", "+00:00")):
        moment = read_moment(f"2025-09-14 19:05 {word}")
        assert moment is not None
        assert (moment.has_time, moment.zone) == (True, zone)


BOTH = {
    "labels before time elements": (
        f'<p>Modified <time datetime="{LATER}">Tuesday</time>, first posted <time datetime="{FIRST}">Sunday</time></p>'
        f"", "en"),
    "a label in a box before": (
        f'<p>Updated:</p><p><time datetime="{LATER}">16 Sep</time></p>'
        f'<p class="date"><time datetime="{FIRST}">14 Sep</time></p>', "en"),
    "labels glued to dates": ("<div><b>Published</b><b>14 September 2025</b></div>"
                              "<div><b>Updated</b><b>16 September 2025</b></div>", "en"),
    "a label after its date": ("<p>2025年9月14日（2025年9月16日更新）</p>", "ja"),
    "polish": ("<p>Data publikacji: 14.09.2025; data aktualizacji: 16.09.2025</p>", "pl"),
    "hungarian": ("<p>2025. szeptember 14. Módosítva: 2025. szeptember 16.</p>", "hu"),
    "croatian": ("<p>14. rujna 2025. Zadnja izmjena: 16. rujna 2025.</p>", "hr"),
    "an attribute that differs from the text": (
        f'<p><time itemprop="dateModified" datetime="{LATER}">14/09/2025 | Actualizado 16/09/2025</time></p>', "es"),
    "microdata on other elements": (
        f'<p><span itemprop="datePublished" content="{FIRST}">Sunday</span> '
        f'<b itemprop="dateModified" content="{LATER}">Tuesday</b></p>', "en"),
    "hAtom": (f'<p><abbr class="published" title="{FIRST}">Sunday</abbr> '
              f'<abbr class="updated" title="{LATER}">Tuesday</abbr></p>', "en"),
}


@pytest.mark.parametrize(("before", "lang"), BOTH.values(), ids=BOTH)
def test_each_time_is_read_into_the_field_that_its_label_names(before: str, lang: str) -> None:
    assert times(before, lang) == (FIRST, LATER)


@pytest.mark.parametrize(("line", "lang"), [
    ("อัปเดต 16 กันยายน 2568", "th"), ("अपडेटेड 16 सितंबर 2025", "hi"), ("আপডেট: 16 সেপ্টেম্বর 2025", "bn"),
    ("Actualizat la 16 septembrie 2025", "ro"), ("Päivitetty 16.9.2025", "fi"), ("Poslední úprava: 16. 9. 2025", "cs"),
])  # fmt: skip
def test_an_update_alone_is_no_publication_in_any_language(line: str, lang: str) -> None:
    assert times(f"<p>{line}</p>", lang) == (None, LATER)


def test_a_time_that_was_never_changed_is_that_of_publication() -> None:
    assert times(f'<time class="entry-date published updated" datetime="{FIRST}">Sunday</time>') == (FIRST, None)


OF_SOMETHING_ELSE = {
    "an event": '<p>On stage <time itemprop="startDate" datetime="2025-10-02">2 October 2025</time></p>',
    "an offer": '<p><time itemprop="validThrough" datetime="2025-10-02">2 October 2025</time></p>',
    "days across months": "<p>28 September – 2 October 2025</p>",
    "a thermometer": "<p>Marrowby 11° 2 October 2025</p>",
}


@pytest.mark.parametrize("line", OF_SOMETHING_ELSE.values(), ids=OF_SOMETHING_ELSE)
def test_a_time_of_something_else_is_not_the_articles(line: str) -> None:
    assert times(line) == (None, None)


def test_an_author_of_a_card_is_not_the_articles() -> None:
    card = ('<div itemscope itemtype="https://schema.org/NewsArticle"><a href="/2"><b itemprop="headline">The quay is '
            'sold for the third time</b></a> <span itemprop="author">Tom Okafor</span></div>')
    assert article_of(a_page(after=card)).authors == ()
    own = '<div itemscope itemtype="https://schema.org/Person"><span itemprop="author">Tom Okafor</span></div>'
    assert [author.name for author in article_of(a_page(before=own)).authors] == ["Tom Okafor"]


def test_a_label_and_a_date_after_the_text_are_read_and_a_sentence_with_both_is_not() -> None:
    assert times(lang="de", after="<p>Erstellt am 14. September 2025</p>")[0] == FIRST
    sentence = "A note to our readers: this story was first published on 14 September 2019, before the storm came."
    assert times(after=f"<p>{sentence}</p>") == (None, None)


@pytest.mark.parametrize("sentence", [
    "Her first map was published on 14 September 2019.", "He last updated the chart on 3 May 2011.",
    "The new list was updated on 14 September 2027.", "Published on 14 September 2019 in Skarn."])  # fmt: skip
def test_the_last_sentence_of_a_text_is_no_date(sentence: str) -> None:
    assert times(paragraphs=(*PARAGRAPHS, sentence)) == (None, None)


def test_a_label_and_a_date_in_the_last_paragraph_are_read() -> None:
    last = "First published on Sunday, 14 September 2025, 19:05 GMT"
    assert times(paragraphs=(*PARAGRAPHS, last))[0] == f"{FIRST}T19:05:00"


@pytest.mark.parametrize("line", [
    "Reporter: Mara Lind, 14 September 2025", "Skarn: Mara Lind, 14 September 2025",
    "Section: Ships, 14 September 2025",
    "Journalist: Mara Lind - 14 September 2025", "11°C Skarn, 14 September 2025",
    "14 September 2025, 9:30 am Last modified 9:40 am"])  # fmt: skip
def test_a_label_before_other_words_leaves_a_date_the_articles(line: str) -> None:
    assert times(f"<p>{line}</p>")[0][:10] == FIRST  # type: ignore[index]


def test_a_visible_change_before_the_publication_is_another_articles() -> None:
    head = linked_data(headline=TITLE, datePublished="2025-09-14T08:00:00Z")
    assert times(head=head, after="<p>Updated 2 September 2025</p>") == ("2025-09-14T08:00:00", None)
    assert times(head=head, after="<p>Updated 16 September 2025</p>") == ("2025-09-14T08:00:00", LATER)


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("/20250914/pier", "2025-09-14"), ("/2025/0914/c1002-40102.html", "2025-09-14"),
        ("/2025-09/14/c_11289.htm", "2025-09-14"), ("/ports/2025/sep/14/pier", "2025-09-14"),
        ("/a/t20250914_401.shtml", "2025-09-14"), ("/a/pier-20250914.html", "2025-09-14"), ("/20259914/pier", None),
        ("/a/120250914/pier", None), ("/2025/sop/14/pier", None),
        ("/a/2025091401/pier", None),
        ("/2025/9/14/20250914_2.html", "2025-09-14"), ("/2025/09/14/pier-20101112.html", "2025-09-14"),
        ("/2025/09/14/20250913/", "2025-09-14"), ("/a/20151130.html", None), ("/a/world-20101112", None),
    ],
)  # fmt: skip
def test_the_day_in_an_address(path: str, day: str | None) -> None:
    article = article_of(a_page(), url=f"https://harbour-news.example{path}")
    assert (article.published_at and article.published_at.date().isoformat()) == day


def test_other_names_and_forms_of_declared_times() -> None:
    def declared(head: str) -> str | None:
        return times(head=head)[0]

    assert declared('<meta name="citation_publication_date" content="2025/09/14">') == FIRST
    assert declared('<meta name="bt:pubDate" content="2025-09-14T00:00:00Z">') == FIRST
    assert declared(linked_data(headline=TITLE, datePublished=1757876700000)) == "2025-09-14T19:05:00"
    assert declared('<meta name="pubdate" content="2025-09-14 오후 7:05">') == "2025-09-14T19:05:00"
