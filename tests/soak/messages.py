"""What the soak publishes: the package's samples, then made-up pages, corrections, deletions and poison without end.

Messages that concern one another (versions of a page, its deletion, copies of a story) share a partition, as keys
would have it: partitions are read in no fixed order, and a comparison needs one.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipelines.samples import sample_messages

PARTITIONS = 3
FIRST = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
NAMES = ("Ines Falk", "Tomas Reuel", "Amara Okoye", "Jorge Palma", "Lena Vester", "Pavel Dorn", "Mei Tanaka")
PLACES = ("Lisbon", "Nairobi", "Oslo", "Lima", "Hanoi", "Toronto", "Dakar", "Riga", "Tunis", "Quito")
THINGS = (
    "bridge", "harbour", "school", "tram line", "library", "reservoir", "market", "clinic", "lighthouse", "theatre",
    "railway", "quarry", "orchard", "stadium", "museum", "ferry", "power station", "canal", "archive", "observatory",
)
VERBS = ("rebuild", "close", "sell", "repair", "study", "widen", "lease", "protect", "move", "insure", "paint", "open")
TIMES = ("spring", "the summer", "the autumn", "winter", "the election", "the holidays", "the harvest", "the floods")
SENTENCES = (
    "{name} told reporters in {place} that the city would {verb} the {thing} before {time}.",
    "The council had asked for {number} thousand crowns to {verb} the old {thing} near {place}.",
    "Residents said that the {thing} and the {other} had been promised to them {number} months ago.",
    "A report of {number} pages found that nobody could {verb} the {thing} without the {other}.",
    "Engineers from {place} will look at the {thing} after {time}, {name} added.",
    "Of {number} people who were asked, most would rather {verb} the {other} than the {thing}.",
    "The owner of the {other}, {name}, declined to say who would {verb} it.",
    "Work on the {thing} stopped when {number} lorries were held at {place} during {time}.",
)
POISON: tuple[tuple[bytes, tuple[tuple[str, bytes], ...]], ...] = (
    (b"\xc3\x01\x00\x00\x00\x00\x00\x00\x00\x00poison", ()),
    (b"\x00\x00\x00\x00\x01\xff\xff\xff", ()),
    (b"{\"url\": ", (("content-type", b"application/json"),)),
    (b"   ", ()),
    (b"%PDF-1.7 no page", (("content-type", b"application/pdf"),)),
    (b"\x1f\x8b\x08\x00 cut", (("content-type", b"text/html"),)),
)


@dataclass(frozen=True, slots=True)
class Published:
    """A message and the partition that it goes to."""

    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


def messages(seed: int) -> Iterator[Published]:
    """The samples in their order, then others without end, the same for the same seed."""
    for sample in sample_messages():
        yield Published(0, sample.key, sample.value, sample.headers)
    yield from _made(random.Random(seed))


def _made(chance: random.Random) -> Iterator[Published]:
    pages = 0
    while True:
        pages += 1
        kind = chance.choices(("page", "dump", "item", "again", "corrected", "deleted", "poison"),
                              (50, 8, 8, 8, 10, 6, 10))[0]
        number = chance.randrange(1, pages) if kind in {"again", "corrected", "deleted"} and pages > 1 else pages
        yield _message(kind, number, FIRST + timedelta(minutes=pages), chance)


def _message(kind: str, number: int, fetched_at: datetime, chance: random.Random) -> Published:
    partition = 1 + number % (PARTITIONS - 1)
    url = f"https://harbour-news.example/{number}"
    if kind == "poison":
        value, headers = chance.choice(POISON)
        return Published(partition, url.encode(), value, headers)
    if kind == "deleted":
        return Published(partition, url.encode(), None, ())
    title, paragraphs = _text(number, fetched_at.isoformat() if kind == "corrected" else "")
    content_type, value = _framed(kind, url, title, paragraphs)
    headers = (("content-type", content_type), ("url", url.encode()), ("source", b"harbour-crawler"),
               ("fetched-at", fetched_at.isoformat().encode()))
    return Published(partition, url.encode(), value, headers)


def _text(number: int, correction: str) -> tuple[str, list[str]]:
    """Title and paragraphs of a page, the same for the same number and correction."""
    chance = random.Random(f"{number} {correction}")
    sentences = [
        chance.choice(SENTENCES).format(
            name=chance.choice(NAMES), place=chance.choice(PLACES), verb=chance.choice(VERBS),
            time=chance.choice(TIMES), number=chance.randrange(12, 9_000), thing=chance.choice(THINGS),
            other=chance.choice(THINGS),
        )
        for _ in range(9)
    ]
    title = f"{PLACES[number % len(PLACES)]} will {VERBS[number % len(VERBS)]} its {chance.choice(THINGS)} no. {number}"
    return title, [" ".join(sentences[n : n + 3]) for n in range(0, 9, 3)]


def _framed(kind: str, url: str, title: str, paragraphs: list[str]) -> tuple[bytes, bytes]:
    if kind == "item":
        return b"application/json", json.dumps({"url": url, "title": title, "text": "\n\n".join(paragraphs)}).encode()
    if kind == "dump":
        boilerplate = "Harbour News\nHome\nSport\nWeather\n\n"
        return b"text/plain", (boilerplate + title + "\n\n" + "\n\n".join(paragraphs) + "\n\nTrending Now\n").encode()
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    head = f"<html lang=en><head><title>{title} | Harbour News</title></head><body><nav><a href=/>Home</a></nav>"
    return b"text/html", f"{head}<article><h1>{title}</h1>{body}</article></body></html>".encode()
