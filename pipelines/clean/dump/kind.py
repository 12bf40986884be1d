"""Classifies a dump: an article, a consent wall, an error page or a section front; and whether it is truncated."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.clean.dump.lines import Lines, ends_sentence
from pipelines.clean.html.kind import (
    LONGEST_ERROR,
    LONGEST_TEASER,
    LONGEST_WALL,
    SHORT,
    consent_terms_in,
    has_text,
    load_kind_tables,
    may_ask_consent,
)
from pipelines.clean.text import shorten, size_of
from pipelines.failures import BodyMissing, ConsentWall, ErrorPage, ListingPage, Rejected

FEWEST_TEASERS = 8
LONGEST_FRONT_TEXT = 400
BESIDE = 8
"""Lines after the body that are searched for the words of a paywall."""


def dump_fault(lines: Lines, chosen: Sequence[int], body: str) -> Rejected | None:
    """The fault of a dump that is not an article, or None."""
    tables = load_kind_tables()
    texts = lines.texts
    if len(body) <= LONGEST_ERROR:
        title = next((text for text in texts[:12] if tables.error_titles.fullmatch(text)), None)
        declared = [text for text in texts if len(text) < 400 and tables.error_lines.search(text)]
        if (title is not None and (declared or len(body) < 200)) or (len(declared) >= 2 and len(body) < 400):
            return ErrorPage("a dump has an article, not an error", field="body", value=title or declared[0])
    fault = _consent_wall(texts) or _listing(lines, chosen)
    if fault is None and not has_text(body[:LONGEST_ERROR]):
        return BodyMissing("a dump has the text of an article", field="body", value=shorten(body or " | ".join(texts)))
    return fault


def _consent_wall(texts: Sequence[str]) -> Rejected | None:
    sentences = [text for text in texts if len(text) > 60 and text.endswith((".", "!", "?", "。"))]
    whole = sum(map(len, sentences))
    if whole > LONGEST_WALL:
        return None
    together = " ".join(sentences)
    if not may_ask_consent(together) or consent_terms_in(together) < 4:
        return None
    about_consent = [text for text in sentences if consent_terms_in(text) >= 3]
    if about_consent and sum(map(len, about_consent)) >= 0.6 * whole:
        return ConsentWall("a dump has an article, not a request for consent", field="body", value=about_consent[0])
    return None


def _listing(lines: Lines, chosen: Sequence[int]) -> Rejected | None:
    """The fault of a section front, or None: many lines look like headlines, and the chosen lines have few sentences.
    """
    headlines = {text for text in lines.texts if 35 <= len(text) <= 160 and not ends_sentence(text)}
    sentences = (lines.texts[number] for number in chosen if len(lines.texts[number]) > 60)
    prose = sum(len(text) for text in sentences if ends_sentence(text))
    if len(headlines) >= FEWEST_TEASERS and prose < LONGEST_FRONT_TEXT:
        return ListingPage(
            "a dump has one article, not a list of them", field="body", value=f"{len(headlines)} headlines"
        )
    return None


def cut_by(lines: Lines, chosen: Sequence[int], body: str) -> str | None:
    """The text which shows that the body is a teaser and not the whole article, or None."""
    size = size_of(body)
    if size > LONGEST_TEASER or not chosen:
        return None
    tables = load_kind_tables()
    after = lines.texts[chosen[-1] + 1 : chosen[-1] + 1 + BESIDE]
    wall = next((text for text in after if len(text) < 300 and tables.paywall_lines.search(text)), None)
    ends_cut = tables.cut_endings.search(body) is not None
    if wall is not None and (ends_cut or size < SHORT):
        return wall
    return body[-80:] if ends_cut and size < SHORT else None
