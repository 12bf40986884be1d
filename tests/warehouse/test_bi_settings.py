"""What ``infra`` has for Grafana and notebooks runs on a warehouse with the samples: each query, and each cell."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from pipelines.warehouse import load_batch
from tests.architecture.pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.stage import StagedBatch
    from pipelines.warehouse.duckdb import DuckDBWarehouse
    from pipelines.warehouse.postgres.warehouse import PostgresWarehouse

GRAFANA = ROOT / "infra/grafana"
NEWS = json.loads((GRAFANA / "news.json").read_text("utf-8"))
QUERIES = {panel["title"]: target["rawSql"] for panel in NEWS["panels"] for target in panel["targets"]}
NOTEBOOK = json.loads((ROOT / "infra/bi/news.ipynb").read_text("utf-8"))
CELLS = ["".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


def expanded(query: str) -> str:
    """A query as Grafana sends it: with the dashboard's time for its macro."""
    return re.sub(r"\$__timeFilter\((\w+)\)", r"\1 BETWEEN '2026-01-01T00:00:00Z' AND '2027-01-01T00:00:00Z'", query)


def test_every_query_of_grafanas_news_finds_rows(postgres_warehouse: PostgresWarehouse, samples: StagedBatch) -> None:
    load_batch(postgres_warehouse, samples)
    found = {title: len(postgres_warehouse.query(expanded(query)).rows) for title, query in QUERIES.items()}
    assert [title for title, rows in found.items() if not rows] == []
    assert all("$" not in expanded(query) and "marts." in query for query in QUERIES.values())


def test_panels_do_not_overlap_and_fill_rows() -> None:
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in NEWS["panels"])
        for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells)) == 24 * (1 + max(y for _, y in cells))


def test_grafana_takes_the_address_and_the_password_from_the_environment() -> None:
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/dateline.yaml").read_text("utf-8"))["datasources"]
    given = [source["url"], source["user"], source["jsonData"]["database"], *source["secureJsonData"].values()]
    assert [value for value in given if not re.fullmatch(r"\$GF_DATELINE_\w+", value)] == []
    assert NEWS["templating"]["list"][0]["current"]["value"] == source["uid"]


def test_the_notebook_runs_and_draws_two_charts(
    duckdb_warehouse: DuckDBWarehouse, samples: StagedBatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_batch(duckdb_warehouse, samples)
    snapshot = tmp_path / "snapshot.duckdb"
    duckdb_warehouse.copy_to(snapshot)
    monkeypatch.setenv("DATELINE_SNAPSHOT__PATH", str(snapshot))
    names: dict[str, Any] = {}
    for number, cell in enumerate(CELLS, 1):
        exec(compile(cell, f"<cell {number}>", "exec"), names)
    names["con"].close()
    for chart in ("volume_chart", "rising_chart"):
        drawn = names[chart].to_dict()
        assert drawn["mark"]["type"] == "bar"
        assert len(drawn["datasets"][drawn["data"]["name"]]) > 10
    assert len(names["scorecard"]) > 5


def test_the_notebook_is_stored_without_results() -> None:
    assert NOTEBOOK["nbformat"] == 4
    assert [c for c in NOTEBOOK["cells"] if c.get("outputs") or c.get("execution_count")] == []
