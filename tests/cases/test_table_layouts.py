"""Pages as they were until about 2015: cells of tables, line breaks for paragraphs, no h1, and few names of classes."""

from __future__ import annotations

import pytest

from tests.cases.reading import reason_of

SITE = "Gazette of Marrowby"
TITLE = "Divers raise the bell of a sunken steamer"
PARAGRAPHS = (
    "Divers raised the bell of the steamer Aurelia on Sunday, ninety years after she sank off the lighthouse of "
    "Marrowby with a load of slate.",
    "The bell weighs forty kilograms and was lying in nineteen metres of water, said the head of the diving club, Ines "
    "Falk, who had searched for it since the spring.",
    "It goes to the museum first, which wants to clean it over the winter and to show it from May on, when the season "
    "begins.",
    "Two of the crew of eleven were never found, and their names are on a stone in the churchyard above the harbour.",
)
HEADLINES = (
    "Council sells two old ferries", "Ice closes the northern channel", "New roof for the fish hall",
    "Rowers win for the third time", "Bakers strike over flour price", "School moves into the mill",
    "Bridge toll rises by a quarter", "Storm takes the pier's lamps", "Library keeps its reading room",
    "Harbour master to retire in May",
)
SECTIONS = ("Politics", "Economy", "Town", "Sport", "Weather", "Letters", "Archive", "About us", "Contact", "Forum",
            "Photos", "Classifieds")
MENU = "<br>".join(f"<a href=/section/{number}>{name}</a>" for number, name in enumerate(SECTIONS))


def a_page(main: str, title: str) -> str:
    """A page of three columns: the menu, ``main``, and an empty one."""
    return (
        f"<html><head><title>{title}</title></head><body><table width=780><tr><td valign=top>{MENU}</td>"
        f"<td valign=top>{main}</td><td valign=top></td></tr></table><font size=1>Copyright 2008</font></body></html>"
    )


LINKS = "".join(f"<tr><td>12 March</td><td><a href='/news.php?id={number}'>{line} of Marrowby</a></td></tr>"
                for number, line in enumerate(HEADLINES, start=500))
SHORT = (
    "The bell of the steamer Aurelia was raised on Sunday.", "It weighs forty kilograms, said the diving club.",
    "Ines Falk had searched for it since the spring.", "The museum cleans it over the winter, and shows it in May.",
)
ADDRESSES = {
    "a program's query": "http://gazette.example/news.php?id=1284",
    "another name": "http://gazette.example/news.aspx?cat=3&NewsID=128",
    "a path": "http://gazette.example/show/news/1284/",
}


@pytest.mark.parametrize("url", ADDRESSES.values(), ids=ADDRESSES)
def test_a_short_article_beside_lists_of_links_is_an_article(url: str) -> None:
    menu = " | ".join(f"<a href='/section/{number}'>{name}</a>" for number, name in enumerate(SECTIONS))
    text = "".join(f"<p>{line}\n" for line in SHORT)
    page = (
        f"<html><head><title>{TITLE}_News_{SITE}</title></head><body><div>{menu}</div><div>{TITLE}</div>"
        f"<div>12 March 2008 10:41</div><div>{text}</div><div><h3>See also</h3><table>{LINKS}</table></div></body>"
        f"</html>"
    )
    assert reason_of(page, url=url) == ""


@pytest.mark.parametrize("url", ["http://gazette.example/news.php?page=2", "http://gazette.example/category.php?id=1284"])
def test_a_section_of_teasers_in_a_table_is_a_list(url: str) -> None:
    teasers = "".join(f"<h2><a href='/news.php?id={number}'>{line}</a></h2><p>{PARAGRAPHS[number % 4]}</p>"
                      for number, line in enumerate(HEADLINES, start=500))
    name = "News and letters of the town"
    assert reason_of(a_page(f"<b>{name}</b>{teasers}", title=f"{name} - {SITE}"), url=url) == "ListingPage"


