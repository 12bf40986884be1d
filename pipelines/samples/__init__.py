"""A made-up week of news as scrapers would leave it on Kafka, each message with what must become of it.

Pages lie in ``pages/``; ``manifest.jsonl`` says, in the order of publishing, how each is framed and what is
expected. Outlets and people are invented; countries and cities are real, so that there is something to find.
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
    """A message to publish: ``value`` is None for a tombstone.

    ``expected`` holds ``outcome`` (loaded, new_version, unchanged, rejected, deleted, nothing_to_delete), for a
    rejected one the ``reason``, and for an article its fields, with strings that its body must contain and lack.
    """

    id: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    expected: Mapping[str, Any]
    path: str | None = None


def sample_messages() -> Iterator[Sample]:
    """Every sample, in the order in which they are to be published."""
    registry = Registry.load()
    for line in files(__name__).joinpath("manifest.jsonl").read_text("utf-8").splitlines():
        entry: dict[str, Any] = json.loads(line)
        key = None if entry["key"] is None else entry["key"].encode()
        framed = Framed(None) if entry["framing"] == "tombstone" else frame(_body(entry), entry, registry)
        yield Sample(entry["id"], key, framed.value, framed.headers, entry["expected"], entry.get("path"))


def _body(entry: Mapping[str, Any]) -> bytes:
    """The page's bytes: a stored page in the charset that the manifest names, or one made on the spot."""
    if "made" in entry:
        return MADE[entry["made"]]()
    text = files(__name__).joinpath(entry["path"]).read_text("utf-8")
    return text.encode(entry.get("encoding", "utf-8"))
