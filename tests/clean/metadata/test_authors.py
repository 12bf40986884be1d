"""Who wrote an article: what JSON-LD, meta tags and the page's own lines say, and which of them is believed."""

from __future__ import annotations

import json

import pytest
from lxml import etree

from pipelines.clean.html.blocks import read_blocks
from pipelines.clean.metadata.byline import pick_authors
from pipelines.clean.metadata.page import read_metadata
from pipelines.clean.metadata.visible import Near, near_body, seen_authors
from pipelines.records import Author

BODY = "<p>The pier opened on Sunday, four winters after a storm had broken it.</p>" * 3

CARD = '<meta name="twitter:label1" content="{}"><meta name="twitter:data1" content="{}">'


def authors(head: str = "", above: str = "", below: str = "", top: str = "") -> list[tuple[str, str]]:
    """Authors of a page: its top, a headline, lines above the body, the body, lines below it."""
    root = etree.HTML(f"<html><head>{head}</head><body>{top}<h1>Pier opens</h1>{above}{BODY}{below}</body></html>")
    about, page = read_metadata(root, "https://www.harbour.example/pier"), read_blocks(root)
    body = [number for number, block in enumerate(page.blocks) if block.text.startswith("The pier opened")]
    headline = next(number for number, block in enumerate(page.blocks) if block.text == "Pier opens")
    near = Near(range(headline + 1, body[0] + 2), range(body[-1] + 1, len(page.blocks)))
    picked = pick_authors((*about.authors, seen_authors(page, near)), about.outlet_names)
    return [(author.name, author.type) for author in picked.value] if picked else []


def linked(author: object, **more: object) -> str:
    article = {"@type": "NewsArticle", "headline": "Pier opens", "author": author, **more}
    return f'<script type="application/ld+json">{json.dumps(article)}</script>'


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        ("By Ines Falk", [("Ines Falk", "person")]),
        ({"@type": "Person", "givenName": "Ines", "familyName": "Falk"}, [("Ines Falk", "person")]),
        ([{"name": ["Ines Falk", "Tom Okafor"]}], [("Ines Falk", "person"), ("Tom Okafor", "person")]),
        ({"@type": "Person", "name": "Reuters"}, [("Reuters", "organisation")]),
        ({"@type": "Organization", "name": "Salt and Tide"}, [("Salt and Tide", "organisation")]),
        ({"@type": "Organization", "name": "Harbour Desk"}, [("Harbour Desk", "desk")]),
        ({"@type": ["Person", "Organization"], "name": "Ines Falk"}, [("Ines Falk", "person")]),
        ({"@type": "Person", "url": "https://harbour.example/ines"}, []),
    ],
)
def test_json_ld(author: object, expected: list[tuple[str, str]]) -> None:
    assert authors(linked(author)) == expected


