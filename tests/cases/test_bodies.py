"""The paragraphs of an article and nothing else: bare lines, split articles, boilerplate between."""

from __future__ import annotations

import pytest

from tests.cases.reading import BODY, PARAGRAPHS, TITLE, a_page, article_of

ONE, TWO, THREE, FOUR, FIVE = PARAGRAPHS

# 6: text in a bare line between paragraphs
BARE = {
    "a div": f"<p>{ONE}</p><div>{TWO}</div><p>{THREE}</p><p>{FOUR}</p><p>{FIVE}</p>",
    "a div with a class": f"<p>{ONE}</p><div class='text'>{TWO}</div><p>{THREE}</p><div "
    f"class='text'>{FOUR}</div><p>{FIVE}</p>",
    "no element at all": f"<p>{ONE}</p>{TWO}<p>{THREE}</p>{FOUR}<p>{FIVE}</p>",
    "divs alone": "".join(f"<div>{text}</div>" for text in PARAGRAPHS),
    "spans in divs": "".join(f"<div><span>{text}</span></div>" for text in PARAGRAPHS),
    "line breaks alone": "<br><br>".join(PARAGRAPHS),
    "a link and bold words in a bare line": f"<p>{ONE}</p><div>Councillor <b>Ines Falk</b> said the <a "
    "href='/work'>work</a> "
    f"would start in May and cost four million crowns, half of which the province has promised to "
    f"pay.</div><p>{THREE}</p><p>{FOUR}</p><p>{FIVE}</p>",
    "sections": "".join(f"<section><div><p>{text}</p></div></section>" for text in PARAGRAPHS),
    "a bare line at the end": f"<p>{ONE}</p><p>{TWO}</p><p>{THREE}</p><p>{FOUR}</p>{FIVE}",
    "a bare line at the beginning": f"{ONE}<p>{TWO}</p><p>{THREE}</p><p>{FOUR}</p><p>{FIVE}</p>",
    "a blockquote": f"<p>{ONE}</p><blockquote>{TWO}</blockquote><p>{THREE}</p><p>{FOUR}</p><p>{FIVE}</p>",
    "cells of a layout table": "<table>" + "".join(f"<tr><td>{text}</td></tr>" for text in PARAGRAPHS) + "</table>",
}


@pytest.mark.parametrize("inner", BARE.values(), ids=BARE)
def test_text_outside_of_paragraphs_is_kept(inner: str) -> None:
    page = a_page().replace("\n".join(f"<p>{text}</p>" for text in PARAGRAPHS), inner)
    assert article_of(page).body == BODY


# 7: a body in two parts
AD = "<aside class='ad'><p>Advertisement</p><p>Sailing boots from Quay Outfitters, now at half price.</p></aside>"


def split(between: str, tag: str = "article", *, h1: str = "in") -> str:
    head = f"<h1>{TITLE}</h1>"
    return (
        f"<html lang=en><head><title>{TITLE}</title></head><body>{head if h1 == 'out' else ''}"
        f"<{tag}>{head if h1 == 'in' else ''}<p>{ONE}</p><p>{TWO}</p></{tag}>{between}"
        f"<{tag}><p>{THREE}</p><p>{FOUR}</p><p>{FIVE}</p></{tag}></body></html>"
    )


SPLIT = {
    "an advert between articles": split(AD),
    "an advert in a div between": split(
        "<div class='advert'>Advertisement<p>Sailing boots from Quay Outfitters, half price.</p></div>"
    ),
    "nothing between": split(""),
    "an iframe between": split("<iframe src='https://ads.example/7'></iframe>"),
    "the headline outside": split(AD, h1="out"),
    "sections": split(AD, "section"),
    "divs": split("<div id='ad-slot-3'><span>Sponsored</span></div>", "div"),
    "a script and a figure between": split(
        "<script>ad(7)</script><figure><img src=a.jpg><figcaption>Photo: Tom Okafor</figcaption></figure>"
    ),
}


@pytest.mark.parametrize("page", SPLIT.values(), ids=SPLIT)
def test_a_body_in_two_parts_is_whole_and_without_the_advert(page: str) -> None:
    article = article_of(page)
    assert (article.title, article.body) == (TITLE, BODY)


