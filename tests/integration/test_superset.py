"""Superset imports the dashboard of ``infra/bi/superset`` and draws every chart of it, on a month of news.

Superset is not among Dateline's packages: ``make superset-check SUPERSET=/path/to/venv/bin`` names an environment that
has it. ``SCREENSHOT=file.png`` keeps a picture of the dashboard.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Page, Response, sync_playwright

from flows.local.processes import choose_ports
from pipelines.warehouse import load_batch
from pipelines.warehouse.postgres import PostgresWarehouse
from tests.architecture.pages import SUPERSET
from tests.architecture.superset_export import CHARTS, DATABASE
from tests.warehouse.sampled import MONTH_LOADED_AT, month_batches

SETTING = "DATELINE_TEST_SUPERSET"
PROGRAMS = os.environ.get(SETTING)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
READER = """
CREATE ROLE analyst LOGIN PASSWORD 'reads-only';
GRANT USAGE ON SCHEMA public, marts TO analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA public, marts TO analyst;
"""
"""The user that infra/bi/README.md asks for."""
RUN = """
import json, sys
from superset.app import create_app
from superset.cli.main import superset

runner = create_app().test_cli_runner()
for command in json.load(sys.stdin):
    done = runner.invoke(superset, command)
    if done.exit_code:
        sys.exit(f"superset {command[0]}: {done.output} {done.exception!r}")
"""
DRAWN = """
    number => {
        const charts = [...document.querySelectorAll(".dashboard-component-chart-holder")];
        return charts.length === number
            && charts.every(chart => chart.querySelector(".slice_container canvas, .slice_container table, "
                + ".slice_container svg, .slice_container .header-line, .ant-alert, .ant-empty"))
            && !document.querySelector("[data-test=loading-indicator], .loading");
    }
"""
COMPLAINTS = """
    () => [...document.querySelectorAll(".ant-alert, .ant-empty, .alert-danger")].map(each => each.innerText)
"""

pytestmark = [
    pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(2400),
    pytest.mark.skipif(PROGRAMS is None, reason=f"{SETTING} names no environment with Superset (infra/bi/README.md)"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is on PATH (Debian: apt-get install chromium)"),
]


@dataclass(frozen=True, slots=True)
class Superset:
    """An installation of Superset with a home of its own, and a user ``admin``."""

    programs: Path
    home: Path
    password: str

    def prepare(self) -> None:
        self.home.mkdir()
        (self.home / "superset_config.py").write_text(
            f"SECRET_KEY = {secrets.token_urlsafe(42)!r}\n"
            f"SQLALCHEMY_DATABASE_URI = 'sqlite:///{self.home}/superset.db'\n"
            "WTF_CSRF_ENABLED = False  # the test signs in without the form\n"
            "TALISMAN_ENABLED = False  # it asks for HTTPS\n"
            "FEATURE_FLAGS = {'DASHBOARD_VIRTUALIZATION': False}  # charts out of view are drawn, too\n",
            "utf-8",
        )
        self.run(
            ["db", "upgrade"],
            ["fab", "create-admin", "--username", "admin", "--firstname", "Test", "--lastname", "Admin",
             "--email", "admin@superset.example", "--password", self.password],
            ["init"],
        )

    def run(self, *commands: Sequence[str]) -> None:
        """Run commands of ``superset``, one after the other in one process: a start of it takes many seconds."""
        done = subprocess.run(
            [self.programs / "python", "-c", RUN], input=json.dumps(commands), env=self._environment,
            capture_output=True, text=True, check=False,
        )
        assert done.returncode == 0, f"{done.stdout[-1000:]}\n{done.stderr[-3000:]}"

    @contextlib.contextmanager
    def serving(self) -> Iterator[str]:
        """The address of its server, for as long as the block lasts."""
        (port,) = choose_ports(self.home / "ports", 1)
        with (self.home / "server.log").open("wb") as log, subprocess.Popen(
            [self.programs / "superset", "run", "--host", "127.0.0.1", "--port", str(port), "--with-threads"],
            env=self._environment, stdout=log, stderr=log,
        ) as process:
            try:
                address = f"http://127.0.0.1:{port}"
                self._wait(process, address)
                yield address
            finally:
                process.terminate()

    def _wait(self, process: subprocess.Popen[bytes], address: str) -> None:
        end = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{address}/health", timeout=10).is_success:
                    return
            time.sleep(0.5)
        pytest.fail(f"Superset does not serve: {(self.home / 'server.log').read_text('utf-8')[-3000:]}")

    @property
    def _environment(self) -> Mapping[str, str]:
        return {
            "PATH": os.environ["PATH"], "HOME": str(self.home), "SUPERSET_HOME": str(self.home),
            "FLASK_APP": "superset",
            "SUPERSET_CONFIG_PATH": str(self.home / "superset_config.py"),
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said to the query of a chart: its status, and the number of rows."""

    status: int
    rows: int
    text: str


