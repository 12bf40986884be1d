"""The charts of the dashboard."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

import altair as alt
import pandas as pd

BLUE, GREY = "#2f6fdb", "#8a94a6"
MOST_BARS = 15
WHOLE = alt.Axis(format=",d", tickMinStep=1)
"""An axis of whole numbers."""
DAYS = alt.Axis(format="%-d %b", labelOverlap=True, tickCount="day")
NAMES = alt.Axis(labelLimit=190, labelOverlap=False)


type Drawn = Any
"""A chart of Altair, whose methods are typed only in part."""


@cache
def world() -> dict[str, Any]:
    """Outlines of countries as TopoJSON; see ``build_world``."""
    text = resources.files("flows.dashboard").joinpath("world.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def country_map(countries: pd.DataFrame) -> Drawn:
    """A map of the world with the stories that name each country (columns ``country``, ``name``, ``stories``)."""
    shapes: Any = {"values": world(), "format": {"type": "topojson", "feature": "countries"}}
    shapes = alt.Data.from_dict(shapes)
    ground = alt.Chart(shapes).mark_geoshape(
        aria=False, fill=GREY, fillOpacity=0.18, stroke=GREY, strokeOpacity=0.5, strokeWidth=0.4
    )
    named = (
        alt.Chart(shapes)
        .transform_lookup("id", alt.LookupData(countries, "country", ["name", "stories", "before"]))
        .transform_filter("isValid(datum.stories)")
        .mark_geoshape(aria=False, stroke=GREY, strokeWidth=0.4)
        .encode(
            color=alt.Color("stories:Q", title="Stories", scale=alt.Scale(scheme="blues", type="sqrt"), legend=None),
            tooltip=[
                alt.Tooltip("name:N", title="Country"), alt.Tooltip("stories:Q", title="Stories"),
                alt.Tooltip("before:Q", title="Week before"),
            ],
        )
    )
    return alt.layer(ground, named).project("naturalEarth1").properties(height=360)


def rising(entities: pd.DataFrame) -> Drawn:
    """Stories of the week beside those of the week before, a line for each entity, the most risen first."""
    shown = entities[["name", "stories", "before"]].head(MOST_BARS)
    order = list(shown["name"])
    names = alt.Y("name:N", sort=order, title=None, axis=NAMES)
    base = alt.Chart(shown)
    tips = [
        alt.Tooltip("name:N", title="Name"), alt.Tooltip("stories:Q", title="Stories this week"),
        alt.Tooltip("before:Q", title="Week before"),
    ]
    line = base.mark_rule(color=GREY, strokeWidth=2).encode(
        y=names, x=alt.X("before:Q", title="Stories a week"), x2="stories:Q"
    )
    before = base.mark_point(color=GREY, filled=False, size=60).encode(y=names, x="before:Q", tooltip=tips)
    now = base.mark_point(color=BLUE, filled=True, size=110, opacity=1).encode(y=names, x="stories:Q", tooltip=tips)
    return alt.layer(line, before, now).properties(height=max(120, 26 * len(shown)))


def together(pairs: pd.DataFrame, order: list[str]) -> Drawn:
    """How many stories name two together: a square for each pair (columns ``one``, ``other``, ``stories``)."""
    return (
        alt.Chart(pairs)
        .mark_rect(cornerRadius=2)
        .encode(
            x=alt.X("one:N", sort=order, title=None, axis=alt.Axis(labelAngle=-45, labelLimit=110, labelOverlap=False)),
            y=alt.Y("other:N", sort=order, title=None, axis=alt.Axis(labelLimit=140, labelOverlap=False)),
            color=alt.Color("stories:Q", title="Stories", scale=alt.Scale(scheme="blues", type="sqrt"), legend=None),
            tooltip=[
                alt.Tooltip("one:N", title="Named"), alt.Tooltip("other:N", title="with"),
                alt.Tooltip("stories:Q", title="Stories"),
            ],
        )
        .properties(height=max(160, 28 * pairs["other"].nunique()))
    )


def by_day(days: pd.DataFrame, measures: dict[str, str]) -> Drawn:
    """Bars by day, one colour for each measure (columns ``day`` and the keys of ``measures``; values are labels)."""
    long = days.rename(columns=measures).melt("day", list(measures.values()), var_name="what", value_name="count")
    long["day"] = long["day"].astype("datetime64[ns]")
    return (
        alt.Chart(long)
        .mark_bar()
        .encode(
            x=alt.X("yearmonthdate(day):T", title=None, axis=DAYS),
            y=alt.Y("sum(count):Q", title=None, axis=WHOLE),
            color=alt.Color(
                "what:N", title=None, sort=list(measures.values()),
                legend=alt.Legend(orient="top", columns=3) if len(measures) > 1 else None,
            ),
            tooltip=[
                alt.Tooltip("yearmonthdate(day):T", title="Day", format="%-d %B %Y"),
                alt.Tooltip("what:N", title="What"),
                alt.Tooltip("sum(count):Q", title="Number"),
            ],
        )
        .properties(height=240)
    )


def bars(data: pd.DataFrame, names: str, values: str, title: str) -> Drawn:
    """Horizontal bars, the longest first."""
    shown = data[[names, values]].head(MOST_BARS)
    return (
        alt.Chart(shown)
        .mark_bar(cornerRadiusEnd=3, color=BLUE)
        .encode(
            y=alt.Y(f"{names}:N", sort=list(shown[names]), title=None, axis=NAMES),
            x=alt.X(f"{values}:Q", title=title, axis=WHOLE),
            tooltip=[alt.Tooltip(f"{names}:N", title="Name"), alt.Tooltip(f"{values}:Q", title=title)],
        )
        .properties(height=max(90, 26 * len(shown) + 40))
    )


def beside(shares: pd.DataFrame) -> Drawn:
    """Shares of an outlet, with a mark at the median of all (columns ``what``, ``share``, ``median``)."""
    names = alt.Y("what:N", sort=list(shares["what"]), title=None, axis=NAMES)
    tips = [
        alt.Tooltip("what:N", title="Articles"), alt.Tooltip("share:Q", title="Of this outlet", format=".0%"),
        alt.Tooltip("median:Q", title="Median of all outlets", format=".0%"),
    ]
    base = alt.Chart(shares)
    percent = alt.X("share:Q", title="Share of its articles; the line is the median of all outlets",
                    axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=[0, 1]))
    own = base.mark_bar(cornerRadiusEnd=3, color=BLUE).encode(y=names, x=percent, tooltip=tips)
    median = base.mark_tick(color=GREY, thickness=3, size=22).encode(y=names, x="median:Q", tooltip=tips)
    return alt.layer(own, median).properties(height=30 * len(shares))
