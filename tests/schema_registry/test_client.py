"""Requests to a schema registry: logins, bounds, and the difference between 'not there' and 'not reachable'."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from flows.local.processes import free_ports
from pipelines.failures import RegistryFault, RegistryRefused, RegistryUnavailable
from pipelines.schema_registry import NotThere, RegistryClient
from pipelines.schema_registry.client import ANSWER_BYTES, REFERENCES
from pipelines.settings import RegistrySettings
from schemas.registered import RegisteredSchema
from tests.certificates import a_certificate
from tests.schema_registry.fake import FakeRegistry, a_fake_registry

PAGE = '{"type": "record", "name": "Page", "fields": []}'


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with a_fake_registry() as fake:
        fake.add("articles.raw-value", PAGE, 7)
        yield fake


def client(fake: FakeRegistry, **changes: object) -> RegistryClient:
    return RegistryClient(RegistrySettings.model_validate({"url": fake.url, "timeout_s": 5.0} | changes))


def test_a_schema_is_found_by_its_id(registry: FakeRegistry) -> None:
    assert client(registry).schema(7) == RegisteredSchema(PAGE)
    assert client(registry).versions("articles.raw-value") == [1]
    assert client(registry).version("articles.raw-value", 1) == (7, RegisteredSchema(PAGE))


def test_a_schema_is_registered_once(registry: FakeRegistry) -> None:
    with pytest.raises(NotThere):
        client(registry).look_up("a/b-value", PAGE)
    assert client(registry).register("a/b-value", PAGE) == 8
    assert client(registry).look_up("a/b-value", PAGE) == 8
    assert registry.asked[-1] == "POST /subjects/a%2Fb-value"


def test_an_id_that_the_registry_does_not_have_is_asked_for_once(registry: FakeRegistry) -> None:
    with pytest.raises(NotThere):
        client(registry).schema(99)
    assert registry.asked == ["GET /schemas/ids/99"]


@pytest.mark.parametrize("answer", [
    (404, b"<html>no such page</html>"), (404, b'{"error_code": 0, "message": "no resource for this path"}'),
    (200, b"<html>Log in here</html>"), (200, b'{"id": 7}'), (302, b""), (200, b"[" * 100_000),
])
def test_what_is_no_registry_is_never_taken_for_one_without_the_schema(
    registry: FakeRegistry, answer: tuple[int, bytes]
) -> None:
    registry.instead = lambda _: answer
    with pytest.raises(RegistryUnavailable, match="is not a schema registry, or a damaged one"):
        client(registry).schema(7)


def test_a_short_outage_is_waited_for(registry: FakeRegistry) -> None:
    registry.instead = lambda _: (503, b"") if len(registry.asked) < 3 else None
    assert client(registry).schema(7) == RegisteredSchema(PAGE)
    registry.instead = lambda _: (500, b"")
    with pytest.raises(RegistryUnavailable, match="HTTP 500"):
        client(registry).schema(7)
    assert len(registry.asked) == 6


def test_a_registry_that_is_away_is_named() -> None:
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(RegistryUnavailable, match=rf"{url} does not answer .ConnectError"):
        RegistryClient(RegistrySettings(url=url)).schema(7)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_login_is_no_outage(registry: FakeRegistry, status: int) -> None:
    registry.instead = lambda _: (status, b"{}")
    with pytest.raises(RegistryRefused, match="refuses the login"):
        client(registry).schema(7)
    assert len(registry.asked) == 1


def test_a_refused_schema_is_named(registry: FakeRegistry) -> None:
    registry.instead = lambda _: (409, b'{"error_code": 409, "message": "incompatible with version 3"}')
    with pytest.raises(RegistryRefused, match="incompatible with version 3"):
        client(registry).register("x-value", PAGE)


def test_the_login_is_sent_and_never_shown(registry: FakeRegistry) -> None:
    named = client(registry, username="dateline", password=SecretStr("marzipan"))
    named.schema(7)
    client(registry, token=SecretStr("4711-abc")).schema(7)
    assert registry.logins == [f"Basic {base64.b64encode(b'dateline:marzipan').decode()}", "Bearer 4711-abc"]
    registry.instead = lambda _: (401, b"{}")
    with pytest.raises(RegistryFault) as caught:
        named.schema(7)
    assert "marzipan" not in f"{caught.value!r} {named!r}"


def test_an_answer_is_bounded_in_size(registry: FakeRegistry) -> None:
    registry.instead = lambda _: (200, b'"' + b"x" * ANSWER_BYTES + b'"')
    with pytest.raises(RegistryUnavailable, match="more than 2,000,000 bytes"):
        client(registry).schema(7)


def test_an_answer_is_bounded_in_time(registry: FakeRegistry) -> None:
    registry.dripping_s = 0.05
    registry.add("x", '"' + "x" * 10_000 + '"', 8)
    began = time.monotonic()
    with pytest.raises(RegistryUnavailable, match=r"within 0\.5 s"):
        client(registry, timeout_s=0.5).schema(8)
    assert time.monotonic() - began < 5


def test_schemas_that_a_schema_refers_to_come_with_it(registry: FakeRegistry) -> None:
    registry.add("text", '"string"', 8)
    registry.add("page", '"bytes"', 9, references=[{"name": "Text", "subject": "text", "version": 1}])
    registry.add("raw", '"long"', 10, references=[
        {"name": "Page", "subject": "page", "version": 1}, {"name": "Text", "subject": "text", "version": 1},
    ])
    assert client(registry).schema(10) == RegisteredSchema('"long"', "AVRO", ('"string"', '"bytes"'))
    refers = [{"name": "X", "subject": "x", "version": n} for n in range(1, REFERENCES + 2)]
    for n in range(REFERENCES + 1):
        registry.add("x", '"long"', 100 + n)
    registry.add("endless", '"long"', 11, references=refers)
    with pytest.raises(RegistryUnavailable, match="more than 50 others"):
        client(registry).schema(11)


def test_tls_needs_the_authority_that_signed(tmp_path: Path) -> None:
    authority = a_certificate(tmp_path)
    with a_fake_registry(tmp_path / "keystore.pem") as fake:
        fake.add("raw", PAGE, 7)
        assert client(fake, ssl_cafile=authority).schema(7) == RegisteredSchema(PAGE)
        with pytest.raises(RegistryUnavailable, match="certificate"):
            client(fake).schema(7)
    (tmp_path / "empty.pem").write_text("")
    with pytest.raises(RegistryRefused, match="certificates"):
        client(fake, ssl_cafile=tmp_path / "empty.pem").schema(7)
