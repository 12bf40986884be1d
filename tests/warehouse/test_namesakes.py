"""People of one name are told apart where their occupations and their company disagree, in any order of articles."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipelines.enrich.entities import entity_id
from pipelines.records import Entity, Mention
from pipelines.warehouse import load_batch
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import FETCHED_AT
from tests.warehouse.batches import Carried, carried, later, stage, tombstone
from tests.warehouse.fake import FakeWarehouse

FALK = entity_id("PER", "Ines Falk")
MARROWBY_TOWN, REEF_STATION = "Marrowby Town", "Reef Station"


def an_article_of_falk(
    offset: int, occupation: str | None, *company: str, hour: int | None = None, version: int = 1
) -> Carried:
    persons = [Entity(FALK, "Ines Falk", "PER", 1, 0.5, occupation=occupation)]
    others = [Entity(entity_id("ORG", name), name, "ORG", 1, 0.5 / len(company)) for name in company]
    return carried(
        offset, article_id=f"{hour or offset:032x}", content_hash=f"{version:02d}{hour or offset:062x}",
        fetched_at=later(24 * version + (hour or offset)), entities=(*persons, *others),
        mentions=(Mention("Ines Falk", "PER", 143, 152, 1, FALK, False, 0.9),),
    )


def shown(warehouse: RelationalWarehouse) -> dict[str, list[int]]:
    """Who is named, and in which articles: the offsets that they came with."""
    rows = warehouse.query(
        "SELECT e.entity_id, a.article_id FROM article_entities e JOIN articles a USING (article_id) "
        "WHERE e.type = 'PER' ORDER BY 1, 2"
    ).rows
    mentioned = warehouse.query("SELECT entity_id, article_id FROM mentions ORDER BY 1, 2").rows
    assert rows == mentioned
    return {who: [int(row[1], 16) for row in of] for who, of in itertools.groupby(rows, key=lambda row: str(row[0]))}


def test_two_of_one_name_have_an_id_each_and_articles_without_occupation_go_by_their_company(
    warehouse: RelationalWarehouse, tmp_path: Path
) -> None:
    load_batch(warehouse, stage(
        tmp_path, an_article_of_falk(1, "sport", MARROWBY_TOWN), an_article_of_falk(2, None, MARROWBY_TOWN),
        an_article_of_falk(3, "science", REEF_STATION), an_article_of_falk(4, None, REEF_STATION),
        an_article_of_falk(5, None, "Harbour Bank"),
    ))  # fmt: skip
    people = shown(warehouse)
    other = next(who for who in people if who != FALK)
    assert people == {FALK: [1, 2, 5], other: [3, 4]}
    rows = warehouse.query("SELECT entity_id, name, occupation, article_count FROM entities WHERE type = 'PER'").rows
    assert set(rows) == {(FALK, "Ines Falk", "sport", 3), (other, "Ines Falk", "science", 2)}


def test_one_who_changed_what_they_do_is_one_by_their_company(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(
        tmp_path, an_article_of_falk(1, "sport", MARROWBY_TOWN, "Harbour Bank"),
        an_article_of_falk(2, "public_office", "Town Council", MARROWBY_TOWN),
    ))  # fmt: skip
    assert shown(warehouse) == {FALK: [1, 2]}


@pytest.mark.parametrize(("one", "other"), [("business", "public_office"), ("sport", None), (None, None)])
def test_what_does_not_disagree_is_one(
    warehouse: RelationalWarehouse, tmp_path: Path, one: str | None, other: str | None
) -> None:
    load_batch(warehouse, stage(
        tmp_path, an_article_of_falk(1, one, MARROWBY_TOWN), an_article_of_falk(2, other, REEF_STATION)
    ))  # fmt: skip
    assert shown(warehouse) == {FALK: [1, 2]}


def test_of_whom_no_company_is_reported_nothing_can_be_reported(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(tmp_path, an_article_of_falk(1, "sport", MARROWBY_TOWN), an_article_of_falk(2, "arts")))
    assert shown(warehouse) == {FALK: [1, 2]}


SAID = (("sport", MARROWBY_TOWN), ("science", REEF_STATION), (None, REEF_STATION), ("arts", MARROWBY_TOWN))


def shown_after(warehouse: RelationalWarehouse, folder: Path, order: Sequence[int]) -> dict[str, list[int]]:
    """Who is named once the articles of ``SAID`` have come in this order, each in a batch of its own."""
    for offset, k in enumerate(order):
        event = an_article_of_falk(offset, *SAID[k], hour=k + 1)
        load_batch(warehouse, stage(folder, event, batch_id=f"batch-{offset}"))
    return shown(warehouse)


def test_the_order_and_the_batches_in_which_articles_come_change_nothing(tmp_path: Path) -> None:
    found = [
        shown_after(FakeWarehouse(clock=lambda: FETCHED_AT), tmp_path / str(n), order)
        for n, order in enumerate(itertools.permutations(range(4)))
    ]
    assert len(found[0]) == 2
    assert found == [found[0]] * 24


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_a_database_has_of_an_order_what_the_rules_alone_make_of_it(
    database: RelationalWarehouse, fake_warehouse: FakeWarehouse, tmp_path: Path, order: tuple[int, ...]
) -> None:
    wanted = shown_after(fake_warehouse, tmp_path / "fake", order)
    assert shown_after(database, tmp_path / "database", order) == wanted


def test_an_id_stays_with_who_was_first_through_corrections(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(
        tmp_path, an_article_of_falk(1, "sport", MARROWBY_TOWN), an_article_of_falk(2, "science", REEF_STATION)
    ))  # fmt: skip
    before = shown(warehouse)
    corrected = an_article_of_falk(3, "sport", MARROWBY_TOWN, "Harbour Bank", hour=1, version=2)
    load_batch(warehouse, stage(tmp_path, corrected, batch_id="batch-2"))
    assert shown(warehouse) == before
    assert len(before) == 2


def test_when_one_is_deleted_the_other_is_alone(warehouse: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(warehouse, stage(
        tmp_path, an_article_of_falk(1, "sport", MARROWBY_TOWN), an_article_of_falk(2, "science", REEF_STATION)
    ))  # fmt: skip
    assert len(shown(warehouse)) == 2
    load_batch(warehouse, stage(tmp_path, tombstone(3, f"{1:032x}"), batch_id="batch-2"))
    assert shown(warehouse) == {FALK: [2]}
    assert warehouse.query("SELECT entity_id, occupation, article_count FROM entities WHERE type = 'PER'").rows == (
        (FALK, "science", 1),
    )
