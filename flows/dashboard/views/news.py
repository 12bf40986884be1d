"""The news now: what rises, where it happens, and who is named with whom."""

from __future__ import annotations

from datetime import date

import pandas as pd
import streamlit as st

from flows.dashboard import charts, parts
from flows.dashboard.names import country_name
from flows.dashboard.reading import frame

SMOOTHING = 2.0
"""Stories that are added on both sides of the comparison: from one story to two is no great rise."""
MOST_TOGETHER = 12
"""As many as the query takes."""


def show() -> None:
    st.title("The news now")
    newest = parts.newest_day()
    if newest is None:
        parts.empty("No article is loaded yet.")
        return
    chosen = st.columns([2, 3, 3])
    with chosen[0]:
        first, last, before = parts.week_chosen(newest)
    kind = chosen[1].selectbox("Who or what", list(parts.KINDS), key="kind", bind="query-params")
    countries = frame("countries", first, last, before)
    codes = ["", *sorted(countries["country"], key=country_name)]
    country = chosen[2].selectbox(
        "Country", codes, format_func=lambda code: country_name(code) if code else "All countries", key="country",
        bind="query-params",
    )
    _figures(first, last)
    people = frame("attention", first, last, before, parts.KINDS[kind] if kind else None, country or None)
    if people.empty:
        parts.empty(f"No article of the week to {parts.said(last)} names anyone or anything of this kind.")
        return
    left, right = st.columns(2, gap="large")
    with left:
        _rising(risen(people))
    with right:
        _countries(countries)
    _together(people)


def risen(entities: pd.DataFrame) -> pd.DataFrame:
    """The entities with their ``rise``, the most risen first: stories of the week over those of the week before.

    >>> known = {"name": ["Old", "New"], "stories": [10, 6], "before": [10, 0]}
    >>> risen(pd.DataFrame(known))[["name", "rise"]].values.tolist()
    [['New', 4.0], ['Old', 1.0]]
    """
    rise = (entities["stories"] + SMOOTHING) / (entities["before"] + SMOOTHING)
    return entities.assign(rise=rise).sort_values(["rise", "stories", "name"], ascending=[False, False, True])


def _figures(first: date, last: date) -> None:
    days = frame("volume", first - parts.WEEK, last, None)
    is_now = pd.to_datetime(days["day"]).dt.date >= first
    now, before = days[is_now], days[~is_now]
    cells = st.columns(4)
    for cell, label, column, worked in (
        (cells[0], "Articles", "articles", "sum"), (cells[1], "Copies of other articles", "copies", "sum"),
        (cells[2], "Most outlets in a day", "outlets", "max"),
    ):
        number, former = (int(part[column].agg(worked)) if len(part) else 0 for part in (now, before))
        cell.metric(
            label, f"{number:,}", delta=f"{number - former:+,} on the week before", delta_color="off", border=True,
            delta_arrow="off",
        )
    cells[3].metric("Days with news", f"{len(now)} of 7", delta=f"to {parts.said(last)}", delta_color="off",
                    delta_arrow="off", border=True)


def _rising(entities: pd.DataFrame) -> None:
    st.header("Rising")
    st.markdown("Stories of the week (full) beside those of the week before (hollow).")
    drawn, listed = st.tabs(["Chart", "Table"])
    with drawn:
        parts.chart(charts.rising(entities), "Names that rise most against their own week before.")
    with listed:
        shown = entities.assign(kind=entities["type"].map(parts.KIND_WORDS))
        parts.table(
            shown, "Rising",
            {"name": "Name", "kind": "Kind", "stories": "Stories", "before": "Week before", "rise": "Rise, times"},
            links={"name": ("Entity", "id", "entity_id")},
        )


def _countries(countries: pd.DataFrame) -> None:
    st.header("Where")
    st.markdown("Countries by the stories that name them or places in them. Small countries are only in the table.")
    named = countries.assign(name=[country_name(code) for code in countries["country"]])
    drawn, listed = st.tabs(["Map", "Table"])
    with drawn:
        parts.chart(charts.country_map(named), "Map of the world; the more stories name a country, the darker it is.")
    with listed:
        parts.table(
            named, "Countries",
            {
                "name": "Country", "country": "Code", "stories": "Stories", "before": "Week before",
                "mentions": "Mentions",
            },
            links={"name": ("News", "country", "name")},
        )


def _together(entities: pd.DataFrame) -> None:
    st.header("Named together")
    st.markdown("How many stories, of any time, name two of the week's most frequent names together.")
    top = entities.sort_values(["stories", "name"], ascending=[False, True]).head(MOST_TOGETHER)
    ids = sorted(top["entity_id"])
    pairs = frame("pairs_among", *ids, *ids[-1:] * (MOST_TOGETHER - len(ids)))
    if pairs.empty:
        st.info("No two of them are named by one story.", icon=":material/group_off:")
        return
    names = _distinct(top)
    both = pd.concat([pairs, pairs.rename(columns={"entity_id": "other_entity_id", "other_entity_id": "entity_id"})])
    both = both.assign(one=both["entity_id"].map(names), other=both["other_entity_id"].map(names))
    drawn, listed = st.tabs(["Chart", "Table"])
    with drawn:
        parts.chart(charts.together(both, list(names.values())), "Names; the darker, the more stories name both.")
    with listed:
        shown = pairs.assign(one=pairs["entity_id"].map(names), other=pairs["other_entity_id"].map(names))
        parts.table(
            shown, "Named together",
            {"one": "Name", "other": "Named with", "stories": "Stories", "articles": "Articles"},
            links={"one": ("Entity", "id", "entity_id"), "other": ("Entity", "id", "other_entity_id")},
        )


def _distinct(entities: pd.DataFrame) -> dict[str, str]:
    """A name for each entity id; people of one name get a number."""
    names: dict[str, str] = {}
    for entity_id, name in zip(entities["entity_id"], entities["name"], strict=True):
        same = sum(each.partition(" (")[0] == name for each in names.values())
        names[str(entity_id)] = f"{name} ({same + 1})" if same else str(name)
    return names
