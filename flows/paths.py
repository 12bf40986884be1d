"""Finds relative paths in the settings. A deployed run starts in its own temporary folder, so they would be wrong."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from flows.faults import RelativePath
from pipelines.iceberg_address import iceberg_address, is_iceberg
from pipelines.postgres_address import is_postgres, options_of
from pipelines.secrets import redact
from pipelines.warehouse import DUCKDB, warehouse_path

if TYPE_CHECKING:
    from pipelines.settings import Settings

_PATH_NAME = re.compile(r"(?:file|path|dir|directory|folder|location|keytab|keystore|truststore)$", re.IGNORECASE)
_FILES_OF_LIBPQ = frozenset({"sslrootcert", "sslcert", "sslkey", "sslcrl", "sslcrldir", "passfile", "servicefile"})
_RELATIVE = re.compile(r"(?:\.{1,2}|~[^/]*)(?:/|$)")


def need_absolute_paths(settings: Settings, why: str) -> None:
    """Raise ``RelativePath``, which names each relative path in the settings with its absolute form."""
    found = list(relative_paths(settings))
    if not found:
        return
    raise RelativePath(
        f"{why}\n"
        + "\n".join(redact(f"{variable} has the relative path {given}") for variable, given, _ in found)
        + "\nWhat to do: write absolute paths. Relative to this folder, they are\n"
        + "\n".join(redact(f"{variable}: {absolute}") for variable, _, absolute in found)
    )


def relative_paths(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Each relative path in the settings: its variable, the path as given, and its absolute form."""
    if settings.warehouse is not None and settings.warehouse.startswith(DUCKDB):
        path = settings.warehouse.removeprefix(DUCKDB)
        if path.strip() and not Path(path).is_absolute():
            yield "DATELINE_WAREHOUSE", settings.warehouse, f"{DUCKDB}{warehouse_path(settings.warehouse)}"
    if settings.warehouse is not None and is_iceberg(settings.warehouse):
        with suppress(ValueError):  # opening the warehouse reports an address that is not one
            address = iceberg_address(settings.warehouse)
            if address.file is not None and f"///{address.file}" not in settings.warehouse:
                yield "DATELINE_WAREHOUSE", settings.warehouse, address.url()
    if settings.warehouse is not None and is_postgres(settings.warehouse):
        for name, value in options_of(settings.warehouse).items():
            if name in _FILES_OF_LIBPQ and value not in {"", "system"}:
                yield from _unless_absolute(f"DATELINE_WAREHOUSE ({name})", value)
    yield from _in_fields(settings, "DATELINE")


def _in_fields(settings: BaseModel, prefix: str) -> Iterator[tuple[str, str, str]]:
    for name in type(settings).model_fields:
        variable, value = f"{prefix}_{name.upper()}", getattr(settings, name)
        if isinstance(value, BaseModel):
            yield from _in_fields(value, f"{variable}_")
        elif isinstance(value, Path):
            yield from _unless_absolute(variable, str(value))
        elif isinstance(value, Mapping):
            for key, inner in value.items():
                if isinstance(inner, str) and (_PATH_NAME.search(str(key)) or _RELATIVE.match(inner)):
                    yield from _unless_absolute(f"{variable} ({key})", inner)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            for inner in value:
                if isinstance(inner, str):
                    yield from _in_option(variable, inner)


def _in_option(variable: str, option: str) -> Iterator[tuple[str, str, str]]:
    """An option such as ``--temp_location=beam``, or a plain element such as a model's folder."""
    name, given, value = option.partition("=")
    if given and (_PATH_NAME.search(name) or _RELATIVE.match(value)):
        yield from _unless_absolute(f"{variable} ({name})", value)
    elif not given and not option.startswith("-") and (os.sep in option or _RELATIVE.match(option)):
        yield from _unless_absolute(variable, option)


def _unless_absolute(variable: str, path: str) -> Iterator[tuple[str, str, str]]:
    if path and "://" not in path and not Path(path).is_absolute():
        yield variable, path, absolute(path)


def absolute(path: str) -> str:
    """The absolute form of a path relative to the current folder, without ``~`` and ``..``."""
    return os.path.abspath(Path(path).expanduser())  # noqa: PTH100  Path has no way to leave symbolic links alone
