"""What portals until about 2015 had around the text: comments on lines, labels in the text's cell, cut summaries."""

from __future__ import annotations

import pytest

from tests.cases.reading import BODY, PARAGRAPHS, TITLE, article_of

ONE, TWO, *_ = PARAGRAPHS
TEXT = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
SAID = (
    "Nobody asked those of us who have to live beside the new quay, and nobody will be asked next time, I am sure.",
    "i was there that night and it was nothing like what is written here",
    "The same firm built the stand of the rowing club, and it leaks too.",
)
WHO = ("Mo Lund", "~ktoś tam", "Гость")


def body_of(text: str, *, before: str = "", after: str = "", title: str = TITLE) -> str:
    """The body of a page of one table, with the text in a cell."""
    return article_of(f"<html><head><title>{title}</title></head><body><table><tr><td>{before}{text}{after}</td></tr>"
                      f"</table></body></html>").body


def signed(form: str, who: tuple[str, ...] = WHO, said: tuple[str, ...] = SAID) -> str:
    pairs = zip(who, said, strict=True)
    return "".join(form.format(who=name, said=text, at=at) for at, (name, text) in enumerate(pairs))


SIGNED = {
    "paragraphs": "<p><b>{who}</b> [12.03.2011 1{at}:40]<br>{said}</p>",
    "boxes": "<div><b>{who}</b> 12.03.2011, 1{at}:40<br>{said}</div>",
    "cells": "<table><tr><td><b>{who}</b> 12-03-2011 1{at}:40<br>{said}</td></tr></table>",
}


@pytest.mark.parametrize("heading", ["<h3>Комментарии (3)</h3>", "<h4>Komentarze czytelników</h4>",
                                     "<h4>Σχόλια (3)</h4>", "<h4>网友评论</h4>"])
@pytest.mark.parametrize("form", SIGNED.values(), ids=SIGNED)
def test_comments_on_the_lines_of_one_box_each_are_left_out_below_their_heading(form: str, heading: str) -> None:
    assert body_of(TEXT, before=f"<h1>{TITLE}</h1>", after=f"{heading}{signed(form)}") == BODY


KEPT = {
    "dispatches": ("", "<p><b>{who}</b>, 12.03.2011<br>{said}</p>", ""),
    "hours": ("<h3>The night</h3>", "<div><b>{who}</b> 1{at}:40<br>{said}</div>", ""),
    "showings": ("", "<div><b>{who}</b>, 12.03.2011, 20:00<br>{said}</div>", ""),
    "statements before the rest of the text": (
        "<h2>Reacties</h2>", "<div><b>{who}</b>, 12.03.2011<br>{said}</div>", f"<h2>What is next</h2>{TEXT}"),
}


@pytest.mark.parametrize(("heading", "form", "rest"), KEPT.values(), ids=KEPT)
def test_signed_entries_of_an_article_are_no_comments(heading: str, form: str, rest: str) -> None:
    body = body_of(TEXT, before=f"<h1>{TITLE}</h1>", after=f"{heading}{signed(form)}{rest}")
    assert all(said in body for said in SAID)


def test_a_live_blog_below_a_counter_of_comments_stays() -> None:
    entry = f"<div class=post><span>{{who}}</span> <time>1{{at}}:41</time><p>{{said}} {TWO}</p></div>"
    body = article_of(f"<html><head><title>{TITLE}</title></head><body><article><h1>{TITLE}</h1><p>{ONE} {TWO}</p>"
                      f"<div class=meta><a href='#c'>24 comments</a></div>{signed(entry)}</article></body></html>").body
    assert all(said in body for said in SAID)


@pytest.mark.parametrize("box", ["td", "blockquote"])
def test_a_label_beside_the_text_is_left_out_where_a_cell_has_the_whole_text_and_not_in_a_quotation(box: str) -> None:
    text = f"<div>Port Ansel, 3 May 2011</div>{TEXT}<div>Nr 12 / 2011</div>"
    page = f"<{box}>{text}</{box}>" if box != "td" else f"<table><tr><td>{text}</td></tr></table>"
    body = article_of(f"<html><head><title>{TITLE}</title></head><body><h1>{TITLE}</h1>{page}</body></html>").body
    assert ("Nr 12 / 2011" in body) == (box == "blockquote")


CUT = {
    "a summary": (f"{ONE[:60]}…", False),
    "with a label": (f"Abstract: {ONE[:70]}...", False),
    "another text": ("The council met for four hours before it came to what everybody had expected of it…", True),
    "fewer words": (f"{ONE[:54].strip()}…", True),
}


@pytest.mark.parametrize(("summary", "stays"), CUT.values(), ids=CUT)
def test_a_cut_summary_is_left_out_where_the_text_goes_on_with_it(summary: str, stays: bool) -> None:
    body = body_of(f"<p>{summary}</p>{TEXT}", before=f"<h1>{TITLE}</h1>")
    assert body == (f"{summary}\n\n{BODY}" if stays else BODY)


def test_a_headline_above_the_text_is_left_out_if_the_title_has_an_outlets_name_after_it() -> None:
    page = f"<html><head><title>{TITLE} | Marrowby 24</title></head><body><div><p>{TITLE}</p>{TEXT}</div></body></html>"
    assert article_of(page).body == BODY
