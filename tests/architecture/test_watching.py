"""The dashboard and the alert rules use metrics that exist, and name sections of the run book that exist."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from flows.metrics.families import families
from flows.metrics.figures import LedgerFigures, RunFigures, Seen, WarehouseFigures
from flows.metrics.tally import Delays, Tally
from pipelines.settings import Settings
from pipelines.sources.offsets import Topic
from pipelines.warehouse import OutboxStanding
from tests.architecture.pages import ROOT

AT = datetime(2026, 3, 4, tzinfo=UTC)
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "infra/prometheus/alerts.yaml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
DASHBOARD = json.loads((ROOT / "infra/grafana/dateline.json").read_text("utf-8"))
RUN_BOOK = (ROOT / "docs/operations.md").read_text("utf-8")
METRIC = re.compile(r"\bdateline_[a-z_]+\b")


def samples() -> dict[str, set[str]]:
    """Every sample that a scrape can have, with the names of its labels."""
    tally = Tally(
        1, {0: 1}, {"s"}, last_message_at={"s": AT}, batches=1, batch_seconds=1.0,
    )
    tally.records["s", "loaded"] = 1
    tally.delays["message"] = tally.delays["fetch"] = Delays()
    warehouse = WarehouseFigures(
        tally, AT, (RunFigures("ingest", "completed", 1, AT, 1.0), RunFigures("ingest", "running", 1, None, 0.0)),
        (("s", 1),), (OutboxStanding("t", 1, AT, None, None), OutboxStanding("t", 1, AT, None, None, "articles")),
    )
    seen = Seen("0", "t", 1, warehouse, Topic("t", "", {0: (0, 1)}), LedgerFigures(0, AT), 0.1)
    found: dict[str, set[str]] = {}
    for family in families(seen):
        assert family.samples, family.name
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


SAMPLES = samples()


def expressions() -> list[str]:
    targets = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return targets + [rule["expr"] for rule in RULES]


def anchors() -> set[str]:
    """The anchors of the run book's headings, as Markdown viewers make them."""
    headings = [line.lstrip("# ") for line in RUN_BOOK.splitlines() if line.startswith("#")]
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_uses_metrics_and_labels_that_exist(expression: str) -> None:
    named = set(METRIC.findall(expression))
    assert named and named - SAMPLES.keys() == set()
    labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", expression))
    labels |= {label for group in re.findall(r"\bby \(([^)]*)\)", expression) for label in re.split(r",\s*", group)}
    assert labels - {"instance"} - {label for name in named for label in SAMPLES[name]} == set()


def test_every_metric_is_on_the_dashboard_or_in_an_alert_and_in_the_run_book() -> None:
    described = set(METRIC.findall(RUN_BOOK))
    shown = {name for expression in expressions() for name in METRIC.findall(expression)}
    families_of = {re.sub(r"_(bucket|sum|count)$", "", name): name for name in SAMPLES}
    assert families_of.keys() - described == set()
    assert described - families_of.keys() == set()
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown} | {
        "dateline_build_info", "dateline_last_success_timestamp_seconds",
    } >= families_of.keys()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_leads_to_a_section_of_the_run_book(rule: dict[str, Any]) -> None:
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert (page, anchor in anchors()) == ("docs/operations.md", True)
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"].endswith(".")


def test_the_rules_are_tested_by_their_names() -> None:
    tested = yaml.safe_load((ROOT / "infra/prometheus/alerts.test.yaml").read_text("utf-8"))["tests"]
    named = {one["alertname"] for test in tested for one in test["alert_rule_test"]}
    assert named | {"DatelineLagGrows"} == {rule["alert"] for rule in RULES}


def test_prometheus_scrapes_the_port_that_metrics_are_served_on_and_waits_longer_than_a_scrape_takes() -> None:
    read = yaml.safe_load((ROOT / "infra/prometheus/prometheus.yaml").read_text("utf-8"))
    served = Settings().metrics
    (job,) = read["scrape_configs"]
    assert job["static_configs"] == [{"targets": [f"metrics:{served.port}"]}]
    assert float(read["global"]["scrape_timeout"].removesuffix("s")) > served.timeout_s
    assert read["rule_files"] == ["alerts.yaml"]


def test_panels_have_different_ids_and_do_not_overlap() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for at in (panel["gridPos"] for panel in panels)
        for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == 23
