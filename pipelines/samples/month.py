"""A made-up month of news, which ends with the week of the manifest.

Stories rise and fall, other outlets copy an agency's texts, and articles are fetched again, some of them corrected.
In the last week the scraper of the regional outlets gets nothing but the beginning of each article. Everything is drawn
from ``month.toml`` by a generator with a seed, so that the month is the same wherever it is made.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from heapq import merge
from importlib.resources import files
from operator import itemgetter
from typing import Any

from pipelines.samples import Sample, framed, sample_entries, sample_of
from pipelines.samples.layouts import LAYOUTS, Shown

SEED = 1926
FIRST_DAY = datetime(2026, 2, 9, tzinfo=UTC)
LAST_WEEK = datetime(2026, 3, 2, tzinfo=UTC)
SENTENCES, REGIONAL_SENTENCES, CUT_SENTENCES = 6, 5, 1
"""Sentences after the first one: of an outlet, of a regional one, and of what its scraper gets in the last week."""
REGIONAL_ARTICLES = (8, 9, 9, 14)
"""Articles of each regional outlet, by week."""
AGENCY = "meridian-dispatch.example"
COPIED, CORRECTED, FETCHED_AGAIN = 0.6, 0.09, 0.05
"""Shares: of the agency's articles, those that others copy; of all, those corrected later, and those fetched twice."""

_NUMBER = re.compile(r"\{(\d+)-(\d+)\}")

