"""Where a job stages what becomes of a batch. Who starts a job needs this, and no Beam."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipelines.settings import Settings
from pipelines.stage import Folder


@dataclass(frozen=True, slots=True)
class Staging:
    """Where a batch is staged, and what its records are stamped with."""

    folder: Folder
    part: str
    processed_at: datetime
    settings: Settings
