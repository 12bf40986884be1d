"""The outlets: how much they publish, how complete it is, and what they share."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import streamlit as st

from flows.dashboard import charts, parts
from flows.dashboard.reading import frame

SHARES = {
    "share_dated": "With a date, %", "share_with_authors": "With a byline, %", "share_truncated": "Only a teaser, %",
    "share_shared": "Shared with others, %", "share_corrected": "Corrected, %",
    "share_with_warnings": "With warnings, %",
}
SHOWN_DAYS = timedelta(days=90)


def show() -> None:
    cards = frame("outlets")
    if cards.empty:
        st.title("Outlets")
        parts.empty("No article is loaded yet.")
        return
    domains = ["", *sorted(str(d) for d in cards["outlet_domain"].dropna())]
    domain = st.selectbox(
        "Outlet", domains, format_func=lambda each: each or "All outlets", key="domain", bind="query-params"
    )
    if domain:
        _outlet(cards[cards["outlet_domain"] == domain].iloc[0], cards)
    else:
        _all(cards)
    _volume(domain or None)
    _shared(domain or None)


def _all(cards: pd.DataFrame) -> None:
    st.title("Outlets")
    st.header("Scorecards")
    known = cards.dropna(subset=["outlet_domain"])
    parts.table(
        known, "Outlets",
        {
            "outlet_domain": "Outlet", "outlet_name": "Name", "articles": "Articles", "stories": "Stories", **SHARES,
            "mean_words": "Mean words",
        },
        links={"outlet_domain": ("Outlets", "domain", "outlet_domain")},
    )


def _outlet(card: pd.Series, cards: pd.DataFrame) -> None:
    st.title(parts.plain(card["outlet_name"] if isinstance(card["outlet_name"], str) else card["outlet_domain"]))
    cells = st.columns(4)
    cells[0].metric("Articles", f"{int(card['articles']):,}", border=True)
    cells[1].metric("Stories", f"{int(card['stories']):,}", border=True)
    cells[2].metric("Mean words", "–" if pd.isna(card["mean_words"]) else f"{card['mean_words']:.0f}", border=True)
    cells[3].metric("Last fetched", parts.said(pd.Timestamp(card["last_fetched_at"]).date()), border=True)
    st.header("Beside the other outlets")
    beside = pd.DataFrame({
        "what": [label.removesuffix(", %") for label in SHARES.values()], "share": [card[share] for share in SHARES],
        "median": [cards[share].median() for share in SHARES],
    })
    drawn, listed = st.tabs(["Chart", "Table"])
    with drawn:
        parts.chart(charts.beside(beside), "Shares of the outlet's articles, beside the median of all outlets.")
    with listed:
        parts.table(beside, "Scorecard", {"what": "Articles", "share": "Of its articles, %", "median": "Median, %"})


def _volume(domain: str | None) -> None:
    newest = parts.newest_day()
    if newest is None:
        return
    days = frame("volume", newest - SHOWN_DAYS, newest, domain)
    st.header("Articles by day")
    if days.empty:
        parts.empty(f"It has no article of the {SHOWN_DAYS.days} days to {parts.said(newest)}.")
        return
    days = days.assign(originals=days["articles"] - days["copies"])
    drawn, listed = st.tabs(["Chart", "Table"])
    with drawn:
        parts.chart(
            charts.by_day(days, {"originals": "Articles of their own", "copies": "Copies"}), "Articles by day."
        )
    with listed:
        parts.table(
            days, "Articles by day", {"day": "Day", "articles": "Articles", "copies": "Copies", "outlets": "Outlets"}
        )


def _shared(domain: str | None) -> None:
    st.header("Stories that others carry too" if domain else "Stories that most outlets carry")
    stories = frame("shared_stories", domain)
    if stories.empty:
        st.info("No story was published by more than one address.", icon=":material/content_copy:")
        return
    parts.table(
        stories, "Shared stories",
        {
            "title": "Headline", "outlet": "First outlet", "articles": "Articles", "outlets": "Outlets",
            "first_at": "Published first", "spread_hours": "Hours to the last copy",
        },
        links={"outlet": ("Outlets", "domain", "outlet")},
    )
