"""Dead letters for the command line: filtered, grouped, counted, and with their originals."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.warehouse import DeadLetterFilter, StoredDeadLetter, Warehouse


def opened(settings: Settings) -> Warehouse:
    """The warehouse to read from; raises ``WarehouseGone`` or ``WarehouseReplaced`` if runs loaded into another one."""
    from flows.memory import Memory
    from flows.targets import the_warehouse

    warehouse = the_warehouse(settings)
    Memory(settings, warehouse).need_same_warehouse(ask_kafka=False)
    return warehouse


def chosen(*, reason: str | None = None, scraper: str | None = None, since: datetime | None = None) -> DeadLetterFilter:
    """A filter for dead letters that are still rejected; a time without a zone is taken as UTC."""
    from pipelines.warehouse import DeadLetterFilter

    return DeadLetterFilter(reason=reason, scraper=scraper, since=since and since.replace(tzinfo=since.tzinfo or UTC))


def groups_of(settings: Settings, wanted: DeadLetterFilter) -> list[dict[str, Any]]:
    return [asdict(group) for group in opened(settings).dead_letter_groups(wanted)]


def count_of(warehouse: Warehouse, wanted: DeadLetterFilter) -> int:
    return sum(group.count for group in warehouse.dead_letter_groups(wanted))


def original_of(settings: Settings, letter: StoredDeadLetter) -> bytes | None:
    """The original bytes, decrypted, from the dead letter or from the file that it refers to."""
    from pipelines.stage import stage_store

    return stage_store(settings).original_of(letter.record())


def as_json(settings: Settings, letter: StoredDeadLetter) -> dict[str, Any]:
    """All fields. An original inside of the letter is decrypted if its key is given."""
    from pipelines.stage import EncryptionKeyMissing

    read = asdict(letter)
    if letter.original is not None and letter.original_key_id is not None:
        with suppress(EncryptionKeyMissing):
            read["original"] = original_of(settings, letter)
    return read | {"headers": [{"name": name, "value": value} for name, value in letter.headers]}
