"""The articles that a raw article names as its own, for a delete request to find it though it was rejected."""

from __future__ import annotations

import time

import pytest

from pipelines.clean import article_id_of_url, named_articles
from tests.builders import a_raw_article

FETCHED, CANONICAL = "https://harbour-news.example/?id=77", "https://harbour-news.example/pier"


def ids(*urls: str) -> tuple[str, ...]:
    return tuple(map(article_id_of_url, urls))


@pytest.mark.parametrize("head", [
    f'<link rel="canonical" href="{CANONICAL}">',
    f"<LINK HREF='{CANONICAL}' REL='shortlink canonical'/>",
    "<link href=/pier rel=canonical>",
    '<meta property="og:url" content="https://harbour-news.example/pier?utm_source=x&amp;fbclid=1">',
    f'<meta name=og:url content={FETCHED}><link rel=canonical href="{CANONICAL}">',
    f'<link rel=stylesheet href=/a.css><link rel="alternate" href="/feed"><link rel="canonical" href="{CANONICAL}">',
])
def test_a_page_names_its_canonical_address_and_the_one_it_was_fetched_at(head: str) -> None:
    assert named_articles(a_raw_article(text=f"<html><head>{head}", url=FETCHED)) == ids(CANONICAL, FETCHED)


@pytest.mark.parametrize("head", [
    "", '<link rel=canonical href="">', '<link rel=canonical href="javascript:void(0)">',
    '<link rel=canonical href="https://consent.example/wall">', '<link rel=canonical href="/">',
    '<link rel=canonical href="http://[::1">', "<link rel=canonical href",
])
def test_a_canonical_address_that_no_page_may_claim_is_left_out(head: str) -> None:
    assert named_articles(a_raw_article(text=head, url=FETCHED)) == ids(FETCHED)
    assert named_articles(a_raw_article(text="<html>", url=None)) == ()


def test_a_page_without_an_address_of_its_fetch_names_what_it_declares() -> None:
    page = a_raw_article(text=f'<link rel=canonical href="{CANONICAL}">', url=None)
    assert named_articles(page) == ids(CANONICAL)


@pytest.mark.parametrize(("item", "url", "named"), [
    ({"url": FETCHED}, FETCHED, (FETCHED,)),
    ({"url": FETCHED, "canonical_url": CANONICAL}, FETCHED, (CANONICAL, FETCHED)),
    ({"permalink": CANONICAL}, None, (CANONICAL,)),
    ({"link": CANONICAL, "image": {"url": "https://img.example/1.jpg"}}, FETCHED, (FETCHED, CANONICAL)),
    ({"url": FETCHED, "html": f'<html><link rel=canonical href="{CANONICAL}">'}, FETCHED, (CANONICAL, FETCHED)),
    ({"url": ["x"], "canonical_url": 7, "html": None, "link": "no address"}, None, ()),
    ({"url": FETCHED, "canonical_url": "https://elsewhere.example/pier"}, FETCHED, (FETCHED,)),
])
def test_an_item_names_the_addresses_under_its_keys(
    item: dict[str, object], url: str | None, named: tuple[str, ...]
) -> None:
    assert named_articles(a_raw_article(kind="item", item=item, text="", url=url)) == ids(*named)


@pytest.mark.parametrize("text", [
    "<link " * 100_000, "<link a=" + "a " * 100_000, "<meta " + "=" * 100_000, "<" * 10**6,
])
def test_no_page_takes_long(text: str) -> None:
    began = time.process_time()
    assert named_articles(a_raw_article(text=text, url=FETCHED)) == ids(FETCHED)
    assert time.process_time() - began < 2
