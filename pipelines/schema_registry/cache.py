"""What a registry gave, in files: a later process, or one without a network, finds it there."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.schema_registry.client import ANSWER_BYTES


@dataclass(frozen=True, slots=True)
class SchemaCache:
    """The files of one registry. A file that cannot be written or read is as good as none: the registry is asked."""

    folder: Path

    def read(self, *key: str) -> dict[str, Any] | None:
        path = self._path(key)
        try:
            if path.stat().st_size > 2 * ANSWER_BYTES:
                return None
            found = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def write(self, value: dict[str, Any], *key: str) -> None:
        path = self._path(key)
        fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps(value), "utf-8")
            fresh.replace(path)

    def ids(self) -> list[int]:
        """The ids whose schemas are remembered."""
        return sorted(int(path.stem) for path in (self.folder / "ids").glob("*.json") if path.stem.isdigit())

    def _path(self, key: tuple[str, ...]) -> Path:
        *folders, name = key
        if not name.isdigit():
            name = hashlib.sha256(name.encode()).hexdigest()[:32]
        return self.folder.joinpath(*folders, f"{name}.json")
