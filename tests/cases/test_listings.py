"""Pages that list others are told from articles by their layout; short articles beside many headlines are kept."""

from __future__ import annotations

import pytest

from tests.cases.reading import BODY, TITLE, a_page, article_of, linked_data, reason_of

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


@pytest.mark.parametrize("name", ["Harbour Courses", "Seamanship", "Net Repair"])
def test_an_introduction_under_a_sections_name_is_no_article(name: str) -> None:
    introduction = (
        "<p>Our teachers went to sea for years. They know what crews need. Whoever wants to learn is welcome here.</p>"
    )
    page = listing(name).replace("Harbour News", "Quay College").replace("</h1>", f"</h1>{introduction}")
    assert reason_of(page, url="https://quay-college.example/learn/12") == "ListingPage"
    slug = name.lower().replace(" ", "-")
    assert reason_of(page, url=f"https://quay-college.example/2026/{slug}-88120.html") == ""


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


NETS = ("Herring net", "Crab pot", "Long line", "Trawl net", "Landing net", "Eel trap", "Cast net", "Shrimp net",
        "Gill net", "Drift net", "Hand line", "Hoop net")
GUIDE = (
    "A good net lasts for ten winters if it is dried after every trip and kept out of the sun. Look at the knots "
    "first: a knot that slips will cost you the catch.",
    "Cotton is soft and cheap, and rots within three seasons; nylon is stronger, and harder to mend with cold hands.",
    "The mesh decides what you catch. Forty millimetres are right for herring, and sixty for cod that may be landed.",
    "Measure the depth of the water before you order, and add a third, since a net that stands too tight lets fish go.",
)


def shop(head: str = "") -> str:
    """A shop's category: filters, products with prices, and a guide of several paragraphs."""
    cards = "".join(
        f"<li class='product-card'><a href='/nets/{number}'>{net}</a><span class='price'>€ {20 + number}.50</span>"
        f"<a href='/cart/add/{number}'>Add to cart</a></li>" for number, net in enumerate(NETS)
    )
    filters = "".join(
        f"<div class='filter'><input type=checkbox><a href='/c/nets?colour={colour}'>{colour}</a></div>"
        for colour in ("red", "green", "blue", "brown", "white")
    )
    prose = "".join(f"<p>{line}</p>" for line in GUIDE)
    return (
        f"<html lang=en><head><title>Nets | Tanhead Chandlers</title>{head}</head><body class='category'><main>"
        f"<h1>Nets</h1><div class='filters'>{filters}</div><ul class='product-grid'>{cards}</ul>"
        f"<div class='description'><h2>How to choose a net</h2>{prose}</div></main></body></html>"
    )


SHOPS = {
    "by its layout": "",
    "by its type": "<meta property='og:type' content='product.group'>",
    "with a next page": "<link rel=next href='/c/nets?page=2'><meta property='og:type' content='website'>",
}


@pytest.mark.parametrize("head", SHOPS.values(), ids=SHOPS)
def test_a_shops_category_is_a_list_however_much_it_says_of_its_goods(head: str) -> None:
    assert reason_of(shop(head), url="https://tanhead-chandlers.example/c/nets") == "ListingPage"


def test_an_article_that_a_shop_publishes_is_an_article() -> None:
    """The same guide under a headline, with the goods after it."""
    title = "How to choose a net that lasts for ten winters"
    cards = "".join(f"<li class='product-card'><a href='/nets/{n}'>{net}</a> <span>€ {20 + n}.50</span></li>"
                    for n, net in enumerate(NETS[:4]))
    page = (
        f"<html lang=en><head><title>{title} | Tanhead Chandlers</title><meta property='og:type' content='article'>"
        f"</head><body class='single-post'><article class='post'><h1>{title}</h1><p>By Ines Falk</p>"
        f"{''.join(f'<p>{line}</p>' for line in GUIDE)}</article><ul class='products'>{cards}</ul></body></html>"
    )
    url = "https://tanhead-chandlers.example/journal/how-to-choose-a-net"
    assert article_of(page, url=url).body == "\n\n".join(GUIDE)


BOX = "<div class='u-row'>" + "".join(
    f"<div><a href='/{n}'>The council of {place} opens a school by the sea</a></div>"
    for n, place in enumerate(PLACES[:4])
) + "</div>"
POINTER = f"<p>Read also: <a href='/9'>The council of {PLACES[5]} opens a school by the sea</a></p>"
SHORT = (
    "The library in Marrowby opens on Sundays from May.", "Seventy residents offered to look after the rooms.",
    "Heating them costs eleven euros an hour.", "A mason has mended the window sill for nothing.",
)
INTERRUPTED = {
    "by a box of links": (SHORT[0], BOX, *SHORT[1:]),
    "by a pointer": (SHORT[0], POINTER, *SHORT[1:]),
    "by both": (SHORT[0], BOX, POINTER, *SHORT[1:]),
}


@pytest.mark.parametrize("parts", INTERRUPTED.values(), ids=INTERRUPTED)
@pytest.mark.parametrize("section", ["news", "stories/all"])
def test_a_short_article_that_links_interrupt_is_an_article(parts: tuple[str, ...], section: str) -> None:
    """Words such as "news" or "library" in its address or headline do not make it a list."""
    title = "All the volunteers of Marrowby keep the library warm"
    text = "".join(part if part.startswith("<") else f"<p>{part}</p>" for part in parts)
    page = (
        f"<html lang=en><head><title>{title} | Harbour News</title></head><body><main><h1>{title}</h1>"
        f"<div class='text'>{text}</div></main><aside><h2>Latest</h2><ul>{ASIDE}</ul></aside></body></html>"
    )
    assert reason_of(page, url=f"https://harbour-news.example/{section}/volunteers-keep-the-library-warm") == ""


def test_the_entries_of_a_live_blog_in_its_declared_data_make_it_no_list() -> None:
    title = "Flood at Marrowby, as it happened: the crest passes"
    entries = tuple(
        f"The crest passed {place} shortly after {hour} in the morning, and the wall by the mill held, it said."
        for hour, place in enumerate(PLACES, start=1)
    )
    head = linked_data(
        **{"@type": "LiveBlogPosting"}, headline=title,
        liveBlogUpdate=[{"@type": "BlogPosting", "headline": f"Entry {n}"} for n in range(len(entries))],
    )
    blocks = "".join(
        f"<div class='entry'><time>0{n}:10</time><div><p>{text}</p></div></div>" for n, text in enumerate(entries)
    )
    page = (
        f"<html lang=en><head><title>{title}</title>{head}</head><body><main><h1>{title}</h1>{blocks}</main>"
        f"<aside><ul>{ASIDE}</ul></aside></body></html>"
    )
    assert reason_of(page) == ""
