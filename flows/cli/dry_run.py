"""``dateline rejected replay --dry-run``: shows what a replay of dead letters would do, and loads nothing."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flows.cli.progress import run_bar
from flows.cli.screen import Screen
from flows.dead_letters import chosen, count_of, opened
from pipelines.phrases import counted

if TYPE_CHECKING:
    from flows.cli.frame import Command
    from pipelines.jobs.dry_run import DryRun, Tried


def dry_run_here(run: Command, *, quiet: bool, **which: Any) -> DryRun:
    """Run the job over dead letters. It needs no broker and no writer lock, so another run may load meanwhile."""
    from pipelines.jobs.dry_run import try_dead_letters
    from pipelines.runtime import executor_of

    warehouse, wanted, settings = opened(run.settings), chosen(**which), run.settings
    with (
        run_bar(run.screen, quiet=quiet) as watcher,
        executor_of(settings) as executor,
    ):
        watcher.expect(count_of(warehouse, wanted))
        watcher.step("transform", 1)
        return try_dead_letters(warehouse, wanted, settings, executor, watcher.done)


def as_json(report: DryRun) -> dict[str, Any]:
    groups = {"would_pass": report.passing, "would_change": report.changed, "as_before": report.as_before}
    counts = {name: _count(tried) for name, tried in groups.items()}
    return {
        "would_replay": sum(counts.values()),
        "counts": counts,
        **{name: [asdict(one) for one in tried] for name, tried in groups.items()},
    }


def show_dry_run(screen: Screen, report: DryRun) -> None:
    passing, changed, same = _count(report.passing), _count(report.changed), _count(report.as_before)
    total = passing + changed + same
    if not total:
        screen.say("No dead letters to replay.")
        return
    screen.table(
        "What a replay would make of them",
        ("reason", "becomes", "count", "example"),
        [
            (one.reason, becomes or one.becomes, one.count, one.example_id)
            for group, becomes in ((report.passing, "passes"), (report.changed, None), (report.as_before, "as before"))
            for one in group
        ],
    )
    screen.say(
        f"{counted(total, 'dead letter')} would be replayed: {passing:,} would pass, {changed:,} would be rejected for "
        f"another reason, {same:,} as before. Nothing was changed."
    )


def _count(tried: list[Tried]) -> int:
    return sum(one.count for one in tried)
