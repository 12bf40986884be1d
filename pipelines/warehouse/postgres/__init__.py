"""The warehouse in PostgreSQL: readers never wait for writers, and runs on several machines can write to it."""

from __future__ import annotations

from pipelines.warehouse.postgres.warehouse import PostgresWarehouse, check_address

__all__ = ["PostgresWarehouse", "check_address"]
