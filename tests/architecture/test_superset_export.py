"""The dashboard for Superset is current, asks only for what the marts have, and holds no password."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.warehouse.duckdb import DuckDBWarehouse
from tests.architecture.marts import marts
from tests.architecture.pages import SUPERSET
from tests.architecture.superset_export import METRICS, URI, superset_export


def folder(name: str) -> dict[str, Any]:
    """The files of a folder, by their names without the ending."""
    return {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted((SUPERSET / name).rglob("*.yaml"))}


DATASETS = {dataset["uuid"]: dataset for dataset in folder("datasets").values()}
CHARTS = folder("charts")
(DASHBOARD,) = folder("dashboards").values()
(DATABASE,) = folder("databases").values()


def test_the_folder_is_up_to_date() -> None:
    found = {str(path.relative_to(SUPERSET)): path.read_text("utf-8") for path in SUPERSET.rglob("*.yaml")}
    assert found == superset_export(), "run `make docs`"


@pytest.mark.parametrize("title", CHARTS)
def test_a_chart_asks_only_for_columns_and_metrics_of_its_dataset(title: str) -> None:
    chart = CHARTS[title]
    dataset = DATASETS[chart["dataset_uuid"]]
    asked = chart["params"]
    columns = {
        *asked.get("all_columns", ()), *asked.get("groupby", ()), *asked.get("column_config", ()),
        *(each["subject"] for each in asked["adhoc_filters"]),
        *(asked[name] for name in ("x_axis", "entity", "granularity_sqla") if name in asked),
    }
    metrics = {*asked.get("metrics", ()), *([asked["metric"]] if "metric" in asked else ())}
    assert columns | metrics
    assert columns - {column["column_name"] for column in dataset["columns"]} == set()
    assert metrics - {metric["metric_name"] for metric in dataset["metrics"]} == set()


def test_metrics_run_and_are_not_named_like_columns(prepared: Path) -> None:
    columns = {mart.name: {column.name for column in mart.columns} for mart in marts()}
    warehouse = DuckDBWarehouse(prepared)
    for mart, metrics in METRICS.items():
        assert metrics.keys() & columns[mart] == set()
        asked = ", ".join(expression for expression, _ in metrics.values())
        assert len(warehouse.query(f"SELECT {asked} FROM marts.{mart}").rows) == 1


def test_the_dashboard_has_every_chart_and_no_row_is_wider_than_the_page() -> None:
    parts = [part for part in DASHBOARD["position"].values() if isinstance(part, dict)]
    shown = [part["meta"]["uuid"] for part in parts if part["type"] == "CHART"]
    assert sorted(shown) == sorted(chart["uuid"] for chart in CHARTS.values())
    for row in (part for part in parts if part["type"] == "ROW"):
        assert sum(DASHBOARD["position"][name]["meta"]["width"] for name in row["children"]) == 12


def test_the_address_has_no_password() -> None:
    assert DATABASE["sqlalchemy_uri"] == URI
    assert ":" not in URI.split("//")[1].split("@")[0]
