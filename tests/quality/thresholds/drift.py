"""The drift check and freshness: scrapers that depart from their past by a little less and a little more."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from pipelines.resolve import drift, freshness
from pipelines.resolve.drift import find_anomalies
from pipelines.resolve.freshness import Appearance, find_stale_scrapers
from pipelines.settings import DriftSettings
from pipelines.stage.figures import ScraperFigures
from tests.builders import FETCHED_AT
from tests.quality.changed import Seen, Threshold

SETTINGS = DriftSettings().model_dump()
SIZE = 1_000


def usual(size: int = SIZE, **changes: Any) -> ScraperFigures:
    """A batch of a scraper: a twentieth rejected, articles of some 400 words in English."""
    articles = size - size // 20
    values: dict[str, Any] = {
        "records": size, "rejected": size // 20, "consent_walls": 0, "articles": articles, "dates_ahead": 0,
        "words": 400.0, "words_low": 350.0, "words_high": 457.0, "languages": {"en": articles},
    }
    return ScraperFigures("quay", **(values | changes))


def are_anomalies(
    *batches: ScraperFigures, past: Sequence[ScraperFigures] = (usual(),) * 5, **changes: Any
) -> tuple[bool, ...]:
    return tuple(bool(find_anomalies([now], {"quay": past}, DriftSettings(**(SETTINGS | changes)))) for now in batches)


def rejecting(*shares: float, size: int = SIZE, **how: Any) -> tuple[bool, ...]:
    return are_anomalies(*(usual(size, rejected=round(size * share)) for share in shares), **how)


def after_past(*pasts: Sequence[ScraperFigures]) -> tuple[bool, ...]:
    """Whether a batch of rejections alone is an anomaly, for each of these pasts."""
    return tuple(rejecting(1.0, size=100, past=past)[0] for past in pasts)


def in_another_language(*shares: float) -> tuple[bool, ...]:
    return are_anomalies(*(
        usual(languages={"en": round(SIZE * (1 - share)), "fr": round(SIZE * share)}) for share in shares
    ))


def are_stale(*missed: int, numbers: Sequence[int] = range(1, 21)) -> tuple[bool, ...]:
    """Whether a scraper that came in these batches, five minutes apart, is stale after it missed so many."""
    found = []
    for count in missed:
        newest = numbers[-1] + count
        seen = {name: [Appearance(n, FETCHED_AT + timedelta(minutes=5 * n)) for n in of]
                for name, of in (("quay", numbers), ("harbour", range(1, newest + 1)))}
        found.append("quay" in find_stale_scrapers(seen, newest, DriftSettings(**SETTINGS)))
    return tuple(found)


def with_share(*batches: int) -> tuple[bool, ...]:
    """Whether a scraper that came in 18 of so many batches, in no two that are far apart, is stale by now."""
    return tuple(
        are_stale(20, numbers=[n * span // 18 for n in range(18)])[0] for span in batches
    )


def with_hole(*back: int) -> tuple[bool, ...]:
    """Whether a scraper is stale whose only pause, of four batches, lies so many of its batches back."""
    return tuple(are_stale(6, numbers=[n + (4 if n > 40 - of else 0) for n in range(1, 41)])[0] for of in back)


def setting(name: str, seen: Seen) -> Threshold:
    return Threshold(sys.modules[__name__], "SETTINGS", seen, BELOW_AND_ABOVE, name)


BELOW_AND_ABOVE = (False, True)
THRESHOLDS = (
    Threshold(drift, "SURPRISE", partial(rejecting, 0.48, 0.56, size=25, past=(usual(200, rejected=40),) * 5,
                                         rejected_rise=0.1), BELOW_AND_ABOVE),
    Threshold(freshness, "NEARLY_EVERY", partial(with_share, 24, 21), BELOW_AND_ABOVE),
    setting("fewest_records", lambda: rejecting(1.0, size=18) + rejecting(1.0, size=22)),
    setting("fewest_past_records", partial(after_past, (usual(30),) * 3, (usual(38),) * 3)),
    setting("fewest_past_batches", partial(after_past, (usual(),) * 2, (usual(),) * 3)),
    setting("rejected_rise", partial(rejecting, 0.32, 0.38)),
    setting("consent_wall_rise", lambda: are_anomalies(usual(consent_walls=180), usual(consent_walls=220))),
    setting("dates_ahead_rise", lambda: are_anomalies(usual(dates_ahead=171), usual(dates_ahead=209))),
    setting("length_factor", lambda: are_anomalies(usual(words=580.0), usual(words=700.0))),
    setting("language_change", partial(in_another_language, 0.45, 0.55)),
    setting("stale_batches", partial(are_stale, 4, 5)),
    setting("stale_factor", partial(are_stale, 14, 16, numbers=[*range(1, 11), *range(15, 25)])),
    setting("recent_batches", partial(with_hole, 18, 22)),
)
