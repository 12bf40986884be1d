"""What the check of the schemas refuses, and what it lets pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.checks import check_schemas, compatibility_problems

MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
MICROS = {"type": "long", "logicalType": "timestamp-micros"}


def a_field(name: str, kind: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "doc": f"The {name}."} | more


def a_schema(*fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": "Boat", "namespace": "harbour", "doc": "A boat.", "fields": list(fields)} | more


def a_record(name: str, *fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": name, "doc": f"A {name}.", "fields": list(fields)}


def an_enum(*symbols: str, **more: Any) -> dict[str, Any]:
    return {"type": "enum", "name": "Colour", "doc": "A colour.", "symbols": list(symbols)} | more


def problems(folder: Path, *versions: Any, subject: str = "boat") -> list[tuple[str, str]]:
    home = folder / subject
    home.mkdir()
    for number, schema in enumerate(versions, start=1):
        if schema is not None:
            (home / f"{number}.avsc").write_text(schema if isinstance(schema, str) else json.dumps(schema))
    found = check_schemas(folder)
    assert all(problem.fix for problem in found)
    return [(problem.path, problem.rule) for problem in found]


def test_the_schemas_that_ship_have_no_problem() -> None:
    assert check_schemas() == []


def test_a_field_with_a_default_may_be_added_and_fields_may_change_places(tmp_path: Path) -> None:
    first = a_schema(a_field("name", "string"), a_field("built_at", MILLIS), a_field("length", "int"))
    second = a_schema(
        a_field("length", "long"),
        a_field("name", "string"),
        a_field("built_at", ["null", MILLIS], default=None),
        a_field("owner", ["null", "string"], default=None),
    )
    assert problems(tmp_path, first, second) == []


@pytest.mark.parametrize(
    ("first", "second", "rule"),
    [
        pytest.param(
            a_schema(a_field("seen_at", MILLIS)), a_schema(a_field("seen_at", MICROS)),
            "logical type timestamp-millis of version 1 became timestamp-micros", id="milliseconds to microseconds",
        ),
        pytest.param(
            a_schema(a_field("seen_at", ["null", MILLIS], default=None)),
            a_schema(a_field("seen_at", ["null", MICROS], default=None)),
            "logical type timestamp-millis of version 1 became timestamp-micros", id="inside a union",
        ),
        pytest.param(
            a_schema(a_field("log", {"type": "array", "items": a_record("Entry", a_field("seen_at", MILLIS))})),
            a_schema(a_field("log", {"type": "array", "items": a_record("Entry", a_field("seen_at", MICROS))})),
            "logical type timestamp-millis of version 1 became timestamp-micros", id="inside an array of records",
        ),
        pytest.param(
            a_schema(a_field("seen", "long")), a_schema(a_field("seen", MILLIS)),
            "logical type None of version 1 became timestamp-millis", id="a number becomes a time",
        ),
        pytest.param(
            a_schema(a_field("hull", an_enum("red", "blue"))), a_schema(a_field("hull", an_enum("red", default="red"))),
            "enum Colour lost blue of version 1", id="an enum symbol goes, and a default hides it",
        ),
        pytest.param(
            a_schema(a_field("photo", "bytes")), a_schema(a_field("photo", "string")),
            "bytes of version 1 became string", id="bytes become text",
        ),
        pytest.param(
            a_schema(a_field("name", "string")), a_schema(a_field("name", "string"), namespace="quay"),
            "namespace differs from version 1", id="another namespace",
        ),
    ],
)
def test_what_avro_lets_pass_is_refused(tmp_path: Path, first: Any, second: Any, rule: str) -> None:
    assert rule in [shown for _, shown in problems(tmp_path, first, second)]


@pytest.mark.parametrize(
    ("first", "second", "rule"),
    [
        pytest.param(
            a_schema(a_field("name", "string")), a_schema(a_field("name", "string"), a_field("owner", "string")),
            "cannot read version 1: reader_field_missing_default_value: owner at /fields/1", id="no default",
        ),
        pytest.param(
            a_schema(a_field("length", "long")), a_schema(a_field("length", "int")),
            "cannot read version 1: type_mismatch: reader type: int not compatible with writer type: long "
            "at /fields/0/type",
            id="narrower",
        ),
    ],
)
def test_what_avro_refuses_is_reported(tmp_path: Path, first: Any, second: Any, rule: str) -> None:
    assert problems(tmp_path, first, second) == [("boat/2.avsc", rule)]


def test_every_earlier_version_must_stay_readable(tmp_path: Path) -> None:
    """A field that goes and comes back as another type fits its neighbour, and not the first version."""
    first = a_schema(a_field("name", "string"), a_field("length", "string"))
    second = a_schema(a_field("name", "string"))
    third = a_schema(a_field("name", "string"), a_field("length", "int", default=0))
    assert [path for path, _ in problems(tmp_path, first, second, third)] == ["boat/3.avsc"]


@pytest.mark.parametrize(
    "branches",
    [
        ["int", "long"],
        ["float", "double"],
        ["null", "int", "double"],
        ["string", an_enum("red")],
        ["bytes", {"type": "fixed", "name": "Flag", "doc": "A flag.", "size": 4}],
        ["null", a_record("Mast", a_field("height", "int")), a_record("Keel", a_field("height", "int"))],
        [a_record("Mast", a_field("height", "int")), {"type": "map", "values": "int"}],
        [
            a_record("Mast", a_field("height", "int")),
            a_record("Keel", a_field("height", "int"), a_field("depth", "int", default=0)),
        ],
        ["int", MILLIS],
    ],
)
def test_a_union_whose_branches_match_the_same_value_is_refused(tmp_path: Path, branches: list[Any]) -> None:
    (path, rule), = problems(tmp_path, a_schema(a_field("part", branches)))
    assert path == "boat/1.avsc.part"
    assert "is ambiguous" in rule


@pytest.mark.parametrize(
    "branches",
    [
        ["null", "string"],
        ["null", "string", "long"],
        ["bytes", "string"],
        [a_record("Mast", a_field("height", "int")), a_record("Keel", a_field("depth", "int"))],
    ],
)
def test_a_union_that_can_be_reported_apart_passes(tmp_path: Path, branches: list[Any]) -> None:
    assert problems(tmp_path, a_schema(a_field("part", branches))) == []


@pytest.mark.parametrize(
    ("kind", "default", "where"),
    [
        (["string", "null"], None, "the first branch of its union"),
        (["null", "string"], "", "the first branch of its union"),
        ("int", "0", "its type"),
        ("int", 2**31, "its type"),
        ("boolean", 0, "its type"),
        ({"type": "array", "items": "string"}, {}, "its type"),
        ({"type": "map", "values": "int"}, {"oars": "two"}, "its type"),
        (an_enum("red"), "green", "its type"),
        ("bytes", "\u0151", "its type"),
        (a_record("Mast", a_field("height", "int")), {}, "its type"),
    ],
)
def test_a_default_that_does_not_fit_is_refused(tmp_path: Path, kind: Any, default: Any, where: str) -> None:
    found = problems(tmp_path, a_schema(a_field("part", kind, default=default)))
    rule = f"default {default!r} does not fit {where}"
    assert ("boat/1.avsc.part", rule) in found or "not an Avro schema" in found[0][1]


def test_a_missing_doc_is_reported_wherever_it_is_missing(tmp_path: Path) -> None:
    mast = {"type": "record", "name": "Mast", "fields": [{"name": "height", "type": "int"}]}
    assert problems(tmp_path, a_schema(a_field("mast", mast))) == [
        ("boat/1.avsc.mast", "record Mast has no doc"),
        ("boat/1.avsc.mast.height", "field has no doc"),
    ]


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ({"type": "string", "logicalType": "date"}, "logical type date is not valid for string"),
        ({"type": "long", "logicalType": "timestamp-mills"}, "logical type 'timestamp-mills' does not exist in Avro"),
    ],
)
def test_a_logical_type_that_readers_pass_over_is_refused(tmp_path: Path, kind: Any, rule: str) -> None:
    assert problems(tmp_path, a_schema(a_field("seen", kind))) == [("boat/1.avsc.seen", rule)]


def test_a_time_is_in_milliseconds(tmp_path: Path) -> None:
    assert problems(tmp_path, a_schema(a_field("seen_at", "long"))) == [
        ("boat/1.avsc.seen_at", "a field whose name ends in _at is not a timestamp-millis")
    ]


def test_versions_have_no_holes_and_numbers_for_names(tmp_path: Path) -> None:
    boat = a_schema(a_field("name", "string"))
    (tmp_path / "boat").mkdir()
    (tmp_path / "boat" / "newest.avsc").write_text("{}")
    (tmp_path / "boat" / "1.avsc").write_text(json.dumps(boat))
    (tmp_path / "boat" / "3.avsc").write_text(json.dumps(boat))
    assert [str(problem) for problem in check_schemas(tmp_path)] == [
        "boat/newest.avsc: the file name is not a version. Use the version's number, as in 2.avsc.",
        "boat/2.avsc: version 2 is missing. Number versions without gaps, and keep old ones: messages refer to them.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '"string"',
        '{"type": "record", "name": "Boat", "doc": "A boat."}',
        '{"type": "record", "name": "Boat", "doc": "A boat.", "fields": [{"name": "a", "type": "strin", "doc": "A."}]}',
        '{"type": "record", "name": "2nd", "doc": "A boat.", "fields": []}',
        '{"type": "record", "name": "Boat", "doc": "A boat.", "fields": [], "fields": []}',
        '{"type": "record", "name": "Boat", "doc": "A boat.", "fields": 3}',
        '{"type": "record", "name": "Boat", "doc": "A boat.", "fields": [3]}',
        '{"name": "Boat"}',
    ],
)
def test_what_is_no_schema_is_one_problem(tmp_path: Path, text: str) -> None:
    assert [path for path, _ in problems(tmp_path, text)] == ["boat/1.avsc"]


def test_the_list_of_ids_names_what_exists(tmp_path: Path) -> None:
    (tmp_path / "ids.json").write_text('{"7": "boat/1", "8": "boat/2", "x": "boat/1"}')
    assert problems(tmp_path, a_schema(a_field("name", "string"))) == [
        ("ids.json", "id 8 stands for 'boat/2', which does not exist"),
        ("ids.json", "'x' is not a schema id"),
    ]


def _nested(name: str, kind: Any, **more: Any) -> dict[str, Any]:
    fields = [{"name": "q", "type": kind, "doc": "Q."}]
    return {"type": "record", "name": name, "doc": "Part.", "fields": fields, **more}


def _record(*fields: tuple[str, Any] | tuple[str, Any, dict[str, Any]]) -> dict[str, Any]:
    listed = [{"name": f[0], "type": f[1], "doc": "F.", **(f[2] if len(f) > 2 else {})} for f in fields]
    return {"type": "record", "name": "Boat", "namespace": "quay", "doc": "A boat.", "fields": listed}


HULL = {"type": "enum", "name": "Hull", "symbols": ["wood", "steel"], "doc": "Hull."}
AT = {"type": "long", "logicalType": "timestamp-millis"}

FOLLOWED: dict[str, tuple[Any, Any]] = {
    "a field renamed by alias": (_record(("a", "int")), _record(("b", "long", {"aliases": ["a"]}))),
    "a record renamed by its full alias": (
        _record(("a", ["null", _nested("Mast", "int")])),
        _record(("a", ["null", _nested("Spar", "int", aliases=["quay.Mast"])])),
    ),
    "an enum renamed by its full alias": (
        _record(("a", HULL)), _record(("a", HULL | {"name": "Body", "aliases": ["quay.Hull"]})),
    ),
    "a field made optional": (_record(("a", "int")), _record(("a", ["null", "long"]))),
    "a wider union": (_record(("a", ["null", "int"])), _record(("a", ["null", "string", "long"]))),
    "numbers widened": (_record(("a", "int"), ("b", "float")), _record(("a", "double"), ("b", "double"))),
    "lists and maps widened": (
        _record(("a", {"type": "array", "items": "int"}), ("b", {"type": "map", "values": "int"})),
        _record(("a", {"type": "array", "items": "long"}), ("b", {"type": "map", "values": "double"})),
    ),
    "a record with its default": (
        _record(("a", "int")), _record(("a", "int"), ("b", _nested("Mast", "int"), {"default": {"q": 3}})),
    ),
    "a symbol more": (_record(("a", HULL)), _record(("a", HULL | {"symbols": ["steel", "tin", "wood"]}))),
    "fields in another order": (_record(("a", "int"), ("b", "string")), _record(("b", "string"), ("a", "int"))),
    "a field taken out": (_record(("a", _nested("Mast", AT)), ("b", "int")), _record(("b", "int"))),
}  # fmt: skip


@pytest.mark.parametrize("change", FOLLOWED)
def test_what_decode_follows_passes(change: str) -> None:
    old, new = FOLLOWED[change]
    assert list(compatibility_problems(new, old, "boat", 2, 1)) == []


REFUSED: dict[str, tuple[Any, Any, str]] = {
    "an alias and the name itself are both there": (
        _record(("a", "int"), ("b", "int")), _record(("b", "int", {"aliases": ["a"]})),
        "could be read from b or a; the other value would be lost",
    ),
    "the same in a part": (
        _record(("p", {**_nested("Mast", "int"), "fields": [*_nested("M", "int")["fields"],
                                                            {"name": "r", "type": "int", "doc": "R."}]})),
        _record(("p", _nested("Mast", "int") | {"fields": [
            {"name": "r", "type": "int", "doc": "R.", "aliases": ["q"]}]})),
        "could be read from r or q; the other value would be lost",
    ),
    "an alias that is another field's name": (
        _record(("a", "int")), _record(("a", "int"), ("b", "int", {"aliases": ["a"], "default": 9})),
        "has the alias a, which is the name of another field",
    ),
    "two fields from one": (
        _record(("a", "int")),
        _record(("b", "int", {"aliases": ["a"]}), ("c", "int", {"aliases": ["a"], "default": 0})),
        "is read from a, but so is b",
    ),
    "a default of bytes": (
        _record(("a", "int")), _record(("a", "int"), ("b", "bytes", {"default": "\u00ff"})), "decode changes b",
    ),
    "a default of a time": (
        _record(("a", "int")), _record(("a", "int"), ("b_at", AT, {"default": 0})), "decode changes b_at",
    ),
    "a default that leaves fields out": (
        _record(("a", "int")),
        _record(("a", "int"), ("b", {**_nested("Mast", "int"), "fields": [
            {"name": "q", "type": "int", "doc": "Q.", "default": 7}]}, {"default": {}})),
        "decode changes b: {'q': 7} is read as {}",
    ),
    "whole numbers rounded": (_record(("a", "long")), _record(("a", "double")), "long of version 1 became double"),
    "whole numbers rounded in a union": (
        _record(("a", ["null", "long"])), _record(("a", ["null", "double"])), "decode changes a: 9223372036854775807",
    ),
    "a record renamed without an alias": (
        _record(("a", _nested("Mast", "int"))), _record(("a", _nested("Spar", "int"))), "name_mismatch",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", REFUSED)
def test_what_decode_would_lose_or_change_is_refused(change: str) -> None:
    old, new, shown = REFUSED[change]
    assert any(shown in problem.rule for problem in compatibility_problems(new, old, "boat", 2, 1))


def test_a_field_renamed_twice_lists_both_names(tmp_path: Path) -> None:
    (tmp_path / "boat").mkdir()
    optional = {"default": None}
    for number, field in enumerate((
        ("a", ["null", "int"], optional), ("b", ["null", "int"], optional | {"aliases": ["a"]}),
        ("c", ["null", "int"], optional | {"aliases": ["b"]}),
    ), start=1):
        (tmp_path / "boat" / f"{number}.avsc").write_text(json.dumps(_record(field)))
    (problem,) = check_schemas(tmp_path)
    assert str(problem) == (
        "boat/3.avsc.c: was once named a, but a is not among its aliases (version 1). List all former names of the "
        "field under aliases."
    )
