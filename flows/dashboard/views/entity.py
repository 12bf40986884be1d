"""One person, organisation or place: when it was in the news, where, and with whom."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from flows.dashboard import charts, parts
from flows.dashboard.names import country_name
from flows.dashboard.reading import frame


def show() -> None:
    entity_id = _chosen()
    if entity_id is None:
        return
    found = frame("entity", entity_id)
    if found.empty:
        parts.empty("No current article names this entity: it may have been merged, or its articles were removed.")
        return
    entity = found.iloc[0]
    st.title(parts.plain(entity["name"]))
    st.markdown(", ".join(_described(entity)))
    stories = frame("timeline", entity_id)
    _figures(entity, stories)
    if stories.empty:
        return
    st.header("Over time")
    days = stories.assign(day=[at.date() for at in stories["first_at"]], stories=1)
    days = days.assign(copies=days["articles"] - 1).groupby("day", as_index=False)[["stories", "copies"]].sum()
    drawn, listed = st.tabs(["Chart", "Table"])
    with drawn:
        parts.chart(
            charts.by_day(days, {"stories": "Stories", "copies": "Further copies"}), "Stories and their copies by day."
        )
    with listed:
        parts.table(days, "Days", {"day": "Day", "stories": "Stories", "copies": "Further copies"})
    left, right = st.columns(2, gap="large")
    with left:
        _outlets(stories)
    with right:
        _company(entity_id)
    st.header("Stories")
    parts.table(
        stories, "Stories",
        {
            "first_at": "Published", "title": "Headline", "outlet": "First outlet", "outlets": "Outlets",
            "articles": "Articles", "mentions": "Mentions", "in_titles": "In headlines",
        },
        links={"outlet": ("Outlets", "domain", "outlet")},
    )


def _chosen() -> str | None:
    """The entity of the address, or one that the reader looks for."""
    searched = st.text_input(
        "Find a person, an organisation or a place", key="find", bind="query-params", placeholder="Part of a name",
    )
    found = frame("find_entities", (searched or "").strip().lower()[:200])
    named = st.query_params.get("id", "")
    if searched or not named:
        if found.empty:
            parts.empty("No entity has this in its name." if searched else "No article is loaded yet.")
            return None
        labels = {
            str(entity_id): f"{name} · {parts.KIND_WORDS.get(str(kind), str(kind))} · {int(articles):,} articles"
            for entity_id, name, kind, articles in zip(
                found["entity_id"], found["name"], found["type"], found["articles"], strict=True
            )
        }
        ids = list(labels)
        chosen = st.selectbox(
            "Entity", ids, index=ids.index(named) if named in ids else 0, format_func=lambda each: labels[each],
        )
        st.query_params["id"] = str(chosen)
        return str(chosen)
    return str(named)


def _described(entity: pd.Series) -> list[str]:
    kind = parts.KIND_WORDS.get(str(entity["type"]), str(entity["type"]))
    said = [kind.capitalize()]
    if isinstance(entity["occupation"], str):
        said.append(entity["occupation"].replace("_", " "))
    if isinstance(entity["country"], str):
        said.append(country_name(entity["country"]))
    return said


def _figures(entity: pd.Series, stories: pd.DataFrame) -> None:
    cells = st.columns(4)
    cells[0].metric("Articles", f"{int(entity['articles']):,}", border=True)
    cells[1].metric("Stories", f"{len(stories):,}{'+' if len(stories) == 1000 else ''}", border=True)
    cells[2].metric("In headlines", f"{int(stories['in_titles'].sum()):,}" if len(stories) else "0", border=True)
    cells[3].metric("Last seen", parts.said(pd.Timestamp(entity["last_seen_at"]).date()), border=True)


def _outlets(stories: pd.DataFrame) -> None:
    st.header("Outlets that had it first")
    counted = stories["outlet"].fillna("(unknown)").value_counts().rename_axis("outlet").reset_index(name="stories")
    drawn, listed = st.tabs(["Chart", "Table"])
    with drawn:
        parts.chart(charts.bars(counted, "outlet", "stories", "Stories"), "Outlets by the stories that they had first.")
    with listed:
        parts.table(
            counted, "Outlets of the entity", {"outlet": "Outlet", "stories": "Stories"},
            links={"outlet": ("Outlets", "domain", "outlet")},
        )


def _company(entity_id: str) -> None:
    st.header("Named with it")
    company = frame("named_with", entity_id)
    if company.empty:
        st.info("Its articles name nobody and nothing else.", icon=":material/group_off:")
        return
    drawn, listed = st.tabs(["Chart", "Table"])
    with drawn:
        parts.chart(charts.bars(company, "name", "stories", "Stories"), "Whom and what its stories name with it.")
    with listed:
        parts.table(
            company.assign(type=company["type"].map(parts.KIND_WORDS)), "Named with the entity",
            {"name": "Name", "type": "Kind", "stories": "Stories", "articles": "Articles"},
            links={"name": ("Entity", "id", "entity_id")},
        )
