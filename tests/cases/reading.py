"""A page goes through decode and clean as in the job; what became of it is what a case asserts."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from pipelines.clean import clean_article, load_rules
from pipelines.clean.rules import Rules
from pipelines.decode import decode_message, load_decoder
from pipelines.decode.message import Decoder
from pipelines.failures import Rejected
from pipelines.records import CleanArticle
from pipelines.settings import Limits
from tests.builders import a_message

ADDRESS = "https://harbour-news.example/2026/03/pier-to-be-rebuilt"
TITLE = "Marrowby to rebuild its east pier after two winters"
PARAGRAPHS = (
    "Marrowby (HNA): The harbour council of Marrowby voted on Tuesday to rebuild the east pier, two winters after a "
    "storm broke it and left the ferry without a berth.",
    "Councillor Ines Falk said the work would start in May and cost four million crowns, half of which the province "
    "has promised to pay.",
    "Fishing crews had asked for the decision since the storm, and some had moved their boats to Port Ansel, where "
    "the fees are lower and the quay is dry.",
    "The harbour office expects the first stones by ship in the second week of May, and hopes to open the pier before "
    "the herring season begins.",
    "Opponents of the plan, among them two former harbour masters, argue that the money would be better spent on a "
    "breakwater further out.",
)
BODY = "\n\n".join(PARAGRAPHS)


@cache
def steps() -> tuple[Decoder, Rules]:
    return load_decoder(Limits(), {}), load_rules(Limits())


def article_of(
    page: str | bytes,
    *,
    url: str | None = ADDRESS,
    content_type: str | None = "text/html; charset=utf-8",
    **headers: str,
) -> CleanArticle:
    """The article in a page that was sent under these headers."""
    declared = {"content-type": content_type, "url": url, "source": "harbour-crawler"} | headers
    message = a_message(
        key=None,
        value=page.encode() if isinstance(page, str) else page,
        headers=tuple(
            (name.replace("_", "-"), value.encode()) for name, value in declared.items() if value is not None
        ),
    )
    decoder, rules = steps()
    return clean_article(decode_message(message, decoder), rules)


def reason_of(page: str | bytes, **headers: Any) -> str:
    """The name of the fault that a page ends in; "" where it is loaded."""
    try:
        article_of(page, **headers)
    except Rejected as fault:
        return fault.reason
    return ""


def a_page(
    paragraphs: tuple[str, ...] = PARAGRAPHS,
    title: str = TITLE,
    *,
    head: str = "",
    lang: str = "en",
    before: str = "",
    after: str = "",
) -> str:
    """A plain page of one article; ``before`` and ``after`` stand around its paragraphs."""
    text = "\n".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return (
        f'<!DOCTYPE html>\n<html lang="{lang}"><head><title>{title}</title>{head}</head>\n<body>'
        f'<nav><ul><li><a href="/">Home</a></li><li><a href="/world">World</a></li></ul></nav>\n'
        f"<article><h1>{title}</h1>\n{before}{text}\n{after}</article>\n<footer><p>Harbour News, Quay 3</p></footer>"
        f"</body></html>"
    )


def linked_data(**fields: Any) -> str:
    """A script of JSON-LD that tells of a news article."""
    declared = {"@context": "https://schema.org", "@type": "NewsArticle"} | fields
    return f'<script type="application/ld+json">{json.dumps(declared)}</script>'


def names(article: CleanArticle) -> list[tuple[str, str]]:
    return [(author.name, author.type) for author in article.authors]
