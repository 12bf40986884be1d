"""Links the place names of an article to places, all of them together.

Method: each place with the name starts with a score from the logarithm of its population (population prior). The score
rises if the article is about its country or region, if other places of the article are near, if the text names its
region ("Paris, Texas"), and if the outlet is from its country.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.enrich.places.gazetteer import Gazetteer, Place

PRIOR = 0.6  # factor of the logarithm of the population
CONTAINED = 12.0  # the text names its region or country ("Paris, Texas"), which outweighs all else
COUNTRY = 6.0  # the article is about that country
REGION = 6.0  # the article is about that region
NEAR = 4.0  # another place of the article is within about 100 km
HOME = 1.5  # the outlet is from that country
LOCAL = 8.0  # the name is used as a town's, in a text on the public life of that country
TOWN = 3.0  # against a town with the name of a country, unless the name is used as a town's
NEAR_KM = 120.0
ROUNDS = 2
UNKNOWN_SHARE = 0.6  # with this share of an article's places in one country, an unknown place is assumed to be there
UNKNOWN_TRUST = 0.7
TRIED = 30  # candidates of a name that are scored
FOLLOWED_BY = re.compile(r",? ?\(?([A-Z][\w.]*(?: [A-Z][\w.]+)?)")


@dataclass(frozen=True, slots=True)
class Toponym:
    """A place name as written in the article, the text after it, and whether it is used as a town's."""

    name: str
    after: str = ""
    is_local: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Other evidence for places.

    The number of mentions of each country's people, by code, the outlet's country, and the country whose public life
    the text is about.
    """

    countries: Mapping[str, int]
    home: str | None = None
    written_in: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """The place of a toponym, and the confidence (0 to 1)."""

    place: Place
    confidence: float


@dataclass(slots=True)
class Candidates:
    """The places that a name may mean, with their scores. ``base`` are the scores without the rest of the article."""

    places: Sequence[Place]
    base: list[float]
    count: int
    scores: list[float]

    @property
    def best(self) -> Place:
        return self.places[max(range(len(self.scores)), key=self.scores.__getitem__)]


def link_places(toponyms: Sequence[Toponym], around: Surroundings, gazetteer: Gazetteer) -> list[Link | None]:
    """The place of each toponym.

    If the gazetteer has no place with the name, it is linked to the article's country, or None if there is no such.
    """
    keys = [_key(toponym, gazetteer) for toponym in toponyms]
    counts = Counter(keys)
    local = {toponym.name for toponym in toponyms if toponym.is_local}
    names = {key: _candidates(key, count, around, gazetteer, is_local=key[0] in local) for key, count in counts.items()}
    names = {key: candidates for key, candidates in names.items() if candidates.places}
    for _ in range(ROUNDS):
        _weigh(names, around)
    links = {key: _link(candidates) for key, candidates in names.items()}
    elsewhere = _home_of_the_unknown(names, around)
    return [links.get(key, elsewhere) for key in keys]


def _key(toponym: Toponym, gazetteer: Gazetteer) -> tuple[str, str]:
    """The name, and the region or country after it in the text, or ""."""
    following = FOLLOWED_BY.match(toponym.after)
    return toponym.name, _container(following[1], gazetteer) if following else ""


def _container(text: str, gazetteer: Gazetteer) -> str:
    """The code of the region (US.TX) or country (US) with a name; "" for other names."""
    for name in (text, text.split(" ", maxsplit=1)[0]):
        if f"US.{name}" in gazetteer.regions:
            return f"US.{name}"
        for place in gazetteer.places(name)[:3]:
            if place.kind in ("region", "country"):
                return place.admin1 or place.country or ""
    return ""


def _candidates(
    key: tuple[str, str], count: int, around: Surroundings, gazetteer: Gazetteer, *, is_local: bool
) -> Candidates:
    name, container = key
    home, local = around.home, around.written_in if is_local else None
    places = named_places(name, gazetteer)[:TRIED]
    is_nation = any(place.kind == "country" for place in places)
    base = [
        PRIOR * place.prior
        + (CONTAINED if container and container in (place.admin1, place.country) and place.kind != "country" else 0.0)
        + (HOME if home and place.country == home else 0.0)
        + (LOCAL if local and place.country == local else 0.0)
        - (TOWN if is_nation and not is_local and place.kind == "city" else 0.0)
        for place in places
    ]
    return Candidates(places, base, count, list(base))


GENERIC = re.compile(
    r"^(?:the |greater |downtown |central |northern |southern |eastern |western |north |south |east |west |"
    r"city of |port of |province of |state of |town of |village of |county |lake |mount |mt\.? |river |isle of )"
    r"|(?: county| parish| city| province| state| region| district| island| islands| river| valley| bay| beach|"
    r" peninsula| airport| township| village| town| governorate| oblast| prefecture| metropolitan area| area| suburb)$",
    re.IGNORECASE,
)


def named_places(name: str, gazetteer: Gazetteer) -> tuple[Place, ...]:
    """The places with a name, or with the rest of it after generic words ("northern", "Province") are removed."""
    for _ in range(3):
        places = gazetteer.places(name)
        if places:
            return places
        shorter = GENERIC.sub("", name, count=1)
        if shorter == name:
            return ()
        name = shorter
    return ()


def _weigh(names: Mapping[tuple[str, str], Candidates], around: Surroundings) -> None:
    """Score all candidates again, by the places that are now the best for the other names."""
    best = {key: candidates.best for key, candidates in names.items()}
    surety = {key: min(candidates.count, 3) * _certainty(candidates) for key, candidates in names.items()}
    votes: defaultdict[str, float] = defaultdict(float)
    for country, count in around.countries.items():
        votes[country] += min(count, 3)
    for key, place in best.items():
        votes[place.country or ""] += surety[key]
        votes[place.admin1] += surety[key]
    votes.pop("", None)
    total = 1.0 + sum(vote for area, vote in votes.items() if "." not in area)
    for key, candidates in names.items():
        own, sure = best[key], surety[key]
        others = [place for other, place in best.items() if other[0] != key[0] and place.latitude is not None]
        for index, place in enumerate(candidates.places):
            nation = votes.get(place.country or "", 0.0) - (sure if place.country == own.country else 0.0)
            region = votes.get(place.admin1, 0.0) - (sure if place.admin1 == own.admin1 else 0.0)
            candidates.scores[index] = (
                candidates.base[index]
                + COUNTRY * nation / total
                + REGION * (region / total if place.admin1 else 0.0)
                + (NEAR * _nearness(place, others) if place.kind == "city" else 0.0)
            )


def _home_of_the_unknown(names: Mapping[tuple[str, str], Candidates], around: Surroundings) -> Link | None:
    """The link of places that the gazetteer does not have: to the country that the article is about, or None."""
    votes = Counter(around.countries)
    for candidates in names.values():
        if candidates.best.country:
            votes[candidates.best.country] += candidates.count
    if around.home:
        votes[around.home] += 1
    if not votes:
        return None
    country, count = votes.most_common(1)[0]
    share = count / votes.total()
    if share < UNKNOWN_SHARE or count < 2:
        return None
    return Link(Place(-1, "nowhere", country, "", 0.0, None, None, None), round(UNKNOWN_TRUST * share, 3))


def _nearness(place: Place, others: Sequence[Place]) -> float:
    """How near the nearest city among the others is: 0 (far) to 1."""
    distances = (_kilometres(place, other) for other in others if other.kind == "city" and other.row != place.row)
    nearest = min(distances, default=math.inf)
    return math.exp(-nearest / NEAR_KM)


def _kilometres(one: Place, other: Place) -> float:
    """The distance of two places by an equirectangular projection, which is accurate enough below 1,000 km."""
    if one.latitude is None or one.longitude is None or other.latitude is None or other.longitude is None:
        return math.inf
    north = one.latitude - other.latitude
    east = (one.longitude - other.longitude) * math.cos(math.radians(one.latitude))
    return 111.2 * math.hypot(north, east)


def _certainty(candidates: Candidates) -> float:
    """The probability of the best candidate's country, by softmax over the scores."""
    top = max(candidates.scores)
    weights: defaultdict[str | None, float] = defaultdict(float)
    for place, score in zip(candidates.places, candidates.scores, strict=True):
        weights[place.country] += math.exp(score - top)
    return weights[candidates.best.country] / sum(weights.values())


def _link(candidates: Candidates) -> Link:
    return Link(candidates.best, round(_certainty(candidates), 3))


GENERIC_DOMAINS = frozenset({"tv", "io", "co", "me", "ai", "fm", "cc", "ws", "to", "ly", "la", "eu"})


def home_country(domain: str | None) -> str | None:
    """The country of an outlet by its top-level domain; None for generic ones.

    >>> [home_country(domain) for domain in ("harbour.example.uk", "harbour.tv", "harbour.com", None)]
    ['GB', None, None, None]
    """
    ending = (domain or "").rsplit(".", 1)[-1].lower()
    if len(ending) != 2 or ending in GENERIC_DOMAINS:
        return None
    return {"uk": "GB"}.get(ending, ending.upper())
