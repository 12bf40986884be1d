"""The map in ``pipelines/README.md`` agrees with the code; every fault has a case."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines import failures
from pipelines.failures import Rejected
from pipelines.resolve.layout import layout
from pipelines.samples import sample_messages
from tests.architecture.pages import ROOT

MAP = (ROOT / "pipelines" / "README.md").read_text("utf-8")
FAULTS = {name for name, kind in vars(failures).items() if isinstance(kind, type) and issubclass(kind, Rejected)} - {
    "Rejected"
}
REASONS = {sample.expected.get("reason") for sample in sample_messages()}
STEPS = ("decode", "clean", "enrich", "validate", "stage")


@dataclass(frozen=True, slots=True)
class Row:
    step: str
    places: tuple[Path, ...]
    faults: frozenset[str]
    held: str

    def files(self) -> list[Path]:
        return [f for place in self.places for f in ([place] if place.is_file() else sorted(place.rglob("*.py")))]


def rows() -> list[Row]:
    found = []
    for line in MAP.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 5 and cells[0] != "step" and not cells[0].startswith("---"):
            places = tuple(ROOT / "pipelines" / place for place in named(cells[1]))
            found.append(Row(cells[0], places, frozenset(named(cells[3])), cells[4]))
    return found


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def imported_faults(file: Path) -> set[str]:
    tree = ast.parse(file.read_text("utf-8"))
    return {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "pipelines.failures"
        for alias in node.names
    } & FAULTS


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.step)
def test_a_row_names_code_that_is_there_and_the_faults_it_raises(row: Row) -> None:
    assert [place for place in row.places if not place.exists()] == []
    assert {fault for file in row.files() for fault in imported_faults(file)} == row.faults


def test_the_map_has_every_step_once_and_every_fault_once() -> None:
    steps = [row.step for row in rows()]
    assert [step for step in steps if step in STEPS] == list(STEPS)
    assert sorted(fault for row in rows() for fault in row.faults) == sorted(FAULTS)


def test_the_map_names_every_room() -> None:
    rooms = {p.name for p in (ROOT / "pipelines").iterdir() if (p / "__init__.py").exists()}
    mapped = {name.split("/")[0] for name in named(MAP)}
    assert rooms - mapped == set()


def test_tables_of_the_map_are_in_the_warehouse() -> None:
    mapped = {name for row in rows() for part in row.held.split(";") if "table" in part for name in named(part)}
    assert mapped - layout().keys() == set()


def test_places_to_look_in_are_there() -> None:
    listed = MAP.partition("## Where to change what")[2]
    paths = [p for p in named(listed) if "/" in p]
    homes = (ROOT / "pipelines", ROOT)
    assert [p for p in paths if not any((home / p).exists() for home in homes)] == []


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_fault_has_a_case_and_says_what_to_do(fault: str) -> None:
    tested = [f for f in sorted((ROOT / "tests").rglob("*.py")) if f.parent != Path(__file__).parent]
    cases = [f for f in tested if re.search(rf"\b{fault}\b", f.read_text("utf-8"))]
    assert cases or fault in REASONS
    assert getattr(failures, fault).fix != Rejected.fix
