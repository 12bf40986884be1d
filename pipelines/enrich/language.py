"""Detects the language of the body by its characters, with the declared language as a hint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipelines.records import Evidence

READ_CHARACTERS = 2_000  # more do not change the result, and cost a millisecond per 2,000
ENOUGH_LETTERS = 40  # for shorter texts, the declared language is more reliable than detection
SURE = 0.60
SURE_AGAINST_HINT = 0.85  # the confidence that is needed to contradict the declared language


@dataclass(frozen=True, slots=True)
class LanguageDetector:
    """Detects languages by byte n-grams (py3langid; M. Lui and T. Baldwin, langid.py, ACL 2012)."""

    identifier: Any

    def detect(self, body: str, hint: str | None) -> tuple[str | None, Evidence | None]:
        """The ISO 639-1 code and its evidence. If the text is short or unclear, the hint is used, or None without one.
        """
        hinted = iso_639_1(hint)
        sample = body[:READ_CHARACTERS]
        if sum(map(str.isalpha, sample)) < ENOUGH_LETTERS:
            return hinted, Evidence("page hint", hint) if hinted else Evidence("none", "too short to detect")
        code, confidence = self.identifier.classify(sample)
        found = iso_639_1(code)
        if found and (found == hinted or confidence >= (SURE_AGAINST_HINT if hinted else SURE)):
            return found, Evidence("body text", f"{code} {confidence:.2f}, page hint {hint}")
        return hinted, Evidence("page hint", hint) if hinted else Evidence("none", f"{code} {confidence:.2f}")


MACRO = {"nb": "no", "nn": "no", "iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro", "tl": "tl", "fil": "tl"}
THREE_LETTERS = {"eng": "en", "fra": "fr", "fre": "fr", "deu": "de", "ger": "de", "spa": "es", "ita": "it", "por": "pt"}


def iso_639_1(code: str | None) -> str | None:
    """The two-letter code for a language tag, or None.

    >>> [iso_639_1(code) for code in ("en-GB", "pt_BR", "eng", "nb", "x-default", None)]
    ['en', 'pt', 'en', 'no', None, None]
    """
    primary = (code or "").replace("_", "-").split("-", maxsplit=1)[0].strip().lower()
    primary = MACRO.get(primary) or THREE_LETTERS.get(primary) or primary
    return primary if len(primary) == 2 and primary.isascii() and primary.isalpha() else None


def load_language_detector() -> LanguageDetector:
    """The detector with its n-gram model, which takes 4.6 MB of memory."""
    from py3langid.langid import LanguageIdentifier

    return LanguageDetector(LanguageIdentifier.from_model_file("data/model.npz.xz", norm_probs=True))
