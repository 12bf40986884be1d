"""Parses addresses of Iceberg warehouses: ``iceberg+`` and the URL of a catalog, with options of Dateline's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode

SCHEME = "iceberg+"
NAMESPACE = "dateline"
_ADDRESS = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:(?P<credentials>.*)@)?(?P<place>[^?]*)(?:\?(?P<options>.*))?", re.DOTALL
)
_OWN = ("warehouse", "namespace", "replica")


@dataclass(frozen=True, slots=True)
class IcebergAddress:
    """A catalog and the namespace of the tables in it.

    ``scheme``, ``credentials``, ``place`` and ``options`` are the parts of the catalog's URL. ``warehouse`` is what
    the catalog calls its warehouse: for an SQL catalog the URL of the folder of the tables, for a REST catalog a name.
    ``replica`` is the DuckDB file that answers queries on this machine; None if the address names none.
    """

    scheme: str
    credentials: str
    place: str
    warehouse: str = ""
    namespace: str = NAMESPACE
    replica: Path | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_rest(self) -> bool:
        return self.scheme in {"http", "https"}

    @property
    def catalog_url(self) -> str:
        """The URL of the catalog, with its credentials and without Dateline's own options."""
        login = f"{self.credentials}@" if self.credentials else ""
        options = f"?{urlencode(self.options)}" if self.options else ""
        return f"{self.scheme}://{login}{self.place}{options}"

    @property
    def file(self) -> Path | None:
        """The file of an SQLite catalog as it is written in the address; None for any other catalog."""
        is_file = self.scheme.partition("+")[0] == "sqlite" and self.place.startswith("/")
        return Path(unquote(self.place[1:])) if is_file else None

    @property
    def shown(self) -> str:
        """A canonical address without credentials, equal for all addresses of one warehouse."""
        named = {} if self.namespace == NAMESPACE else {"namespace": self.namespace}
        if self.is_rest and self.warehouse:
            named = {"warehouse": self.warehouse, **named}
        return f"{SCHEME}{self.scheme}://{self.place}{'?' if named else ''}{urlencode(named, safe=':/')}"

    @property
    def label(self) -> str:
        """A short name for files of this warehouse."""
        return self.namespace if self.file is None else self.file.stem

    def with_replica(self, path: Path) -> IcebergAddress:
        """The address with a replica, unless it names one."""
        return self if self.replica is not None else replace(self, replica=path)

    def url(self) -> str:
        """The address as it is given to ``open_warehouse``."""
        own = {name: str(value) for name in _OWN if (value := getattr(self, name)) and value != NAMESPACE}
        options = {**self.options, **own}
        bare = replace(self, options={}).catalog_url
        return f"{SCHEME}{bare}{'?' if options else ''}{urlencode(options, safe=':/')}"


def is_iceberg(url: str) -> bool:
    """Whether an address is that of an Iceberg warehouse.

    >>> is_iceberg("iceberg+sqlite:////data/news.db"), is_iceberg("duckdb:///news.duckdb")
    (True, False)
    """
    return url.startswith(SCHEME)


def iceberg_address(url: str) -> IcebergAddress:
    """The parts of an address. Raises ``ValueError``, without a password in it, if it is not the URL of a catalog.

    >>> iceberg_address("iceberg+https://catalog.example/v1?warehouse=news").shown
    'iceberg+https://catalog.example/v1?warehouse=news'
    >>> iceberg_address("iceberg+postgresql+psycopg://desk:marzipan@db/catalog?warehouse=s3://bucket/news").warehouse
    's3://bucket/news'
    """
    found = _ADDRESS.fullmatch(url.removeprefix(SCHEME)) if is_iceberg(url) else None
    if found is None or not found["place"].strip("/"):
        raise ValueError("it has no catalog")
    options = dict(parse_qsl(found["options"] or "", keep_blank_values=True))
    own = {name: options.pop(name, "") for name in _OWN}
    address = IcebergAddress(
        found["scheme"], found["credentials"] or "", found["place"].rstrip("/"),
        warehouse=own["warehouse"].rstrip("/"), namespace=own["namespace"] or NAMESPACE,
        replica=Path(own["replica"]) if own["replica"] else None, options=options,
    )
    if address.file is not None:
        absolute = address.file.expanduser().absolute()
        address = replace(address, place=f"/{absolute}")
    return address
