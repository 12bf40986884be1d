"""The warehouse in Iceberg tables, with a DuckDB replica that answers lookups and queries."""

from __future__ import annotations

from pipelines.warehouse.iceberg.warehouse import IcebergWarehouse

__all__ = ["IcebergWarehouse"]
