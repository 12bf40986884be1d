"""What a takedown changes in the warehouse: suppressions, its receipt, and texts in which a name is redacted."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from pipelines.records import Coordinates
from pipelines.resolve.changes import ChangeBuilder
from pipelines.resolve.history import COORDINATES
from pipelines.resolve.layout import layout
from pipelines.resolve.redaction import RedactedName, redact_body, redact_record, redact_row
from pipelines.resolve.staged import Staged
from pipelines.resolve.state import KnownState, Lookup, whole_rows
from pipelines.resolve.takedowns import Forgotten
from pipelines.resolve.texts import Texts
from pipelines.resolve.versions import Resolutions
from pipelines.resolve.withdrawn import TABLE as WITHDRAWN
from pipelines.stage import reading_digest
from schemas import shipped


def redact_staged(staged: Staged, names: Mapping[str, list[RedactedName]]) -> Staged:
    """The batch, with the names redacted in the articles that they are redacted in."""
    if not names:
        return staged
    table, readings = redact_table(staged.article_table, names)
    outcomes = tuple(replace(o, reading=readings.get(o.coordinates, o.reading)) for o in staged.outcomes)
    return replace(staged, article_table=table, outcomes=outcomes)


def redact_table(
    table: pa.Table, names: Mapping[str, list[RedactedName]]
) -> tuple[pa.Table, Mapping[Coordinates, str]]:
    """Staged articles with the names redacted, and the digests of the readings that this changed."""
    ids = table.column("article_id").to_pylist()
    concerned = [n for n, article_id in enumerate(ids) if article_id in names]
    records = table.take(pa.array(concerned, pa.int64())).to_pylist(maps_as_pydicts="strict")
    readings: dict[Coordinates, str] = {}
    pieces, at = [], 0
    for n, record in zip(concerned, records, strict=True):
        for name in names[record["article_id"]]:
            record = redact_record(record, name)  # noqa: PLW2901  one name after the other
        readings[Coordinates(**record["coordinates"])] = reading_digest(record)
        pieces += [table.slice(at, n - at), pa.Table.from_pylist([record], table.schema)]
        at = n + 1
    return pa.concat_tables([*pieces, table.slice(at)]), readings


def redact_texts(texts: Texts, name: RedactedName) -> Texts:
    """The texts that a batch keeps, without the name."""
    kept, current = (
        _table("articles", [redact_row(row, name) for row in table.to_pylist()])
        for table in (texts.kept, texts.current)
    )
    mentions, entities = [], []
    for row in texts.current.to_pylist():
        _, spans, named = redact_body(
            row["body"], _of_article(texts.mentions, row), _of_article(texts.entities, row), name,
            ("start_char", "end_char"),
        )
        mentions += [span | {"position": n} for n, span in enumerate(spans, start=1)]
        entities += [entity | {"position": n} for n, entity in enumerate(named, start=1)]
    return Texts(kept, current, _table("mentions", mentions), _table("article_entities", entities))


def _of_article(table: pa.Table, article: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = [row for row in table.to_pylist() if row["article_id"] == article["article_id"]]
    return sorted(rows, key=lambda row: row["position"])


def _table(name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist([dict(row) for row in rows], layout()[name].schema)


def redact_set_aside(changes: ChangeBuilder, forgotten: Forgotten, known: KnownState) -> None:
    """Redacts the name in articles that wait for the release of their scraper, and in those that were withdrawn."""
    assert forgotten.name is not None
    registry = shipped()
    keys = [(each,) for each in forgotten.article_ids]
    withdrawn = whole_rows(known, WITHDRAWN, forgotten.article_ids)
    changes.remove(WITHDRAWN, ("article_id",), keys)
    changes.add_table(WITHDRAWN, _table(WITHDRAWN, [redact_row(row, forgotten.name) for row in withdrawn]))
    version = registry.latest("article").version
    changes.update("quarantined_articles", COORDINATES, ("article", "schema_version"), [
        (*coordinates, registry.encode("article", redact_record(registry.decode(article), forgotten.name)), version)
        for *coordinates, article in known.rows(
            Lookup("quarantined_articles", (*COORDINATES, "article"), ("article_id",), keys)
        )
    ])


def enter_takedown(changes: ChangeBuilder, forgotten: Forgotten, found: Resolutions, known: KnownState) -> None:
    """Writes the suppressions of the batch's articles, and adds what it removed to the receipt of its takedown."""
    takedown, texts = forgotten.takedown, _texts_of(known, forgotten.article_ids)
    if forgotten.name is None:
        changes.remove(WITHDRAWN, ("article_id",), [(each,) for each in forgotten.article_ids])
        _suppress(changes, forgotten, texts, known)
    else:
        name = forgotten.name
        changes.remove("redactions", ("takedown_id",), [(takedown.takedown_id,)])
        changes.add("redactions", [
            (article_id, takedown.takedown_id, sorted(name.digests), name.words, takedown.expires_at)
            for article_id in forgotten.article_ids
        ])
    _add_receipt(changes, forgotten, texts, found, known)


def _suppress(
    changes: ChangeBuilder, forgotten: Forgotten, texts: Mapping[str, list[str]], known: KnownState
) -> None:
    takedown = forgotten.takedown
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


def _add_receipt(
    changes: ChangeBuilder, forgotten: Forgotten, texts: Mapping[str, list[str]], found: Resolutions, known: KnownState
) -> None:
    takedown = forgotten.takedown
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
