"""Loads what every worker needs, once: workers are forked from the process that has imported this.

Beam, Great Expectations, spaCy and the model take longer to load than a small batch to run. The settings are the
environment's; a worker that is given others loads what differs. Importing this module changes nothing, except in the
process of ``multiprocessing.forkserver``, which offers no other way to run code before it forks.
"""

from __future__ import annotations

import logging
import sys
from functools import partial

from pipelines.environment import read_settings
from pipelines.runtime.quiet import quiet
from pipelines.runtime.workers import die_with_parent


def preload() -> None:
    """Send this process's output to the workers' log, then load libraries, models and tables.

    A fault is logged only: the worker that needs what could not be loaded raises it again, under its name. A run that
    ends meanwhile ends this process.
    """
    die_with_parent()
    try:
        settings = read_settings()
        quiet(settings.home / "logs" / "workers.log")
        from pipelines.decode import load_decoder
        from pipelines.jobs import audit, batches, ingest  # noqa: F401  what workers run
        from pipelines.transforms.expectations import load_engine
        from pipelines.transforms.processor import processor_of
        from pipelines.transforms.shared import shared
        from pipelines.validate import load_contract

        load_engine()
        processor_of(settings)
        shared(partial(load_decoder, settings.limits, settings.schema_ids, settings.schemas_folder))
        shared(load_contract)
    except Exception:
        logging.getLogger("dateline").exception("workers start without what they share")


def is_fork_server() -> bool:
    """Whether this process is the one that ``multiprocessing.forkserver`` starts to fork others from."""
    return any("multiprocessing.forkserver import main" in argument for argument in sys.orig_argv)


if is_fork_server():
    preload()