@pytest.fixture
def reader(postgres: str, tmp_path: Path) -> Iterator[str]:
    """The address of a PostgreSQL warehouse with the month of samples, for a user who may only read."""
    warehouse = PostgresWarehouse(postgres, clock=lambda: MONTH_LOADED_AT)
    warehouse.prepare()
    for batch in month_batches(tmp_path / "staged"):
        load_batch(warehouse, batch)
    assert warehouse.query("SELECT count(*) FROM articles").rows[0][0] > 300
    with psycopg.connect(postgres, autocommit=True) as con:
        con.execute(READER)
        try:
            yield re.sub("//.*@", "//analyst:reads-only@", postgres)
        finally:
            con.execute("DROP OWNED BY analyst; DROP ROLE analyst")


@pytest.fixture
def superset(tmp_path: Path) -> Superset:
    assert PROGRAMS is not None
    made = Superset(Path(PROGRAMS), tmp_path / "superset", secrets.token_urlsafe())
    made.prepare()
    return made


def test_every_chart_of_the_dashboard_is_drawn(superset: Superset, reader: str, tmp_path: Path) -> None:
    export = tmp_path / "superset.zip"
    with zipfile.ZipFile(export, "w") as bundle:
        for path in sorted(SUPERSET.rglob("*.yaml")):
            bundle.write(path, f"superset/{path.relative_to(SUPERSET)}")
    superset.run(
        ["import-dashboards", "--path", str(export), "--username", "admin"],
        ["set-database-uri", "-d", DATABASE, "-u", reader.replace("postgresql:", "postgresql+psycopg2:", 1)],
    )
    with superset.serving() as address, chromium() as browser:
        page, answers = opened(browser, address, superset.password)
        page.wait_for_function(DRAWN, arg=len(CHARTS), timeout=300_000)
        Path(os.environ.get("SCREENSHOT") or tmp_path / "dashboard.png").write_bytes(settled(page))
        assert page.evaluate(COMPLAINTS) == []
        assert [answer for answer in answers if answer.status != 200 or not answer.rows] == []
        assert len(answers) >= len(CHARTS)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(browser: Browser, address: str, password: str) -> tuple[Page, list[Answer]]:
    """The dashboard, of which every chart is in view, and the answers to its charts' queries as they come."""
    page = browser.new_page(viewport={"width": 1600, "height": 3000})
    page.request.post(f"{address}/login/", form={"username": "admin", "password": password})
    answers: list[Answer] = []

    def heard(response: Response) -> None:
        if "/api/v1/chart/data" in response.url or "/explore_json/" in response.url:
            body: Any = response.json() if response.ok else {}
            first = body["result"][0] if "result" in body else body
            answers.append(Answer(response.status, len(first.get("data") or ()), response.text()[:300]))

    page.on("response", heard)
    page.goto(f"{address}/superset/dashboard/dateline/?standalone=1", timeout=120_000)
    return page, answers


def settled(page: Page) -> bytes:
    """A picture of the page, taken when the charts no longer move."""
    before = b""
    while (now := page.screenshot()) != before:
        before = now
    return now
