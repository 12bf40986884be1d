"""A run does not begin where its settings name what is not there; it says all of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.jobs.names import check_names
from pipelines.settings import BatchSettings, KafkaSettings, Settings, SettingsWrong, SnapshotSettings


def problems_of(settings: Settings) -> list[str]:
    with pytest.raises(SettingsWrong) as caught:
        check_names(settings)
    return str(caught.value).splitlines()[:-1]


def test_the_default_names_are_all_there() -> None:
    check_names(Settings())


@pytest.mark.parametrize(("models", "beginning"), [
    ("harbour_model", "DATELINE_MODELS names 'harbour_model', which cannot be used: The model package harbour_model"),
    ("json", "DATELINE_MODELS names 'json', which cannot be used: The package json does not contain a spaCy model"),
    ("no such model", "DATELINE_MODELS names 'no such model', which cannot be used: The model package"),
    ("..model", "DATELINE_MODELS names '..model', which cannot be used"),
    ("quay:find", "DATELINE_MODELS names 'quay:find', which cannot be used: quay:find cannot be imported: Module"),
    ("json:find", "DATELINE_MODELS names 'json:find', which cannot be used: json:find cannot be imported: Attrib"),
    ("json:__name__", "DATELINE_MODELS names 'json:__name__', which cannot be used: json:__name__ is not a function"),
    (":", "DATELINE_MODELS names ':', which cannot be used"),
])  # fmt: skip
def test_a_model_that_is_not_there_is_named(models: str, beginning: str) -> None:
    (problem,) = problems_of(Settings(models=(models,)))
    assert problem.startswith(beginning)


def test_schemas_and_files_that_are_not_there_are_all_named(tmp_path: Path) -> None:
    kafka = KafkaSettings(ssl_cafile=tmp_path / "ca.pem", ssl_keyfile=tmp_path)
    shown = problems_of(Settings(
        schema_ids={7: "raw_article/9", 8: "page/1"}, kafka=kafka, schemas_folder=tmp_path / "schemas",
    ))  # fmt: skip
    assert shown == [
        f"DATELINE_KAFKA__SSL_CAFILE names {tmp_path}/ca.pem, which cannot be read: No such file or directory.",
        f"DATELINE_KAFKA__SSL_KEYFILE names {tmp_path}, which cannot be read: Is a directory.",
        f"DATELINE_SCHEMAS_FOLDER names {tmp_path}/schemas, which cannot be used: {tmp_path}/schemas: "
        "there is no such folder. Make the folder, or set another one.",
    ]
    (about_ids,) = problems_of(Settings(schema_ids={7: "raw_article/9", 8: "page/1"}))
    assert about_ids == (
        "DATELINE_SCHEMA_IDS leads nowhere: schema id 7 stands for 'raw_article/9', schema id 8 stands for 'page/1', "
        "but there is no such subject/version."
    )


def test_a_storage_that_cannot_be_used_is_named() -> None:
    assert problems_of(Settings(stage="attic://boxes")) == [
        "DATELINE_STAGE names a storage (attic://) that cannot be used: Protocol not known: attic."
    ]
    alone = BatchSettings(workers=0)
    check_names(Settings(stage="memory://stage", batch=alone))
    assert problems_of(Settings(stage="memory://stage", batch=BatchSettings(workers=2))) == [
        "DATELINE_STAGE is the memory of one process (memory://), which needs DATELINE_BATCH__WORKERS=0."
    ]


@pytest.mark.parametrize(("option", "value", "shown"), [
    ("fetch_max_byte", 5, "holds 'fetch_max_byte', which kafka-python's consumer does not have: did you mean "
     "fetch_max_bytes?"),
    ("bootstrap_servers", "elsewhere:9092", "sets bootstrap_servers, which Dateline sets itself"),
    ("group_id", "mine", "sets group_id, which Dateline sets itself"),
    ("fetch_max_bytes", "marzipan", "holds fetch_max_bytes, which must be a number, at least 1"),
    ("fetch_max_bytes", -1, "holds fetch_max_bytes, which must be a number, at least 1"),
    ("retry_backoff_ms", float("nan"), "holds retry_backoff_ms, which must be a number, at least 0"),
    ("check_crcs", "yes", "holds check_crcs, which must be true or false"),
    ("client_rack", ["marzipan"], "holds client_rack, which must be a string"),
])  # fmt: skip
def test_consumer_options_that_kafka_python_would_not_take_are_named(option: str, value: object, shown: str) -> None:
    assert problems_of(Settings(kafka=KafkaSettings(consumer={option: value}))) == [
        f"DATELINE_KAFKA__CONSUMER {shown}{'' if shown.endswith('?') else '.'}"
    ]


def test_consumer_options_that_fit_pass() -> None:
    options = {"fetch_max_bytes": 1024, "client_rack": "quay", "sasl_plain_password": "x", "check_crcs": False}
    check_names(Settings(kafka=KafkaSettings(consumer=options)))


@pytest.mark.parametrize(("changes", "shown"), [
    ({"runner": "HarbourRunner"}, "DATELINE_RUNNER names 'HarbourRunner', which Beam does not find (ValueError)."),
    ({"runner": "quay.runner.Runner"}, "DATELINE_RUNNER names 'quay.runner.Runner', which Beam does not find "
     "(ModuleNotFoundError)."),
    ({"beam_options": ["--direct_num_workers=marzipan"]},
     "DATELINE_BEAM_OPTIONS holds an option that Beam does not take: --direct_num_workers."),
])  # fmt: skip
def test_a_runner_and_options_that_beam_does_not_know_are_named(changes: dict[str, object], shown: str) -> None:
    assert problems_of(Settings.model_validate(changes)) == [shown]


@pytest.mark.parametrize(
    ("warehouse", "shown"),
    [
        ("postgresql://desk@db/news", "is for a DuckDB warehouse: readers of PostgreSQL need no copy; unset it."),
        ("duckdb:////data/news.duckdb", "is the warehouse itself (/data/news.duckdb); name another file."),
    ],
    ids=["PostgreSQL", "the warehouse itself"],
)
def test_a_snapshot_that_cannot_be_is_named(warehouse: str, shown: str) -> None:
    snapshot = SnapshotSettings(path=Path("/data/news.duckdb"))
    assert problems_of(Settings(warehouse=warehouse, snapshot=snapshot)) == [f"DATELINE_SNAPSHOT__PATH {shown}"]


def test_importing_the_preload_leaves_the_process_as_it_was() -> None:
    import subprocess
    import sys

    script = "import pipelines.jobs.preload as p, sys; print('heard', p.is_fork_server(), 'apache_beam' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "heard False False\n"
