"""Pages that list others are told from articles by their layout; short articles beside many headlines are kept."""

from __future__ import annotations

import pytest

from tests.cases.reading import BODY, TITLE, a_page, article_of, reason_of

PLACES = ("Marrowby", "Port Ansel", "Tanhead", "Quayside", "Saltmarsh", "Brandvale", "Herringholm", "Lowgate")
CARDS = "".join(
    f"<div class='card'><h3><a href='/2026/03/{number}'>The council of {place} opens a school by the sea</a></h3>"
    f"<time>March {number + 1}</time><p>Pupils in {place} moved into the new house on Monday, two years late, and "
    f"found that the roof was still being tiled by the crews.</p><a href='/2026/03/{number}'>Read more</a></div>"
    for number, place in enumerate(PLACES)
)
PAGER = "<div><a href='?page=1'>1</a> <a href='?page=2'>2</a> <a href='?page=3'>3</a> <a href='?page=2'>Next</a></div>"


def listing(title: str) -> str:
    return (
        f"<html lang=en><head><title>{title} | Harbour News</title></head><body><main><h1>{title}</h1>"
        f"<div class='list'>{CARDS}</div>{PAGER}</main></body></html>"
    )


LISTINGS = {
    "a tag page": ("Articles tagged schools", "https://harbour-news.example/tag/schools"),
    "search results": ("Search results for school", "https://harbour-news.example/search?q=school"),
    "a category": ("Education Archives", "https://harbour-news.example/category/education/page/2"),
    "a section front": ("News", "https://harbour-news.example/news/"),
}


@pytest.mark.parametrize(("title", "url"), LISTINGS.values(), ids=LISTINGS)
def test_a_list_of_articles_is_rejected(title: str, url: str) -> None:
    assert reason_of(listing(title), url=url) == "ListingPage"


WIRE = (
    "A ferry ran aground off Marrowby early on Tuesday, and nobody was hurt. Its forty passengers were taken ashore in "
    "boats. The harbour office said that fog was the likely cause."
)
ASIDE = "".join(
    f"<li><h3><a href='/{n}'>The council of {place} opens a school</a></h3></li>" for n, place in enumerate(PLACES)
)


@pytest.mark.parametrize("before", [True, False], ids=["above", "below"])
def test_a_short_item_beside_many_headlines_is_an_article(before: bool) -> None:
    title = "Ferry runs aground off Marrowby in thick fog"
    story, others = f"<div><h1>{title}</h1><p>{WIRE}</p></div>", f"<ul>{ASIDE}</ul>"
    inner = others + story if before else story + others
    page = f"<html lang=en><head><title>{title}</title></head><body>{inner}</body></html>"
    assert article_of(page).body == WIRE


def test_an_article_above_a_page_of_cards_is_an_article() -> None:
    assert (
        article_of(a_page().replace("<footer>", f"<section class='related'>{CARDS}</section>{PAGER}<footer>")).body
        == BODY
    )
    assert article_of(a_page()).title == TITLE
