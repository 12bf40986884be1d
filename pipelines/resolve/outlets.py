"""Brings outlets up to date with a batch: an outlet is counted as an entity is, with its names as its forms."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.resolve.changes import ChangeBuilder, rows_table
from pipelines.resolve.entities import FORMS, SPANS, USES, Counted, Times, count_entities, lost_times
from pipelines.resolve.state import KnownState, Lookup

RETIMED = 1000
"""An entity or outlet with more articles keeps its times when it loses the first or last of them."""


@dataclass(frozen=True, slots=True)
class OutletUse:
    """The outlet of an article.

    ``article_count`` is -1 where the article is replaced or removed, and 0 where it was seen again unchanged.
    """

    article_id: str
    domain: str
    name: str | None
    first_at: datetime
    last_at: datetime
    article_count: int = 1

    def row(self) -> tuple[object, ...]:
        """A row of ``USES``."""
        return (
            self.domain, self.name or "", "outlet", None, None, None, None, None, self.article_count, self.first_at,
            self.last_at,
        )


def change_outlets(
    changes: ChangeBuilder, uses: Collection[OutletUse], gone: Collection[str], seen: Mapping[str, datetime],
    known: KnownState,
) -> None:
    """``gone`` are replaced and removed articles, ``seen`` is when an article of the batch was last fetched."""
    again: dict[str, datetime] = {}
    for use in uses:
        if not use.article_count:
            again[use.domain] = max(use.last_at, again.get(use.domain, use.last_at))
    uses = [use for use in uses if use.article_count]
    table = rows_table(USES, [use.row() for use in uses])
    before = _known_outlets(known, {use.domain for use in uses} | again.keys())
    after = count_entities(table, again, before)
    counts = after.article_counts()
    retimed = {each for each in lost_times(table, before) if 0 < counts.get(each, 0) <= RETIMED}
    after = after.retimed(_times(retimed, uses, gone, seen, known))
    ids = sorted({*(use.domain for use in uses), *again})
    changes.remove("outlets", ("domain",), [(domain,) for domain in ids])
    changes.remove("outlet_names", ("domain",), [(domain,) for domain in ids])
    shown = after.shown()
    changes.add_table("outlets", pa.table({
        "domain": shown["entity_id"], "name": _or_null(shown["name"]), "article_count": shown["article_count"],
        "first_fetched_at": shown["first_seen_at"], "last_fetched_at": shown["last_seen_at"],
    }))
    changes.add_table("outlet_names", pa.table({
        "domain": after.forms["entity_id"], "name": _or_null(after.forms["name"]),
        "article_count": after.forms["article_count"],
    }))


def _or_null(names: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.equal(names, ""), None, names)


def _known_outlets(known: KnownState, domains: Collection[str]) -> Counted:
    keys = [(domain,) for domain in sorted(domains)]
    counted = known.rows(Lookup("outlet_names", ("domain", "name", "article_count"), ("domain",), keys))
    spans = known.rows(Lookup("outlets", ("domain", "first_fetched_at", "last_fetched_at"), ("domain",), keys))
    forms = [(domain, name or "", "outlet", None, None, None, None, None, count) for domain, name, count in counted]
    return Counted(rows_table(FORMS, forms), rows_table(SPANS, spans))


def _times(
    domains: Collection[str], uses: Collection[OutletUse], gone: Collection[str], seen: Mapping[str, datetime],
    known: KnownState,
) -> dict[str, Times]:
    found: dict[str, list[tuple[datetime, datetime]]] = {domain: [] for domain in domains}
    for domain, article_id, first, last in known.rows(Lookup(
        "articles", ("outlet_domain", "article_id", "fetched_at", "last_fetched_at"), ("outlet_domain",),
        [(each,) for each in sorted(domains)],
    )):
        if article_id not in gone:
            found[domain].append((first, max(last, seen.get(article_id, last))))
    for use in uses:
        if use.article_count > 0 and use.domain in found:
            found[use.domain].append((use.first_at, use.last_at))
    return dict(found)
