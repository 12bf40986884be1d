"""Start a server in its own session, print its process id, and stop it once the parent process has ended.

Run as ``python supervise.py LOG PARENT COMMAND…``; with PARENT 0 the server keeps running. The script imports nothing
of Dateline, because it runs as long as the server. Signals of the terminal do not reach the server. However the parent
ends, even after kill -9, the server gets SIGTERM and, ten seconds later, SIGKILL.
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
    """Linux only: if this supervisor itself is killed, the kernel stops the server."""
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
