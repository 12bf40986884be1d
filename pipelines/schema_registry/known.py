"""The schemas and ids that are known by now: in memory, in the home folder, and at last in the registry itself."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.failures import RegistryRefused
from pipelines.schema_registry.cache import SchemaCache
from pipelines.schema_registry.client import NotThere, RegistryClient
from pipelines.settings import RegistrySettings, folder_name
from schemas import SchemaMissing, SchemaVersion
from schemas.registered import RegisteredSchema

IDS, WRITTEN = "ids", "written"
MISSING_S = 30.0
"""How long an id that the registry does not have is not asked for again: garbage that looks like an id costs little."""
MISSING_MOST = 10_000


@dataclass(slots=True)
class KnownSchemas:
    """The schemas of one registry. An id means the same schema for ever, so what is known is not asked for again."""

    client: RegistryClient
    cache: SchemaCache
    clock: Callable[[], float] = time.monotonic
    _missing: dict[int, float] = field(default_factory=dict)
    _written: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fetch(self, schema_id: int) -> RegisteredSchema:
        """The schema with an id. Raises ``SchemaMissing`` if the registry has none, or a ``RegistryFault``."""
        remembered = self.remembered(schema_id)
        if remembered is not None:
            return remembered
        with self._lock:
            if self.clock() < self._missing.get(schema_id, -1.0):
                raise SchemaMissing(f"the schema registry has no schema with id {schema_id}")
        try:
            found = self.client.schema(schema_id)
        except NotThere as fault:
            self._note_missing(schema_id)
            raise SchemaMissing(f"the schema registry has no schema with id {schema_id}: {fault}") from None
        self.cache.write(
            {"schema": found.text, "schemaType": found.kind, "references": list(found.references)}, IDS, str(schema_id)
        )
        return found

    def remembered(self, schema_id: int) -> RegisteredSchema | None:
        """The schema that the registry gave for an id before; None if it is not remembered."""
        return _schema_in(self.cache.read(IDS, str(schema_id)))

    def id_of(self, subject: str, version: SchemaVersion) -> int:
        """The id of one of Dateline's schemas under a subject, which is registered there if the settings allow it."""
        key = f"{subject} {version.fingerprint:016x}"
        remembered = self._written.get(key, (self.cache.read(WRITTEN, key) or {}).get("id"))
        if isinstance(remembered, int):
            self._written[key] = remembered
            return remembered
        text = json.dumps(version.schema)
        try:
            found = self.client.look_up(subject, text)
        except NotThere as fault:
            if not self.client.settings.register_schemas:
                raise RegistryRefused(
                    f"The schema registry at {self.client.settings.url} has no schema {version} under {subject}, and "
                    "DATELINE_REGISTRY__REGISTER_SCHEMAS is false.\nWhat to do: register "
                    f"schemas/{version}.avsc under {subject}, or allow Dateline to do it."
                ) from fault
            found = self.client.register(subject, text)
        self.cache.write({"id": found, "schema": str(version), "subject": subject}, WRITTEN, key)
        return found

    def _note_missing(self, schema_id: int) -> None:
        with self._lock:
            if len(self._missing) >= MISSING_MOST:
                self._missing.clear()
            self._missing[schema_id] = self.clock() + MISSING_S


def known_schemas(settings: RegistrySettings, home: Path) -> KnownSchemas | None:
    """The schemas of the registry that the settings name; None if they name none."""
    if settings.url is None:
        return None
    name = folder_name(settings.url.partition("://")[2], settings.url)
    return KnownSchemas(RegistryClient(settings), SchemaCache(home / "schemas" / name))


def subject_of(topic: str) -> str:
    """The subject of the values of a topic, as Confluent's serializers name it by default.

    >>> subject_of("articles.clean")
    'articles.clean-value'
    """
    return f"{topic}-value"


def _schema_in(found: dict[str, Any] | None) -> RegisteredSchema | None:
    try:
        assert found is not None
        return RegisteredSchema(str(found["schema"]), str(found["schemaType"]), tuple(map(str, found["references"])))
    except (AssertionError, KeyError, TypeError):
        return None
