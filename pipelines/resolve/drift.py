"""The drift check: compares each scraper's part of a batch with its own recent past and reports anomalies.

Pure: figures in, anomalies out. A figure is an anomaly when it departs from the scraper's usual value by more than the
settings allow, by more than in any recent batch of sufficient size, and by more than chance explains at that number of
records. A scraper is compared with itself alone, so that an anomaly of one has no consequences for another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import pstdev
from typing import Literal

from pipelines.settings import DriftSettings
from pipelines.stage.figures import ScraperFigures

type AnomalyKind = Literal["consent_walls", "rejected", "dates_ahead", "length", "languages"]
type Count = Callable[[ScraperFigures], int]

SURPRISE = 4.0
"""Standard errors beyond the usual, by the number of records or by the spread of the scraper's own batches."""
QUARTILES = 1.35
"""Standard deviations between the quartiles of a normal distribution, as logarithms of word counts nearly are."""
MEDIAN_ERROR = 1.25
"""Standard error of a median, in those of a mean."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A figure of a scraper that departs from its past: ``seen`` in the batch, ``usual`` before, and both in words."""

    scraper: str
    kind: AnomalyKind
    seen: float
    usual: float
    words: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure of a scraper beside its usual value, whether it is an anomaly or not.

    ``high`` and ``low`` are the values beyond which it would be one; ``low`` is None where a fall is none.
    """

    kind: AnomalyKind
    seen: float
    usual: float
    high: float
    low: float | None = None
    anomaly: Anomaly | None = None


def find_anomalies(
    figures: Iterable[ScraperFigures], past: Mapping[str, Sequence[ScraperFigures]], settings: DriftSettings
) -> list[Anomaly]:
    """Anomalies by scraper, the most specific kind first; none where records or past are too few."""
    return [
        found.anomaly
        for now in sorted(figures, key=lambda f: f.scraper)
        for found in compare(now, past.get(now.scraper, ()), settings)
        if found.anomaly is not None
    ]


def compare(
    now: ScraperFigures, past: Sequence[ScraperFigures], settings: DriftSettings
) -> Iterator[Comparison]:
    """Each figure that can be compared with the scraper's past; none where records or past are too few."""
    if _is_enough(now, past, _records, settings):
        yield from _share(now, past, _Share("consent_walls", _walls, _records, settings.consent_wall_rise), settings)
        yield from _share(now, past, _Share("rejected", _rejected, _records, settings.rejected_rise), settings)
    if _is_enough(now, past, _articles, settings):
        yield from _share(now, past, _Share("dates_ahead", _ahead, _articles, settings.dates_ahead_rise), settings)
        yield from _length(now, past, settings)
        yield from _languages(now, past, settings)


def _is_enough(now: ScraperFigures, past: Sequence[ScraperFigures], size: Count, settings: DriftSettings) -> bool:
    return (
        size(now) >= settings.fewest_records
        and sum(map(size, past)) >= settings.fewest_past_records
        and sum(size(f) > 0 for f in past) >= settings.fewest_past_batches
    )


@dataclass(frozen=True, slots=True)
class _Share:
    kind: AnomalyKind
    part: Count
    whole: Count
    rise: float


SAYS: Mapping[AnomalyKind, str] = {
    "consent_walls": "of {} records were consent walls",
    "rejected": "of {} records were rejected",
    "dates_ahead": "of {} articles are dated ahead of the clock",
}


def _share(
    now: ScraperFigures, past: Sequence[ScraperFigures], of: _Share, settings: DriftSettings
) -> Iterator[Comparison]:
    whole = of.whole(now)
    part_before, whole_before = sum(map(of.part, past)), sum(map(of.whole, past))
    seen, usual = of.part(now) / whole, part_before / whole_before
    known = [of.part(f) / of.whole(f) for f in past if of.whole(f) >= settings.fewest_records]
    expected = (part_before + 1) / (whole_before + 2)  # never quite 0 or 1
    error = max(sqrt(expected * (1 - expected) / whole), pstdev(known) if known else 0.0)
    is_chance = seen - expected < SURPRISE * error or seen <= max(known, default=0.0)
    anomaly = None
    if seen - usual >= of.rise and not is_chance:
        says = f"{_percent(seen)} {SAYS[of.kind].format(whole)}, usually {_percent(usual)}"
        anomaly = Anomaly(now.scraper, of.kind, round(seen, 4), round(usual, 4), says)
    high = min(1.0, max(usual + of.rise, expected + SURPRISE * error, *known))
    yield Comparison(of.kind, seen, usual, high, anomaly=anomaly)


