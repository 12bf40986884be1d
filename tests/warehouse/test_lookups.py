"""A lookup gives the same rows in every warehouse, however it is answered there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.resolve.state import Lookup, Row, whole_rows
from pipelines.warehouse import load_batch
from pipelines.warehouse.relational import RelationalWarehouse
from tests.warehouse.batches import FALK, MARROWBY, carried, later, stage

NARROW = ("name_id", "article_id")
WIDE = ("name_id", "article_id", "position", "name", "type", "country", "occupation")
HOURS = {"a": 0, "b": 2, "c": 1}


@pytest.fixture
def named(warehouse: RelationalWarehouse, tmp_path: Path) -> RelationalWarehouse:
    """Three articles, fetched at different hours: all name Ines Falk, the last of them with her occupation."""
    load_batch(warehouse, stage(tmp_path, *(
        carried(
            n, article_id=letter * 32, content_hash=letter * 64, fetched_at=later(hours), entities=(
                replace(FALK, occupation="business" if letter == "c" else None), MARROWBY,
            ),
        )
        for n, (letter, hours) in enumerate(HOURS.items())
    )))
    return warehouse


def found(warehouse: RelationalWarehouse, lookup: Lookup) -> list[Row]:
    with warehouse.known_state() as known:
        rows = known.rows(lookup)
        assert sorted(zip(*(c.to_pylist() for c in known.table(lookup).columns), strict=True), key=repr) == sorted(
            rows, key=repr
        )
    return rows


def letters(rows: list[Row]) -> list[str]:
    """The first letter of the article of each row."""
    return [row[1][0] for row in rows]


def falk(columns: tuple[str, ...], **how: object) -> Lookup:
    return Lookup("article_entities", columns, ("name_id",), [(FALK.entity_id,)], **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("columns", [NARROW, WIDE])
def test_rows_of_a_key(named: RelationalWarehouse, columns: tuple[str, ...]) -> None:
    assert sorted(letters(found(named, falk(columns)))) == ["a", "b", "c"]
    assert found(named, Lookup("article_entities", columns, ("name_id",), [("0" * 32,)])) == []
    assert found(named, falk(columns, null=("name_id",))) == []


@pytest.mark.parametrize("columns", [NARROW, WIDE])
def test_the_first_rows_of_a_key_in_an_order(named: RelationalWarehouse, columns: tuple[str, ...]) -> None:
    newest = ("-fetched_at", "article_id")
    assert letters(found(named, falk(columns, order=newest))) == ["b", "c", "a"]
    assert letters(found(named, falk(columns, order=newest, most=2))) == ["b", "c"]
    assert letters(found(named, falk(columns, order=("fetched_at",), most=1))) == ["a"]
    assert letters(found(named, falk(columns, order=newest, most=2, null=("occupation",)))) == ["b", "a"]


@pytest.mark.parametrize("columns", [NARROW, WIDE])
def test_rows_between_two_times(named: RelationalWarehouse, columns: tuple[str, ...]) -> None:
    def between(first: int, last: int, most: int | None = None) -> list[str]:
        span = ("fetched_at", later(first), later(last))
        return letters(found(named, falk(columns, between=span, order=("fetched_at",), most=most)))

    assert between(0, 2) == ["a", "c", "b"]
    assert between(1, 2) == ["c", "b"]
    assert between(1, 2, most=1) == ["c"]
    assert between(3, 4) == []


def test_whole_rows_are_in_the_order_of_the_key(named: RelationalWarehouse) -> None:
    with named.known_state() as known:
        rows = whole_rows(known, "article_entities", ["b" * 32, "a" * 32])
    assert [(row["article_id"][0], row["position"], row["name"]) for row in rows] == [
        ("a", 1, "Ines Falk"), ("a", 2, "Marrowby"), ("b", 1, "Ines Falk"), ("b", 2, "Marrowby"),
    ]
