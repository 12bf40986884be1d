"""Checks that the files, schemas, models and runner named in the settings exist, before a run reads anything."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator

from fsspec import get_filesystem_class

from pipelines.broker import missing_certificates
from pipelines.enrich.engine import ModelMissing, find_engine
from pipelines.environment import settings_wrong
from pipelines.postgres_address import is_postgres
from pipelines.runtime import FLINK, LOCAL_RUNNERS
from pipelines.settings import Settings
from pipelines.sources.options import consumer_option_problems
from pipelines.stage import Folder
from schemas import SchemaMissing
from schemas.own import SchemasWrong, load_registry


def check_names(settings: Settings) -> None:
    """Raises ``SettingsWrong`` with all settings that name something missing or unusable."""
    problems = [
        *missing_certificates(settings.kafka), *consumer_option_problems(settings.kafka.consumer),
        *_schema_problems(settings), *_registry_problems(settings), *_model_problems(settings),
        *_stage_problems(settings), *_snapshot_problems(settings), *_beam_problems(settings),
    ]
    if problems:
        raise settings_wrong(problems)


def _schema_problems(settings: Settings) -> Iterator[tuple[str, str]]:
    try:
        load_registry(settings.schemas_folder, settings.schema_ids)
    except SchemasWrong as fault:
        yield "DATELINE_SCHEMAS_FOLDER", f"names {settings.schemas_folder}, which cannot be used: {fault}"
    except SchemaMissing as fault:
        yield "DATELINE_SCHEMA_IDS", f"leads nowhere: {fault}"


def _registry_problems(settings: Settings) -> Iterator[tuple[str, str]]:
    for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile"):
        path = getattr(settings.registry, name)
        if path is not None and settings.registry.url is not None and not path.is_file():
            yield f"DATELINE_REGISTRY__{name.upper()}", f"names {path}, which is not a file"


def _model_problems(settings: Settings) -> Iterator[tuple[str, str]]:
    for name in settings.models:
        try:
            find_engine(name)
        except ModelMissing as fault:
            yield "DATELINE_MODELS", f"names {name!r}, which cannot be used: {fault}"


def _stage_problems(settings: Settings) -> Iterator[tuple[str, str]]:
    protocol = Folder(settings.stage_url).protocol
    try:
        get_filesystem_class(protocol)
    except (ValueError, ImportError) as fault:
        yield "DATELINE_STAGE", f"names a storage ({protocol}://) that cannot be used: {fault}"
    if protocol == "memory" and settings.batch.workers:
        yield "DATELINE_STAGE", "is the memory of one process (memory://), which needs DATELINE_BATCH__WORKERS=0"


def _snapshot_problems(settings: Settings) -> Iterator[tuple[str, str]]:
    path = settings.snapshot.path
    if path is None:
        return
    if is_postgres(settings.warehouse_url):
        yield "DATELINE_SNAPSHOT__PATH", "is for a DuckDB warehouse: readers of PostgreSQL need no copy; unset it"
    elif f"duckdb:///{path.absolute()}" == settings.warehouse_url:
        yield "DATELINE_SNAPSHOT__PATH", f"is the warehouse itself ({path}); name another file"


def _beam_problems(settings: Settings) -> Iterator[tuple[str, str]]:
    """Problems of the runner and its options. Beam is imported only if one of them is not the default."""
    if settings.runner not in {*LOCAL_RUNNERS, FLINK}:
        from apache_beam.runners.runner import create_runner

        try:
            create_runner(settings.runner)
        except Exception as fault:  # noqa: BLE001  the runner's module may raise anything on import
            yield "DATELINE_RUNNER", f"names {settings.runner!r}, which Beam does not find ({type(fault).__name__})"
    if settings.beam_options:
        from apache_beam.options.pipeline_options import PipelineOptions

        said = io.StringIO()
        try:
            with contextlib.redirect_stderr(said):
                PipelineOptions(list(settings.beam_options)).get_all_options()
        except SystemExit:
            option = said.getvalue().rpartition("argument ")[2].partition(":")[0]
            yield "DATELINE_BEAM_OPTIONS", f"holds an option that Beam does not take: {option.strip() or 'unknown'}"
