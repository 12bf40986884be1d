"""Broken JSON-LD is read where that is safe; where it is not, the evidence says that there was some."""

from __future__ import annotations

import json
import time

import pytest
from lxml import etree

from pipelines.clean.metadata.jsonld import read_linked_data
from tests.cases.reading import TITLE, a_page, article_of, names

AUTHOR = '{"@type": "Person", "name": "Ada Brandt"}'
BLOCK = f'"@type": "NewsArticle", "datePublished": "2025-05-04T10:15:00+02:00", "author": {AUTHOR}'
REPAIRED = {
    "quotes in a headline": f'{{"headline": "Council says "not yet" to pier", {BLOCK}}}',
    "a quote at the end": f'{{"headline": "Council says "not yet"", {BLOCK}}}',
    "an escaped apostrophe": rf'{{"headline": "Marrowby\'s pier", {BLOCK}}}',
    "two objects": f'{{"@type": "WebSite", "name": "Harbour News"}} {{{BLOCK}}}',
    "escaped as HTML": f"{{{BLOCK}}}".replace('"', "&quot;"),
    "quotes and a comma": f'{{"headline": "Council says "not yet", and adjourns", {BLOCK}}}',
    "quotes around all": f'{{"headline": ""Not yet"", {BLOCK}}}',
    "a comment": f"{{/* the article */ {BLOCK}}}",
    "a line of comment": f"{{\n  // the article\n {BLOCK}}}",
    "no value": f'{{"image": , {BLOCK}}}',
    "a value that a script left out": f'{{"image": undefined, {BLOCK}}}',
    "a value that a template left out": f'{{"image": {{{{ image }}}}, {BLOCK}}}',
    "no comma": f'{{"headline": "Pier"\n {BLOCK}}}',
    "no end": f"[{{{BLOCK}",
    "an escape that is none": f'{{"headline": "Pier \\u00zz", {BLOCK}}}',
    "spaces that are none": f"{{\u00a0{BLOCK}}}",
    "doubled quotes": f"{{{BLOCK}}}".replace('"', '""'),
    "quotes of typography": f"{{{BLOCK}}}".replace('"', "”"),
    "escaped by numbers": f"{{{BLOCK}}}".replace('"', "&#34;"),
    "tags of an editor": f"<p>{{{BLOCK}}}</p>".replace(", ", ",<br />\n"),
    "single quotes": f"{{{BLOCK}}}".replace('"', "'"),
    "single quotes with apostrophes": f"{{'headline': 'Marrowby's pier isn\\'t \"done\"', {BLOCK}}}",
    "keys without quotes": f'{{headline: "Pier: all of it", {BLOCK}}}'.replace('"author"', "author"),
    "cut off in a text": f'{{{BLOCK}, "articleBody": "The council of Marrow',
    "cut off in an object": f'[{{{BLOCK}, "publisher": {{"@type": "Organ',
}


def page(block: str) -> str:
    return a_page(head=f'<script type="application/ld+json">{block}</script>')


@pytest.mark.parametrize("block", REPAIRED.values(), ids=REPAIRED)
def test_what_is_safely_repaired_is_read(block: str) -> None:
    article = article_of(page(block))
    assert article.title == TITLE
    assert names(article) == [("Ada Brandt", "person")]
    assert article.published_at is not None
    assert article.published_at.isoformat() == "2025-05-04T10:15:00+02:00"
    assert article.evidence["json-ld"].how == "repaired"


@pytest.mark.parametrize("block", ['{"headline" "Pier", "author": {', f"{{{BLOCK}, ????}}", "var data = {};"])
def test_what_is_not_read_is_in_the_evidence(block: str) -> None:
    article = article_of(page(block))
    assert article.evidence["json-ld"].how == "not read"
    assert article.warnings == ("JsonLdNotRead: the page has JSON-LD that is not valid",)


def test_valid_json_ld_is_no_evidence_of_a_fault() -> None:
    assert "json-ld" not in article_of(page(f"<!-- {{{BLOCK},}} -->")).evidence
    assert "json-ld" not in article_of(page(f"\ufeff{{{BLOCK}}}")).evidence


def test_commas_too_many_are_left_out() -> None:
    assert names(article_of(page(f'{{,"headline": "Pier",, {BLOCK},}}'))) == [("Ada Brandt", "person")]


def test_json_in_a_text_is_read() -> None:
    assert names(article_of(page(json.dumps(f"{{{BLOCK}}}")))) == [("Ada Brandt", "person")]


def test_an_object_before_the_fault_is_read() -> None:
    article = article_of(page(f'{{{BLOCK}, "publisher": {{"name": "Quay"}} }} }}'))
    assert (names(article), article.evidence["json-ld"].how) == ([("Ada Brandt", "person")], "not read")


@pytest.mark.parametrize("part", ['"a":"x ', '"a":"b", {', "/* x ", '"x" ', ",", '{"a":'])
def test_a_long_broken_block_is_given_up_soon(part: str) -> None:
    before = time.process_time()
    read_linked_data(etree.HTML(f'<script type="application/ld+json">{{{part * (45_000 // len(part))}</script>'))
    assert time.process_time() - before < 1  # it takes some hundredths of a second
