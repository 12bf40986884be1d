"""PostgreSQL over TLS: the address says how far the server is trusted, in the words of libpq (``sslmode``)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from flows.faults import exit_code, may_pass
from flows.local.postgres import LocalPostgres
from pipelines.warehouse import load_batch, open_warehouse
from pipelines.warehouse.postgres.faults import WarehouseRefused
from tests.certificates import a_certificate
from tests.warehouse.batches import TOPIC, carried, stage
from tests.warehouse.conftest import PreparedPostgres
from tests.warehouse.test_postgres import changed


@dataclass(frozen=True, slots=True)
class Secure:
    """The address of a warehouse whose server lets users in over TLS alone, and its certificate."""

    url: str
    certificate: Path

    def by(self, host: str = "127.0.0.1", **options: object) -> str:
        asked = "&".join(f"{name}={value}" for name, value in options.items())
        return f"{changed(self.url, host=host)}?{asked}"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def secure(postgres_server: LocalPostgres, prepared_postgres: PreparedPostgres, certificate: Path) -> Iterator[Secure]:
    url = prepared_postgres.emptied()
    running = postgres_server.running()
    assert running is not None
    with psycopg.connect(postgres_server.url(running), autocommit=True) as admin:
        data = Path(str((admin.execute("SHOW data_directory").fetchone() or ("",))[0]))
        rules = data / "pg_hba.conf"
        before = rules.read_text()
        give(certificate, data / "server.crt")
        give(certificate.with_name("keystore.pem"), data / "server.key")
        try:
            admin.execute("ALTER SYSTEM SET ssl = on")
        except psycopg.errors.InvalidParameterValue as fault:
            pytest.skip(f"this PostgreSQL has no TLS: {fault}")
        try:
            rules.write_text(before.replace("\nhost ", "\nhostssl "))
            admin.execute("SELECT pg_reload_conf()")
            until_it_is(admin, "on")
            yield Secure(url, certificate)
        finally:
            rules.write_text(before)
            admin.execute("ALTER SYSTEM RESET ssl")
            admin.execute("SELECT pg_reload_conf()")
            until_it_is(admin, "off")


def give(file: Path, place: Path) -> None:
    """A copy that belongs to the server's user, and that nobody else may read."""
    place.touch(mode=0o600)
    place.write_bytes(file.read_bytes())
    owner = place.parent.stat()
    os.chown(place, owner.st_uid, owner.st_gid)


def until_it_is(admin: psycopg.Connection[tuple[object, ...]], wanted: str) -> None:
    """Wait until the server has read its settings anew."""
    while admin.execute("SHOW ssl").fetchone() != (wanted,):
        pass


def test_a_load_goes_over_tls_to_the_server_that_the_certificate_names(secure: Secure, tmp_path: Path) -> None:
    warehouse = open_warehouse(secure.by(sslmode="verify-full", sslrootcert=secure.certificate))
    load_batch(warehouse, stage(tmp_path, carried(0)))
    assert warehouse.loaded_topic(TOPIC).next_offsets == {0: 1}


def test_without_a_word_on_tls_it_is_used_where_the_server_has_it(secure: Secure) -> None:
    assert open_warehouse(secure.url).loaded_topic(TOPIC).next_offsets == {}


@pytest.mark.parametrize(("host", "options", "says"), [
    ("127.0.0.1", {"sslmode": "disable"}, "does not accept this user.*sslmode=require"),
    ("127.0.0.1", {"sslmode": "verify-full", "sslrootcert": "{other}"}, "is not trusted.*sslrootcert"),
    ("127.0.0.1", {"sslmode": "verify-full", "sslrootcert": "/no/such.pem"}, "cannot be used.*such.pem.*=system"),
    ("localhost", {"sslmode": "verify-full", "sslrootcert": "{own}"}, "is for a different host.*localhost.*=verify-ca"),
])
def test_a_server_that_is_not_trusted_is_refused_at_once(
    secure: Secure, host: str, options: dict[str, str], says: str, tmp_path: Path
) -> None:
    files = {"own": secure.certificate, "other": a_certificate(tmp_path)}
    asked = {name: value.format(**files) for name, value in options.items()}
    with pytest.raises(WarehouseRefused, match=rf"(?s){says}") as caught:
        open_warehouse(secure.by(host, **asked)).identity()
    assert (exit_code(caught.value), may_pass(caught.value)) == (3, False)


def test_a_server_without_tls_is_refused_where_the_address_asks_for_it(prepared_postgres: PreparedPostgres) -> None:
    with pytest.raises(WarehouseRefused, match=r"requires TLS, which the server does not support(?s:.*)remove sslmode"):
        open_warehouse(f"{prepared_postgres.emptied()}?sslmode=require").identity()
