"""The forget flow: takes an article or an outlet down, cleans every store of it, and leaves a receipt.

A run that was killed before its first batch has changed nothing; one that was killed later is finished by the next run.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from prefect import flow

from flows.faults import WrongUsage
from flows.masking import masked
from flows.searching import a_phrase_of, copies_of, search_stores
from flows.takedowns import complete, complete_open, count, forget_batch
from flows.targets import the_settings, with_broker
from flows.work import Work, working

if TYPE_CHECKING:
    from pipelines.resolve.takedowns import Takedown


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a takedown is asked to remove: exactly one of a URL, an outlet or an article's id."""

    url: str | None = None
    outlet: str | None = None
    article: str | None = None

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.url, self.outlet, self.article)) != 1:
            raise WrongUsage(
                "A takedown removes one thing, and exactly one of a URL, an outlet or an article has to be named. "
                "Nothing was changed.\nWhat to do: give one of --url, --outlet and --article."
            )
        if self.article is not None and not _is_id(self.article):
            raise WrongUsage(
                f"{self.article!r} is not the id of an article, which has 32 hexadecimal digits. Nothing was changed.\n"
                "What to do: find it in the column article_id of the table articles, or give --url."
            )


def _is_id(text: str) -> bool:
    return len(text) == 32 and set(text) <= set("0123456789abcdef")


@flow(name="forget", persist_result=False)
@masked
def forget(  # noqa: PLR0913, PLR0917  what is taken down, and why
    url: str | None = None, outlet: str | None = None, article: str | None = None, reason: str = "not given",
    requested_by: str = "not given", until: datetime | None = None, warehouse: str | None = None,
    wait_minutes: float = 0,
) -> dict[str, Any]:
    """Remove an article, or all articles of an outlet, from every store, and load none of them again.

    Args:
        url: address of the article.
        outlet: domain of the outlet; later articles of it are kept out as well.
        article: id of the article.
        reason: why it is taken down, for the receipt.
        requested_by: who asked for it, for the receipt.
        until: when it may be loaded again; a time without a zone is taken as UTC. Empty: never.
        warehouse: URL of the warehouse, instead of the one in the settings.
        wait_minutes: how long to wait for another run to release the writer lock.
    """
    from pipelines.resolve.takedowns import Forgotten

    wanted = Wanted(url, outlet, article)
    settings = with_broker(the_settings(warehouse=warehouse))
    with working(settings, "forget", wait_minutes) as work:
        complete_open(work)
        takedown, ids = _begin(work, wanted, reason, requested_by, until)
        phrase = a_phrase_of(work.warehouse, takedown, ids)
        copies = copies_of(work.warehouse, takedown, ids)
        if ids:
            count(work, forget_batch(work, Forgotten(takedown, ids)))
        receipt = complete(work, takedown)
        found = [asdict(each) for each in search_stores(settings, work.warehouse, phrase)] if phrase else []
    told = {"receipt": receipt, "copies": copies, "is_searched": phrase is not None, "found": found}
    return work.report.as_json() | told


def _begin(
    work: Work, wanted: Wanted, reason: str, requested_by: str, until: datetime | None
) -> tuple[Takedown, tuple[str, ...]]:
    """The takedown, and the articles of its first batch."""
    from pipelines.jobs.forget import articles_at, domain_of
    from pipelines.resolve.takedowns import Takedown

    now = datetime.now(UTC)
    until = until and until.replace(tzinfo=until.tzinfo or UTC)
    if until is not None and until <= now:
        raise WrongUsage(
            f"The takedown would have ended already, at {until:%Y-%m-%d %H:%M} UTC. Nothing was changed.\n"
            "What to do: give a time to come, or leave --until out to suppress for ever."
        )
    domain = domain_of(wanted.outlet) if wanted.outlet is not None else None
    takedown = Takedown(
        uuid4().hex, "article" if domain is None else "outlet", reason, requested_by, now, until, domain
    )
    if domain is not None:
        return takedown, ()
    return takedown, (wanted.article,) if wanted.article else articles_at(work.warehouse, wanted.url or "")
