"""The rules of the clean step: its limits and its word tables (``tables/*.toml``), loaded once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from pipelines.settings import Limits, RightsSettings


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits and word tables of the clean step, and the policies for pages that reserve rights."""

    limits: Limits
    tables: Mapping[str, Mapping[str, Any]]
    rights: RightsSettings = field(default_factory=RightsSettings)


def load_rules(limits: Limits, rights: RightsSettings | None = None) -> Rules:
    """The rules that ship with Dateline, with these limits; ``rights`` says what becomes of pages that reserve some."""
    tables = {
        entry.name.removesuffix(".toml"): tomllib.loads(entry.read_text("utf-8"))
        for entry in files("pipelines.clean").joinpath("tables").iterdir() if entry.name.endswith(".toml")
    }
    return Rules(limits, tables, rights or RightsSettings())
