"""The description of the warehouse for dbt is current, and names every table, mart, join and saved query."""

from __future__ import annotations

import re

import yaml

from pipelines.resolve.layout import layout
from pipelines.warehouse.questions import mart_examples
from pipelines.warehouse.saved import saved_queries
from tests.architecture.dbt_sources import dbt_sources
from tests.architecture.pages import DBT_SOURCES

FOUND = yaml.safe_load(DBT_SOURCES.read_text("utf-8"))
SOURCES = {source["name"]: {table["name"]: table for table in source["tables"]} for source in FOUND["sources"]}


def test_the_file_is_up_to_date() -> None:
    assert DBT_SOURCES.read_text("utf-8") == dbt_sources(), "run `make docs`"


def test_every_table_and_mart_is_a_source_with_its_comment() -> None:
    assert SOURCES["dateline"].keys() == layout().keys()
    assert {name: table["description"] for name, table in SOURCES["marts"].items()} == {
        mart.name: mart.comment for mart in mart_examples()
    }
    columns = [c for tables in SOURCES.values() for table in tables.values() for c in table["columns"]]
    assert [column for column in columns if not column["description"]] == []


def test_every_join_leads_to_a_column() -> None:
    joins = [
        test["relationships"]["arguments"]
        for tables in SOURCES.values() for table in tables.values() for column in table["columns"]
        for test in column.get("data_tests", []) if isinstance(test, dict)
    ]
    assert len(joins) > 20
    for join in joins:
        source, name = re.findall(r"'(\w+)'", join["to"])
        assert join["field"] in {column["name"] for column in SOURCES[source][name]["columns"]}


def test_every_saved_query_depends_on_sources_that_are_there() -> None:
    assert [exposure["name"] for exposure in FOUND["exposures"]] == list(saved_queries())
    for exposure in FOUND["exposures"]:
        named = [re.findall(r"'(\w+)'", each) for each in exposure["depends_on"]]
        assert named
        assert [(source, table) for source, table in named if table not in SOURCES[source]] == []
