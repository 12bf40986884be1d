"""The maintain flow: frees space in the warehouse, as ``dateline maintain`` does."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from prefect import flow

from flows.masking import masked
from flows.targets import the_settings
from flows.upkeep import keep_up


@flow(name="maintain", persist_result=False)
@masked
def maintain(
    keep_days: float = 7.0, warehouse: str | None = None, wait_minutes: float = 0, reencrypt: bool = False,
) -> list[dict[str, Any]]:
    """Free space in the warehouse: rewrite DuckDB, vacuum PostgreSQL, compact and expire Iceberg tables.

    Args:
        keep_days: days for which earlier states of Iceberg tables stay readable.
        warehouse: URL of the warehouse, instead of the one in the settings.
        wait_minutes: how long to wait for another run to release the writer lock.
        reencrypt: encrypt originals of dead letters and the archive with the current key first.
    """
    settings = the_settings(warehouse=warehouse)
    return [asdict(each) for each in keep_up(settings, keep_days, wait_minutes, reencrypts=reencrypt)]
