"""The queries of ``dateline metrics``, on every database."""

from __future__ import annotations

from pathlib import Path

from flows.metrics.tally import Delays, Tally
from pipelines.warehouse import Run, ask, load_batch
from pipelines.warehouse.relational import RelationalWarehouse
from tests.builders import FETCHED_AT
from tests.warehouse.batches import TOPIC, carried, later, refused, stage, tombstone


def offsets_of(warehouse: RelationalWarehouse) -> dict[int, int]:
    return {partition: offset for partition, offset, _ in ask(warehouse, "metrics_partitions", (TOPIC,)).rows}


def test_records_are_tallied_by_what_they_first_became(database: RelationalWarehouse, tmp_path: Path) -> None:
    load_batch(database, stage(
        tmp_path, carried(0, timestamp=later(-2), fetched_at=later(-30)), refused(1), refused(2, scraper=None),
        tombstone(0, partition=3),
    ))
    tally = Tally(10).at(offsets_of(database), database, TOPIC)
    assert tally.read == {0: 3, 3: 1}
    assert tally.records == {
        ("harbour-crawler", "loaded"): 1, ("harbour-crawler", "rejected"): 1, ("(unknown)", "rejected"): 1,
        ("(unknown)", "deleted"): 1,
    }
    assert tally.rejected == {("harbour-crawler", "ConsentWall"): 1, ("(unknown)", "ConsentWall"): 1}
    assert tally.delays == {"message": Delays({21_600: 1}, 7_200.0), "fetch": Delays({None: 1}, 108_000.0)}
    assert (tally.batches, tally.batch_seconds) == (1, 0.0)

    load_batch(database, stage(tmp_path, refused(1, partition=3), batch_id="batch-2"))
    grown = tally.at(offsets_of(database), database, TOPIC)
    assert grown.records - tally.records == {("harbour-crawler", "rejected"): 1}
    assert (grown.batches, tally.batches) == (2, 1)


def test_the_first_scrapers_to_be_counted_are_those_with_the_most_records(
    database: RelationalWarehouse, tmp_path: Path
) -> None:
    names = ("few", "many", "most", "many", "most", "most")
    load_batch(database, stage(tmp_path, *(refused(n, scraper=name) for n, name in enumerate(names))))
    tally = Tally(2).at(offsets_of(database), database, TOPIC)
    assert tally.records == {("most", "rejected"): 3, ("many", "rejected"): 2, ("other", "rejected"): 1}


def test_runs_and_quarantined_scrapers(database: RelationalWarehouse) -> None:
    for run_id, hours in (("run-1", 1), ("run-2", 3)):
        database.start_run(Run(run_id, TOPIC, "dateline", FETCHED_AT))
        database.finish_run(run_id, "completed", later(hours))
    database.start_run(Run("run-3", "articles.other", "dateline", FETCHED_AT))
    assert ask(database, "metrics_runs", (TOPIC,)).rows == (("ingest", "completed", 2, later(3), 14_400.0),)
    with database._writing() as con:
        con.execute(
            "INSERT INTO scrapers (scraper, state, since, batch_id) "
            "VALUES ('a', 'quarantined', ?, 'b'), ('c', 'active', ?, 'b')", [FETCHED_AT, FETCHED_AT]
        )
    assert ask(database, "metrics_quarantined").rows == (("a", 0),)