# 26: boilerplate inside
OTHER = "Ferry dog elected harbour master of Port Ansel for a third term"
BOILERPLATE = {
    "read more": f"<p>Read More: {OTHER}</p>",
    "read more, linked": f"<p><strong>Read more: <a href='/dog'>{OTHER}</a></strong></p>",
    "see also": f"<p>See also: {OTHER}</p>",
    "a label where an advert stood": "<p>Story continues below advertisement</p>",
    "read also, in German": f"<p>Lesen Sie auch: <a href='/dog'>{OTHER}</a></p>",
    "also read": f"<p>Also read: <a href='/dog'>{OTHER}</a></p>",
    "also read with a bar": f"<p>ALSO READ | <a href='/dog'>{OTHER}</a></p>",
    "related": f"<div class='related'><h3>Related stories</h3><ul><li><a href='/dog'>{OTHER}</a></li></ul></div>",
    "a newsletter box": "<div class='newsletter'><h3>Harbour Letter</h3><p>Sign up for our newsletter and get the "
    "best of the harbour in your inbox every Friday.</p><form><input type=email><button>Sign up</button></form></div>",
    "a share bar": "<ul class='share'><li><a href='#'>Share</a></li><li><a href='#'>Tweet</a></li><li>Print</li></ul>",
    "a caption": "<figure><img src='pier.jpg'><figcaption>The broken pier at low tide. Photo: Tom Okafor / "
    "HNA</figcaption></figure>",
    "a caption in divs": "<div class='wp-caption'><img src='pier.jpg'><p class='wp-caption-text'>The pier at low "
    "tide, in May.</p></div>",
    "an advert": "<div class='ad-slot'><p>Advertisement</p></div>",
    "an advert's label": "<p>Advertisement</p>",
    "tags": "<ul class='tags'><li><a href='/t/pier'>pier</a></li><li><a href='/t/storm'>storm</a></li></ul>",
    "an embedded post": "<iframe src='https://social.example/7'>A post by the council of the harbour, of "
    "Tuesday.</iframe>",
    "a hidden box": "<div style='display:none'><p>This text is for nobody to see, but it is long enough to be "
    "read.</p></div>",
    "french": f"<p>À lire aussi : <a href='/dog'>{OTHER}</a></p>",
    "spanish": f"<p>Lea también: <a href='/dog'>{OTHER}</a></p>",
    "portuguese": f"<p>Leia também: <a href='/dog'>{OTHER}</a></p>",
    "italian": f"<p>Leggi anche: <a href='/dog'>{OTHER}</a></p>",
    "dutch": f"<p>Lees ook: <a href='/dog'>{OTHER}</a></p>",
}


@pytest.mark.parametrize("piece", BOILERPLATE.values(), ids=BOILERPLATE)
def test_boilerplate_between_paragraphs_is_gone(piece: str) -> None:
    assert article_of(a_page().replace(f"<p>{THREE}</p>", f"{piece}<p>{THREE}</p>")).body == BODY


BLURB = (
    "Ines Falk writes about ships, ports and tides. She has been with Harbour News since 2019 and lives in Marrowby."
)
AFTER = {
    "an author's blurb": f"<div class='author-bio'><p>{BLURB}</p></div>",
    "an author's blurb twice": f"<div class='author-box'><p>{BLURB}</p></div><div "
    f"class='author-box'><p>{BLURB}</p></div>",
    "comments": "<section id='comments'><h3>2 comments</h3><p>Tom: I said so all along, and nobody on the quay "
    "listened.</p><p>Ada: The old pier was better, and it was cheaper too, as we all know.</p></section>",
    "most read": f"<div class='most-read'><h3>Most read</h3><ol><li><a href='/dog'>{OTHER}</a></li></ol></div>",
    "rights": "<p>© 2026 Harbour News. All rights reserved.</p>",
    "a newsletter": "<div class='newsletter-signup'><p>Sign up for our newsletter, and never miss a tide "
    "again.</p></div>",
}


@pytest.mark.parametrize("piece", AFTER.values(), ids=AFTER)
def test_boilerplate_after_the_body_is_gone(piece: str) -> None:
    assert article_of(a_page(after=piece)).body == BODY


@pytest.mark.parametrize(
    "line",
    [
        "Read more books, she told the children, and they laughed because the library had burned down in the storm.",
        "“Share this with your neighbours,” the notice on the pier said, “and keep your children off the stones.”",
        "Related losses came to two million crowns, according to the harbour office, which keeps the accounts.",
        "Photographs of the pier before the storm hang in the town hall, where the council met on Tuesday evening.",
    ],
    ids=["read more", "share", "related", "photographs"],
)
def test_a_sentence_that_begins_as_boilerplate_does_stays(line: str) -> None:
    assert line in article_of(a_page((ONE, TWO, line, *PARAGRAPHS[2:]))).body
    assert line in article_of("\n\n".join((TITLE, ONE, TWO, line, *PARAGRAPHS[2:])), content_type="text/plain").body


@pytest.mark.parametrize(
    "line",
    [
        f"Read More: {OTHER}",
        f"Also read: {OTHER}",
        f"READ ALSO: {OTHER}",
        "Advertisement",
        f"Lesen Sie auch: {OTHER}",
        f"À lire aussi : {OTHER}",
        "Story continues below advertisement",
    ],
)
def test_boilerplate_in_a_dump_is_gone(line: str) -> None:
    dump = "\n\n".join((TITLE, ONE, TWO, line, *PARAGRAPHS[2:]))
    assert article_of(dump, content_type="text/plain").body == BODY
