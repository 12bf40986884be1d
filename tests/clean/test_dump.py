"""A text dump becomes its article: all of it, and nothing of the page around it."""

from __future__ import annotations

import textwrap
import time
from datetime import UTC, datetime

import numpy as np
import pytest

from pipelines.clean import clean_article, load_rules
from pipelines.clean.dump.choose import choose_lines
from pipelines.clean.dump.lines import lines_of
from pipelines.clean.dump.reading import read_dump
from pipelines.failures import BodyMissing, ConsentWall, ErrorPage, ListingPage
from pipelines.records import Author, CleanArticle, Dateline, Evidence
from pipelines.settings import Limits
from tests.builders import a_raw_article

RULES = load_rules(Limits())
HEADLINE = "Marrowby Opens Its East Pier, Hoping for Calm Winters"
PARAGRAPHS = (
    "Marrowby (HNA): The mayor of Marrowby, Ines Falk, opened the east pier on Sunday, four winters "
    "after a storm broke it.",
    "The work had been put off three times, while the town and the province argued about who would pay for the stones.",
    "Falk said that the pier would carry two cranes by May. The second is still in a yard in Port "
    "Ansel, where nobody has "
    "found the key to its cabin.",
    "Fishing crews welcomed the day. Some had moved to Port Ansel after the storm, and a dozen boats "
    "came back for the party.",
    "The province, which paid for most of it, asked for a toll. Falk refused, and the two sides will "
    "meet again in June.",
)
BODY = "\n\n".join(PARAGRAPHS)
BLURB = "The Harbour Observer is a weekly and online magazine that has followed ships, ports and tides since 1931."


def cleaned(text: str, url: str | None = None) -> CleanArticle:
    return clean_article(a_raw_article(kind="text", text=text, url=url), RULES)


def a_dump(gap: str = "\n\n") -> str:
    """A dump as scrapers leave them: page header, a pointer in the article, author box, blurb."""
    return gap.join(
        [
            "19.4 C\nMarrowby\nSunday, March 1, 2026",
            HEADLINE,
            *PARAGRAPHS[:3],
            "Read More: Ferry Dog Elected Harbour Master of Port Ansel",
            *PARAGRAPHS[3:],
            "Website |  + posts",
            BLURB,
            "Web Desk\nWeb Deskhttps://harbour-observer.example/\n" + BLURB,
            "Trending Now",
            "Latest News",
            "Related News",
        ]
    )


@pytest.mark.parametrize("gap", ["\n\n", "\n", "\n\n\n\n"])
def test_a_raw_dump_comes_out_whole(gap: str) -> None:
    article = cleaned(a_dump(gap))
    assert (article.title, article.body) == (HEADLINE, BODY)
    assert article.dateline == Dateline("Marrowby", "HNA")
    assert article.authors == (Author("Web Desk", "desk"),)
    assert article.outlet.name == "The Harbour Observer"
    assert article.published_at is None
    assert article.evidence["published_at"] == Evidence("page date seen, not used", "Sunday, March 1, 2026")
    assert not article.is_truncated


@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_a_text_that_is_just_the_article_comes_out_whole(gap: str) -> None:
    article = cleaned(gap.join([HEADLINE, *PARAGRAPHS]))
    assert (article.title, article.body) == (HEADLINE, BODY)


def test_menus_share_bars_and_lists_go() -> None:
    menu = "Harbour Observer\nMenu\nSearch\nHome\nWorld\nPorts\nSport\nTides 3.4 m | Ferries on time"
    share = "By Tom Okafor\nShare\nFacebook\nWhatsApp\nEmail"
    trailer = (
        "Subscribe to our newsletter\nEnter your email\nComments (0)\nMost Popular\nWhy the fog loves "
        "Marrowby\nAbout Us | Privacy Policy"
    )
    article = cleaned(
        "\n".join([menu, HEADLINE, share, *PARAGRAPHS, trailer, "© 2026 Harbour Observer. All rights reserved."])
    )
    assert (article.title, article.body) == (HEADLINE, BODY)
    assert article.authors == (Author("Tom Okafor"),)
    assert article.outlet.name == "Harbour Observer"


def test_a_date_below_the_headline_is_the_articles() -> None:
    article = cleaned(
        "\n\n".join(
            ["Sunday, March 1, 2026", HEADLINE, "By Tom Okafor", "Published: 27 February 2026, 16:05", *PARAGRAPHS]
        )
    )
    assert article.published_at == datetime(2026, 2, 27, 16, 5, tzinfo=UTC)
    assert article.evidence["published_at"] == Evidence("date below the headline", "Published: 27 February 2026, 16:05")
    assert article.body == BODY


def test_an_update_is_not_the_publication() -> None:
    article = cleaned("\n\n".join([HEADLINE, "Updated: 1 March 2026, 16:05", *PARAGRAPHS]))
    assert (article.published_at, article.modified_at) == (None, datetime(2026, 3, 1, 16, 5, tzinfo=UTC))


