"""The quality reports of a home folder: one file for each of the last runs, and the newest under a fixed name."""

from __future__ import annotations

import contextlib
import os
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.settings import Settings

NEWEST = "latest.html"
LEFT_S = 3_600.0  # files that were not completed in that time are left from killed runs
_RUN_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports of one warehouse; at most ``kept`` of them besides the newest."""

    folder: Path
    kept: int

    @property
    def newest(self) -> Path:
        return self.folder / NEWEST

    def of_run(self, run_id: str) -> Path:
        """The file of a run. Raises ``ValueError`` for an id that no run has, since files are named by ids alone."""
        if not _RUN_ID.fullmatch(run_id):
            raise ValueError(f"{run_id!r} is not the id of a run")
        return self.folder / f"{run_id}.html"

    def write(self, run_id: str, page: str, *, is_newest: bool = True) -> Path | None:
        """Exchange the file of the run, and the newest one, in one step each; return the file of the run.

        Nothing is written, and None returned, if no report is to be kept.
        """
        if not self.kept:
            return None
        path = self.of_run(run_id)
        self.folder.mkdir(parents=True, exist_ok=True)
        for target in (path, self.newest) if is_newest else (path,):
            write_whole(target, page)
        self._remove_old(path)
        return path

    def _remove_old(self, own: Path) -> None:
        pages = [file for file in self.folder.glob("*.html") if _RUN_ID.fullmatch(file.stem) and file != own]
        for file in sorted(pages, key=_written_at, reverse=True)[self.kept - 1 :]:
            file.unlink(missing_ok=True)
        for file in self.folder.glob("*.new"):
            if time.time() - _written_at(file) > LEFT_S:
                file.unlink(missing_ok=True)

    def oldest_at(self) -> datetime | None:
        """When the oldest report was written; None if there are none."""
        at = min(map(_written_at, self._files()), default=None)
        return None if at is None else datetime.fromtimestamp(at, UTC)

    def remove(self, until: datetime | None = None) -> None:
        """Remove the reports that were written until then, or all, because they may show parts of a deleted article."""
        for file in self._files():
            if until is None or _written_at(file) <= until.timestamp():
                file.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return [*self.folder.glob("*.html"), *self.folder.glob("*.new")]


def reports_of(settings: Settings) -> Reports:
    """The reports of the warehouse that the settings name."""
    return Reports(settings.home.absolute() / "reports" / settings.warehouse_key, settings.report.keep)


def write_whole(path: Path, page: str) -> None:
    """Write the file beside its place and exchange it in one step, so that no reader sees a part of it."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        new.write_text(page, encoding="utf-8", errors="replace")
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _written_at(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0
