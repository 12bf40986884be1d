"""Applies the settings for rights to an article: it is loaded, loaded without its body, or rejected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pipelines.failures import RightsReserved
from pipelines.records import CleanArticle, Evidence, Rights
from pipelines.settings import RightsSettings

_FIELDS = ("license", "usage_info", "acquire_license_page", "copyright_notice")
_OF_THE_TEXT = ("body_repair", "dateline")


def signals_of(rights: Rights) -> Iterator[tuple[str, str]]:
    """The signals that the rights consist of, by the names of their settings, each with the field that has it.

    >>> list(signals_of(Rights(("noai",), tdm_reserved=True, is_accessible_for_free=True)))
    [('noai', 'robots'), ('tdm_reservation', 'tdm_reserved')]
    """
    yield from ((restriction, "robots") for restriction in rights.robots)
    if rights.tdm_reserved:
        yield "tdm_reservation", "tdm_reserved"
    if rights.is_accessible_for_free is False:
        yield "paywall", "is_accessible_for_free"
    yield from ((name, name) for name in _FIELDS if getattr(rights, name) is not None)


def respect_rights(article: CleanArticle, settings: RightsSettings) -> CleanArticle:
    """The article as the settings let it be loaded. Rejects with ``RightsReserved``."""
    signals = [(signal, at, getattr(settings, signal)) for signal, at in signals_of(article.rights)]
    for signal, at, policy in signals:
        if policy == "reject":
            seen = article.evidence.get(at)
            raise RightsReserved(
                f"a page without the signal {signal} (DATELINE_RIGHTS__{signal.upper()})", field=at,
                value=seen and f"{seen.how}: {seen.read_from}")
    kept_out = next(((signal, at) for signal, at, policy in signals if policy == "load_without_body"), None)
    return article if kept_out is None else _without_body(article, *kept_out)


def _without_body(article: CleanArticle, signal: str, at: str) -> CleanArticle:
    """The article without its text and what is taken from it. Its identity and its digest are those of the text."""
    evidence = {
        name: Evidence(seen.how) if seen.read_from and _is_from(seen.read_from, article.body) else seen
        for name, seen in article.evidence.items() if name not in _OF_THE_TEXT
    }
    read_from = article.evidence[at].read_from if at in article.evidence else None
    evidence["body_withheld_for"] = Evidence(f"setting DATELINE_RIGHTS__{signal.upper()}", read_from)
    return replace(
        article, body="", word_count=0, story_signature=(), dateline=None, body_withheld_for=signal, evidence=evidence)


def _is_from(read_from: str, body: str) -> bool:
    """Whether evidence quotes the body. White space is compared as one space.

    >>> _is_from("It opened on…", "The pier is new.\\n\\nIt opened  on Monday.")
    True
    """
    return " ".join(read_from.removesuffix("…").split()) in " ".join(body.split())
