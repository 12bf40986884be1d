"""Compares Dateline's schemas with those of a schema registry, for ``dateline schemas check --registry URL``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.schema_registry.client import NotThere
from pipelines.schema_registry.known import KnownSchemas, subject_of
from pipelines.settings import Settings
from schemas import Registry, SchemaMissing, SchemaVersion
from schemas.checks import OWN_SUBJECT
from schemas.own import load_registry
from schemas.problems import Problem
from schemas.registered import RegisteredSchema, registered_version
from schemas.registry import SchemaUnreadable, listed_ids

_REJECTED = "Messages with this id are rejected as UnknownSchema: register a version that keeps the needed fields."


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared, in sentences, and what has to be corrected."""

    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def compare(settings: Settings, known: KnownSchemas) -> Comparison:
    """Compares the schemas of the raw and the clean topic, the listed ids, and the remembered ids, with the registry.

    Raises a ``RegistryFault`` if the registry does not give them.
    """
    ours = load_registry(settings.schemas_folder, {})
    found = Comparison()
    _compare_raw(settings.kafka.raw_topic, ours, known, found)
    if settings.kafka.clean_topic is not None:
        _compare_clean(settings.kafka.clean_topic, ours, known, found)
    found.problems.extend(_listed_problems(_listed(settings.schemas_folder) | settings.schema_ids, ours, known))
    found.problems.extend(_remembered_problems(known))
    return found


def _compare_raw(topic: str, ours: Registry, known: KnownSchemas, found: Comparison) -> None:
    """Each version that producers registered must be readable."""
    subject = subject_of(topic)
    names = []
    for number, schema_id, registered in _versions(subject, known):
        where = f"{subject}/{number} (id {schema_id})"
        try:
            version = registered_version(schema_id, registered, ours)
        except SchemaUnreadable as fault:
            found.problems.append(Problem(where, str(fault), _REJECTED))
            continue
        if version.subject != OWN_SUBJECT:
            found.problems.append(Problem(where, f"it is {version}, not a version of {OWN_SUBJECT}", _REJECTED))
            continue
        names.append(f"version {number} (id {schema_id}) {'can be read' if version.is_registered else f'is {version}'}")
    found.notes.append(f"{subject}: {', '.join(names) or 'no readable schema is registered'}.")


def _compare_clean(topic: str, ours: Registry, known: KnownSchemas, found: Comparison) -> None:
    """Each version must be one of Dateline's, and the newest one must be there or may be registered."""
    subject, newest = subject_of(topic), ours.latest("article")
    ids: dict[str, int] = {}
    for number, schema_id, registered in _versions(subject, known):
        try:
            version = registered_version(schema_id, registered, ours)
        except SchemaUnreadable:
            version = None
        if version is None or version.subject != newest.subject:
            fix = "Use a topic of its own for clean articles, or remove the version from the subject."
            found.problems.append(Problem(f"{subject}/{number} (id {schema_id})", "it is not one of Dateline's", fix))
        else:
            ids[str(version)] = schema_id
    if str(newest) in ids:
        found.notes.append(f"{subject}: {newest} has the id {ids[str(newest)]}.")
    elif known.client.settings.register_schemas:
        found.notes.append(f"{subject}: {newest} is not registered yet; the first run that sends articles does it.")
    else:
        fix = f"Register schemas/{newest}.avsc under {subject}, or set DATELINE_REGISTRY__REGISTER_SCHEMAS to true."
        found.problems.append(Problem(subject, f"{newest} is not registered, and articles wait for it", fix))


def _versions(subject: str, known: KnownSchemas) -> Iterator[tuple[int, int, RegisteredSchema]]:
    """Number, id and schema of each version of a subject; nothing if there is no such subject."""
    try:
        numbers = known.client.versions(subject)
    except NotThere:
        return
    for number in numbers:
        try:
            schema_id, registered = known.client.version(subject, number)
        except NotThere:  # removed meanwhile
            continue
        yield number, schema_id, registered


def _listed_problems(ids: dict[int, str], ours: Registry, known: KnownSchemas) -> Iterator[Problem]:
    """Ids that are listed as one schema and registered as another one."""
    for schema_id, name in sorted(ids.items()):
        try:
            registered = registered_version(schema_id, known.client.schema(schema_id), ours)
        except NotThere:
            continue
        except SchemaUnreadable as fault:
            yield _other(schema_id, name, str(fault))
            continue
        if not _same(registered, name, ours):
            yield _other(schema_id, name, f"it is {registered}")


def _other(schema_id: int, name: str, why: str) -> Problem:
    fix = "Correct DATELINE_SCHEMA_IDS or ids.json, which take precedence over the registry."
    return Problem(f"id {schema_id}", f"it is listed as {name}, but the registry has another schema: {why}", fix)


def _same(registered: SchemaVersion, name: str, ours: Registry) -> bool:
    subject, _, number = name.partition("/")
    try:
        return registered.fingerprint == ours.version(subject, int(number)).fingerprint
    except SchemaMissing:
        return False


def _listed(folder: Path | None) -> dict[int, str]:
    return listed_ids(folder) if folder is not None else {}


def _remembered_problems(known: KnownSchemas) -> Iterator[Problem]:
    """Ids that meant another schema when they were fetched: the registry was rebuilt since."""
    for schema_id in known.cache.ids():
        before = known.remembered(schema_id)
        try:
            now = known.client.schema(schema_id)
        except NotThere:
            now = None
        if before is not None and before != now:
            fix = f"The registry was rebuilt: remove {known.cache.folder}, and check which messages were read wrongly."
            yield Problem(f"id {schema_id}", "the registry gave another schema for it before", fix)
