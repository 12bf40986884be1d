"""Score how often a scraper that has not changed is quarantined, and how often one that has changed is not.

    make bench-drift        or    python -m tests.bench.drift

Scrapers are made up from a fixed seed: 25 to 200 records, 2 to 50 % of them rejected, word counts spread narrowly or
widely, one language or three; shares differ from batch to batch by more than chance, as those of real scrapers do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from rich.console import Console
from rich.table import Table

from pipelines.resolve.drift import find_anomalies
from pipelines.settings import DriftSettings
from pipelines.stage.figures import ScraperFigures

SETTINGS = DriftSettings()
ONE, THREE = {"en": 0.97, "fr": 0.03}, {"en": 0.5, "fr": 0.3, "pt": 0.2}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a scraper's batches are drawn from; ``steady`` is how little its shares differ from batch to batch."""

    records: int
    rejected: float = 0.1
    walls: float = 0.01
    ahead: float = 0.01
    words: float = 400.0
    spread: float = 0.6
    languages: Mapping[str, float] = field(default_factory=lambda: ONE)
    steady: float = 40.0


TURNED = {
    "40 % consent walls": {"walls": 0.4, "rejected": 0.45},
    "60 % rejected": {"rejected": 0.6},
    "twice as long": {"words": 800.0},
    "three times as long": {"words": 1_200.0},
    "half as long": {"words": 200.0},
    "80 % in another language": {"languages": {"en": 0.2, "fr": 0.8}},
    "35 % dated ahead": {"ahead": 0.35},
}


def a_batch(rng: np.random.Generator, kind: Kind, records: int) -> ScraperFigures:
    def drawn(whole: int, share: float) -> int:
        return int(rng.binomial(whole, rng.beta(share * kind.steady, (1 - share) * kind.steady)))

    rejected = drawn(records, kind.rejected)
    articles = records - rejected
    if not articles:
        return ScraperFigures("made", records, rejected, min(rejected, drawn(records, kind.walls)))
    words = np.exp(rng.normal(np.log(kind.words) + rng.normal(0, 0.1), kind.spread, articles))
    low, middle, high = (float(q) for q in np.quantile(words, [0.25, 0.5, 0.75]))
    mix = rng.dirichlet(np.array(list(kind.languages.values())) * kind.steady)
    languages = {name: int(n) for name, n in zip(kind.languages, rng.multinomial(articles, mix), strict=True)}
    return ScraperFigures(
        "made", records, rejected, min(rejected, drawn(records, kind.walls)), articles, drawn(articles, kind.ahead),
        middle, low, high, languages,
    )


def anomalies(now: ScraperFigures, past: list[ScraperFigures]) -> list[str]:
    return [anomaly.kind for anomaly in find_anomalies([now], {"made": past[-SETTINGS.recent_batches:]}, SETTINGS)]


def quarantined_for_nothing(
    rng: np.random.Generator, scrapers: int = 400, batches: int = 60
) -> tuple[int, Counter[str]]:
    """Batches of scrapers that have not changed, and the anomalies found in them."""
    found: Counter[str] = Counter()
    for _ in range(scrapers):
        kind = Kind(
            int(rng.choice([25, 40, 80, 200])), float(rng.choice([0.02, 0.1, 0.3, 0.5])),
            float(rng.choice([0.001, 0.01, 0.05])), spread=float(rng.choice([0.3, 0.6, 0.9])),
            languages=(ONE, THREE)[rng.integers(2)], steady=float(rng.choice([20, 60])),
        )
        past: list[ScraperFigures] = []
        for _ in range(batches):
            now = a_batch(rng, kind, max(3, int(rng.poisson(kind.records))))
            kinds = anomalies(now, past)
            found.update({"any": bool(kinds), **dict.fromkeys(kinds, 1)})
            past.append(now)
    return scrapers * batches, found


def quarantined_at_once(
    rng: np.random.Generator, records: int, changes: Mapping[str, object], tries: int = 300
) -> float:
    """Share of scrapers that are quarantined at the first batch after their change."""
    kind = Kind(records)
    turned = replace(kind, **changes)  # type: ignore[arg-type]
    quarantined = 0
    for _ in range(tries):
        past = [a_batch(rng, kind, max(3, int(rng.poisson(records)))) for _ in range(SETTINGS.recent_batches)]
        quarantined += bool(anomalies(a_batch(rng, turned, records), past))
    return quarantined / tries


def main() -> None:
    rng, console = np.random.default_rng(7), Console()
    batches, found = quarantined_for_nothing(rng)
    anomalous = found.pop("any")
    console.print(f"Of {batches:,} batches of scrapers that had not changed, {anomalous} had an anomaly: {dict(found)}")
    table = Table("quarantined at the first batch after a change to", "25 records", "40", "100")
    for name, changes in TURNED.items():
        table.add_row(name, *(f"{quarantined_at_once(rng, records, changes):.2f}" for records in (25, 40, 100)))
    console.print(table)


if __name__ == "__main__":
    main()
