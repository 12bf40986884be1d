"""Loads what every worker needs, once: workers are forked from the process that has imported this.

Beam, Great Expectations, spaCy and the model take longer to load than a small batch to run. The settings are the
environment's; a worker that is given others loads what differs.
"""

from __future__ import annotations

from functools import partial

from pipelines.jobs.quiet import quiet
from pipelines.settings import Settings

_SETTINGS = Settings()
quiet(_SETTINGS.home / "logs" / "workers.log")  # what libraries say while they are imported

from pipelines.decode import load_decoder  # noqa: E402
from pipelines.jobs import audit, batches  # noqa: E402  after their chatter has somewhere to go
from pipelines.transforms.expectations import load_engine  # noqa: E402
from pipelines.transforms.processor import processor_of  # noqa: E402
from pipelines.transforms.shared import shared  # noqa: E402
from pipelines.validate import load_contract  # noqa: E402

load_engine()
processor_of(_SETTINGS)
shared(partial(load_decoder, _SETTINGS.limits, _SETTINGS.schema_ids))
shared(load_contract)

__all__ = ["audit", "batches"]
