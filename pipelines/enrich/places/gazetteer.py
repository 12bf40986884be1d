"""Finds all places with a name, in the prebuilt lookup file."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.enrich.places.keys import key_hash, place_key
from pipelines.enrich.tables import load_table

FILE = Path(__file__).parent / "places.npz"
type PlaceKind = Literal["city", "region", "country", "nowhere"]
KINDS: tuple[PlaceKind, ...] = ("city", "region", "country", "nowhere")
CANDIDATES = 60  # places with the same name that are returned; Springfield, the most frequent name, has 34
CACHED_NAMES = 50_000


@dataclass(frozen=True, slots=True)
class Place:
    """A place with a certain name. ``prior`` is the logarithm of its population, reduced for an alternate name."""

    row: int
    kind: PlaceKind
    country: str | None
    admin1: str
    prior: float
    geonames_id: int | None
    latitude: float | None
    longitude: float | None


ALTERNATE_PENALTY = 2.0  # natural logarithm: with an alternate name, the population counts a seventh


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """The lookup file in memory (12 MB), with demonyms and abbreviations."""

    columns: dict[str, NDArray[np.generic]]
    countries: list[str]
    admin1s: list[str]
    regions: frozenset[str]
    country_names: dict[str, str]
    prominent: frozenset[str]
    demonyms: dict[str, str]
    abbreviations: dict[str, tuple[str, str]]
    known: dict[str, tuple[Place, ...]] = field(default_factory=dict)

    def places(self, name: str) -> tuple[Place, ...]:
        """All places with this name, those with the largest population first."""
        found = self.known.get(name)
        if found is None:
            if len(self.known) > CACHED_NAMES:
                self.known.clear()
            found = self.known[name] = self._region(name) or self._places(place_key(name))
        return found

    def _region(self, name: str) -> tuple[Place, ...]:
        """The region for an abbreviation with its dot (Kan., W. Va.); () for other names."""
        country, region = self.abbreviations.get(name.replace(" ", ""), ("", ""))
        return tuple(p for p in self._places(place_key(region)) if p.kind == "region" and p.country == country)

    def _places(self, key: str) -> tuple[Place, ...]:
        if not key:
            return ()
        columns = self.columns
        digest = np.uint64(key_hash(key))
        at = int(np.searchsorted(columns["hashes"], digest))
        if at == len(columns["hashes"]) or columns["hashes"][at] != digest:
            return ()
        start, end = int(columns["starts"][at]), int(columns["starts"][at + 1])
        rows, main = columns["places"][start:end].tolist(), columns["is_main"][start:end].tolist()
        places = [self._place(row, is_main) for row, is_main in zip(rows, main, strict=True)]
        return tuple(sorted(places, key=lambda place: -place.prior)[:CANDIDATES])

    def _place(self, row: int, is_main: bool) -> Place:
        values = {name: self.columns[name][row].item() for name in
                  ("country", "admin1", "weight", "kind", "geonames_id", "latitude", "longitude")}
        located = not math.isnan(values["latitude"])
        return Place(
            row=row,
            kind=KINDS[values["kind"]],
            country=self.countries[values["country"]] or None,
            admin1=self.admin1s[values["admin1"]],
            prior=math.log(values["weight"] + 100) - (0.0 if is_main else ALTERNATE_PENALTY),
            geonames_id=values["geonames_id"] or None,
            latitude=round(values["latitude"], 5) if located else None,
            longitude=round(values["longitude"], 5) if located else None,
        )

    def is_prominent(self, name: str) -> bool:
        """Whether the name, in its usual spelling, is of a country, a region or a large city, or a demonym."""
        return name in self.prominent or name in self.demonyms

    def country_code(self, name: str) -> str | None:
        """The code of the country with this name, or None if a city or region with the name has a larger population."""
        places = self.places(name)
        return places[0].country if places and places[0].kind == "country" else None

    def demonym_country(self, name: str) -> str | None:
        """The code of the country for a demonym or adjective, in singular or plural; or None."""
        return self.demonyms.get(name) or (self.demonyms.get(name[:-1]) if name.endswith("s") else None)


def load_gazetteer(file: Path = FILE) -> Gazetteer:
    """The gazetteer, from the file beside this module and the tables in ``data/``."""
    with np.load(file) as stored:
        columns = {name: stored[name] for name in stored.files}
    countries, admin1s, prominent, names = (
        columns.pop(name).tolist() for name in ("countries", "admin1s", "prominent", "country_names")
    )
    tables = load_table("countries.toml")
    demonyms = {name: code for code, table in tables.items() for name in table.get("demonyms", ())}
    abbreviations = {short: (country, region) for country, table in load_table("regions.toml").items()
                     for region, short in table.get("abbreviated", {}).items()}
    return Gazetteer(
        columns, countries, admin1s, frozenset(admin1s), dict(zip(countries, names, strict=True)), frozenset(prominent),
        demonyms, abbreviations,
    )  # fmt: skip