type Texts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page of an article that a scraper fetched, and what becomes of it."""

    at: datetime
    outlet: Texts
    shown: Shown
    outcome: str


def month_sightings() -> list[Fetched]:
    """The pages that are made, in the order of fetching: the month without the week of the manifest."""
    return sorted(_Month().fetched(), key=lambda each: each.at)


def month_messages() -> Iterator[Sample]:
    """All messages of the month, in the order of fetching: those of the week are its last, as the manifest has them."""
    made = ((each.at, _sample(number, each)) for number, each in enumerate(month_sightings()))
    return (sample for _, sample in merge(made, _week(), key=itemgetter(0)))


def _week() -> Iterator[tuple[datetime, Sample]]:
    """The week of the manifest in its order, each message with the latest plausible time of fetching so far."""
    latest = LAST_WEEK
    for entry in sample_entries():
        at = entry.get("fetched_at")
        if at is not None and at < "2027":
            latest = max(latest, datetime.fromisoformat(at))
        yield latest, sample_of(entry)


def _sample(number: int, fetched: Fetched) -> Sample:
    shown = fetched.shown
    is_item = fetched.outlet["layout"] == "item"
    entry = {
        "framing": "bare" if is_item else "confluent", "url": shown.url, "fetched_at": fetched.at.isoformat(),
        "source": fetched.outlet["scraper"], "content_type": "application/json" if is_item else "text/html",
        "charset": "utf-8", "http_status": 200,
    }
    expected = {
        "outcome": fetched.outcome, "title": shown.headline, "authors": [[shown.author, "person"]],
        "published_at": shown.published_at.isoformat(), "contains": list(shown.paragraphs),
        "lacks": list(shown.teasers),
    }
    message = framed(LAYOUTS[fetched.outlet["layout"]](shown).encode(), entry)
    return Sample(f"month-{number:03}", shown.url.encode(), message.value, message.headers, expected)


class _Month:
    """Draws the articles of the month, one after the other: the order of the draws decides the result."""

    def __init__(self) -> None:
        self.texts: Texts = tomllib.loads(files("pipelines.samples").joinpath("month.toml").read_text("utf-8"))
        self.draw = random.Random(SEED)  # noqa: S311  not a secret
        self.national = [each for each in self.texts["outlets"] if "share" in each]
        self.regional = [each for each in self.texts["outlets"] if "town" in each]
        self.headlines: list[str] = []

    def fetched(self) -> Iterator[Fetched]:
        first = [*self._of_stories(), *self._of_towns()]
        for each in first:
            yield each
            if each.outlet["domain"] == AGENCY and self.draw.random() < COPIED:
                yield from self._copies(each)
            if (chance := self.draw.random()) < CORRECTED:
                yield self._corrected(each)
            elif chance < CORRECTED + FETCHED_AGAIN:
                yield self._again(each)

    def _of_stories(self) -> Iterator[Fetched]:
        for story in self.texts["stories"]:
            days = [day for day, count in enumerate(story["arc"]) for _ in range(int(count))]
            for n, day in enumerate(days):
                (outlet,) = self.draw.choices(self.national, [each["share"] for each in self.national])
                of_story = story["headlines"]
                headline = self._headline(of_story[n * len(of_story) // len(days)], story["place"])
                yield self._article(outlet, story, headline, FIRST_DAY + timedelta(days=day))

    def _of_towns(self) -> Iterator[Fetched]:
        kinds = self.texts["locals"]
        for week, count in enumerate(REGIONAL_ARTICLES):
            for outlet in self.regional:
                for n in range(count):
                    kind = kinds[(week + n) % len(kinds)]
                    headline = self._headline(self.draw.choice(kind["headlines"]), outlet["town"])
                    day = FIRST_DAY + timedelta(days=7 * week + n * 7 // count)
                    yield self._article(outlet, kind, headline, day)

    def _article(self, outlet: Texts, of: Texts, headline: str, day: datetime) -> Fetched:
        published_at = day + timedelta(minutes=self.draw.randrange(5 * 60, 21 * 60))
        at = published_at + timedelta(minutes=self.draw.randrange(10, 90))
        is_regional = "town" in outlet
        count = (CUT_SENTENCES if at >= LAST_WEEK else REGIONAL_SENTENCES) if is_regional else SENTENCES
        chosen = (headline, self.draw.choice(of["leads"]), *self.draw.sample(of["sentences"], count))
        texts = self._filled(chosen, outlet)
        self.headlines.append(texts[0])
        url = f"https://{outlet['domain']}/{of['section'].lower()}/2026/{published_at:%m}/{of['id']}-{len(self.headlines)}"
        shown = Shown(
            outlet["name"], url, of["section"], texts[0], texts[1:], self.draw.choice(outlet["authors"]),
            published_at, published_at, self._teasers(),
        )
        return Fetched(at, outlet, shown, "loaded")

    def _copies(self, original: Fetched) -> Iterator[Fetched]:
        """The agency's article at other outlets, some hours later."""
        others = [each for each in self.national if each["domain"] != AGENCY]
        shown = original.shown
        for outlet in self.draw.sample(others, self.draw.randint(1, 3)):
            at = original.at + timedelta(minutes=self.draw.randrange(30, 9 * 60))
            published_at = at - timedelta(minutes=5)
            self.headlines.append(shown.headline)
            url = f"https://{outlet['domain']}/wire/2026/{published_at:%m}/{len(self.headlines)}"
            yield Fetched(at, outlet, replace(
                shown, outlet=outlet["name"], url=url, published_at=published_at, modified_at=published_at,
                teasers=self._teasers(),
            ), "loaded")

    def _corrected(self, fetched: Fetched) -> Fetched:
        """The page some hours later: a number is another one, or a notice stands at the end, or both."""
        shown = fetched.shown
        at = fetched.at + timedelta(minutes=self.draw.randrange(60, 30 * 60))
        paragraphs = list(shown.paragraphs)
        place = next((n for n, each in enumerate(paragraphs) if re.search(r"\d{2}", each)), 0)
        paragraphs[place] = re.sub(r"\d{2}", lambda found: str(int(found[0]) ^ 1), paragraphs[place], count=1)
        if paragraphs == list(shown.paragraphs) or self.draw.random() < 0.5:
            paragraphs.append(self.draw.choice(self.texts["notices"]))
        later = replace(shown, paragraphs=paragraphs, modified_at=at - timedelta(minutes=9), teasers=self._teasers())
        return Fetched(at, fetched.outlet, later, "new_version")

    def _again(self, fetched: Fetched) -> Fetched:
        """The same article among other teasers."""
        at = fetched.at + timedelta(minutes=self.draw.randrange(60, 30 * 60))
        return Fetched(at, fetched.outlet, replace(fetched.shown, teasers=self._teasers()), "unchanged")

    def _headline(self, headline: str, place: str) -> str:
        """The headline, told apart from earlier ones of the same words."""
        used = sum(earlier.endswith(headline.replace("{town}", place)) for earlier in self.headlines)
        return headline if not used else f"{('Analysis', 'What we know', place)[used % 3]}: {headline}"

    def _teasers(self) -> Sequence[str]:
        return self.draw.sample(self.headlines, min(3, len(self.headlines)))

    def _filled(self, texts: Sequence[str], outlet: Texts) -> list[str]:
        """Texts with their numbers and names; the second one, which opens the article, says where the town is."""
        person, other = self.draw.sample(self.texts["residents"], 2)
        town, county = outlet.get("town", ""), outlet.get("county", "")
        filled = []
        for n, text in enumerate(texts):
            named = text.replace("{town}", f"{town}, {county}," if n == 1 else town)
            named = named.replace("{person}", person).replace("{other}", other)
            filled.append(_NUMBER.sub(lambda found: str(self.draw.randint(int(found[1]), int(found[2]))), named))
        return filled
