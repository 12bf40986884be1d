"""The headline without the outlet's name, and every author by name, none of them a desk taken for a person."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cases.reading import PARAGRAPHS, TITLE, a_page, article_of, linked_data, names

SITE = "<meta property='og:site_name' content='Harbour News'>"


def titled(tab: str, og: str | None = None, h1: str | None = TITLE, head: str = "") -> str:
    page = a_page(head=head + (f'<meta property="og:title" content="{og}">' if og else ""))
    page = page.replace(f"<title>{TITLE}</title>", f"<title>{tab}</title>")
    return page.replace(f"<h1>{TITLE}</h1>", f"<h1>{h1}</h1>" if h1 else "")


# 9: the site's name in the title
WITH_SITE = {
    "a dash": titled(f"{TITLE} - Harbour News", f"{TITLE} - Harbour News"),
    "an en dash": titled(f"{TITLE} – Harbour News", f"{TITLE} – Harbour News"),
    "an em dash": titled(f"{TITLE} — Harbour News", f"{TITLE} — Harbour News"),
    "a bar": titled(f"{TITLE} | Harbour News", f"{TITLE} | Harbour News"),
    "a dot": titled(f"{TITLE} · Harbour News", f"{TITLE} · Harbour News"),
    "a guillemet": titled(f"{TITLE} » Harbour News", f"{TITLE} » Harbour News"),
    "two colons": titled(f"{TITLE} :: Harbour News", f"{TITLE} :: Harbour News"),
    "the name in front": titled(f"Harbour News - {TITLE}", f"Harbour News | {TITLE}"),
    "section and name": titled(f"{TITLE} | World | Harbour News", TITLE),
    "no h1, the name told": titled(f"{TITLE} - Harbour News", f"{TITLE} - Harbour News", None, SITE),
    "no h1, no og": titled(f"{TITLE} | Harbour News", None, None, SITE),
    "the outlet's name as h1": titled(f"{TITLE} - Harbour News", f"{TITLE} - Harbour News", "Harbour News", SITE),
    "a cut tab": titled(f"{TITLE[:30]}… - Harbour News", TITLE),
    "the h1 in a link with white space": titled(f"{TITLE} - Harbour News", None, f"\n <a href='/'>\n {TITLE} </a>\n"),
    "references": titled(f"{TITLE} &#8211; Harbour&nbsp;News", f"{TITLE} &ndash; Harbour News"),
    "json-ld alone knows": titled("Harbour News", None, None, linked_data(headline=TITLE) + SITE),
}


@pytest.mark.parametrize("page", WITH_SITE.values(), ids=WITH_SITE)
def test_the_headline_is_without_the_outlets_name(page: str) -> None:
    assert article_of(page).title == TITLE


DASHED = [
    "Marrowby - a town waits for its pier",
    "Storm, tide and stone – how the pier broke",
    "Pier | Quay | Breakwater: what the council wants",
    "“No pier, no ferry” – crews march through Marrowby",
]


@pytest.mark.parametrize("title", DASHED)
def test_a_dash_of_the_headlines_own_stays(title: str) -> None:
    page = titled(f"{title} - Harbour News", f"{title} - Harbour News", title, SITE)
    assert article_of(page).title == title


# 10: authors in JSON-LD
INES, TOM, ADA = ({"@type": "Person", "name": name} for name in ("Ines Falk", "Tom Okafor", "Ada Brandt-Lund"))
PEOPLE = [("Ines Falk", "person"), ("Tom Okafor", "person")]
LINKED: dict[str, tuple[Any, list[tuple[str, str]]]] = {
    "an object": (INES, PEOPLE[:1]),
    "a string": ("Ines Falk", PEOPLE[:1]),
    "a string with By": ("By Ines Falk", PEOPLE[:1]),
    "a string of two": ("Ines Falk and Tom Okafor", PEOPLE),
    "a string of two with a comma": ("Ines Falk, Tom Okafor", PEOPLE),
    "a list of objects": ([INES, TOM], PEOPLE),
    "a list of strings": (["Ines Falk", "Tom Okafor"], PEOPLE),
    "a list of lists": ([[INES], [TOM]], PEOPLE),
    "a list of lists of lists": ([[[INES, [TOM]]]], PEOPLE),
    "objects and strings": ([INES, "Tom Okafor"], PEOPLE),
    "a null": (None, []),
    "nulls in a list": ([None, INES, None, TOM], PEOPLE),
    "a name that is a list": ({"@type": "Person", "name": ["Ines Falk", "Tom Okafor"]}, PEOPLE),
    "an author in an author": ({"@type": "Person", "author": INES}, PEOPLE[:1]),
    "a name that is null": ([{"@type": "Person", "name": None}, TOM], PEOPLE[1:]),
    "no name": ([{"@type": "Person", "url": "https://harbour-news.example/a/1"}, INES], PEOPLE[:1]),
    "an empty list": ([], []),
    "an empty string": ("", []),
    "an empty object": ({}, []),
    "a number": (7, []),
    "a truth": (True, []),
    "an address": ("https://harbour-news.example/authors/ines", []),
    "three": ([INES, TOM, ADA], [*PEOPLE, ("Ada Brandt-Lund", "person")]),
    "the same twice": ([INES, INES, "ines falk"], PEOPLE[:1]),
    "references in the name": ({"name": "In&egrave;s Falk"}, [("Inès Falk", "person")]),
    "white space in the name": ({"name": " Ines\n  Falk "}, PEOPLE[:1]),
    "a person and the outlet": (
        [INES, {"@type": "Organization", "name": "Harbour News"}],
        [("Ines Falk", "person"), ("Harbour News", "organisation")],
    ),
}


@pytest.mark.parametrize(("author", "expected"), LINKED.values(), ids=LINKED)
def test_every_author_of_json_ld_is_named(author: Any, expected: list[tuple[str, str]]) -> None:
    assert names(article_of(a_page(head=SITE + linked_data(headline=TITLE, author=author)))) == expected


def test_authors_are_found_in_a_graph_by_reference_and_in_a_list_of_scripts() -> None:
    graph = {
        "@graph": [
            {"@type": "NewsArticle", "headline": TITLE, "author": {"@id": "#ines"}},
            {"@type": "Person", "@id": "#ines", "name": "Ines Falk"},
        ]
    }
    for declared in (graph, [graph], [[graph]]):
        script = f'<script type="application/ld+json">{json.dumps(declared)}</script>'
        assert names(article_of(a_page(head=script))) == PEOPLE[:1]


# 11: bylines that name no person
BYLINES = {
    "Web Desk": "desk",
    "Staff Reporter": "desk",
    "News Desk": "desk",
    "Our Correspondent": "desk",
    "Monitoring Desk": "desk",
    "Editorial Board": "desk",
    "Newsroom": "desk",
    "Admin": "desk",
    "Staff Writer": "desk",
    "Special Correspondent": "desk",
    "Sports Desk": "desk",
    "Editor": "desk",
    "City Reporter": "desk",
    "Harbour News Staff": "desk",
    "Redaktion": "desk",
    "Online-Redaktion": "desk",
    "La rédaction": "desk",
    "Redazione": "desk",
    "Redactie": "desk",
    "Reuters": "organisation",
    "AFP": "organisation",
    "Associated Press": "organisation",
    "dpa": "organisation",
    "Agencies": "organisation",
    "Harbour News Agency": "organisation",
    "Harbour News": "organisation",
    "Marrowby Tribune": "organisation",
    "Ines Falk": "person",
    "Tom Okafor": "person",
    "Dr. Ada Brandt": "person",
    "Jean-Luc d’Orville": "person",
    "Nguyễn Thị Hoa": "person",
    "Иван Петров": "person",
    "María José de la Vega": "person",
}


@pytest.mark.parametrize(("name", "kind"), BYLINES.items(), ids=BYLINES)
def test_a_byline_is_a_person_only_where_it_names_one(name: str, kind: str) -> None:
    for page in (
        a_page(head=SITE + linked_data(headline=TITLE, author={"@type": "Person", "name": name})),
        a_page(head=f'{SITE}<meta name="author" content="{name}">'),
    ):
        assert [author.type for author in article_of(page).authors] == [kind]


def test_a_person_beside_a_desk_and_an_agency_is_found() -> None:
    page = a_page(before="<div class='byline'>By Ines Falk and Tom Okafor, Reuters</div>")
    assert names(article_of(page)) == [*PEOPLE, ("Reuters", "organisation")]


def test_a_desk_in_meta_does_not_hide_the_person_on_the_page() -> None:
    page = a_page(head='<meta name="author" content="Web Desk">', before="<p class='byline'>By Ines Falk</p>")
    assert names(article_of(page)) == PEOPLE[:1]


AFTER_A_DATE = {
    "English": "<p class='m'>Posted on <time datetime='2026-03-02'>2 March 2026</time> by Ines Falk</p>",
    "French": "<p class='m'>Publié le 2 mars 2026 par Ines Falk</p>",
    "German": "<p class='m'>Veröffentlicht am 2. März 2026 von Ines Falk</p>",
    "Spanish": "<p class='m'>Publicado el 2 de marzo de 2026 por Ines Falk</p>",
    "hAtom": "<p>2 March 2026 <span class='author vcard'><a class='fn n' href='/who'>Ines Falk</a></span></p>",
    "h-entry": "<p class='m'>2 March 2026, <a class='p-author h-card' href='/who'>Ines Falk</a></p>",
}


@pytest.mark.parametrize("line", AFTER_A_DATE.values(), ids=AFTER_A_DATE)
def test_a_name_after_the_date_of_publication_is_the_author(line: str) -> None:
    assert names(article_of(a_page(before=line))) == [("Ines Falk", "person")]


# bylines whose parts are glued or not divided by a comma, and bylines in other scripts
IN_A_BOX: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "an alliance": ("By National Alliance for Justice", [("National Alliance for Justice", "organisation")]),
    "a centre": ("By Center for Quay Studies", [("Center for Quay Studies", "organisation")]),
    "a name with the": ("By The Quay Courier", [("The Quay Courier", "organisation")]),
    "two capitals": ("Ana FitzGerald Reporter", [("Ana FitzGerald", "person")]),
    "two capitals and a beat": ("Ian MacDonald Political Correspondent", [("Ian MacDonald", "person")]),
    "one of the staff": ("Tom Okafor Staff Writer", [("Tom Okafor", "person")]),
    "a glued role": ("Liam O’BrienStaff Writer", [("Liam O’Brien", "person")]),
    "a glued month": ("By Ines FalkMarch 4, 2026", [("Ines Falk", "person")]),
    "a glued label": ("By Ines FalkUpdated March 4, 2026", [("Ines Falk", "person")]),
    "an employer": ("Ines Falk for the Daily Quay", [("Ines Falk", "person")]),
    "a helper's note": ("Av Ines Falk og Tom Okafor (foto)", [("Ines Falk", "person")]),
    "text and pictures": ("Teksti: Iines Falkki, kuvat: Tom Okafor", [("Iines Falkki", "person")]),
    "a small preposition": ("de Ines Falk", [("Ines Falk", "person")]),
    "a bank": ("Presented by Quay Bank", []),
    "a desk in Japanese": ("東京編集部", [("東京編集部", "desk")]),
    "two reporters in Korean": ("홍길동·김철수 기자", [("홍길동", "person"), ("김철수", "person")]),
    "a desk in Korean": ("홍길동 정치부 기자", [("홍길동", "person")]),
    "two reporters in Chinese": ("本报记者 王小明 李华", [("王小明", "person"), ("李华", "person")]),
    "a photographer in Chinese": ("文／王小明 圖／李華", [("王小明", "person")]),
    "a desk": ("City Hall Reporter", [("City Hall Reporter", "desk")]),
    "Paris": ("By Paris Lind", [("Paris Lind", "person")]),
    "a month in a name": ("By June MacMarch, 4 March 2026", [("June MacMarch", "person")]),
    "an outlet after of": ("By Ines Falk of the Quay Courier", [("Ines Falk", "person")]),
    "a title of honour": ("By Lady Falk of Marrowby", [("Lady Falk of Marrowby", "person")]),
    "de in a name": ("Maria de Souza Lima", [("Maria de Souza Lima", "person")]),
    "de at the end of a name": ("Clyde Van Horn", [("Clyde Van Horn", "person")]),
    "a stringer in Chinese": ("记者 王小明 通讯员 李华", [("王小明", "person"), ("李华", "person")]),
    "a role in Hindi": ("इनेस फाल्क, संवाददाता", [("इनेस फाल्क", "person")]),
    "a saint of old": ("By Joan of Quay", [("Joan of Quay", "person")]),
    "a surname that ends with s": ("By Jonas Reis of Quay", [("Jonas Reis of Quay", "person")]),
    "several friends": ("By Friends of the Quay", [("Friends of the Quay", "organisation")]),
    "a minister": ("By The Rev. Ines Falk", [("The Rev. Ines Falk", "person")]),
    "an outlet's staff": ("Daily Quay Staff Reporter", [("Daily Quay Staff Reporter", "desk")]),
    "a saint": ("By Ines St. John", [("Ines St. John", "person")]),
}


@pytest.mark.parametrize(("byline", "expected"), IN_A_BOX.values(), ids=IN_A_BOX)
def test_a_byline_names_its_authors_and_nothing_else(byline: str, expected: list[tuple[str, str]]) -> None:
    assert names(article_of(a_page(before=f"<div class='byline'>{byline}</div>"))) == expected


def test_reporters_beside_the_text_are_its_authors() -> None:
    filed = "(마로비=항구뉴스) 홍길동·김철수 기자 = 항구 의회는 화요일 동쪽 부두를 다시 짓기로 결정했다고 밝혔다."
    page = a_page((filed, *PARAGRAPHS[1:]))
    assert names(article_of(page)) == [("홍길동", "person"), ("김철수", "person")]
    assert names(article_of(a_page(after="<p>（记者 王小明）</p>"))) == [("王小明", "person")]
    assert names(article_of(a_page(after="<p>홍길동 기자 hong@quay.example</p>"))) == [("홍길동", "person")]


@pytest.mark.parametrize(
    "line",
    [
        "记者：码头何时开放？", "记者从港务局获悉", "（记者手记）", "本报记者 王小明 摄",
        "관련기사 홍길동 기자", "“무너졌다” 홍길동 전 기자",
    ],
)
def test_a_line_that_begins_or_ends_with_a_reporter_names_no_author(line: str) -> None:
    assert names(article_of(a_page(after=f"<p>{line}</p>"))) == []


def test_a_declared_person_may_have_a_name_like_an_organisation() -> None:
    page = a_page(head=linked_data(headline=TITLE, author={"@type": "Person", "name": "Ines Union"}))
    assert names(article_of(page)) == [("Ines Union", "person")]


def test_a_box_of_other_works_names_no_author() -> None:
    box = "<div class='author-box'><p><a href='/author/tom-okafor'>Tom Okafor</a> {}</p></div>"
    assert names(article_of(a_page(after=box.format("is the ports correspondent.")))) == [("Tom Okafor", "person")]
    assert names(article_of(a_page(after=box.format("covers ports: ships and the sea")))) == [("Tom Okafor", "person")]
    assert names(article_of(a_page(after=box.format("<a href='/'>Harbour News</a>")))) == [("Tom Okafor", "person")]
    assert names(article_of(a_page(after=box.format("<a href='/author/tom-okafor'>All posts</a>")))) == [
        ("Tom Okafor", "person")
    ]
    assert names(article_of(a_page(after=box.format("<a href='/2'>A winter of storms</a>")))) == []


LOGOS = ["/", "https://harbour-news.example", "//harbour-news.example/", "/index.html"]


@pytest.mark.parametrize("front", LOGOS)
def test_an_h1_that_is_wholly_a_link_to_the_front_page_is_no_headline(front: str) -> None:
    logo = f"<body><header><h1><a href='{front}'>All the news of harbour and town</a></h1></header>"
    page = titled("Harbour News", head=SITE).replace("<body>", logo).replace(f"<h1>{TITLE}</h1>", f"<h2>{TITLE}</h2>")
    assert article_of(page).title == TITLE


def test_a_headline_in_the_article_that_links_to_the_front_page_is_one() -> None:
    page = titled("Harbour News", h1=f"<a href='/'>{TITLE}</a>", head=SITE)
    assert article_of(page).title == TITLE


def test_a_blog_with_its_writers_name_as_logo_is_by_a_person() -> None:
    logo = "<body><h1><a href='/'>Petra Volm</a></h1>"
    page = a_page(before="<p>By Petra Volm</p>").replace(f"<h1>{TITLE}</h1>", f"<h2>{TITLE}</h2>")
    assert names(article_of(page.replace("<body>", logo))) == [("Petra Volm", "person")]


@pytest.mark.parametrize(
    ("lang", "site", "headline"),
    [
        ("es", "El Faro de Marrowby", "El pleno aprueba la obra de un nuevo muelle por el lado de los molinos"),
        ("en", "The Voice of the Quay", "The council of the town votes for the pier of the harbour crews"),
        ("it", "La Voce di Marrowby", "La giunta approva la gara di appalto per il molo di levante"),
    ],
)
def test_a_link_to_the_front_page_of_a_language_is_no_headline(lang: str, site: str, headline: str) -> None:
    page = a_page(title=headline, lang=lang)
    page = page.replace(f"<title>{headline}</title>", f"<title>{headline} | {site}</title>")
    page = page.replace(f"<h1>{headline}</h1>", f"<h2>{headline}</h2>")
    assert article_of(page.replace("<nav>", f"<h1><a href='/{lang}/'>{site}</a></h1><nav>")).title == headline


def test_a_headline_beside_a_lower_heading_in_the_title_element_is_one() -> None:
    deck = "Council votes for the stones of the old east pier"
    for tab in (f"{TITLE}: {deck}", f"{deck}: {TITLE}"):
        assert article_of(titled(tab).replace("</h1>", f"</h1><h2>{deck}</h2>")).title == TITLE


SECTIONS = {
    "hi": ("संस्कृति", "हैलोविक की लाइब्रेरी अब आधी रात तक खुलेगी",
           "हैलोविक की लाइब्रेरी सोमवार से आधी रात तक खुली रहेगी, क्योंकि चार हजार छात्रों ने इसके लिए हस्ताक्षर किए थे।"),
    "bn": ("সংস্কৃতি", "হ্যালোউইক গ্রন্থাগার মধ্যরাত পর্যন্ত খোলা থাকবে",
           "হ্যালোউইক গ্রন্থাগার সোমবার থেকে মধ্যরাত পর্যন্ত খোলা থাকবে, কারণ চার হাজার ছাত্র এর জন্য স্বাক্ষর করেছিলেন।"),
    "ta": ("பண்பாடு", "ஹாலோவிக் நூலகம் நள்ளிரவு வரை திறந்திருக்கும்",
           "ஹாலோவிக் நூலகம் திங்கள் முதல் நள்ளிரவு வரை திறந்திருக்கும், நான்காயிரம் மாணவர்கள் இதற்காக கையெழுத்திட்டனர்."),
}


@pytest.mark.parametrize("lang", SECTIONS)
def test_a_sections_name_in_an_indic_script_is_no_headline(lang: str) -> None:
    section, headline, text = SECTIONS[lang]
    page = a_page((text, text[::-1].strip(".।") + ".", *PARAGRAPHS[:2]), headline, lang=lang)
    page = page.replace(f"<h1>{headline}</h1>", f"<h1>{section}</h1><h2>{headline}</h2>")
    assert article_of(page).title == headline


REPORTERS = {
    "本报记者 王小明": ["王小明"],
    "（记者 王小明 报道）": ["王小明"],
    "김철수 기자": ["김철수"],
    "김철수·이영희 기자": ["김철수", "이영희"],
    "사회부 기자": [],
}


@pytest.mark.parametrize(("line", "expected"), REPORTERS.items())
def test_a_line_above_the_text_that_is_the_names_of_reporters_names_them(line: str, expected: list[str]) -> None:
    assert [name for name, _ in names(article_of(a_page(before=f"<p>{line}</p>")))] == expected
