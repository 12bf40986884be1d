"""The user as whom root starts a server that refuses to run as root."""

from __future__ import annotations

import os
import pwd
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from flows.local.faults import NoSystemUser

UNPRIVILEGED = "nobody"
KEPT_FOLDER = Path("/var/tmp")  # noqa: S108  a new folder is created there; unlike /tmp it survives a restart


@dataclass(frozen=True, slots=True)
class SystemUser:
    """A user without privileges."""

    uid: int
    gid: int

    def command(self, command: list[str]) -> list[str]:
        """The command, run as this user in the same process."""
        become = Path(__file__).with_name("become.py")
        return [sys.executable, "-I", "-S", str(become), str(self.uid), str(self.gid), *command]

    def can_reach(self, path: Path) -> bool:
        """Whether the user can access ``path`` and all folders above it, by the rights of others."""
        path = path.resolve()
        return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))

    def give(self, path: Path) -> None:
        """Make the user the owner of a file or folder."""
        os.chown(path, self.uid, self.gid)

    def own_folder(self) -> Path:
        """A new folder that belongs to the user, outside of any home."""
        parent = KEPT_FOLDER if KEPT_FOLDER.is_dir() else Path(tempfile.gettempdir())
        folder = Path(tempfile.mkdtemp(prefix="dateline-postgres-", dir=parent))
        self.give(folder)
        return folder


def server_user() -> SystemUser | None:
    """The user for a server; None if this process does not run as root, because then its own user is used."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise NoSystemUser(
            f"PostgreSQL refuses to run as root, and this machine has no user {UNPRIVILEGED} to run it as.",
            f"Run this as a user other than root, or create the user: useradd --system {UNPRIVILEGED}.",
        ) from None
    return SystemUser(entry.pw_uid, entry.pw_gid)
