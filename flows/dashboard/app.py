"""The dashboard: a web page on the marts. Started by ``dateline dashboard``, as a script of Streamlit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from flows.dashboard import parts
from flows.dashboard.views import entity, news, outlets, pipeline
from flows.faults import explain
from pipelines.warehouse import WarehouseFault
from pipelines.warehouse.interface import WarehouseMissing


def shown(view: Callable[[], None]) -> None:
    """Shows the view; if the warehouse cannot be read, what is wrong with it."""
    try:
        view()
    except WarehouseMissing:
        parts.empty("There is no warehouse yet.")
    except WarehouseFault as fault:
        said = explain(fault)
        st.error(parts.plain(said.why), icon=":material/error:")
        if said.do:
            st.markdown(f"**What to do:** {parts.plain(said.do)}")


VIEWS = {"News": news.show, "Entity": entity.show, "Outlets": outlets.show, "Pipeline": pipeline.show}


def main() -> None:
    st.set_page_config(page_title="Dateline", page_icon=str(Path(__file__).with_name("icon.png")), layout="wide")
    chosen = st.segmented_control(
        "View", list(VIEWS), default="News", required=True, key="view", bind="query-params",
        label_visibility="collapsed",
    )
    shown(VIEWS[chosen or "News"])


if __name__ == "__main__":  # so it is run by Streamlit
    main()
