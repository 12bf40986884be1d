"""Parses addresses of PostgreSQL databases as libpq does, to find the database that one names, without its password."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote

SCHEMES = ("postgresql://", "postgres://")
_ADDRESS = re.compile(
    r"postgres(?:ql)?://(?:(?P<user>[^@/]*)@)?(?P<hosts>[^/?]*)(?:/(?P<database>[^?]*))?(?:\?(?P<options>.*))?",
    re.DOTALL,
)
_CHOOSING = ("options", "service")  # a search path, an entry of pg_service.conf


def is_postgres(url: str) -> bool:
    """Whether an address is that of a PostgreSQL database.

    >>> is_postgres("postgresql://db/news"), is_postgres("duckdb:///news.duckdb")
    (True, False)
    """
    return url.startswith(SCHEMES)


def database_name(url: str, environment: Mapping[str, str] = os.environ) -> str:
    """The name of the database in an address, with libpq's defaults.

    >>> database_name("postgresql://desk@db/news"), database_name("postgresql://desk@db", {})
    ('news', 'desk')
    """
    parts, options = _parts(url)
    user = unquote((parts["user"] or "").partition(":")[0]) or options.get("user") or environment.get("PGUSER", "")
    return unquote(parts["database"] or "") or options.get("dbname") or environment.get("PGDATABASE") or user


def database_address(url: str, environment: Mapping[str, str] = os.environ) -> str:
    """The address of a database in one form, without user and password, for comparing addresses.

    >>> database_address("postgres://desk:marzipan@DB.example/news?sslmode=require")
    'postgresql://db.example:5432/news'
    >>> database_address("postgresql:///news?host=/run/postgresql", {})
    'postgresql:///run/postgresql:5432/news'
    """
    parts, options = _parts(url)
    given = parts["hosts"] or options.get("host") or options.get("hostaddr") or environment.get("PGHOST") or "localhost"
    port = options.get("port") or environment.get("PGPORT") or "5432"
    hosts = [unquote(host).lower() for host in given.split(",")]
    placed = ",".join(host if re.search(r":\d+$", host) else f"{host}:{port}" for host in hosts)
    chosen = "".join(f"?{name}={options[name]}" for name in _CHOOSING if options.get(name))
    return f"postgresql://{placed}/{database_name(url, environment)}{chosen}"


def options_of(url: str) -> dict[str, str]:
    """The options after the question mark of an address.

    >>> options_of("postgresql://db/news?sslmode=verify-full&sslrootcert=/etc/ca.pem")
    {'sslmode': 'verify-full', 'sslrootcert': '/etc/ca.pem'}
    """
    return _parts(url)[1]


def _parts(url: str) -> tuple[dict[str, str | None], dict[str, str]]:
    found = _ADDRESS.fullmatch(url)
    parts = found.groupdict() if found else dict.fromkeys(("user", "hosts", "database", "options"))
    return parts, dict(parse_qsl(parts["options"] or ""))
