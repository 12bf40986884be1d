"""What every reader's findings go through on their way to a clean article."""

from __future__ import annotations

from pipelines.clean import clean_article, load_rules
from pipelines.settings import Limits
from tests.builders import a_raw_article


def test_characters_that_the_page_had_lost_are_left_out_and_said() -> None:
    raw = a_raw_article()
    spoilt = a_raw_article(text=raw.text.replace("four million", "four\ufffd million"))
    rules = load_rules(Limits())
    cleaned = clean_article(spoilt, rules)
    assert cleaned.body == clean_article(raw, rules).body
    assert [warning.split(":")[0] for warning in cleaned.warnings] == ["CharactersLost"]


def test_a_page_that_the_crawler_stored_in_part_is_truncated() -> None:
    cleaned = clean_article(a_raw_article(is_truncated=True), load_rules(Limits()))
    assert cleaned.is_truncated is True
    assert [warning.split(":")[0] for warning in cleaned.warnings] == ["Truncated"]
