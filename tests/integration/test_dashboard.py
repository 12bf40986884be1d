"""The dashboard in a browser: it renders without a complaint, asks no other host, and axe finds no serious fault."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import axe_core_python
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from pipelines.warehouse import load_batch, open_warehouse
from tests.warehouse.batches import FALK, FALK_MENTION, MARROWBY, MARROWBY_MENTION, carried, later, refused, stage

AXE = Path(axe_core_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
TITLES = {"News": "The news now", "Entity": "Ines Falk", "Outlets": "Outlets", "Pipeline": "The pipeline"}
DONE = """
    document.querySelector("h1")
    && !document.querySelector("[data-testid=stSkeleton], [data-testid=stStatusWidget], [data-stale=true]")
"""

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is on PATH (Debian: apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard on a small warehouse, as its user starts it."""
    folder = tmp_path_factory.mktemp("dashboard")
    url = f"duckdb:///{folder}/news.duckdb"
    warehouse = open_warehouse(url)
    warehouse.prepare()
    named = {"mentions": (MARROWBY_MENTION, FALK_MENTION), "entities": (FALK, MARROWBY)}
    load_batch(warehouse, stage(
        folder, carried(0, published_at=later(-48), **named),
        carried(1, article_id="1" * 32, content_hash="1" * 64, title="<img src=x onerror=alert(1)> Pier vote",
                published_at=later(-24), **named),
        refused(2),
    ))
    command = [
        sys.executable, "-c", "from flows.cli.app import main; main()", "dashboard", "--no-browser", "--port", "0",
        "--warehouse", url,
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "DATELINE_HOME": str(folder / "home")}
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"http://[0-9.:]+", said)
            assert found, said
            yield found[0]
        finally:
            process.terminate()
            assert process.wait(20) in {0, 128 + 15}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@contextmanager
def opened(browser: Browser, url: str, *, width: int = 1280, scheme: str = "light") -> Iterator[tuple[Page, list[str]]]:
    """The page, once it is complete, with whatever it wrote on the console and whatever it asked of another host."""
    complaints: list[str] = []
    host = url.split("/")[2]

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()
    page.on("console", heard)
    page.on("pageerror", lambda fault: complaints.append(str(fault)))
    page.on("request", lambda asked: complaints.append(asked.url) if asked.url.split("/")[2:3] != [host]
            and asked.url.startswith(("http", "ws")) else None)
    try:
        page.goto(url, timeout=120_000)
        page.wait_for_function(DONE, timeout=120_000)
        yield page, complaints
    finally:
        context.close()


@pytest.fixture(scope="module", autouse=True)
def warm(address: str, browser: Browser) -> None:
    """The server answers, and has loaded its libraries."""
    for _ in range(60):
        page = browser.new_page()
        try:
            page.goto(address, timeout=60_000)
        except Exception as fault:
            if "ERR_CONNECTION_REFUSED" not in str(fault):
                raise
            page.wait_for_timeout(500)
        else:
            page.wait_for_function(DONE, timeout=120_000)
            return
        finally:
            page.close()
    pytest.fail("the dashboard did not answer")


@pytest.mark.parametrize("view", TITLES)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_view_renders_without_a_complaint(
    address: str, browser: Browser, view: str, width: int, scheme: str
) -> None:
    with opened(browser, f"{address}/?view={view}", width=width, scheme=scheme) as (page, complaints):
        assert page.locator("h1").all_inner_texts() == [TITLES[view]]
        assert page.locator("[data-testid=stException]").count() == 0
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        page.evaluate(AXE)
        found = page.evaluate("axe.run()")["violations"]
        assert [
            (each["id"], each["nodes"][0]["html"][:200]) for each in found if each["impact"] in {"serious", "critical"}
        ] == []
        assert complaints == []


def test_a_view_is_chosen_by_the_keyboard_and_has_an_address(address: str, browser: Browser) -> None:
    with opened(browser, f"{address}/?view=News") as (page, complaints):
        page.get_by_role("radio", name="Outlets").or_(page.get_by_role("button", name="Outlets")).first.focus()
        page.keyboard.press("Enter")
        page.wait_for_function("document.querySelector('h1')?.innerText === 'Outlets'", timeout=60_000)
        assert "view=Outlets" in page.url
        assert complaints == []


def test_markup_of_a_headline_is_text_and_a_table_is_saved_as_csv(
    address: str, browser: Browser, tmp_path: Path
) -> None:
    with opened(browser, f"{address}/?view=Entity") as (page, complaints):
        expect(page.get_by_text("<img src=x onerror=alert(1)> Pier vote", exact=True)).to_have_count(1, timeout=60_000)
        with page.expect_download(timeout=60_000) as saving:
            page.get_by_role("button", name="CSV").last.click()
        saving.value.save_as(tmp_path / "stories.csv")
        lines = (tmp_path / "stories.csv").read_text(encoding="utf-8").splitlines()
        assert lines[0] == "first_at,title,outlet,outlets,articles,mentions,in_titles,story_id"
        assert len(lines) == 3
        assert complaints == []
