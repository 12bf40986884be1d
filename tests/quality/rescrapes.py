"""Pages that are fetched again: the same article among other furniture, or with an edit of its own as well.

Furniture is what changes on a page without its article: counters, boxes of other stories, ages of the page, offers,
live bars. Its wording, markup and places are drawn for each page; half of the boxes have no class that says anything.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape, unescape
from importlib.resources import files

from pipelines.samples import sample_messages
from pipelines.samples.layouts import LAYOUTS
from pipelines.samples.month import month_sightings

HEADLINES = (
    "Ferry turns back after a goat boards without a ticket", "Council counts its lamp posts and finds one too many",
    "Storm leaves a boat in the school playground", "Mill owner wins a case about the colour of flour",
    "Choir sings to cows and milk yield rises", "Tunnel opens a day before its own ceremony",
    "Lighthouse keeper retires after forty winters", "Bank apologises for paying everyone twice",
    "Museum finds a painting behind a painting", "Cyclists and bees to share a lane in summer",
    "Minister promises trains that are late on time", "Fog closes the airport and opens the bars",
)
LABELS = ("Most read", "Trending now", "You may also like", "More from this section", "Editor's picks", "Latest")
NEUTRAL = ("x-4f2a", "c1", "u-block", "row", "css-1k3jd9", "b2", "wrap", "m-b-20")
TELLING = ("most-read", "related", "newsletter", "promo", "trending", "share-bar", "ad-slot")

type Draw = random.Random
type Noise = Callable[[Draw], str]


@dataclass(frozen=True, slots=True)
class Rescrape:
    """A page as it was fetched twice, and whether its article was edited in between."""

    page: str
    before: str
    after: str
    is_edited: bool


def rescrapes(count: int, seed: int) -> Iterator[Rescrape]:
    """So many pages with furniture, each fetched again with other furniture; every second one was edited too."""
    draw = random.Random(seed)
    pages = list(base_pages())
    for n in range(count):
        name, html, of_article = pages[n % len(pages)]
        is_edited = n // len(pages) % 2 == 1
        edited = _edited(html, of_article, draw) if is_edited else html
        yield Rescrape(name, _furnished(html, draw), _furnished(edited, draw), edited != html)


def base_pages() -> Iterator[tuple[str, str, Sequence[str]]]:
    """Pages of articles, with parts of their texts: the samples, and some of each layout of the made-up month."""
    for sample in sample_messages():
        if sample.expected["outcome"] == "loaded" and (sample.path or "").endswith(".html"):
            yield sample.id, files("pipelines.samples").joinpath(str(sample.path)).read_text("utf-8"), (
                sample.expected.get("contains", ())
            )
    of_layout: dict[str, int] = {}
    for fetched in month_sightings():
        layout = fetched.outlet["layout"]
        of_layout[layout] = of_layout.get(layout, 0) + 1
        if layout != "item" and of_layout[layout] <= 5:
            yield fetched.shown.url, LAYOUTS[layout](fetched.shown), fetched.shown.paragraphs


def _furnished(html: str, draw: Draw) -> str:
    for _ in range(draw.randint(2, 4)):
        place = draw.choice((_at_the_top, _at_the_bottom, _after_the_article, _under_the_headline, _in_the_text))
        html = place(html, draw.choice(NOISES)(draw))
    return html


def _class(draw: Draw) -> str:
    return f' class="{draw.choice(NEUTRAL if draw.random() < 0.5 else TELLING)}"'


def _list_of_stories(draw: Draw) -> str:
    tag = draw.choice(("ul", "ol"))
    links = "".join(
        f'<li><a href="/{draw.randrange(9_999)}">{escape(each)}</a></li>' for each in draw.sample(HEADLINES, 4)
    )
    heading = draw.choice(("h2", "h3", "h4", "div"))
    return f"<div{_class(draw)}><{heading}>{draw.choice(LABELS)}</{heading}><{tag}>{links}</{tag}></div>"


def _cards(draw: Draw) -> str:
    cards = "".join(
        f'<div{_class(draw)}><a href="/{draw.randrange(9_999)}"><img src="/{draw.randrange(99)}.jpg" alt="">'
        f"<span>{escape(each)}</span></a></div>" for each in draw.sample(HEADLINES, 3)
    )
    return f"<section{_class(draw)}>{cards}</section>"


def _counter(draw: Draw) -> str:
    said = draw.choice(("{} shares", "{} comments", "{} people are reading this", "Views: {}", "{} reactions"))
    return f"<div{_class(draw)}><span>{said.format(draw.randrange(2, 9_000))}</span></div>"


def _age(draw: Draw) -> str:
    said = draw.choice(("{} minutes ago", "Updated {} hours ago", "{} min read", "Last checked {} minutes ago"))
    return f"<span{_class(draw)}>{said.format(draw.randrange(2, 50))}</span>"


def _offer(draw: Draw) -> str:
    said = draw.choice((
        "Sign up to our newsletter and get the news at seven every morning.",
        "Subscribe today: the first {} weeks for 1 euro.", "Download our app to read offline.",
        "Support our work from {} euros a month.",
    )).format(draw.randrange(2, 12))
    return f"<div{_class(draw)}><p>{said}</p><button>{draw.choice(('Continue', 'Sign up', 'Subscribe'))}</button></div>"


def _advertisement(draw: Draw) -> str:
    said = draw.choice(("Advertisement", "Sponsored", "Anzeige", "Publicité"))
    return f'<aside{_class(draw)}><span>{said}</span><div id="slot-{draw.randrange(99)}"></div></aside>'


def _live_bar(draw: Draw) -> str:
    return (
        f"<div{_class(draw)}><strong>{draw.choice(('Live', 'Breaking', 'Just in'))}</strong> "
        f'<a href="/live/{draw.randrange(99)}">{escape(draw.choice(HEADLINES))}</a></div>'
    )


def _read_also(draw: Draw) -> str:
    label = draw.choice(("Read also:", "See also:", "Related:"))
    return f'<p{_class(draw)}>{label} <a href="/{draw.randrange(9_999)}">{escape(draw.choice(HEADLINES))}</a></p>'


NOISES: tuple[Noise, ...] = (
    _list_of_stories, _cards, _counter, _age, _offer, _advertisement, _live_bar, _read_also,
)


def _at_the_top(html: str, noise: str) -> str:
    return re.sub(r"(<body[^>]*>)", lambda found: found[1] + noise, html, count=1)


def _at_the_bottom(html: str, noise: str) -> str:
    return html.replace("</body>", noise + "</body>", 1)


def _after_the_article(html: str, noise: str) -> str:
    return html.replace("</article>", "</article>" + noise, 1) if "</article>" in html else _at_the_bottom(html, noise)


def _under_the_headline(html: str, noise: str) -> str:
    return html.replace("</h1>", "</h1>" + noise, 1)


def _in_the_text(html: str, noise: str) -> str:
    """After one of the long paragraphs, which depends on the page alone."""
    ends = [found.end() for found in re.finditer(r"<p>[^<]{80,}</p>", html)]
    return html if not ends else html[: ends[len(ends) // 2]] + noise + html[ends[len(ends) // 2] :]


def _edited(html: str, of_article: Sequence[str], draw: Draw) -> str:
    """Another number, a sentence more or a paragraph more: in a paragraph of the article or between two of them."""
    paragraphs = list(re.finditer(r"<p>([^<]+)</p>", html))
    known = [n for n, found in enumerate(paragraphs) if any(part in unescape(found[1]) for part in of_article)]
    if not known:
        return html
    found = paragraphs[draw.randint(known[0], known[-1])]
    text = found[1]
    kinds = [f"<p>{text} The ministry did not answer questions on {draw.choice(('Friday', 'Monday'))}.</p>"]
    kinds.append(f"<p>{text}</p><p>Officials said that {draw.randrange(20, 90)} people had been asked to leave.</p>")
    if re.search(r"\d{2}", text):
        kinds.append("<p>" + re.sub(r"\d{2}", lambda n: str(int(n[0]) ^ 3), text, count=1) + "</p>")
    return html[: found.start()] + draw.choice(kinds) + html[found.end() :]
