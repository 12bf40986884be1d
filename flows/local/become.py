"""Drop root's rights and replace this process by another program.

Run as ``python become.py UID GID COMMAND…``. The script imports nothing of Dateline, so that it is fast. The server
keeps the process id. When the user of a process changes, Linux forgets which signal the process wanted at its parent's
death, so the script asks for that signal again.
"""

from __future__ import annotations

import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_GET_PDEATHSIG = 2


def wanted_at_parents_death() -> int:
    """The signal that this process gets when its parent dies; 0 for none, and on systems without this feature."""
    if sys.platform != "linux":
        return 0
    import ctypes

    number = ctypes.c_int(0)
    ctypes.CDLL(None).prctl(PR_GET_PDEATHSIG, ctypes.byref(number))
    return number.value


def main(arguments: list[str]) -> None:
    uid, gid, command = int(arguments[0]), int(arguments[1]), arguments[2:]
    parent, wanted = os.getppid(), wanted_at_parents_death()
    os.chdir("/")
    os.umask(0o077)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if wanted:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)  # PostgreSQL: end without waiting for clients
        if os.getppid() != parent:
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606  replacing the process is the purpose


if __name__ == "__main__":
    main(sys.argv[1:])
