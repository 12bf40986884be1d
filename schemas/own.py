"""Loads producers' own versions of ``raw_article``, in addition to those that ship with Dateline.

They come from a folder or from a schema registry. The folder has the layout of ``schemas/``: ``raw_article/101.avsc``,
and ``ids.json`` for the ids of a schema registry. These versions describe what producers write. Dateline resolves all
of them to the newest version that it ships.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from pathlib import Path

from schemas.checks import OWN_SUBJECT, check_own_schemas
from schemas.registered import RegisteredSchema, registered_version
from schemas.registry import Registry, SchemaUnreadable, SchemaVersion, home, listed_ids, versions_of

type FetchSchema = Callable[[int], RegisteredSchema]
"""Returns the schema with an id from a schema registry; raises ``SchemaMissing`` if the registry has none."""

_REMEMBERED = 10_000


class SchemasWrong(Exception):
    """The folder of producers' own schemas does not pass the checks of ``dateline schemas check``."""


def load_registry(folder: Path | None, ids: Mapping[int, str], fetch: FetchSchema | None = None) -> Registry:
    """The schemas that ship with Dateline and those of the folder, with the ids of both; ``ids`` takes precedence.

    With ``fetch``, an id that neither ``ids`` nor the folder lists is looked up in a schema registry. The ids that ship
    with Dateline are then left out, because a registry numbers its schemas itself.

    Raises ``SchemasWrong`` if the folder does not pass its checks, ``SchemaMissing`` if an id has no schema.
    """
    if folder is not None and (problems := check_own_schemas(folder)):
        raise SchemasWrong("; ".join(str(problem).rstrip(".") for problem in problems))
    shipped = list(versions_of(home()))
    known = {(version.subject, version.version) for version in shipped}
    own = [v for v in versions_of(folder, OWN_SUBJECT) if (v.subject, v.version) not in known] if folder else []
    listed = (listed_ids(folder) if folder else {}) | dict(ids)
    if fetch is None:
        return Registry(shipped, listed_ids(home()) | listed, own)
    found = lru_cache(_REMEMBERED)(partial(_registered, fetch, Registry(shipped, {}, own)))
    return Registry(shipped, listed, own, lambda schema_id: _need(found(schema_id)))


def _registered(fetch: FetchSchema, known: Registry, schema_id: int) -> SchemaVersion | SchemaUnreadable:
    """The version, or the reason why Dateline cannot read it; both are remembered. A missing id is asked for again."""
    registered = fetch(schema_id)
    try:
        return registered_version(schema_id, registered, known)
    except SchemaUnreadable as fault:
        return fault


def _need(found: SchemaVersion | SchemaUnreadable) -> SchemaVersion:
    if isinstance(found, SchemaUnreadable):
        raise found
    return found
