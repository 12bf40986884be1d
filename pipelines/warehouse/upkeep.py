"""What the upkeep of a warehouse and of its archive did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Done:
    """A task of the upkeep on ``subject``: a table, a file or an archive. It was measured before and after the task.

    ``files_removed`` counts the files that the task removed from the storage.
    """

    task: Literal["rewrite", "vacuum", "compact", "expire", "retain", "encrypt"]
    subject: str
    before: int
    after: int
    unit: Literal["bytes", "data files", "snapshots", "with another key or none"]
    files_removed: int = 0
