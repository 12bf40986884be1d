"""A name is redacted in whole words, in every script, and nothing beside it is touched."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.clean.identity import content_hash
from pipelines.resolve.redaction import MOST_WORDS, REDACTED, redact_body, redact_record, redact_row, redacted_name
from pipelines.validate import load_contract
from pipelines.validate.contract import contract_violations
from tests.builders import BODY
from tests.warehouse.batches import FALK, FALK_MENTION, MARROWBY, MARROWBY_MENTION, carried


@pytest.mark.parametrize(
    ("forms", "text", "redacted"),
    [
        (["Ines Falk", "Falk"], "Ines Falk met FALK’s friend.", "[redacted] met [redacted]’s friend."),
        (["Falk"], "Falkirk, Falken and Eisfalk", "Falkirk, Falken and Eisfalk"),
        (["Ana-Maria O'Neill"], "Ana Maria O’Neill spoke; ana-maria o'neill left", "[redacted] spoke; [redacted] left"),
        (["José Núñez"], "JOSÉ NÚÑEZ und Jose Nunez", "[redacted] und Jose Nunez"),
        (["李小龍"], "昨日李小龍在香港。李小", "昨日[redacted]在香港。李小"),
        (["Иван Петров", "Петров"], "Иван Петров и Петрова, Петров", "[redacted] и Петрова, [redacted]"),
        (["محمد علي"], "قال محمد علي اليوم", "قال [redacted] اليوم"),
        (["Falk"], "Falk", "[redacted]"),
        (["Falk"], "", ""),
        (["Ines\nFalk"], "Ines  Falk", "[redacted]"),
        (["李小龍"], "3月5日李小龍在2026年李小龍Bruce李小龍", "3月5日[redacted]在2026年[redacted]Bruce[redacted]"),
        (["アレクサンドル・プーシキン"], "詩人アレクサンドル・プーシキンは", "詩人[redacted]は"),
        (["สมชาย ใจดี"], "นายสมชาย ใจดี กล่าว", "นาย[redacted] กล่าว"),
        (["नरेंद्र मोदी", "मोदी"], "नरेंद्र मोदी ने कहा, मोदी दल", "[redacted] ने कहा, [redacted] दल"),
        (["Ine\u0301s Falk"], "In\u00e9s Falk und Ine\u0301s Falk", "[redacted] und [redacted]"),
    ],
)
def test_a_name_is_redacted_in_whole_words(forms: list[str], text: str, redacted: str) -> None:
    assert redacted_name(forms, "salt").redact(text) == redacted


def test_a_form_without_letters_or_with_too_many_words_matches_nothing() -> None:
    name = redacted_name(["", "…", "word " * (MOST_WORDS + 1)], "salt")
    text = "word " * (MOST_WORDS + 1) + "…"
    assert name.redact(text) == text


def test_digests_of_two_takedowns_have_nothing_in_common() -> None:
    assert redacted_name(["Falk"], "one").digests.isdisjoint(redacted_name(["Falk"], "two").digests)


def test_a_long_hostile_text_takes_time_in_proportion() -> None:
    name = redacted_name(["a a a a a a a b"], "salt")
    started = time.process_time()
    assert name.redact("a " * 20_000) == "a " * 20_000
    assert time.process_time() - started < 20


def test_a_record_without_the_name_keeps_the_contract() -> None:
    mentions = tuple(
        replace(mention, start=BODY.index(mention.text), end=BODY.index(mention.text) + len(mention.text))
        for mention in (MARROWBY_MENTION, FALK_MENTION)
    )
    record = carried(0, mentions=mentions, entities=(FALK, MARROWBY)).record
    assert contract_violations(record, load_contract()) == ()
    done = redact_record(record, redacted_name(["Ines Falk", "Falk"], "salt"))
    assert contract_violations(done, load_contract()) == ()
    assert "Falk" not in json.dumps(done, default=str)
    assert [entity["name"] for entity in done["entities"]] == ["Marrowby"]
    assert done["content_hash"] == content_hash(done["title"], done["body"])
    assert redact_record(done, redacted_name(["Ines Falk", "Falk"], "salt")) == done


def test_a_row_keeps_its_bylines_and_their_types_together() -> None:
    row: dict[str, Any] = {
        "title": "T", "body": BODY, "authors": ["Tom Reed", "Ines Falk", "Desk"], "word_count": 1,
        "author_types": ["person", "person", "desk"], "tags": [], "warnings": ["title: of Falk"],
    }
    done = redact_row(row, redacted_name(["Falk"], "salt"))
    assert (done["authors"], done["author_types"]) == (["Tom Reed", "Desk"], ["person", "desk"])
    assert done["warnings"] == [f"title: of {REDACTED}"]


@given(st.lists(st.sampled_from(["Falk", "Ines", "Falkirk", "pier", "—", "Ines Falk", "\n\n", "海"]), max_size=30))
def test_mentions_still_lie_where_their_text_is(parts: list[str]) -> None:
    body, mentions = "", []
    for part in parts:
        start = len(body)
        body += f"{part} "
        mentions.append({"text": part, "start": start, "end": start + len(part), "entity_id": part})
    entities = [{"entity_id": part, "name": part, "salience": 0.1, "mention_count": 1} for part in dict.fromkeys(parts)]
    name = redacted_name(["Ines Falk", "Falk"], "salt")
    text, left, named = redact_body(body, mentions, entities, name)
    assert all(text[mention["start"]:mention["end"]] == mention["text"] for mention in left)
    assert name.spans(text) == []
    assert {mention["entity_id"] for mention in left} <= {entity["entity_id"] for entity in named}
    assert all(entity["mention_count"] == sum(m["entity_id"] == entity["entity_id"] for m in left) for entity in named)


@pytest.mark.parametrize(("byline", "left"), [
    ("Ines Falk and Tom Reed", ["Tom Reed"]), ("Ines Falk, Tom Reed und Amara Okoye", ["Tom Reed", "Amara Okoye"]),
    ("Tom Reed & Ines Falk", ["Tom Reed"]), ("Ines Falk, Political Editor", []), ("Tom Reed and Amara Okoye", None),
    ("Martin Falk; Ines Falk", ["Martin Falk"]),
])
def test_others_in_one_byline_keep_their_names(byline: str, left: list[str] | None) -> None:
    name = redacted_name(["Ines Falk", "Falk"], "salt", ["Martin Falk"])
    record = carried(0).record
    record["authors"] = [{"name": byline, "type": "person"}, {"name": "News desk", "type": "desk"}]
    wanted = [byline] if left is None else left
    done = redact_record(record, name)
    assert done["authors"] == [*({"name": each, "type": "person"} for each in wanted), record["authors"][1]]
    row = {"title": "T", "body": "B", "authors": [byline, "News desk"], "author_types": ["person", "desk"]}
    done = redact_row(row, name)
    assert done["authors"] == [*wanted, "News desk"]
    assert done["author_types"] == ["person"] * len(wanted) + ["desk"]


@pytest.mark.parametrize(("forms", "byline"), [
    (["Maria Costa e Silva Lima", "Lima"], "Maria Costa e Silva Lima"),
    (["Ana Reyes y Falk"], "Ana Reyes y Falk, Tom Reed"),
    (["Tom Reed & Sons"], "Tom Reed & Sons"),
])
def test_a_name_with_a_joining_word_inside_leaves_no_piece(forms: list[str], byline: str) -> None:
    row = {"title": "T", "body": "B", "authors": [byline], "author_types": ["person"]}
    assert redact_row(row, redacted_name(forms, "salt"))["authors"] == []


def test_a_form_that_is_a_part_of_another_persons_name_stays_there() -> None:
    name = redacted_name(["Paul Martin", "Martin"], "salt", ["Martin Weber", "Paul Martin"])
    assert name.redact("Paul Martin met Martin Weber. Martin spoke, Weber did not.") == (
        "[redacted] met Martin Weber. [redacted] spoke, Weber did not."
    )
