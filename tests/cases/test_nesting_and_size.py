"""Inputs past any sense end in the article or in a named fault, within 2 s of CPU and 300 MB."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cases.hostile import MEGABYTES, PAGES, SECONDS
from tests.cases.reading import BODY, PARAGRAPHS, TITLE, a_page, article_of, reason_of


@pytest.fixture(scope="module")
def ended() -> dict[str, dict[str, Any]]:
    """What became of each input, by its name; one that killed its process is missing."""
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-m", "tests.cases.hostile"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=240,
    )
    return {line["name"]: line for line in map(json.loads, run.stdout.splitlines())}


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_an_input_past_any_sense_ends_as_it_should_and_soon(name: str, ended: dict[str, dict[str, Any]]) -> None:
    found = ended[name]
    assert found["reason"] in PAGES[name][0].split("|")
    assert found["is_the_article"] or found["reason"]
    assert found["seconds"] <= SECONDS
    assert found["megabytes"] <= MEGABYTES


PARTS = "".join(f"<p>{paragraph}" for paragraph in PARAGRAPHS)
BROKEN = {
    "no closing tag at all": f"<html><head><title>{TITLE}<body><article><h1>{TITLE}</h1>{PARTS}",
    "no closing tag but the title's": f"<html><title>{TITLE}</title><body><div><h1>{TITLE}{PARTS}",
    "closing tags alone": f"</div></html></body>{a_page()}</p></div></div>",
    "tags in capitals": a_page().replace("<p>", "<P>").replace("</p>", "</P>").replace("article>", "ARTICLE>"),
    "two bodies": a_page().replace("<article>", "</body><body><article>"),
    "a bare < in the text": a_page().replace("<nav>", "<p>2 < 3 and 5 > 4</p><nav>"),
    "quotes that never close": a_page().replace("<nav>", "<a href='/world>World</a><a title='x'></a><nav>"),
    "a comment that closes oddly": a_page().replace("<nav>", "<!-- pier --!><nav>"),
    "one line": a_page().replace("\n", ""),
    "one line, and text in it": a_page().replace("\n", " "),
    "each tag on a line": a_page().replace("<", "\n<").replace(">", ">\n"),
    "carriage returns alone": a_page().replace("\n", "\r"),
    "NUL in words": a_page().replace("harbour", "har\x00bour").replace("Marrowby", "Marrow\x00by"),
    "NUL between tags": a_page().replace("<p>", "\x00<p>\x00"),
    "NUL in tags": a_page().replace("<p>", "<\x00p>"),
    "other control characters": a_page().replace("pier", "pi\x08er").replace("<p>", "\x0b<p>\x1f"),
    "a page in a page": a_page(before=f"<html><head><title>{TITLE}</title></head><body>"),
    "xhtml": '<?xml version="1.0" encoding="utf-8"?>\n'
    + a_page().replace("<html", "<html xmlns='http://www.w3.org/1999/xhtml'"),
}


@pytest.mark.parametrize("page", BROKEN.values(), ids=BROKEN)
def test_broken_markup_gives_the_article(page: str) -> None:
    article = article_of(page)
    assert (article.title, article.body) == (TITLE, BODY)


@pytest.mark.parametrize("levels", [10, 100, 300, 450])
@pytest.mark.parametrize("tag", ["div", "section", "span", "font", "b"])
def test_an_article_in_many_boxes_comes_out(tag: str, levels: int) -> None:
    page = a_page().replace("<article>", f"<{tag}>" * levels + "<article>")
    assert article_of(page).body == BODY


def test_what_is_left_out_of_a_page_too_long_is_said() -> None:
    article = article_of(a_page((*PARAGRAPHS, "and so on, it said. " * 60_000)))
    assert [said.partition(":")[0] for said in article.warnings] == ["Cut"]
    assert article_of(a_page()).warnings == ()


def test_a_page_of_nothing_but_tags_has_no_body() -> None:
    assert reason_of("<html><body>" + "<div></div>" * 50 + "</body></html>") == "BodyMissing"
