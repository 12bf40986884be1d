"""The country of an organisation as the text around its name gives it: "the German carmaker Falk"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

PLACE = r"([A-Z][\w.]*(?:[ -][A-Z][\w.]*){0,2}?)"
KIND = (
    r"(?:company|companies|firm|bank|lender|insurer|carmaker|automaker|airline|retailer|manufacturer|maker|producer|"
    r"broadcaster|newspaper|daily|magazine|publisher|agency|charity|club|party|union|startup|start-up|giant|group|"
    r"conglomerate|brewer|miner|operator|developer|university|ministry|regulator|militia|foundation|institute)"
)
BEFORE = re.compile(rf"\b{PLACE}(?:-based (?:[a-z-]+ ){{0,3}}| (?:[a-z-]+ ){{0,2}}{KIND} )$")
AFTER = re.compile(
    rf",? (?:(?:which|that) is )?(?:based|headquartered) in (?:the )?{PLACE}(?=[ ,.;)]|$)|"
    rf" \({PLACE}\)|, (?:a|an|the) {PLACE}(?:-based (?:[a-z-]+ ){{0,3}}| (?:[a-z-]+ ){{0,2}}){KIND}\b"
)
LOOKED_BACK = 70


def stated_country(body: str, spans: Iterable[tuple[int, int]], country_of: Callable[[str], str | None]) -> str | None:
    """The country that the text states for an organisation with these mentions, or None.

    ``country_of`` gives the country of a place or people by its name.

    >>> known = {"German": "DE", "Oslo": "NO"}.get
    >>> bodies = "the German carmaker Falk", "Oslo-based Falk", "Falk, based in Oslo", "German police met Falk"
    >>> [stated_country(body, [(body.index("Falk"), body.index("Falk") + 4)], known) for body in bodies]
    ['DE', 'NO', 'NO', None]
    """
    for start, end in spans:
        found = BEFORE.search(body, max(0, start - LOOKED_BACK), start) or AFTER.match(body, end)
        name = next((group for group in found.groups() if group), None) if found else None
        writings = (name, name.rstrip("."), name.partition(" ")[2]) if name else ()  # Peru., The German
        country = next((code for writing in writings if (code := country_of(writing))), None)
        if country:
            return country
    return None
