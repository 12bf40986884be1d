"""Every saved query has the stored answer on the samples, in each database; parameters are values and never SQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from flows.local.postgres import LocalPostgres
from pipelines.stage import StagedBatch
from pipelines.warehouse import QueryFailed, load_batch, saved_queries
from pipelines.warehouse.duckdb import DuckDBWarehouse
from pipelines.warehouse.postgres import PostgresWarehouse
from pipelines.warehouse.relational import RelationalWarehouse
from tests.conftest import a_database
from tests.warehouse.answers import FOLDER, answer, plain, stored
from tests.warehouse.sampled import LOADED_AT


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def sampled(
    request: pytest.FixtureRequest, samples: StagedBatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RelationalWarehouse]:
    made: RelationalWarehouse
    if request.param == "duckdb":
        made = DuckDBWarehouse(tmp_path_factory.mktemp("saved") / "news.duckdb", clock=lambda: LOADED_AT)
        yield loaded(made, samples)
        return
    server: LocalPostgres = request.getfixturevalue("postgres_server")
    with a_database(server) as url:
        yield loaded(PostgresWarehouse(url, clock=lambda: LOADED_AT), samples)


def loaded(made: RelationalWarehouse, samples: StagedBatch) -> RelationalWarehouse:
    made.prepare()
    load_batch(made, samples)
    return made


@pytest.mark.parametrize("name", saved_queries())
def test_the_answer_on_the_samples_is_the_stored_one(sampled: RelationalWarehouse, name: str) -> None:
    found, expected = plain(answer(sampled, saved_queries()[name])), stored(name)
    assert found["columns"] == expected["columns"]
    assert [exact(row) for row in found["rows"]] == [exact(row) for row in expected["rows"]]
    assert expected["rows"]
    assert decimals(found["rows"]) == pytest.approx(decimals(expected["rows"]), rel=1e-9)


def exact(row: list[Any]) -> list[Any]:
    return [None if isinstance(value, float) else value for value in row]


def decimals(rows: list[list[Any]]) -> list[float]:
    return [value for row in rows for value in row if isinstance(value, float)]


def test_there_are_twenty_one_questions_with_an_answer_each() -> None:
    assert len(saved_queries()) == 21
    assert len({query.question for query in saved_queries().values()}) == 21
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(saved_queries())


def test_every_parameter_is_declared_and_used() -> None:
    for name, query in saved_queries().items():
        used = {part.split(" ")[0] for part in query.sql.split("CAST($")[1:]}
        assert used == {parameter.name for parameter in query.parameters}, name
        assert query.sql.count("$") == query.sql.count("CAST($"), name


@pytest.mark.parametrize("name", ["Halima Ndegwa' OR '1'='1", "'; DROP TABLE articles; --", "%s %(p1)s $1 ?", "\\"])
def test_a_value_is_never_part_of_the_sql(sampled: RelationalWarehouse, name: str) -> None:
    query = saved_queries()["stories_about"]
    assert sampled.query(query.sql, query.values({"name": name})).rows == ()


def test_a_name_is_found_in_any_case(sampled: RelationalWarehouse) -> None:
    query = saved_queries()["stories_about"]
    found = sampled.query(query.sql, query.values({"name": "HALIMA ndegwa"}))
    assert len(found.rows) == len(stored("stories_about")["rows"])


def test_fewer_days_have_fewer_stories(sampled: RelationalWarehouse) -> None:
    query = saved_queries()["people_of_the_week"]
    found = sampled.query(query.sql, query.values({"days": "0", "rows": "5"}))
    assert found.rows == ()
    assert len(sampled.query(query.sql, query.values({"rows": "5"})).rows) == 5


def test_values_that_cannot_be_used_are_refused() -> None:
    queries = saved_queries()
    with pytest.raises(QueryFailed, match=r"stories_about needs the parameter name.*\n.*--param name=\"Halima Ndegwa"):
        queries["stories_about"].values({})
    with pytest.raises(QueryFailed, match="rising has no parameter day"):
        queries["rising"].values({"day": "7"})
    for value in ("", "-1", "1; DROP TABLE articles", "٧", "1e9", "9999999999"):
        with pytest.raises(QueryFailed, match="not a whole number"):
            queries["rising"].values({"rows": value})


