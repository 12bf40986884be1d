"""The documents name the commands, settings, contracts and tables that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
import typer

from flows.cli.app import app
from flows.faults import _CODES, _in_words
from pipelines.records import GapKind
from tests.architecture.pages import PAGES, ROOT, settings_page

README = (ROOT / "README.md").read_text("utf-8")
PAPERS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "pipelines/README.md", "infra/decisions/README.md",
          "docs/operations.md", "docs/scale.md", "infra/README.md")


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert (ROOT / "docs" / name).read_text("utf-8") == PAGES[name](), "run `make docs`"


def commands() -> Iterator[str]:
    def walk(group: Any, before: str) -> Iterator[str]:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from walk(command, f"{before} {name}")
            else:
                yield f"{before} {name}"

    top = typer.main.get_command(app)
    assert hasattr(top, "commands")
    yield from walk(top, "dateline")


def test_every_command_is_in_the_readme() -> None:
    assert [command for command in commands() if f"`{command}" not in README] == []


def test_the_readme_names_no_command_that_is_not_there() -> None:
    known = {tuple(command.split()) for command in commands()}
    groups = {words[:2] for words in known if len(words) == 3}
    named = {tuple(found.split()) for found in re.findall(r"`(dateline [a-z]+(?: [a-z]+)?)", README)}
    wrong = [words for words in named if words[:2] not in {k[:2] for k in known}]
    assert wrong == []
    assert [words for words in named if words[:2] in groups and len(words) == 3 and words not in known] == []


@pytest.mark.parametrize("paper", PAPERS)
def test_links_lead_somewhere(paper: str) -> None:
    here = (ROOT / paper).parent
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", (ROOT / paper).read_text("utf-8"))
    assert [link for link in links if not (here / link).exists()] == []


RUN_BOOK = (ROOT / "docs" / "operations.md").read_text("utf-8")


@pytest.mark.parametrize("fault", sorted(_CODES))
def test_the_run_book_has_every_fault_that_ends_a_run(fault: str) -> None:
    assert _in_words(fault) in RUN_BOOK


@pytest.mark.parametrize("kind", get_args(GapKind.__value__))
def test_the_run_book_has_every_gap(kind: str) -> None:
    assert f"`{kind}`" in RUN_BOOK


def test_the_run_book_names_no_command_or_variable_that_is_not_there() -> None:
    known = {tuple(command.split()) for command in commands()}
    command = re.compile(r"dateline (?:archive |ledger |rejected |scrapers |schemas )?[a-z]+")
    named = {tuple(found.split()) for found in command.findall(RUN_BOOK)}
    assert [words for words in named if words not in known and len(words) > 1] == []
    variables = re.compile(r"DATELINE_[A-Z_]*[A-Z]\b(?!_)")
    assert set(variables.findall(RUN_BOOK)) - set(variables.findall(settings_page())) == set()


def test_links_inside_the_run_book_lead_to_headings() -> None:
    headings = {re.sub(r"[^a-z ]", "", line.lstrip("# ").lower()).strip().replace(" ", "-")
                for line in RUN_BOOK.splitlines() if line.startswith("#")}
    assert set(re.findall(r"\]\(#([^)]+)\)", RUN_BOOK)) - headings == set()