@pytest.mark.parametrize("url", ["http://gazette.example/harbour", "http://gazette.example/news.php?id=1284"])
@pytest.mark.parametrize("is_linked", [True, False], ids=["linked headlines", "links below the teasers"])
def test_a_section_with_a_date_and_teasers_of_several_sentences_is_a_list(url: str, is_linked: bool) -> None:
    name, short = "Harbour and shipping", " ".join(SHORT[:3])
    teasers = "".join(
        f"<h2><a href='/news/{number}'>{line}</a></h2><div>{number - 499} March 2008</div><p>{short}</p>"
        if is_linked else
        f"<h3>{line}</h3><p>{number - 499} March 2008</p><p>{short}</p><a href='/news/{number}'>{line}: read more</a>"
        for number, line in enumerate(HEADLINES, start=500))
    main = f"<div>{name}</div><div>Sunday, 12 March 2008</div>{teasers}"
    assert reason_of(a_page(main, title=f"{name} - {SITE}"), url=url) == "ListingPage"


MORE_PARAGRAPHS = (
    "The old lock gate was lifted out of the canal on Monday, and a new one of oak will be hung before the ice comes.",
    "Nobody was on the barge when she sank, the harbour office said, and the salt will be pumped out by the owner.",
    "From May on the night bus stops at the fish hall as well, since forty residents had asked for it in a letter.",
    "The oar of silver is kept in the town hall, where it can be seen on weekdays between ten and four o'clock.",
)
TEASERS = PARAGRAPHS + MORE_PARAGRAPHS


def front(entry: str, *, title: str = f"Harbour - {SITE}", top: str = "<font size=4>Harbour</font>") -> str:
    """A section front of which each entry has this markup."""
    return a_page(top + "".join(
        entry.format(link=f"<a href='/news/{number}'>{line}</a>", line=line, text=TEASERS[number % 8],
                     number=number, more=f"<a href='/news/{number}'>Read the rest</a>")
        for number, line in enumerate(HEADLINES[:8], start=500)), title=title)


ENTRIES = {
    "rows": "<table><tr><td><img src=/i/{number}.gif></td><td><b>{link}</b><br>{text}</td></tr></table>",
    "rows with a date": "<table><tr><td>{number} March<br><b>{link}</b><br>{text} {more}</td></tr></table>",
    "a ticker": "<p><b>10:{number}</b> {link}. {text}</p>",
    "spans": "<div><span id=t{number}>{link}</span><div class=x>{text}</div></div>",
    "links alone": "<div><div>{link}</div><a href='/news/{number}'>{text}</a></div>",
    "headlines without links": "<font><b>{line}</b></font><br>by admin<br><br>{text}<br><br>({more} | 3 comments)<br>",
}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
@pytest.mark.parametrize("path", ["harbour", "section.php?id=3", "news.php?id=1284"])
def test_a_page_whose_text_is_of_entries_is_a_list(entry: str, path: str) -> None:
    assert reason_of(front(entry), url=f"http://gazette.example/{path}") == "ListingPage"


NEAR_THE_BARS = {
    "a front with a day in its address": ("spans", "2008/03/12/harbour.html", f"Harbour - {SITE}", "ListingPage"),
    "links of the week with notes": ("a ticker", "2008/03/12/harbour.html", f"Harbour - {SITE}", ""),
    "posts that end in a link": (
        "headlines without links", "a/b/1284-harbour-and-town", f"Harbour - {SITE}", "ListingPage"),
    "notes of a day that end in a link": ("headlines without links", "2008/03/12/harbour.html", SITE, ""),
}


@pytest.mark.parametrize(("entry", "path", "title", "reason"), NEAR_THE_BARS.values(), ids=NEAR_THE_BARS)
def test_pages_of_entries_near_the_bars(entry: str, path: str, title: str, reason: str) -> None:
    """Each page changes its side if the bar of its kind moves by a quarter, up or down."""
    assert reason_of(front(ENTRIES[entry], title=title), url=f"http://gazette.example/{path}") == reason


