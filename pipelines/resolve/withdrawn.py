"""Texts that are no articles by today's rules: they leave the articles, and are kept beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from datetime import datetime
from typing import Any

import pyarrow as pa

from pipelines.records import Coordinates
from pipelines.resolve.changes import ChangeBuilder
from pipelines.resolve.history import Former
from pipelines.resolve.layout import layout
from pipelines.resolve.staged import Staged
from pipelines.resolve.state import KnownState, whole_rows
from pipelines.resolve.versions import Resolutions

TABLE = "withdrawn_articles"
PLACE = ("coordinates_topic", "coordinates_partition", "coordinates_offset")


def change_withdrawn(  # noqa: PLR0913, PLR0917  the batch, what it was and what became of it, and when
    changes: ChangeBuilder, staged: Staged, found: Resolutions, former: Mapping[Coordinates, Former], known: KnownState,
    at: datetime,
) -> None:
    """Keeps the versions of withdrawn records, and removes those that are loaded again or covered by a delete request.
    """
    became = {r.coordinates: r.outcome for r in found.rows}
    back = [
        each for each, was in former.items() if was.outcome == "withdrawn" and became.get(each, "") != "withdrawn"
    ]
    changes.remove(TABLE, PLACE, [astuple(each) for each in sorted({*back, *found.removed})])
    changes.remove(TABLE, ("article_id",), [(deletion.article_id,) for deletion in found.deletions])
    gone = {each: was for each, was in former.items() if was.is_maker and became.get(each) == "withdrawn"}
    reasons = {o.coordinates: o.reason for o in staged.outcomes}
    rows: list[dict[str, Any]] = []
    for version in whole_rows(known, "article_versions", sorted({was.sighting.article_id for was in gone.values()})):
        made_from = Coordinates(*(version[name] for name in PLACE))
        if made_from in gone:
            rows.append(version | {
                "reason": reasons[made_from], "withdrawn_at": at, "withdrawn_in": staged.batch.batch_id,
            })
    changes.add_table(TABLE, pa.Table.from_pylist(rows, schema=layout()[TABLE].schema))
