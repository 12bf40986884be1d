"""Every sample becomes what its manifest says, step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.clean import Rules, article_id_of_url, clean_article, load_rules
from pipelines.decode import Decoder, decode_message, load_decoder
from pipelines.enrich import Models, enrich_article, load_models
from pipelines.failures import Rejected
from pipelines.records import Coordinates, Provenance, RawMessage
from pipelines.samples import Sample, sample_messages
from pipelines.settings import Settings
from pipelines.validate import Contract, check_contract, load_contract

PUBLISHED_AT = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
SAMPLES = tuple(sample_messages())
ARTICLES = {"loaded", "new_version", "unchanged"}


@dataclass(frozen=True, slots=True)
class Steps:
    decoder: Decoder
    rules: Rules
    models: Models
    contract: Contract

    def run(self, sample: Sample) -> dict[str, Any]:
        """The Avro article of a sample, or the fault that rejects it."""
        message = RawMessage(Coordinates("articles.raw", 0, 0), PUBLISHED_AT, sample.key, sample.value, sample.headers)
        clean = clean_article(decode_message(message, self.decoder), self.rules)
        article = enrich_article(clean, self.models)
        return check_contract(article, self.contract, Provenance("test", PUBLISHED_AT))


@pytest.fixture(scope="module")
def steps() -> Steps:
    settings = Settings()
    return Steps(
        load_decoder(settings.limits, settings.schema_ids),
        load_rules(settings.limits),
        load_models(settings.model),
        load_contract(),
    )


def samples(*outcomes: str) -> list[Any]:
    return [pytest.param(s, id=s.id) for s in SAMPLES if s.expected["outcome"] in outcomes]


FIELDS: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
    "title": lambda record: record["title"],
    "authors": lambda record: [[author["name"], author["type"]] for author in record["authors"]],
    "dateline": lambda record: record["dateline"],
    "published_at": lambda record: record["published_at"] and record["published_at"].isoformat(),
    "published_on": lambda record: record["published_at"] and record["published_at"].date().isoformat(),
    "modified_at": lambda record: record["modified_at"] and record["modified_at"].isoformat(),
    "language": lambda record: record["language"],
    "is_truncated": lambda record: record["is_truncated"],
    "outlet": lambda record: record["outlet"]["name"],
}
"""Fields of ``expected``, and how each is read from an article."""


@pytest.mark.parametrize("sample", samples(*ARTICLES))
def test_an_article_is_read_as_the_manifest_says(sample: Sample, steps: Steps) -> None:
    record = steps.run(sample)
    expected = sample.expected
    assert {name: read(record) for name, read in FIELDS.items() if name in expected} == {
        name: expected[name] for name in FIELDS if name in expected
    }
    assert [text for text in expected["contains"] if text not in record["body"]] == []
    assert [text for text in expected["lacks"] if text in record["body"]] == []
    warned = [warning.partition(":")[0] for warning in record["warnings"]]
    assert [name for name in expected.get("warnings", []) if name not in warned] == []


@pytest.mark.parametrize("sample", samples("rejected"))
def test_a_bad_message_is_rejected_for_its_reason(sample: Sample, steps: Steps) -> None:
    if sample.value is None:
        assert sample.expected["reason"] == "KeyMissing"
        assert not sample.key
        return
    with pytest.raises(Rejected) as caught:
        steps.run(sample)
    assert caught.value.reason == sample.expected["reason"]


def test_outcomes_follow_from_identity_and_text(steps: Steps) -> None:
    seen: dict[str, set[str]] = {}
    for sample in SAMPLES:
        outcome = sample.expected["outcome"]
        if outcome in ARTICLES:
            record = steps.run(sample)
            known = seen.get(record["article_id"])
            if known is None:
                assert (sample.id, outcome) == (sample.id, "loaded")
            else:
                told = "unchanged" if record["content_hash"] in known else "new_version"
                assert (sample.id, outcome) == (sample.id, told)
            seen.setdefault(record["article_id"], set()).add(record["content_hash"])
        elif outcome == "deleted":
            assert sample.value is None
            seen.pop(article_id_of_url((sample.key or b"").decode()), None)


def test_the_samples_are_many_and_of_many_kinds() -> None:
    outcomes = Counter(sample.expected["outcome"] for sample in SAMPLES)
    assert len({sample.id for sample in SAMPLES}) == len(SAMPLES) >= 60
    assert outcomes["rejected"] + outcomes["deleted"] >= 12
    assert len({sample.expected.get("language") for sample in SAMPLES} - {None}) >= 4
