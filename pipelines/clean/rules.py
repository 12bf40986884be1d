"""What the clean step is told: limits, and tables of words (``tables/*.toml``), loaded once."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from pipelines.settings import Limits

EXTRACTORS = ("lxml", "trafilatura", "rs-trafilatura", "resiliparse", "ftfy")
"""Libraries whose version changes what comes out: part of the fingerprint."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits and word tables of the clean step; ``fingerprint`` changes when an answer may change."""

    limits: Limits
    tables: Mapping[str, Mapping[str, Any]]
    fingerprint: str


def load_rules(limits: Limits) -> Rules:
    """The rules as shipped, under these limits."""
    digest = hashlib.sha256(repr(limits.markup_depth).encode())
    digest.update(" ".join(f"{name}={version(name)}" for name in EXTRACTORS).encode())
    tables = {}
    for entry in sorted(files("pipelines.clean").joinpath("tables").iterdir(), key=lambda e: e.name):
        content = entry.read_bytes()
        digest.update(entry.name.encode() + content)
        if entry.name.endswith(".toml"):
            tables[entry.name.removesuffix(".toml")] = tomllib.loads(content.decode())
    return Rules(limits, tables, digest.hexdigest()[:12])
