"""A made-up week of news, as scrapers would write it to Kafka. Each message has an expected outcome.

The pages are in ``pages/``. ``manifest.jsonl`` lists the messages in the order of publishing, with their framing and
expected outcome. Outlets and people are invented. Countries and cities are real, so that places can be linked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from pipelines.samples.framing import Framed, frame
from pipelines.samples.made import MADE
from schemas import Registry

__all__ = ["Sample", "sample_messages"]


@dataclass(frozen=True, slots=True)
class Sample:
    """A message to publish. ``value`` is None for a tombstone.

    ``expected`` has the ``outcome`` (loaded, new_version, unchanged, rejected, deleted, nothing_to_delete), the
    ``reason`` of a rejected message, and the fields of an article, with strings that its body must or must not contain.
    """

    id: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    expected: Mapping[str, Any]
    path: str | None = None


def sample_messages() -> Iterator[Sample]:
    """All samples, in the order in which they must be published."""
    registry = Registry.load()
    for line in files(__name__).joinpath("manifest.jsonl").read_text("utf-8").splitlines():
        entry: dict[str, Any] = json.loads(line)
        key = None if entry["key"] is None else entry["key"].encode()
        framed = Framed(None) if entry["framing"] == "tombstone" else frame(_body(entry), entry, registry)
        yield Sample(entry["id"], key, framed.value, framed.headers, entry["expected"], entry.get("path"))


def _body(entry: Mapping[str, Any]) -> bytes:
    """The page's bytes: those of a stored page in the charset of the manifest, or of a generated one."""
    if "made" in entry:
        return MADE[entry["made"]]()
    text = files(__name__).joinpath(entry["path"]).read_text("utf-8")
    return text.encode(entry.get("encoding", "utf-8"))
