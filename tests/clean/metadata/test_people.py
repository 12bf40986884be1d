"""People's names: whole where they are declared, without the words around them, and nobody where nobody is named."""

from __future__ import annotations

import pytest

from pipelines.clean.item import read_item
from tests.cases.reading import TITLE, a_page, article_of, linked_data, names


def declared(author: object) -> list[tuple[str, str]]:
    return names(article_of(a_page(head=linked_data(headline=TITLE, author=author))))


@pytest.mark.parametrize(
    "name", ["Di Maro", "Na Sung", "Av Brandt", "Ada Press", "Rosa Prado e Souza Melo", "Joana i Puig", "Ravi Herald"]
)
def test_who_is_declared_a_person_stays_whole_and_a_person(name: str) -> None:
    assert declared({"@type": "Person", "name": name}) == [(name, "person")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("By Ada Brandt", [("Ada Brandt", "person")]),
        ("Ada Brandt and Tom Okafor", [("Ada Brandt", "person"), ("Tom Okafor", "person")]),
        ("Ada Brandt, Tom Okafor", [("Ada Brandt", "person"), ("Tom Okafor", "person")]),
        ("Sports Desk", [("Sports Desk", "desk")]),
        ("Associated Press", [("Associated Press", "organisation")]),
        ("nan", []),
        ("undefined", []),
        ("No Author", []),
    ],
)
def test_a_declared_person_may_still_be_several_or_a_desk_or_nobody(
    name: str, expected: list[tuple[str, str]]
) -> None:
    assert declared({"@type": "Person", "name": name}) == expected


@pytest.mark.parametrize(
    ("byline", "expected"),
    [
        ("김하늘 기자", [("김하늘", "person")]),
        ("김하늘 선임기자", [("김하늘", "person")]),
        ("记者 李小雨", [("李小雨", "person")]),
        ("李小雨记者", [("李小雨", "person")]),
        ("온라인뉴스팀", [("온라인뉴스팀", "desk")]),
        ("港湾通信社", [("港湾通信社", "organisation")]),
    ],
)
def test_a_reporters_word_is_no_part_of_a_name(byline: str, expected: list[tuple[str, str]]) -> None:
    assert declared(byline) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('<p class="author">김하늘</p>', [("김하늘", "person")]),
        ('<p class="byline">김하늘 기자 sky@harbour-news.example</p>', [("김하늘", "person")]),
        ('<p class="author"><a href="/authors/ada">Ada Brandt</a> HARBOUR NEWS</p>', [("Ada Brandt", "person")]),
        ('<p class="author"><a href="/staff/ada">Ada Brandt</a>Port writer</p>', [("Ada Brandt", "person")]),
        ('<p class="byline">Marrowby Council via Getty</p>', []),
        ('<p class="author">Provided by the harbour office</p>', []),
    ],
)
def test_visible_bylines(line: str, expected: list[tuple[str, str]]) -> None:
    assert names(article_of(a_page(before=line))) == expected


def test_an_items_list_that_was_written_as_text_is_read() -> None:
    for written in ("['Ada Brandt', 'Tom Okafor']", '["Ada Brandt", "Tom Okafor"]', "('Ada Brandt', 'Tom Okafor')"):
        assert read_item({"authors": written}, "any").authors == ("Ada Brandt", "Tom Okafor")
    assert read_item({"title": "[Marrowby] opens its pier"}, "any").title == "[Marrowby] opens its pier"


def test_an_items_text_that_was_escaped_twice_or_is_a_representation_is_read() -> None:
    item = {"title": "Crews &amp; council", "text": r"b'Marrowby\xe2\x80\x99s crews &amp; council met.\n\nThey left.'"}
    fields = read_item(item, "any")
    assert (fields.title, fields.text) == ("Crews & council", "Marrowby’s crews & council met.\n\nThey left.")


def test_a_page_that_is_a_representation_of_bytes_is_read() -> None:
    assert article_of(repr(a_page().encode())).title == TITLE
