"""Shows an inspected file: one line of JSON for scripts, or a summary for a person."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flows.cli.screen import Screen, a_table, safe

if TYPE_CHECKING:
    from pipelines.jobs.inspect import Inspection

SHOWN_ENTITIES = 12
SHOWN_PARAGRAPHS = 6
LONGEST_PARAGRAPH = 280


def as_line(seen: Inspection) -> dict[str, Any]:
    return {
        "path": seen.path,
        "outcome": seen.outcome,
        "step": seen.step,
        "reason": seen.reason,
        "details": [asdict(violation) for violation in seen.details],
        "article": seen.article,
    }


def show_inspection(screen: Screen, seen: Inspection) -> None:
    if seen.article is None:
        screen.say(
            f"[bold]{safe(seen.path)}[/bold]  [red]rejected[/red] by {safe(seen.step)}: [red]{safe(seen.reason)}[/red]"
        )
        for violation in seen.details:
            where = f"{safe(violation.field)}: " if violation.field else ""
            value = f" [dim](seen: {safe(violation.value)})[/dim]" if violation.value else ""
            screen.say(f"  {where}{safe(violation.expectation)}{value}")
        screen.say()
        return
    article = seen.article
    screen.say(f"[bold]{safe(seen.path)}[/bold]  [green]article[/green]")
    screen.say(f"  [bold]{safe(article['title'])}[/bold]")
    fields = [
        (name, _shown(article.get(name)), _evidence(article, name))
        for name in (
            "canonical_url",
            "outlet",
            "authors",
            "published_at",
            "modified_at",
            "dateline",
            "language",
            "section",
            "tags",
            "image_url",
            "word_count",
            "is_truncated",
            "robots",
            "tdm_reserved",
            "tdm_policy",
            "license",
            "usage_info",
            "acquire_license_page",
            "copyright_notice",
            "is_accessible_for_free",
            "body_withheld_for",
            "warnings",
        )
    ]
    rows = [row for row in fields if row[1]]
    screen.out.print(a_table(("field", "value", "evidence"), rows, limit=100))
    _show_body(screen, article["body"].split("\n\n"))
    entities = article.get("entities", [])[:SHOWN_ENTITIES]
    if entities:
        screen.out.print(
            a_table(
                ("entity", "type", "mentions", "country", "occupation", "salience"),
                [(e["name"], e["type"], e["mention_count"], e.get("country"), e.get("occupation"), e["salience"])
                 for e in entities],
            )
        )
    screen.say()


def _show_body(screen: Screen, paragraphs: list[str]) -> None:
    """Show the first paragraphs and the last one, where boilerplate is most likely."""
    ends = len(paragraphs) <= SHOWN_PARAGRAPHS + 1
    for paragraph in paragraphs if ends else paragraphs[:SHOWN_PARAGRAPHS]:
        screen.say(f"  {safe(paragraph, LONGEST_PARAGRAPH)}")
    if not ends:
        screen.say(f"  [dim]… {len(paragraphs) - SHOWN_PARAGRAPHS - 1} more paragraphs; --jsonl shows all …[/dim]")
        screen.say(f"  {safe(paragraphs[-1], LONGEST_PARAGRAPH)}")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(str(part) for part in value.values() if part)
    if isinstance(value, list):
        return ", ".join(_shown(part) for part in value)
    return "" if value is None else str(value)


def _evidence(article: dict[str, Any], name: str) -> str:
    found = (article.get("evidence") or {}).get(name)
    if not found:
        return ""
    return found["how"] if isinstance(found, dict) else str(found)