def test_an_author_named_by_id() -> None:
    graph = {"@graph": [
        {"@type": "NewsArticle", "headline": "Pier opens", "author": {"@id": "#ines"}},
        {"@type": "Person", "@id": "#ines", "name": "Ines Falk"},
    ]}
    assert authors(f'<script type="application/ld+json">{json.dumps(graph)}</script>') == [("Ines Falk", "person")]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ('<meta name="author" content="Ines Falk, Tom Okafor">', ["Ines Falk", "Tom Okafor"]),
        (CARD.format("Written by", "Ines Falk"), ["Ines Falk"]),
        ('<meta name="Article:Author-Name" content="Ines Falk">', ["Ines Falk"]),
        (CARD.format("Autor", "Ines Falk"), ["Ines Falk"]),
        (CARD.format("Est. reading time", "6 minutes"), []),
        ('<meta property="article:author" content="https://social.example/ines">', []),
        ('<meta name="dc.creator" content="Ines Falk"><meta name="citation_authors" content="Ines Falk">'
         '<meta name="citation_authors" content="Tom Okafor">', ["Ines Falk", "Tom Okafor"]),
        ('<meta name="author" content="ifalk"><meta name="byl" content="By Ines Falk">', ["Ines Falk"]),
        ('<meta name="author" content="Ines Falk / Journalist; Tom Okafor / Journalist">', ["Ines Falk", "Tom Okafor"]),
    ],
)
def test_meta_tags(head: str, expected: list[str]) -> None:
    assert [name for name, _ in authors(head)] == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("By Ines Falk May 4, 2026", ["Ines Falk"]),
        ("3 May 2026 by Ines Falk, Harbour Editor", ["Ines Falk"]),
        ("ByInes Falk", ["Ines Falk"]),
        ("By Ines Falk on May 4, 2026 | Port", ["Ines Falk"]),
        ("By Ines Falk ● 6 min read", ["Ines Falk"]),
        ("Ines Falk Published: May 4, 2026", []),
        ("Ines Falk | 04.05.2026 - Updated 05.05.2026", ["Ines Falk"]),
        ("Ines Falk 4 May 2026", ["Ines Falk"]),
        ("Port Ansel, 4 May 2026", []),
        ("Updated on May 4, 2026", []),
        ("Port News | May 4, 2026", []),
    ],
)
def test_lines_below_the_headline(line: str, expected: list[str]) -> None:
    assert [name for name, _ in authors(above=f"<p>{line}</p>")] == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("Written by", "Ines Falk"), [("Ines Falk", "person")]),
        (("By", "The Harbour Team"), [("The Harbour Team", "desk")]),
        (("Autorin:", "Ines Falk"), [("Ines Falk", "person")]),
        (("Photo by", "Ines Falk"), []),
        (("Interview", "Ines Falk"), []),
        (("By", "subscribing you agree to our terms"), []),
    ],
)
def test_a_byline_on_two_lines(lines: tuple[str, str], expected: list[tuple[str, str]]) -> None:
    assert authors(above="".join(f"<p>{line}</p>" for line in lines)) == expected


def test_words_in_an_author_box_that_end_without_a_capital_are_no_name() -> None:
    box = '<div class="author">Insights from</div><div class="author">Ines Falk</div>'
    assert authors(above=box) == [("Ines Falk", "person")]


def test_a_byline_may_stand_between_the_standfirst_and_the_rest() -> None:
    lines = ("Boats come back.", "Share", "By Ines Falk", "It is Sunday.")
    page = read_blocks(etree.HTML("<h1>Pier opens</h1>" + "".join(f"<p>{line}</p>" for line in lines)))
    near = near_body(page, (1, 4))
    assert near.before == range(1, 4)
    assert seen_authors(page, near).value == (Author("Ines Falk", "person"),)  # type: ignore[union-attr]
    far = read_blocks(etree.HTML("<h1>Pier opens</h1>" + "<p>Share</p>" * 40))
    assert near_body(far, (1, 39)).before == range(1, 9)


def test_an_account_named_after_the_outlets_address_gives_way_to_a_person_that_readers_see() -> None:
    account = '<meta name="author" content="harbour.example developer">'
    assert authors(account) == [("harbour.example developer", "organisation")]
    assert authors(account, above="<p>By Ines Falk</p>") == [("Ines Falk", "person")]


def test_names_before_dates_in_a_list_of_articles_are_nobodys() -> None:
    cards = "<p>Ines Falk | May 4, 2026</p><p>Tom Okafor | May 3, 2026</p>"
    assert authors(above=cards) == []


def test_an_author_box_gives_names_without_dates_and_roles() -> None:
    box = '<div class="author">Ines Falk 4 May 2026</div><div class="author">Senior Analyst</div>'
    assert authors(above=box) == [("Ines Falk", "person")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Written by Ines Falk", ["Ines Falk"]),
        ("Autorin/Autor Ines Falk", ["Ines Falk"]),
        ("Text: Ines Falk", ["Ines Falk"]),
        ("By Ines Falk", []),
        ("Text messages are free", []),
    ],
)
def test_a_byline_below_the_body_says_that_it_is_one(line: str, expected: list[str]) -> None:
    assert [name for name, _ in authors(below=f"<p>{line}</p>")] == expected


def test_the_outlets_own_name_gives_way_to_a_person_that_readers_see() -> None:
    own = '<meta name="author" content="Salt and Tide (www.harbour.example)">'
    assert authors(own) == [("Salt and Tide", "organisation")]
    assert authors(own, above="<p>By Ines Falk</p>") == [("Ines Falk", "person")]


