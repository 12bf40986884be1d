"""Where a job stages a batch. Kept in a module of its own, since code that starts a job should not import Beam."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipelines.settings import Settings
from pipelines.stage import Folder


@dataclass(frozen=True, slots=True)
class Staging:
    """The folder and the part name under which a batch is staged, and the processing time of its records.

    ``processor`` is that of the run, where the job runs in a Python environment that may be another one. With
    ``archives``, the raw messages are staged as well, for the archive. Unless it ``keeps_originals``, large originals
    of dead letters are staged with them, and not stored.
    """

    folder: Folder
    part: str
    processed_at: datetime
    settings: Settings
    processor: str | None = None
    archives: bool = False
    keeps_originals: bool = True
