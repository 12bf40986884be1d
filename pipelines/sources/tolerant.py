"""Messages whose header names are not UTF-8 can be read: nothing that a producer writes may block a partition.

Brokers accept such names, and some producer libraries write them as raw bytes. kafka-python decodes header names
strictly, so that the first invalid one makes its whole batch unreadable at every attempt.
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
    """Patch kafka-python in this process, once.

    It then replaces invalid bytes in header names, and reads large batches piece by piece (``BoundedBatch``).
    """
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
