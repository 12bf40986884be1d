"""Forks runs of ``dateline`` from a process that has loaded what they load: most of a cold start is imports.

Run as ``python -m tests.soak.warm``: for each line of JSON (``arguments``, ``environment``, ``output``, ``step``) it
forks a run in a session of its own, prints its pid, waits, and prints how it ended. The run is the real one, with the
job in its own process (``DATELINE_BATCH__WORKERS=0``); the file ``step`` holds the step that it has come to.
"""

from __future__ import annotations

import ctypes
import json
import os
import runpy
import signal
import sys
from functools import partial
from pathlib import Path
from typing import NoReturn

from pipelines.jobs.workers import PR_SET_PDEATHSIG
from tests.integration.running import PAUSING


def main() -> None:
    _die_with_parent()
    _load()
    print("warm", flush=True)
    for line in iter(sys.stdin.readline, ""):
        asked = json.loads(line)
        pid = os.fork()
        if not pid:
            _run(**asked)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def _load() -> None:
    from pipelines.settings import Settings

    settings = Settings()
    from flows.place import describe_prefect

    describe_prefect(settings.home, verbose=False)
    import flows.ingest
    from pipelines.decode import load_decoder
    from pipelines.jobs import audit, batches
    from pipelines.transforms.expectations import load_engine
    from pipelines.transforms.processor import processor_of
    from pipelines.transforms.shared import shared
    from pipelines.validate import load_contract
    from pipelines.warehouse import duckdb

    del flows, audit, batches, duckdb
    load_engine()
    processor_of(settings)
    shared(partial(load_decoder, settings.limits, settings.schema_ids, settings.schemas_folder))
    shared(load_contract)


def _run(arguments: list[str], environment: dict[str, str], output: str, step: str) -> NoReturn:
    code: object = 70
    try:
        os.setsid()
        _die_with_parent()
        said = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.environ.update(environment)
        if "DATELINE_TEST_PAUSE" in environment:
            runpy.run_path(str(PAUSING / "sitecustomize.py"))
            _retry_sooner()
        from flows.command import app
        from flows.watching import Watcher

        Watcher.step = lambda _self, name, _batch: _tell(Path(step), name)  # type: ignore[method-assign]
        app(arguments)
        code = 0
    except SystemExit as ended:
        code = ended.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _die_with_parent() -> None:
    """Linux only: a test or a soak that is itself killed leaves no run behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _retry_sooner() -> None:
    """A fault that a test stages lasts seconds, so that the waits between tries may be shorter: 45 s in all."""
    from flows import patience

    patience.DELAYS_S = tuple(delay / 5 for delay in patience.DELAYS_S)  # type: ignore[assignment]


def _tell(path: Path, step: str) -> None:
    """Whole or not at all: the run may be killed while it writes."""
    new = path.with_suffix(".new")
    new.write_text(step)
    new.replace(path)


if __name__ == "__main__":
    main()
