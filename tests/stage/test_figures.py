"""What is counted of each scraper, from the files that a batch was staged in."""

from __future__ import annotations

from pathlib import Path

from pipelines.stage.audit import describe_batch
from pipelines.stage.figures import ScraperFigures, scraper_figures
from tests.builders import BODY
from tests.warehouse.batches import carried, later, refused, stage, tombstone


def test_each_source_is_counted_by_itself(tmp_path: Path) -> None:
    batch = stage(
        tmp_path,
        carried(0, word_count=100, language="en", timestamp=later(1)),
        carried(1, word_count=300, language="fr", published_at=later(25), timestamp=later(3)),
        carried(2, word_count=200, language=None, published_at=later(23), timestamp=later(2)),
        refused(3, timestamp=later(0)), refused(4, reason="ListingPage", timestamp=later(0)),
        carried(5, word_count=50, scraper="quay-crawler", timestamp=later(4)),
        refused(6, reason="MalformedAvro", scraper=None), tombstone(7),
    )
    assert scraper_figures(batch) == [
        ScraperFigures(
            "harbour-crawler", records=5, rejected=2, consent_walls=1, articles=3, dates_ahead=1, words=200.0,
            words_low=150.0, words_high=250.0, languages={"en": 1, "fr": 1, "none": 1}, last_message_at=later(3),
        ),
        ScraperFigures(
            "quay-crawler", records=1, articles=1, words=50.0, words_low=50.0, words_high=50.0, languages={"en": 1},
            last_message_at=later(4),
        ),
    ]


def test_the_audit_counts_what_nobody_is_reported_to_have_sent_too(tmp_path: Path) -> None:
    rows = describe_batch(stage(tmp_path, carried(0), refused(1, scraper=None), tombstone(2)))
    assert [(r["scraper"], r["records"], r["rejected"], r["articles"]) for r in rows] == [
        ("(unknown)", 1, 1, 0), ("harbour-crawler", 1, 0, 1),
    ]


def test_many_delete_requests_are_nothing_to_audit(tmp_path: Path) -> None:
    assert describe_batch(stage(tmp_path, *(tombstone(offset) for offset in range(30)))) == []


def test_a_scraper_whose_times_are_all_implausible_was_last_seen_at_no_time(tmp_path: Path) -> None:
    wrong = refused(0, reason="ImplausibleTime", scraper="quay-crawler", timestamp=later(10**5))
    assert scraper_figures(stage(tmp_path, wrong)) == [
        ScraperFigures("quay-crawler", records=1, rejected=1, last_message_at=None)
    ]


def test_a_batch_of_nothing_has_no_figures(tmp_path: Path) -> None:
    assert scraper_figures(stage(tmp_path, tombstone(0))) == []


def test_a_body_that_was_withheld_has_no_length(tmp_path: Path) -> None:
    withheld = carried(1, article_id="c" * 32, body="", word_count=0, body_withheld_for="noai")
    (figures,) = scraper_figures(stage(tmp_path, carried(0), withheld))
    assert (figures.articles, figures.words, figures.words_low) == (2, len(BODY.split()), len(BODY.split()))