def entries(sizes: tuple[int, ...], before: int = 0) -> str:
    """A page with entries of so many sentences, below an introduction."""
    rows = "".join(
        f"<table><tr><td><b><a href='/news/{number}'>{line}</a></b><br>{' '.join(TEASERS[:size])}</td></tr></table>"
        for number, (line, size) in enumerate(zip(HEADLINES, sizes, strict=False), start=500))
    top = f"<font size=4>Harbour</font><div>{' '.join(TEASERS[:before])}</div>"
    return a_page(top + rows, title=f"Harbour - {SITE}")


SIZES = {
    "an introduction": ((1,) * 6, 1, "ListingPage"), "a text before its notes": ((1,) * 6, 3, ""),
    "one long entry": ((1,) * 9 + (2,), 0, "ListingPage"), "a text among notes": ((1,) * 9 + (4,), 0, ""),
    "long entries": ((5,) * 8, 0, "ListingPage"), "chapters": ((6,) * 8, 0, ""),
}


@pytest.mark.parametrize(("sizes", "before", "reason"), SIZES.values(), ids=SIZES)
def test_entries_are_alike_short_and_most_of_the_text(sizes: tuple[int, ...], before: int, reason: str) -> None:
    """Each page changes its side if a number of ``entries.py`` changes by a quarter."""
    assert reason_of(entries(sizes, before), url="http://gazette.example/section.php?id=3") == reason


@pytest.mark.parametrize("top", [f"<h2>{TITLE}</h2>", f"<b>{TITLE}</b><br>12 March 2008<br>"])
def test_links_with_notes_below_a_headline_and_an_introduction_are_an_article(top: str) -> None:
    page = front("<h3>{link}</h3><p>{text}</p>", title=f"{TITLE} - {SITE}", top=f"{top}<p>{PARAGRAPHS[0]}</p>")
    assert reason_of(page, url="http://gazette.example/show/news/1284/") == ""


def test_an_article_beside_teasers_is_an_article_without_a_title_of_its_own() -> None:
    teasers = "".join(f"<b><a href='/news/{number}'>{line}</a></b><br>{TEASERS[number % 4 + 4]}<br>"
                      for number, line in enumerate(HEADLINES[:7], start=500))
    text = "<br><br>".join(PARAGRAPHS)
    page = a_page(f"<span>{TITLE}</span><br>12 March 2008<br><br>{text}<hr><h4>More</h4>{teasers}", title=SITE)
    assert reason_of(page, url="http://gazette.example/show/news/1284/") == ""


@pytest.mark.parametrize("name", ["Forum", "Boats and nets of the town"])
def test_a_table_of_threads_without_any_sentence_is_a_list(name: str) -> None:
    rows = "".join(f"<tr><td><a href='/thread.php?id={number}'>{line}</a></td><td>mo77</td><td>{number % 9}</td>"
                   f"<td>{number - 499} March 2008</td></tr>" for number, line in enumerate(HEADLINES, start=500))
    page = a_page(f"<div>{name}</div><table>{rows}</table>", title=f"{name} - {SITE}")
    assert reason_of(page, url="http://gazette.example/board.php?f=4") == "ListingPage"


PARTED = {
    "an h1": f"<h1>{TITLE}</h1>", "an h2": f"<h2>{TITLE}</h2>", "a div": f"<div class=head>{TITLE}</div>",
    "an h1 with a short name": "<h1>Letters to the editor</h1>",
}


@pytest.mark.parametrize("headline", PARTED.values(), ids=PARTED)
@pytest.mark.parametrize("part", ["<h3>{link}</h3><p>{text}</p>", "<p><b>{link}</b> {text}</p>"])
def test_an_article_in_parts_with_linked_headings_is_an_article(headline: str, part: str) -> None:
    page = front(part, title=f"{TITLE} - {SITE}", top=headline)
    assert reason_of(page, url="http://gazette.example/2008/03/divers-raise-the-bell") == ""


LONG_NAME = "News from the harbour and the town"
VERSE = "<br>".join(f"We row {way} at night" for way in ("out", "on", "past the lamps", "home", "in", "again", "alone"))


