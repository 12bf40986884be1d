"""A message whose header names are not UTF-8 is read all the same: nothing a producer writes may stop a partition.

The library decodes header names strictly and gives up the whole batch at the first bad one, for ever. Brokers
take such names, and not every producer library makes them of characters.
"""

from __future__ import annotations

from functools import cache
from typing import Any


class _Name(bytearray):
    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        return super().decode(encoding, "replace" if errors == "strict" else errors)


class _Buffer(bytearray):
    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return _Name(found) if isinstance(at, slice) else found


@cache
def read_any_header_name() -> None:
    """Have kafka-python, in this process, replace what it cannot decode in a header's name, and read large batches
    piece by piece."""
    from kafka.record import memory_records

    from pipelines.sources.bounded import BoundedBatch

    class TolerantBatch(BoundedBatch):
        __slots__ = ()

        def _read_msg(self: Any) -> Any:
            try:
                return super()._read_msg()
            except UnicodeDecodeError:
                strict, self._buffer = self._buffer, _Buffer(self._buffer)
                try:
                    return super()._read_msg()
                finally:
                    self._buffer = strict

    memory_records.DefaultRecordBatch = TolerantBatch
