"""What stands beside or inside of an article and is none of it: comments in unnamed boxes, cards, copies, tooltips."""

from __future__ import annotations

import pytest
from lxml import etree

from pipelines.clean.html.blocks import read_blocks
from pipelines.clean.html.body import choose_body
from pipelines.clean.html.comments import comments_in
from tests.cases.reading import BODY, PARAGRAPHS, TITLE, a_page, article_of

SAID = (
    "It took them two winters to see what every child on the quay could have told them.",
    "My father built the old one with his own hands, and it stood for fifty years in all weathers.",
    "And the breakwater? Nobody speaks of the breakwater, although every ship that comes in needs it.",
)
WHO = ("Mo Lund", "K. R.", "harald")


def body_of(after: str, **options: str) -> str:
    text = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    page = (f"<html lang='{options.get('lang', 'en')}'><head><title>{TITLE}</title></head><body><h1>{TITLE}</h1>"
            f"<div class='text'>{text}</div>{after}</body></html>")
    return article_of(page).body


COMMENTS = {
    "a name, then a time": "<div class='q1'><b>{0}</b> <i>5 May 2026, 9:0{2}</i><p>{1}</p></div>",
    "name and time on one line": "<li><div>{0}, 05.05.2026</div><div>{1}</div></li>",
    "a time element": "<article><header>{0}</header><time datetime='2026-05-05'>May</time><p>{1}</p></article>",
    "a control": "<section><div>{0}</div><p>{1}</p><button>Svar</button></section>",
    "cells": "<table><tr><td>{0}<br>5 May 2026</td><td>{1}</td></tr></table>",
}


@pytest.mark.parametrize("form", COMMENTS.values(), ids=COMMENTS)
def test_boxes_with_a_name_and_a_time_or_a_control_are_comments(form: str) -> None:
    boxes = "".join(form.format(who, said, at) for at, (who, said) in enumerate(zip(WHO, SAID, strict=True)))
    assert body_of(f"<div class='p7'>{boxes.replace('</table><table>', '')}</div>") == BODY


def test_entries_and_answers_are_none() -> None:
    for form in ("<div class='q1'><h3>{0}</h3><p>{1}</p></div>", "<div class='q1'><p>{1}</p><p>{1}</p></div>",
                 "<div class='q1'><p>What does {0} say of the whole plan?</p><p>{1}</p></div>"):
        boxes = "".join(form.format(who, said) for who, said in zip(WHO, SAID, strict=True))
        page = read_blocks(etree.HTML(a_page(after=boxes)))
        assert comments_in(page, choose_body(page).weights) == set()


STORY = "".join(f"<p>{said}</p>" for said in SAID)


@pytest.mark.parametrize(
    ("first", "second"),
    [("<div>", "<div>"), ("<div class='s s-81'>", "<div class='s s-82'>"), ("<li id='n1'>", "<li id='n2'>")],
)
def test_a_story_in_a_box_like_the_first_ones_is_another(first: str, second: str) -> None:
    text = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    end = f"</{first[1:].split(maxsplit=1)[0].rstrip('>')}>"
    page = (f"<html><head><title>{TITLE}</title></head><body><main>{first}<h1>{TITLE}</h1>{text}{end}"
            f"{second}<h1>A quay and its masons</h1>{STORY}{end}</main></body></html>")
    assert article_of(page).body == BODY


def test_a_few_cards_of_other_stories_are_left_out_and_a_guides_entries_are_not() -> None:
    cards = "".join(f"<div><h4><a href='/{n}'>The masons of the quay, part {n}</a></h4><p>{said}</p></div>"
                    for n, said in enumerate(SAID[:2]))
    for parts in ((*PARAGRAPHS, cards), (*PARAGRAPHS[:2], cards, *PARAGRAPHS[2:])):
        text = "".join(part if part.startswith("<") else f"<p>{part}</p>" for part in parts)
        page = f"<html><head><title>{TITLE}</title></head><body><h1>{TITLE}</h1><div>{text}</div></body></html>"
        assert article_of(page).body == BODY
    guide = "".join(f"<div><h3><a href='/{n}'>The masons of the quay, part {n}</a></h3><p>{said}</p></div>"
                    for n, said in enumerate(SAID))
    page = (f"<html><head><title>Three walks on the quay</title></head><body><article><h1>Three walks on the quay</h1>"
            f"<p>{PARAGRAPHS[0]}</p>{guide}</article></body></html>")
    assert all(said in article_of(page).body for said in SAID)


def test_sentences_that_are_repeated_in_order_are_a_copy() -> None:
    lines = ("议会周二决定重建东码头。", "工程五月开始，耗资四百万。", "渔民两年来一直要求如此。")
    text = "".join(f"<p>{line}</p>" for line in lines)
    page = (f"<html lang='zh'><head><title>东码头将重建</title></head><body><h1>东码头将重建</h1><div>{text}</div>"
            f"<div class='m'>{text}</div></body></html>")
    assert article_of(page).body == "\n\n".join(lines)


@pytest.mark.parametrize(
    "inner",
    [
        "<span style='text-decoration: line-through'>Monday</span>",
        "<span class='u-visually-hidden'>see the map</span>",
        "<span role='tooltip'>a town by the sea</span>",
        "<i class='icon icon-map' aria-hidden='true'>place</i>",
        "<a class='sr-only' href='#'>map</a>",
    ],
)
def test_what_is_not_displayed_inside_of_a_sentence_is_no_text(inner: str) -> None:
    first = PARAGRAPHS[0].replace(" on Tuesday", f" on {inner} Tuesday")
    assert article_of(a_page((first, *PARAGRAPHS[1:]))).body == BODY


def test_an_icon_without_a_name_and_a_drop_cap_are_read() -> None:
    first = PARAGRAPHS[0].replace("Marrowby (", "<i aria-hidden='true'>M</i>arrowby (", 1)
    assert article_of(a_page((first, *PARAGRAPHS[1:]))).body == BODY
