"""The models that a run has, for tests that read names with them."""

from __future__ import annotations

from functools import partial

from pipelines.enrich import Models, load_models
from pipelines.settings import Settings
from pipelines.transforms.shared import shared


def shipped_models() -> Models:
    """The models of a run that sets none. They take a second and a half to load, and are loaded once in a process."""
    return shared(partial(load_models, Settings().models))