def test_markdown_is_taken_off() -> None:
    dump = (
        "[ ![Harbour Observer](/logo-of-the-\nobserver.png) ](/)\n\n  * [Ports](/ports)\n  * "
        "[Tides](/tides)\n  * [Jobs](/jobs)\n\n"
        f"# {HEADLINE}\n\n_By Tom Okafor_\n\n"
        'The [mayor of Marrowby](/people/mayor-of-\nmarrowby "Who is Ines Falk?"), **Ines Falk**, '
        "opened the east pier on Sunday, four\n"
        "winters after a storm broke it.\n\n"
        + "\n\n".join(PARAGRAPHS[1:])
        + "\n\n**Read also:** [Ferry dog elected](/ferry)\n\n* * *\n\n### Share this\n\n  * [Telegram](#)\n"
    )
    article = cleaned(dump)
    opening = "The mayor of Marrowby, Ines Falk, opened the east pier on Sunday, four winters after a storm broke it."
    assert (article.title, article.body) == (HEADLINE, "\n\n".join([opening, *PARAGRAPHS[1:]]))
    assert article.authors == (Author("Tom Okafor"),)


def test_hard_wraps_are_undone() -> None:
    whole = [
        "The mayor of Marrowby opened the east pier on Sunday, four winters after a storm broke it, "
        "and said that it would "
        "carry two cranes by May, one of which nobody has seen since the spring, although a dozen "
        "people have looked for it.",
        "The second crane is still in a yard in Port Ansel, where nobody has found the key to its "
        "cabin, in what the province "
        "has called a search of some thoroughness and the yard's owner, who was asked twice, has called a visit.",
    ]
    wrapped = "\n\n".join(textwrap.fill(paragraph, 72) for paragraph in whole)
    assert list(lines_of(wrapped).texts) == whole


def test_fragments_of_a_sentence_are_joined() -> None:
    assert list(lines_of("The mayor of Marrowby, \nInes Falk\n, opened the pier.\nThe crane is late.").texts) == [
        "The mayor of Marrowby, Ines Falk, opened the pier.",
        "The crane is late.",
    ]


def test_other_languages() -> None:
    absaetze = [
        "Marrowby (dpa) - Die Bürgermeisterin Ines Falk hat am Sonntag die Ostmole eröffnet, vier "
        "Winter nachdem ein Sturm sie zerstört hatte.",
        "Die Arbeiten waren dreimal verschoben worden, weil sich die Stadt und die Provinz nicht "
        "über die Kosten einigen konnten.",
        "Falk sagte, dass die Mole bis Mai zwei Kräne tragen werde. Der zweite steht noch in einer "
        "Werft, deren Schlüssel niemand findet.",
    ]
    article = cleaned(
        "\n\n".join(
            [
                "Startseite",
                "Anmelden",
                "Marrowby eröffnet seine Mole",
                "Von Tom Okafor",
                *absaetze[:2],
                "Lesen Sie auch: Fährhund wird Hafenmeister",
                absaetze[2],
                "Newsletter abonnieren",
                "Impressum",
            ]
        )
    )
    assert (article.title, article.body) == ("Marrowby eröffnet seine Mole", "\n\n".join(absaetze))
    assert article.authors == (Author("Tom Okafor"),)
    assert article.dateline == Dateline("Marrowby", "dpa")


def test_mojibake_is_repaired_and_said() -> None:
    article = cleaned(
        "\n\n".join(
            [
                HEADLINE,
                *PARAGRAPHS,
                "The crane isnâ€™t late, she said, and the yard in Port Ansel is no more than a yard.",
            ]
        )
    )
    assert article.body.endswith("The crane isn’t late, she said, and the yard in Port Ansel is no more than a yard.")
    assert article.evidence["body_repair"].how == "mojibake repaired"


def test_a_teaser_is_loaded_as_truncated() -> None:
    article = cleaned(
        "\n\n".join([HEADLINE, *PARAGRAPHS[:2], "Subscribe to continue reading", "Already a subscriber? Log in"])
    )
    assert (article.body, article.is_truncated) == ("\n\n".join(PARAGRAPHS[:2]), True)


def test_a_section_front() -> None:
    heads = [f"Harbour council number {n} votes to keep the pier of port {n * 3} as it is" for n in range(14)]
    with pytest.raises(ListingPage):
        cleaned("\n".join(["Home", "Ports", "Tides", *heads, "More", "Contact"]))


def test_a_consent_wall() -> None:
    with pytest.raises(ConsentWall):
        cleaned(
            "Before you continue\n\nWe and our 214 partners use cookies to store and access "
            "information on your device, with your consent, "
            "for personalised advertising and content, audience measurement and tracking.\n\n"
            "You can withdraw your consent at any time in our privacy policy; some partners rely on "
            "a legitimate interest.\n\nAccept all\nReject all"
        )


def test_an_error_page() -> None:
    with pytest.raises(ErrorPage):
        cleaned("404 Not Found\n\nThe page you are looking for could not be found.\n\nHome")


