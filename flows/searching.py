"""Searches every store of Dateline for a phrase, to show that nothing of a removed text is left."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from flows.faults import WrongUsage

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.resolve.takedowns import Takedown
    from pipelines.settings import Settings
    from pipelines.stage import Folder, StageStore
    from pipelines.warehouse import Warehouse

FEWEST_CHARACTERS = 12
"""A shorter phrase would be found in texts that have nothing to do with the removed one."""

LONGEST_PHRASE = 120
TRIED_LINES = 100
UNPACKED_BYTES = 64 << 20
ROWS_AT_ONCE = 64
"""Rows of a staged or archived file in memory at a time: each may have a message of nearly a megabyte."""

HOME_FOLDERS = ("logs", "reports", "receipts", "prefect", "warehouses", "schemas")


@dataclass(frozen=True, slots=True)
class Found:
    """A place where the phrase is, and how often: in rows, files or messages."""

    store: Literal["warehouse", "stage", "home", "Kafka"]
    place: str
    count: int


def a_phrase_of(warehouse: Warehouse, takedown: Takedown, article_ids: tuple[str, ...]) -> str | None:
    """A phrase of an article's text, before it is removed, that no article has which is not taken down.

    It is None if the warehouse has no text of the takedown, or other articles have the same text (syndication).
    """
    from pipelines.warehouse.questions import ask

    if takedown.outlet_domain is not None:
        rows = ask(warehouse, "body_of_outlet", (takedown.outlet_domain,)).rows
    else:
        rows = tuple(row for each in article_ids for row in ask(warehouse, "body_of_article", (each,)).rows)
    lines = sorted((line for row in rows for line in row[0].splitlines()), key=len, reverse=True)
    phrases = [line[:LONGEST_PHRASE].strip() for line in lines[:TRIED_LINES]]
    own = (list(article_ids), takedown.outlet_domain)
    return next((
        phrase for phrase in phrases
        if len(phrase) >= FEWEST_CHARACTERS and not ask(warehouse, "others_with", (phrase, *own)).rows[0][0]
    ), None)


def copies_of(warehouse: Warehouse, takedown: Takedown, article_ids: tuple[str, ...]) -> list[dict[str, Any]]:
    """Articles that are copies of the same stories and are not taken down: their ids, outlets and URLs."""
    from pipelines.warehouse.questions import ask

    return ask(warehouse, "copies_of", (list(article_ids), takedown.outlet_domain)).records()


def need_phrase(phrase: str) -> str:
    """The phrase. Raises ``WrongUsage`` if it is too short to tell one text from others."""
    if len(phrase.strip()) < FEWEST_CHARACTERS:
        raise WrongUsage(
            f"The phrase has fewer than {FEWEST_CHARACTERS} characters, and would be found in other texts too.\n"
            "What to do: give a longer passage of the removed text, from one line of it."
        )
    return phrase.strip()


def search_stores(settings: Settings, warehouse: Warehouse, phrase: str) -> Iterator[Found]:
    """Where the phrase is in the warehouse, its files and copies, the stage, and the home folder with logs and reports.

    Originals are decrypted if their key is given, and unpacked if they are compressed. Text that a page writes with
    entities or markup inside is not found.
    """
    yield from _in_warehouse(warehouse, phrase)
    yield from _in_originals(settings, warehouse, phrase)
    yield from _in_stage(settings, phrase)
    for folder in HOME_FOLDERS:
        yield from _in_files(settings.home / folder, settings.home, phrase)
    for path in _database_files(settings):
        if is_in_file(path, phrase.encode()):
            yield Found("home", str(path), 1)


def search_topics(settings: Settings, phrase: str) -> Iterator[Found]:
    """Where the phrase is in the topics, which are read from their beginnings to their ends."""
    from pipelines.records import OffsetRange, RawMessage
    from pipelines.sources.kafka import TopicMissing, read_range
    from pipelines.sources.offsets import topic_offsets

    kafka = settings.kafka
    for topic in filter(None, (kafka.raw_topic, kafka.rejected_topic, kafka.clean_topic)):
        count = 0
        with suppress(TopicMissing):
            for partition, (first, end) in topic_offsets(kafka, topic).items():
                for item in read_range(kafka, OffsetRange(topic, partition, first, end), retention_gap="continue"):
                    count += isinstance(item, RawMessage) and _is_in(item.value, phrase)
        if count:
            yield Found("Kafka", topic, count)


def _in_warehouse(warehouse: Warehouse, phrase: str) -> Iterator[Found]:
    from pipelines.resolve.layout import layout

    for table in layout().values():
        texts = [column.name for column in table.columns if column.type in {"text", "json"}]
        lists = [column.name for column in table.columns if column.type == "text[]"]
        values = [f"CAST({name} AS VARCHAR)" for name in texts] + [f"array_to_string({name}, ' ')" for name in lists]
        if values:
            holds = " OR ".join(f"position($1 IN {value}) > 0" for value in values)
            counting = f"SELECT count(*) FROM {table.name} WHERE {holds}"  # noqa: S608  names of the layout
            count = warehouse.query(counting, (phrase,)).rows[0][0]
            if count:
                yield Found("warehouse", table.name, count)
        for column in table.columns:
            if column.type in {"bytes", "bytes[]"} and column.name != "original":
                yield from _in_bytes(warehouse, table.name, column.name, phrase)


def _in_bytes(warehouse: Warehouse, table: str, column: str, phrase: str) -> Iterator[Found]:
    reading = f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608  names of the layout
    with warehouse.answer(reading) as answer:
        count = sum(_is_in_value(row[0], phrase) for row in answer.rows)
    if count:
        yield Found("warehouse", f"{table}.{column}", count)


def _in_originals(settings: Settings, warehouse: Warehouse, phrase: str) -> Iterator[Found]:
    """The originals of dead letters, in the warehouse and in the stage."""
    from pipelines.jobs.forget import every_letter
    from pipelines.stage import EncryptionKeyMissing, StagedBatchDamaged, stage_store

    store, inside = stage_store(settings), 0
    for letter in every_letter(warehouse):
        with suppress(EncryptionKeyMissing, StagedBatchDamaged):
            if _is_in(store.original_of(letter.record()), phrase):
                inside += letter.original_path is None
                if letter.original_path is not None and letter.original_key_id is not None:
                    yield Found("stage", letter.original_path, 1)
    if inside:
        yield Found("warehouse", "dead_letters.original", inside)


def _in_stage(settings: Settings, phrase: str) -> Iterator[Found]:
    from pipelines.stage import stage_store

    store = stage_store(settings)
    for kind in store.root.folders():
        for folder in _all_folders(kind / store.warehouse):
            for name in folder.files():
                is_parquet = name.endswith(".parquet")
                if _is_in_parquet(store, folder, name, phrase) if is_parquet else _is_in(folder.read(name), phrase):
                    yield Found("stage", str(folder / name), 1)


def _all_folders(folder: Folder) -> Iterator[Folder]:
    yield folder
    for each in folder.folders():
        yield from _all_folders(each)


def _is_in_parquet(store: StageStore, folder: Folder, name: str, phrase: str) -> bool:
    import pyarrow.parquet as pq

    with folder.open(name) as opened, pq.ParquetFile(opened) as file:
        return any(
            _is_in_value(_decrypted(row, store), phrase)
            for rows in file.iter_batches(batch_size=ROWS_AT_ONCE) for row in rows.to_pylist()
        )


def _decrypted(row: dict[str, Any], store: StageStore) -> dict[str, Any]:
    """The row of a dead letter or raw message, decrypted if its key is given; any other row unchanged."""
    from pipelines.stage import EncryptionKeyMissing, StagedBatchDamaged
    from pipelines.stage.archive import messages_of

    with suppress(EncryptionKeyMissing, StagedBatchDamaged):
        if row.get("original_key_id") is not None:
            return row | {"original": store.original_of(row)}
        if row.get("key_id") is not None and row.get("value") is not None:
            return row | {"value": [message.value for message in messages_of([row], store.keyring)]}
    return row


def _is_in_value(value: Any, phrase: str) -> bool:
    match value:
        case str():
            return phrase in value
        case bytes() | bytearray() | memoryview():
            return _is_in(bytes(value), phrase)
        case dict():
            return any(_is_in_value(each, phrase) for each in value.values())
        case list() | tuple():
            return any(_is_in_value(each, phrase) for each in value)
        case _:
            return False


def _is_in(value: bytes | None, phrase: str) -> bool:
    """Whether the bytes contain the phrase, also if they are compressed or hold it as an escaped JSON string."""
    if value is None:
        return False
    import json

    from pipelines.decode.compression import unpack
    from pipelines.failures import Rejected

    with suppress(Rejected):
        value = unpack(value, UNPACKED_BYTES)
    return phrase.encode() in value or json.dumps(phrase)[1:-1].encode() in value


def _in_files(folder: Path, home: Path, phrase: str) -> Iterator[Found]:
    wanted = phrase.encode()
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and is_in_file(path, wanted):
            yield Found("home", str(path.relative_to(home)), 1)


def is_in_file(path: Path, wanted: bytes) -> bool:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(wanted) >= 0
    except (OSError, ValueError):  # an empty file cannot be mapped
        return False


def _database_files(settings: Settings) -> Iterator[Path]:
    """The file of a DuckDB warehouse, its write-ahead file, and the copy for readers."""
    from pipelines.warehouse import DUCKDB, warehouse_path

    if settings.warehouse_url.startswith(DUCKDB):
        path = warehouse_path(settings.warehouse_url)
        yield path
        yield path.with_name(f"{path.name}.wal")
    if settings.snapshot.path is not None:
        yield settings.snapshot.path