def test_a_poem_beside_few_links_is_no_list() -> None:
    page = f"<html><head><title>The lock in winter</title></head><body>{MENU}<h1>The lock in winter</h1><p>{VERSE}</p>"
    assert reason_of(page, url="http://gazette.example/verse/lock") != "ListingPage"


@pytest.mark.parametrize("name", [LONG_NAME, f"<a href=/h>{LONG_NAME}</a>"])
def test_a_front_with_an_introduction_below_a_long_name_stays_a_list(name: str) -> None:
    entries = "".join(f"<li>{number - 490} March <a href='/news/{number}'>{line} of Marrowby</a></li>"
                      for number, line in enumerate(HEADLINES, start=500))
    introduction = "Here is all that we wrote of it. The newest comes first. Older pieces are in the archive."
    page = a_page(f"<h1>Harbour</h1><h2>{name}</h2><p>{introduction}</p><ul>{entries}</ul>",
                  title=f"{LONG_NAME} - {SITE}")
    assert reason_of(page, url="http://gazette.example/harbour-and-town") == "ListingPage"


HEADLINE_LINK = f"<h1><a href='/'>{SITE}</a></h1><h2><a href='/news.php?id=1284'>{TITLE}</a></h2><p>12 March 2008</p>"
RELATED = "<table align=left><tr><td>" + "</td></tr><tr><td>".join(
    f"<a href='/news.php?id={number}'>{line}</a>" for number, line in enumerate(HEADLINES[:5], start=500)
) + "</td></tr></table>"
PARTS = {
    "below a headline that is a link": (HEADLINE_LINK, *SHORT),
    "around a table of links": (f"<h2>{TITLE}</h2>", *SHORT[:2], RELATED, *SHORT[2:]),
    "below links to print and to send": (
        f"<b>{TITLE}</b><p><a href='/print'>Print</a> <a href='/send'>Send</a></p>", *SHORT),
}


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
def test_a_short_article_beside_many_links_is_an_article(parts: tuple[str, ...]) -> None:
    others = "".join(f"<h3><a href='/news.php?id={number}'>{line} of Marrowby</a></h3>"
                     for number, line in enumerate(HEADLINES, start=500))
    text = "".join(part if part.startswith("<") else f"{part}<br><br>" for part in parts)
    page = a_page(f"<div>{text}</div><hr>{others}", title=f"{SITE} - {TITLE}")
    assert reason_of(page, url="http://gazette.example/news.php?id=1284") == ""


@pytest.mark.parametrize(("text", "reason"), [(SHORT, ""), (SHORT[:3], "ListingPage")], ids=["article", "introduction"])
@pytest.mark.parametrize(("name", "address"), [
    (SITE, "news.php?id=1284"), (f"Harbour - {SITE}", "news.php?id=1284"), (SITE, "?p=1284"),
])
def test_most_of_the_text_in_one_place_below_a_numbered_address_is_an_article(
    text: tuple[str, ...], reason: str, name: str, address: str
) -> None:
    """The page's title is the outlet's name."""
    others = "".join(f"<h3><a href='/news.php?id={number}'>{line} of Marrowby</a></h3>"
                     for number, line in enumerate(HEADLINES, start=500))
    page = a_page(f"<span>12 March 2008</span>{''.join(f'<div>{line}</div>' for line in text)}{others}", title=name)
    assert reason_of(page, url=f"http://gazette.example/{address}") == reason


@pytest.mark.parametrize("address", ["index.php?option=content&id=1284", "?id=1284", "?p=1284"])
def test_a_page_of_a_content_system_is_no_front_by_the_name_of_its_script(address: str) -> None:
    others = "".join(f"<h3><a href='/index.php?id={number}'>{line} of Marrowby</a></h3>"
                     for number, line in enumerate(HEADLINES, start=500))
    text = "".join(f"<p>{line}</p>" for line in SHORT)
    page = a_page(f"<b>{TITLE}</b>{text}{others}", title=f"{SITE} - {TITLE}")
    assert reason_of(page, url=f"http://gazette.example/{address}") == ""
