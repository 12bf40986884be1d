"""Versions of raw_article of one's own: read from a folder, checked as those that ship, decoded by Dateline's."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from fastavro import schemaless_writer

from pipelines.decode import decode_message, load_decoder
from pipelines.settings import Limits
from schemas import SchemaMissing, load
from schemas.checks import check_own_schemas
from schemas.own import SchemasWrong, load_registry
from tests.builders import a_message

CRAWL = {"name": "crawl", "type": ["null", "string"], "default": None, "doc": "Which crawl of ours fetched it."}
PAGE = b"<html><body><p>The pier at Marrowby was rebuilt.</p></body></html>"


def a_version(*more: dict[str, Any], without: str = "", **changes: Any) -> dict[str, Any]:
    shipped = load("raw_article", 1)
    return {**shipped, "fields": [f for f in shipped["fields"] if f["name"] != without] + list(more), **changes}


def a_folder(place: Path, ids: dict[str, str] | None = None, **versions: Any) -> Path:
    (place / "raw_article").mkdir(parents=True)
    for number, schema in versions.items():
        (place / "raw_article" / f"{number[1:]}.avsc").write_text(json.dumps(schema))
    if ids is not None:
        (place / "ids.json").write_text(json.dumps(ids))
    return place


def written(schema: Any) -> bytes:
    stream = io.BytesIO()
    schemaless_writer(stream, schema, {
        "url": "https://harbour-news.example/pier", "fetched_at": 1_772_000_000_000, "source": "quay",
        "content_type": "text/html", "charset": None, "body": PAGE, "http_status": 200, "headers": {}, "crawl": "c-7",
    })  # fmt: skip
    return stream.getvalue()


def test_a_message_of_ones_own_version_is_decoded_by_id_and_by_fingerprint(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, {"42": "raw_article/101"}, v101=a_version(CRAWL))
    decoder = load_decoder(Limits(), {43: "raw_article/101"}, folder)
    fingerprint = decoder.registry.version("raw_article", 101).fingerprint.to_bytes(8, "little")
    for header in (b"\x00\x00\x00\x00\x2a", b"\x00\x00\x00\x00\x2b", b"\xc3\x01" + fingerprint):
        article = decode_message(a_message(value=header + written(a_version(CRAWL))), decoder)
        assert (article.url, article.scraper) == ("https://harbour-news.example/pier", "quay")
        assert article.text == PAGE.decode()
    assert decoder.registry.latest("raw_article").version == 1


@pytest.mark.parametrize(("versions", "shown"), [
    ({"v101": a_version(without="source")}, "Dateline's own version 1 cannot read version 101"),
    ({"v1": a_version(CRAWL)}, "raw_article/1.avsc: Dateline ships another version with this number"),
    ({"v101": a_version({"name": "crawl", "type": "string", "doc": "Crawl."})}, "cannot read version 1"),
    ({"v101": a_version(CRAWL), "v103": a_version(CRAWL)}, "raw_article/102.avsc: version 102 is missing"),
    ({"v101": a_version(namespace="quay")}, "namespace differs from version 1"),
    ({"vnew": a_version()}, "raw_article/new.avsc: the file name is not a version"),
])  # fmt: skip
def test_a_folder_that_does_not_pass_the_gate_is_not_read(tmp_path: Path, versions: dict[str, Any], shown: str) -> None:
    folder = a_folder(tmp_path, **versions)
    assert any(shown in str(problem) for problem in check_own_schemas(folder))
    with pytest.raises(SchemasWrong):
        load_registry(folder, {})


def test_only_raw_article_may_be_added_to(tmp_path: Path) -> None:
    (tmp_path / "article").mkdir()
    (tmp_path / "article" / "2.avsc").write_text("{}")
    (problem,) = check_own_schemas(tmp_path)
    assert str(problem) == "article: the folder may contain no subject but raw_article. Remove it from the folder."


def test_an_id_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, v101=a_version(CRAWL))
    with pytest.raises(SchemaMissing, match="schema id 7 stands for 'raw_article/102'"):
        load_registry(folder, {7: "raw_article/102"})
