"""What keeps PostgreSQL from doing what was asked, as named faults that say what to type."""

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
    """The database server answers and does not let this user do it."""


_FAULTS: tuple[tuple[tuple[type[psycopg.Error], ...], type[WarehouseFault], str, str], ...] = (
    ((errors.DiskFull,), WarehouseUnavailable, "has a full disk; nothing was changed",
     "free some space there, and run this again."),
    ((errors.UndefinedTable, errors.InvalidSchemaName), WarehouseMissing, "is not a warehouse yet",
     "run `dateline ingest`."),
    ((errors.InsufficientPrivilege,), WarehouseRefused, "does not let this user do it; nothing was changed", GRANTS),
    ((errors.ReadOnlySqlTransaction,), WarehouseUnavailable,
     "can only be read, as a standby can; nothing was changed",
     "name the primary server in DATELINE_WAREHOUSE, and run this again."),
    ((errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable), WarehouseUnavailable,
     "is kept busy by other sessions; nothing was changed", "run this again."),
    ((psycopg.OperationalError, psycopg.InterfaceError), WarehouseUnavailable,
     "went away; nothing was changed, unless the connection broke at the commit",
     "run this again: what was committed is found, and left alone."),
)
_REFUSALS = (
    ("no password supplied", "The server asks for a password, and none was given.",
     "put it into the address (postgresql://user:password@host/database), into PGPASSWORD or into ~/.pgpass."),
    ("password authentication failed", "The server refuses the user or the password.",
     "correct them in DATELINE_WAREHOUSE (special characters percent-encoded), in PGPASSWORD or in ~/.pgpass."),
    ("no pg_hba.conf entry", "The server lets no such user in from this machine.",
     "add a line for it to the server's pg_hba.conf, or require TLS with ?sslmode=require in the address."),
    ("certificate verify failed", "The server's certificate is not one that is trusted.",
     "name the authority's file with ?sslrootcert=/path/ca.pem in the address."),
    ("root certificate file", "The file of the certificates that are trusted cannot be used.",
     "name the authority's file with ?sslrootcert=/path/ca.pem in the address, or the machine's own authorities with "
     "sslrootcert=system."),
    ("does not match host name", "The server's certificate names another host than the address does.",
     "write the name that is in the certificate into the address, or trust every host with a certificate of this "
     "authority: sslmode=verify-ca."),
    ("server does not support SSL", "The address asks for TLS, and the server has none.",
     "turn TLS on in the server, or leave sslmode out of the address."),
)


def connect_fault(shown: str, fault: psycopg.Error) -> WarehouseFault:
    """Why a connection could not be made. ``shown`` is the address without its password."""
    says = _says(fault)
    for sign, why, do in _REFUSALS:
        if sign in says:
            return WarehouseRefused(f"{shown}: {why} {says}\nWhat to do: {do}")
    if "database" in says and "does not exist" in says:
        return WarehouseRefused(
            f"{shown}: the server has no such database. {says}\n"
            "What to do: make it (`CREATE DATABASE news OWNER user`), or correct its name in DATELINE_WAREHOUSE."
        )
    if "role" in says and "does not exist" in says:
        return WarehouseRefused(f"{shown}: the server has no such user. {says}\nWhat to do: {_REFUSALS[1][2]}")
    return WarehouseUnavailable(
        f"{shown} does not answer: {says}\nWhat to do: see that the server runs and can be reached from here, "
        "and run this again."
    )


@contextmanager
def faults_in_words(shown: str) -> Iterator[None]:
    """Raises what PostgreSQL says inside of the block as a ``WarehouseFault``."""
    try:
        yield
    except psycopg.Error as fault:
        raise statement_fault(shown, fault) from fault


def statement_fault(shown: str, fault: psycopg.Error) -> WarehouseFault | psycopg.Error:
    """The fault in words; a statement that is wrong, which is our bug, stays as it is."""
    says = _says(fault)
    for kinds, of, why, do in _FAULTS:
        if isinstance(fault, kinds):
            return of(f"{shown} {why}: {says}\nWhat to do: {do}")
    return fault


def _says(fault: psycopg.Error) -> str:
    """What the server or libpq says, on one line."""
    return " ".join(str(fault).split())
