"""What the dashboard reads: fixed queries on the marts, each result kept for a minute.

A DuckDB warehouse is opened for the length of a query only, so that no run waits for an open page; if a snapshot is
configured and there, that file is read instead.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from pipelines.environment import read_settings
from pipelines.warehouse import Warehouse, open_warehouse
from pipelines.warehouse.statements import statements

if TYPE_CHECKING:
    from pipelines.settings import Settings

KEPT_S = 60
MOST_ROWS = 20_000


@st.cache_data(ttl=KEPT_S, max_entries=500, show_spinner=False)
def frame(name: str, *parameters: Any) -> pd.DataFrame:
    """The result of ``sql/dashboard/<name>.sql`` with these parameters.

    Raises ``WarehouseFault`` if the warehouse is missing or cannot be read, and ``QueryStopped`` if it takes too long.
    """
    settings = read_settings()
    (statement,) = statements("dashboard", f"{name}.sql")
    with readable(settings).answer(statement, parameters, within_s=settings.query.timeout_s) as found:
        return pd.DataFrame(list(islice(found.rows, MOST_ROWS)), columns=list(found.columns))


def readable(settings: Settings) -> Warehouse:
    """The warehouse of the settings, or its snapshot."""
    snapshot = settings.snapshot.path
    if snapshot is not None and snapshot.exists():
        return open_warehouse(f"duckdb:///{snapshot}")
    return open_warehouse(settings.warehouse_url)
