"""Names are found by the text that they were found in, in every warehouse, and never by less than that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.records import KnownNames
from pipelines.resolve.known_names import known_names
from pipelines.warehouse import load_batch
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import a_clean_article
from tests.warehouse.batches import (
    FALK,
    FALK_MENTION,
    MARROWBY,
    MARROWBY_MENTION,
    PROCESSOR,
    Event,
    carried,
    later,
    stage,
    tombstone,
)
from tests.warehouse.test_takedowns import Takedowns

HASH = "1" * 64
NAMED: dict[str, Any] = {
    "content_hash": HASH, "mentions": (MARROWBY_MENTION, FALK_MENTION), "entities": (FALK, MARROWBY),
}
FOUND = KnownNames("en", ((0, 8, "LOC", 0.8), (143, 152, "PER", 0.9)))
OTHER = "c" * 32


def found(warehouse: RelationalWarehouse, processor: str = PROCESSOR, **changes: Any) -> KnownNames | None:
    """The names that are known of an article with these fields; it stands among others that are not known."""
    wanted = a_clean_article(**({"content_hash": HASH} | changes))
    with warehouse.known_state() as known:
        first, names, last = known_names(
            [a_clean_article(content_hash="0" * 64), wanted, a_clean_article(content_hash="9" * 64)], processor, known
        )
    assert first is last is None
    return names


def load(warehouse: RelationalWarehouse, folder: Path, *events: Event) -> None:
    for n, event in enumerate(events):
        load_batch(warehouse, stage(folder, event, batch_id=f"load-{n}"))


def test_the_same_text_has_the_same_names_wherever_it_comes_from(
    warehouse: RelationalWarehouse, tmp_path: Path
) -> None:
    load(warehouse, tmp_path, carried(0, **NAMED))
    assert found(warehouse) == FOUND
    assert found(warehouse, article_id=OTHER, scraper="another") == FOUND


@pytest.mark.parametrize(("processor", "changes"), [
    ("dateline 0.1.0 newer", {}),
    (PROCESSOR, {"body": a_clean_article().body + " "}),
    (PROCESSOR, {"body": ""}),
    (PROCESSOR, {"content_hash": "2" * 64}),
])
def test_what_was_made_otherwise_is_not_found(
    warehouse: RelationalWarehouse, tmp_path: Path, processor: str, changes: dict[str, Any]
) -> None:
    load(warehouse, tmp_path, carried(0, **NAMED))
    assert found(warehouse, processor, **changes) is None


def test_a_text_without_names_is_not_known(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load(warehouse, tmp_path, carried(0, content_hash=HASH, mentions=(), entities=()))
    assert found(warehouse) is None


def test_a_version_that_is_no_longer_current_has_no_names(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    newer = NAMED | {"content_hash": "2" * 64}
    load(warehouse, tmp_path, carried(0, **NAMED), carried(1, fetched_at=later(2), **newer))
    assert found(warehouse) is None
    assert found(warehouse, content_hash="2" * 64) == FOUND


def test_another_article_with_the_text_is_asked_then(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    newer = NAMED | {"content_hash": "2" * 64}
    load(
        warehouse, tmp_path, carried(0, article_id=OTHER, **NAMED), carried(1, **NAMED),
        carried(2, fetched_at=later(2), **newer),
    )
    assert found(warehouse) == FOUND


def test_nothing_of_a_deleted_or_forgotten_article_is_found(
    warehouse: RelationalWarehouse, tmp_path: Path
) -> None:
    load(warehouse, tmp_path, carried(0, **NAMED), tombstone(1))
    assert found(warehouse) is None
    load_batch(warehouse, stage(tmp_path, carried(2, article_id=OTHER, **NAMED), batch_id="load-3"))
    assert found(warehouse) == FOUND
    takedowns = Takedowns(warehouse, tmp_path / "forgotten")
    takedowns.forget(OTHER)
    assert found(warehouse) is None
