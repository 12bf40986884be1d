"""The forget flow: takes an article or an outlet down, cleans every store of it, and leaves a receipt.

A run that was killed before its first batch has changed nothing; one that was killed later is finished by the next run.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from prefect import flow
from pydantic import SecretStr

from flows.faults import NotFound, WrongUsage
from flows.masking import masked
from flows.searching import a_phrase_of, copies_of, search_stores
from flows.takedowns import complete, complete_open, count, forget_batch
from flows.targets import the_settings, with_broker
from flows.traces import traces_of
from flows.work import Work, working

if TYPE_CHECKING:
    from pipelines.resolve.redaction import RedactedName
    from pipelines.resolve.takedowns import Takedown


LONGEST_NAME = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a takedown is asked to remove: exactly one of a URL, an outlet, an article's id or a person's name.

    ``within`` is the article, as its id or URL, in which the name is redacted.
    """

    url: str | None = None
    outlet: str | None = None
    article: str | None = None
    person: str | None = None
    within: str | None = None

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.url, self.outlet, self.article, self.person)) != 1:
            raise WrongUsage(
                "A takedown removes one thing, and exactly one of a URL, an outlet, an article or a person has to be "
                "named. Nothing was changed.\nWhat to do: give one of --url, --outlet, --article and --person."
            )
        if (self.person is None) != (self.within is None):
            raise WrongUsage(
                "A person's name is redacted in one article. Nothing was changed.\n"
                "What to do: give --person NAME together with --in ARTICLE, its article_id or its URL."
            )
        if self.person is not None and not any(map(str.isalnum, self.person)):
            raise WrongUsage("The name has no letters. Nothing was changed.\nWhat to do: give the person's name.")
        if self.person is not None and len(self.person.split()) > LONGEST_NAME:
            raise WrongUsage(
                f"The name has more than {LONGEST_NAME} words. Nothing was changed.\n"
                "What to do: give the person's name alone."
            )
        if self.outlet is not None and not any(map(str.isalnum, self.outlet)):
            raise WrongUsage("The outlet has no name. Nothing was changed.\nWhat to do: give the outlet's domain.")
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
    url: str | None = None, outlet: str | None = None, article: str | None = None, person: SecretStr | None = None,
    within: str | None = None, reason: str = "not given", requested_by: str = "not given",
    until: datetime | None = None, warehouse: str | None = None, wait_minutes: float = 0,
) -> dict[str, Any]:
    """Remove an article, or all articles of an outlet, from every store, and load none of them again.

    For a person, the article stays, and the name is redacted in it and in its later texts.

    Args:
        url: address of the article.
        outlet: domain of the outlet; later articles of it are kept out as well.
        article: id of the article.
        person: name of a person, to be redacted in one article. Prefect stores it masked if the run is started by
            `dateline forget`, and readable if it is given as a parameter of a deployment.
        within: the article in which the name is redacted: its id or URL.
        reason: why it is taken down, for the receipt.
        requested_by: who asked for it, for the receipt.
        until: when it may be loaded again; a time without a zone is taken as UTC. Empty: never.
        warehouse: URL of the warehouse, instead of the one in the settings.
        wait_minutes: how long to wait for another run to release the writer lock.
    """
    from pipelines.resolve.takedowns import Forgotten

    wanted = Wanted(url, outlet, article, person.get_secret_value() if person is not None else None, within)
    settings = with_broker(the_settings(warehouse=warehouse))
    with working(settings, "forget", wait_minutes) as work:
        complete_open(work)
        takedown, ids, name = _begin(work, wanted, reason, requested_by, until)
        phrase = a_phrase_of(work.warehouse, takedown, ids) if name is None else None
        traces = traces_of(work.warehouse, takedown, ids, name)
        copies = copies_of(work.warehouse, takedown, ids)
        if ids:
            count(work, forget_batch(work, Forgotten(takedown, ids, name=name)))
        receipt = complete(work, takedown, traces)
        found = [asdict(each) for each in search_stores(settings, work.warehouse, phrase)] if phrase else []
    told = {"receipt": receipt, "copies": copies, "is_searched": phrase is not None, "found": found}
    return work.report.as_json() | told


def _begin(
    work: Work, wanted: Wanted, reason: str, requested_by: str, until: datetime | None
) -> tuple[Takedown, tuple[str, ...], RedactedName | None]:
    """The takedown, the articles of its first batch, and the name to redact in them."""
    from pipelines.jobs.forget import articles_at, domain_of
    from pipelines.resolve.takedowns import Takedown

    now = datetime.now(UTC)
    until = until and until.replace(tzinfo=until.tzinfo or UTC)
    if until is not None and until <= now:
        raise WrongUsage(
            f"The takedown would have ended already, at {until:%Y-%m-%d %H:%M} UTC. Nothing was changed.\n"
            "What to do: give a time to come, or leave --until out to suppress for ever."
        )
    takedown_id = uuid4().hex
    if wanted.outlet is not None:
        domain = domain_of(wanted.outlet)
        return Takedown(takedown_id, "outlet", reason, requested_by, now, until, domain), (), None
    if wanted.person is not None:
        article_id, name = _named(work, wanted.person, wanted.within or "", takedown_id)
        return Takedown(takedown_id, "person", reason, requested_by, now, until), (article_id,), name
    ids = (wanted.article,) if wanted.article else articles_at(work.warehouse, wanted.url or "")
    return Takedown(takedown_id, "article", reason, requested_by, now, until), ids, None


def _named(work: Work, person: str, within: str, salt: str) -> tuple[str, RedactedName]:
    """The article that names the person, and the name in all forms that it has there."""
    from pipelines.jobs.forget import articles_at, bearer_of, is_named
    from pipelines.resolve.redaction import redacted_name

    for article_id in (within,) if _is_id(within) else articles_at(work.warehouse, within):
        bearer = bearer_of(work.warehouse, article_id, person)
        name = redacted_name(bearer.forms, salt, bearer.others)
        if is_named(work.warehouse, article_id, name):
            if bearer.several:
                raise WrongUsage(
                    f"The article names several people whose name this may be: {', '.join(bearer.several)}. Nothing "
                    "was changed.\nWhat to do: give the full name of the one who is meant."
                )
            return article_id, name
    raise NotFound(
        f"No article {within} with this name is in the warehouse. Nothing was changed.\n"
        "What to do: give the article_id or URL of a loaded article, and the name as the article has it."
    )
