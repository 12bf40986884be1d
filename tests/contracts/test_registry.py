"""Schemas are found by fingerprint and by id, and old messages are read as the newest version has them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import avro.schema
import pytest
from fastavro import schemaless_writer

from schemas import Registry, SchemaMissing, UnreadableDatum, latest, load, schema_path
from schemas.registry import canonical_form, crc64

FIRST = {
    "type": "record", "name": "Boat", "namespace": "harbour", "doc": "A boat.",
    "fields": [
        {"name": "name", "type": "string", "doc": "Name."},
        {"name": "length", "type": "int", "doc": "Metres."},
        {"name": "hull", "type": {"type": "enum", "name": "Hull", "symbols": ["wood"], "doc": "Hull."}, "doc": "Hull."},
        {"name": "old_port", "type": "string", "doc": "Where it lay."},
    ],
}
SECOND = {
    "type": "record", "name": "Boat", "namespace": "harbour", "doc": "A boat.",
    "fields": [
        {"name": "owner", "type": ["null", "string"], "default": None, "doc": "Owner."},
        {"name": "length", "type": "long", "doc": "Metres."},
        {"name": "hull", "doc": "Hull.", "type": {"type": "enum", "name": "Hull", "symbols": ["steel", "wood"]}},
        {"name": "title", "type": "string", "aliases": ["name"], "doc": "Name."},
    ],
}
SAILED = {"name": "Gannet", "length": 9, "hull": "wood", "old_port": "Marrowby"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    boat = tmp_path / "boat"
    boat.mkdir()
    for number, schema in enumerate((FIRST, SECOND), start=1):
        (boat / f"{number}.avsc").write_text(json.dumps(schema))
    (tmp_path / "ids.json").write_text('{"41": "boat/1"}')
    return tmp_path


def datum(schema: Any, record: Any) -> bytes:
    stream = io.BytesIO()
    schemaless_writer(stream, schema, record)
    return stream.getvalue()


def test_an_old_message_is_read_as_the_newest_version_has_it(folder: Path) -> None:
    registry = Registry.load(folder)
    first = registry.version("boat", 1)
    assert registry.read(first, datum(FIRST, SAILED)) == {"owner": None, "length": 9, "hull": "wood", "title": "Gannet"}
    value = b"\xc3\x01" + first.fingerprint.to_bytes(8, "little") + datum(FIRST, SAILED)
    assert registry.decode(value)["title"] == "Gannet"


def test_what_is_encoded_is_of_the_newest_version(folder: Path) -> None:
    registry = Registry.load(folder)
    boat = {"owner": "Inés Falk", "length": 9, "hull": "steel", "title": "Gannet"}
    assert registry.decode(registry.encode("boat", boat)) == boat


def test_ids_come_from_the_folder_and_from_settings(folder: Path) -> None:
    registry = Registry.load(folder, {42: "boat/2"})
    assert [str(registry.by_id(n)) for n in (41, 42)] == ["boat/1", "boat/2"]
    with pytest.raises(SchemaMissing, match="no schema with id 43"):
        registry.by_id(43)


def test_an_id_that_stands_for_nothing_is_refused_at_once(folder: Path) -> None:
    with pytest.raises(SchemaMissing, match="schema id 7 stands for 'boat/3', but there is no such subject/version"):
        Registry.load(folder, {7: "boat/3"})


@pytest.mark.parametrize("subject", ["article", "dead_letter", "raw_article"])
def test_what_ships_is_found_by_name_and_by_both_fingerprints(subject: str) -> None:
    registry = Registry.load()
    newest = registry.latest(subject)
    assert (newest.version, newest.schema) == (latest(subject), load(subject, latest(subject)))
    assert schema_path(subject, newest.version).is_file()
    assert registry.by_fingerprint(newest.fingerprint) is newest
    assert registry.by_fingerprint(newest.plain_fingerprint) is newest
    assert newest.fingerprint != newest.plain_fingerprint


def test_the_plain_form_is_that_of_the_specification() -> None:
    schema = avro.schema.parse(json.dumps(FIRST))
    plain = Registry.load().version("raw_article", 1)
    assert canonical_form(json.loads(str(schema.canonical_form)), logical=False) == str(schema.canonical_form)
    assert "logicalType" in canonical_form(plain.parsed)
    assert "logicalType" not in canonical_form(plain.parsed, logical=False)


@pytest.mark.parametrize(
    ("canonical", "fingerprint"),
    [('"null"', 0x63DD24E7CC258F8A), ('"int"', 0x7275D51A3F395C8F), ('"string"', 0x8F014872634503C7)],
)
def test_fingerprints_are_those_of_the_specification(canonical: str, fingerprint: int) -> None:
    assert crc64(canonical) == fingerprint


def test_a_plain_fingerprint_that_two_meanings_share_is_not_guessed(tmp_path: Path) -> None:
    (tmp_path / "boat").mkdir()
    for number, unit in ((1, "millis"), (2, "micros")):
        seen = {"name": "seen_at", "type": {"type": "long", "logicalType": f"timestamp-{unit}"}}
        schema = {"type": "record", "name": "Boat", "fields": [seen]}
        (tmp_path / "boat" / f"{number}.avsc").write_text(json.dumps(schema))
    registry = Registry.load(tmp_path)
    first, second = registry.version("boat", 1), registry.version("boat", 2)
    assert first.plain_fingerprint == second.plain_fingerprint
    with pytest.raises(SchemaMissing):
        registry.by_fingerprint(first.plain_fingerprint)
    assert registry.by_fingerprint(first.fingerprint) is first


@pytest.mark.parametrize("cut", [0, 1, 5])
def test_every_byte_counts(folder: Path, cut: int) -> None:
    registry = Registry.load(folder)
    whole = datum(FIRST, SAILED)
    with pytest.raises(UnreadableDatum):
        registry.read(registry.version("boat", 1), whole[:-cut] if cut else whole + b"\x00")


def test_what_is_not_there_is_reported_by_name(folder: Path) -> None:
    registry = Registry.load(folder)
    with pytest.raises(SchemaMissing, match="no schema boat/9"):
        registry.version("boat", 9)
    with pytest.raises(SchemaMissing, match="no schema ship"):
        registry.latest("ship")
    with pytest.raises(UnreadableDatum, match="single-object"):
        registry.decode(b"{}")
