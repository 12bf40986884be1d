"""What is written about commands, settings, contracts and tables is what there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from flows.command import app
from tests.architecture.pages import PAGES, ROOT

README = (ROOT / "README.md").read_text("utf-8")
PAPERS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "pipelines/README.md", "infra/decisions/README.md")


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_that_the_code_tells_is_up_to_date(name: str) -> None:
    assert (ROOT / "docs" / name).read_text("utf-8") == PAGES[name](), "write it anew with `make docs`"


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
