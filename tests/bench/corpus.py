"""Folders of pages with gold become cases; pages become the text dumps that naive scrapers make of them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

type Dumper = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Case:
    """A page of a corpus and what is true of it."""

    name: str
    group: str
    page: bytes
    gold: Mapping[str, Any]

    @property
    def body(self) -> str:
        return str(self.gold.get("main_content") or self.gold.get("body") or self.gold.get("articleBody") or "")

    @property
    def url(self) -> str | None:
        return self.gold.get("url")

    @property
    def text(self) -> str:
        try:
            return self.page.decode()
        except UnicodeDecodeError:
            from charset_normalizer import from_bytes

            return str(from_bytes(self.page).best() or "")


def cases_of(folder: Path) -> Iterator[Case]:
    """Every page of a folder that has gold beside it (``NAME.html.gz``, ``NAME.json``), in order of name."""
    for gold in sorted(folder.glob("*.json")):
        packed, plain = gold.with_suffix(".html.gz"), gold.with_suffix(".html")
        if packed.exists():
            page = gzip.decompress(packed.read_bytes())
        elif plain.exists():
            page = plain.read_bytes()
        else:
            continue
        yield Case(gold.stem, folder.name, page, json.loads(gold.read_text("utf-8")))


def dumpers() -> dict[str, Dumper | None]:
    """The five dumpers by name; None where its library is not installed."""
    found: dict[str, Dumper | None] = dict.fromkeys(
        ("beautifulsoup", "html2text", "inscriptis", "html-text", "resiliparse")
    )
    if find_spec("bs4"):
        from bs4 import BeautifulSoup

        found["beautifulsoup"] = lambda page: BeautifulSoup(page, "lxml").get_text("\n")
    if find_spec("html2text"):
        import html2text

        found["html2text"] = lambda page: str(html2text.html2text(page))
    if find_spec("inscriptis"):
        import inscriptis

        found["inscriptis"] = lambda page: str(inscriptis.get_text(page))
    if find_spec("html_text"):
        import html_text

        found["html-text"] = lambda page: str(html_text.extract_text(page))
    if find_spec("resiliparse"):
        from resiliparse.extract.html2text import extract_plain_text

        found["resiliparse"] = lambda page: str(extract_plain_text(page))
    return found