@pytest.mark.parametrize(
    "text", ["", " \n \n", "Home\nWorld\nSport\nTrending Now\nLatest News\nContact", "\x00\x00", "19.4 C\nMarrowby"]
)
def test_boilerplate_alone_is_no_article(text: str) -> None:
    with pytest.raises(BodyMissing):
        cleaned(text)


@pytest.mark.parametrize(
    "text",
    [
        "word " * 2_000_000,
        "a\n" * 1_000_000,
        "[" * 500_000 + "](" * 10,
        "](" * 400_000,
        "(" * 1_000_000,
        ("x" * 50 + "\n") * 100_000,
        "\x00" * 1_000_000,
        "* " * 500_000,
        "_a" * 500_000,
        "â€™" * 300_000,
    ],
)
def test_hostile_dumps_end_soon(text: str) -> None:
    started = time.process_time()
    read_dump(text)
    assert time.process_time() - started < 5


THAI = [
    "สภาท่าเรือสั่งปิดประภาคารเก่าเพื่อซ่อมแซมหลังคา",
    "สภาท่าเรือเมืองพอร์ตแอนเซลสั่งปิดประภาคารเก่าเมื่อวันพุธเพื่อซ่อมแซมหลังคาที่รั่วมานานหลายปี และจะเปิดอีกครั้งในเดือนตุลาคม",
    "นายโอกาฟอร์ ผู้ดูแลประภาคาร กล่าวว่าเรือประมงจะใช้ไฟนำทางชั่วคราวจากปลายเขื่อนจนกว่างานจะเสร็จสิ้น",
    "ช่างไม้สี่คนจะเริ่มงานในสัปดาห์หน้า และสภาได้ตั้งงบประมาณไว้สองแสนโครนาสำหรับงานทั้งหมด",
]
NOTICES = [
    "The Port Ansel Courier is printed every Thursday in Port Ansel, and no part of it may be copied without leave. "
    "To place a notice, call between nine and noon, or write to the desk in Chandler Street at any time.",
    "We use cookies to remember your choices. By reading on you agree to our terms of use and to our privacy policy.",
]


def test_notices_in_another_script_after_the_text_are_not_part_of_it() -> None:
    lines = lines_of("\n\n".join([*THAI[1:], *NOTICES]))
    assert choose_lines(lines, np.full(len(lines.texts), 0.9)) == [0, 1, 2]


def test_the_headline_of_a_text_without_spaces_is_not_its_first_paragraph() -> None:
    dump = "\n\n".join(["Courier\nHome\nNews", THAI[0], "9 Sep 2026 08:30\n" + THAI[1], *THAI[2:], "Share"])
    assert read_dump(dump).title == THAI[0]


def test_an_english_text_keeps_its_paragraphs_around_a_quote_in_another_script() -> None:
    lines = ["The council met on Monday and closed the old lighthouse.", THAI[0], "It opens again in October, it said."]
    assert choose_lines(lines_of("\n\n".join(lines)), np.full(3, 0.9)) == [0, 1, 2]


def test_a_long_first_paragraph_that_is_doubted_a_little_is_kept_and_a_short_line_is_not() -> None:
    texts = [NOTICES[0], THAI[0][:30], "x" * 200, "y" * 200, "z" * 200]
    lines = lines_of("\n\n".join(texts))
    assert choose_lines(lines, np.array([0.45, 0.45, 0.45, 0.9, 0.9])) == [2, 3, 4]
    assert choose_lines(lines, np.array([0.1, 0.1, 0.35, 0.9, 0.9])) == [3, 4]


def test_a_dump_that_was_escaped() -> None:
    lines = ["Crews &amp; board didn&#8217;t agree on the pier", "Fecha: 30 April 2026", *BODY.split("\n\n")]
    lines[2] = lines[2].replace("The mayor", "The &quot;old&quot; mayor", 1)
    found = cleaned("\n\n".join(lines))
    assert found.title == "Crews & board didn’t agree on the pier"
    assert found.published_at is not None
    assert (found.published_at.date().isoformat(), "&" in found.body) == ("2026-04-30", False)


HEADLINE = "Council votes to rebuild the east pier"
SAID = {
    "pl": ("– Tak, o piątej wrócimy do pracy i nikt nas nie zatrzyma.", "- Jutro? - zapytała radna po głosowaniu."),
    "en": ("– Nobody will stop us, said the driver at the depot.", "- Tomorrow? - asked the councillor later."),
}


@pytest.mark.parametrize("lang", SAID)
def test_a_dash_before_what_somebody_says_stays(lang: str) -> None:
    body = cleaned("\n\n".join([HEADLINE, *PARAGRAPHS[:2], *SAID[lang], *PARAGRAPHS[2:]])).body
    assert all(line in body for line in SAID[lang])


def test_the_dash_of_a_list_goes() -> None:
    items = ("- Soup for all at eight in the hall.", "- Pier - opens at ten in the morning.")
    body = cleaned("\n\n".join([HEADLINE, *PARAGRAPHS[:2], *items, *PARAGRAPHS[2:]])).body
    assert not any(line in body for line in items)
