"""The settings say for each signal whether an article is loaded, loaded without its body, or rejected."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.clean import clean_article, load_rules
from pipelines.clean.reserved import respect_rights, signals_of
from pipelines.enrich import enrich_article
from pipelines.failures import RightsReserved
from pipelines.records import CleanArticle, Evidence, Provenance, Rights
from pipelines.settings import Limits, RightsPolicy, RightsSettings
from pipelines.stage.readings import reading_digest
from pipelines.validate import check_contract, load_contract
from pipelines.validate.suites import row_columns
from tests.builders import BODY, a_raw_article
from tests.models import shipped_models

EVERYTHING = Rights(
    ("noindex", "noarchive", "nosnippet", "noai", "noimageai"), True, "https://a.example/p", "CC BY", "terms", "shop",
    "© Harbour", False,
)
TEXT = "".join(f"<p>{paragraph}</p>" for paragraph in BODY.split("\n\n"))


def cleaned(head: str = "", **policies: RightsPolicy) -> CleanArticle:
    page = (
        f"<html><head><title>Pier to be rebuilt</title>{head}</head><body><article><h1>Pier to be rebuilt</h1>"
        f"<p class='byline'>By Ines Falk</p>{TEXT}</article></body></html>"
    )
    return clean_article(a_raw_article(text=page), load_rules(Limits(), RightsSettings(**policies)))


RESERVED = '<meta name="tdm-reservation" content="1"><meta name="robots" content="noarchive">'


def test_each_signal_has_a_setting() -> None:
    signals = {signal for signal, _ in signals_of(EVERYTHING)}
    assert signals == RightsSettings.model_fields.keys() - {"agents"}
    assert not list(signals_of(Rights((), False, "https://a.example/p", is_accessible_for_free=True)))


def test_every_signal_is_loaded_by_default() -> None:
    article = cleaned(RESERVED)
    assert (article.body, article.rights.tdm_reserved) == (BODY, True)


def test_a_page_is_rejected_by_the_name_of_its_signal() -> None:
    with pytest.raises(RightsReserved) as fault:
        cleaned(RESERVED, noarchive="load_without_body", tdm_reservation="reject")
    (violation,) = fault.value.violations
    assert violation.expectation == "a page without the signal tdm_reservation (DATELINE_RIGHTS__TDM_RESERVATION)"
    assert (violation.field, violation.value) == ("tdm_reserved", "meta: tdm-reservation: 1")


def test_a_page_without_the_signal_is_loaded() -> None:
    head = '<meta name="tdm-reservation" content="0"><meta name="robots" content="max-image-preview:large">'
    assert cleaned(head, **dict.fromkeys(RightsSettings.model_fields.keys() - {"agents"}, "reject")).body == BODY


def stored(clean: CleanArticle) -> dict[str, Any]:
    article = enrich_article(clean, shipped_models())
    return check_contract(article, load_contract(), Provenance("dateline test", datetime(2026, 3, 4, 10, tzinfo=UTC)))


def test_nothing_of_a_withheld_body_is_stored() -> None:
    whole, record = cleaned(RESERVED), stored(cleaned(RESERVED, tdm_reservation="load_without_body"))
    assert (record["body"], record["word_count"], record["story_signature"], record["dateline"]) == ("", 0, [], None)
    assert (record["mentions"], record["entities"]) == ([], [])
    assert (record["title"], record["body_withheld_for"]) == ("Pier to be rebuilt", "tdm_reservation")
    assert record["content_hash"] == whole.content_hash
    assert record["article_id"] == whole.article_id
    assert record["evidence"]["body_withheld_for"] == {
        "how": "setting DATELINE_RIGHTS__TDM_RESERVATION", "read_from": "tdm-reservation: 1"
    }
    kept = str({name: value for name, value in record.items() if name != "title"})
    words = BODY.split()
    assert not [n for n in range(len(words) - 3) if " ".join(words[n:n + 4]) in kept]


def test_evidence_that_quotes_the_body_is_dropped() -> None:
    evidence = {"authors": Evidence("byline line", BODY[:60] + "…"), "title": Evidence("h1", "Pier")}
    article = replace(cleaned(RESERVED), evidence=evidence)
    kept = respect_rights(article, RightsSettings(noarchive="load_without_body")).evidence
    assert (kept["authors"], kept["title"]) == (Evidence("byline line"), Evidence("h1", "Pier"))


def test_expectations_do_not_judge_the_length_of_a_withheld_body() -> None:
    row = row_columns(stored(cleaned(RESERVED, noarchive="load_without_body")))
    assert (row["body_length"], row["full_body_length"]) == (None, None)


def test_another_policy_is_another_reading_and_no_signal_is_the_reading_of_before() -> None:
    record = stored(cleaned(RESERVED))
    withheld = stored(cleaned(RESERVED, noarchive="load_without_body"))
    assert reading_digest(record) != reading_digest(withheld)
    unsaid = {name: value for name, value in stored(cleaned()).items() if name not in Rights.__slots__}
    assert reading_digest(unsaid) == reading_digest(stored(cleaned()))
