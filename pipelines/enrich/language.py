"""The body's language: told from its characters, with the page's own hint as evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class LanguageTeller:
    """Tells languages by byte n-grams (py3langid)."""

    identifier: Any
    READ_CHARACTERS = 2_000
    ENOUGH_CHARACTERS = 60

    def tell(self, body: str, hint: str | None) -> str | None:
        sample = body[: self.READ_CHARACTERS]
        if len(sample.strip()) < self.ENOUGH_CHARACTERS:
            return hint
        code, confidence = self.identifier.classify(sample)
        return str(code) if confidence > 0.5 and len(code) == 2 else hint


def load_teller() -> LanguageTeller:
    from py3langid.langid import LanguageIdentifier

    return LanguageTeller(LanguageIdentifier.from_model_file("data/model.npz.xz", norm_probs=True))
