"""Stores a warehouse's id outside of it, so that a run notices if the warehouse is missing or another one.

An empty warehouse looks like a new one: a run would read the topic again from its start, load only the records that
Kafka still has, and move the group's offsets. Therefore a run stores the id of the warehouse that it loads into, with
the warehouse's address, in the home folder. It also stores the id in the metadata of the group's offsets in Kafka, in
case the home folder is lost together with the warehouse.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flows.faults import WarehouseGone, WarehouseReplaced
from pipelines.secrets import redact

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.warehouse import Warehouse

LOG = logging.getLogger("dateline")

START_OVER = (
    "To start over with an empty warehouse on purpose, run `dateline ingest --new-warehouse` once (in Prefect, a run "
    "of the deployment with the parameter new_warehouse)."
)


@dataclass(frozen=True, slots=True)
class Memory:
    """The stored id of the warehouse that the settings name."""

    settings: Settings
    warehouse: Warehouse

    @property
    def key(self) -> str:
        """Hash of the warehouse's address, for the names of files and for Kafka."""
        from pipelines.warehouse import warehouse_address

        return hashlib.sha256(warehouse_address(self.settings.warehouse_url).encode()).hexdigest()[:16]

    @property
    def folder(self) -> Path:
        """The folder in the home for files about this warehouse."""
        return self.settings.home / "warehouses" / self.key

    @property
    def _note(self) -> Path:
        return self.folder / "loaded.json"

    def need_same_warehouse(self, *, ask_kafka: bool) -> None:
        """Raise ``WarehouseGone`` or ``WarehouseReplaced`` if earlier runs loaded into another warehouse."""
        found, noted = self.warehouse.identity(), self._noted()
        if noted is None and not found.is_loaded and ask_kafka:
            noted = self._noted_by_kafka()
        if noted is None or noted == found.warehouse_id:
            return
        url = redact(self.settings.warehouse_url)
        if not found.is_loaded:
            raise WarehouseGone(
                f"Articles were loaded into {url} before (warehouse {noted[:8]}), and now it is missing or empty. A "
                "run would create a new one and load only the records that Kafka still keeps. Nothing was read, and no "
                "offset was moved.\n"
                f"What to do: bring it back (is its disk mounted?) or restore its backup, and run again. {START_OVER}"
            )
        if found.warehouse_id is not None:  # a backup from before there were ids has none and is accepted
            raise WarehouseReplaced(
                f"{url} is another warehouse ({found.warehouse_id[:8]}) than the one that was loaded into before "
                f"({noted[:8]}). Nothing was read, and no offset was moved.\n"
                "What to do: put the right one in its place, or name the right one in DATELINE_WAREHOUSE, and run "
                "again. To load into this one from now on, run `dateline ingest --new-warehouse` once (in Prefect, a "
                "run of the deployment with the parameter new_warehouse)."
            )

    def remember(self) -> None:
        """Store the warehouse's id in the home, for comparison by ``need_same_warehouse``."""
        found = self.warehouse.identity()
        if found.warehouse_id is None or found.warehouse_id == self._noted():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        noted = {
            "warehouse": redact(self.settings.warehouse_url), "id": found.warehouse_id,
            "noted_at": datetime.now(UTC).isoformat(),
        }
        new = self._note.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps(noted), "utf-8")
        new.replace(self._note)

    def for_kafka(self) -> str:
        """The metadata that is committed with the group's offsets."""
        return f"{self._prefix}{self.warehouse.identity().warehouse_id or ''}"

    @property
    def _prefix(self) -> str:
        return f"dateline warehouse {self.key} "

    def _noted(self) -> str | None:
        try:
            return str(json.loads(self._note.read_text("utf-8"))["id"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _noted_by_kafka(self) -> str | None:
        from pipelines.broker import BrokerRefused
        from pipelines.sources.groups import group_notes

        kafka = self.settings.kafka
        try:
            notes = group_notes(kafka, kafka.raw_topic)
        except BrokerRefused as fault:
            LOG.warning("could not read from Kafka which warehouse earlier runs loaded into: %s", fault)
            return None
        ids = [note.removeprefix(self._prefix) for note in notes if note.startswith(self._prefix)]
        return next(filter(None, ids), None)
