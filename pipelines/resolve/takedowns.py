"""Takedowns: requests to forget articles or a whole outlet, and the suppressions that keep them out afterwards.

A takedown removes all records of its articles, whatever their time, in batches of the kind ``forget``. Each article
gets a row in ``suppressions``, and the takedown one in ``takedowns``: the receipt. While a suppression is in force,
later records of the article end as ``suppressed``, and rejected ones that name it keep none of their content.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pipelines.records import Coordinates
from pipelines.resolve.changes import ChangeBuilder
from pipelines.resolve.staged import Staged
from pipelines.resolve.state import KnownState, Lookup
from pipelines.resolve.versions import Resolutions

type TakedownScope = Literal["article", "outlet"]


@dataclass(frozen=True, slots=True)
class Takedown:
    """A request to forget articles: those of an outlet, or single ones.

    ``expires_at`` is when its articles may be loaded again; None is never. ``requested_by`` names who asked.
    """

    takedown_id: str
    scope: TakedownScope
    reason: str
    requested_by: str
    requested_at: datetime
    expires_at: datetime | None = None
    outlet_domain: str | None = None


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What one batch of a takedown removes: all records of the articles, and these other rejected records."""

    takedown: Takedown
    article_ids: tuple[str, ...]
    rejected: tuple[Coordinates, ...] = ()


def suppressed_articles(known: KnownState, ids: Sequence[str], at: datetime) -> frozenset[str]:
    """The articles among ``ids`` that a suppression keeps out at this time."""
    rows = known.rows(Lookup("suppressions", ("article_id", "expires_at"), ("article_id",), [(each,) for each in ids]))
    return frozenset(article_id for article_id, expires_at in rows if expires_at is None or expires_at > at)


def suppressed_outlets(known: KnownState, domains: Iterable[str], at: datetime) -> frozenset[str]:
    """The outlets among ``domains`` that a takedown keeps out at this time."""
    keys = [(domain,) for domain in sorted(set(domains))]
    rows = known.rows(Lookup("takedowns", ("outlet_domain", "expires_at"), ("outlet_domain",), keys))
    return frozenset(domain for domain, expires_at in rows if expires_at is None or expires_at > at)


def records_of_suppressed_outlets(staged: Staged, known: KnownState, at: datetime) -> frozenset[Coordinates]:
    """Records of the batch, rejected ones too, whose outlet a takedown keeps out."""
    suppressed = suppressed_outlets(known, (o.outlet_domain for o in staged.outcomes if o.outlet_domain), at)
    return frozenset(o.coordinates for o in staged.outcomes if o.outlet_domain in suppressed)


def enter_takedown(changes: ChangeBuilder, forgotten: Forgotten, found: Resolutions, known: KnownState) -> None:
    """Writes the suppressions of the batch's articles, and adds what it removed to the receipt of its takedown."""
    takedown, texts = forgotten.takedown, _texts_of(known, forgotten.article_ids)
    ids = [(each,) for each in forgotten.article_ids]
    former = {
        row[0]: row[1:]
        for row in known.rows(Lookup(
            "suppressions", ("article_id", "expires_at", "removed_sha256"), ("article_id",), ids
        ))
    }
    changes.remove("suppressions", ("article_id",), ids)
    for article_id in forgotten.article_ids:
        expires_at, digest = former.get(article_id, (takedown.expires_at, None))
        changes.add("suppressions", [(
            article_id, takedown.reason, takedown.requested_at, takedown.takedown_id, takedown.requested_by,
            _later(expires_at, takedown.expires_at), _digest(texts[article_id]) if texts[article_id] else digest,
        )])
    removed = Counter(
        articles=sum(article_id in found.deleted for article_id in forgotten.article_ids),
        versions=sum(map(len, texts.values())), records=len(found.removed),
    )
    digests = [each for article_id in sorted(texts) for each in texts[article_id]]
    counts = ("articles", "versions", "records")
    removed_sha256 = _digest(digests) if digests else None
    so_far = known.rows(Lookup(
        "takedowns", (*counts, "removed_sha256"), ("takedown_id",), [(takedown.takedown_id,)]
    ))
    if so_far:
        *before, digest = so_far[0]
        digests = [digest, *digests] if digest and digests else digests
        removed_sha256 = _digest(digests) if digests else digest
        removed += Counter(dict(zip(counts, before, strict=True)))
        changes.remove("takedowns", ("takedown_id",), [(takedown.takedown_id,)])
    changes.add("takedowns", [(
        takedown.takedown_id, takedown.scope, takedown.outlet_domain, takedown.reason, takedown.requested_by,
        takedown.requested_at, takedown.expires_at, *(removed[name] for name in counts),
        removed_sha256, None, None,
    )])


def _texts_of(known: KnownState, article_ids: Collection[str]) -> Mapping[str, list[str]]:
    """The content hashes of all versions of each article, in the order of the versions."""
    found: dict[str, list[str]] = defaultdict(list)
    rows = known.rows(Lookup(
        "article_versions", ("article_id", "version", "content_hash"), ("article_id",),
        [(each,) for each in article_ids],
    ))
    for article_id, _, content_hash in sorted(rows):
        found[article_id].append(content_hash)
    return found


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two ends; None is never."""
    return None if one is None or other is None else max(one, other)


def _digest(digests: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
