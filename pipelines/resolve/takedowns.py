"""Takedowns: requests to forget articles or a whole outlet, and the suppressions that keep them out afterwards.

A takedown removes all records of its articles, whatever their time, in batches of the kind ``forget``. Each article
gets a row in ``suppressions``, and the takedown one in ``takedowns``: the receipt. While a suppression is in force,
later records of the article end as ``suppressed``, and rejected ones that name it keep none of their content.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pipelines.records import Coordinates
from pipelines.resolve.redaction import RedactedName
from pipelines.resolve.staged import Staged
from pipelines.resolve.state import KnownState, Lookup

type TakedownScope = Literal["article", "outlet", "person"]


@dataclass(frozen=True, slots=True)
class Takedown:
    """A request to forget articles: single ones, those of an outlet, or the name of a person in one.

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
    """What one batch of a takedown removes: all records of the articles, and these other rejected records.

    With ``name``, the articles stay, and the name is redacted in their texts.
    """

    takedown: Takedown
    article_ids: tuple[str, ...]
    rejected: tuple[Coordinates, ...] = ()
    name: RedactedName | None = None


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


def redactions_of(known: KnownState, ids: Iterable[str], at: datetime) -> Mapping[str, list[RedactedName]]:
    """The names that have to be redacted in texts of these articles, by article."""
    found: dict[str, list[RedactedName]] = defaultdict(list)
    columns = ("article_id", "takedown_id", "digests", "words", "expires_at")
    for article_id, takedown_id, digests, words, expires_at in sorted(known.rows(
        Lookup("redactions", columns, ("article_id",), [(each,) for each in sorted(set(ids))])
    )):
        if expires_at is None or expires_at > at:
            found[article_id].append(RedactedName(takedown_id, frozenset(digests), words))
    return found
