"""Loads the decoder with the schemas of a registry, where the settings name one."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pipelines.decode import load_decoder
from pipelines.decode.message import Decoder
from pipelines.settings import Limits, RegistrySettings, Settings
from pipelines.transforms.shared import Loader


def decoder_loader(settings: Settings) -> Loader[Decoder]:
    """The loader of the decode step's decoder; equal settings share one in a process."""
    own = (settings.limits, settings.schema_ids, settings.schemas_folder)
    return partial(_load, *own, settings.registry, settings.home, accepts_articles=settings.kafka.accepts_articles)


def _load(  # noqa: PLR0913  what decoders share a process by
    limits: Limits, ids: dict[int, str], folder: Path | None, registry: RegistrySettings, home: Path,
    *, accepts_articles: bool,
) -> Decoder:
    from pipelines.schema_registry import known_schemas

    known = known_schemas(registry, home)
    fetch = None if known is None else known.fetch
    return load_decoder(limits, ids, folder, fetch, accepts_articles=accepts_articles)
