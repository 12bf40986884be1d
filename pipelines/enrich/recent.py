"""Remembers the names in the texts of a batch, so that a text that comes twice in it is searched once."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from pipelines.records import Article, CleanArticle, KnownNames

REMEMBERED = 2_000
"""Texts whose names are remembered: as many as a batch has by default. They take some thirty megabytes at most."""


class RecentNames:
    """The names in the last texts, by hashes of their bodies: positions and types, and not the names themselves."""

    def __init__(self) -> None:
        self._names: dict[bytes, KnownNames] = {}

    def recall(self, clean: CleanArticle) -> CleanArticle:
        """The article with the names that are remembered of its body, unless its names are known already."""
        names = self._names.get(_digest(clean)) if clean.known_names is None else None
        return clean if names is None else replace(clean, known_names=names)

    def remember(self, article: Article) -> None:
        """Remembers the names of an article. One without names is not remembered, as it is not in the warehouse."""
        if not article.mentions:
            return
        if len(self._names) >= REMEMBERED:
            del self._names[next(iter(self._names))]
        spans = tuple((each.start, each.end, each.type, each.confidence) for each in article.mentions)
        self._names[_digest(article.clean)] = KnownNames(article.language, spans)


def _digest(clean: CleanArticle) -> bytes:
    return hashlib.sha256(clean.body.encode("utf-8", "surrogatepass")).digest()
