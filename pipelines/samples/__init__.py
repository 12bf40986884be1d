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
from schemas import shipped

__all__ = ["Sample", "framed", "sample_entries", "sample_messages", "sample_of"]


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
    """The samples of the manifest, in the order in which they must be published. ``month`` has more around them."""
    return map(sample_of, sample_entries())


def sample_entries() -> Iterator[Mapping[str, Any]]:
    """The entries of the manifest, in its order."""
    for line in files(__name__).joinpath("manifest.jsonl").read_text("utf-8").splitlines():
        yield json.loads(line)


def sample_of(entry: Mapping[str, Any]) -> Sample:
    """The message of an entry of the manifest."""
    key = None if entry["key"] is None else entry["key"].encode()
    message = Framed(None) if entry["framing"] == "tombstone" else framed(_body(entry), entry)
    return Sample(entry["id"], key, message.value, message.headers, entry["expected"], entry.get("path"))


def framed(body: bytes, entry: Mapping[str, Any]) -> Framed:
    """A page with its coordinates of fetching as a Kafka value and headers. See ``frame``."""
    return frame(body, entry, shipped())


def _body(entry: Mapping[str, Any]) -> bytes:
    """The page's bytes: those of a stored page in the charset of the manifest, or of a generated one."""
    if "made" in entry:
        return MADE[entry["made"]]()
    text = files(__name__).joinpath(entry["path"]).read_text("utf-8")
    return text.encode(entry.get("encoding", "utf-8"))
