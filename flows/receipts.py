"""Receipts of takedowns as files in the home folder: who asked, when, why, what was removed, and what remains."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flows.quality.files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.settings import Settings
    from pipelines.warehouse import Warehouse

FOLDER = "receipts"


def receipt_path(settings: Settings, takedown_id: str) -> Path:
    return settings.home / FOLDER / f"{takedown_id}.json"


def write_receipt(settings: Settings, warehouse: Warehouse, takedown_id: str) -> dict[str, Any]:
    """Write the receipt of a takedown as the warehouse has it, and return it with the path of its file."""
    (row,) = warehouse.query("SELECT * FROM takedowns WHERE takedown_id = $1", (takedown_id,)).records()
    articles = warehouse.query(
        "SELECT article_id, removed_sha256 FROM suppressions WHERE takedown_id = $1 ORDER BY 1", (takedown_id,)
    ).records()
    receipt = row | {"remains": json.loads(row["remains"] or "[]"), "suppressed_articles": articles}
    path = receipt_path(settings, takedown_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(receipt, indent=1, default=str, ensure_ascii=False))
    return receipt | {"file": str(path)}
