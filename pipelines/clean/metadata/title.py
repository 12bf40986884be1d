"""The headline alone: without the outlet's name, told by what the page's several titles share."""

from __future__ import annotations

import re

from pipelines.clean.metadata.found import Found
from pipelines.clean.text import tidy_line

_SEPARATOR = re.compile(r"\s+[|\-–—•·»:>]+\s+|\s*[|»]\s*|\s+::\s+")
_LETTERS = re.compile(r"[^\w]+")


def plain(text: str) -> str:
    """Letters and digits only, for telling whether two titles are one.

    >>> plain("Pier opens – Harbour News")
    'pieropensharbournews'
    """
    return _LETTERS.sub("", text.casefold())


def pick_title(candidates: list[Found[str]], names: tuple[str, ...]) -> Found[str] | None:
    """The first candidate, without the outlet's ``names`` around it.

    >>> title = [Found("Pier opens - Harbour News", "og:title"), Found("Pier opens", "h1")]
    >>> pick_title(title, ()).value
    'Pier opens'
    """
    tidy = [Found(tidy_line(c.value), c.how, c.read_from or c.value) for c in candidates]
    tidy = [c for c in tidy if plain(c.value) and plain(c.value) not in {plain(n) for n in names}]
    if not tidy:
        return None
    first = tidy[0]
    return Found(without_outlet(first.value, [c.value for c in tidy[1:]], names), first.how, first.read_from)


def without_outlet(title: str, others: list[str], names: tuple[str, ...]) -> str:
    """``title`` without what stands before or after a separator and is the outlet's.

    A part goes when it is one of the outlet's names, or when what remains is another of the page's titles.

    >>> without_outlet("Pier opens - early - Harbour News", [], ("Harbour News",))
    'Pier opens - early'
    """
    known = {plain(name) for name in names if plain(name)}
    alike = {plain(other) for other in others}
    cuts = list(_SEPARATOR.finditer(title))
    for cut in cuts:
        head, tail = title[: cut.start()], title[cut.end() :]
        if plain(tail) in known or (plain(head) in alike and len(plain(head)) >= 8):
            return head.strip()
    for cut in reversed(cuts):
        head, tail = title[: cut.start()], title[cut.end() :]
        if plain(head) in known or (plain(tail) in alike and len(plain(tail)) >= 8):
            return tail.strip()
    return title