def test_the_fuller_byline_is_taken_where_one_holds_the_other() -> None:
    marked = '<p><a rel="author">Ines Falk</a> <a rel="author">Tom Okafor</a></p>'
    assert authors(linked("Ines Falk"), above=marked) == [("Ines Falk", "person"), ("Tom Okafor", "person")]
    assert authors(linked("Li Wei"), above=marked) == [("Li Wei", "person")]


def test_what_an_author_goes_by_gives_way_to_the_name_that_readers_see() -> None:
    assert authors(linked("ifalk")) == [("ifalk", "person")]
    assert authors(linked("ifalk"), above="<p>By Ines Falk</p>") == [("Ines Falk", "person")]
    assert authors(linked("港花子"), above="<p>By Ines Falk</p>") == [("港花子", "person")]


def test_an_agency_beside_marked_names_is_named_too() -> None:
    marked = '<p>Von <a rel="author">Ines Falk</a> und <a rel="author">Tom Okafor</a>, dpa</p>'
    assert authors(above=marked) == [("Ines Falk", "person"), ("Tom Okafor", "person"), ("dpa", "organisation")]


def test_an_author_box_may_stand_above_the_headline_a_photographers_not() -> None:
    assert authors(top='<div class="author-name">Ines Falk</div>') == [("Ines Falk", "person")]
    assert authors(top='<div class="image-credits">Tom Okafor</div>') == []


def test_a_place_in_capitals_after_a_name_is_nobody() -> None:
    assert authors(above="<p>By Ines Falk, PORT ANSEL</p>") == [("Ines Falk", "person")]


@pytest.mark.parametrize(
    ("below", "expected"),
    [
        ("<p>(Ines Falk, dpa)</p>", [("Ines Falk", "person"), ("dpa", "organisation")]),
        ("<p>Reuters/AFP</p>", [("Reuters", "organisation"), ("AFP", "organisation")]),
        ('<p>4.5.2026, 9:30 Uhr; <a rel="author">dpa</a>;<a rel="author">Ines Falk</a></p>',
         [("dpa", "organisation"), ("Ines Falk", "person")]),
        ("<p>Related Stories</p>", []),
        ("<p>Ines Falk</p>", []),
    ],
)
def test_credits_just_below_the_body(below: str, expected: list[tuple[str, str]]) -> None:
    assert authors(below=below) == expected


def test_nobody_is_invented() -> None:
    assert authors() == []


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('<p><a href="/author/ines-falk">Ines Falk</a></p>', ["Ines Falk"]),
        ('<p><a href="/blog-authors/1">Ines Falk</a>, <a href="/blog-authors/2">Tom Okafor</a></p>',
         ["Ines Falk", "Tom Okafor"]),
        ('<p><a href="https://harbour.example/autoren/ines-falk.html?x=1">Ines Falk</a></p>', ["Ines Falk"]),
        ('<p><a href="/author/ines-falk">More posts</a></p>', []),
        ('<p><a href="/author/7">View Profile</a> <a href="/author/7">Ines Falk</a></p>', ["Ines Falk"]),
        ('<p><a href="/author/7">Ines Falk</a></p><p><a href="/author/7">Send Ines A Note</a></p>', ["Ines Falk"]),
        ('<p><a href="/autoren/7">Ines Falk</a> <a href="/autoren/7">Alle Artikel</a></p>', ["Ines Falk"]),
        ('<p><a href="/authors/">Our Authors</a></p>', []),
        ('<p><a href="/pier/ines-falk">Ines Falk</a></p>', []),
    ],
)
def test_a_name_that_links_to_its_authors_page(lines: str, expected: list[str]) -> None:
    assert [name for name, _ in authors(above=lines)] == expected


def test_authors_of_other_articles_are_not_this_ones() -> None:
    own, other = ('<p><a href="/author/{}">{}</a></p>'.format(*pair) for pair in (("1", "Ines Falk"), ("2", "Li Wei")))
    assert authors(above=f"{own}<p>4 May 2026</p><p>Fog closes the port</p>{other}") == [("Ines Falk", "person")]


def test_an_author_whom_readers_can_follow_comes_before_the_outlet() -> None:
    outlet = linked({"@type": "Organization", "name": "Salt and Tide"})
    assert authors(outlet, above='<a href="/author/ines-falk">Ines Falk</a>') == [("Ines Falk", "person")]
