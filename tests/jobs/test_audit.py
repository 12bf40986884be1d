"""The audit of a staged batch: what it says of each scraper that breaks an expectation."""

from __future__ import annotations

from pathlib import Path

from pipelines.jobs.audit import audit_here
from tests.warehouse.batches import carried, refused, stage, tombstone


def test_a_finding_has_the_values_seen_in_the_order_of_their_scrapers(tmp_path: Path) -> None:
    walls = [refused(offset, scraper="quay-crawler") for offset in range(20)]
    others = [refused(offset, scraper=None) for offset in range(20, 39)]
    batch = stage(tmp_path, *walls, *others, carried(39, scraper="quay-crawler"), refused(40, scraper=None))
    broken = {f.column: (f.scrapers, f.observed) for f in audit_here(batch).results if not f.success}
    assert broken["share_rejected"] == (("(unknown)", "quay-crawler"), "1.0, 0.9524")
    assert broken["share_articles"] == (("(unknown)", "quay-crawler"), "0.0, 0.0476")


def test_delete_requests_alone_pass(tmp_path: Path) -> None:
    assert audit_here(stage(tmp_path, *(tombstone(offset) for offset in range(30)))).verdict == "passed"
