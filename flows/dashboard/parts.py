"""Parts that the views of the dashboard share: weeks, charts with their tables, links and messages."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import numpy as np
import pandas as pd
import streamlit as st

from flows.dashboard.charts import Drawn
from flows.dashboard.reading import frame

if TYPE_CHECKING:
    from collections.abc import Mapping

WEEK = timedelta(days=7)
KINDS = {
    "Everyone and everything": None, "People": "PER", "Organisations": "ORG", "Places": "LOC", "Other names": "MISC",
}
SHOWN_ROWS, LONGEST = 25, 300
KIND_WORDS = {"PER": "person", "ORG": "organisation", "LOC": "place", "MISC": "other"}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>$:~&^=@])")


def plain(text: object) -> str:
    """A text from a page as Markdown that shows just these characters: no markup, link, image, formula or icon.

    >>> plain("![x](https://tracker.example) <b> :red[*]")
    '\\\\!\\\\[x\\\\]\\\\(https\\\\:\\\\/\\\\/tracker\\\\.example\\\\) \\\\<b\\\\> \\\\:red\\\\[\\\\*\\\\]'
    """
    return _MARKDOWN.sub(r"\\\1", " ".join(str(text).split())).replace("/", "\\/")


def newest_day() -> date | None:
    """The newest day with articles; None in a warehouse without any."""
    found = frame("newest_day")
    day = found["day"].iloc[0] if len(found) else None
    return None if day is None or pd.isna(day) else pd.Timestamp(day).date()


def week_chosen(newest: date) -> tuple[date, date, date]:
    """The first and the last day of the week that the reader chose, and the first day of the week before it."""
    last = st.date_input(
        "Week that ends on", value=newest, max_value=newest, key="until", bind="query-params",
        format="YYYY-MM-DD",
    )
    last = last if isinstance(last, date) else newest
    first = last - WEEK + timedelta(days=1)
    return first, last, first - WEEK


def said(day: date) -> str:
    """
    >>> said(date(2026, 3, 9))
    '9 March 2026'
    """
    return f"{day.day} {day:%B %Y}"


def chart(drawn: Drawn, alt_text: str) -> None:
    """A chart in the colours of the theme, with a description for readers who do not see it."""
    st.altair_chart(drawn, width="stretch", alt=alt_text)


def table(
    data: pd.DataFrame, name: str, columns: Mapping[str, str], *,
    links: Mapping[str, tuple[str, str, str]] | None = None,
) -> None:
    """A table of the first ``SHOWN_ROWS`` rows, with a button that saves all of them as CSV.

    ``columns`` has the labels of the columns that are shown. A label that ends in ``%`` is of a share, 0 to 1.
    ``links`` makes the texts of a column links: to a view, with a parameter, whose value is in another column. Without
    rows there is a sentence: Streamlit's own word for it is too pale to read.
    """
    if data.empty:
        st.markdown("There are no rows.")
        return
    rows = data.head(SHOWN_ROWS)
    shown = {label: [cell(v, is_share=label.endswith("%")) for v in rows[key]] for key, label in columns.items()}
    for key, (view, parameter, of) in (links or {}).items():
        texts, values = shown[columns[key]], rows[of]
        shown[columns[key]] = [
            text if pd.isna(value) else f"[{text}]({address(view, **{parameter: str(value)})})"
            for text, value in zip(texts, values, strict=True)
        ]
    st.table(pd.DataFrame(shown), border="horizontal", hide_index=True, alt=name)
    st.download_button(
        "CSV" if len(data) <= SHOWN_ROWS else f"CSV with all {len(data):,} rows", lambda: to_csv(data),
        file_name=f"{name.replace(' ', '-').lower()}.csv", mime="text/csv", key=f"csv {name}",
        icon=":material/download:", type="tertiary", on_click="ignore", help=f"Save the table “{name}” as CSV",
    )


def cell(value: object, *, is_share: bool = False) -> str:  # noqa: PLR0911  one for each type
    """A value as Markdown.

    >>> cell(1234), cell(0.25, is_share=True), cell(2.04), cell(None), cell("*a*"), cell(True)
    ('1,234', '25 %', '2.0', '–', '\\\\*a\\\\*', 'yes')
    """
    if isinstance(value, str):
        return plain(value if len(value) <= LONGEST else value[:LONGEST] + "…")
    if value is None or pd.isna(value):  # type: ignore[call-overload]  # a scalar
        return "–"
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, (float, np.floating, Decimal)):
        return f"{value:.0%}".replace("%", " %") if is_share else f"{value:,.1f}"
    return plain(value)


def to_csv(data: pd.DataFrame) -> bytes:
    """CSV in which no cell is a formula: a text that a spreadsheet would run is given a leading apostrophe.

    >>> to_csv(pd.DataFrame({"title": ["=1+1", "-5 degrees", "News"]})).decode().split()
    ['title', "'=1+1", "'-5", 'degrees', 'News']
    """
    return data.map(lambda v: f"'{v}" if isinstance(v, str) and v[:1] in "=+-@\t\r" else v).to_csv(index=False).encode()


def empty(what: str) -> None:
    """Says that there is nothing to show, and what to do about it."""
    st.info(f"{what} Load articles with `dateline ingest`, or try `dateline demo`.", icon=":material/inbox:")


def address(view: str, **parameters: str) -> str:
    """
    >>> address("Entity", id="a b")
    '/?view=Entity&id=a%20b'
    """
    return "/?" + urlencode({"view": view, **parameters}, quote_via=quote)
