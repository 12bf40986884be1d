"""What a page can put on a terminal: nothing."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest

from flows.cli.screen import Screen, safe


def a_screen() -> tuple[Screen, io.StringIO]:
    out = io.StringIO()
    return Screen(out, io.StringIO()), out


def test_markup_and_control_characters_of_a_page_do_nothing() -> None:
    screen, out = a_screen()
    screen.say(safe("[bold red]Sale[/] \x1b[2J\x07\u202egnp.exe"))
    assert out.getvalue() == "[bold red]Sale[/] \ufffd[2J\ufffd\ufffdgnp.exe\n"


def test_a_table_cell_stays_a_cell() -> None:
    screen, out = a_screen()
    screen.table("Titles", ("title", "n"), [("a\nb [link=file:///etc]x[/link]", 1_234)])
    assert "a b [link=file:///etc]x[/link]" in out.getvalue()
    assert "1,234" in out.getvalue()


def test_an_empty_table_says_so() -> None:
    screen, out = a_screen()
    screen.table("Dead letters", ("id",), [], empty="none")
    assert out.getvalue() == "Dead letters: none\n"


def test_a_closing_tag_that_was_never_opened_is_text() -> None:
    screen, out = a_screen()
    screen.table("", ("title",), [("[/bold] \\[x]",)])
    assert "[/bold] \\[x]" in out.getvalue()


def test_json_is_whole_and_escaped() -> None:
    screen, out = a_screen()
    screen.write_json({"t": datetime(2026, 3, 4, tzinfo=UTC), "b": b"\xff", "c": "\x1b[2J\x9b\ud800", "n": "Ünal"})
    read = json.loads(out.getvalue())
    assert read == {"t": "2026-03-04T00:00:00+00:00", "b": "ff", "c": "\x1b[2J\x9b\ud800", "n": "Ünal"}
    assert {"\x1b", "\x9b", "\ud800"}.isdisjoint(out.getvalue())


def test_bytes_go_out_as_they_are() -> None:
    raw = io.BytesIO()
    screen = Screen(io.TextIOWrapper(raw, encoding="utf-8"), io.StringIO())
    screen.write_bytes(b"\x00\xff\r\n")
    assert raw.getvalue() == b"\x00\xff\r\n"


WIDE = ("outlet_domain", "articles_with_authors", "median_words_per_article", "share_of_truncated_articles")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_headers_of_a_table_that_does_not_fit_are_whole(width: int) -> None:
    screen, out = a_screen()
    screen.out.width = width
    screen.table("", WIDE, [("harbour-news.example", 7, 412.5, 0.25), ("quay.example", 1, None, 0.0)])
    shown = out.getvalue()
    assert [shown.count(header) for header in WIDE] == ([1] * 4 if width > 80 else [2] * 4)
    assert ("row 2" in shown) == (width <= 80)
    assert max(map(len, shown.splitlines())) <= width


def test_numbers_that_json_has_not_are_null() -> None:
    screen, out = a_screen()
    screen.write_json({"a": [float("nan"), float("inf")], 3: {"b": -float("inf")}})
    assert json.loads(out.getvalue()) == {"a": [None, None], "3": {"b": None}}
