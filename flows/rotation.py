"""Keeps the logs in the home folder within the size that the settings allow.

Workers, servers and libraries write to files that were opened for appending and are passed to child processes as their
output. Renaming such a file would not redirect its writers. Therefore it is copied and then truncated, as ``logrotate``
does with ``copytruncate``; lines that are written between the two steps are lost.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

KEPT_LOGS = 50  # a person reads the last few; a schedule makes hundreds each day
SHARE_OF_ONE = 10  # a file is truncated at a tenth of the limit; one copy of it is kept
LOOK_EVERY_S = 10.0
FOLDERS = ("logs", "prefect", "kafka/logs")


@dataclass(slots=True)
class Logs:
    """The logs of one home folder, which together may have ``most_bytes``."""

    home: Path
    most_bytes: int
    looked_at: float = field(default=float("-inf"))

    def bound_now_and_then(self) -> None:
        """Call ``bound``, but at most every ``LOOK_EVERY_S``."""
        if time.monotonic() - self.looked_at >= LOOK_EVERY_S:
            self.bound()

    def bound(self) -> None:
        """Truncate logs that are too long and remove the oldest; what fails is tried again at the next call."""
        self.looked_at = time.monotonic()
        (self.home / "logs").mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError, Timeout), FileLock(self.home / "logs" / "rotation.lock", timeout=0):
            for path in self._written():
                if _size(path) > self.most_bytes // SHARE_OF_ONE:
                    _cut(path)
            self._remove_oldest()

    def _written(self) -> list[Path]:
        return [path for folder in FOLDERS for path in (self.home / folder).glob("*.log") if path.is_file()]

    def _remove_oldest(self) -> None:
        """Remove logs until the limit is met: first those of ended commands, then copies of truncated ones."""
        ended = [path for path in self._oldest("*-*T*-*.log*") if not _is_written(path)]
        former = self._oldest("*.log.1")
        total = sum(map(_size, {*self._written(), *ended, *former}))
        for path in dict.fromkeys([*ended, *former]):
            if total <= self.most_bytes and (path not in ended or len(ended) <= KEPT_LOGS):
                continue
            total -= _size(path)
            path.unlink(missing_ok=True)
            if path in ended:
                ended.remove(path)

    def _oldest(self, pattern: str) -> list[Path]:
        found = [path for folder in FOLDERS for path in (self.home / folder).glob(pattern)]
        return sorted(found, key=_modified_at)


def _cut(path: Path) -> None:
    former = path.with_name(f"{path.name}.1")
    shutil.copyfile(path, former)
    os.truncate(path, 0)


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0


def _modified_at(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _is_written(path: Path) -> bool:
    """Whether the process whose id is at the end of the log's name still runs.

    >>> _is_written(Path(f"ingest-20260302T081500-{os.getpid()}.log"))
    True
    """
    pid = path.name.removesuffix(".1").removesuffix(".log").rpartition("-")[2]
    return pid.isdigit() and psutil.pid_exists(int(pid))
