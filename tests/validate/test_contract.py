from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from pipelines.failures import ContractViolated
from pipelines.records import Author, Coordinates, Dateline, Entity, Evidence, Mention, Provenance
from pipelines.validate import article_json, article_to_avro, check_contract, load_contract
from tests.builders import BODY, FETCHED_AT, an_article

CONTRACT = load_contract()
BY = Provenance("0.1.0+abc123", datetime(2026, 3, 4, 9, 31, 0, 123_456, tzinfo=UTC))
FALK = Entity("b" * 32, "Ines Falk", "PER", 1, 1.0)


def a_mention(text: str, entity_id: str = FALK.entity_id, **changes: Any) -> Mention:
    start = BODY.index(text)
    usual: dict[str, Any] = {
        "text": text, "type": "PER", "start": start, "end": start + len(text), "sentence": 1, "entity_id": entity_id,
        "in_title": False, "confidence": 0.9,
    }
    return Mention(**(usual | changes))


def violations(**changes: Any) -> list[tuple[str | None, str]]:
    with pytest.raises(ContractViolated) as rejected:
        check_contract(an_article(**changes), CONTRACT, BY)
    return [(v.field, v.expectation) for v in rejected.value.violations]


def test_an_article_becomes_its_record() -> None:
    article = an_article(
        mentions=(a_mention("Ines Falk"),), entities=(FALK,), authors=(Author("Web Desk", "desk"),),
        published_at=datetime(2026, 3, 3, 18, 0, tzinfo=timezone(timedelta(hours=1))), published_zone="+01:00",
        dateline=Dateline("Marrowby", "HNA"), tags=("pier",), evidence={"language": Evidence("detected", "en")},
        warnings=("body: short",), coordinates=Coordinates("articles.raw", 2, 71),
    )
    record = check_contract(article, CONTRACT, BY)
    assert record["story_id"] == record["article_id"] == "a" * 32
    assert record["version"] == 1
    assert record["outlet"] == {"domain": "harbour-news.example", "name": "Harbour News"}
    assert record["authors"] == [{"name": "Web Desk", "type": "desk"}]
    assert record["published_at"] == datetime(2026, 3, 3, 17, 0, tzinfo=UTC)
    assert record["processed_at"] == datetime(2026, 3, 4, 9, 31, 0, 123_000, tzinfo=UTC)
    assert record["dateline"] == {"place": "Marrowby", "agency": "HNA"}
    assert record["coordinates"] == {"topic": "articles.raw", "partition": 2, "offset": 71}
    assert record["evidence"] == {"language": {"how": "detected", "read_from": "en"}}
    assert record["warnings"] == ["body: short"]
    assert [m["text"] for m in record["mentions"]] == ["Ines Falk"]


def test_every_violation_is_listed() -> None:
    assert violations(
        article_id="42", title="", word_count=3, entities=(FALK,),
        mentions=(a_mention("Ines Falk", start=0), a_mention("Marrowby", "c" * 32, confidence=1.5)),
    ) == [
        ("article_id", "32 hexadecimal digits"),
        ("story_id", "32 hexadecimal digits"),
        ("title", "not empty"),
        ("word_count", f"the words of the body, {len(BODY.split())}"),
        ("mentions[0]", "body[start:end] is the mention's text"),
        ("mentions[1].entity_id", "one of the article's entities"),
        ("mentions[1].confidence", "0 to 1"),
    ]


def test_wrong_types_are_listed_alone_since_no_rule_can_be_quarantined_against_them() -> None:
    assert violations(title=None, word_count="many", fetched_at=FETCHED_AT.replace(tzinfo=None)) == [
        ("title", "text that can be encoded in UTF-8"),
        ("word_count", "a whole number of 32 bits"),
        ("fetched_at", "a time with its zone"),
    ]


