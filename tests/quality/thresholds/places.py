"""Countries and places: a made-up gazetteer in which a large and a small place have one name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from pipelines.enrich.places import gazetteer, link
from pipelines.enrich.places.gazetteer import Gazetteer, Place, load_gazetteer
from pipelines.enrich.places.link import Surroundings, Toponym, link_places
from tests.quality.changed import Threshold

SMALL = 8.0  # the logarithm of its population


@dataclass(frozen=True, slots=True)
class MadeUp:
    """What ``link_places`` asks of a gazetteer."""

    named: Mapping[str, tuple[Place, ...]]
    regions: Mapping[str, Any] = field(default_factory=dict)

    def places(self, name: str) -> tuple[Place, ...]:
        return self.named.get(name, ())


def gazetteer_with(larger: float) -> Gazetteer:
    """Port is a city in X, and a smaller one in Y, by ``larger`` in the logarithm; Quay is a city near the latter.

    Isle is the country X, and a city in Y that is smaller by as much.
    """
    return cast("Gazetteer", MadeUp({
        "Port": (
            Place(1, "city", "X", "X.1", SMALL + larger, 1, 50.0, 0.0),
            Place(2, "city", "Y", "Y.2", SMALL, 2, -20.0, 100.0),
        ),
        "Quay": (Place(3, "city", "Z", "Z.3", SMALL, 3, -20.0, 101.0),),
        "Shore": (Place(4, "region", "Y", "Y.2", SMALL, 4, None, None),),
        "Isle": (
            Place(6, "country", "X", "", SMALL + larger, 6, 50.0, 0.0),
            Place(7, "city", "Y", "Y.2", SMALL, 7, -20.0, 100.0),
        ),
        "Yland": (Place(5, "country", "Y", "", SMALL, 5, None, None),),
    }))


def countries(
    *larger: float, names: tuple[str, ...] = (), after: str = "", is_local: bool = False, **around: Any
) -> tuple[str | None, ...]:
    """The country of Port in texts that name these places too, for each difference of the two cities."""
    toponyms = [Toponym("Port", after, is_local), *map(Toponym, names)]
    found = []
    for difference in larger:
        first = link_places(toponyms, Surroundings(**({"countries": {}} | around)), gazetteer_with(difference))[0]
        found.append(first.place.country if first else None)
    return tuple(found)


def isles(*larger: float, **around: Any) -> tuple[str | None, ...]:
    """The country of Isle, for each difference of the country and the city."""
    links = [link_places([Toponym("Isle")], Surroundings({}, **around), gazetteer_with(difference))[0]
             for difference in larger]
    return tuple(found.place.country if found else None for found in links)


def unknown(*countries: Mapping[str, int]) -> tuple[float | None, ...]:
    """The confidence of a place that no gazetteer has, in texts that name people of these countries so often."""
    links = [link_places([Toponym("Nowhere")], Surroundings(of), gazetteer_with(0.0))[0] for of in countries]
    return tuple(None if found is None else found.confidence for found in links)


def reduced_as_an_alternate_name() -> tuple[float, ...]:
    """By how much a city's prior is lower under its former name."""
    places = load_gazetteer()
    return (round(places.places("Mumbai")[0].prior - places.places("Bombay")[0].prior, 6),)


SMALL_THEN_LARGE = ("Y", "X")
THRESHOLDS = (
    Threshold(link, "PRIOR", partial(countries, 2.25, 2.75, home="Y"), SMALL_THEN_LARGE),
    Threshold(link, "HOME", partial(countries, 2.25, 2.75, home="Y"), SMALL_THEN_LARGE),
    Threshold(link, "LOCAL", partial(countries, 12.0, 14.5, is_local=True, written_in="Y"), SMALL_THEN_LARGE),
    Threshold(link, "TOWN", partial(isles, -3.0, -2.0, home="Y"), SMALL_THEN_LARGE),
    Threshold(link, "CONTAINED", partial(countries, 18.0, 22.0, after=", Yland"), SMALL_THEN_LARGE),
    Threshold(link, "COUNTRY", partial(countries, 6.0, 7.2, countries={"Y": 3}), SMALL_THEN_LARGE),
    Threshold(link, "REGION", partial(countries, 7.2, 8.0, names=("Shore",)), SMALL_THEN_LARGE),
    Threshold(link, "NEAR", partial(countries, 2.5, 3.1, names=("Quay",)), SMALL_THEN_LARGE),
    Threshold(link, "NEAR_KM", partial(countries, 2.5, 3.1, names=("Quay",)), SMALL_THEN_LARGE),
    Threshold(link, "UNKNOWN_SHARE", partial(unknown, {"Y": 11, "X": 9}, {"Y": 13, "X": 7}), (None, 0.455)),
    Threshold(link, "UNKNOWN_TRUST", partial(unknown, {"Y": 13, "X": 7}), (0.455,)),
    Threshold(gazetteer, "ALTERNATE_PENALTY", reduced_as_an_alternate_name, (2.0,)),
)
