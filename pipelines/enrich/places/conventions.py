"""Shows which country's public life a text is about, and which of its place names are used as towns of it are.

A sheriff's office and a school district are of the United States, so the police of Dublin beside them are not those of
Ireland. The words are in ``conventions.toml``. A report on a journey to Dublin is not concerned.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache

from pipelines.enrich.names.edges import words
from pipelines.enrich.tables import load_table

READ = 6_000  # characters
BEFORE = re.compile(
    r"(?:\b(?:[Cc]ity|[Tt]own|[Vv]illage|[Tt]ownship|[Bb]orough) of|\b[Dd]owntown|, \d\d, of|"
    r"\b(?:St|Ave|Rd|Dr|Blvd|Street|Avenue|Road|Drive|Boulevard)\.?,) $"
)
AFTER = re.compile(r"(?:['’]s)? ([A-Za-z]+)\b")
OF_TOWN = frozenset({
    "resident", "residents", "man", "woman", "teen", "teenager", "boys", "girls", "police", "firefighters", "mayor",
    "schools", "middle", "elementary",
})


def conventions(text: str) -> dict[str, int]:
    """For each country, how many different words of its public life the text uses.

    >>> conventions("The sheriff's office and a felony on Interstate 9; the gardaí left. A felony.")
    {'US': 3, 'IE': 1}
    """
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for word in _pattern().finditer(text[:READ].replace("’", "'")):
        seen[word.lastgroup or ""].add(word[0].casefold())
    return {country: len(different) for country, different in seen.items()}


def written_in(text: str) -> str | None:
    """The country of which the text uses the most words, or None.

    >>> written_in("A felony on Interstate 9."), written_in("A felony, said the gardaí."), written_in("It rained.")
    ('US', None, None)
    """
    used = conventions(text)
    most = [country for country, count in used.items() if count == max(used.values())]
    return most[0] if len(most) == 1 else None


def is_used_locally(text: str, start: int, end: int) -> bool:
    """Whether the words around a place name are those around the name of a town that the readers know.

    >>> texts = "the City of Ansel", "the Ansel Fire Station", "an Ansel woman", "12 Main St., Ansel", "flew to Ansel"
    >>> [is_used_locally(text, text.index("Ansel"), text.index("Ansel") + 5) for text in texts]
    [True, True, True, True, False]
    """
    after = AFTER.match(text, end)
    return bool(
        (after and (after[1] in OF_TOWN or after[1] in words("public_bodies")))
        or BEFORE.search(text, max(0, start - 20), start)
    )


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile(r"(?<![\w$-])(?:" + "|".join(
        f"(?P<{country}>{'|'.join(words)})" for country, words in load_table("conventions.toml").items()
    ) + r")(?!\w)")
