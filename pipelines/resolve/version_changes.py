"""Rows that say how each later version of an article differs from the version that was fetched before it.

Versions are compared in the order of fetching. A version that arrives late may come between two others: the later of
these is then compared anew, so that the rows do not depend on the order in which messages arrive.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from pipelines.resolve.changes import ChangeBuilder
from pipelines.resolve.edits import describe_change
from pipelines.resolve.state import KnownState, Lookup
from pipelines.resolve.texts import Texts
from pipelines.resolve.versions import Resolutions

TABLE = "version_changes"
PAIRS_AT_ONCE = 64

type Version = tuple[str, int]
"""Article and number of the version."""
type Order = Sequence[tuple[datetime, int]]
"""Versions of an article in the order of fetching: when each was fetched, and its number."""
type Text = tuple[str, str]
"""Headline and body."""


def change_version_changes(changes: ChangeBuilder, texts: Texts, found: Resolutions, known: KnownState) -> None:
    """Compares every version that is new with the one before it, and the one after it with it.

    If a body was withheld for the rights of its page, only headlines are compared.
    ``texts`` are those that the batch keeps; of articles that lost messages to a delete request, all that are left.
    """
    changes.remove(TABLE, ("article_id",), [(each,) for each in sorted(found.deleted)])
    added = _added(texts)
    ids = sorted(added.keys() - found.deleted)
    before = _known_versions(known, ids)
    pairs = [
        (article_id, was, now)
        for article_id in sorted(added)
        for was, now in _new_pairs(before.get(article_id, ()), added[article_id])
    ]
    changes.remove(TABLE, ("article_id", "version"), [
        (article_id, now) for article_id, _, now in pairs if article_id in before
    ])
    for begin in range(0, len(pairs), PAIRS_AT_ONCE):
        some = pairs[begin : begin + PAIRS_AT_ONCE]
        read = _texts(texts, known, [(article_id, each) for article_id, *both in some for each in both])
        compared = [
            (article_id, was, now, *_comparable(read[article_id, was], read[article_id, now]))
            for article_id, was, now in some
        ]
        changes.add(TABLE, [_row(*each) for each in compared if each[3] != each[4]])


def _added(texts: Texts) -> Mapping[str, Order]:
    """The versions that the batch adds, by article; a first version of a new article has nothing before it."""
    found: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for row in texts.kept.select(["article_id", "fetched_at", "version"]).to_pylist():
        found[row["article_id"]].append((row["fetched_at"], row["version"]))
    return found


def _known_versions(known: KnownState, ids: Sequence[str]) -> Mapping[str, Order]:
    found: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for article_id, version, fetched_at in known.rows(
        Lookup("article_versions", ("article_id", "version", "fetched_at"), ("article_id",), [(each,) for each in ids])
    ):
        found[article_id].append((fetched_at, version))
    return found


def _new_pairs(before: Order, added: Order) -> Iterator[tuple[int, int]]:
    """Neighbours in the order of fetching that were no neighbours before. A new reading of a version moves nothing."""
    there = {version for _, version in before}
    former = {(was, now) for (_, was), (_, now) in pairwise(sorted(before))}
    order = sorted([*before, *(each for each in added if each[1] not in there)])
    for (_, was), (_, now) in pairwise(order):
        if (was, now) not in former:
            yield was, now


def _texts(texts: Texts, known: KnownState, wanted: Sequence[Version]) -> Mapping[Version, Text]:
    """Headlines and bodies of versions, from the batch, or else from the warehouse."""
    keys = {key: n for n, key in enumerate(zip(*_columns(texts, "article_id", "version"), strict=True))}
    here = sorted({keys[each] for each in wanted if each in keys})
    rows = texts.kept.select(["article_id", "version", "title", "body"]).take(here).to_pylist()
    read = {(row["article_id"], row["version"]): (row["title"], row["body"]) for row in rows}
    missing = sorted({each for each in wanted if each not in read})
    for article_id, version, title, body in known.rows(Lookup(
        "article_versions", ("article_id", "version", "title", "body"), ("article_id", "version"), missing
    )):
        read[article_id, version] = title, body
    return read


def _comparable(before: Text, after: Text) -> tuple[Text, Text]:
    """The texts, without their bodies if one of them was withheld: then only headlines can be compared."""
    return (before, after) if before[1] and after[1] else ((before[0], ""), (after[0], ""))


def _columns(texts: Texts, *names: str) -> list[list[Any]]:
    return [texts.kept.column(name).to_pylist() for name in names]


def _row(article_id: str, was: int, now: int, before: Text, after: Text) -> tuple[Any, ...]:
    found = describe_change(*before, *after)
    return (
        article_id, now, was, found.kind, list(found.kinds), found.sentences, list(found.before), list(found.after),
    )
