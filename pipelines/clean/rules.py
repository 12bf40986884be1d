"""The rules of the clean step: its limits and its word tables (``tables/*.toml``), loaded once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from pipelines.settings import Limits


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits and word tables of the clean step."""

    limits: Limits
    tables: Mapping[str, Mapping[str, Any]]


def load_rules(limits: Limits) -> Rules:
    """The rules that ship with Dateline, with these limits."""
    tables = {
        entry.name.removesuffix(".toml"): tomllib.loads(entry.read_text("utf-8"))
        for entry in files("pipelines.clean").joinpath("tables").iterdir() if entry.name.endswith(".toml")
    }
    return Rules(limits, tables)
