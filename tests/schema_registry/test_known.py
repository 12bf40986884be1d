"""What is known of a schema registry's schemas, also while it is away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.failures import RegistryRefused, RegistryUnavailable
from pipelines.schema_registry import KnownSchemas, known_schemas
from pipelines.schema_registry.comparison import compare
from pipelines.schema_registry.known import MISSING_S
from pipelines.settings import KafkaSettings, RegistrySettings, Settings
from schemas import Registry, SchemaMissing, latest, load
from tests.schema_registry.fake import FakeRegistry, a_fake_registry

RAW = load("raw_article", 1)
ARTICLE = Registry.load().latest("article")
AWAY = (503, b"")


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with a_fake_registry() as fake:
        fake.add("articles.raw-value", RAW, 7)
        yield fake


def known(fake: FakeRegistry, home: Path, **changes: object) -> KnownSchemas:
    named = known_schemas(RegistrySettings.model_validate({"url": fake.url} | changes), home)
    assert named is not None
    return named


def test_no_registry_is_named_by_default(tmp_path: Path) -> None:
    assert known_schemas(RegistrySettings(), tmp_path) is None


def test_a_schema_is_remembered_by_later_processes(registry: FakeRegistry, tmp_path: Path) -> None:
    found = known(registry, tmp_path).fetch(7)
    registry.instead = lambda _: AWAY
    assert known(registry, tmp_path).fetch(7) == found
    with pytest.raises(RegistryUnavailable):
        known(registry, tmp_path).fetch(8)
    assert json.loads(found.text) == RAW


def test_two_registries_share_no_memory(registry: FakeRegistry, tmp_path: Path) -> None:
    known(registry, tmp_path).fetch(7)
    with a_fake_registry() as other, pytest.raises(SchemaMissing):
        known(other, tmp_path).fetch(7)


def test_a_damaged_file_is_as_good_as_none(registry: FakeRegistry, tmp_path: Path) -> None:
    found = known(registry, tmp_path).fetch(7)
    (file,) = tmp_path.rglob("7.json")
    for content in ("", "[]", '{"schema": 1}', "\x00"):
        file.write_text(content)
        assert known(registry, tmp_path).fetch(7) == found


def test_a_home_that_cannot_be_written_costs_only_questions(registry: FakeRegistry, tmp_path: Path) -> None:
    (tmp_path / "schemas").write_text("a file")
    for _ in range(2):
        assert json.loads(known(registry, tmp_path).fetch(7).text) == RAW
    assert registry.asked == ["GET /schemas/ids/7"] * 2


def test_a_missing_id_is_asked_for_again_after_a_while(registry: FakeRegistry, tmp_path: Path) -> None:
    now = [100.0]
    schemas = known(registry, tmp_path)
    schemas.clock = lambda: now[0]
    for _ in range(3):
        with pytest.raises(SchemaMissing, match="no schema with id 8"):
            schemas.fetch(8)
    assert registry.asked == ["GET /schemas/ids/8"]
    registry.add("articles.raw-value", {**RAW, "doc": "New."}, 8)
    now[0] += MISSING_S
    assert json.loads(schemas.fetch(8).text)["doc"] == "New."


def test_the_id_of_a_schema_is_looked_up_or_registered(registry: FakeRegistry, tmp_path: Path) -> None:
    registry.add("there-value", ARTICLE.schema, 12)
    schemas = known(registry, tmp_path)
    assert [schemas.id_of(topic, ARTICLE) for topic in ("there-value", "new-value", "new-value")] == [12, 13, 13]
    assert registry.asked == [
        "POST /subjects/there-value", "POST /subjects/new-value", "POST /subjects/new-value/versions",
    ]
    registry.instead = lambda _: AWAY
    assert known(registry, tmp_path).id_of("new-value", ARTICLE) == 13


def test_nothing_is_registered_where_the_settings_forbid_it(registry: FakeRegistry, tmp_path: Path) -> None:
    with pytest.raises(RegistryRefused, match=r"register schemas/article/\d+\.avsc under new-value"):
        known(registry, tmp_path, register_schemas=False).id_of("new-value", ARTICLE)
    assert "new-value" not in registry.subjects


def comparison(fake: FakeRegistry, home: Path, **changes: object) -> tuple[list[str], list[str]]:
    settings = Settings.model_validate({
        "home": home, "registry": {"url": fake.url}, "kafka": KafkaSettings(clean_topic="articles.clean"),
    } | changes)
    found = compare(settings, known(fake, home, **settings.registry.model_dump()))
    return found.notes, [str(problem) for problem in found.problems]


def test_a_registry_that_has_what_is_needed_compares_well(registry: FakeRegistry, tmp_path: Path) -> None:
    registry.add("articles.raw-value", {**RAW, "namespace": "acme", "doc": "Other words."}, 8)
    name = f"article/{latest('article')}"
    assert comparison(registry, tmp_path) == ([
        "articles.raw-value: version 1 (id 7) is raw_article/1, version 2 (id 8) can be read.",
        f"articles.clean-value: {name} is not registered yet; the first run that sends articles does it.",
    ], [])
    registry.add("articles.clean-value", ARTICLE.schema, 9)
    assert comparison(registry, tmp_path, schema_ids={7: "raw_article/1", 99: "raw_article/1"}) == ([
        "articles.raw-value: version 1 (id 7) is raw_article/1, version 2 (id 8) can be read.",
        f"articles.clean-value: {name} has the id 9.",
    ], [])


def test_whatever_would_be_rejected_or_misread_is_a_problem(registry: FakeRegistry, tmp_path: Path) -> None:
    known(registry, tmp_path).fetch(7)
    registry.schemas[7] = {"schema": json.dumps(ARTICLE.schema)}
    registry.add("articles.raw-value", {**RAW, "fields": RAW["fields"][:5]}, 8)
    registry.add("articles.raw-value", '"string"', 9)
    registry.add("articles.clean-value", RAW, 10)
    closed = {"url": registry.url, "register_schemas": False}
    notes, problems = comparison(registry, tmp_path, schema_ids={7: "raw_article/1"}, registry=closed)
    starts = [
        f"articles.raw-value/1 (id 7): it is {ARTICLE}, not a version of raw_article",
        "articles.raw-value/2 (id 8): raw_article/1 cannot read version 8: reader_field_missing_default_value",
        "articles.raw-value/3 (id 9): it is not an Avro schema of a record",
        "articles.clean-value/1 (id 10): it is not one of Dateline's",
        f"articles.clean-value: {ARTICLE} is not registered, and articles wait for it",
        f"id 7: it is listed as raw_article/1, but the registry has another schema: it is {ARTICLE}",
        "id 7: the registry gave another schema for it before",
    ]
    assert notes == ["articles.raw-value: no readable schema is registered."]
    assert [problem[:len(start)] for problem, start in zip(problems, starts, strict=True)] == starts
