"""Reads directives for robots, as meta tags and the response header X-Robots-Tag write them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

ALL_ROBOTS = "robots"
LONGEST = 4_096
"""Characters of a tag or header that are read."""

RESTRICTIONS = {
    "noindex": "noindex", "none": "noindex", "noarchive": "noarchive", "nocache": "noarchive",
    "nosnippet": "nosnippet", "noai": "noai", "noimageai": "noimageai",
}
"""Directives, each with the restriction that it stands for."""

_VALUED = frozenset(("max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"))


def restrictions_in(content: str, agents: Collection[str] = ()) -> Iterator[str]:
    """The restrictions for all robots, and for those that ``agents`` names in lower case.

    A header may name the robot that the directives after it are for. Each of several headers is on a line of its own.

    >>> list(restrictions_in("NoArchive, max-snippet:0; max-image-preview:large"))
    ['noarchive', 'nosnippet']
    >>> list(restrictions_in("googlebot: noindex, nofollow\\nquaybot: noai", {"quaybot"}))
    ['noai']
    """
    for line in content[:LONGEST].lower().split("\n"):
        agent = ALL_ROBOTS
        for part in line.replace(";", ",").split(","):
            name, colon, value = (piece.strip() for piece in part.partition(":"))
            if colon and name not in _VALUED:
                agent = name
            if agent not in {ALL_ROBOTS, "*", *agents}:
                continue
            if name == "max-snippet" and value.split()[:1] == ["0"]:
                yield "nosnippet"
            words = part.split() if not colon else value.split()[name in _VALUED:]
            yield from (RESTRICTIONS[word] for word in words if word in RESTRICTIONS)
