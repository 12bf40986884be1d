"""Loads producers' own versions of ``raw_article`` from a folder, in addition to those that ship with Dateline.

The folder has the layout of ``schemas/``: ``raw_article/101.avsc``, and ``ids.json`` for the ids of a schema registry.
Its versions describe what producers write. Dateline resolves all of them to the newest version that it ships.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from schemas.checks import OWN_SUBJECT, check_own_schemas
from schemas.registry import Registry, home, listed_ids, versions_of


class SchemasWrong(Exception):
    """The folder of producers' own schemas does not pass the checks of ``dateline schemas check``."""


def load_registry(folder: Path | None, ids: Mapping[int, str]) -> Registry:
    """The schemas that ship with Dateline and those of the folder, with the ids of both; ``ids`` takes precedence.

    Raises ``SchemasWrong`` if the folder does not pass its checks, ``SchemaMissing`` if an id has no schema.
    """
    if folder is None:
        return Registry.load(ids=ids)
    if problems := check_own_schemas(folder):
        raise SchemasWrong("; ".join(str(problem).rstrip(".") for problem in problems))
    shipped = list(versions_of(home()))
    known = {(version.subject, version.version) for version in shipped}
    own = [v for v in versions_of(folder, OWN_SUBJECT) if (v.subject, v.version) not in known]
    return Registry(shipped, listed_ids(home()) | listed_ids(folder) | dict(ids), own)


