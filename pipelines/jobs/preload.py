"""Loads the libraries, models and tables that every worker needs, once, in the fork server.

Loading Beam, Great Expectations, spaCy and the model takes longer than running a small batch. The settings come from
the environment; a worker that gets other settings loads what differs. Importing this module has no effect except in
the fork server of ``multiprocessing``, which offers no other way to run code before it forks.
"""

from __future__ import annotations

import gc
import logging
import sys
from functools import partial

from pipelines.environment import read_settings
from pipelines.runtime.quiet import quiet
from pipelines.runtime.workers import die_with_parent


def preload() -> None:
    """Sends this process's output to the workers' log, then loads libraries, models and tables.

    A fault is only logged: a worker that needs what could not be loaded raises it again. This process ends if the run
    ends meanwhile.
    """
    die_with_parent()
    try:
        settings = read_settings()
        quiet(settings.home / "logs" / "workers.log")
        from apache_beam.runners.portability import fn_api_runner  # noqa: F401  which Beam imports when a job runs

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
        keep_loaded()
    except Exception:
        logging.getLogger("dateline").exception("could not preload libraries and models; each worker loads its own")


def keep_loaded() -> None:
    """Exempts all that is loaded from garbage collection, in this process and in those that are forked from it.

    A full collection takes half a second and frees none of it. In a forked process it also copies all of its memory.
    """
    gc.collect()
    gc.freeze()


def is_fork_server() -> bool:
    """Whether this process is the fork server of ``multiprocessing``."""
    return any("multiprocessing.forkserver import main" in argument for argument in sys.orig_argv)


if is_fork_server():
    preload()
