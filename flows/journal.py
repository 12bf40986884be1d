"""The journal of a backfill: how many messages of each file were sent, so that a run that was stopped goes on there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flows.quality.files import write_whole

if TYPE_CHECKING:
    from pipelines.settings import Settings

FOLDER = "backfills"


@dataclass(slots=True)
class SentFile:
    """What was sent of a file. A file of another size or time of change is sent from its beginning."""

    size: int
    changed_ns: int
    sent: int = 0
    is_complete: bool = False


@dataclass(slots=True)
class Journal:
    """The files of one backfill. ``started_at`` is the fetch time of pages without one, the same after each resume.

    Files that are new or changed after the others were sent have the time of the run that sends them first.
    """

    path: Path
    started_at: datetime
    files: dict[str, SentFile] = field(default_factory=dict)

    def standing(self, file: Path) -> SentFile:
        """What was sent of the file as it is now."""
        stat = file.stat()
        known = self.files.get(str(file))
        if known is None or (known.size, known.changed_ns) != (stat.st_size, stat.st_mtime_ns):
            known = self.files[str(file)] = SentFile(stat.st_size, stat.st_mtime_ns)
        return known

    def save(self) -> None:
        """Write the journal in one step."""
        written = {
            "started_at": self.started_at.isoformat(), "files": {name: asdict(one) for name, one in self.files.items()},
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, json.dumps(written))  # pure ASCII, whatever bytes the names of files have


def journal_of(
    settings: Settings, paths: Sequence[Path], manifest: Path | None, *, restart: bool, topic_id: str = ""
) -> Journal:
    """The journal of these paths and this topic; a new one if there is none, if it is damaged, or to ``restart``.

    ``topic_id`` is Kafka's id of the topic, which no other broker has. Without it, the broker's addresses count.
    """
    given = sorted(str(each.resolve()) for each in paths)
    servers = ",".join(sorted(each.strip() for each in (settings.kafka.bootstrap_servers or "").split(",")))
    named = [topic_id or servers, settings.kafka.raw_topic, str(manifest and manifest.resolve()), *given]
    key = hashlib.sha256("\n".join(named).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    path = settings.home / FOLDER / f"{key}.json"
    if not restart:
        try:
            read = json.loads(path.read_text("utf-8"))
            files = {name: SentFile(**one) for name, one in read["files"].items()}
            if not all(file.is_complete for file in files.values()):
                return Journal(path, datetime.fromisoformat(read["started_at"]), files)
            return Journal(path, datetime.now(UTC), files)  # new and changed files are a new backfill's
        except (OSError, ValueError, KeyError, TypeError):
            pass
    return Journal(path, datetime.now(UTC))
