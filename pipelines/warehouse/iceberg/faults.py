"""Faults of a catalog and of the storage of Iceberg tables, in the words of a warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.phrases import in_words
from pipelines.secrets import redact
from pipelines.warehouse.interface import WarehouseFault, WarehouseUnavailable


@contextmanager
def faults_in_words(shown: str) -> Iterator[None]:
    """Turns exceptions of PyIceberg, of its catalogs' clients and of the storage into faults of the warehouse."""
    from pyiceberg import exceptions
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except WarehouseFault:
        raise
    except (exceptions.UnauthorizedError, exceptions.ForbiddenError, exceptions.AuthorizationExpiredError) as fault:
        raise WarehouseFault(
            f"The catalog {shown} refuses this user: {redact(in_words(fault))}. What to do: set the credentials that "
            "PyIceberg reads from the environment, such as PYICEBERG_CATALOG__DATELINE__CREDENTIAL."
        ) from fault
    except (SQLAlchemyError, RequestException, exceptions.RESTError, exceptions.CommitStateUnknownException,
            OSError) as fault:
        raise WarehouseUnavailable(
            f"{shown} or the storage of its tables does not answer: {redact(in_words(fault))}. A batch that was being "
            "committed is finished by the next run, and nothing is lost. What to do: check that the catalog and the "
            "storage can be reached, and run this again."
        ) from fault
