"""Start a server in a session of its own and print its pid; stop it once the process that wanted it is gone.

Run as ``python supervise.py LOG PARENT COMMAND…``: PARENT 0 means that the server stays. A file of its own that
imports nothing else, because it runs beside the server for all of its life. Signals of the terminal do not
reach it; however the parent ends, kill -9 too, the server gets SIGTERM and, ten seconds later, SIGKILL.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

LOOK_EVERY_S = 0.3
PATIENCE_S = 10.0
PR_SET_PDEATHSIG = 1


def die_with_supervisor() -> None:
    """Linux only: should this supervisor itself be killed, the kernel stops the server."""
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def main(arguments: list[str]) -> int:
    log, parent, command = arguments[0], int(arguments[1]), arguments[2:]
    tied = parent and sys.platform == "linux"
    with open(log, "ab", buffering=0) as out:  # noqa: PTH123  pathlib would double this process's start
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            preexec_fn=die_with_supervisor if tied else None,  # noqa: PLW1509  no threads here
        )
    print(server.pid, flush=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if not parent:
        os._exit(0)  # leaves the server to init
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    while server.poll() is None and os.getppid() == parent:
        time.sleep(LOOK_EVERY_S)
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
