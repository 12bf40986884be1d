"""dbt reads the description of the warehouse, and finds its keys and joins true of the samples.

dbt is not among Dateline's packages: ``make dbt-check DBT=/path/to/venv/bin`` names an environment that has it, with
its adapter for DuckDB.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pipelines.stage import StagedBatch
from pipelines.warehouse import load_batch, saved_queries
from pipelines.warehouse.duckdb import DuckDBWarehouse

SETTING = "DATELINE_TEST_DBT"
PROGRAMS = os.environ.get(SETTING)
PROJECT = Path(__file__).parents[2] / "infra/bi/dbt"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAMS is None, reason=f"{SETTING} names no folder of programs with dbt in it"),
]


def dbt(project: Path, *arguments: str) -> str:
    """What dbt prints. It fails the test if it ends with an error."""
    places = ("--project-dir", str(project), "--profiles-dir", str(project))
    command = [f"{PROGRAMS}/dbt", "--no-use-colors", *arguments, *places]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=240,
        env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_dbt_reads_the_sources_and_their_tests_pass(
    duckdb_warehouse: DuckDBWarehouse, samples: StagedBatch, tmp_path: Path
) -> None:
    load_batch(duckdb_warehouse, samples)
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project)
    output = {"type": "duckdb", "path": str(duckdb_warehouse.path)}
    profile = {"dateline": {"target": "news", "outputs": {"news": output}}}
    project.joinpath("profiles.yml").write_text(json.dumps(profile), "utf-8")  # JSON is YAML
    dbt(project, "parse")
    exposures = dbt(project, "ls", "--resource-type", "exposure", "--quiet").split()
    assert len(exposures) == len(saved_queries())
    done = re.search(r"PASS=(\d+) WARN=(\d+) ERROR=(\d+)", dbt(project, "test"))
    assert done is not None
    assert int(done[1]) > 100
    assert done.group(2, 3) == ("0", "0")
