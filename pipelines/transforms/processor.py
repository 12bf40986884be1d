"""Names what makes a record: Dateline's version and one fingerprint of rules, model, schema and expectations."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from importlib.metadata import version

from pipelines.clean import load_rules
from pipelines.enrich import load_models
from pipelines.settings import Settings
from pipelines.transforms.shared import shared
from pipelines.validate import load_suite
from schemas import latest, load


def processor_of(settings: Settings) -> str:
    """``dateline 0.1.0+1a2b3c4d5e6f``: two records with one processor were made by the same rules."""
    return shared(partial(_processor, settings.limits.model_dump_json(), settings.models, settings))


def _processor(_limits: str, models: tuple[str, ...], settings: Settings) -> str:
    parts = [
        shared(partial(load_rules, settings.limits)).fingerprint,
        shared(partial(load_models, models)).fingerprint,
        json.dumps(load("article", latest("article")), sort_keys=True),
        repr(shared(partial(load_suite, "article"))),
    ]
    return f"dateline {version('dateline')}+{hashlib.sha256('\x1f'.join(parts).encode()).hexdigest()[:12]}"
