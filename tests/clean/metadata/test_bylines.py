"""Bylines in any language: labels, reporters' words and places around a name are no part of it; nobody is invented."""

from __future__ import annotations

import pytest

from pipelines.clean.names import parse_byline, parse_person
from tests.cases.reading import PARAGRAPHS, TITLE, a_page, article_of, linked_data, names


def people(before: str = "", lang: str = "en", **options: str) -> list[str]:
    return [name for name, _ in names(article_of(a_page(before=before, lang=lang, **options)))]


@pytest.mark.parametrize(
    ("line", "lang", "name"),
    [
        ("글 박서연 기자", "ko", "박서연"), ("스칸=박서연 기자", "ko", "박서연"),
        ("(스칸=부두통신) 박서연 기자", "ko", "박서연"),
        ("作者：陈晓晨", "zh", "陈晓晨"),
        ("（记者 陈晓晨）", "zh", "陈晓晨"), ("陈晓晨 报道", "zh", "陈晓晨"),
        ("記者陳曉晨／港口報導", "zh-TW", "陳曉晨"), ("文／陳曉晨", "zh-TW", "陳曉晨"),
        ("【佐藤健】", "ja", "佐藤健"),
        ("بقلم: رنا خوري", "ar", "رنا خوري"), ("نویسنده: رعنا رضایی", "fa", "رعنا رضایی"),
        ("מאת דנה כהן", "he", "דנה כהן"),
        ("โดย มานะ รักเรียน", "th", "มานะ รักเรียน"), ("लेखक: रवि मेहता", "hi", "रवि मेहता"),
        ("Γράφει ο Νίκος Ρήγας", "el", "Νίκος Ρήγας"), ("Haber: Deniz Ak", "tr", "Deniz Ak"),
        ("Tác giả: Trần Thị Mai", "vi", "Trần Thị Mai"), ("Penulis: Dewi Lestari", "id", "Dewi Lestari"),
        ("Írta: Szabó Éva", "hu", "Szabó Éva"), ("Piše: Iva Kos", "hr", "Iva Kos"),
        ("Autorka: Ewa Lis", "pl", "Ewa Lis"),
        ("Höfundur: Jón Árnason", "is", "Jón Árnason"),
        ("来源：港口晚报 作者：陈晓晨 责任编辑：李文", "zh", "陈晓晨"),
        ("2026-03-04 09:30 来源：港口晚报 作者：陈晓晨", "zh", "陈晓晨"),
        ("文/陈晓晨", "zh", "陈晓晨"), ("文｜陈晓晨 编辑｜李文", "zh", "陈晓晨"), ("作者 | 陈晓晨", "zh", "陈晓晨"),
        ("撰文/陈晓晨 编辑/李文", "zh", "陈晓晨"), ("港口晚报记者 陈晓晨", "zh", "陈晓晨"),
        ("[부두신문 박서연 기자]", "ko", "박서연"), ("부두일보 박서연 기자", "ko", "박서연"),
        ("기자명 박서연 기자", "ko", "박서연"),
        ("Von QUAY-online-Redakteurin Ines Falk", "de", "Ines Falk"),
        ("Von unserem Redakteur Tom Vogel", "de", "Tom Vogel"),
        ("Par notre correspondant Luc Marchand", "fr", "Luc Marchand"),
    ],
)  # fmt: skip
def test_a_label_before_a_name_is_read_in_any_language(line: str, lang: str, name: str) -> None:
    assert people(f"<p class='byline'>{line}</p>", lang) == [name]


@pytest.mark.parametrize(
    "line",
    [
        "书名：海堤 作者：陈晓晨 出版社：港口社", "来源：港口晚报 作者：编辑部", "作者：佚名",
        "散文｜海堤 来源｜港口晚报", "文/本报评论员", "语文/数学 港口晚报", "油画《海堤》 作者：陈晓晨",
        "歌曲：海堤 作者：陈晓晨", "来源：港口 作者：本报记者 编辑：李文",
    ],
)
def test_a_field_of_something_else_in_chinese_names_no_author(line: str) -> None:
    assert people(f"<p>{line}</p>", "zh") == []


CARDS = {
    "a label of its own": ('<meta name="twitter:label1" content="Verfasst von">', "twitter:data1"),
    "a label in the name": ("", "twitter:misc:Written by"),
    "a label in another language": ("", "twitter:misc:Escrito por"),
}


@pytest.mark.parametrize(("label", "name"), CARDS.values(), ids=CARDS)
def test_a_card_names_the_author_if_no_other_tag_does(label: str, name: str) -> None:
    card = f'{label}<meta name="{name}" content="Ines Falk">'
    assert people(head=card) == ["Ines Falk"]
    assert people(head=f'<meta name="author" content="desk@harbour-news.example">{card}') == ["Ines Falk"]
    assert people(head=f'<meta name="author" content="Tom Okafor">{card}') == ["Tom Okafor"]
    assert people("<p>By Mara Lind</p>", head=f'<meta name="author" content="Web Desk">{card}') == ["Mara Lind"]
    for other, content in {"Est. reading time": "3 Minuten", "Text": "Long Read", "From": "Port Ansel"}.items():
        assert people(head=f'<meta name="twitter:misc:{other}" content="{content}">') == []


