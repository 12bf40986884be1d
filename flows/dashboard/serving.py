"""How the dashboard is served: the arguments of Streamlit, which keep it on this machine and off the network."""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from pathlib import Path

from flows.faults import WrongUsage

APP = Path(__file__).with_name("app.py")
LIGHT, DARK = "#1d56b8", "#7db0ff"  # each has the contrast that WCAG 2.2 AA asks for on its ground


def serving(host: str, port: int, *, opens_browser: bool) -> list[str]:
    """The command line that serves the dashboard at this address."""
    options = {
        "server.address": host, "server.port": port, "server.headless": str(not opens_browser).lower(),
        "server.fileWatcherType": "none", "browser.gatherUsageStats": "false", "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",  # a page must not show paths, settings or what a query held
        "theme.light.primaryColor": LIGHT, "theme.dark.primaryColor": DARK,
    }
    given = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "streamlit", "run", str(APP), *given]


def free_port(host: str, port: int) -> int:
    """The port, after it was tried; 0 is exchanged for a free one. Raises ``WrongUsage`` if it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as fault:
            raise WrongUsage(
                f"The dashboard cannot be served at {host}:{port}: {fault.strerror or fault}.\n"
                "What to do: choose another port with --port or DATELINE_DASHBOARD__PORT, or correct "
                "DATELINE_DASHBOARD__HOST."
            ) from fault
        found: int = tried.getsockname()[1]
        return found


def answers(host: str, port: int) -> bool:
    """Whether the dashboard at this address takes connections."""
    with suppress(OSError), socket.create_connection((host, port), timeout=1.0):
        return True
    return False
