"""A schema registry with Confluent's API: gives the schemas of ids that messages have, and the ids of Dateline's own.

What it gave once is remembered, in memory and in the home folder, so that messages with known schemas are read and
written while it is away. A registry that does not answer raises a ``RegistryFault``, which stops a run. If it answers
that it has no such id, the message is an ``UnknownSchema``.
"""

from __future__ import annotations

from pipelines.schema_registry.client import NotThere, RegistryClient
from pipelines.schema_registry.known import KnownSchemas, known_schemas, subject_of

__all__ = ["KnownSchemas", "NotThere", "RegistryClient", "known_schemas", "subject_of"]