def _length(now: ScraperFigures, past: Sequence[ScraperFigures], settings: DriftSettings) -> Iterator[Comparison]:
    usual = pooled(now.scraper, past)
    seen = now.words or 0.0
    if not seen or not usual.words:
        return
    drift = log(seen / usual.words)
    error = MEDIAN_ERROR * max(_spread(now), _spread(usual)) / sqrt(now.articles)
    known = [f.words for f in past if f.words and f.articles >= settings.fewest_records]
    is_beyond = all(seen > words for words in known) or all(seen < words for words in known)
    allowed = max(log(settings.length_factor), SURPRISE * error)
    anomaly = None
    if abs(drift) >= allowed and is_beyond:
        says = f"half of {now.articles} articles have over {seen:.0f} words, usually over {usual.words:.0f}"
        anomaly = Anomaly(now.scraper, "length", round(seen, 1), round(usual.words, 1), says)
    high, low = max([usual.words * exp(allowed), *known]), min([usual.words / exp(allowed), *known])
    yield Comparison("length", seen, usual.words, high, low, anomaly)


def _languages(now: ScraperFigures, past: Sequence[ScraperFigures], settings: DriftSettings) -> Iterator[Comparison]:
    usual = pooled(now.scraper, past).languages
    seen = _difference(now.languages, usual)
    known = [_difference(f.languages, usual) for f in past if f.articles >= settings.fewest_records]
    before = max(known, default=0.0)
    anomaly = None
    if seen >= settings.language_change and all(seen > other for other in known):
        says = (
            f"{_percent(seen)} of {now.articles} articles are in other languages than usual: mostly "
            f"{main_language(now.languages)}, usually {main_language(usual)}"
        )
        anomaly = Anomaly(now.scraper, "languages", round(seen, 4), round(before, 4), says)
    yield Comparison("languages", seen, before, max(settings.language_change, before), anomaly=anomaly)


def _difference(one: Mapping[str, int], other: Mapping[str, int]) -> float:
    """Share of the one that would have to be in another language to be mixed like the other.

    >>> _difference({"en": 3, "fr": 1}, {"en": 10})
    0.25
    """
    whole, other_whole = sum(one.values()), sum(other.values())
    return sum(max(0.0, n / whole - other.get(language, 0) / other_whole) for language, n in one.items())


def _spread(figures: ScraperFigures) -> float:
    """Standard deviation of the logarithms of word counts, as the quartiles give it."""
    if not figures.words_low or not figures.words_high:
        return 0.0
    return log(figures.words_high / figures.words_low) / QUARTILES


def pooled(scraper: str, past: Sequence[ScraperFigures]) -> ScraperFigures:
    """Several batches as one: counts added, word counts the middle of the batches' own, each weighed by its articles.

    >>> batches = [ScraperFigures("a", 5, articles=5, words=100.0), ScraperFigures("a", 9, 4, articles=3, words=300.0)]
    >>> both = pooled("a", batches)
    >>> both.records, both.rejected, both.words
    (14, 4, 100.0)
    """
    languages: Counter[str] = Counter()
    for figures in past:
        languages.update(figures.languages)
    times = [f.last_message_at for f in past if f.last_message_at]
    return ScraperFigures(
        scraper, sum(map(_records, past)), sum(map(_rejected, past)), sum(map(_walls, past)), sum(map(_articles, past)),
        sum(map(_ahead, past)), _middle((f.words, f.articles) for f in past),
        _middle((f.words_low, f.articles) for f in past), _middle((f.words_high, f.articles) for f in past),
        dict(sorted(languages.items())), max(times, default=None),
    )


def _middle(values: Iterable[tuple[float | None, int]]) -> float | None:
    known = sorted((value, weight) for value, weight in values if value is not None)
    half, reached = sum(weight for _, weight in known) / 2, 0
    for value, weight in known:
        reached += weight
        if reached >= half:
            return value
    return None


def main_language(languages: Mapping[str, int]) -> str | None:
    """The most frequent; of equals the first in the alphabet.

    >>> main_language({"fr": 2, "en": 2, "pt": 1})
    'en'
    """
    return min(languages, key=lambda language: (-languages[language], language), default=None)


def _percent(share: float) -> str:
    """
    >>> _percent(0.8125), _percent(0.004), _percent(0)
    ('81 %', '0.4 %', '0 %')
    """
    return f"{share * 100:.1f} %" if 0 < share < 0.01 else f"{share * 100:.0f} %"


def _records(figures: ScraperFigures) -> int:
    return figures.records


def _rejected(figures: ScraperFigures) -> int:
    return figures.rejected


def _walls(figures: ScraperFigures) -> int:
    return figures.consent_walls


def _articles(figures: ScraperFigures) -> int:
    return figures.articles


def _ahead(figures: ScraperFigures) -> int:
    return figures.dates_ahead
