"""What the upkeep of a warehouse did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Done:
    """A task of the upkeep on ``subject``, a table or a file, with what was measured before and after it.

    ``files_removed`` counts the files that the task removed from the storage.
    """

    task: Literal["checkpoint", "vacuum", "compact", "expire"]
    subject: str
    before: int
    after: int
    unit: Literal["bytes", "data files", "snapshots"]
    files_removed: int = 0