def test_a_reporter_in_brackets_opens_a_text_in_korean() -> None:
    text = "항구 의회는 화요일 동쪽 부두를 다시 짓기로 결정했다고 밝혔다."
    for opening, expected in {
        "[마로비=항구뉴스] 홍길동 기자 = ": ["홍길동"], "[항구뉴스 홍길동 기자] ": ["홍길동"],
        "[항구뉴스=홍길동·김철수 기자] ": ["홍길동", "김철수"], "[항구뉴스 사회부 기자] ": [],
        "[항구뉴스 시민 기자] ": [], "[항구뉴스 기자] ": [], "[사진=홍길동] ": [],
        "[사진=홍길동 기자] ": [], "[항구뉴스 온라인 기자] ": [],
    }.items():
        page = a_page((opening + text, *PARAGRAPHS[1:]), lang="ko")
        assert [name for name, _ in names(article_of(page))] == expected, opening


@pytest.mark.parametrize(
    "line", ["编辑：陈晓晨", "責任編輯：陳曉晨", "صورة: رنا خوري", "Снимка: Getty Images/Quay", "Kuva: Aino Laine"]
)
def test_who_helped_is_no_author(line: str) -> None:
    assert people(f"<p class='author'>{line}</p>") == []


@pytest.mark.parametrize("nobody", ["N/A", "n.a.", "false", "NoneType", "TBD", "not set", "{{ author }}", "%author%",
                                    "[object Object]", "Author name", "default"])
def test_what_a_faulty_template_writes_is_nobody(nobody: str) -> None:
    person = {"@type": "Person", "name": nobody}
    assert people(head=linked_data(headline=TITLE, author=person)) == []
    assert people("<p>By Mara Lind</p>", head=f'<meta name="author" content="{nobody}">') == ["Mara Lind"]


def test_half_of_a_name_is_no_opener() -> None:
    for name in ("Na Kim", "Di Chen", "Da Silva", "Von Essen"):
        assert [author.name for author in parse_person(name)] == [name]
    assert [author.name for author in parse_byline("Na Kim")] == ["Na Kim"]
    assert [author.name for author in parse_byline("Av Kari Berg")] == ["Kari Berg"]
    assert [author.name for author in parse_byline("Af Reuters")] == ["Reuters"]
    assert people('<a rel="author" href="/a/na-kim">Na Kim</a>') == ["Na Kim"]
    parts = '<b itemprop="name">Na Kim</b> <i itemprop="jobTitle">Reporter</i>'
    assert people(f'<div itemprop="author" itemscope>{parts}</div>') == ["Na Kim"]
    assert people('<div itemprop="author" itemscope><meta itemprop="name" content="Na Kim"> at sea</div>') == ["Na Kim"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("By Mara Lind for Quay Weekly", ["Mara Lind"]),
        ("By MARA LIND Associated Press", ["MARA LIND", "Associated Press"]),
        ("By Mara Lind and others", ["Mara Lind"]),
        ("By Mara Lind and agencies", ["Mara Lind", "agencies"]),
        ("Mara Lind (@maralind)", ["Mara Lind"]),
        ("<span>Mara Lind</span><span>Senior Correspondent</span>", ["Mara Lind"]),
        ("Mara McDonald", ["Mara McDonald"]),
    ],
)
def test_what_follows_a_name_is_no_part_of_it(line: str, expected: list[str]) -> None:
    assert people(f"<p class='byline'>{line}</p>") == expected


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("By Mara MacIntosh, Staff Writer", "Mara MacIntosh"), ("Noor DesMarais, senior reporter", "Noor DesMarais"),
        ("By Otto VanDam, Reporter", "Otto VanDam"), ("By Noor FitzAlan, Reporter", "Noor FitzAlan"),
        ("By Otto DykmanEditor", "Otto Dykman"),
        ("By Centre for Tidal Power", "Centre for Tidal Power"),
        ("By Sailors for Clean Water", "Sailors for Clean Water"),
        ("By Fund for Quays staff", "Fund for Quays staff"),
        ("By Quay Press and tides", "Quay Press and tides"),
        ("By Yazar Aksoy", "Yazar Aksoy"), ("By 文 智慧", "文 智慧"),
        ("By A$TRO Lind", "A$TRO Lind"),
    ],
)  # fmt: skip
def test_what_belongs_to_a_name_stays(line: str, name: str) -> None:
    assert people(f"<p class='byline'>{line}</p>") == [name]


@pytest.mark.parametrize("name", ["Haber Winkler", "Yazar Aksoy", "Penulis Wijaya", "文 智慧"])
def test_a_declared_name_keeps_a_word_that_may_be_a_label(name: str) -> None:
    assert people(head=f'<meta name="author" content="{name}">') == [name]
    assert people(head=linked_data(headline=TITLE, author=name)) == [name]


@pytest.mark.parametrize("line", ["Mara Lind: Quay Press", "Mara Lind: Tidal correspondent", "Mara: The quay's poet"])
def test_what_a_colon_says_of_an_author_is_no_name(line: str) -> None:
    assert people(f"<div class='author'>{line}</div>") == []


def test_who_is_described_below_the_text_wrote_it() -> None:
    link = '<a href="/author/mara-lind">Mara Lind</a> writes about ships.'
    assert people(after=f'<div class="author-note">{link}</div>') == ["Mara Lind"]
    assert people(after=f'<div class="also-by-others"><a href="/2">Quay sold</a></div><p>{link}</p>') == []
