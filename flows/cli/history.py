"""The history of an article: its versions, and what changed from each to the next, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flows.cli.screen import safe
from flows.dead_letters import opened
from flows.faults import NotFound
from pipelines.phrases import counted

if TYPE_CHECKING:
    from flows.cli.screen import Screen
    from pipelines.settings import Settings


def history_of(settings: Settings, article: str) -> list[dict[str, Any]]:
    """The versions of the article at this URL or with this id, in the order of fetching; raises ``NotFound``."""
    from pipelines.clean.identity import article_id_of_url
    from pipelines.warehouse import ask

    warehouse = opened(settings)
    for article_id in (article, article_id_of_url(article)):
        if found := ask(warehouse, "history", (article_id,)).records():
            return found
    for row in ask(warehouse, "article_at", (article, article, article)).records():
        return ask(warehouse, "history", (row["article_id"],)).records()
    raise NotFound(
        f"The warehouse has no article at {article}.\nWhat to do: give its URL as the table articles has it (url "
        "or canonical_url), or its article_id."
    )


def show_history(screen: Screen, versions: list[dict[str, Any]]) -> None:
    """Print the versions one below the other, and below each the sentences that changed, before beside after."""
    last = versions[-1]
    screen.say(f"[bold]{safe(last['title'], 300)}[/bold]")
    screen.say(f"{safe(last['url'] or last['article_id'], 600)}: {counted(len(versions), 'version')}")
    title = versions[0]["title"]
    for row in versions:
        current = ", current" if row["is_current"] else ""
        screen.say(
            f"\n[bold]Version {row['version']}[/bold]{current}: fetched {row['fetched_at']:%Y-%m-%d %H:%M}, "
            f"{counted(row['word_count'], 'word')}"
        )
        if row["kind"] is not None:
            _show_change(screen, row, title)
        title = row["title"]


def _show_change(screen: Screen, row: dict[str, Any], title_before: str) -> None:
    others = [kind for kind in row["kinds"] if kind != row["kind"]]
    also = f", also {', '.join(others)}" if others else ""
    pairs = list(zip(row["sentences_before"], row["sentences_after"], strict=True))
    more = row["changed_sentences"] - len(pairs)
    if title_before != row["title"]:
        pairs.insert(0, (title_before, row["title"]))
    screen.table(
        f"{row['kind'].capitalize()}{also}", (f"version {row['previous_version']}", f"version {row['version']}"), pairs,
        empty="the same sentences", limit=400,
    )
    if more > 0:
        screen.say(f"{counted(more, 'further sentence')} changed.")
