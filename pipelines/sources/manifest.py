"""Reads a manifest: JSON lines, each with a file's URL, content type, fetch time, scraper and so on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

LINE_BYTES = 1_000_000
FIELDS = ("path", "url", "content_type", "fetched_at", "source", "charset", "http_status")


class FileFault(Exception):
    """A file cannot be published, or a manifest cannot be used. The message names it."""


class ManifestBroken(FileFault):
    """A line of the manifest cannot be read, or no line is about a file that is to be published."""


class FileUnreadable(FileFault):
    """A file cannot be read, is damaged, or has a type that is not published."""


@dataclass(frozen=True, slots=True)
class Known:
    """The manifest's entry for a file; the names are those of the message headers. ``source`` is the scraper."""

    url: str | None = None
    content_type: str | None = None
    fetched_at: str | None = None
    source: str | None = None
    charset: str | None = None
    http_status: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Entries by the file's real path. An entry whose path does not exist is stored by its file name instead."""

    path: Path | None = None
    by_place: Mapping[Path, Known] = field(default_factory=dict)
    by_name: Mapping[str, Known] = field(default_factory=dict)

    def of(self, file: Path) -> Known:
        """The manifest's entry for a file; an empty entry if it has none."""
        return self.by_place.get(real_path(file)) or self.by_name.get(file.name) or Known()


def read_manifest(path: Path | None, given: frozenset[Path]) -> Manifest:
    """The manifest; ``given`` are the resolved paths of the files that are published with it.

    A path is relative to the manifest or to the working directory. A path that exists in neither is matched by its
    file name. Lines about other files are ignored, so that one manifest serves any part of a folder. Raises
    ``ManifestBroken`` for a line that is not such an object, or if no line is about any of the given files.
    """
    if path is None:
        return Manifest()
    by_place: dict[Path, Known] = {}
    by_name: dict[str, Known] = {}
    for number, line in _lines(path):
        entry = _entry(path, number, line)
        named, known = str(entry["path"]), _known(path, number, entry)
        places = (real_path(path.parent / named), real_path(Path(named)))
        place = next((p for p in places if os.path.exists(p)), None)  # noqa: PTH110  returns False for invalid names
        if place is not None:
            by_place[place] = known
        else:
            by_name[Path(named).name] = known
    if given and not (given & by_place.keys() or {file.name for file in given} & by_name.keys()):
        raise ManifestBroken(
            f"{path} has no line about any of the {len(given)} files given, {min(given)} among them."
            "\nWhat to do: correct its paths: they are relative to the manifest, or bare file names."
        )
    return Manifest(real_path(path), by_place, by_name)


def real_path(path: Path) -> Path:
    """The path with its links resolved, even if they form a loop. An invalid file name is returned as it is.

    >>> real_path(Path("/pages/../page.html")), real_path(Path("/page\\x00.html"))
    (PosixPath('/page.html'), PosixPath('/page\\x00.html'))
    """
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError):
        return path.absolute()


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise ManifestBroken(
            f"{path} cannot be read: {fault}.\nWhat to do: give a file of JSON lines in UTF-8."
        ) from fault
    return [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def _entry(path: Path, number: int, line: str) -> Mapping[str, object]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as fault:
        raise _broken(path, number, f"is not JSON ({fault})") from fault
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str) or not entry["path"]:
        raise _broken(path, number, "has no path")
    return entry


def _known(path: Path, number: int, entry: Mapping[str, object]) -> Known:
    said = {name: entry[name] for name in FIELDS[1:] if entry.get(name) is not None}
    odd = [name for name, value in said.items() if not isinstance(value, str | int | float)]
    if odd:
        raise _broken(path, number, f"has no plain value for {odd[0]}")
    return Known(**{name: str(value) for name, value in said.items()})


def _broken(path: Path, number: int, why: str) -> ManifestBroken:
    return ManifestBroken(
        f'{path}:{number} {why}.\nWhat to do: write lines like {{"path": "page.html.gz", "url": "https://…"}}; '
        f"the fields are {', '.join(FIELDS)}."
    )


def iso_utc(moment: datetime) -> str:
    """
    >>> iso_utc(datetime(2026, 3, 4, 9, 30, tzinfo=UTC))
    '2026-03-04T09:30:00Z'
    """
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
