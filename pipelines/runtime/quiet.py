"""Redirects the logging and all output of a process to a file, so that nothing appears on the screen."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TextIO, cast

from pipelines.secrets import MaskedStream, learn_environment


def quiet(log_file: Path | None) -> None:
    """Sends this process's logging, warnings, stdout and stderr to ``log_file``; with None, discards its logging."""
    learn_environment(os.environ)
    logging.captureWarnings(True)
    root = logging.getLogger()
    root.handlers.clear()
    if log_file is None:
        root.addHandler(logging.NullHandler())
        return
    log_file.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(log_file)
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.WARNING)  # at INFO Beam, Great Expectations and Kafka's client write 40 kB a batch
    logging.getLogger("dateline").setLevel(logging.INFO)
    sink = os.open(log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    os.close(sink)
    sys.stdout, sys.stderr = cast("TextIO", MaskedStream(sys.stdout)), cast("TextIO", MaskedStream(sys.stderr))
