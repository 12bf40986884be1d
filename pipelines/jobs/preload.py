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
from pipelines.settings import Settings


def preload() -> None:
    """Sends this process's output to the workers' log, then loads libraries, models and tables.

    A fault is only logged: a worker that needs what could not be loaded raises it again. This process ends if the run
    ends meanwhile.
    """
    die_with_parent()
    try:
        settings = read_settings()
        quiet(settings.home / "logs" / "workers.log")
        load_all(settings)
    except Exception:
        logging.getLogger("dateline").exception("could not preload libraries and models; each worker loads its own")


def load_all(settings: Settings) -> None:
    """Loads all that a worker uses, and exempts it from garbage collection, also in processes that are forked later.

    A full collection would take half a second and free none of it. In a forked process it would also copy all of it.
    """
    from apache_beam.runners.portability import fn_api_runner  # noqa: F401  which Beam imports when a job runs

    from pipelines.jobs import audit, batches, ingest  # noqa: F401  what workers run
    from pipelines.jobs.decoder import decoder_loader
    from pipelines.transforms.expectations import runner_of
    from pipelines.transforms.processor import processor_of
    from pipelines.transforms.shared import shared
    from pipelines.validate import load_contract, load_suite

    processor_of(settings)
    shared(decoder_loader(settings))
    shared(load_contract)
    runner_of(partial(load_suite, "article"))
    audit.batch_suite()
    gc.collect()
    gc.freeze()


def is_fork_server() -> bool:
    """Whether this process is the fork server of ``multiprocessing``."""
    return any("multiprocessing.forkserver import main" in argument for argument in sys.orig_argv)


if is_fork_server():
    preload()
