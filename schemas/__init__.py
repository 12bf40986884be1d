"""The contracts: Avro schemas by subject and version, and expectations as data files."""

from schemas.registry import (
    Registry,
    SchemaMissing,
    SchemaVersion,
    UnreadableDatum,
    latest,
    load,
    schema_path,
    shipped,
)

__all__ = ["Registry", "SchemaMissing", "SchemaVersion", "UnreadableDatum", "latest", "load", "schema_path", "shipped"]
