"""Inputs past any sense, and the program that reads each in a process of its own: ``python -m tests.cases.hostile``.

It writes a line of JSON for each: how it ended, CPU seconds of decode and clean, the peak of memory in MB.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from pipelines.failures import Rejected
from tests.cases.reading import BODY, PARAGRAPHS, TITLE, a_page, article_of

SECONDS, MEGABYTES = 2.0, 300
SIZE = 9_900_000
TEN = 100_000
DUMP = f"{TITLE}\n\n{BODY}"
ARTICLE = a_page().partition("<body>")[2].partition("</body>")[0]


def page(body: str, head: str = "") -> str:
    return f"<!DOCTYPE html><html lang=en><head><title>{TITLE}</title>{head}</head><body>{body}</body></html>"


def many(piece: str, size: int = SIZE - 5_000) -> str:
    return piece * (size // len(piece.encode()))


def declared(data: str) -> str:
    return f'<script type="application/ld+json">{data}</script>'


def deep(opening: str, levels: int, *, is_closed: bool = True) -> str:
    return page(opening * levels + ARTICLE + (opening.replace("<", "</") * levels if is_closed else ""))


def entities() -> str:
    bomb = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(20))
    return f'<!DOCTYPE html [<!ENTITY a "lol">{bomb}]>' + page(f"{ARTICLE}<p>&u;&u;&u;</p>").partition(">")[2]


LINK = '<a href="/news/{0}">Story {0} of the harbour and its boats</a>'
AUTHORS = f'{{"@type": "NewsArticle", "headline": "{TITLE}", "author": '

PAGES: dict[str, tuple[str, Callable[[], str | bytes]]] = {
    # how each ends (faults joined by "|" where more than one is right; "" is the article), and what it is
    "10 MB of paragraphs": (
        "",
        lambda: a_page(PARAGRAPHS + tuple(f"{PARAGRAPHS[n % 5]} {n} boats were there." for n in range(SIZE // 180))),
    ),
    "10 MB in one paragraph": ("", lambda: a_page((*PARAGRAPHS, many("He said, again, that the pier was safe. ")))),
    "10 MB of one word": ("", lambda: a_page((*PARAGRAPHS, many("a")))),
    "10 MB of white space": ("", lambda: page(many(" ") + ARTICLE)),
    "10 MB of one inline script": ("", lambda: page(f"<script>{many('var pier = 1 < 2;')}</script>{ARTICLE}")),
    "10 MB of markup in a script": ("", lambda: a_page(head=f"<script>x = '{many('<p>pier</p>')}'</script>")),
    "10 MB of one comment": ("", lambda: page(f"<!--{many('<p>x</p>')}-->{ARTICLE}")),
    "a million comments": ("", lambda: page("<!-- -->" * 1_000_000 + ARTICLE)),
    "more than 10 MB": ("OversizedMessage", lambda: page(ARTICLE + "<p>pier</p>" * 1_000_000)),
    "a million tiny tags before the article": ("BodyMissing", lambda: page("<i></i>" * 1_000_000 + ARTICLE)),
    "a million tiny tags after the article": ("", lambda: page(ARTICLE + "<i></i>" * 1_000_000)),
    "a million words each in a tag": ("", lambda: page(ARTICLE + "<b>x</b> " * 1_000_000)),
    "a million paragraphs of a letter": ("", lambda: page(ARTICLE + "<p>x" * 1_000_000)),
    "100,000 cells of a table": ("", lambda: page(ARTICLE + f"<table>{'<tr><td>7<td>9' * (TEN // 2)}</table>")),
    "100,000 links before the article": ("", lambda: page("".join(map(LINK.format, range(TEN))) + ARTICLE)),
    "100,000 links after the article": (
        "",
        lambda: page(ARTICLE + "<ul>" + "".join(f"<li>{LINK.format(n)}</li>" for n in range(TEN)) + "</ul>"),
    ),
    "100,000 meta tags": (
        "",
        lambda: a_page(head="".join(f'<meta property="x:{n}" content="pier number {n}">' for n in range(TEN))),
    ),
    "100,000 authors in meta tags": ("", lambda: a_page(head='<meta name="author" content="Ines Falk">' * TEN)),
    "div nested 1,000 deep, closed": ("MarkupTooDeep", lambda: deep("<div>", 1_000)),
    "div nested 1,000 deep, open": ("MarkupTooDeep", lambda: deep("<div>", 1_000, is_closed=False)),
    "div nested 100,000 deep, closed": ("MarkupTooDeep", lambda: deep("<div>", TEN)),
    "div nested 100,000 deep, open": ("MarkupTooDeep", lambda: deep("<div>", TEN, is_closed=False)),
    "div nested 1,900,000 deep": ("MarkupTooDeep", lambda: deep("<div>", 1_900_000, is_closed=False)),
    "div nested 400 deep": ("", lambda: deep("<div>", 400)),
    "spans nested 100,000 deep": ("MarkupTooDeep", lambda: deep("<span>", TEN)),
    "tables nested 100,000 deep": ("MarkupTooDeep", lambda: deep("<table><tr><td>", TEN, is_closed=False)),
    "lists nested 100,000 deep": ("MarkupTooDeep", lambda: deep("<ul><li>", TEN, is_closed=False)),
    "div nested 2,000 deep after the article": ("|MarkupTooDeep", lambda: page(ARTICLE + "<div>" * 2_000)),
    "an entity expansion bomb": ("", entities),
    "a million ampersands": ("", lambda: page(f"{ARTICLE}<p>{'&amp;' * 1_000_000}</p>")),
    "a million ampersands in the body": ("", lambda: a_page((*PARAGRAPHS, "fish &amp; chips, " * 500_000))),
    "a million no-break spaces": ("", lambda: page("&nbsp;" * 1_000_000 + ARTICLE)),
    "a huge attribute": ("", lambda: page(f"<div data-state='{many('y')}'>{ARTICLE}</div>")),
    "a huge class": ("", lambda: page(f"<div class='{many('pier ')}'>{ARTICLE}</div>")),
    "a huge class of a million words": (
        "",
        lambda: page(f"<div class='{' '.join(map(str, range(1_200_000)))}'>{ARTICLE}</div>"),
    ),
    "a huge style attribute": ("", lambda: page(f"<div style='display{many(' ')}'>{ARTICLE}</div>")),
    "200,000 attributes": ("", lambda: page(f"<div {' '.join(f'a{n}=1' for n in range(200_000))}>{ARTICLE}</div>")),
    "900,000 attributes without a value": ("", lambda: page(f"<div{many(' q')[:2_000_000]}>{ARTICLE}</div>")),
    "a 5 MB JSON-LD": (
        "",
        lambda: a_page(
            head=declared(json.dumps({"@type": "NewsArticle", "headline": TITLE, "articleBody": BODY * 8_000}))
        ),
    ),
    "a 2 MB JSON-LD of 30,000 articles": (
        "",
        lambda: a_page(head=declared(json.dumps([{"@type": "NewsArticle", "headline": TITLE}] * 30_000))),
    ),
    "JSON-LD nested 50,000 deep": ("", lambda: a_page(head=declared('{"a":' * 50_000 + "1" + "}" * 50_000))),
    "JSON-LD lists nested 900,000 deep": ("", lambda: a_page(head=declared("[" * 900_000 + "]" * 900_000))),
    "JSON-LD authors nested 900 deep": ("", lambda: a_page(head=declared(AUTHORS * 900 + '"Ines Falk"' + "}" * 900))),
    "JSON-LD that never closes": ("", lambda: a_page(head=declared('{"a": [1, ' * 150_000))),
    "100,000 small JSON-LD": ("", lambda: a_page(head=declared('{"@type": "Thing"}') * TEN)),
    "nothing but less-than signs": ("BodyMissing|UnsupportedContent|TitleMissing", lambda: "<" * SIZE),
    "less-than signs before the article": ("|BodyMissing", lambda: page(many("<", 5_000_000) + ARTICLE)),
    "accents heaped on a letter": ("", lambda: a_page((*PARAGRAPHS, "a" + "\u0301\u0327" * 2_000_000))),
    "9 MB decoded wrongly": ("", lambda: a_page((*PARAGRAPHS, *["The mayor doesnâ€™t agree, she said."] * 190_000))),
    "a word of 9 MB and a line decoded wrongly": ("", lambda: a_page(
        (*PARAGRAPHS, "The mayor doesnâ€™t agree, she said, and she wonâ€™t.", "a" * 4_000_000 + "é" * 2_000_000))),
    "3 MB of NUL": ("UnsupportedContent", lambda: b"\x00" * 3_000_000),
    "10 MB of NUL after the article": ("UnsupportedContent", lambda: a_page() + "\x00" * (SIZE - 10_000)),
    "10 MB of bytes by chance": ("UndecodableText|UnsupportedContent", lambda: chance(SIZE)),
    "19 MB of paragraphs in a gzip": (
        "",
        lambda: gzip.compress(
            a_page((*PARAGRAPHS, *(f"{PARAGRAPHS[n % 5]} {n} boats were there." for n in range(TEN)))).encode(), 1
        ),
    ),
    "19 MB of tiny tags in a gzip": ("", lambda: gzip.compress(page(ARTICLE + "<p>x" * 4_500_000).encode(), 1)),
    "microdata: a scope of 40,000 marked words": ("", lambda: page(
        f"{ARTICLE}<div itemtype=NewsArticle>{'<span itemprop=keywords>pier</span> ' * 40_000}</div>")),
    "2,000 groups of boxes with buttons": ("", lambda: page(ARTICLE + "".join(
        f"<div class=g{n}>{f'<div><b>Mo {n}</b><p>{PARAGRAPHS[1]}</p><button>Answer</button></div>' * 2}</div>"
        for n in range(2_000)))),
    "20 broken scripts": ("", lambda: page(ARTICLE, declared("{" + '"a":"' * 9_000) * 20)),
    "a gzip bomb": ("OversizedMessage", lambda: gzip.compress(b"a" * 100_000_000, 1)),
    "text: one line of 5 MB": (
        "TitleMissing|BodyMissing|TitleUnsure", lambda: many("The pier is to be rebuilt. ", 5_000_000),
    ),
    "text: the article, then one line of 5 MB": ("", lambda: f"{DUMP}\n\n{many('and so on, it said. ', 5_000_000)}"),
    "text: the article, then one word of 5 MB": ("", lambda: f"{DUMP}\n\n{many('a', 5_000_000)}"),
    "text: the article, then 200,000 short lines": ("", lambda: DUMP + "".join(f"\nLine {n}" for n in range(200_000))),
    "text: 200,000 times the same short line": ("", lambda: DUMP + "\nShare" * 200_000),
    "text: 200,000 pointers": ("", lambda: DUMP + "\nRead More: a pier" * 200_000),
    "text: 9 million empty lines": ("", lambda: DUMP + "\n" * 9_000_000),
    "text: 5 million lines of a letter": ("", lambda: DUMP + "\nx" * 4_900_000),
}
"""Names that begin with ``text:`` are dumps."""


def chance(size: int) -> bytes:
    """Bytes that look like chance, the same in every run."""
    number, found = 20, bytearray()
    while len(found) < 100_000:
        number = number * 1_103_515_245 + 12_345 & 0x7FFFFFFF
        found += (number >> 8).to_bytes(3)
    return bytes(found) * (size // len(found))


@dataclass(frozen=True, slots=True)
class Ended:
    """How an input ended: the name of the fault, or of the warning that nothing states a title; or "" with whether
    headline and body are those of the article.
    """

    reason: str
    is_the_article: bool
    seconds: float
    megabytes: float


def read(name: str) -> Ended:
    value = PAGES[name][1]()
    content_type = "text/plain" if name.startswith("text:") else "text/html; charset=utf-8"
    reason, is_the_article, seconds = "", False, SECONDS + 1
    for _ in range(2):  # the machine may be busy: the better of two
        if seconds <= SECONDS:
            break
        began = time.process_time()
        try:
            article = article_of(value, content_type=content_type)
            is_the_article = article.title == TITLE and article.body.startswith(BODY)
            reason = "TitleUnsure" if any(w.startswith("TitleUnsure") for w in article.warnings) else ""
        except Rejected as fault:
            reason = fault.reason
        seconds = time.process_time() - began
    return Ended(reason, is_the_article, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    article_of(a_page())  # what is loaded once is no input's cost
    article_of(DUMP, content_type="text/plain")
    for name in sys.argv[1:] or PAGES:
        child = os.fork()
        if child == 0:
            print(json.dumps({"name": name} | asdict(read(name))), flush=True)
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