@pytest.mark.parametrize("character", ["\x00", "\x07", "\r", "\x1b", "\x7f", "\x9d", "\ufffd"])
@pytest.mark.parametrize("field", ["title", "body"])
def test_no_control_character_reaches_the_warehouse(character: str, field: str) -> None:
    text = f"Pier{character}rebuilt"
    changes: dict[str, Any] = {field: text} | ({"word_count": len(text.split())} if field == "body" else {})
    assert (field, "no control characters and no U+FFFD") in violations(**changes)


def test_a_nul_character_is_found_wherever_it_lies() -> None:
    assert violations(
        section="Har\x00bour", tags=("pier", "qu\x00ay"), authors=(Author("Tove\x00"),),
        evidence={"section": Evidence("meta", "Har\x00bour")},
    ) == [
        ("authors[0].name", "no NUL character"),
        ("section", "no NUL character"),
        ("tags[1]", "no NUL character"),
        ("evidence.section.read_from", "no NUL character"),
    ]


@pytest.mark.parametrize(
    "text", ["Ines\u00a0Falk", "soft\u00adhyphen", "emoji 👩‍👩‍👧 \u200b", "tab\tand\nline", "שלום \u200f"]
)
def test_text_that_merely_looks_odd_passes(text: str) -> None:
    assert check_contract(an_article(body=text, word_count=len(text.split())), CONTRACT, BY)["body"] == text


def test_offsets_count_code_points() -> None:
    body = "👩‍👩‍👧 Ines Falk"
    mention = a_mention("Ines Falk", start=6, end=15)
    record = check_contract(an_article(body=body, word_count=3, mentions=(mention,), entities=(FALK,)), CONTRACT, BY)
    assert record["body"][6:15] == "Ines Falk"


def test_a_hundred_violations_are_reported_in_fifty_and_a_count() -> None:
    broken = tuple(a_mention("Ines Falk", start=0) for _ in range(100))
    found = violations(mentions=broken, entities=(Entity("b" * 32, "Ines Falk", "PER", 100, 1.0),))
    assert len(found) == 51
    assert found[-1] == (None, "50 further violations")


@pytest.mark.parametrize("field", ["published_at", "modified_at"])
def test_a_date_after_the_fetch_is_a_warning_and_moves_nothing(field: str) -> None:
    at = FETCHED_AT + timedelta(days=3)
    record = check_contract(an_article(**{field: at}), CONTRACT, BY)
    assert record[field] == at
    assert record["fetched_at"] == FETCHED_AT
    assert record["warnings"] == [f"{field}: 3.0 days after the page was fetched"]


def test_a_date_hours_after_the_fetch_is_a_wrong_zone_and_no_warning() -> None:
    assert check_contract(an_article(published_at=FETCHED_AT + timedelta(hours=14)), CONTRACT, BY)["warnings"] == []


def test_long_evidence_is_shortened() -> None:
    record = article_to_avro(an_article(evidence={"title": Evidence("meta", "a" * 300)}), BY)
    assert record["evidence"]["title"]["read_from"] == "a" * 199 + "…"


def test_json_has_plain_unions_and_times_in_the_pages_own_zone() -> None:
    record = check_contract(
        an_article(published_at=datetime(2026, 3, 3, 20, 15, tzinfo=UTC), published_zone="+05:30"), CONTRACT, BY
    )
    shown = article_json(record)
    assert shown["published_at"] == "2026-03-04T01:45:00+05:30"
    assert shown["fetched_at"] == "2026-03-04T09:30:00Z"
    assert shown["processed_at"] == "2026-03-04T09:31:00.123Z"
    assert shown["modified_at"] is None
    assert shown["url"] == "https://harbour-news.example/pier"


@pytest.mark.parametrize("zone", [None, "", "Z", "+99:99", "CET", "+00:00"])
def test_json_without_a_zone_is_utc(zone: str | None) -> None:
    record = check_contract(
        an_article(published_at=datetime(2026, 3, 3, 20, 15, tzinfo=UTC), published_zone=zone), CONTRACT, BY
    )
    assert article_json(record)["published_at"] == "2026-03-03T20:15:00Z"
