"""Languages, names and salience: texts that are nearly clear and clear, and weights as they come out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pipelines.enrich import article, language, reading, salience
from pipelines.enrich.engine import Span
from pipelines.enrich.language import LanguageDetector
from pipelines.enrich.names import sport
from pipelines.enrich.names.edges import words
from tests.quality.changed import Threshold

TEXT = "x" * 100


@dataclass(frozen=True, slots=True)
class Sure:
    """A detector of English, as sure as it is made."""

    confidence: float

    def classify(self, text: str) -> tuple[str, float]:
        del text
        return "en", self.confidence


def languages(*confidences: float, hint: str | None = None) -> tuple[str | None, ...]:
    """The language of a text in which English is found with each of these confidences."""
    return tuple(LanguageDetector(Sure(confidence)).detect(TEXT, hint)[0] for confidence in confidences)


def of_length(*letters: int) -> tuple[str | None, ...]:
    return tuple(LanguageDetector(Sure(1.0)).detect(TEXT[:count], "fr")[0] for count in letters)


def are_on_sport(*texts: str) -> tuple[bool, ...]:
    return tuple(map(sport.is_on_sport, texts))


def sporting(own: int, common: int) -> str:
    """A text with so many words of sport alone, and so many that are common in sport."""
    return " ".join([*sorted(words("sport"))[:own], *sorted(words("sport_too"))[:common]])


def with_capitals(*shares: float) -> tuple[bool, ...]:
    """Whether lines are read in running case, in whose words such a share of the letters are capitals."""
    lines = [" ".join(["HARBOURNEW"[: round(10 * share)] + "harbournew"[round(10 * share) :]] * 24) for share in shares]
    return tuple(reading.reading_of(line, lambda _: False).text != line for line in lines)


def confidences() -> tuple[float, ...]:
    return tuple(article._confidence(Span(0, 1, kind, label)) for kind in ("PER", "LOC", "ORG", "MISC")
                 for label in ("", "repeat"))


def weights() -> tuple[float, ...]:
    """Of an entity in the middle of the body, and of one at its beginning and in the headline."""
    return salience.salience(1, 50, 100, in_title=False), salience.salience(1, 0, 100, in_title=True)


MEASURED = (0.92, 0.736, 0.87, 0.696, 0.68, 0.544, 0.85, 0.68)
THRESHOLDS = (
    Threshold(language, "SURE", partial(languages, 0.55, 0.65), (None, "en")),
    Threshold(language, "SURE_AGAINST_HINT", partial(languages, 0.8, 0.9, hint="fr"), ("fr", "en")),
    Threshold(language, "ENOUGH_LETTERS", partial(of_length, 36, 44), ("fr", "en")),
    Threshold(reading, "CAPITALS_SHARE", partial(with_capitals, 0.7, 0.8), (False, True)),
    Threshold(sport, "ENOUGH", partial(are_on_sport, sporting(1, 2), sporting(2, 0)), (False, True)),
    Threshold(article, "CARRIED", confidences, MEASURED),
    *(Threshold(article, "CONFIDENCE", confidences, MEASURED, kind) for kind in ("PER", "LOC", "ORG", "MISC")),
    Threshold(salience, "TITLE", weights, (1.5, 4.0)),
    Threshold(salience, "EARLY", weights, (1.5, 4.0)),
)
