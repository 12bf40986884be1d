"""``dateline rejected replay --dry-run``: the job over dead letters, nothing loaded, and what would be different."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flows.letters import chosen, count_of, opened
from flows.progress import run_bar
from flows.screen import Screen
from pipelines.phrases import counted

if TYPE_CHECKING:
    from flows.commands.run import Command
    from pipelines.jobs.rehearse import Rehearsal, Tried


def rehearse_here(run: Command, *, quiet: bool, **which: Any) -> Rehearsal:
    """Without a run in the books, the right to write or a broker: ingesting may go on meanwhile."""
    from pipelines.jobs.rehearse import rehearse
    from pipelines.jobs.workers import Workers

    warehouse, wanted, settings = opened(run.settings), chosen(**which), run.settings
    with (
        run_bar(run.screen, quiet=quiet) as watcher,
        Workers(settings.batch.workers, settings.home / "logs" / "workers.log") as workers,
    ):
        watcher.found(count_of(warehouse, wanted))
        watcher.step("transform", 1)
        return rehearse(warehouse, wanted, settings, workers, watcher.done)


def as_json(told: Rehearsal) -> dict[str, Any]:
    groups = {"would_pass": told.passing, "would_change": told.changed, "as_before": told.as_before}
    counts = {name: _count(tried) for name, tried in groups.items()}
    return {
        "would_replay": sum(counts.values()),
        "counts": counts,
        **{name: [asdict(one) for one in tried] for name, tried in groups.items()},
    }


def show_rehearsal(screen: Screen, told: Rehearsal) -> None:
    passing, changed, same = _count(told.passing), _count(told.changed), _count(told.as_before)
    total = passing + changed + same
    if not total:
        screen.say("No dead letters to replay.")
        return
    screen.table(
        "What a replay would make of them",
        ("reason", "becomes", "count", "example"),
        [
            (one.reason, becomes or one.becomes, one.count, one.example_id)
            for group, becomes in ((told.passing, "passes"), (told.changed, None), (told.as_before, "as before"))
            for one in group
        ],
    )
    screen.say(
        f"{counted(total, 'dead letter')} would be replayed: {passing:,} would pass, {changed:,} would be rejected for "
        f"another reason, {same:,} as before. Nothing was changed."
    )


def _count(tried: list[Tried]) -> int:
    return sum(one.count for one in tried)
