"""Extractors of article bodies by name, Dateline's among them; one that is not installed is None."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec

from pipelines.clean import Rules, clean_article, load_rules
from pipelines.failures import Rejected
from pipelines.records import CleanArticle, Coordinates, RawArticle
from pipelines.settings import Limits

type Extractor = Callable[[str, str | None], str]

_RAW = RawArticle(Coordinates("bench", 0, 0), "bench", "html", "", datetime(2026, 6, 1, tzinfo=UTC))


@cache
def _rules() -> Rules:
    return load_rules(Limits())


def read_article(page: str, url: str | None, kind: str = "html") -> CleanArticle | None:
    """The clean article of a page or dump, as the pipeline makes it; None where it rejects it."""
    try:
        return clean_article(replace(_RAW, kind=kind, text=page, url=url), _rules())
    except Rejected:
        return None


def dateline_body(page: str, url: str | None) -> str:
    article = read_article(page, url)
    return article.body if article else ""


def dateline_dump_body(dump: str, url: str | None) -> str:
    article = read_article(dump, url, "text")
    return article.body if article else ""


def extractors() -> dict[str, Extractor | None]:
    found: dict[str, Extractor | None] = {"Dateline": dateline_body}
    found |= dict.fromkeys(
        (
            "trafilatura",
            "trafilatura fast",
            "trafilatura precision",
            "readability-lxml",
            "resiliparse",
            "newspaper4k",
            "jusText",
        )
    )
    if find_spec("trafilatura"):
        import trafilatura

        def reader(**options: bool) -> Extractor:
            return lambda page, url: trafilatura.extract(page, url=url, include_comments=False, **options) or ""

        found |= {
            "trafilatura": reader(),
            "trafilatura fast": reader(fast=True),
            "trafilatura precision": reader(favor_precision=True),
        }
    if find_spec("readability"):
        import readability
        from lxml import html

        found["readability-lxml"] = lambda page, _: "\n".join(
            html.fromstring(readability.Document(page).summary()).itertext()
        )
    if find_spec("resiliparse"):
        from resiliparse.extract.html2text import extract_plain_text

        found["resiliparse"] = lambda page, _: str(extract_plain_text(page, main_content=True, alt_texts=False))
    if find_spec("newspaper"):
        import newspaper

        found["newspaper4k"] = lambda page, url: str(
            newspaper.article(url or "https://none.example/", input_html=page, fetch_images=False).text
        )
    if find_spec("justext"):
        import justext

        words = justext.get_stoplist("English")
        found["jusText"] = lambda page, _: "\n".join(
            paragraph.text for paragraph in justext.justext(page, words) if not paragraph.is_boilerplate
        )
    return found
