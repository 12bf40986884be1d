"""Translates errors of PostgreSQL into named faults with advice on what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from pipelines.warehouse.interface import WarehouseFault, WarehouseMissing, WarehouseUnavailable

GRANTS = (
    "make the user the owner of the database and of its tables (`ALTER DATABASE news OWNER TO user`), or give it the "
    "rights (`GRANT CREATE ON DATABASE news TO user; GRANT CREATE, USAGE ON SCHEMA public TO user`)."
)


class WarehouseRefused(WarehouseFault):
    """The database server answers, but refuses this user or this operation."""


_FAULTS: tuple[tuple[tuple[type[psycopg.Error], ...], type[WarehouseFault], str, str], ...] = (
    ((errors.DiskFull,), WarehouseUnavailable, "has a full disk; nothing was changed",
     "free some space there, and run this again."),
    ((errors.UndefinedTable, errors.InvalidSchemaName), WarehouseMissing, "holds no warehouse yet",
     "run `dateline ingest`."),
    ((errors.InsufficientPrivilege,), WarehouseRefused, "does not permit this user to do it; nothing was changed",
     GRANTS),
    ((errors.ReadOnlySqlTransaction,), WarehouseUnavailable,
     "is read-only (a standby server?); nothing was changed",
     "name the primary server in DATELINE_WAREHOUSE, and run this again."),
    ((errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable), WarehouseUnavailable,
     "is locked by other sessions; nothing was changed", "run this again."),
    ((psycopg.OperationalError, psycopg.InterfaceError), WarehouseUnavailable,
     "closed the connection; nothing was changed, unless the connection broke during the commit",
     "run this again: what was committed already is recognised and not loaded twice."),
)
_REFUSALS = (
    ("no password supplied", "The server requires a password, and none was given.",
     "put it into the address (postgresql://user:password@host/database), into PGPASSWORD or into ~/.pgpass."),
    ("password authentication failed", "The server refuses the user or the password.",
     "correct them in DATELINE_WAREHOUSE (special characters percent-encoded), in PGPASSWORD or in ~/.pgpass."),
    ("no pg_hba.conf entry", "The server does not accept this user from this machine.",
     "add an entry for the user to the server's pg_hba.conf, or require TLS with ?sslmode=require in the address."),
    ("certificate verify failed", "The server's certificate is not trusted.",
     "give the certificate authority's file with ?sslrootcert=/path/ca.pem in the address."),
    ("root certificate file", "The file of trusted certificate authorities cannot be used.",
     "give the certificate authority's file with ?sslrootcert=/path/ca.pem in the address, or use the authorities of "
     "this machine with sslrootcert=system."),
    ("does not match host name", "The server's certificate is for a different host name than the one in the address.",
     "use the host name of the certificate in the address, or accept any host with a certificate of this authority: "
     "sslmode=verify-ca."),
    ("server does not support SSL", "The address requires TLS, which the server does not support.",
     "enable TLS in the server, or remove sslmode from the address."),
)


def connect_fault(shown: str, fault: psycopg.Error) -> WarehouseFault:
    """The fault of a failed connection attempt. ``shown`` is the address without its password."""
    says = _says(fault)
    for sign, why, do in _REFUSALS:
        if sign in says:
            return WarehouseRefused(f"{shown}: {why} {says}\nWhat to do: {do}")
    if "database" in says and "does not exist" in says:
        return WarehouseRefused(
            f"{shown}: the server has no such database. {says}\n"
            "What to do: create it (`CREATE DATABASE news OWNER user`), or correct its name in DATELINE_WAREHOUSE."
        )
    if "role" in says and "does not exist" in says:
        return WarehouseRefused(f"{shown}: the server has no such user. {says}\nWhat to do: {_REFUSALS[1][2]}")
    return WarehouseUnavailable(
        f"{shown} does not answer: {says}\nWhat to do: check that the server runs and can be reached from this "
        "machine, and run this again."
    )


@contextmanager
def faults_in_words(shown: str) -> Iterator[None]:
    """Raises PostgreSQL's errors in the block as a ``WarehouseFault``."""
    try:
        yield
    except psycopg.Error as fault:
        raise statement_fault(shown, fault) from fault


def statement_fault(shown: str, fault: psycopg.Error) -> WarehouseFault | psycopg.Error:
    """The named fault of an error; an error without one, such as of invalid SQL (a bug of ours), stays as it is."""
    says = _says(fault)
    for kinds, of, why, do in _FAULTS:
        if isinstance(fault, kinds):
            return of(f"{shown} {why}: {says}\nWhat to do: {do}")
    return fault


def _says(fault: psycopg.Error) -> str:
    """The error message of the server or of libpq, on one line."""
    return " ".join(str(fault).split())
